"""The localised radius of a spectrum: at which radius a Gaussian design's null space escapes (handbook A5d).

``localised(g, l_1, ..., l_d)`` is the root r^2 of ``2 sum_i min(l_i/r^2, 1) = g^2``.  In
u = 1/r^2 the left side is the least of all ``2 (m + u T)``, m directions counted whole and
T the sum of the other eigenvalues, so u is the largest of ``(g^2/2 - m)/T``; the largest
is attained where the m directions are those above one of the eigenvalues.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from flint import arb
from sympy import Add, Expr, Function, Piecewise, S, oo
from sympy.core.function import ArgumentIndexError

from ftproofs.symbolic.arithmetic import Undefined


def localised_array(xp: Any, gap: Any, *eigenvalues: Any) -> Any:
    """The squared radius of every case.

    Args:
        xp: the array module, NumPy or torch.
        gap: float64 array.
        eigenvalues: positive float64 arrays of its shape, on its device.

    Returns:
        float64 of the same shape, to 4 ULP times `localised_condition`: infinite where
        gap <= 0, NaN where gap^2 >= 2 d.
    """
    with np.errstate(all="ignore"):
        nothing = 0 * gap
        largest = nothing - np.inf
        for level in eigenvalues:
            above = sum((xp.where(x > level, 1.0 + nothing, nothing) for x in eigenvalues), nothing)
            rest = sum((xp.where(x > level, nothing, x) for x in eigenvalues), nothing)
            u = (gap**2 / 2 - above) / rest
            largest = xp.where(u > largest, u, largest)
        found = xp.where(gap**2 < 2 * len(eigenvalues), 1 / largest, np.nan + nothing)
        return xp.where(gap > 0, found, np.inf + nothing)


def localised_condition(gap: Any, eigenvalues: np.ndarray, squared: Any) -> Any:
    """Condition number: |g dr^2/dg| / r^2 + sum_i |l_i dr^2/dl_i| / r^2, NumPy arrays.

    Args:
        gap, squared: shape (...).
        eigenvalues: shape (..., d).
    """
    gap, squared = np.asarray(gap, dtype=np.float64), np.asarray(squared, dtype=np.float64)
    below = np.where(eigenvalues < squared[..., None], eigenvalues, 0.0).sum(axis=-1) / squared
    return 1 + gap**2 / below


def localised_mp(mp: Any, gap: Any, *eigenvalues: Any) -> Any:
    """The squared radius at the working precision of the mpmath context ``mp`` (scalars)."""
    if gap <= 0:
        return mp.inf
    if gap**2 >= 2 * len(eigenvalues) or any(x <= 0 for x in eigenvalues):
        return mp.nan
    with mp.extraprec(30):
        found = 1 / max(_ends(gap**2 / 2, eigenvalues, mp.fsum))
    return +found


def localised_ball(gap: arb, *eigenvalues: arb) -> arb:
    """An enclosure of the squared radius over balls, at the precision in force.

    It increases with every eigenvalue and decreases with the gap, so its extremes over a
    box are at two corners.

    Raises:
        Undefined: gap^2 >= 2 d, where there is no root.
    """
    if gap**2 >= 2 * len(eigenvalues):
        raise Undefined("the gap is too large for so few eigenvalues")
    if gap <= 0:
        return arb.pos_inf()
    if not gap > 0 or not gap**2 < 2 * len(eigenvalues) or not all(x > 0 for x in eigenvalues):
        return arb.nan()
    low = _corner(gap.upper(), [x.lower() for x in eigenvalues])
    high = _corner(gap.lower(), [x.upper() for x in eigenvalues])
    return low.union(high)


def _corner(gap: arb, eigenvalues: Sequence[arb]) -> arb:
    largest = arb.neg_inf()
    for u in _ends(gap**2 / 2, eigenvalues, lambda terms: sum(terms, arb(0))):
        largest = largest.max(u)
    return 1 / largest


def _ends(half: Any, eigenvalues: Sequence[Any], total: Any) -> list[Any]:
    """``(g^2/2 - m)/T`` for the m directions above each eigenvalue; the eigenvalues are exact."""
    return [
        (half - sum(1 for x in eigenvalues if x > level)) / total([x for x in eigenvalues if not x > level])
        for level in eigenvalues
    ]


class localised(Function):
    """``localised(g, l_1, ..., l_d)``: the unique positive root r^2 of ``2 sum_i min(l_i/r^2, 1) = g^2``.

    There is one exactly when 0 < g^2 < 2 d; for g <= 0 it is infinite.
    """

    numeric = staticmethod(localised_array)
    multiprecision = staticmethod(localised_mp)
    ball = staticmethod(localised_ball)
    condition = staticmethod(localised_condition)

    @classmethod
    def eval(cls, gap: Expr, *eigenvalues: Expr) -> Expr | None:
        if gap.is_number and gap.is_nonpositive:
            return oo
        if gap.is_number and (gap**2 - 2 * len(eigenvalues)).is_nonnegative:
            return S.NaN
        return None

    def fdiff(self, argindex: int = 1) -> Expr:
        """Implicit derivative; one-sided where an eigenvalue equals the root."""
        gap, *eigenvalues = self.args
        below = Add(*(Piecewise((x, x < self), (0, True)) for x in eigenvalues))
        if argindex == 1:
            return -(self**2) * gap / below
        if 2 <= argindex <= len(self.args):
            return Piecewise((self / below, self.args[argindex - 1] < self), (0, True))
        raise ArgumentIndexError(self, argindex)

    def _eval_is_extended_real(self) -> bool | None:
        return self._eval_is_positive()

    def _eval_is_positive(self) -> bool | None:
        return True if all(x.is_positive for x in self.args) else None

    def _eval_evalf(self, prec: int) -> Expr | None:
        import mpmath

        if not all(a.is_number and a.is_extended_real for a in self.args):
            return None
        with mpmath.workprec(prec + 20):
            values = [a._to_mpmath(prec + 20) for a in self.args]
            return Expr._from_mpmath(localised_mp(mpmath.mp, *values), prec)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        gap, *eigenvalues = (printer._print(a) for a in self.args)
        head = "r_*^2" if exp is None else rf"\left(r_*^2\right)^{{{exp}}}"
        return rf"{head}\left({gap};\, {', '.join(eigenvalues)}\right)"
