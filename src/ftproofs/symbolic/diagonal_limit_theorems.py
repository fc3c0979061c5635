"""The general theorems that derivations about the limit problems of diagonal networks cite, with their templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import asinh, log, sympify

from ftproofs.claim import Statement
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.diagonal_limits import (
    OWN,
    SLOPE,
    WEIGHT,
    _is,
    bend_square,
    lazy_square,
    length_square,
    limits,
    nested_off,
    nested_on,
    off_norm,
    on_norm,
    own_least,
    own_norm,
    own_rival,
    ratio,
    rich_least,
    rich_norm,
    rival,
    size,
)
from ftproofs.symbolic.diagonal_training import scale
from ftproofs.symbolic.theorems import _given, _positive, _require
from ftproofs.symbolic.vocabulary import v


def _stationary(context: Context, fits: str, kkt: str, slope: str) -> None:
    """The end fits, and asinh(beta/c)/2 lies in the span of the data."""
    why = limits(context)
    _require(why is None, why or "")
    _require(_given(context, fits) == _is(m.y, m.X * m.beta), "it is not shown that the predictor fits")
    _require(_given(context, kkt) == _is(m.slope_change, m.X.T * m.multiplier), "the slope is not in the span")
    _require(_given(context, slope) == SLOPE, "the slope is not shown to be half of asinh(beta/c)")


def perturbed_minimiser(context: Context, fits: str, kkt: str, slope: str) -> Statement:
    """The fit of least sum beta^2/c is no further than beta's stationarity is from that of this sum.

    beta/c differs from a vector in the span by z - asinh z, z = beta/c, and the two fits by a vector orthogonal to it.
    """
    _stationary(context, fits, kkt, slope)
    return Statement(lazy_square, "<=", bend_square)


def weighted_l1_minimiser(context: Context, fits: str, kkt: str, slope: str, against: str) -> Statement:
    """A fit whose signed weights asinh(|beta|/c) lie in the span has the least l1 norm with these weights."""
    _stationary(context, fits, kkt, slope)
    if against == "least":
        return _is(own_norm, own_least)
    _require(against == "rival", "compare with the least or with the rival")
    return Statement(own_norm, "<=", own_rival)


def sum_of_squares(context: Context, id: str) -> Statement:
    """(z - asinh z)^2 <= k z^2 in every coordinate: so for the sums with the weights c."""
    given = _given(context, id)
    _require(given.rel == "<=" and given.lhs == (ratio - asinh(ratio)) ** 2, "no bound of every coordinate")
    factor = sympify(given.rhs) / ratio**2
    _require(not factor.has(ratio, scale), "the bound is no multiple of the square")
    return Statement(bend_square, "<=", factor * length_square)


def sum_of_norms(context: Context, id: str, against: str = "least") -> Statement:
    """W (|beta| - |b|) <= A (|beta| - |b|) + k in every coordinate: so for the sums, with d k.

    The rival is the fit of least norm, or the nested one, whose sums are taken on the support and off it.
    """
    given = _given(context, id)
    _require(given.rel == "<=" and given.lhs == WEIGHT * (size - rival), "no bound of every coordinate")
    rest = sympify(given.rhs) - OWN * (size - rival)
    _require(not rest.has(size, rival, scale), "the rest is not the same in every coordinate")
    _require(against in ("least", "nested"), "compare with the least or with the nested fit")
    nested = on_norm + off_norm - nested_on - nested_off
    left = nested if against == "nested" else rich_norm - rich_least
    return Statement(left, "<=", own_norm - own_rival + v.d * rest)


def log_tangent(context: Context, value: Any) -> Statement:
    """ln u <= u - 1 for u > 0."""
    u = sympify(value)
    _require(_positive(u, context), f"{u} is not shown to be positive")
    return Statement(log(u), "<=", u - 1)


THEOREMS: tuple[tuple[str, str, str, Callable[..., Statement]], ...] = (
    (
        "perturbed-minimiser",
        "the minimiser of a quadratic form over an affine space is as far from a perturbed stationary point, in the "
        "form's norm, as the perturbation is large in the dual norm, at most",
        "Strang 1972; Ciarlet, The Finite Element Method for Elliptic Problems, 1978, theorem 4.1.1",
        perturbed_minimiser,
    ),
    (
        "weighted-l1-minimiser",
        "a feasible point with a subgradient in the span of the equality constraints is a minimiser of a convex "
        "function, here of a weighted l1 norm",
        "Rockafellar, Convex Analysis, 1970, theorem 28.3",
        weighted_l1_minimiser,
    ),
    (
        "sum-of-squares",
        "inequalities between terms add up, with weights that are not negative",
        "Hardy, Littlewood and Polya, Inequalities, 1934, section 2.1",
        sum_of_squares,
    ),
    (
        "sum-of-norms",
        "inequalities between terms add up",
        "Hardy, Littlewood and Polya, Inequalities, 1934, section 2.1",
        sum_of_norms,
    ),
    (
        "log-tangent",
        "the logarithm is below its tangent at 1",
        "Hardy, Littlewood and Polya, Inequalities, 1934, section 4.2",
        log_tangent,
    ),
)
