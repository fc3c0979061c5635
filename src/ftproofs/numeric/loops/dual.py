"""Newton's method on the dual of a diagonal network's limit, one network after the other: `diagonal.dual`, compiled."""

from __future__ import annotations

import math

import numpy as np

from ftproofs.numeric.loops.compiling import leaf, loop, part
from ftproofs.numeric.loops.ending import UNIT
from ftproofs.numeric.loops.network import turned_over
from ftproofs.numeric.loops.newton import bounds, eliminated, gram, whitened
from ftproofs.numeric.loops.vectors import combination, residual, squares

Array = np.ndarray

#: As in `diagonal.dual`, which has what they mean.
MAX_ITERATIONS = 400
LONGEST = 3.0
SETTLED = 1e-8
SHORT = 1e-3
#: Steps no longer than this change the Hessian so little that its factor is used again.
NEAR = 3e-3


@part
def _phases(X: Array, phase: Array, mu: Array, u: Array) -> None:
    """``u = phi + 2 X' mu``."""
    combination(X, mu, u)
    for k in range(u.shape[0]):
        u[k] = phase[k] + 2 * u[k]


@part
def _predictor(u: Array, scale: Array, beta: Array, D: Array) -> None:
    """``beta = c sinh u`` and ``D = 2 c cosh u``, from one exponential: exact to a few units also for small u."""
    for k in range(u.shape[0]):
        t = math.expm1(abs(u[k]))
        less = t / (1 + t)  # 1 - exp(-|u|)
        size = scale[k] * ((t + less) / 2)
        beta[k] = size if u[k] >= 0 else -size
        D[k] = scale[k] * ((1 + t) + (1 - less))


@leaf
def _sinh(z: float) -> float:
    t = math.expm1(abs(z))
    size = (t + t / (1 + t)) / 2
    return size if z >= 0 else -size


@part
def _fall(u: Array, scale: Array, move: Array, a: float) -> float:
    """``sum c (cosh(u + a move) - cosh u) / 2 = sum c sinh(u + a move/2) sinh(a move/2)``: nothing cancels."""
    total = 0.0
    for k in range(u.shape[0]):
        half = a * move[k] / 2
        total += scale[k] * _sinh(u[k] + half) * _sinh(half)
    return total


@part
def _maximised(
    X: Array,
    XT: Array,
    y: Array,
    scale: Array,
    phase: Array,
    ridge: float,
    mu: Array,
    tall: Array,
    flat: Array,
    A: Array,
) -> int:
    """Damped Newton steps from mu = 0 to the maximiser; writes mu and returns their number.

    tall (8, d), flat (4, n) and A (n, n) are scratch.
    """
    n, d = X.shape
    u, beta, D, move = tall[0], tall[1], tall[2], tall[3]
    gradient, newton = flat[0], flat[1]
    for i in range(n):
        mu[i] = 0.0
    near, before = math.inf, math.inf  # the last step with a factor of its own, and the last step
    for tried in range(1, MAX_ITERATIONS + 1):
        _phases(X, phase, mu, u)
        _predictor(u, scale, beta, D)
        residual(X, XT, y, beta, gradient)
        for i in range(n):
            gradient[i] -= ridge * mu[i]
        factored = not near <= NEAR
        if factored:
            gram(XT, D, ridge, A)
            eliminated(A, n)
        _solve(A, gradient, newton)
        combination(X, newton, move)
        longest = 1e-300
        for k in range(d):
            move[k] *= 2
            longest = longest if abs(move[k]) <= longest else abs(move[k])
        a = min(LONGEST / longest, 1.0)
        if not longest < SHORT:
            slope, gain = 0.0, -_fall(u, scale, move, a)
            for i in range(n):
                slope += gradient[i] * newton[i]
                moved = a * newton[i]
                gain += moved * (y[i] - ridge * (mu[i] + moved / 2))
            # The derivative along the step stays positive up to ln(1 + e)/e: safe, but short.
            a = a if gain >= 0.25 * a * slope else math.log1p(longest) / longest
        total = 0.0
        for i in range(n):
            mu[i] += a * newton[i]
            total += abs(mu[i])
        if not math.isfinite(total):
            return tried
        if factored:
            # What is left is of the order of the step's square.
            near = longest
            if longest <= SETTLED:
                return tried
        else:
            # What is left is at most about the step by which the factor is off, times this one.
            stuck = not longest <= before / 2
            if near * longest <= SETTLED * SETTLED or (stuck and longest <= SETTLED):
                return tried
            near = math.inf if stuck else near
        before = longest
    return MAX_ITERATIONS


@part
def _solve(A: Array, z: Array, out: Array) -> None:
    """``K^-1 z`` from the rows of L' on and above the diagonal of A."""
    n = z.shape[0]
    for i in range(n):
        out[i] = z[i]
    for i in range(n):
        row, rest = A[i, i + 1 : n], out[i + 1 :]
        out[i] /= A[i, i]
        a = out[i]
        for k in range(rest.shape[0]):
            rest[k] -= a * row[k]
    for i in range(n - 1, -1, -1):
        out[i] = (out[i] - _inner(A[i, i + 1 : n], out[i + 1 :])) / A[i, i]


@part
def _inner(x: Array, z: Array) -> float:
    """``x'z``, four sums side by side."""
    size = x.shape[0]
    whole = size - size % 4
    a, b, c, e = 0.0, 0.0, 0.0, 0.0
    for k in range(0, whole, 4):
        a += x[k] * z[k]
        b += x[k + 1] * z[k + 1]
        c += x[k + 2] * z[k + 2]
        e += x[k + 3] * z[k + 3]
    total = (a + b) + (c + e)
    for k in range(whole, size):
        total += x[k] * z[k]
    return total


@part
def _certified(
    X: Array,
    XT: Array,
    y: Array,
    scale: Array,
    phase: Array,
    ridge: float,
    mu: Array,
    beta: Array,
    tall: Array,
    flat: Array,
    wide: Array,
) -> tuple[float, float]:
    """Writes beta at mu; bounds on its distance from the limit and on that of mu, see `diagonal.dual`.

    wide (n, d + 2 n + 1) is scratch, as are tall (8, d) and flat (4, n).
    """
    n, d = X.shape
    u, D, inner, spread = tall[0], tall[2], tall[3], tall[4]
    gradient, step, terms, size = flat[0], flat[1], flat[2], flat[3]
    _phases(X, phase, mu, u)
    _predictor(u, scale, beta, D)
    residual(X, XT, y, beta, gradient)
    for i in range(n):
        gradient[i] -= ridge * mu[i]
        size[i], terms[i] = abs(mu[i]), 0.0
    fastest = 0.0
    for k in range(d):
        x, total = XT[k], 0.0
        for i in range(n):
            total += abs(x[i]) * size[i]
        inner[k] = 2 * total
        # Rounding of X' mu, carried to beta by D, and of the residual.
        spread[k] = UNIT * (D[k] * ((n + 2) * inner[k] + 4 * abs(phase[k])) + 8 * abs(beta[k]))
        term = (d + 4) * UNIT * abs(beta[k]) + spread[k]
        for i in range(n):
            terms[i] += abs(x[i]) * term
        fastest = fastest if D[k] <= fastest else D[k]
    rounding = math.sqrt(squares(terms)) + 4 * UNIT * math.sqrt(squares(y))
    white, reach, inverse = whitened(X, XT, D, ridge, gradient, wide, step)
    bound, _ = bounds(1.01 * (white + inverse * rounding), reach, fastest)
    return bound + math.sqrt(squares(spread)), inverse * bound / math.sqrt(fastest)


@loop
def solved(X: Array, y: Array, scale: Array, phase: Array, ridge: Array) -> tuple[Array, Array, Array, Array]:
    """The minimum-Q interpolator of every case.

    Args:
        X: (case, n, d); y: (case, n); scale, phase: (case, d); ridge: (case,).

    Returns:
        beta (case, d), mu (case, n), bounds on both (case, 2), and the number of steps (case,).
    """
    cases, n, d = X.shape
    beta, mu, bound, steps = np.empty((cases, d)), np.empty((cases, n)), np.empty((cases, 2)), np.empty(cases)
    XT, tall, flat = np.empty((d, n)), np.empty((8, d)), np.empty((4, n))
    A, wide = np.empty((n, n)), np.empty((n, d + 2 * n + 1))
    for case in range(cases):
        turned_over(X[case], XT)
        x, labels, c, phi, extra = X[case], y[case], scale[case], phase[case], ridge[case]
        steps[case] = _maximised(x, XT, labels, c, phi, extra, mu[case], tall, flat, A)
        bound[case, 0], bound[case, 1] = _certified(
            x, XT, labels, c, phi, extra, mu[case], beta[case], tall, flat, wide
        )
    return beta, mu, bound, steps
