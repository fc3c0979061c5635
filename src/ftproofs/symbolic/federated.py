"""Federated fine-tuning: limits of its risks, and what the words of its experiments mean (handbook C1, C2).

gamma = n/d for one client (the handbook's part C writes g = d/n), r the norm of the
client's deviation from the model that its fine-tuning starts from.  The design has independent standard normal
entries; ``m`` is the limit of ``tr (X'X/n + ridge)^-1 / d``, the Stieltjes transform of the Marchenko-Pastur law.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sympy import Expr, MatrixSymbol, Symbol, ZeroMatrix, sqrt, sympify

from ftproofs.claim import Choices, Statement
from ftproofs.names import INFINITE
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.vocabulary import v

# -- formulas -----------------------------------------------------------------


def _root(gamma: Expr, ridge: Expr) -> Expr:
    """The quadratic's discriminant's root, ``sqrt(q^2 + 4 ridge/gamma)`` with ``q = 1 - 1/gamma + ridge``."""
    return sqrt((1 - 1 / gamma + ridge) ** 2 + 4 * ridge / gamma)


def resolvent_limit(gamma: Any, ridge: Any) -> Expr:
    """``m``, the positive root of ``ridge m^2/gamma + (1 - 1/gamma + ridge) m - 1``; stable for gamma < 1."""
    gamma, ridge = map(sympify, (gamma, ridge))
    return (_root(gamma, ridge) - (1 - 1 / gamma + ridge)) * gamma / (2 * ridge)


def resolvent_fall(gamma: Any, ridge: Any) -> Expr:
    """Minus the slope of m in the ridge: the limit of ``tr (X'X/n + ridge)^-2 / d``."""
    gamma, ridge = map(sympify, (gamma, ridge))
    limit = resolvent_limit(gamma, ridge)
    return (limit**2 / gamma + limit) / _root(gamma, ridge)


def rtfa_limit(gamma: Any, r: Any, sigma: Any, ridge: Any) -> Expr:
    """The limit risk of ridge toward the server's model."""
    gamma, r, sigma, ridge = map(sympify, (gamma, r, sigma, ridge))
    limit, fall = resolvent_limit(gamma, ridge), resolvent_fall(gamma, ridge)
    return r**2 * ridge**2 * fall + sigma**2 / gamma * (limit - ridge * fall)


def best_ridge(gamma: Any, r: Any, sigma: Any) -> Expr:
    """The ridge of least risk, ``sigma^2/(gamma r^2)``; the same at finite size with gamma = n/d."""
    gamma, r, sigma = map(sympify, (gamma, r, sigma))
    return sigma**2 / (gamma * r**2)


def best_rtfa_limit(gamma: Any, r: Any, sigma: Any) -> Expr:
    """The limit risk at the best ridge, ``(sigma^2/gamma) m``."""
    return sympify(sigma) ** 2 / sympify(gamma) * resolvent_limit(gamma, best_ridge(gamma, r, sigma))


def pooled_spread(n: Any, d: Any, clients: Any) -> Expr:
    """What the clients' deviations put into the pooled fit's mean squared error, in units of ``r^2``; exact.

    ``clients E tr(W^-2 W_1^2) / d``, W the Wishart matrix of all samples and W_1 one client's part of it;
    ``(1 + (d + 1)/n)/clients`` to leading order.
    """
    n, d, clients = map(sympify, (n, d, clients))
    total, both = n * clients, d + n + 1
    return (total**2 * both - total * (2 * n * d + both + 4) + 2 * both) / ((total - 1) * (total + 2) * (total - d - 1))


def pooled_error(n: Any, d: Any, clients: Any, r: Any, sigma: Any) -> Expr:
    """The mean squared error of least squares on all clients' data, ``n clients >= d + 2`` (handbook C3, exact)."""
    n, d, clients, r, sigma = map(sympify, (n, d, clients, r, sigma))
    return r**2 * pooled_spread(n, d, clients) + sigma**2 * d / (n * clients - d - 1)


def ftfa_limit(gamma: Any, r: Any, sigma: Any) -> Expr:
    """The limit risk of fine-tuning without ridge, for gamma < 1."""
    gamma, r, sigma = map(sympify, (gamma, r, sigma))
    return r**2 * (1 - gamma) + sigma**2 * gamma / (1 - gamma)


# -- words --------------------------------------------------------------------

#: Mean curvature of the clients' losses, and what it takes the pooled fit to (d x d, d x 1).
curvature = MatrixSymbol("H_c", m.d, m.d)
pull = MatrixSymbol("pull", m.d, 1)
#: The global model (d x 1), and the mean over the clients of ``X_i'(X_i Delta_i + eps_i)/n``: what their labels add.
origin = MatrixSymbol("theta_0", m.d, 1)
scatter = MatrixSymbol("scatter", m.d, 1)

#: A positive eigenvalue of X'X/n, drawn uniformly among them.
eigenvalue = Symbol("x_mode", positive=True)

_ridge = m.n * v.ridge
ZERO = ZeroMatrix(m.d, 1)


def _equals(lhs: Any, rhs: Any) -> Statement:
    return Statement(lhs, "==", rhs)


def many_clients(context: Context) -> str | None:
    """Whether the server has the global model, and the client is a new one."""
    if context.claim.experiment != "federated.finetune":
        return "the experiment fine-tunes no client"
    if not context.only("clients", INFINITE):
        return "the server's model may miss the global one"
    return None if context.only("participates", "no") else "the client may be one of FedAvg's"


def new_client(context: Context) -> str | None:
    """Whether the server's model does not depend on the client's data."""
    if context.claim.experiment != "federated.finetune":
        return "the experiment fine-tunes no client"
    return None if context.only("participates", "no") else "the client may be one of FedAvg's"


def positive_ridge(context: Context) -> str | None:
    """Whether there is a ridge in every setting."""
    if context.claim.experiment != "federated.finetune":
        return "the experiment has no ridge toward a server's model"
    allowed = context.allowed("ridge")
    low = min(map(float, allowed.values)) if isinstance(allowed, Choices) else float(allowed.low) if allowed else 0.0
    return None if low > 0 else "there may be no ridge"


def no_ridge(context: Context) -> bool:
    """Whether a client is fine-tuned without ridge: the flow is that of linear regression."""
    return context.claim.experiment == "federated.finetune" and context.only("ridge", 0, 0.0)


def one_local_step(context: Context) -> str | None:
    """Whether the clients of FedAvg take one gradient step a round."""
    if context.claim.experiment != "federated.server":
        return "the experiment is not FedAvg alone"
    return None if context.only("local_steps", 1) else "there may be several local steps"


MEANINGS: Mapping[str, tuple[Any, ...]] = MappingProxyType(
    {
        "ridge-stationary": (
            "where training ends the penalised loss's gradient vanishes",
            _equals(m.X.T * (m.X * m.beta - m.y) + _ridge * (m.beta - m.theta_S), ZERO),
            positive_ridge,
        ),
        "ridge-kept": (
            "ridge_bias: what the ridge keeps of the client's difference",
            _equals(m.X.T * m.X * m.kept + _ridge * m.kept, _ridge * m.delta),
            positive_ridge,
        ),
        "ridge-let-in": (
            "ridge_noise: what it lets in of the labels' noise",
            _equals(m.X.T * m.X * m.let_in + _ridge * m.let_in, m.X.T * m.eps),
            positive_ridge,
        ),
        "global-server": (
            "with infinitely many clients the server has the global model, at the distance r of every client",
            _equals(v.start_risk, v.client_radius**2),
            many_clients,
        ),
        "round": (
            "with one local step a round moves the server against the mean of the clients' gradients, which vanishes "
            "where rounds end",
            _equals(curvature * m.server - pull, ZERO),
            one_local_step,
        ),
        "pooled-labels": (
            "labels are those of the global model, of a client's deviation from it, and noise",
            _equals(pull, curvature * origin + scatter),
            one_local_step,
        ),
        "pooled": ("the pooled loss's gradient is that mean", _equals(curvature * m.pooled - pull, ZERO)),
    }
)
