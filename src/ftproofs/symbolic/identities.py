"""Steps about matrices and about numbers read off them, closed on generic small matrices.

The sizes are said in the finding.  With matrices of rank n (n <= d) or d (n >= d)
generic means: every entry of X, the teachers, the noise and the covariance is free.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sympy import (
    Expr,
    ImmutableDenseMatrix,
    MatrixSymbol,
    Mul,
    S,
    Symbol,
    ZeroMatrix,
    cos,
    diag,
    fraction,
    sympify,
    together,
)
from sympy.matrices.expressions.matexpr import MatrixExpr

from ftproofs.claim import Statement
from ftproofs.names import EXPERIMENTS
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic import pretraining
from ftproofs.symbolic.context import Context, Regime
from ftproofs.symbolic.generic import Entries, Ring
from ftproofs.symbolic.rules import is_matrix
from ftproofs.symbolic.vocabulary import SYMBOLS, v
from ftproofs.symbolic.zero import Finding

Size = tuple[int, int]

SIZES: dict[Regime, tuple[Size, ...]] = {
    "wide": ((1, 2), (1, 3), (2, 3)),
    "square": ((1, 1), (2, 2)),
    "tall": ((2, 1), (3, 2)),
}


class Unreadable(ValueError):
    """The relation has no polynomial reading on generic matrices."""


@dataclass(frozen=True)
class Term:
    """A multiple of a given matrix equation: ``left * (lhs - rhs) * right``."""

    id: str
    left: Any = S.One
    right: Any = S.One


@dataclass(frozen=True)
class Generic:
    """A relation between matrices, or between numbers read off matrices, as a polynomial identity.

    Given equations whose left side is a matrix symbol replace that symbol.  ``using``
    is a certificate: the difference of the relation's sides is the sum of these multiples
    (1 x 1 for a relation between numbers) of given equations.  ``sizes`` are by default those that the
    domain's regimes (n < d, n = d, n > d) call for; sizes for some regimes only are refused.
    Where leading eigen-directions are spoken of, every number of them below n is tried.
    """

    using: tuple[Term, ...] = ()
    sizes: tuple[Size, ...] = ()

    def close(self, relation: Statement, context: Context) -> Finding:
        """Prove the identity at every size, or disprove it at one."""
        if relation.rel != "==":
            return Finding("undecided", "generic", "only equations are read on generic matrices")
        sizes = self.sizes or tuple(size for regime in sorted(context.regimes()) for size in SIZES[regime])
        missing = context.regimes() - {_regime(size) for size in sizes}
        if missing:
            return Finding("undecided", "generic", f"no size for {', '.join(sorted(missing))} matrices")
        splitting = m.head in self._matrices(relation, context)
        for size in sizes:
            for split in range(size[0]) if splitting else (0,):
                try:
                    ring, numerator = self._numerator(relation, size, split, context)
                except Unreadable as error:
                    return Finding("undecided", "generic", str(error))
                for poly in numerator:
                    if poly != 0:
                        where = f"(n, d) = {size}" + (f", split = {split}" if splitting else "")
                        return Finding("disproved", "generic", f"{where}, at {_point(ring, poly)}")
        return Finding("proved", "generic", "polynomial identity at (n, d) = " + ", ".join(map(str, sizes)))

    def _matrices(self, relation: Statement, context: Context) -> set[Any]:
        """The matrix symbols that the relation speaks of, directly or by its names' readings."""
        readings = _readings(context)
        parts = [sympify(x) for s in (relation, *context.given.values()) for x in (s.lhs, s.rhs)]
        parts += [readings[name].matrix for part in parts for name in part.free_symbols & set(readings)]
        return set().union(*(part.atoms(MatrixSymbol) for part in parts))

    def _numerator(self, relation: Statement, size: Size, split: int, context: Context) -> tuple[Ring, list[Any]]:
        rules = matrix_rules(context) | {m.head: leading(split, size[1])}
        try:
            if is_matrix(relation):
                return self._matrix_numerator(relation, size, context, rules)
            return _scalar_numerator(relation, size, context, rules, self._multiples(context))
        except (ValueError, KeyError, RecursionError) as error:
            raise Unreadable(str(error)) from error

    def _matrix_numerator(
        self, relation: Statement, size: Size, context: Context, rules: dict[MatrixSymbol, MatrixExpr]
    ) -> tuple[Ring, list[Any]]:
        difference = _difference(relation)
        for multiple in self._multiples(context):
            difference -= multiple
        ring = Ring(size, [difference], rules)
        return ring, [entry for row in ring.evaluate(difference).rows for entry in row]

    def _multiples(self, context: Context) -> list[Any]:
        found = []
        for term in self.using:
            if term.id not in context.given:
                raise Unreadable(f"step {term.id!r} is not given")
            equation = context.given[term.id]
            if equation.rel != "==" or not is_matrix(equation):
                raise Unreadable(f"step {term.id!r} is no equation between matrices")
            found.append(term.left * _difference(equation) * term.right)
        return found


@dataclass(frozen=True)
class Vanishes:
    """A norm is zero exactly when its vector is: ``name == 0`` from ``A == B``, or the other way round.

    The name must read |A - B|, up to a factor.
    """

    def close(self, relation: Statement, context: Context) -> Finding:
        """Find a given relation of the other kind and compare the name's vector with A - B."""
        if relation.rel != "==":
            return Finding("undecided", "zero norm", "not an equation")
        for statement in context.given.values():
            name, equation = (statement, relation) if is_matrix(relation) else (relation, statement)
            reading = m.READINGS.get(name.lhs) if name.rel == "==" and name.rhs == 0 else None
            if reading is None or reading.kind not in ("norm", "square") or not is_matrix(equation):
                continue
            if equation.rel == "==" and _same_vector(reading.matrix, _difference(equation), context):
                return Finding("proved", "zero norm", "a vector is zero when its norm is")
        return Finding("undecided", "zero norm", "nothing given reads as this vector's norm")


def _same_vector(one: Any, other: Any, context: Context) -> bool:
    """Whether two expressions are equal up to sign on generic matrices; the labels stay free."""
    for size in (size for regime in sorted(context.regimes()) for size in SIZES[regime]):
        ring = Ring(size, [one, other], {m.y: MatrixSymbol("labels", m.n, 1)})
        left, right = ring.evaluate(one), ring.evaluate(other)
        if left.shape != right.shape:
            return False
        minus = ring.evaluate(-1 * other)
        if not any(ring.is_zero(ring.add(left, x)) for x in (right, minus)):
            return False
    return True


def leading(split: int, d: int) -> ImmutableDenseMatrix:
    """The projector on the first eigen-directions."""
    return ImmutableDenseMatrix(diag(*(int(i < split) for i in range(d))))


def matrix_rules(context: Context) -> dict[MatrixSymbol, MatrixExpr]:
    """What is known about matrices: given equations for a symbol, no noise, no source."""
    rules: dict[MatrixSymbol, MatrixExpr] = {}
    parameters = EXPERIMENTS[context.claim.experiment].parameters
    if "sigma" in parameters and context.only("sigma", 0):
        rules[m.eps] = ZeroMatrix(m.n, 1)
    if "source_norm" not in parameters:
        rules[m.theta_S] = ZeroMatrix(m.d, 1)
    if context.claim.experiment == "transfer.scratch":
        rules[m.theta_S] = ZeroMatrix(m.d, 1)
    if context.only("spectrum", "isotropic"):
        rules[m.root] = m.identity
    for statement in context.given.values():
        if statement.rel == "==" and is_matrix(statement) and isinstance(statement.lhs, MatrixSymbol):
            if sympify(statement.rhs).has(statement.lhs):
                continue
            rules[statement.lhs] = statement.rhs
    return rules


def _scalar_numerator(
    relation: Statement, size: Size, context: Context, rules: dict[MatrixSymbol, MatrixExpr], multiples: list[Any]
) -> tuple[Ring, list[Any]]:
    """Numerator of lhs - rhs with every name replaced by its reading, denominators cleared."""
    readings = _readings(context)
    quotients = {name: value for name, value in m.QUOTIENTS.items() if _is_read(name, context)}
    lhs, rhs = (sympify(side).subs(quotients) for side in (relation.lhs, relation.rhs))
    if not context.start_is_fitted:
        lhs, rhs = (side.xreplace({v.start_norm: v.source_norm}) for side in (lhs, rhs))
    for sides in ((lhs, rhs), (lhs**2, rhs**2)):
        if sides != (lhs, rhs) and not (_is_nonnegative_term(lhs) and _is_nonnegative_term(rhs)):
            break
        if multiples and sides != (lhs, rhs):
            break  # certificates are for the relation as it stands
        numerator, denominator = fraction(together(sides[0] - sides[1]))
        if multiples and denominator != 1:
            raise Unreadable("a relation with denominators has no certificate")
        numerator = numerator.expand()
        names = sorted(numerator.free_symbols & (set(readings) | {m.gram_inverse_trace}), key=str)
        poly = numerator.as_poly(*names) if names else None
        if names and poly is None:
            raise Unreadable(f"{numerator} is not a polynomial in what is measured")
        terms = poly.terms() if poly is not None else [((), numerator)]
        odd = any(
            exponent % 2 and name in readings and readings[name].kind == "norm"
            for monomial, _ in terms
            for name, exponent in zip(names, monomial, strict=True)
        )
        if not odd:
            return _read_terms(terms, names, readings, size, rules, multiples)
    raise Unreadable("norms stand with odd powers; state the relation between their squares")


def reading_of(name: Symbol, context: Context) -> m.Reading | None:
    """The reading of a measurement, or of a local symbol defined as a 1 x 1 matrix; None if it has none."""
    return _readings(context).get(name)


def _readings(context: Context) -> dict[Symbol, m.Reading]:
    known = dict(m.READINGS)
    if context.claim.experiment == "deep-linear.pretrain":
        known |= pretraining.readings()
    return {name: reading for name, reading in known.items() if _is_read(name, context)} | {
        s.lhs: m.Reading("value", s.rhs)
        for s in context.given.values()
        if isinstance(s.lhs, Symbol) and isinstance(s.rhs, MatrixExpr)
    }


def _is_read(name: Expr, context: Context) -> bool:
    """Whether the name has its reading: the source teacher's norm and angle are none where the start is a fit."""
    return not (context.start_is_fitted and name in (v.source_norm, cos(v.theta)))


def _is_nonnegative_term(expr: Expr) -> bool:
    """A product of powers of what cannot be negative: equal squares then mean equal terms."""
    return all(
        bool(f.as_base_exp()[0].is_nonnegative) and bool(f.as_base_exp()[1].is_real) for f in Mul.make_args(expr)
    )


def _read_terms(
    terms: list[Any],
    names: list[Symbol],
    readings: dict[Symbol, m.Reading],
    size: Size,
    rules: dict[Any, Any],
    multiples: list[Any],
) -> tuple[Ring, list[Any]]:
    used: list[Any] = [coefficient for _, coefficient in terms]
    for name in names:
        used += [readings[name].matrix, readings[name].factor] if name in readings else [m.X]
    unread = {s for c in used[: len(terms)] for s in c.free_symbols} & (set(SYMBOLS.values()) - {v.n, v.d})
    if unread:
        raise Unreadable(f"{', '.join(sorted(map(str, unread)))} has no reading on matrices")
    ring = Ring(size, used + multiples, rules)
    values = {name: ring.read(readings[name]) if name in readings else ring.gram_inverse_trace() for name in names}
    total: Entries | None = None
    for monomial, coefficient in terms:
        product = Entries(((ring.scalar(coefficient),),))
        for name, exponent in zip(names, monomial, strict=True):
            norm = name in readings and readings[name].kind == "norm"
            for _ in range(exponent // 2 if norm else exponent):
                product = Entries(
                    ((product.rows[0][0] * values[name].rows[0][0],),), product.power + values[name].power
                )
        total = product if total is None else ring.add(total, product)
    assert total is not None
    for multiple in multiples:
        entries = ring.evaluate(-1 * multiple)
        if entries.shape != (1, 1):
            raise Unreadable("a multiple is no number")
        total = ring.add(total, entries)
    return ring, [total.rows[0][0]]


def _difference(statement: Statement) -> Any:
    if isinstance(statement.lhs, MatrixExpr) and statement.rhs == 0:
        return statement.lhs
    return statement.lhs - statement.rhs


def _regime(size: Size) -> Regime:
    n, d = size
    return "wide" if n < d else "tall" if n > d else "square"


def _point(ring: Ring, poly: Any) -> str:
    point = ring.counterexample(poly)
    return ", ".join(f"{name} = {value}" for name, value in point.items())
