"""Statements about signs: what is measured, and the expression whose zeros are the predicted boundary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy
from sympy import Expr, Mul, S

from ftproofs.claim import Claim, Statement
from ftproofs.errors import UsageError
from ftproofs.names import INFINITE, MEASUREMENTS, PARAMETERS
from ftproofs.symbolic.balls import Undefined, enclose
from ftproofs.symbolic.kernels import Kernel, numpy_kernel
from ftproofs.symbolic.vocabulary import SYMBOLS, symbol_names

#: A sign that this many bits do not decide is taken to be 0: the point is on the boundary.
_BITS = 256


@dataclass(frozen=True, slots=True)
class SignStatement:
    """``sign(measured) == sign(boundary)``: under means, ``sign(E[measured]) == sign(boundary)``.

    ``boundary`` speaks of parameters only; where it is 0 nothing is asserted.
    """

    measured: Expr
    boundary: Expr

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that the boundary depends on."""
        return tuple(sorted(symbol_names(self.boundary)))

    def value(self, values: Mapping[str, Any]) -> float:
        """The boundary expression at a setting, in float64: to find where it is 0, not to decide on which side one is.

        ``gamma`` is the realised n/d unless it is given.  NaN: no value.
        """
        given = {name: _parameter(values, name) for name in self.names}
        quick = float(_kernel(self.boundary, self.names)(*(float(value) for value in given.values())))
        if quick == quick:
            return quick
        at = {SYMBOLS[name]: value for name, value in given.items()}
        try:
            return float(enclose(self.boundary, at).mid())
        except (Undefined, ValueError, ZeroDivisionError, ArithmeticError):
            return float("nan")

    def along(self, values: Mapping[str, Any], parameter: str, points: np.ndarray) -> np.ndarray:
        """The same at many values of one parameter (or of gamma), shape of ``points``."""
        moved = {**values, parameter: points}
        columns = []
        for name in self.names:
            ratio = name == "gamma" and name not in moved
            column = np.asarray(moved["n"], float) / moved["d"] if ratio else np.asarray(moved[name], float)
            columns.append(np.broadcast_to(column, points.shape))
        found = np.array(np.broadcast_to(_kernel(self.boundary, self.names)(*columns), points.shape))
        for i in np.flatnonzero(np.isnan(found)):
            found[i] = self.value({**values, parameter: float(points[i])})
        return found

    def side(self, values: Mapping[str, Any]) -> int:
        """The sign claimed at a setting: +1 or -1, rigorously; 0 on the boundary and where it has no value."""
        at = {SYMBOLS[name]: _parameter(values, name) for name in self.names}
        try:
            found = enclose(self.boundary, at, prec=_BITS)
        except (Undefined, ValueError, ZeroDivisionError, ArithmeticError):
            return 0
        if found.is_nan():
            return 0
        return 1 if found > 0 else -1 if found < 0 else 0


@lru_cache(maxsize=64)
def _kernel(boundary: Expr, names: tuple[str, ...]) -> Kernel:
    return numpy_kernel(boundary, [SYMBOLS[name] for name in names])


def sign_statement(statement: Statement) -> SignStatement | None:
    """The statement taken apart if it says ``sign(measured) == sign(expression)``; None if it says something else.

    The measured side may be either one.

    Raises:
        UsageError: FT216 both sides are signs of measurements, or a sign is compared with something else.
    """
    sides = statement.lhs, statement.rhs
    if statement.rel != "==" or not any(_has_sign_of_a_measurement(side) for side in sides):
        return None
    arguments = [_argument(side) for side in sides]
    if any(argument is None for argument in arguments):
        raise UsageError("FT216", f"{statement}: expected sign(measured) == sign(expression in parameters)")
    spoken = [bool(symbol_names(argument) & set(MEASUREMENTS)) for argument in arguments]
    measured, boundary = (arguments[0], arguments[1]) if spoken[0] else (arguments[1], arguments[0])
    unknown = symbol_names(boundary) - set(PARAMETERS)
    if unknown:
        raise UsageError("FT216", f"{statement}: the boundary speaks of {sorted(unknown)[0]!r}, which is no parameter")
    return SignStatement(measured, boundary)


def sign_statements(claim: Claim) -> tuple[SignStatement, ...]:
    """All statements of a claim about signs; empty if it is not about signs at all.

    A claim about each network, or about a probability, is about signs draw by draw: it has
    no boundary to cross and is none of these.

    Raises:
        UsageError: FT216 some of its statements are about signs and others are not, or as `sign_statement`.
    """
    if claim.quantifier.name not in ("mean", "limit"):
        return ()
    found = [sign_statement(statement) for statement in claim.statements]
    signs = tuple(statement for statement in found if statement is not None)
    if signs and len(signs) < len(found):
        raise UsageError(
            "FT216", f"{claim.id}: statements about signs and others stand in one claim; give each its own"
        )
    return signs


def _has_sign_of_a_measurement(side: Expr) -> bool:
    return any(symbol_names(found) & set(MEASUREMENTS) for found in sympy.sympify(side).atoms(sympy.sign))


def _argument(side: Expr) -> Expr | None:
    """The expression whose sign the side is: SymPy writes sign(-x) as -sign(x), and may know the sign."""
    side = sympy.sympify(side)
    if side in (S.One, S.NegativeOne):
        return side
    if isinstance(side, sympy.sign):
        return side.args[0]
    if isinstance(side, Mul) and all(isinstance(factor, sympy.sign) or factor == -1 for factor in side.args):
        return Mul(*(factor.args[0] if isinstance(factor, sympy.sign) else factor for factor in side.args))
    return None


def _parameter(values: Mapping[str, Any], name: str) -> Any:
    if name == "gamma" and name not in values:
        return Fraction(values["n"]) / Fraction(values["d"])
    return S.Infinity if values[name] == INFINITE else values[name]
