"""Using what is given: equations as rewrite rules, and unknown functions as symbols for the zero ladder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sympy import Derivative, Dummy, Expr, Integral, Limit, Pow, Sum, Symbol, nan, oo, sympify, zoo
from sympy.core.function import AppliedUndef
from sympy.matrices.expressions.matexpr import MatrixExpr

from ftproofs.claim import Statement
from ftproofs.symbolic.expectation import E, expand_means

#: Left sides that a rule may replace wherever they stand.
_ATOMS = (Symbol, AppliedUndef, Derivative, E, Integral, Limit, Sum)


def is_matrix(statement: Statement) -> bool:
    """Whether the relation is between matrices."""
    return isinstance(statement.lhs, MatrixExpr) or isinstance(statement.rhs, MatrixExpr)


def gap(statement: Statement) -> Expr:
    """What the relation says is zero (``==``), nonnegative, or positive (strict): greater minus smaller side."""
    lhs, rhs = sympify(statement.lhs), sympify(statement.rhs)
    return rhs - lhs if statement.rel in ("<", "<=") else lhs - rhs


def is_strict(statement: Statement) -> bool:
    """Whether the relation excludes equality."""
    return statement.rel in ("<", ">")


def rewrite(expr: Expr, given: Iterable[Statement]) -> Expr:
    """The expression with every given equation applied from left to right, once, in order.

    An equation is a rule when its left side is a symbol, a function value, a
    derivative, an expectation, or an integer power of one; others are ignored here
    (certificates use them).
    """
    for statement in given:
        if statement.rel != "==" or is_matrix(statement):
            continue
        lhs, rhs = sympify(statement.lhs), sympify(statement.rhs)
        if isinstance(lhs, _ATOMS):
            expr = expr.xreplace({lhs: rhs})
        elif isinstance(lhs, Pow) and isinstance(lhs.base, _ATOMS) and lhs.exp.is_number:
            expr = _replace_power(expr, lhs, rhs)
        expr = expand_means(expr)
    return expr


def _replace_power(expr: Expr, lhs: Pow, rhs: Expr) -> Expr:
    def applies(node: Expr) -> bool:
        return isinstance(node, Pow) and node.base == lhs.base and bool((node.exp / lhs.exp).is_integer)

    return expr.replace(applies, lambda node: rhs ** (node.exp / lhs.exp))


def positives(given: Iterable[Statement]) -> dict[Symbol, Symbol]:
    """Symbols that the given relations ``x > 0`` make positive, with positive stand-ins."""
    found: dict[Symbol, Symbol] = {}
    for statement in given:
        if statement.rel == ">" and isinstance(statement.lhs, Symbol) and statement.rhs == 0:
            found[statement.lhs] = Dummy(
                f"{statement.lhs.name}_positive", **_assumptions(statement.lhs) | {"positive": True}
            )
    return found


def _assumptions(expr: Expr) -> dict[str, bool]:
    known = {"integer": expr.is_integer, "positive": expr.is_positive, "nonnegative": expr.is_nonnegative}
    assumptions = {name: True for name, value in known.items() if value}
    return assumptions or {"real": True}


class Preparation:
    """Turns expressions of one step into what the ladder reads: rules applied, unknown functions frozen.

    The same function value becomes the same symbol in every expression of the step.
    """

    def __init__(self, given: Mapping[str, Statement]) -> None:
        self.given = tuple(given.values())
        self._positive = positives(self.given)
        self._frozen: dict[Expr, Symbol] = {}

    def __call__(self, expr: Any) -> Expr:
        """The prepared expression.

        Raises:
            ZeroDivisionError: a rule made it undefined.
        """
        prepared = rewrite(expand_means(sympify(expr)), self.given)
        prepared = self._freeze(prepared.xreplace(self._positive))
        if prepared.has(zoo, nan) or prepared.has(oo, -oo):
            raise ZeroDivisionError(f"{expr} is not finite under what is given")
        return prepared

    def _freeze(self, expr: Expr) -> Expr:
        unknown = (AppliedUndef, Derivative, E, Integral, Limit, Sum)
        if isinstance(expr, unknown):
            if expr not in self._frozen:
                self._frozen[expr] = Dummy(f"f{len(self._frozen)}", **_assumptions(expr))
            return self._frozen[expr]
        if not expr.args or not expr.has(*unknown):
            return expr
        return expr.func(*(self._freeze(arg) for arg in expr.args))
