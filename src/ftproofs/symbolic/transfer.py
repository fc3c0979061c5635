"""The formulas of transfer in high dimension: scratch, readout on one feature, boundaries, fine-tuning's gain.

Inputs are isotropic Gaussian, gamma = n/d, ``rho`` the cosine between the teachers,
whose norms are s (source) and tau (target); risks are excess risks and a gain is
risk from scratch minus risk after transfer (handbook B1-B6, B8).
"""

from __future__ import annotations

from typing import Any

from sympy import Expr, Integer, Piecewise, S, acos, cos, sin, sqrt, sympify

from ftproofs.symbolic.chi_square import inverse_moment
from ftproofs.symbolic.functions import isotropic_bias, isotropic_noise
from ftproofs.symbolic.resolution import isotropic_depth_factor, isotropic_noise_limit

# -- scratch (B1) -------------------------------------------------------------


def scratch_risk(n: Any, d: Any, tau: Any, sigma: Any) -> Expr:
    """The mean risk from scratch at finite size, on both sides of n = d."""
    return isotropic_bias(n, d) * sympify(tau) ** 2 + sympify(sigma) ** 2 * isotropic_noise(n, d)


def scratch_limit(gamma: Any, tau: Any, sigma: Any) -> Expr:
    """Its limit for n/d -> gamma; infinite at gamma = 1 with noise."""
    gamma, tau, sigma = map(sympify, (gamma, tau, sigma))
    below = (1 - gamma) * tau**2 + sigma**2 * isotropic_noise_limit(gamma)
    return Piecewise((below, gamma < 1), (sigma**2 / (gamma - 1), True))


# -- readout on the source's direction (B3) -----------------------------------


def readout_floor(theta: Any, tau: Any) -> Expr:
    """The least risk of a multiple of the source, ``tau^2 sin^2 theta``."""
    return sympify(tau) ** 2 * sin(theta) ** 2


def readout_risk(n: Any, theta: Any, tau: Any, sigma: Any) -> Expr:
    """The mean risk of least squares on the one feature; n >= 3."""
    floor = readout_floor(theta, tau)
    return floor + (sympify(sigma) ** 2 + floor) / (sympify(n) - 2)


def readout_excess(n: Any, theta: Any, tau: Any, sigma: Any) -> Expr:
    """The mean square of what that risk has beyond the floor; n >= 5."""
    n = sympify(n)
    return 3 * (sympify(sigma) ** 2 + readout_floor(theta, tau)) ** 2 / ((n - 2) * (n - 4))


def readout_variance(n: Any, theta: Any, tau: Any, sigma: Any) -> Expr:
    """The variance of that risk; n >= 5.  ``3/((n-2)(n-4)) - 1/(n-2)^2`` over one denominator."""
    n = sympify(n)
    noise = sympify(sigma) ** 2 + readout_floor(theta, tau)
    return noise**2 * 2 * (n - 1) / ((n - 2) ** 2 * (n - 4))


def ridge_limit(theta: Any, tau: Any, ridge: Any) -> Expr:
    """The limit of the risk with ridge for n -> oo, unit feature, in the form in which nothing cancels."""
    tau, ridge = map(sympify, (tau, ridge))
    return tau**2 * (sin(theta) ** 2 + ridge**2 / (1 + ridge) ** 2 * cos(theta) ** 2)


def ridge_risk(n: Any, theta: Any, tau: Any, sigma: Any, ridge: Any) -> Expr:
    """The mean risk with ridge at finite n, unit feature: two moments of a shifted chi-square variable.

    ``E[q/(q + a)^2]`` for n degrees of freedom is n times ``E[1/(q + a)^2]`` for n + 2.
    """
    n, tau, sigma, ridge = map(sympify, (n, tau, sigma, ridge))
    floor, shift = readout_floor(theta, tau), n * ridge
    spread = n * inverse_moment(Integer(2), n + 2, shift)
    shrinkage = shift**2 * inverse_moment(Integer(2), n, shift)
    return floor + (sigma**2 + floor) * spread + tau**2 * cos(theta) ** 2 * shrinkage


def features_risk(n: Any, k: Any, floor: Any, sigma: Any) -> Expr:
    """The mean risk of least squares on k orthonormal features; ``floor`` is the target's squared norm outside."""
    n, k, floor, sigma = map(sympify, (n, k, floor, sigma))
    return floor + (sigma**2 + floor) * k / (n - k - 1)


# -- where the readout loses (B4) ---------------------------------------------


def boundary_root(theta: Any, sigma: Any) -> Expr:
    """``sqrt(((1-C)^2 - sigma^2)((1+C)^2 - sigma^2))``, C = cos theta: real for sigma <= 1 - C."""
    C, sigma = cos(theta), sympify(sigma)
    return sqrt((1 - C - sigma) * (1 - C + sigma) * (1 + C - sigma) * (1 + C + sigma))


def boundary_above(theta: Any, sigma: Any) -> Expr:
    """The larger gamma below 1 at which scratch and readout draw (unit norms)."""
    C, sigma = cos(theta), sympify(sigma)
    return (1 + C**2 - sigma**2 + boundary_root(theta, sigma)) / 2


def boundary_below(theta: Any, sigma: Any) -> Expr:
    """The smaller one: the roots' product is cos^2 theta."""
    return cos(theta) ** 2 / boundary_above(theta, sigma)


def boundary_beyond(theta: Any, sigma: Any) -> Expr:
    """The gamma above 1 beyond which scratch wins (unit norms)."""
    return 1 + sympify(sigma) ** 2 / sin(theta) ** 2


def threshold_angle(sigma: Any) -> Expr:
    """The angle below which the readout wins at every gamma < 1 (unit norms)."""
    return acos(1 - sympify(sigma))


# -- fine-tuning (B5, B6) -----------------------------------------------------


def finetune_gain(c: Any, gamma: Any, overlap: Any, norm: Any) -> Expr:
    """The limit gain of a start whose outside part is scaled by c, n/d -> gamma < 1.

    ``norm`` is the start's norm, ``overlap`` its product with the target teacher.
    """
    c, gamma, overlap, norm = map(sympify, (c, gamma, overlap, norm))
    return (1 - gamma) * (2 * c * overlap - c**2 * norm**2)


def published_gain(gamma: Any, s: Any, tau: Any, rho: Any) -> Expr:
    """The gain as published, without depth: c = 1."""
    return finetune_gain(1, gamma, sympify(rho) * s * tau, s)


def depth_gain(L: Any, gamma: Any, s: Any, tau: Any, rho: Any, sigma: Any) -> Expr:
    """The gain of depth-L fine-tuning from the source teacher itself."""
    c = isotropic_depth_factor(L, gamma, s, tau, sigma)
    return finetune_gain(c, gamma, sympify(rho) * s * tau, s)


def break_even_angle(L: Any, gamma: Any, s: Any, tau: Any, sigma: Any) -> Expr:
    """The angle at which depth-L fine-tuning and scratch draw."""
    return acos(isotropic_depth_factor(L, gamma, s, tau, sigma) * s / (2 * sympify(tau)))


def fitted_norm_below(gamma_s: Any, s: Any, sigma_s: Any) -> Expr:
    """The limit squared norm of the minimum-norm fit to n_s = gamma_s d source samples, gamma_s < 1."""
    gamma_s = sympify(gamma_s)
    return gamma_s * sympify(s) ** 2 + sympify(sigma_s) ** 2 * isotropic_noise_limit(gamma_s)


def fitted_norm_above(gamma_s: Any, s: Any, sigma_s: Any) -> Expr:
    """The same for gamma_s > 1: least squares."""
    return sympify(s) ** 2 + sympify(sigma_s) ** 2 / (sympify(gamma_s) - 1)


def fitted_norm_squared(gamma_s: Any, s: Any, sigma_s: Any) -> Expr:
    """The same on both sides of gamma_s = 1."""
    gamma_s = sympify(gamma_s)
    below, above = fitted_norm_below(gamma_s, s, sigma_s), fitted_norm_above(gamma_s, s, sigma_s)
    return Piecewise((below, gamma_s < 1), (above, True))


def fitted_overlap(gamma_s: Any, s: Any, tau: Any, rho: Any) -> Expr:
    """The limit product of that fit with the target teacher."""
    gamma_s = sympify(gamma_s)
    return Piecewise((gamma_s, gamma_s < 1), (S.One, True)) * s * tau * rho


def fitted_gain(L: Any, gamma: Any, gamma_s: Any, s: Any, tau: Any, rho: Any, sigma: Any, sigma_s: Any) -> Expr:
    """The gain of depth-L fine-tuning after pretraining on finite source data."""
    norm = sqrt(fitted_norm_squared(gamma_s, s, sigma_s))
    c = isotropic_depth_factor(L, gamma, norm, tau, sigma)
    return finetune_gain(c, gamma, fitted_overlap(gamma_s, s, tau, rho), norm)


def fitted_readout_floor(gamma_s: Any, theta: Any, s: Any, tau: Any, sigma_s: Any) -> Expr:
    """The limit risk of a readout on that fit's direction with many target samples."""
    norm = fitted_norm_squared(gamma_s, s, sigma_s)
    return sympify(tau) ** 2 - fitted_overlap(gamma_s, s, tau, cos(theta)) ** 2 / norm
