"""What can be said: parameters, measurements and the experiments that offer them.

Plain data, without SymPy and torch.  A *parameter* is chosen before training, a
*measurement* is read after it.  The mathematics is fixed by the conventions of
the handbook: ``risk`` is the excess population risk (test labels without noise),
a squared Sigma-norm that is never halved; the training loss is
``||X theta - y||^2 / (2 n)``; ``P`` projects onto the row space of the design X
and ``P_perp = I - P`` onto its complement; ``X^+`` is the Moore-Penrose inverse.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias, TypeVar

from ftproofs.errors import UsageError, unknown

Kind = Literal["integer", "real", "choice"]
Sign = Literal["positive", "nonnegative", "real"]
Value: TypeAlias = int | float | str

#: Marks a parameter that must be given.
REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A quantity chosen before training.

    ``low`` and ``high`` are where the quantity is defined at all (inclusive); a
    claim's domain is a part of it.  ``shapes`` says that the parameter decides the
    shape of the arrays, so that settings trained together must agree on it.
    """

    name: str
    meaning: str
    latex: str
    kind: Kind = "real"
    sign: Sign = "nonnegative"
    low: float = 0.0
    high: float = math.inf
    choices: tuple[str, ...] = ()
    shapes: bool = False


@dataclass(frozen=True, slots=True)
class Measurement:
    """A quantity read after training.

    ``scale`` names the factors of its natural scale with their exponents; errors
    are relative to ``max(|rhs|, scale/10)``.
    """

    name: str
    meaning: str
    latex: str
    scale: tuple[tuple[str, int], ...] = ()
    sign: Sign = "nonnegative"


@dataclass(frozen=True, slots=True)
class Experiment:
    """A pipeline: task, network, fine-tuning, measurements.

    ``parameters`` maps each parameter to its default or `REQUIRED`.  ``engines``
    lists how its networks can be trained; the first is the default.  ``solver``
    says whether an independent oracle draws where training ends (link B).
    """

    name: str
    pipeline: str
    parameters: Mapping[str, Value]
    measurements: tuple[str, ...]
    engines: tuple[str, ...]
    solver: bool = True


T = TypeVar("T", Parameter, Measurement, Experiment)


def _by_name(*items: T) -> Mapping[str, T]:
    return MappingProxyType({item.name: item for item in items})


OPTIMIZERS = ("gd", "momentum", "sgd", "adam", "flow")
SPECTRA = ("isotropic", "power-law", "spiked")
INPUTS = ("gaussian", "sphere", "population")

PARAMETERS: Mapping[str, Parameter] = _by_name(
    Parameter("n", "number of target samples", "n", "integer", "positive", 1, shapes=True),
    Parameter("d", "input dimension", "d", "integer", "positive", 1, shapes=True),
    Parameter("gamma", "samples over dimension, n/d", r"\gamma", sign="positive"),
    Parameter(
        "theta",
        "angle between source and target teacher, radians",
        r"\theta",
        low=0.0,
        high=math.pi,
    ),
    Parameter("source_norm", "norm of the source teacher", "s", sign="positive"),
    Parameter("target_norm", "norm of the target teacher", r"\tau", sign="positive"),
    Parameter("sigma", "standard deviation of the target labels' noise", r"\sigma"),
    Parameter(
        "spectrum",
        "eigenvalues of the inputs' covariance",
        r"\mathrm{spec}(\Sigma)",
        "choice",
        choices=SPECTRA,
    ),
    Parameter("alpha", "power-law exponent: eigenvalues i^-alpha", r"\alpha"),
    Parameter("spikes", "number of large eigenvalues (spiked)", "k", "integer"),
    Parameter("spike_ratio", "a large eigenvalue over a small one (spiked)", r"\lambda_1"),
    Parameter(
        "inputs",
        "rows Sigma^(1/2) z with z standard normal (gaussian) or uniform of norm sqrt(d) (sphere); "
        "population: X'X/n = Sigma exactly, needs n = d",
        r"\mathrm{inputs}",
        "choice",
        choices=INPUTS,
    ),
    Parameter("L", "depth", "L", "integer", "positive", 1, shapes=True),
    Parameter("width", "hidden width (1: the exact chain)", "h", "integer", "positive", 1, shapes=True),
    Parameter(
        "imbalance",
        "L = 2 only: the start's readout is imbalance * sqrt(source_norm) (1: balanced)",
        r"\alpha_0",
        sign="positive",
    ),
    Parameter(
        "optimizer",
        "gd (full batch), momentum (heavy ball), sgd (one sample a step), adam, flow (gradient flow)",
        r"\mathrm{opt}",
        "choice",
        choices=OPTIMIZERS,
        shapes=True,
    ),
    Parameter(
        "step",
        "step size in units of 2n/s_max(X)^2, where gradient descent stops converging",
        r"\eta/\eta_{\max}",
        sign="positive",
    ),
    Parameter("weight_decay", "coefficient of the L2 penalty's gradient", r"\omega"),
    Parameter("steps", "number of optimizer steps", "T", "integer", "positive", 1, shapes=True),
)

_SOURCE = (("source_norm", 1),)
_RISK = (("target_norm", 2),)
_LOSS = (("initial_loss", 1),)

MEASUREMENTS: Mapping[str, Measurement] = _by_name(
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
        "smallest over time of -ln(loss(t)/loss(0))/t, in units of s_min(X)^2/n",
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

_TASK: dict[str, Value] = {
    "n": REQUIRED,
    "d": REQUIRED,
    "theta": REQUIRED,
    "source_norm": 1.0,
    "target_norm": 1.0,
    "sigma": 0.0,
    "spectrum": "isotropic",
    "alpha": 1.0,
    "spikes": 3,
    "spike_ratio": 10.0,
    "inputs": "gaussian",
}
_SCRATCH_TASK = {k: v for k, v in _TASK.items() if k not in ("theta", "source_norm")}

_TARGET_SIDE = (
    "risk",
    "train_loss",
    "initial_loss",
    "beta_norm",
    "par_beta_norm",
    "perp_beta_norm",
    "par_target_norm",
    "perp_target_norm",
    "noise_risk",
    "noise_trace",
    "min_norm",
    "fit_gap",
    "target_gap",
    "pinv_noise_norm",
    "transposed_noise_norm",
)
_SOURCE_SIDE = (
    "par_source_norm",
    "perp_source_norm",
    "delta_norm",
    "perp_delta_norm",
    "delta_risk",
    "swapped_delta_risk",
    "double_delta_risk",
    "empirical_delta_risk",
    "perp_gap",
    "perp_ratio",
    "perp_alignment",
)

EXPERIMENTS: Mapping[str, Experiment] = _by_name(
    Experiment(
        "linear.finetune",
        "linear regression trained from the source teacher until its distance to the limit is certified",
        {**_TASK, "optimizer": "momentum"},
        _TARGET_SIDE + _SOURCE_SIDE,
        ("descent",),
    ),
    Experiment(
        "linear.scratch",
        "linear regression trained from zero until its distance to the limit is certified",
        {**_SCRATCH_TASK, "optimizer": "momentum"},
        _TARGET_SIDE,
        ("descent",),
    ),
    Experiment(
        "linear.stability",
        "linear regression from the source teacher, a fixed number of optimizer steps; divergence is a finding",
        {**_TASK, "optimizer": "gd", "step": 0.5, "weight_decay": 0.0, "steps": 2000},
        (
            "error_growth",
            "learning_rate",
            "mode_eigenvalue",
            "mode_contraction",
            "mode_filter",
            "perp_gap",
            "fit_gap",
            "train_loss",
            "initial_loss",
        ),
        ("descent",),
        solver=False,
    ),
    Experiment(
        "deep-linear.finetune",
        "depth-L linear network from balanced source weights, gradient flow on all layers to its limit",
        {**_TASK, "L": 2, "width": 1, "imbalance": 1.0},
        _TARGET_SIDE + _SOURCE_SIDE + ("path_gap", "min_beta_norm", "decay_rate", "first_layer_gap"),
        ("flow", "reduced", "descent"),
    ),
)


def experiment(name: str) -> Experiment:
    """The experiment of that name.

    Raises:
        UsageError: FT302, listing the nearest names.
    """
    try:
        return EXPERIMENTS[name]
    except KeyError:
        raise unknown("experiment", name, EXPERIMENTS, code="FT302") from None


def complete(name: str, given: Mapping[str, Value]) -> dict[str, Value]:
    """The experiment's parameters, given ones checked and defaults filled in.

    Two of ``n``, ``d``, ``gamma`` fix the third: ``n = round(gamma * d)``.  The
    result has every parameter of the experiment and no ``gamma``.

    Raises:
        UsageError: FT303 a parameter the experiment has not; FT304 a value outside
            its range or of the wrong kind; FT305 n, d and gamma that do not fit;
            FT306 a missing parameter.
    """
    spec = experiment(name)
    given = dict(given)
    gamma = given.pop("gamma", None)
    if gamma is not None:
        given |= _resolve_gamma(gamma, given)
    for key in given:
        if key not in spec.parameters:
            raise unknown(f"parameter of {name}", key, spec.parameters, code="FT303")
    values: dict[str, Value] = {}
    for key, default in spec.parameters.items():
        if key in given:
            values[key] = check_value(key, given[key])
        elif default == REQUIRED:
            raise UsageError("FT306", f"{name} needs a value for {key} ({PARAMETERS[key].meaning})")
        else:
            values[key] = default
    return values


def _resolve_gamma(gamma: Value, given: Mapping[str, Value]) -> dict[str, Value]:
    ratio = check_value("gamma", gamma)
    assert isinstance(ratio, float)
    if "n" in given and "d" in given:
        n, d = check_value("n", given["n"]), check_value("d", given["d"])
        if not isinstance(n, int) or not isinstance(d, int) or n != round(ratio * d):
            raise UsageError("FT305", f"n = {n}, d = {d} and gamma = {ratio} do not fit; give two of the three")
        return {}
    if "d" in given:
        d = check_value("d", given["d"])
        assert isinstance(d, int)
        return {"n": round(ratio * d)}
    if "n" in given:
        n = check_value("n", given["n"])
        assert isinstance(n, int)
        return {"d": round(n / ratio)}
    raise UsageError("FT305", "gamma alone does not fix n and d; give one of them as well")


def check_value(name: str, value: Value) -> Value:
    """The value in its parameter's own type (int, float or str).

    Raises:
        UsageError: FT304, naming the parameter, what was found and what was expected.
    """
    parameter = PARAMETERS[name]
    if parameter.kind == "choice":
        if value not in parameter.choices:
            raise UsageError("FT304", f"{name} = {value!r}: expected one of {', '.join(parameter.choices)}")
        return value
    if isinstance(value, (str, bool)):
        raise UsageError("FT304", f"{name} = {value!r}: expected a number ({parameter.meaning})")
    number = float(value)
    low_ok = number > parameter.low if parameter.sign == "positive" and parameter.low == 0 else number >= parameter.low
    if not (low_ok and number <= parameter.high) or not math.isfinite(number):
        opening = "(" if parameter.sign == "positive" and parameter.low == 0 else "["
        closing = ")" if parameter.high == math.inf else "]"
        interval = f"{opening}{parameter.low:g}, {parameter.high:g}{closing}"
        raise UsageError("FT304", f"{name} = {value!r}: expected {parameter.kind} in {interval} ({parameter.meaning})")
    if parameter.kind == "integer":
        if number != int(number):
            raise UsageError("FT304", f"{name} = {value!r}: expected an integer ({parameter.meaning})")
        return int(number)
    return number


def scale_names(measurement: str) -> tuple[tuple[str, int], ...]:
    """The factors (name, exponent) of a measurement's scale; empty for scale 1."""
    return MEASUREMENTS[measurement].scale
