"""The steps to the kernel of wide ReLU networks at a random start (handbook A10a)."""

from __future__ import annotations

from sympy import pi

from ftproofs.claim import Step
from ftproofs.symbolic import relu
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.integrals import Integrate
from ftproofs.symbolic.meanings import MEANINGS, Means
from ftproofs.symbolic.methods import Algebra
from ftproofs.symbolic.vocabulary import equal, v


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
