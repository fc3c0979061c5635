"""Exact rational functions for zero tests: a numerator over a product of known polynomials.

Denominators stay factored and are never cancelled against numerators: a sum takes
the least common multiple of what is already known, and no polynomial gcd is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, prod
from typing import Any

import sympy
from sympy import Expr
from sympy.polys.domains import QQ
from sympy.polys.rings import PolyRing

_TERMS = 50_000
_LARGEST_POWER = 64


class TooLarge(Exception):
    """The polynomials outgrew the limit; the route gives up, it does not guess."""


class Vanishing(ArithmeticError):
    """A denominator is identically zero."""


@dataclass(frozen=True)
class Quotient:
    """``num / prod(p**k for p, k in den)`` over a polynomial ring."""

    num: Any
    den: dict[Any, int]

    def __add__(self, other: Quotient) -> Quotient:
        common = {p: max(self.den.get(p, 0), other.den.get(p, 0)) for p in self.den | other.den}
        return Quotient(_checked(self._over(common) + other._over(common)), common)

    def _over(self, common: dict[Any, int]) -> Any:
        num = self.num
        for p, k in common.items():
            missing = k - self.den.get(p, 0)
            if missing:
                num = _times(num, _raise(p, missing))
        return num

    def __mul__(self, other: Quotient) -> Quotient:
        den = dict(self.den)
        for p, k in other.den.items():
            den[p] = den.get(p, 0) + k
        return Quotient(_times(self.num, other.num), den)

    def __pow__(self, exponent: int) -> Quotient:
        if exponent < 0:
            return self.inverse() ** (-exponent)
        return Quotient(_raise(self.num, exponent), {p: k * exponent for p, k in self.den.items()})

    def inverse(self) -> Quotient:
        """One over it; each generator of a monomial numerator becomes a factor of its own."""
        if not self.num:
            raise Vanishing("division by zero")
        ring = self.num.ring
        num = ring.one
        for p, k in self.den.items():
            num = _times(num, _raise(p, k))
        monomials = self.num.monoms()
        shared = tuple(min(m[i] for m in monomials) for i in range(ring.ngens))
        rest = self.num.quo_term((shared, QQ.one))
        content = rest.LC
        den = {ring.gens[i]: k for i, k in enumerate(shared) if k}
        rest = rest.quo_ground(content)
        if rest != ring.one:
            den[rest] = den.get(rest, 0) + 1
        return Quotient(num.quo_ground(content), den)

    @property
    def denominator(self) -> Any:
        """The denominator multiplied out."""
        return Quotient(self.num.ring.one, {})._over(self.den)


def _raise(p: Any, exponent: int) -> Any:
    by_degrees = prod(degree * exponent + 1 for degree in p.degrees())
    if len(p) > 1 and min(by_degrees, comb(len(p) + exponent - 1, exponent)) > _TERMS:
        raise TooLarge(f"{len(p)} terms to the power {exponent}")
    return _checked(p**exponent)


def _times(p: Any, q: Any) -> Any:
    if len(p) * len(q) > 50 * _TERMS:
        raise TooLarge(f"{len(p)} times {len(q)} terms")
    return _checked(p * q)


def _checked(p: Any) -> Any:
    if len(p) > _TERMS:
        raise TooLarge(f"{len(p)} terms")
    return p


def check_size(expr: Expr, operations: int) -> Expr:
    """The expression, if SymPy's dense polynomial algorithms can take it.

    Raises:
        TooLarge: too many operations, or an integer power too high.
    """
    if sympy.count_ops(expr) > operations:
        raise TooLarge(f"more than {operations} operations")
    if any(power.exp.is_Integer and abs(power.exp) > _LARGEST_POWER for power in expr.atoms(sympy.Pow)):
        raise TooLarge(f"a power above {_LARGEST_POWER}")
    return expr


def quotient(expr: Expr, ring: PolyRing) -> Quotient:
    """A rational expression in the ring's generators as a `Quotient`.

    Raises:
        TooLarge, Vanishing.
    """
    known: dict[Expr, Quotient] = {g: Quotient(p, {}) for g, p in zip(ring.symbols, ring.gens, strict=True)}

    def walk(part: Expr) -> Quotient:
        found = known.get(part)
        if found is None:
            found = known[part] = build(part)
        return found

    def build(part: Expr) -> Quotient:
        if part.is_Rational:
            return Quotient(ring.ground_new(QQ(int(part.p), int(part.q))), {})
        if part.is_Pow and part.exp.is_Integer:
            return walk(part.base) ** int(part.exp)
        if part.is_Add or part.is_Mul:
            total = walk(part.args[0])
            for arg in part.args[1:]:
                total = total + walk(arg) if part.is_Add else total * walk(arg)
            return total
        raise TypeError(f"not a rational expression: {part}")

    return walk(expr)


def ring_of(gens: list[sympy.Symbol]) -> PolyRing:
    """Polynomials over the rationals in these generators."""
    return PolyRing(gens or [sympy.Symbol("unused")], QQ)
