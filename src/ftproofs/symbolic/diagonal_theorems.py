"""The general theorems that derivations about diagonal networks cite, with their templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Derivative, Limit, Symbol, fraction, oo, sympify, together
from sympy.core.function import AppliedUndef

from ftproofs.claim import Statement
from ftproofs.symbolic import diagonal_flow as f
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.diagonal_flow import flowing
from ftproofs.symbolic.diagonal_tasks import frozen
from ftproofs.symbolic.diagonal_training import (
    WORDS,
    _is,
    energy,
    fall,
    least_scale,
    scale,
    slope,
    slope_square,
    speed,
    work,
    zero,
)
from ftproofs.symbolic.penalty import penalty, penalty_curvature, penalty_slope
from ftproofs.symbolic.theorems import _given, _positive, _require
from ftproofs.symbolic.trajectory import curvature, end_time, loss, t, theta
from ftproofs.symbolic.vocabulary import v


def _flows(context: Context) -> None:
    why = flowing(context)
    _require(why is None or frozen(context) is None, why or "")


def vector_of_coordinates(context: Context, id: str, when: str) -> Statement:
    """Every coordinate's slope change equals its phase: the vector is X' times the integral of rho."""
    _flows(context)
    given = _given(context, id)
    time, vector = {"end": (end_time, m.slope_change), "path": (t, m.slope_path)}[when]
    _require(given == _is(slope(time), f.phase(time)), "no equation of slope and phase for every coordinate")
    return _is(vector, m.X.T * m.multiplier)


def strictly_convex_minimiser(context: Context, fits: str, kkt: str, curved: str) -> Statement:
    """A point that fits and whose slope is in the row space is the one minimiser of a strictly convex penalty."""
    why = flowing(context)
    _require(why is None, why or "")
    x = f.coefficient(t)
    _require(_given(context, fits) == _is(m.y, m.X * m.beta), "it is not shown that the predictor fits")
    _require(
        _given(context, kkt) == _is(m.slope_change, m.X.T * m.multiplier), "the slope is not shown to be in the span"
    )
    _require(
        _given(context, curved) == Statement(penalty_curvature(x, scale), ">", zero), "no strict convexity is shown"
    )
    return _is(m.beta, m.dual)


def weighted_minimiser(context: Context, fits: str, kkt: str) -> Statement:
    """The same for sum beta_i^2/(4 w_i^2), the slope being beta over twice the squared layer."""
    why = frozen(context)
    _require(why is None, why or "")
    _require(_given(context, fits) == _is(m.y, m.X * m.beta), "it is not shown that the predictor fits")
    _require(_given(context, kkt) == _is(m.slope_change, m.X.T * m.multiplier), "the slope is not in the span")
    return _is(m.beta, m.lazy)


def weighted_sum(context: Context, id: str) -> Statement:
    """Weights that are at least 2 c each: the weighted sum of squares is at least 2 c times the sum."""
    _flows(context)
    _require(_given(context, id) == Statement(2 * least_scale, "<=", speed(t)), "no bound of every weight")
    return Statement(2 * least_scale * slope_square(t), "<=", fall(t))


def row_rank_bound(context: Context) -> Statement:
    """|X'rho|^2 >= s_min^2 |rho|^2 for n <= d, and |rho|^2 is twice the loss."""
    _require(context.regimes() <= {"wide", "square"}, "the domain has n > d, where X' has a kernel")
    return Statement(2 * curvature * loss(t), "<=", slope_square(t))


def sum_over_coordinates(context: Context, id: str, inner: str) -> Statement:
    """The derivative of a sum is the sum of the derivatives, here an inner product."""
    why = flowing(context)
    _require(why is None, why or "")
    given, product = _given(context, id), _given(context, inner)
    end, now = v.beta_end, f.coefficient(t)
    divergence = penalty(end, scale) - penalty(now, scale) - penalty_slope(now, scale) * (end - now)
    _require(given == _is(Derivative(divergence, t), -f.push(t) * (end - now)), "no derivative of a coordinate's part")
    residual = m.y - m.X * theta
    expected = _is((m.X.T * residual).T * (m.beta - theta), residual.T * residual)
    _require(product == expected, "the inner product is not |rho|^2")
    return _is(Derivative(energy(t), t), -2 * loss(t))


def continuity(context: Context, id: str) -> Statement:
    """Where the flow converges the divergence from its limit tends to zero."""
    _flows(context)
    given = _given(context, id)
    _require(given == _is(Limit(loss(t), t, oo), zero), "it is not shown that the loss vanishes")
    return _is(Limit(energy(t), t, oo), zero)


def limit_of_sum(context: Context, total_id: str, limit_id: str) -> Statement:
    """If f + g is constant and f tends to zero, g tends to the constant."""
    total, vanishing = _given(context, total_id), _given(context, limit_id)
    _require(vanishing == _is(Limit(energy(t), t, oo), zero), "no vanishing part")
    _require(total.rel == "==" and total.lhs == energy(t) + work(t), "no constant sum")
    _require(not sympify(total.rhs).has(t), "the sum is not constant")
    return _is(Limit(work(t), t, oo), total.rhs)


def falling_average(context: Context, falls: str, integral: str, start: str) -> Statement:
    """What falls is at most its average: t f(t) <= the integral of f up to t."""
    given = _given(context, falls)
    _require(given == Statement(Derivative(loss(t), t), "<=", zero), "it is not shown that the loss falls")
    _require(_given(context, integral) == WORDS["training-work"].relation, "no integral")
    _require(_given(context, start) == WORDS["training-work-start"].relation, "the integral does not start at zero")
    return Statement(t * loss(t), "<=", work(t) / 2)


def unique_solution(context: Context, equation: str, start: str, candidate: str) -> Statement:
    """Two solutions of an autonomous equation with a polynomial right side that start together are the same.

    From ``f'(t) == P(f(t))``, ``f(0) == f_0`` and ``g'(t) == P(g(t))``: ``f(t) == g(t)``, where g(0) is f_0 and g
    has no pole at any time.
    """
    ode, begin, other = (_given(context, id) for id in (equation, start, candidate))
    unknown: Any = ode.lhs.expr if isinstance(ode.lhs, Derivative) else None
    _require(
        ode.rel == "==" and isinstance(unknown, AppliedUndef) and unknown.args == (t,), "no unknown function's flow"
    )
    _require(ode.lhs == Derivative(unknown, t), "not a first derivative")
    value = Symbol("value", real=True)
    velocity = sympify(ode.rhs).xreplace({unknown: value})
    _require(not velocity.has(t, AppliedUndef), "the velocity depends on more than the unknown")
    _require(velocity.is_polynomial(value), "the velocity is no polynomial of the unknown")
    _require(other.rel == "==" and isinstance(other.lhs, Derivative), "no flow of the candidate")
    path = other.lhs.expr
    _require(other.lhs == Derivative(path, t), "not a first derivative")
    _require(other.rhs == velocity.xreplace({value: path}), "the candidate moves another way")
    _require(not path.has(AppliedUndef), "the candidate is not explicit")
    pole = fraction(together(path))[1]
    _require(pole.is_positive or _positive(pole, context), "the candidate may have a pole")
    first = sympify(begin.rhs)
    _require(begin == _is(unknown.subs(t, zero), first), "no value at the start")
    _require(path.subs(t, zero) == first, "the candidate starts elsewhere")
    return _is(unknown, path)


THEOREMS: tuple[tuple[str, str, str, Callable[..., Statement]], ...] = (
    (
        "vector-of-coordinates",
        "vectors are equal when all their coordinates are",
        "Horn and Johnson, Matrix Analysis, 2013, section 0.1",
        vector_of_coordinates,
    ),
    (
        "strictly-convex-minimiser",
        "a feasible point whose slope lies in the span of the equality constraints is the minimiser of a convex "
        "function, the only one of a strictly convex function",
        "Rockafellar, Convex Analysis, 1970, theorem 28.3 and section 27",
        strictly_convex_minimiser,
    ),
    (
        "weighted-minimiser",
        "a feasible point whose slope lies in the span of the equality constraints is the one minimiser of a positive "
        "definite quadratic form",
        "Boyd and Vandenberghe, Convex Optimization, 2004, section 10.1.1",
        weighted_minimiser,
    ),
    (
        "weighted-sum",
        "a sum of squares with weights of at least a is at least a times the sum",
        "Hardy, Littlewood and Polya, Inequalities, 1934, section 2.1",
        weighted_sum,
    ),
    (
        "row-rank-bound",
        "|X'r| >= s_min(X) |r| when X has full row rank",
        "Horn and Johnson, Matrix Analysis, 2013, theorem 4.2.2",
        row_rank_bound,
    ),
    (
        "sum-over-coordinates",
        "the derivative of a finite sum is the sum of the derivatives",
        "Rudin, Principles of Mathematical Analysis, 1976, theorem 5.3",
        sum_over_coordinates,
    ),
    (
        "continuity",
        "a flow whose loss decays exponentially converges, and a continuous function with it",
        "Polyak, USSR Computational Mathematics 3, 1963; Rudin 1976, theorem 4.2",
        continuity,
    ),
    (
        "limit-of-sum",
        "limits of sums are sums of limits",
        "Rudin, Principles of Mathematical Analysis, 1976, theorem 4.4",
        limit_of_sum,
    ),
    (
        "falling-average",
        "a decreasing function is at most its average so far",
        "Hardy, Littlewood and Polya, Inequalities, 1934, section 6.14",
        falling_average,
    ),
    (
        "unique-solution",
        "an initial value problem with a locally Lipschitz velocity has one solution",
        "Coddington and Levinson, Theory of Ordinary Differential Equations, 1955, theorem I.2.2",
        unique_solution,
    ),
)
