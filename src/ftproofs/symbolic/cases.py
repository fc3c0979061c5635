"""Piecewise, absolute values, maxima and signs taken apart: one expression per case, with its condition."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import Basic, Eq, Expr, Not, Piecewise, S

from ftproofs.symbolic.box import Box
from ftproofs.symbolic.signs import Signs

_KINDS = (Piecewise, sympy.Abs, sympy.Max, sympy.Min, sympy.sign, sympy.Heaviside)
_CASES = 64

Case = tuple[Expr, Box]


class TooManyCases(Exception):
    """More cases than the limit."""


def cases(expr: Expr, box: Box) -> list[Case]:
    """Expressions without case functions on boxes that together cover the box.

    Branches whose condition certainly fails on the box are left out; where no branch
    applies the expression is undefined and nothing is said.

    Raises:
        TooManyCases.
    """
    done: list[Case] = []
    open_cases = [(expr, box)]
    while open_cases:
        expr, box = open_cases.pop()
        function = _innermost(expr)
        if function is None:
            done.append((expr, box))
        else:
            signs = Signs(box)
            for value, conditions in _branches(function, signs):
                open_cases.append((_replaced(expr, function, value), box.where(*conditions)))
        if len(done) + len(open_cases) > _CASES:
            raise TooManyCases(f"more than {_CASES} cases")
    return done


def has_cases(expr: Expr) -> bool:
    """Whether there is anything to take apart."""
    return bool(expr.has(*_KINDS))


def _innermost(expr: Expr) -> Expr | None:
    functions = [f for f in expr.atoms(*_KINDS) if not any(arg.has(*_KINDS) for arg in f.args)]
    return min(functions, key=sympy.default_sort_key) if functions else None


def _replaced(expr: Expr, function: Expr, value: Expr) -> Expr:
    """Conditions of outer Piecewise functions are rewritten as well."""
    return expr.subs(function, value) if expr.has(Piecewise) else expr.xreplace({function: value})


def _branches(function: Expr, signs: Signs) -> Iterator[tuple[Expr, list[Basic]]]:
    before: list[Basic] = []
    for value, condition in _table(function, signs):
        holds = signs.decide(condition)
        if holds is False:
            continue
        yield value, [c for c in (*before, condition) if c != S.true and signs.decide(c) is not True]
        if holds:
            return
        before.append(Not(condition))


def _table(function: Expr, signs: Signs) -> list[tuple[Expr, Basic]]:
    """Values with the conditions under which they apply, to be read from the top."""
    if isinstance(function, Piecewise):
        return [(value, condition) for value, condition in function.args]
    if isinstance(function, (sympy.Max, sympy.Min)):
        return _extreme(function.args, 1 if isinstance(function, sympy.Max) else -1, signs)
    argument = function.args[0]
    if isinstance(function, sympy.Abs):
        return _extreme((argument, -argument), 1, signs)
    zero = S.Zero if isinstance(function, sympy.sign) else function.args[1]
    low = S.NegativeOne if isinstance(function, sympy.sign) else S.Zero
    return [(S.One, argument > 0), (low, argument < 0), (zero, Eq(argument, 0))]


def _extreme(values: tuple[Expr, ...], direction: int, signs: Signs) -> list[tuple[Expr, Basic]]:
    """A value never beyond another can go: where they tie, they agree."""
    kept = list(values)
    for value in values:
        if any(direction * signs(other - value) >= 1 for other in kept if other is not value):
            kept.remove(value)
    return [(a, sympy.And(*(direction * (a - b) >= 0 for b in kept if b is not a))) for a in kept]
