"""Where the flow of a diagonal network ends: its scale, its loss and energy in time, and what is read off them.

Continues `diagonal_flow`.  ``scale`` is the penalty's scale of the coordinate in this
training, sqrt(A B)/2 at its start, whatever start that is.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sympy import Derivative, Function, Integer, Limit, Symbol, asinh, log, oo

from ftproofs.claim import Statement
from ftproofs.symbolic import diagonal_flow as f
from ftproofs.symbolic.diagonal_flow import Word, centred, flowing
from ftproofs.symbolic.trajectory import curvature, loss, rate_time, t
from ftproofs.symbolic.vocabulary import v

zero = Integer(0)
scale = Symbol("scale", positive=True)
least_scale = Symbol("least_scale", positive=True)
#: Squared norm of the coordinate's weights, and its time of largest time times loss.
speed = Function("speed", nonnegative=True)
loss_time = Symbol("t_loss", positive=True)
#: Sums over the coordinates: speed times push^2, push^2, the Bregman divergence of the end from the predictor.
fall = Function("fall", nonnegative=True)
slope_square = Function("slope_square", nonnegative=True)
energy = Function("energy", nonnegative=True)
#: Time integral of |rho|^2.
work = Function("work", nonnegative=True)
#: A coordinate of (asinh(beta/scale) - asinh(beta(0)/scale))/2 in time.
slope = Function("penalty_slope_change", real=True)


def _is(lhs: Any, rhs: Any) -> Statement:
    return Statement(lhs, "==", rhs)


_flow: Mapping[str, tuple[str, Statement]] = {
    "scale": ("the scale of this training", _is(f.total_branch(zero) * f.opposite_branch(zero), 4 * scale**2)),
    "slope": (
        "change of the penalty's slope",
        _is(slope(t), asinh(f.coefficient(t) / scale) / 2 - asinh(f.coefficient(zero) / scale) / 2),
    ),
    "loss-falls": (
        "the loss falls by speed times push^2, summed over the coordinates",
        _is(Derivative(loss(t), t), -fall(t)),
    ),
    "least-scale": ("no scale is below the least", Statement(least_scale, "<=", scale)),
    "work": ("the time integral of |rho|^2", _is(Derivative(work(t), t), 2 * loss(t))),
    "work-start": ("starts at zero", _is(work(zero), zero)),
    "loss-decay": (
        "loss_decay, at the time it is smallest",
        _is(v.loss_decay, (log(loss(zero)) - log(loss(rate_time))) / (least_scale * curvature * rate_time)),
    ),
    "loss-time": ("loss_time, at the time it is largest", _is(v.loss_time, loss_time * loss(loss_time))),
    "bregman": ("bregman: the energy at the start", _is(v.bregman, energy(zero))),
    "loss-integral": ("loss_integral", _is(v.loss_integral, Limit(work(t), t, oo))),
}
_centred = {"bregman-penalty": ("from the zero predictor it is the penalty", _is(v.penalty, v.bregman))}
WORDS: Mapping[str, Word] = MappingProxyType(
    {f"training-{name}": Word(*meaning, flowing) for name, meaning in _flow.items()}
    | {f"training-{name}": Word(*meaning, centred) for name, meaning in _centred.items()}
)
