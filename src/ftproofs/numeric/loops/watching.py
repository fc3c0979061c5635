"""What `diagonal.record` and `diagonal.arrival` keep of a training, for one network."""

from __future__ import annotations

import math

import numpy as np

from ftproofs.numeric.loops.compiling import leaf, part
from ftproofs.numeric.loops.newton import bounds, decisive, whitened
from ftproofs.numeric.loops.vectors import outside, squares

Array = np.ndarray

#: Places in a record: the extremes, and what the last step left.
LOSS_TIME, LOSS_TIME_GAP, DECAY, DECAY_GAP, KKT, INITIAL, TIME, LOG, SLOPE = range(9)
RECORD = 9

_FALLEN, _LOG_TWO = math.log(1e-8), math.log(2)
#: As in `diagonal.record`, of a network's size to the fourth power.
_NOTHING = 1e-26
_INSIDE = 9
#: Halvings of an interval that find a crossing to the last bits.
_HALVINGS = 50


@part
def empty(record: Array) -> None:
    """Nothing seen yet."""
    record[:] = 0.0
    record[DECAY], record[INITIAL] = math.inf, math.nan


@leaf
def _asinh(z: float) -> float:
    """The inverse of sinh within two units of 1 or of itself, in half the time of `math.asinh`, which is relative."""
    size = abs(z)
    # Past 1e8 the sum would be twice the size, and its square might overflow.
    log = math.log(size + math.sqrt(size * size + 1)) if size < 1e8 else math.log(size) + _LOG_TWO
    return log if z >= 0 else -log


@leaf
def angle_of(beta: float, scale: float, phase: float, frozen: bool) -> float:
    """How far a coordinate has turned along its orbit, see `diagonal.network`: within a few units of 1."""
    z = beta / scale
    return ((z if frozen else _asinh(z)) - phase) / 2


@leaf
def astray(Q: Array, QT: Array, angle: Array, inside: Array, out: Array) -> float:
    """The norm of the part of angles (d,) off the row space that Q (d, n) spans: of one network or of eight."""
    outside(Q, QT, angle, inside, out)
    return math.sqrt(squares(out))


@part
def off_path(
    Q: Array, QT: Array, scale: Array, phase: Array, beta: Array, frozen: bool, inside: Array, angle: Array, out: Array
) -> float:
    """The norm of the angle's part off the row space; Q (d, n) empty where that is everything."""
    if Q.shape[0] == 0:
        return 0.0
    for k in range(beta.shape[0]):
        angle[k] = angle_of(beta[k], scale[k], phase[k], frozen)
    return astray(Q, QT, angle, inside, out)


@part
def _crossing(l0: float, m0: float, l1: float, m1: float, low: float, high: float) -> float:
    """Where between low and high the cubic with values l0, l1 and slopes m0, m1 at 0 and 1 falls below 0."""
    for _ in range(_HALVINGS):
        u = (low + high) / 2
        v = 1 - u
        cubic = l0 * (1 + 2 * u) * v * v + m0 * u * v * v + l1 * u * u * (3 - 2 * u) - m1 * u * u * v
        low, high = (u, high) if cubic > 0 else (low, u)
    return high


@part
def see(record: Array, t: float, loss: float, fall: float, gap: float) -> None:
    """A network stands at time t with this loss, ``L' = -fall``, and so far off the path."""
    record[KKT] = gap if not gap <= record[KKT] else record[KKT]
    if math.isnan(record[INITIAL]):
        record[INITIAL] = loss
    log, slope = math.log(max(loss, 1e-300)), -fall / max(loss, 1e-300)
    begin, l0, s0 = record[TIME], record[LOG], record[SLOPE]
    record[TIME], record[LOG], record[SLOPE] = t, log, slope
    H = t - begin
    if not H > 0:
        return
    first = math.log(max(record[INITIAL], 1e-300))
    m0, m1 = s0 * H, slope * H
    loose = abs(m0 + m1 - 2 * (log - l0)) / 8
    floor = first + _FALLEN
    counts = l0 > floor
    top, least, rate, when = -math.inf, math.inf, math.inf, begin
    for inside in range(1, _INSIDE + 1):
        u = inside / _INSIDE
        v = 1 - u
        cubic = l0 * (1 + 2 * u) * v * v + m0 * u * v * v + log * u * u * (3 - 2 * u) - m1 * u * u * v
        when = begin + u * H
        product = when * math.exp(cubic)
        top = product if product > top or math.isnan(product) else top
        if counts:
            rate = (first - cubic) / max(when, 1e-300)
            if cubic < floor:
                # There the loss has fallen far enough, and counts no more.
                counts = False
                rate = -_FALLEN / (begin + _crossing(l0 - floor, m0, log - floor, m1, u - 1 / _INSIDE, u) * H)
            least = rate if rate < least or math.isnan(rate) else least
    ends = max(when * loss, begin * math.exp(l0))
    if top > record[LOSS_TIME]:
        record[LOSS_TIME_GAP] = min(loose * top, max(top - ends, 0.0) + 0.01 * loose * top)
    if not top <= record[LOSS_TIME]:
        record[LOSS_TIME] = top
    start = -s0 if begin == 0 else math.inf
    if record[INITIAL] > 0 and start < least:
        least = start
    if least < record[DECAY]:
        gap = min(loose / max(t, 1e-300), max(rate - least, 0.0) + 0.01 * loose / t)
        gap = 0.0 if least == start else gap
        if math.isfinite(gap):
            record[DECAY_GAP] = gap
    if not least >= record[DECAY]:
        record[DECAY] = least


@part
def fallen(record: Array, unit: float) -> bool:
    """As `diagonal.record.Record.fallen`, for a network of that size."""
    floor = math.log(max(record[INITIAL], 1e-300)) + _FALLEN
    return record[LOG] <= max(floor, math.log(_NOTHING * unit**4))


@part
def arrived(
    X: Array,
    XT: Array,
    D: Array,
    rho: Array,
    square: float,
    fall: float,
    target: float,
    waited: int,
    every: int,
    frozen: bool,
    jump: bool,
    A: Array,
    step: Array,
) -> tuple[bool, int]:
    """Whether the bound is below the target, and how often it could have been so far.

    Args:
        D: (d,); rho: (n,), of norm squared ``square``; fall: ``rho' K rho``.
        every: the bound is looked at this seldom.
        A, step: see `newton.whitened`.
    """
    if square == 0:
        return True, waited
    n, fastest, total = rho.shape[0], 0.0, 0.0
    for k in range(D.shape[0]):
        fastest = max(fastest, D[k])
        total += D[k]
    if X.shape[0]:
        # l^2 = rho' K^-1 rho >= |rho|^4 / rho' K rho and k^2 >= n / sum D: is the bound too large even so?
        least = square / math.sqrt(max(fall, 1e-300))
        if not decisive(least, math.sqrt(n / total), fastest, frozen, jump) <= target:
            return False, waited
    waited += 1
    if waited % every != 1:
        return False, waited
    if X.shape[0] == 0:  # every coordinate is a problem of its own
        return apart(D, rho, frozen, jump) <= target, waited
    decrement, reach, _ = whitened(X, XT, D, 0.0, rho, A, step)
    return decisive(decrement, reach, fastest, frozen, jump) <= target, waited


@part
def apart(D: Array, rho: Array, frozen: bool, jump: bool) -> float:
    """The bound that decides of the identity design."""
    total = 0.0
    for k in range(D.shape[0]):
        root = math.sqrt(D[k])
        if frozen:
            bound = abs(rho[k])
        else:
            before, after = bounds(abs(rho[k]) / root, 1 / root, D[k])
            bound = after if jump else before
        total += bound * bound
    return math.sqrt(total)
