"""The steps along the path: layers, balance, the norm's and the outside part's growth, the loss (handbook A6, 1-5)."""

from __future__ import annotations

from sympy import Derivative, Integer, Rational

from ftproofs.catalog.linear.endpoint_steps import meaning, same
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic import trajectory as w
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.differentiation import Differentiate
from ftproofs.symbolic.functions import norm_floor
from ftproofs.symbolic.identities import Generic, Term
from ftproofs.symbolic.instances import Instance, Outside
from ftproofs.symbolic.methods import Algebra, Certificate, Monotone, Part
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, v

L, s, t = v.L, v.source_norm, w.t
a, k, N, p, g, along, across, loss = (f(t) for f in (w.a, w.k, w.N, w.p, w.g, w.along, w.across, w.loss))
w_perp, g_perp = w.w_perp(t), w.g_perp(t)
_zero = Integer(0)


def _flow(f: object, velocity: object) -> Statement:
    return Statement(Derivative(f, t), "==", velocity)


# -- layers: balance is conserved, balanced layers stay a chain ---------------

_dW = w.velocities(w.W_1, w.W_2, w.W_3)
layer = w.layer_norm

LAYERS = (
    Step(
        "conserved-1",
        "W_1'W_1 - W_2W_2' does not change, whatever the gradient",
        same(w.W_1.T * _dW[0] + _dW[0].T * w.W_1, _dW[1] * w.W_2.T + w.W_2 * _dW[1].T),
        Generic(),
    ),
    Step(
        "conserved-2",
        "W_2'W_2 - W_3W_3' does not change either",
        same(w.W_2.T * _dW[1] + _dW[1].T * w.W_2, _dW[2] * w.W_3.T + w.W_3 * _dW[2].T),
        Generic(),
    ),
    meaning("unit-1", "unit-1"),
    meaning("unit-2", "unit-2"),
    Step(
        "tangent-1",
        "balanced layers w u_1', a u_1 u_2', a u_2: the first keeps its form",
        w.TANGENT[0],
        Generic((Term("unit-2", -(layer**2) * w.G, w.unit_1.T),)),
        ("unit-2",),
    ),
    Step("tangent-2", "so does the second", w.TANGENT[1], Generic()),
    Step(
        "tangent-3",
        "and the last, with the same change of a",
        w.TANGENT[2],
        Generic((Term("unit-1", -layer * w.unit_2, w.first.T * w.G),)),
        ("unit-1",),
    ),
    *(
        Step(
            which,
            says,
            w.CHAIN[which],
            Axiom("invariant-family", (which, "tangent-1", "tangent-2", "tangent-3")),
            ("tangent-1", "tangent-2", "tangent-3"),
        )
        for which, says in (
            ("first-layer", "so the network is a chain: its first layer moves against a^(L-1) g"),
            ("later-layers", "and the norm of every later layer against a^(L-2) times first layer times gradient"),
        )
    ),
)

# -- the norm -----------------------------------------------------------------

_exponent = 2 - 2 / L

NORM = (
    *LAYERS,
    meaning("first-norm", "first-layer-norm"),
    Step(
        "difference",
        "the squared norms of first and later layers keep their difference",
        _flow(w.W(t) - a**2, _zero),
        Differentiate(),
        ("first-norm", "later-layers"),
    ),
    Step(
        "difference-constant",
        "for all time",
        equal(w.W(t) - a**2, w.W(_zero) - w.a(_zero) ** 2),
        Axiom("constant-of-motion", ("difference",)),
        ("difference",),
    ),
    meaning("balanced-start", "balanced-start"),
    Step(
        "balanced",
        "so the layers stay balanced",
        equal(w.W(t), a**2),
        Certificate((Part(1, ("difference-constant",)), Part(1, ("balanced-start",)))),
        ("difference-constant", "balanced-start"),
    ),
    meaning("predictor-norm", "predictor-norm"),
    Step(
        "norm-squared",
        "the predictor's squared norm",
        equal(N**2, a ** (2 * L)),
        Algebra(),
        ("predictor-norm", "balanced"),
    ),
    Step(
        "norm",
        "the predictor's norm",
        equal(N, a**L),
        Monotone("norm-squared", power=Rational(1, 2)),
        ("norm-squared",),
    ),
    meaning("gradient-along", "gradient-along"),
    Step(
        "norm-flow",
        "the norm's velocity",
        _flow(N, -L * N**_exponent * along),
        Differentiate(("norm",)),
        ("norm", "later-layers", "gradient-along", "balanced"),
    ),
    meaning("start", "start"),
)

# -- outside the span ---------------------------------------------------------

_power = (L - 1) / L

GRADIENT = Step(
    "gradient-in-span",
    "gradients lie in the data's span",
    same(m.P_perp * (m.X.T * (m.X * w.theta - m.y)), m.ZERO),
    Generic(),
)

OUTSIDE_LAYER = (
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
        _flow(w_perp, -(a ** (L - 1)) * g_perp),
        Instance("first-layer", ((w.w(t), w_perp), (g, g_perp))),
        ("first-layer",),
    ),
    Step("frozen", "does not move", _flow(w_perp, _zero), Algebra(), ("first-layer-outside", "no-gradient")),
)

PATH = (
    *NORM,
    *OUTSIDE_LAYER,
    meaning("outside", "predictor-outside"),
    Step(
        "outside-flow",
        "the predictor's outside part moves only through the later layers",
        _flow(p, -(L - 1) * N ** (1 - 2 / L) * along * p),
        Differentiate(("outside",)),
        ("outside", "frozen", "later-layers", "gradient-along", "balanced", "norm"),
    ),
    Step(
        "log-derivatives",
        "the logarithmic derivatives of outside part and norm have the ratio (L - 1)/L",
        _flow(p * N**-_power, _zero),
        Differentiate(),
        ("outside-flow", "norm-flow"),
    ),
    Step(
        "path-constant",
        "so this does not change",
        equal(p * N**-_power, w.p(_zero) * w.N(_zero) ** -_power),
        Axiom("constant-of-motion", ("log-derivatives",)),
        ("log-derivatives",),
    ),
    Step(
        "path",
        "the path",
        equal(p, (N / s) ** _power * w.p(_zero)),
        Certificate((Part(N**_power, ("path-constant",)),)),
        ("path-constant", "start"),
    ),
    meaning("path-gap-means", "path-gap"),
    Step(
        "path-there",
        "along the violation, when it is largest",
        equal(w.p_gap(w.gap_time), (w.N(w.gap_time) / s) ** _power * w.p_gap(_zero)),
        Instance("path", ((p, w.p_gap(t)), (w.p(_zero), w.p_gap(_zero)), (t, w.gap_time))),
        ("path",),
    ),
    Step("path-gap", "the path is never left", equal(v.path_gap, 0), Algebra(), ("path-gap-means", "path-there")),
)

# -- norm floor ---------------------------------------------------------------

FLOOR = norm_floor(L, v.perp_source_norm, s)

NORM_FLOOR = (
    *PATH,
    Step(
        "source-outside",
        "with n < d the source has a part outside the span",
        Statement(v.perp_source_norm, ">", _zero),
        Axiom("general-position", (v.perp_source_norm,)),
    ),
    meaning("direction", "outside-direction"),
    Step(
        "path-of-source",
        "along the source's outside part",
        equal(w.p_source(t), (N / s) ** _power * w.p_source(_zero)),
        Instance("path", ((p, w.p_source(t)), (w.p(_zero), w.p_source(_zero)))),
        ("path",),
    ),
    Step("part", "a part is at most the whole", at_most(w.p_source(t), N), Axiom("cauchy-schwarz")),
    Step(
        "bound",
        "so the norm bounds a power of itself",
        at_most((N / s) ** _power * v.perp_source_norm, N),
        Certificate((Part(1, ("part",)), Part(1, ("path-of-source",)))),
        ("part", "path-of-source", "direction"),
    ),
    Step(
        "floor",
        "and cannot fall below the floor",
        at_most(FLOOR, N),
        Monotone("bound", factor=N**-_power, power=L),
        ("bound", "source-outside"),
    ),
    meaning("smallest", "smallest-norm"),
    Step(
        "floor-there",
        "also when it is smallest",
        at_most(FLOOR, w.N(w.norm_time)),
        Instance("floor", ((t, w.norm_time),)),
        ("floor",),
    ),
    Step(
        "norm-floor",
        "at any time",
        at_least(v.min_beta_norm, FLOOR),
        Certificate((Part(1, ("floor-there",)),)),
        ("floor-there", "smallest"),
    ),
)

FIRST_LAYER = (
    *LAYERS,
    *OUTSIDE_LAYER,
    Step(
        "frozen-forever",
        "so it is what it was",
        equal(w_perp, w.w_perp(_zero)),
        Axiom("constant-of-motion", ("frozen",)),
        ("frozen",),
    ),
    meaning("gap-means", "first-layer-gap"),
    Step(
        "frozen-there",
        "also when it differs most",
        equal(w.w_perp(w.layer_time), w.w_perp(_zero)),
        Instance("frozen-forever", ((t, w.layer_time),)),
        ("frozen-forever",),
    ),
    Step(
        "first-layer-gap",
        "the first layer's outside part never moves",
        equal(v.first_layer_gap, 0),
        Algebra(),
        ("gap-means", "frozen-there"),
    ),
)
