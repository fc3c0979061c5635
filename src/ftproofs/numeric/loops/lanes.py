"""The flow of small diagonal networks, eight of them abreast.

Short rows leave vector instructions half empty; here every instruction is of eight networks (see `eights`).  Each has
its own time and its own steps, and the bits that `alone.followed` gives it, whoever the neighbours are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ftproofs.numeric.loops.compiling import allocating, part
from ftproofs.numeric.loops.eights import ABREAST, aligned, eights, where_positive
from ftproofs.numeric.loops.network import (
    ACCEPTED,
    ANGLE,
    BETA,
    ENDED,
    SPEED,
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
    scratch,
)
from ftproofs.numeric.loops.stepping import STAGES, slope
from ftproofs.numeric.loops.vectors import squares
from ftproofs.numeric.loops.watching import angle_of, astray

Array = np.ndarray


class Lanes(NamedTuple):
    """Eight networks: their arrays as numbers (..., net), and the same arrays of eights.

    ``shares`` (6, net) are numbers of each that a step passes on.
    """

    X: Array
    Q: Array
    y: Array
    z: Array
    mu: Array
    work: Array
    half: Array
    shares: Array
    problem: Problem
    weights: Array
    duals: Array
    scratch: Scratch
    numbers: Array


@allocating
def lanes(n: int, d: int, dense: bool, flat: bool) -> Lanes:
    """Room for eight networks, all zero, with the identity for a design if it is not dense."""
    size, m, high, across = n * d, 4 * d + n, n if dense else 0, 0 if flat else d
    X, Q = aligned(size).reshape((n, d, ABREAST))[:high], aligned(size).reshape((d, n, ABREAST))[:across]
    y, z, mu, shares = aligned(n), aligned(4 * d), aligned(n), aligned(6)
    work, half = aligned(12 * m).reshape((12, m, ABREAST)), aligned(6 * n).reshape((6, n, ABREAST))
    K, E = aligned(STAGES * m).reshape((STAGES, m, ABREAST)), aligned(STAGES)
    # What is turned over is seen so: copies would leave no room in the cache.
    p = Problem(eights(X), eights(X).T, eights(Q), eights(Q).T, eights(y))
    s = scratch(eights(work), eights(half), eights(K), eights(E), d)
    return Lanes(X, Q, y, z, mu, work, half, shares, p, eights(z), eights(mu), s, eights(shares))


@part
def _laid(rows: Array, net: int, out: Array) -> None:
    """A network's numbers (m, k) in their place among those of eight (m, k, net)."""
    for i in range(rows.shape[0]):
        for k in range(rows.shape[1]):
            out[i, k, net] = rows[i, k]


@part
def laid_in(p: Problem, z: Array, net: int, eight: Lanes) -> None:
    """A network with weights z (4 d,) takes its place among the eight."""
    _laid(p.X, net, eight.X)
    _laid(p.Q, net, eight.Q)
    for i in range(p.y.shape[0]):
        eight.y[i, net], eight.mu[i, net] = p.y[i], 0.0
    for k in range(z.shape[0]):
        eight.z[k, net] = z[k]


@part
def taken_out(eight: Lanes, net: int, z: Array, mu: Array) -> None:
    """The weights z (4 d,) and mu (n,) of one of the eight."""
    for k in range(z.shape[0]):
        z[k] = eight.z[k, net]
    for i in range(mu.shape[0]):
        mu[i] = eight.mu[i, net]


@part
def advanced(
    eight: Lanes, X: Array, XT: Array, row: Array, copies: int, rules: Rules, own: Own, one: Scratch, wide: Array
) -> None:
    """One step of eight networks, each looked at before.

    Args:
        X: (case, n, d), XT: (net, d, n), for looks; own: of all networks, which are the first axis.
        row: (net,), the rows that they are, -1 none; so many copies of a case follow one another.
        one, wide: scratch for a single network.
    """
    p, z, mu, s, numbers, shares = eight.problem, eight.weights, eight.duals, eight.scratch, eight.numbers, eight.shares
    frozen, d, n = rules.frozen, one.D.shape[0], one.rho.shape[0]
    slope(p.X, p.XT, p.y, z, frozen, rules.rate, s.beta, s.rho, s.g, 0, s.K, s.E)
    numbers[0], numbers[1] = decay(z, s.g, frozen, s.D), squares(s.rho)
    numbers[2], numbers[3] = 0.0, squares(s.K[0]) + s.E[0] * s.E[0]
    if p.Q.shape[0]:
        for net in range(ABREAST):
            if row[net] >= 0 and own.at[net, ACCEPTED]:
                for k in range(d):
                    beta = eight.work[BETA, k, net]
                    eight.work[ANGLE, k, net] = angle_of(beta, own.scale[net, k], own.phase[net, k], frozen)
        numbers[2] = astray(p.Q, p.QT, s.angle, s.inside, s.away)
    for net in range(ABREAST):
        if row[net] < 0:
            continue
        now, at = own.now[net], own.at[net]
        if at[TRIED] == 0:
            first_step(shares[3, net], now)
        for k in range(d):
            one.D[k] = eight.work[SPEED, k, net]
        for i in range(n):
            one.rho[i] = eight.half[0, i, net]
        x, fall, square, gap = X[row[net] // copies], shares[0, net], shares[1, net], shares[2, net]
        looked(x, XT[net], one.D, one.rho, square, fall, gap, rules, now, at, own.record[net], wide, one.inside)
        shares[4, net] = now[STEP]
    numbers[0], numbers[1], numbers[2] = attempted(p, z, numbers[4], rules, s)
    for net in range(ABREAST):
        shares[3, net] = 0.0
        if row[net] >= 0 and not own.at[net, ENDED]:
            judged(shares[0, net], shares[1, net], shares[2, net], own.now[net], own.at[net])
            shares[3, net] = own.at[net, ACCEPTED]
    accepted = numbers[3]
    for k in range(4 * d):
        z[k] = where_positive(accepted, z[k] + s.tries[0, k], z[k])
    for i in range(n):
        mu[i] = where_positive(accepted, mu[i] + s.tries[0, 4 * d + i], mu[i])
