"""The closed list of general theorems that derivations may cite.

Each has a citation and a template: from its arguments and what is given it makes
the relation it supports, or says why it does not apply.  None of them speaks of
fine-tuning; a claim's statement is never one of their relations by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sympy import Derivative, Expr, Integer, Integral, Limit, S, Symbol, exp, gamma, oo, sympify
from sympy.core.function import AppliedUndef

from ftproofs.claim import Statement
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic import meanings
from ftproofs.symbolic.calculus import derivative
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.functions import depth_equation, depth_root
from ftproofs.symbolic.identities import SIZES, reading_of
from ftproofs.symbolic.methods import _open, decide
from ftproofs.symbolic.noise import noise_mean
from ftproofs.symbolic.rules import Preparation, is_matrix
from ftproofs.symbolic.vocabulary import v
from ftproofs.symbolic.zero import Finding, box_for, is_zero


class Inadmissible(ValueError):
    """The theorem's hypotheses are not met, or not shown."""


@dataclass(frozen=True, slots=True)
class Theorem:
    """A theorem: what it says, where it stands, and the relation it supports in a context."""

    says: str
    citation: str
    template: Callable[..., Statement]


@dataclass(frozen=True)
class Axiom:
    """The step cites a theorem of the list with these arguments."""

    name: str
    arguments: tuple[Any, ...] = ()

    def close(self, relation: Statement, context: Context) -> Finding:
        """Check that the theorem applies and supports exactly this relation."""
        theorem = AXIOMS.get(self.name)
        if theorem is None:
            return _open("axiom", f"no theorem {self.name!r} in the list")
        try:
            supported = theorem.template(context, *self.arguments)
        except Inadmissible as error:
            return _open("axiom", f"{self.name}: {error}")
        if not same(supported, relation, context):
            return _open("axiom", f"{self.name} supports {supported}")
        return Finding("proved", "axiom", theorem.citation)


def same(one: Statement, other: Statement, context: Context) -> bool:
    """Whether two relations are the same, side by side, up to the zero ladder."""
    if one == other:
        return True
    if one.rel != other.rel or is_matrix(one) or is_matrix(other):
        return False
    prepare = Preparation({})
    try:
        gaps = [prepare(one.lhs) - prepare(other.lhs), prepare(one.rhs) - prepare(other.rhs)]
    except ZeroDivisionError:
        return False
    return all(is_zero(x, box_for([x], context.domain)).status == "proved" for x in gaps)


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


def _constant_of_motion(context: Context, id: str) -> Statement:
    given = _given(context, id)
    _require(given.rel == "==" and given.rhs == 0 and isinstance(given.lhs, Derivative), "no vanishing derivative")
    inner, time = given.lhs.expr, given.lhs.variables[0]
    _require(len(given.lhs.variables) == 1, "not a first derivative")
    return Statement(inner, "==", inner.subs(time, Integer(0)))


def _gronwall(context: Context, id: str) -> Statement:
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


def _monotone_roots(
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


def _spectral_bound(context: Context, id: str) -> Statement:
    """The error of every mode is multiplied by m: the whole error's square by at most the largest m**2."""
    given = _given(context, id)
    start = meanings.e(Integer(0))
    _require(given.rel == "==" and given.lhs == meanings.e(v.steps), "no closed form of a mode's error")
    factor = sympify(given.rhs) / start
    _require(not factor.has(start), "the mode's error is not proportional to its start")
    # The bound is the one of some eigenvalue, which has a name of its own.
    return Statement(v.error_growth**2, "<=", (factor**2).subs(v.mode_eigenvalue, meanings.worst))


def _smallest_singular_value(context: Context) -> Statement:
    """|X'r|^2 >= s_min^2 |r|^2 for n <= d; with gradient X'r/n and loss |r|^2/(2n)."""
    _require(context.regimes() <= {"wide", "square"}, "the domain has n > d, where X' has a kernel")
    t = meanings.t
    squared = meanings.along(t) ** 2 + meanings.across(t) ** 2
    return Statement(squared, ">=", 2 * meanings.curvature * meanings.loss(t))


def _cauchy_schwarz(_: Context) -> Statement:
    return Statement(meanings.p_source(meanings.t), "<=", meanings.N(meanings.t))


def _general_position(context: Context, name: Symbol) -> Statement:
    """Almost surely a fixed non-zero vector has parts inside and outside the span of n < d random rows."""
    _require(name in (v.perp_source_norm, v.par_source_norm, v.min_norm), f"{name} is not covered")
    _require(context.regimes() == {"wide"}, "the domain has n >= d, where nothing is outside the span")
    _require(context.only("inputs", "gaussian", "sphere"), "the inputs are not random")
    _require("source_norm" in context.claim.domain, "there is no source")
    return Statement(name, ">", Integer(0))


def _coordinatewise(context: Context, id: str, factor_id: str) -> Statement:
    """An equation for the coordinate along every fixed direction outside the span is one for the outside parts.

    The factor, read at the end of training (where N is the norm of beta), has a symbol of its own.
    """
    given, definition = _given(context, id), _given(context, factor_id)
    start = meanings.p(Integer(0))
    _require(given.rel == "==" and given.lhs == meanings.p(meanings.t), "no equation for a coordinate outside the span")
    factor = (sympify(given.rhs) / start).xreplace({meanings.N(meanings.t): v.beta_norm})
    _require(not factor.atoms(AppliedUndef), "the coordinate is not proportional to its start")
    _require(definition == Statement(definition.lhs, "==", factor), f"the factor is {factor}")
    return Statement(m.P_perp * m.beta - definition.lhs * m.P_perp * m.theta_S, "==", m.ZERO)


# -- optimization -------------------------------------------------------------


def _gradient_span(context: Context, id: str) -> Statement:
    """Iterates of gradient methods stay in the start plus the gradients' span."""
    given = _given(context, id)
    _require(given.rel == "==" and is_matrix(given), "no matrix equation given")
    gradient = m.X.T * (m.X * meanings.theta - m.y)
    _require(
        given.lhs == m.P_perp * gradient and given.rhs in (0, m.ZERO), "it is not shown that gradients lie in the span"
    )
    why = meanings.optimizer("gd", "momentum", "sgd", "flow")(context)
    _require(why is None, why or "")
    return Statement(m.P_perp * (m.beta - m.theta_S), "==", m.ZERO)


def _quadratic_convergence(context: Context, id: str) -> Statement:
    """Gradient methods with a stable step converge to a point where the gradient vanishes."""
    given = _given(context, id)
    _require(given == Statement((1 - meanings.rate) ** 2, "<", Integer(1)), "no contraction of the modes given")
    allowed = context.allowed("optimizer")
    _require(context.claim.experiment in ("linear.finetune", "linear.scratch"), "training does not run to its limit")
    if allowed is not None and not context.only("optimizer", "gd", "momentum", "flow"):
        _require(context.regimes() <= {"wide", "square"}, "one-sample steps need data that can be fitted")
    return Statement(m.X.T * (m.X * m.beta - m.y), "==", m.ZERO)


def _loss_limit(context: Context, id: str) -> Statement:
    """Exponential decay of the loss bounds the path's length: the flow converges, so the final loss is the limit's."""
    given = _given(context, id)
    t = meanings.t
    _require(given.rel == "<=" and given.lhs == meanings.loss(t), "no decay of the loss given")
    rate = -sympify(given.rhs / meanings.loss(Integer(0))).args[0] / t if given.rhs.has(exp) else None
    _require(rate is not None and not rate.has(t) and _positive(rate, context), "the decay has no positive rate")
    return Statement(v.train_loss, "==", Limit(meanings.loss(t), t, oo))


def _invariant_family(context: Context, which: str, *ids: str) -> Statement:
    """Velocities tangent to the balanced family keep the flow in it: the chain's equations."""
    why = meanings.balanced(context)
    _require(why is None, why or "")
    found = [_given(context, id) for id in ids]
    _require(all(statement in found for statement in meanings.TANGENT), "the velocities are not shown to be tangent")
    _require(which in meanings.CHAIN, f"no equation {which!r} of the chain")
    return meanings.CHAIN[which]


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


def _haar_null_fraction(context: Context, order: int) -> Statement:
    _isotropic(context, "gaussian", "sphere")
    _require(context.regimes() == {"wide"}, "n < d is not assumed")
    return Statement(
        E(v.perp_delta_norm ** (2 * order)), "==", v.delta_norm ** (2 * order) * null_fraction_moment(order)
    )


def _wishart_inverse_trace(context: Context) -> Statement:
    """E tr W^{-1} = p E[1/chi2_{m-p+1}] for W ~ Wishart_p(m): the Gram matrix of the smaller side."""
    _isotropic(context, "gaussian")
    regimes = context.regimes()
    _require(regimes <= {"wide", "square"} or regimes == {"tall"}, "the side of n = d is not fixed")
    p, degrees = (v.d, v.n) if regimes == {"tall"} else (v.n, v.d)
    return Statement(E(m.gram_inverse_trace), "==", p * inverse_chi_square_mean(degrees - p + 1))


def _white_noise(context: Context, name: Symbol, mean: Any) -> Statement:
    """The noise is independent of the design: a quantity quadratic in it has the mean its second moments give."""
    for regime in sorted(context.regimes()):
        for size in SIZES[regime]:
            if not noise_mean(reading_of(name, context), mean, size, context):
                raise Inadmissible(f"over the noise {name} has another mean at (n, d) = {size}")
    return Statement(E(name), "==", E(sympify(mean)))


AXIOMS: Mapping[str, Theorem] = MappingProxyType(
    {
        "constant-of-motion": Theorem(
            "a differentiable function whose derivative vanishes is constant",
            "Rudin, Principles of Mathematical Analysis, 1976, theorem 5.11",
            _constant_of_motion,
        ),
        "gronwall": Theorem(
            "f' <= -c f implies f(t) <= f(0) exp(-c t)",
            "Gronwall, Annals of Mathematics 20, 1919",
            _gronwall,
        ),
        "monotone-roots": Theorem(
            "roots of increasing functions converge when the functions do and the limit increases through its root",
            "van der Vaart, Asymptotic Statistics, 1998, lemma 5.10",
            _monotone_roots,
        ),
        "spectral-bound": Theorem(
            "for a symmetric matrix |f(A) x| <= max |f(eigenvalue)| |x|",
            "Horn and Johnson, Matrix Analysis, 2013, theorem 4.1.5",
            _spectral_bound,
        ),
        "smallest-singular-value": Theorem(
            "|X'r| >= s_min(X) |r| when X has full row rank",
            "Horn and Johnson, Matrix Analysis, 2013, theorem 4.2.2",
            _smallest_singular_value,
        ),
        "cauchy-schwarz": Theorem(
            "a coordinate along a unit vector is at most the norm",
            "Horn and Johnson, Matrix Analysis, 2013, theorem 5.1.4",
            _cauchy_schwarz,
        ),
        "general-position": Theorem(
            "a fixed vector lies in the span of n < d random rows with probability zero",
            "Muirhead, Aspects of Multivariate Statistical Theory, 1982, theorem 3.1.4",
            _general_position,
        ),
        "coordinatewise": Theorem(
            "vectors are equal when their coordinates along every direction are",
            "Horn and Johnson, Matrix Analysis, 2013, section 0.1",
            _coordinatewise,
        ),
        "gradient-span": Theorem(
            "gradient descent, momentum, one-sample steps and gradient flow stay in the start plus the gradients' span",
            "Gunasekar, Lee, Soudry, Srebro, ICML 2018, section 2",
            _gradient_span,
        ),
        "quadratic-convergence": Theorem(
            "with a stable step gradient methods on a least-squares loss converge to a stationary point",
            "Polyak, Introduction to Optimization, 1987, chapters 1-3; Strohmer, Vershynin 2009 for one-sample steps",
            _quadratic_convergence,
        ),
        "invariant-family": Theorem(
            "a flow whose velocity is tangent to a family of points stays in the family",
            "Coddington and Levinson, Theory of Ordinary Differential Equations, 1955, theorem I.2.2; "
            "Arora, Cohen, Hazan 2018 for balanced layers",
            _invariant_family,
        ),
        "loss-limit": Theorem(
            "a gradient flow along which the loss decays exponentially has finite length and converges",
            "Polyak, USSR Computational Mathematics 3, 1963; Karimi, Nutini, Schmidt 2016",
            _loss_limit,
        ),
        "haar-null-fraction": Theorem(
            "the squared part of a fixed unit vector outside a Haar-uniform n-dimensional space is Beta((d-n)/2, n/2)",
            "Muirhead, Aspects of Multivariate Statistical Theory, 1982, theorem 1.5.7",
            _haar_null_fraction,
        ),
        "wishart-inverse-trace": Theorem(
            "a diagonal entry of an inverse Wishart_p(m) matrix is the inverse of a chi-square with m-p+1 degrees",
            "Muirhead, Aspects of Multivariate Statistical Theory, 1982, theorem 3.2.12",
            _wishart_inverse_trace,
        ),
        "white-noise": Theorem(
            "noise independent of the design with E[eps] = 0 and E[eps eps'] = sigma^2 I",
            "Seber and Lee, Linear Regression Analysis, 2003, theorem 1.5",
            _white_noise,
        ),
    }
)
