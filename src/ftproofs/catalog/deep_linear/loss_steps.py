"""The steps from the norm floor to the loss's decay and to convergence (handbook A6, 5)."""

from __future__ import annotations

from sympy import Derivative, Integer, Limit, exp, log, oo

from ftproofs.catalog.deep_linear.path_steps import FLOOR, NORM_FLOOR
from ftproofs.catalog.linear.endpoint_steps import meaning, same
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic import trajectory as w
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.differentiation import Differentiate
from ftproofs.symbolic.identities import Generic, Vanishes
from ftproofs.symbolic.instances import Instance
from ftproofs.symbolic.limits import Squeeze, TakeLimit
from ftproofs.symbolic.methods import Algebra, Certificate, Monotone, Part
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, v

L, t = v.L, w.t
a, k, N, g, along, across, loss = (f(t) for f in (w.a, w.k, w.N, w.g, w.along, w.across, w.loss))
_zero = Integer(0)
_exponent = 2 - 2 / L


def _flow(f: object, velocity: object) -> Statement:
    return Statement(Derivative(f, t), "==", velocity)


_rate = 2 * w.curvature * FLOOR**_exponent
_start = w.loss(_zero)

DECAY = (
    *NORM_FLOOR,
    meaning("coordinate", "predictor-coordinate"),
    Step(
        "end-to-end",
        "the predictor moves against N^(2-2/L) (g + (L - 1) u u'g)",
        _flow(w.b(t), -(N**_exponent) * (g + (L - 1) * w.w(t) / a * k / a)),
        Differentiate(("coordinate",)),
        ("coordinate", "first-layer", "later-layers", "norm"),
    ),
    Step(
        "across",
        "at right angles to itself, against N^(2-2/L) g",
        _flow(w.q(t), -(N**_exponent) * across),
        Instance("end-to-end", ((w.b(t), w.q(t)), (w.w(t), _zero), (g, across))),
        ("end-to-end",),
    ),
    meaning("chain-rule", "chain-rule"),
    Step(
        "loss-flow",
        "the loss falls",
        _flow(loss, -(N**_exponent) * (L * along**2 + across**2)),
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
        "floor-power",
        "the floor, to the power of the rate",
        at_most(FLOOR**_exponent, N**_exponent),
        Monotone("floor", power=_exponent),
        ("floor", "source-outside"),
    ),
    Step(
        "decay",
        "so the loss falls at least at the floor's rate",
        Statement(Derivative(loss, t), "<=", -_rate * loss),
        Certificate(
            (
                Part(N**_exponent * (L - 1) * along**2),
                Part(N**_exponent, ("gradient-bound",)),
                Part(2 * w.curvature * loss, ("floor-power",)),
            )
        ),
        ("gradient-bound", "floor-power", "loss-flow"),
    ),
    Step(
        "exponential",
        "exponentially",
        at_most(loss, _start * exp(-_rate * t)),
        Axiom("gronwall", ("decay",)),
        ("decay",),
    ),
)

RATE = (
    *DECAY,
    Step(
        "when-slowest",
        "also when the decay is slowest",
        at_most(w.loss(w.rate_time), _start * exp(-_rate * w.rate_time)),
        Instance("exponential", ((t, w.rate_time),)),
        ("exponential",),
    ),
    Step(
        "logarithm",
        "in logarithms",
        at_most(log(w.loss(w.rate_time)), log(_start * exp(-_rate * w.rate_time))),
        Monotone("when-slowest", function="log"),
        ("when-slowest",),
    ),
    meaning("rate-means", "decay-rate"),
    Step(
        "rate",
        "the rate",
        at_least(v.decay_rate, 2 * FLOOR**_exponent),
        Certificate((Part(1 / (w.curvature * w.rate_time), ("logarithm",)),)),
        ("logarithm", "rate-means", "source-outside"),
    ),
)

CONVERGENCE = (
    *DECAY,
    Step(
        "bound-vanishes",
        "the bound tends to zero",
        equal(Limit(_start * exp(-_rate * t), t, oo), 0),
        TakeLimit(),
        ("source-outside",),
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
        ("exponential", "source-outside"),
    ),
    Step("zero-loss", "the final loss is zero", equal(v.train_loss, 0), Algebra(), ("converges", "loss-vanishes")),
    Step("residual", "every label is fitted", same(m.y, m.X * m.beta), Vanishes(), ("zero-loss",)),
    Step("fits", "inside the span it is the minimum-norm fit", equal(v.fit_gap, 0), Generic(), ("residual",)),
)
