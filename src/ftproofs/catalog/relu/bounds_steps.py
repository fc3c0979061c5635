"""The steps to the complexity of fine-tuning a wide ReLU network, and to its generalization (handbook A10b, A10d)."""

from __future__ import annotations

from sympy import Integer

from ftproofs.catalog.relu.wide_steps import meaning
from ftproofs.claim import Step
from ftproofs.symbolic import relu
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.methods import Algebra, Certificate, Let, Part
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, v

_one = Integer(1)

COMPLEXITY = (
    Step(
        "split",
        "the kernel at an angle: a quarter of the product u of the inputs, and u asin(u)/(2 pi)",
        equal(relu.first_layer_kernel(relu.psi), relu.split_kernel(relu.psi)),
        Algebra(),
    ),
    Step(
        "order",
        "the series of u asin(u) has no negative coefficient, so H is at least XX'/4",
        at_least(v.label_energy, relu.image**2 / 4),
        Axiom("schur-product", ("split",)),
        ("split",),
    ),
    meaning("label-energy"),
    Step(
        "schwarz",
        "a product is at most that of the lengths",
        at_most(relu.product, relu.image * v.par_delta_norm),
        Axiom("dual-cauchy-schwarz"),
    ),
    Step(
        "bound",
        "the square of 2 |P delta| - |X'a|/2 is not negative",
        at_most(v.label_energy, 4 * v.par_delta_norm**2),
        Certificate(
            (
                Part((2 * v.par_delta_norm - relu.image / 2) ** 2),
                Part(2 * _one, ("schwarz",)),
                Part(-2 * _one, ("label-energy",)),
                Part(_one, ("order",)),
            )
        ),
        ("order", "label-energy", "schwarz"),
    ),
)

GENERALIZATION = (
    *COMPLEXITY,
    meaning("inside-delta"),
    Step("radius", "a radius that no draw enters", equal(relu.radius, 2 * v.delta_norm), Let()),
    Step(
        "ball",
        "the ball of that radius holds whatever is fitted",
        at_most(v.label_energy, relu.radius**2),
        Certificate(
            (
                Part(_one, ("bound",)),
                Part(4 * (v.delta_norm + v.par_delta_norm), ("inside-delta",)),
            )
        ),
        ("bound", "inside-delta", "radius"),
    ),
    Step(
        "complexity",
        "its complexity: K(x, x) = 1/2 at every input",
        at_most(relu.complexity, relu.radius / (2 * v.n) ** (_one / 2)),
        Axiom("ball-complexity", ("ball",)),
        ("ball",),
    ),
    Step(
        "deviation",
        "uniform deviation over the ball, with the loss min(1, |f - y|)",
        at_most(v.clipped_risk, 2 * relu.complexity + relu.margin()),
        Axiom("rademacher-bound", ("ball",)),
        ("ball",),
    ),
    Step(
        "generalization",
        "together",
        at_most(v.clipped_risk, relu.complexity_bound()),
        Certificate((Part(_one, ("deviation",)), Part(2 * _one, ("complexity",)))),
        ("deviation", "complexity", "radius"),
    ),
)
