"""Templates of theorems about federated learning: its fixed point, ridge toward a server's model, its modes."""

from __future__ import annotations

from typing import Any

from sympy import Expr, Integer, Symbol, diff, sympify

from ftproofs.claim import Limit, Mean, Statement
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.federated import (
    MEANINGS,
    ZERO,
    best_ridge,
    eigenvalue,
    many_clients,
    new_client,
    positive_ridge,
    resolvent_limit,
)
from ftproofs.symbolic.theorems import Inadmissible, _given, _isotropic, _require
from ftproofs.symbolic.vocabulary import v


def unique_minimiser(context: Context, one: str, other: str) -> Statement:
    """Two points at which the gradient of a strictly convex quadratic vanishes are one."""
    _require(_given(context, one) == MEANINGS["round"][1], "no stationary server is given")
    _require(_given(context, other) == MEANINGS["pooled"][1], "no stationary pooled fit is given")
    return Statement(m.server - m.pooled, "==", ZERO)


def positive_definite(context: Context, id: str) -> Statement:
    """``(X'X + n ridge) z = 0`` with a positive ridge makes z zero: here where training ends, in its parts."""
    why = positive_ridge(context)
    _require(why is None, why or "")
    end = m.theta_T - m.kept + m.let_in
    z = m.beta - end
    _require(
        _given(context, id) == Statement(m.X.T * m.X * z + m.n * v.ridge * z, "==", ZERO), "no such equation is given"
    )
    return Statement(m.beta, "==", end)


def ridge_resolvents(context: Context, name: Symbol, *ids: str) -> Statement:
    """Forms of the white sample covariance's resolvent, in a vector and in noise independent of it.

    The trace of the resolvent over d tends to m; that of its square to minus the slope of m.
    """
    why = positive_ridge(context) or new_client(context)
    _require(why is None, why or "")
    _require(isinstance(context.claim.quantifier, Limit), "the claim is not about a limit")
    _isotropic(context, "gaussian")
    limit = resolvent_limit(v.gamma, v.ridge)
    fall = -diff(limit, v.ridge)
    if name == v.ridge_bias:
        return Statement(name, "==", v.start_risk * v.ridge**2 * fall)
    if name == v.ridge_noise:
        return Statement(name, "==", v.sigma**2 / v.gamma * (limit - v.ridge * fall))
    (id,) = ids
    _require(_given(context, id) == Statement(name, "==", m.kept.T * m.let_in), "it is not their product")
    return Statement(name, "==", Integer(0))


def mode_risk(ridge: Any, x: Any = eigenvalue) -> Expr:
    """A mode's part of the mean risk, x its eigenvalue of X'X/n: kept difference and noise let in."""
    return (sympify(ridge) ** 2 * v.client_radius**2 / v.d + v.sigma**2 * x / v.n) / (x + sympify(ridge)) ** 2


def ridge_modes(context: Context, name: Symbol) -> Statement:
    """The mean over noise and over the difference's uniform direction, mode by mode of X'X/n.

    Of the d modes min(n, d) have a positive eigenvalue, in the others all of the difference is kept.
    """
    why = many_clients(context)
    _require(why is None, why or "")
    _require(isinstance(context.claim.quantifier, Mean), "the claim is not about means")
    _isotropic(context, "gaussian")
    regimes = context.regimes()
    _require(regimes in ({"wide"}, {"tall"}), "the side of n = d is not fixed")
    modes = v.n if regimes == {"wide"} else v.d
    ridges = {v.risk: v.ridge}
    if context.only("tuning", "dimension"):
        ridges[v.tuned_risk] = best_ridge(v.n / v.d, v.client_radius, v.sigma)
    if name not in ridges:
        raise Inadmissible(f"{name} is no risk of a known ridge")
    rest = (v.d - modes) / v.d * v.client_radius**2
    return Statement(E(name), "==", rest + modes * E(mode_risk(ridges[name])))


def mean_order(context: Context, id: str) -> Statement:
    """What is smaller in every draw has the smaller mean."""
    given = _given(context, id)
    _require(given.rel == "<=", "no order is given")
    return Statement(E(given.lhs), "<=", E(given.rhs))
