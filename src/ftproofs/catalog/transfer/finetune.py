"""Fine-tuning in high dimension: the gain over scratch in every draw, in the mean, in the limit (handbook B5, B8)."""

from sympy import Rational, cos, pi

from ftproofs.catalog.deep_linear.trajectory import DEEP, NETWORKS
from ftproofs.catalog.transfer import finetune_steps
from ftproofs.catalog.transfer.finetune_steps import ROOT
from ftproofs.claim import Claim, Domain, Each, Limit, Mean, Source, Statement, Variant, log_range, real_range
from ftproofs.symbolic.transfer import depth_gain, published_gain
from ftproofs.symbolic.vocabulary import equal, v

PAPER = Source("arXiv:2410.08194", "fine-tuning theorem")
OWN = Source("arXiv:2107.01641", "deep linear networks, and what follows for arXiv:2410.08194")

L, s, tau, sigma, gamma, rho, n, d = (
    v.L,
    v.source_norm,
    v.target_norm,
    v.sigma,
    v.gamma,
    cos(v.theta),
    v.n,
    v.d,
)


def _gain(c: object) -> Statement:
    return equal(v.transfer_gain, 2 * c * v.perp_product - c**2 * v.perp_source_norm**2)  # type: ignore[operator]


FINETUNE_DRAW = Claim(
    id="transfer-finetune-draw",
    title="What fine-tuning gains over scratch, network by network",
    source=OWN,
    experiment="transfer.finetune",
    quantifier=Each(),
    domain=NETWORKS,
    statements=(_gain(ROOT),),
    steps=finetune_steps.DRAW,
    uses=("deep-linear-endpoint", "linear-scratch"),
    variants=(
        Variant("no-depth", "depth has no effect: c = 1", (_gain(1),), domain=DEEP, tell="L >= 2"),
        Variant(
            "sign",
            "fine-tuning's risk minus that from scratch",
            (equal(v.transfer_gain, ROOT**2 * v.perp_source_norm**2 - 2 * ROOT * v.perp_product),),
            tell="anywhere",
        ),
    ),
)

ONE_LAYER = Domain.of(
    n=(2, 32),
    d=(12, 40),
    L=1,
    theta=real_range(0, pi),
    source_norm=log_range(Rational(1, 2), 2),
    target_norm=log_range(Rational(1, 2), 2),
    sigma=real_range(0, 1),
).where(n <= 3 * d / 4, n <= d - 4)

FINETUNE_ONE_LAYER = Claim(
    id="transfer-finetune-one-layer",
    title="The published gain of fine-tuning is exact at every size for one layer",
    source=PAPER,
    experiment="transfer.finetune",
    quantifier=Mean(),
    domain=ONE_LAYER,
    statements=(equal(v.transfer_gain, (1 - n / d) * (2 * rho * s * tau - s**2)),),
    steps=finetune_steps.ONE_LAYER,
    corollaries=finetune_steps.ONE_LAYER_COROLLARIES,
    uses=("linear-endpoint", "linear-scratch"),
    variants=(
        Variant(
            "chord",
            "the squared difference of unit teachers is 1 - cos theta",
            (equal(v.transfer_gain, (1 - n / d) * rho),),
            domain=ONE_LAYER.with_ranges(source_norm=1, target_norm=1),
            tell="angles other than 0",
        ),
        Variant(
            "right-angle-boundary",
            "the boundary is at 45 degrees",
            (equal(v.transfer_gain, (1 - n / d) * (2 * rho**2 - 1)),),
            domain=ONE_LAYER.with_ranges(source_norm=1, target_norm=1),
            tell="between 45 and 60 degrees",
        ),
    ),
)

_DEEP = Domain.of(
    gamma=real_range(Rational(1, 10), Rational(3, 10)),
    L=[2, 3],
    theta=real_range(0, pi),
    source_norm=log_range(Rational(1, 2), 2),
    target_norm=log_range(1, 2),
    sigma=real_range(0, 1),
)
#: Unit teachers with label noise.
NOISY = _DEEP.with_ranges(source_norm=1, target_norm=1, sigma=real_range(Rational(1, 2), 1))


def _limit(c: object) -> Statement:
    gain = (1 - gamma) * (2 * c * rho * s * tau - c**2 * s**2)  # type: ignore[operator]
    return equal(v.transfer_gain, gain)


FINETUNE = Claim(
    id="transfer-finetune",
    title="What depth-L fine-tuning gains over scratch in the limit, for teachers of any norms",
    source=OWN,
    experiment="transfer.finetune",
    quantifier=Limit(),
    domain=_DEEP,
    statements=(equal(v.transfer_gain, depth_gain(L, gamma, s, tau, rho, sigma)),),
    steps=finetune_steps.GAIN,
    corollaries=finetune_steps.GAIN_COROLLARIES,
    uses=("deep-linear-proportional-risk", "transfer-finetune-draw"),
    variants=(
        Variant(
            "noiseless-factor",
            "the gain does not depend on the noise",
            (equal(v.transfer_gain, depth_gain(L, gamma, s, tau, rho, 0)),),
            domain=NOISY,
            tell="noise",
        ),
    ),
)

FINETUNE_PUBLISHED = Claim(
    id="transfer-finetune-published",
    title="As published, for teachers of any norms: the gain of fine-tuning does not depend on depth",
    source=PAPER,
    experiment="transfer.finetune",
    quantifier=Limit(),
    domain=_DEEP,
    statements=(equal(v.transfer_gain, published_gain(gamma, s, tau, rho)),),
    expected="refuted",
    corrected="transfer-finetune",
)

COLLINEAR = NETWORKS.with_ranges(theta=[0, pi])


def _rescaled(c: object) -> Statement:
    return equal(v.risk, (rho * tau / s - c) ** 2 * v.perp_source_norm**2 + v.noise_risk)


RESCALED = Claim(
    id="transfer-rescaled-finetune",
    title="Fine-tuning towards a rescaled target, with either sign",
    source=Source("arXiv:2410.08194", "rescaled teachers"),
    experiment="transfer.finetune",
    quantifier=Each(),
    domain=COLLINEAR,
    statements=(_rescaled(ROOT),),
    steps=finetune_steps.RESCALED,
    corollaries=finetune_steps.RESCALED_COROLLARIES,
    uses=("deep-linear-endpoint",),
    variants=(
        Variant(
            "scale-invariant",
            "fine-tuning does not see the scale",
            (equal(v.risk, v.noise_risk),),
            domain=COLLINEAR.with_ranges(theta=0),
            tell="finite depth and scales that differ",
        ),
        Variant("no-depth", "nor the depth", (_rescaled(1),), domain=COLLINEAR.with_ranges(L=[2, 3, 5]), tell="L >= 2"),
    ),
)

CLAIMS = (
    FINETUNE_DRAW,
    FINETUNE_ONE_LAYER,
    FINETUNE,
    FINETUNE_PUBLISHED,
    RESCALED,
)
