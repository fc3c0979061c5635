"""Corners of the replica fixed point that are solved without it (handbook 8.4): numbers and formulas.

Ridgeless and ridge in closed form, weighted ridge by one root, weighted basis pursuit by
soft thresholds, and the sampling ratio above which basis pursuit recovers exactly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr
from sympy import Expr, sympify

_TOLERANCE = 1e-15


def ridgeless_error(delta: Any, sigma: Any, second_moment: Any) -> Expr:
    """The mse of the minimum-norm fit for delta < 1: ``(1 - delta) E B^2 + sigma^2 delta^2/(1 - delta)``."""
    delta, sigma, second_moment = map(sympify, (delta, sigma, second_moment))
    return (1 - delta) * second_moment + sigma**2 * delta**2 / (1 - delta)


def ridgeless_error_exact(n: Any, d: Any, sigma: Any, second_moment: Any) -> Expr:
    """Its mean at finite size, Gaussian X with variance 1/n, n < d - 1."""
    n, d, sigma, second_moment = map(sympify, (n, d, sigma, second_moment))
    return (1 - n / d) * second_moment + sigma**2 * n**2 / (d * (d - n - 1))


def weighted_ridge(
    weight: np.ndarray, log_c: np.ndarray, second: np.ndarray, delta: float, sigma: float, ridge: float = 0.0
) -> tuple[float, float, float]:
    """tau, theta/2 (in units of exp(log_c)) and mse of ``|y - X beta|^2/2 + lambda sum_i beta_i^2/(4 C_i)``.

    Args:
        weight, log_c, second: shape (group,): shares, log C and E B^2 of each group.
        delta, sigma: one number each; delta < 1 where ridge is 0.
        ridge: lambda.
    """
    c = np.exp(log_c - log_c.max())
    unit = np.exp(log_c.max())

    def shares(log_theta: float) -> np.ndarray:
        return c / (c + np.exp(log_theta))

    def residual(log_theta: float) -> float:
        return float((weight * shares(log_theta)).sum() / delta - 1 + ridge / (2 * unit * np.exp(log_theta)))

    root = float(brentq(residual, -600.0, 600.0, xtol=1e-14, rtol=8.9e-16))
    a = shares(root)
    bias = (weight * (1 - a) ** 2 * second).sum() / delta
    tau2 = (sigma**2 + bias) / (1 - (weight * a**2).sum() / delta)
    mse = delta * bias + (weight * a**2).sum() * tau2
    return float(np.sqrt(tau2)), float(np.exp(root) * unit), float(mse)


def _soft(threshold: np.ndarray, b: np.ndarray, s: np.ndarray, tau: float) -> tuple[np.ndarray, np.ndarray]:
    """P(|B + tau Z| > a) and E (soft(B + tau Z, a) - B)^2 for B = b + s G, exactly."""
    density = lambda x: np.exp(-x * x / 2) / np.sqrt(2 * np.pi)  # noqa: E731
    v = np.sqrt(s * s + tau * tau)
    share = s * s / (v * v)
    active, error = np.zeros_like(b), s * s * tau * tau / (v * v)
    for sign in (1.0, -1.0):
        # z = b + v g beyond the threshold on one side: eta - E[B|z] = (1 - share) v g - sign a
        x = (threshold - sign * b) / v
        p, f = ndtr(-x), density(x)
        m = (1 - share) * v
        active = active + p
        error = error + m * m * (p + x * f) - 2 * m * threshold * f + threshold**2 * p
    # in between eta = 0 and E[B|z] = b + share v g
    low, high = (-threshold - b) / v, (threshold - b) / v
    p, f, g = ndtr(high) - ndtr(low), density(low) - density(high), low * density(low) - high * density(high)
    error = error + b * b * p + 2 * b * share * v * f + (share * v) ** 2 * (p + g)
    return active, error


def basis_pursuit(
    weight: np.ndarray, cost: np.ndarray, b: np.ndarray, s: np.ndarray, delta: float, sigma: float
) -> tuple[float, float, float]:
    """tau, threshold and mse of ``min sum_i a_i |beta_i|`` over interpolators: soft thresholds at alpha a.

    Args:
        weight, cost, b, s: shape (group,): shares, weights a, and the law b + s G of the target.
        delta, sigma: one number each, 0 < delta < 1; sigma > 0 unless recovery fails.
    """

    def threshold(tau: float) -> float:
        def residual(log_alpha: float) -> float:
            return float((weight * _soft(np.exp(log_alpha) * cost, b, s, tau)[0]).sum() - delta)

        return float(np.exp(brentq(residual, np.log(tau) - 40.0, np.log(tau) + 40.0, xtol=1e-14)))

    def residual(log_tau2: float) -> float:
        tau = float(np.exp(log_tau2 / 2))
        error = (weight * _soft(threshold(tau) * cost, b, s, tau)[1]).sum()
        return log_tau2 - float(np.log(sigma**2 + error / delta))

    top = float(np.log(sigma**2 + (weight * (b * b + s * s)).sum() / delta)) + 5.0
    bottom = float(np.log(sigma**2)) - 1e-9 if sigma > 0 else top - 60.0
    tau = float(np.exp(brentq(residual, bottom, top, xtol=_TOLERANCE, rtol=8.9e-16) / 2))
    alpha = threshold(tau)
    return tau, alpha, float((weight * _soft(alpha * cost, b, s, tau)[1]).sum())
