"""Fine-tuning after pretraining on finite source data: what is published, and what depth makes of it (handbook B6)."""

from sympy import Rational, cos, pi

from ftproofs.catalog.deep_linear.trajectory import NETWORKS
from ftproofs.catalog.transfer import source_steps as steps
from ftproofs.catalog.transfer.finetune import OWN
from ftproofs.claim import Claim, Domain, Each, Limit, Mean, Source, Statement, Variant, log_range, real_range
from ftproofs.symbolic.transfer import finetune_gain
from ftproofs.symbolic.vocabulary import equal, v

PAPER = Source("arXiv:2410.08194", "fine-tuning with finite source data")

L, s, tau, sigma, gamma, n, d = v.L, v.source_norm, v.target_norm, v.sigma, v.gamma, v.n, v.d
gamma_s, sigma_s, rho = v.gamma_s, v.sigma_s, cos(v.theta)

#: Source samples stay so far from d that the noise of their fit has a finite variance.
ONE_LAYER = Domain.of(
    n=(4, 30),
    d=(24, 48),
    L=1,
    theta=real_range(0, pi),
    source_norm=log_range(Rational(1, 2), 2),
    target_norm=log_range(Rational(1, 2), 2),
    sigma=real_range(0, 1),
    sigma_s=real_range(0, 1),
).where(n <= d / 2)
FEW = ONE_LAYER.with_ranges(gamma_s=real_range(Rational(1, 5), Rational(1, 2)))
MANY = ONE_LAYER.with_ranges(gamma_s=real_range(Rational(3, 2), 3), d=(28, 56))


def _mean(squared: object, share: object) -> Statement:
    return equal(v.transfer_gain, steps.mean_gain(squared, share))


SOURCE_FEW = Claim(
    id="transfer-source-one-layer-few",
    title="With fewer source samples than dimensions the published gain is right for one layer",
    source=PAPER,
    experiment="transfer.finetune",
    quantifier=Mean(),
    domain=FEW,
    statements=(_mean(steps.MEAN_BELOW, gamma_s),),
    steps=steps.ONE_LAYER_BELOW,
    corollaries=steps.ONE_LAYER_COROLLARIES,
    uses=("linear-endpoint", "linear-scratch"),
    variants=(
        Variant(
            "swapped",
            "source and target ratios exchanged",
            (
                equal(
                    v.transfer_gain,
                    (1 - gamma_s) * (2 * n / d * s * tau * rho - n / d * s**2 - sigma_s**2 * n / (d - n - 1)),
                ),
            ),
            domain=FEW.with_ranges(gamma_s=real_range(Rational(2, 5), Rational(1, 2))).where(n <= d / 4),
            tell="ratios that differ",
        ),
        Variant(
            "noise-over-target",
            "the source's noise over the target's room",
            (_mean(gamma_s * s**2 + sigma_s**2 * gamma_s / (1 - n / d), gamma_s),),
            domain=FEW.with_ranges(
                gamma_s=real_range(Rational(2, 5), Rational(1, 2)), sigma_s=real_range(Rational(1, 2), 1)
            ).where(n <= d / 4),
            tell="ratios that differ, and source noise",
        ),
        Variant(
            "share-squared",
            "the fit's squared norm with gamma_s^2",
            (_mean(steps.MEAN_BELOW - gamma_s * s**2 + gamma_s**2 * s**2, gamma_s),),
            tell="gamma_s below 1",
        ),
    ),
)

SOURCE_MANY = Claim(
    id="transfer-source-one-layer-many",
    title="The same with more source samples than dimensions",
    source=PAPER,
    experiment="transfer.finetune",
    quantifier=Mean(),
    domain=MANY,
    statements=(_mean(steps.MEAN_ABOVE, 1),),
    steps=steps.ONE_LAYER_ABOVE,
    uses=("linear-endpoint", "linear-scratch"),
    variants=(
        Variant(
            "population",
            "enough source samples act like the population",
            (_mean(s**2, 1),),
            domain=MANY.with_ranges(
                gamma_s=real_range(Rational(3, 2), 2), sigma_s=real_range(Rational(1, 2), 1), source_norm=1
            ),
            tell="source noise: harm peaks at gamma_s = 1 and falls slowly",
        ),
    ),
)

_DEEP = Domain.of(
    gamma=real_range(Rational(1, 10), Rational(3, 10)),
    L=[2, 3],
    theta=real_range(0, pi),
    source_norm=1,
    target_norm=1,
    sigma=real_range(0, Rational(1, 2)),
    sigma_s=real_range(0, Rational(1, 2)),
)
DEEP_FEW = _DEEP.with_ranges(gamma_s=real_range(Rational(1, 4), Rational(1, 2)))


def _published(squared: object, share: object) -> Statement:
    return equal(v.transfer_gain, (1 - gamma) * (2 * share * rho - squared))  # type: ignore[operator]


FINETUNE_SOURCE = Claim(
    id="transfer-source",
    title="What depth-L fine-tuning gains after pretraining on fewer samples than dimensions",
    source=OWN,
    experiment="transfer.finetune",
    quantifier=Limit(),
    domain=DEEP_FEW,
    statements=(equal(v.transfer_gain, steps.limit_gain(steps.BELOW, gamma_s)),),
    steps=steps.ANY_DEPTH_BELOW,
    corollaries=steps.ANY_DEPTH_COROLLARIES,
    uses=("transfer-finetune", "deep-linear-endpoint"),
    variants=(
        Variant(
            "source-norm",
            "c as from the source teacher itself",
            (
                equal(
                    v.transfer_gain,
                    finetune_gain(steps.FACTOR_OF_TEACHER, gamma, gamma_s * s * tau * rho, steps.BELOW_NORM),
                ),
            ),
            tell="gamma_s below 1: the fit is shorter than the teacher",
        ),
    ),
)

FINETUNE_SOURCE_PUBLISHED = Claim(
    id="transfer-source-published",
    title="As published: with finite source data the gain of fine-tuning does not depend on depth",
    source=PAPER,
    experiment="transfer.finetune",
    quantifier=Limit(),
    domain=DEEP_FEW,
    statements=(_published(steps.BELOW.subs({s: 1}), gamma_s),),
    expected="refuted",
    corrected="transfer-source",
)

DRAWS = NETWORKS.with_ranges(
    gamma_s=[Rational(1, 4), Rational(1, 2), 2, 4], sigma_s=real_range(0, 1), sigma=real_range(0, 1)
)


def _draw(c: object) -> Statement:
    return equal(v.transfer_gain, 2 * c * v.perp_product - c**2 * v.perp_source_norm**2)  # type: ignore[operator]


SOURCE_DRAW = Claim(
    id="transfer-source-draw",
    title="What fine-tuning gains after pretraining on finite source data, network by network",
    source=OWN,
    experiment="transfer.finetune",
    quantifier=Each(),
    domain=DRAWS,
    statements=(_draw(steps.ROOT),),
    steps=steps.DRAW,
    uses=("transfer-finetune-draw",),
    variants=(
        Variant(
            "no-depth", "depth has no effect: c = 1", (_draw(1),), domain=DRAWS.with_ranges(L=[2, 3, 5]), tell="L >= 2"
        ),
        Variant(
            "teacher-norm",
            "c with the source teacher's norm for the fit's",
            (_draw(steps.ROOT_OF_TEACHER),),
            domain=DRAWS.with_ranges(L=[2, 3, 5]),
            tell="a fit whose norm is not the teacher's",
        ),
    ),
)

CLAIMS = (SOURCE_FEW, SOURCE_MANY, FINETUNE_SOURCE, FINETUNE_SOURCE_PUBLISHED, SOURCE_DRAW)
