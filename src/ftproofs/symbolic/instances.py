"""Steps between a relation and its instances: coordinates of vectors, other directions, times and parameter values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sympy import And, Eq, Symbol, sympify
from sympy.core.function import AppliedUndef

from ftproofs.claim import Statement
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.methods import _open
from ftproofs.symbolic.rules import is_matrix
from ftproofs.symbolic.trajectory import b, e, g, g_perp, limit, mode, p, slope, step_number, t, theta, w, zero
from ftproofs.symbolic.zero import Finding


@dataclass(frozen=True)
class Coordinate:
    """``slope(time) == f e(time)`` from ``u' X'(X theta - y) == n f u'(theta - theta_oo)`` for every theta.

    ``e`` and ``slope`` are by definition the coordinates along u of the iterate's
    distance to the limit and of the loss gradient X'(X theta - y)/n.
    """

    of: str

    def close(self, relation: Statement, context: Context) -> Finding:
        """Compare the matrix equation with the coordinates' definition."""
        given = context.given.get(self.of)
        lhs, rhs = relation.lhs, relation.rhs
        if given is None or relation.rel != "==" or not isinstance(lhs, AppliedUndef) or lhs.func != slope:
            return _open("coordinates", "the relation is none of a gradient's coordinate")
        time = lhs.args[0]
        factor = rhs / e(time)
        if factor.has(e) or not factor.is_real:
            return _open("coordinates", "the gradient is not proportional to the distance")
        gradient = m.X.T * (m.X * theta - m.y)
        expected = Statement(mode.T * gradient, "==", m.n * factor * mode.T * (theta - limit))
        if given != expected:
            return _open("coordinates", f"the matrix equation would have to be {expected}")
        return Finding("proved", "coordinates", "")


#: What an instance may replace: times, and functions that belong to an arbitrary fixed direction.
UNIVERSAL = frozenset({t, step_number, w, g, b, p})


@dataclass(frozen=True)
class Instance:
    """A given relation along another fixed direction, then at another time."""

    of: str
    at: tuple[tuple[Any, Any], ...]

    def close(self, relation: Statement, context: Context) -> Finding:
        """Check that only times and directions changed."""
        given = context.given.get(self.of)
        if given is None or is_matrix(given):
            return _open("instance", f"step {self.of!r} is not given")
        for old, new in self.at:
            head = old.func if isinstance(old, AppliedUndef) else old
            if head not in UNIVERSAL:
                return _open("instance", f"{old} is not arbitrary")
            if head in (t, step_number) and not (new.is_nonnegative and (head == t or new.is_integer)):
                return _open("instance", f"{new} is no time")
        directions = {old: new for old, new in self.at if isinstance(old, AppliedUndef)}
        times = [(old, new) for old, new in self.at if old not in directions]
        changed = [sympify(side).xreplace(directions).subs(times) for side in (given.lhs, given.rhs)]
        if Statement(changed[0], given.rel, changed[1]) != relation:
            return _open("instance", f"the instance is {changed[0]} {given.rel} {changed[1]}")
        return Finding("proved", "instance", "")


@dataclass(frozen=True)
class Outside:
    """``g_perp(t) == 0``: along a direction outside the span there is no gradient, as ``P_perp X'(...) == 0`` says."""

    of: str

    def close(self, relation: Statement, context: Context) -> Finding:
        """Compare the given matrix equation with the gradient's."""
        gradient = m.P_perp * (m.X.T * (m.X * theta - m.y))
        if context.given.get(self.of) != Statement(gradient, "==", m.ZERO):
            return _open("coordinates", "it is not given that gradients lie in the span")
        if relation != Statement(g_perp(t), "==", zero):
            return _open("coordinates", f"the coordinate reads {g_perp(t)} == 0")
        return Finding("proved", "coordinates", "")


@dataclass(frozen=True)
class Setting:
    """A given relation at one value of a parameter; the step stands under that condition."""

    of: str
    parameter: Symbol
    value: Any

    def close(self, relation: Statement, context: Context) -> Finding:
        """Check the condition and the substitution."""
        given = context.given.get(self.of)
        if given is None or is_matrix(given):
            return _open("setting", f"step {self.of!r} is not given")
        if Eq(self.parameter, self.value) not in And.make_args(context.condition):
            return _open("setting", f"the step does not stand under {self.parameter} = {self.value}")
        lhs, rhs = (sympify(side).subs(self.parameter, self.value) for side in (given.lhs, given.rhs))
        if Statement(lhs, given.rel, rhs) != relation:
            return _open("setting", f"it reads {lhs} {given.rel} {rhs}")
        return Finding("proved", "setting", "")
