"""The steps to where two unbalanced layers end: the quartic of the factor, its root and its limits (handbook A8)."""

from __future__ import annotations

from sympy import Eq, Expr, Integer, Limit, Rational, Symbol, oo, sqrt

from ftproofs.catalog.deep_linear.unbalanced_steps import DIFFERENCE, START, TRAINING, A, Q, b, s
from ftproofs.catalog.linear.endpoint_steps import meaning, same
from ftproofs.claim import Step
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic import trajectory as w
from ftproofs.symbolic import two_layers as two
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.functions import depth_root, long_readout_factor, unbalanced_factor
from ftproofs.symbolic.identities import Generic, Term
from ftproofs.symbolic.instances import Instance, Setting
from ftproofs.symbolic.limits import TakeLimit
from ftproofs.symbolic.methods import Algebra, Certificate, Let, Monotone, Part, Under
from ftproofs.symbolic.vocabulary import at_most, equal, greater, v

#: The factor, q over the first readout's square, and twice the factor's square minus that.
_c = Symbol("phi", nonnegative=True)
_h = Symbol("h_0", real=True)
_r = Symbol("r_end", real=True)
_a = two.a_end
_fit = A / START**2
_over = 1 - (s - b) * (s + b) / START**4
FACTOR = long_readout_factor(A, b, s, START)

END = (
    Step("factor", "the factor: final readout over first", equal(_c, _a / START), Let()),
    Step(
        "outside-part",
        "outside the span the predictor is that multiple of the source",
        same(m.P_perp * m.beta - _c * m.P_perp * m.theta_S, m.ZERO),
        Axiom("coordinatewise", ("path", "factor")),
        ("path", "factor"),
    ),
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
    Step("factor-positive", "the factor is positive", greater(_c, 0), Algebra(), ("factor",)),
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
)

_end = w.end_time

QUARTIC = (
    meaning("end-norm", "end-norm"),
    meaning("end-readout", "two-readout-end"),
    Step(
        "norm-there",
        "layers and predictor, at the end",
        equal(w.N(_end) ** 2, w.W(_end) * w.a(_end) ** 2),
        Instance("norm", ((w.t, _end),)),
        ("norm",),
    ),
    Step(
        "conserved-there",
        "and what is conserved",
        equal(w.W(_end), w.a(_end) ** 2 + DIFFERENCE),
        Instance("conserved", ((w.t, _end),)),
        ("conserved",),
    ),
    Step(
        "floor-there",
        "and the floor",
        at_most(Q, w.a(_end) ** 2),
        Instance("readout-floor", ((w.t, _end),)),
        ("readout-floor",),
    ),
    Step(
        "end-norm-squared",
        "in the final readout",
        equal(v.beta_norm**2, (_a**2 + DIFFERENCE) * _a**2),
        Certificate((Part(1, ("norm-there",)),)),
        ("norm-there", "end-norm", "conserved-there", "end-readout"),
    ),
    Step("ratio-floor", "q over the first readout's square", equal(_h, _over), Let()),
    Step(
        "quartic",
        "the factor solves a quartic",
        equal(_c**4, _h * _c**2 + _fit**2),
        Algebra(),
        ("pythagoras", "factor-read", "end-norm-squared", "factor", "ratio-floor"),
    ),
    Step("twice", "with r = 2 phi^2 - h", equal(_r, 2 * _c**2 - _h), Let()),
    Step(
        "twice-positive",
        "which is positive",
        greater(_r, 0),
        Certificate((Part(1 / START**2, ("floor-there",)), Part(_c**2))),
        ("floor-there", "end-readout", "floor-is", "twice", "ratio-floor", "factor"),
    ),
    Step(
        "completed",
        "r^2 = h^2 + 4 A^2/a_0^4",
        equal(_r**2, _h**2 + 4 * _fit**2),
        Certificate((Part(4, ("quartic",)),)),
        ("quartic", "twice"),
    ),
    Step(
        "root",
        "so only one root is left",
        equal(_r, sqrt(_h**2 + 4 * _fit**2)),
        Monotone("completed", power=Rational(1, 2)),
        ("completed", "twice-positive"),
    ),
    Step(
        "factor-squared",
        "for the factor's square",
        equal(v.perp_ratio**2, (_h + sqrt(_h**2 + 4 * _fit**2)) / 2),
        Certificate((Part(Rational(-1, 2), ("twice",)),)),
        ("twice", "root", "factor-read"),
    ),
    Step(
        "law",
        "the law",
        equal(v.perp_ratio, FACTOR),
        Monotone("factor-squared", power=Rational(1, 2)),
        ("factor-squared", "ratio-floor"),
    ),
)

UNBALANCED = (*TRAINING, *END, *QUARTIC)

_balanced = Eq(v.imbalance, 1)
_a0 = Symbol("a_0", positive=True)
_x = Symbol("x", positive=True)
_square = Symbol("q", real=True)
_p = v.par_source_norm


def _short_readout(x: Expr) -> Expr:
    """The factor in its form for q < 0, at readout 1/x."""
    return unbalanced_factor(A, b, s, 1 / x).args[1][0]


COROLLARIES = (
    Step(
        "other-form",
        "where q < 0 the same root reads without cancellation",
        equal((_square + sqrt(_square**2 + 4 * A**2)) / 2, 2 * A**2 / (sqrt(_square**2 + 4 * A**2) - _square)),
        Algebra(),
    ),
    Step(
        "balanced-start",
        "D = 0",
        equal(v.perp_ratio, FACTOR.subs(v.imbalance, 1)),
        Under(_balanced, Setting("law", v.imbalance, Integer(1))),
        ("law",),
    ),
    Step(
        "balanced",
        "is the balanced law at L = 2",
        equal(v.perp_ratio, depth_root(2, A, b, s)),
        Under(_balanced, Monotone("balanced-start")),
        ("balanced-start",),
    ),
    Step(
        "long-readout",
        "a dominant readout: linear regression",
        equal(Limit(long_readout_factor(A, b, s, _a0), _a0, oo), 1),
        TakeLimit(),
    ),
    Step(
        "inside-outside",
        "the source in two parts at right angles",
        equal(_p**2, s**2 - b**2),
        Generic(),
    ),
    Step(
        "source-inside",
        "the source has a part inside the span",
        greater(_p, 0),
        Axiom("general-position", (_p,)),
    ),
    Step(
        "short-readout-form",
        "a readout 1/x, with x growing",
        equal(
            _short_readout(_x) ** 2,
            2 * A**2 / (sqrt((_x**-4 - _p**2) ** 2 + 4 * A**2 * _x**-4) - (_x**-4 - _p**2)),
        ),
        Algebra(),
        ("inside-outside",),
    ),
    Step(
        "short-readout",
        "a dominant first layer: where infinite depth ends",
        equal(
            Limit(2 * A**2 / (sqrt((_x**-4 - _p**2) ** 2 + 4 * A**2 * _x**-4) - (_x**-4 - _p**2)), _x, oo),
            A**2 / _p**2,
        ),
        TakeLimit(),
        ("source-inside",),
    ),
)
