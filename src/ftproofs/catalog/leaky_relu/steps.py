"""The steps to the linear rule of clustered leaky-ReLU networks (handbook D1, D2)."""

from __future__ import annotations

from sympy import Expr, Integer

from ftproofs.claim import Step
from ftproofs.symbolic import leaky_relu as w
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.leaky_relu import Point
from ftproofs.symbolic.meanings import MEANINGS, Means
from ftproofs.symbolic.methods import Certificate, Part
from ftproofs.symbolic.vocabulary import at_least, at_most, v

_one = Integer(1)
_a = v.slope


def _meanings(*names: str) -> tuple[Step, ...]:
    return tuple(Step(name, MEANINGS[name].says, MEANINGS[name].relation, Means(name)) for name in names)


def _both_sides(point: Point, name: str, factor: Expr) -> tuple[Part, ...]:
    """``factor (p_on q_off + q_on p_off)``, and the products that are 0."""
    return (
        Part(factor * point.p_on * point.q_off),
        Part(factor * point.q_on * point.p_off),
        Part(-factor, (f"p-parts-{name}",)),
        Part(-factor, (f"q-parts-{name}",)),
    )


def _parts(name: str) -> tuple[str, str]:
    return f"p-parts-{name}", f"q-parts-{name}"


def _agreement(id: str, says: str, share: Expr, floor: Expr, sign: str, most: str, bound: str) -> Step:
    return Step(
        id,
        says,
        at_least(share, _one),
        Certificate((Part(1 / floor, (sign,)), Part(1 / floor, (most, bound)))),
        (sign, most, bound),
    )


def _lower(point: Point, name: str, value: Expr, *given: str) -> Step:
    return Step(
        f"rises-{name}",
        "phi rises at least by slope times what its argument does",
        at_least(value * point.rule, _a * point.rule**2),
        Certificate((Part((1 - _a) * (point.p_on - point.q_on) ** 2), *_both_sides(point, name, 1 - _a))),
        (*given, f"linear-rule-{name}", *_parts(name)),
    )


_low, _top, _sure, _neuron = w.least, w.greatest, w.certified, w.neuron

PERFECT = (
    *_meanings("linear-rule-least", *_parts("least"), "cluster-value-least", "least-slope"),
    _lower(_low, "least", _low.value, "cluster-value-least"),
    Step(
        "least",
        "so N/l is at least the slope",
        at_least(v.least_slope, _a),
        Certificate((Part(_low.rule**-2, ("rises-least",)),)),
        ("rises-least", "least-slope"),
    ),
    *_meanings("linear-rule-greatest", *_parts("greatest"), "cluster-value-greatest", "greatest-slope"),
    Step(
        "rises-greatest",
        "phi rises at most by what its argument does",
        at_most(_top.value * _top.rule, _top.rule**2),
        Certificate((Part((1 - _a) * (_top.q_off - _top.p_off) ** 2), *_both_sides(_top, "greatest", 1 - _a))),
        ("cluster-value-greatest", "linear-rule-greatest", *_parts("greatest")),
    ),
    Step(
        "greatest",
        "and at most 1",
        at_most(v.greatest_slope, _one),
        Certificate((Part(_top.rule**-2, ("rises-greatest",)),)),
        ("rises-greatest", "greatest-slope"),
    ),
    *_meanings("linear-agreement", "linear-share"),
    _agreement(
        "agreement",
        "a positive slope leaves no sign that disagrees",
        v.linear_agreement,
        _a,
        "linear-agreement",
        "linear-share",
        "least",
    ),
)

APPROXIMATE = (
    *_meanings(*_parts("neuron")),
    Step(
        "lipschitz",
        "phi is 1-Lipschitz",
        at_most(_neuron.clusters**2, _neuron.difference**2),
        Certificate(
            (
                Part((1 - _a) * (1 + _a) * (_neuron.q_off - _neuron.p_off) ** 2),
                *_both_sides(_neuron, "neuron", 2 * (1 - _a)),
            )
        ),
        _parts("neuron"),
    ),
    Step(
        "differences",
        "so the neurons' differences from their centroids add at most spread |x|",
        at_least(w.error * _sure.rule, -w.spread_product),
        Axiom("mean-of-differences", ("lipschitz",)),
        ("lipschitz",),
    ),
    *_meanings("linear-rule-certified", *_parts("certified"), "neuron-error"),
    _lower(_sure, "certified", _sure.value - w.error, "neuron-error"),
    *_meanings("certified-input", "certified-slope"),
    Step(
        "room",
        "at a certified input N/l is at least what the slope leaves",
        at_least(w.certified_slope, w.room),
        Certificate((Part(_sure.rule**-2, ("rises-certified",)), Part(_sure.rule**-2, ("differences",)))),
        ("rises-certified", "differences", "certified-input", "certified-slope"),
    ),
    *_meanings("certified-agreement", "certified-share"),
    _agreement(
        "agreement",
        "which is positive",
        v.certified_agreement,
        w.room,
        "certified-agreement",
        "certified-share",
        "room",
    ),
)
