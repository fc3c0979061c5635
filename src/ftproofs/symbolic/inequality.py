"""Inequalities on a box: points that violate them, and subdivision with balls."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import chain, product

import sympy
from flint import arb, fmpq
from sympy import Expr, Integer, Rational, Symbol, oo

from ftproofs.errors import UsageError
from ftproofs.symbolic import balls
from ftproofs.symbolic.box import Box, Point
from ftproofs.symbolic.quotient import TooLarge, check_size

_BOXES = 20_000
_BITS = 64
_LARGEST_FACTORED = 300

#: A range (ends equal: a single value) of every symbol.
Region = dict[Symbol, tuple[Rational, Rational]]


@dataclass(frozen=True, slots=True)
class Subdivision:
    """What subdivision found: a proof, a point that violates, or neither."""

    proved: bool
    point: Point | None = None
    detail: str = ""


def search(gap: Expr, strict: bool, box: Box, count: int) -> tuple[Point | None, Point | None]:
    """A corner or random point where ``gap >= 0`` (``> 0`` if strict) certainly fails, and one without a value."""
    undefined = None
    for point in chain(box.corners(), box.points(count, seed="inequality")):
        try:
            if violates(gap, strict, point):
                return point, undefined
        except balls.Undefined:
            undefined = point
    return None, undefined


def violates(gap: Expr, strict: bool, point: Point) -> bool:
    """Whether the gap certainly is negative there (or zero, if strict).

    Raises:
        balls.Undefined: the gap certainly has no real value there.
    """
    try:
        found = balls.enclose(gap, point, prec=333)
    except UsageError:
        return False
    return bool(found < 0 or (strict and found.is_exact() and found == 0))


def subdivide(gap: Expr, strict: bool, box: Box, *, boxes: int = _BOXES) -> Subdivision:
    """Whether ``gap >= 0`` (``> 0`` if strict) on the whole box, by halving it until balls decide.

    Several forms of the gap are tried on every piece, since balls forget that equal
    symbols are equal. Integers are halved as integers, choices taken one by one, and
    pieces that violate a constraint dropped.
    """
    regions = _regions(gap, box)
    if regions is None:
        return Subdivision(False, detail="a range is infinite")
    widths = {s: max(r[s][1] - r[s][0] for r in regions) or Integer(1) for s in (regions[0] if regions else {})}
    forms, used, inside = _forms(gap), 0, False
    queue = deque(regions)  # widest first: a piece that touches zero must not hold up the others
    while queue:
        region = queue.popleft()
        used += 1
        if used > boxes:
            return Subdivision(False, detail=f"undecided after {boxes} boxes")
        at = {symbol: _ball(ends) for symbol, ends in region.items()}
        try:
            if any(balls.decide(constraint, at, prec=_BITS) is False for constraint in box.constraints):
                continue
            inside = True
            verdict = _verdict(forms, strict, at)
            if verdict is True:
                continue
            if verdict is False:
                point = {symbol: _middle(symbol, ends) for symbol, ends in region.items()}
                if box.admits(point) and violates(gap, strict, point):
                    return Subdivision(False, point)
        except (balls.Undefined, UsageError) as error:
            return Subdivision(False, detail=f"on {_text(region)}: {error}")
        halves = _halved(region, widths)
        if halves is None:
            return Subdivision(False, detail=f"undecided on {_text(region)}")
        queue += halves
    if not inside:
        return Subdivision(False, detail="no piece satisfies the constraints")
    return Subdivision(True, detail=f"{used} boxes")


def _verdict(forms: list[Expr], strict: bool, at: dict[Symbol, arb | fmpq]) -> bool | None:
    """True: holds on the piece; False: fails on all of it; None: neither is certain."""
    for form in forms:
        found = balls.enclose(form, at, prec=_BITS)
        if found > 0 or (not strict and found >= 0):
            return True
        if found < 0 or (strict and found <= 0):
            return False
    return None


def _forms(gap: Expr) -> list[Expr]:
    """The gap as it stands and factored."""
    meaning: dict[Symbol, Expr] = {}
    try:
        rational = check_size(_masked(gap, meaning), _LARGEST_FACTORED)
        factored = sympy.factor(sympy.together(rational)).xreplace(meaning)
    except (TooLarge, sympy.PolynomialError):
        return [gap]
    return [gap] if factored == gap else [gap, factored]


def _masked(expr: Expr, meaning: dict[Symbol, Expr]) -> Expr:
    """Whatever is not rational as symbols of its own: factoring must not look inside."""
    if expr.is_Rational or expr.is_Symbol:
        return expr
    if expr.is_Add or expr.is_Mul:
        return expr.func(*(_masked(arg, meaning) for arg in expr.args))
    if expr.is_Pow and expr.exp.is_Integer:
        return _masked(expr.base, meaning) ** expr.exp
    mask = next((symbol for symbol, known in meaning.items() if known == expr), None)
    if mask is None:
        mask = sympy.Dummy(f"m{len(meaning)}", real=True)
        meaning[mask] = expr
    return mask


def _regions(gap: Expr, box: Box) -> list[Region] | None:
    """One region for each combination of choices; None if a range is infinite."""
    symbols = set(gap.free_symbols).union(*(c.free_symbols for c in box.constraints))
    parts: list[list[tuple[Symbol, tuple[Rational, Rational]]]] = []
    for symbol in sorted(symbols, key=str):
        choices = box.choices(symbol)
        if choices is not None:
            if any(not choice.is_Rational for choice in choices):
                return None
            parts.append([(symbol, (choice, choice)) for choice in choices])
            continue
        low, high = (sympy.sympify(end) for end in box.ranges[symbol])
        if low in (oo, -oo) or high in (oo, -oo):
            return None
        parts.append([(symbol, (_outward(low, -1), _outward(high, 1)))])
    return [dict(region) for region in product(*parts)]


def _outward(bound: Expr, direction: int) -> Rational:
    if bound.is_Rational:
        return bound
    enclosure = balls.enclose(bound, {})
    end = balls.fraction(enclosure.upper() if direction > 0 else enclosure.lower())
    return Rational(end.numerator, end.denominator)


def _ball(ends: tuple[Rational, Rational]) -> arb | fmpq:
    low, high = (fmpq(int(end.p), int(end.q)) for end in ends)
    if low == high:
        return low
    with balls.precision(_BITS):
        return arb(low).union(arb(high))


def _middle(symbol: Symbol, ends: tuple[Rational, Rational]) -> Rational:
    middle = (ends[0] + ends[1]) / 2
    return sympy.floor(middle) if symbol.is_integer else middle


def _halved(region: Region, widths: dict[Symbol, Rational]) -> list[Region] | None:
    """Two halves along the relatively widest symbol; None for a single point."""
    symbol = max(region, key=lambda s: (region[s][1] - region[s][0]) / widths[s], default=None)
    if symbol is None:
        return None
    low, high = region[symbol]
    if low == high:
        return None
    middle = _middle(symbol, (low, high))
    after = middle + 1 if symbol.is_integer else middle
    return [region | {symbol: (low, middle)}, region | {symbol: (after, high)}]


def _text(region: Region) -> str:
    return ", ".join(f"{symbol} in [{low}, {high}]" for symbol, (low, high) in region.items())
