"""The flow of a first layer that two tasks share, one row after the other: `diagonal.multitask`, compiled."""

from __future__ import annotations

import math

import numpy as np

from ftproofs.numeric.loops.compiling import loop, part
from ftproofs.numeric.loops.ending import rounding
from ftproofs.numeric.loops.network import ARRIVED, EXHAUSTED, LONGEST, NOT_FINITE, RUNNING, turned_over
from ftproofs.numeric.loops.newton import eliminated, gram
from ftproofs.numeric.loops.stepping import FIFTH, MOVE, STAGES, THIRD, changed, combined, error_of, factor
from ftproofs.numeric.loops.vectors import pull, residual, squares

Array = np.ndarray


@part
def _slope_of(
    X: Array, XT: Array, y: Array, z: Array, task: int, beta: Array, rho: Array, g: Array, out: Array
) -> None:
    """One task's part of the slopes: added for the first layer, written for its own readout."""
    d = beta.shape[0]
    wp, wm = z[:d], z[d : 2 * d]
    first = 2 * d * (1 + task)
    vp, vm = z[first : first + d], z[first + d : first + 2 * d]
    for k in range(d):
        beta[k] = wp[k] * vp[k] - wm[k] * vm[k]
    residual(X, XT, y, beta, rho)
    pull(X, rho, g)
    a, b, e, f = out[:d], out[d : 2 * d], out[first : first + d], out[first + d : first + 2 * d]
    for k in range(d):
        a[k] += g[k] * vp[k]
        b[k] -= g[k] * vm[k]
        e[k] = g[k] * wp[k]
        f[k] = -g[k] * wm[k]


@part
def _combined(row: int, h: float, K: Array, begin: Array, out: Array) -> None:
    combined(row, h, K, begin, out)


@part
def _estimate(row: int, h: float, K: Array, out: Array) -> float:
    """The norm of one error estimate."""
    changed(row, h, K, out)
    return math.sqrt(squares(out))


@part
def _least(X: Array, XT: Array, square: Array, needed: float, A: Array) -> bool:
    """Whether the least eigenvalue of ``X diag(square) X'`` exceeds what is needed."""
    if X.shape[0] == 0:
        least = math.inf
        for k in range(square.shape[0]):
            least = min(least, square[k])
        return least > needed
    n = X.shape[0]
    gram(XT, square, -needed, A)
    eliminated(A[:n, :n], n)
    return math.isfinite(A[n - 1, n - 1])


@part
def _near(
    one: tuple[Array, Array, Array],
    two: tuple[Array, Array, Array],
    z: Array,
    rho: tuple[Array, Array],
    steepest: float,
    goal: float,
    square: Array,
    beta: Array,
    away: Array,
    terms: Array,
    A: Array,
) -> bool:
    """Whether the path that is left is at most the goal: its length is a root of ``s R^2 - g R + |rho|``."""
    d = square.shape[0]
    widest = 0.0
    for k in range(d):
        square[k] = z[k] * z[k] + z[d + k] * z[d + k]
        widest = max(widest, square[k])
    size = math.sqrt(squares(rho[0]) + squares(rho[1]))
    if not size <= goal * math.sqrt(widest) * steepest:
        return False
    total = 0.0
    for task in range(2):
        first = 2 * d * (1 + task)
        for k in range(d):
            beta[k] = z[k] * z[first + k] - z[d + k] * z[first + d + k]
        _, XT, y = one if task == 0 else two
        left = rho[0] if task == 0 else rho[1]
        part_ = math.sqrt(squares(left)) + rounding(XT, y, beta, away, terms[: y.shape[0]])
        total += part_ * part_
    needed = math.sqrt(total) / goal + steepest * goal
    return _least(one[0], one[1], square, needed * needed, A) and _least(two[0], two[1], square, needed * needed, A)


@part
def _follow(
    one: tuple[Array, Array, Array],
    two: tuple[Array, Array, Array],
    z: Array,
    size: float,
    steepest: float,
    goal: float,
    tolerance: float,
    max_steps: int,
    K: Array,
    work: Array,
    narrow: Array,
    A: Array,
) -> tuple[int, int]:
    """Follow one row from its weights z (6 d,), overwritten; code and steps tried.

    K (stage, 6 d), work (3, 6 d), narrow (3, most samples) and A are scratch; a task is X, X' and y.
    """
    d = z.shape[0] // 6
    stage, rough = work[0], work[1]
    beta, g, away, square = work[2, :d], work[2, d : 2 * d], work[2, 2 * d : 3 * d], work[2, 3 * d : 4 * d]
    rho = narrow[0, : one[2].shape[0]], narrow[1, : two[2].shape[0]]
    t, h, previous, accepted = 0.0, 0.0, 1e-4, True
    allowed = tolerance * size
    for tried in range(max_steps + 1):
        if accepted:
            _slopes(one, two, z, beta, rho, g, K[0])
            if tried == 0:
                speed = math.sqrt(squares(K[0]))
                h = min(0.01 * size / speed if speed > 0 else 1.0, LONGEST)
            if _near(one, two, z, rho, steepest, goal, square, beta, away, narrow[2], A):
                return ARRIVED, tried
        if tried == max_steps:
            return EXHAUSTED, tried
        for s in range(1, STAGES):
            _combined(s - 1, h, K, z, stage)
            _slopes(one, two, stage, beta, rho, g, K[s])
        fifth = _estimate(FIFTH, h, K, rough)
        error = error_of(fifth, _estimate(THIRD, h, K, rough), allowed)
        accepted = error <= 1
        if accepted:
            _combined(MOVE, h, K, z, z)
            t += h
        change = factor(error, previous, accepted)
        previous = max(error, 1e-12) if accepted else previous
        h = min(h * change, LONGEST)
        if h < 1e-15 * t or not h > 1e-300:
            return NOT_FINITE, tried + 1
    return RUNNING, max_steps


@part
def _slopes(
    one: tuple[Array, Array, Array],
    two: tuple[Array, Array, Array],
    z: Array,
    beta: Array,
    rho: tuple[Array, Array],
    g: Array,
    out: Array,
) -> None:
    for k in range(2 * beta.shape[0]):
        out[k] = 0.0
    for task in range(2):
        X, XT, y = one if task == 0 else two
        _slope_of(X, XT, y, z, task, beta, rho[0] if task == 0 else rho[1], g, out)


@loop
def trained_together(
    X1: Array,
    y1: Array,
    X2: Array,
    y2: Array,
    start: Array,
    size: Array,
    steepest: Array,
    goal: Array,
    tolerance: Array,
    max_steps: int,
) -> tuple[Array, Array]:
    """Every row to where the path that is left is no longer than its goal.

    Args:
        X1, X2: (case, n, d) of the two tasks, empty for the identity; y1, y2: their labels.
        start: (row, 6 d), weights as in `diagonal.multitask`; row i is of case i modulo the number of cases.
        size: (row,), the size of the weights that errors are relative to.
        steepest: (row,), the designs' largest singular value; goal, tolerance: (row,).

    Returns:
        ends (row, 6 d), codes and steps (row, 2).
    """
    cases, d = y1.shape[0], start.shape[1] // 6
    n1, n2 = y1.shape[1], y2.shape[1]
    most = max(n1, n2)
    ends, codes = start.copy(), np.empty((start.shape[0], 2), np.int64)
    K, work, narrow, A = np.zeros((STAGES, 6 * d)), np.empty((3, 6 * d)), np.empty((3, most)), np.empty((most, most))
    XT1, XT2 = np.empty((d if X1.shape[1] else 0, X1.shape[1])), np.empty((d if X2.shape[1] else 0, X2.shape[1]))
    for row in range(start.shape[0]):
        case = row % cases
        turned_over(X1[case], XT1)
        turned_over(X2[case], XT2)
        one, two = (X1[case], XT1, y1[case]), (X2[case], XT2, y2[case])
        codes[row, 0], codes[row, 1] = _follow(
            one,
            two,
            ends[row],
            size[row],
            steepest[row],
            goal[row],
            tolerance[row],
            max_steps,
            K,
            work,
            narrow,
            A,
        )
    return ends, codes
