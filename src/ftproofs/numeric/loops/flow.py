"""The gradient flow of diagonal networks, one row after the other: `diagonal.train` with `training.flow`, compiled."""

from __future__ import annotations

import math

import numpy as np

from ftproofs.numeric.loops.compiling import loop, part
from ftproofs.numeric.loops.ending import NUMBERS, VECTORS, ended
from ftproofs.numeric.loops.stepping import (
    FIFTH,
    MOVE,
    STAGES,
    THIRD,
    changed,
    combined,
    error_of,
    estimate,
    factor,
    slope,
    weighted,
)
from ftproofs.numeric.loops.vectors import squares
from ftproofs.numeric.loops.watching import RECORD, arrived, empty, off_path, see

Array = np.ndarray

#: As in `training.flow` and `diagonal.arrival`.
LONGEST = 1e12
RUNNING, ARRIVED, AT_SADDLE, EXHAUSTED, NOT_FINITE = range(5)
LOOK_EVERY = 3


@part
def _follow(
    X: Array,
    XT: Array,
    Q: Array,
    QT: Array,
    y: Array,
    z: Array,
    mu: Array,
    scale: Array,
    phase: Array,
    target: float,
    tolerance: float,
    frozen: bool,
    jump: bool,
    rate: float,
    max_steps: int,
    record: Array,
    work: Array,
    half: Array,
    K: Array,
    E: Array,
    wide: Array,
) -> tuple[float, int, int]:
    """Follow one row from its weights z (4 d,), overwritten, as is mu (n,); energy, code and steps tried.

    ``work`` (12, 4 d + n) and ``half`` (6, n) are scratch; K (stage, 4 d + n), E (stage,) hold slopes.
    """
    d, n = z.shape[0] // 4, y.shape[0]
    stage, moved, rough = work[0, : 4 * d], work[1], work[2]
    beta, g, D = work[4, :d], work[5, :d], work[6, :d]
    angle, away = work[7, :d], work[8, :d]
    rho, inside = half[0], half[3]
    empty(record)
    energy, t, waited = 0.0, 0.0, 0
    for i in range(n):
        mu[i] = 0.0
    h, previous, state, accepted = 0.0, 1e-4, RUNNING, True
    unit = math.sqrt(squares(z) + math.sqrt(squares(y)))
    allowed = tolerance * unit
    for tried in range(max_steps + 1):
        # At the beginning and after every accepted step the row is looked at.
        if accepted:
            slope(X, XT, y, z, frozen, rate, beta, rho, g, 0, K, E)
            if tried == 0:
                speed = math.sqrt(squares(K[0]) + E[0] * E[0])
                h = min(0.01 * unit / speed if speed > 0 else 1.0, LONGEST)
            fall = 0.0
            for k in range(d):
                first = z[4 * k] * z[4 * k] + z[4 * k + 2] * z[4 * k + 2]
                second = z[4 * k + 1] * z[4 * k + 1] + z[4 * k + 3] * z[4 * k + 3]
                D[k] = first if frozen else first + second
                fall += D[k] * g[k] * g[k]
            square = squares(rho)
            gap = off_path(Q, QT, scale, phase, beta, frozen, inside, angle, away)
            see(record, rate * t, square / 2, fall, gap)
            there, waited = arrived(X, XT, D, rho, square, fall, target, waited, LOOK_EVERY, frozen, jump, wide, inside)
            if there and state == RUNNING:
                state = ARRIVED
        if state == RUNNING and tried == max_steps:
            state = EXHAUSTED
        if state != RUNNING:
            return energy, state, tried
        for s in range(1, STAGES):
            combined(s - 1, h, K, z, stage)
            slope(X, XT, y, stage, frozen, rate, beta, rho, g, s, K, E)
        third, fifth = 0.0, 0.0
        for row in (FIFTH, THIRD):
            fifth, third = third, estimate(row, h, K, E, rough)
        error = error_of(fifth, third, allowed)
        accepted = error <= 1
        if accepted:
            changed(MOVE, h, K, moved)
            energy += h * weighted(MOVE, E)
            for k in range(4 * d):
                z[k] += moved[k]
            for i in range(n):
                mu[i] += moved[4 * d + i]
            t += h
        change = factor(error, previous, accepted)
        previous = max(error, 1e-12) if accepted else previous
        h = min(h * change, LONGEST)
        if h < 1e-15 * t or not h > 1e-300:
            state = NOT_FINITE
    return energy, state, max_steps


@part
def turned_over(rows: Array, columns: Array) -> None:
    """The transpose, or nothing of nothing."""
    for k in range(columns.shape[0]):
        for i in range(columns.shape[1]):
            columns[k, i] = rows[i, k]


@part
def orbit(w: Array, frozen: bool, z: Array, scale: Array, phase: Array) -> None:
    """Weights (4, d) coordinate by coordinate in z (4 d,), their scale and phase (see `diagonal.network`)."""
    for k in range(scale.shape[0]):
        for v in range(4):
            z[4 * k + v] = w[v, k]
        if frozen:
            scale[k] = (w[0, k] * w[0, k] + w[2, k] * w[2, k]) / 2
            phase[k] = (w[0, k] * w[1, k] - w[2, k] * w[3, k]) / scale[k]
        else:
            a, b, e, f = w[0, k] + w[1, k], w[2, k] - w[3, k], w[0, k] - w[1, k], w[2, k] + w[3, k]
            up, down = a * a + b * b, e * e + f * f
            scale[k], phase[k] = math.sqrt(up) * math.sqrt(down) / 2, (math.log(up) - math.log(down)) / 2


@loop
def trained(
    X: Array,
    Q: Array,
    y: Array,
    start: Array,
    target: Array,
    tolerance: Array,
    frozen: bool,
    jump: bool,
    rate: float,
    max_steps: int,
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Every row to where it ends.

    Args:
        X: (case, n, d), empty for the identity; Q: (case, d, n), columns that span the rows of X, empty where all do.
        y: (case, n).
        start: (row, 4, d), the same number of rows for every case, one case after the other.
        target: (row,), bounds at which rows have arrived; tolerance: (row,), see `training.flow.integrate`.

    Returns:
        ends (row, 4, d), predictors (row, d), mu (row, n), numbers (row, NUMBERS), vectors (row, VECTORS, d), see
        `ending`, and codes and steps (row, 2).
    """
    cases, n = y.shape
    rows, _, d = start.shape
    copies = rows // cases
    ends, predictors, mu = np.empty((rows, 4, d)), np.empty((rows, d)), np.empty((rows, n))
    numbers, vectors = np.empty((rows, NUMBERS)), np.empty((rows, VECTORS, d))
    codes = np.empty((rows, 2), np.int64)
    work, half = np.zeros((12, 4 * d + n)), np.zeros((6, n))
    K, E = np.zeros((STAGES, 4 * d + n)), np.zeros(STAGES)
    dense, flat = X.shape[1] > 0, Q.shape[1] == 0
    wide = np.zeros((n, d + 2 * n + 1) if dense else (0, 0))
    record, z = np.empty(RECORD), np.empty(4 * d)
    XT, QT = np.empty((d, n) if dense else (0, 0)), np.empty((0, 0) if flat else (n, d))
    scale, phase, logs = np.empty(d), np.empty(d), np.empty((0, 0))
    for row in range(rows):
        case = row // copies
        if row % copies == 0:
            turned_over(X[case], XT)
            turned_over(Q[case], QT)
        w = start[row]
        orbit(w, frozen, z, scale, phase)
        energy, code, steps = _follow(
            X[case],
            XT,
            Q[case],
            QT,
            y[case],
            z,
            mu[row],
            scale,
            phase,
            target[row],
            tolerance[row],
            frozen,
            jump,
            rate,
            max_steps,
            record,
            work,
            half,
            K,
            E,
            wide,
        )
        codes[row, 0], codes[row, 1] = code, steps
        ended(
            X[case],
            XT,
            Q[case],
            QT,
            y[case],
            w,
            z,
            scale,
            phase,
            energy,
            jump and code == ARRIVED,
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
    return ends, predictors, mu, numbers, vectors, codes
