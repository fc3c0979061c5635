"""Limits at infinity: by rules that decide, else by balls along a sequence, which is never a proof.

SymPy's ``limit`` is not asked.  The rules cover continuous functions of: rational
functions of x (degrees of the normal form), exponentials of what tends to an
infinity, geometric powers r**x with |r| < 1, and positive powers of what falls to 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sympy import (
    Add,
    Derivative,
    Expr,
    Integer,
    Integral,
    Limit,
    Mul,
    Poly,
    Pow,
    Rational,
    S,
    Symbol,
    exp,
    fraction,
    log,
    oo,
    together,
)
from sympy.core.function import AppliedUndef

from ftproofs.claim import Statement
from ftproofs.symbolic import balls
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.methods import _open, decide, weakest
from ftproofs.symbolic.rules import Preparation
from ftproofs.symbolic.zero import Finding, box_for, is_zero


class NoRule(ValueError):
    """The rules do not cover this limit."""


@dataclass(frozen=True)
class TakeLimit:
    """``Limit(f, x, oo) == value`` (value finite, or oo)."""

    def close(self, relation: Statement, context: Context) -> Finding:
        """By the rules if they cover f, else compare along 10, 100, ..."""
        limit = relation.lhs
        if relation.rel != "==" or not isinstance(limit, Limit) or limit.args[2] is not oo:
            return _open("limit", "the left side is not an unevaluated limit at oo")
        f, x = limit.args[:2]
        unknown = f.atoms(AppliedUndef, Derivative, Integral, Limit)
        if any(x in node.free_symbols for node in unknown):
            return _open("limit", "an unknown function of the variable")
        prepare = Preparation(context.given)
        try:
            f = prepare(f)
            claimed = relation.rhs if relation.rhs is oo else prepare(relation.rhs)
        except ZeroDivisionError as error:
            return _open("limit", str(error))
        try:
            found = Rules(x, context).limit(f)
        except NoRule as error:
            return _along(f, x, claimed, context, str(error))
        if found is oo or claimed is oo:
            if found is claimed:
                return Finding("proved", "limit rules", "")
            return Finding("disproved", "limit rules", f"the limit is {found}")
        same = is_zero(found - claimed, box_for([found, claimed], context.domain))
        if same.status == "disproved":
            return Finding("disproved", "limit rules", f"the limit is {found}; {same.detail}")
        return weakest("limit rules", [same])


@dataclass(frozen=True)
class Squeeze:
    """``Limit(f, x, oo) == 0`` from a given ``f <= g`` with f nonnegative and ``Limit(g, x, oo) == 0`` given."""

    bound: str
    limit: str

    def close(self, relation: Statement, context: Context) -> Finding:
        """Check that the given steps are these two."""
        if not {self.bound, self.limit} <= set(context.given):
            return _open("squeeze", "the bound or its limit is not given")
        bound, limit = context.given[self.bound], context.given[self.limit]
        f = relation.lhs.args[0] if isinstance(relation.lhs, Limit) else None
        fits = (
            f is not None
            and relation.rel == "=="
            and relation.rhs == 0
            and bound.rel in ("<=", "<")
            and bound.lhs == f
            and limit.rel == "=="
            and limit.rhs == 0
            and isinstance(limit.lhs, Limit)
            and limit.lhs.args[:3] == (bound.rhs, *relation.lhs.args[1:3])
        )
        if not fits or f is None or not f.is_nonnegative:
            return _open("squeeze", "the given steps do not enclose the function")
        return Finding("proved", "squeeze", "")


class Rules:
    """Limits for x -> oo of functions built from a few kinds of atoms."""

    def __init__(self, x: Symbol, context: Context) -> None:
        self.x = x
        self.context = context

    def limit(self, f: Expr) -> Expr:
        """The limit, a finite expression or oo.

        Raises:
            NoRule: not covered.
        """
        x = self.x
        if not f.has(x):
            return f
        rational = self.rational(f)
        if rational is not None:
            return rational
        if isinstance(f, exp):
            inner = self.limit(f.args[0])
            return S.Zero if inner is -oo else exp(inner)
        if isinstance(f, log):
            return log(self._positive(self.limit(f.args[0])))
        if isinstance(f, Pow):
            return self._power(f)
        if isinstance(f, (Add, Mul)):
            parts = [self.limit(arg) for arg in f.args]
            if any(part in (oo, -oo) for part in parts):
                raise NoRule(f"an infinite part in {f}")
            return f.func(*parts)
        raise NoRule(f"no rule for {f.func.__name__}")

    def rational(self, f: Expr) -> Expr | None:
        """The limit of a rational function of x, by the degrees of its normal form; None if it is none."""
        top, bottom = fraction(together(f))
        try:
            polys = [Poly(part, self.x) for part in (top, bottom)]
        except Exception:
            return None
        if any(c.has(self.x) for p in polys for c in p.all_coeffs()):
            return None
        p, q = polys
        # A leading coefficient of the numerator may vanish where the degrees are equal: the quotient is then 0.
        (m, a), (k, b) = (p.degree(), p.LC()), self._leading(q)
        if p.is_zero or m < k:
            return S.Zero
        if m == k:
            return a / b
        sign = decide(a / b, ">", S.Zero, self.context)
        if sign.status == "proved":
            return oo
        if decide(a / b, "<", S.Zero, self.context).status == "proved":
            return -oo
        raise NoRule(f"the sign of {a / b} is not known")

    def _leading(self, poly: Poly) -> tuple[int, Expr]:
        """Degree and leading coefficient, the latter not zero anywhere on the domain."""
        coefficients = poly.all_coeffs()
        for index, coefficient in enumerate(coefficients):
            box = box_for([coefficient], self.context.domain)
            if is_zero(coefficient, box).status == "proved":
                continue
            if not (coefficient.is_nonzero or decide(coefficient**2, ">", S.Zero, self.context).status == "proved"):
                raise NoRule(f"leading coefficient {coefficient} may vanish")
            return len(coefficients) - 1 - index, coefficient
        return 0, S.Zero

    def _power(self, f: Pow) -> Expr:
        x = self.x
        base, power = f.args
        if not power.has(x):
            inner = self.limit(base)
            if inner is oo and power.is_positive:
                return oo
            if inner in (oo, -oo):
                raise NoRule(f"an infinite base in {f}")
            if power.is_Integer and power > 0:
                return inner**power
            if inner == 0 and base.is_positive and decide(power, ">", S.Zero, self.context).status == "proved":
                return S.Zero
            return self._positive(inner) ** power
        if not base.has(x):
            exponent = self.limit(power)
            if exponent in (oo, -oo):
                ratio = base if exponent is oo else 1 / base
                if decide(1 - ratio**2, ">", S.Zero, self.context).status == "proved":
                    return S.Zero  # |ratio| < 1
                raise NoRule(f"{ratio} is not shown to lie between -1 and 1")
            return self._positive(base) ** exponent
        raise NoRule("base and exponent both vary")

    def _positive(self, value: Expr) -> Expr:
        if value in (oo, -oo) or decide(value, ">", S.Zero, self.context).status != "proved":
            raise NoRule(f"{value} is not shown to be positive")
        return value


def _along(f: Expr, x: Symbol, claimed: Expr, context: Context, why: str) -> Finding:
    """Balls at sample parameters along x = 10, 100, ...: probable if the distance falls to nothing, else open."""
    box = box_for([f, claimed], context.domain)
    free = (f.free_symbols | claimed.free_symbols) - {x}
    agreed = 0
    for point in box.points(8, seed="limit"):
        at: dict[Any, Any] = {s: value for s, value in point.items() if s in free}
        distances = _distances(f, x, claimed, at)
        if distances is None:
            continue
        if not all(b <= a for a, b in pairwise(distances)) or distances[-1] > Rational(1, 1000):
            last = float(distances[-1])
            return _open("balls along a sequence", f"at {at or 'any point'} the distance stays at {last:.3g} ({why})")
        agreed += 1
        if not at:
            break
    if agreed:
        return Finding("probable", "balls along a sequence", f"at {agreed} points, x = 10, ..., 100000 ({why})")
    return _open("limit", why)


def _distances(f: Expr, x: Symbol, claimed: Expr, at: dict[Any, Any]) -> list[Rational] | None:
    """Upper bounds of |f - claimed|, or of 1/|f| when oo is claimed."""
    found = []
    for k in range(1, 6):
        try:
            value = balls.enclose(f, at | {x: Integer(10) ** k}, prec=256)
            distance = 1 / abs(value) if claimed is oo else abs(value - balls.enclose(claimed, at, prec=256))
            found.append(balls.fraction(distance.upper()))
        except (balls.Undefined, ValueError, ZeroDivisionError, OverflowError):
            return None
    return [Rational(b.numerator, b.denominator) for b in found]
