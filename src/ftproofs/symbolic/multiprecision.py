"""Expressions at mpmath precision, evaluated on the tree (branches that do not apply are never evaluated)."""

from __future__ import annotations

from typing import Any

import mpmath
import sympy
from sympy import Basic, Expr, S, Symbol
from sympy.core.relational import Relational

from ftproofs.errors import KernelError

_FUNCTIONS: dict[Any, str] = {
    sympy.Abs: "fabs",
    sympy.ceiling: "ceil",
    sympy.polygamma: "polygamma",
    sympy.LambertW: "lambertw",
    **{
        getattr(sympy, name): name
        for name in (
            *("exp", "log", "sin", "cos", "tan", "cot", "sec", "csc", "asin", "acos", "atan", "atan2"),
            *("sinh", "cosh", "tanh", "coth", "asinh", "acosh", "atanh"),
            *("gamma", "loggamma", "factorial", "beta", "erf", "erfc", "erfi", "sign", "floor", "zeta"),
        )
    },
}
_CONSTANTS = {S.Pi: "pi", S.Exp1: "e", S.EulerGamma: "euler", S.Catalan: "catalan", S.Infinity: "inf", S.NaN: "nan"}


class Multiprecision:
    """Values of subexpressions for given values of the symbols, at mpmath's working precision."""

    def __init__(self, values: dict[Symbol, Any]) -> None:
        self.known: dict[Basic, Any] = {symbol: mpmath.mpf(value) for symbol, value in values.items()}

    def __call__(self, expr: Basic) -> Any:
        if expr not in self.known:
            self.known[expr] = self._evaluate(expr)
        return self.known[expr]

    def _evaluate(self, expr: Basic) -> Any:
        if isinstance(expr, sympy.Rational):
            return mpmath.mpf(int(expr.p)) / int(expr.q)
        if expr in _CONSTANTS:
            return +getattr(mpmath, _CONSTANTS[expr])
        if expr is S.NegativeInfinity:
            return -mpmath.inf
        if isinstance(expr, sympy.Piecewise):
            return next((self(value) for value, condition in expr.args if self._holds(condition)), mpmath.nan)
        args = [self(arg) for arg in expr.args]
        if expr.is_Add:
            return mpmath.fsum(args)
        if expr.is_Mul:
            return mpmath.fprod(args)
        if expr.is_Pow:
            return args[0] ** (int(expr.exp) if expr.exp.is_Integer else args[1])
        if isinstance(expr, (sympy.Max, sympy.Min)):
            return max(args) if isinstance(expr, sympy.Max) else min(args)
        if isinstance(expr, sympy.Heaviside):
            return mpmath.mpf(args[0] > 0) if args[0] != 0 else args[1]
        if expr.func in _FUNCTIONS:
            return getattr(mpmath, _FUNCTIONS[expr.func])(*args)
        own = getattr(expr.func, "multiprecision", None)
        if own is None:
            raise KernelError("FT141", f"no mpmath form of {expr.func.__name__}")
        if any(isinstance(arg, mpmath.mpc) for arg in args):
            return mpmath.nan  # functions of our own are of real numbers
        return own(mpmath.mp, *args)

    def _holds(self, condition: Basic) -> bool:
        if condition in (S.true, S.false):
            return bool(condition)
        if isinstance(condition, Relational):
            x, y = self(condition.lhs), self(condition.rhs)
            return {"==": x == y, "!=": x != y, "<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y}[condition.rel_op]
        parts = [self._holds(part) for part in condition.args]
        if isinstance(condition, sympy.And):
            return all(parts)
        return any(parts) if isinstance(condition, sympy.Or) else not parts[0]


def evaluate(expr: Expr, values: dict[Symbol, Any]) -> Any:
    """The expression's value as an mpmath number."""
    return Multiprecision(values)(expr)
