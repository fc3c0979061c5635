"""Wrong variants of a statement: every operator at every position of its expression tree.

A check that cannot kill a wrong formula is worth nothing, so a claim is judged by the
mutants it kills.  Operators are applied to one place of one side at a time; two more
rewrite the whole statement.  Mutants that SymPy writes like another one, or like a
statement of the claim itself, are left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import sympy
from sympy import Add, Basic, Expr, Max, Min, Mul, Pow, Rational, S, Symbol

from ftproofs.claim import Choices, Claim, Domain, Statement
from ftproofs.symbolic.vocabulary import SYMBOLS, v

#: A trend whose effect is claimed to be larger than it is; the place says how large.
RAISED = "effect-past-measured"

#: Operators whose mutants may survive: they differ by a few percent, or by 1 in a size.
FINE = frozenset({"times-1.02", "number+1", "number-1", "symbol+1", "symbol-1"})

#: An operator's name and its results at one place.
_Rewritten = Iterator[tuple[str, Expr]]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A wrong variant of one statement of a claim.

    ``number`` is that statement's, ``operator`` what was done, ``place`` the
    subexpression it was done to ("" for the whole statement).
    """

    number: int
    statement: Statement
    operator: str
    place: str = ""

    @property
    def fine(self) -> bool:
        """Whether its operator belongs to those that may leave survivors."""
        return self.operator in FINE

    @property
    def written(self) -> str:
        """The statement; of a trend's larger effect with that effect."""
        return f"{self.statement} by {self.place}" if self.operator == RAISED else str(self.statement)


def mutants(claim: Claim) -> tuple[Mutant, ...]:
    """All mutants of the claim's ``==`` statements, structural duplicates removed.

    Most changes under a sign change nothing, so a statement ``lhs == sign(...)`` has only
    the ones that reverse it or move its boundary.

    Where two operators write the same mutant, the one that must be killed names it.
    """
    return _mutants(claim.statements, claim.domain)


def strict_mutants(claim: Claim, most: int) -> tuple[Mutant, ...]:
    """About so many mutants at most, taken evenly from those with one place of a right side changed, none fine.

    Also of a left side that is more than a measurement: in a limit its own equation says what it is, of a mean
    what its multiples are.  Only these are written down: rebuilding an expression is what mutants cost.
    """
    return _strict_mutants(claim.statements, claim.domain, most)


@lru_cache(maxsize=64)
def _strict_mutants(statements: tuple[Statement, ...], domain: Domain, most: int) -> tuple[Mutant, ...]:
    changes = [
        (number, left, change)
        for number, statement in enumerate(statements)
        if statement.rel == "==" and not isinstance(statement.rhs, sympy.sign)
        for left in ((False,) if isinstance(statement.lhs, Symbol) else (False, True))
        for change in _changes(statement.lhs if left else statement.rhs, _pool(domain, statement))
        if change.operator not in FINE
    ]
    seen = {_key(statement) for statement in statements}
    found: list[Mutant] = []
    for number, left, change in changes[:: max(1, math.ceil(len(changes) / most))]:
        statement, changed = statements[number], change.made()
        if changed is None:
            continue
        sides = (changed, statement.rhs) if left else (statement.lhs, changed)
        mutant = Mutant(number, Statement(sides[0], "==", sides[1]), change.operator, str(change.part))
        key = _key(mutant.statement)
        if key not in seen:
            seen.add(key)
            found.append(mutant)
    return tuple(found)


@lru_cache(maxsize=64)
def _mutants(statements: tuple[Statement, ...], domain: Domain) -> tuple[Mutant, ...]:
    seen = {_key(statement) for statement in statements}
    found: list[Mutant] = []
    for number, statement in enumerate(statements):
        if statement.rel != "==":
            continue
        if isinstance(statement.rhs, sympy.sign):
            everything = list(_boundaries(statement))
        else:
            everything = [*_one_place(statement, _pool(domain, statement)), *_everywhere(statement)]
        everything.sort(key=lambda made: made[1] in FINE)  # stable: the strict ones first
        for changed, operator, place in everything:
            key = _key(changed)
            if key not in seen:
                seen.add(key)
                found.append(Mutant(number, changed, operator, place))
    return tuple(found)


def _pool(domain: Domain, statement: Statement) -> tuple[Symbol, ...]:
    """What a symbol may be mistaken for: the statement's other symbols and what varies in the domain."""
    varied = {name for name, values in domain.ranges if not _fixed(values)}
    symbols = statement.lhs.free_symbols | statement.rhs.free_symbols | {SYMBOLS[n] for n in varied if n in SYMBOLS}
    return tuple(sorted((s for s in symbols if s.name in SYMBOLS), key=str))


def _fixed(values: object) -> bool:
    return isinstance(values, Choices) and len(values.values) == 1


def _key(statement: Statement) -> Expr:
    """Equal for statements that differ by a factor or by their order."""
    gap = statement.lhs - statement.rhs
    if gap.has(S.NaN, S.ComplexInfinity, S.Infinity, S.NegativeInfinity):
        return sympy.Tuple(statement.lhs, statement.rhs)
    primitive = gap.as_content_primitive()[1]
    return -primitive if primitive.could_extract_minus_sign() else primitive


# -- one place at a time ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Change:
    """What an operator puts in one place, not yet rebuilt."""

    operator: str
    part: Expr
    new: Expr
    rebuild: Callable[[Expr], Expr]

    def made(self) -> Expr | None:
        """The whole with the new part; None where it orders numbers that have none: no such formula."""
        try:
            return self.rebuild(self.new)
        except (TypeError, ValueError, ZeroDivisionError):
            return None


def _changes(whole: Expr, pool: Sequence[Symbol]) -> Iterator[_Change]:
    for part, rebuild in places(whole):
        for operator, new in _operators(part, pool):
            yield _Change(operator, part, new, rebuild)


def _one_place(statement: Statement, pool: Sequence[Symbol]) -> Iterator[tuple[Statement, str, str]]:
    for side in ("rhs", "lhs"):
        for change in _changes(getattr(statement, side), pool):
            changed = change.made()
            if changed is not None:
                sides = (statement.lhs, changed) if side == "rhs" else (changed, statement.rhs)
                yield Statement(sides[0], statement.rel, sides[1]), change.operator, str(change.part)


def places(expr: Basic) -> Iterator[tuple[Expr, Callable[[Expr], Expr]]]:
    """Every subexpression with the function that puts another one in its place.

    Under a limit or an integral only the expression itself is entered.
    """
    if isinstance(expr, Expr):
        yield expr, lambda new: new
    entered = 1 if isinstance(expr, (sympy.Limit, sympy.Integral)) else len(expr.args)
    for i, arg in enumerate(expr.args[:entered]):
        for part, rebuild in places(arg):
            yield part, _inside(expr, i, rebuild)


def _inside(expr: Basic, i: int, rebuild: Callable[[Expr], Expr]) -> Callable[[Expr], Expr]:
    return lambda new: expr.func(*expr.args[:i], rebuild(new), *expr.args[i + 1 :])


def _operators(part: Expr, pool: Iterable[Symbol]) -> _Rewritten:
    if isinstance(part, Add):
        yield from _sum(part)
    if isinstance(part, Mul):
        for factor in part.args:
            yield "drop-factor", Mul(*(other for other in part.args if other is not factor))
    if isinstance(part, Pow):
        base, exponent = part.args
        yield "exponent+1", base ** (exponent + 1)
        yield "exponent-1", base ** (exponent - 1)
        yield "exponent-negated", base ** (-exponent)
        yield "exponent-halved", base ** (exponent / 2)
        yield "exponent-doubled", base ** (2 * exponent)
    if isinstance(part, Rational):
        yield "number-negated", -part
        yield "number-doubled", 2 * part
        yield "number+1", part + 1
        yield "number-1", part - 1
    if isinstance(part, Symbol):
        for other in pool:
            if other != part:
                yield "symbol-renamed", other
        yield "symbol-doubled", 2 * part
        yield "symbol-complement", 1 - part
        yield "symbol+1", part + 1
        yield "symbol-1", part - 1
    yield from _anywhere(part)


def _sum(part: Add) -> _Rewritten:
    for term in part.args:
        rest = Add(*(other for other in part.args if other is not term))
        yield "sign", rest - term
        yield "drop-term", rest
    yield "sum-to-product", Mul(*part.args)
    yield "sum-to-max", Max(*part.args)
    yield "sum-to-min", Min(*part.args)


def _anywhere(part: Expr) -> _Rewritten:
    yield "negated", -part
    yield "inverted", 1 / part
    yield "times-2", 2 * part
    yield "times-1/2", part / 2
    yield "times-1.05", part * Rational(21, 20)
    yield "times-1.02", part * Rational(51, 50)
    yield "root", sympy.sqrt(part)
    yield "square", part**2


# -- the whole statement ------------------------------------------------------------


def _everywhere(statement: Statement) -> Iterator[tuple[Statement, str, str]]:
    known = set(SYMBOLS.values())
    sides = [sorted(side.free_symbols & known, key=str) for side in (statement.lhs, statement.rhs)]
    for side in sides:
        for one, other in combinations(side, 2):
            yield from _substituted(statement, "swap", {one: other, other: one})
    symbols = {*sides[0], *sides[1]}
    if v.gamma in symbols:
        yield from _substituted(statement, "complement", {v.gamma: 1 - v.gamma})
    if v.n in symbols:
        yield from _substituted(statement, "complement", {v.n: v.d - v.n})


def _substituted(statement: Statement, operator: str, rule: dict[Symbol, Expr]) -> Iterator[tuple[Statement, str, str]]:
    try:
        sides = [side.subs(rule, simultaneous=True) for side in (statement.lhs, statement.rhs)]
    except (TypeError, ValueError, ZeroDivisionError):
        return
    yield Statement(sides[0], statement.rel, sides[1]), operator, ", ".join(f"{a} -> {b}" for a, b in rule.items())


def _boundaries(statement: Statement) -> Iterator[tuple[Statement, str, str]]:
    """Of a sign: the opposite one, and boundaries moved by 10 % of one of their terms."""
    yield Statement(statement.lhs, "==", -statement.rhs), "direction-reversed", ""
    for part, rebuild in places(statement.rhs):
        for term in part.args if isinstance(part, Add) else ():
            for share in (Rational(1, 10), Rational(-1, 10)):
                yield Statement(statement.lhs, "==", rebuild(part + share * term)), "boundary-moved-10%", str(term)
