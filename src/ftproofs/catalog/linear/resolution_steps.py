"""The steps to the risk for any covariance: one equivalent of a resolvent, differentiated (handbook A4)."""

from __future__ import annotations

from sympy import Derivative, Expr, Integer, Symbol

from ftproofs.catalog.linear.endpoint_steps import meaning
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import spectrum as q
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.differentiation import Differentiate
from ftproofs.symbolic.instances import Instance
from ftproofs.symbolic.methods import Algebra, Certificate, Part
from ftproofs.symbolic.vocabulary import equal, v

t, _zero = q.t, Integer(0)
k, r = q.k_weight(t), q.k_ridge(t)


def _equivalent(id: str, says: str, which: str) -> Step:
    return Step(id, says, q.EQUIVALENTS[which], Axiom("deterministic-equivalent", (which,)))


def _at_zero(expr: object) -> object:
    return expr.subs(t, 0)  # type: ignore[attr-defined]


# -- overlaps outside the span ------------------------------------------------

START = (
    meaning("resolution", "kappa"),
    meaning("weight-start", "weight-start"),
)


def first_order(id: str, which: str, form: object, name: str) -> tuple[Step, ...]:
    """The part outside the span of two vectors, without weight: the steps to its relation."""
    return (
        _equivalent(f"{which}-equivalent", "the weighted form's equivalent", which),
        Step(
            id,
            "without weight",
            equal(form(_zero), _at_zero(q.EQUIVALENTS[which].rhs)),  # type: ignore[operator]
            Instance(f"{which}-equivalent", ((t, _zero),)),
            (f"{which}-equivalent",),
        ),
        meaning(f"{which}-start", f"{which}-start"),
        meaning(f"shrunk-{name}", f"shrunk-{name}"),
    )


OVERLAP = (
    *START,
    *first_order("without-weight", "product", q.weighted_product, "product"),
    Step(
        "overlap",
        "the overlap",
        equal(v.perp_product, v.kappa * v.shrunk_product),
        Algebra(),
        ("product-start", "without-weight", "shrunk-product", "weight-start"),
    ),
)

# -- bias ---------------------------------------------------------------------

_pull = q.total(lambda l: l * (1 + t * l) / q.weighted_room(k, l) ** 2)
_push = q.total(lambda l: k * l**2 / q.weighted_room(k, l) ** 2)
_drift = -_push / _pull
_count = q.weighted_count(k)

DRIFT = (
    _equivalent("count", "k keeps the count of resolved directions at n", "weight-count"),
    Step(
        "count-slope",
        "the count's slope",
        Statement(Derivative(_count, t), "==", -_pull * Derivative(k, t) - _push),
        Differentiate(),
    ),
    Step(
        "drift",
        "so k falls with the weight",
        Statement(Derivative(k, t), "==", _drift),
        Certificate((Part(1 / _pull, ("count-slope",)), Part(-1 / _pull, ("count",)))),
        ("count-slope", "count"),
    ),
)


def second_order(which: str, form: object, fall: object, vector: object) -> tuple[Step, ...]:
    """How the form of a vector falls with the weight, at weight 0: its risk outside the span."""
    falls = -q.total(
        lambda l, x: (
            (_drift * x**2 / q.weighted_room(k, l))
            - k * x**2 * (_drift * (1 + t * l) + k * l) / q.weighted_room(k, l) ** 2
        ),
        vector,  # type: ignore[arg-type]
    )
    return (
        _equivalent("equivalent", "the weighted form's equivalent", which),
        Step(
            "form-slope",
            "the form's slope",
            Statement(Derivative(form(t), t), "==", -falls),  # type: ignore[operator]
            Differentiate(("equivalent",)),
            ("equivalent", "drift"),
        ),
        meaning("fall-means", f"{which}-fall"),
        Step("fall", "how it falls", equal(fall(t), falls), Algebra(), ("fall-means", "form-slope")),  # type: ignore[operator]
        Step(
            "fall-there",
            "without weight",
            equal(fall(_zero), _at_zero(falls)),  # type: ignore[operator]
            Instance("fall", ((t, _zero),)),
            ("fall",),
        ),
        Step(f"{which}-slope", "the bias is that fall", q.SLOPES[which], Axiom("resolvent-slope", (which,))),
    )


BIAS = (
    *START,
    meaning("df2", "df2"),
    meaning("resolved", "resolved-delta"),
    *DRIFT,
    *second_order("delta", q.weighted_delta, q.weighted_fall, q.delta),
    Step(
        "bias",
        "the bias",
        equal(v.delta_risk / (v.kappa**2 * v.resolved_delta), 1 / (1 - v.df2 / v.n)),
        Algebra(),
        ("delta-slope", "fall-there", "weight-start", "resolution", "df2", "resolved"),
    ),
)

#: All eigenvalues equal: d directions of which n are learned.
_d, _l = v.d, q.eigenvalues[0]
_share = v.n / _d
_flat_kappa = (_d - v.n) / v.n
_scale = Symbol("a", positive=True)
_same = _d * (1 / (1 + _flat_kappa))


def _df2_of(scale: Expr) -> Expr:
    """The sum df2 for eigenvalues, and with them kappa, times a scale."""
    return q.total(lambda l: (scale * l / (scale * l + scale * v.kappa)) ** 2)


BIAS_COROLLARIES = (
    Step(
        "isotropic-resolution",
        "equal eigenvalues 1: the resolution is d/n - 1",
        equal(_same, v.n),
        Algebra(),
    ),
    Step(
        "isotropic-bias",
        "and the bias is the share 1 - n/d of the squared difference",
        equal(
            _flat_kappa**2 / (1 + _flat_kappa) ** 2 / (1 - _d / (1 + _flat_kappa) ** 2 / v.n),
            1 - _share,
        ),
        Algebra(),
    ),
    Step(
        "flat-identity",
        "kappa sum_i l_i/(l_i + kappa)^2 = n - df2",
        equal(v.kappa * q.total(lambda l: l / (l + v.kappa) ** 2), v.n - v.df2),
        Algebra(),
        ("resolution", "df2"),
    ),
    Step(
        "flat-bias",
        "so a difference spread evenly over d directions has bias kappa n/d",
        equal(
            v.kappa**2 / (1 - v.df2 / v.n) * q.total(lambda l: l / (l + v.kappa) ** 2) / _d,
            v.kappa * v.n / _d,
        ),
        Algebra(),
        ("resolution", "df2"),
    ),
    Step(
        "scaling",
        "eigenvalues times a: with kappa times a the count stays the same",
        equal(q.total(lambda l: _scale * l / (_scale * l + _scale * v.kappa)), v.n),
        Algebra(),
        ("resolution",),
    ),
    Step(
        "scaling-bias",
        "and the bias is multiplied by a",
        equal(
            (_scale * v.kappa) ** 2
            / (1 - _df2_of(_scale) / v.n)
            * q.total(lambda l, x: _scale * l * x**2 / (_scale * l + _scale * v.kappa) ** 2, q.delta),
            _scale
            * v.kappa**2
            / (1 - _df2_of(Integer(1)) / v.n)
            * q.total(lambda l, x: l * x**2 / (l + v.kappa) ** 2, q.delta),
        ),
        Algebra(),
    ),
    Step(
        "peak",
        "a direction's weight kappa^2 l/(l + kappa)^2 is largest at l = kappa, where it is kappa/4",
        equal(
            v.kappa / 4 - v.kappa**2 * _l / (_l + v.kappa) ** 2,
            v.kappa * (_l - v.kappa) ** 2 / (4 * (_l + v.kappa) ** 2),
        ),
        Algebra(),
    ),
)

# -- fitted noise -------------------------------------------------------------

_ridge_pull = q.total(lambda l: l / (l + r) ** 2) + v.n * t / r**2
_ridge_drift = v.n / r / _ridge_pull


def _ridge_slope(power: int) -> object:
    return q.total(lambda l: _ridge_drift * l ** (power + 1) / (l + r) ** 2)


def fitted_noise(which: str, form: object, form_slope: object, power: int) -> tuple[Step, ...]:
    """The slope of a trace in the ridge, at ridge 0: the fitted noise's risk or squared norm for unit noise."""
    along = _ridge_slope(power)
    return (
        _equivalent(f"{which}-equivalent", "the trace's equivalent with a ridge", which),
        Step(
            f"{which}-along",
            "the trace's slope",
            Statement(Derivative(form(t), t), "==", along),  # type: ignore[operator]
            Differentiate((f"{which}-equivalent",)),
            (f"{which}-equivalent", "ridge-drift"),
        ),
        meaning(f"{which}-slope-means", f"{which}-slope"),
        Step(
            f"{which}-slope",
            "by its name",
            equal(form_slope(t), along),  # type: ignore[operator]
            Algebra(),
            (f"{which}-slope-means", f"{which}-along"),
        ),
        Step(
            f"{which}-slope-there",
            "without ridge",
            equal(form_slope(_zero), _at_zero(along)),  # type: ignore[operator]
            Instance(f"{which}-slope", ((t, _zero),)),
            (f"{which}-slope",),
        ),
        Step(
            f"{which}-fitted",
            "the fitted noise is that slope over n",
            q.SLOPES[which],
            Axiom("resolvent-slope", (which,)),
        ),
    )


RIDGE = (
    meaning("ridge-start", "ridge-start"),
    _equivalent("ridge-count", "k keeps the count of resolved directions at n", "ridge-count"),
    Step(
        "ridge-count-slope",
        "the count's slope",
        Statement(Derivative(q.ridge_count(r), t), "==", -_ridge_pull * Derivative(r, t) + v.n / r),
        Differentiate(),
    ),
    Step(
        "ridge-drift",
        "so k grows with the ridge",
        Statement(Derivative(r, t), "==", _ridge_drift),
        Certificate((Part(1 / _ridge_pull, ("ridge-count-slope",)), Part(-1 / _ridge_pull, ("ridge-count",)))),
        ("ridge-count-slope", "ridge-count"),
    ),
)
TRACE = (
    *fitted_noise("trace", q.ridge_trace, q.ridge_trace_slope, 0),
    Step(
        "noise-norm",
        "its squared norm",
        equal(v.pinv_trace * v.kappa, 1),
        Algebra(),
        ("trace-fitted", "trace-slope-there", "ridge-start", "resolution"),
    ),
)
COVARIANCE = (
    *fitted_noise("covariance", q.ridge_covariance, q.ridge_covariance_slope, 1),
    Step(
        "variance",
        "the fitted noise's risk",
        equal(v.noise_trace, v.df2 / (v.n - v.df2)),
        Algebra(),
        ("covariance-fitted", "covariance-slope-there", "ridge-start", "resolution", "df2"),
    ),
)

VARIANCE = (meaning("resolution", "kappa"), meaning("df2", "df2"), *RIDGE, *COVARIANCE)

VARIANCE_COROLLARIES = (
    Step(
        "scaling",
        "eigenvalues times a: df2, and with it the variance, stays the same",
        equal(_df2_of(_scale), v.df2),
        Algebra(),
        ("df2",),
    ),
    Step(
        "isotropic-variance",
        "equal eigenvalues: n/(d - n)",
        equal(
            (_d / (1 + _flat_kappa) ** 2) / (v.n - _d / (1 + _flat_kappa) ** 2),
            v.n / (_d - v.n),
        ),
        Algebra(),
    ),
)

NOISE_NORM = (meaning("resolution", "kappa"), *RIDGE, *TRACE)

NOISE_NORM_COROLLARIES = (
    Step("isotropic-noise-norm", "equal eigenvalues 1: n/(d - n)", equal(1 / _flat_kappa, v.n / (_d - v.n)), Algebra()),
)
