"""The flow through eigen-channels, `training.spectral`, compiled: eight networks abreast.

What moves in a channel during a step is known but for m at the nodes.  With ``q_j = m_j^(1-L) - m^(1-L)``,
``x = h sigma^2`` and g the slope of alpha at the step's beginning, the channel's values at the nodes are

    alpha + sum_r e_r(x) L_r (g 1 + sigma b q),

where the e_r are the real and imaginary parts of ``h l / (1 + x l)``, l being the eigenvalues of the collocation's
matrix, and the matrices L_r are constant.  So the two sums over channels that m' needs are a quadratic and a linear
form in q, whose coefficients are summed once a step: Newton's method costs the same whatever the number of samples.
They round as the eigenbasis itself does, with the square of the condition number.

The last axis of every array counts networks, whose places are taken by the next ones as they arrive: what a network's
numbers are does not depend on its neighbours.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ftproofs.numeric.loops.compiling import leaf, loop, part
from ftproofs.numeric.loops.eight import EIGHT, eight, load, store, where_positive

Array = np.ndarray

#: As in `training.spectral`.
NODES = 7

#: Of a step, all (.., net): the forms' coefficients S, P (node), V (node r), M (r r) and D (r).
Forms = tuple[Array, Array, Array, Array, Array]


@leaf
def _power(z: Any, one: Any, exponent: int) -> Any:
    """``z ** exponent``, by multiplication; of numbers or of eight."""
    product = one
    for _ in range(abs(exponent)):
        product = product * z
    return product if exponent >= 0 else one / product


@leaf
def _add(out: Array, row: int, value: Any) -> None:
    store(out, row, load(out, row) + value)


@leaf
def _product(f: Array, first: int, stride: int, z: Array, row: int, leap: int) -> Any:
    """The sum of the numbers ``f[first + k stride]`` times the rows ``row + k leap`` of z."""
    total = f[first] * load(z, row)
    for k in range(1, NODES):
        total += f[first + k * stride] * load(z, row + k * leap)
    return total


@leaf
def _wave(e: Array, row: int, single: bool, x: Any, share: Any, real: float, square: float, imaginary: float) -> None:
    """The parts of ``h l / (1 + x l) = h (l + |l|^2 x) / |1 + x l|^2``; share is ``h / |1 + x l|^2``."""
    store(e, row, (real + square * x) * share)
    if not single:
        store(e, row + 1, imaginary * share)


@part
def _fadings(h: Array, s: Array, c: int, real: Array, imaginary: Array, e: Array) -> None:
    """The e_r of channel c into rows of e; there are four eigenvalues, fewer than r by the number of pairs."""
    step, sigma = load(h, 0), load(s, c)
    x = step * (sigma * sigma)
    whole = 2 * real.shape[0] - NODES
    for k in range(0, real.shape[0], 2):
        one = real[k] * real[k] + imaginary[k] * imaginary[k]
        two = real[k + 1] * real[k + 1] + imaginary[k + 1] * imaginary[k + 1]
        below, other = 1.0 + x * (2.0 * real[k] + one * x), 1.0 + x * (2.0 * real[k + 1] + two * x)
        # One division for both.
        share = step / (below * other)
        for j in range(2):
            row = NODES * c + (k + j if k + j < whole else 2 * (k + j) - whole)
            part, square = (share * other, one) if j == 0 else (share * below, two)
            _wave(e, row, k + j < whole, x, part, real[k + j], square, imaginary[k + j])


@part
def _sums(s: Array, b: Array, alpha: Array, first: Array, begin: Array, e: Array, forms: Forms) -> None:
    """The coefficients of the two forms.

    With a the values at ``q = 0``: ``S_i = sum s^2 a_i^2``, ``P_i = sum s b a_i``, ``V_ir = sum s^3 b a_i e_r``,
    ``M_rt = sum s^4 b^2 e_r e_t``, ``D_r = sum s^2 b^2 e_r``.

    Args:
        s, b, alpha: (n, net), n even.
        first: ``m^(1-L)``, (net,).
        begin: the row sums of the matrices L_r, (node r,).
        e: (n r, net).
    """
    S, P, V, M, D = forms
    S[:], P[:], V[:], M[:], D[:] = 0.0, 0.0, 0.0, 0.0, 0.0
    start = load(first, 0)
    # Two channels at a time, so that sums are loaded and stored half as often.
    for c in range(0, s.shape[0], 2):
        sigma, here, at = load(s, c), load(alpha, c), NODES * c
        sigma2, here2, at2 = load(s, c + 1), load(alpha, c + 1), NODES * (c + 1)
        w, q = sigma * sigma, sigma * load(b, c)
        w2, q2 = sigma2 * sigma2, sigma2 * load(b, c + 1)
        g, g2 = q * start - w * here, q2 * start - w2 * here2
        for i in range(NODES):
            a = here + g * _product(begin, NODES * i, 1, e, at, 1)
            a2 = here2 + g2 * _product(begin, NODES * i, 1, e, at2, 1)
            z, z2 = w * a, w2 * a2
            _add(S, i, z * a + z2 * a2)
            _add(P, i, q * a + q2 * a2)
            z, z2 = z * q, z2 * q2
            for r in range(NODES):
                _add(V, NODES * i + r, z * load(e, at + r) + z2 * load(e, at2 + r))
        for r in range(NODES):
            z, z2 = q * q * load(e, at + r), q2 * q2 * load(e, at2 + r)
            _add(D, r, z + z2)
            z, z2 = z * w, z2 * w2
            for t in range(r, NODES):
                _add(M, NODES * r + t, z * load(e, at + t) + z2 * load(e, at2 + t))
    for r in range(NODES):
        for t in range(r):
            store(M, NODES * r + t, load(M, NODES * t + r))


@part
def _speeds(m: Array, depth: int, parts: Array, forms: Forms, c: Array, scratch: Array, speed: Array, Z: Array) -> None:
    """m' at the nodes, speed (node, net), and its derivatives: that of m'_i in m_j into Z (node node, net).

    Args:
        parts: L, (node r node,).
        c: ``c_ir = sum_j (L_r)_ij q_j``, (node r, net).
        scratch: (2 node, net).
    """
    S, P, V, M, D = forms
    one = eight(1.0)
    for i in range(NODES):
        store(scratch, i, float(1 - depth) * _power(load(m, i), one, -depth))
    for i in range(NODES):
        inverse, over = one / load(m, i), _power(load(m, i), one, -depth)
        square, product = load(S, i), load(P, i)
        for r in range(NODES):
            # Half the square's derivative in c_ir.
            known = load(V, NODES * i + r)
            total = known
            for t in range(NODES):
                total += load(M, NODES * r + t) * load(c, NODES * i + t)
            here, other = load(c, NODES * i + r), load(D, r)
            square += here * (known + total)
            product += here * other
            store(scratch, NODES + r, over * other - 2.0 * (total * inverse))
        forward, back = product * over, square * inverse
        store(speed, i, forward - back)
        for j in range(NODES):
            total = _product(parts, NODES * NODES * i + j, NODES, scratch, NODES, 1)
            store(Z, NODES * i + j, load(scratch, j) * total)
        _add(Z, NODES * i + i, (back - float(depth) * forward) * inverse)


@part
def _equations(start: Array, h: Array, scheme: Array, m: Array, speed: Array, Z: Array, K: Array) -> None:
    """``I - h A Z``, and beside it ``m - start - h A m'``, into K (node (node + 1), net); scheme is A (node node,)."""
    step = load(h, 0)
    for i in range(NODES):
        at = (NODES + 1) * i
        for j in range(NODES):
            total = step * _product(scheme, NODES * i, 1, Z, j, NODES)
            store(K, at + j, (1.0 if i == j else 0.0) - total)
        total = step * _product(scheme, NODES * i, 1, speed, 0, 1)
        store(K, at + NODES, load(m, i) - load(start, 0) - total)


@part
def _eliminated(K: Array) -> None:
    """Solves K (node (node + 1), net), whose last column is the right-hand side, and writes that over it.

    Pivots are the diagonal's.  At the solution K is I and a positive multiple of the collocation's matrix, whose
    elimination grows by no more than 1.2; elsewhere another iteration follows or the step is refused.
    """
    width = NODES + 1
    for i in range(NODES):
        pivot = 1.0 / load(K, width * i + i)
        store(K, width * i + i, pivot)
        for j in range(i + 1, NODES):
            lead = load(K, width * j + i) * pivot
            for k in range(i + 1, width):
                store(K, width * j + k, load(K, width * j + k) - lead * load(K, width * i + k))
    for i in range(NODES - 1, -1, -1):
        right = load(K, width * i + NODES)
        for j in range(i + 1, NODES):
            right -= load(K, width * i + j) * load(K, width * j + NODES)
        store(K, width * i + NODES, right * load(K, width * i + i))


@part
def _newton(
    start: Array,
    first: Array,
    h: Array,
    depth: int,
    still: float,
    iterations: int,
    scheme: Array,
    parts: Array,
    forms: Forms,
    m: Array,
    c: Array,
    scratch: Array,
    q: Array,
    Z: Array,
    K: Array,
    moving: Array,
) -> None:
    """m at the nodes (node, net), which begins at start (net,) with c = 0, and c there.

    ``moving`` (net,) tells who has not converged; who has converged stays.
    scratch (2 node, net), q (node, net), Z and K are overwritten.
    """
    for _ in range(iterations):
        _speeds(m, depth, parts, forms, c, scratch, q, Z)
        _equations(start, h, scheme, m, q, Z, K)
        _eliminated(K)
        left = False
        for v in range(EIGHT):
            if moving[v]:
                near = True
                for i in range(NODES):
                    change = K[(NODES + 1) * i + NODES, v]
                    m[i, v] -= change
                    near = near and abs(change) <= still * start[v]
                moving[v] = not near
                left = left or not near
        for i in range(NODES):
            store(q, i, _power(load(m, i), eight(1.0), 1 - depth) - load(first, 0))
        for k in range(NODES * NODES):
            store(c, k, _product(parts, NODES * k, 1, q, 0, 1))
        if not left:
            break


@part
def _moved(s: Array, b: Array, alpha: Array, first: Array, begin: Array, c: Array, e: Array, good: Array) -> None:
    """alpha at the step's end where the step is good (net,): that of the last node."""
    last = NODES * (NODES - 1)
    for k in range(s.shape[0]):
        sigma, here = load(s, k), load(alpha, k)
        q = sigma * load(b, k)
        g = q * load(first, 0) - sigma * sigma * here
        end = here
        for r in range(NODES):
            end += (begin[last + r] * g + load(c, last + r) * q) * load(e, NODES * k + r)
        store(alpha, k, where_positive(load(good, 0), end, here))


@part
def _residuals(s: Array, b: Array, alpha: Array, m: Array, depth: int, gain: Array, out: Array) -> None:
    """``gain = m^(L-1)`` and the square of ``gain s alpha - b``; (net,)."""
    factor = _power(load(m, 0), eight(1.0), depth - 1)
    store(gain, 0, factor)
    total = eight(0.0)
    for k in range(s.shape[0]):
        missed = factor * load(s, k) * load(alpha, k) - load(b, k)
        total += missed * missed
    store(out, 0, total)


@part
def _distance(depth: int, residual: float, smallest: float, gain: float, largest: float) -> float:
    """The first of `training.bounds.path_bounds`, of one network."""
    push = residual / smallest
    M = largest + 2 * push / gain
    K = (depth - 1) * _power(M, 1.0, max(depth - 2, 0))
    square = gain * gain - 4 * K * push
    if not square > 0:
        return math.inf
    return math.sqrt(depth) * _power(M, 1.0, depth - 1) * push / ((gain + math.sqrt(square)) / 2)


@part
def _scratch(rows: int) -> Array:
    """Zeros (row, net) from a multiple of 64 bytes on, so that no vector lies across two cache lines."""
    work = np.zeros((rows + 1) * EIGHT)
    skip = -(work.ctypes.data // 8) % EIGHT
    return work[skip : skip + rows * EIGHT].reshape((rows, EIGHT))


@loop
def integrated(
    s: Array,
    b: Array,
    alpha: Array,
    m: Array,
    begin: Array,
    target: Array,
    tolerance: Array,
    depth: int,
    rate: float,
    growth: float,
    shrink: float,
    still: float,
    iterations: int,
    max_steps: int,
    real: Array,
    imaginary: Array,
    scheme: Array,
    parts: Array,
    series: Array,
) -> tuple[Array, Array]:
    """The flow of every network, alpha (case, n) and m (case,) overwritten by its end; arrived, and steps (case,).

    Args:
        s, b: (case, n), sigma and U'y.
        begin, target, tolerance: (case,), the first steps in tau, and as `training.spectral.integrate` takes them.
        growth, shrink: the most and the least that a step may be longer by.
        still, iterations: of Newton's method.
        real, imaginary, scheme, parts, series: `training.spectral.responses`, L being ``parts``.
    """
    cases, n = s.shape
    arrived, steps = np.zeros(cases, dtype=np.bool_), np.zeros(cases)
    begins = np.zeros(NODES * NODES)
    for k in range(NODES * NODES):
        for j in range(NODES):
            begins[k] += parts[NODES * k + j]
    # A channel more where their number is odd, in which nothing is and nothing moves.
    even = n + n % 2
    sigma, labels, now, e = _scratch(even), _scratch(even), _scratch(even), _scratch(NODES * even)
    block = NODES * NODES
    forms = (_scratch(NODES), _scratch(NODES), _scratch(block), _scratch(block), _scratch(NODES))
    at, c, q, Z, K = _scratch(NODES), _scratch(block), _scratch(NODES), _scratch(block), _scratch(block + NODES)
    scratch, good, least = _scratch(2 * NODES), np.zeros(EIGHT), np.ones(EIGHT)
    start, first, h, step = np.ones(EIGHT), np.ones(EIGHT), np.ones(EIGHT), np.ones(EIGHT)
    gain, left = np.ones(EIGHT), np.ones(EIGHT)
    case, tried, moving = np.full(EIGHT, -1), np.zeros(EIGHT, dtype=np.int64), np.zeros(EIGHT, dtype=np.bool_)
    following, running = 0, True
    while running:
        # Who has ended makes place for the next one, which may have ended before it begins.
        looking = True
        while looking:
            looking, running = False, False
            _residuals(sigma, labels, now, start, depth, gain, left)
            for v in range(EIGHT):
                own = case[v]
                if own >= 0:
                    there = _distance(depth, math.sqrt(left[v]), least[v], gain[v], start[v]) <= target[own]
                    if not there and tried[v] < max_steps:
                        running = True
                        continue
                    arrived[own], steps[own], m[own], case[v] = there, tried[v], start[v], -1
                    for k in range(n):
                        alpha[own, k] = now[k, v]
                if following < cases:
                    own, following, looking = following, following + 1, True
                    case[v], tried[v], start[v], h[v], least[v] = own, 0, m[own], begin[own], math.inf
                    for k in range(n):
                        sigma[k, v], labels[k, v], now[k, v] = s[own, k], b[own, k], alpha[own, k]
                        least[v] = min(least[v], s[own, k])
        if not running:
            break
        store(first, 0, _power(load(start, 0), eight(1.0), 1 - depth))
        for v in range(EIGHT):
            step[v], moving[v] = rate * h[v], case[v] >= 0 and depth > 1
        for k in range(even):
            _fadings(step, sigma, k, real, imaginary, e)
        c[:] = 0.0
        for i in range(NODES):
            store(at, i, load(start, 0))
        if depth > 1:
            _sums(sigma, labels, now, first, begins, e, forms)
            _newton(start, first, step, depth, still, iterations, scheme, parts, forms, at, c, scratch, q, Z, K, moving)
        for v in range(EIGHT):
            if case[v] < 0:
                good[v] = 0.0
                continue
            low, high, positive = 0.0, 0.0, True
            for i in range(NODES):
                low += series[i] * at[i, v]
                high += series[NODES + i] * at[i, v]
                positive = positive and at[i, v] > 0
            rough, allowed = abs(high) / abs(low), tolerance[case[v]]
            converged = math.isfinite(rough) and positive and not moving[v]
            good[v] = 1.0 if converged and rough <= allowed else 0.0
            longer = 0.8 * (allowed / max(rough, 1e-300)) ** (1 / (NODES - 1)) if converged else shrink
            h[v] *= min(max(longer, shrink), growth)
            tried[v] += 1
        _moved(sigma, labels, now, first, begins, c, e, good)
        for v in range(EIGHT):
            if good[v] > 0:
                start[v] = at[NODES - 1, v]
    return arrived, steps
