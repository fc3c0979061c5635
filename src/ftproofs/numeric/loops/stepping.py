"""Steps of DOP853 (see `training.flow`, whose rules of step size these are) on a diagonal network, or on eight."""

from __future__ import annotations

import math

import numpy as np
from scipy.integrate._ivp import dop853_coefficients as dop853

from ftproofs.numeric.loops.compiling import leaf
from ftproofs.numeric.loops.vectors import pull, residual, squares

Array = np.ndarray

STAGES = dop853.N_STAGES


def _fours(row: Array) -> tuple[list[list[int]], list[list[float]]]:
    """The places and values of what is not zero, four by four, filled up with zeros."""
    places = [int(k) for k in np.flatnonzero(row)]
    values = [float(row[k]) for k in places]
    missing = -len(places) % 4
    places, values = places + places[:1] * missing, values + [0.0] * missing
    return [places[i : i + 4] for i in range(0, len(places), 4)], [values[i : i + 4] for i in range(0, len(values), 4)]


_ROWS = [
    _fours(row)
    for row in (
        *(dop853.A[s, :STAGES] for s in range(1, STAGES)),
        *(w[:STAGES] for w in (dop853.B, dop853.E5, dop853.E3)),
    )
]
_MOST = max(len(places) for places, _ in _ROWS)
#: Rows: the stages after the first, the step, and the error estimates of order 5 and 3.
_COUNT = np.array([len(places) for places, _ in _ROWS])
_PLACE = np.array([places + [[0] * 4] * (_MOST - len(places)) for places, _ in _ROWS])
_VALUE = np.array([values + [[0.0] * 4] * (_MOST - len(values)) for _, values in _ROWS])
MOVE, FIFTH, THIRD = STAGES - 1, STAGES, STAGES + 1


@leaf
def terms_of(row: int) -> int:
    """How many times four terms a row of the table has."""
    return _COUNT[row]


@leaf
def term_of(row: int, c: int) -> tuple[int, float, int, float, int, float, int, float]:
    """Four terms of a row: stages and their weights, by turns."""
    place, value = _PLACE[row, c], _VALUE[row, c]
    return place[0], value[0], place[1], value[1], place[2], value[2], place[3], value[3]


@leaf
def _four(K: Array, places: tuple[int, int, int, int], k: int, a: float, b: float, e: float, f: float) -> float:
    return (a * K[places[0], k] + b * K[places[1], k]) + (e * K[places[2], k] + f * K[places[3], k])


@leaf
def combined(row: int, h: float, K: Array, begin: Array, out: Array) -> None:
    """``out = begin + h sum_s w_s K_s`` with one row of the table, K (stage, m); only the first entries, as out has."""
    for c in range(_COUNT[row]):
        places = _PLACE[row, c, 0], _PLACE[row, c, 1], _PLACE[row, c, 2], _PLACE[row, c, 3]
        a, b = h * _VALUE[row, c, 0], h * _VALUE[row, c, 1]
        e, f = h * _VALUE[row, c, 2], h * _VALUE[row, c, 3]
        if c == 0:
            for k in range(out.shape[0]):
                out[k] = begin[k] + _four(K, places, k, a, b, e, f)
        else:
            for k in range(out.shape[0]):
                out[k] += _four(K, places, k, a, b, e, f)


@leaf
def changed(row: int, h: float, K: Array, out: Array) -> None:
    """``out = h sum_s w_s K_s``."""
    for c in range(_COUNT[row]):
        places = _PLACE[row, c, 0], _PLACE[row, c, 1], _PLACE[row, c, 2], _PLACE[row, c, 3]
        a, b = h * _VALUE[row, c, 0], h * _VALUE[row, c, 1]
        e, f = h * _VALUE[row, c, 2], h * _VALUE[row, c, 3]
        if c == 0:
            for k in range(out.shape[0]):
                out[k] = _four(K, places, k, a, b, e, f)
        else:
            for k in range(out.shape[0]):
                out[k] += _four(K, places, k, a, b, e, f)


@leaf
def slope(
    X: Array,
    XT: Array,
    y: Array,
    z: Array,
    frozen: bool,
    rate: float,
    beta: Array,
    rho: Array,
    g: Array,
    s: int,
    K: Array,
    E: Array,
) -> None:
    """The slopes of weights and mu, written to K (stage, 4 d + n), and of E as stage s.

    z (4 d,) has the weights coordinate by coordinate: ``w_+, v_+, w_-, v_-``.
    """
    d = beta.shape[0]
    for k in range(d):
        beta[k] = z[4 * k] * z[4 * k + 1] - z[4 * k + 2] * z[4 * k + 3]
    residual(X, XT, y, beta, rho)
    pull(X, rho, g)
    first = 0.0 if frozen else rate
    for k in range(d):
        a, b = first * g[k], rate * g[k]
        K[s, 4 * k] = a * z[4 * k + 1]
        K[s, 4 * k + 1] = b * z[4 * k]
        K[s, 4 * k + 2] = -a * z[4 * k + 3]
        K[s, 4 * k + 3] = -b * z[4 * k + 2]
    for i in range(rho.shape[0]):
        K[s, 4 * d + i] = rate * rho[i]
    E[s] = rate * squares(rho)


@leaf
def weighted(row: int, E: Array) -> float:
    """``sum_s w_s E_s``."""
    total = 0.0
    for c in range(_COUNT[row]):
        for k in range(4):
            total += _VALUE[row, c, k] * E[_PLACE[row, c, k]]
    return total


@leaf
def error_of(fifth: float, third: float, allowed: float) -> float:
    """The local error relative to what is allowed."""
    return fifth * fifth / max(math.sqrt(fifth * fifth + 0.01 * third * third), 1e-300) / allowed


@leaf
def factor(error: float, previous: float, accepted: bool) -> float:
    """By what the next step is longer: proportional-integral control; it avoids the rejections of a stiff tail."""
    if not math.isfinite(error):
        return 0.1
    error = max(error, 1e-12)
    if accepted:
        return min(max(0.9 * math.exp(0.04 * math.log(previous) - 0.095 * math.log(error)), 0.3), 6.0)
    return min(max(0.9 * math.exp(-0.125 * math.log(error)), 0.1), 0.9)
