"""A smaller start generalises better on modular addition."""

from sympy import Rational

from ftproofs.claim import Claim, Domain, Source, Trend
from ftproofs.symbolic.paired import at
from ftproofs.symbolic.vocabulary import greater, v

_half = Rational(1, 2)

MODULAR = Claim(
    id="modular-small-starts",
    title="After 800 steps a one-layer transformer that started small answers more of the sums it has not seen",
    source=Source("arXiv:2210.01117", "the scale of the start and generalisation on algorithmic data"),
    experiment="trends.modular",
    quantifier=Trend(effect=0.1),
    domain=Domain.of(modulus=7),
    statements=(greater(at(v.unseen_accuracy, start_scale=_half), at(v.unseen_accuracy, start_scale=3)),),
)
