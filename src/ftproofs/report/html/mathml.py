"""Formulas as MathML, made from the LaTeX of the LaTeX export; words with the formulas in them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from latex2mathml.converter import convert
from markupsafe import Markup, escape

from ftproofs.claim import Statement
from ftproofs.report.latex.claims import relation_row
from ftproofs.symbolic.prose import pieces

#: The elements of MathML Core that formulas are made of; anything else is an error of the converter.
ELEMENTS = frozenset(
    {
        *("math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "ms", "mstyle", "mpadded", "mphantom"),
        *("mfrac", "msqrt", "mroot", "msub", "msup", "msubsup", "munder", "mover", "munderover"),
        *("mtable", "mtr", "mtd", "mmultiscripts", "mprescripts"),
    }
)
_FUNCTIONS = "arccos|arcsin|arctan|cosh|cos|sinh|sin|tanh|tan|ln"
_ATTRIBUTES = re.compile(r"[a-z]+\Z")
_NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"


@lru_cache(maxsize=1 << 15)
def mathml(tex: str, *, display: bool = False) -> Markup:
    """A formula as a ``math`` element.

    Raises:
        ValueError: the converter made something that is no MathML.
    """
    text = convert(_plain(tex), display="block" if display else "inline")
    for element in ElementTree.fromstring(text).iter():
        if element.tag.removeprefix(_NAMESPACE) not in ELEMENTS or not all(map(_ATTRIBUTES.match, element.attrib)):
            raise ValueError(f"{tex:.80}: no MathML but {element.tag}")
    return Markup(text)


def _plain(tex: str) -> str:
    r"""LaTeX as the converter sets it best: ``\|`` for ``\lVert``, ``\frac`` for ``\tfrac``, spaces it leaves out."""
    tex = tex.replace(r"\tfrac", r"\frac").replace(r"\lVert", r"\|").replace(r"\rVert", r"\|")
    # TeX sets a function a little apart from its neighbours; MathML has to be told.
    tex = re.sub(rf"(?<=[\w)}}]) (?=\\(?:{_FUNCTIONS})(?![A-Za-z]))", r" \\, ", tex)
    return re.sub(rf"(\\(?:{_FUNCTIONS})(?:\^\{{[^{{}}]*\}})?) (?=[A-Za-z\\])(?!\\left)", r"\1 \\, ", tex)


def printable(value: Any) -> Any:
    """Text without control characters and signs that turn the direction of reading; anything else as it is."""
    if isinstance(value, str) and not isinstance(value, Markup) and not value.isprintable():
        return "".join(c if c.isprintable() else " " for c in value)
    return value


def words(text: str) -> Markup:
    """Text, its formulas as MathML and its identifiers in typewriter; the rest is escaped."""
    parts = []
    for piece in pieces(text):
        if piece.kind == "math":
            parts.append(mathml(piece.body) + escape(piece.end))
        elif piece.kind == "code":
            parts.append(Markup("<code>{}</code>{}").format(piece.body, piece.end))
        else:
            parts.append(escape(printable(piece.body)))
    return Markup(" ").join(parts)


def sentence(text: str) -> Markup:
    """`words` with a capital letter, unless they begin with a formula."""
    found = words(text)
    return found[:1].upper() + found[1:] if found[:1].isalpha() else found


def relation(statement: Statement) -> tuple[Markup, tuple[Markup, ...]]:
    """A relation as a display, and what the letters in it stand for where it is too wide without them."""
    row = relation_row(statement)
    where = tuple(mathml(f"{letter} = {tex}", display=True) for letter, tex in row.where)
    return mathml(f"{row.lhs} {row.sign} {row.rhs}", display=True), where
