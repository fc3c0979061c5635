r"""Words as LaTeX: escaped, with the formulas in them set as formulas.

`escape` is the only way any text gets into LaTeX.  `prose` escapes too, but first picks
out runs of words that a closed grammar reads as a formula, such as ``n <= d``,
``X^+ y`` or ``s_max^2``; each is written from a table of names, letters and digits,
so that nothing of the text itself becomes a command.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ftproofs.symbolic.notation import GREEK

_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "[": "{[}",  # so that no text ends an optional argument
    "]": "{]}",
    "`": r"\textasciigrave{}",
}
#: Two characters that a font would join into another sign: dashes, quotes, inverted marks.
_JOINED = re.compile(r"(?<=-)-|(?<=,),|(?<=')'|(?<=[!?])(?=\\textasciigrave)")
#: Accents of Western letters, in every text font.
_ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0327": "c",
    "\u0328": "k",
    "\u0306": "u",
    "\u0304": "=",
    "\u0307": ".",
}
_LETTERS = {
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "ı": r"\i{}",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "‘": r"\textquoteleft{}",
    "’": r"\textquoteright{}",
    "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}",
    "œ": r"\oe{}",
    "Œ": r"\OE{}",
    "…": r"\dots{}",
    "§": r"\S{}",
    "−": "$-$",
    "×": r"$\times$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "∞": r"$\infty$",
}


def escape(text: str) -> str:
    """Text that LaTeX prints as it is.

    Control characters become spaces; letters that a Western font lacks are named by
    their code point, as [U+4E2D].
    """
    return _JOINED.sub(lambda found: "{}" + found[0], "".join(_character(c) for c in text))


def _character(c: str) -> str:
    if " " <= c <= "~":
        return _ESCAPES.get(c, c)
    if not c.isprintable():
        return " "
    if c in _LETTERS:
        return _LETTERS[c]
    base, *marks = list(unicodedata.normalize("NFD", c))
    if len(marks) == 1 and marks[0] in _ACCENTS and base.isascii() and base.isalpha():
        accent = _ACCENTS[marks[0]]
        return f"\\{accent}{{{base}}}"
    greek = unicodedata.name(c, "").removeprefix("GREEK SMALL LETTER ").removeprefix("GREEK CAPITAL LETTER ")
    letter = greek.capitalize() if c.isupper() else greek.lower()
    return f"$\\{letter}$" if letter in GREEK else f"{{[}}U+{ord(c):04X}{{]}}"


# -- formulas in words -----------------------------------------------------------

_OPERATORS = frozenset({"exp", "ln", "log", "max", "min", "cos", "sin", "tan"})
_UPRIGHT = frozenset({"Beta", "Wishart", "spec"})
_NAMES = {"eps": r"\varepsilon", "infinity": r"\infty", "oo": r"\infty", "sum": r"\sum", "tr": r"\operatorname{tr}"}
_SIGNS = {"<=": r"\le", ">=": r"\ge", "==": "=", "->": r"\to", "!=": r"\ne", "{": r"\{", "}": r"\}", "*": r"\cdot"}
_SUBSCRIPTS = {"perp": r"\perp", "oo": r"\infty", "min": r"\min", "max": r"\max"}
_SUP = r"\+|-?\d+|[A-Za-z]|\((?:[^()^_']|\([^()^_']*\))*\)"
_PIECE = re.compile(
    r"(?P<number>\d+(\.\d+)?)(e(?P<ten>-?\d+))?"
    r"|(?P<name>[A-Za-z]+)(_(?P<sub>\d+|[A-Za-z]+))?(?P<prime>'*)(\^(?P<sup>" + _SUP + r"))?(?P<late>'*)"
    r"|(?P<close>[)\]|])\^(?P<power>" + _SUP + r")"
    r"|(?P<sign><=|>=|==|->|!=|[-+*/=<>,()\[\]{}|])"
)
_SPACED_POWER = re.compile(r"\^\((?:[^()]|\([^()]*\))*\)")
_BETWEEN = frozenset({"=", "<", ">", "<=", ">=", "==", "+", "-", "*", "/", "->", "!="})
_WORD = re.compile(r"(?P<math>.+?)(?P<end>[.,:;]?)\Z")
#: Letters that are words of their own unless they stand beside a formula.
_WORDS = frozenset({"a", "A", "I"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text between spaces: a formula as LaTeX, an identifier or a word, and what follows it at once."""

    kind: Literal["math", "code", "text"]
    body: str
    end: str = ""


def prose(text: str) -> str:
    """Text as LaTeX, its formulas in math mode."""
    return " ".join(map(_tex, pieces(text)))


def _tex(piece: Piece) -> str:
    if piece.kind == "math":
        return f"${piece.body}${piece.end}"
    if piece.kind == "code":
        return rf"\texttt{{{escape(piece.body)}}}{piece.end}"
    return escape(piece.body)


def pieces(text: str) -> Iterator[Piece]:
    """The text's formulas, identifiers and words in their order."""
    words = _SPACED_POWER.sub(lambda found: found[0].replace(" ", ""), text).split()
    place = 0
    while place < len(words):
        run, end = _formula(words, place)
        if run is not None:
            yield run
            place = end
        else:
            yield _plain(words[place])
            place += 1


def _formula(words: list[str], start: int) -> tuple[Piece | None, int]:
    """The longest formula that begins at a word, with what punctuation ends it; and where it stops."""
    found_tex: list[str] = []
    ends = [start]
    for place in range(start, len(words)):
        found = _WORD.match(words[place])
        tex = _math(found["math"]) if found else None
        if tex is None or found is None:
            break
        found_tex.append(tex)
        ends.append(place + 1)
        if found["end"] and not _open(words[start : place + 1]):
            break
    for stop in range(len(found_tex), 0, -1):
        run = words[start : start + stop]
        if _stands(run, words, start, start + stop):
            found = _WORD.match(run[-1])
            assert found is not None
            last = _math(found["math"])
            inner = [*(_math(w) or "" for w in run[:-1]), last or ""]
            return Piece("math", _spaced(run, inner), found["end"]), start + stop
    return None, start


def _spaced(run: list[str], inner: list[str]) -> str:
    """Words side by side are factors and keep a thin space."""
    text = inner[0]
    for before, word, tex in zip(run, run[1:], inner[1:], strict=False):
        beside = before[-1] not in "+-*/=<>,([{|" and word[0] not in "+-*/=<>,)]}|"
        text += (r" \, " if beside else " ") + tex
    return text


def _open(run: list[str]) -> bool:
    text = "".join(run)
    return any(text.count(o) > text.count(c) for o, c in ("()", "[]", "{}")) or text.count("|") % 2 == 1


def _stands(run: list[str], words: list[str], start: int, stop: int) -> bool:
    """Whether a run of words that read as formulas is one: brackets closed, no sign dangling, no article."""
    text = " ".join(run)
    bare = text.rstrip(".,:;")
    closed = all(bare.count(o) == bare.count(c) for o, c in ("()", "[]", "{}")) and bare.count("|") % 2 == 0
    if not closed or run[0] in _BETWEEN - {"-"} or run[-1] in _BETWEEN | _OPERATORS | {"sum", "tr"}:
        return False
    if not any(c.isalnum() for c in bare):
        return False
    if run[0] in _WORDS and (len(run) == 1 or run[1] not in _BETWEEN):
        if run[0] == "A":
            return start > 0
        last_word = stop == len(words) and len(run) == 1 and start > 0
        return last_word or (start > 0 and words[start - 1].endswith(",") and len(run) > 1)
    if bare in _WORDS:  # with punctuation after it
        return start > 0
    if any(word in ("a", "I") and place and run[place - 1] not in _BETWEEN for place, word in enumerate(run)):
        return run[-1] == "I"
    return not (bare.isdigit() and len(bare) == 4)  # a year


def _math(word: str) -> str | None:
    """A word as a formula, None if it is none."""
    text = ""
    place = 0
    if re.search(r"[a-z]'s\Z", word):
        return None
    while place < len(word):
        if place and word[place].isdigit() and word[place - 1].isalpha():
            return None  # L2 is a word
        found = _PIECE.match(word, place)
        tex = _piece(found) if found else None
        if found is None or tex is None:
            return None
        joint = " " if text and tex[0].isalpha() and re.search(r"\\[A-Za-z]+\Z", text) else ""
        text += joint + tex
        place = found.end()
    return text


def _piece(found: re.Match[str]) -> str | None:
    if found["number"]:
        ten = rf" \cdot 10^{{{found['ten']}}}" if found["ten"] else ""
        return f"10^{{{found['ten']}}}" if ten and found["number"] == "1" else found["number"] + ten
    if found["sign"]:
        return _SIGNS.get(found["sign"], found["sign"])
    if found["close"]:
        power = _script(found["power"])
        return None if power is None else _SIGNS.get(found["close"], found["close"]) + f"^{{{power}}}"
    name = _name(found["name"], applied=found.string[found.end() : found.end() + 1] == "(")
    if name is None:
        return None
    if found["sub"]:
        sub = found["sub"]
        if not (sub.isdigit() or len(sub) == 1 or sub in _SUBSCRIPTS):
            return None  # an identifier
        name += "_{" + _SUBSCRIPTS.get(sub, sub) + "}"
    marks = found["prime"] + found["late"]
    sup = _script(found["sup"]) if found["sup"] else ""
    if sup is None:
        return None
    if marks and found["name"] != "f":
        sup += r"\top" * len(marks)
    elif marks:
        sup += r"\prime" * len(marks)
    return name + (f"^{{{sup}}}" if sup else "")


def _name(name: str, *, applied: bool) -> str | None:
    if len(name) == 1:
        return name
    if name in GREEK or name in _OPERATORS:
        return f"\\{name}"
    if name in _UPRIGHT:
        return rf"\mathrm{{{name}}}" if applied else None
    if name in _NAMES:
        return _NAMES[name]
    return f"{name[0]}{name[1]}" if len(name) == 2 and name.isupper() else None


def _script(text: str) -> str | None:
    inner = text[1:-1] if text.startswith("(") else text
    return inner if inner == "+" else _math(inner.replace(" ", ""))


def _plain(word: str) -> Piece:
    """A word of text; names of the experiment in typewriter, ``T-th`` with its letter as a formula."""
    found = re.fullmatch(r"([A-Za-z])-([a-z]{2,}[.,:;]?)", word)
    if found and found[1] not in "aAI":
        return Piece("math", found[1], f"-{found[2]}")
    found = re.fullmatch(r"([A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+)([.,:;]?)", word)
    if found:
        return Piece("code", found[1], found[2])
    if word in ("<=", ">="):
        return Piece("math", _SIGNS[word])
    return Piece("text", word)
