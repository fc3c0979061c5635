"""The resolution as numbers: arrays (NumPy or torch), arbitrary precision, and balls.

All solve ``sum_i l_i/(l_i + kappa) = n`` in ln kappa.  The left side falls from the
number of positive eigenvalues r to 0, so there is one root exactly when n < r; since
``l/(l + kappa)`` is concave in l it lies between ``l_min (r - n)/n`` and
``mean(l) (r - n)/n``, the mean and minimum taken over positive eigenvalues.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import arb, ctx, fmpz

from ftproofs.symbolic.arithmetic import Undefined

_STEPS = 200
_POLISH = 3


def kappa_array(xp: Any, n: Any, *eigenvalues: Any) -> Any:
    """The resolution of every case.

    Args:
        xp: the array module, NumPy or torch.
        n: float64 array, positive.
        eigenvalues: nonnegative float64 arrays of its shape, on its device.

    Returns:
        float64 of the same shape; the relative error is at most 4 ULP times
        `kappa_condition`.  NaN where n is not below the number of positive eigenvalues.
        A case's number does not depend on the values of the others.
    """
    with np.errstate(all="ignore"):
        rank = _total([xp.where(x > 0, 1.0 + 0 * x, 0 * x) for x in eigenvalues])
        smallest = np.inf + 0 * n
        for x in eigenvalues:
            smallest = xp.where((x > 0) & (x < smallest), x, smallest)
        room = (rank - n) / n
        solvable = room > 0
        room = xp.where(solvable, room, 1.0 + 0 * n)
        # An ulp or two of room: where all eigenvalues are equal the two ends meet.
        low = xp.log(smallest * room) - 1e-12
        high = xp.log(_total(list(eigenvalues)) / rank * room) + 1e-12
        x = high
        active = solvable & xp.isfinite(low) & xp.isfinite(high)
        for _ in range(_STEPS):
            if not bool(active.any()):
                break
            excess, slope = _excess(n, xp.exp(x), eigenvalues)
            low, high = xp.where(excess > 0, x, low), xp.where(excess < 0, x, high)
            new = x + excess / slope
            new = xp.where((new >= low) & (new <= high), new, (low + high) / 2)
            settled = xp.abs(new - x) <= 4e-16 * (1 + xp.abs(x))
            x = xp.where(active, new, x)
            active = active & ~settled
        k = xp.exp(x)
        for _ in range(_POLISH):  # the logarithm's rounding (eps |x|) goes away
            excess, slope = _excess(n, k, eigenvalues)
            k = k + k * (excess / slope)
        return xp.where(solvable, k, np.nan + 0 * n)


def _excess(n: Any, k: Any, eigenvalues: Sequence[Any]) -> tuple[Any, Any]:
    """What the equation is off by, and minus its derivative by ln kappa."""
    shares = [x / (x + k) for x in eigenvalues]
    return _total(shares) - n, _total([share * (k / (x + k)) for share, x in zip(shares, eigenvalues, strict=True)])


def _total(terms: list[Any]) -> Any:
    """The sum by halves: few roundings, in an order of its own whatever the arrays' shapes."""
    while len(terms) > 1:
        terms = [terms[i] + terms[i + 1] if i + 1 < len(terms) else terms[i] for i in range(0, len(terms), 2)]
    return terms[0]


def kappa_condition(n: Any, eigenvalues: np.ndarray, k: Any) -> Any:
    """Condition number: |n dkappa/dn| / kappa + sum_i |l_i dkappa/dl_i| / kappa, NumPy arrays.

    Args:
        n, k: shape (...).
        eigenvalues: shape (..., d).
    """
    n, k = np.asarray(n, dtype=np.float64), np.asarray(k, dtype=np.float64)
    shares = eigenvalues / (eigenvalues + k[..., None])
    return 1 + n / (shares * (1 - shares)).sum(axis=-1)


def kappa_mp(mp: Any, n: Any, *eigenvalues: Any) -> Any:
    """The resolution at the working precision of the mpmath context ``mp`` (scalars)."""
    values = [x for x in eigenvalues if x > 0]
    if not 0 < n < len(values):
        return mp.nan
    precision = mp.prec
    try:
        mp.prec = precision + 30
        # In 1/kappa the left side is concave and increases: Newton from the left of the root never overshoots.
        # That start is 1/kappa's lower bound n/(mean (r - n)).
        u = n * len(values) / (mp.fsum(values) * (len(values) - n))
        for _ in range(_STEPS * 10):
            shares = [x * u / (1 + x * u) for x in values]
            step = (n - mp.fsum(shares)) / mp.fsum(x / (1 + x * u) ** 2 for x in values)
            u += step
            if abs(step) <= mp.ldexp(u, -precision - 15):
                break
        root = 1 / u
    finally:
        mp.prec = precision
    return +root


# -- balls --------------------------------------------------------------------


def kappa_ball(n: arb, *eigenvalues: arb) -> arb:
    """An enclosure of the resolution over balls, at the precision in force.

    It increases with every eigenvalue and decreases with n, so its extremes over a box
    are at two corners, and it suffices to enclose the root at exact points.

    Raises:
        Undefined: there are at most n positive eigenvalues.
    """
    values = [x for x in eigenvalues if not x.is_zero()]
    if not n > 0 or any(not x.lower() >= 0 for x in values):
        return arb.nan()
    if n >= sum(bool(x.upper() > 0) for x in values):
        raise Undefined("there are not more than n positive eigenvalues")
    low = _corner(n.upper(), [x.lower() for x in values])
    high = _corner(n.lower(), [x.upper() for x in values])
    return low.union(high)


def _corner(n: arb, values: Sequence[arb]) -> arb:
    """The root at exact arguments: a bracket whose ends have residuals of certain, opposite sign."""
    values = [x for x in values if x > 0]
    if not n < len(values):
        return arb.nan()
    guess = _approximate(n, values)
    if not guess.is_finite() or not guess > 0:
        return arb.nan()
    shift = -ctx.prec + 4
    while shift < 0:
        width = guess * arb((fmpz(1), fmpz(shift)))
        low, high = (guess - width).lower(), (guess + width).upper()
        if low > 0 and _residual(low, n, values) > 0 and _residual(high, n, values) < 0:
            return low.union(high)
        shift += 4
    return arb.nan()


def _residual(k: arb, n: arb, values: Sequence[arb]) -> arb:
    return sum((x / (x + k) for x in values), arb(0)) - n


def _approximate(n: arb, values: Sequence[arb]) -> arb:
    """A number near the root (no claim is made): Newton in 1/kappa on midpoints with guard bits."""
    precision = ctx.prec
    try:
        ctx.prec = precision + 40
        u = (n * len(values) / (sum(values, arb(0)) * (len(values) - n))).mid()
        for _ in range(_STEPS * 10):
            excess = (n - sum((x * u / (1 + x * u) for x in values), arb(0))).mid()
            step = (excess / sum((x / (1 + x * u) ** 2 for x in values), arb(0))).mid()
            u = (u + step).mid()
            if not abs(step) > arb((fmpz(1), fmpz(-precision - 20))) * u:
                break
        return (1 / u).mid()
    finally:
        ctx.prec = precision
