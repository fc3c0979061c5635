"""Growth: sequences multiplied by the same factor at every step, and functions that rise from zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sympy import Derivative, Expr, Integer, Symbol, sympify
from sympy.core.function import AppliedUndef

from ftproofs.claim import Statement
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.methods import _open, decide, weakest
from ftproofs.symbolic.rules import Preparation, gap
from ftproofs.symbolic.trajectory import step_number
from ftproofs.symbolic.vocabulary import SYMBOLS
from ftproofs.symbolic.zero import Finding, box_for, is_zero


@dataclass(frozen=True)
class Recursion:
    """``f(k + 1) == F``: what the weights' step makes of a quantity of the weights.

    ``steps`` are the given steps of the functions in it; the quantity's value after the
    step is expanded by them and compared.
    """

    steps: tuple[str, ...]

    def close(self, relation: Statement, context: Context) -> Finding:
        """Put the steps in and decide the identity."""
        missing = set(self.steps) - set(context.given)
        if missing or relation.rel != "==":
            return _open("recursion", f"not given: {', '.join(sorted(missing))}")
        rules: dict[Any, Any] = {}
        for id in self.steps:
            given = context.given[id]
            if given.rel != "==" or not isinstance(given.lhs, AppliedUndef) or given.lhs.args != (step_number + 1,):
                return _open("recursion", f"{id} is no step of a function")
            rules[given.lhs] = given.rhs
        left = sympify(relation.lhs)
        if any(f.args == (step_number + 1,) and f not in rules for f in left.atoms(AppliedUndef)):
            return _open("recursion", "a function without a step")
        gap = _named(left.xreplace(rules) - sympify(relation.rhs))
        found = is_zero(gap, box_for([gap], context.domain))
        return found if found.status != "proved" else Finding("proved", "recursion", found.detail)


def _named(expr: Expr) -> Expr:
    """Function values as symbols."""
    functions = sorted(expr.atoms(AppliedUndef), key=str)
    return expr.xreplace({f: Symbol(f"f_{i}", real=True) for i, f in enumerate(functions)})


@dataclass(frozen=True)
class SameGrowth:
    """``f(T) == P(T) f(0)`` when f(k + 1) = m(k) f(k), P(k + 1) = m(k) P(k) and P(0) = 1.

    By induction on T: both sides are multiplied by the same factor at every step.
    """

    recursion: str
    product: str
    start: str

    def close(self, relation: Statement, context: Context) -> Finding:
        """Compare the factors and the start."""
        missing = {self.recursion, self.product, self.start} - set(context.given)
        if missing or relation.rel != "==":
            return _open("growth", f"not given: {', '.join(sorted(missing))}")
        quantity, product, start = (context.given[id] for id in (self.recursion, self.product, self.start))
        P = product.lhs.func if isinstance(product.lhs, AppliedUndef) else None
        if P is None or product.lhs.args != (step_number + 1,) or start != Statement(P(Integer(0)), "==", Integer(1)):
            return _open("growth", "the product does not start at 1")
        before = sympify(quantity.lhs).subs(step_number, step_number - 1)
        factors = [sympify(quantity.rhs) / before, sympify(product.rhs) / P(step_number)]
        gap = _named((factors[0] - factors[1]).together())
        same = is_zero(gap, box_for([gap], context.domain))
        if same.status != "proved":
            return _open("growth", f"the factors differ: {same.detail}")
        times = {arg for f in sympify(relation.lhs).atoms(AppliedUndef) for arg in f.args}
        T = times.pop() if len(times) == 1 else None
        if not (isinstance(T, Symbol) and T.is_integer and T.is_nonnegative):
            return _open("growth", "the left side is not the quantity after a number of steps")
        expected = Statement(before.subs(step_number, T), "==", P(T) * before.subs(step_number, Integer(0)))
        if relation != expected:
            return _open("growth", f"it reads {expected.lhs} == {expected.rhs}")
        return Finding("proved", "induction", "")


@dataclass(frozen=True)
class FromZero:
    """``f >= 0`` for every z >= 0, because f vanishes at z = 0 and its derivative by z is not negative.

    ``slope`` is the given step ``Derivative(f, z) >= 0``; f is the relation's greater side
    minus the smaller one.  z is a local symbol, not negative and otherwise anything: on a part
    of the half-line the derivative would say nothing.
    """

    slope: str
    variable: Symbol

    def close(self, relation: Statement, context: Context) -> Finding:
        """Check the derivative's step and the value at zero."""
        given, z = context.given.get(self.slope), self.variable
        if given is None or relation.rel not in ("<=", ">="):
            return _open("growth", f"step {self.slope!r} is not given, or the relation is strict")
        rising = gap(relation)
        if given != Statement(Derivative(rising, z), ">=", Integer(0)):
            return _open("growth", f"the derivative's step would read Derivative({rising}, {z}) >= 0")
        if not _arbitrary(z, context):
            return _open("growth", f"{z} does not stand for every number from zero on")
        start = Preparation({})(rising.subs(z, 0))
        return weakest("growth", [is_zero(start, box_for([start], context.domain))])


@dataclass(frozen=True)
class At:
    """A given relation, which holds for every z >= 0, at one value that is not negative."""

    of: str
    variable: Symbol
    value: Any

    def close(self, relation: Statement, context: Context) -> Finding:
        """Check that z is arbitrary and the value not negative."""
        given, z = context.given.get(self.of), self.variable
        if given is None or not _arbitrary(z, context):
            return _open("instance", f"{z} is not arbitrary, or step {self.of!r} is not given")
        lhs, rhs = (sympify(side).xreplace({z: self.value}) for side in (given.lhs, given.rhs))
        if Statement(lhs, given.rel, rhs) != relation:
            return _open("instance", f"the instance is {lhs} {given.rel} {rhs}")
        return weakest("instance", [decide(sympify(self.value), ">=", Integer(0), context)])


def _arbitrary(z: Symbol, context: Context) -> bool:
    """Whether nothing but its sign is known of a symbol: no name of the vocabulary, no range, no constraint."""
    bound = set().union(*(c.free_symbols for c in context.domain.constraints))
    return bool(z.is_nonnegative and not z.is_positive and z.name not in SYMBOLS and z not in bound)
