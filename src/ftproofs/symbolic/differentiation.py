"""Derivatives by two routes: rules that stand here, and SymPy's; they must agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sympy import (
    Add,
    Derivative,
    Expr,
    Integer,
    Mul,
    Piecewise,
    Pow,
    S,
    Symbol,
    acosh,
    asin,
    asinh,
    atan,
    cos,
    cosh,
    erfc,
    exp,
    log,
    pi,
    sin,
    sinh,
    sqrt,
    sympify,
    tanh,
)
from sympy.core.function import AppliedUndef
from sympy.core.relational import GreaterThan, LessThan, StrictGreaterThan, StrictLessThan

from ftproofs.claim import Statement
from ftproofs.symbolic import balls
from ftproofs.symbolic.arithmetic import precision
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.methods import _open, decide, weakest
from ftproofs.symbolic.penalty import ELEMENTARY
from ftproofs.symbolic.quadrature import NoPattern, complex_ball
from ftproofs.symbolic.rules import Preparation, rewrite
from ftproofs.symbolic.zero import Finding, box_for, is_zero


class NoRule(ValueError):
    """The differentiation rules here do not cover an expression."""


#: Outer derivatives of further functions (principal branches).
_OUTER: dict[Any, Callable[[Expr], Expr]] = {
    sin: cos,
    cos: lambda u: -sin(u),
    sinh: cosh,
    erfc: lambda u: -2 / sqrt(pi) * exp(-(u**2)),
    cosh: sinh,
    tanh: lambda u: 1 / cosh(u) ** 2,
    asinh: lambda u: 1 / sqrt(1 + u**2),
    atan: lambda u: 1 / (1 + u**2),
    asin: lambda u: 1 / sqrt(1 - u**2),
    acosh: lambda u: 1 / (sqrt(u - 1) * sqrt(u + 1)),
}


def derivative(expr: Expr, x: Symbol) -> Expr:
    """The derivative by the rules for sums, products, powers, exp and log; unknown functions stay derivatives.

    Raises:
        NoRule: another function of x.
    """
    if not expr.has(x):
        return Integer(0)
    if expr == x:
        return Integer(1)
    if isinstance(expr, Add):
        return Add(*(derivative(term, x) for term in expr.args))
    if isinstance(expr, Mul):
        factors = expr.args
        return Add(*(Mul(*factors[:i], derivative(f, x), *factors[i + 1 :]) for i, f in enumerate(factors)))
    if isinstance(expr, exp):
        return expr * derivative(expr.args[0], x)
    if isinstance(expr, log):
        return derivative(expr.args[0], x) / expr.args[0]
    if isinstance(expr, Pow):
        base, power = expr.args
        return power * base ** (power - 1) * derivative(base, x) + expr * log(base) * derivative(power, x)
    if isinstance(expr, AppliedUndef) and expr.args == (x,):
        return Derivative(expr, x)
    if isinstance(expr, ELEMENTARY):
        return derivative(expr.elementary(*expr.args), x)
    if type(expr) in _OUTER:
        return _OUTER[type(expr)](expr.args[0]) * derivative(expr.args[0], x)
    raise NoRule(f"no differentiation rule for {expr.func.__name__}")


@dataclass(frozen=True)
class Differentiate:
    """A relation with derivatives on the left: differentiated by two independent routes, then rewritten and decided.

    ``of`` names given equations that are put in before differentiating; all given
    equations (such as a flow) are used afterwards.
    """

    of: tuple[str, ...] = ()

    def close(self, relation: Statement, context: Context) -> Finding:
        """Carry out the derivatives."""
        if not set(self.of) <= set(context.given):
            return _open("differentiation", f"not given: {', '.join(sorted(set(self.of) - set(context.given)))}")
        prepare = Preparation(context.given)
        inside = [context.given[id] for id in self.of]
        try:
            lhs = sympify(relation.lhs).replace(
                lambda e: isinstance(e, Derivative),
                lambda e: Derivative(active_piece(rewrite(e.expr, inside), context), *e.variables),
            )
            mine = prepare(lhs.replace(lambda e: isinstance(e, Derivative), _by_rules))
            theirs = prepare(lhs.doit())
            rhs = prepare(relation.rhs)
        except (NoRule, ZeroDivisionError) as error:
            return _open("differentiation", str(error))
        agree = is_zero(mine - theirs, box_for([mine, theirs], context.domain))
        if agree.status == "disproved":
            return _open("error", f"routes disagree: {agree.detail}")
        found = weakest_or_false([agree], decide(mine, relation.rel, rhs, context))
        return found if found.status != "undecided" else complex_points(mine - rhs, context, found)


def active_piece(expr: Expr, context: Context) -> Expr:
    """The expression with every `Piecewise` replaced by the piece that is active on the whole domain.

    Raises:
        NoRule: no piece is shown to be.
    """

    def piece(node: Piecewise) -> Expr:
        for value, condition in node.args:
            if condition is S.true:
                return value
            if not isinstance(condition, (StrictGreaterThan, GreaterThan, StrictLessThan, LessThan)):
                break
            if decide(condition.lhs, condition.rel_op, condition.rhs, context).status == "proved":
                return value
            opposite = condition.negated
            if decide(opposite.lhs, opposite.rel_op, opposite.rhs, context).status != "proved":
                break
        raise NoRule("several pieces of a function may be active")

    return expr.replace(lambda e: isinstance(e, Piecewise), piece)


def complex_points(expr: Expr, context: Context, otherwise: Finding) -> Finding:
    """Where the real ladder finds no real value: complex balls at points, which can only disprove."""
    box = box_for([expr], context.domain)
    for point in box.points(8, seed="complex"):
        try:
            with precision(333):
                value = complex_ball(expr, point)
        except (NoPattern, balls.Undefined):
            continue
        if value.is_finite() and not (value.real.contains(0) and value.imag.contains(0)):
            at = ", ".join(f"{s} = {x}" for s, x in sorted(point.items(), key=str))
            return Finding("disproved", "complex balls", f"at {at}: the difference is {value.str(8)}")
    return otherwise


def weakest_or_false(premises: list[Finding], conclusion: Finding) -> Finding:
    """The conclusion's finding; proved only if the premises are."""
    if conclusion.status != "proved":
        return conclusion
    joint = weakest(conclusion.route, premises)
    return conclusion if joint.status == "proved" else joint


def _by_rules(expr: Derivative) -> Expr:
    inner = expr.expr
    if isinstance(inner, AppliedUndef):
        return expr
    for x, count in expr.variable_count:
        for _ in range(int(count)):
            inner = derivative(inner, x)
    return inner
