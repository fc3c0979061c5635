"""The steps to the risk that frozen first layers cannot go below: a line, and its nearest point (handbook A9)."""

from __future__ import annotations

from sympy import Symbol, cos, sin

from ftproofs.catalog.linear.endpoint_steps import meaning, same
from ftproofs.claim import Step
from ftproofs.symbolic import frozen_layers as frozen
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.frozen_layers import Entry
from ftproofs.symbolic.functions import frozen_floor
from ftproofs.symbolic.identities import Generic, Term
from ftproofs.symbolic.methods import Certificate, Let, Part
from ftproofs.symbolic.vocabulary import at_least, equal, v

S, T, product = v.sigma_source_norm, v.sigma_target_norm, v.sigma_product
FLOOR = frozen_floor(product, S, T)
#: The risk's slope along the source, half of it.
_o = Symbol("o", real=True)

LINE = (
    meaning("layers", "frozen-layers"),
    meaning("predictor", "frozen-predictor"),
    Step("multiple", "what trains ends in one number", same(frozen.multiple, frozen.row.T * frozen.rest), Let()),
    Step(
        "line",
        "so every predictor that can be reached is a multiple of the source",
        same(m.beta, m.theta_S * frozen.multiple),
        Generic(),
        ("layers", "predictor", "multiple"),
    ),
    Step(
        "slope",
        "the covariance's product of the source with what is missed",
        same(_o, m.theta_S.T * m.Sigma * (m.beta - m.theta_T)),
        Let(),
    ),
    Step(
        "square",
        "the risk is a square above the quadratic's least value",
        equal(v.risk * S**2, T**2 * S**2 - product**2 + _o**2),
        Generic(),
        ("line", "slope"),
    ),
)

FROZEN = (
    *LINE,
    Step(
        "floor",
        "so it is never below that",
        at_least(v.risk, FLOOR),
        Certificate((Part(1 / S**2, ("square",)), Part(_o**2 / S**2))),
        ("square",),
    ),
)

ATTAINED = (
    *LINE,
    Step(
        "stationary",
        "the one layer that trains sees a convex quadratic: at the limit its slope vanishes",
        same(m.theta_S.T * (m.X.T * (m.X * m.beta - m.y)), frozen.ZERO),
        Axiom("convex-quadratic-flow", ("layers", "predictor")),
        ("layers", "predictor"),
    ),
    meaning("population", "population"),
    Step(
        "population-slope",
        "with the population's inputs and no noise that is the risk's slope",
        same(m.theta_S.T * m.Sigma * (m.beta - m.theta_T), frozen.ZERO),
        Generic((Term("stationary", 1 / m.n), Term("population", -m.theta_S.T / m.n, m.beta - m.theta_T))),
        ("stationary", "population"),
    ),
    Step("no-slope", "which is zero", equal(_o, 0), Entry("slope", "population-slope"), ("slope", "population-slope")),
    Step(
        "attained",
        "so the risk is the least there is",
        equal(v.risk, FLOOR),
        Certificate((Part(1 / S**2, ("square",)),)),
        ("square", "no-slope"),
    ),
)

_sine = v.target_norm**2 * sin(v.theta) ** 2

ISOTROPIC = (
    *FROZEN,
    Step("source", "for isotropic inputs the source's norm", equal(S, v.source_norm), Generic()),
    Step("target", "and the target's", equal(T, v.target_norm), Generic()),
    Step(
        "angle",
        "and their product are the plain ones",
        equal(product, v.source_norm * v.target_norm * cos(v.theta)),
        Generic(),
    ),
    Step(
        "sine",
        "so the floor is the squared sine of the teachers' angle",
        at_least(v.risk, _sine),
        Certificate((Part(1, ("floor",)),)),
        ("floor", "source", "target", "angle"),
    ),
)
