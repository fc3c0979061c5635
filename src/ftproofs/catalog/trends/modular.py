"""A smaller start generalises better on modular addition, as far as the ordinary scale (smaller ones learn late)."""

from ftproofs.claim import Claim, Domain, Source, Trend
from ftproofs.symbolic.paired import at
from ftproofs.symbolic.vocabulary import greater, v

MODULAR = Claim(
    id="modular-small-starts",
    title="After 800 steps a one-layer transformer answers more unseen sums than one that started three times larger",
    source=Source("arXiv:2210.01117", "the scale of the start and generalisation on algorithmic data"),
    experiment="trends.modular",
    quantifier=Trend(effect=0.1),
    domain=Domain.of(modulus=9),
    statements=(greater(at(v.unseen_accuracy, start_scale=1), at(v.unseen_accuracy, start_scale=3)),),
)
