"""Where fine-tuning a deep linear network ends, and when it gets there (handbook A6)."""

from sympy import Limit, Rational, oo, pi, sqrt

from ftproofs.catalog.deep_linear import endpoint_steps, loss_steps
from ftproofs.catalog.deep_linear.trajectory import DEEP, NETWORKS
from ftproofs.claim import Claim, Domain, Each, Source, Variant, real_range
from ftproofs.symbolic.functions import depth_root
from ftproofs.symbolic.vocabulary import equal, v

SOURCE = Source("arXiv:2107.01641", "inductive bias of deep linear networks")

ROOT = depth_root(v.L, v.min_norm, v.perp_source_norm, v.source_norm)

CONVERGENCE = Claim(
    id="deep-linear-convergence",
    title="With n < d the flow always reaches zero loss, opposite teachers included",
    source=SOURCE,
    experiment="deep-linear.finetune",
    quantifier=Each(),
    domain=NETWORKS.with_ranges(theta=[pi, pi / 2, 0]),
    statements=(equal(v.train_loss, 0), equal(v.fit_gap, 0)),
    steps=loss_steps.CONVERGENCE,
    uses=("deep-linear-norm-floor", "deep-linear-rate"),
    variants=(
        Variant(
            "also-above-n-equals-d",
            "the flow always converges to the fit, also for n >= d",
            (equal(v.fit_gap, 0),),
            domain=Domain.of(
                L=[2, 3],
                n=(4, 12),
                d=(4, 12),
                theta=[pi],
                source_norm=real_range(1, 2),
                target_norm=real_range(Rational(1, 2), 1),
                inputs="population",
            ).where(v.n <= v.d, v.n >= v.d),
            tell="population loss and opposite teachers: it ends in the saddle at 0",
        ),
    ),
)

ENDPOINT = Claim(
    id="deep-linear-endpoint",
    title="Where fine-tuning a depth-L linear network ends",
    source=SOURCE,
    experiment="deep-linear.finetune",
    quantifier=Each(),
    domain=NETWORKS,
    statements=(equal(v.fit_gap, 0), equal(v.perp_alignment, 1), equal(v.perp_ratio, ROOT)),
    steps=endpoint_steps.ENDPOINT,
    corollaries=endpoint_steps.ENDPOINT_COROLLARIES,
    uses=("deep-linear-path", "deep-linear-convergence"),
    variants=(
        Variant("no-depth", "depth has no effect: c = 1", (equal(v.perp_ratio, 1),), tell="L >= 2 and A other than p"),
        Variant(
            "infinite-depth",
            "every depth ends where infinite depth does",
            (equal(v.perp_ratio, v.min_norm / v.par_source_norm),),
            tell="finite L",
        ),
        Variant(
            "source-scaled",
            "c = A/s",
            (equal(v.perp_ratio, v.min_norm / v.source_norm),),
            tell="everywhere but by chance",
        ),
        Variant(
            "target-inside",
            "inside the span the limit is the target's part, also with label noise",
            (equal(v.par_beta_norm, v.par_target_norm),),
            tell="sigma > 0",
        ),
        Variant(
            "remembers-above-d",
            "for n > d a multiple of the source's norm stays outside the span",
            (
                equal(
                    v.perp_beta_norm,
                    depth_root(v.L, v.min_norm, v.source_norm / 2, v.source_norm) * v.source_norm / 2,
                ),
            ),
            domain=DEEP.without_constraints().with_ranges(n=(14, 30), d=(10, 20)).where(v.n >= 4 * v.d / 3),
            tell="n > d: nothing is left outside the span",
        ),
        Variant(
            "unbalanced",
            "the law holds for unbalanced weights too",
            domain=NETWORKS.with_ranges(L=2, width=1, imbalance=real_range(Rational(5, 4), 2)),
            tell="imbalance other than 1",
        ),
    ),
)

INFINITE_DEPTH = Claim(
    id="deep-linear-infinite-depth",
    title="At infinite depth only the direction of the source matters",
    source=SOURCE,
    experiment="deep-linear.finetune",
    quantifier=Each(),
    domain=NETWORKS,
    statements=(
        equal(
            Limit(ROOT, v.L, oo),
            v.min_norm / sqrt(v.source_norm**2 - v.perp_source_norm**2),
        ),
    ),
    steps=endpoint_steps.INFINITE_DEPTH,
    uses=("deep-linear-endpoint",),
    untrained="a network of infinite depth cannot be trained",
)
