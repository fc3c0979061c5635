"""A diagonal network's flow, followed alone."""

from __future__ import annotations

import numpy as np

from ftproofs.numeric.loops.compiling import part
from ftproofs.numeric.loops.network import (
    ACCEPTED,
    ENDED,
    STEP,
    TRIED,
    Own,
    Problem,
    Rules,
    Scratch,
    attempted,
    decay,
    first_step,
    judged,
    looked,
)
from ftproofs.numeric.loops.stepping import slope
from ftproofs.numeric.loops.vectors import squares
from ftproofs.numeric.loops.watching import off_path

Array = np.ndarray


@part
def followed(p: Problem, rules: Rules, own: Own, z: Array, mu: Array, s: Scratch, wide: Array) -> None:
    """Follow a network from its weights z (4 d,) and its mu (n,), overwritten, to its end, from wherever it stands."""
    now, at, d, n = own.now, own.at, s.D.shape[0], mu.shape[0]
    gap, fall, moved = 0.0, 0.0, True
    while True:
        if moved:
            slope(p.X, p.XT, p.y, z, rules.frozen, rules.rate, s.beta, s.rho, s.g, 0, s.K, s.E)
            fall = decay(z, s.g, rules.frozen, s.D)
            gap = off_path(p.Q, p.QT, own.scale, own.phase, s.beta, rules.frozen, s.inside, s.angle, s.away)
        if at[TRIED] == 0:
            first_step(squares(s.K[0]) + s.E[0] * s.E[0], now)
        looked(p.X, p.XT, s.D, s.rho, squares(s.rho), fall, gap, rules, now, at, own.record, wide, s.inside)
        if at[ENDED]:
            return
        fifth, third, gain = attempted(p, z, now[STEP], rules, s)
        judged(fifth, third, gain, now, at)
        moved = at[ACCEPTED] == 1
        if moved:
            for k in range(4 * d):
                z[k] += s.tries[0, k]
            for i in range(n):
                mu[i] += s.tries[0, 4 * d + i]
