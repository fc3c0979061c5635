"""What is read off diagonal networks.

``beta = w_+ v_+ - w_- v_-`` elementwise; the loss is ``|y - X beta|^2 / 2`` and ``rho = y - X beta``.  A
coordinate's scale is ``c_eff = sqrt(A B) / 2``, ``A = (w_+ + v_+)^2 + (w_- - v_-)^2`` and
``B = (w_+ - v_+)^2 + (w_- + v_-)^2``; ``q(x; c)`` is the penalty
``(c - sqrt(c^2 + x^2) + x asinh(x/c)) / 2`` and Q its sum over the coordinates.
"""

from __future__ import annotations

from ftproofs.names.kinds import Measurement

_SOURCE = (("source_norm", 1),)
_SQUARE = (("target_norm", 2),)
_ONE = ", of one coordinate drawn uniformly"

DIAGONAL: tuple[Measurement, ...] = (
    # Errors, one coordinate's worth.
    Measurement("mse", "squared distance from the target per coordinate", r"\mathrm{mse}"),
    Measurement("scratch_mse", "the same trained from scratch, from scale c", r"\mathrm{mse}_{\mathrm{scratch}}"),
    Measurement(
        "pretrain_mse",
        "squared distance of the pretrained predictor from its teacher per coordinate",
        r"\mathrm{mse}_{\mathrm{pt}}",
    ),
    Measurement(
        "aux_mse",
        "squared distance of the auxiliary predictor from its teacher per coordinate",
        r"\mathrm{mse}_{\mathrm{aux}}",
    ),
    Measurement("other_mse", "mse of the network of relative scale r_other", r"\mathrm{mse}'"),
    Measurement(
        "layer_gain", "other_mse minus mse: positive where r is the better relative scale", r"\Delta_r", sign="real"
    ),
    # Where training ends.
    Measurement(
        "prox_gap",
        "distance to the dual solution at the scales of the weights that training started from",
        r"\lVert\beta-\beta_{\mathrm{dual}}\rVert",
        _SOURCE,
    ),
    Measurement(
        "kkt_gap",
        "distance of (asinh(beta/c) - asinh(beta(0)/c))/2 to the row space",
        r"\lVert P_\perp\tfrac12(\operatorname{arsinh}\tfrac{\beta}{c}-\varphi)\rVert",
        _SOURCE,
    ),
    Measurement(
        "path_kkt_gap",
        "the largest such distance over time",
        r"\max_t\lVert P_\perp\tfrac12(\operatorname{arsinh}\tfrac{\beta(t)}{c}-\varphi)\rVert",
        _SOURCE,
    ),
    Measurement(
        "lazy_gap",
        "distance to the fit of least sum_i beta_i^2/c_i",
        r"\lVert\beta-\beta_{\mathrm{lazy}}\rVert",
        _SOURCE,
    ),
    # The limit problems, beta after training and c_i the scales it started from.
    Measurement("largest_ratio", "largest |beta_i|/c_i", r"\max_i\tfrac{|\beta_i|}{c_i}", sign="positive"),
    Measurement(
        "lazy_share",
        "distance to the fit of least sum_i beta_i^2/c_i over the length of beta, both as roots of sum_i z_i^2/c_i",
        r"\tfrac{\lVert\beta-\beta_{\mathrm{lazy}}\rVert_{1/c}}{\lVert\beta\rVert_{1/c}}",
    ),
    Measurement(
        "lazy_square_share",
        "the same distance to the fit of least sum_i beta_i^2/c_i^2",
        r"\tfrac{\lVert\beta-\beta_{1/c^2}\rVert_{1/c}}{\lVert\beta\rVert_{1/c}}",
    ),
    Measurement(
        "lazy_root_share",
        "the same distance to the fit of least sum_i beta_i^2/sqrt(c_i)",
        r"\tfrac{\lVert\beta-\beta_{1/\sqrt c}\rVert_{1/c}}{\lVert\beta\rVert_{1/c}}",
    ),
    Measurement(
        "own_excess",
        "sum_i a_i |beta_i| above its least value over all fits, over itself; weights a_i = asinh(|beta_i|/c_i)",
        r"1-\tfrac{\min_{Xb=y}\sum_ia_i|b_i|}{\sum_ia_i|\beta_i|}",
        sign="real",
    ),
    Measurement(
        "rich_excess",
        "sum_i ln(m/c_i) |beta_i| above its least value over all fits, over m, the largest |beta_i| + "
        "sqrt(beta_i^2 + c_i^2)",
        r"\tfrac1m\bigl(\sum_i\ln\tfrac m{c_i}|\beta_i|-\min_{Xb=y}\sum_i\ln\tfrac m{c_i}|b_i|\bigr)",
        sign="real",
    ),
    Measurement(
        "plain_excess",
        "the same with the largest of the weights ln(m/c_i) in place of each",
        r"\tfrac1m\max_i\ln\tfrac m{c_i}\bigl(\lVert\beta\rVert_1-\min_{Xb=y}\lVert b\rVert_1\bigr)",
        sign="real",
    ),
    Measurement(
        "nested_excess",
        "sum of ln(m/c_i) (|beta_i| - |b_i|) over the coordinates where the source teacher is 0, over m as above; b is "
        "the fit of least l1 norm there, and of those of least l1 norm on the others",
        r"\tfrac1m\sum_{i\notin S}\ln\tfrac m{c_i}(|\beta_i|-|b_i|)",
        sign="real",
    ),
    Measurement(
        "nested_norm",
        "sum of ln(m/c_i) |beta_i| over these coordinates, over m",
        r"\tfrac1m\sum_{i\notin S}\ln\tfrac m{c_i}|\beta_i|",
    ),
    Measurement(
        "nested_price",
        "sum of ln(m/c_i) |b_i| over the other coordinates, over m",
        r"\tfrac1m\sum_{i\in S}\ln\tfrac m{c_i}|b_i|",
    ),
    Measurement(
        "nested_square_gap",
        "sum of ln(m/c_i) ||beta_i| - |b_i|| over the coordinates where the source teacher is 0, over m; b is the fit "
        "of least Euclidean norm there",
        r"\tfrac1m\sum_{i\notin S}\ln\tfrac m{c_i}\bigl||\beta_i|-|b^{(2)}_i|\bigr|",
    ),
    Measurement(
        "support_gain",
        "least penalty of all fits by the coordinates where the source teacher is not 0 alone, less that of the "
        "trained coefficients there; not defined where they are fewer than samples",
        r"\min_{X_Sb=y}Q_S(b)-Q_S(\beta_S)",
        _SQUARE,
        sign="real",
    ),
    Measurement(
        "support_leak",
        "sum of |x_i'mu| |beta_i| over the other coordinates, mu the multiplier of that fit",
        r"\sum_{i\notin S}|x_i^\top\mu_S||\beta_i|",
        _SQUARE,
    ),
    Measurement("penalty", "Q of the trained predictor at the scales read off the weights", "Q", _SQUARE),
    Measurement(
        "bregman",
        "its Bregman divergence from the start; the penalty itself where beta(0) = 0",
        r"D_Q(\beta,\beta(0))",
        _SQUARE,
    ),
    Measurement(
        "loss_integral",
        "time integral of the squared residual (above its infimum, should that not be 0)",
        r"\int\lVert\rho\rVert^2dt",
        _SQUARE,
    ),
    Measurement("loss_area", "time integral of the loss (likewise)", r"\int\mathcal L\,dt", _SQUARE),
    Measurement("loss_time", "largest over time of time times loss (likewise)", r"\max_tt\mathcal L(t)", _SQUARE),
    Measurement(
        "loss_decay",
        "smallest over time of -ln(loss(t)/loss(0))/t, until the loss has fallen by 1e-8, in units of the "
        "least scale times s_min(X)^2",
        r"\min_t\frac1{c_{\min}s_{\min}^2t}\ln\frac{\mathcal L(0)}{\mathcal L(t)}",
    ),
    Measurement("multiplier", "squared norm of the time integral of rho, over n", r"\tfrac1n\lVert\mu\rVert^2"),
    # One coordinate's weights.
    Measurement("c_ft", "scale after pretraining and re-initialisation" + _ONE, r"c_{\mathrm{ft}}"),
    Measurement("beta_pt", "coefficient after pretraining" + _ONE, r"\beta_{\mathrm{pt}}", sign="real"),
    Measurement("beta_start", "coefficient where this training starts" + _ONE, r"\beta(0)", sign="real"),
    Measurement("beta_end", "coefficient where it ends" + _ONE, r"\beta(\infty)", sign="real"),
    Measurement("phase", "time integral of X' rho" + _ONE, "s", sign="real"),
    Measurement("c_ratio", "w_+ w_- + v_+ v_- at the end over its value at the start" + _ONE, r"c_T/c_0"),
    Measurement(
        "drift_product", "product over the steps of 1 - e^2, e = step times X' rho" + _ONE, r"\prod_t(1-e_t^2)"
    ),
    Measurement("sum_ratio", "A at the end over A at the start" + _ONE, r"A_T/A_0"),
    Measurement(
        "sum_product", "product over the steps of (1 + e)^2, for a flow exp(2 phase)" + _ONE, r"\prod_t(1+e_t)^2"
    ),
    Measurement("difference_ratio", "B at the end over B at the start" + _ONE, r"B_T/B_0"),
    Measurement(
        "difference_product",
        "product over the steps of (1 - e)^2, for a flow exp(-2 phase)" + _ONE,
        r"\prod_t(1-e_t)^2",
    ),
    # Conserved quantities.
    Measurement("c_drift", "largest relative change of w_+ w_- + v_+ v_- during training", r"\max_i|c_T/c_0-1|"),
    Measurement(
        "r_drift", "largest change of (w_+-^2 - v_+-^2)/(w_+ w_- + v_+ v_-) during training", r"\max_i|r_T-r_0|"
    ),
    Measurement(
        "drift_gap",
        "largest distance over the coordinates of w_+^2 - v_+^2, w_-^2 - v_-^2, w_+ w_- + v_+ v_- and "
        "w_+ v_- + v_+ w_- from drift_product times their start, over the coordinate's squared norm at the start",
        r"\max_i\frac{|I_T-I_0\prod(1-e^2)|}{\lVert\theta_i(0)\rVert^2}",
    ),
    # The penalty as a function of what was chosen.
    Measurement("order", "order of the penalty in |beta_main|: d ln q/d ln|beta_main|", "L"),
    Measurement(
        "dependence", "dependence of the penalty on |beta_aux|: d ln q/d ln|beta_aux|", r"\mathrm{FD}", sign="real"
    ),
    Measurement(
        "scale_order",
        "dependence of the penalty on c: d ln q/d ln c",
        r"\frac{\partial\ln q}{\partial\ln c}",
        sign="real",
    ),
    Measurement(
        "reinit_order",
        "dependence of the penalty on reinit^2: d ln q/d ln reinit^2",
        r"\frac{\partial\ln q}{\partial\ln\gamma^2}",
        sign="real",
    ),
    Measurement(
        "contrast",
        "time integral of the residual's pull that takes a network without the pretrained feature to beta_main, over "
        "that of the network with it",
        r"\kappa_{\mathrm{ft}}",
        sign="real",
    ),
    Measurement("beta_time", "coefficient at the given time", r"\beta(t)", sign="real"),
    # Several tasks.
    Measurement("weight_norm", "squared norm of all weights", r"\lVert\theta\rVert^2", _SQUARE),
    Measurement(
        "group_norm",
        "2 sum_i sqrt(a_i^2 + m_i^2) over the two predictors' coefficients",
        r"2\sum_i\sqrt{a_i^2+m_i^2}",
        _SQUARE,
    ),
    Measurement("split_norm", "2 sum_i (|a_i| + |m_i|)", r"2\sum_i(|a_i|+|m_i|)", _SQUARE),
    Measurement(
        "least_weight_norm",
        "squared norm of the weights after training them to be small at fixed predictors",
        r"\min\lVert\theta\rVert^2",
        _SQUARE,
    ),
    # The task as it was drawn.
    Measurement("share_pt", "realised density of pretrained coordinates", r"\hat\rho_{\mathrm{pt}}"),
    Measurement("share_shared", "realised share of them on which the target is active", r"\hat\rho_{\mathrm{sh}}"),
    Measurement("share_new", "realised share of the others", r"\hat\rho_{\mathrm{new}}"),
)
