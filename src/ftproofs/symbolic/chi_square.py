"""Means of inverse powers of a shifted chi-square variable: what ridge leaves of a readout's random denominator."""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb
from sympy import Expr, Function, Integral, Symbol, exp, gamma, oo, sympify
from sympy.core.function import ArgumentIndexError

from ftproofs.symbolic.arithmetic import Undefined, precision

#: Nodes of the trapezoidal rule (a power of 2), the size of exponent at which what is left out is below rounding,
#: and how many cases are evaluated at a time.
_NODES = 1024
_TAIL = 45.0
_CHUNK = 256
#: Bits beyond the working precision at first, and how often they are doubled.
_GUARD = 30
_TRIES = 5

x = Symbol("x", positive=True)


def chi_square_density(n: Any) -> Expr:
    """The density of a chi-square variable with n degrees of freedom, in ``x``."""
    n = sympify(n)
    return x ** (n / 2 - 1) * exp(-x / 2) / (2 ** (n / 2) * gamma(n / 2))


class inverse_moment(Function):
    """``inverse_moment(k, n, a)``: the mean of ``(q + a)**(-k)`` for q chi-square with n degrees of freedom.

    For k > 0 and a > 0 it is ``U(k, k + 1 - n/2, a/2)/2**k`` with Tricomi's
    function U (DLMF 13.4.4), which the balls use; it decreases with n and with a.
    At a = 0 it is finite for n > 2k only.
    """

    nargs = (3,)

    @staticmethod
    def numeric(xp: Any, k: Any, n: Any, a: Any) -> Any:
        """Every case by `inverse_moment_array`; equal cases are evaluated once."""
        if xp is not np or np.size(a) < 2:
            return inverse_moment_array(xp, k, n, a)
        distinct, place = np.unique(np.stack([np.ravel(part) for part in (k, n, a)]), axis=1, return_inverse=True)
        return inverse_moment_array(xp, *distinct)[place.reshape(np.shape(a))]

    @staticmethod
    def multiprecision(mp: Any, k: Any, n: Any, a: Any) -> Any:
        """At the working precision of the mpmath context (scalars), by balls: mpmath's U may not converge."""
        if not (k > 0 and n > 0 and a >= 0):
            return mp.nan
        if a == 0:
            return mp.gamma(n / 2 - k) / mp.gamma(n / 2) / mp.mpf(2) ** k if n > 2 * k else mp.inf
        points = [arb(tuple(map(int, mp.mpf(value).man_exp))) for value in (k, n, a)]
        bits = mp.prec + _GUARD
        for _ in range(_TRIES):
            with precision(bits):
                found = _corner(*points)
            if found.rel_accuracy_bits() > mp.prec:
                mantissa, exponent = found.mid().man_exp()
                return mp.ldexp(mp.mpf(int(mantissa)), int(exponent))
            bits *= 2
        return mp.nan

    @staticmethod
    def ball(k: arb, n: arb, a: arb) -> arb:
        """An enclosure: in n and a the extremes are at two corners, over k by the function's own enclosure."""
        if not n.upper() > 0 or a.upper() < 0:
            raise Undefined("no degrees of freedom, or a negative shift")
        if not n > 0 or not a >= 0 or not k > 0:
            return arb.nan()
        return _corner(k, n.lower(), a.lower()).union(_corner(k, n.upper(), a.upper()))

    @staticmethod
    def condition(k: Any) -> Any:
        """A bound on the condition number in the shift, |a dE/da| / E <= k, and at least 1."""
        return np.maximum(np.asarray(k, dtype=np.float64), 1.0)

    def integral(self) -> Integral:
        """The mean written out over the density."""
        k, n, a = self.args
        return Integral(chi_square_density(n) / (x + a) ** k, (x, 0, oo))

    def fdiff(self, argindex: int = 1) -> Expr:
        """The derivative in the shift; there is none in closed form in k and n."""
        k, n, a = self.args
        if argindex == 3:
            return -k * inverse_moment(k + 1, n, a)
        raise ArgumentIndexError(self, argindex)

    def _eval_is_extended_real(self) -> bool | None:
        return self._eval_is_positive()

    def _eval_is_positive(self) -> bool | None:
        k, n, a = self.args
        return True if k.is_positive and n.is_positive and a.is_positive else None

    def _eval_is_finite(self) -> bool | None:
        return self._eval_is_positive()

    def _eval_evalf(self, prec: int) -> Expr | None:
        import mpmath

        if not all(arg.is_number and arg.is_extended_real for arg in self.args):
            return None
        with mpmath.workprec(prec + 20):
            values = [arg._to_mpmath(prec + 20) for arg in self.args]
            return Expr._from_mpmath(self.multiprecision(mpmath.mp, *values), prec)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        k, n, a = (printer._print(arg) for arg in self.args)
        text = rf"\mathbb{{E}}\left[(\chi^2_{{{n}}} + {a})^{{-{k}}}\right]"
        return text if exp is None else rf"{text}^{{{exp}}}"


def inverse_moment_array(xp: Any, k: Any, n: Any, a: Any) -> Any:
    """The mean of ``(q + a)**(-k)`` of every case.

    With q = n e^v the density's exponent is n/2 (v - expm1(v)) up to a constant, which
    the quotient of two sums removes.  The integrand is analytic for |Im v| < pi/2 (and
    for a > 0 has no pole nearer), so the trapezoidal rule converges exponentially in
    1/step, and the cut-off parts are below rounding.

    Args:
        xp: the array module, NumPy or torch.
        k, n, a: float64 arrays of one shape, on one device; k > 0, n > 0, a > 0.

    Returns:
        float64 of the same shape, relative error at most 4 ULP times `inverse_moment.condition`
        for 1/100 <= n <= 4096 and a/n >= 1e-6.  NaN for a < 0 or n <= 0; at a = 0 the closed form of
        integers k.  A case's number does not depend on the values of the others.
    """
    with np.errstate(all="ignore"):
        fine = (n > 0) & (a > 0)
        few = fine & (n < 1)
        m = xp.where(fine, n, 1.0 + 0 * n)
        shift = xp.where(fine, a, 1.0 + 0 * a)
        # Below one degree of freedom the density is too steep at 0. Its slope with two more is half the difference of
        # the two densities, so ``E_n f = E_(n+2) (f - 2 f')``, and -f' = k (q + a)^(-k-1) is positive.
        more = xp.where(few, m + 2, m)
        mean = _shifted(xp, k, more, shift)
        if few.any():
            mean = mean + xp.where(few, 2 * k * _shifted(xp, k + 1, more, shift), 0 * mean)
        none = (a == 0) & (n > 2 * k)
        return xp.where(fine, mean, xp.where(none, _unshifted(xp, k, n), np.nan) if none.any() else np.nan)


def _shifted(xp: Any, k: Any, m: Any, shift: Any) -> Any:
    """The mean for at least one degree of freedom and a positive shift."""
    wide = xp.sqrt(4 * _TAIL / m)
    # To the left the shift is a floor of the denominator, from ln(a/n) on or as the density's power needs.
    room = xp.log1p(m / shift)
    low = -wide - (2 * _TAIL + 10) / m - xp.where(2 * k < m, 2 * k / m * room, room)
    cases = [xp.reshape(part + 0 * low, (-1,)) for part in (k, m, shift, low, wide)]
    chunks = range(0, max(len(cases[0]), 1), _CHUNK)
    found = [_quotient(xp, *(part[start : start + _CHUNK] for part in cases)) for start in chunks]
    return xp.reshape(xp.concatenate(found), low.shape)


def _quotient(xp: Any, k: Any, m: Any, shift: Any, low: Any, wide: Any) -> Any:
    """Both trapezoidal sums and their quotient, shape (case,)."""
    k, m, shift, low, wide = (part[:, None] for part in (k, m, shift, low, wide))
    v = low + xp.arange(1, _NODES + 1, dtype=low.dtype, device=low.device) * ((wide - low) / _NODES)
    weight = xp.exp(m / 2 * (v - xp.expm1(v)))
    above = weight * (m * xp.exp(v) + shift) ** (-k)
    return _tree_sum(above) / _tree_sum(weight)


def _tree_sum(terms: Any) -> Any:
    """The sum over the last axis by halves: as many roundings as it has binary digits, and always the same ones."""
    while terms.shape[-1] > 1:
        half = terms.shape[-1] // 2
        terms = terms[..., :half] + terms[..., half:]
    return terms[..., 0]


def _unshifted(xp: Any, k: Any, n: Any) -> Any:
    """``1/((n - 2)(n - 4)...(n - 2k))``, integers k up to 8; NaN for others."""
    product = xp.where((k == xp.floor(k)) & (k <= 8), 1.0 + 0 * n, np.nan + 0 * n)
    for i in range(1, 9):
        product = xp.where(k >= i, product * (n - 2 * i), product)
    return 1 / product


def _corner(k: arb, n: arb, a: arb) -> arb:
    """The value at exact arguments."""
    if a == 0:
        if not n > 2 * k:
            return arb.pos_inf()
        return (n / 2 - k).gamma() / (n / 2).gamma() / arb(2) ** k
    return (a / 2).hypgeom_u(k, k + 1 - n / 2) / arb(2) ** k
