"""Constraints written into the expression: n <= d - 2 becomes d = n + 2 + t with t >= 0."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import Basic, Dummy, Expr, Poly, S, Symbol

from ftproofs.symbolic.box import Box

_ORDERS = 3


def eliminations(box: Box) -> list[tuple[Box, dict[Symbol, Expr]]]:
    """Boxes without constraints that contain the box, with the substitution that leads there.

    Each linear constraint is solved for one symbol; several constraints are solved one
    after the other. Dropping a symbol's range or a constraint only enlarges the box, so
    a sign found there holds here.
    """
    found = []
    linear = [form for form in map(nonnegative_form, box.constraints) if form is not None]
    for start in range(min(len(linear), _ORDERS)):
        for direction in (1, -1):
            result = _eliminate(box, [*linear[start:], *linear[:start]], direction)
            if result is not None:
                found.append(result)
    return found


def nonnegative_form(constraint: Basic) -> tuple[Expr, bool] | None:
    """(e, strict) when the constraint says e >= 0 or e > 0."""
    if isinstance(constraint, (sympy.Ge, sympy.Gt)):
        return constraint.lhs - constraint.rhs, isinstance(constraint, sympy.Gt)
    if isinstance(constraint, (sympy.Le, sympy.Lt)):
        return constraint.rhs - constraint.lhs, isinstance(constraint, sympy.Lt)
    return None


def _eliminate(box: Box, forms: list[tuple[Expr, bool]], direction: int) -> tuple[Box, dict[Symbol, Expr]] | None:
    """Solve for a symbol whose coefficient has the sign of ``direction`` (positive: it is bounded below)."""
    ranges, assumed = dict(box.ranges), set(box.assumed)
    rule: dict[Symbol, Expr] = {}
    for form, strict in forms:
        form = form.subs(rule, simultaneous=True)
        for symbol, coefficient in _linear(form):
            if coefficient * direction <= 0 or symbol not in ranges:
                continue
            slack = _slack(form, strict)
            floor = S.One if strict and slack.is_integer else S.Zero
            solved = sympy.expand(symbol + (slack + floor - form) / coefficient)
            rule = {x: e.subs(symbol, solved) for x, e in rule.items()} | {symbol: solved}
            ranges.pop(symbol)
            ranges[slack] = (0, 4)
            assumed = (assumed - {symbol}) | {slack}  # any value its assumptions allow
            break
    return (Box(ranges, (), frozenset(assumed)), rule) if rule else None


def _slack(form: Expr, strict: bool) -> Symbol:
    integral = form.is_integer is True
    if integral or not strict:
        return Dummy("t", nonnegative=True, integer=integral or None)
    return Dummy("t", positive=True)


def _linear(form: Expr) -> Iterator[tuple[Symbol, Expr]]:
    symbols = sorted(form.free_symbols, key=str)
    if not symbols or not form.is_polynomial(*symbols):
        return
    poly = Poly(form, *symbols)
    for symbol in symbols:
        if poly.degree(symbol) == 1:
            coefficient = poly.as_expr().coeff(symbol, 1)
            if coefficient.is_Rational:
                yield symbol, coefficient
