"""Products with a design and sums, in an order that depends on sizes alone.

Inner loops run along rows, whose sums do not depend on one another, so that they become vector instructions without
any sum being reordered.  Arrays of `eights.eight` do as well as arrays of numbers.
"""

from __future__ import annotations

import numpy as np

from ftproofs.numeric.loops.compiling import leaf

Array = np.ndarray


@leaf
def squares(z: Array) -> float:
    """``|z|^2``, four sums side by side."""
    size = z.shape[0]
    whole = size - size % 4
    a, b, c, e = 0.0, 0.0, 0.0, 0.0
    for k in range(0, whole, 4):
        a += z[k] * z[k]
        b += z[k + 1] * z[k + 1]
        c += z[k + 2] * z[k + 2]
        e += z[k + 3] * z[k + 3]
    total = (a + b) + (c + e)
    for k in range(whole, size):
        total += z[k] * z[k]
    return total


@leaf
def _four(rows: Array, j: int, k: int, a: float, b: float, c: float, e: float) -> float:
    return (rows[j, k] * a + rows[j + 1, k] * b) + (rows[j + 2, k] * c + rows[j + 3, k] * e)


@leaf
def subtracted(begin: Array, rows: Array, z: Array, out: Array) -> None:
    """``out = begin - rows' z``: rows (m, k) with m > 0, z (m,), begin and out (k,)."""
    m, size = rows.shape
    whole = m - m % 4
    # The first pass writes: copying first would cost as much as a pass, and more where rows are short.
    for j in range(0, whole, 4):
        a, b, c, e = z[j], z[j + 1], z[j + 2], z[j + 3]
        if j == 0:
            for k in range(size):
                out[k] = begin[k] - _four(rows, j, k, a, b, c, e)
        else:
            for k in range(size):
                out[k] -= _four(rows, j, k, a, b, c, e)
    for j in range(whole, m):
        a = z[j]
        if j == 0:
            for k in range(size):
                out[k] = begin[k] - rows[j, k] * a
        else:
            for k in range(size):
                out[k] -= rows[j, k] * a


@leaf
def combination(rows: Array, z: Array, out: Array) -> None:
    """``out = rows' z``: rows (m, k) with m > 0, z (m,), out (k,)."""
    m, size = rows.shape
    whole = m - m % 4
    for j in range(0, whole, 4):
        a, b, c, e = z[j], z[j + 1], z[j + 2], z[j + 3]
        if j == 0:
            for k in range(size):
                out[k] = _four(rows, j, k, a, b, c, e)
        else:
            for k in range(size):
                out[k] += _four(rows, j, k, a, b, c, e)
    for j in range(whole, m):
        a = z[j]
        if j == 0:
            for k in range(size):
                out[k] = rows[j, k] * a
        else:
            for k in range(size):
                out[k] += rows[j, k] * a


@leaf
def residual(X: Array, XT: Array, y: Array, beta: Array, rho: Array) -> None:
    """``rho = y - X beta``; an empty X stands for the identity."""
    if X.shape[0] == 0:
        for k in range(y.shape[0]):
            rho[k] = y[k] - beta[k]
        return
    subtracted(y, XT, beta, rho)


@leaf
def pull(X: Array, rho: Array, g: Array) -> None:
    """``g = X' rho``."""
    if X.shape[0] == 0:
        for k in range(g.shape[0]):
            g[k] = rho[k]
        return
    combination(X, rho, g)


@leaf
def outside(Q: Array, QT: Array, z: Array, inside: Array, out: Array) -> None:
    """``out = z - Q Q' z`` for Q (d, n) with orthonormal columns; ``inside`` (n,) is overwritten."""
    combination(Q, z, inside)
    subtracted(z, QT, inside, out)
