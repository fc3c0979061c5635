"""Leaky-ReLU classifiers whose neurons form two clusters classify linearly (handbook D1, D2).

That small starts lead training to such clusters (D3) is a trend, not a theorem, and not claimed here.
"""

from sympy import Integer, Rational

from ftproofs.catalog.leaky_relu import steps
from ftproofs.claim import Claim, Domain, Each, Source, Variant, log_range, real_range
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, v

SOURCE = Source("arXiv:2101.02533", "two-layer leaky-ReLU networks: clustered neurons are a linear classifier")

_one = Integer(1)

#: Clusters that are perfect at the start and stay so: each neuron is its output weight times one vector.
PERFECT = Domain.of(
    n=(2, 20),
    d=(2, 8),
    m=(2, 12),
    slope=real_range(Rational(1, 20), Rational(9, 10)),
    init_scale=log_range(Rational(1, 10), 1),
    readout=["equal", "unequal"],
    steps=[1, 100],
)
_linear = at_least(v.linear_agreement, _one)

CLUSTERS = Claim(
    id="leaky-relu-perfect-clusters",
    title="With two perfect clusters the sign is exactly that of a linear rule, which scales by between slope and 1",
    source=SOURCE,
    experiment="leaky-relu.train",
    quantifier=Each(),
    domain=PERFECT,
    statements=(at_least(v.least_slope, v.slope), at_most(v.greatest_slope, _one), _linear),
    steps=steps.PERFECT,
    variants=(
        Variant("relu", "with ReLU too", (_linear,), domain=PERFECT.with_ranges(slope=0), tell="both sides inactive"),
        Variant(
            "mixed-signs",
            "also with scales of both signs",
            (_linear,),
            domain=PERFECT.with_ranges(scales="mixed", m=(6, 12)),
            tell="neurons on both sides",
        ),
        Variant("linear", "the network is a linear function", (equal(v.linear_misfit, 0),)),
    ),
)

#: Clusters about their centres, with equal output weights.
APPROXIMATE = PERFECT.with_ranges(
    readout="equal",
    spread=real_range(0, Rational(1, 5)),
)
_certified = at_least(v.certified_agreement, _one)

APPROXIMATE_CLUSTERS = Claim(
    id="leaky-relu-approximate-clusters",
    title="With approximate clusters the centroids' sign is the network's wherever slope |l| exceeds the spread",
    source=SOURCE,
    experiment="leaky-relu.train",
    quantifier=Each(),
    domain=APPROXIMATE,
    statements=(_certified,),
    steps=steps.APPROXIMATE,
    uses=("leaky-relu-perfect-clusters",),
    variants=(
        Variant(
            "no-slope",
            "without the slope: wherever |l| exceeds the spread",
            (at_least(v.unscaled_agreement, _one),),
            domain=APPROXIMATE.with_ranges(m=20, d=[1, 2], slope=Rational(1, 10), cluster="outlier", spread=0, steps=1),
            tell="a slope below 1/3, and one neuron far on the other side",
        ),
        Variant(
            "unequal-readout",
            "with unequal output weights and means that do not weigh by them",
            domain=APPROXIMATE.with_ranges(readout="unequal", scales="equal", spread=0, m=(2, 4), steps=1),
            tell="two neurons of unequal weight",
        ),
    ),
)

CLAIMS = (CLUSTERS, APPROXIMATE_CLUSTERS)
