"""Expressions at points and on boxes, enclosed rigorously by python-flint.

Rational subexpressions at rational points are evaluated exactly, so that a zero is a
zero: conditions, poles and radicands at the edge of a domain are then decided, not
guessed.  Everything else is ball arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction
from typing import Any, TypeAlias

import sympy
from flint import arb, fmpq, fmpz
from sympy import Basic, Expr, S, Symbol
from sympy.core.relational import Relational

from ftproofs.errors import UsageError
from ftproofs.symbolic.arithmetic import (
    CONSTANTS,
    FUNCTIONS,
    Ball,
    Undefined,
    ball,
    compare,
    power,
    precision,
    product_of,
    total_of,
)

__all__ = ["Enclosure", "Undefined", "ball", "decide", "enclose", "evaluate", "fraction", "power_of_two", "precision"]

At: TypeAlias = Mapping[Symbol, Any]

_LARGEST_PRECISION = 1 << 15


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A value to ``digits`` digits with decimal bounds that contain it."""

    value: str
    lower: str
    upper: str
    digits: int


def enclose(expr: Basic, at: At, *, prec: int = 128) -> arb:
    """A ball that contains every value of ``expr`` for symbols in the given balls.

    Args:
        expr: a real expression; its free symbols must all have a value.
        at: symbol to ``int``, ``Fraction``, exact SymPy number (``oo`` included),
            ``float`` (its exact value), ``arb`` or a pair (midpoint, radius).
        prec: working precision in bits.

    Returns:
        A ball; not finite where the given balls are too wide to say, or where the
        value is infinite (``arb.pos_inf()``).

    Raises:
        Undefined: the expression certainly has no real value there.
        UsageError: FT112 a symbol without a value; FT117 a function without an enclosure.
    """
    with precision(prec):
        values = {symbol: _input(value) for symbol, value in at.items()}
        return ball(_Evaluator(values)(sympy.sympify(expr)))


def decide(condition: Basic, at: At, *, prec: int = 128) -> bool | None:
    """Whether a condition certainly holds (True), certainly fails (False), or neither is certain (None)."""
    with precision(prec):
        return _Evaluator({symbol: _input(value) for symbol, value in at.items()}).condition(condition)


def evaluate(expr: Basic, at: At, *, digits: int = 30) -> Enclosure:
    """The value to ``digits`` certain digits: precision is doubled until they are.

    Raises:
        UsageError: FT130 no real value there; FT131 not decided at the largest precision.
    """
    place = ", ".join(f"{symbol} = {value}" for symbol, value in at.items())
    prec = max(64, 4 * digits)
    while prec <= _LARGEST_PRECISION:
        try:
            found = enclose(expr, at, prec=prec)
        except Undefined as error:
            raise UsageError("FT130", f"no real value at {place}: {error}") from None
        if found.is_exact() and not found.is_nan():
            if not found.is_finite():
                sign = "" if found > 0 else "-"
                return Enclosure(f"{sign}inf", f"{sign}inf", f"{sign}inf", digits)
            if found == 0:
                return Enclosure("0", "0", "0", digits)
        if found.is_finite() and found.rel_accuracy_bits() > 10 + 3.33 * digits:
            with precision(prec):
                return _enclosure(found, digits)
        prec *= 2
    raise UsageError("FT131", f"undecided at {place}: {_LARGEST_PRECISION} bits do not give {digits} digits")


def _enclosure(found: arb, digits: int) -> Enclosure:
    lower = _decimal(found.lower(), digits + 5, ROUND_FLOOR)
    upper = _decimal(found.upper(), digits + 5, ROUND_CEILING)
    return Enclosure(found.mid().str(digits, radius=False), lower, upper, digits)


def _decimal(end: arb, digits: int, rounding: str) -> str:
    end = fraction(end)
    with localcontext(prec=digits, rounding=rounding):
        return str(Decimal(end.numerator) / Decimal(end.denominator))


def power_of_two(exponent: int) -> arb:
    """Exactly 2**exponent."""
    return arb((fmpz(1), fmpz(exponent)))


def fraction(exact: arb) -> Fraction:
    """An exact finite ball as a fraction."""
    mantissa, exponent = (int(part) for part in exact.man_exp())
    return Fraction(mantissa) * Fraction(2) ** exponent


def _input(value: Any) -> Ball:
    if isinstance(value, (int, fmpz)):
        return fmpq(value)
    if isinstance(value, (Fraction, sympy.Rational)):
        return fmpq(value.numerator, value.denominator)
    if isinstance(value, float):
        return _input(Fraction(value)) if abs(value) < float("inf") else arb(value)
    if isinstance(value, (arb, fmpq)):
        return value
    if isinstance(value, tuple):
        middle, radius = (ball(_input(part)) for part in value)
        return (middle - radius).union(middle + radius)
    return _Evaluator({})(sympy.sympify(value))


class _Evaluator:
    """Walks an expression once; equal subexpressions are evaluated once."""

    def __init__(self, values: Mapping[Symbol, Ball]) -> None:
        self.known: dict[Basic, Ball] = dict(values)

    def __call__(self, expr: Basic) -> Ball:
        found = self.known.get(expr)
        if found is None:
            found = self.known[expr] = self._evaluate(expr)
        return found

    def _evaluate(self, expr: Basic) -> Ball:
        if isinstance(expr, sympy.Rational):
            return fmpq(expr.p, expr.q)
        if isinstance(expr, sympy.Float):
            return _input(Fraction(int(expr._mpf_[1])) * Fraction(2) ** int(expr._mpf_[2]) * (-1) ** expr._mpf_[0])
        if expr in CONSTANTS:
            return CONSTANTS[expr]()
        if isinstance(expr, Symbol):
            raise UsageError("FT112", f"symbol {expr.name!r} has no value")
        if isinstance(expr, sympy.Add):
            return total_of([self(arg) for arg in expr.args])
        if isinstance(expr, sympy.Mul):
            return product_of([self(arg) for arg in expr.args])
        if isinstance(expr, sympy.Pow):
            return power(self(expr.base), self(expr.exp))
        if isinstance(expr, sympy.Piecewise):
            return self._piecewise(expr)
        enclosure = FUNCTIONS.get(expr.func) or getattr(expr.func, "ball", None)
        if enclosure is None:
            raise UsageError("FT117", f"no enclosure for {expr.func.__name__}")
        return enclosure(*(self(arg) if expr.func in FUNCTIONS else ball(self(arg)) for arg in expr.args))

    def _piecewise(self, expr: sympy.Piecewise) -> Ball:
        """The hull of all branches that may apply."""
        possible: list[Ball] = []
        for branch, condition in expr.args:
            holds = self.condition(condition)
            if holds is not False:
                possible.append(self._branch(branch, certain=holds is True and not possible))
            if holds is True:
                break
        else:
            if not possible:
                raise Undefined(f"no branch of {expr} applies")
            return arb.nan()
        if len(possible) == 1:
            return possible[0]
        hull = ball(possible[0])
        for value in possible[1:]:
            hull = hull.union(ball(value))
        return hull

    def _branch(self, branch: Expr, *, certain: bool) -> Ball:
        try:
            return self(branch)
        except Undefined:
            if certain:
                raise
            return arb.nan()

    def condition(self, condition: Basic) -> bool | None:
        if condition == S.true or condition == S.false:
            return bool(condition)
        if isinstance(condition, Relational):
            return compare(self(condition.lhs), condition.rel_op, self(condition.rhs))
        parts = [self.condition(part) for part in condition.args]
        if isinstance(condition, sympy.And):
            return False if False in parts else None if None in parts else True
        if isinstance(condition, sympy.Or):
            return True if True in parts else None if None in parts else False
        if isinstance(condition, sympy.Not):
            return None if parts[0] is None else not parts[0]
        raise UsageError("FT117", f"no enclosure for the condition {condition}")
