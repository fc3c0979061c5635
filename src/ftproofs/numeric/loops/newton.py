"""The Newton step on the dual of a diagonal network's limit, and the bounds that `diagonal.dual` derives."""

from __future__ import annotations

import math

import numpy as np

from ftproofs.numeric.loops.compiling import allocating, leaf, part

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


@allocating
def eliminated(A: Array, size: int) -> None:
    """Cholesky of the first ``size`` columns of A (size, m) to rows of L', and ``L^-1`` applied to the other columns.

    Only what stands on and above the diagonal is read and written; NaN where K is not positive.
    """
    # Apart from A, so that the compiler sees that nothing overlaps; four rows at once, so that each is read less often.
    r0, r1 = np.empty(A.shape[1]), np.empty(A.shape[1])
    r2, r3 = np.empty(A.shape[1]), np.empty(A.shape[1])
    whole = size - size % 4
    for m in range(0, whole, 4):
        # Loops that begin at 0 become vectors.
        left = A.shape[1] - m
        x0, x1, x2, x3 = A[m, m:], A[m + 1, m:], A[m + 2, m:], A[m + 3, m:]
        for k in range(left):
            r0[k], r1[k], r2[k], r3[k] = x0[k], x1[k], x2[k], x3[k]
        for i in range(0, m, 4):
            x0, x1, x2, x3 = A[i, m:], A[i + 1, m:], A[i + 2, m:], A[i + 3, m:]
            a0, b0, c0, e0 = x0[0], x1[0], x2[0], x3[0]
            a1, b1, c1, e1 = x0[1], x1[1], x2[1], x3[1]
            a2, b2, c2, e2 = x0[2], x1[2], x2[2], x3[2]
            a3, b3, c3, e3 = x0[3], x1[3], x2[3], x3[3]
            for k in range(left):
                r0[k] -= (x0[k] * a0 + x1[k] * b0) + (x2[k] * c0 + x3[k] * e0)
                r1[k] -= (x0[k] * a1 + x1[k] * b1) + (x2[k] * c1 + x3[k] * e1)
                r2[k] -= (x0[k] * a2 + x1[k] * b2) + (x2[k] * c2 + x3[k] * e2)
                r3[k] -= (x0[k] * a3 + x1[k] * b3) + (x2[k] * c3 + x3[k] * e3)
        a0 = _root(r0[0])
        a1, a2, a3 = r0[1] / a0, r0[2] / a0, r0[3] / a0
        b1 = _root(r1[1] - a1 * a1)
        b2, b3 = (r1[2] - a1 * a2) / b1, (r1[3] - a1 * a3) / b1
        c2 = _root(r2[2] - a2 * a2 - b2 * b2)
        c3 = (r2[3] - a2 * a3 - b2 * b3) / c2
        e3 = _root(r3[3] - a3 * a3 - b3 * b3 - c3 * c3)
        x0, x1, x2, x3 = A[m, m:], A[m + 1, m:], A[m + 2, m:], A[m + 3, m:]
        for k in range(left):
            a = r0[k] / a0
            b = (r1[k] - a1 * a) / b1
            c = (r2[k] - a2 * a - b2 * b) / c2
            x0[k], x1[k], x2[k], x3[k] = a, b, c, (r3[k] - a3 * a - b3 * b - c3 * c) / e3
    for m in range(whole, size):
        left = A.shape[1] - m
        x0 = A[m, m:]
        for k in range(left):
            r0[k] = x0[k]
        for i in range(m):
            x1 = A[i, m:]
            a = x1[0]
            for k in range(left):
                r0[k] -= x1[k] * a
        root = _root(r0[0])
        for k in range(left):
            x0[k] = r0[k] / root


@leaf
def _root(z: float) -> float:
    return math.sqrt(z) if z > 0 else math.nan


@allocating
def gram(XT: Array, D: Array, ridge: float, A: Array) -> None:
    """``X diag(D) X' + ridge I`` on and above the diagonal of A's first columns."""
    d, n = XT.shape
    r0, r1, r2, r3 = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    whole, fours = n - n % 4, d - d % 4
    for i in range(0, whole, 4):
        left = n - i
        for k in range(left):
            r0[k], r1[k], r2[k], r3[k] = 0.0, 0.0, 0.0, 0.0
        for j in range(0, fours, 4):
            x0, x1, x2, x3 = XT[j, i:], XT[j + 1, i:], XT[j + 2, i:], XT[j + 3, i:]
            a, b, c, e = D[j], D[j + 1], D[j + 2], D[j + 3]
            a0, b0, c0, e0 = a * x0[0], b * x1[0], c * x2[0], e * x3[0]
            a1, b1, c1, e1 = a * x0[1], b * x1[1], c * x2[1], e * x3[1]
            a2, b2, c2, e2 = a * x0[2], b * x1[2], c * x2[2], e * x3[2]
            a3, b3, c3, e3 = a * x0[3], b * x1[3], c * x2[3], e * x3[3]
            for k in range(left):
                r0[k] += (a0 * x0[k] + b0 * x1[k]) + (c0 * x2[k] + e0 * x3[k])
                r1[k] += (a1 * x0[k] + b1 * x1[k]) + (c1 * x2[k] + e1 * x3[k])
                r2[k] += (a2 * x0[k] + b2 * x1[k]) + (c2 * x2[k] + e2 * x3[k])
                r3[k] += (a3 * x0[k] + b3 * x1[k]) + (c3 * x2[k] + e3 * x3[k])
        for j in range(fours, d):
            x0 = XT[j, i:]
            a0, a1, a2, a3 = D[j] * x0[0], D[j] * x0[1], D[j] * x0[2], D[j] * x0[3]
            for k in range(left):
                r0[k] += a0 * x0[k]
                r1[k] += a1 * x0[k]
                r2[k] += a2 * x0[k]
                r3[k] += a3 * x0[k]
        x0, x1, x2, x3 = A[i, i:], A[i + 1, i:], A[i + 2, i:], A[i + 3, i:]
        for k in range(left):
            x0[k], x1[k], x2[k], x3[k] = r0[k], r1[k], r2[k], r3[k]
    for i in range(whole, n):
        for k in range(i, n):
            total = 0.0
            for j in range(d):
                total += D[j] * XT[j, i] * XT[j, k]
            A[i, k] = total
    for i in range(n):
        A[i, i] += ridge


@part
def whitened(
    X: Array, XT: Array, D: Array, ridge: float, rho: Array, A: Array, step: Array
) -> tuple[float, float, float]:
    """For ``K = X diag(D) X' + ridge I = L L'``: ``|L^-1 rho|``, ``max_i |L^-1 x_i|``, ``|L^-1|``; writes ``K^-1 rho``.

    Args:
        A: (n, d + 2 n + 1), overwritten: L', ``L^-1 X``, ``L^-1`` and ``L^-1 rho`` side by side.
        step: (n,); NaN, as the numbers are, where K is not positive.
    """
    n, d = X.shape
    gram(XT, D, ridge, A)
    for i in range(n):
        for k in range(d):
            A[i, n + k] = X[i, k]
        for k in range(n):
            A[i, n + d + k] = 0.0
        A[i, n + d + i] = 1.0
        A[i, 2 * n + d] = rho[i]
        step[i] = 0.0
    eliminated(A, n)
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
