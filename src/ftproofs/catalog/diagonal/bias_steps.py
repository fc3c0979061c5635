"""Where a diagonal network's flow ends: the slope of its penalty, its loss, its energy (handbook 1.4, 2)."""

from __future__ import annotations

from typing import Any

from sympy import Derivative, Limit, Rational, asinh, exp, log, oo, sqrt

from ftproofs.catalog.diagonal.conservation_steps import LAYERS, conserved
from ftproofs.catalog.diagonal.conservation_steps import words as _words
from ftproofs.catalog.linear.endpoint_steps import same
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import diagonal_flow as f
from ftproofs.symbolic import diagonal_training as g
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.differentiation import Differentiate
from ftproofs.symbolic.identities import Generic, Vanishes
from ftproofs.symbolic.instances import Instance
from ftproofs.symbolic.limits import Squeeze, TakeLimit
from ftproofs.symbolic.methods import Algebra, Certificate, Let, Monotone, Part
from ftproofs.symbolic.penalty import penalty_curvature
from ftproofs.symbolic.trajectory import curvature, end_time, loss, rate_time, t
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, v

zero, scale, least = g.zero, g.scale, g.least_scale
_b, _start = f.coefficient(t), f.coefficient(zero)
_loss, _speed = loss(t), g.speed(t)


def words(*names: str) -> tuple[Step, ...]:
    """Words about training."""
    return _words("training", *names)


def _product(at: Any) -> Any:
    return f.total_branch(at) * f.opposite_branch(at)


#: The predictor's velocity is 2 sqrt(scale^2 + beta^2) times X'rho.
VELOCITY = (
    *_words("diagonal", *LAYERS, "predictor"),
    *words("scale"),
    *conserved("product", "A B does not change", _product, LAYERS),
    Step(
        "speed-is",
        "the squared norm of a coordinate's weights",
        equal(_speed, f.squared_norm(t)),
        Let(),
    ),
    Step(
        "beta-moves",
        "the predictor moves with it",
        equal(Derivative(_b, t), f.push(t) * _speed),
        Differentiate(("predictor",)),
        ("predictor", *LAYERS, "speed-is"),
    ),
    Step(
        "speed-squared",
        "its square is 4 (scale^2 + beta^2)",
        equal(_speed**2, 4 * (scale**2 + _b**2)),
        Certificate((Part(1, ("product-constant",)), Part(1, ("scale",)))),
        ("product-constant", "scale", "speed-is", "predictor"),
    ),
    Step(
        "speed",
        "and it is not negative",
        equal(_speed, 2 * sqrt(scale**2 + _b**2)),
        Monotone("speed-squared", power=Rational(1, 2)),
        ("speed-squared",),
    ),
)

#: (asinh(beta/scale) - asinh(beta(0)/scale))/2 is the phase.
SLOPE = (
    *VELOCITY,
    *_words("diagonal", "phase", "phase-start"),
    Step(
        "slope-moves",
        "asinh(beta/scale) grows by twice X'rho",
        equal(Derivative(asinh(_b / scale) - 2 * f.phase(t), t), zero),
        Differentiate(),
        ("beta-moves", "speed", "phase"),
    ),
    Step(
        "slope-constant",
        "so it is twice the phase",
        equal(asinh(_b / scale) - 2 * f.phase(t), asinh(_start / scale) - 2 * f.phase(zero)),
        Axiom("constant-of-motion", ("slope-moves",)),
        ("slope-moves",),
    ),
    *words("slope"),
    Step(
        "slope-is-phase",
        "the change of the penalty's slope is the phase",
        equal(g.slope(t), f.phase(t)),
        Certificate((Part(1, ("slope",)), Part(Rational(1, 2), ("slope-constant",)))),
        ("slope", "slope-constant", "phase-start"),
    ),
)

PATH = (
    *SLOPE,
    Step(
        "slope-in-span",
        "as a vector it is X' times the integral of rho",
        same(m.slope_path, m.X.T * m.multiplier),
        Axiom("vector-of-coordinates", ("slope-is-phase", "path")),
        ("slope-is-phase",),
    ),
    Step(
        "path-kkt",
        "so it never leaves the span of the data",
        equal(v.path_kkt_gap, 0),
        Generic(),
        ("slope-in-span",),
    ),
)

# -- the loss ---------------------------------------------------------------------

_rate = 4 * least * curvature
#: From a bound of every coordinate's speed to exponential decay of the loss.
_FALL = (
    Step(
        "fall-bound",
        "so the loss falls at least at that rate times |X'rho|^2",
        at_most(2 * least * g.slope_square(t), g.fall(t)),
        Axiom("weighted-sum", ("speed-bound",)),
        ("speed-bound",),
    ),
    Step(
        "gradient-bound",
        "|X'rho|^2 is at least 2 s_min^2 times the loss",
        at_most(2 * curvature * _loss, g.slope_square(t)),
        Axiom("row-rank-bound"),
    ),
    Step(
        "decay",
        "so the loss falls at least at the rate 4 c_min s_min^2",
        Statement(Derivative(_loss, t), "<=", -_rate * _loss),
        Certificate((Part(1, ("fall-bound",)), Part(2 * least, ("gradient-bound",)))),
        ("fall-bound", "gradient-bound", "loss-falls"),
    ),
    Step(
        "exponential",
        "exponentially",
        at_most(_loss, loss(zero) * exp(-_rate * t)),
        Axiom("gronwall", ("decay",)),
        ("decay",),
    ),
)

DECAY = (
    *VELOCITY,
    *words("loss-falls", "least-scale"),
    Step("size", "scale^2 is at most scale^2 + beta^2", at_most(scale**2, scale**2 + _b**2), Algebra()),
    Step(
        "size-root",
        "so is its root",
        at_most(scale, sqrt(scale**2 + _b**2)),
        Monotone("size", power=Rational(1, 2)),
        ("size",),
    ),
    Step(
        "speed-bound",
        "the speed is at least twice the least scale",
        at_most(2 * least, _speed),
        Certificate((Part(2, ("size-root",)), Part(2, ("least-scale",)))),
        ("size-root", "least-scale", "speed"),
    ),
    *_FALL,
)

AFTER_DECAY = (
    Step(
        "bound-vanishes",
        "the bound tends to zero",
        equal(Limit(loss(zero) * exp(-_rate * t), t, oo), 0),
        TakeLimit(),
    ),
    Step(
        "loss-vanishes",
        "so does the loss",
        equal(Limit(_loss, t, oo), 0),
        Squeeze("exponential", "bound-vanishes"),
        ("exponential", "bound-vanishes"),
    ),
    Step(
        "converges",
        "the flow converges, to a point with that loss",
        equal(v.train_loss, Limit(_loss, t, oo)),
        Axiom("loss-limit", ("exponential",)),
        ("exponential",),
    ),
    Step("zero-loss", "the final loss is zero", equal(v.train_loss, 0), Algebra(), ("converges", "loss-vanishes")),
    Step("residual", "every label is fitted", same(m.y, m.X * m.beta), Vanishes(), ("zero-loss",)),
)

#: What follows from exponential decay: every label is fitted.
LOSS = (*_FALL, *AFTER_DECAY)

#: The slope at the end, as a vector.
MINIMISER = (
    Step(
        "slope-at-end",
        "at the end the slope's change is the phase",
        equal(g.slope(end_time), f.phase(end_time)),
        Instance("slope-is-phase", ((t, end_time),)),
        ("slope-is-phase",),
    ),
    Step(
        "slope-in-span",
        "as a vector it is X' times the integral of rho",
        same(m.slope_change, m.X.T * m.multiplier),
        Axiom("vector-of-coordinates", ("slope-at-end", "end")),
        ("slope-at-end",),
    ),
)

INTERPOLATION = (
    *SLOPE,
    *DECAY[len(VELOCITY) :],
    *AFTER_DECAY,
    *MINIMISER,
    Step(
        "kkt",
        "so it lies in the span of the data",
        equal(v.kkt_gap, 0),
        Generic(),
        ("slope-in-span",),
    ),
    Step(
        "curved",
        "the penalty is strictly convex",
        Statement(penalty_curvature(_b, scale), ">", zero),
        Algebra(),
    ),
    Step(
        "minimiser",
        "so the end is its one minimiser over all that fits",
        same(m.beta, m.dual),
        Axiom("strictly-convex-minimiser", ("residual", "slope-in-span", "curved")),
        ("residual", "slope-in-span", "curved"),
    ),
    Step(
        "prox",
        "which the dual finds",
        equal(v.prox_gap, 0),
        Generic(),
        ("minimiser",),
    ),
)

RATE = (
    *DECAY,
    Step(
        "when-slowest",
        "also when the decay is slowest",
        at_most(loss(rate_time), loss(zero) * exp(-_rate * rate_time)),
        Instance("exponential", ((t, rate_time),)),
        ("exponential",),
    ),
    Step(
        "logarithm",
        "in logarithms",
        at_most(log(loss(rate_time)), log(loss(zero) * exp(-_rate * rate_time))),
        Monotone("when-slowest", function="log"),
        ("when-slowest",),
    ),
    *words("loss-decay"),
    Step(
        "rate",
        "the rate",
        at_least(v.loss_decay, 4),
        Certificate((Part(1 / (least * curvature * rate_time), ("logarithm",)),)),
        ("logarithm", "loss-decay"),
    ),
)
