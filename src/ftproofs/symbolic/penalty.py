"""The penalty q of two-layer diagonal networks with its derivative, conjugate, proximal map and order.

    q(x; c) = (c - sqrt(c**2 + x**2) + x arcsinh(x/c))/2,

the literature's q_k for sqrt(k) = 2 c exactly (Woodworth et al. 2020, handbook 3).  `penalty`,
`penalty_slope`, `order_excess`, `prox`, `hypot` and
`stretch` are SymPy Functions with stable numeric
forms from 1e-300 to 1e300; ``elementary`` is the same in elementary functions, as the
zero ladder reads it.  The rest are expressions in them.
"""

from __future__ import annotations

from typing import Any

import sympy
from sympy import Expr, Function, Integer, Rational, S, asinh, sinh, sqrt, sympify
from sympy.core.function import ArgumentIndexError

from ftproofs.symbolic import penalty_numbers as numbers
from ftproofs.symbolic import prox_numbers


class _Special(Function):
    """What the functions here share: real values, evaluation, LaTeX as ``head(args)``."""

    head = ""

    def _eval_is_extended_real(self) -> bool | None:
        return True if all(a.is_extended_real for a in self.args) else None

    def _eval_is_finite(self) -> bool | None:
        return True if all(a.is_finite for a in self.args) else None

    def _eval_evalf(self, prec: int) -> Expr | None:
        import mpmath

        if not all(a.is_number and a.is_extended_real for a in self.args):
            return None
        with mpmath.workprec(prec + 20):
            values = [a._to_mpmath(prec + 20) for a in self.args]
            return Expr._from_mpmath(type(self).multiprecision(mpmath.mp, *values), prec)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        first, *rest = (printer._print(a) for a in self.args)
        head = self.head if exp is None else f"{self.head}^{{{exp}}}"
        return rf"{head}\left({'; '.join([first, *rest])}\right)"


class hypot(_Special):
    """``sqrt(x**2 + y**2)``, without overflow in between."""

    nargs = (2,)
    numeric = staticmethod(numbers.hypot_array)
    multiprecision = staticmethod(numbers.hypot_mp)
    ball = staticmethod(numbers.hypot_ball)

    @classmethod
    def eval(cls, x: Expr, y: Expr) -> Expr | None:
        if x is S.Zero:
            return sympy.Abs(y)
        if y is S.Zero:
            return sympy.Abs(x)
        if (x.is_Rational and y.is_Rational) or x.could_extract_minus_sign() or y.could_extract_minus_sign():
            x, y = (-a if a.could_extract_minus_sign() else a for a in (x, y))
            return sqrt(x**2 + y**2) if x.is_Rational and y.is_Rational else cls(x, y)
        return None

    @staticmethod
    def elementary(x: Expr, y: Expr) -> Expr:
        return sqrt(x**2 + y**2)

    def fdiff(self, argindex: int = 1) -> Expr:
        if argindex not in (1, 2):
            raise ArgumentIndexError(self, argindex)
        return self.args[argindex - 1] / self

    def _eval_is_nonnegative(self) -> bool | None:
        return self._eval_is_extended_real()

    def _eval_is_positive(self) -> bool | None:
        x, y = self.args
        return True if (x.is_positive and y.is_real) or (y.is_positive and x.is_real) else None

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        x, y = (printer._print(a**2) for a in self.args)
        text = rf"\sqrt{{{x} + {y}}}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


class stretch(_Special):
    """``stretch(c, x) = sqrt(c**2 + x**2) - c`` for c >= 0, without cancellation."""

    nargs = (2,)
    head = r"\Delta"
    numeric = staticmethod(numbers.stretch_array)
    multiprecision = staticmethod(numbers.stretch_mp)
    ball = staticmethod(numbers.stretch_ball)

    @classmethod
    def eval(cls, c: Expr, x: Expr) -> Expr | None:
        if x is S.Zero:
            return S.Zero
        return cls(c, -x) if x.could_extract_minus_sign() else None

    @staticmethod
    def elementary(c: Expr, x: Expr) -> Expr:
        return sqrt(c**2 + x**2) - c

    def fdiff(self, argindex: int = 1) -> Expr:
        c, x = self.args
        if argindex == 1:
            return -self / hypot(c, x)
        if argindex == 2:
            return x / hypot(c, x)
        raise ArgumentIndexError(self, argindex)

    def _eval_is_nonnegative(self) -> bool | None:
        return True if self.args[0].is_nonnegative and self.args[1].is_extended_real else None

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        c, x = self.args
        text = rf"\left(\sqrt{{{printer._print(c**2)} + {printer._print(x**2)}}} - {printer._print(c)}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"


class penalty(_Special):
    """``q(x; c)``: what gradient flow from a symmetric start of scale c minimises, one coordinate; c > 0."""

    nargs = (2,)
    head = "q"
    numeric = staticmethod(numbers.penalty_array)
    multiprecision = staticmethod(numbers.penalty_mp)
    ball = staticmethod(numbers.penalty_ball)

    @classmethod
    def eval(cls, x: Expr, c: Expr) -> Expr | None:
        if x is S.Zero:
            return S.Zero
        return cls(-x, c) if x.could_extract_minus_sign() else None

    @staticmethod
    def elementary(x: Expr, c: Expr) -> Expr:
        return (c - sqrt(c**2 + x**2) + x * asinh(x / c)) / 2

    def fdiff(self, argindex: int = 1) -> Expr:
        x, c = self.args
        if argindex == 1:
            return penalty_slope(x, c)
        if argindex == 2:
            return -stretch(c, x) / (2 * c)
        raise ArgumentIndexError(self, argindex)

    def _eval_is_nonnegative(self) -> bool | None:
        x, c = self.args
        return True if x.is_extended_real and c.is_positive else None

    def _eval_is_positive(self) -> bool | None:
        x, c = self.args
        return True if x.is_extended_nonzero and x.is_extended_real and c.is_positive else None


class penalty_slope(_Special):
    """``q'(x; c) = arcsinh(x/c)/2``."""

    nargs = (2,)
    head = "q'"
    numeric = staticmethod(numbers.slope_array)
    multiprecision = staticmethod(numbers.slope_mp)
    ball = staticmethod(numbers.slope_ball)

    @classmethod
    def eval(cls, x: Expr, c: Expr) -> Expr | None:
        if x is S.Zero:
            return S.Zero
        return -cls(-x, c) if x.could_extract_minus_sign() else None

    @staticmethod
    def elementary(x: Expr, c: Expr) -> Expr:
        return asinh(x / c) / 2

    def fdiff(self, argindex: int = 1) -> Expr:
        x, c = self.args
        if argindex == 1:
            return penalty_curvature(x, c)
        if argindex == 2:
            return -x / (2 * c * hypot(c, x))
        raise ArgumentIndexError(self, argindex)

    def _eval_is_positive(self) -> bool | None:
        x, c = self.args
        return True if x.is_positive and c.is_positive else None

    def _eval_is_nonnegative(self) -> bool | None:
        x, c = self.args
        return True if x.is_nonnegative and c.is_positive else None


class order_excess(_Special):
    """``L - 1 = tanh(t/2)/(t - tanh(t/2))``, t = arcsinh(|x|/c): the order's part above 1.

    It is 1 at x = 0 (handbook 5.1).
    """

    nargs = (2,)
    head = r"(L-1)"
    numeric = staticmethod(numbers.excess_array)
    multiprecision = staticmethod(numbers.excess_mp)
    ball = staticmethod(numbers.excess_ball)

    @classmethod
    def eval(cls, x: Expr, c: Expr) -> Expr | None:
        if x is S.Zero:
            return S.One
        return cls(-x, c) if x.could_extract_minus_sign() else None

    @staticmethod
    def elementary(x: Expr, c: Expr) -> Expr:
        t, h = asinh(x / c), x / (c + sqrt(c**2 + x**2))
        return h / (t - h)

    def fdiff(self, argindex: int = 1) -> Expr:
        x, c = self.args
        # x q'/q = L, so x dL/dx = L (1 - L) + x**2 q''/q
        slope = -self * (1 + self) + x**2 * penalty_curvature(x, c) / penalty(x, c)
        if argindex == 1:
            return slope / x
        if argindex == 2:
            return -slope / c
        raise ArgumentIndexError(self, argindex)

    def _eval_is_positive(self) -> bool | None:
        x, c = self.args
        return True if x.is_real and c.is_positive else None


class prox(_Special):
    """``prox(z, theta, c) = argmin_x (x - z)**2/2 + theta q(x; c)`` (handbook 8.2)."""

    nargs = (3,)
    head = r"\eta"
    numeric = staticmethod(prox_numbers.prox_array)
    multiprecision = staticmethod(prox_numbers.prox_mp)
    ball = staticmethod(prox_numbers.prox_ball)

    @classmethod
    def eval(cls, z: Expr, theta: Expr, c: Expr) -> Expr | None:
        if z is S.Zero or theta is S.Zero:
            return z
        return -cls(-z, theta, c) if z.could_extract_minus_sign() else None

    def fdiff(self, argindex: int = 1) -> Expr:
        z, theta, c = self.args
        slope = prox_slope(z, theta, c)
        if argindex == 1:
            return slope
        if argindex == 2:
            return -penalty_slope(self, c) * slope
        if argindex == 3:
            return theta * self / (2 * c * hypot(c, self)) * slope
        raise ArgumentIndexError(self, argindex)

    def _eval_is_positive(self) -> bool | None:
        z, theta, c = self.args
        return True if z.is_positive and theta.is_nonnegative and c.is_positive else None


#: The functions that have an elementary form, by which the ladder decides.
ELEMENTARY = (hypot, stretch, penalty, penalty_slope, order_excess)


# -- formulas -----------------------------------------------------------------


def penalty_curvature(x: Any, c: Any) -> Expr:
    """``q''(x; c) = 1/(2 sqrt(c**2 + x**2))``."""
    return 1 / (2 * hypot(sympify(c), sympify(x)))


def penalty_conjugate(u: Any, c: Any) -> Expr:
    """``q*(u; c) = c (cosh 2u - 1)/2 = c sinh(u)**2``: the conjugate, in the form that does not cancel."""
    return sympify(c) * sinh(sympify(u)) ** 2


def prox_slope(z: Any, theta: Any, c: Any) -> Expr:
    """The derivative of `prox` by z: ``1/(1 + theta q''(eta))``."""
    size = hypot(sympify(c), prox(sympify(z), sympify(theta), sympify(c)))
    return 2 * size / (2 * size + sympify(theta))


def order(x: Any, c: Any) -> Expr:
    """``L = d log q/d log |x|``, in (1, 2]; 2 at x = 0."""
    return 1 + order_excess(sympify(x), sympify(c))


def penalty_series(x: Any, c: Any, terms: int) -> Expr:
    """The first terms of q's power series for ``|x| < c``: x^2/(4c) - x^4/(48 c^3) + x^6/(160 c^5) - ..."""
    x, c = sympify(x), sympify(c)
    total, binomial = Integer(0), Integer(1)
    for k in range(terms):
        total += binomial * x ** (2 * k + 2) / c ** (2 * k + 1) / (2 * (2 * k + 1) * (2 * k + 2))
        binomial *= Rational(-(2 * k + 1), 2 * (k + 1))
    return total


def penalty_tail(x: Any, c: Any) -> Expr:
    """The leading terms of q for ``|x| >> c``: (|x| (log(2 |x|/c) - 1) + c)/2."""
    x, c = sympify(x), sympify(c)
    return (sympy.Abs(x) * (sympy.log(2 * sympy.Abs(x) / c) - 1) + c) / 2
