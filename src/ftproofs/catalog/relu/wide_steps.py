"""The steps to the kernel of wide ReLU networks and to the rates at which they approach it (handbook A10a, A10c)."""

from __future__ import annotations

from sympy import Rational, log, pi

from ftproofs.claim import Statement, Step
from ftproofs.symbolic import relu
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.integrals import Integrate
from ftproofs.symbolic.meanings import MEANINGS, Means
from ftproofs.symbolic.methods import Algebra, Certificate, Part
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, v


def meaning(name: str) -> Step:
    """The step that cites a meaning."""
    found = MEANINGS[name]
    return Step(name, found.says, found.relation, Means(name))


KERNEL = (
    meaning("tangent-kernel"),
    Step(
        "direction",
        "a start's neurons point anywhere in the plane of both inputs",
        equal(E(relu.on_both), relu.overlap(v.theta)),
        Axiom("uniform-direction"),
    ),
    Step(
        "overlap",
        "two half-circles at an angle overlap on an arc of pi minus the angle",
        equal(relu.overlap(v.theta), (pi - v.theta) / (2 * pi)),
        Integrate(),
    ),
    Step(
        "kernel",
        "the mean kernel",
        equal(E(v.tangent_kernel), relu.first_layer_kernel(v.theta)),
        Algebra(),
        ("tangent-kernel", "direction", "overlap"),
    ),
)

KERNEL_COROLLARIES = (
    Step(
        "split",
        "a quarter of the product u of the inputs, and u asin(u)/(2 pi)",
        equal(relu.first_layer_kernel(relu.psi), relu.split_kernel(relu.psi)),
        Algebra(),
    ),
)


def _rate(name: str) -> tuple[Step, ...]:
    widths = tuple(
        Step(
            f"width-{i}",
            "to leading order the gap is a constant over the square root of the width",
            equal(E(relu.log_gaps[i]), relu.log_constant - i * log(2) / 2),
            Axiom("kernel-regime", (i,)),
        )
        for i in range(4)
    )
    return (
        meaning(f"{name}-rate"),
        *widths,
        Step(
            "rate",
            "its logarithm falls by half that of the width",
            equal(E(v.__dict__[f"{name}_rate"]), -Rational(1, 2)),
            Algebra(),
            (f"{name}-rate", *(step.id for step in widths)),
        ),
    )


def _bound(id: str, says: str, relation: Statement, coefficient: int, room: Rational) -> Step:
    return Step(id, says, relation, Certificate((Part(coefficient, ("rate",)), Part(room))), ("rate",))


RATE = (
    *_rate("kernel"),
    _bound("no-slower", "which is below -2/5", at_most(E(v.kernel_rate), -Rational(2, 5)), -1, Rational(1, 10)),
    _bound("no-faster", "and above -3/5", at_least(E(v.kernel_rate), -Rational(3, 5)), 1, Rational(1, 10)),
)
MOVEMENT = (
    *_rate("movement"),
    _bound("no-slower", "which is below -1/4", at_most(E(v.movement_rate), -Rational(1, 4)), -1, Rational(1, 4)),
)
