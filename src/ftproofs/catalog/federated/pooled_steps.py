"""The steps to the mean squared error of FedAvg's model with one local step (handbook C3, at every size)."""

from __future__ import annotations

from ftproofs.catalog.linear.endpoint_steps import meaning, same
from ftproofs.claim import Step
from ftproofs.symbolic import federated_pool as p
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.federated import ZERO, curvature, origin, pooled_error, pooled_spread, scatter
from ftproofs.symbolic.identities import Generic, Term
from ftproofs.symbolic.integrals import Integrate
from ftproofs.symbolic.methods import Algebra, Certificate, Part
from ftproofs.symbolic.theorems import inverse_chi_square_mean
from ftproofs.symbolic.vocabulary import equal, v

n, d, clients, r, sigma = v.n, v.d, v.clients, v.client_radius, v.sigma
N = p.N

_errors = (
    meaning("round", "round"),
    meaning("labels", "pooled-labels"),
    Step(
        "normal",
        "so the server's error solves the normal equations of deviations and noise",
        same(curvature * (m.server - origin) - scatter, ZERO),
        Generic((Term("round"),)),
        ("round", "labels"),
    ),
    Step(
        "mean",
        "its mean square over deviations and noise",
        equal(E(v.server_error), r**2 / d * clients * E(p.part_spread) + sigma**2 * E(p.inverse_trace)),
        Axiom("deviations-and-noise", ("normal",)),
        ("normal",),
    ),
)

_inverse = (
    Step(
        "wishart",
        "diagonal entries of the inverse are inverse chi-square",
        equal(E(p.inverse_trace), d * inverse_chi_square_mean(N - d + 1)),
        Axiom("wishart-inverse-pool"),
    ),
    Step("inverse", "the mean of one", equal(inverse_chi_square_mean(N - d + 1), 1 / (N - d - 1)), Integrate()),
    Step(
        "inverse-trace",
        "so the noise's part is",
        equal(E(p.inverse_trace), d / (N - d - 1)),
        Algebra(),
        ("wishart", "inverse"),
    ),
    Step(
        "size",
        "the trace is independent of the matrix over its trace",
        equal(E(p.inverse_trace), inverse_chi_square_mean(d * N) * E(p.trace * p.inverse_trace)),
        Axiom("wishart-trace"),
    ),
    Step(
        "inverse-size", "the mean of its inverse", equal(inverse_chi_square_mean(d * N), 1 / (d * N - 2)), Integrate()
    ),
    Step(
        "traces",
        "the mean product of the two traces",
        equal(E(p.trace * p.inverse_trace), d * (d * N - 2) / (N - d - 1)),
        Certificate((Part(2 - d * N, ("size",)), Part(d * N - 2, ("inverse-trace",)))),
        ("size", "inverse-size", "inverse-trace"),
    ),
)


def _moment(id: str, says: str, name: object, value: object) -> Step:
    return Step(id, says, equal(E(name), value), Axiom("wishart-moments", (name,)))


_S, _T = d * N * (N + d + 1), d * N * (d * N + 2)
_MOMENTS = ("pool-square", "pool-trace", "part-square", "part-trace")

_share = (
    _moment("pool-square", "second moments of the pool's matrix", p.square, _S),
    _moment("pool-trace", "and of its trace", p.trace**2, _T),
    _moment("part-square", "of one client's matrix", p.part_square, d * n * (n + d + 1)),
    _moment("part-trace", "and of its trace", p.part_trace**2, d * n * (d * n + 2)),
    Step(
        "share-square",
        "the client's share is independent of the pool and has no preferred basis",
        equal(E(p.part_square), (p.common + p.apart) * E(p.square) + p.apart * E(p.trace**2)),
        Axiom("wishart-part", (p.part_square,)),
    ),
    Step(
        "share-trace",
        "likewise",
        equal(E(p.part_trace**2), p.common * E(p.trace**2) + 2 * p.apart * E(p.square)),
        Axiom("wishart-part", (p.part_trace**2,)),
    ),
    Step(
        "share-spread",
        "likewise",
        equal(E(p.part_spread), (p.common + p.apart) * d + p.apart * E(p.trace * p.inverse_trace)),
        Axiom("wishart-part", (p.part_spread,)),
    ),
)

#: (T - S)(T + 2 S), factored.
_determinant = (d * N) ** 2 * (N - 1) * (d - 1) * (N + 2) * (d + 2)
_s, _t = d * n * (n + d + 1), d * n * (d * n + 2)

_solved = (
    Step(
        "apart",
        "two equations for two moments of the share",
        equal(p.apart, (_s * _T - _t * _S) / _determinant),
        Certificate((Part(-_T / _determinant, ("share-square",)), Part(_S / _determinant, ("share-trace",)))),
        (*_MOMENTS, "share-square", "share-trace"),
    ),
    Step(
        "common",
        "and the other",
        equal(p.common, (_t * (_S + _T) - 2 * _s * _S) / _determinant),
        Certificate(
            (Part(2 * _S / _determinant, ("share-square",)), Part(-(_S + _T) / _determinant, ("share-trace",)))
        ),
        (*_MOMENTS, "share-square", "share-trace"),
    ),
    Step(
        "spread",
        "so the deviations' part is",
        equal(E(p.part_spread), d / clients * pooled_spread(n, d, clients)),
        Algebra(),
        ("share-spread", "common", "apart", "traces"),
    ),
    Step(
        "error",
        "the mean squared error",
        equal(E(v.server_error), pooled_error(n, d, clients, r, sigma)),
        Algebra(),
        ("mean", "spread", "inverse-trace"),
    ),
)

POOLED = (*_errors, *_inverse, *_share, *_solved)
