"""The stages of `loops.layers` for small networks, eight of them abreast.

Short rows leave vector instructions half empty; here the last axis of every array counts networks, so that all
instructions are full whatever the rows' length.  What a network's numbers are does not depend on its neighbours.
"""

from __future__ import annotations

import numpy as np

from ftproofs.numeric.loops.compiling import allocating, leaf, part
from ftproofs.numeric.loops.stepping import FIFTH, MOVE, STAGES, THIRD, term_of, terms_of

Array = np.ndarray

#: Networks side by side.
ABREAST = 8


@leaf
def _combined(row: int, h: Array, K: Array, out: Array) -> None:
    """``out += h sum_s w_s K_s`` with one row of the table: K (stage, m, net), out (m, net), h (net,)."""
    for c in range(terms_of(row)):
        p, a, q, b, r, e, s, f = term_of(row, c)
        for k in range(out.shape[0]):
            for v in range(ABREAST):
                out[k, v] += h[v] * ((a * K[p, k, v] + b * K[q, k, v]) + (e * K[r, k, v] + f * K[s, k, v]))


@part
def _slope(
    X: Array, y: Array, z: Array, shapes: Array, speed: float, tails: Array, back: Array, rho: Array, out: Array
) -> None:
    """As in `loops.layers`: X (n, d, net), y and rho (n, net), z and out (m, net)."""
    depth, end = shapes.shape[0], z.shape[0]
    end -= shapes[depth - 1, 0]
    for k in range(shapes[depth - 1, 0]):
        for v in range(ABREAST):
            tails[depth - 1, k, v] = z[end + k, v]
    for j in range(depth - 2, -1, -1):
        rows, columns = shapes[j, 0], shapes[j, 1]
        end -= rows * columns
        for i in range(rows):
            for v in range(ABREAST):
                tails[j, i, v] = 0.0
            for k in range(columns):
                for v in range(ABREAST):
                    tails[j, i, v] += z[end + i * columns + k, v] * tails[j + 1, k, v]
    n, d = X.shape[0], X.shape[1]
    here, there = back[0], back[1]
    for k in range(d):
        for v in range(ABREAST):
            here[k, v] = 0.0
    for i in range(n):
        for v in range(ABREAST):
            rho[i, v] = y[i, v]
        for k in range(d):
            for v in range(ABREAST):
                rho[i, v] -= X[i, k, v] * tails[0, k, v]
        for v in range(ABREAST):
            rho[i, v] *= speed
        for k in range(d):
            for v in range(ABREAST):
                here[k, v] += X[i, k, v] * rho[i, v]
    begin = 0
    for j in range(depth - 1):
        rows, columns = shapes[j, 0], shapes[j, 1]
        for k in range(columns):
            for v in range(ABREAST):
                there[k, v] = 0.0
        for i in range(rows):
            for k in range(columns):
                at = begin + i * columns + k
                for v in range(ABREAST):
                    out[at, v] = here[i, v] * tails[j + 1, k, v]
                    there[k, v] += z[at, v] * here[i, v]
        begin += rows * columns
        here, there = there, here
    for k in range(shapes[depth - 1, 0]):
        for v in range(ABREAST):
            out[begin + k, v] = here[k, v]


@allocating
def stages_abreast(
    X: Array, y: Array, shapes: Array, speed: float, start: Array, h: Array, K: Array, move: Array
) -> None:
    """As `loops.layers.stages`, but that only ``K[:, 0]`` is read and nothing else of K is written."""
    widest, (n, d), m = shapes.max(), (X.shape[1], X.shape[2]), start.shape[1]
    cases = start.shape[0]
    designs, labels, step = np.empty((n, d, ABREAST)), np.empty((n, ABREAST)), np.empty(ABREAST)
    begin, z, slopes = np.empty((m, ABREAST)), np.empty((m, ABREAST)), np.empty((STAGES, m, ABREAST))
    tails, back = np.empty((shapes.shape[0], widest, ABREAST)), np.empty((2, widest, ABREAST))
    rho = np.empty((n, ABREAST))
    for first in range(0, cases, ABREAST):
        for v in range(ABREAST):
            # The last group is filled up with copies.
            case = min(first + v, cases - 1)
            step[v] = h[case]
            for i in range(n):
                labels[i, v] = y[case, i]
                for k in range(d):
                    designs[i, k, v] = X[case, i, k]
            for k in range(m):
                begin[k, v], slopes[0, k, v] = start[case, k], K[case, 0, k]
        for s in range(1, STAGES):
            z[:] = begin
            _combined(s - 1, step, slopes, z)
            _slope(designs, labels, z, shapes, speed, tails, back, rho, slopes[s])
        for place, row in enumerate((MOVE, FIFTH, THIRD)):
            z[:] = 0.0
            _combined(row, step, slopes, z)
            for v in range(min(ABREAST, cases - first)):
                for k in range(m):
                    move[first + v, place, k] = z[k, v]
