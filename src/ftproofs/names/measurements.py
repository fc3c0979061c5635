"""What is read after training, each with its natural scale."""

from __future__ import annotations

from collections.abc import Mapping

from ftproofs.names.diagonal import DIAGONAL
from ftproofs.names.federated import FEDERATED_MEASUREMENTS
from ftproofs.names.kinds import Measurement, Sign, by_name
from ftproofs.names.relu import MEASUREMENTS as RELU
from ftproofs.names.transferred import TRANSFERRED
from ftproofs.names.trends import TREND_MEASUREMENTS

_SOURCE = (("source_norm", 1),)
_RISK = (("target_norm", 2),)
_LOSS = (("initial_loss", 1),)
_PRODUCT = (("source_norm", 1), ("target_norm", 1))

#: Whose coordinates along the eigenvectors of the covariance a spectral sum is over.
_PAIRS: tuple[tuple[str, str, str, tuple[tuple[str, int], ...], Sign], ...] = (
    ("source", "u = w = source", r"\theta_{S,i}^2", (("source_norm", 2),), "nonnegative"),
    ("target", "u = w = target", r"\theta_{T,i}^2", _RISK, "nonnegative"),
    ("product", "u = source, w = target", r"\theta_{S,i}\theta_{T,i}", _PRODUCT, "real"),
    ("delta", "u = w = target minus source", r"\delta_i^2", _RISK, "nonnegative"),
)

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
    Measurement(
        "sigma_source_norm",
        "Sigma-norm of the source",
        r"\lVert\theta_S\rVert_\Sigma",
        _SOURCE,
        "positive",
    ),
    Measurement(
        "sigma_target_norm",
        "Sigma-norm of the target: the square root of the risk of predicting 0",
        r"\lVert\theta_T\rVert_\Sigma",
        (("target_norm", 1),),
        "positive",
    ),
    Measurement(
        "sigma_product",
        "product of source and target in the covariance's inner product",
        r"\langle\theta_S,\theta_T\rangle_\Sigma",
        _PRODUCT,
        "real",
    ),
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
    Measurement(
        "pinv_trace",
        "squared Frobenius norm of X^+, the fitted noise's squared norm for unit noise",
        r"\lVert X^+\rVert_F^2",
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
    Measurement("start_risk", "risk of the source itself", r"\lVert\Sigma^{1/2}\delta\rVert^2", _RISK),
    Measurement(
        "perp_product",
        "product of the source's and the target's parts outside the span",
        r"\langle P_\perp\theta_S,P_\perp\theta_T\rangle",
        _PRODUCT,
        "real",
    ),
    Measurement(
        "kappa",
        "resolution of n samples: the root of sum_i l_i/(l_i + kappa) = n over the covariance's eigenvalues l_i; "
        "0 for n >= d",
        r"\kappa",
        (),
    ),
    Measurement("df2", "sum_i (l_i/(l_i + kappa))^2 over the eigenvalues", r"\mathrm{df}_2", ()),
    Measurement("kappa_bound", "tr Sigma/n, above kappa", r"\frac{\operatorname{tr}\Sigma}{n}", (), "positive"),
    *(
        Measurement(f"{kind}_{name}", f"sum_i {weight}, {of}", tex % letters, scale, sign)
        for kind, weight, tex in (
            ("shrunk", "u_i w_i/(l_i + kappa)", r"\sum_i\frac{%s}{\lambda_i+\kappa}"),
            ("resolved", "l_i u_i w_i/(l_i + kappa)^2", r"\sum_i\frac{\lambda_i%s}{(\lambda_i+\kappa)^2}"),
        )
        for name, of, letters, scale, sign in _PAIRS
    ),
    Measurement(
        "split_ratio",
        "largest singular value of the inputs' tail coordinates over the smallest one of their whitened leading ones; "
        "0 for split = 0",
        r"\varrho",
        (),
    ),
    Measurement("tail_eigenvalue", "largest eigenvalue of the tail", r"\lambda_{k+1}", (), "positive"),
    *(
        Measurement(name, f"sum of the tail's {of}", rf"\sum_{{i>k}}\lambda_i{power}", (), "positive")
        for name, of, power in (
            ("tail_trace", "eigenvalues", ""),
            ("tail_square", "squared eigenvalues", "^2"),
            ("tail_fourth", "fourth powers of eigenvalues", "^4"),
        )
    ),
    *(
        Measurement(f"{part}_delta_norm", f"norm of target minus source {where}", rf"\lVert{letters}\rVert", _SOURCE)
        for part, where, letters in (
            ("tail", "in the tail", r"\delta_{>k}"),
            ("head", "in the leading eigen-directions", r"\delta_{\le k}"),
            ("white_head", "there, times Sigma^(-1/2)", r"\Sigma_{\le k}^{-1/2}\delta_{\le k}"),
            ("sigma_head", "there, times Sigma^(1/2)", r"\Sigma_{\le k}^{1/2}\delta_{\le k}"),
        )
    ),
    Measurement(
        "worst_perp_risk",
        "largest squared Sigma-norm of a unit vector outside the span: delta_risk over perp_delta_norm^2 at the worst "
        "source and target",
        r"\lambda_{\max}(P_\perp\Sigma P_\perp)",
        (),
    ),
    Measurement(
        "centred_delta_risk",
        "quadratic form of Sigma minus the empirical covariance X'X/n at target minus source outside the span",
        r"\delta^\top P_\perp(\Sigma-\hat\Sigma)P_\perp\delta",
        _RISK,
        "real",
    ),
    Measurement(
        "localised_bound",
        "the root r^2 of 2 sum_i min(l_i/r^2, 1) = (n/sqrt(n + 1) - deviation)^2 over the covariance's eigenvalues "
        "l_i; infinite if deviation >= n/sqrt(n + 1)",
        r"r_*^2",
        (),
        "positive",
    ),
    Measurement(
        "fitted_target",
        "sum_i l_i u_i^2/(l_i + kappa), u = target",
        r"\sum_i\frac{\lambda_i\theta_{T,i}^2}{\lambda_i+\kappa}",
        _RISK,
    ),
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
        r"\frac{\lVert\beta_T-\beta_\infty\rVert}{\lVert\beta_0-\beta_\infty\rVert}",
        (),
    ),
    Measurement(
        "top_share",
        "squared part of the first distance along the top eigenvector of X'X/n, over its square inside the span",
        r"\frac{(u_1^\top(\beta_0-\beta_\infty))^2}{\lVert\beta_0-\beta_\infty\rVert^2}",
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
        r"\frac{u^\top(\beta_T-\beta_\infty)}{u^\top(\beta_0-\beta_\infty)}",
        (),
        "real",
    ),
    Measurement(
        "mode_filter",
        "in that eigen-direction, the movement over the first gradient's size",
        r"\frac{u^\top(\beta_T-\beta_0)}{u^\top X^\top(y-X\beta_0)/n}",
        (),
        "real",
    ),
    *TRANSFERRED,
    *DIAGONAL,
    *FEDERATED_MEASUREMENTS,
    *TREND_MEASUREMENTS,
    *RELU,
)
