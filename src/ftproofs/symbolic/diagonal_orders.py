"""What the orders of one coordinate's fine-tuning penalty mean: logarithmic slopes of q(beta_main; c_ft)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sympy import Derivative, Expr, Function, Integer, log

from ftproofs.claim import Statement
from ftproofs.symbolic import diagonal_flow as f
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.diagonal_flow import Word, flowing
from ftproofs.symbolic.diagonal_training import scale
from ftproofs.symbolic.finetuning import scale_after
from ftproofs.symbolic.penalty import penalty, penalty_slope
from ftproofs.symbolic.trajectory import t
from ftproofs.symbolic.vocabulary import v

x, b = v.beta_main, v.beta_aux
#: The scale of the penalty in what is chosen, under protocol S.
FINAL: Expr = scale_after("S", v.c, v.r, b, v.reinit, v.rescale)
#: d log q/d log of the coefficient, and of the scale.
BY_COEFFICIENT: Expr = x * Derivative(log(penalty(x, scale)), x)
BY_SCALE: Expr = scale * Derivative(log(penalty(x, scale)), scale)

#: tanh of the phase in time: tanh(asinh(beta/scale)/2).
tangent = Function("tangent", real=True)


def scalar(context: Context) -> str | None:
    """Applies to one coordinate under protocol S, trained by flows."""
    if context.claim.experiment != "diagonal.scalar":
        return "the experiment is not of one coordinate"
    if not context.only("protocol", "S"):
        return "the protocol may be another than S"
    return flowing(context)


def _is(lhs: Any, rhs: Any) -> Statement:
    return Statement(lhs, "==", rhs)


def _elasticity(by: Expr) -> Expr:
    """d log c_ft/d log of a parameter; ``scale`` is c_ft."""
    return by * Derivative(FINAL, by) / scale


_words = {
    "scale": ("the penalty's scale, which is positive", _is(scale, v.c_ft)),
    "found": ("one coordinate without noise is pretrained to its teacher", _is(v.beta_pt, b)),
    "fitted": ("and fine-tuned to its target", _is(v.beta_end, x)),
    "penalty": ("penalty", _is(v.penalty, penalty(v.beta_end, scale))),
    "order": ("order: d log q/d log |beta_main|", _is(v.order, BY_COEFFICIENT)),
    "dependence": (
        "dependence: d log q/d log |beta_aux|, through the scale",
        _is(v.dependence, BY_SCALE * _elasticity(b)),
    ),
    "scale-order": ("d log q/d log c, through the scale", _is(v.scale_order, BY_SCALE * _elasticity(v.c))),
    "contrast": (
        "contrast: the penalty's slope at beta_main without the feature, over that with it",
        _is(v.contrast, penalty_slope(x, FINAL.subs(b, 0)) / penalty_slope(x, scale)),
    ),
    "reinit-order": (
        "d log q/d log reinit^2, through the scale",
        _is(v.reinit_order, BY_SCALE * _elasticity(v.reinit) / 2),
    ),
    "pull": (
        "X'rho on a design of one column of squared length h",
        _is(f.push(t), v.curvature * (x - f.coefficient(t))),
    ),
    "start": ("fine-tuning starts at the zero predictor", _is(f.coefficient(Integer(0)), Integer(0))),
    "at-time": ("beta_time", _is(v.beta_time, f.coefficient(v.time))),
}

WORDS: Mapping[str, Word] = MappingProxyType(
    {f"orders-{name}": Word(*meaning, scalar) for name, meaning in _words.items()}
)
