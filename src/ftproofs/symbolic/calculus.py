"""Steps about sums, recursions and case distinctions, and the depth root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sympy import And, Dummy, Expr, Integer, Piecewise, Pow, Sum, Symbol, lambdify, log, sympify
from sympy.core.function import AppliedUndef

from ftproofs.claim import Statement
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.differentiation import NoRule, derivative
from ftproofs.symbolic.functions import depth_root
from ftproofs.symbolic.methods import Algebra, _open, decide, weakest
from ftproofs.symbolic.rules import Preparation, rewrite
from ftproofs.symbolic.vocabulary import v
from ftproofs.symbolic.zero import Finding, box_for, is_zero


@dataclass(frozen=True)
class Telescope:
    """A sum from its partial sums: ``Sum(f(j), (j, 0, T - 1)) == F(T)`` when F(T+1) - F(T) = f(T) and F(0) = 0."""

    def close(self, relation: Statement, context: Context) -> Finding:
        """Check the difference and the start."""
        total, closed = relation.lhs, sympify(relation.rhs)
        if relation.rel != "==" or not isinstance(total, Sum) or len(total.limits) != 1:
            return _open("telescoping", "the left side is not one sum")
        j, low, high = total.limits[0]
        T = sympify(high + 1)
        if low != 0 or not isinstance(T, Symbol):
            return _open("telescoping", "the sum does not run from 0 to T - 1")
        if any(T in free_symbols(s) for s in context.given.values()):
            return _open("telescoping", f"what is given speaks of {T}")
        prepare = Preparation(context.given)
        # Any number of terms, not only those the claim's domain allows.
        i = Dummy("i", integer=True, nonnegative=True)
        step = prepare(closed.subs(T, i + 1)) - prepare(closed.subs(T, i)) - prepare(total.function.subs(j, i))
        start = prepare(closed.subs(T, 0))
        return weakest_of_identities("telescoping", [start, atomic_powers(step, i)], context)


@dataclass(frozen=True)
class Induction:
    """A closed form of a sequence: ``e(T) == F(T)`` from a given recursion ``e(T + 1) == G(e(T))``."""

    recursion: str

    def close(self, relation: Statement, context: Context) -> Finding:
        """Check the start and the induction step."""
        if self.recursion not in context.given or relation.rel != "==":
            return _open("induction", f"step {self.recursion!r} is not given")
        sequence, closed, rule = relation.lhs, sympify(relation.rhs), context.given[self.recursion]
        if not isinstance(sequence, AppliedUndef) or rule.rel != "==" or not isinstance(rule.lhs, AppliedUndef):
            return _open("induction", "the left sides are not values of a sequence")
        T, t = sequence.args[0], rule.lhs.args[0] - 1
        if not (isinstance(T, Symbol) and isinstance(t, Symbol) and rule.lhs.func == sequence.func):
            return _open("induction", "the recursion is one of another sequence")
        e = sequence.func
        others = {id: s for id, s in context.given.items() if id != self.recursion}
        if any(free_symbols(s) & {T, t} for s in others.values()):
            return _open("induction", f"what is given speaks of {T}")
        prepare = Preparation(others)
        i = Dummy("i", integer=True, nonnegative=True)
        following = sympify(rule.rhs).subs(t, i).xreplace({e(i): closed.subs(T, i)})
        step = prepare(closed.subs(T, i + 1)) - prepare(following)
        start = prepare(closed.subs(T, 0)) - prepare(e(Integer(0)))
        return weakest_of_identities("induction", [start, atomic_powers(step, i)], context)


def atomic_powers(expr: Expr, i: Symbol) -> Expr:
    """``base**(i + m)`` as ``base**m`` times a symbol for ``base**i``: true for every base, i and m >= 0 integers."""
    atoms: dict[Expr, Symbol] = {}

    def split(node: Pow) -> Expr:
        shift = node.exp - i
        if not (shift.is_Integer and shift >= 0):
            return node
        return atoms.setdefault(node.base, Dummy(f"power{len(atoms)}", real=True)) * node.base**shift

    return expr.replace(lambda e: isinstance(e, Pow) and e.exp.has(i), split)


def free_symbols(statement: Statement) -> set[Any]:
    """The free symbols of both sides."""
    return set(sympify(statement.lhs).free_symbols | sympify(statement.rhs).free_symbols)


def weakest_of_identities(route: str, zeros: list[Expr], context: Context) -> Finding:
    """Proved if every expression is zero; disproved if one is not."""
    findings = [is_zero(expr, box_for([expr], context.domain)) for expr in zeros]
    for finding in findings:
        if finding.status == "disproved":
            return Finding("disproved", route, finding.detail)
    return weakest(route, findings)


@dataclass(frozen=True)
class Cases:
    """A relation with `Piecewise` sides, from steps proved on branches that cover the domain.

    Each branch is a condition on n and d and the id of a step that holds under it.
    """

    branches: tuple[tuple[Any, tuple[str, ...]], ...]

    def close(self, relation: Statement, context: Context) -> Finding:
        """Check the cover, and the relation on each branch."""
        points = context.sizes()
        if any(not condition.free_symbols <= {v.n, v.d} for condition, _ in self.branches):
            return _open("cases", "a branch is no condition on n and d")
        findings = []
        covered: set[tuple[int, int]] = set()
        for condition, ids in self.branches:
            unknown = set(ids) - set(context.given)
            if unknown:
                return _open("cases", f"not given: {', '.join(sorted(unknown))}")
            here = [p for p in points if _holds_at(condition, p)]
            covered |= set(here)
            if not here:
                continue
            inside = Context(
                context.claim,
                {id: s for id, s in context.given.items() if id in ids},
                context.earlier,
                And(context.condition, condition),
            )
            try:
                sides = [resolve(sympify(side), here) for side in (relation.lhs, relation.rhs)]
            except NoRule as error:
                return _open("cases", str(error))
            found = Algebra().close(Statement(sides[0], relation.rel, sides[1]), inside)
            if found.status == "disproved":
                return Finding("disproved", "cases", f"under {condition}: {found.detail}")
            findings.append(found)
        left = set(points) - covered
        if left:
            return _open("cases", f"no branch for (n, d) = {min(left)}")
        return weakest("cases", findings)


def _holds_at(condition: Any, point: tuple[int, int]) -> bool:
    return bool(_test(condition)(*point))


@lru_cache(maxsize=256)
def _test(condition: Any) -> Callable[[int, int], Any]:
    """A condition on n and d as a predicate."""
    if not condition.free_symbols <= {v.n, v.d}:
        raise NoRule(f"{condition} is no condition on n and d")
    return lambdify([v.n, v.d], condition, "math")


def resolve(expr: Expr, points: list[tuple[int, int]]) -> Expr:
    """The expression with every `Piecewise` replaced by the one piece that is active at all the points.

    Raises:
        NoRule: different pieces are active.
    """

    def piece(node: Piecewise) -> Expr:
        active = {
            next(i for i, (_, condition) in enumerate(node.args) if _holds_at(condition, point)) for point in points
        }
        if len(active) != 1:
            raise NoRule("several pieces are active on one branch")
        return node.args[active.pop()][0]

    return expr.replace(lambda e: isinstance(e, Piecewise), piece)


@dataclass(frozen=True)
class Root:
    """``x == depth_root(L, A, b, s)``, because x is positive and satisfies the root's equation.

    The equation is used in the form ``x**(2 L) s**(2 L - 2) == (A**2 + x**2 b**2)**(L - 1)``,
    which also covers L = 1.  That it has one positive solution is the given step
    ``unique``: the logarithm of its sides' quotient increases with x.
    """

    unique: str

    def close(self, relation: Statement, context: Context) -> Finding:
        """Check positivity, the equation and the uniqueness step."""
        x, root = relation.lhs, relation.rhs
        if relation.rel != "==" or not isinstance(root, depth_root):
            return _open("root", "the relation reads: expression == depth_root(...)")
        if self.unique not in context.given:
            return _open("root", f"step {self.unique!r} is not given")
        unique = context.given[self.unique]
        given = {id: s for id, s in context.given.items() if id != self.unique}
        prepare = Preparation(given)
        L, A, b, s = root.args
        z = next(iter(unique.lhs.free_symbols - root.free_symbols), None)
        if unique.rel != ">" or unique.rhs != 0 or z is None or not z.is_positive:
            return _open("root", "the uniqueness step does not say that a slope is positive")
        slope = unique.lhs - derivative(log_quotient(z, *root.args), z)
        findings = [is_zero(slope, box_for([slope], context.domain))]
        findings.append(decide(prepare(x), ">", Integer(0), context))
        equation = rewrite(x ** (2 * L) * s ** (2 * L - 2) - (A**2 + x**2 * b**2) ** (L - 1), given.values())
        equation = prepare(equation)
        identity = is_zero(equation, box_for([equation], context.domain))
        if identity.status == "disproved":
            return Finding("disproved", "root", f"the equation fails: {identity.detail}")
        return weakest("root", [identity, *findings])


def log_quotient(x: Expr, L: Expr, A: Expr, b: Expr, s: Expr) -> Expr:
    """Logarithm of the quotient of the two sides of the root's equation; zero at the root only."""
    return 2 * L * log(x) + 2 * (L - 1) * log(s) - (L - 1) * log(A**2 + x**2 * b**2)
