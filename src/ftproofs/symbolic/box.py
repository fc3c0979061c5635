"""Where an identity or inequality is asked for: ranges of symbols and constraints between them."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import sympy
from sympy import Basic, Eq, Expr, Integer, Rational, Symbol, oo

from ftproofs.claim import Choices, Domain, Range
from ftproofs.names import PARAMETERS
from ftproofs.symbolic import balls

Interval: TypeAlias = tuple[Any, Any]
Point: TypeAlias = dict[Symbol, Expr]

#: Interior points of a range lie on this many steps (Schwartz-Zippel counts them).
GRID = 10**6
_TRIES = 400
_TICK = 2**40


@dataclass(frozen=True)
class Box:
    """Closed ranges or lists of choices of symbols, and constraints (SymPy relations).

    ``assumed`` are symbols whose range is only where points are drawn: they may be
    anything their assumptions allow, so a search over the box proves nothing about them.
    """

    ranges: Mapping[Symbol, Interval | list[Any]] = field(default_factory=dict)
    constraints: tuple[Basic, ...] = ()
    assumed: frozenset[Symbol] = frozenset()

    def where(self, *constraints: Basic) -> Box:
        """The same box with further constraints."""
        return replace(self, constraints=self.constraints + constraints)

    def interval(self, symbol: Symbol) -> tuple[Expr, Expr]:
        """Where the symbol certainly lies: its range, or what its assumptions say."""
        if symbol in self.ranges and symbol not in self.assumed:
            values = [number(value) for value in self.ranges[symbol]]
            return (min(values), max(values)) if isinstance(self.ranges[symbol], list) else (values[0], values[1])
        low: Expr = -oo
        if symbol.is_nonnegative:
            low = Integer(1) if symbol.is_integer and symbol.is_positive else Integer(0)
        return low, Integer(0) if symbol.is_nonpositive else oo

    def choices(self, symbol: Symbol) -> list[Expr] | None:
        """The symbol's choices, if it has some."""
        values = self.ranges.get(symbol)
        return [number(value) for value in values] if isinstance(values, list) else None

    def with_defaults(self, symbols: Iterable[Symbol]) -> Box:
        """The box with a range to draw from for every one of the symbols."""
        missing = sorted((s for s in symbols if s not in self.ranges), key=str)
        if not missing:
            return self
        ranges = dict(self.ranges) | {symbol: _default(symbol) for symbol in missing}
        return Box(ranges, self.constraints, self.assumed | frozenset(missing))

    def points(self, count: int, *, seed: str = "zero", tries: int = _TRIES) -> Iterator[Point]:
        """Up to ``count`` random points: rational, inside the ranges, satisfying the constraints.

        Constraints are met by drawing again, ``tries`` times a point on average.
        """
        stream = random.Random(seed)
        found = 0
        for _ in range(tries * count if self.constraints else count):
            point = {symbol: _draw(symbol, values, stream) for symbol, values in sorted_items(self.ranges)}
            for constraint in self.constraints:
                if isinstance(constraint, Eq) and isinstance(constraint.lhs, Symbol):
                    point[constraint.lhs] = constraint.rhs.subs(point)
            if self.admits(point):
                yield point
                found += 1
            if found == count:
                return

    def corners(self, limit: int = 64) -> Iterator[Point]:
        """Corners of the box that satisfy the constraints (none where a range is irrational or assumed)."""
        ends = []
        for symbol, values in sorted_items(self.ranges):
            pair = [number(value) for value in values]
            if symbol in self.assumed:  # its true end, where it has one, and some value
                pair = [self.interval(symbol)[0], _draw(symbol, values, random.Random("corner"))]
            ends.append([(symbol, value) for value in pair if value.is_Rational and _allowed(symbol, value)])
        for corner in itertools.islice(itertools.product(*ends), limit):
            if self.admits(dict(corner)):
                yield dict(corner)

    def admits(self, point: Point) -> bool:
        """Whether the point certainly satisfies the constraints."""
        try:
            return all(balls.decide(constraint, point, prec=333) for constraint in self.constraints)
        except balls.Undefined:
            return False


def number(value: Any) -> Expr:
    """A bound as an exact number; a float stands for the decimal it prints as, ``inf`` for what it says."""
    if isinstance(value, float):
        if math.isinf(value):
            return oo if value > 0 else -oo
        return Rational(repr(float(value)))
    return oo if value == "inf" else sympy.sympify(value)


def sorted_items(ranges: Mapping[Symbol, Any]) -> list[tuple[Symbol, Any]]:
    """Items in an order that does not depend on hashes."""
    return sorted(ranges.items(), key=lambda item: str(item[0]))


def box_for(exprs: Iterable[Basic], domain: Domain | None = None) -> Box:
    """The box of a domain for the symbols of the expressions (and of the domain's constraints).

    A symbol the domain does not mention gets the range of its parameter where that is
    finite, else a range by its assumptions (positive [1/4, 4], positive integer
    [1, 12], ...) and is marked as assumed.
    """
    symbols = set().union(*(expr.free_symbols for expr in exprs))
    constraints = domain.constraints if domain else ()
    for constraint in constraints:
        symbols |= constraint.free_symbols
    ranges: dict[Symbol, Interval | list[Any]] = {}
    for symbol in symbols:
        parameter = PARAMETERS.get(symbol.name)
        if domain and symbol.name in domain:
            ranges[symbol] = _range(domain[symbol.name])
        elif parameter and parameter.high < math.inf:
            ranges[symbol] = (number(parameter.low), number(parameter.high))
    return Box(ranges, tuple(constraints)).with_defaults(symbols)


def _range(values: Range | Choices) -> Interval | list[Any]:
    if isinstance(values, Choices):
        return [number(value) for value in values.values]
    return (number(values.low), number(values.high))


def _default(symbol: Symbol) -> Interval:
    if symbol.is_integer:
        return (1, 12) if symbol.is_positive else (0, 12) if symbol.is_nonnegative else (-6, 6)
    if symbol.is_positive:
        return (Rational(1, 4), 4)
    return (0, 4) if symbol.is_nonnegative else (-4, 4)


def _draw(symbol: Symbol, values: Interval | list[Any], stream: random.Random) -> Expr:
    if isinstance(values, list):
        return number(stream.choice(values))
    low, high = (number(value) for value in values)
    if symbol.is_integer:
        first = int(sympy.ceiling(low))
        return Integer(stream.randint(first, int(sympy.floor(high)) if high.is_finite else first + 12))
    share = Rational(stream.randint(1, GRID - 1), GRID)
    low = _rational(low, 1) if low.is_finite else None
    high = _rational(high, -1) if high.is_finite else None
    if low is not None and high is not None:
        return low + (high - low) * share
    if low is not None:
        return low + share / (1 - share)
    if high is not None:
        return high - share / (1 - share)
    return (2 * share - 1) / (share * (1 - share))


def _rational(bound: Expr, inward: int) -> Rational:
    """The bound, or a rational just inside of it."""
    if bound.is_Rational:
        return bound
    return Rational(math.floor(float(bound) * _TICK) + 2 * inward, _TICK)


def _allowed(symbol: Symbol, value: Expr) -> bool:
    if symbol.is_positive and not value > 0:
        return False
    if symbol.is_nonnegative and not value >= 0:
        return False
    return not symbol.is_integer or bool(value.is_Integer)
