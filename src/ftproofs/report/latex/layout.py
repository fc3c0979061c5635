"""How wide a formula is, roughly, and where it may be broken.

Widths are in em of the text font.  They only choose between layouts; a wrong guess
shows as a long line, never as another formula.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: Width left for a formula beside its number, on A4 with 11 pt text.
LINE = 33.0

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[{}^_&]|.")
_WIDE = {r"\to": 1.6, r"\le": 1.4, r"\ge": 1.4, r"\leq": 1.4, r"\geq": 1.4, "=": 1.4, "<": 1.4, ">": 1.4}
_OPERATORS = {"+": 1.3, "-": 1.3, r"\cdot": 0.8, r"\,": 0.2}
_FLAT = frozenset(
    {r"\left", r"\right", r"\limits", r"\mathrm", r"\mathbb", r"\operatorname", r"\text", r"\bar", r"\hat"}
)
_SCRIPT = 0.7


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a derivation: the sides, the sign between them, a label."""

    lhs: str
    sign: str
    rhs: str
    label: str
    where: tuple[tuple[str, str], ...] = ()


def width(tex: str) -> float:
    """An estimate of a formula's width."""
    body = re.sub(r"\\begin\{cases\}(.*?)\\end\{cases\}", _cases, tex)
    return _Reader(body).group()


def _cases(found: re.Match[str]) -> str:
    rows = found[1].split(r"\\")
    widest = max(rows, key=lambda row: width(row.replace("&", "")))
    return "{" + widest.replace("&", r"\text{mm}") + "}"


class _Reader:
    def __init__(self, tex: str) -> None:
        self.tokens = _TOKEN.findall(tex)
        self.place = 0

    def group(self) -> float:
        total = 0.0
        while self.place < len(self.tokens) and self.tokens[self.place] != "}":
            total += self.item()
        self.place += 1
        return total

    def item(self) -> float:
        token = self.tokens[self.place]
        self.place += 1
        if token == "{":
            return self.group()
        if token in "^_":
            return _SCRIPT * self.item() if self.place < len(self.tokens) else 0.0
        if token in (r"\frac", r"\dfrac"):
            return max(self.argument(), self.argument()) + 0.3
        if token == r"\sqrt":
            return 0.9 + self.argument()
        if token in _FLAT or token in " &":
            return 0.0
        if token in (r"\int", r"\sum", r"\max", r"\min", r"\lim"):
            return 1.6
        if token.startswith("\\") and len(token) > 2:
            return _WIDE.get(token, _OPERATORS.get(token, 0.6 if len(token) > 4 else 0.7))
        return _WIDE.get(token, _OPERATORS.get(token, 0.55 if token.isalnum() else 0.4))

    def argument(self) -> float:
        while self.place < len(self.tokens) and self.tokens[self.place] == " ":
            self.place += 1
        return self.item() if self.place < len(self.tokens) else 0.0


def terms(tex: str) -> list[str]:
    """A sum as its terms, each with its sign; braces and brackets are not entered."""
    found, start, depth = [], 0, 0
    for match in _TOKEN.finditer(tex):
        token = match[0]
        if token in ("{", "(", "[", r"\left", r"\begin"):
            depth += 1
        elif token in ("}", ")", "]", r"\right", r"\end"):
            depth -= 1
        # \left( and \begin{cases} count twice, and are closed twice
        elif token in "+-" and depth == 0 and tex[start : match.start()].strip():
            found.append(tex[start : match.start()].strip())
            start = match.start()
    return [*found, tex[start:].strip()]


def fit(rows: Sequence[Row], limit: float = LINE) -> bool:
    """Whether rows fit below each other with every sign, and every list of letters, at one place of the line."""
    left = max(width(row.lhs) for row in rows)
    where = [width(line.partition("&")[2]) for row in rows for line in where_lines(row, limit)]
    return left + max([*(width(row.rhs) for row in rows), *where]) <= limit


def lines(row: Row, limit: float = LINE, *, whole: bool | None = None) -> list[str]:
    """A row's lines inside ``align``: one when it fits, else broken after the sign, else between terms.

    ``whole`` says whether it fits, where that depends on the other rows of the display.
    """
    if fit([row], limit) if whole is None else whole:
        return [rf"{row.lhs} &{row.sign} {row.rhs}"]
    return [*_broken("&", row.lhs, limit), *_broken(rf"&\qquad {row.sign} ", row.rhs, limit)]


def _broken(start: str, tex: str, limit: float) -> list[str]:
    made = [start]
    for term in terms(tex):
        if width(made[-1]) + width(term) > limit and made[-1] != start:
            made.append(r"&\qquad\qquad ")
        made[-1] += term + " "
    return [line.rstrip() for line in made]


def where_lines(row: Row, limit: float = LINE) -> list[str]:
    """The letters of a row with what they stand for, as lines of their own."""
    made: list[str] = []
    for nth, (letter, tex) in enumerate(row.where):
        word = r"\text{where }" if nth == 0 else r"\phantom{\text{where }}"
        made += _broken(rf"&\qquad {word} {letter} = ", tex, limit - 4)
    return made


def groups(rows: Sequence[Row], limit: float = LINE) -> list[list[Row]]:
    """Rows whose signs can stand in one line below each other, as many as fit."""
    made: list[list[Row]] = []
    left = right = 0.0
    for row in rows:
        lhs, rhs = width(row.lhs), width(row.rhs)
        alone = lhs + rhs > limit or bool(row.where)
        if made and not alone and max(left, lhs) + max(right, rhs) <= limit:
            made[-1].append(row)
            left, right = max(left, lhs), max(right, rhs)
        else:
            made.append([row])
            left, right = (limit, limit) if alone else (lhs, rhs)
    return made
