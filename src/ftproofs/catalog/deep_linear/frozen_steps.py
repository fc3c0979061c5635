"""The steps to the risk that frozen first layers cannot go below: a line, and its nearest point (handbook A9)."""

from __future__ import annotations

from sympy import Derivative, Limit, Symbol, cos, oo, sin

from ftproofs.catalog.linear.endpoint_steps import meaning, same
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import frozen_chain as chain
from ftproofs.symbolic import frozen_layers as frozen
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.differentiation import Differentiate
from ftproofs.symbolic.frozen_layers import Entry
from ftproofs.symbolic.functions import frozen_floor
from ftproofs.symbolic.identities import Generic, Term
from ftproofs.symbolic.methods import Algebra, Certificate, Let, Part
from ftproofs.symbolic.trajectory import G, layer_norm, t, unit_2
from ftproofs.symbolic.vocabulary import at_least, equal, greater, v

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

_PLAIN = (
    Step("source", "for isotropic inputs the source's norm", equal(S, v.source_norm), Generic()),
    Step("target", "and the target's", equal(T, v.target_norm), Generic()),
    Step(
        "angle",
        "and their product are the plain ones",
        equal(product, v.source_norm * v.target_norm * cos(v.theta)),
        Generic(),
    ),
)

ISOTROPIC = (
    *FROZEN,
    *_PLAIN,
    Step(
        "sine",
        "so the floor is the squared sine of the teachers' angle",
        at_least(v.risk, _sine),
        Certificate((Part(1, ("floor",)),)),
        ("floor", "source", "target", "angle"),
    ),
)

# -- several layers that train ------------------------------------------------

_z, _k, _phi = chain.multiple(t), chain.COUNT, chain.frozen_norm
_factor, _power, _rest = _k * _phi ** (2 / _k) * S**2, 2 - 2 / _k, product / S**2

DEEPER = (
    *LINE,
    *_PLAIN,
    meaning("unit-1", "unit-1"),
    Step(
        "tangent-1",
        "layers a u_1 u_2', a u_2 beside frozen ones: the first keeps its form",
        chain.TANGENT[0],
        Generic(),
    ),
    Step(
        "tangent-2",
        "and so does the other, with the same change of a",
        chain.TANGENT[1],
        Generic((Term("unit-1", -_phi * layer_norm * unit_2, m.theta_S.T * G),)),
        ("unit-1",),
    ),
    Step(
        "length",
        "so what trains is a chain of one length a, moved by the source's product with the gradient",
        chain.CHAIN,
        Axiom("invariant-chain", ("tangent-1", "tangent-2")),
        ("tangent-1", "tangent-2"),
    ),
    meaning("population", "population"),
    Step(
        "gradient-on-line",
        "that product, anywhere on the source's line, with the population's inputs and no noise",
        same(
            chain.GRADIENT,
            m.n * (chain.any_multiple * m.theta_S.T * m.Sigma * m.theta_S - m.theta_S.T * m.Sigma * m.theta_T),
        ),
        Generic((Term("population", m.theta_S.T, chain.any_multiple * m.theta_S - m.theta_T),)),
        ("population",),
    ),
    Step(
        "pull",
        "along the flow",
        equal(chain.pull(t), _z * S**2 - product),
        chain.Pull("gradient-on-line"),
        ("gradient-on-line",),
    ),
    meaning("multiple-in-time", "frozen-multiple"),
    Step(
        "flow",
        "the source's multiple moves towards the best one",
        Statement(Derivative(_z, t), "==", -_factor * _z**_power * (_z - _rest)),
        Differentiate(("multiple-in-time",)),
        ("length", "pull", "multiple-in-time"),
    ),
    meaning("at-start", "frozen-start"),
    Step("acute", "which is positive for an acute angle", greater(product, 0), Algebra(), ("angle",)),
    Step(
        "reaches",
        "and reaches it: it stays positive and can come to rest nowhere else",
        Statement(Limit(_z, t, oo), "==", _rest),
        Axiom("scalar-flow", ("flow", "at-start", _factor, _power, _rest)),
        ("flow", "at-start", "acute"),
    ),
    meaning("limit", "frozen-limit"),
    meaning("end", "frozen-end"),
    Step(
        "best-multiple",
        "so training ends at the best multiple",
        equal(chain.multiple_end, _rest),
        Certificate((Part(-1, ("limit",)), Part(1, ("reaches",)))),
        ("limit", "reaches"),
    ),
    Step(
        "slope-at-end",
        "the risk's slope along the source there",
        equal(_o, chain.multiple_end * S**2 - product),
        Generic(),
        ("line", "multiple", "slope", "end"),
    ),
    Step("no-slope", "is zero", equal(_o, 0), Algebra(), ("slope-at-end", "best-multiple")),
    Step(
        "attained",
        "so the risk is the least there is",
        equal(v.risk, FLOOR),
        Certificate((Part(1 / S**2, ("square",)),)),
        ("square", "no-slope"),
    ),
    Step(
        "sine-attained",
        "the squared sine of the teachers' angle",
        equal(v.risk, _sine),
        Certificate((Part(1, ("attained",)),)),
        ("attained", "source", "target", "angle"),
    ),
)
