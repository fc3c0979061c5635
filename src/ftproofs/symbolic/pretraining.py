"""Pretraining a two-layer network on the population loss: its matrices, what is conserved, and spectra."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sympy import MatrixSymbol, Symbol, ZeroMatrix

from ftproofs.claim import Choices, Range, Statement
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.trajectory import W_1, G
from ftproofs.symbolic.vocabulary import v

#: The readout (h x 1), W_1'W_1 - V V' at the start (h x h), and the projector off the readout (h x h).
V = MatrixSymbol("V", m.h, 1)
D_0 = MatrixSymbol("D_0", m.h, m.h)
Q = MatrixSymbol("Q", m.h, m.h)
ZERO = ZeroMatrix(m.h, m.h)
ZERO_ROW = ZeroMatrix(1, m.h)
#: Squares of the start's orthonormal columns' length and direction of its readout.
readout_direction = MatrixSymbol("v_0", m.h, 1)

#: Velocities of the layers when the loss has gradient G in predictor space.
first_velocity, readout_velocity = -G * V.T, -W_1.T * G
imbalance_velocity = W_1.T * first_velocity + first_velocity.T * W_1 - readout_velocity * V.T - V * readout_velocity.T

GRAM = Statement(W_1.T * W_1, "==", D_0 + V * V.T)
SPURIOUS = Statement((W_1 * Q).T * (W_1 * Q), "==", Q.T * D_0 * Q)
#: |V|^2, as a number.
readout_square = Symbol("V_square", nonnegative=True)


def two_layers(context: Context) -> str | None:
    """Whether the claim is about pretraining a network of two layers."""
    if context.claim.experiment != "deep-linear.pretrain":
        return "the experiment is no pretraining"
    return None if context.only("L", 2) else "there may be more than two layers"


def _one_wide(context: Context) -> str | None:
    return two_layers(context) or (None if context.only("width", 1) else "the hidden layer may be wider")


def wide_orthonormal(context: Context) -> str | None:
    """Whether the start is orthonormal, with at least three columns."""
    why = two_layers(context)
    if why or not context.only("start", "orthonormal"):
        return why or "the start may be another"
    width = context.allowed("width")
    assert isinstance(width, Choices | Range)
    least = min(width.values) if isinstance(width, Choices) else width.low
    return None if float(least) >= 3 else "the hidden layer may have fewer than three units"


MEANINGS: Mapping[str, tuple[str, Statement, Callable[[Context], str | None]]] = MappingProxyType(
    {
        "pretrained": (
            "pretraining on the population ends where the network is the source teacher",
            Statement(m.theta_S, "==", W_1 * V),
            two_layers,
        ),
        "off-readout": ("Q projects off the readout", Statement(V.T * Q, "==", ZERO_ROW), two_layers),
        "one-wide": (
            "with one hidden unit the imbalance is a number",
            Statement(v.readout_form, "==", v.imbalance_trace * v.readout_norm**2),
            _one_wide,
        ),
    }
)


def readings() -> dict[Symbol, m.Reading]:
    """What the measurements of pretraining read."""
    return {v.readout_norm: m.Reading("norm", V), v.readout_form: m.Reading("value", V.T * D_0 * V)}
