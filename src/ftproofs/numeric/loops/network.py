"""One diagonal network on its way: what is kept of it between the steps of its flow, and what a step does.

Parts said to be for networks do the same for one, in arrays of numbers, and for eight, in arrays of `eights.eight`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ftproofs.numeric.loops.compiling import allocating, leaf, part
from ftproofs.numeric.loops.stepping import (
    FIFTH,
    MOVE,
    STAGES,
    THIRD,
    changed,
    combined,
    error_of,
    factor,
    slope,
    weighted,
)
from ftproofs.numeric.loops.vectors import squares
from ftproofs.numeric.loops.watching import arrived, empty, fallen, see

Array = np.ndarray

#: As in `training.flow` and `diagonal.arrival`.
LONGEST = 1e12
RUNNING, ARRIVED, AT_SADDLE, EXHAUSTED, NOT_FINITE = range(5)
LOOK_EVERY = 3

#: Places of a network's numbers: what it has used up, its next step, the last error, sizes and bounds.
ENERGY, TIME, STEP, PREVIOUS, UNIT, ALLOWED, TARGET = range(7)
NOW = 7
#: Places of its whole numbers: one of the codes above, steps tried, times it might have arrived, whether the last step
#: was accepted, and whether the network has ended.
STATE, TRIED, WAITED, ACCEPTED, ENDED = range(5)
AT = 5

#: Places in a scratch's work of ``beta``, D and angles.
BETA, SPEED, ANGLE = 4, 6, 7


class Rules(NamedTuple):
    """What all networks of a training have in common."""

    frozen: bool
    jump: bool
    rate: float
    max_steps: int


class Problem(NamedTuple):
    """Regressions of networks: X (n, d), empty for the identity; Q (d, n) spans its rows, empty where it need not.

    XT and QT are the same turned over; y (n,).
    """

    X: Array
    XT: Array
    Q: Array
    QT: Array
    y: Array


class Own(NamedTuple):
    """What a network has for itself: scale and phase (d,) of its orbit, its record, and numbers at the places above."""

    scale: Array
    phase: Array
    record: Array
    now: Array
    at: Array


class Scratch(NamedTuple):
    """Room for a step of networks: slopes K (stage, 4 d + n) and E (stage,), weights at a stage (4 d,), and vectors.

    ``tries`` (3, 4 d + n) are the step and its error estimates of order 5 and 3.
    """

    K: Array
    E: Array
    stage: Array
    tries: Array
    beta: Array
    g: Array
    D: Array
    angle: Array
    away: Array
    rho: Array
    inside: Array


@allocating
def scratch(work: Array, half: Array, K: Array, E: Array, d: int) -> Scratch:
    """Scratch in arrays (12, 4 d + n) and (6, n), of which `ending.ended` uses the same places."""
    beta, g, D, angle, away = work[BETA, :d], work[5, :d], work[SPEED, :d], work[ANGLE, :d], work[8, :d]
    return Scratch(K, E, work[0, : 4 * d], work[1:4], beta, g, D, angle, away, half[0], half[3])


@part
def begun(z: Array, y: Array, tolerance: float, target: float, now: Array, at: Array, record: Array) -> None:
    """A network stands at its first weights z (4 d,)."""
    empty(record)
    for k in range(NOW):
        now[k] = 0.0
    for k in range(AT):
        at[k] = 0
    now[PREVIOUS], now[TARGET], at[ACCEPTED] = 1e-4, target, 1
    now[UNIT] = math.sqrt(squares(z) + math.sqrt(squares(y)))
    now[ALLOWED] = tolerance * now[UNIT]


@leaf
def first_step(speed: float, now: Array) -> None:
    """Chooses the first step of a network whose slopes have this norm squared."""
    speed = math.sqrt(speed)
    now[STEP] = min(0.01 * now[UNIT] / speed if speed > 0 else 1.0, LONGEST)


@leaf
def decay(z: Array, g: Array, frozen: bool, D: Array) -> float:
    """``-L'`` of networks with weights z (4 d,) and ``g = X' rho``; D (d,) is written."""
    fall = 0.0
    for k in range(D.shape[0]):
        first = z[4 * k] * z[4 * k] + z[4 * k + 2] * z[4 * k + 2]
        second = z[4 * k + 1] * z[4 * k + 1] + z[4 * k + 3] * z[4 * k + 3]
        D[k] = first if frozen else first + second
        fall += D[k] * g[k] * g[k]
    return fall


@part
def looked(
    X: Array,
    XT: Array,
    D: Array,
    rho: Array,
    square: float,
    fall: float,
    gap: float,
    rules: Rules,
    now: Array,
    at: Array,
    record: Array,
    wide: Array,
    step: Array,
) -> None:
    """A network is looked at before a step: its readings if it has moved, and whether it has ended.

    wide and step are scratch, see `watching.arrived`.
    """
    if at[ACCEPTED]:
        see(record, rules.rate * now[TIME], square / 2, fall, gap)
        there, at[WAITED] = arrived(
            X, XT, D, rho, square, fall, now[TARGET], at[WAITED], LOOK_EVERY, rules.frozen, rules.jump, wide, step
        )
        if there and at[STATE] == RUNNING and fallen(record, now[UNIT]):
            at[STATE] = ARRIVED
    if at[STATE] == RUNNING and at[TRIED] == rules.max_steps:
        at[STATE] = EXHAUSTED
    at[ENDED] = at[STATE] != RUNNING


@part
def attempted(p: Problem, z: Array, h: float, rules: Rules, s: Scratch) -> tuple[float, float, float]:
    """The step h of networks, in ``s.tries[0]``: its error estimates of order 5 and 3, and what the energy grows by.

    Their first slopes are in ``s.K[0]`` and ``s.E[0]``.
    """
    for stage in range(1, STAGES):
        combined(stage - 1, h, s.K, z, s.stage)
        slope(p.X, p.XT, p.y, s.stage, rules.frozen, rules.rate, s.beta, s.rho, s.g, stage, s.K, s.E)
    for place, row in enumerate((MOVE, FIFTH, THIRD)):
        changed(row, h, s.K, s.tries[place])
    fifth, third = h * weighted(FIFTH, s.E), h * weighted(THIRD, s.E)
    fifth = math.sqrt(squares(s.tries[1]) + fifth * fifth)
    return fifth, math.sqrt(squares(s.tries[2]) + third * third), h * weighted(MOVE, s.E)


@part
def judged(fifth: float, third: float, gain: float, now: Array, at: Array) -> None:
    """Accepts or rejects a network's step and chooses the next one."""
    error, h, t = error_of(fifth, third, now[ALLOWED]), now[STEP], now[TIME]
    accepted = error <= 1
    change = factor(error, now[PREVIOUS], accepted)
    if accepted:
        now[ENERGY] += gain
        t += h
        now[TIME], now[PREVIOUS] = t, max(error, 1e-12)
    h = min(h * change, LONGEST)
    if h < 1e-15 * t or not h > 1e-300:
        at[STATE] = NOT_FINITE
    now[STEP] = h
    at[TRIED] += 1
    at[ACCEPTED] = accepted


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


@part
def turned_over(rows: Array, columns: Array) -> None:
    """The transpose, or nothing of nothing."""
    for k in range(columns.shape[0]):
        for i in range(columns.shape[1]):
            columns[k, i] = rows[i, k]
