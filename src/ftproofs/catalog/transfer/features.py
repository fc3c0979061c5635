"""Pretraining from a small start leaves features of rank one (handbook B2)."""

from sympy import Rational

from ftproofs.catalog.transfer import features_steps as steps
from ftproofs.claim import Claim, Domain, Each, Source, Variant, log_range
from ftproofs.symbolic.vocabulary import equal, v

SOURCE = Source("arXiv:2410.08194", "feature sparsification")

STARTS = Domain.of(
    L=2,
    d=(4, 16),
    width=[3, 5],
    init_scale=log_range(Rational(1, 100), Rational(3, 10)),
    source_norm=log_range(Rational(1, 2), 2),
)

IDENTITIES = Claim(
    id="transfer-features",
    title="What pretraining conserves fixes the singular values of the features",
    source=SOURCE,
    experiment="deep-linear.pretrain",
    quantifier=Each(),
    domain=STARTS,
    statements=(
        equal(v.singular_value_1, v.conserved_value_1),
        equal(v.singular_value_2, v.conserved_value_2),
        equal(v.singular_value_3, v.conserved_value_3),
        equal(v.spurious_value, v.conserved_spurious_value),
        equal(v.readout_norm**4 + v.readout_form, v.source_norm**2),
    ),
    steps=steps.IDENTITIES,
    variants=(
        Variant(
            "balanced",
            "the start's imbalance is forgotten, also at scales near 1",
            (equal(v.singular_value_1, v.readout_norm),),
            domain=STARTS.with_ranges(init_scale=Rational(1, 2)),
            tell="starts that are not small: lazy training keeps them",
        ),
    ),
)

ORTHONORMAL = Claim(
    id="transfer-features-orthonormal",
    title="From an orthonormal start the second singular value of the features is the scale of the start",
    source=SOURCE,
    experiment="deep-linear.pretrain",
    quantifier=Each(),
    domain=STARTS.with_ranges(start="orthonormal", d=(5, 16)),
    statements=(equal(v.singular_value_2, v.init_scale),),
    steps=steps.ORTHONORMAL,
    variants=(
        Variant(
            "quadratic", "it is the square of the scale", (equal(v.singular_value_2, v.init_scale**2),), tell="anywhere"
        ),
    ),
)

CLAIMS = (IDENTITIES, ORTHONORMAL)
