"""The steps to the endpoint: the fixed point, its one root, and infinite depth (handbook A6, 6-7)."""

from __future__ import annotations

from sympy import Derivative, Eq, Expr, Integer, Limit, MatrixSymbol, Symbol, oo, sqrt

from ftproofs.catalog.deep_linear.loss_steps import CONVERGENCE
from ftproofs.catalog.deep_linear.path_steps import FLOOR, PATH
from ftproofs.catalog.linear.endpoint_steps import meaning, same
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic import trajectory as w
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.calculus import Root, log_quotient
from ftproofs.symbolic.differentiation import Differentiate
from ftproofs.symbolic.functions import depth_equation, depth_root
from ftproofs.symbolic.identities import Generic, Term
from ftproofs.symbolic.instances import Instance, Setting
from ftproofs.symbolic.limits import TakeLimit
from ftproofs.symbolic.methods import Algebra, Certificate, Let, Part, Under
from ftproofs.symbolic.theorems import root_equation
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, greater, less, v

L, s, A, b = v.L, v.source_norm, v.min_norm, v.perp_source_norm
_ratio = (v.beta_norm / s) ** ((L - 1) / L)
_c = m.factor
_rest = MatrixSymbol("r", m.d, 1)

OUTSIDE = (
    Step("factor", "the factor, at the end", equal(_c, _ratio), Let()),
    Step(
        "outside-part",
        "outside the span the predictor is a multiple of the source",
        same(m.P_perp * m.beta - _c * m.P_perp * m.theta_S, m.ZERO),
        Axiom("coordinatewise", ("path", "factor")),
        ("path", "factor"),
    ),
)

PATH_AT_END = (
    *PATH,
    *OUTSIDE,
    Step("rest", "whatever it is inside", same(_rest, m.beta), Let()),
    Step(
        "parts",
        "the predictor in two parts",
        same(m.beta, m.P * _rest + _c * m.P_perp * m.theta_S),
        Generic((Term("outside-part"), Term("rest", -m.P))),
        ("outside-part", "rest"),
    ),
    Step("factor-read", "its outside part over the source's", equal(v.perp_ratio, _c), Generic(), ("parts",)),
    Step("ratio", "the path at its end", equal(v.perp_ratio, _ratio), Algebra(), ("factor-read", "factor")),
)

ROOT = depth_root(L, A, b, s)
_z = Symbol("z", positive=True)
_slope = (2 * L * A**2 + 2 * _z**2 * b**2) / (_z * (A**2 + _z**2 * b**2))

ENDPOINT = (
    *CONVERGENCE,
    *OUTSIDE,
    Step(
        "endpoint",
        "the minimum-norm fit plus a multiple of the source's outside part",
        same(m.beta, m.Xp * m.y + _c * m.P_perp * m.theta_S),
        Generic((Term("outside-part"), Term("residual", -m.Xp))),
        ("outside-part", "residual"),
    ),
    Step("factor-read", "the factor, read off the predictor", equal(v.perp_ratio, _c), Generic(), ("endpoint",)),
    Step("outside-norm", "the outside part's norm", equal(v.perp_beta_norm, _c * b), Generic(), ("endpoint",)),
    Step(
        "overlap",
        "its product with the source's",
        equal(v.perp_alignment * v.perp_beta_norm * b, _c * b**2),
        Generic(),
        ("endpoint",),
    ),
    meaning("end-norm", "end-norm"),
    Step(
        "floor-at-end",
        "the floor at the end",
        at_most(FLOOR, w.N(w.end_time)),
        Instance("floor", ((w.t, w.end_time),)),
        ("floor",),
    ),
    Step(
        "end-floor",
        "at the end the norm is above its floor",
        at_least(v.beta_norm, FLOOR),
        Certificate((Part(1, ("floor-at-end",)),)),
        ("floor-at-end", "end-norm"),
    ),
    Step(
        "not-zero",
        "so it is not zero",
        greater(v.beta_norm, 0),
        Certificate((Part(1, ("end-floor",)), Part(FLOOR))),
        ("end-floor", "source-outside"),
    ),
    Step("factor-positive", "nor is the factor", greater(_c, 0), Algebra(), ("factor", "not-zero")),
    Step(
        "aligned",
        "the outside parts have one direction",
        equal(v.perp_alignment, 1),
        Certificate((Part(1 / (_c * b**2), ("overlap",)),)),
        ("overlap", "outside-norm", "factor-positive", "source-outside"),
    ),
    Step(
        "pythagoras",
        "the two parts are at right angles",
        equal(A**2, v.beta_norm**2 - v.perp_ratio**2 * b**2),
        Generic(),
        ("endpoint",),
    ),
    Step(
        "slope",
        "the equation for the factor, in logarithms, has this slope",
        Statement(Derivative(log_quotient(_z, *ROOT.args), _z), "==", _slope),
        Differentiate(),
        ("source-outside",),
    ),
    Step("unique", "it increases, so it has one root", greater(_slope, 0), Algebra(), ("source-outside",)),
    Step(
        "root",
        "and the factor is that root",
        equal(v.perp_ratio, ROOT),
        Root("unique"),
        ("pythagoras", "factor-read", "factor", "not-zero", "source-outside", "unique"),
    ),
)

_one, _two = Eq(L, 1), Eq(L, 2)
_inside = Step(
    "inside-outside",
    "the source in two parts at right angles",
    equal(b**2, s**2 - v.par_source_norm**2),
    Generic(),
)

_M = Symbol("M", positive=True)
_outside = b**2 * s ** (-2 * (L - 1) / L)


def _sides_in(squared_norm: Expr) -> Expr:
    """The right side of the fixed-point equation for the squared norm."""
    return A**2 / squared_norm + _outside * squared_norm ** (-1 / L)


ENDPOINT_COROLLARIES = (
    Step(
        "one-layer",
        "L = 1 is linear regression: the outside part stays",
        equal(v.perp_ratio, 1),
        Under(_one, Setting("root", L, Integer(1))),
        ("root",),
    ),
    Step(
        "two-layers",
        "L = 2: the root of a quadratic",
        equal(v.perp_ratio, ROOT.subs(L, 2)),
        Under(_two, Setting("root", L, Integer(2))),
        ("root",),
    ),
    Step(
        "quadratic",
        "which is this one, for the square",
        equal(v.perp_ratio**4 * s**2, A**2 + v.perp_ratio**2 * b**2),
        Under(_two, Algebra()),
        ("two-layers",),
    ),
    Step(
        "fixed-point",
        "in M = |beta|^2 the equation reads 1 = A^2/M + b^2 s^(-2(L-1)/L) M^(-1/L)",
        equal(_sides_in(v.beta_norm**2), 1),
        Algebra(),
        ("pythagoras", "factor-read", "factor", "not-zero", "source-outside"),
    ),
    Step(
        "fixed-point-slope",
        "whose right side has this slope",
        Statement(Derivative(_sides_in(_M), _M), "==", -(A**2) / _M**2 - _outside / L * _M ** (-1 / L - 1)),
        Differentiate(),
        ("source-outside",),
    ),
    Step(
        "fixed-point-falls",
        "and falls strictly",
        less(Derivative(_sides_in(_M), _M), 0),
        Algebra(),
        ("fixed-point-slope", "source-outside"),
    ),
    _inside,
    Step(
        "no-depth",
        "at c = 1 the equation is off by p^2 - A^2: depth plays no part only if A = p",
        equal(depth_equation(1, L, A, b, s), v.par_source_norm**2 - A**2),
        Algebra(),
        ("inside-outside",),
    ),
    Step(
        "exponent-falls",
        "the equation's exponent falls with depth, so the root moves away from 1",
        Statement(Derivative(2 * L / (L - 1), L), "==", -2 / (L - 1) ** 2),
        Under(L >= 2, Differentiate()),
    ),
)

_later = Symbol("later_layers", positive=True)
_equation = root_equation(_z, _later, ROOT)
_equation_slope = 2 * s**2 * _z ** (2 / _later) / (_later * _z) + 2 * A**2 / _z**3
_at_infinity = A / v.par_source_norm

INFINITE_DEPTH = (
    *(
        Step(
            f"positive-{name}",
            says,
            Statement(name, ">", Integer(0)),
            Axiom("general-position", (name,)),
        )
        for name, says in (
            (v.par_source_norm, "the source has a part inside the span"),
            (A, "the fit is not zero"),
        )
    ),
    _inside,
    Step(
        "equation-slope",
        "the slope of the root's equation",
        Statement(Derivative(_equation, _z), "==", _equation_slope),
        Differentiate(),
    ),
    Step(
        "rising",
        "it increases",
        Statement(Derivative(_equation, _z), ">", Integer(0)),
        Algebra(),
        ("equation-slope", "positive-min_norm"),
    ),
    Step(
        "pointwise",
        "with depth it tends to the quadratic one",
        equal(Limit(_equation, _later, oo), (s**2 * _z**2 - A**2 - b**2 * _z**2) / _z**2),
        TakeLimit(),
    ),
    Step(
        "root-limit",
        "so the roots tend to its root",
        equal(Limit(ROOT, L, oo), _at_infinity),
        Axiom("monotone-roots", (ROOT, _z, _later, _at_infinity, "rising", "pointwise")),
        ("rising", "pointwise", "inside-outside", "positive-par_source_norm", "positive-min_norm"),
    ),
    Step(
        "infinite-depth",
        "in the source's norm and its outside part",
        equal(Limit(ROOT, L, oo), A / sqrt(s**2 - b**2)),
        Algebra(),
        ("root-limit", "inside-outside", "positive-par_source_norm"),
    ),
)
