"""Readouts on frozen layers, and the least weights of two predictors (handbook 6.6, 7.1)."""

from __future__ import annotations

from sympy import Derivative, Rational

from ftproofs.catalog.diagonal.bias_steps import LOSS, MINIMISER
from ftproofs.catalog.linear.endpoint_steps import meaning, same
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import diagonal_flow as f
from ftproofs.symbolic import diagonal_tasks as g
from ftproofs.symbolic import diagonal_training as h
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.differentiation import Differentiate
from ftproofs.symbolic.identities import Generic
from ftproofs.symbolic.methods import Algebra, Certificate, Monotone, Part
from ftproofs.symbolic.trajectory import t
from ftproofs.symbolic.vocabulary import equal, v

_quotient = f.coefficient(t) / (2 * g.layer**2)

READOUT = (
    *(
        meaning(name.removeprefix("readout-"), name)
        for name in (
            *("readout-v-plus", "readout-v-minus", "readout-predictor", "readout-start"),
            *("readout-phase", "readout-phase-start"),
        )
    ),
    Step(
        "quotient-flow",
        "beta over twice the squared layer moves as the phase",
        equal(Derivative(_quotient - f.phase(t), t), 0),
        Differentiate(("predictor",)),
        ("predictor", "v-plus", "v-minus", "phase"),
    ),
    Step(
        "quotient-constant",
        "so their difference does not change",
        equal(
            _quotient - f.phase(t),
            f.coefficient(f.zero) / (2 * g.layer**2) - f.phase(f.zero),
        ),
        Axiom("constant-of-motion", ("quotient-flow",)),
        ("quotient-flow",),
    ),
    Step(
        "quotient",
        "and beta over the squared layer stays in the span: the slope of the weighted norm",
        equal(_quotient, f.phase(t)),
        Certificate((Part(1, ("quotient-constant",)),)),
        ("quotient-constant", "start", "phase-start"),
    ),
    meaning("slope", "readout-slope"),
    Step(
        "slope-is-phase",
        "which is the phase",
        equal(h.slope(t), f.phase(t)),
        Certificate((Part(1, ("slope",)), Part(1, ("quotient",)))),
        ("slope", "quotient"),
    ),
    meaning("speed", "readout-speed"),
    meaning("least", "readout-least"),
    meaning("loss-falls", "readout-loss-falls"),
    Step(
        "speed-bound",
        "the predictor moves at least at twice the least squared layer",
        Statement(2 * h.least_scale, "<=", h.speed(t)),
        Certificate((Part(2, ("least",)),)),
        ("speed", "least"),
    ),
    *LOSS,
    *MINIMISER,
    Step(
        "minimiser",
        "so the end is the fit of least weighted norm",
        same(m.beta, m.lazy),
        Axiom("weighted-minimiser", ("residual", "slope-in-span")),
        ("residual", "slope-in-span"),
    ),
    Step("lazy", "at any scale", equal(v.lazy_gap, 0), Generic(), ("minimiser",)),
)

_weights = v.least_weight_norm
_first_layers = g.w_one**2 + g.w_two**2
_readouts = sum(x**2 for x in (*g.plus, *g.minus))
GROUP = (
    meaning("weights", "least-weights"),
    meaning("first", "first-predictor"),
    meaning("second", "second-predictor"),
    meaning("group", "group-norm"),
    meaning("length", "length"),
    Step(
        "squares",
        "the squared norm's square is at least 4 (a^2 + m^2): two squares more",
        Statement(v.group_norm**2, "<=", _weights**2),
        Certificate(
            (
                Part((_first_layers - _readouts) ** 2),
                *(Part(4 * (g.w_one * n + g.w_two * p) ** 2) for p, n in zip(g.plus, g.minus, strict=True)),
            )
        ),
        ("weights", "group", "length", "first", "second"),
    ),
    Step(
        "at-least",
        "so the weights are at least the group norm",
        Statement(v.group_norm, "<=", _weights),
        Monotone("squares", power=Rational(1, 2)),
        ("squares",),
    ),
    meaning("balanced", "balanced-weights"),
    Step(
        "at-most",
        "and balanced weights attain it",
        Statement(_weights, "<=", v.group_norm),
        Certificate((Part(1, ("balanced",)), Part(1 / g.length, ("length",)))),
        ("balanced", "group", "length"),
    ),
)

IDENTITIES = (
    Step(
        "lagrange",
        "Lagrange's identity for two branches",
        equal(
            _first_layers * _readouts,
            sum(
                (g.w_one * p - g.w_two * n) ** 2 + (g.w_one * n + g.w_two * p) ** 2
                for p, n in zip(g.plus, g.minus, strict=True)
            ),
        ),
        Algebra(),
    ),
)
