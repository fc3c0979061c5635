"""The path of deep linear fine-tuning: what is conserved, how small and how slow it gets (handbook A6)."""

from sympy import Rational, pi

from ftproofs.catalog.deep_linear import endpoint_steps, loss_steps, path_steps
from ftproofs.catalog.linear.stability import AWAY
from ftproofs.claim import Claim, Domain, Each, Source, Variant, log_range, real_range
from ftproofs.symbolic.functions import norm_floor
from ftproofs.symbolic.vocabulary import at_least, equal, v

SOURCE = Source("arXiv:2107.01641", "deep linear networks: the path of fine-tuning")

NETWORKS = Domain.of(
    L=[1, 2, 3, 5],
    width=[1, 3],
    n=(1, 30),
    d=(10, 40),
    theta=real_range(0, pi),
    source_norm=log_range(Rational(1, 2), 2),
    target_norm=log_range(Rational(1, 2), 2),
    sigma=real_range(0, 1),
).where(v.n <= 3 * v.d / 4, v.n >= v.d / 10)

DEEP = NETWORKS.with_ranges(L=[2, 3, 5])

RATIO = v.beta_norm / v.source_norm
FLOOR = norm_floor(v.L, v.perp_source_norm, v.source_norm)

PATH = Claim(
    id="deep-linear-path",
    title="Outside the data's span the predictor grows with the norm's power (L - 1)/L",
    source=SOURCE,
    experiment="deep-linear.finetune",
    quantifier=Each(),
    domain=NETWORKS,
    statements=(equal(v.path_gap, 0), equal(v.perp_ratio, RATIO ** ((v.L - 1) / v.L))),
    steps=endpoint_steps.PATH_AT_END,
    variants=(
        Variant("exponent-inverse", "exponent 1/L", (equal(v.perp_ratio, RATIO ** (1 / v.L)),), tell="L other than 2"),
        Variant("exponent-minus-one", "exponent L - 1", (equal(v.perp_ratio, RATIO ** (v.L - 1)),), tell="L >= 2"),
        Variant(
            "exponent-upside-down",
            "exponent L/(L - 1)",
            (equal(v.perp_ratio, RATIO ** (v.L / (v.L - 1))),),
            domain=DEEP,
            tell="L >= 2",
        ),
        Variant(
            "inverse-ratio",
            "source norm over the predictor's norm",
            (equal(v.perp_ratio, RATIO ** (-(v.L - 1) / v.L)),),
            tell="L >= 2",
        ),
        Variant(
            "target-normalised",
            "normalised by the target's norm",
            (equal(v.perp_ratio, (v.beta_norm / v.target_norm) ** ((v.L - 1) / v.L)),),
            tell="norms that differ; false at time 0 already",
        ),
        Variant(
            "unbalanced",
            "the law holds for unbalanced weights too",
            domain=NETWORKS.with_ranges(L=2, width=1, imbalance=real_range(Rational(5, 4), 2)),
            tell="imbalance other than 1",
        ),
    ),
)

NORM_FLOOR = Claim(
    id="deep-linear-norm-floor",
    title="The predictor's norm never falls below b^L / s^(L - 1)",
    source=SOURCE,
    experiment="deep-linear.finetune",
    quantifier=Each(),
    domain=NETWORKS,
    statements=(at_least(v.min_beta_norm, FLOOR),),
    steps=path_steps.NORM_FLOOR,
    uses=("deep-linear-path",),
    variants=(
        Variant(
            "never-shrinks",
            "the norm never falls below its start",
            (at_least(v.min_beta_norm, v.source_norm),),
            tell="teachers that disagree",
        ),
    ),
)

RATE = Claim(
    id="deep-linear-rate",
    title="The training loss decays exponentially at the norm floor's rate",
    source=SOURCE,
    experiment="deep-linear.finetune",
    quantifier=Each(),
    domain=NETWORKS.where(AWAY),
    statements=(at_least(v.decay_rate, 2 * FLOOR ** (2 - 2 / v.L)),),
    steps=loss_steps.RATE,
    uses=("deep-linear-norm-floor",),
    variants=(
        Variant(
            "rate-at-the-start",
            "it decays at the rate of the start's norm",
            (at_least(v.decay_rate, 2 * v.source_norm ** (2 - 2 / v.L)),),
            domain=DEEP.with_ranges(theta=real_range(3 * pi / 4, pi), target_norm=Rational(1, 2)),
            tell="L >= 2 and a predictor that shrinks",
        ),
    ),
)

FIRST_LAYER = Claim(
    id="deep-linear-first-layer",
    title="Outside the data's span the first layer never moves",
    source=SOURCE,
    experiment="deep-linear.finetune",
    quantifier=Each(),
    domain=NETWORKS,
    statements=(equal(v.first_layer_gap, 0),),
    steps=path_steps.FIRST_LAYER,
)
