"""The depth root as numbers: arrays (NumPy or torch), arbitrary precision, and balls.

All solve for ``x = ln N`` with ``N = |beta|^2 = s^2 c^(2L/(L-1))``, where the equation reads

    h(x) = logaddexp(2 ln A - x, 2 ln b - 2 (L-1)/L ln s - x/L) = 0.

h is convex and strictly decreasing, so Newton's method started left of the root
climbs to it monotonically; the two terms alone give a bracket in closed form.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb, ctx, fmpz

from ftproofs.symbolic.arithmetic import Undefined

_STEPS = 100
_POLISH = 3
#: Newton's last step in x; it leaves an error of about its square, which the polish squares again.
_SETTLED = 1e-5


def depth_root_array(xp: Any, L: Any, A: Any, b: Any, s: Any) -> Any:
    """The depth root of every case.

    Args:
        xp: the array module, NumPy or torch.
        L, A, b, s: float64 arrays of one shape (any), on one device; L >= 1 or inf,
            A >= 0, b >= 0, s > 0.

    Returns:
        float64 of the same shape.  The relative error is at most ``4 + |ln c|`` ULP, as the exponent
        1/L is rounded, times `depth_root_condition`.  NaN where the root is undefined (L < 1; L = inf
        and b >= s).
        A case's number does not depend on the values of the others.
    """
    with np.errstate(all="ignore"):
        finite = xp.where((L > 2) & (np.inf > L), L, 3.0 + 0 * L)
        c = _polish(xp, _climb(xp, finite, A, b, s), finite, A, b, s)
        # What has a form of its own, computed where there is any of it.
        for special, value in (
            (A == 0, lambda: (b / s) ** (finite - 1)),
            ((b == 0) & (A > 0), lambda: _power(A / s, finite)),
            (L == 2, lambda: xp.sqrt((b * b + _hypot(xp, b * b, 2 * A * s)) / 2) / s),
            (np.inf == L, lambda: _deepest(xp, A, b, s)),
            (L == 1, lambda: 1 + 0 * L),
            ((L > 1) & (L < 2), lambda: _between(xp, L, A, b, s)),
        ):
            if bool(special.any()):
                c = xp.where(special, value(), c)
        return xp.where(L >= 1, c, np.nan + 0 * c)


def _deepest(xp: Any, A: Any, b: Any, s: Any) -> Any:
    """The limit of infinite depth; NaN where there is none."""
    gap = (s - b) * (s + b)
    return xp.where(gap > 0, A / xp.sqrt(xp.where(gap > 0, gap, 1 + 0 * gap)), np.nan + 0 * gap)


def _between(xp: Any, L: Any, A: Any, b: Any, s: Any) -> Any:
    """Depths between 1 and 2 (the equation makes sense for them): the general solver."""
    finite = xp.where((L > 1) & (L < 2), L, 1.5 + 0 * L)
    return _polish(xp, _climb(xp, finite, A, b, s), finite, A, b, s)


def _climb(xp: Any, L: Any, A: Any, b: Any, s: Any) -> Any:
    """ln c by Newton in x from the left end of the bracket, each case stopping by itself."""
    first = 2 * xp.log(A)
    second = 2 * xp.log(b) - 2 * (L - 1) / L * xp.log(s)
    low = xp.maximum(first, L * second)
    high = xp.maximum(first + np.log(2.0), L * (second + np.log(2.0)))
    x = low
    active = xp.isfinite(low) & xp.isfinite(high)
    for _ in range(_STEPS):
        if not bool(active.any()):
            break
        # From the left of the root neither exceeds 1, and together they are at least 1.
        p, q = xp.exp(first - x), xp.exp(second - x / L)
        total = p + q
        step = xp.minimum(xp.log(total) * total / (p + q / L), high - x)
        # Who has settled stays; a product is quicker than `where`.
        x = x + active * step
        active = active & (xp.abs(step) > _SETTLED)
    return (L - 1) / L * (x / 2 - xp.log(s))


def _hypot(xp: Any, x: Any, y: Any) -> Any:
    """``sqrt(x^2 + y^2)`` of numbers >= 0, without overflow; NumPy's own takes one number at a time."""
    large, small = xp.maximum(x, y), xp.minimum(x, y)
    ratio = small / (large + (large == 0))
    return large * xp.sqrt(1 + ratio * ratio)


def _power(ratio: Any, L: Any) -> Any:
    """ratio^((L-1)/L), with the small exponent -1/L instead of one rounded near 1."""
    return ratio * ratio ** (-1 / L)


def _polish(xp: Any, log_c: Any, L: Any, A: Any, b: Any, s: Any) -> Any:
    """Newton on c = (hypot(A, c b)/s)^((L-1)/L): the logarithms' rounding (eps |x|) goes away."""
    c = xp.exp(log_c)
    for _ in range(_POLISH):
        image = _power(_hypot(xp, A, c * b) / s, L)
        inside, outside = A * A, (c * b) ** 2
        gain = L * (inside + outside) / (L * inside + outside)
        c = c + (image - c) * gain
    return c


def depth_root_condition(L: Any, A: Any, b: Any, s: Any, c: Any) -> Any:
    """Condition number of c: sum over A, b, s of |x dc/dx| / c (at least 1), NumPy arrays or floats."""
    L, A, b, s, c = (np.asarray(a, dtype=np.float64) for a in (L, A, b, s, c))
    with np.errstate(all="ignore"):
        inside, outside = A * A, (c * b) ** 2
        finite = np.where(np.isinf(L), 1.0, L)
        value = 2 * (finite - 1) * (inside + outside) / (finite * inside + outside)
        value = np.where((inside == 0) & (outside == 0), 2 * (finite - 1), value)
        gap = (s - b) * (s + b)
        value = np.where(np.isinf(L), 1 + (s * s + b * b) / np.where(gap > 0, gap, np.nan), value)
    return np.maximum(value, 1.0)


def depth_root_mp(mp: Any, L: Any, A: Any, b: Any, s: Any) -> Any:
    """The depth root at the working precision of the mpmath context ``mp`` (scalars); NaN for L < 1."""
    if not L >= 1:
        return mp.nan
    if L == 1:
        return mp.mpf(1)
    if mp.inf == L:
        return A / mp.sqrt((s - b) * (s + b))
    if A == 0:
        return (b / s) ** (L - 1)
    if b == 0:
        return (A / s) ** ((L - 1) / mp.mpf(L))
    precision = mp.prec
    try:
        mp.prec = precision + 30
        ratio = (L - 1) / mp.mpf(L)
        first, second = 2 * mp.log(A), 2 * mp.log(b) - 2 * ratio * mp.log(s)
        x = max(first, L * second)
        for _ in range(_STEPS):
            p, q = mp.exp(first - x), mp.exp(second - x / L)
            step = mp.log(p + q) * (p + q) / (p + q / L)
            x += step
            if abs(step) <= mp.ldexp(1 + abs(x), -precision - 15):
                break
        root = mp.exp(ratio * (x / 2 - mp.log(s)))
    finally:
        mp.prec = precision
    return +root


# -- balls ----------------------------------------------------------------------


def depth_root_ball(L: arb, A: arb, b: arb, s: arb) -> arb:
    """An enclosure of the depth root over balls, at the precision in force.

    The root depends on A^2 and b^2 and, by its implicit derivatives, increases with
    |A| and |b| and decreases with s; in L it is monotone, the direction being the
    sign of ln c, which is that of A^2 + b^2 - s^2 and so the same for all L.  Its
    extremes over a box are therefore at two corners of (A, b, s) and at one of the
    ends of L there, and it suffices to enclose the root at exact points.

    Raises:
        Undefined: L < 1 or s <= 0 everywhere in the balls.
    """
    if L < 1 or s <= 0:
        raise Undefined("a depth below 1, or no source norm")
    if not s > 0:
        return arb.nan()
    if not L >= 1:
        L = arb.max(L.lower(), arb(1)).union(L.upper())  # depths start at 1
    small, large = (A.abs_lower(), b.abs_lower(), s.upper()), (A.abs_upper(), b.abs_upper(), s.lower())
    depths = [L] if arb.pos_inf() == L or L.is_exact() else [L.lower(), L.upper()]
    lows = [_corner(depth, *small) for depth in depths]
    highs = [_corner(depth, *large) for depth in depths]
    hull = lows[0]
    for end in lows[1:] + highs:
        hull = hull.union(end)
    return hull


def _corner(L: arb, A: arb, b: arb, s: arb) -> arb:
    """The root at exact arguments: a bracket whose ends have residuals of certain, opposite sign."""
    if L == 1:
        return arb(1)
    if arb.pos_inf() == L:
        gap = (s - b) * (s + b)
        return A / gap.sqrt() if gap > 0 else arb.nan()
    if A == 0:
        return (b / s) ** (L - 1)
    if b == 0:
        return (A / s) ** ((L - 1) / L)
    guess = _approximate(L, A, b, s)
    if not guess.is_finite():
        return arb.nan()
    # residual(c) = c^(2/(L-1)) s^2 - (A/c)^2 - b^2 increases with c, so its signs bracket the one root
    exponent, shift = 2 / (L - 1), -ctx.prec + 4
    while shift < 0:
        width = guess * _power_of_two(shift)
        low, high = (guess - width).lower(), (guess + width).upper()
        if low > 0 and _residual(low, exponent, A, b, s) < 0 and _residual(high, exponent, A, b, s) > 0:
            return low.union(high)
        shift += 4
    return arb.nan()


def _power_of_two(exponent: int) -> arb:
    return arb((fmpz(1), fmpz(exponent)))


def _residual(c: arb, exponent: arb, A: arb, b: arb, s: arb) -> arb:
    return c**exponent * s**2 - (A / c) ** 2 - b**2


def _approximate(L: arb, A: arb, b: arb, s: arb) -> arb:
    """A number near the root (no claim is made): Newton on midpoints with guard bits."""
    precision = ctx.prec
    try:
        ctx.prec = precision + 40
        ratio = (L - 1) / L
        first, second = (2 * A.log()).mid(), (2 * b.log() - 2 * ratio * s.log()).mid()
        x = arb.max(first, (L * second).mid()).mid()
        for _ in range(_STEPS):
            p, q = (first - x).exp().mid(), (second - x / L).exp().mid()
            step = ((p + q).log() * (p + q) / (p + q / L)).mid()
            x = (x + step).mid()
            if not abs(step) > _power_of_two(-precision - 20) * (1 + abs(x)):
                break
        return (ratio * (x / 2 - s.log())).exp().mid()
    finally:
        ctx.prec = precision
