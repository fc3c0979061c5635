"""The steps of unbalanced two-layer training: conservation law, floor of the readout, decay (handbook A8)."""

from __future__ import annotations

from sympy import Derivative, Integer, Limit, Rational, Symbol, exp, oo

from ftproofs.catalog.deep_linear.path_steps import GRADIENT
from ftproofs.catalog.linear.endpoint_steps import meaning, same
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic import trajectory as w
from ftproofs.symbolic import two_layers as two
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.differentiation import Differentiate
from ftproofs.symbolic.functions import unbalanced_floor
from ftproofs.symbolic.identities import Generic, Vanishes
from ftproofs.symbolic.instances import Instance, Outside
from ftproofs.symbolic.limits import Squeeze, TakeLimit
from ftproofs.symbolic.methods import Algebra, Certificate, Let, Monotone, Part
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, greater, v

t, s, A, b = w.t, v.source_norm, v.min_norm, v.perp_source_norm
a, k, N, W, p, g, along, across, loss = (f(t) for f in (w.a, w.k, w.N, w.W, w.p, w.g, w.along, w.across, w.loss))
w_perp, g_perp = w.w_perp(t), w.g_perp(t)
_zero = Integer(0)
START = two.START
#: |w(0)|^2 - a(0)^2, and the floor q of the squared readout.
DIFFERENCE = s**2 / START**2 - START**2
FLOOR = unbalanced_floor(b, s, START)
Q = Symbol("q_0", real=True)


def _flow(f: object, velocity: object) -> Statement:
    return Statement(Derivative(f, t), "==", velocity)


LAYERS = (
    Step(
        "tangent-1",
        "rank-one layers w u', a u: the first keeps its form",
        two.TANGENT[0],
        Generic(),
    ),
    Step("tangent-2", "so does the second", two.TANGENT[1], Generic()),
    *(
        Step(
            which,
            says,
            two.CHAIN[which],
            Axiom("invariant-pair", (which, "tangent-1", "tangent-2")),
            ("tangent-1", "tangent-2"),
        )
        for which, says in (
            ("first-layer", "so the first layer moves against readout times gradient"),
            ("readout", "and the readout against first layer times gradient"),
        )
    ),
    meaning("first-norm", "two-first-norm"),
    Step(
        "difference",
        "the squared norms of first layer and readout keep their difference",
        _flow(W - a**2, _zero),
        Differentiate(),
        ("first-norm", "readout"),
    ),
    Step(
        "difference-constant",
        "for all time",
        equal(W - a**2, w.W(_zero) - w.a(_zero) ** 2),
        Axiom("constant-of-motion", ("difference",)),
        ("difference",),
    ),
    meaning("first-start", "two-first-start"),
    meaning("readout-start", "two-readout-start"),
    Step(
        "conserved",
        "it is the start's: D = s^2/a_0^2 - a_0^2",
        equal(W, a**2 + DIFFERENCE),
        Certificate((Part(1, ("difference-constant",)),)),
        ("difference-constant", "first-start", "readout-start"),
    ),
)

OUTSIDE = (
    GRADIENT,
    Step(
        "no-gradient",
        "outside the span there is no gradient",
        equal(g_perp, 0),
        Outside("gradient-in-span"),
        ("gradient-in-span",),
    ),
    Step(
        "first-layer-outside",
        "the first layer along a direction outside the span",
        _flow(w_perp, -a * g_perp),
        Instance("first-layer", ((w.w(t), w_perp), (g, g_perp))),
        ("first-layer",),
    ),
    Step("frozen", "does not move", _flow(w_perp, _zero), Algebra(), ("first-layer-outside", "no-gradient")),
    Step(
        "frozen-forever",
        "so it is what it was",
        equal(w_perp, w.w_perp(_zero)),
        Axiom("constant-of-motion", ("frozen",)),
        ("frozen",),
    ),
    meaning("outside", "two-outside"),
    Step(
        "outside-start",
        "at the start",
        equal(w.p(_zero), w.w_perp(_zero) * w.a(_zero)),
        Instance("outside", ((t, _zero),)),
        ("outside",),
    ),
    Step(
        "path",
        "outside the span the predictor grows as the readout does",
        equal(p, a / START * w.p(_zero)),
        Algebra(),
        ("outside", "frozen-forever", "outside-start", "readout-start"),
    ),
)

BELOW = (
    meaning("norm", "two-norm"),
    Step(
        "norm-root",
        "the predictor's norm",
        equal(N, a * W ** Rational(1, 2)),
        Monotone("norm", power=Rational(1, 2)),
        ("norm",),
    ),
    Step(
        "path-of-source",
        "along the source's outside part",
        equal(w.p_source(t), a / START * w.p_source(_zero)),
        Instance("path", ((p, w.p_source(t)), (w.p(_zero), w.p_source(_zero)))),
        ("path",),
    ),
    meaning("direction", "outside-direction"),
    Step("part", "a part is at most the whole", at_most(w.p_source(t), N), Axiom("cauchy-schwarz")),
    Step(
        "bound",
        "the first layer is at least as long as its outside part",
        at_most(a / START * b, N),
        Certificate((Part(1, ("part",)), Part(1, ("path-of-source",)))),
        ("part", "path-of-source", "direction"),
    ),
    Step(
        "first-layer-floor",
        "which does not change",
        at_most(b**2 / START**2, W),
        Monotone("bound", factor=1 / a, power=2),
        ("bound", "norm-root"),
    ),
    Step("floor-is", "q = b^2/a_0^2 - D", equal(Q, FLOOR), Let()),
    Step(
        "source-outside",
        "with n < d the source has a part outside the span",
        Statement(b, ">", _zero),
        Axiom("general-position", (b,)),
    ),
    Step(
        "outside-square",
        "whose square is positive",
        Statement(b**2, ">", _zero),
        Algebra(),
        ("source-outside",),
    ),
    Step(
        "floor-positive",
        "q > 0, for D <= 0",
        greater(Q, 0),
        Certificate(
            (
                Part(1 / (v.imbalance**2 * s), ("outside-square",)),
                Part((v.imbalance - 1) * (v.imbalance + 1) * (v.imbalance**2 + 1) * s / v.imbalance**2),
            )
        ),
        ("outside-square", "floor-is"),
    ),
    Step(
        "readout-floor",
        "the squared readout is never below q",
        at_most(Q, a**2),
        Certificate((Part(1, ("first-layer-floor",)), Part(-1, ("conserved",)))),
        ("first-layer-floor", "conserved", "floor-is"),
    ),
)

DECAY = (
    meaning("coordinate", "two-coordinate"),
    Step(
        "end-to-end",
        "the predictor moves against a^2 g + w w'g",
        _flow(w.b(t), -(a**2) * g - w.w(t) * k),
        Differentiate(("coordinate",)),
        ("coordinate", "first-layer", "readout"),
    ),
    Step(
        "across",
        "at right angles to itself, against a^2 g",
        _flow(w.q(t), -(a**2) * across),
        Instance("end-to-end", ((w.b(t), w.q(t)), (w.w(t), _zero), (g, across))),
        ("end-to-end",),
    ),
    meaning("along", "two-along"),
    Step(
        "norm-flow",
        "the norm's velocity",
        _flow(N, -(a**2 + W) * along),
        Differentiate(("norm-root",)),
        ("norm-root", "first-norm", "readout", "along"),
    ),
    meaning("chain-rule", "two-chain-rule"),
    Step(
        "loss-flow",
        "the loss falls",
        _flow(loss, -(a**2 + W) * along**2 - a**2 * across**2),
        Algebra(),
        ("chain-rule", "norm-flow", "across"),
    ),
    Step(
        "gradient-bound",
        "the gradient is at least the loss times 2 s_min^2/n",
        at_least(along**2 + across**2, 2 * w.curvature * loss),
        Axiom("smallest-singular-value"),
    ),
    Step(
        "decay",
        "so the loss falls at least at the floor's rate",
        Statement(Derivative(loss, t), "<=", -2 * w.curvature * Q * loss),
        Certificate(
            (
                Part(W * along**2),
                Part(a**2, ("gradient-bound",)),
                Part(2 * w.curvature * loss, ("readout-floor",)),
            )
        ),
        ("gradient-bound", "readout-floor", "loss-flow"),
    ),
    Step(
        "exponential",
        "exponentially",
        at_most(loss, w.loss(_zero) * exp(-2 * w.curvature * Q * t)),
        Axiom("gronwall", ("decay",)),
        ("decay",),
    ),
    Step(
        "bound-vanishes",
        "the bound tends to zero",
        equal(Limit(w.loss(_zero) * exp(-2 * w.curvature * Q * t), t, oo), 0),
        TakeLimit(),
        ("floor-positive",),
    ),
    Step(
        "loss-vanishes",
        "so does the loss",
        equal(Limit(loss, t, oo), 0),
        Squeeze("exponential", "bound-vanishes"),
        ("exponential", "bound-vanishes"),
    ),
    Step(
        "converges",
        "the flow converges, to a point with that loss",
        equal(v.train_loss, Limit(loss, t, oo)),
        Axiom("loss-limit", ("exponential",)),
        ("exponential", "floor-positive"),
    ),
    Step("zero-loss", "the final loss is zero", equal(v.train_loss, 0), Algebra(), ("converges", "loss-vanishes")),
    Step("residual", "every label is fitted", same(m.y, m.X * m.beta), Vanishes(), ("zero-loss",)),
    Step("fits", "inside the span it is the minimum-norm fit", equal(v.fit_gap, 0), Generic(), ("residual",)),
)

TRAINING = (*LAYERS, *OUTSIDE, *BELOW, *DECAY)
