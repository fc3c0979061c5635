"""``groups=[...]``: the coordinates of a replica case, as the published reference values write them.

A JSON list of objects with the share ``pi``, the penalty's scale ``c`` (a number, or the text
``exp(x)``), and ``kind`` with ``par``: "atom" b (the target is +-b) or "gauss" s (it is N(0, s^2)).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ftproofs.cli.values import Exact, read_value
from ftproofs.errors import UsageError

if TYPE_CHECKING:
    from sympy import Expr

PREFIX = "groups="
MAX_TEXT = 20_000
MAX_GROUPS = 20
_EXPONENTIAL = re.compile(r"exp\((-?[0-9.]{1,40})\)")
_KINDS = {"atom": "b", "gauss": "s"}


def read_groups(word: str) -> dict[str, tuple[str, Exact]]:
    """The lists pi, c, b, s that the word stands for.

    Raises:
        UsageError: FT304, saying what was expected; FT1xx a value that is not a number of the grammar.
    """
    text = word.removeprefix(PREFIX)
    if len(text) > MAX_TEXT:
        raise UsageError("FT102", f"groups: longer than {MAX_TEXT} characters")
    try:
        entries = json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        raise UsageError("FT304", "groups: expected a JSON list of objects with pi, c, kind, par") from None
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_GROUPS:
        raise UsageError("FT304", f"groups: expected a list of 1 to {MAX_GROUPS} objects")
    rows = [_row(entry) for entry in entries]
    return {
        name: (",".join(str(row[name]) for row in rows), tuple(row[name] for row in rows))
        for name in ("pi", "c", "b", "s")
    }


def _row(entry: Any) -> dict[str, Any]:
    known = {"pi", "c", "c_value", "kind", "par"}
    if not isinstance(entry, dict) or not {"pi", "c", "kind", "par"} <= set(entry) <= known:
        raise UsageError("FT304", f"groups: expected an object with pi, c, kind, par, got {entry!r:.60}")
    if entry["kind"] not in _KINDS:
        raise UsageError("FT304", f"groups: kind = {entry['kind']!r:.40}: expected atom or gauss")
    law = {"b": _number("par", "0"), "s": _number("par", "0")} | {_KINDS[entry["kind"]]: _number("par", entry["par"])}
    return {"pi": _number("pi", entry["pi"]), "c": _number("c", entry["c"])} | law


def _number(name: str, text: Any) -> Expr:
    import sympy

    if not isinstance(text, str):
        raise UsageError("FT304", f"groups: {name} = {text!r:.40}: expected a number")
    exponential = _EXPONENTIAL.fullmatch(text)
    value = read_value(name, exponential[1] if exponential else text)
    if isinstance(value, tuple) or not value.is_finite:
        raise UsageError("FT304", f"groups: {name} = {text!r:.40}: expected one finite number")
    if exponential and abs(value) > 700:
        raise UsageError("FT304", f"groups: {name} = {text!r:.40}: exponent beyond 700")
    return sympy.exp(value) if exponential else value
