"""Many formulas that share most of their parts, at the same points in float64: evaluated on the tree, each part once.

A kernel (`kernels.numpy_kernel`) is quicker for one formula at many points; here nothing is compiled.  Terms are
not rewritten for accuracy: for where to look, not for verdicts.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import Any

import numpy as np
import scipy.special
import sympy
from sympy import Basic, Expr, S, Symbol
from sympy.core.relational import Relational

from ftproofs.errors import KernelError
from ftproofs.symbolic.printer import ARRAY_FUNCTIONS, SPECIAL_FUNCTIONS

_COMPARE = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


class Arrays:
    """Values of expressions at given points.

    Args:
        values: a float64 array (point,) for every symbol.
    """

    def __init__(self, values: Mapping[Symbol, np.ndarray]) -> None:
        self._known: dict[Basic, Any] = dict(values)
        self._shape = next(iter(values.values())).shape if values else ()

    def __call__(self, expr: Expr) -> np.ndarray:
        """Shape (point,); NaN or infinite where the expression has no real, finite value.

        Raises:
            KernelError: FT141 a function without array code.
        """
        with np.errstate(all="ignore"):
            return np.broadcast_to(np.asarray(self._value(expr), dtype=np.float64), self._shape)

    def _value(self, expr: Basic) -> Any:
        found = self._known.get(expr)
        if found is None:
            found = self._known[expr] = self._evaluate(expr)
        return found

    def _evaluate(self, expr: Any) -> Any:
        if expr in (S.ComplexInfinity, S.ImaginaryUnit, S.NaN):
            return np.nan
        if not expr.args:  # a number: symbols are known
            return float(expr)
        if isinstance(expr, sympy.Piecewise):
            found: Any = np.nan
            for value, condition in reversed(expr.args):
                found = np.where(self._holds(condition), self._value(value), found)
            return found
        args = [self._value(arg) for arg in expr.args]
        if expr.is_Add:
            return reduce(np.add, args)
        if expr.is_Mul:
            return reduce(np.multiply, args)
        if expr.is_Pow:
            return np.sqrt(args[0]) if expr.exp == S.Half else np.float_power(args[0], args[1])
        if isinstance(expr, (sympy.Max, sympy.Min)):
            return reduce(np.maximum if isinstance(expr, sympy.Max) else np.minimum, args)
        if expr.func in ARRAY_FUNCTIONS:
            return getattr(np, ARRAY_FUNCTIONS[expr.func])(*args)
        if expr.func in SPECIAL_FUNCTIONS:
            return getattr(scipy.special, SPECIAL_FUNCTIONS[expr.func])(*args)
        if isinstance(expr, sympy.polygamma) and expr.args[0] == 0:
            return scipy.special.digamma(args[1])
        own = getattr(expr.func, "numeric", None)
        if own is None:
            raise KernelError("FT141", f"no array code for {expr.func.__name__}")
        return own(np, *(np.broadcast_to(np.asarray(arg, dtype=np.float64), self._shape) for arg in args))

    def _holds(self, condition: Basic) -> Any:
        if condition in (S.true, S.false):
            return bool(condition)
        if isinstance(condition, Relational):
            return _COMPARE[condition.rel_op](self._value(condition.lhs), self._value(condition.rhs))
        parts = [self._holds(part) for part in condition.args]
        if isinstance(condition, sympy.Not):
            return np.logical_not(parts[0])
        return reduce(np.logical_and if isinstance(condition, sympy.And) else np.logical_or, parts)
