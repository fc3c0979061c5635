"""Is it zero? Is it positive? Exact routes first, then balls, else undecided.

The ladder for an expression E on a box:

1. *normal form*: E is the zero rational function of free generators: proved;
2. *algebraic*: it is zero modulo the radicals it contains, or by its conjugates and a
   certified point: proved;
3. *balls*: at random rational points with 333 bits; a ball without zero disproves, with
   that point; if all are below 2**-166, E is probably zero, which proves nothing;
4. *precision* is doubled to 5328 bits where balls are too wide; then undecided.

Points are tried also when an exact route has closed: two routes that disagree are an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Literal

import sympy
from sympy import Expr, Symbol, nan, oo, zoo

from ftproofs.claim import Relation
from ftproofs.errors import FTError, UsageError
from ftproofs.symbolic import balls
from ftproofs.symbolic.algebra import prove_zero
from ftproofs.symbolic.box import Box, Point, box_for
from ftproofs.symbolic.cases import TooManyCases, cases, has_cases
from ftproofs.symbolic.inequality import search, subdivide
from ftproofs.symbolic.signs import Signs
from ftproofs.symbolic.vocabulary import exact

__all__ = ["Box", "Finding", "box_for", "holds", "is_zero"]

Status = Literal["proved", "probable", "disproved", "undecided"]

POINTS = 24
_BITS = 333
_LARGEST_BITS = 5328
_SMALL = 166
_CHOICES = 16
_SPLITS = 2
_CROSS_CHECKED = 100

#: In place of a number of splits: none, and no norms of algebraic functions, which may take minutes.
_CHEAPLY = -1


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about a relation, by which route, and the point that disproves it or what is missing."""

    status: Status
    route: str
    detail: str = ""


def is_zero(expr: Expr, box: Box) -> Finding:
    """Whether the expression vanishes on the box, wherever it is defined there.

    Raises:
        UsageError: FT110, FT111, FT112 (see `vocabulary.exact`).
        FTError: FT132 an exact route and a ball disagree.
    """
    expr = exact(expr)
    box = box.with_defaults(expr.free_symbols)
    sampled, undefined = _sample(expr, box)
    if sampled.status == "disproved":
        # no proof can be there, and looking for one checks the exact routes that are quick
        small = sympy.count_ops(expr) <= _CROSS_CHECKED and not has_cases(expr)
        route = _prove(expr, box, _CHEAPLY) if small else None
        if route:
            raise FTError("FT132", f"routes disagree: {route} and {sampled.detail} on {expr}", exit_status=70)
        return sampled
    if sampled.route == "nowhere defined":
        return sampled
    route = _prove(expr, box, _SPLITS)
    if route is None:
        return sampled
    return Finding("proved", route, f"where it is defined: not {describe(undefined)}" if undefined else "")


def holds(lhs: Expr, rel: Relation, rhs: Expr, box: Box) -> Finding:
    """Whether ``lhs rel rhs`` holds on the box: sign rules and Bernstein coefficients, then subdivision.

    A search by subdivision says nothing about symbols whose range is only assumed: it
    then counts as probable.

    Raises:
        UsageError: FT110, FT111, FT112.
    """
    lhs, rhs = exact(lhs), exact(rhs)
    if rel == "==":
        return is_zero(lhs - rhs, box)
    gap = lhs - rhs if rel in (">", ">=") else rhs - lhs
    strict = rel in ("<", ">")
    if gap.has(nan, zoo):
        return Finding("undecided", "undefined", f"{lhs} {rel} {rhs} has no value")
    box = box.with_defaults(gap.free_symbols)
    point, undefined = search(gap, strict, box, POINTS)
    if point is not None:
        return Finding("disproved", "balls", describe(point))
    if undefined is not None:
        return Finding("undecided", "undefined", f"no real value {describe(undefined)}")
    try:
        parts = cases(gap, box)
    except TooManyCases as error:
        return Finding("undecided", "cases", str(error))
    if not parts:
        return Finding("undecided", "cases", "no case applies")
    routes: set[str] = set()
    for part, region in parts:
        level = 0 if part.has(oo, nan, zoo) else Signs(region)(part)
        if level == 3 or (level > 0 and not strict):
            routes.add("signs")
            continue
        found = subdivide(part, strict, region)
        if found.point is not None:
            return Finding("disproved", "subdivision", describe(found.point))
        if not found.proved:
            return Finding("undecided", "subdivision", found.detail)
        assumed = part.free_symbols & box.assumed
        routes.add(f"subdivision, only for {_ranges(assumed, box)}" if assumed else "subdivision")
    route = ", ".join(sorted(routes))
    return Finding("probable" if "only" in route else "proved", route)


def describe(point: Point) -> str:
    """The point as text."""
    return "at " + ", ".join(f"{s} = {x}" for s, x in sorted(point.items(), key=str)) if point else "everywhere"


def _ranges(symbols: Iterable[Symbol], box: Box) -> str:
    return ", ".join(f"{s} in [{box.ranges[s][0]}, {box.ranges[s][1]}]" for s in sorted(symbols, key=str))


# -- exact routes -----------------------------------------------------------------


def _prove(expr: Expr, box: Box, splits: int) -> str | None:
    """The exact route that closes the expression on the box, if one does."""
    try:
        parts = cases(expr, box)
    except TooManyCases:
        return None
    routes = [_prove_part(part, region, splits) for part, region in parts]
    if not routes or None in routes:
        return None
    return "algebraic" if "algebraic" in routes else "normal-form"


def _prove_part(expr: Expr, box: Box, splits: int) -> str | None:
    if expr.has(oo, nan, zoo):
        return None
    proof = prove_zero(expr, box, Signs(box), conjugates=splits != _CHEAPLY)
    if proof.route:
        return proof.route
    if proof.undecided and splits > 0:
        factor = proof.undecided[0]
        routes = [_prove(expr, box.where(half), splits - 1) for half in (factor >= 0, factor <= 0)]
        if None not in routes:
            return "algebraic" if "algebraic" in routes else routes[0]
    return _prove_choices(expr, box, min(splits, 0))


def _prove_choices(expr: Expr, box: Box, splits: int) -> str | None:
    """Each choice of the discrete symbols by itself."""
    symbols = sorted((s for s in expr.free_symbols if box.choices(s)), key=str)
    choices = list(product(*(box.choices(s) or () for s in symbols)))
    if not symbols or len(choices) > _CHOICES:
        return None
    routes = []
    for values in choices:
        chosen = dict(zip(symbols, values, strict=True))
        ranges = {s: r for s, r in box.ranges.items() if s not in chosen}
        constraints = tuple(c.subs(chosen) for c in box.constraints)
        if sympy.false in constraints:
            continue
        left = Box(ranges, tuple(c for c in constraints if c != sympy.true), box.assumed)
        routes.append(_prove(expr.subs(chosen), left, splits))
        if routes[-1] is None:
            return None
    return "algebraic" if "algebraic" in routes else "normal-form" if routes else None


# -- balls ------------------------------------------------------------------------


def _sample(expr: Expr, box: Box) -> tuple[Finding, Point | None]:
    """What random points say (disproved, probable or undecided), and one where there is no real value."""
    finding, undefined = Finding("undecided", "no points", "no point satisfies the constraints"), None
    small = 0
    for point in box.points(POINTS if expr.free_symbols else 1):
        try:
            verdict = _at(expr, point)
        except balls.Undefined:
            undefined = point
            continue
        except UsageError as error:
            return Finding("undecided", "balls", error.message), undefined
        if verdict is False:
            return Finding("disproved", "balls", describe(point)), undefined
        if verdict is None:
            finding = Finding("undecided", "precision", f"no decision with {_LARGEST_BITS} bits {describe(point)}")
        small += verdict is True
    if small and finding.route != "precision":
        finding = Finding("probable", "balls", f"below 2**-{_SMALL} at {small} points")
    elif undefined is not None and finding.route != "precision":
        finding = Finding("undecided", "nowhere defined", f"no real value {describe(undefined)} nor at other points")
    return finding, undefined


def _at(expr: Expr, point: Point) -> bool | None:
    """True: below the threshold; False: certainly not zero; None: no decision."""
    infinite = {s: x for s, x in point.items() if x in (oo, -oo)}
    expr = expr.subs(infinite) if infinite else expr
    if expr.has(nan, zoo):
        return None
    bits = _BITS
    while bits <= _LARGEST_BITS:
        found = balls.enclose(expr, point, prec=bits)
        if found.is_finite():
            if found != 0:
                return False
            if found.abs_upper() < balls.power_of_two(-_SMALL):
                return True
        elif found.is_exact() and not found.is_nan():
            return False
        bits *= 2
    return None
