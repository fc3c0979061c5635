"""Letters for parts of a formula that is too wide: what repeats, then what is largest.

Only whole subexpressions are named, none that speaks of a bound variable, and the
letters put back must give the formula again; else it stays as it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sympy
from sympy import Basic, Expr, Symbol
from sympy.core.function import AppliedUndef

from ftproofs.report.latex.layout import LINE, terms, width
from ftproofs.symbolic.latex import latex

_LETTERS = tuple("ABCDFGHKMQUVXYZ")
#: What is narrower than this stays as it is.
_WORTH = 4.0
#: A sum over more lines than this is shortened too.
_LINES = 3
_BINDERS = (sympy.Integral, sympy.Sum, sympy.Limit, sympy.Derivative)


@dataclass(frozen=True, slots=True)
class Shortened:
    """Formulas as LaTeX, and the letters in them with what they stand for."""

    formulas: tuple[str, ...]
    where: tuple[tuple[str, str], ...] = ()


def shortened(formulas: Sequence[Basic], limit: float = LINE) -> Shortened:
    """The formulas with letters for their parts, as few as make them fit."""
    whole = list(formulas)
    named: list[tuple[Symbol, Expr]] = []
    names: dict[Symbol, str] = {}
    for letter in _LETTERS:
        wide = [e for e in (*whole, *(part for _, part in named)) if not _fits(latex(e, names=names), limit)]
        part = _best(wide, limit, names) if wide else None
        if part is None:
            break
        symbol = sympy.Dummy(f"part{letter}")
        names[symbol] = rf"\mathcal{{{letter}}}"
        whole = [_swapped(e, part, symbol) for e in whole]
        named = [*((s, _swapped(e, part, symbol)) for s, e in named), (symbol, part)]
    if not _same(whole, named, formulas):
        return Shortened(tuple(latex(e) for e in formulas))
    where = tuple((names[symbol], latex(part, names=names)) for symbol, part in named)
    return Shortened(tuple(latex(e, names=names) for e in whole), where)


def _fits(tex: str, limit: float) -> bool:
    """Whether a formula fits on a few lines that are broken between its terms."""
    parts = [width(term) for term in terms(tex)]
    return max(parts) <= limit and sum(parts) <= _LINES * limit


def _best(wide: Sequence[Basic], limit: float, names: dict[Symbol, str]) -> Expr | None:
    """The subexpression whose name saves the most width."""
    count = Counter(part for e in wide for part in _parts(e, frozenset()))
    best, most = None, (False, 0.0)
    for part, times in sorted(count.items(), key=lambda item: sympy.default_sort_key(item[0])):
        size = width(latex(part, names=names))
        saved = (times > 1, times * (size - 1))  # what repeats comes first
        if _WORTH <= size <= _LINES * limit and part not in wide and saved > most:
            best, most = part, saved
    return best


def _parts(expr: Basic, bound: frozenset[Basic]) -> Iterator[Expr]:
    """The subexpressions that may have a letter: no functions of time by themselves, nothing bound."""
    if isinstance(expr, _BINDERS):
        yield from _parts(expr.args[0], bound | _bound(expr))
        return
    if not isinstance(expr, Expr) or expr.is_Atom or not expr.is_commutative:
        return
    nameless = isinstance(expr, AppliedUndef) or expr.has(sympy.Piecewise, sympy.MatrixSymbol)
    if not nameless and not expr.free_symbols & bound:
        yield expr
    for argument in expr.args:
        yield from _parts(argument, bound)


def _bound(expr: Basic) -> frozenset[Basic]:
    """The variables an integral, sum, limit or derivative binds."""
    return frozenset({expr.args[1]} if isinstance(expr, sympy.Limit) else expr.variables)


def _swapped(expr: Basic, part: Expr, letter: Symbol) -> Basic:
    """The letter for the part, except where a variable of the part is bound; what has no part stays untouched."""
    if expr == part:
        return letter
    if not expr.args or (isinstance(expr, _BINDERS) and _bound(expr) & part.free_symbols):
        return expr
    arguments = [_swapped(argument, part, letter) for argument in expr.args]
    if all(new is old for new, old in zip(arguments, expr.args, strict=True)):
        return expr
    return expr.func(*arguments)


def _same(whole: Sequence[Basic], named: Sequence[tuple[Symbol, Expr]], formulas: Sequence[Basic]) -> bool:
    letters = dict(named)
    for _ in named:  # a letter may stand in another's part
        whole = [e.xreplace(letters) for e in whole]
    return list(whole) == list(formulas)
