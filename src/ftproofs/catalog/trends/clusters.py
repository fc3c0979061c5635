"""Small starts cluster the neurons of a leaky-ReLU classifier (handbook D3)."""

from sympy import Rational

from ftproofs.claim import Claim, Domain, Source, Trend, Variant
from ftproofs.symbolic.paired import at
from ftproofs.symbolic.vocabulary import greater, less, v

SOURCE = Source("arXiv:2101.02533", "clustering from small initialisation")

_small = Rational(1, 1000)
#: With a margin: without one the last points are fitted by neurons that leave their cluster.
CLASSIFIERS = Domain.of(samples=100, d=[5, 10], neurons=10, leak=Rational(3, 10), teacher_margin=Rational(1, 2))

CLUSTERS = Claim(
    id="clusters-from-small-starts",
    title="A leaky-ReLU classifier that starts small has clustered neurons and is nearer to a linear rule",
    source=SOURCE,
    experiment="trends.clusters",
    quantifier=Trend(effect=0.005),
    domain=CLASSIFIERS,
    statements=(
        greater(at(v.cluster_cosine, init_scale=_small), at(v.cluster_cosine, init_scale=1)),
        greater(at(v.rule_agreement, init_scale=_small), at(v.rule_agreement, init_scale=1)),
    ),
    variants=(
        Variant(
            "large-starts",
            "one that starts large has",
            (less(at(v.cluster_cosine, init_scale=_small), at(v.cluster_cosine, init_scale=1)),),
            tell="any data",
        ),
        Variant(
            "further-from-a-line",
            "small starts are further from a linear rule",
            (less(at(v.rule_agreement, init_scale=_small), at(v.rule_agreement, init_scale=1)),),
            tell="any data",
        ),
    ),
)
