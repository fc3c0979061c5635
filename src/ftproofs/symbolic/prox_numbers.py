"""The proximal map of the penalty q as numbers: arrays, arbitrary precision, and balls.

``eta = argmin_x (x - z)**2/2 + theta q(x; c)`` solves ``eta + theta/2 arcsinh(eta/c) = z``.
With eta = c sinh t the left side is convex and increasing in t >= 0, so Newton's method
falls monotonically to the root from ``t_0 = min(arcsinh(|z|/c), 2 |z|/theta)``, which lies
above it; one bracket is never needed (handbook 8.2).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb, ctx, fmpz

from ftproofs.symbolic.penalty_numbers import slope_array

_STEPS = 60
_POLISH = 3


def natural_array(xp: Any, a: Any, theta: Any, log_c: Any) -> Any:
    """The t >= 0 with ``c sinh t + theta t/2 = a`` of every case, for a >= 0 and any log c.

    Args:
        xp: the array module, NumPy or torch.
        a, theta, log_c: float64 arrays of one shape, theta >= 0.

    Returns:
        float64 of the same shape.  A case's number does not depend on the others.
    """
    with np.errstate(all="ignore"):
        ratio = xp.log(a) - log_c
        tame = xp.exp(xp.where(ratio < 18.0, ratio, 0 * ratio))
        t = xp.where(ratio < 18.0, xp.asinh(tame), ratio + np.log(2.0))
        t = xp.minimum(t, 2 * a / theta)
        t = xp.where(a > 0, t, 0 * a)
        active = (a > 0) & (t > 0)
        for _ in range(_STEPS):
            if not bool(active.any()):
                break
            up, down = xp.exp(log_c + t), xp.exp(log_c - t)
            sinh = xp.where(t < 0.5, xp.exp(log_c) * xp.sinh(xp.where(t < 0.5, t, 0 * t)), (up - down) / 2)
            step = (sinh + theta * t / 2 - a) / ((up + down) / 2 + theta / 2)
            new = xp.maximum(t - step, 0 * t)
            settled = xp.abs(new - t) <= 4e-16 * t
            t = xp.where(active, new, t)
            active = active & ~settled
        return t


def prox_array(xp: Any, z: Any, theta: Any, c: Any) -> Any:
    """The proximal map of every case, float64 arrays of one shape, theta >= 0, c > 0.

    The error is at most 4 ULP times the condition number (the sum of |u d eta/du|/eta
    over z, theta, c), from 1e-300 to 1e300.
    """
    with np.errstate(all="ignore"):
        a = xp.abs(z)
        t = natural_array(xp, a, theta, xp.log(c))
        x = xp.where(
            t < 0.5, c * xp.sinh(xp.where(t < 0.5, t, 0 * t)), xp.exp(xp.log(c) + t) / 2 * (1 - xp.exp(-2 * t))
        )
        x = xp.minimum(x, a)
        for _ in range(_POLISH):  # the logarithm's rounding goes away
            half = xp.hypot(c, x)
            x = x - (x - a + theta * slope_array(xp, x, c)) / (half + theta / 2) * half
            x = xp.minimum(xp.maximum(x, 0 * x), a)
        # where sinh t = t to all digits; the order of the factors keeps them from underflow
        whole = 2 * c + theta
        line = xp.where(a < 1, a * (2 * c / whole), a / whole * (2 * c))
        x = xp.where(a / whole < 1e-9, line, x)
        x = xp.where(theta == 0, a, x)
        return xp.where((theta >= 0) & (c > 0), xp.sign(z) * x, np.nan + 0 * z)


def prox_mp(mp: Any, z: Any, theta: Any, c: Any) -> Any:
    """The proximal map at the working precision of the mpmath context ``mp`` (scalars)."""
    a = abs(mp.mpf(z))
    if a == 0 or theta == 0:
        return mp.mpf(z)
    precision = mp.prec
    try:
        mp.prec = precision + 40
        t = min(mp.asinh(a / c), 2 * a / theta)
        for _ in range(10 * _STEPS):
            step = (c * mp.sinh(t) + theta * t / 2 - a) / (c * mp.cosh(t) + theta / mp.mpf(2))
            t -= step
            if abs(step) <= mp.ldexp(t, -precision - 30):
                break
        root = mp.sign(z) * c * mp.sinh(t)
    finally:
        mp.prec = precision
    return +root


# -- balls ------------------------------------------------------------------------


def prox_ball(z: arb, theta: arb, c: arb) -> arb:
    """An enclosure: the map is odd in z, and for z > 0 grows with z and c and falls with theta."""
    if not c > 0 or not theta >= 0:
        return arb.nan()
    low = _signed(z.lower(), theta, c)
    high = low if z.is_exact() else _signed(z.upper(), theta, c)
    return low.union(high)


def _signed(z: arb, theta: arb, c: arb) -> arb:
    """All values at an exact z."""
    if z == 0:
        return arb(0)
    small = _corner(abs(z), theta.upper(), c.lower())
    large = small if theta.is_exact() and c.is_exact() else _corner(abs(z), theta.lower(), c.upper())
    hull = small.union(large)
    return hull if z > 0 else -hull


def _corner(a: arb, theta: arb, c: arb) -> arb:
    """The root at exact arguments, between two points where the residual has certain, opposite signs."""
    if theta == 0:
        return a
    guess = _approximate(a, theta, c)
    if not guess.is_finite() or not guess > 0:
        return arb.nan()
    shift = -ctx.prec + 8
    while shift < 0:
        width = guess * arb((fmpz(1), fmpz(shift)))
        low, high = (guess - width).lower(), (guess + width).upper()
        if _residual(low, a, theta, c) < 0 and _residual(high, a, theta, c) > 0:
            return low.union(high)
        shift += 4
    return arb.nan()


def _residual(x: arb, a: arb, theta: arb, c: arb) -> arb:
    return x + theta / 2 * (x / c).asinh() - a


def _approximate(a: arb, theta: arb, c: arb) -> arb:
    """A number near the root (no claim is made): Newton on midpoints with guard bits."""
    precision = ctx.prec
    try:
        ctx.prec = precision + 40
        t = arb.min((a / c).asinh(), 2 * a / theta).mid()
        for _ in range(10 * _STEPS):
            step = ((c * t.sinh() + theta * t / 2 - a) / (c * t.cosh() + theta / 2)).mid()
            t = (t - step).mid()
            if not abs(step) > arb((fmpz(1), fmpz(-precision - 30))) * t:
                break
        return (c * t.sinh()).mid()
    finally:
        ctx.prec = precision
