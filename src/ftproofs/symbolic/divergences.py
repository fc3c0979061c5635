"""Distances between the joint laws of inputs and labels of two linear teachers (handbook B7).

Labels are ``y = beta'x + sigma xi`` with x and xi standard normal; ``gap`` is the
squared (Sigma-)norm of the teachers' difference and sigma > 0.  Each form is the one
in which nothing cancels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb, ctx, fmpz
from sympy import Expr, Function, Piecewise, S, atan, oo, pi, sin, sqrt, sympify
from sympy.core.function import ArgumentIndexError

_STEPS = 60


def kullback_leibler(gap: Any, sigma: Any) -> Expr:
    """Both directions are equal."""
    return sympify(gap) / (2 * sympify(sigma) ** 2)


def hellinger_squared(gap: Any, sigma: Any) -> Expr:
    """``1 - integral sqrt(p q) = 1 - (1 + gap/(4 sigma^2))^(-1/2)``."""
    ratio = sympify(gap) / (4 * sympify(sigma) ** 2)
    return ratio / (sqrt(1 + ratio) * (1 + sqrt(1 + ratio)))


def total_variation(gap: Any, sigma: Any) -> Expr:
    """The largest difference of the two probabilities of one event."""
    return 2 / pi * atan(sqrt(gap) / (2 * sympify(sigma)))


def chi_squared(gap: Any, sigma: Any) -> Expr:
    """``(1 - 2 gap/sigma^2)^(-1/2) - 1``; infinite from gap = sigma^2/2 on."""
    gap, sigma = sympify(gap), sympify(sigma)
    rest = 1 - 2 * gap / sigma**2
    return Piecewise((2 * gap / sigma**2 / (sqrt(rest) * (1 + sqrt(rest))), gap < sigma**2 / 2), (oo, True))


def wasserstein_squared(theta: Any, sigma: Any) -> Expr:
    """``W_2^2`` for unit teachers at an angle: four times the least root of a cubic."""
    return 4 * wasserstein_root(sin(sympify(theta) / 2) ** 2, sympify(sigma) ** 2)


def wasserstein_squared_collinear(a: Any, b: Any, sigma: Any) -> Expr:
    """``W_2^2`` for teachers a u and b u, u a unit vector.

    ``M - 2 sqrt(R)`` with ``M^2 - 4 R = (a-b)^2 (4 + (a+b)^2)``, as a quotient.
    """
    a, b, sigma = map(sympify, (a, b, sigma))
    M, R = collinear_parts(a, b, sigma)
    return (a - b) ** 2 * (4 + (a + b) ** 2) / (M + 2 * sqrt(R))


def collinear_parts(a: Expr, b: Expr, sigma: Expr) -> tuple[Expr, Expr]:
    """Both traces together, and the squared trace of the geometric mean."""
    M = 2 + a**2 + b**2 + 2 * sigma**2
    return M, 1 + 2 * a * b + (a**2 + sigma**2) * (b**2 + sigma**2) + 2 * sigma**2


def cubic(mu: Any, h: Any, w: Any) -> Expr:
    """``mu^3 - (4 + w) mu^2 + (3 + 2 w + 2 h) mu - 2 h``, of which `wasserstein_root` is the least root."""
    mu, h, w = map(sympify, (mu, h, w))
    return mu**3 - (4 + w) * mu**2 + (3 + 2 * w + 2 * h) * mu - 2 * h


class wasserstein_root(Function):
    """``wasserstein_root(h, w)``: the root in [0, 1] of the cubic, for 0 <= h <= 1 and w > 0.

    The cubic is concave on [0, 1], not positive at 0 and w at 1, so there is one root;
    Newton's method from 0 climbs to it.  It increases with h and decreases with w.
    """

    nargs = (2,)

    @classmethod
    def eval(cls, h: Expr, w: Expr) -> Expr | None:
        return S.Zero if h is S.Zero else None

    @staticmethod
    def numeric(xp: Any, h: Any, w: Any) -> Any:
        """Arrays of one shape, float64; relative error at most 4 ULP times `condition`; NaN outside the range."""
        with np.errstate(all="ignore"):
            mu, rest = 0 * h, 1 + 0 * h
            k = 1 - h
            for _ in range(_STEPS):
                mu = mu - _value(mu, h, w) / ((3 * mu - 2 * (4 + w)) * mu + (3 + 2 * w + 2 * h))
                # The same for 1 - mu, whose cubic has one positive root: near mu = 1 nothing cancels in it.
                over = ((rest + (1 + w)) * rest - 2 * k) * rest - w
                rest = rest - over / ((3 * rest + 2 * (1 + w)) * rest - 2 * k)
            mu = xp.where(mu > 0.5, 1 - rest, mu)
            return xp.where((h >= 0) & (h <= 1) & (w > 0), mu, np.nan + 0 * h)

    @staticmethod
    def multiprecision(mp: Any, h: Any, w: Any) -> Any:
        """At the working precision of the mpmath context (scalars)."""
        if not (0 <= h <= 1 and w > 0):
            return mp.nan
        mu = mp.mpf(0)
        for _ in range(_STEPS * 4):
            step = _value(mu, h, w) / ((3 * mu - 2 * (4 + w)) * mu + (3 + 2 * w + 2 * h))
            mu -= step
            if abs(step) <= mp.ldexp(mu, 4 - mp.prec):
                break
        return mu

    @staticmethod
    def ball(h: arb, w: arb) -> arb:
        """An enclosure: the root is monotone in both arguments."""
        if not (h >= 0 and h <= 1 and w > 0):
            return arb.nan()
        return _corner(h.lower(), w.upper()).union(_corner(h.upper(), w.lower()))

    @staticmethod
    def condition(h: Any, w: Any, mu: Any) -> Any:
        """|h dmu/dh| / mu + |w dmu/dw| / mu, at least 1 (arrays)."""
        slope = (3 * mu - 2 * (4 + w)) * mu + (3 + 2 * w + 2 * h)
        return np.maximum(1.0, (2 * h * (1 - mu) / mu + w * (2 - mu)) / slope)

    def fdiff(self, argindex: int = 1) -> Expr:
        """Implicit derivative."""
        h, w = self.args
        mu = self
        slope = 3 * mu**2 - 2 * (4 + w) * mu + 3 + 2 * w + 2 * h
        if argindex == 1:
            return 2 * (1 - mu) / slope
        if argindex == 2:
            return -mu * (2 - mu) / slope
        raise ArgumentIndexError(self, argindex)

    def _eval_is_nonnegative(self) -> bool | None:
        h, w = self.args
        return True if h.is_nonnegative and w.is_positive else None

    def _eval_is_extended_real(self) -> bool | None:
        return self._eval_is_nonnegative()

    def _eval_evalf(self, prec: int) -> Expr | None:
        import mpmath

        if not all(arg.is_number and arg.is_extended_real for arg in self.args):
            return None
        with mpmath.workprec(prec + 20):
            values = [arg._to_mpmath(prec + 20) for arg in self.args]
            return Expr._from_mpmath(self.multiprecision(mpmath.mp, *values), prec)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        h, w = (printer._print(arg) for arg in self.args)
        head = r"\mu" if exp is None else rf"\mu^{{{exp}}}"
        return rf"{head}\left({h}, {w}\right)"


def _corner(h: arb, w: arb) -> arb:
    """The root at exact arguments: a bracket whose ends have residuals of certain, opposite sign."""
    if h == 0:
        return arb(0)

    precision = ctx.prec
    try:
        ctx.prec = 2 * precision + 40
        mu = arb(0)
        for _ in range(_STEPS * 4):
            new = (mu - _value(mu, h, w) / ((3 * mu - 2 * (4 + w)) * mu + (3 + 2 * w + 2 * h))).mid()
            if not abs(new - mu) > mu * arb((fmpz(1), fmpz(-precision - 20))):
                break
            mu = new
        shift = -precision + 2
        while shift < 0:
            width = mu * arb((fmpz(1), fmpz(shift)))
            low, high = (mu - width).lower(), (mu + width).upper()
            if _value(low, h, w) < 0 and _value(high, h, w) > 0 and high <= 1:
                return low.union(high)
            shift += 4
        return arb.nan()
    finally:
        ctx.prec = precision


def _value(mu: Any, h: Any, w: Any) -> Any:
    """The cubic by Horner's rule."""
    return ((mu - (4 + w)) * mu + (3 + 2 * w + 2 * h)) * mu - 2 * h
