"""From where an integration stopped to where training ends: `diagonal.finish` and `diagonal.conserved`, one network."""

from __future__ import annotations

import math

import numpy as np

from ftproofs.numeric.loops.compiling import part
from ftproofs.numeric.loops.newton import bounds, whitened
from ftproofs.numeric.loops.vectors import outside, pull, residual, squares
from ftproofs.numeric.loops.watching import DECAY, DECAY_GAP, KKT, LOSS_TIME, LOSS_TIME_GAP, angle_of

Array = np.ndarray

UNIT = 2.0**-53

#: Numbers of a row: value and bound of each, then the bounds on the tail and on each entry of mu and of the phase.
READINGS = ("loss_integral", "kkt_gap", "path_kkt_gap", "loss_time", "loss_decay")
CONSERVED = ("c_drift", "r_drift", "drift_gap")
TAIL = 2 * (len(READINGS) + len(CONSERVED))
MU_BOUND, PHASE_BOUND = TAIL + 1, TAIL + 2
NUMBERS = TAIL + 3

#: Vectors of a row: the phase, then value and bound of each.
PRODUCTS = ("c_ratio", "drift_product", "sum_ratio", "sum_product", "difference_ratio", "difference_product")
VECTORS = 1 + 2 * len(PRODUCTS)


@part
def ended(
    X: Array,
    XT: Array,
    Q: Array,
    QT: Array,
    y: Array,
    start: Array,
    z: Array,
    scale: Array,
    phase: Array,
    energy: float,
    jumped: bool,
    frozen: bool,
    logs: Array,
    record: Array,
    work: Array,
    half: Array,
    wide: Array,
    end: Array,
    predictor: Array,
    mu: Array,
    numbers: Array,
    vectors: Array,
) -> None:
    """Fill the last five: the weights, the predictor, mu with the step added, numbers and vectors of one row.

    ``logs`` (3, d) are logarithms of the products over the steps of descent of ``1 - e^2``, ``(1 + e)^2`` and
    ``(1 - e)^2``; empty of a flow.
    """
    d, n = predictor.shape[0], y.shape[0]
    beta, D, s, angle = work[4, :d], work[6, :d], vectors[0], work[7, :d]
    away, again = work[8, :d], work[9, :d]
    rho, step, inside, terms = half[0], half[1], half[2], half[3]
    fastest, slowest = 0.0, math.inf
    for k in range(d):
        wp, vp, wm, vm = z[4 * k], z[4 * k + 1], z[4 * k + 2], z[4 * k + 3]
        beta[k] = wp * vp - wm * vm
        D[k] = wp * wp + wm * wm if frozen else (wp * wp + wm * wm) + (vp * vp + vm * vm)
        fastest, slowest = max(fastest, D[k]), min(slowest, D[k])
    residual(X, XT, y, beta, rho)
    left = math.sqrt(squares(rho))
    loose = rounding(XT, y, beta, away, terms) + 4 * UNIT * left
    if X.shape[0] == 0:
        reach = 1 / math.sqrt(slowest)
        inverse, total, ahead, behind = reach, 0.0, 0.0, 0.0
        for k in range(d):
            step[k] = rho[k] / D[k]
            share = rho[k] * rho[k] / D[k]
            total += share
            before, after = bounds(math.sqrt(share), 1 / math.sqrt(D[k]), D[k])
            ahead, behind = ahead + before * before, behind + after * after
        decrement, far, near, inexact = math.sqrt(total), math.sqrt(ahead), math.sqrt(behind), loose
    else:
        decrement, reach, inverse = whitened(X, XT, D, 0.0, rho, wide, step)
        far, near = bounds(decrement, reach, fastest)
        inexact = math.sqrt(fastest) * inverse * loose
    if frozen:
        far = math.sqrt(fastest) * decrement
    gain = 0.0
    for i in range(n):
        step[i] = step[i] if jumped else 0.0
        gain += rho[i] * step[i]
    pull(X, step, away)
    _turned(z, away, frozen, end)
    for k in range(d):
        predictor[k] = end[0, k] * end[1, k] - end[2, k] * end[3, k] if jumped else beta[k]
    for i in range(n):
        mu[i] += step[i]
    pull(X, mu, s)
    size = 0.0
    for k in range(d):
        part_ = end[0, k] ** 2 + end[1, k] ** 2 + end[2, k] ** 2 + end[3, k] ** 2
        size += part_ * part_
    tail = (near if jumped else far) + inexact + 8 * UNIT * math.sqrt(size)
    # In mu and in X' mu what is left is bounded in the norm of K: |L^-1| and k carry it over.
    remaining = tail / math.sqrt(fastest)
    last = decrement * decrement * (4 * reach * decrement if jumped else 1.0)
    for k in range(d):
        angle[k] = angle_of(predictor[k], scale[k], phase[k], frozen)
    gap = 0.0
    if Q.shape[0]:
        outside(Q, QT, angle, inside, away)
        outside(Q, QT, away, inside, again)
        gap = math.sqrt(squares(again))
    tiny = 64 * UNIT * (math.sqrt(squares(angle)) + math.sqrt(d))
    numbers[0], numbers[1] = energy + gain / 2, last + loose * math.sqrt(squares(mu)) + 8 * UNIT * energy
    numbers[2], numbers[3] = gap, tiny
    numbers[4], numbers[5] = record[KKT], tiny
    numbers[6], numbers[7] = record[LOSS_TIME], record[LOSS_TIME_GAP]
    numbers[8], numbers[9] = record[DECAY], record[DECAY_GAP]
    numbers[TAIL], numbers[MU_BOUND], numbers[PHASE_BOUND] = tail, inverse * remaining, reach * remaining
    if frozen:
        numbers[10:TAIL] = math.nan
        vectors[1:] = math.nan
    else:
        _conserved(start, end, s, logs, numbers, vectors)


@part
def rounding(XT: Array, y: Array, beta: Array, positive: Array, terms: Array) -> float:
    """`Regression.rounding`: a bound on the rounding of a residual."""
    d, n = beta.shape[0], y.shape[0]
    size = math.sqrt(squares(y))
    if XT.shape[0] == 0:
        return 2 * UNIT * (size + math.sqrt(squares(beta)))
    for i in range(n):
        terms[i] = 0.0
    for k in range(d):
        x, a = XT[k], abs(beta[k])
        for i in range(n):
            terms[i] += abs(x[i]) * a
    return UNIT * ((d + 4) * math.sqrt(squares(terms)) + 2 * size)


@part
def _turned(z: Array, s: Array, frozen: bool, end: Array) -> None:
    """`Weights.turned`: along the orbit until ``int X' rho dt`` has grown by s."""
    for k in range(s.shape[0]):
        wp, vp, wm, vm = z[4 * k], z[4 * k + 1], z[4 * k + 2], z[4 * k + 3]
        if frozen:
            end[0, k], end[1, k], end[2, k], end[3, k] = wp, vp + s[k] * wp, wm, vm - s[k] * wm
        else:
            # Sums and differences are stretched and shrunk: no cancellation where the phase is large.
            grow, shrink = math.exp(s[k]), math.exp(-s[k])
            up, down = grow * (wp + vp), shrink * (wp - vp)
            back, forth = shrink * (wm + vm), grow * (wm - vm)
            end[0, k], end[1, k] = (up + down) / 2, (up - down) / 2
            end[2, k], end[3, k] = (back + forth) / 2, (back - forth) / 2


@part
def _conserved(start: Array, end: Array, s: Array, logs: Array, numbers: Array, vectors: Array) -> None:
    """`conserved.conserved`; of a flow the logarithms are 0, ``2 s`` and ``-2 s``."""
    flow = logs.shape[0] == 0
    for place in range(10, TAIL):
        numbers[place] = 0.0
    for k in range(s.shape[0]):
        a, b, e, f = start[0, k], start[1, k], start[2, k], start[3, k]
        p, q, r, t = end[0, k], end[1, k], end[2, k], end[3, k]
        plus, minus, c, turn = (a - b) * (a + b), (e - f) * (e + f), a * e + b * f, a * f + b * e
        plus1, minus1, c1, turn1 = (p - q) * (p + q), (r - t) * (r + t), p * r + q * t, p * t + q * r
        first = a * a + b * b + e * e + f * f
        rounding = 16 * UNIT * (first + (p * p + q * q + r * r + t * t))
        ratio, size = c1 / c, max(abs(c), 1e-300)
        change = _larger(abs(plus1 / c1 - plus / c), abs(minus1 / c1 - minus / c))
        relative = rounding / size
        share = 1 + max(abs(plus), abs(minus)) / size
        product = 1.0 if flow else math.exp(logs[0, k])
        gap = _larger(
            _larger(abs(plus1 - product * plus), abs(minus1 - product * minus)),
            _larger(abs(c1 - product * c), abs(turn1 - product * turn)),
        )
        numbers[10], numbers[11] = _larger(numbers[10], abs(ratio - 1)), _larger(numbers[11], relative)
        numbers[12], numbers[13] = _larger(numbers[12], change), _larger(numbers[13], 2 * share * relative)
        numbers[14], numbers[15] = _larger(numbers[14], gap / first), _larger(numbers[15], rounding / first)
        A0, B0 = (a + b) ** 2 + (e - f) ** 2, (a - b) ** 2 + (e + f) ** 2
        A1, B1 = (p + q) ** 2 + (r - t) ** 2, (p - q) ** 2 + (r + t) ** 2
        exponent = 16 * UNIT * (1 + abs(s[k]))
        up, down = math.exp(2 * s[k] if flow else logs[1, k]), math.exp(-2 * s[k] if flow else logs[2, k])
        vectors[1, k], vectors[2, k] = ratio, relative
        vectors[3, k], vectors[4, k] = product, exponent
        vectors[5, k], vectors[6, k] = A1 / A0, rounding / A0
        vectors[7, k], vectors[8, k] = up, exponent * up
        vectors[9, k], vectors[10, k] = B1 / B0, rounding / B0
        vectors[11, k], vectors[12, k] = down, exponent * down


@part
def _larger(a: float, b: float) -> float:
    """The larger one, NaN if either is none."""
    return b if b > a or math.isnan(b) else a
