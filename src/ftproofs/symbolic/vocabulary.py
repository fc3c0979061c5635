"""Names as SymPy symbols, and the relations a claim is made of.

Every parameter and measurement of `ftproofs.names` that is a number has one symbol,
with the assumptions its kind and sign imply and nothing more (``gamma`` is positive;
that it is below one is a claim's own condition).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType, SimpleNamespace
from typing import Any

import sympy
from sympy import Expr, Float, Rational, Symbol
from sympy.core.relational import Relational

from ftproofs.claim import Relation, Statement
from ftproofs.errors import UsageError
from ftproofs.names import MEASUREMENTS, PARAMETERS

#: Names that may become part of generated code or LaTeX.
NAME_PATTERN = re.compile(r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*\Z")
NAME_LENGTH = 40


def _symbol(name: str, kind: str, sign: str) -> Symbol:
    assumptions = {"real": True} if sign == "real" else {sign: True}
    if kind == "integer":
        assumptions["integer"] = True
    return Symbol(name, **assumptions)


def _symbols() -> dict[str, Symbol]:
    table = {p.name: _symbol(p.name, p.kind, p.sign) for p in PARAMETERS.values() if p.kind != "choice"}
    return table | {m.name: _symbol(m.name, "real", m.sign) for m in MEASUREMENTS.values()}


#: The symbol of every numeric parameter and measurement.
SYMBOLS: Mapping[str, Symbol] = MappingProxyType(_symbols())

#: The same by attribute: ``v.risk``, ``v.L``.
v = SimpleNamespace(**SYMBOLS)


def exact(value: Any) -> Expr:
    """The value as an exact SymPy expression.

    Accepts expressions, ``int``, ``Fraction`` and SymPy numbers.

    Raises:
        UsageError: FT110 a float, as such or inside an expression; FT111 text or any
            other literal; FT112 a symbol that has a vocabulary name but other
            assumptions.
    """
    if isinstance(value, bool):
        raise UsageError("FT111", f"{type(value).__name__} literal not allowed: {value!r}")
    if isinstance(value, (float, Float)):
        raise UsageError("FT110", f"float {value!r} in a claim; write decimals as exact rationals, as Rational(1, 10)")
    if isinstance(value, int):
        return sympy.Integer(value)
    if isinstance(value, Fraction):
        return Rational(value.numerator, value.denominator)
    if not isinstance(value, Expr):
        raise UsageError("FT111", f"{type(value).__name__} literal not allowed: {value!r}")
    check_symbols(value)
    if value.has(Float):
        found = sorted(map(str, value.atoms(Float)))[0]
        raise UsageError("FT110", f"float {found} in a claim; write decimals as exact rationals, as Rational(1, 10)")
    return value


def check_symbols(expr: sympy.Basic) -> None:
    """Refuse a symbol with a vocabulary name and other assumptions: it would silently be another symbol.

    Raises:
        UsageError: FT112.
    """
    for symbol in expr.atoms(Symbol):
        if SYMBOLS.get(symbol.name, symbol) != symbol:
            raise UsageError("FT112", f"symbol {symbol.name!r} is not the vocabulary's: its assumptions differ")


def check_name(name: str) -> str:
    """The name, if it may stand in generated code.

    Raises:
        UsageError: FT120.
    """
    if not NAME_PATTERN.match(name) or len(name) > NAME_LENGTH:
        raise UsageError("FT120", f"illegal symbol name {name!r}")
    return name


def statement(lhs: Any, rel: Relation, rhs: Any) -> Statement:
    """The relation ``lhs rel rhs`` between exact expressions (`exact` says what is refused)."""
    return Statement(exact(lhs), rel, exact(rhs))


def equal(lhs: Any, rhs: Any) -> Statement:
    """``lhs == rhs``."""
    return statement(lhs, "==", rhs)


def at_most(lhs: Any, rhs: Any) -> Statement:
    """``lhs <= rhs``."""
    return statement(lhs, "<=", rhs)


def at_least(lhs: Any, rhs: Any) -> Statement:
    """``lhs >= rhs``."""
    return statement(lhs, ">=", rhs)


def less(lhs: Any, rhs: Any) -> Statement:
    """``lhs < rhs``."""
    return statement(lhs, "<", rhs)


def greater(lhs: Any, rhs: Any) -> Statement:
    """``lhs > rhs``."""
    return statement(lhs, ">", rhs)


def symbol_names(expr: Expr | Relational) -> set[str]:
    """The names of the free symbols."""
    return {symbol.name for symbol in expr.free_symbols}
