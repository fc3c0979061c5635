"""Gaussian expectations of the penalty's proximal map, by quadrature in its natural coordinate (handbook 8.3).

A group has B = b + s G with a standard normal G, and the map is applied to B + tau Z.  In
the coordinate t of ``z(t) = c sinh t + theta t/2`` the map is ``eta = c sinh t``: no equation
has to be solved at a node and all integrands are entire, however small c is.  Panels of
Gauss-Legendre nodes end where z passes b and where c sinh t stops to matter.  Gauss-Hermite
nodes in z would miss the near-kink at c << tau.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ftproofs.symbolic.prox_numbers import natural_array

#: Standard deviations around b that are integrated; what is left out is below 1e-20 of the whole.
REACH = 9.5
#: c sinh t is nothing next to the deviation below this share of it.
_NOTHING = 1e-17
#: Logarithms of scales below it are not exponentiated.
_UNDERFLOW = -600.0
#: Arrays of about this many nodes at a time stay in the cache.
CHUNK = 40_000


@dataclass(frozen=True)
class Groups:
    """Coordinates by kind, float64 arrays of one shape (case, group).

    ``weight`` sums to 1 over a case's groups (a group of weight 0 is ignored), ``log_c`` is
    the logarithm of the penalty's scale, and the target is ``b + s G``.  By symmetry
    ``b`` stands for the law +-b as well.
    """

    weight: np.ndarray
    log_c: np.ndarray
    b: np.ndarray
    s: np.ndarray

    def __getitem__(self, cases: np.ndarray | slice) -> Groups:
        return Groups(self.weight[cases], self.log_c[cases], self.b[cases], self.s[cases])

    def second_moment(self) -> np.ndarray:
        """E B^2, shape (case,)."""
        return (self.weight * (self.b**2 + self.s**2)).sum(axis=-1)


@dataclass(frozen=True)
class Moments:
    """Expectations over all groups and their derivatives, shape (case,).

    ``slope`` is E eta', ``error`` is E (eta - B)^2; ``_theta`` and ``_variance`` are
    derivatives by theta and by tau^2.
    """

    slope: np.ndarray
    error: np.ndarray
    slope_theta: np.ndarray
    slope_variance: np.ndarray
    error_theta: np.ndarray
    error_variance: np.ndarray


@lru_cache(maxsize=8)
def _rule(count: int) -> tuple[np.ndarray, np.ndarray]:
    x, w = np.polynomial.legendre.leggauss(count)
    return (1 + x) / 2, w / 2


def natural(z: np.ndarray, theta: np.ndarray, log_c: np.ndarray) -> np.ndarray:
    """The t with z(t) = z, for z of either sign; arrays of one shape."""
    return np.sign(z) * natural_array(np, np.abs(z), theta, log_c)


def nodes(
    log_c: np.ndarray, b: np.ndarray, deviation: np.ndarray, theta: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Nodes t and weights of four panels that cover z within `REACH` deviations of b.

    Args:
        log_c, b, deviation, theta: arrays of one shape S, deviation > 0, theta >= 0.
        count: nodes in a panel.

    Returns:
        two arrays of shape (*S, 4 count).
    """
    ends = np.stack([b - REACH * deviation, b, b + REACH * deviation])
    low, middle, high = natural(ends, np.broadcast_to(theta, ends.shape), np.broadcast_to(log_c, ends.shape))
    flat = np.maximum(np.log(_NOTHING * deviation) - log_c, 0.0)
    inner = np.clip(np.stack([middle, -flat, flat]), low, high)
    breaks = np.concatenate([low[None], np.sort(inner, axis=0), high[None]])
    x, w = _rule(count)
    start, width = np.moveaxis(breaks[:-1], 0, -1), np.moveaxis(np.diff(breaks, axis=0), 0, -1)
    t = start[..., None] + width[..., None] * x
    weights = width[..., None] * w
    return t.reshape(*t.shape[:-2], -1), weights.reshape(*weights.shape[:-2], -1)


def _at_nodes(
    groups: Groups, theta: np.ndarray, tau2: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """t, c sinh t, c cosh t, z - b, weight times density, and the variance of z, at the nodes."""
    variance = groups.s**2 + tau2[:, None]
    theta = np.broadcast_to(theta[:, None], variance.shape)
    t, w = nodes(groups.log_c, groups.b, np.sqrt(variance), theta, count)
    x, ch = _hyperbolic(t, groups.log_c)
    u = x + theta[..., None] / 2 * t - groups.b[..., None]
    V = variance[..., None]
    density = w * np.exp(-(u**2) / (2 * V)) / np.sqrt(2 * np.pi * V)
    return t, x, ch, u, density, variance


def _hyperbolic(t: np.ndarray, log_c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """c sinh t and c cosh t, also where c underflows."""
    c = np.where(log_c > _UNDERFLOW, np.exp(log_c), np.nan)[..., None]
    x, ch = c * np.sinh(t), c * np.cosh(t)
    if not (log_c > _UNDERFLOW).all():
        up, down = np.exp(t + log_c[..., None]), np.exp(log_c[..., None] - t)
        tiny = (log_c <= _UNDERFLOW)[..., None]
        x, ch = np.where(tiny, (up - down) / 2, x), np.where(tiny, (up + down) / 2, ch)
    return x, ch


def _chunks(cases: int, per_case: int) -> list[slice]:
    step = max(1, CHUNK // max(per_case, 1))
    return [slice(i, min(i + step, cases)) for i in range(0, cases, step)]


def moments(groups: Groups, theta: np.ndarray, tau2: np.ndarray, count: int) -> Moments:
    """The expectations in the fixed-point equations, shape (case,); theta > 0 and tau2 > 0 of that shape."""
    parts = [_moments(groups[i], theta[i], tau2[i], count) for i in _chunks(len(theta), groups.b.shape[1] * 4 * count)]
    return Moments(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _moments(groups: Groups, theta: np.ndarray, tau2: np.ndarray, count: int) -> tuple[np.ndarray, ...]:
    t, x, ch, u, density, variance = _at_nodes(groups, theta, tau2, count)
    V, s2 = variance[..., None], groups.s[..., None] ** 2
    share = s2 / V
    rise = ch + theta[:, None, None] / 2  # dz/dt
    e = x - groups.b[..., None] - share * u  # eta - E[B | z]
    by_theta = -u * t / (2 * V)  # of the density's logarithm
    by_variance = (u * u / V - 1) / (2 * V)
    left = groups.s**2 * tau2[:, None] / variance  # the variance of B given z
    own = density * ch
    square = density * e * e * rise
    totals = (
        own.sum(-1),
        square.sum(-1) + left,
        (own * by_theta).sum(-1),
        (own * by_variance).sum(-1),
        (density * (e * e / 2 - e * share * t * rise)).sum(-1) + (square * by_theta).sum(-1),
        (square * by_variance + density * 2 * e * share / V * u * rise).sum(-1) + (groups.s**2 / variance) ** 2,
    )
    return tuple((groups.weight * total).sum(-1) for total in totals)


def mean_penalty(groups: Groups, theta: np.ndarray, tau2: np.ndarray, count: int) -> np.ndarray:
    """E q(eta; C), shape (case,); theta and tau2 may be 0 (least squares, a target that is found)."""
    found = []
    for i in _chunks(len(theta), groups.b.shape[1] * 4 * count):
        part = groups[i]
        still = part.s**2 + tau2[i][:, None] == 0  # z is b
        moving = Groups(part.weight, part.log_c, part.b, np.where(still, 1.0, part.s))
        t, x, ch, _, density, _ = _at_nodes(moving, theta[i], tau2[i], count)
        rise = ch + theta[i][:, None, None] / 2
        mean = (_penalty(x, t) * density * rise).sum(-1)
        at_b = _penalty(part.b, natural(part.b, np.zeros_like(part.b), part.log_c))
        found.append((part.weight * np.where(still, at_b, mean)).sum(-1))
    return np.concatenate(found)


def _penalty(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    """q(x; c) at x = c sinh t."""
    size = np.abs(t)
    return np.abs(x) / 2 * (size - np.tanh(size / 2))
