"""One coordinate of a diagonal network in time: its four weights, their flow or steps, and what is read off them.

The functions belong to any one coordinate; ``push`` is the coordinate of X'rho, minus the
loss's gradient at the predictor.  Measurements of one coordinate are read along it, those
that are largest over the coordinates along the one where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sympy import Derivative, Expr, Function, Integer, Symbol, sqrt, symbols

from ftproofs.claim import Statement
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.finetuning import scale_after
from ftproofs.symbolic.trajectory import end_time, step_number, t
from ftproofs.symbolic.vocabulary import v

zero = Integer(0)
T = Symbol("T", integer=True, positive=True)

w_plus, w_minus, v_plus, v_minus = (Function(name, real=True) for name in ("w_plus", "w_minus", "v_plus", "v_minus"))
#: A branch, plus or minus: its two weights, and the sign with which it moves.
w_branch, v_branch = (Function(name, real=True) for name in ("w_branch", "v_branch"))
side = Symbol("side", real=True)
push = Function("push", real=True)
coefficient = Function("coefficient", real=True)
phase = Function("phase", real=True)
#: Products over the steps of 1 - e^2, (1 + e)^2 and (1 - e)^2, and the step e = learning rate times push.
kept, grown, shrunk = (Function(name, real=True) for name in ("kept", "grown", "shrunk"))
kick = Function("kick", real=True)

#: The symmetric start: w_+ = w_- and v_+ = v_-.
w_start = sqrt(v.c * (1 + v.r) / 2)
v_start = sqrt(v.c * (1 - v.r) / 2)
size_start = Symbol("size_start", positive=True)
#: ``w_+ w_- + v_+ v_-`` and ``w^2 - v^2`` at the end of training.
scale_end = Symbol("scale_end", real=True)
difference_end = Symbol("difference_end", real=True)
#: Which of several quantities is read, and with which sign: one is 1 or -1, the others 0.
signs = symbols("sign_1:5", real=True)

At = Any


def bilinear(at: At) -> Expr:
    """``w_+ w_- + v_+ v_-``: the scale c at a symmetric start."""
    return w_plus(at) * w_minus(at) + v_plus(at) * v_minus(at)


def crossed(at: At) -> Expr:
    """``w_+ v_- + v_+ w_-``."""
    return w_plus(at) * v_minus(at) + v_plus(at) * w_minus(at)


def difference(at: At, w: Any = w_branch, v_: Any = v_branch) -> Expr:
    """``w^2 - v^2`` of a branch: r c at a symmetric start."""
    return w(at) ** 2 - v_(at) ** 2


def plus_difference(at: At) -> Expr:
    """``w_+^2 - v_+^2``."""
    return difference(at, w_plus, v_plus)


def minus_difference(at: At) -> Expr:
    """``w_-^2 - v_-^2``."""
    return difference(at, w_minus, v_minus)


def total_branch(at: At) -> Expr:
    """``A = (w_+ + v_+)^2 + (w_- - v_-)^2``."""
    return (w_plus(at) + v_plus(at)) ** 2 + (w_minus(at) - v_minus(at)) ** 2


def opposite_branch(at: At) -> Expr:
    """``B = (w_+ - v_+)^2 + (w_- + v_-)^2``."""
    return (w_plus(at) - v_plus(at)) ** 2 + (w_minus(at) + v_minus(at)) ** 2


def squared_norm(at: At) -> Expr:
    """The sum of the four squares."""
    return w_plus(at) ** 2 + v_plus(at) ** 2 + w_minus(at) ** 2 + v_minus(at) ** 2


# -- when a meaning applies ---------------------------------------------------


def flowing(context: Context) -> str | None:
    """Applies to diagonal networks trained by gradient flow."""
    if not context.claim.experiment.startswith(("diagonal.", "replica.")):
        return "the experiment trains no diagonal network"
    if context.allowed("engine") is not None and not context.only("engine", "flow"):
        return "the network may be trained by steps"
    if context.allowed("protocol") is not None and not context.only("protocol", "S", "M", "R", "N"):
        return "a layer may be frozen"
    return None


def stepping(context: Context) -> str | None:
    """Applies to diagonal networks trained by gradient descent."""
    if not context.claim.experiment.startswith("diagonal."):
        return "the experiment trains no diagonal network"
    return None if context.only("engine", "descent") else "the network may be trained by a flow"


def symmetric(context: Context) -> str | None:
    """Applies to training from a symmetric start of scale c and relative scale r."""
    if context.claim.experiment not in ("diagonal.scratch", "diagonal.pretrain"):
        return "training does not begin at the first start"
    return None


def pretraining(context: Context) -> str | None:
    """Applies where pretraining precedes: its flow is from the symmetric start."""
    if context.claim.experiment not in ("diagonal.finetune", "diagonal.scalar", "replica.finetune", "replica.compare"):
        return "there is no pretraining"
    if context.allowed("engine") is not None and not context.only("engine", "flow"):
        return "the network may be pretrained by steps"
    return None


def protocol(*allowed: str) -> Callable[[Context], str | None]:
    """Applies to re-initialisation by one of these protocols."""

    def check(context: Context) -> str | None:
        if context.only("protocol", *allowed):
            return pretraining(context)
        return f"the protocol may be another than {', '.join(allowed)}"

    return check


def centred(context: Context) -> str | None:
    """Applies where fine-tuning begins at the zero predictor."""
    if context.claim.experiment in ("diagonal.scratch", "diagonal.pretrain"):
        return flowing(context)
    if context.claim.experiment == "diagonal.multitask" or not context.only("protocol", "S", "M", "R"):
        return "training may start at a predictor other than zero"
    return flowing(context)


Applies = Callable[[Context], str | None]


@dataclass(frozen=True, slots=True)
class Word:
    """What a word of the experiments says, as an equation, and when it applies."""

    says: str
    relation: Statement
    applies: Applies


def _is(lhs: Any, rhs: Any) -> Statement:
    return Statement(lhs, "==", rhs)


def _rate(f: Any, velocity: Any) -> Statement:
    return _is(Derivative(f(t), t), velocity)


def _next(f: Any, value: Any) -> Statement:
    return _is(f(step_number + 1), value)


_k = step_number
_flow = {
    "w-plus": ("the first layer's plus branch moves with the readout", _rate(w_plus, push(t) * v_plus(t))),
    "v-plus": ("and the readout with the first layer", _rate(v_plus, push(t) * w_plus(t))),
    "w-minus": ("the minus branch moves the other way", _rate(w_minus, -push(t) * v_minus(t))),
    "v-minus": ("and so does its readout", _rate(v_minus, -push(t) * w_minus(t))),
    "w-branch": ("the first layer of either branch", _rate(w_branch, side * push(t) * v_branch(t))),
    "v-branch": ("the readout of either branch", _rate(v_branch, side * push(t) * w_branch(t))),
    "phase": ("the phase is the time integral of X'rho", _rate(phase, push(t))),
    "predictor": (
        "the predictor's coefficient",
        _is(coefficient(t), w_plus(t) * v_plus(t) - w_minus(t) * v_minus(t)),
    ),
}
_steps = {
    "step-w-plus": ("a step of the first layer", _next(w_plus, w_plus(_k) + kick(_k) * v_plus(_k))),
    "step-v-plus": ("and of the readout, at once", _next(v_plus, v_plus(_k) + kick(_k) * w_plus(_k))),
    "step-w-minus": ("the minus branch", _next(w_minus, w_minus(_k) - kick(_k) * v_minus(_k))),
    "step-v-minus": ("and its readout", _next(v_minus, v_minus(_k) - kick(_k) * w_minus(_k))),
    "kept": ("the product of 1 - e^2", _next(kept, (1 - kick(_k) ** 2) * kept(_k))),
    "grown": ("the product of (1 + e)^2", _next(grown, (1 + kick(_k)) ** 2 * grown(_k))),
    "shrunk": ("the product of (1 - e)^2", _next(shrunk, (1 - kick(_k)) ** 2 * shrunk(_k))),
    "kept-start": ("an empty product", _is(kept(zero), Integer(1))),
    "grown-start": ("an empty product", _is(grown(zero), Integer(1))),
    "shrunk-start": ("an empty product", _is(shrunk(zero), Integer(1))),
    "drift-product": ("drift_product", _is(v.drift_product, kept(T))),
    "sum-product": ("sum_product", _is(v.sum_product, grown(T))),
    "difference-product": ("difference_product", _is(v.difference_product, shrunk(T))),
    "step-c-ratio": ("c_ratio, after T steps", _is(v.c_ratio, bilinear(T) / bilinear(zero))),
    "step-sum-ratio": ("sum_ratio, after T steps", _is(v.sum_ratio, total_branch(T) / total_branch(zero))),
    "step-difference-ratio": (
        "difference_ratio, after T steps",
        _is(v.difference_ratio, opposite_branch(T) / opposite_branch(zero)),
    ),
    "drift-gap": (
        "drift_gap, along the coordinate and for the quantity where it is largest",
        _is(
            v.drift_gap,
            sum(
                sign * (invariant(T) - kept(T) * invariant(zero)) / size_start
                for sign, invariant in zip(signs, (bilinear, crossed, plus_difference, minus_difference), strict=True)
            ),
        ),
    ),
}
_end = {
    "scale-end": ("the scale at the end of training", _is(scale_end, bilinear(end_time))),
    "difference-end": ("w^2 - v^2 of a branch there", _is(difference_end, difference(end_time))),
    "phase-start": ("the phase starts at zero", _is(phase(zero), zero)),
    "phase-end": ("phase", _is(v.phase, phase(end_time))),
    "beta-end": ("beta_end", _is(v.beta_end, coefficient(end_time))),
    "beta-start": ("beta_start", _is(v.beta_start, coefficient(zero))),
    "sum-ratio": ("sum_ratio", _is(v.sum_ratio, total_branch(end_time) / total_branch(zero))),
    "difference-ratio": (
        "difference_ratio",
        _is(v.difference_ratio, opposite_branch(end_time) / opposite_branch(zero)),
    ),
}
_start = {
    "c-drift": (
        "c_drift, along the coordinate where it is largest, up to its sign",
        _is(v.c_drift, signs[0] * (scale_end / v.c - 1)),
    ),
    "r-drift": (
        "r_drift, along the branch where it is largest, up to its sign",
        _is(v.r_drift, signs[0] * (difference_end / scale_end - v.r)),
    ),
    "start-w-branch": ("the start is the same in both branches", _is(w_branch(zero), w_start)),
    "start-v-branch": ("also in the readout", _is(v_branch(zero), v_start)),
    "start-w-plus": ("the start is symmetric", _is(w_plus(zero), w_start)),
    "start-w-minus": ("in the first layer", _is(w_minus(zero), w_start)),
    "start-v-plus": ("and in the readout", _is(v_plus(zero), v_start)),
    "start-v-minus": ("of both branches", _is(v_minus(zero), v_start)),
}
_pretrained = {
    "pretrained": ("beta_pt: the coefficient at the end of pretraining", _is(v.beta_pt, coefficient(end_time)))
}


def _protocols() -> dict[str, tuple[str, Statement, Applies]]:
    """What re-initialisation makes of the pretrained layers: c_ft is the squared first layer plus readout."""
    plus, minus, alpha, reinit = w_plus(end_time), w_minus(end_time), v.rescale, v.reinit
    found: dict[str, tuple[str, Statement, Applies]] = {}
    for letter, squared, says in (
        ("S", (plus + minus) ** 2, "both first layers become their sum"),
        ("M", (plus + minus) ** 2 / 4, "both first layers become their mean"),
        ("R", (plus**2 + minus**2) / 2, "both first layers become their root mean square"),
    ):
        relation = _is(v.c_ft, alpha**2 * squared + reinit**2)
        found[f"reinit-{letter}"] = (f"{says}, the readouts reinit: c_ft", relation, protocol(letter))
    found["reinit-N"] = (
        "the first layers stay, the readouts become reinit: c_ft = sqrt(A B)/2",
        _is(
            v.c_ft**2,
            ((alpha * plus + reinit) ** 2 + (alpha * minus - reinit) ** 2)
            * ((alpha * plus - reinit) ** 2 + (alpha * minus + reinit) ** 2)
            / 4,
        ),
        protocol("N"),
    )
    found["restart-N"] = (
        "and fine-tuning starts at their difference times reinit",
        _is(v.beta_start, alpha * (plus - minus) * reinit),
        protocol("N"),
    )
    return found


#: By name; a derivation starts from these.
WORDS: Mapping[str, Word] = MappingProxyType(
    {f"diagonal-{name}": Word(*meaning, flowing) for name, meaning in {**_flow, **_end}.items()}
    | {f"diagonal-{name}": Word(*meaning, stepping) for name, meaning in _steps.items()}
    | {f"diagonal-{name}": Word(*meaning, symmetric) for name, meaning in _start.items()}
    | {f"pretrain-{name}": Word(*meaning, pretraining) for name, meaning in {**_flow, **_start, **_pretrained}.items()}
    | {"pretrain-phase-start": Word(*_end["phase-start"], pretraining)}
    | {name: Word(*meaning) for name, meaning in _protocols().items()}
)

#: The scale that pretraining to beta_pt leaves, by protocol.
SCALES: Mapping[str, Expr] = MappingProxyType(
    {letter: scale_after(letter, v.c, v.r, v.beta_pt, v.reinit, v.rescale) for letter in ("S", "M", "R", "N")}
)
