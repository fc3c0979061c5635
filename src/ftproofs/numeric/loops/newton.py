"""The Newton step on the dual of a diagonal network's limit, and the bounds that `diagonal.dual` derives."""

from __future__ import annotations

import math

import numpy as np

from ftproofs.numeric.loops.compiling import part

Array = np.ndarray


@part
def bounds(decrement: float, reach: float, fastest: float) -> tuple[float, float]:
    """`diagonal.dual.newton_bounds` of one network."""
    share = 2 * reach * decrement
    if not share < 0.9:
        return math.inf, math.inf
    e = -math.log1p(-share)
    distance = max(e / (2 * max(reach, 1e-300)), decrement)
    change = math.expm1(e) / e - 1 if e > 1e-5 else 0.51 * e
    stretch = math.sqrt(fastest * math.exp(2 * e))
    before = stretch * distance
    return before, stretch * change * distance


@part
def decisive(decrement: float, reach: float, fastest: float, frozen: bool, jump: bool) -> float:
    """The bound after the Newton step if one is to come, else before it."""
    if frozen:
        return math.sqrt(fastest) * decrement
    before, after = bounds(decrement, reach, fastest)
    return after if jump else before


@part
def _eliminated(A: Array, size: int) -> None:
    """Cholesky of the first ``size`` columns of A (size, m) to rows of L', and ``L^-1`` applied to the other columns.

    What stands below the diagonal means nothing (loops that begin at 0 become vectors); NaN where K is not positive.
    """
    row = np.empty(A.shape[1])  # apart from A, so that the compiler sees that nothing overlaps
    for m in range(size):
        for k in range(row.shape[0]):
            row[k] = A[m, k]
        whole = m - m % 4
        for i in range(0, whole, 4):
            a, b, c, e = A[i, m], A[i + 1, m], A[i + 2, m], A[i + 3, m]
            for k in range(row.shape[0]):
                row[k] -= (A[i, k] * a + A[i + 1, k] * b) + (A[i + 2, k] * c + A[i + 3, k] * e)
        for i in range(whole, m):
            a = A[i, m]
            for k in range(row.shape[0]):
                row[k] -= A[i, k] * a
        root = math.sqrt(row[m]) if row[m] > 0 else math.nan
        for k in range(row.shape[0]):
            A[m, k] = row[k] / root


@part
def _gram(XT: Array, D: Array, A: Array) -> None:
    """``X diag(D) X'`` in A's first columns."""
    d, n = XT.shape
    whole = d - d % 4
    for i in range(n):
        for k in range(n):
            A[i, k] = 0.0
        for j in range(0, whole, 4):
            a, b = D[j] * XT[j, i], D[j + 1] * XT[j + 1, i]
            c, e = D[j + 2] * XT[j + 2, i], D[j + 3] * XT[j + 3, i]
            for k in range(n):
                A[i, k] += (a * XT[j, k] + b * XT[j + 1, k]) + (c * XT[j + 2, k] + e * XT[j + 3, k])
        for j in range(whole, d):
            a = D[j] * XT[j, i]
            for k in range(n):
                A[i, k] += a * XT[j, k]


@part
def whitened(X: Array, XT: Array, D: Array, rho: Array, A: Array, step: Array) -> tuple[float, float, float]:
    """For ``K = X diag(D) X' = L L'``: ``|L^-1 rho|``, ``max_i |L^-1 x_i|`` and ``|L^-1|``; writes ``K^-1 rho``.

    Args:
        A: (n, d + 2 n + 1), overwritten: L', ``L^-1 X``, ``L^-1`` and ``L^-1 rho`` side by side.
        step: (n,); NaN, as the numbers are, where K is not positive.
    """
    n, d = X.shape
    _gram(XT, D, A)
    for i in range(n):
        for k in range(d):
            A[i, n + k] = X[i, k]
        for k in range(n):
            A[i, n + d + k] = 0.0
        A[i, n + d + i] = 1.0
        A[i, 2 * n + d] = rho[i]
        step[i] = 0.0
    _eliminated(A, n)
    decrement, inverse = 0.0, 0.0
    for i in range(n):
        white = A[i, 2 * n + d]
        decrement += white * white
        for k in range(i + 1):
            inverse += A[i, n + d + k] * A[i, n + d + k]
            step[k] += white * A[i, n + d + k]
    reach = 0.0
    for k in range(d):
        total = 0.0
        for i in range(n):
            total += A[i, n + k] * A[i, n + k]
        reach = total if not total <= reach else reach
    return math.sqrt(decrement), math.sqrt(reach), math.sqrt(inverse)
