"""Where FedAvg ends: at the pooled fit with one local step, elsewhere with several."""

from sympy import Rational

from ftproofs.catalog.federated import steps
from ftproofs.claim import Claim, Domain, Each, Source, Variant, log_range, real_range
from ftproofs.symbolic.vocabulary import equal, v

SOURCE = Source("arXiv:2108.07313", "federated averaging of linear models")

#: Clients with fewer samples than dimensions and with more; together they have twice as many at least.
CLIENTS = Domain.of(
    n=(3, 16),
    d=(4, 12),
    clients=[8, 16],
    local_steps=1,
    local_step=real_range(Rational(1, 4), Rational(3, 4)),
    participation=[1, Rational(1, 4)],
    client_radius=log_range(Rational(1, 4), 1),
    sigma=real_range(0, 1),
).where(4 * v.n >= v.d)

ONE_STEP = Claim(
    id="federated-one-local-step",
    title="With one local step FedAvg ends at least squares on all clients' data",
    source=SOURCE,
    experiment="federated.server",
    quantifier=Each(),
    domain=CLIENTS,
    statements=(equal(v.pooled_gap, 0),),
    steps=steps.ONE_STEP,
    variants=(
        Variant(
            "several-local-steps",
            "it does with several local steps as well",
            domain=CLIENTS.with_ranges(local_steps=[2, 5, 20]),
            tell="clients that differ",
        ),
        Variant(
            "small-local-steps",
            "it does with several local steps if they are small",
            domain=CLIENTS.with_ranges(local_steps=[5], local_step=real_range(Rational(1, 20), Rational(1, 10))),
            tell="clients that differ",
        ),
    ),
)
