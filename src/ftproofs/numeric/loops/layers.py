"""The stages of one step of DOP853 (see `training.flow`) for deep linear networks, one network after the other.

Between two looks at a batch every network stays in the cache: all its stages are taken before the next one's.  Small
networks go eight abreast (`abreast`).
"""

from __future__ import annotations

import numpy as np

from ftproofs.numeric.loops.abreast import stages_abreast
from ftproofs.numeric.loops.compiling import leaf, loop, part
from ftproofs.numeric.loops.stepping import FIFTH, MOVE, STAGES, THIRD, changed, combined
from ftproofs.numeric.loops.vectors import combination, residual

Array = np.ndarray

#: Networks with at most so many weights go eight abreast.
SMALL = 1024


@leaf
def _image(W: Array, z: Array, out: Array) -> None:
    """``out = W z``; eight sums side by side."""
    size = z.shape[0]
    whole = size - size % 8
    for i in range(W.shape[0]):
        row = W[i]
        a, b, c, e, f, g, p, q = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for k in range(0, whole, 8):
            a += row[k] * z[k]
            b += row[k + 1] * z[k + 1]
            c += row[k + 2] * z[k + 2]
            e += row[k + 3] * z[k + 3]
            f += row[k + 4] * z[k + 4]
            g += row[k + 5] * z[k + 5]
            p += row[k + 6] * z[k + 6]
            q += row[k + 7] * z[k + 7]
        total = ((a + f) + (b + g)) + ((c + p) + (e + q))
        for k in range(whole, size):
            total += row[k] * z[k]
        out[i] = total


@part
def _slope(
    X: Array,
    XT: Array,
    y: Array,
    z: Array,
    shapes: Array,
    speed: float,
    tails: Array,
    back: Array,
    rho: Array,
    out: Array,
) -> None:
    """``W_j' = -(W_1 .. W_{j-1})' g (W_{j+1} .. W_L)'``, g the gradient of the loss; all layers in z and out (m,)."""
    depth, end = shapes.shape[0], z.shape[0]
    for k in range(shapes[depth - 1, 0]):
        tails[depth - 1, k] = z[end - shapes[depth - 1, 0] + k]
    end -= shapes[depth - 1, 0]
    for j in range(depth - 2, -1, -1):
        rows, columns = shapes[j, 0], shapes[j, 1]
        begin = end - rows * columns
        _image(z[begin:end].reshape((rows, columns)), tails[j + 1, :columns], tails[j, :rows])
        end = begin
    d, n = shapes[0, 0], y.shape[0]
    residual(X, XT, y, tails[0, :d], rho)
    for i in range(n):
        rho[i] *= speed
    here, there = back[0], back[1]
    combination(X, rho, here[:d])
    for j in range(depth - 1):
        rows, columns = shapes[j, 0], shapes[j, 1]
        begin, end = end, end + rows * columns
        W, change, tail = z[begin:end].reshape((rows, columns)), out[begin:end].reshape((rows, columns)), tails[j + 1]
        for i in range(rows):
            g = here[i]
            for k in range(columns):
                change[i, k] = g * tail[k]
        combination(W, here[:rows], there[:columns])
        here, there = there, here
    for k in range(shapes[depth - 1, 0]):
        out[end + k] = here[k]


@loop
def stages(
    X: Array, XT: Array, y: Array, shapes: Array, speed: float, start: Array, h: Array, K: Array, move: Array
) -> None:
    """The step and its error estimates into move (case, 3, m); K (case, stage, m) but for its first slopes is scratch.

    Args:
        X: designs (case, n, d); XT: the same turned over; y: labels (case, n).
        shapes: rows and columns of every layer (L, 2), the last of one column.
        speed: what the residual ``y - X beta`` is multiplied by in the slope: the rate over the samples.
        start: the weights (case, m), layer by layer; their slopes are in ``K[:, 0]``.
        h: the steps (case,).
    """
    widest, (n, m) = shapes.max(), (y.shape[1], start.shape[1])
    if m <= SMALL:
        stages_abreast(X, y, shapes, speed, start, h, K, move)
        return
    tails, back = np.empty((shapes.shape[0], widest)), np.empty((2, widest))
    rho, z = np.empty(n), np.empty(m)
    for case in range(start.shape[0]):
        for s in range(1, STAGES):
            combined(s - 1, h[case], K[case], start[case], z)
            _slope(X[case], XT[case], y[case], z, shapes, speed, tails, back, rho, K[case, s])
        for place, row in enumerate((MOVE, FIFTH, THIRD)):
            changed(row, h[case], K[case], move[case, place])
