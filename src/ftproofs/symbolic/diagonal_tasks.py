"""Words of two special trainings: readouts on frozen first layers, and two tasks that share a first layer."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sympy import Derivative, Integer, Symbol, symbols

from ftproofs.claim import Statement
from ftproofs.symbolic import diagonal_flow as f
from ftproofs.symbolic import diagonal_training as g
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.diagonal_flow import Word
from ftproofs.symbolic.trajectory import loss, t
from ftproofs.symbolic.vocabulary import v

#: The frozen first layer of a coordinate.
layer = Symbol("w_frozen", positive=True)
#: One coordinate of two predictors, and weights that make it: first layers, readouts of each task by branch.
first, second = symbols("a_1 a_2", real=True)
length = Symbol("length", positive=True)
w_one, w_two = symbols("u_plus u_minus", real=True)
plus = symbols("p_1 p_2", real=True)
minus = symbols("n_1 n_2", real=True)


def frozen(context: Context) -> str | None:
    """Applies where only the readouts train after re-initialisation."""
    if context.claim.experiment == "diagonal.finetune" and context.only("protocol", "readout"):
        return None
    return "a first layer may be trained"


def shared(context: Context) -> str | None:
    """Applies to two tasks trained at once."""
    return None if context.claim.experiment == "diagonal.multitask" else "there is one task"


def _is(lhs: Any, rhs: Any) -> Statement:
    return Statement(lhs, "==", rhs)


_zero = Integer(0)
_frozen = {
    "readout-v-plus": ("the plus readout moves", _is(Derivative(f.v_plus(t), t), f.push(t) * layer)),
    "readout-v-minus": ("and the minus readout the other way", _is(Derivative(f.v_minus(t), t), -f.push(t) * layer)),
    "readout-predictor": ("the coefficient", _is(f.coefficient(t), layer * (f.v_plus(t) - f.v_minus(t)))),
    "readout-start": ("the readouts start equal", _is(f.coefficient(_zero), _zero)),
    "readout-phase": ("the phase is the time integral of X'rho", _is(Derivative(f.phase(t), t), f.push(t))),
    "readout-phase-start": ("and starts at zero", _is(f.phase(_zero), _zero)),
    "readout-slope": ("slope of the weighted norm", _is(g.slope(t), f.coefficient(t) / (2 * layer**2))),
    "readout-speed": ("the predictor moves at twice the squared layer", _is(g.speed(t), 2 * layer**2)),
    "readout-least": ("no squared layer is below the least", Statement(g.least_scale, "<=", layer**2)),
    "readout-loss-falls": (
        "the loss falls by speed times push^2, summed over the coordinates",
        _is(Derivative(loss(t), t), -g.fall(t)),
    ),
}
_shared = {
    "least-weights": (
        "least_weight_norm, of one coordinate (they add up): the weights where it is attained",
        _is(v.least_weight_norm, w_one**2 + w_two**2 + sum(x**2 for x in (*plus, *minus))),
    ),
    "first-predictor": ("they make the first predictor", _is(first, w_one * plus[0] - w_two * minus[0])),
    "second-predictor": ("and the second", _is(second, w_one * plus[1] - w_two * minus[1])),
    "group-norm": ("group_norm, of one coordinate that is used: twice its length", _is(v.group_norm, 2 * length)),
    "length": ("the length of its two coefficients", _is(length**2, first**2 + second**2)),
    "balanced-weights": (
        "the least is at most the squared norm of one branch, its first layer sqrt(length), its readouts the "
        "coefficients over that",
        Statement(v.least_weight_norm, "<=", length + (first**2 + second**2) / length),
    ),
}

WORDS: Mapping[str, Word] = MappingProxyType(
    {name: Word(*meaning, frozen) for name, meaning in _frozen.items()}
    | {name: Word(*meaning, shared) for name, meaning in _shared.items()}
)
