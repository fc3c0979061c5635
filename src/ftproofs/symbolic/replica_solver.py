"""The replica fixed point of min-Q interpolation and Q-ridge, in batches (handbook 8.1).

    tau^2 = sigma^2 + E (eta - B)^2 / delta,      lambda = theta (1 - E eta' / delta),

with eta the proximal map at B + tau Z.  For fixed tau the second equation has one root
theta, since E eta' falls with theta; the first is then bracketed in log tau^2.  A few
nodes find the root, many nodes and Newton's method in both unknowns finish it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ftproofs.symbolic.replica_quadrature import Groups, Moments, mean_penalty, moments

#: Nodes in a panel: to find the root, to finish it, and to estimate the quadrature's error.
COARSE, FINE, CHECK = 48, 160, 120
_OUTER, _INNER, _POLISH = 80, 60, 12
#: Rounding errors of a target coefficient, in units of its last place times max(1, |log c|): without noise
#: a tau below them counts as exact recovery (c > 0 leaves a power of c).
_ROUNDINGS = 1e4
#: As many samples as coordinates, up to the rounding of a sum of shares: no solution.
_ROUNDED = 1e-14


@dataclass(frozen=True)
class FixedPoint:
    """The solution of every case, float64 arrays of shape (case,).

    ``error`` estimates the relative error of tau^2, theta and mse: what another number of
    nodes and the equations' residuals would change.  NaN where nothing was found; all are
    0 where, without noise, the target is recovered up to rounding.
    """

    tau: np.ndarray
    theta: np.ndarray
    mse: np.ndarray
    penalty: np.ndarray
    error: np.ndarray

    @property
    def multiplier(self) -> np.ndarray:
        """The limit of |mu|^2/n, mu the multiplier of interpolation."""
        return (self.tau / self.theta) ** 2


@dataclass
class _Problem:
    groups: Groups
    delta: np.ndarray
    sigma2: np.ndarray
    ridge: np.ndarray

    def __getitem__(self, cases: np.ndarray) -> _Problem:
        return _Problem(self.groups[cases], self.delta[cases], self.sigma2[cases], self.ridge[cases])

    def moments(self, log_theta: np.ndarray, log_tau2: np.ndarray, count: int) -> Moments:
        return moments(self.groups, np.exp(log_theta), np.exp(log_tau2), count)


def solve(
    groups: Groups, delta: np.ndarray, sigma: np.ndarray, ridge: np.ndarray | None = None, *, fine: int = FINE
) -> FixedPoint:
    """The fixed point of every case.

    Args:
        groups: arrays of shape (case, group); no solution where a weight is negative or all are 0.
        delta: samples over dimension, positive, shape (case,); where ridge is 0 and there are more samples
            than coordinates, delta above the sum of the weights, the solution is least squares.
        sigma: standard deviation of the noise for X_ij ~ N(0, 1/n), shape (case,).
        ridge: lambda of |y - X beta|^2/2 + lambda Q; default 0, interpolation.
        fine: nodes in a panel.

    Returns:
        the solutions; a case's numbers do not depend on the others.
    """
    delta, sigma = (np.asarray(x, dtype=np.float64) for x in (delta, sigma))
    ridge = np.zeros_like(delta) if ridge is None else np.asarray(ridge, dtype=np.float64)
    with np.errstate(all="ignore"):
        problem = _Problem(groups, delta, sigma**2, ridge)
        usable = (delta > 0) & (sigma >= 0) & (ridge >= 0)
        usable &= (groups.weight >= 0).all(axis=-1) & (groups.weight.sum(axis=-1) > 0)
        for column in (groups.weight, groups.log_c, groups.b, groups.s):
            usable &= np.isfinite(column).all(axis=-1)
        usable &= (groups.second_moment() > 0) | (sigma > 0)
        total = groups.weight.sum(axis=-1)
        plain = usable & (ridge == 0) & (delta > total * (1 + _ROUNDED))
        columns = np.full((5, len(delta)), np.nan)
        if plain.any():
            columns[:, plain] = _least_squares(problem[plain], fine)
        rest = np.flatnonzero(usable & ((ridge > 0) | (delta < total * (1 - _ROUNDED))))
        if len(rest):
            columns[:, rest] = _solve(problem[rest], fine)
        return FixedPoint(*columns)


def _least_squares(problem: _Problem, fine: int) -> np.ndarray:
    """Without ridge and with more samples than dimensions the penalty has no say: theta = 0."""
    total = problem.groups.weight.sum(axis=-1)
    tau2 = problem.sigma2 / (1 - total / problem.delta)
    zero = np.zeros_like(tau2)
    penalty = mean_penalty(problem.groups, zero, tau2, fine)
    return np.stack([np.sqrt(tau2), zero, total * tau2, penalty, zero])


def _solve(problem: _Problem, fine: int) -> np.ndarray:
    log_tau2, log_theta = _bracketed(problem, COARSE)
    exact = (problem.sigma2 == 0) & (log_tau2 < _floor(problem))
    log_tau2, log_theta, done = _newton(problem, log_tau2, log_theta, fine)
    again = np.flatnonzero(~done & ~exact)
    if len(again):  # the few nodes were too few
        part = problem[again]
        y, p, ok = _newton(part, *_bracketed(part, fine), fine)
        log_tau2[again], log_theta[again], done[again] = y, p, ok
    theta, tau2 = np.exp(log_theta), np.exp(log_tau2)
    found = moments(problem.groups, theta, tau2, fine)
    error = np.where(done, _error(problem, log_tau2, log_theta, found), np.nan)
    penalty = mean_penalty(problem.groups, theta, tau2, fine)
    columns = np.where(done, np.stack([np.sqrt(tau2), theta, found.error, penalty, error]), np.nan)
    if exact.any():  # the target itself, up to less than can be written
        columns[:, exact] = 0.0
        zero = np.zeros(int(exact.sum()))
        columns[3, exact] = mean_penalty(problem.groups[exact], zero, zero, fine)
    return columns


def _floor(problem: _Problem) -> np.ndarray:
    """log tau^2 below which rounding hides the equations."""
    length = np.maximum(1.0, np.abs(problem.groups.log_c).max(axis=-1))
    return 2 * np.log(_ROUNDINGS * 2.0**-52 * length) + np.log(problem.groups.second_moment())


# -- finding the root -----------------------------------------------------------


def _residuals(problem: _Problem, y: np.ndarray, p: np.ndarray, at: Moments) -> tuple[np.ndarray, ...]:
    """Both equations in y = log tau^2 and p = log theta, and their derivatives (f_p, f_y, g_p, g_y)."""
    theta, tau2, delta = np.exp(p), np.exp(y), problem.delta
    f = at.slope / delta - (1 - problem.ridge / theta)
    whole = problem.sigma2 + at.error / delta
    g = y - np.log(whole)
    f_p = at.slope_theta * theta / delta - problem.ridge / theta
    f_y = at.slope_variance * tau2 / delta
    g_p = -at.error_theta * theta / delta / whole
    g_y = 1 - at.error_variance * tau2 / delta / whole
    return f, g, f_p, f_y, g_p, g_y


def _inner(problem: _Problem, y: np.ndarray, p: np.ndarray, count: int) -> tuple[np.ndarray, Moments, np.ndarray]:
    """p with f(p, y) = 0: f falls with p, so a bracketed Newton iteration from the given p."""
    p, low, high = p.copy(), np.full_like(p, -np.inf), np.full_like(p, np.inf)
    active = np.arange(len(p))
    for _ in range(_INNER):
        part = problem[active]
        f, _, f_p, *_ = _residuals(part, y[active], p[active], part.moments(p[active], y[active], count))
        low[active] = np.where(f > 0, p[active], low[active])
        high[active] = np.where(f < 0, p[active], high[active])
        step = np.clip(np.where(f_p < 0, -f / f_p, np.sign(f) * 4.0), -4.0, 4.0)
        new = p[active] + step
        inside = (new > low[active]) & (new < high[active])
        middle = (low[active] + high[active]) / 2
        new = np.where(inside | ~np.isfinite(middle), new, middle)
        settled = (np.abs(new - p[active]) <= 1e-9 * (1 + np.abs(p[active]))) | np.isnan(new)
        p[active] = new
        active = active[~settled]
        if not len(active):
            break
    at = problem.moments(p, y, count)
    return p, at, _residuals(problem, y, p, at)[1]


def _bracketed(problem: _Problem, count: int) -> tuple[np.ndarray, np.ndarray]:
    """y and p to a few digits: the first equation by a bracketed Newton iteration along the second's root."""
    moment = problem.groups.second_moment()
    y = np.log(problem.sigma2 + moment / problem.delta)
    low, high = np.full_like(y, -np.inf), np.full_like(y, np.inf)
    p = y / 2 + np.where(problem.ridge > 0, np.log1p(problem.ridge), 0.0)
    reach, floor = np.full_like(y, 3.0), _floor(problem)
    active = np.arange(len(y))
    for _ in range(_OUTER):
        part = problem[active]
        here = y[active]
        found, at, g = _inner(part, here, p[active], count)
        p[active] = found
        low[active] = np.where(g < 0, here, low[active])
        high[active] = np.where(g > 0, here, high[active])
        _, _, f_p, f_y, g_p, g_y = _residuals(part, here, found, at)
        slope = g_y - g_p * f_y / f_p
        step = np.clip(np.where(slope > 0, -g / slope, -np.sign(g)), -reach[active], reach[active])
        new = here + step
        reach[active] *= np.where(np.isfinite(low[active]), 1.0, 2.0)
        inside = (new > low[active]) & (new < high[active])
        middle = (low[active] + high[active]) / 2
        new = np.where(inside | ~np.isfinite(middle), new, middle)
        p[active] += np.where(np.isfinite(f_y / f_p), -(f_y / f_p) * (new - here), 0.0)
        settled = (np.abs(new - here) <= 1e-7 * (1 + np.abs(here))) | np.isnan(new)
        y[active] = new
        active = active[~settled & ((new > floor[active]) | (problem.sigma2[active] > 0))]
        if not len(active):
            break
    return y, p


# -- finishing it -------------------------------------------------------------------


def _step(problem: _Problem, y: np.ndarray, p: np.ndarray, at: Moments) -> tuple[np.ndarray, np.ndarray]:
    """Newton's step in both unknowns."""
    f, g, f_p, f_y, g_p, g_y = _residuals(problem, y, p, at)
    determinant = f_p * g_y - f_y * g_p
    return -(f_p * g - g_p * f) / determinant, -(g_y * f - f_y * g) / determinant


def _newton(problem: _Problem, y: np.ndarray, p: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Newton's method in both unknowns until it stops gaining; and whether it converged."""
    y, p = y.copy(), p.copy()
    size = np.full_like(y, np.inf)
    active = np.arange(len(y))
    for _ in range(_POLISH):
        part = problem[active]
        dy, dp = _step(part, y[active], p[active], part.moments(p[active], y[active], count))
        new = np.maximum(np.abs(dy), np.abs(dp))
        better = (new < 0.5) & (new < size[active])
        y[active] += np.where(better, dy, 0.0)
        p[active] += np.where(better, dp, 0.0)
        size[active] = np.where(better, new, size[active])
        active = active[better & (new > 1e-14)]
        if not len(active):
            break
    return y, p, size < 1e-9


def _error(problem: _Problem, y: np.ndarray, p: np.ndarray, at: Moments) -> np.ndarray:
    """The relative change that another number of nodes asks for, and the step that is left."""
    other = problem.moments(p, y, CHECK)
    changes = [np.abs(step) for step in (*_step(problem, y, p, other), *_step(problem, y, p, at))]
    return np.maximum(np.max(changes, axis=0), np.abs(other.error / at.error - 1))
