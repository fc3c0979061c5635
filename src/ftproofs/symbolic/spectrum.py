"""Covariances in their own basis: spectral sums behind the names, and the equivalents of random resolvents.

Sums over eigen-directions are written out for `COUNT` of them with free positive
eigenvalues and free coordinates; nothing depends on how many there are.

The theorem used is the deterministic equivalent of a sample covariance S = X'X/n of
covariance C in a ridge problem whose penalty is weighted: for z > 0, t >= 0

    z u'(S + z (I + t C))^-1 w  ->  sum_i k u_i w_i / (l_i + k (1 + t l_i)),
    n = sum_i l_i / (l_i + k (1 + t l_i)) + n z/k,

k depending on z and t.  At z = 0, t = 0 the left side is u' P_perp w and k is the
resolution kappa.  Its slope in t at z = 0 is -u' P_perp C P_perp w, its slope in z at
t = 0, u = w summed over a basis, is n tr X^+ X^+', and weighted by C n tr X^+' C X^+.

The forms are linear in u and in w, so they converge as well where u = target - phi source
for a factor phi that converges.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sympy import Add, Derivative, Expr, Function, Integer, symbols

from ftproofs.claim import Statement
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.trajectory import t
from ftproofs.symbolic.vocabulary import v

COUNT = 3

eigenvalues = symbols(f"lambda_1:{COUNT + 1}", positive=True)
source = symbols(f"theta_S_1:{COUNT + 1}", real=True)
target = symbols(f"theta_T_1:{COUNT + 1}", real=True)
delta = tuple(y - x for x, y in zip(source, target, strict=True))
scaled = tuple(y - m.factor * x for x, y in zip(source, target, strict=True))

#: k along the path of the weight (z = 0) and along the ridge's (t = 0); both at the parameter t.
k_weight = Function("kappa_weight", positive=True)
k_ridge = Function("kappa_ridge", positive=True)
#: The quadratic forms u'Q w with the weight t, and minus their slopes.
weighted_product = Function("weighted_product", real=True)
weighted_delta = Function("weighted_delta", real=True)
weighted_fall = Function("weighted_fall", real=True)
weighted_source = Function("weighted_source", real=True)
weighted_target = Function("weighted_target", real=True)
#: The same of the target minus the factor times the source.
scaled_form = Function("scaled_form", real=True)
scaled_fall = Function("scaled_fall", real=True)
#: The traces of Q and of C Q with the ridge t, and their slopes.
ridge_trace = Function("ridge_trace", real=True)
ridge_covariance = Function("ridge_covariance", real=True)
ridge_trace_slope = Function("ridge_trace_slope", real=True)
ridge_covariance_slope = Function("ridge_covariance_slope", real=True)


def total(term: Any, *vectors: Sequence[Any]) -> Expr:
    """The sum over eigen-directions of ``term(eigenvalue, coordinates...)``."""
    return Add(*(term(*entries) for entries in zip(eigenvalues, *vectors, strict=True)))


def weighted_room(k: Any, l: Any) -> Expr:
    """The denominator ``l + k (1 + t l)``."""
    return l + k * (1 + t * l)


def weighted_form(k: Any, one: Sequence[Any], other: Sequence[Any]) -> Expr:
    """The equivalent of ``u'Q w`` with the weight t."""
    return total(lambda l, x, y: k * x * y / weighted_room(k, l), one, other)


def weighted_count(k: Any) -> Expr:
    """What k keeps equal to n along the weight."""
    return total(lambda l: l / weighted_room(k, l))


def ridge_form(k: Any, power: int) -> Expr:
    """The equivalent of the trace of ``C**power Q`` with the ridge t."""
    return total(lambda l: l**power * k / (l + k))


def ridge_count(k: Any) -> Expr:
    """What k keeps equal to n along the ridge."""
    return total(lambda l: l / (l + k)) + v.n * t / k


def _sum(kind: str, one: Sequence[Any], other: Sequence[Any]) -> Expr:
    if kind == "shrunk":
        return total(lambda l, x, y: x * y / (l + v.kappa), one, other)
    return total(lambda l, x, y: l * x * y / (l + v.kappa) ** 2, one, other)


_VECTORS = {
    "source": (source, source),
    "target": (target, target),
    "product": (source, target),
    "delta": (delta, delta),
}

#: What the spectral names mean: name of the meaning, its words and its relation.
SPECTRAL: Mapping[str, tuple[str, Statement]] = MappingProxyType(
    {
        "kappa": ("kappa: the resolution of n samples", Statement(v.n, "==", total(lambda l: l / (l + v.kappa)))),
        "df2": ("df2", Statement(v.df2, "==", total(lambda l: (l / (l + v.kappa)) ** 2))),
        **{
            f"{kind}-{name}": (
                f"{kind}_{name}",
                Statement(getattr(v, f"{kind}_{name}"), "==", _sum(kind, *vectors)),
            )
            for kind in ("shrunk", "resolved")
            for name, vectors in _VECTORS.items()
        },
        "fitted-target": (
            "fitted_target",
            Statement(v.fitted_target, "==", total(lambda l, x: l * x**2 / (l + v.kappa), target)),
        ),
        "target-coordinates": (
            "the target's squared norm",
            Statement(v.target_norm**2, "==", total(lambda l, x: x**2, target)),
        ),
        "weight-start": ("without weight k is the resolution", Statement(k_weight(Integer(0)), "==", v.kappa)),
        "ridge-start": ("without ridge k is the resolution", Statement(k_ridge(Integer(0)), "==", v.kappa)),
        "product-start": (
            "without weight the form is the product of the parts outside the span",
            Statement(v.perp_product, "==", weighted_product(Integer(0))),
        ),
        "source-start": (
            "without weight the form is the squared length of the source's part outside the span",
            Statement(v.perp_source_norm**2, "==", weighted_source(Integer(0))),
        ),
        "target-start": (
            "without weight the form is the squared length of the target's part outside the span",
            Statement(v.perp_target_norm**2, "==", weighted_target(Integer(0))),
        ),
        "scaled-fall": (
            "scaled_fall: minus the slope of the form in the weight",
            Statement(scaled_fall(t), "==", -Derivative(scaled_form(t), t)),
        ),
        "delta-fall": (
            "weighted_fall: minus the slope of the form in the weight",
            Statement(weighted_fall(t), "==", -Derivative(weighted_delta(t), t)),
        ),
        "trace-slope": (
            "ridge_trace_slope: the slope of the trace in the ridge",
            Statement(ridge_trace_slope(t), "==", Derivative(ridge_trace(t), t)),
        ),
        "covariance-slope": (
            "ridge_covariance_slope: the slope of the covariance's trace in the ridge",
            Statement(ridge_covariance_slope(t), "==", Derivative(ridge_covariance(t), t)),
        ),
    }
)

#: What the deterministic equivalent says, by the quantity it is about.
EQUIVALENTS: Mapping[str, Statement] = MappingProxyType(
    {
        "product": Statement(weighted_product(t), "==", weighted_form(k_weight(t), source, target)),
        "delta": Statement(weighted_delta(t), "==", weighted_form(k_weight(t), delta, delta)),
        "source": Statement(weighted_source(t), "==", weighted_form(k_weight(t), source, source)),
        "target": Statement(weighted_target(t), "==", weighted_form(k_weight(t), target, target)),
        "scaled": Statement(scaled_form(t), "==", weighted_form(k_weight(t), scaled, scaled)),
        "weight-count": Statement(Derivative(weighted_count(k_weight(t)), t), "==", Integer(0)),
        "trace": Statement(ridge_trace(t), "==", ridge_form(k_ridge(t), 0)),
        "covariance": Statement(ridge_covariance(t), "==", ridge_form(k_ridge(t), 1)),
        "ridge-count": Statement(Derivative(ridge_count(k_ridge(t)), t), "==", Integer(0)),
    }
)

#: The slopes at 0, where the equivalents' slopes are the limits of the slopes (convexity).
SLOPES: Mapping[str, Statement] = MappingProxyType(
    {
        "delta": Statement(v.delta_risk, "==", weighted_fall(Integer(0))),
        "scaled": Statement(m.scaled_risk, "==", scaled_fall(Integer(0))),
        "trace": Statement(v.pinv_trace, "==", ridge_trace_slope(Integer(0)) / v.n),
        "covariance": Statement(v.noise_trace, "==", ridge_covariance_slope(Integer(0)) / v.n),
    }
)
