"""Is a real function identically zero? The exact routes: normal form, relations, conjugates.

1. *normal form*: as a rational function of free generators, the numerator is zero.
2. *algebraic*: the numerator vanishes after radicals r with r**q = a are reduced, whatever
   branches the radicals take.
3. *conjugates*: the numerator's characteristic polynomial over all branches is z**m Q(z)
   with m > 0. Where the radicands do not vanish the numerator is analytic, so on a
   connected region it is zero throughout or Q(numerator) is; one certified point decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import sympy
from sympy import Dummy, Expr, Poly, Symbol

from ftproofs.symbolic import balls
from ftproofs.symbolic.box import Box, Point
from ftproofs.symbolic.generators import Relation, Rewriter, SignOf
from ftproofs.symbolic.quotient import Quotient, TooLarge, Vanishing, quotient, ring_of

_ANALYTIC = (sympy.Add, sympy.Mul, sympy.Pow, sympy.exp, Symbol, sympy.Number, sympy.NumberSymbol)
_LARGEST_DEGREE = 16
_LARGEST_NORM = 400


@dataclass(frozen=True)
class Proof:
    """The route that closed it (None: not closed) and factors whose unknown sign stood in the way."""

    route: str | None
    undecided: tuple[Expr, ...] = ()


def prove_zero(expr: Expr, box: Box, sign: SignOf, *, conjugates: bool = True) -> Proof:
    """Whether the exact routes show that the expression vanishes on the box, wherever it is defined.

    ``conjugates`` says whether the norm over all branches may be asked, the costliest route.
    """
    rewriter = Rewriter(sign)
    try:
        rational = rewriter(expr)
        relations = _ordered(rewriter.relations)
        gens = sorted(
            rational.free_symbols.union(*({r.generator} | r.value.free_symbols for r in relations)),
            key=lambda s: (s.name, s.sort_key()) if not isinstance(s, Dummy) else ("~", s.dummy_index),
        )
        ring = ring_of(gens)
        numerator = quotient(rational, ring).num
        if not numerator:
            return Proof("normal-form")
        for relation in relations:
            numerator = _reduce(
                numerator, gens.index(relation.generator), relation.degree, quotient(relation.value, ring)
            )
        if not numerator:
            return Proof("algebraic")
        if conjugates and relations and _vanishes_by_conjugates(numerator.as_expr(), relations, rewriter, box, sign):
            return Proof("algebraic")
    except (TooLarge, Vanishing, sympy.PolynomialError):
        return Proof(None, tuple(rewriter.undecided))
    return Proof(None, tuple(rewriter.undecided))


def _ordered(relations: list[Relation]) -> list[Relation]:
    """Outermost first: a generator is reduced before those its value is made of."""
    remaining, ordered = list(relations), []
    while remaining:
        inner = set().union(*(r.value.free_symbols - {r.generator} for r in remaining))
        outer = [r for r in remaining if r.generator not in inner]
        if not outer:
            raise TooLarge("relations in a circle")
        ordered += outer
        remaining = [r for r in remaining if r not in outer]
    return ordered


def _reduce(poly: Any, index: int, degree: int, value: Quotient) -> Any:
    """The polynomial with g**degree replaced by value as often as possible, times value's denominator."""
    ring = poly.ring
    denominator = value.denominator
    while True:
        top = max((m[index] for m in poly.monoms()), default=0) // degree
        if not top:
            return poly
        parts: dict[int, Any] = {}
        for monomial, coefficient in poly.terms():
            k, rest = divmod(monomial[index], degree)
            lowered = (*monomial[:index], rest, *monomial[index + 1 :])
            parts.setdefault(k, {})[lowered] = coefficient
        poly = ring.zero
        for k, terms in parts.items():
            part = Quotient(ring.from_dict(terms), {}) * Quotient(value.num, {}) ** k
            poly += (part * Quotient(denominator, {}) ** (top - k)).num


def _vanishes_by_conjugates(
    numerator: Expr, relations: list[Relation], rewriter: Rewriter, box: Box, sign: SignOf
) -> bool:
    used = _used(numerator, relations)
    if not used or prod(r.degree for r in used) > _LARGEST_DEGREE or sympy.count_ops(numerator) > _LARGEST_NORM:
        return False
    if any(r.generator in r.value.free_symbols for r in used) or not _connected(box):
        return False
    # analytic inside the box: powers and exponentials only, and no radicand vanishes there
    if not all(isinstance(node, _ANALYTIC) for node in sympy.preorder_traversal(rewriter.original(numerator))):
        return False
    if any(sign(rewriter.original(r.value)) not in (2, 3) for r in used):
        return False
    z = Dummy("z")
    norm = z - numerator
    for relation in used:
        over, under = sympy.fraction(sympy.together(relation.value))
        norm = sympy.resultant(under * relation.generator**relation.degree - over, norm, relation.generator)
        if sympy.count_ops(norm) > 50 * _LARGEST_NORM:
            return False
    coefficients = Poly(sympy.expand(norm), z).all_coeffs()[::-1]
    lowest = next((i for i, c in enumerate(coefficients) if c != 0), None)
    if not lowest:
        return False  # no branch vanishes identically
    rest = [rewriter.original(c) for c in coefficients[lowest:]]
    value = rewriter.original(numerator)
    return any(_excluded(rest, value, point) for point in box.points(3, seed="branch"))


def _excluded(coefficients: list[Expr], value: Expr, point: Point) -> bool:
    """Whether the polynomial with these coefficients certainly is not zero at ``value``, at the point."""
    try:
        at = balls.enclose(value, point, prec=333)
        with balls.precision(333):
            total = balls.ball(0)
            for coefficient in reversed(coefficients):
                total = total * at + balls.enclose(coefficient, point, prec=333)
            return bool(total.is_finite() and total != 0)
    except balls.Undefined:
        return False


def _used(numerator: Expr, relations: list[Relation]) -> list[Relation]:
    """The relations the numerator needs, outermost first."""
    needed: set[Symbol] = set(numerator.free_symbols)
    used = []
    for relation in relations:
        if relation.generator in needed:
            used.append(relation)
            needed |= relation.value.free_symbols
    return used


def _connected(box: Box) -> bool:
    """Intervals and linear constraints make a convex region."""
    symbols = sorted(box.ranges, key=str)
    for constraint in box.constraints:
        if not isinstance(constraint, (sympy.Ge, sympy.Gt, sympy.Le, sympy.Lt)):
            return False
        difference = constraint.lhs - constraint.rhs
        if not difference.is_polynomial(*symbols) or Poly(difference, *symbols).total_degree() > 1:
            return False
    return True
