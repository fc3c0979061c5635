"""The pooled fit of many clients: theorems on a part of a Wishart matrix beside the whole of it.

W is the Wishart matrix ``X'X`` of all clients' samples, N = n clients of them, W_1 one client's part of it, and
``B = W^-1/2 W_1 W^-1/2`` that part's share.  The law of B does not depend on W and is the same in every basis, so
``E[B_ij B_kl] = a d_ij d_kl + b (d_ik d_jl + d_il d_jk)`` with ``a = E[B_11 B_22]`` and ``b = E[B_12^2]``.
"""

from __future__ import annotations

from sympy import Expr, Symbol

from ftproofs.claim import Mean, Statement
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.federated import ZERO, curvature, one_local_step, origin, scatter
from ftproofs.symbolic.theorems import Inadmissible, _given, _isotropic, _require, inverse_chi_square_mean
from ftproofs.symbolic.vocabulary import v

n, d, clients = v.n, v.d, v.clients
#: Samples of all clients.
N = n * clients

#: Traces of the inverse of W, of W and of its square; of W_1 and of its square; and of ``W^-2 W_1^2``.
inverse_trace = Symbol("pool_inverse", positive=True)
trace = Symbol("pool_trace", positive=True)
square = Symbol("pool_square", positive=True)
part_trace = Symbol("part_trace", positive=True)
part_square = Symbol("part_square", positive=True)
part_spread = Symbol("part_spread", positive=True)

#: ``a`` and ``b``: means of products of the share's entries.
_first, _second, _side = (Symbol(f"share_{which}", real=True) for which in ("11", "22", "12"))
common, apart = E(_first * _second), E(_side**2)


def _fedavg(context: Context) -> None:
    """The means are over FedAvg's data with one local step, and all clients together determine a model."""
    why = one_local_step(context)
    _require(why is None, why or "")
    _require(isinstance(context.claim.quantifier, Mean), "the claim is not about means")
    _isotropic(context, "gaussian")


def deviations_and_noise(context: Context, id: str) -> Statement:
    """``W (server - theta_0) = sum of W_i Delta_i + X_i' eps_i``: the mean square, traces for second moments.

    Deviations have mean zero and second moment ``r^2/d I``, noise ``sigma^2 I``; all are independent of one another
    and of the designs, and the clients have one law.
    """
    _fedavg(context)
    normal = Statement(curvature * (m.server - origin) - scatter, "==", ZERO)
    _require(_given(context, id) == normal, "no normal equations are given")
    spread = v.client_radius**2 / d * clients * E(part_spread)
    return Statement(E(v.server_error), "==", spread + v.sigma**2 * E(inverse_trace))


def inverse_of_pool(context: Context) -> Statement:
    """The d diagonal entries of W^-1 are inverse chi-square with N - d + 1 degrees of freedom."""
    _fedavg(context)
    return Statement(E(inverse_trace), "==", d * inverse_chi_square_mean(N - d + 1))


def trace_of_pool(context: Context) -> Statement:
    """X as one vector: tr W = |X|^2 is chi-square with d N degrees of freedom and independent of X/|X|, so of W/tr W.

    ``tr W^-1`` is ``1/tr W`` times ``tr W tr W^-1``, which depends on W/tr W alone.
    """
    _fedavg(context)
    return Statement(E(inverse_trace), "==", inverse_chi_square_mean(d * N) * E(trace * inverse_trace))


def wishart_moments(context: Context, name: Expr) -> Statement:
    """``E tr W^2 = d N (N + d + 1)`` and ``E (tr W)^2 = d N (d N + 2)``; of a part with its own samples."""
    _fedavg(context)
    degrees = {square: N, trace**2: N, part_square: n, part_trace**2: n}
    if name not in degrees:
        raise Inadmissible(f"{name} is no second moment of the pool or a part")
    k = degrees[name]
    return Statement(E(name), "==", d * k * (k + d + 1 if name in (square, part_square) else d * k + 2))


def wishart_part(context: Context, name: Expr) -> Statement:
    """Traces of ``W_1 = W^1/2 B W^1/2``, B averaged first: ``E[B M B] = (a + b) M + b tr(M) I``."""
    _fedavg(context)
    found: dict[Expr, Expr] = {
        part_square: (common + apart) * E(square) + apart * E(trace**2),
        part_trace**2: common * E(trace**2) + 2 * apart * E(square),
        part_spread: (common + apart) * d + apart * E(trace * inverse_trace),
    }
    if name not in found:
        raise Inadmissible(f"{name} is no trace of the part that is known")
    return Statement(E(name), "==", found[name])
