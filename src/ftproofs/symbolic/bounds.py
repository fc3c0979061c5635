"""Bounds on the risk with every constant written out (handbook A5).

Throughout n samples with Gaussian inputs, k leading eigen-directions set apart, and t
standard deviations by which Gaussian extremes may miss their means.  ``tail`` is the
largest eigenvalue l_{k+1} of the tail, ``trace``, ``square`` and ``fourth`` the sums of its
eigenvalues' first, second and fourth powers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Add, Eq, Expr, Max, Min, Piecewise, sqrt, sympify

from ftproofs.symbolic.localisation import localised


def room(n: Any, k: Any, t: Any) -> Expr:
    """A lower bound of the smallest singular value of an n x k Gaussian matrix."""
    return sqrt(n) - sqrt(k) - t


def tail_top(n: Any, t: Any, tail: Any, trace: Any) -> Expr:
    """An upper bound of the largest singular value of the inputs' tail."""
    return sqrt(n * tail) + sqrt(trace) + t * sqrt(tail)


def tail_bottom(n: Any, t: Any, tail: Any, trace: Any) -> Expr:
    """A lower bound of the smallest of the n singular values of the inputs' tail, where it is positive."""
    return sqrt(Max(trace - tail, 0)) - sqrt(n * tail) - t * sqrt(tail)


def split_ratio_bound(n: Any, k: Any, t: Any, tail: Any, trace: Any) -> Expr:
    """An upper bound of the split ratio (A5b); needs ``room > 0``."""
    return tail_top(n, t, tail, trace) / room(n, k, t)


def factor(tail: Any, ratio: Any) -> Expr:
    """What the squared length outside the span is multiplied by (A5a)."""
    return sympify(tail) + sympify(ratio) ** 2


def reach(tail_delta: Any, ratio: Any, white_delta: Any) -> Expr:
    """A bound of the length outside the span by the parts of the tasks' difference (A5a)."""
    return sympify(tail_delta) + sympify(ratio) * white_delta


def escape_gap(n: Any, t: Any) -> Expr:
    """``a_n - t``, a_n = n/sqrt(n + 1) a lower bound of the mean length of n standard normals."""
    n = sympify(n)
    return n / sqrt(n + 1) - t


def trace_factor(n: Any, t: Any, whole: Any) -> Expr:
    """What the squared length outside the span is multiplied by, ``whole`` the covariance's trace (A5c)."""
    return sympify(whole) / escape_gap(n, t) ** 2


def variance_bound(n: Any, k: Any, t: Any, tail: Any, trace: Any, square: Any, fourth: Any) -> Expr:
    """A bound of the noise trace (A5e); needs ``room > 0`` and ``tail_bottom > 0``."""
    low, high, free = tail_bottom(n, t, tail, trace), tail_top(n, t, tail, trace), room(n, k, t)
    leading = k * (high / low) ** 4 * (sqrt(n) + sqrt(k) + t) ** 2 / free**4
    return leading + tail_energy(n, t, tail, square, fourth) / low**4


def tail_energy(n: Any, t: Any, tail: Any, square: Any, fourth: Any) -> Expr:
    """An upper bound of a sum of squared normals weighted by the tail's squared eigenvalues, n times each."""
    return n * square + t * sqrt(2 * n * fourth) + t**2 * sympify(tail) ** 2


# -- of a list of eigenvalues, the largest first --------------------------------

Vector = Sequence[Any]


def split_bound_of(n: Any, k: Any, t: Any, eigenvalues: Vector, delta: Vector) -> Expr:
    """A5b with the length outside the span bounded by the whole one; ``delta`` in the covariance's basis."""
    rows = list(enumerate(zip(eigenvalues, delta, strict=True)))
    tail = Add(*(Piecewise((l, Eq(k, i)), (0, True)) for i, (l, _) in rows))
    trace = Add(*(Piecewise((l, k <= i), (0, True)) for i, (l, _) in rows))
    ratio = split_ratio_bound(n, k, t, tail, trace)
    behind = Add(*(Piecewise((x**2, k <= i), (0, True)) for i, (_, x) in rows))
    white = Add(*(Piecewise((x**2 / l, k > i), (0, True)) for i, (l, x) in rows))
    whole = Add(*(x**2 for x in delta))
    return factor(tail, ratio) * Min(whole, reach(sqrt(behind), ratio, sqrt(white)) ** 2)


def trace_bound_of(n: Any, t: Any, eigenvalues: Vector, squared: Any) -> Expr:
    """A5c at a squared length outside the span."""
    return trace_factor(n, t, Add(*eigenvalues)) * squared


def localised_of(n: Any, t: Any, eigenvalues: Vector) -> Expr:
    """A5d: what the squared length outside the span is multiplied by, not capped."""
    return localised(escape_gap(n, t), *eigenvalues)
