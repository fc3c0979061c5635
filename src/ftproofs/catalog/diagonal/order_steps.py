"""Orders of the fine-tuning penalty and the laws between them (handbook 3, 5)."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, Expr, Integer, Rational, Symbol, asinh, sqrt

from ftproofs.catalog.diagonal import scale_steps
from ftproofs.catalog.diagonal.conservation_steps import words as _words
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import diagonal_orders as o
from ftproofs.symbolic.diagonal_training import scale
from ftproofs.symbolic.differentiation import Differentiate
from ftproofs.symbolic.finetuning import contrast, dependence, elasticity, reinit_order, scale_order
from ftproofs.symbolic.growth import At, FromZero
from ftproofs.symbolic.methods import Algebra, Certificate, Let, Monotone, Part
from ftproofs.symbolic.penalty import hypot, order, order_excess, penalty, stretch
from ftproofs.symbolic.vocabulary import equal, v

x, b, C = o.x, o.b, o.FINAL
_args = (v.c, v.r, b)
ELASTICITY = elasticity("S", *_args, v.reinit, v.rescale)
FORMULAS = {
    "order": order(x, C),
    "dependence": dependence("S", *_args, x, v.reinit, v.rescale),
    "scale-order": scale_order(*_args, x, v.reinit, v.rescale),
    "reinit-order": reinit_order(*_args, x, v.reinit, v.rescale),
    "contrast": contrast("S", *_args, x, v.reinit, v.rescale),
}


def words(*names: str) -> tuple[Step, ...]:
    """Words about the orders of one coordinate."""
    return _words("orders", *names)


#: The scale of the penalty in what was chosen.
SCALE = (
    *scale_steps.SUM,
    *(Step(f"orders-{step.id}", step.says, step.relation, step.by) for step in words("scale", "found")),
    Step(
        "final",
        "in what was chosen",
        equal(scale, C),
        Certificate((Part(1, ("orders-scale",)), Part(1, ("scale",)))),
        ("orders-scale", "scale", "orders-found"),
    ),
)

#: The same as a statement about what is measured, whatever the feature's sign.
SIGNED = (
    *SCALE,
    Step(
        "measured",
        "as measured",
        equal(v.c_ft, C),
        Certificate((Part(-1, ("orders-scale",)), Part(1, ("final",)))),
        ("orders-scale", "final"),
    ),
)

_BY_COEFFICIENT = Step(
    "by-coefficient",
    "q's logarithmic slope in |x| is t/(t - tanh(t/2))",
    equal(o.BY_COEFFICIENT, order(x, scale)),
    Differentiate(),
)
_BY_SCALE = Step(
    "by-scale",
    "and in the scale 1 minus that: q is homogeneous",
    equal(o.BY_SCALE, -order_excess(x, scale)),
    Differentiate(),
)


def _through(id: str, says: str, by: Expr, slope: Expr) -> Step:
    """d C/d log of a parameter."""
    return Step(id, says, equal(by * Derivative(C, by), slope), Differentiate())


_size = hypot(v.c, b)
_grown = v.rescale**2 * (1 + v.r)
_SLOPES = {
    "dependence": _through(
        "by-feature", "the scale's slope in the feature", b, _grown * stretch(v.c, b) * (1 + v.c / _size)
    ),
    "scale-order": _through("by-c", "in c", v.c, _grown * v.c * (1 + v.c / _size)),
    "reinit-order": _through("by-reinit", "in the readout", v.reinit, 2 * v.reinit**2),
}


def _order(name: str, measured: Any) -> tuple[Step, ...]:
    """An order through the scale: -(L - 1) times the scale's elasticity."""
    half = Rational(1, 2) if name == "reinit-order" else Integer(1)
    slope = _SLOPES[name]
    by = {"dependence": b, "scale-order": v.c, "reinit-order": v.reinit}[name]
    return (
        *words(name),
        slope,
        Step(
            f"{name}-by-scale",
            "through the scale",
            equal(measured, -order_excess(x, scale) * half * slope.relation.rhs / scale),
            Certificate(
                (
                    Part(1, (name,)),
                    Part(half * by * Derivative(C, by) / scale, ("by-scale",)),
                    Part(-order_excess(x, scale) * half / scale, (slope.id,)),
                )
            ),
            (name, "by-scale", slope.id),
        ),
        Step(
            f"{name}-law",
            "in what was chosen",
            equal(measured, FORMULAS[name]),
            Algebra(),
            (f"{name}-by-scale", "final"),
        ),
    )


_ORDER = (
    *words("order"),
    _BY_COEFFICIENT,
    Step(
        "order-by-scale",
        "the order",
        equal(v.order, order(x, scale)),
        Certificate((Part(1, ("order",)), Part(1, ("by-coefficient",)))),
        ("order", "by-coefficient"),
    ),
    Step("order-law", "in what was chosen", equal(v.order, FORMULAS["order"]), Algebra(), ("order-by-scale", "final")),
)

ORDER = (
    *SCALE,
    *_ORDER,
    Step(
        "above-one",
        "it is above 1",
        Statement(Integer(1), "<", v.order),
        Algebra(),
        ("order-by-scale",),
    ),
)
#: Order and contrast: the two numbers that tell the regimes apart.
REGIMES = (
    *SCALE,
    *_ORDER,
    *words("contrast"),
    Step(
        "contrast-law",
        "in what was chosen",
        equal(v.contrast, FORMULAS["contrast"]),
        Algebra(),
        ("contrast", "final"),
    ),
)
DEPENDENCE = (*SCALE, _BY_SCALE, *_order("dependence", v.dependence))
_BOTH = (*SCALE, *_ORDER, _BY_SCALE, *_order("dependence", v.dependence))

#: Short names: L - 1, and the scale's elasticity E in the feature.
excess, elastic = Symbol("excess", positive=True), Symbol("elastic", real=True)
_slope = _SLOPES["dependence"].relation.rhs
_SHORT = (
    *_BOTH,
    Step("excess-is", "write e for L - 1", equal(excess, order_excess(x, scale)), Let()),
    Step(
        "elastic-is",
        "and E for the scale's slope in the feature, over the scale",
        equal(elastic, _slope / scale),
        Let(),
    ),
    Step(
        "short-order",
        "the order is 1 + e",
        equal(v.order, 1 + excess),
        Certificate((Part(1, ("order-by-scale",)), Part(-1, ("excess-is",)))),
        ("order-by-scale", "excess-is"),
    ),
    Step(
        "short-dependence",
        "the dependence - e E",
        equal(v.dependence, -excess * elastic),
        Certificate(
            (
                Part(1, ("dependence-by-scale",)),
                Part(_slope / scale, ("excess-is",)),
                Part(excess, ("elastic-is",)),
            )
        ),
        ("dependence-by-scale", "excess-is", "elastic-is"),
    ),
    Step("elastic-in-choices", "E in what was chosen", equal(elastic, ELASTICITY), Algebra(), ("elastic-is", "final")),
)

LAW = (
    *_SHORT,
    Step(
        "law",
        "order and dependence over the elasticity add up to one",
        equal(v.order + v.dependence / ELASTICITY, 1),
        Algebra(),
        ("short-order", "short-dependence", "elastic-in-choices"),
    ),
)

EULER = (
    *_BOTH,
    *_order("scale-order", v.scale_order),
    *_order("reinit-order", v.reinit_order),
    Step(
        "euler",
        "the four orders add up to one: the scale is homogeneous in feature, c and reinit^2",
        equal(v.order + v.dependence + v.scale_order + v.reinit_order, 1),
        Algebra(),
        ("order-law", "dependence-law", "scale-order-law", "reinit-order-law"),
    ),
)

_lost = v.rescale**2 * v.c * (1 + v.c / _size) / scale
TRADE_OFF = (
    *_SHORT,
    Step("relative", "1 + r is not negative", Statement(Integer(0), "<=", 1 + v.r), Algebra()),
    Step(
        "room",
        "E is at most 1: what c and the readout add is not the feature's",
        Statement(elastic, "<=", Integer(1)),
        Certificate(
            (
                Part(_lost, ("relative",)),
                Part(v.reinit**2 / scale),
                Part(1 / scale, ("final",)),
                Part(-1, ("elastic-is",)),
            )
        ),
        ("relative", "final", "elastic-is"),
    ),
    Step(
        "grows",
        "and not negative",
        Statement(Integer(0), "<=", elastic),
        Certificate(
            (
                Part(v.rescale**2 * stretch(v.c, b) * (1 + v.c / _size) / scale, ("relative",)),
                Part(1, ("elastic-is",)),
            )
        ),
        ("relative", "elastic-is"),
    ),
    Step(
        "at-least-one",
        "order plus dependence is 1 + e (1 - E)",
        Statement(Integer(1), "<=", v.order + v.dependence),
        Certificate((Part(excess, ("room",)),)),
        ("room", "short-order", "short-dependence"),
    ),
    Step(
        "not-positive",
        "and the dependence is not positive",
        Statement(v.dependence, "<=", Integer(0)),
        Certificate((Part(excess, ("grows",)),)),
        ("grows", "short-dependence"),
    ),
)

# -- the penalty itself -------------------------------------------------------------

PENALTY = (
    *SCALE,
    *(Step(f"orders-{step.id}", step.says, step.relation, step.by) for step in words("fitted", "penalty")),
    Step(
        "penalty",
        "the penalty of the target",
        equal(v.penalty, penalty(x, C)),
        Algebra(),
        ("orders-penalty", "orders-fitted", "final"),
    ),
)

#: Any coefficient from zero on.
z = Symbol("coefficient_size", nonnegative=True)
_u = z / scale
_bend = Integer(1) - 1 / sqrt(1 + _u**2)
_rise = _u - asinh(_u)
_excess = z**2 / (4 * scale) - penalty(z, scale)


def _rising(id: str, says: str, f: Expr) -> Step:
    """f >= 0, from its derivative."""
    return Step(id, says, Statement(Integer(0), "<=", f), FromZero(f"{id}-slope", z), (f"{id}-slope",))


def _slope_from(id: str, says: str, f: Expr, below: Expr, factor: Any, given: str) -> tuple[Step, Step]:
    """f' >= 0, being a positive multiple of what is known not to be negative."""
    return (
        Step(f"{id}-derivative", says, equal(Derivative(f, z), factor * below), Differentiate()),
        Step(
            f"{id}-slope",
            "so it rises",
            Statement(Derivative(f, z), ">=", Integer(0)),
            Certificate((Part(1, (f"{id}-derivative",)), Part(factor, (given,)))),
            (f"{id}-derivative", given),
        ),
    )


LAZY = (
    *PENALTY,
    Step("ratio", "(x/c)^2 is not negative", Statement(Integer(1), "<=", 1 + _u**2), Algebra()),
    Step(
        "root-bound",
        "so the root of 1 + (x/c)^2 is at least 1",
        Statement(Integer(1), "<=", sqrt(1 + _u**2)),
        Monotone("ratio", power=Rational(1, 2)),
        ("ratio",),
    ),
    Step(
        "bend",
        "so 1 - 1/sqrt(1 + (x/c)^2) is not negative",
        Statement(_bend, ">=", Integer(0)),
        Certificate((Part(1 / sqrt(1 + _u**2), ("root-bound",)),)),
        ("root-bound",),
    ),
    *_slope_from("rise", "which over c is the slope of x/c - asinh(x/c)", _rise, _bend, 1 / scale, "bend"),
    _rising("rise", "so asinh(x/c) is at most x/c", _rise),
    *_slope_from("excess", "half of that is the slope of x^2/(4 c) - q", _excess, _rise, Rational(1, 2), "rise"),
    _rising("excess", "so q is at most x^2/(4 c)", _excess),
    Step(
        "excess-there",
        "also at the target",
        Statement(Integer(0), "<=", _excess.xreplace({z: x})),
        At("excess", z, x),
        ("excess",),
    ),
    Step(
        "lazy",
        "the penalty is at most its quadratic",
        Statement(v.penalty, "<=", x**2 / (4 * C)),
        Certificate((Part(1, ("excess-there",)), Part(-1, ("orders-penalty",)))),
        ("excess-there", "orders-penalty", "orders-fitted", "final"),
    ),
)
