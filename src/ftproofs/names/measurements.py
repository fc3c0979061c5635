"""What is read after training, each with its natural scale."""

from __future__ import annotations

from collections.abc import Mapping

from ftproofs.names.kinds import Measurement, by_name

_SOURCE = (("source_norm", 1),)
_RISK = (("target_norm", 2),)
_LOSS = (("initial_loss", 1),)

MEASUREMENTS: Mapping[str, Measurement] = by_name(
    Measurement("risk", "excess population risk of the trained predictor", "R", _RISK),
    Measurement("train_loss", "training loss at the end", r"\ell", _LOSS),
    Measurement("initial_loss", "training loss at the start", r"\ell(0)", _LOSS),
    Measurement("beta_norm", "norm of the trained predictor", r"\lVert\beta\rVert", _SOURCE),
    Measurement("par_beta_norm", "norm of its part inside the data's span", r"\lVert P\beta\rVert", _SOURCE),
    Measurement(
        "perp_beta_norm",
        "norm of its part outside the data's span",
        r"\lVert P_\perp\beta\rVert",
        _SOURCE,
    ),
    Measurement("par_source_norm", "the source's part inside the span", r"\lVert P\theta_S\rVert", _SOURCE),
    Measurement("perp_source_norm", "the source's part outside the span", r"\lVert P_\perp\theta_S\rVert", _SOURCE),
    Measurement("par_target_norm", "the target's part inside the span", r"\lVert P\theta_T\rVert", _SOURCE),
    Measurement("perp_target_norm", "the target's part outside the span", r"\lVert P_\perp\theta_T\rVert", _SOURCE),
    Measurement("delta_norm", "norm of target minus source", r"\lVert\delta\rVert", _SOURCE),
    Measurement(
        "perp_delta_norm",
        "norm of target minus source outside the span",
        r"\lVert P_\perp\delta\rVert",
        _SOURCE,
    ),
    Measurement(
        "delta_risk",
        "squared Sigma-norm of target minus source outside the span",
        r"\lVert\Sigma^{1/2}P_\perp\delta\rVert^2",
        _RISK,
    ),
    Measurement(
        "swapped_delta_risk",
        "the same with projector and Sigma^(1/2) exchanged",
        r"\lVert P_\perp\Sigma^{1/2}\delta\rVert^2",
        _RISK,
    ),
    Measurement(
        "double_delta_risk",
        "the same with Sigma in place of Sigma^(1/2)",
        r"\lVert\Sigma P_\perp\delta\rVert^2",
        _RISK,
    ),
    Measurement(
        "empirical_delta_risk",
        "the same with the empirical covariance X'X/n",
        r"\lVert\hat\Sigma^{1/2}P_\perp\delta\rVert^2",
        _RISK,
    ),
    Measurement(
        "noise_risk",
        "squared Sigma-norm of the fitted noise X^+ eps",
        r"\lVert\Sigma^{1/2}X^+\varepsilon\rVert^2",
        _RISK,
    ),
    Measurement(
        "noise_trace",
        "trace of X^+' Sigma X^+, the fitted noise's risk for unit noise",
        r"\operatorname{tr}(X^{+\top}\Sigma X^+)",
        (),
    ),
    Measurement("min_norm", "norm of the minimum-norm fit X^+ y", r"\lVert X^+y\rVert", _SOURCE),
    Measurement(
        "fit_gap",
        "distance of the predictor inside the span from the minimum-norm fit",
        r"\lVert P\beta-X^+y\rVert",
        _SOURCE,
    ),
    Measurement(
        "perp_gap",
        "how far the predictor moved outside the span",
        r"\lVert P_\perp(\beta-\theta_S)\rVert",
        _SOURCE,
    ),
    Measurement(
        "target_gap",
        "distance of the predictor inside the span from the target's part there",
        r"\lVert P(\beta-\theta_T)\rVert",
        _SOURCE,
    ),
    Measurement("pinv_noise_norm", "norm of X^+ eps", r"\lVert X^+\varepsilon\rVert", _SOURCE),
    Measurement("transposed_noise_norm", "norm of X' eps", r"\lVert X^\top\varepsilon\rVert", _SOURCE),
    Measurement(
        "perp_ratio",
        "perp_beta_norm over perp_source_norm (the handbook's c)",
        "c",
        (),
    ),
    Measurement(
        "perp_alignment",
        "cosine between the predictor's and the source's parts outside the span",
        r"\cos\angle(P_\perp\beta,P_\perp\theta_S)",
        (),
        "real",
    ),
    Measurement(
        "path_gap",
        "largest violation of P_perp beta(t) = (|beta(t)|/s)^((L-1)/L) P_perp theta_S over time",
        r"\max_t\lVert P_\perp\beta(t)-(\lVert\beta(t)\rVert/s)^{(L-1)/L}P_\perp\theta_S\rVert",
        _SOURCE,
    ),
    Measurement("min_beta_norm", "smallest norm of beta over time", r"\min_t\lVert\beta(t)\rVert", _SOURCE),
    Measurement(
        "decay_rate",
        "smallest over time of -ln(loss(t)/loss(0))/t, until the loss has fallen by 1e-8 and in the limit, "
        "in units of s_min(X)^2/n",
        r"\min_t\frac{n}{s_{\min}^2t}\ln\frac{\ell(0)}{\ell(t)}",
        (),
    ),
    Measurement(
        "first_layer_gap",
        "largest change over time of the first layer outside the span, over the layer's norm at the start",
        r"\max_t\frac{\lVert P_\perp(W_1(t)-W_1(0))\rVert}{\lVert W_1(0)\rVert}",
        (),
    ),
    Measurement(
        "error_growth",
        "last over first distance of the iterate to the limit",
        r"\frac{\lVert\theta_T-\theta_\infty\rVert}{\lVert\theta_0-\theta_\infty\rVert}",
        (),
    ),
    Measurement("learning_rate", "the step size used", r"\eta", (), "positive"),
    Measurement(
        "mode_eigenvalue",
        "a nonzero eigenvalue of X'X/n, drawn uniformly among them",
        r"\lambda",
        (),
        "positive",
    ),
    Measurement(
        "mode_contraction",
        "in that eigen-direction, last over first distance to the limit (signed)",
        r"\frac{v^\top(\theta_T-\theta_\infty)}{v^\top(\theta_0-\theta_\infty)}",
        (),
        "real",
    ),
    Measurement(
        "mode_filter",
        "in that eigen-direction, the movement over the first gradient's size",
        r"\frac{v^\top(\theta_T-\theta_0)}{v^\top X^\top(y-X\theta_0)/n}",
        (),
        "real",
    ),
)
