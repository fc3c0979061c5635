"""The gradient flow of diagonal networks, row by row: `diagonal.train` with `training.flow`, compiled."""

from __future__ import annotations

import sys

import numpy as np

from ftproofs.numeric.loops.alone import followed
from ftproofs.numeric.loops.compiling import loop
from ftproofs.numeric.loops.eights import ABREAST
from ftproofs.numeric.loops.ending import NUMBERS, VECTORS, ended
from ftproofs.numeric.loops.lanes import advanced, laid_in, lanes, taken_out
from ftproofs.numeric.loops.network import (
    ARRIVED,
    AT,
    ENDED,
    ENERGY,
    NOW,
    STATE,
    TRIED,
    Own,
    Problem,
    Rules,
    begun,
    orbit,
    scratch,
    turned_over,
)
from ftproofs.numeric.loops.stepping import STAGES
from ftproofs.numeric.loops.watching import RECORD

Array = np.ndarray

#: Designs with more numbers than this, or longer rows, are no quicker abreast: they fill vector instructions alone.
SMALL, LONG = 1024, 64


def few(n: int, d: int, *, dense: bool) -> int:
    """So many networks of this size, or fewer, are no quicker abreast than one after the other (see docs/bench.md)."""
    if d > LONG or (dense and n * d > SMALL):
        return sys.maxsize
    return 4 if dense and n * d > SMALL // 2 else 2


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
    few: int,
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Every row to where it ends.

    Args:
        X: (case, n, d), empty for the identity; Q: (case, d, n), columns that span the rows of X, empty where all do.
        y: (case, n).
        start: (row, 4, d), the same number of rows for every case, one case after the other.
        target: (row,), bounds at which rows have arrived; tolerance: (row,), see `training.flow.integrate`.
        few: so many rows or fewer are followed one after the other, more are eight abreast: the bits are the same.

    Returns:
        ends (row, 4, d), predictors (row, d), mu (row, n), numbers (row, NUMBERS), vectors (row, VECTORS, d), see
        `ending`, and codes and steps (row, 2).
    """
    cases, n = y.shape
    rows, _, d = start.shape
    copies, m, dense, flat = rows // cases, 4 * d + n, X.shape[1] > 0, Q.shape[1] == 0
    ends, predictors, mu = np.empty((rows, 4, d)), np.empty((rows, d)), np.zeros((rows, n))
    numbers, vectors = np.empty((rows, NUMBERS)), np.empty((rows, VECTORS, d))
    codes, rules = np.empty((rows, 2), np.int64), Rules(frozen, jump, rate, max_steps)
    # Of the network that is dealt with.
    work, half, z, logs = np.zeros((12, m)), np.zeros((6, n)), np.empty(4 * d), np.empty((0, 0))
    one = scratch(work, half, np.zeros((STAGES, m)), np.zeros(STAGES), d)
    wide = np.zeros((n, d + 2 * n + 1) if dense else (0, 0))
    # Of each network on its way.
    nets = ABREAST if rows > few else 1
    eight = lanes(n, d, dense, flat) if nets > 1 else lanes(0, 0, False, True)
    row, taken, running = np.full(nets, -1), 0, 0
    XT, QT = np.empty((nets, d, n) if dense else (nets, 0, 0)), np.empty((nets, 0, 0) if flat else (nets, n, d))
    scale, phase, record = np.empty((nets, d)), np.empty((nets, d)), np.empty((nets, RECORD))
    now, at = np.empty((nets, NOW)), np.zeros((nets, AT), np.int64)
    while taken < rows or running > 0:
        for net in range(nets):
            if row[net] < 0 and taken < rows:
                case = taken // copies
                turned_over(X[case], XT[net])
                turned_over(Q[case], QT[net])
                orbit(start[taken], frozen, z, scale[net], phase[net])
                begun(z, y[case], tolerance[taken], target[taken], now[net], at[net], record[net])
                if nets > 1:
                    laid_in(Problem(X[case], XT[net], Q[case], QT[net], y[case]), z, net, eight)
                row[net], taken, running = taken, taken + 1, running + 1
        abreast = nets > 1 and (taken < rows or running > few)
        if abreast:
            advanced(eight, X, XT, row, copies, rules, Own(scale, phase, record, now, at), one, wide)
        for net in range(nets):
            r, case = row[net], row[net] // copies
            if r < 0 or (abreast and not at[net, ENDED]):
                continue
            if nets > 1:
                taken_out(eight, net, z, mu[r])
            if not at[net, ENDED]:
                p = Problem(X[case], XT[net], Q[case], QT[net], y[case])
                own = Own(scale[net], phase[net], record[net], now[net], at[net])
                followed(p, rules, own, z, mu[r], one, wide)
            codes[r, 0], codes[r, 1] = at[net, STATE], at[net, TRIED]
            ended(
                X[case],
                XT[net],
                Q[case],
                QT[net],
                y[case],
                start[r],
                z,
                scale[net],
                phase[net],
                now[net, ENERGY],
                jump and at[net, STATE] == ARRIVED,
                frozen,
                logs,
                record[net],
                work,
                half,
                wide,
                ends[r],
                predictors[r],
                mu[r],
                numbers[r],
                vectors[r],
            )
            row[net], running = -1, running - 1
    return ends, predictors, mu, numbers, vectors, codes
