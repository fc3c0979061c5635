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
from typing import Any, NamedTuple

import numpy as np

from ftproofs.numeric.loops.compiling import leaf, loop, part
from ftproofs.numeric.loops.eights import ABREAST, aligned, eights, where_positive

Array = np.ndarray

#: As in `training.spectral`.
NODES = 7


class Numbers(NamedTuple):
    """What is read network by network, numbers (.., net): m at the step's beginning (1,) and at the nodes (node,), and
    Newton's equations (node (node + 1),)."""

    start: Array
    m: Array
    K: Array


#: Of a step, all (.., net): the forms' coefficients S, P (node), V (node r), M (r r) and D (r).
Forms = tuple[Array, Array, Array, Array, Array]


@leaf
def _power(z: Any, exponent: int) -> Any:
    """``z ** exponent``, by multiplication; of numbers or of eight."""
    product = 1.0
    for _ in range(abs(exponent)):
        product = product * z
    return product if exponent >= 0 else 1.0 / product


@leaf
def _product(f: Array, first: int, stride: int, z: Array, row: int, leap: int) -> Any:
    """The sum of the numbers ``f[first + k stride]`` times the rows ``row + k leap`` of z."""
    total = f[first] * z[row]
    for k in range(1, NODES):
        total += f[first + k * stride] * z[row + k * leap]
    return total


@leaf
def _wave(e: Array, row: int, single: bool, x: Any, share: Any, real: float, square: float, imaginary: float) -> None:
    """The parts of ``h l / (1 + x l) = h (l + |l|^2 x) / |1 + x l|^2``; share is ``h / |1 + x l|^2``."""
    e[row] = (real + square * x) * share
    if not single:
        e[row + 1] = imaginary * share


@part
def _fadings(h: Array, s: Array, c: int, real: Array, imaginary: Array, e: Array) -> None:
    """The e_r of channel c into rows of e; there are four eigenvalues, fewer than r by the number of pairs."""
    step, sigma = h[0], s[c]
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
    start = first[0]
    # Two channels at a time, so that sums are loaded and stored half as often.
    for c in range(0, s.shape[0], 2):
        sigma, here, at = s[c], alpha[c], NODES * c
        sigma2, here2, at2 = s[c + 1], alpha[c + 1], NODES * (c + 1)
        w, q = sigma * sigma, sigma * b[c]
        w2, q2 = sigma2 * sigma2, sigma2 * b[c + 1]
        g, g2 = q * start - w * here, q2 * start - w2 * here2
        for i in range(NODES):
            a = here + g * _product(begin, NODES * i, 1, e, at, 1)
            a2 = here2 + g2 * _product(begin, NODES * i, 1, e, at2, 1)
            z, z2 = w * a, w2 * a2
            S[i] += z * a + z2 * a2
            P[i] += q * a + q2 * a2
            z, z2 = z * q, z2 * q2
            for r in range(NODES):
                V[NODES * i + r] += z * e[at + r] + z2 * e[at2 + r]
        for r in range(NODES):
            z, z2 = q * q * e[at + r], q2 * q2 * e[at2 + r]
            D[r] += z + z2
            z, z2 = z * w, z2 * w2
            for t in range(r, NODES):
                M[NODES * r + t] += z * e[at + t] + z2 * e[at2 + t]
    for r in range(NODES):
        for t in range(r):
            M[NODES * r + t] = M[NODES * t + r]


@part
def _speeds(m: Array, depth: int, parts: Array, forms: Forms, c: Array, scratch: Array, speed: Array, Z: Array) -> None:
    """m' at the nodes, speed (node, net), and its derivatives: that of m'_i in m_j into Z (node node, net).

    Args:
        parts: L, (node r node,).
        c: ``c_ir = sum_j (L_r)_ij q_j``, (node r, net).
        scratch: (2 node, net).
    """
    S, P, V, M, D = forms
    for i in range(NODES):
        scratch[i] = float(1 - depth) * _power(m[i], -depth)
    for i in range(NODES):
        inverse, over = 1.0 / m[i], _power(m[i], -depth)
        square, product = S[i], P[i]
        for r in range(NODES):
            # Half the square's derivative in c_ir.
            known = V[NODES * i + r]
            total = known
            for t in range(NODES):
                total += M[NODES * r + t] * c[NODES * i + t]
            here, other = c[NODES * i + r], D[r]
            square += here * (known + total)
            product += here * other
            scratch[NODES + r] = over * other - 2.0 * (total * inverse)
        forward, back = product * over, square * inverse
        speed[i] = forward - back
        for j in range(NODES):
            total = _product(parts, NODES * NODES * i + j, NODES, scratch, NODES, 1)
            Z[NODES * i + j] = scratch[j] * total
        Z[NODES * i + i] += (back - float(depth) * forward) * inverse


@part
def _equations(start: Array, h: Array, scheme: Array, m: Array, speed: Array, Z: Array, K: Array) -> None:
    """``I - h A Z``, and beside it ``m - start - h A m'``, into K (node (node + 1), net); scheme is A (node node,)."""
    step = h[0]
    for i in range(NODES):
        at = (NODES + 1) * i
        for j in range(NODES):
            total = step * _product(scheme, NODES * i, 1, Z, j, NODES)
            K[at + j] = (1.0 if i == j else 0.0) - total
        total = step * _product(scheme, NODES * i, 1, speed, 0, 1)
        K[at + NODES] = m[i] - start[0] - total


@part
def _eliminated(K: Array) -> None:
    """Solves K (node (node + 1), net), whose last column is the right-hand side, and writes that over it.

    Pivots are the diagonal's.  At the solution K is I and a positive multiple of the collocation's matrix, whose
    elimination grows by no more than 1.2; elsewhere another iteration follows or the step is refused.
    """
    width = NODES + 1
    for i in range(NODES):
        pivot = 1.0 / K[width * i + i]
        K[width * i + i] = pivot
        for j in range(i + 1, NODES):
            lead = K[width * j + i] * pivot
            for k in range(i + 1, width):
                K[width * j + k] = K[width * j + k] - lead * K[width * i + k]
    for i in range(NODES - 1, -1, -1):
        right = K[width * i + NODES]
        for j in range(i + 1, NODES):
            right -= K[width * i + j] * K[width * j + NODES]
        K[width * i + NODES] = right * K[width * i + i]


@part
def _nearer(K: Array, m: Array, start: Array, still: float, moving: Array) -> bool:
    """Newton's step of those that move, as numbers (.., net); whether any of them has not converged by it."""
    left = False
    for v in range(ABREAST):
        if moving[v]:
            near = True
            for i in range(NODES):
                change = K[(NODES + 1) * i + NODES, v]
                m[i, v] -= change
                near = near and abs(change) <= still * start[0, v]
            moving[v] = not near
            left = left or not near
    return left


@part
def _newton(
    own: Numbers,
    first: Array,
    h: Array,
    depth: int,
    still: float,
    iterations: int,
    scheme: Array,
    parts: Array,
    forms: Forms,
    c: Array,
    scratch: Array,
    q: Array,
    Z: Array,
    moving: Array,
) -> None:
    """m at the nodes, which begins at the step's beginning with c = 0, and c there.

    ``moving`` (net,) tells who has not converged; who has converged stays.
    scratch (2 node, net), q (node, net), Z and K are overwritten.
    """
    start, m, K = eights(own.start), eights(own.m), eights(own.K)
    for _ in range(iterations):
        _speeds(m, depth, parts, forms, c, scratch, q, Z)
        _equations(start, h, scheme, m, q, Z, K)
        _eliminated(K)
        left = _nearer(own.K, own.m, own.start, still, moving)
        for i in range(NODES):
            q[i] = _power(m[i], 1 - depth) - first[0]
        for k in range(NODES * NODES):
            c[k] = _product(parts, NODES * k, 1, q, 0, 1)
        if not left:
            break


@part
def _moved(s: Array, b: Array, alpha: Array, first: Array, begin: Array, c: Array, e: Array, good: Array) -> None:
    """alpha at the step's end where the step is good (net,): that of the last node."""
    last = NODES * (NODES - 1)
    for k in range(s.shape[0]):
        sigma, here = s[k], alpha[k]
        q = sigma * b[k]
        g = q * first[0] - sigma * sigma * here
        end = here
        for r in range(NODES):
            end += (begin[last + r] * g + c[last + r] * q) * e[NODES * k + r]
        alpha[k] = where_positive(good[0], end, here)


@part
def _residuals(s: Array, b: Array, alpha: Array, m: Array, depth: int, gain: Array, out: Array) -> None:
    """``gain = m^(L-1)`` and the square of ``gain s alpha - b``; (net,)."""
    factor = _power(m[0], depth - 1)
    gain[0] = factor
    total = 0.0
    for k in range(s.shape[0]):
        missed = factor * s[k] * alpha[k] - b[k]
        total += missed * missed
    out[0] = total


@part
def _distance(depth: int, residual: float, smallest: float, gain: float, largest: float) -> float:
    """The first of `training.bounds.path_bounds`, of one network."""
    push = residual / smallest
    M = largest + 2 * push / gain
    K = (depth - 1) * _power(M, max(depth - 2, 0))
    square = gain * gain - 4 * K * push
    if not square > 0:
        return math.inf
    return math.sqrt(depth) * _power(M, depth - 1) * push / ((gain + math.sqrt(square)) / 2)


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
    sigma, labels, now = aligned(even), aligned(even), aligned(even)
    own = Numbers(aligned(1), aligned(NODES), aligned(NODES * (NODES + 1)))
    step, good, gain, left = aligned(1), aligned(1), aligned(1), aligned(1)
    block = NODES * NODES
    S, P, V, M = aligned(NODES), aligned(NODES), aligned(block), aligned(block)
    forms = (eights(S), eights(P), eights(V), eights(M), eights(aligned(NODES)))
    # The same numbers, eight at a time.
    singular, targets, alphas, e = eights(sigma), eights(labels), eights(now), eights(aligned(NODES * even))
    start, nodes, first, h = eights(own.start), eights(own.m), eights(aligned(1)), eights(step)
    c, q, Z, scratch = (
        eights(aligned(block)),
        eights(aligned(NODES)),
        eights(aligned(block)),
        eights(aligned(2 * NODES)),
    )
    start[0] = 1.0
    least, length = np.ones(ABREAST), np.ones(ABREAST)
    case, tried, moving = np.full(ABREAST, -1), np.zeros(ABREAST, dtype=np.int64), np.zeros(ABREAST, dtype=np.bool_)
    following, running = 0, True
    while running:
        # Who has ended makes place for the next one, which may have ended before it begins.
        looking = True
        while looking:
            looking, running = False, False
            _residuals(singular, targets, alphas, start, depth, eights(gain), eights(left))
            for v in range(ABREAST):
                k = case[v]
                if k >= 0:
                    residual = math.sqrt(left[0, v])
                    there = _distance(depth, residual, least[v], gain[0, v], own.start[0, v]) <= target[k]
                    if not there and tried[v] < max_steps:
                        running = True
                        continue
                    arrived[k], steps[k], m[k], case[v] = there, tried[v], own.start[0, v], -1
                    for i in range(n):
                        alpha[k, i] = now[i, v]
                if following < cases:
                    k, following, looking = following, following + 1, True
                    case[v], tried[v], own.start[0, v], length[v], least[v] = k, 0, m[k], begin[k], math.inf
                    for i in range(n):
                        sigma[i, v], labels[i, v], now[i, v] = s[k, i], b[k, i], alpha[k, i]
                        least[v] = min(least[v], s[k, i])
        if not running:
            break
        first[0] = _power(start[0], 1 - depth)
        for v in range(ABREAST):
            step[0, v], moving[v] = rate * length[v], case[v] >= 0 and depth > 1
        for i in range(even):
            _fadings(h, singular, i, real, imaginary, e)
        for i in range(block):
            c[i] = 0.0
        for i in range(NODES):
            nodes[i] = start[0]
        if depth > 1:
            _sums(singular, targets, alphas, first, begins, e, forms)
            _newton(own, first, h, depth, still, iterations, scheme, parts, forms, c, scratch, q, Z, moving)
        for v in range(ABREAST):
            if case[v] < 0:
                good[0, v] = 0.0
                continue
            low, high, positive = 0.0, 0.0, True
            for i in range(NODES):
                low += series[i] * own.m[i, v]
                high += series[NODES + i] * own.m[i, v]
                positive = positive and own.m[i, v] > 0
            rough, allowed = abs(high) / abs(low), tolerance[case[v]]
            converged = math.isfinite(rough) and positive and not moving[v]
            good[0, v] = 1.0 if converged and rough <= allowed else 0.0
            longer = 0.8 * (allowed / max(rough, 1e-300)) ** (1 / (NODES - 1)) if converged else shrink
            length[v] *= min(max(longer, shrink), growth)
            tried[v] += 1
        _moved(singular, targets, alphas, first, begins, c, e, eights(good))
        for v in range(ABREAST):
            if good[0, v] > 0:
                own.start[0, v] = own.m[NODES - 1, v]
    return arrived, steps
