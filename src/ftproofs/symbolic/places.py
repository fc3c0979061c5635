"""Points at which two formulas are compared: drawn from a domain, or measured, at 30 digits."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import mpmath
import numpy as np
import sympy
from sympy import Expr, Rational, S, Symbol

from ftproofs.errors import FTError
from ftproofs.symbolic.box import Box, Point
from ftproofs.symbolic.multiprecision import Multiprecision

DIGITS = 30
ENDS = 32


class Place:
    """One point, with the values of subexpressions found so far.

    Args:
        values: of symbols.
        box: where the point was drawn from; None of a measured one.

    ``half`` is, of a limit, what was measured at half the size.
    """

    def __init__(self, values: Mapping[Symbol, Any], box: Box | None) -> None:
        self.values = values
        self.half: Place | None = None
        self._box = box
        with mpmath.workdps(DIGITS):
            self._at = Multiprecision({s: _mp(x) for s, x in values.items()})
            self._at.known |= {S.ImaginaryUnit: mpmath.mpc(0, 1), S.ComplexInfinity: mpmath.nan}

    def __str__(self) -> str:
        return ", ".join(f"{s} = {float(x):.6g}" for s, x in sorted(self.values.items(), key=str))

    @property
    def measured(self) -> bool:
        """Whether the values were measured, not drawn."""
        return self._box is None

    def occurs(self, symbols: Iterable[Symbol]) -> bool:
        """Whether the point is known to occur: measured, or made of parameters of the domain."""
        return self._box is None or not self._box.assumed.intersection(symbols)

    def defined(self, expr: Expr) -> bool:
        """Whether the expression has a real, finite value here."""
        return self._value(expr) is not None

    def error(self, lhs: Expr, rhs: Expr, scale: Expr) -> float | None:
        """The relative error of ``lhs == rhs``, extrapolated in 1/d from half the size; None without a value."""
        own = self._signed(lhs, rhs, scale)
        before = None if own is None or self.half is None else self.half._signed(lhs, rhs, scale)
        if own is None:
            return None
        return abs(own if before is None else 2 * own - before)

    def arguments(self, function: Expr) -> list[float] | None:
        """The arguments of a function here; None where one has no value."""
        found = [self._value(argument) for argument in function.args]
        return None if any(x is None for x in found) else [float(x) for x in found]

    def _signed(self, lhs: Expr, rhs: Expr, scale: Expr) -> float | None:
        one, other = self._value(lhs), self._value(rhs)
        if one is None or other is None:
            return None
        unit = self._value(scale)
        size = max(abs(other), (abs(unit) if unit else mpmath.mpf(1)) / 10)
        return float((one - other) / size)

    def _value(self, expr: Expr) -> Any:
        try:
            found = self._at(expr)
        except (TypeError, ValueError, ArithmeticError, KeyError, FTError):
            return None
        if isinstance(found, mpmath.mpc):
            found = found.real if found.imag == 0 else None
        return found if found is not None and mpmath.isfinite(found) else None


def fixed(places: Sequence[Place]) -> dict[Symbol, Expr]:
    """Symbols with one value, a whole number, at all places."""
    every = [at.values for place in places for at in (place, place.half) if at is not None]
    found: dict[Symbol, Expr] = {}
    for symbol in set(every[0]).intersection(*every[1:]) if every else ():
        values = {float(values[symbol]) for values in every}
        if len(values) == 1 and (value := values.pop()).is_integer():
            found[symbol] = sympy.Integer(int(value))
    return found


def solve_together(sides: Sequence[Expr], places: Sequence[Place]) -> None:
    """What takes a solution at every place is solved for at all of them at once, and remembered."""
    for function in {f for side in sides for f in side.atoms(sympy.Function) if getattr(f, "in_batches", False)}:
        every = (at for place in places for at in (place, place.half) if at is not None)
        rows = [row for at in every if (row := at.arguments(function)) is not None]
        if rows:
            function.func.numeric(np, *np.array(rows).T)


def spread(points: Sequence[Mapping[Symbol, float]], count: int) -> list[Mapping[Symbol, float]]:
    """At most that many of the points, evenly spread over them."""
    if len(points) <= count:
        return list(points)
    return [points[i * (len(points) - 1) // (count - 1)] for i in range(count)]


def ends(box: Box) -> Iterable[Point]:
    """Some corners of the box, of all its ends alike: errors of finite size are largest there."""
    corners = list(box.corners(4096))
    return random.Random("ends").sample(corners, min(ENDS, len(corners)))


def _mp(value: Any) -> Any:
    if isinstance(value, Rational):
        return mpmath.mpf(int(value.p)) / int(value.q)
    if value in (sympy.oo, -sympy.oo):
        return mpmath.inf if value is sympy.oo else -mpmath.inf
    return value if isinstance(value, float) else mpmath.mpf(str(sympy.N(value, DIGITS + 5)))
