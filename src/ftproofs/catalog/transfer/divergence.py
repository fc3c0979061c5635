"""Distances between data distributions do not determine transfer: closed forms, families, one bound (handbook B7)."""

from sympy import Rational, pi

from ftproofs.catalog.deep_linear.frozen import INFINITE_DATA
from ftproofs.catalog.transfer import divergence_steps as steps
from ftproofs.claim import Claim, Domain, Each, Limit, Source, Variant, log_range, real_range
from ftproofs.symbolic import divergences as div
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, v

SOURCE = Source("arXiv:2410.08194", "divergences between source and target do not predict transfer")
GELBRICH = Source("Gelbrich 1990; arXiv:2410.08194", "Wasserstein distance of Gaussian laws")

GAP, sigma = steps.GAP, v.sigma
PAIRS = Domain.of(
    n=(3, 40),
    gamma=real_range(Rational(1, 10), 1),
    theta=real_range(Rational(1, 10), pi / 2),
    source_norm=log_range(Rational(1, 2), 2),
    target_norm=log_range(Rational(1, 2), 2),
    sigma=real_range(Rational(1, 10), 1),
)
_UNTRAINED = "a distance between distributions, nothing is trained"


def _claim(id: str, title: str, statement: object, derivation: object, **more: object) -> Claim:
    return Claim(
        id=f"transfer-divergence-{id}",
        title=title,
        source=more.pop("source", SOURCE),  # type: ignore[arg-type]
        experiment="transfer.linear",
        quantifier=Limit(),
        domain=more.pop("domain", PAIRS),  # type: ignore[arg-type]
        statements=(statement,),  # type: ignore[arg-type]
        steps=derivation,  # type: ignore[arg-type]
        untrained=_UNTRAINED,
        **more,  # type: ignore[arg-type]
    )


KULLBACK_LEIBLER = _claim(
    "kl",
    "The Kullback-Leibler divergence of two teachers' data, the same in both directions",
    equal(steps.KL, div.kullback_leibler(GAP, sigma)),
    steps.KULLBACK_LEIBLER,
    corollaries=steps.KULLBACK_LEIBLER_COROLLARIES,
    variants=(Variant("twice", "without the half", (equal(steps.KL, GAP / sigma**2),)),),
)

HELLINGER = _claim(
    "hellinger",
    "Their squared Hellinger distance",
    equal(1 - steps.AFFINITY, div.hellinger_squared(GAP, sigma)),
    steps.HELLINGER,
    variants=(
        Variant(
            "first-order",
            "its expansion for close teachers everywhere",
            (equal(1 - steps.AFFINITY, GAP / (8 * sigma**2)),),
        ),
    ),
)

TOTAL_VARIATION = _claim(
    "total-variation",
    "The total variation of unit teachers' data, as the integral of its slope along the distance",
    equal(steps.TOTAL_VARIATION[-1].relation.lhs, steps.TOTAL),
    steps.TOTAL_VARIATION,
    domain=PAIRS.with_ranges(source_norm=1, target_norm=1),
    variants=(
        Variant(
            "half",
            "half of it",
            (equal(steps.TOTAL_VARIATION[-1].relation.lhs, steps.TOTAL / 2),),
        ),
    ),
)

#: Finite for teachers closer than sigma/sqrt(2).
CLOSE = Domain.of(
    gamma=real_range(Rational(1, 10), 1),
    theta=real_range(Rational(1, 10), pi / 6),
    source_norm=1,
    target_norm=real_range(Rational(9, 10), Rational(11, 10)),
    sigma=real_range(1, 2),
)

CHI_SQUARED = _claim(
    "chi-squared",
    "Their chi-squared divergence, finite for close teachers only",
    equal(steps.RATIO - 1, steps.CHI_STABLE),
    steps.CHI_SQUARED,
    domain=CLOSE,
    variants=(Variant("sign", "the Hellinger sign", (equal(steps.RATIO - 1, div.hellinger_squared(8 * GAP, sigma)),)),),
)

WASSERSTEIN_COLLINEAR = _claim(
    "wasserstein-collinear",
    "The squared Wasserstein distance for teachers on one line",
    equal(steps.M - 2 * steps.sqrt(steps.R), steps.COLLINEAR[-1].relation.rhs),
    steps.COLLINEAR,
    source=GELBRICH,
    variants=(
        Variant(
            "difference",
            "the teachers' squared difference, which is only an upper bound",
            (equal(steps.M - 2 * steps.sqrt(steps.R), (steps._a - steps._b) ** 2),),
        ),
    ),
)

WASSERSTEIN_ANGLE = _claim(
    "wasserstein-angle",
    "For unit teachers at an angle it is four times the least root of a cubic",
    equal(steps.CHARACTERISTIC, steps.CUBIC),
    steps.ANGLE,
    corollaries=steps.ANGLE_COROLLARIES,
    source=GELBRICH,
)

FLOOR = Claim(
    id="transfer-divergence-floor",
    title="A small divergence implies a small floor of linear transfer: at most 2 sigma^2 KL",
    source=SOURCE,
    experiment="deep-linear.frozen",
    quantifier=Each(),
    domain=INFINITE_DATA.with_ranges(spectrum="isotropic", inputs="population"),
    statements=(at_most(v.risk, GAP),),
    steps=steps.FLOOR_BOUND,
    uses=("deep-linear-frozen-attained",),
    variants=(
        Variant("equal", "the floor is the divergence", (equal(v.risk, GAP),), tell="rescaled or opposite teachers"),
        Variant(
            "below", "a large divergence implies a large floor", (at_least(v.risk, GAP),), tell="opposite teachers"
        ),
    ),
)

CLAIMS = (
    KULLBACK_LEIBLER,
    HELLINGER,
    TOTAL_VARIATION,
    CHI_SQUARED,
    WASSERSTEIN_COLLINEAR,
    WASSERSTEIN_ANGLE,
    FLOOR,
)
