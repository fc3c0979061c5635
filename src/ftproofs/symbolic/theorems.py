"""The general theorems' templates: from what is given, the relation a theorem supports, or why it does not apply."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, Expr, Integer, Integral, Limit, S, Symbol, exp, gamma, oo, sympify
from sympy.core.function import AppliedUndef

from ftproofs.claim import Statement
from ftproofs.symbolic import frozen_layers, two_layers
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic import trajectory as w
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.differentiation import derivative
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.functions import depth_equation, depth_root
from ftproofs.symbolic.identities import SIZES, reading_of
from ftproofs.symbolic.meanings import balanced, one_layer, optimizer, two_layer
from ftproofs.symbolic.methods import decide
from ftproofs.symbolic.noise import noise_mean
from ftproofs.symbolic.rules import Preparation, is_matrix
from ftproofs.symbolic.vocabulary import v
from ftproofs.symbolic.zero import box_for, is_zero


class Inadmissible(ValueError):
    """The theorem's hypotheses are not met, or not shown."""


def _given(context: Context, id: str) -> Statement:
    if id not in context.given:
        raise Inadmissible(f"step {id!r} is not given")
    return context.given[id]


def _require(condition: object, why: str) -> None:
    if not condition:
        raise Inadmissible(why)


def _positive(expr: Expr, context: Context) -> bool:
    prepared = Preparation(context.given)(expr)
    return decide(prepared, ">", S.Zero, context).status == "proved"


# -- analysis -----------------------------------------------------------------


def constant_of_motion(context: Context, id: str) -> Statement:
    given = _given(context, id)
    _require(given.rel == "==" and given.rhs == 0 and isinstance(given.lhs, Derivative), "no vanishing derivative")
    inner, time = given.lhs.expr, given.lhs.variables[0]
    _require(len(given.lhs.variables) == 1, "not a first derivative")
    return Statement(inner, "==", inner.subs(time, Integer(0)))


def gronwall(context: Context, id: str) -> Statement:
    """From f' <= -rate f with a constant rate: f(t) <= f(0) exp(-rate t)."""
    given = _given(context, id)
    _require(given.rel == "<=" and isinstance(given.lhs, Derivative), "no differential inequality")
    f, time = given.lhs.expr, given.lhs.variables[0]
    _require(isinstance(f, AppliedUndef) and f.args == (time,), "not one function of time")
    rate = -sympify(given.rhs) / f
    _require(not rate.has(f.func) and not rate.has(time), "the rate is not constant")
    return Statement(f, "<=", f.subs(time, 0) * exp(-rate * time))


def root_equation(z: Symbol, later: Symbol, root: Expr) -> Expr:
    """The depth root's equation over z**2, at depth ``later + 1``: it increases with z and vanishes at the root."""
    _, A, b, norm = root.args
    return depth_equation(z, later + 1, A, b, norm) / z**2


def monotone_roots(
    context: Context, root: Any, z: Symbol, later: Symbol, value: Any, rising_id: str, limit_id: str
) -> Statement:
    """Roots of increasing functions converge when the functions do and the limit increases through its root."""
    _require(isinstance(root, depth_root) and isinstance(root.args[0], Symbol), "not a root at variable depth")
    _require(z.is_positive and later.is_positive, "the variables are not positive")
    rising, pointwise = _given(context, rising_id), _given(context, limit_id)
    f = root_equation(z, later, root)
    _require(rising == Statement(Derivative(f, z), ">", Integer(0)), "it is not shown that the equation increases")
    _require(
        pointwise.rel == "==" and isinstance(pointwise.lhs, Limit) and pointwise.lhs.args[:3] == (f, later, oo),
        "no pointwise limit of the equation",
    )
    prepare = Preparation(context.given)
    target, value = sympify(pointwise.rhs), sympify(value)
    zero = prepare(target.subs(z, value))
    _require(is_zero(zero, box_for([zero], context.domain)).status == "proved", "the limit has no zero there")
    _require(_positive(value, context), "the limit's zero is not positive")
    _require(_positive(derivative(target, z), context), "the limit does not increase")
    return Statement(Limit(root, root.args[0], oo), "==", value)


# -- linear algebra -----------------------------------------------------------


def spectral_bound(context: Context, id: str) -> Statement:
    """The error of every mode is multiplied by m: the whole error's square by at most the largest m**2."""
    given = _given(context, id)
    start = w.e(Integer(0))
    _require(given.rel == "==" and given.lhs == w.e(v.steps), "no closed form of a mode's error")
    factor = sympify(given.rhs) / start
    _require(not factor.has(start), "the mode's error is not proportional to its start")
    # The bound is the one of some eigenvalue, which has a name of its own.
    return Statement(v.error_growth**2, "<=", (factor**2).subs(v.mode_eigenvalue, w.worst))


def smallest_singular_value(context: Context) -> Statement:
    """|X'r|^2 >= s_min^2 |r|^2 for n <= d; with gradient X'r/n and loss |r|^2/(2n)."""
    _require(context.regimes() <= {"wide", "square"}, "the domain has n > d, where X' has a kernel")
    t = w.t
    squared = w.along(t) ** 2 + w.across(t) ** 2
    return Statement(squared, ">=", 2 * w.curvature * w.loss(t))


def cauchy_schwarz(_: Context) -> Statement:
    return Statement(w.p_source(w.t), "<=", w.N(w.t))


def general_position(context: Context, name: Symbol) -> Statement:
    """Almost surely a fixed non-zero vector has parts inside and outside the span of n < d random rows."""
    _require(name in (v.perp_source_norm, v.par_source_norm, v.min_norm), f"{name} is not covered")
    _require(context.regimes() == {"wide"}, "the domain has n >= d, where nothing is outside the span")
    _require(context.only("inputs", "gaussian", "sphere"), "the inputs are not random")
    _require("source_norm" in context.claim.domain, "there is no source")
    return Statement(name, ">", Integer(0))


def coordinatewise(context: Context, id: str, factor_id: str) -> Statement:
    """An equation for the coordinate along every fixed direction outside the span is one for the outside parts.

    The factor, read at the end of training (where N is the norm of beta and a the readout), has a symbol of its own.
    """
    given, definition = _given(context, id), _given(context, factor_id)
    start = w.p(Integer(0))
    _require(given.rel == "==" and given.lhs == w.p(w.t), "no equation for a coordinate outside the span")
    factor = (sympify(given.rhs) / start).xreplace({w.N(w.t): v.beta_norm, w.a(w.t): two_layers.a_end})
    _require(not factor.atoms(AppliedUndef), "the coordinate is not proportional to its start")
    _require(definition == Statement(definition.lhs, "==", factor), f"the factor is {factor}")
    return Statement(m.P_perp * m.beta - definition.lhs * m.P_perp * m.theta_S, "==", m.ZERO)


# -- optimization -------------------------------------------------------------


def gradient_span(context: Context, id: str) -> Statement:
    """Iterates of gradient methods stay in the start plus the gradients' span."""
    given = _given(context, id)
    _require(given.rel == "==" and is_matrix(given), "no matrix equation given")
    gradient = m.X.T * (m.X * w.theta - m.y)
    _require(
        given.lhs == m.P_perp * gradient and given.rhs in (0, m.ZERO), "it is not shown that gradients lie in the span"
    )
    why = optimizer("gd", "momentum", "sgd", "flow")(context)
    _require(why is None, why or "")
    return Statement(m.P_perp * (m.beta - m.theta_S), "==", m.ZERO)


def quadratic_convergence(context: Context, id: str) -> Statement:
    """Gradient methods with a stable step converge to a point where the gradient vanishes."""
    given = _given(context, id)
    _require(given == Statement((1 - w.rate) ** 2, "<", Integer(1)), "no contraction of the modes given")
    allowed = context.allowed("optimizer")
    known = ("linear.finetune", "linear.scratch", "linear.bounds")
    _require(context.claim.experiment in known or one_layer(context), "training does not run to its limit")
    if allowed is not None and not context.only("optimizer", "gd", "momentum", "flow"):
        _require(context.regimes() <= {"wide", "square"}, "one-sample steps need data that can be fitted")
    return Statement(m.X.T * (m.X * m.beta - m.y), "==", m.ZERO)


def convex_quadratic_flow(context: Context, layers_id: str, predictor_id: str) -> Statement:
    """Where one layer trains, the loss is a convex quadratic of it, and at the limit its gradient there vanishes.

    The gradient in the layer is ``f theta_S' X'(X beta - y)/n``; the row f is not zero, since the start's
    predictor is the source.
    """
    for id, name in ((layers_id, "frozen-layers"), (predictor_id, "frozen-predictor")):
        _require(_given(context, id) == frozen_layers.MEANINGS[name][1], f"step {id!r} does not say what is frozen")
    why = frozen_layers.aligned_features(context)
    _require(why is None, why or "")
    _require(frozen_layers.one_layer_left(context), "several layers may train")
    return Statement(m.theta_S.T * (m.X.T * (m.X * m.beta - m.y)), "==", frozen_layers.ZERO)


def loss_limit(context: Context, id: str) -> Statement:
    """Exponential decay of the loss bounds the path's length: the flow converges, so the final loss is the limit's."""
    given = _given(context, id)
    t = w.t
    _require(given.rel == "<=" and given.lhs == w.loss(t), "no decay of the loss given")
    rate = -sympify(given.rhs / w.loss(Integer(0))).args[0] / t if given.rhs.has(exp) else None
    _require(rate is not None and not rate.has(t) and _positive(rate, context), "the decay has no positive rate")
    return Statement(v.train_loss, "==", Limit(w.loss(t), t, oo))


def invariant_family(context: Context, which: str, *ids: str) -> Statement:
    """Velocities tangent to the balanced family keep the flow in it: the chain's equations."""
    why = balanced(context)
    _require(why is None, why or "")
    found = [_given(context, id) for id in ids]
    _require(all(statement in found for statement in w.TANGENT), "the velocities are not shown to be tangent")
    _require(which in w.CHAIN, f"no equation {which!r} of the chain")
    return w.CHAIN[which]


def invariant_pair(context: Context, which: str, *ids: str) -> Statement:
    """Velocities tangent to the rank-one pairs of layers keep the flow among them: the chain's equations."""
    why = two_layer(context)
    _require(why is None, why or "")
    found = [_given(context, id) for id in ids]
    _require(all(statement in found for statement in two_layers.TANGENT), "the velocities are not shown to be tangent")
    _require(which in two_layers.CHAIN, f"no equation {which!r} of the chain")
    return two_layers.CHAIN[which]


# -- random matrices ----------------------------------------------------------


def _isotropic(context: Context, *inputs: str) -> None:
    _require(context.only("spectrum", "isotropic"), "the inputs may be anisotropic")
    _require(context.only("inputs", *inputs), f"the inputs may be other than {', '.join(inputs)}")


_share = Symbol("x", positive=True)


def null_fraction_moment(order: int) -> Integral:
    """E[x**order] for x ~ Beta((d - n)/2, n/2), as an integral over the density."""
    n, d, x = v.n, v.d, _share
    density = x ** ((d - n) / 2 - 1) * (1 - x) ** (n / 2 - 1) * gamma(d / 2) / (gamma((d - n) / 2) * gamma(n / 2))
    return Integral(x**order * density, (x, 0, 1))


def inverse_chi_square_mean(k: Any) -> Integral:
    """E[1/q] for q ~ chi-square with k degrees of freedom, as an integral over the density."""
    k, x = sympify(k), _share
    return Integral(x ** (k / 2 - 2) * exp(-x / 2) / (2 ** (k / 2) * gamma(k / 2)), (x, 0, oo))


def haar_null_fraction(context: Context, order: int) -> Statement:
    _isotropic(context, "gaussian", "sphere")
    _require(context.regimes() == {"wide"}, "n < d is not assumed")
    return Statement(
        E(v.perp_delta_norm ** (2 * order)), "==", v.delta_norm ** (2 * order) * null_fraction_moment(order)
    )


def wishart_inverse_trace(context: Context) -> Statement:
    """E tr W^{-1} = p E[1/chi2_{m-p+1}] for W ~ Wishart_p(m): the Gram matrix of the smaller side."""
    _isotropic(context, "gaussian")
    regimes = context.regimes()
    _require(regimes <= {"wide", "square"} or regimes == {"tall"}, "the side of n = d is not fixed")
    p, degrees = (v.d, v.n) if regimes == {"tall"} else (v.n, v.d)
    return Statement(E(m.gram_inverse_trace), "==", p * inverse_chi_square_mean(degrees - p + 1))


def white_noise(context: Context, name: Symbol, mean: Any) -> Statement:
    """The noise is independent of the design: a quantity quadratic in it has the mean its second moments give."""
    for regime in sorted(context.regimes()):
        for size in SIZES[regime]:
            if not noise_mean(reading_of(name, context), mean, size, context):
                raise Inadmissible(f"over the noise {name} has another mean at (n, d) = {size}")
    return Statement(E(name), "==", E(sympify(mean)))
