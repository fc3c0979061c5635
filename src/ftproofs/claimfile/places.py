"""Where things stand in a TOML text: the parser of the standard library keeps no lines of values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_\-.\s]*?)\s*\]\]?")
_KEY = re.compile(r"\s*([A-Za-z0-9_\-]+(?:\s*\.\s*[A-Za-z0-9_\-]+)*)\s*=")


@dataclass
class Places:
    """Lines (from 1) of claims and of their keys; ``repeated`` are keys given twice, with the second's line."""

    claims: list[int] = field(default_factory=list)
    keys: dict[tuple[int, str], int] = field(default_factory=dict)
    repeated: list[tuple[int, str]] = field(default_factory=list)

    def line(self, claim: int = -1, key: str = "") -> int:
        """The line of a claim's key; of its table where that is unknown, else 1."""
        while key:
            if (claim, key) in self.keys:
                return self.keys[claim, key]
            key = key.rpartition(".")[0]
        return self.claims[claim] if 0 <= claim < len(self.claims) else 1


def places(text: str) -> Places:
    """The lines of every claim and key; keys outside claims belong to claim -1."""
    found = Places()
    claim, table = -1, ""
    for number, line in enumerate(blanked(text).splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            name = "".join(header.group(2).split())
            if header.group(1) == "[[" and name == "claim":
                found.claims.append(number)
                claim, table = len(found.claims) - 1, ""
                continue
            inside = name.startswith("claim.")
            table = name.removeprefix("claim.") if inside else name
            where = (claim if inside else -1, table)
            _note(found, where, number)
            continue
        for key in _keys(line):
            _note(found, (claim, f"{table}.{key}" if table else key), number)
    return found


def _note(found: Places, where: tuple[int, str], number: int) -> None:
    if where in found.keys:
        found.repeated.append((number, where[1].rpartition(".")[2]))
    found.keys.setdefault(where, number)


def _keys(line: str) -> Iterator[str]:
    """The key that starts a line; inline tables are looked up by the key that holds them."""
    match = _KEY.match(line)
    if match:
        yield "".join(match.group(1).split())


def depth(text: str) -> int:
    """How deeply brackets are nested, strings and comments aside."""
    deepest = open_ = 0
    for c in blanked(text):
        open_ += (c in "[{") - (c in "]}")
        deepest = max(deepest, open_)
    return deepest


def blanked(text: str) -> str:
    """The text with what stands in strings and comments replaced by blanks, line by line the same."""
    out: list[str] = []
    place, size = 0, len(text)
    while place < size:
        c = text[place]
        if c == "#":
            end = text.find("\n", place)
            end = size if end < 0 else end
        elif c in "\"'":
            end = _string_end(text, place)
        else:
            out.append(c)
            place += 1
            continue
        out.extend("\n" if x == "\n" else " " for x in text[place:end])
        place = end
    return "".join(out)


def _string_end(text: str, start: int) -> int:
    quote = text[start]
    long = text.startswith(quote * 3, start)
    closing = quote * 3 if long else quote
    place = start + len(closing)
    while place < len(text):
        if text[place] == "\\" and quote == '"':
            place += 2
        elif text.startswith(closing, place):
            return place + len(closing)
        elif text[place] == "\n" and not long:
            return place  # not closed: the parser will say so
        else:
            place += 1
    return len(text)
