"""The sign of a polynomial on a box, exactly: Bernstein coefficients, with subdivision."""

from __future__ import annotations

from itertools import product
from math import comb
from typing import TypeAlias

from flint import fmpq
from sympy import Poly

#: Rational ends (None: infinite) and whether the lower end is excluded.
Span: TypeAlias = tuple[fmpq | None, fmpq | None, bool]
Terms: TypeAlias = dict[tuple[int, ...], fmpq]

_BOXES = 200
_TERMS = 20_000


def polynomial_level(poly: Poly, spans: list[Span]) -> int:
    """The level (see `ftproofs.symbolic.signs`) of a polynomial whose variables lie in the spans.

    Finite spans are mapped to t in [0, oo] by x = (low + high t)/(1 + t), half-lines by
    a shift; coefficients of one sign then decide. What is not decided is halved.
    """
    terms = {m: fmpq(int(c.p), int(c.q)) for m, c in poly.terms() if c.is_Rational}
    if len(terms) != len(poly.terms()):
        return 0
    stack, decided, worst = [spans], 0, 3
    whole = True
    for _ in range(_BOXES):
        if not stack:
            return decided * (worst if whole or worst == 3 else 1)
        box = stack.pop()
        level = _level(terms, box)
        if level == 0:
            halves = _halves(box)
            if halves is None:
                return 0
            stack += halves
            whole = False
            continue
        sign = 1 if level > 0 else -1
        if decided not in (0, sign):
            return 0
        decided, worst = sign, min(worst, abs(level))
    return 0


def _level(terms: Terms, spans: list[Span]) -> int:
    closed: list[tuple[int, ...]] = []
    for axis, (low, high, excluded) in enumerate(spans):
        degree = max(m[axis] for m in terms)
        matrix = _transform(low, high, degree)
        if matrix is None:
            if any(m[axis] % 2 for m in terms):
                return 0
            closed.append((0,) if degree else ())
            continue
        terms = _apply(terms, axis, matrix)
        if not terms:
            return 1  # identically zero on these spans
        if len(terms) > _TERMS:
            return 0
        ends = [] if low is None or excluded else [0]
        if high is not None:
            ends.append(degree if low is not None else 0)
        # t = 0 is low (or the one finite end), t = oo is high
        closed.append(tuple(dict.fromkeys(ends)) if degree else ())
    signs = {c > 0 for c in terms.values()}
    if len(signs) != 1:
        return 0
    positive = all(
        any(all(m[axis] == end for axis, end in zip(axes, corner, strict=True)) for m in terms)
        for axes, corner in _corners(closed)
    )
    whole_lines = any(
        low is None and high is None and any(m[i] for m in terms) for i, (low, high, _) in enumerate(spans)
    )
    level = 3 if positive else 1 if whole_lines else 2
    return level if signs.pop() else -level


def _corners(closed: list[tuple[int, ...]]) -> list[tuple[list[int], tuple[int, ...]]]:
    axes = [axis for axis, ends in enumerate(closed) if ends]
    return [(axes, corner) for corner in product(*(closed[axis] for axis in axes))]


def _transform(low: fmpq | None, high: fmpq | None, degree: int) -> list[list[fmpq]] | None:
    """Row j: coefficients in t of x**j (times (1 + t)**degree for a finite span); None for a whole line."""
    if low is not None and high is not None:
        return [
            _multiplied(_binomial(low, high, j), [fmpq(comb(degree - j, k)) for k in range(degree - j + 1)])
            for j in range(degree + 1)
        ]
    if low is not None:
        return [_binomial(low, fmpq(1), j) for j in range(degree + 1)]
    if high is not None:
        return [_binomial(high, fmpq(-1), j) for j in range(degree + 1)]
    return None


def _binomial(a: fmpq, b: fmpq, power: int) -> list[fmpq]:
    """Coefficients of (a + b t)**power."""
    return [comb(power, k) * a ** (power - k) * b**k for k in range(power + 1)]


def _multiplied(p: list[fmpq], q: list[fmpq]) -> list[fmpq]:
    result = [fmpq(0)] * (len(p) + len(q) - 1)
    for i, a in enumerate(p):
        for j, b in enumerate(q):
            result[i + j] += a * b
    return result


def _apply(terms: Terms, axis: int, matrix: list[list[fmpq]]) -> Terms:
    result: Terms = {}
    for monomial, coefficient in terms.items():
        for k, factor in enumerate(matrix[monomial[axis]]):
            if factor != 0:
                key = (*monomial[:axis], k, *monomial[axis + 1 :])
                result[key] = result.get(key, fmpq(0)) + coefficient * factor
    return {m: c for m, c in result.items() if c != 0}


def _halves(spans: list[Span]) -> list[list[Span]] | None:
    finite = [
        (high - low, i) for i, (low, high, _) in enumerate(spans) if low is not None and high is not None and low < high
    ]
    if not finite:
        return None
    axis = max(finite)[1]
    low, high, excluded = spans[axis]
    assert low is not None
    assert high is not None
    middle = (low + high) / 2
    return [[*spans[:axis], part, *spans[axis + 1 :]] for part in ((low, middle, excluded), (middle, high, False))]
