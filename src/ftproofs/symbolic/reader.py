"""Text to expression: the trees of `grammar` built as SymPy objects, never by SymPy's own parsers."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

import sympy
from sympy import Expr, Integer, Pow, Rational, Symbol

from ftproofs.claim import Statement
from ftproofs.errors import UsageError
from ftproofs.symbolic.grammar import FUNCTIONS, Grammar, Parsed, parse
from ftproofs.symbolic.vocabulary import statement

_FUNCTIONS = {name: getattr(sympy, name) for name in FUNCTIONS}
_CONSTANTS = {"pi": sympy.pi, "E": sympy.E}
_SIGN = re.compile(r"==|<=|>=|<|>")


def read_expression(text: str, symbols: Mapping[str, Symbol], grammar: Grammar) -> Expr:
    """The expression a text stands for; ``symbols`` has the symbol of every name of the grammar.

    Raises:
        UsageError: FT1xx as `grammar.parse`; FT113 powers that combine to too large an
            exponent, FT114 a division by zero or a value that is not real and finite.
    """
    parsed = parse(text, grammar)
    lead = len(text) - len(text.lstrip())
    expr = _build(parsed.tree, parsed, symbols, lead)
    if expr.has(sympy.oo, -sympy.oo, sympy.zoo, sympy.nan):
        raise UsageError("FT114", "expression is infinite or undefined")
    if expr.has(sympy.I):
        raise UsageError("FT114", "expression is not real")
    for power in expr.atoms(Pow):
        exponent = power.exp
        if exponent.is_Rational and (abs(exponent) > grammar.power or exponent.q > grammar.root):
            limit = f"|p|<={grammar.power}, q<={grammar.root}"
            raise UsageError("FT113", f"combined exponent {exponent!s:.40} outside {limit}")
    return expr


def read_statement(text: str, symbols: Mapping[str, Symbol], grammar: Grammar) -> Statement:
    """The relation ``lhs REL rhs`` a text stands for; columns count from the start of each side.

    Raises:
        UsageError: FT235 no relation sign; FT1xx as `read_expression`, for either side.
    """
    if len(text) > 2 * grammar.text:
        raise UsageError("FT102", f"expression longer than {grammar.text} characters")
    found = _SIGN.search(text)
    if found is None:
        raise UsageError("FT235", "no relation sign; a statement reads lhs REL rhs with REL one of ==, <=, >=, <, >")
    left, right = text[: found.start()].strip(" "), text[found.end() :].strip(" ")
    sides = (read_expression(side, symbols, grammar) for side in (left, right))
    return statement(next(sides), found.group(), next(sides))  # type: ignore[arg-type]


def _build(node: ast.expr, parsed: Parsed, symbols: Mapping[str, Symbol], lead: int) -> Expr:
    match node:
        case ast.Constant():
            value = parsed.number(node)
            return Rational(value.numerator, value.denominator)
        case ast.Name(id=name):
            return symbols[name] if name in symbols else _CONSTANTS[name]
        case ast.UnaryOp(op=sign, operand=operand):
            value = _build(operand, parsed, symbols, lead)
            return -value if isinstance(sign, ast.USub) else value
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _build(left, parsed, symbols, lead), _build(right, parsed, symbols, lead)
            if isinstance(op, ast.Div) and b.is_zero:
                raise UsageError("FT114", f"division by zero (column {node.col_offset + lead + 1})")
            return _operate(op, a, b)
        case ast.Call(func=ast.Name(id=name), args=args):
            return _FUNCTIONS[name](*(_build(argument, parsed, symbols, lead) for argument in args))
    raise AssertionError(f"not of the grammar: {ast.dump(node)}")


def _operate(op: ast.operator, a: Expr, b: Expr) -> Expr:
    match op:
        case ast.Add():
            return a + b
        case ast.Sub():
            return a - b
        case ast.Mult():
            return a * b
        case ast.Div():
            return a / b
    return Integer(1) if b.is_zero else a**b
