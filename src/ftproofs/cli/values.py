"""``p=v`` arguments: exact numbers read by a whitelist; no text is ever evaluated as code."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from ftproofs.errors import UsageError

if TYPE_CHECKING:
    from sympy import Expr

Exact: TypeAlias = "Expr | tuple[Expr, ...]"

MAX_TEXT = 200
MAX_LIST = 500
MAX_DEPTH = 20
MAX_DIGITS = 40
#: Scales of networks may be as small as float64 can tell.
MIN_EXPONENT = -300
MAX_POWER = 64
MAX_ROOT = 12

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}")
_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")


def read_values(words: Sequence[str]) -> dict[str, tuple[str, Exact]]:
    """Names with their values: the text as given, and the exact SymPy number or tuple of numbers.

    Raises:
        UsageError: FT300 a word that is not ``p=v`` or names p twice; FT1xx a value
            that is not a number of the grammar.
    """
    found: dict[str, tuple[str, Exact]] = {}
    for word in words:
        name, sign, text = word.partition("=")
        if not sign or not _NAME.fullmatch(name):
            raise UsageError("FT300", f"expected p=v, got {word!r:.60}")
        if name in found:
            raise UsageError("FT300", f"{name} is given twice")
        found[name] = (text, read_value(name, text))
    return found


def read_value(name: str, text: str) -> Exact:
    """One value: a number, an expression of numbers, ``inf``, or a list with commas."""
    import sympy

    if text in ("inf", "oo"):
        return sympy.oo
    if "," in text:
        parts = text.split(",")
        if len(parts) > MAX_LIST:
            raise UsageError("FT109", f"{name}: more than {MAX_LIST} numbers")
        return tuple(_Reader(name, part.strip()).read() for part in parts)
    return _Reader(name, text).read()


class _Reader:
    """Reads one number; limits are checked before SymPy computes anything."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text

    def read(self) -> Expr:
        text = self.text
        if len(text) > MAX_TEXT:
            raise self._error("FT102", f"longer than {MAX_TEXT} characters")
        if not text:
            raise self._error("FT103", "empty value")
        odd = next((c for c in text if not " " <= c <= "~"), None)
        if odd is not None:
            raise self._error("FT104", f"character U+{ord(odd):04X} is not allowed (ASCII only)")
        if "^" in text:
            raise self._error("FT107", "'^' is not a power sign; write '**'")
        if "#" in text:
            raise self._error("FT108", "comments are not allowed")
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise self._error("FT108", "syntax error") from None
        self.text = text.strip()
        value = self._number(tree.body, 0)
        if value.is_finite is False:
            raise self._error("FT114", "not a finite number")
        if value.is_real is not True:
            raise self._error("FT114", "not a real number")
        return value

    def _number(self, node: ast.expr, depth: int) -> Expr:
        import sympy

        if depth > MAX_DEPTH:
            raise self._error("FT105", f"nesting deeper than {MAX_DEPTH}")
        match node:
            case ast.Constant():
                return self._literal(node)
            case ast.Name(id="pi"):
                return sympy.pi
            case ast.Name(id=name):
                raise self._error("FT112", f"unknown name {name!r:.40}; known: pi, sqrt, inf")
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self._number(operand, depth + 1)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self._number(operand, depth + 1)
            case ast.BinOp(op=ast.Pow(), left=base, right=exponent):
                return self._power(base, exponent, depth + 1)
            case ast.BinOp(left=left, op=operator, right=right):
                return self._binary(self._number(left, depth + 1), operator, self._number(right, depth + 1))
            case ast.Call(func=ast.Name(id="sqrt"), args=[operand], keywords=[]):
                return sympy.sqrt(self._number(operand, depth + 1))
            case ast.Call(func=ast.Name(id=name)) if name != "sqrt":
                raise self._error("FT117", f"unknown function {name!r:.40}; known: sqrt")
            case ast.Call():
                raise self._error("FT116", "only sqrt with one number may be called")
        raise self._error("FT119", f"{type(node).__name__!r} is not part of the grammar")

    def _literal(self, node: ast.Constant) -> Expr:
        import sympy

        # From the text, not from the parsed float: decimals are exact rationals.
        text = self.text[node.col_offset : node.end_col_offset]
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            raise self._error("FT111", f"{type(node.value).__name__} literal not allowed")
        if not _NUMBER.fullmatch(text):
            raise self._error("FT106", "only plain decimal numbers are allowed")
        if sum(c.isdigit() for c in text) > MAX_DIGITS:
            raise self._error("FT106", f"number with more than {MAX_DIGITS} digits")
        exponent = re.split("[eE]", text)
        if len(exponent) == 2 and not MIN_EXPONENT <= int(exponent[1]) <= MAX_DIGITS:
            raise self._error("FT106", f"decimal exponent outside {MIN_EXPONENT}..{MAX_DIGITS}")
        return sympy.Rational(text)

    def _power(self, base: ast.expr, exponent: ast.expr, depth: int) -> Expr:
        # Powers of powers could name a number of any size in a few letters.
        nested = (child for part in (base, exponent) for child in ast.walk(part))
        if any(isinstance(child, ast.BinOp) and isinstance(child.op, ast.Pow) for child in nested):
            raise self._error("FT113", "a power inside a power is not allowed")
        root, power = self._number(base, depth), self._number(exponent, depth)
        if not power.is_Rational or abs(power) > MAX_POWER or power.q > MAX_ROOT:
            raise self._error("FT113", f"exponent {power!s:.40} outside |p|<={MAX_POWER}, q<={MAX_ROOT}")
        if root.is_zero and power < 0:
            raise self._error("FT114", "division by zero")
        return root**power

    def _binary(self, left: Expr, operator: ast.operator, right: Expr) -> Expr:
        match operator:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case ast.Div():
                if right.is_zero:
                    raise self._error("FT114", "division by zero")
                return left / right
        raise self._error("FT115", f"operator {type(operator).__name__!r} not allowed")

    def _error(self, code: str, why: str) -> UsageError:
        return UsageError(code, f"{self.name} = {self.text!r:.60}: {why}")
