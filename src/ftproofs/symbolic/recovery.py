"""When the l1 norm recovers a sparse vector exactly from n/d random equations (handbook 8.4, 9.1).

    M(eps) = min_a eps (1 + a^2) + 2 (1 - eps) ((1 + a^2) Phi(-a) - a phi(a)),

the least n/d for a share eps of nonzero entries.  Its minimiser a solves
``eps a = 2 (1 - eps) (phi(a) - a Phi(-a))``, whence ``M = eps + 2 (1 - eps) Phi(-a)``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import mpmath
import numpy as np
import scipy.special
from flint import arb, ctx, fmpz
from sympy import Expr, Function, S, erfc, exp, pi, sqrt, sympify
from sympy.core.function import ArgumentIndexError

_STEPS = 200

#: A ball known to fewer bits is a box of a subdivision: the root at its ends is enclosed to about 2**-44, relative.
_WIDE = 30
_COARSE = -44


def mills_gap(a: Any) -> Expr:
    """``2 (phi(a) - a Phi(-a))``."""
    a = sympify(a)
    return sqrt(2 / pi) * exp(-(a**2) / 2) - a * erfc(a / sqrt(2))


def recovery_threshold(eps: Any) -> Expr:
    """``M(eps)``, at the minimiser."""
    eps = sympify(eps)
    return eps + (1 - eps) * erfc(recovery_alpha(eps) / sqrt(2))


def recovery_objective(eps: Any, a: Any) -> Expr:
    """What `recovery_threshold` is the minimum of."""
    eps, a = map(sympify, (eps, a))
    tail = (1 + a**2) * erfc(a / sqrt(2)) - a * sqrt(2 / pi) * exp(-(a**2) / 2)
    return eps * (1 + a**2) + (1 - eps) * tail


def recovery_density(delta: Any) -> Expr:
    """The share eps with ``M(eps) = delta``: the curve of Donoho and Tanner, through its minimiser."""
    a = recovery_alpha_at(sympify(delta))
    return mills_gap(a) / (a + mills_gap(a))


# -- numbers ------------------------------------------------------------------------


def _gap(xp: Any, a: Any) -> tuple[Any, Any]:
    """2 (phi - a Phi(-a)) and 2 Phi(-a)."""
    special = scipy.special if xp is np else xp.special
    tail = special.erfc(a / np.sqrt(2.0))
    return np.sqrt(2 / np.pi) * xp.exp(-a * a / 2) - a * tail, tail


def _newton(xp: Any, a: Any, step: Callable[[Any], Any]) -> Any:
    """Newton's method, each case until it settles."""
    active = xp.isfinite(a)
    with np.errstate(all="ignore"):
        for _ in range(_STEPS):
            new = xp.maximum(a + step(a), a / 2)
            settled = xp.abs(new - a) <= 4e-16 * a
            a = xp.where(active, new, a)
            active = active & ~settled
            if not bool(active.any()):
                break
    return a


def alpha_array(xp: Any, eps: Any) -> Any:
    """The minimiser for shares in (0, 1), float64 arrays.

    ``log(eps a) - log((1 - eps) gap)`` increases with a, and Newton's method runs in log a.
    """
    eps = xp.where((eps > 0) & (eps < 1), eps, np.nan + 0 * eps)

    def step(a: Any) -> Any:
        gap, tail = _gap(xp, a)
        residual = xp.log(eps * a / ((1 - eps) * gap))
        change = residual / (1 + a * tail / gap)
        return a * (xp.exp(xp.clip(-change, -1.0, 1.0)) - 1)

    return _newton(xp, 1 + 0 * eps, step)


def alpha_at_array(xp: Any, delta: Any) -> Any:
    """The minimiser where ``M = delta``: ``(gap + a tail)/(a + gap)`` falls from 1 to 0 as a grows."""
    delta = xp.where((delta > 0) & (delta < 1), delta, np.nan + 0 * delta)

    def step(a: Any) -> Any:
        gap, tail = _gap(xp, a)
        value = (gap + a * tail) / (a + gap)
        density = np.sqrt(2 / np.pi) * xp.exp(-a * a / 2)
        slope = (-a * density) / (a + gap) - value * (1 - tail) / (a + gap)
        change = (delta - value) / slope / a
        return a * (xp.exp(xp.clip(change, -1.0, 1.0)) - 1)

    return _newton(xp, 1 + 0 * delta, step)


def _solve_mp(mp: Any, residual: Callable[[Any], Any], guess: float) -> Any:
    precision = mp.prec
    try:
        mp.prec = precision + 20
        root = mp.findroot(residual, (mp.mpf(guess), mp.mpf(guess) * (1 + mp.mpf(2) ** -40)), solver="secant")
    finally:
        mp.prec = precision
    return +root


def _gap_mp(mp: Any, a: Any) -> tuple[Any, Any]:
    tail = mp.erfc(a / mp.sqrt(2))
    return mp.sqrt(2 / mp.pi) * mp.exp(-a * a / 2) - a * tail, tail


def alpha_mp(mp: Any, eps: Any) -> Any:
    """The minimiser at the working precision (scalars)."""
    if not 0 < eps < 1:
        return mp.nan
    guess = float(alpha_array(np, np.array([float(eps)]))[0])
    return _solve_mp(mp, lambda a: eps * a - (1 - eps) * _gap_mp(mp, a)[0], guess)


def alpha_at_mp(mp: Any, delta: Any) -> Any:
    """The same where ``M = delta``."""
    if not 0 < delta < 1:
        return mp.nan
    guess = float(alpha_at_array(np, np.array([float(delta)]))[0])

    def residual(a: Any) -> Any:
        gap, tail = _gap_mp(mp, a)
        return gap + a * tail - delta * (a + gap)

    return _solve_mp(mp, residual, guess)


# -- balls ----------------------------------------------------------------------------


def _gap_ball(a: arb) -> tuple[arb, arb]:
    tail = (a / arb(2).sqrt()).erfc()
    return (2 / arb.pi()).sqrt() * (-(a * a) / 2).exp() - a * tail, tail


def _between(residual: Callable[[arb], arb], guess: arb, shift: int) -> arb:
    """Where a residual that changes from negative to positive has certain signs on both sides of a guess.

    The first enclosure tried reaches ``guess * 2**shift`` to either side.
    """
    while shift < 0:
        width = guess * arb((fmpz(1), fmpz(shift)))
        low, high = (guess - width).lower(), (guess + width).upper()
        if low > 0 and residual(low) < 0 and residual(high) > 0:
            return low.union(high)
        shift += 4
    return arb.nan()


def _ends(value: arb, root: Callable[[int, int, int, bool], arb]) -> arb:
    """A monotone root over a ball: of a wide one (a box of a subdivision) the ends need no more than some digits."""
    if not (value > 0 and value < 1):
        return arb.nan()
    wide = value.rel_accuracy_bits() < _WIDE
    ends = [value.lower()] if value.is_exact() else [value.lower(), value.upper()]
    exact = [end.man_exp() for end in ends]
    found = [root(int(mantissa), int(exponent), ctx.prec, wide) for mantissa, exponent in exact]
    return found[0] if len(found) == 1 else found[0].union(found[1])


def _enclosed(
    residual: Callable[[arb], arb], array: Callable[..., Any], exact: Callable[..., Any], at: arb, prec: int, wide: bool
) -> arb:
    """The root at an exact point, about a float's or the working precision's approximation."""
    if wide:
        near = float(array(np, np.array([float(at)]))[0])
        if near > 0:
            found = _between(residual, arb(near), _COARSE)
            if found.is_finite():
                return found
    return _between(residual, _guess(exact, at), -prec + 6)


def _guess(function: Callable[..., Any], value: arb) -> arb:
    """An approximate root at the precision in force, no claim made."""
    with mpmath.workprec(ctx.prec + 20):
        found = function(mpmath.mp, mpmath.ldexp(*(int(part) for part in value.mid().man_exp())))
        sign, mantissa, exponent, _ = found._mpf_
    root = arb((fmpz(int(mantissa)), fmpz(int(exponent))))
    return -root if sign else root


def alpha_ball(eps: arb) -> arb:
    """An enclosure of the minimiser, which falls with eps."""
    return _ends(eps, _alpha_root)


def alpha_at_ball(delta: arb) -> arb:
    """An enclosure of the minimiser where ``M = delta``, which falls with delta."""
    return _ends(delta, _alpha_at_root)


@lru_cache(maxsize=1 << 14)
def _alpha_root(mantissa: int, exponent: int, prec: int, wide: bool) -> arb:
    at = arb((fmpz(mantissa), fmpz(exponent)))
    return _enclosed(lambda a: at * a - (1 - at) * _gap_ball(a)[0], alpha_array, alpha_mp, at, prec, wide)


@lru_cache(maxsize=1 << 14)
def _alpha_at_root(mantissa: int, exponent: int, prec: int, wide: bool) -> arb:
    at = arb((fmpz(mantissa), fmpz(exponent)))

    def residual(a: arb) -> arb:
        gap, tail = _gap_ball(a)
        return at - (gap + a * tail) / (a + gap)

    return _enclosed(residual, alpha_at_array, alpha_at_mp, at, prec, wide)


# -- functions ------------------------------------------------------------------------


class _Alpha(Function):
    """What the two parametrisations of the minimiser share."""

    nargs = (1,)

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[0].is_positive and (1 - self.args[0]).is_positive else None

    def _eval_is_extended_real(self) -> bool | None:
        return True if self.args[0].is_extended_real else None

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        head = r"\alpha_\star" if exp is None else rf"\alpha_\star^{{{exp}}}"
        return rf"{head}\left({printer._print(self.args[0])}\right)"


class recovery_alpha(_Alpha):
    """The minimiser a of M at a share eps in (0, 1)."""

    numeric, multiprecision, ball = staticmethod(alpha_array), staticmethod(alpha_mp), staticmethod(alpha_ball)

    def fdiff(self, argindex: int = 1) -> Expr:
        if argindex != 1:
            raise ArgumentIndexError(self, argindex)
        eps = self.args[0]
        return -(self + mills_gap(self)) / (eps + (1 - eps) * erfc(self / sqrt(2)))


class recovery_alpha_at(_Alpha):
    """The minimiser a where ``M = delta``, delta in (0, 1)."""

    numeric = staticmethod(alpha_at_array)
    multiprecision = staticmethod(alpha_at_mp)
    ball = staticmethod(alpha_at_ball)

    def fdiff(self, argindex: int = 1) -> Expr:
        if argindex != 1:
            raise ArgumentIndexError(self, argindex)
        a, gap = self, mills_gap(self)
        value = (gap + a * erfc(a / sqrt(2))) / (a + gap)
        density = sqrt(2 / pi) * exp(-(a**2) / 2)
        return S.One / ((-a * density) / (a + gap) - value * (1 - erfc(a / sqrt(2))) / (a + gap))
