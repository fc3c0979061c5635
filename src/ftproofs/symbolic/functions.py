"""The special functions and formulas of the theorems, each with what is needed to trust its numbers.

`depth_root` is a SymPy `Function`: it differentiates implicitly, evaluates where a
closed form exists and otherwise stays itself.  Its numeric solvers stand in
`ftproofs.symbolic.roots`; the class attributes ``numeric``, ``multiprecision`` and
``ball`` name them, and kernels and balls call what they name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy
from sympy import Expr, Function, Integer, Piecewise, S, log, oo, sqrt
from sympy.core.function import ArgumentIndexError

from ftproofs.symbolic import roots


class depth_root(Function):
    """``depth_root(L, A, b, s)``: the unique positive root c of ``c**(2L/(L-1)) s**2 = A**2 + c**2 b**2``.

    Where fine-tuning a balanced depth-L linear network ends: ``A`` is the norm of the
    minimum-norm fit, ``b`` the norm of the source's part outside the data's span,
    ``s`` the source's norm, ``c`` the factor by which that outside part is scaled.
    The root is 1 at L = 1, the limit A/sqrt(s^2 - b^2) at L = oo, and (b/s)^(L-1) at A = 0.
    """

    nargs = (4,)
    numeric = staticmethod(roots.depth_root_array)
    multiprecision = staticmethod(roots.depth_root_mp)
    ball = staticmethod(roots.depth_root_ball)
    condition = staticmethod(roots.depth_root_condition)

    @classmethod
    def eval(cls, L: Expr, A: Expr, b: Expr, s: Expr) -> Expr | None:
        if L is S.One:
            return S.One
        if L == 2:
            return sqrt((b**2 + sqrt(b**4 + 4 * A**2 * s**2)) / (2 * s**2))
        if L is oo:
            return A / sqrt((s - b) * (s + b))  # the product keeps its digits where b is close to s
        if A is S.Zero:
            return (b / s) ** (L - 1)
        if b is S.Zero and A.is_nonnegative:
            return (A / s) ** ((L - 1) / L)
        return None

    def fdiff(self, argindex: int = 1) -> Expr:
        """Implicit derivative; the equation itself removes the power of c."""
        L, A, b, s = self.args
        c = self
        energy = A**2 + c**2 * b**2  # = c**(2L/(L-1)) s**2
        slope = L * A**2 + c**2 * b**2
        if argindex == 1:
            return c * log(c) * energy / ((L - 1) * slope)
        if argindex == 2:
            return (L - 1) * c * A / slope
        if argindex == 3:
            return (L - 1) * c**3 * b / slope
        if argindex == 4:
            return -(L - 1) * c * energy / (s * slope)
        raise ArgumentIndexError(self, argindex)

    def _eval_is_extended_real(self) -> bool | None:
        return True if self._in_range() else None

    def _eval_is_nonnegative(self) -> bool | None:
        return True if self._in_range() else None

    def _eval_is_positive(self) -> bool | None:
        _, A, b, _ = self.args
        return True if self._in_range() and (A.is_positive or b.is_positive) else None

    def _eval_is_finite(self) -> bool | None:
        return True if self._in_range() and self.args[0].is_finite else None

    def _in_range(self) -> bool:
        L, A, b, s = self.args
        return bool(L.is_positive and A.is_nonnegative and b.is_nonnegative and s.is_positive)

    def _eval_evalf(self, prec: int) -> Expr | None:
        import mpmath

        if not all(a.is_number and a.is_extended_real for a in self.args):
            return None
        with mpmath.workprec(prec + 20):
            values = [a._to_mpmath(prec + 20) for a in self.args]
            return Expr._from_mpmath(roots.depth_root_mp(mpmath.mp, *values), prec)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        L, *rest = (printer._print(a) for a in self.args)
        head = rf"c_{{{L}}}"
        if exp is not None:
            head += rf"^{{{exp}}}"
        return rf"{head}\left({', '.join(rest)}\right)"


def depth_equation(c: Any, L: Any, A: Any, b: Any, s: Any) -> Expr:
    """``c**(2L/(L-1)) s**2 - A**2 - c**2 b**2``: zero exactly at the depth root (L > 1)."""
    c, L, A, b, s = map(sympy.sympify, (c, L, A, b, s))
    exponent = Integer(2) if L is oo else 2 * L / (L - 1)
    return c**exponent * s**2 - A**2 - c**2 * b**2


def norm_floor(L: Any, b: Any, s: Any) -> Expr:
    """``b**L / s**(L-1)``: the predictor's norm never falls below it during fine-tuning."""
    return sympy.sympify(b) ** L / sympy.sympify(s) ** (sympy.sympify(L) - 1)


def unbalanced_floor(b: Any, s: Any, a0: Any) -> Expr:
    """``q = b**2/a0**2 - D``, ``D = s**2/a0**2 - a0**2``: the final readout's square is never below it (two layers)."""
    b, s, a0 = map(sympy.sympify, (b, s, a0))
    return b**2 / a0**2 - (s**2 / a0**2 - a0**2)


def long_readout_factor(A: Any, b: Any, s: Any, a0: Any) -> Expr:
    """`unbalanced_factor` where q >= 0, as with a readout at least as long as the first layer."""
    A, b, s, a0 = map(sympy.sympify, (A, b, s, a0))
    q = 1 - (s - b) * (s + b) / a0**4  # over a0**2
    return sqrt((q + sqrt(q**2 + 4 * (A / a0**2) ** 2)) / 2)


def unbalanced_factor(A: Any, b: Any, s: Any, a0: Any) -> Expr:
    """Size of the factor c of a two-layer network that starts with readout a0 and first layer theta_S/a0.

    The final readout over the first one, ``c = a/a0`` with ``a**2 = (q + sqrt(q**2 + 4 A**2))/2`` and q as in
    `unbalanced_floor`; A, b, s as in `depth_root`.  Where q < 0 the other form of the same root is used,
    ``a**2 = 2 A**2/(sqrt(q**2 + 4 A**2) - q)``, in which nothing cancels.
    """
    A, b, s, a0 = map(sympy.sympify, (A, b, s, a0))
    q = a0**4 - (s - b) * (s + b)  # times a0**2
    short = A * sqrt(2 / (sqrt(q**2 + 4 * A**2 * a0**4) - q))
    return Piecewise((long_readout_factor(A, b, s, a0), q >= 0), (short, True))


def frozen_floor(product: Any, source: Any, target: Any) -> Expr:
    """``target**2 sin**2`` of the angle between two vectors of these norms and this product: the least risk
    ``|target - z source|**2`` over z."""
    product, source, target = map(sympy.sympify, (product, source, target))
    return target**2 - product**2 / source**2


def frozen_floor_of(eigenvalues: Sequence[Any], source: Sequence[Any], target: Sequence[Any]) -> Expr:
    """`frozen_floor` in the inner product with these weights, as a sum of squares: nothing cancels.

    The product of the squared norms minus the squared product is Lagrange's sum over pairs.
    """
    norm = sympy.Add(*(w * x**2 for w, x in zip(eigenvalues, source, strict=True)))
    entries = list(zip(eigenvalues, source, target, strict=True))
    pairs = [w * u * (x * t - z * y) ** 2 for i, (w, x, y) in enumerate(entries) for u, z, t in entries[i + 1 :]]
    return sympy.Add(*pairs) / norm


def isotropic_bias(n: Any, d: Any) -> Expr:
    """Mean share of a fixed vector's squared norm outside the span of n isotropic rows in d dimensions."""
    n, d = sympy.sympify(n), sympy.sympify(d)
    return Piecewise(((d - n) / d, n <= d), (S.Zero, True))


def isotropic_noise(n: Any, d: Any) -> Expr:
    """Mean risk of the minimum-norm fit to unit noise, Gaussian isotropic rows; infinite for |n - d| <= 1."""
    n, d = sympy.sympify(n), sympy.sympify(d)
    return Piecewise((n / (d - n - 1), n <= d - 2), (d / (n - d - 1), n >= d + 2), (oo, True))


def null_fraction_variance(n: Any, d: Any) -> Expr:
    """Variance of the share in `isotropic_bias`, Beta((d-n)/2, n/2); n <= d."""
    n, d = sympy.sympify(n), sympy.sympify(d)
    return 2 * n * (d - n) / (d**2 * (d + 2))
