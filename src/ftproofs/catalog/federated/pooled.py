"""What a finite number of clients costs: the server's own error, and a client that took part (handbook C3)."""

from sympy import Expr, Rational

from ftproofs.catalog.federated import pooled_steps
from ftproofs.claim import Claim, Domain, Mean, Source, Variant, log_range, real_range
from ftproofs.symbolic.federated import pooled_error
from ftproofs.symbolic.functions import isotropic_noise
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, v

SOURCE = Source("arXiv:2108.07313", "error of the global model, at every number of clients and samples")

n, d, clients, r, sigma = v.n, v.d, v.clients, v.client_radius, v.sigma

#: One local step, so that FedAvg ends at pooled least squares; samples enough for moments of its error.
SERVER = Domain.of(
    n=(3, 16),
    d=(8, 18),
    clients=[2, 10],
    local_steps=1,
    client_radius=log_range(Rational(1, 2), 2),
    sigma=real_range(0, 2),
).where(n * clients >= d + 10)

POOLED = Claim(
    id="federated-pooled-error",
    title="The mean squared error of FedAvg's model with one local step, at every number of clients",
    source=SOURCE,
    experiment="federated.server",
    quantifier=Mean(),
    domain=SERVER,
    statements=(equal(v.server_error, pooled_error(n, d, clients, r, sigma)),),
    steps=pooled_steps.POOLED,
    variants=(
        Variant(
            "deviations-alone",
            "r^2 over the number of clients: deviations average out and nothing else matters",
            (equal(v.server_error, r**2 / clients),),
            tell="samples of the order of dimensions",
        ),
        Variant(
            "no-noise",
            "the labels' noise does not matter",
            (equal(v.server_error, pooled_error(n, d, clients, r, 0)),),
            domain=SERVER.with_ranges(sigma=real_range(Rational(1, 2), 1)),
            tell="sigma > 0",
        ),
        Variant(
            "noise-alone",
            "that of one linear model: clients that differ do not matter",
            (equal(v.server_error, pooled_error(n, d, clients, 0, sigma)),),
            tell="clients that differ",
        ),
    ),
)

#: A client that took part, with fewer samples than dimensions.
MEMBERS = Domain.of(
    n=(4, 12),
    d=(14, 20),
    clients=[5, 8],
    local_steps=1,
    participates="yes",
    ridge=0,
    client_radius=log_range(Rational(1, 2), 2),
    sigma=real_range(0, Rational(1, 2)),
).where(n <= d - 6, n * clients >= 3 * d)


def _member(extra: Expr) -> Expr:
    return (d - n) / d * (r**2 + extra) + sigma**2 * isotropic_noise(n, d)


_server = pooled_error(n, d, clients, r, sigma)

MEMBER = Claim(
    id="federated-member-mean",
    title="For a client of the pool the server's error adds to r^2 as for a new one, up to the clients' number squared",
    source=SOURCE,
    experiment="federated.finetune",
    quantifier=Mean(),
    domain=MEMBERS,
    statements=(
        at_least(v.risk, _member(_server)),
        at_most(v.risk, _member(_server + Rational(5, 2) * (r**2 * (d + n + 1) + sigma**2 * d) / (n * clients**2))),
    ),
    variants=(
        Variant(
            "its-own-distance",
            "the distance from the server's model to its own counts, as for a new client: it took part in that model",
            (equal(v.risk, (d - n) / d * v.start_risk + sigma**2 * isotropic_noise(n, d)),),
            tell="few clients",
        ),
        Variant(
            "deviation-only",
            "the server's error does not matter",
            (equal(v.risk, _member(0 * r)),),
            tell="few clients",
        ),
    ),
)
