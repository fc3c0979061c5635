"""How the symbols of formulas are written, and what those stand for that only derivations use.

The vocabulary's names bring their LaTeX along; every other symbol, function or matrix
is looked up here, or written after the rule of `spelled`: one letter or Greek name,
the rest as subscript.  No text reaches LaTeX but through these two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ftproofs.names import MEASUREMENTS, PARAMETERS
from ftproofs.symbolic.vocabulary import SYMBOLS, check_name

# fmt: off
GREEK = frozenset({
    "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "iota",
    "kappa", "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "varphi", "chi",
    "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi",
    "Omega", "ell",
})
# fmt: on
_SUBSCRIPTS = {"perp": r"\perp", "oo": r"\infty", "min": r"\min", "max": r"\max", "par": r"\parallel"}
#: A letter with a subscript and a superscript, in LaTeX.
_SCRIPT = r"([A-Za-z0-9+*]|\\[A-Za-z]+|\{(\\[A-Za-z]+|[A-Za-z0-9+*/ -])+\})"
_PLAIN = re.compile(rf"(\\[A-Za-z]+|[A-Za-z])(_{_SCRIPT})?(\^{_SCRIPT})?")
_COMMANDS = frozenset({"infty", "perp", "parallel", "min", "max", "top", "star"})


@dataclass(frozen=True, slots=True)
class Local:
    """A symbol of derivations: its LaTeX and what it stands for."""

    latex: str
    meaning: str


#: Numbers.
SYMBOL_NOTATION: Mapping[str, Local] = MappingProxyType(
    {
        "t": Local("t", "time of a flow, or the number of a step"),
        "q": Local("q", "learning rate times an eigenvalue of X'X/n"),
        "h": Local("h", "hidden width"),
        "a": Local("a", "norm of every later layer"),
        "input_angle": Local(r"\psi", "angle between two inputs"),
        "neuron_angle": Local(r"\varphi", "direction of a neuron's weights in the plane of two inputs"),
        "on_both": Local(r"\nu_{xx'}", "share of the neurons that are on at both inputs"),
        "dual_image": Local(r"\lVert X^\top a\rVert", "length of X'a, a = H^-1 r"),
        "dual_product": Local(r"\langle X^\top a,P\delta\rangle", "its product with P delta"),
        "ball_radius": Local("B", "radius of a ball of predictors"),
        "rademacher": Local(r"\mathcal{R}_n", "its Rademacher complexity on n inputs"),
        **{
            f"{name}_{at}": Local(latex if at == "least" else latex + mark, f"{meaning}, {where}")
            for at, mark, where in (
                ("least", "", "at the input where N/l is least"),
                ("greatest", "'", "at the input where N/l is greatest"),
                ("certified", "''", "at the certified input where N/l is least"),
                ("neuron", r"^{\circ}", "of any neuron and its centroid"),
            )
            for name, latex, meaning in (
                ("p_on", "p_+", "part above 0 of the first cluster's number"),
                ("p_off", "p_-", "part below 0 of it"),
                ("q_on", "q_+", "part above 0 of the second cluster's number"),
                ("q_off", "q_-", "part below 0 of it"),
                ("rule", r"\ell", "the linear rule"),
                ("value", "N", "the network"),
            )
        },
        "neuron_error": Local("e", "what the neurons' differences from their centroids add to the network"),
        "spread_product": Local(r"\epsilon\lVert x\rVert|\ell''|", "spread |x| |l| at the certified input"),
        "certified_slope": Local("s''", "N/l at the certified input"),
        "room": Local(r"\omega''", "slope minus spread |x|/|l| there"),
        "later_layers": Local("m", "number of later layers, L - 1"),
        "phi": Local(r"\phi", "factor of the source's part outside the span"),
        "q_0": Local("q_0", "least square of the readout of two layers: b^2/a_0^2 - D"),
        "h_0": Local("h_0", "q over the first readout's square"),
        "r_end": Local("r", "twice the factor's square minus h_0"),
        "a_end": Local(r"a_{\mathrm{end}}", "readout at the end of training"),
        "a_0": Local("a_0", "readout at the start"),
        "o": Local("o", "covariance's product of the source with what is missed"),
        "cross": Local(r"\chi", "cross term of bias and fitted noise"),
        "D": Local("D", "a number that grows"),
        "pool_trace": Local(r"\mathrm{tr}\,W", "the trace of W = X'X over the samples of all clients"),
        "pool_square": Local(r"\mathrm{tr}\,W^2", "the trace of its square"),
        "pool_inverse": Local(r"\mathrm{tr}\,W^{-1}", "the trace of its inverse"),
        "part_trace": Local(r"\mathrm{tr}\,W_1", "the trace of one client's part W_1 of W"),
        "part_square": Local(r"\mathrm{tr}\,W_1^2", "the trace of its square"),
        "part_spread": Local(r"\mathrm{tr}\,W^{-2}W_1^2", "the trace of W^-2 W_1^2"),
        **{f"share_{at}": Local(f"B_{{{at}}}", "an entry of B = W^-1/2 W_1 W^-1/2") for at in ("11", "22", "12")},
        "x_mode": Local("x", "a positive eigenvalue of X'X/n, drawn uniformly among them"),
        "M": Local("M", "the predictor's squared norm"),
        "j": Local("j", "number of a step, or of an eigen-direction"),
        "k": Local("k", "number of steps, growing"),
        "x": Local("x", "variable of integration"),
        "z": Local("z", "variable of the factor's equation"),
        "h_step": Local("h", "by how much a step's factor exceeds 1 in size"),
        "sigma_plus": Local(r"\sigma_{+}", "standard deviation of the label noise, not 0"),
        "scaled_risk": Local(
            r"\lVert\Sigma^{1/2}P_\perp(\theta_T-\phi\theta_S)\rVert^2",
            "what is missed outside the span, in the covariance's norm",
        ),
        "scaled_cross": Local(
            r"\langle P_\perp(\theta_T-\phi\theta_S),X^{+}\varepsilon\rangle_\Sigma",
            "its product with the fitted noise",
        ),
        "trained": Local("m", "number of layers that train"),
        "phi_0": Local(r"\phi_0", "length of the frozen layers' product over the source's"),
        "zeta": Local(r"\zeta", "any multiple of the source"),
        "z_end": Local(r"z_{\mathrm{end}}", "multiple of the source at the end of training"),
        **{
            name: Local(latex, meaning)
            for i in (1, 2, 3)
            for name, latex, meaning in (
                (f"lambda_{i}", rf"\lambda_{i}", "an eigenvalue of the inputs' covariance"),
                (f"theta_S_{i}", rf"\theta_{{S,{i}}}", "the source along that eigenvector"),
                (f"theta_T_{i}", rf"\theta_{{T,{i}}}", "the target along that eigenvector"),
                (f"u_{i}", rf"u_{i}", "a point of the set, along that eigenvector"),
                (f"g_{i}", rf"g_{i}", "a standard normal number"),
                (f"m_{i}", rf"m_{i}", "the smaller of 1 and that eigenvalue over r^2"),
            )
        },
        "gamma_c": Local(r"\bar\gamma", "1 - gamma"),
        "tr_inverse": Local(
            r"\operatorname{tr}(K^{-1})", "trace of the inverse of the smaller Gram matrix K, XX' or X'X"
        ),
        "lambda_max": Local(r"\lambda_{\max}", "largest eigenvalue of X'X/n"),
        "lambda_worst": Local(r"\lambda_{\mathrm{worst}}", "eigenvalue of X'X/n whose mode's error shrinks least"),
        "mu": Local(r"\mu", "s_min(X)^2/n"),
        "w_0": Local(r"\lVert W_1(0)\rVert", "norm of the first layer at the start"),
        "t_gap": Local(r"t_{\mathrm{gap}}", "time at which the path is violated most"),
        "t_layer": Local(r"t_{\mathrm{layer}}", "time at which the first layer differs most from its start"),
        "t_norm": Local(r"t_{\mathrm{norm}}", "time at which the predictor's norm is smallest"),
        "t_rate": Local(r"t_{\mathrm{rate}}", "time at which the decay is slowest"),
        "T": Local("T", "number of steps"),
        "side": Local(r"\varsigma", "sign with which a branch of a diagonal network moves"),
        "size_start": Local(r"\lVert\theta_i(0)\rVert^2", "squared norm of a coordinate's weights at the start"),
        "scale_end": Local("c_T", "w_+ w_- + v_+ v_- at the end of training"),
        "difference_end": Local(r"\ell_T", "w^2 - v^2 of a branch at the end of training"),
        **{f"sign_{i}": Local(rf"\varsigma_{i}", "1 or -1 for the quantity that is read, else 0") for i in range(1, 5)},
        "scale": Local("c_i", "scale of a coordinate's penalty"),
        "w_frozen": Local("w_F", "a coordinate's frozen first layer"),
        "u_plus": Local("w_+", "first layer of the plus branch"),
        "u_minus": Local("w_-", "first layer of the minus branch"),
        **{f"p_{i}": Local(f"v_{{{i}+}}", "readout of a task on the plus branch") for i in (1, 2)},
        **{f"n_{i}": Local(f"v_{{{i}-}}", "readout of a task on the minus branch") for i in (1, 2)},
        "a_1": Local("a", "a coefficient of the first task's predictor"),
        "a_2": Local("m", "the same coefficient of the second task's"),
        "length": Local(r"s", "length of the two coefficients"),
        **{
            f"{name}_{end}": Local(rf"\{name}{mark}", says + of)
            for name, says in (
                ("tau", "deviation of the effective noise"),
                ("theta", "effective strength of the penalty"),
            )
            for end, mark, of in (
                ("star", r"_\star", ""),
                ("other", r"'_\star", ", of a second network"),
                ("source", "_s", ", in pretraining"),
            )
        },
        "coefficient_size": Local("z", "any coefficient that is not negative"),
        "excess": Local(r"\epsilon", "the order's part above one, L - 1"),
        "elastic": Local("E", "elasticity of the scale in the feature"),
        "threshold": Local("a", "a soft threshold, over the noise's deviation"),
        "ratio": Local(r"z_i", "size of a coefficient over its scale"),
        "size": Local(r"\lvert\beta_i\rvert", "size of a coefficient"),
        "rival": Local(r"\lvert b_i\rvert", "size of another fit's coefficient"),
        "largest": Local("m", "largest |beta_i| + sqrt(beta_i^2 + c_i^2)"),
        "length_square": Local(r"\lVert\beta\rVert_{1/c}^2", "sum of beta_i^2/c_i"),
        "lazy_square": Local(
            r"\lVert\beta-\beta_{\mathrm{lazy}}\rVert_{1/c}^2", "that of the distance to the fit of least such sum"
        ),
        "bend_square": Local("B", "sum of c_i (z_i - asinh z_i)^2"),
        "own_norm": Local("A", "sum of asinh(z_i) |beta_i|"),
        "own_least": Local(r"A_{\min}", "least sum of asinh(z_i) |b_i| over all fits"),
        "own_rival": Local("A_b", "that sum of another fit"),
        "rich_norm": Local(r"R", "sum of ln(m/c_i) |beta_i|"),
        "rich_least": Local(r"R_{\min}", "the least such sum over all fits, and its fit's"),
        "on_norm": Local("R_S", "that sum over the pretrained support alone"),
        "off_norm": Local(r"R_{\bar S}", "over the other coordinates"),
        "nested_on": Local("R^b_S", "the nested fit's sum over the support"),
        "nested_off": Local(r"R^b_{\bar S}", "and over the other coordinates"),
        "ending": Local(r"\beta_i", "a coefficient of the end"),
        "best": Local("b_i", "the same of the support's fit of least penalty, 0 off the support"),
        "support_pull": Local(r"x_i^\top\mu_S", "a column's product with the multiplier of that fit"),
        "support_penalty": Local(r"Q_S(\beta_S)", "penalty of the end's part on the support"),
        "rest_penalty": Local(r"Q_{\bar S}(\beta_{\bar S})", "penalty of the end's other part"),
        "support_least": Local("Q_S(b)", "least penalty of all fits by the support alone"),
        "pull_sum": Local("P_S", "sum of x_i'mu_S (beta_i - b_i) over the support"),
        "leak_sum": Local(r"P_{\bar S}", "sum of x_i'mu_S beta_i over the other coordinates"),
        "least_scale": Local(r"c_{\min}", "least scale over the coordinates"),
        "t_loss": Local(r"t_{\mathrm{loss}}", "time at which time times loss is largest"),
        "t_end": Local(r"t_{\mathrm{end}}", "time at which training ends"),
        "head_length": Local(
            r"\lVert\Sigma_{\le k}^{1/2}v_{\le k}\rVert",
            "v = P_perp (theta_T - theta_S) in the leading eigen-directions, in the covariance's norm",
        ),
        "bare_head_length": Local(r"\lVert v_{\le k}\rVert", "v in the leading eigen-directions"),
        "tail_length": Local(r"\lVert v_{>k}\rVert", "v in the tail"),
        "tail_risk": Local(r"\lVert\Sigma_{>k}^{1/2}v_{>k}\rVert^2", "v in the tail, in the covariance's norm"),
        "head_product": Local(r"\langle v,\delta\rangle_{\le k}", "product of v with the difference where it leads"),
        "tail_product": Local(r"\langle v,\delta\rangle_{>k}", "product of v with the difference in the tail"),
        "low_head": Local(r"s_{\min}(Z_{\le k})", "smallest singular value of the whitened leading coordinates"),
        "top_tail": Local(r"s_{\max}(X_{>k})", "largest singular value of the tail's coordinates"),
        "low_tail": Local(r"s_{\min}(X_{>k})", "smallest of the n singular values of the tail's coordinates"),
        "top_inverse": Local(r"\lVert(XX^\top)^{-1}\rVert", "largest eigenvalue of (X X')^(-1)"),
        "probe_length": Local(r"\lVert z\rVert", "length of z"),
        "solution_length": Local(r"\lVert p\rVert", "length of p"),
        "image_length": Local(r"\lVert XHX^+z\rVert", "length of what the leading coordinates fit of z"),
        "lead_length": Local(r"\lVert\Sigma^{1/2}HX^+z\rVert", "leading part of X^+ z in the covariance's norm"),
        "bare_lead_length": Local(r"\lVert HX^+z\rVert", "leading part of X^+ z"),
        "probe_product": Local(r"\langle p,z\rangle", "product of p and z"),
        "solution_product": Local(r"\langle p,XHX^+z\rangle", "product of p with what the leading coordinates fit"),
        "head_share": Local(r"\tau_{\le k}", "part of the noise trace in the leading eigen-directions"),
        "tail_share": Local(r"\tau_{>k}", "part of the noise trace in the tail"),
        "tail_energy": Local(r"\operatorname{tr}(X\Sigma_{>k}X^\top)", "trace of X Sigma X' over the tail"),
        "low_head_bar": Local(r"\bar s_{\min}", "lower bound of the leading coordinates' smallest singular value"),
        "top_head_bar": Local(r"\bar s_{\max}", "upper bound of their largest one"),
        "low_tail_bar": Local(r"\mu_-", "lower bound of the tail's smallest singular value"),
        "top_tail_bar": Local(r"\mu_+", "upper bound of its largest one"),
        "energy_bar": Local(r"\bar e", "upper bound of the tail's energy"),
        "rho_bar": Local(r"\bar\varrho", "upper bound of the split ratio"),
        "null_form": Local(
            r"\lVert\Sigma^{-1/2}u\rVert^2",
            "for u the worst direction outside the span, whitened and of unit length",
        ),
        "c": Local("c", "any factor of the source's part outside the span"),
        "c_t": Local("c_t", "multiple of the source that the target is, or has along the source"),
        "e_z": Local("e_z", "what the readout misses of the target along the source"),
        "nu": Local(r"\nu", "ridge penalty of the readout, over the features' squared norm"),
        "l": Local("l", "any penalty, or a growing number of samples"),
        "g": Local("g", "root of gamma_s"),
        "gamma_o": Local(r"\gamma_o", "gamma - 1"),
        "mean_gap": Local(r"\delta", "difference of the labels' means given the inputs, over the noise's deviation"),
        "y": Local("y", "a label, centred and over the noise's deviation"),
        "u": Local("u", "share of the teachers' distance"),
        "r_squared": Local("r^2", "squared radius: a risk per squared length outside the span"),
    }
)

#: Functions of time.
FUNCTION_NOTATION: Mapping[str, Local] = MappingProxyType(
    {
        "w_plus": Local("w_+", "first layer's plus branch, one coordinate"),
        "w_minus": Local("w_-", "first layer's minus branch, one coordinate"),
        "v_plus": Local("v_+", "readout's plus branch, one coordinate"),
        "v_minus": Local("v_-", "readout's minus branch, one coordinate"),
        "w_branch": Local("w", "first layer of either branch, one coordinate"),
        "v_branch": Local("v", "readout of either branch, one coordinate"),
        "push": Local("g", "a coordinate of X' rho, minus the loss's gradient"),
        "kick": Local("e", "learning rate times a coordinate of X' rho"),
        "coefficient": Local(r"\beta_i", "a coefficient of the predictor"),
        "phase": Local("s", "time integral of a coordinate of X' rho"),
        "tangent": Local(r"\tau", "tanh of a coordinate's phase, in time"),
        "speed": Local(r"N_i", "squared norm of a coordinate's weights"),
        "fall": Local("F", "speed times squared push, summed over the coordinates"),
        "slope_square": Local(r"\lVert X^\top\rho\rVert^2", "squared norm of X' rho"),
        "energy": Local("D", "Bregman divergence of the end from the predictor"),
        "work": Local("W", "time integral of |rho|^2"),
        "penalty_slope_change": Local(r"\Delta q'", "change of the penalty's slope since the start"),
        **{
            f"{name}{end}_mean": Local(letter + mark, f"{says} of {of} proximal map")
            for name, letter, says in (("error", "M", "mean squared error"), ("slope", "D", "mean slope"))
            for end, mark, of in (
                ("", "", "the"),
                ("_other", "'", "a second network's"),
                ("_source", "_s", "pretraining's"),
                ("_after", r"_{\mathrm{ft}}", "the second stage's"),
            )
        },
        "cost_mean": Local(r"\bar q", "mean penalty of the proximal map"),
        "kept": Local(r"\Pi", "product over the steps of 1 - e^2"),
        "grown": Local(r"\Pi_+", "product over the steps of (1 + e)^2"),
        "shrunk": Local(r"\Pi_-", "product over the steps of (1 - e)^2"),
        "e": Local("e", "distance of the iterate to its limit, along an eigenvector of X'X/n"),
        "slope": Local(r"\ell'", "gradient of the loss, along an eigenvector of X'X/n"),
        "w": Local("w", "first layer, along a fixed direction"),
        "g": Local("g", "gradient of the loss, along a fixed direction"),
        "a": Local("a", "norm of every later layer"),
        "k": Local("k", "first layer times gradient"),
        "W": Local("W", "squared norm of the first layer"),
        "N": Local("N", "norm of the predictor"),
        "p": Local("p", "predictor along a direction outside the data's span"),
        "p_source": Local(r"p_{\mathrm{source}}", "predictor along the source's part outside the span"),
        "p_gap": Local(r"p_{\mathrm{gap}}", "predictor along the violation that path_gap measures"),
        "b": Local("b", "predictor along a fixed direction"),
        "q": Local("q", "predictor along a direction at right angles to it"),
        "loss": Local(r"\ell", "training loss"),
        "z": Local("z", "multiple of the source that the predictor is"),
        "pull": Local("g_S", "the source's product with the gradient"),
        "root_along": Local("c", "the factor c at L = 1 + 1/t layers"),
        "root_slope": Local("c'", "its slope in t"),
        "kappa_weight": Local(r"\kappa", "the resolution, moved by a weight t on the covariance in the penalty"),
        "kappa_ridge": Local(r"\tilde\kappa", "the resolution, moved by a ridge t"),
        **{
            f"weighted_{name}": Local(rf"Q_{{{letters}}}", f"the weighted resolvent's form of the {of}")
            for name, letters, of in (
                ("product", "ST", "source and the target"),
                ("source", "SS", "source"),
                ("target", "TT", "target"),
                ("delta", r"\delta\delta", "teachers' difference"),
            )
        },
        "weighted_fall": Local(r"\dot Q_{\delta\delta}", "minus its slope in the weight"),
        "scaled_form": Local(
            r"Q_{\phi\phi}", "the weighted resolvent's form of the target less the factor times the source"
        ),
        "scaled_fall": Local(r"\dot Q_{\phi\phi}", "minus its slope in the weight"),
        "ridge_trace": Local("T_0", "the ridge resolvent's trace"),
        "ridge_covariance": Local("T_1", "the trace of the covariance times the ridge resolvent"),
        "ridge_trace_slope": Local("T_0'", "its slope in the ridge"),
        "ridge_covariance_slope": Local("T_1'", "its slope in the ridge"),
        "w_perp": Local(r"w_\perp", "first layer along a direction outside the data's span"),
        "g_perp": Local(r"g_\perp", "gradient along a direction outside the data's span"),
        "g_along": Local(r"g_\parallel", "gradient along the predictor"),
        "gaussian_width": Local("w", "Gaussian width of the directions with at least that risk per squared length"),
        "g_across": Local(r"g_{\times}", "gradient at right angles to the predictor"),
    }
)

#: Vectors and matrices.
MATRIX_NOTATION: Mapping[str, Local] = MappingProxyType(
    {
        "X": Local("X", "design, one row a sample"),
        "y": Local("y", "labels"),
        "theta_S": Local(r"\theta_S", "source teacher"),
        "theta_T": Local(r"\theta_T", "target teacher"),
        "epsilon": Local(r"\varepsilon", "label noise"),
        "beta": Local(r"\beta", "trained predictor"),
        "theta": Local(r"\vartheta", "any predictor"),
        "slope_change": Local(r"\Delta q'", "change of the penalty's slope during training"),
        "slope_path": Local(r"\Delta q'_t", "the same up to the time where it is farthest from the span"),
        "mu": Local(r"\mu", "time integral of the residual"),
        "H_c": Local("H", "mean curvature of the clients' losses"),
        "pull": Local("p", "mean over the clients of X_i'y_i/n"),
        "theta_0": Local(r"\theta_0", "the global model"),
        "scatter": Local("s", "mean over the clients of X_i'(X_i Delta_i + eps_i)/n"),
        "server": Local(r"\hat\theta_0", "the server's model after FedAvg"),
        "pooled": Local(r"\hat\theta_{+}", "least squares on all clients' data"),
        "kept": Local("k", "what a ridge toward the server's model keeps of the client's difference"),
        "let_in": Local("e", "what it lets in of the labels' noise"),
        "beta_dual": Local(r"\beta_{\mathrm{dual}}", "the fit nearest to the start in Bregman divergence"),
        "beta_lazy": Local(r"\beta_{\mathrm{lazy}}", "the fit of least weighted norm"),
        r"\theta_{\infty}": Local(r"\beta_\infty", "limit of the iterates"),
        r"\Sigma^{1/2}": Local(r"\Sigma^{1/2}", "square root of the inputs' covariance"),
        "X^{+}": Local("X^{+}", "Moore-Penrose inverse of the design"),
        "P": Local("P", "projector on the span of the design's rows"),
        r"P_{\perp}": Local(r"P_\perp", "projector on its complement"),
        "u": Local("u", "an eigenvector of X'X/n"),
        "w": Local("w", "first layer of the chain"),
        "r": Local("r", "any vector"),
        r"\beta_0": Local(r"\beta_0", "predictor trained on the same data from scratch"),
        "f": Local("f", "row of the frozen layers' product, as a column"),
        "R": Local("R", "product of the layers that train"),
        "Z": Local("Z", "multiple of the source that the predictor is"),
        "G": Local("G", "gradient of the loss in predictor space"),
        "W_1": Local("W_1", "first layer"),
        "V": Local("W_2", "readout, as a column"),
        "D_0": Local("D(0)", "imbalance of the two layers at the start, a matrix"),
        "Q": Local("Q", "projector off the direction of the readout"),
        "W_2": Local("W_2", "second layer"),
        "W_3": Local("W_3", "third layer"),
        "H": Local("H", "projector on the leading eigen-directions of the covariance"),
        "q": Local("q", "the leading part of the difference, times Sigma^(-1/2)"),
        "z": Local("z", "any labels"),
        "p": Local("p", "what the tail's Gram matrix takes to the part of z that the leading coordinates fit"),
        "u_1": Local("u_1", "a unit vector"),
        "u_2": Local("u_2", "a unit vector"),
    }
)

#: Matrices whose square has a letter of its own.
SQUARES: Mapping[str, str] = MappingProxyType({r"\Sigma^{1/2}": r"\Sigma"})


def symbol_latex(name: str) -> str:
    """A number's LaTeX: the vocabulary's, the list's, or `spelled`."""
    if name in SYMBOLS:
        return (PARAMETERS.get(name) or MEASUREMENTS[name]).latex
    return _listed(name, SYMBOL_NOTATION)


def function_latex(name: str) -> str:
    """The LaTeX of a function's name."""
    return _listed(name, FUNCTION_NOTATION)


def matrix_latex(name: str) -> str:
    """The LaTeX of a matrix's name."""
    return _listed(name, MATRIX_NOTATION)


def _listed(name: str, table: Mapping[str, Local]) -> str:
    if name in table:
        return table[name].latex
    return name if _is_plain_latex(name) else spelled(name)


def _is_plain_latex(name: str) -> bool:
    """Whether a name is LaTeX already, made of known letters, balanced scripts and nothing else."""
    if "\\" not in name or not _PLAIN.fullmatch(name):
        return False
    return all(command in GREEK or command in _COMMANDS for command in re.findall(r"\\([A-Za-z]*)", name))


def spelled(name: str) -> str:
    r"""A name by the rule: ``g_along`` is ``g_{\mathrm{along}}``, ``kappa_2`` is ``\kappa_{2}``.

    Raises:
        UsageError: FT120 a name that is not letters, digits and single underscores.
    """
    head, *rest = check_name(name).split("_")
    letters = head if head in GREEK else head.rstrip("0123456789")
    digits = head[len(letters) :]
    text = f"\\{letters}" if letters in GREEK else letters if len(letters) == 1 else rf"\mathrm{{{letters}}}"
    parts = [*([digits] if digits else []), *rest]
    if not parts:
        return text
    return text + "_{" + r",\,".join(_subscript(part) for part in parts) + "}"


def _subscript(part: str) -> str:
    if part in _SUBSCRIPTS:
        return _SUBSCRIPTS[part]
    if part in GREEK:
        return f"\\{part}"
    return part if part.isdigit() or len(part) == 1 else rf"\mathrm{{{part}}}"
