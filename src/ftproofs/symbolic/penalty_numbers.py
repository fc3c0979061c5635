"""The penalty q and its relatives as numbers: arrays (NumPy or torch), arbitrary precision, and balls.

Everything is written through ``z = |x|/c`` and ``t = arcsinh z``, in which nothing
cancels: ``q = |x| (t - h)/2`` with ``h = tanh(t/2) = z/(1 + sqrt(1 + z**2))``.  Where
z overflows, t is the difference of logarithms.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb

_LOG_2 = 0.6931471805599453
#: Below it q is a power series in z**2, above ``_LARGE`` arcsinh z is log(2 z).
_SMALL, _LARGE = 0.7, 1e8


def _series() -> tuple[float, ...]:
    """Coefficients of 2 f(z)/z**2 in z**2, where q = c f(x/c): integrate f'' = (1 + z**2)**(-1/2)/2 twice."""
    binomial, coefficients = Fraction(1), []
    for k in range(40):
        coefficients.append(float(binomial / ((2 * k + 1) * (2 * k + 2))))
        binomial *= Fraction(-(2 * k + 1), 2 * (k + 1))
    return tuple(coefficients)


SERIES = _series()


def _arcsinh(xp: Any, a: Any, c: Any) -> tuple[Any, Any, Any]:
    """z = a/c for a >= 0, t = arcsinh z and h = tanh(t/2), for a and c from 1e-300 to 1e300."""
    z = a / c
    tame = xp.where(z < _LARGE, z, 0 * z)
    h = tame / (1 + xp.sqrt(1 + tame * tame))
    t = xp.asinh(tame)
    large = xp.where(z >= _LARGE, z, 1 + 0 * z)
    logs = xp.where(large < np.inf, xp.log(large), xp.log(a) - xp.log(c)) + _LOG_2
    beyond = z >= _LARGE
    return z, xp.where(beyond, logs, t), xp.where(beyond, 1 - 1 / large, h)


def penalty_array(xp: Any, x: Any, c: Any) -> Any:
    """``q(x; c)`` for float64 arrays of one shape, c > 0, NaN below 0; at most 4 ULP from 1e-300 to 1e300."""
    with np.errstate(all="ignore"):
        a = xp.abs(x)
        z, t, h = _arcsinh(xp, a, c)
        return xp.where(c < 0, np.nan, xp.where(z < _SMALL, a * z * _near(xp, z) / 2, a * (t - h) / 2))


def _near(xp: Any, z: Any) -> Any:
    """(t - h)/z by its power series, where z is small."""
    square = xp.where(z < _SMALL, z, 0 * z) ** 2
    series = SERIES[-1] + 0 * square
    for coefficient in SERIES[-2::-1]:
        series = series * square + coefficient
    return series


def slope_array(xp: Any, x: Any, c: Any) -> Any:
    """``q'(x; c) = arcsinh(x/c)/2``, the same conditions; odd in c."""
    with np.errstate(all="ignore"):
        z, t, _ = _arcsinh(xp, xp.abs(x), xp.abs(c))
        return xp.sign(x) * xp.sign(c) * xp.where(z < 1e-8, z, t) / 2


def excess_array(xp: Any, x: Any, c: Any) -> Any:
    """``L - 1 = h/(t - h)``, 1 at x = 0, the same conditions."""
    with np.errstate(all="ignore"):
        z, t, h = _arcsinh(xp, xp.abs(x), c)
        near = 1 / ((1 + xp.sqrt(1 + xp.where(z < _SMALL, z, 0 * z) ** 2)) * _near(xp, z))
        far = h / xp.where(z < _SMALL, 1 + 0 * z, t - h)
        return xp.where(c < 0, np.nan, xp.where(z < _SMALL, near, far))


def hypot_array(xp: Any, x: Any, y: Any) -> Any:
    """``sqrt(x**2 + y**2)`` without overflow."""
    return xp.hypot(x, y)


def stretch_array(xp: Any, c: Any, x: Any) -> Any:
    """``sqrt(c**2 + x**2) - c``, without cancellation or overflow."""
    with np.errstate(all="ignore"):
        size = xp.hypot(c, x) + xp.abs(c)
        return xp.where(c < 0, size, xp.where(size > 0, xp.abs(x) * (xp.abs(x) / size), 0 * size))


# -- arbitrary precision ----------------------------------------------------------


def _arcsinh_mp(mp: Any, x: Any, c: Any) -> tuple[Any, Any]:
    z = abs(mp.mpf(x)) / c
    return mp.asinh(z), z / (1 + mp.sqrt(1 + z * z))


def penalty_mp(mp: Any, x: Any, c: Any) -> Any:
    """``q(x; c)`` at the working precision (scalars); NaN where c < 0."""
    if c < 0:
        return mp.nan
    t, h = _arcsinh_mp(mp, x, c)
    return abs(x) * (t - h) / 2


def slope_mp(mp: Any, x: Any, c: Any) -> Any:
    """``q'(x; c)`` at the working precision (scalars)."""
    return mp.asinh(mp.mpf(x) / c) / 2


def excess_mp(mp: Any, x: Any, c: Any) -> Any:
    """``L - 1`` at the working precision (scalars); NaN where c < 0."""
    if c < 0:
        return mp.nan
    if x == 0:
        return mp.mpf(1)
    t, h = _arcsinh_mp(mp, x, c)
    return h / (t - h)


def hypot_mp(mp: Any, x: Any, y: Any) -> Any:
    """``sqrt(x**2 + y**2)`` at the working precision (scalars)."""
    return mp.hypot(x, y)


def stretch_mp(mp: Any, c: Any, x: Any) -> Any:
    """``sqrt(c**2 + x**2) - c`` at the working precision (scalars)."""
    if c < 0:
        return mp.hypot(c, x) - c
    return x * x / (mp.hypot(c, x) + c) if x else mp.mpf(0)


# -- balls ------------------------------------------------------------------------


def _arcsinh_ball(a: arb, c: arb) -> tuple[arb, arb]:
    z = a / c
    return z.asinh(), z / (1 + (1 + z * z).sqrt())


def penalty_ball(x: arb, c: arb) -> arb:
    """An enclosure of q, which grows with |x| and falls with c."""
    if not c > 0:
        return arb.nan()
    ends = []
    for a, scale in ((x.abs_lower(), c.upper()), (x.abs_upper(), c.lower())):
        t, h = _arcsinh_ball(a, scale)
        ends.append(a * (t - h) / 2)
    return ends[0].union(ends[1])


def slope_ball(x: arb, c: arb) -> arb:
    """An enclosure of q'; odd in c."""
    return (x / c).asinh() / 2


def excess_ball(x: arb, c: arb) -> arb:
    """An enclosure of L - 1, which falls from 1 with |x|/c."""
    if not c > 0:
        return arb.nan()
    ends = []
    for a, scale in ((x.abs_lower(), c.upper()), (x.abs_upper(), c.lower())):
        t, h = _arcsinh_ball(a, scale)
        ends.append(arb(1) if a == 0 else h / (t - h))
    return ends[0].union(ends[1])


def hypot_ball(x: arb, y: arb) -> arb:
    """An enclosure of ``sqrt(x**2 + y**2)``."""
    low = x.abs_lower() ** 2 + y.abs_lower() ** 2
    high = x.abs_upper() ** 2 + y.abs_upper() ** 2
    return low.sqrt().union(high.sqrt())


def stretch_ball(c: arb, x: arb) -> arb:
    """An enclosure of ``sqrt(c**2 + x**2) - c``, which grows with |x| and falls with c >= 0."""
    if not c >= 0:
        return hypot_ball(c, x) - c
    ends = []
    for a, scale in ((x.abs_lower(), c.upper()), (x.abs_upper(), c.lower())):
        ends.append(arb(0) if a == 0 else a * a / ((scale * scale + a * a).sqrt() + scale))
    return ends[0].union(ends[1])
