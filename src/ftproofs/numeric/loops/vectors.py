"""Products with a design and sums, in an order that depends on sizes alone.

Inner loops run along rows, whose sums do not depend on one another, so that they become vector instructions without
any sum being reordered.
"""

from __future__ import annotations

import numpy as np

from ftproofs.numeric.loops.compiling import part

Array = np.ndarray


@part
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


@part
def subtract(rows: Array, z: Array, out: Array) -> None:
    """``out -= rows' z``: rows (m, k), z (m,), out (k,)."""
    m, size = rows.shape
    whole = m - m % 4
    for j in range(0, whole, 4):
        a, b, c, e = z[j], z[j + 1], z[j + 2], z[j + 3]
        for k in range(size):
            out[k] -= (rows[j, k] * a + rows[j + 1, k] * b) + (rows[j + 2, k] * c + rows[j + 3, k] * e)
    for j in range(whole, m):
        a = z[j]
        for k in range(size):
            out[k] -= rows[j, k] * a


@part
def add(rows: Array, z: Array, out: Array) -> None:
    """``out += rows' z``."""
    m, size = rows.shape
    whole = m - m % 4
    for j in range(0, whole, 4):
        a, b, c, e = z[j], z[j + 1], z[j + 2], z[j + 3]
        for k in range(size):
            out[k] += (rows[j, k] * a + rows[j + 1, k] * b) + (rows[j + 2, k] * c + rows[j + 3, k] * e)
    for j in range(whole, m):
        a = z[j]
        for k in range(size):
            out[k] += rows[j, k] * a


@part
def residual(X: Array, XT: Array, y: Array, beta: Array, rho: Array) -> None:
    """``rho = y - X beta``; an empty X stands for the identity."""
    if X.shape[0] == 0:
        for k in range(y.shape[0]):
            rho[k] = y[k] - beta[k]
        return
    for k in range(y.shape[0]):
        rho[k] = y[k]
    subtract(XT, beta, rho)


@part
def pull(X: Array, rho: Array, g: Array) -> None:
    """``g = X' rho``."""
    if X.shape[0] == 0:
        for k in range(g.shape[0]):
            g[k] = rho[k]
        return
    for k in range(g.shape[0]):
        g[k] = 0.0
    add(X, rho, g)


@part
def outside(Q: Array, QT: Array, z: Array, inside: Array, out: Array) -> None:
    """``out = z - Q Q' z`` for Q (d, n) with orthonormal columns; ``inside`` (n,) is overwritten."""
    for k in range(inside.shape[0]):
        inside[k] = 0.0
    add(Q, z, inside)
    for k in range(z.shape[0]):
        out[k] = z[k]
    subtract(QT, inside, out)
