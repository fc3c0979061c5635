"""``p=v`` arguments: exact numbers read by a whitelist; no text is ever evaluated as code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from ftproofs.errors import UsageError

if TYPE_CHECKING:
    from sympy import Expr

Exact: TypeAlias = "Expr | tuple[Expr, ...]"

MAX_LIST = 500

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}")


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
        return tuple(_number(name, part) for part in parts)
    return _number(name, text)


def _number(name: str, text: str) -> Expr:
    from ftproofs.symbolic.grammar import NUMBERS
    from ftproofs.symbolic.reader import read_expression

    try:
        return read_expression(text, {}, NUMBERS)
    except UsageError as error:
        raise UsageError(error.code, f"{name} = {text.strip()!r:.60}: {error.message}") from None
