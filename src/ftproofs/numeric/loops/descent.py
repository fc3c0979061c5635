"""Gradient descent on diagonal networks, one row after the other: `diagonal.descent`, compiled.

Logarithms of products over the steps are taken of so many factors at once as lie between two looks.  A factor and its
product round by no more than two units each, which `diagonal.descent` allows for in every step.
"""

from __future__ import annotations

import math

import numpy as np

from ftproofs.numeric.loops.compiling import loop, part
from ftproofs.numeric.loops.ending import NUMBERS, TAIL, VECTORS, ended
from ftproofs.numeric.loops.network import ARRIVED, EXHAUSTED, LOOK_EVERY, NOT_FINITE, RUNNING, orbit, turned_over
from ftproofs.numeric.loops.vectors import pull, residual, squares
from ftproofs.numeric.loops.watching import RECORD, arrived, empty, off_path, see

Array = np.ndarray

#: As in `diagonal.descent`.
WATCH_EVERY = 16


@part
def _gather(logs: Array, products: Array) -> None:
    """Add the logarithms of ``1 - e^2``, ``(1 + e)^2`` and ``(1 - e)^2``, each (d,), and begin new products."""
    for k in range(logs.shape[1]):
        logs[0, k] += math.log(products[0, k])
        logs[1, k] += 2 * math.log(products[1, k])
        logs[2, k] += 2 * math.log(products[2, k])
        products[0, k], products[1, k], products[2, k] = 1.0, 1.0, 1.0


@part
def _descend(
    X: Array,
    XT: Array,
    Q: Array,
    QT: Array,
    y: Array,
    z: Array,
    mu: Array,
    logs: Array,
    scale: Array,
    phase: Array,
    eta: float,
    target: float,
    frozen: bool,
    max_steps: int,
    record: Array,
    work: Array,
    half: Array,
    wide: Array,
) -> tuple[float, int, int]:
    """Descend from the weights z (4 d,), overwritten, as are mu (n,) and logs (3, d); energy, code and steps."""
    d, n = z.shape[0] // 4, y.shape[0]
    beta, g, D, angle, away = work[4, :d], work[5, :d], work[6, :d], work[7, :d], work[8, :d]
    products, rho, inside = work[9:12, :d], half[0], half[3]
    empty(record)
    energy, waited, first = 0.0, 0, 0.0 if frozen else eta
    for i in range(n):
        mu[i] = 0.0
    for k in range(d):
        for p in range(3):
            logs[p, k], products[p, k] = 0.0, 1.0
    for t in range(max_steps + 1):
        for k in range(d):
            beta[k] = z[4 * k] * z[4 * k + 1] - z[4 * k + 2] * z[4 * k + 3]
        residual(X, XT, y, beta, rho)
        pull(X, rho, g)
        square = squares(rho)
        if t % WATCH_EVERY == 0 or t == max_steps:
            _gather(logs, products)
            fall = 0.0
            for k in range(d):
                own = z[4 * k] * z[4 * k] + z[4 * k + 2] * z[4 * k + 2]
                other = z[4 * k + 1] * z[4 * k + 1] + z[4 * k + 3] * z[4 * k + 3]
                D[k] = own if frozen else own + other
                fall += D[k] * g[k] * g[k]
            gap = off_path(Q, QT, scale, phase, beta, frozen, inside, angle, away)
            see(record, t * eta, square / 2, fall, gap)
            there, waited = arrived(
                X, XT, D, rho, square, fall, target, waited, LOOK_EVERY, frozen, False, wide, inside
            )
            state = ARRIVED if there else RUNNING
            if not math.isfinite(fall):
                state = NOT_FINITE
            if state == RUNNING and t == max_steps:
                state = EXHAUSTED
            if state != RUNNING:
                return energy, state, t
        energy += eta * square
        for i in range(n):
            mu[i] += eta * rho[i]
        for k in range(d):
            e = eta * g[k]
            products[0, k] *= 1 - e * e
            # Past 1 the logarithm is that of no factor.
            products[1, k] *= 1 + e if e >= -1 else math.nan
            products[2, k] *= 1 - e if e <= 1 else math.nan
        for k in range(d):
            wp, vp, wm, vm = z[4 * k], z[4 * k + 1], z[4 * k + 2], z[4 * k + 3]
            a, b = first * g[k], eta * g[k]
            z[4 * k] = wp + a * vp
            z[4 * k + 1] = vp + b * wp
            z[4 * k + 2] = wm - a * vm
            z[4 * k + 3] = vm - b * wm
    return energy, EXHAUSTED, max_steps


@loop
def descended(
    X: Array, Q: Array, y: Array, start: Array, eta: Array, target: Array, frozen: bool, max_steps: int
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Every row to where its descent ends; arguments and results as those of `flow.trained`, eta (row,) the steps."""
    cases, n = y.shape
    rows, _, d = start.shape
    copies = rows // cases
    ends, predictors, mu = np.empty((rows, 4, d)), np.empty((rows, d)), np.empty((rows, n))
    numbers, vectors = np.empty((rows, NUMBERS)), np.empty((rows, VECTORS, d))
    codes = np.empty((rows, 2), np.int64)
    work, half, logs = np.zeros((12, 4 * d)), np.zeros((6, n)), np.zeros((3, d))
    dense, flat = X.shape[1] > 0, Q.shape[1] == 0
    wide = np.zeros((n, d + 2 * n + 1) if dense else (0, 0))
    record, z, scale, phase = np.empty(RECORD), np.empty(4 * d), np.empty(d), np.empty(d)
    XT, QT = np.empty((d, n) if dense else (0, 0)), np.empty((0, 0) if flat else (n, d))
    for row in range(rows):
        case = row // copies
        if row % copies == 0:
            turned_over(X[case], XT)
            turned_over(Q[case], QT)
        orbit(start[row], frozen, z, scale, phase)
        energy, code, steps = _descend(
            X[case],
            XT,
            Q[case],
            QT,
            y[case],
            z,
            mu[row],
            logs,
            scale,
            phase,
            eta[row],
            target[row],
            frozen,
            max_steps,
            record,
            work,
            half,
            wide,
        )
        codes[row, 0], codes[row, 1] = code, steps
        ended(
            X[case],
            XT,
            Q[case],
            QT,
            y[case],
            start[row],
            z,
            scale,
            phase,
            energy,
            False,
            frozen,
            logs,
            record,
            work,
            half,
            wide,
            ends[row],
            predictors[row],
            mu[row],
            numbers[row],
            vectors[row],
        )
        # The iterates go on in steps, not along the flow whose tail was bounded: the squares e^2 come on top.
        numbers[row, TAIL] *= 2.0
        # Every step rounds again.
        for k in range(11, TAIL, 2):
            numbers[row, k] *= 1 + steps / 4
        for v in range(2, VECTORS, 2):
            for k in range(d):
                vectors[row, v, k] *= 1 + steps / 4
    return ends, predictors, mu, numbers, vectors, codes
