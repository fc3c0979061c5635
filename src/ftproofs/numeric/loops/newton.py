"""The Newton step on the dual of a diagonal network's limit, and the bounds that `diagonal.dual` derives."""

from __future__ import annotations

import math

import numpy as np

from ftproofs.numeric.loops.compiling import part
from ftproofs.numeric.loops.vectors import squares

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
def whitened(X: Array, XT: Array, D: Array, rho: Array, K: Array, W: Array, step: Array) -> tuple[float, float, float]:
    """For ``K = X diag(D) X' = L L'``: ``|L^-1 rho|``, ``max_i |L^-1 x_i|`` and ``|L^-1|``; writes ``K^-1 rho``.

    Args:
        K: (n, n) and W: (n, d + n + 1) are overwritten.
        step: (n,); NaN, as the numbers are, where K is not positive.
    """
    n, d = X.shape
    for i in range(n):
        for k in range(n):
            K[i, k] = 0.0
    for j in range(d):
        x, weight = XT[j], D[j]
        for i in range(n):
            row, a = K[i], weight * x[i]
            for k in range(i, n):
                row[k] += a * x[k]
    for i in range(n):
        row = W[i]
        for k in range(d):
            row[k] = X[i, k]
        for k in range(n):
            row[d + k] = 0.0
        row[d + i] = 1.0
        row[d + n] = rho[i]
    # Cholesky by rows of L', and L^-1 [X, I, rho] along with it.
    for i in range(n):
        pivot = K[i, i]
        root = math.sqrt(pivot) if pivot > 0 else math.nan
        row, right = K[i], W[i]
        for k in range(i, n):
            row[k] /= root
        for k in range(d + n + 1):
            right[k] /= root
        for m in range(i + 1, n):
            a = row[m]
            below, other = K[m], W[m]
            for k in range(m, n):
                below[k] -= a * row[k]
            for k in range(d + n + 1):
                other[k] -= a * right[k]
    decrement, inverse = 0.0, 0.0
    for i in range(n):
        step[i] = 0.0
    for i in range(n):
        row, white = W[i], W[i, d + n]
        decrement += white * white
        inverse += squares(row[d : d + n])
        for k in range(n):
            step[k] += white * row[d + k]
    reach = 0.0
    for k in range(d):
        total = 0.0
        for i in range(n):
            total += W[i, k] * W[i, k]
        reach = total if not total <= reach else reach
    return math.sqrt(decrement), math.sqrt(reach), math.sqrt(inverse)
