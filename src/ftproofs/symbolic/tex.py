"""A formula in LaTeX as text of the grammar: what SymPy's lark parser understands, shown back before use.

Names are found by their own LaTeX (``\\lVert\\delta\\rVert`` is ``delta_norm``) and put
in as plain symbols; products are made explicit, since the parser knows too few of the
implicit ones.  What comes out is text that the grammar reads like any other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import ascii_letters

import sympy
from sympy import Expr, Symbol
from sympy.core.relational import Relational
from sympy.parsing.latex import parse_latex

from ftproofs.errors import UsageError
from ftproofs.names import MEASUREMENTS, PARAMETERS

MAX_TEXT = 1000

_TOKEN = re.compile(r"\\[A-Za-z]+|\\[,;:! ]|\d+\.?\d*|\.\d+|[A-Za-z]|[-+*/=<>^_(){}\[\]|,]|\s+")
_SPACES = frozenset({r"\,", r"\;", r"\:", r"\!", "\\ ", r"\quad", r"\qquad", r"\displaystyle", r"\left", r"\right"})
_CALLS = frozenset(
    r"\sin \cos \tan \arcsin \arccos \arctan \sinh \cosh \exp \log \ln \max \min".split()  # noqa: SIM905
)
_BINARY = frozenset({*"+-*/=<>^_,", r"\cdot", r"\times", r"\le", r"\leq", r"\ge", r"\geq"})
_WITH_BRACES = frozenset({r"\frac", r"\dfrac", r"\tfrac", r"\sqrt"})
_OTHER = frozenset({r"\pi", r"\lVert", r"\rVert", r"\lvert", r"\rvert", r"\perp", r"\parallel"})
_PLAIN = {r"\times": r"\cdot", r"\dfrac": r"\frac", r"\tfrac": r"\frac", r"\lvert": "|", r"\rvert": "|", "*": r"\cdot"}
#: Symbols that the parser reads as one: a letter with one character below.
_PLACEHOLDERS = [f"{letter}_{{{below}}}" for letter in "uvwxyz" for below in ascii_letters]
_SIGNS = {sympy.Eq: "==", sympy.Le: "<=", sympy.Ge: ">=", sympy.Lt: "<", sympy.Gt: ">"}


def to_text(latex: str, names: Sequence[str]) -> str:
    """The relation as text of the grammar; ``names`` are those that may occur.

    Raises:
        UsageError: FT102 too long, FT237 what cannot be understood.
    """
    if len(latex) > MAX_TEXT:
        raise UsageError("FT102", f"formula longer than {MAX_TEXT} characters")
    symbols = dict(zip(_PLACEHOLDERS, sorted(names), strict=False))
    tokens = _named(_tokens(latex), {name: placeholder for placeholder, name in symbols.items()})
    prepared = " ".join(_multiplied(tokens))
    try:
        found = parse_latex(prepared, backend="lark")
    except Exception as error:
        # The parser raises errors of its own library, of several kinds.
        reason = str(error).partition("\n")[0]
        raise UsageError("FT237", f"not understood: {reason:.120}") from None
    if not isinstance(found, Relational) or type(found) not in _SIGNS:
        raise UsageError("FT237", f"understood as {_text(found, symbols):.200}, which is no relation")
    sides = (_text(side, symbols) for side in (found.lhs, found.rhs))
    return f"{next(sides)} {_SIGNS[type(found)]} {next(sides)}"


def _text(expr: object, symbols: Mapping[str, str]) -> str:
    if not isinstance(expr, Expr):
        raise UsageError("FT237", "understood in more than one way, or not as a formula")
    change = {s: Symbol(symbols.get(s.name, s.name)) for s in expr.free_symbols}
    change |= {s: sympy.E for s in expr.free_symbols if s.name == "e"}
    change |= {s: sympy.pi for s in expr.free_symbols if s.name == "pi"}
    return str(expr.xreplace(change))


def _tokens(latex: str) -> list[str]:
    found, place = [], 0
    while place < len(latex):
        match = _TOKEN.match(latex, place)
        if match is None:
            raise UsageError("FT237", f"character {latex[place]!r} at column {place + 1} is not read")
        place = match.end()
        token = match.group()
        if not token.isspace() and token not in _SPACES:
            found.append(_PLAIN.get(token, token))
    return found


def _named(tokens: list[str], placeholders: Mapping[str, str]) -> list[str]:
    """The tokens with every name's own LaTeX replaced by its placeholder, longest first."""
    spelled: dict[tuple[str, ...], str] = {}
    for name, placeholder in placeholders.items():
        known = PARAMETERS.get(name) or MEASUREMENTS.get(name)
        if known is None:
            continue
        try:
            spelled.setdefault(tuple(_tokens(known.latex)), placeholder)
        except UsageError:
            continue  # a name whose LaTeX uses what formulas may not
    longest = max(map(len, spelled), default=1)
    found, place = [], 0
    while place < len(tokens):
        for size in range(min(longest, len(tokens) - place), 0, -1):
            part = tuple(tokens[place : place + size])
            if part in spelled:
                found.append(spelled[part])
                place += size
                break
        else:
            _check(tokens[place])
            found.append(tokens[place])
            place += 1
    return found


def _check(token: str) -> None:
    known = _CALLS | _BINARY | _WITH_BRACES | _OTHER
    if token.startswith("\\") and token not in known:
        raise UsageError("FT237", f"command {token} is no name of this experiment and not read")


def _multiplied(tokens: list[str]) -> list[str]:
    """The tokens with a sign between factors that stand side by side."""
    found: list[str] = []
    open_: list[bool] = []  # for every open brace: whether what it closes may be followed by a factor
    ended = False  # whether a factor may have just ended
    for i, token in enumerate(tokens):
        starts = token not in _BINARY and token not in ("}", ")", "{", "]", "[") and not (token == "|" and ended)
        if ended and starts:
            found.append(r"\cdot")
        found.append(token)
        if token == "|":  # a bar after a factor closes, any other opens
            continue
        if token in "{([":
            before = tokens[i - 1] if i else ""
            opens_exponent = before in ("^", "_")
            of_call = opens_exponent and i >= 2 and tokens[i - 2] in _CALLS
            more = before == r"\frac" or (before == "]" and token == "{")
            open_.append(not (of_call or before == r"\frac") if token == "{" or more else True)
            ended = False
        elif token in "})]":
            ended = open_.pop() if open_ else True
        elif token in _BINARY or token in _CALLS or token in _WITH_BRACES:
            ended = False
        else:
            # A bare exponent of a function, as in \sin^2 x, ends no factor.
            ended = not (i >= 2 and tokens[i - 1] == "^" and tokens[i - 2] in _CALLS)
    return found
