"""Templates of theorems about flows of one number, and about the modes of a vector."""

from __future__ import annotations

from sympy import Derivative, Dummy, Expr, Integer, Limit, oo, sympify
from sympy.core.function import AppliedUndef

from ftproofs.claim import Statement
from ftproofs.symbolic import frozen_chain
from ftproofs.symbolic import trajectory as w
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.rules import Preparation
from ftproofs.symbolic.theorems import _given, _positive, _require
from ftproofs.symbolic.vocabulary import v
from ftproofs.symbolic.zero import box_for, is_zero


def scalar_flow(context: Context, id: str, start_id: str, factor: Expr, power: Expr, rest: Expr) -> Statement:
    """A solution of ``f' = -factor f**power (f - rest)`` from f(0) > 0, with constants factor, rest > 0, tends to rest.

    It moves towards rest, cannot pass it, stays positive, and comes to rest nowhere else.
    """
    given, start = _given(context, id), _given(context, start_id)
    _require(given.rel == "==" and isinstance(given.lhs, Derivative), "no flow given")
    f, variables = given.lhs.expr, given.lhs.variables
    _require(isinstance(f, AppliedUndef) and f.args == variables, "not the velocity of one function of time")
    _require(start.rel == "==" and start.lhs == f.subs(variables[0], Integer(0)), "no start given")
    factor, power, rest = map(sympify, (factor, power, rest))
    constant = not any(x.has(variables[0]) or x.atoms(AppliedUndef) for x in (factor, power, rest))
    _require(constant, "factor, power or rest is not constant")
    for number in (start.rhs, factor, rest):
        _require(_positive(sympify(number), context), f"{number} is not shown to be positive")
    x = Dummy("x", positive=True)
    prepare = Preparation({key: s for key, s in context.given.items() if key not in (id, start_id)})
    gap = prepare(sympify(given.rhs).xreplace({f: x}) + factor * x**power * (x - rest))
    _require(is_zero(gap, box_for([gap], context.domain)).status == "proved", "the flow is another one")
    return Statement(Limit(f, variables[0], oo), "==", rest)


def invariant_chain(context: Context, *ids: str) -> Statement:
    """Velocities tangent to aligned, balanced layers beside frozen ones keep the flow there: the length's equation."""
    why = frozen_chain.balanced_rest(context)
    _require(why is None, why or "")
    found = [_given(context, id) for id in ids]
    tangent = all(statement in found for statement in frozen_chain.TANGENT)
    _require(tangent, "the velocities are not shown to be tangent")
    return frozen_chain.CHAIN


def spectral_part(context: Context, id: str) -> Statement:
    """A vector's squared length is at least that of its part along one mode, here the top one.

    Every mode's error is multiplied by a factor m; along the top one the squared error was
    ``top_share`` of the whole.
    """
    given = _given(context, id)
    start = w.e(Integer(0))
    _require(given.rel == "==" and given.lhs == w.e(v.steps), "no closed form of a mode's error")
    factor = sympify(given.rhs) / start
    _require(not factor.has(start), "the mode's error is not proportional to its start")
    return Statement(v.error_growth**2, ">=", v.top_share * (factor**2).subs(v.mode_eigenvalue, w.top))
