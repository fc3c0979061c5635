"""Frozen layers: why fine-tuning the last layers alone cannot learn a new direction (handbook A9)."""

from sympy import Eq, Or, Rational, cos, pi, sin

from ftproofs.catalog.deep_linear import frozen_steps
from ftproofs.claim import Claim, Domain, Each, Source, Variant, log_range, real_range
from ftproofs.symbolic.vocabulary import at_least, equal, v

SOURCE = Source("arXiv:2107.01641", "freezing layers: learning failure")

ANISOTROPIC = ["power-law", "spiked"]

FROZEN_LAYERS = Domain.of(
    L=[2, 3, 5],
    frozen=[1, 2, 4],
    width=[1, 3],
    n=(2, 72),
    d=(8, 24),
    theta=real_range(0, pi),
    source_norm=log_range(Rational(1, 2), 2),
    target_norm=log_range(Rational(1, 2), 2),
    sigma=real_range(0, 1),
    spectrum=["isotropic", *ANISOTROPIC],
).where(v.frozen <= v.L - 1, Or(v.n <= 3 * v.d / 4, v.n >= 4 * v.d / 3))

#: Infinite data without noise, and one layer left to train.
INFINITE_DATA = Domain.of(
    L=[2, 3, 5],
    frozen=[1, 2, 4],
    width=[1, 3],
    n=(8, 24),
    d=(8, 24),
    theta=real_range(0, pi),
    source_norm=log_range(Rational(1, 2), 2),
    target_norm=log_range(Rational(1, 2), 2),
    sigma=0,
    spectrum=["isotropic", *ANISOTROPIC],
    inputs="population",
).where(Eq(v.n, v.d), Eq(v.frozen, v.L - 1))

_ACROSS = real_range(pi / 6, 5 * pi / 6)

FROZEN = Claim(
    id="deep-linear-frozen",
    title="With its first layers frozen a network learns no direction but the source's",
    source=SOURCE,
    experiment="deep-linear.frozen",
    quantifier=Each(),
    domain=FROZEN_LAYERS,
    statements=(at_least(v.risk, frozen_steps.FLOOR),),
    steps=frozen_steps.FROZEN,
    variants=(
        Variant(
            "more-data",
            "enough data remove the floor",
            (equal(v.risk, 0),),
            domain=INFINITE_DATA.with_ranges(theta=_ACROSS),
            tell="infinite data: the floor is what is left",
        ),
        Variant(
            "any-features",
            "the floor holds for generic features of full rank",
            domain=INFINITE_DATA.with_ranges(L=2, frozen=1, width=[3, 6], theta=_ACROSS, features="full-rank"),
            tell="width above 1: the features span more than one direction",
        ),
        Variant(
            "last-layers",
            "freezing the last layers fails as well",
            domain=INFINITE_DATA.with_ranges(L=[2, 3], frozen=[1, 2], theta=_ACROSS, frozen_end="last"),
            tell="the first layer can turn: infinite data give risk 0",
        ),
    ),
)

ATTAINED = Claim(
    id="deep-linear-frozen-attained",
    title="With infinite data the last layer alone reaches that risk",
    source=SOURCE,
    experiment="deep-linear.frozen",
    quantifier=Each(),
    domain=INFINITE_DATA,
    statements=(equal(v.risk, frozen_steps.FLOOR),),
    steps=frozen_steps.ATTAINED,
    uses=("deep-linear-frozen",),
    variants=(
        Variant(
            "plain-angle",
            "the teachers' plain angle, whatever the covariance",
            (equal(v.risk, v.sigma_target_norm**2 * sin(v.theta) ** 2),),
            domain=INFINITE_DATA.with_ranges(spectrum=ANISOTROPIC),
            tell="anisotropic covariance",
        ),
        Variant(
            "cosine",
            "the squared cosine for the squared sine",
            (equal(v.risk, v.sigma_product**2 / v.sigma_source_norm**2),),
            tell="angles other than 45 degrees",
        ),
    ),
)

ISOTROPIC = Claim(
    id="deep-linear-frozen-isotropic",
    title="For isotropic inputs that is the squared sine of the teachers' angle",
    source=SOURCE,
    experiment="deep-linear.frozen",
    quantifier=Each(),
    domain=FROZEN_LAYERS.with_ranges(spectrum="isotropic"),
    statements=(at_least(v.risk, v.target_norm**2 * sin(v.theta) ** 2),),
    steps=frozen_steps.ISOTROPIC,
    uses=("deep-linear-frozen",),
    variants=(
        Variant(
            "cosine",
            "the squared cosine for the squared sine",
            (at_least(v.risk, v.target_norm**2 * cos(v.theta) ** 2),),
            domain=INFINITE_DATA.with_ranges(spectrum="isotropic", theta=real_range(0, pi / 6)),
            tell="angles below 45 degrees",
        ),
    ),
)

#: Several layers left: they keep the source's sign, so that the teachers' angle has to be acute.
ATTAINED_DEEPER = Claim(
    id="deep-linear-frozen-deeper",
    title="So do several last layers together, when the teachers' angle is acute",
    source=SOURCE,
    experiment="deep-linear.frozen",
    quantifier=Each(),
    domain=INFINITE_DATA.without_constraints()
    .with_ranges(L=[3, 5], frozen=[1, 2, 3], theta=real_range(0, 2 * pi / 5), spectrum="isotropic")
    .where(Eq(v.n, v.d), v.frozen <= v.L - 2),
    statements=(equal(v.risk, v.target_norm**2 * sin(v.theta) ** 2),),
    steps=frozen_steps.DEEPER,
    uses=("deep-linear-frozen-isotropic",),
    variants=(
        Variant(
            "any-angle",
            "also when the angle is obtuse",
            domain=INFINITE_DATA.without_constraints()
            .with_ranges(L=[3, 5], frozen=[1, 2, 3], theta=real_range(3 * pi / 5, pi), spectrum="isotropic")
            .where(Eq(v.n, v.d), v.frozen <= v.L - 2),
            tell="an obtuse angle: training ends at 0, with the risk of predicting 0",
        ),
    ),
)
