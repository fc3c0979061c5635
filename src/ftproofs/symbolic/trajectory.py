"""The local symbols of derivations along a trajectory, and the layers' velocities under gradient flow.

Along a fixed direction every vector has one coordinate; functions of time below are
such coordinates, norms, or the loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sympy import Derivative, Function, Integer, MatrixSymbol, Symbol

from ftproofs.claim import Statement
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.vocabulary import v

#: Time of a flow, or the number of a step.
t = Symbol("t", positive=True)
#: The times at which path_gap and first_layer_gap are largest, the norm smallest, the decay slowest, and training ends.
gap_time, layer_time, norm_time, rate_time, end_time = (
    Symbol(f"t_{name}", positive=True) for name in ("gap", "layer", "norm", "rate", "end")
)
step_number = Symbol("t", integer=True, nonnegative=True)

#: Coordinates along an eigenvector of X'X/n: distance of the iterate to the limit, and the gradient.
e = Function("e", real=True)
slope = Function("slope", real=True)
#: That eigenvector, and the largest eigenvalue of X'X/n.
mode = MatrixSymbol("u", m.d, 1)
limit = MatrixSymbol(r"\theta_{\infty}", m.d, 1)
theta = MatrixSymbol("theta", m.d, 1)
top = Symbol("lambda_max", positive=True)
#: The eigenvalue whose mode's error shrinks least.
worst = Symbol("lambda_worst", positive=True)
#: Learning rate times an eigenvalue.
rate = Symbol("q", positive=True)

#: Deep linear networks: coordinates of the first layer and of the loss gradient along a fixed direction,
#: norm of every later layer, first layer times gradient, squared norm of the first layer.
w = Function("w", real=True)
g = Function("g", real=True)
a = Function("a", positive=True)
k = Function("k", real=True)
W = Function("W", nonnegative=True)
#: Norm of the predictor, its coordinate along a direction outside the data's span, the training loss.
N = Function("N", positive=True)
p = Function("p", real=True)
#: The same along the source's own part outside the span, and along the violation that path_gap measures.
p_source = Function("p_source", real=True)
p_gap = Function("p_gap", real=True)
#: Coordinates of the predictor along a fixed direction, and along one at right angles to the predictor.
b = Function("b", real=True)
q = Function("q", real=True)
loss = Function("loss", positive=True)
#: First layer and gradient along a direction outside the data's span; the layer's norm at the start.
w_perp = Function("w_perp", real=True)
g_perp = Function("g_perp", real=True)
first_norm = Symbol("w_0", positive=True)
#: Generic layers of a network of depth three, its gradient, and their balanced form (unit vectors u_1, u_2).
W_1 = MatrixSymbol("W_1", m.d, m.h)
W_2 = MatrixSymbol("W_2", m.h, m.h)
W_3 = MatrixSymbol("W_3", m.h, 1)
G = MatrixSymbol("G", m.d, 1)
first = MatrixSymbol("w", m.d, 1)
unit_1 = MatrixSymbol("u_1", m.h, 1)
unit_2 = MatrixSymbol("u_2", m.h, 1)
layer_norm = Symbol("a", positive=True)
BALANCED = (first * unit_1.T, layer_norm * unit_1 * unit_2.T, layer_norm * unit_2)
#: Gradient along the predictor and across it.
along = Function("g_along", real=True)
across = Function("g_across", real=True)
#: s_min(X)**2 / n.
curvature = Symbol("mu", positive=True)

L, s = v.L, v.source_norm
zero = Integer(0)


def velocities(one: Any, two: Any, three: Any) -> tuple[Any, Any, Any]:
    """Gradient flow of three layers: minus the gradient of the loss, G in predictor space, in each layer."""
    return -G * (two * three).T, -one.T * G * three.T, -(one * two).T * G


#: The velocities in balanced form, of the layers in that form: the family is invariant.
TANGENT: tuple[Statement, ...] = tuple(
    Statement(velocity, "==", form)
    for velocity, form in zip(
        velocities(*BALANCED),
        (
            -(layer_norm**2) * G * unit_1.T,
            -layer_norm * unit_1 * first.T * G * unit_2.T,
            -layer_norm * unit_2 * first.T * G,
        ),
        strict=True,
    )
)

#: What that says of the chain's coordinates, at any depth.
CHAIN: Mapping[str, Statement] = MappingProxyType(
    {
        "first-layer": Statement(Derivative(w(t), t), "==", -(a(t) ** (L - 1)) * g(t)),
        "later-layers": Statement(Derivative(a(t), t), "==", -(a(t) ** (L - 2)) * k(t)),
    }
)
