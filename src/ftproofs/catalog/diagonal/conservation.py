"""Conservation laws of diagonal networks, for the flow and for finite steps (handbook 1.1, 1.2)."""

from __future__ import annotations

from sympy import Rational, exp, sinh

from ftproofs.catalog.diagonal import conservation_steps
from ftproofs.claim import Claim, Domain, Each, Source, Variant, log_range, real_range
from ftproofs.symbolic.vocabulary import equal, v

SOURCE = Source("arXiv:2602.20062", "diagonal networks: invariants of gradient flow")

TASKS = Domain.of(
    n=(2, 10),
    d=(8, 24),
    c=log_range(Rational(1, 10), 2),
    r=real_range(Rational(-9, 10), Rational(9, 10)),
    sigma=real_range(0, Rational(1, 2)),
    rho_shared=[Rational(1, 2), 1],
    rho_new=[0, Rational(1, 5)],
    amplitude=["atom", "gauss"],
).where(v.n <= 3 * v.d / 4)

#: Training by steps, from gentle to coarse.
STEPPED = TASKS.with_ranges(
    engine="descent", step=real_range(Rational(1, 20), Rational(1, 4)), c=real_range(Rational(1, 2), 2)
)

CONSERVATION = Claim(
    id="diagonal-conservation",
    title="Gradient flow conserves the scale and the relative scale of every coordinate",
    source=SOURCE,
    experiment="diagonal.scratch",
    quantifier=Each(),
    domain=TASKS,
    statements=(equal(v.c_drift, 0), equal(v.r_drift, 0)),
    steps=conservation_steps.CONSERVATION,
    corollaries=conservation_steps.IDENTITIES,
    variants=(
        Variant(
            "steps-conserve",
            "finite steps conserve them as well",
            domain=STEPPED,
            tell="any step size: the scale falls by the product of 1 - e^2",
        ),
    ),
)

DISCRETE = Claim(
    id="diagonal-discrete-law",
    title="Steps of gradient descent multiply the conserved quantities by known factors",
    source=SOURCE,
    experiment="diagonal.scratch",
    quantifier=Each(),
    domain=STEPPED,
    statements=(
        equal(v.c_ratio, v.drift_product),
        equal(v.sum_ratio, v.sum_product),
        equal(v.difference_ratio, v.difference_product),
        equal(v.drift_gap, 0),
    ),
    steps=conservation_steps.DISCRETE,
    variants=(
        Variant("conserved", "c is conserved exactly", (equal(v.c_ratio, 1),), tell="any step"),
        Variant("factor-plus", "the factor is 1/(1 - e^2)", (equal(v.c_ratio * v.drift_product, 1),), tell="any step"),
        Variant(
            "reciprocal",
            "the branches' factors are reciprocal, as for the flow",
            (equal(v.sum_ratio * v.difference_ratio, 1),),
            tell="finite steps lose scale",
        ),
    ),
)

TRAJECTORY = Claim(
    id="diagonal-trajectory",
    title="The predictor follows c sinh(2 s), s the time integral of X'rho",
    source=SOURCE,
    experiment="diagonal.scratch",
    quantifier=Each(),
    domain=TASKS,
    statements=(
        equal(v.sum_ratio, exp(2 * v.phase)),
        equal(v.difference_ratio, exp(-2 * v.phase)),
        equal(v.beta_end, v.c * sinh(2 * v.phase)),
    ),
    steps=conservation_steps.TRAJECTORY,
    variants=(
        Variant("half", "the predictor is c sinh(s)", (equal(v.beta_end, v.c * sinh(v.phase)),), tell="any target"),
        Variant("growth-rate", "A grows by exp(s)", (equal(v.sum_ratio, exp(v.phase)),), tell="any target"),
        Variant(
            "literature-scale",
            "the scale is 2 c: k = c^2 in place of 4 c^2",
            (equal(v.beta_end, 2 * v.c * sinh(2 * v.phase)),),
            tell="any target",
        ),
        Variant(
            "steps",
            "it holds for finite steps",
            domain=STEPPED,
            tell="any step size",
        ),
    ),
)

CLAIMS = (CONSERVATION, DISCRETE, TRAJECTORY)
