"""Two layers that need not be balanced: their velocities, their chain, and what its words mean.

Rank-one layers ``W_1 = w u'`` and ``W_2 = a u`` with a unit vector u stay so under
gradient flow, whatever the norms of w and a.  The functions of time are those of
`ftproofs.symbolic.trajectory`; ``a`` is the readout.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sympy import Derivative, Expr, Integer, Rational, Symbol, sqrt

from ftproofs.claim import Statement
from ftproofs.symbolic.trajectory import (
    G,
    N,
    W,
    a,
    across,
    along,
    b,
    end_time,
    first,
    g,
    k,
    layer_norm,
    loss,
    p,
    q,
    t,
    unit_1,
    w,
    w_perp,
)
from ftproofs.symbolic.vocabulary import v

#: The readout at the start, and at the end of training.
START: Expr = v.imbalance * sqrt(v.source_norm)
a_end = Symbol("a_end", positive=True)

_readout = layer_norm * unit_1

#: The velocities of W_1 = w u' and W_2 = a u, minus the loss's gradient in each layer, in the layers' own form.
TANGENT: tuple[Statement, ...] = (
    Statement(-G * _readout.T, "==", -layer_norm * G * unit_1.T),
    Statement(-(first * unit_1.T).T * G, "==", -unit_1 * first.T * G),
)

#: What that says of coordinates along a fixed direction, and of the readout.
CHAIN: Mapping[str, Statement] = MappingProxyType(
    {
        "first-layer": Statement(Derivative(w(t), t), "==", -a(t) * g(t)),
        "readout": Statement(Derivative(a(t), t), "==", -k(t)),
    }
)

_zero = Integer(0)

#: Meanings for two rank-one layers: what they say, and the equation.
MEANINGS: Mapping[str, tuple[str, Statement]] = MappingProxyType(
    {
        "two-first-norm": (
            "the first layer's squared norm changes by twice its product with its velocity",
            Statement(Derivative(W(t), t), "==", -2 * a(t) * k(t)),
        ),
        "two-first-start": (
            "the first layer starts as the source over the readout",
            Statement(W(_zero), "==", v.source_norm**2 / START**2),
        ),
        "two-readout-start": ("the readout starts at its given size", Statement(a(_zero), "==", START)),
        "two-readout-end": ("the readout at the limit", Statement(a(end_time), "==", a_end)),
        "two-norm": (
            "the predictor's norm is the product of the layers' norms",
            Statement(N(t) ** 2, "==", W(t) * a(t) ** 2),
        ),
        "two-coordinate": (
            "a coordinate of the predictor: first layer times readout",
            Statement(b(t), "==", w(t) * a(t)),
        ),
        "two-outside": (
            "a coordinate of the predictor outside the span: first layer times readout",
            Statement(p(t), "==", w_perp(t) * a(t)),
        ),
        "two-along": ("k: first layer times gradient", Statement(k(t), "==", W(t) ** Rational(1, 2) * along(t))),
        "two-chain-rule": (
            "the loss changes by gradient times velocity, along the predictor and across it",
            Statement(Derivative(loss(t), t), "==", along(t) * Derivative(N(t), t) + across(t) * Derivative(q(t), t)),
        ),
    }
)
