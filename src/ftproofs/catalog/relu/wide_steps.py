"""The steps to the kernel of wide ReLU networks and to the rates at which they approach it (handbook A10a, A10c)."""

from __future__ import annotations

from sympy import Rational, log, pi

from ftproofs.claim import Step
from ftproofs.symbolic import relu
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.integrals import Integrate
from ftproofs.symbolic.meanings import MEANINGS, Means
from ftproofs.symbolic.methods import Algebra, Certificate, Part
from ftproofs.symbolic.vocabulary import at_most, equal, v


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


RATE = _rate("kernel")
MOVEMENT = (
    *_rate("movement"),
    Step(
        "no-slower",
        "and so by more than a quarter",
        at_most(E(v.movement_rate), -Rational(1, 4)),
        Certificate((Part(-1, ("rate",)), Part(Rational(1, 4), ()))),
        ("rate",),
    ),
)
