"""Rigorous enclosures of the replica fixed point: integrals by arb, roots between points of certain, opposite signs.

The expectations are integrated rigorously in the natural coordinate up to a number of
standard deviations, and what is beyond is bounded.  For fixed tau the second equation's
left side falls with theta (handbook 8.1), so two signs enclose its root; along that
root two signs of the first equation enclose tau^2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from flint import acb, arb, ctx, fmpz

from ftproofs.symbolic.arithmetic import precision
from ftproofs.symbolic.penalty_numbers import penalty_ball
from ftproofs.symbolic.prox_numbers import natural_array
from ftproofs.symbolic.replica_quadrature import Groups
from ftproofs.symbolic.replica_solver import FINE, _Problem, _residuals, solve

#: Relative accuracy in bits that is aimed at: usually, and where the precision in force asks for more.
_USUAL, _MORE, _WHEN = 60, 125, 400
_ROUNDS = 8
_cache: dict[tuple[object, ...], tuple[arb, arb, arb, arb] | None] = {}

Entry = tuple[arb, arb, arb, arb]


def enclose(delta: arb, sigma: arb, ridge: arb, entries: Sequence[arb]) -> tuple[arb, arb, arb, arb] | None:
    """tau, theta, mse and the mean penalty; None where nothing is certain.

    Args:
        delta, sigma, ridge: as in `replica_solver.solve`, known to more digits than are asked for.
        entries: weight, c, b, s of each group in turn.
    """
    bits = _USUAL if ctx.prec < _WHEN else _MORE
    values = (delta, sigma, ridge, *entries)
    key = (bits, *(part for x in values for part in (x.mid().man_exp(), x.rad().man_exp())))
    if key not in _cache:
        if len(_cache) > 4096:
            _cache.clear()
        with precision(bits + 60):
            _cache[key] = _enclose(delta, sigma, ridge, entries, bits)
    return _cache[key]


def _enclose(delta: arb, sigma: arb, ridge: arb, entries: Sequence[arb], bits: int) -> tuple[arb, arb, arb, arb] | None:
    groups: list[Entry] = [tuple(entries[i : i + 4]) for i in range(0, len(entries), 4)]
    wide = any(x.rel_accuracy_bits() < bits + 20 for x in (delta, sigma, ridge, *entries) if not x.is_zero())
    if wide or not delta > 0 or not all(c > 0 for _, c, _, _ in groups):
        return None
    total = sum((weight for weight, *_ in groups), arb(0))
    if ridge == 0 and delta > total:  # least squares, whatever the penalty
        tau2 = sigma**2 / (1 - total / delta)
        return tau2.sqrt(), arb(0), total * tau2, _mean_q(groups, tau2, arb(0), bits)
    columns = [np.array([[float(x.mid()) for x in column]]) for column in zip(*groups, strict=True)]
    floats = Groups(columns[0], np.log(columns[1]), columns[2], columns[3])
    numbers = [np.array([float(x.mid())]) for x in (delta, sigma, ridge)]
    start = solve(floats, numbers[0], numbers[1], numbers[2])
    if not (np.isfinite(start.tau[0]) and start.theta[0] > 0 and start.tau[0] > 0):
        return None
    problem = _Problem(floats, numbers[0], numbers[1] ** 2, numbers[2])
    y, p = 2 * np.log(start.tau), np.log(start.theta)
    slopes = tuple(float(x[0]) for x in _residuals(problem, y, p, problem.moments(p, y, FINE))[2:])
    return _Root(delta, sigma, ridge, groups, slopes, bits)(arb(float(start.tau[0])) ** 2, arb(float(start.theta[0])))


@dataclass
class _Root:
    delta: arb
    sigma: arb
    ridge: arb
    groups: list[Entry]
    slopes: tuple[float, ...]
    bits: int

    def __call__(self, tau2: arb, theta: arb) -> tuple[arb, arb, arb, arb] | None:
        f_p, f_y, g_p, g_y = self.slopes
        slope = g_y - g_p * f_y / f_p
        for _ in range(_ROUNDS):  # Newton's method with the slopes of float64
            theta = self._theta_near(tau2, theta)
            step = (self._first(tau2, theta) / slope).mid()
            tau2 = (tau2 * (-step).exp()).mid()
            theta = (theta * (step * (f_y / f_p)).exp()).mid()
            if abs(step) < _power(-self.bits):
                break
        for shift in range(2, 24, 3):
            width = _power(shift - self.bits)
            found = self._between(tau2, theta, width)
            if found is not None:
                return found
        return None

    def _theta_near(self, tau2: arb, theta: arb) -> arb:
        """An approximate root of the second equation, no claim made."""
        for _ in range(_ROUNDS):
            step = (self._second(tau2, theta) / self.slopes[0]).mid()
            theta = (theta * (-step).exp()).mid()
            if abs(step) < _power(-self.bits - 12):
                break
        return theta

    def _between(self, tau2: arb, theta: arb, width: arb) -> tuple[arb, arb, arb, arb] | None:
        ends = []
        for sign in (-1, 1):
            end = (tau2 * (1 + sign * width)).mid()
            root = self._theta_between(end, self._theta_near(end, theta), width / 64)
            if root is None:
                return None
            ends.append((end, self._first(end, root)))
        if not (ends[0][1] < 0 and ends[1][1] > 0):
            return None
        ball = ends[0][0].union(ends[1][0])
        root = self._theta_between(ball, theta, 4 * width)
        if root is None:
            return None
        error = self._error_mean(ball, root)
        return ball.sqrt(), root, error, self._penalty(ball, root)

    def _theta_between(self, tau2: arb, theta: arb, width: arb) -> arb | None:
        for factor in (1, 16, 256):
            low, high = (theta * (1 - factor * width)).mid(), (theta * (1 + factor * width)).mid()
            if self._second(tau2, low) > 0 and self._second(tau2, high) < 0:
                return low.union(high)
        return None

    def _first(self, tau2: arb, theta: arb) -> arb:
        """log tau^2 - log(sigma^2 + E (eta - B)^2/delta)."""
        error = self._error_mean(tau2, theta)
        return (tau2 / (self.sigma**2 + error / self.delta)).log()

    def _second(self, tau2: arb, theta: arb) -> arb:
        """E eta'/delta - (1 - lambda/theta)."""
        total = sum((w * _slope(c, b, s, tau2, theta, self.bits) for w, c, b, s in self.groups), arb(0))
        return total / self.delta - (1 - self.ridge / theta)

    def _error_mean(self, tau2: arb, theta: arb) -> arb:
        return sum((w * _error(c, b, s, tau2, theta, self.bits) for w, c, b, s in self.groups), arb(0))

    def _penalty(self, tau2: arb, theta: arb) -> arb:
        return _mean_q(self.groups, tau2, theta, self.bits)


def _power(exponent: int) -> arb:
    return arb((fmpz(1), fmpz(exponent)))


# -- expectations over one group ----------------------------------------------------


def _integral(
    function: Callable[[acb, acb, acb], acb], c: arb, b: arb, V: arb, theta: arb, bits: int
) -> tuple[arb, arb]:
    """The integral of a function of (t, c sinh t, z - b) times the density of z, and its reach in deviations."""
    reach = float((2 * (arb(bits) + 12) * arb.const_log2()).sqrt())
    deviation, middle = float(V.mid()) ** 0.5, float(b.mid())
    ends = np.array([middle - reach * deviation, middle, middle + reach * deviation])
    small = np.full(3, float(theta.mid())), np.full(3, float(c.mid().log().mid()))
    places = [acb(float(x)) for x in np.sign(ends) * natural_array(np, np.abs(ends), *small)]
    norm = 1 / (2 * arb.pi() * V).sqrt()

    def integrand(t: acb, _: bool) -> acb:
        x = c * t.sinh()
        u = x + theta * t / 2 - b
        return function(t, x, u) * (-(u * u) / (2 * V)).exp() * norm

    tolerance = _power(-bits - 16)
    total = sum(
        (
            acb.integral(integrand, low, high, abs_tol=tolerance * V.mid(), rel_tol=tolerance)
            for low, high in pairwise(places)
            if low != high
        ),
        acb(0),
    )
    sides = [abs(c * t.sinh() + theta * t / 2 - b) for t in (places[0].real, places[-1].real)]
    return total.real, arb.min(*(x.lower() for x in sides)) / V.sqrt()


def _tail(reach: arb) -> tuple[arb, arb]:
    """P(|G| > reach) and E G^2 beyond it, for a standard normal G."""
    outside = (reach / arb(2).sqrt()).erfc()
    return outside, outside + 2 * reach * (-(reach**2) / 2).exp() / (2 * arb.pi()).sqrt()


def _with_tail(total: arb, bound: arb) -> arb:
    return total.union(total + bound.upper())


def _slope(c: arb, b: arb, s: arb, tau2: arb, theta: arb, bits: int) -> arb:
    """E eta'; beyond the integral eta' is at most 1."""
    total, reach = _integral(lambda t, x, u: c * t.cosh(), c, b, s**2 + tau2, theta, bits)
    return _with_tail(total, _tail(reach)[0])


def _error(c: arb, b: arb, s: arb, tau2: arb, theta: arb, bits: int) -> arb:
    """E (eta - B)^2; beyond the integral (eta - E[B|z])^2 <= 2 (4 (z - b)^2 + 4 b^2)."""
    V = s**2 + tau2
    share = s**2 / V
    total, reach = _integral(
        lambda t, x, u: (x - b - share * u) ** 2 * (c * t.cosh() + theta / 2), c, b, V, theta, bits
    )
    outside, square = _tail(reach)
    return _with_tail(total, 8 * V * square + 8 * b**2 * outside) + s**2 * tau2 / V


def _mean_q(groups: list[Entry], tau2: arb, theta: arb, bits: int) -> arb:
    return sum((w * _q(c, b, s, tau2, theta, bits) for w, c, b, s in groups), arb(0))


def _q(c: arb, b: arb, s: arb, tau2: arb, theta: arb, bits: int) -> arb:
    """E q(eta); beyond the integral q(eta) <= |eta| t/2, which is at most z^2/theta and z^2/(2 c)."""
    V = s**2 + tau2
    if V.is_zero():  # no noise, and least squares finds the target
        return penalty_ball(b, c)
    total, reach = _integral(
        lambda t, x, u: x / 2 * (t - (t / 2).tanh()) * (c * t.cosh() + theta / 2), c, b, V, theta, bits
    )
    outside, square = _tail(reach)
    return _with_tail(total, (2 * V * square + 2 * b**2 * outside) / arb.max(theta, 2 * c))
