"""The energy of a diagonal network's flow: its divergence from the end becomes the loss integral (handbook 2.5)."""

from __future__ import annotations

from sympy import Derivative, Limit, Rational, oo

from ftproofs.catalog.diagonal.bias_steps import AFTER_DECAY, DECAY, words
from ftproofs.catalog.linear.endpoint_steps import same
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import diagonal_flow as f
from ftproofs.symbolic import diagonal_training as g
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.differentiation import Differentiate
from ftproofs.symbolic.identities import Generic
from ftproofs.symbolic.instances import Instance
from ftproofs.symbolic.methods import Algebra, Certificate, Part
from ftproofs.symbolic.penalty import penalty, penalty_slope
from ftproofs.symbolic.trajectory import loss, t, theta
from ftproofs.symbolic.vocabulary import at_most, equal, v

zero, scale = g.zero, g.scale
_b, _loss = f.coefficient(t), loss(t)
_end = v.beta_end
_divergence = penalty(_end, scale) - penalty(_b, scale) - penalty_slope(_b, scale) * (_end - _b)
_residual = m.y - m.X * theta

_BALANCE = (
    *DECAY,
    *AFTER_DECAY,
    Step(
        "divergence-falls",
        "a coordinate's divergence from the end falls by push times what is missing",
        equal(Derivative(_divergence, t), -f.push(t) * (_end - _b)),
        Differentiate(),
        ("beta-moves", "speed"),
    ),
    Step(
        "inner-product",
        "over all coordinates that is |rho|^2",
        same((m.X.T * _residual).T * (m.beta - theta), _residual.T * _residual),
        Generic(),
        ("residual",),
    ),
    Step(
        "energy-falls",
        "so the divergence falls by twice the loss",
        equal(Derivative(g.energy(t), t), -2 * _loss),
        Axiom("sum-over-coordinates", ("divergence-falls", "inner-product")),
        ("divergence-falls", "inner-product"),
    ),
    *words("work", "work-start"),
    Step(
        "balance-flow",
        "divergence plus the integral of |rho|^2 does not change",
        equal(Derivative(g.energy(t) + g.work(t), t), zero),
        Differentiate(),
        ("energy-falls", "work"),
    ),
    Step(
        "balance",
        "for all time",
        equal(g.energy(t) + g.work(t), g.energy(zero) + g.work(zero)),
        Axiom("constant-of-motion", ("balance-flow",)),
        ("balance-flow",),
    ),
)

ENERGY = (
    *_BALANCE,
    Step(
        "energy-vanishes",
        "at the end nothing is left of the divergence",
        equal(Limit(g.energy(t), t, oo), 0),
        Axiom("continuity", ("loss-vanishes",)),
        ("loss-vanishes",),
    ),
    Step(
        "all-work",
        "so all of it went into the integral",
        equal(Limit(g.work(t), t, oo), g.energy(zero) + g.work(zero)),
        Axiom("limit-of-sum", ("balance", "energy-vanishes")),
        ("balance", "energy-vanishes"),
    ),
    *words("bregman", "loss-integral"),
    Step(
        "energy",
        "the integral is the divergence at the start",
        equal(v.loss_integral, v.bregman),
        Algebra(),
        ("loss-integral", "all-work", "work-start", "bregman"),
    ),
)

ENERGY_CENTRED = (
    *ENERGY,
    *words("bregman-penalty"),
    Step(
        "penalty",
        "from the zero predictor: the penalty",
        equal(v.loss_integral, v.penalty),
        Algebra(),
        ("energy", "bregman-penalty"),
    ),
)

SLOW = (
    *_BALANCE,
    Step(
        "fall",
        "the loss never grows",
        Statement(Derivative(_loss, t), "<=", zero),
        Certificate((Part(g.fall(t)),)),
        ("loss-falls",),
    ),
    Step(
        "average",
        "so it is at most its average so far",
        at_most(t * _loss, g.work(t) / 2),
        Axiom("falling-average", ("fall", "work", "work-start")),
        ("fall", "work", "work-start"),
    ),
    Step(
        "average-there",
        "also when time times loss is largest",
        at_most(g.loss_time * loss(g.loss_time), g.work(g.loss_time) / 2),
        Instance("average", ((t, g.loss_time),)),
        ("average",),
    ),
    Step(
        "balance-there",
        "then, too, the integral is what the divergence lost",
        equal(g.energy(g.loss_time) + g.work(g.loss_time), g.energy(zero) + g.work(zero)),
        Instance("balance", ((t, g.loss_time),)),
        ("balance",),
    ),
    *words("loss-time", "bregman"),
    Step(
        "slow",
        "so time times loss is at most half the divergence at the start",
        at_most(v.loss_time, v.bregman / 2),
        Certificate(
            (
                Part(1, ("average-there",)),
                Part(Rational(-1, 2), ("balance-there",)),
                Part(g.energy(g.loss_time) / 2),
            )
        ),
        ("average-there", "balance-there", "loss-time", "bregman", "work-start"),
    ),
)
