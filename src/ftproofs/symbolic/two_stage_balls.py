"""Rigorous enclosures of the two-stage replica: trapezoids over the law of what pretraining finds.

In the natural coordinate t of pretraining the coefficient is ``c sinh t`` and the scale that it leaves
``e + g c cosh t``, so an expectation of the second stage is the integral of an entire function, ``density(t)
G(C(t))``, and trapezoids of width h miss it by at most ``2 M/(exp(2 pi a/h) - 1)``, M a bound on the integral of its
size along every line at a height below a (Trefethen and Weideman, SIAM Review 56, 2014, theorem 5.1).

The bounds used: with w = Re z(t), on such a line

    |z'(t)| <= w'/cos a,   |Im z(t)| <= p + |w| tan a,   p = c sin a + theta a/2,

and |Im C| <= q Re C with q < 1/sqrt(2), so that both densities are Gaussian up to factors, in w and in the second
stage's own real part.  With ``kappa = 1 - C(0)/(g c)``, or 0 where that is negative, the ratio of the two parts of C
is at most ``sin a/sqrt(cos^2 a - kappa^2)``; the strip is as high as gives it the same q everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from flint import arb

from ftproofs.symbolic import replica_balls
from ftproofs.symbolic.arithmetic import precision
from ftproofs.symbolic.replica_balls import Entry, _error, _power, _Root, _slope, _tail
from ftproofs.symbolic.replica_quadrature import Groups, natural
from ftproofs.symbolic.replica_solver import FINE, _inner, _Problem, _residuals, solve

#: Relative accuracy in bits that is aimed at.
BITS = 32
#: Widths tried around the root of float64, in powers of two from there.
WIDTHS = (8, 11, 14)
#: Height of the strip where C(0) >= g c: q, its tangent, is 0.42.
HEIGHT = (2, 5)
#: Lower ones would take too many nodes.
LOWEST = 0.05

#: weight, pretraining coefficient, target coefficient.
Triple = tuple[arb, arb, arb]
_cache: dict[tuple[object, ...], arb | None] = {}


def enclose(head: Sequence[arb], triples: Sequence[Triple]) -> arb | None:
    """The mean square error after both stages; None where nothing is certain.

    Args:
        head: delta, sigma, delta_s, sigma_s, c, C(0) and g, the scale after pretraining to x being
            ``C(0) + g (hypot(c, x) - c)``.
        triples: a share of the coordinates with its pretraining and target coefficients.
    """
    values = (*head, *(x for triple in triples for x in triple))
    if not all(x.is_finite() for x in values):
        return None
    key = tuple(part for x in values for part in (x.mid().man_exp(), x.rad().man_exp()))
    if key not in _cache:
        if len(_cache) > 4096:
            _cache.clear()
        with precision(BITS + 60):
            _cache[key] = _enclose(head, triples)
    return _cache[key]


def _enclose(head: Sequence[arb], triples: Sequence[Triple]) -> arb | None:
    delta, sigma, delta_s, sigma_s, c, at_zero, growth = head
    if not (growth > 0 and at_zero > 0 and c > 0 and 0 < delta < 1 and 0 < delta_s < 1):
        return None
    least = at_zero - growth * c
    height = _height(-least / (growth * c))
    if not height > LOWEST:
        return None
    if not (sigma >= 0 and sigma_s >= 0 and all(weight > 0 for weight, _, _ in triples)):
        return None
    zero = arb(0)
    entries = [x for weight, source, _ in triples for x in (weight, c, source, zero)]
    pretrained = replica_balls.enclose(delta_s, sigma_s, zero, entries)
    if pretrained is None:
        return None
    laws = [_Law.of(c, source, pretrained[0], pretrained[1], height) for _, source, _ in triples]
    groups: list[Entry] = []
    for (weight, _, target), law in zip(triples, laws, strict=True):
        groups += [(weight * p, least + growth * c * t.cosh(), target, zero) for t, p in law.paired()]
    found = _start(groups, delta, sigma) if groups else None
    if found is None:
        return None
    tau2, theta, slopes = found
    root = _Second(delta, sigma, zero, groups, slopes, BITS, tuple(zip(triples, laws, strict=True)))
    ends = root(arb(tau2), arb(theta))
    return None if ends is None else ends[2]


def _height(kappa: arb) -> arb:
    """How high the strip may be."""
    inside = 1 - kappa.max(arb(0)) ** 2
    return (_q_angle().sin() * inside.sqrt()).asin()


def _q_angle() -> arb:
    return arb(HEIGHT[0]) / HEIGHT[1]


@dataclass(frozen=True)
class _Law:
    """Nodes t with probabilities, and how far their sums may be from expectations, per unit of the integrand's size."""

    nodes: tuple[tuple[arb, arb], ...]
    miss: arb

    def paired(self) -> Iterator[tuple[arb, arb]]:
        """t >= 0, t and -t together: what follows depends on cosh t alone."""
        found: dict[float, tuple[arb, arb]] = {}
        for t, p in self.nodes:
            size = abs(float(t.mid()))
            found[size] = (t, found[size][1] + p) if size in found else (t, p)
        return iter(found.values())

    @staticmethod
    def of(c: arb, source: arb, tau: arb, theta: arb, a: arb) -> _Law:
        k2, p = 2 * a.tan() ** 2, c * a.sin() + theta * a / 2
        size = (p**2 / tau**2 + k2 * source**2 / (2 * tau**2 * (1 - k2))).exp() / (a.cos() * (1 - k2).sqrt())
        h = float((2 * arb.pi() * a / ((BITS + 12) * arb.const_log2() + 8 + size.log())).mid())
        reach = float((2 * arb(BITS + 12) * arb.const_log2()).sqrt().mid())
        b, s = float(source.mid()), float(tau.mid())
        ends = np.array([b - reach * s, b + reach * s])
        low, high = natural(ends, np.full(2, float(theta.mid())), np.full(2, float(c.log().mid())))
        nodes = []
        for i in range(int(np.floor(low / h)), int(np.ceil(high / h)) + 1):
            t = arb(i) * h
            u = c * t.sinh() + theta * t / 2 - source
            rise = c * t.cosh() + theta / 2
            density = (-((u / tau) ** 2) / 2).exp() / (tau * (2 * arb.pi()).sqrt())
            nodes.append((t, h * density * rise, u, rise))
        outside = arb(0)
        for (t, _, u, rise), side in ((nodes[0], -1), (nodes[-1], 1)):
            # From there on the density falls, so what is left of the sum is below the integral.
            if not (side * t > 0 and side * u * rise > tau**2):
                return _Law((), arb.pos_inf())
            outside += _tail(side * u / tau)[0] / 2
        error = 2 * size / ((2 * arb.pi() * a / h).exp() - 1)
        return _Law(tuple((t, weight) for t, weight, _, _ in nodes), (error + outside).upper())


@dataclass
class _Second(_Root):
    """The second stage's equations on nodes, and what the nodes miss."""

    parts: tuple[tuple[Triple, _Law], ...]

    def __call__(self, tau2: arb, theta: arb) -> tuple[arb, arb, arb, arb] | None:
        """float64 has found the root: its equations' signs on both sides are all that is asked."""
        for shift in WIDTHS:
            found = self._between(tau2, theta, _power(shift - self.bits))
            if found is not None:
                return found
        return None

    def _theta_near(self, tau2: arb, theta: arb) -> arb:
        y, p = np.log([float(tau2.mid())]), np.log([float(theta.mid())])
        return arb(float(np.exp(_inner(_floats(self.groups, self.delta, self.sigma), y, p, FINE)[0])[0]))

    def _second(self, tau2: arb, theta: arb) -> arb:
        return (self._mean(_slope, tau2, theta) + self._missed(tau2, 0)) / self.delta - 1

    def _error_mean(self, tau2: arb, theta: arb) -> arb:
        return self._mean(_error, tau2, theta) + self._missed(tau2, 1)

    def _penalty(self, tau2: arb, theta: arb) -> arb:
        """Nobody asks for it, and it would cost an integral at every node."""
        return arb.nan()

    def _mean(self, moment: Callable[..., arb], tau2: arb, theta: arb) -> arb:
        """Over all nodes, each to as many bits as its weight asks for."""
        total = arb(0)
        for weight, c, b, s in self.groups:
            bits = max(8, self.bits + int(np.ceil(np.log2(float(weight.mid())))))
            total += weight * moment(c, b, s, tau2, theta, bits)
        return total

    def _missed(self, V: arb, which: int) -> arb:
        """Zero with the radius that the sums over all nodes may be off by, for E eta' (0) or E (eta - B)^2 (1)."""
        k = 1 - _q_angle().tan() ** 2
        total = arb(0)
        for (weight, _, b), law in self.parts:
            size = ((2 - k) / k).sqrt() * ((1 - k) * b**2 / (2 * V * k)).exp()
            if which == 1:
                size *= 2 * (2 - k) * (V / k + (b / k) ** 2) + 2 * b**2
            total += weight * size * law.miss
        radius = total.upper()
        return (-radius).union(radius)


def _floats(groups: Sequence[Entry], delta: arb, sigma: arb) -> _Problem:
    columns = [np.array([[float(x.mid()) for x in column]]) for column in zip(*groups, strict=True)]
    made = Groups(columns[0], np.log(columns[1]), columns[2], columns[3])
    return _Problem(made, np.array([float(delta.mid())]), np.array([float(sigma.mid()) ** 2]), np.zeros(1))


def _start(groups: Sequence[Entry], delta: arb, sigma: arb) -> tuple[float, float, tuple[float, ...]] | None:
    """tau^2, theta and the equations' slopes in float64."""
    problem = _floats(groups, delta, sigma)
    found = solve(problem.groups, problem.delta, np.sqrt(problem.sigma2))
    if not (np.isfinite(found.tau[0]) and found.theta[0] > 0 and found.tau[0] > 0):
        return None
    y, p = 2 * np.log(found.tau), np.log(found.theta)
    slopes = _residuals(problem, y, p, problem.moments(p, y, FINE))[2:]
    return float(found.tau[0]) ** 2, float(found.theta[0]), tuple(float(x[0]) for x in slopes)
