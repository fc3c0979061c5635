"""Templates of theorems about limits of growing dimension at fixed n/d.

In the steps of a claim whose quantifier is limit a measurement stands for its limit;
identities that hold in every draw hold for the limits.
"""

from __future__ import annotations

from typing import Any

from sympy import Derivative, Function, Integer, Symbol, cos, log, oo, sympify
from sympy import Limit as SymPyLimit

from ftproofs.claim import Limit, Statement
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.functions import depth_root
from ftproofs.symbolic.identities import SIZES, reading_of
from ftproofs.symbolic.noise import noise_mean
from ftproofs.symbolic.spectrum import EQUIVALENTS, SLOPES
from ftproofs.symbolic.theorems import Inadmissible
from ftproofs.symbolic.trajectory import t
from ftproofs.symbolic.vocabulary import v


def _growing(context: Context, *sides: str) -> None:
    if not isinstance(context.claim.quantifier, Limit):
        raise Inadmissible("the claim is not about a limit")
    if not any(context.regimes() == {side} for side in sides or ("wide",)):
        raise Inadmissible("n < d is not assumed")
    if not context.only("inputs", "gaussian"):
        raise Inadmissible("the inputs may be other than Gaussian")


def deterministic_equivalent(context: Context, which: str) -> Statement:
    """Resolvents of a sample covariance with a weighted ridge, at vectors and in traces."""
    _growing(context)
    if which not in EQUIVALENTS:
        raise Inadmissible(f"no equivalent {which!r}")
    return EQUIVALENTS[which]


def resolvent_slope(context: Context, which: str) -> Statement:
    """The resolvent's slopes where ridge and weight vanish."""
    _growing(context)
    if which not in SLOPES:
        raise Inadmissible(f"no slope {which!r}")
    return SLOPES[which]


def haar_overlap(context: Context, name: Symbol) -> Statement:
    """For isotropic Gaussian rows ``u' P w -> gamma u'w`` for fixed u and w."""
    _growing(context)
    if not context.only("spectrum", "isotropic"):
        raise Inadmissible("the inputs may be anisotropic")
    s, tau, gamma = v.source_norm, v.target_norm, v.gamma
    product = s * tau * cos(v.theta)
    if context.start_is_fitted:  # the start is independent of the target's data
        s, product = v.start_norm, v.start_product
    limits = {
        v.perp_source_norm**2: (1 - gamma) * s**2,
        v.perp_target_norm**2: (1 - gamma) * tau**2,
        v.par_target_norm**2: gamma * tau**2,
        v.perp_product: (1 - gamma) * product,
    }
    if context.claim.experiment.startswith("federated."):  # the start is the server's model
        if not context.only("participates", "no"):
            raise Inadmissible("the start may depend on the client's data")
        limits = {v.perp_delta_norm**2: (1 - gamma) * v.start_risk}
    if name not in limits:
        raise Inadmissible(f"{name} is no overlap of the teachers")
    return Statement(name, "==", limits[name])


def inverse_gram_limit(context: Context) -> Statement:
    """The trace of the inverse Gram matrix of n isotropic rows tends to gamma/(1 - gamma)."""
    _growing(context)
    if not context.only("spectrum", "isotropic"):
        raise Inadmissible("the inputs may be anisotropic")
    return Statement(m.gram_inverse_trace, "==", v.gamma / (1 - v.gamma))


def tall_gram_limit(context: Context) -> Statement:
    """With more samples than dimensions the trace tends to 1/(gamma - 1)."""
    _growing(context, "tall")
    if not context.only("spectrum", "isotropic"):
        raise Inadmissible("the inputs may be anisotropic")
    return Statement(m.gram_inverse_trace, "==", 1 / (v.gamma - 1))


def noise_concentration(context: Context, name: Any, mean: Any) -> Statement:
    """A quantity quadratic in the noise tends to its mean over the noise."""
    _growing(context, "wide", "tall")
    symbol = name.base if name.is_Pow and name.exp == 2 else name
    for size in (size for side in context.regimes() for size in SIZES[side]):
        if not noise_mean(reading_of(symbol, context), mean, size, context):
            raise Inadmissible(f"over the noise {name} has another mean at (n, d) = {size}")
    reading = m.READINGS.get(symbol)
    if reading is None or (reading.kind == "norm") != (symbol is not name):
        raise Inadmissible(f"{name} is not quadratic in the noise")
    return Statement(name, "==", sympify(mean))


_along = Function("root_along", positive=True)


def root_along_depth(context: Context, what: str, *ids: str) -> Statement:
    """The depth root as a function of x = 1/(L - 1), differentiable down to x = 0.

    Its equation is ``(2 + 2x) ln c + 2 ln s = ln(A^2 + c^2 b^2)``; at x = 0 it is the limit
    of infinite depth, and ``L (c - c_oo)`` tends to the slope there.
    """
    if context.start_is_fitted:
        raise Inadmissible("the start is not the source teacher")
    L, A, b, s = v.L, v.min_norm, v.perp_source_norm, v.source_norm
    x, root = t, depth_root(v.L, v.min_norm, v.perp_source_norm, v.source_norm)
    given = [context.given.get(id) for id in ids]
    zero = Integer(0)
    if what == "equation":
        log_gap = (2 + 2 * x) * log(_along(x)) + 2 * log(s) - log(A**2 + _along(x) ** 2 * b**2)
        return Statement(Derivative(log_gap, x), "==", zero)
    if what == "start":
        (limit,) = given
        if limit is None or limit.rel != "==" or limit.lhs != SymPyLimit(root, L, oo):
            raise Inadmissible("the root's limit is not given")
        return Statement(_along(zero), "==", limit.rhs)
    if what == "expansion":
        named, start = given
        if named is None or named.rel != "==" or named.rhs != Derivative(_along(x), x):
            raise Inadmissible("the slope has no name")
        if start is None or start.rel != "==" or start.lhs != _along(zero):
            raise Inadmissible("the start is not given")
        return Statement(SymPyLimit(L * (root - start.rhs), L, oo), "==", named.lhs.subs(x, zero))
    raise Inadmissible(f"nothing is known about {what!r}")
