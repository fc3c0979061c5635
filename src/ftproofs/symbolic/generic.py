"""Generic small matrices: matrix relations as polynomial identities, decided exactly.

Every entry of every matrix is an independent indeterminate of one polynomial ring
over the rationals; the only denominator is D, the determinant of the smaller Gram
matrix.  An identity at a size is proved when its numerator is the zero polynomial;
otherwise a rational point is returned at which it fails.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flint import Ordering, fmpq, fmpq_mpoly_ctx
from sympy import (
    Expr,
    Identity,
    ImmutableDenseMatrix,
    MatAdd,
    MatMul,
    MatPow,
    MatrixSymbol,
    Rational,
    Symbol,
    Transpose,
    ZeroMatrix,
    sympify,
)
from sympy.matrices.expressions.matexpr import MatrixExpr

from ftproofs.symbolic import matrices as m

Poly = Any  # flint.fmpq_mpoly


@dataclass(frozen=True)
class Entries:
    """A matrix of polynomials over a common power of D: ``rows[i][j] / D**power``."""

    rows: tuple[tuple[Poly, ...], ...]
    power: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.rows), len(self.rows[0])


class Ring:
    """The ring of one size (n, d): generic entries, local scalars, and D.

    ``rules`` replaces matrix symbols by expressions or rational matrices (what is given about them).
    """

    def __init__(
        self, size: tuple[int, int], used: Iterable[Any], rules: Mapping[MatrixSymbol, MatrixExpr] | None = None
    ) -> None:
        self.n, self.d = size
        self.rules = dict(rules or {})
        names, scalars = self._collect(used)
        if len({s.name for s in scalars}) < len(scalars):
            raise ValueError("two symbols have one name")
        generators = sorted(names) + sorted(s.name for s in scalars)
        self.context = fmpq_mpoly_ctx.get(generators, Ordering.degrevlex)
        self.generators = dict(zip(generators, self.context.gens(), strict=True))
        self._values: dict[MatrixSymbol, Entries] = {}

    # -- what is generic ------------------------------------------------------

    def _collect(self, used: Iterable[Any]) -> tuple[set[str], set[Symbol]]:
        symbols: set[MatrixSymbol] = set()
        scalars: set[Symbol] = set()
        queue = list(used)
        while queue:
            expr = queue.pop()
            scalars |= {s for s in expr.free_symbols if not isinstance(s, MatrixSymbol) and not self._is_size(s)}
            for symbol in expr.atoms(MatrixSymbol) - symbols:
                symbols.add(symbol)
                if symbol in self.rules:
                    queue.append(self.rules[symbol])
                elif symbol in _BUILT:
                    queue.append(m.X)
                elif symbol == m.y:
                    queue += [m.X, m.theta_T, m.eps]
        names: set[str] = set()
        for symbol in symbols:
            if symbol not in self.rules and symbol not in _BUILT and symbol != m.y:
                rows, columns = self.shape(symbol)
                if symbol == m.root:
                    names |= {_entry(symbol, i, i) for i in range(rows)}
                else:
                    names |= {_entry(symbol, i, j) for i in range(rows) for j in range(columns)}
        return names, scalars

    @staticmethod
    def _is_size(symbol: Symbol) -> bool:
        return symbol in (m.n, m.d, m.h)

    def number(self, expr: Any) -> Expr:
        """The expression with n and d replaced by this ring's size (hidden width 2)."""
        return sympify(expr).subs({m.n: self.n, m.d: self.d, m.h: 2})

    def shape(self, matrix: MatrixExpr) -> tuple[int, int]:
        """Rows and columns at this size."""
        rows, columns = (int(self.number(s)) for s in matrix.shape)
        return rows, columns

    # -- arithmetic -----------------------------------------------------------

    def constant(self, value: Any) -> Poly:
        """A rational number as a polynomial."""
        value = Rational(value)
        return self.context.constant(fmpq(int(value.p), int(value.q)))

    def scalar(self, expr: Expr) -> Poly:
        """A polynomial in local scalars, with rational coefficients.

        Raises:
            ValueError: the expression is not such a polynomial.
        """
        expr = self.number(expr)
        free = sorted(expr.free_symbols, key=str)
        if not free:
            if not expr.is_Rational:
                raise ValueError(f"{expr} is not rational")
            return self.constant(expr)
        poly = expr.as_poly(*free)
        if poly is None or (not poly.domain.is_QQ and not poly.domain.is_ZZ):
            raise ValueError(f"{expr} is not a polynomial with rational coefficients")
        total = self.constant(0)
        for monomial, coefficient in poly.terms():
            term = self.constant(coefficient)
            for symbol, exponent in zip(free, monomial, strict=True):
                term *= self.generators[symbol.name] ** exponent
            total += term
        return total

    @cached_property
    def gram(self) -> Poly:
        """D, the determinant of XX' (n <= d) or X'X (n > d)."""
        return _determinant(self._gram_rows)

    @cached_property
    def _gram_rows(self) -> tuple[tuple[Poly, ...], ...]:
        x = self.value(m.X).rows
        wide = x if self.n <= self.d else tuple(zip(*x, strict=True))
        return tuple(tuple(_dot(r, s) for s in wide) for r in wide)

    def _adjugate(self) -> Entries:
        """Inverse of the Gram matrix: its adjugate over D."""
        rows = self._gram_rows
        size = len(rows)
        if size == 1:
            return Entries(((self.constant(1),),), 1)
        minors = [[_determinant(_without(rows, j, i)) * (-1) ** (i + j) for j in range(size)] for i in range(size)]
        return Entries(tuple(map(tuple, minors)), 1)

    def value(self, symbol: MatrixSymbol) -> Entries:
        """The matrix a symbol stands for."""
        if symbol not in self._values:
            self._values[symbol] = self._build(symbol)
        return self._values[symbol]

    def _build(self, symbol: MatrixSymbol) -> Entries:
        if symbol in self.rules:
            return self.evaluate(self.rules[symbol])
        if symbol == m.Xp:
            x, inverse = self.evaluate(m.X.T), self._adjugate()
            return self._product(x, inverse) if self.n <= self.d else self._product(inverse, x)
        if symbol == m.P:
            return self._product(self.value(m.Xp), self.value(m.X)) if self.n < self.d else self._eye(self.d)
        if symbol == m.P_perp:
            return self._sum([self._eye(self.d), self._scaled(self.value(m.P), self.constant(-1))])
        if symbol == m.y:
            return self.evaluate(m.X * m.theta_T + m.eps)
        rows, columns = self.shape(symbol)
        zero = self.constant(0)
        diagonal = symbol == m.root
        return Entries(
            tuple(
                tuple(self.generators[_entry(symbol, i, j)] if i == j or not diagonal else zero for j in range(columns))
                for i in range(rows)
            )
        )

    def _eye(self, size: int) -> Entries:
        return Entries(tuple(tuple(self.constant(int(i == j)) for j in range(size)) for i in range(size)))

    def _raise(self, a: Entries, power: int) -> Entries:
        if power == a.power:
            return a
        return Entries(self._scaled(a, self.gram ** (power - a.power)).rows, power)

    def _sum(self, terms: list[Entries]) -> Entries:
        power = max(term.power for term in terms)
        total = self._raise(terms[0], power)
        for term in terms[1:]:
            other = self._raise(term, power)
            if other.shape != total.shape:
                raise ValueError(f"shapes {total.shape} and {other.shape} do not add")
            total = Entries(
                tuple(
                    tuple(p + q for p, q in zip(r, s, strict=True)) for r, s in zip(total.rows, other.rows, strict=True)
                ),
                power,
            )
        return total

    def add(self, a: Entries, b: Entries) -> Entries:
        """The sum of two matrices."""
        return self._sum([a, b])

    @staticmethod
    def is_zero(a: Entries) -> bool:
        """Whether every entry is the zero polynomial."""
        return all(p == 0 for row in a.rows for p in row)

    def multiply(self, a: Entries, b: Entries) -> Entries:
        """The product of two matrices."""
        return self._product(a, b)

    @staticmethod
    def _scaled(a: Entries, factor: Poly) -> Entries:
        return Entries(tuple(tuple(p * factor for p in row) for row in a.rows), a.power)

    @staticmethod
    def _product(a: Entries, b: Entries) -> Entries:
        if a.shape[1] != b.shape[0]:
            raise ValueError(f"shapes {a.shape} and {b.shape} do not multiply")
        columns = tuple(zip(*b.rows, strict=True))
        return Entries(tuple(tuple(_dot(r, c) for c in columns) for r in a.rows), a.power + b.power)

    def evaluate(self, expr: Any) -> Entries:
        """A matrix expression as entries.

        Raises:
            ValueError: something in it is no polynomial.
        """
        if isinstance(expr, MatrixSymbol):
            return self.value(expr)
        if isinstance(expr, Identity):
            return self._eye(self.shape(expr)[0])
        if isinstance(expr, ZeroMatrix):
            rows, columns = self.shape(expr)
            return Entries(tuple((self.constant(0),) * columns for _ in range(rows)))
        if isinstance(expr, ImmutableDenseMatrix):
            return Entries(tuple(tuple(self.constant(entry) for entry in row) for row in expr.tolist()))
        if isinstance(expr, Transpose):
            inner = self.evaluate(expr.arg)
            return Entries(tuple(zip(*inner.rows, strict=True)), inner.power)
        if isinstance(expr, MatAdd):
            return self._sum([self.evaluate(term) for term in expr.args])
        if isinstance(expr, MatPow) and expr.exp.is_Integer and expr.exp >= 1:
            base = self.evaluate(expr.base)
            total = base
            for _ in range(int(expr.exp) - 1):
                total = self._product(total, base)
            return total
        if isinstance(expr, MatMul):
            factors = [self.evaluate(f) for f in expr.args if isinstance(f, MatrixExpr)]
            total = factors[-1]
            for factor in reversed(factors[:-1]):  # right to left: vectors stay vectors
                total = self._product(factor, total)
            for factor in expr.args:
                if not isinstance(factor, MatrixExpr):
                    total = self._scaled(total, self.scalar(factor))
            return total
        raise ValueError(f"cannot read {type(expr).__name__} on generic matrices")

    # -- numbers --------------------------------------------------------------

    def read(self, reading: m.Reading) -> Entries:
        """A reading (a norm is read as its square) as a 1 x 1 matrix."""
        matrix = self.evaluate(reading.matrix)
        if reading.kind in ("norm", "square"):
            total, power = _sum(_dot(row, row) for row in matrix.rows), 2 * matrix.power
        elif reading.kind == "trace":
            total, power = _sum(matrix.rows[i][i] for i in range(matrix.shape[0])), matrix.power
        else:
            (total,), power = matrix.rows[0], matrix.power
        return Entries(((total * self.scalar(reading.factor),),), power)

    def gram_inverse_trace(self) -> Entries:
        """Trace of the inverse Gram matrix."""
        inverse = self._adjugate()
        return Entries(((_sum(inverse.rows[i][i] for i in range(inverse.shape[0])),),), 1)

    def counterexample(self, poly: Poly, *, seed: int = 0) -> dict[str, int]:
        """Small integers at which the non-zero polynomial does not vanish and D does not either."""
        draw = random.Random(seed)
        names = list(self.generators)
        gram = self.gram if _entry(m.X, 0, 0) in self.generators else None
        for radius in (2, 3, 5, 9, 40, 1000):
            for _ in range(40):
                point = [draw.randint(1 if name.startswith(m.root.name) else -radius, radius) for name in names]
                if poly(*point) != 0 and (gram is None or gram(*point) != 0):
                    return dict(zip(names, point, strict=True))
        raise ValueError("no integer point found")


_BUILT = (m.Xp, m.P, m.P_perp)


def _entry(symbol: MatrixSymbol, i: int, j: int) -> str:
    return f"{symbol.name}[{i},{j}]"


def _dot(a: Iterable[Poly], b: Iterable[Poly]) -> Poly:
    return _sum(p * q for p, q in zip(a, b, strict=True))


def _sum(terms: Iterable[Poly]) -> Poly:
    iterator = iter(terms)
    total = next(iterator)
    for term in iterator:
        total = total + term
    return total


def _without(rows: tuple[tuple[Poly, ...], ...], i: int, j: int) -> tuple[tuple[Poly, ...], ...]:
    return tuple(tuple(p for c, p in enumerate(row) if c != j) for r, row in enumerate(rows) if r != i)


def _determinant(rows: tuple[tuple[Poly, ...], ...]) -> Poly:
    """Laplace expansion: the matrices are 1 x 1 to 3 x 3."""
    if len(rows) == 1:
        return rows[0][0]
    return _sum(rows[0][j] * (-1) ** j * _determinant(_without(rows, 0, j)) for j in range(len(rows)))
