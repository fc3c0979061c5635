"""How near the end of fine-tuning is to weighted least squares and to weighted l1 norms (handbook 6.1 to 6.4)."""

from __future__ import annotations

from sympy import Derivative, E, Expr, Integer, Rational, Symbol, asinh, log, sqrt

from ftproofs.catalog.diagonal.bias_steps import AFTER_DECAY, DECAY, MINIMISER, SLOPE, VELOCITY
from ftproofs.catalog.diagonal.conservation_steps import words as _words
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import diagonal_flow as f
from ftproofs.symbolic import diagonal_limits as k
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.diagonal_training import scale, slope
from ftproofs.symbolic.differentiation import Differentiate
from ftproofs.symbolic.growth import At, FromZero
from ftproofs.symbolic.instances import Instance
from ftproofs.symbolic.methods import Algebra, Certificate, Monotone, Part
from ftproofs.symbolic.trajectory import end_time, t
from ftproofs.symbolic.vocabulary import at_most, equal, v

#: Any number from zero on.
z = Symbol("coefficient_size", nonnegative=True)
_zero = Integer(0)


def words(*names: str) -> tuple[Step, ...]:
    """Words about the limit problems."""
    return _words("limits", *names)


#: The end fits, and asinh(beta/c)/2 lies in the span of the data.
STATIONARY = (
    *SLOPE,
    *DECAY[len(VELOCITY) :],
    *AFTER_DECAY,
    *MINIMISER,
    *words("start"),
    Step(
        "slope-there",
        "the slope's change at the end",
        equal(
            slope(end_time),
            asinh(f.coefficient(end_time) / scale) / 2 - asinh(f.coefficient(_zero) / scale) / 2,
        ),
        Instance("slope", ((t, end_time),)),
        ("slope",),
    ),
    Step("slope-at-zero", "from the zero predictor", k.SLOPE, Algebra(), ("slope-there", "start")),
)
_ENDS = ("residual", "slope-in-span", "slope-at-zero")


def _from_zero(id: str, says: str, low: Expr, high: Expr, slope_at: Expr, square: Expr) -> tuple[Step, ...]:
    """low <= high for every z, then at the coordinate's ratio; the slope of high - low is ``square``."""
    return (
        Step(
            f"{id}-derivative",
            "the difference's slope",
            equal(Derivative(high - low, z), slope_at),
            Differentiate(),
        ),
        Step(
            f"{id}-slope",
            "is not negative",
            Statement(Derivative(high - low, z), ">=", _zero),
            Certificate((Part(1, (f"{id}-derivative",)), Part(square))),
            (f"{id}-derivative",),
        ),
        Step(f"{id}-any", says, at_most(low, high), FromZero(f"{id}-slope", z), (f"{id}-slope",)),
        Step(
            id,
            "in every coordinate",
            at_most(low.xreplace({z: k.ratio}), high.xreplace({z: k.ratio})),
            At(f"{id}-any", z, k.ratio),
            (f"{id}-any",),
        ),
    )


_s = sqrt(1 + z**2)
_Z = v.largest_ratio
_bend = k.ratio - asinh(k.ratio)

LAZY = (
    *STATIONARY,
    Step(
        "lazy-square",
        "the lazy fit is as near as the slope is to linear",
        at_most(k.lazy_square, k.bend_square),
        Axiom("perturbed-minimiser", _ENDS),
        _ENDS,
    ),
    *_from_zero("above", "asinh z is at most z", asinh(z), z, 1 - 1 / _s, z**2 / (_s * (1 + _s))),
    *_from_zero(
        "below",
        "and at least z - z^3/6",
        z - asinh(z),
        z**3 / 6,
        z**2 / 2 - 1 + 1 / _s,
        (_s - 1) ** 2 * (_s + 2) / (2 * _s),
    ),
    *words("ratio", "lazy"),
    Step(
        "bend",
        "so by at most z Z^2/6, Z the largest",
        at_most(_bend, k.ratio * _Z**2 / 6),
        Certificate((Part(1, ("below",)), Part(k.ratio * (k.ratio + _Z) / 6, ("ratio",)))),
        ("below", "ratio"),
    ),
    Step(
        "not-negative",
        "where the difference is not negative",
        Statement(_zero, "<=", _bend),
        Certificate((Part(1, ("above",)),)),
        ("above",),
    ),
    Step(
        "bend-squared",
        "squared",
        at_most(_bend**2, k.ratio**2 * _Z**4 / 36),
        Certificate(
            (
                Part(_Z**2 * k.ratio / 6, ("bend",)),
                Part(1, ("bend", "not-negative")),
            )
        ),
        ("bend", "not-negative"),
    ),
    Step(
        "bends",
        "over all coordinates",
        at_most(k.bend_square, _Z**4 / 36 * k.length_square),
        Axiom("sum-of-squares", ("bend-squared",)),
        ("bend-squared",),
    ),
    Step(
        "together",
        "so the lazy fit is as near",
        at_most(k.lazy_square, _Z**4 / 36 * k.length_square),
        Certificate((Part(1, ("lazy-square",)), Part(1, ("bends",)))),
        ("lazy-square", "bends"),
    ),
    Step(
        "root",
        "in lengths",
        at_most(sqrt(k.lazy_square), _Z**2 / 6 * sqrt(k.length_square)),
        Monotone("together", power=Rational(1, 2)),
        ("together",),
    ),
    Step(
        "lazy-limit",
        "relative to beta's",
        at_most(v.lazy_share / _Z**2, Rational(1, 6)),
        Certificate((Part(1 / (_Z**2 * sqrt(k.length_square)), ("root",)),)),
        ("root", "lazy"),
    ),
)

OWN = (
    *STATIONARY,
    Step(
        "own-least",
        "its norm with the weights asinh(|beta|/c) is the least of all fits",
        equal(k.own_norm, k.own_least),
        Axiom("weighted-l1-minimiser", (*_ENDS, "least")),
        _ENDS,
    ),
    *words("own"),
    Step("own-excess", "nothing is above the least", equal(v.own_excess, 0), Algebra(), ("own", "own-least")),
)

_R = k.size + sqrt(k.size**2 + scale**2)
_excess = k.WEIGHT - k.OWN
#: In every coordinate, the rival being any fit.
COORDINATE = (
    *STATIONARY,
    Step(
        "own-rival",
        "its norm with the weights asinh(|beta|/c) is at most that of any fit",
        at_most(k.own_norm, k.own_rival),
        Axiom("weighted-l1-minimiser", (*_ENDS, "rival")),
        _ENDS,
    ),
    *words("largest"),
    Step(
        "weight",
        "asinh(|beta|/c) is at most ln(m/c)",
        at_most(k.OWN, k.WEIGHT),
        Monotone("largest", factor=1 / scale, function="log"),
        ("largest",),
    ),
    Step(
        "tangent",
        "by at most m over e (|beta| + sqrt(beta^2 + c^2))",
        at_most(log(k.largest / _R / E), k.largest / _R / E - 1),
        Axiom("log-tangent", (k.largest / _R / E,)),
    ),
    Step("square", "beta^2 is at most beta^2 + c^2", at_most(k.size**2, k.size**2 + scale**2), Algebra()),
    Step(
        "half",
        "so |beta| is at most half of that sum",
        at_most(k.size, sqrt(k.size**2 + scale**2)),
        Monotone("square", power=Rational(1, 2)),
        ("square",),
    ),
    Step(
        "coordinate",
        "so by the rival's weighted norm, but for m/(2 e)",
        at_most(k.WEIGHT * (k.size - k.rival), k.OWN * (k.size - k.rival) + k.largest / (2 * E)),
        Certificate(
            (
                Part(k.size, ("tangent",)),
                Part(k.largest / (2 * E * _R), ("half",)),
                Part(k.rival, ("weight",)),
            )
        ),
        ("tangent", "half", "weight"),
    ),
)
RICH = (
    *COORDINATE,
    *words("rich"),
    Step(
        "norms",
        "over all coordinates",
        at_most(k.rich_norm - k.rich_least, k.own_norm - k.own_rival + v.d * k.largest / (2 * E)),
        Axiom("sum-of-norms", ("coordinate",)),
        ("coordinate",),
    ),
    Step(
        "rich-limit",
        "so the excess is bounded, however small the scales",
        at_most(v.rich_excess, v.d / (2 * E)),
        Certificate((Part(1 / k.largest, ("norms",)), Part(1 / k.largest, ("own-rival",)))),
        ("norms", "own-rival", "rich"),
    ),
)

NESTED = (
    *COORDINATE,
    *words("nested", "nested-price"),
    Step(
        "norms",
        "over the coordinates on the support and off it",
        at_most(
            k.on_norm + k.off_norm - k.nested_on - k.nested_off,
            k.own_norm - k.own_rival + v.d * k.largest / (2 * E),
        ),
        Axiom("sum-of-norms", ("coordinate", "nested")),
        ("coordinate",),
    ),
    Step(
        "nested-limit",
        "so off the support the excess is bounded by what the nested fit costs on it",
        at_most(v.nested_excess, v.nested_price + v.d / (2 * E)),
        Certificate(
            (
                Part(1 / k.largest, ("norms",)),
                Part(1 / k.largest, ("own-rival",)),
                Part(k.on_norm / k.largest),
            )
        ),
        ("norms", "own-rival", "nested", "nested-price"),
    ),
)
