"""What fine-tuning an infinitely wide ReLU network costs, and how it generalizes (handbook A10b, A10d)."""

from sympy import Rational, exp, pi, sqrt

from ftproofs.catalog.relu import bounds_steps as steps
from ftproofs.claim import Claim, Domain, Each, Probability, Source, Variant, log_range, real_range
from ftproofs.symbolic.vocabulary import at_most, v

TASKS = Source("arXiv:2107.01641", "shallow ReLU networks: the complexity of fine-tuning; constants written out")
COMPLEXITY_SOURCE = Source("arXiv:1901.08584; arXiv:2107.01641", "complexity of linear labels; the constant sharpened")

TEACHERS = Domain.of(
    n=(1, 24),
    d=(3, 20),
    theta=real_range(pi / 6, pi),
    source_norm=log_range(Rational(1, 2), 2),
    target_norm=log_range(Rational(1, 2), 2),
).where(v.n <= 2 * v.d)
#: So many samples in few dimensions that the constant is nearly reached.
MANY = TEACHERS.without_constraints().with_ranges(n=(48, 60), d=3)

COMPLEXITY = Claim(
    id="relu-complexity",
    title="Fine-tuning a wide ReLU network from a linear function to a linear target costs at most 4|P delta|^2",
    source=COMPLEXITY_SOURCE,
    experiment="relu.infinite",
    quantifier=Each(),
    domain=TEACHERS,
    statements=(at_most(v.label_energy, 4 * v.par_delta_norm**2),),
    steps=steps.COMPLEXITY,
    uses=("relu-kernel",),
    variants=(
        Variant(
            "constant-2",
            "the constant 2, that of orthonormal inputs",
            (at_most(v.label_energy, 2 * v.par_delta_norm**2),),
            domain=MANY,
            tell="more samples than dimensions",
        ),
        Variant(
            "sharper",
            "the constant 39/10: 4 cannot be improved much, nor at all in the limit of many samples",
            (at_most(v.label_energy, Rational(39, 10) * v.par_delta_norm**2),),
            domain=MANY,
            tell="many samples in three dimensions",
        ),
        Variant(
            "absolute-labels",
            "for labels |delta'x| too",
            domain=MANY.with_ranges(labels="absolute"),
            tell="many samples in three dimensions",
        ),
        Variant(
            "quadratic-labels",
            "for labels (delta'x)^2 too",
            domain=MANY.with_ranges(labels="quadratic", source_norm=2, target_norm=2),
            tell="teachers far apart: squares are of another size",
        ),
        Variant(
            "form",
            "the cost r'H r in place of r'H^-1 r bounds it",
            (at_most(v.label_energy, v.label_form),),
            tell="few samples: H is below 1",
        ),
    ),
)

_t = v.deviation
_MARGIN = _t / (2 * sqrt(v.n))
_BOUND = sqrt(8 / v.n) * v.delta_norm + _MARGIN

DRAWS = Domain.of(
    n=(8, 16),
    d=(4, 10),
    deviation=real_range(Rational(3, 2), Rational(9, 4)),
    theta=real_range(pi / 6, pi / 2),
    source_norm=log_range(Rational(1, 4), 1),
    target_norm=log_range(Rational(1, 4), 1),
)

GENERALIZATION = Claim(
    id="relu-generalization",
    title="A wide ReLU network fine-tuned from a linear function generalizes by the distance of the teachers",
    source=TASKS,
    experiment="relu.infinite",
    quantifier=Probability(1 - exp(-(_t**2) / 2)),
    domain=DRAWS,
    statements=(at_most(v.clipped_risk, _BOUND),),
    steps=steps.GENERALIZATION,
    uses=("relu-complexity",),
    variants=(
        Variant(
            "data-dependent",
            "the root of r'H^-1 r/(2n) alone",
            (at_most(v.clipped_risk, sqrt(v.label_energy / (2 * v.n))),),
            domain=DRAWS.with_ranges(n=1, d=10),
            tell="one sample",
        ),
        Variant(
            "target-norm",
            "the target's norm in place of the distance of the teachers",
            (at_most(v.clipped_risk, sqrt(8 / v.n) * v.target_norm + _MARGIN),),
            domain=DRAWS.with_ranges(n=4, d=10, deviation=Rational(3, 2), source_norm=3, target_norm=Rational(1, 100)),
            tell="a long source and a target near 0",
        ),
    ),
)
