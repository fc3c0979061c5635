"""What the words of an experiment mean along a trajectory: the equations a derivation starts from.

A closed list.  Each meaning is one equation (or inequality) between a measurement,
or a local function of time, and simpler things; it is a definition of the
experiment, not a theorem, and says under which settings it applies.

Along a fixed direction every vector has one coordinate, and a statement about an
arbitrary fixed direction is one about the vector: measurements that are norms are
read along the direction of the vector itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sympy import And, Derivative, Eq, Function, Identity, Integer, Limit, MatrixSymbol, Symbol, log, oo, sympify
from sympy.core.function import AppliedUndef

from ftproofs.claim import Statement
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.methods import _open
from ftproofs.symbolic.rules import is_matrix
from ftproofs.symbolic.vocabulary import v
from ftproofs.symbolic.zero import Finding

# -- local symbols ------------------------------------------------------------

#: Time of a flow, or the number of a step.
t = Symbol("t", positive=True)
#: The times at which path_gap is largest, the norm smallest, the decay slowest, and training ends.
gap_time, norm_time, rate_time, end_time = (
    Symbol(f"t_{name}", positive=True) for name in ("gap", "norm", "rate", "end")
)
step_number = Symbol("t", integer=True, nonnegative=True)

#: Coordinates along an eigenvector of X'X/n: distance of the iterate to the limit, and the gradient.
e = Function("e", real=True)
slope = Function("slope", real=True)
#: That eigenvector, and the largest eigenvalue of X'X/n.
mode = MatrixSymbol("u", m.d, 1)
limit = MatrixSymbol("theta_oo", m.d, 1)
theta = MatrixSymbol("theta", m.d, 1)
top = Symbol("top_eigenvalue", positive=True)
#: The eigenvalue whose mode's error shrinks least.
worst = Symbol("worst_eigenvalue", positive=True)
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
first_norm = Symbol("first_layer_norm", positive=True)
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
curvature = Symbol("kappa", positive=True)

L, s = v.L, v.source_norm
zero = Integer(0)


# -- when a meaning applies ---------------------------------------------------


def _always(_: Context) -> str | None:
    return None


def optimizer(*allowed: str) -> Callable[[Context], str | None]:
    """Applies when training is linear regression by one of these optimizers, without weight decay."""

    def check(context: Context) -> str | None:
        if not context.claim.experiment.startswith("linear."):
            return "the experiment is not linear regression"
        if not context.only("optimizer", *allowed):
            return f"the optimizer may be another than {', '.join(allowed)}"
        if context.allowed("weight_decay") is not None and not context.only("weight_decay", 0, 0.0):
            return "there is weight decay"
        return None

    return check


def balanced(context: Context) -> str | None:
    """Whether the network is a deep linear one that starts balanced."""
    if context.claim.experiment != "deep-linear.finetune":
        return "the experiment is no deep linear network"
    return None if context.only("imbalance", 1, 1.0) else "the weights may start unbalanced"


@dataclass(frozen=True, slots=True)
class Meaning:
    """One equation, in words, and why it does not apply (None when it does)."""

    says: str
    relation: Statement
    applies: Callable[[Context], str | None] = _always


def _equals(lhs: Any, rhs: Any) -> Statement:
    return Statement(lhs, "==", rhs)


_DESCENT = optimizer("gd")
_FLOW = optimizer("flow")
_RUN = v.learning_rate * v.steps

MEANINGS: Mapping[str, Meaning] = MappingProxyType(
    {
        # linear regression
        "gradient-descent": Meaning(
            "one step moves against the gradient by the learning rate",
            _equals(e(step_number + 1), e(step_number) - v.learning_rate * slope(step_number)),
            _DESCENT,
        ),
        "gradient-flow": Meaning("the flow moves against the gradient", _equals(Derivative(e(t), t), -slope(t)), _FLOW),
        "eigenvector": Meaning(
            "u is an eigenvector of X'X/n", _equals(mode.T * m.X.T * m.X, m.n * v.mode_eigenvalue * mode.T)
        ),
        "stationary-limit": Meaning(
            "at the limit of the iterates the gradient vanishes",
            _equals(m.X.T * (m.X * limit - m.y), 0),
        ),
        "contraction": Meaning(
            "mode_contraction: last over first distance", _equals(v.mode_contraction, e(v.steps) / e(zero)), _DESCENT
        ),
        "filter": Meaning(
            "mode_filter: the movement over the size of the first step's gradient",
            _equals(v.mode_filter, (e(v.steps) - e(zero)) / (-slope(zero))),
            _DESCENT,
        ),
        "flow-contraction": Meaning(
            "mode_contraction for the flow, run for the time of the steps",
            _equals(v.mode_contraction, e(_RUN) / e(zero)),
            _FLOW,
        ),
        "flow-filter": Meaning(
            "mode_filter for the flow", _equals(v.mode_filter, (e(_RUN) - e(zero)) / (-slope(zero))), _FLOW
        ),
        "step-unit": Meaning(
            "step: the learning rate in units of 2n/s_max^2",
            _equals(v.learning_rate, 2 * v.step / top),
            optimizer("gd"),
        ),
        "stable-step": Meaning(
            "training runs with a stable step: learning rate times eigenvalue is below 2",
            Statement(rate, "<", Integer(2)),
        ),
        "top-eigenvalue": Meaning("no eigenvalue exceeds the largest", Statement(worst, "<=", top)),
        # deep linear networks, as width-one chains
        "unit-1": Meaning("u_1 is a unit vector", _equals(unit_1.T * unit_1, Identity(1))),
        "unit-2": Meaning("u_2 is a unit vector", _equals(unit_2.T * unit_2, Identity(1))),
        "first-layer-norm": Meaning(
            "the first layer's squared norm changes by twice its product with its velocity",
            _equals(Derivative(W(t), t), -2 * a(t) ** (L - 1) * k(t)),
            balanced,
        ),
        "balanced-start": Meaning("balanced at the start", _equals(W(zero), a(zero) ** 2), balanced),
        "predictor-norm": Meaning(
            "the predictor's norm is the product of the layers' norms",
            _equals(N(t) ** 2, W(t) * a(t) ** (2 * L - 2)),
            balanced,
        ),
        "start": Meaning("at the start the predictor is the source", _equals(N(zero), s), balanced),
        "predictor-coordinate": Meaning(
            "a coordinate of the predictor: first layer times later layers",
            _equals(b(t), w(t) * a(t) ** (L - 1)),
            balanced,
        ),
        "predictor-outside": Meaning(
            "a coordinate of the predictor outside the span: first layer times later layers",
            _equals(p(t), w_perp(t) * a(t) ** (L - 1)),
            balanced,
        ),
        "gradient-along": Meaning("k: first layer times gradient", _equals(k(t), a(t) * along(t)), balanced),
        "chain-rule": Meaning(
            "the loss changes by gradient times velocity, along the predictor and across it",
            _equals(Derivative(loss(t), t), along(t) * Derivative(N(t), t) + across(t) * Derivative(q(t), t)),
            balanced,
        ),
        "path-gap": Meaning(
            "path_gap, along the violation at the time it is largest",
            _equals(v.path_gap, p_gap(gap_time) - (N(gap_time) / s) ** ((L - 1) / L) * p_gap(zero)),
        ),
        "outside-direction": Meaning(
            "along the source's own part outside the span", _equals(p_source(zero), v.perp_source_norm)
        ),
        "smallest-norm": Meaning(
            "min_beta_norm, at the time the norm is smallest", _equals(v.min_beta_norm, N(norm_time))
        ),
        "decay-rate": Meaning(
            "decay_rate, at the time it is smallest, in units of s_min^2/n",
            _equals(v.decay_rate, (log(loss(zero)) - log(loss(rate_time))) / (curvature * rate_time)),
        ),
        "final-loss": Meaning("train_loss: the loss at the limit", _equals(v.train_loss, Limit(loss(t), t, oo))),
        "first-layer-gap": Meaning(
            "first_layer_gap, along the change at the time it is largest",
            _equals(v.first_layer_gap, (w_perp(gap_time) - w_perp(zero)) / first_norm),
        ),
        "end-norm": Meaning("beta_norm: the norm at the limit", _equals(N(end_time), v.beta_norm)),
    }
)


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


@dataclass(frozen=True)
class Means:
    """The step is a meaning from the list."""

    name: str

    def close(self, relation: Statement, context: Context) -> Finding:
        """Check that it is that equation and applies to the claim's settings."""
        meaning = MEANINGS.get(self.name)
        if meaning is None:
            return _open("meaning", f"no meaning {self.name!r}")
        if relation != meaning.relation:
            return _open("meaning", f"{self.name} reads {meaning.relation}")
        why = meaning.applies(context)
        return _open("meaning", why) if why else Finding("proved", "meaning", meaning.says)


@dataclass(frozen=True)
class Coordinate:
    """``slope(time) == f e(time)`` from ``u' X'(X theta - y) == n f u'(theta - theta_oo)`` for every theta.

    ``e`` and ``slope`` are by definition the coordinates along u of the iterate's
    distance to the limit and of the loss gradient X'(X theta - y)/n.
    """

    of: str

    def close(self, relation: Statement, context: Context) -> Finding:
        """Compare the matrix equation with the coordinates' definition."""
        given = context.given.get(self.of)
        lhs, rhs = relation.lhs, relation.rhs
        if given is None or relation.rel != "==" or not isinstance(lhs, AppliedUndef) or lhs.func != slope:
            return _open("coordinates", "the relation is none of a gradient's coordinate")
        time = lhs.args[0]
        factor = rhs / e(time)
        if factor.has(e) or not factor.is_real:
            return _open("coordinates", "the gradient is not proportional to the distance")
        gradient = m.X.T * (m.X * theta - m.y)
        expected = Statement(mode.T * gradient, "==", m.n * factor * mode.T * (theta - limit))
        if given != expected:
            return _open("coordinates", f"the matrix equation would have to be {expected}")
        return Finding("proved", "coordinates", "")


#: What an instance may replace: times, and functions that belong to an arbitrary fixed direction.
UNIVERSAL = frozenset({t, step_number, w, g, b, p})


@dataclass(frozen=True)
class Instance:
    """A given relation along another fixed direction, then at another time."""

    of: str
    at: tuple[tuple[Any, Any], ...]

    def close(self, relation: Statement, context: Context) -> Finding:
        """Check that only times and directions changed."""
        given = context.given.get(self.of)
        if given is None or is_matrix(given):
            return _open("instance", f"step {self.of!r} is not given")
        for old, new in self.at:
            head = old.func if isinstance(old, AppliedUndef) else old
            if head not in UNIVERSAL:
                return _open("instance", f"{old} is not arbitrary")
            if head in (t, step_number) and not (new.is_nonnegative and (head == t or new.is_integer)):
                return _open("instance", f"{new} is no time")
        directions = {old: new for old, new in self.at if isinstance(old, AppliedUndef)}
        times = [(old, new) for old, new in self.at if old not in directions]
        changed = [sympify(side).xreplace(directions).subs(times) for side in (given.lhs, given.rhs)]
        if Statement(changed[0], given.rel, changed[1]) != relation:
            return _open("instance", f"the instance is {changed[0]} {given.rel} {changed[1]}")
        return Finding("proved", "instance", "")


@dataclass(frozen=True)
class Outside:
    """``g_perp(t) == 0``: along a direction outside the span there is no gradient, as ``P_perp X'(...) == 0`` says."""

    of: str

    def close(self, relation: Statement, context: Context) -> Finding:
        """Compare the given matrix equation with the gradient's."""
        gradient = m.P_perp * (m.X.T * (m.X * theta - m.y))
        if context.given.get(self.of) != Statement(gradient, "==", m.ZERO):
            return _open("coordinates", "it is not given that gradients lie in the span")
        if relation != Statement(g_perp(t), "==", zero):
            return _open("coordinates", f"the coordinate reads {g_perp(t)} == 0")
        return Finding("proved", "coordinates", "")


@dataclass(frozen=True)
class Setting:
    """A given relation at one value of a parameter; the step stands under that condition."""

    of: str
    parameter: Symbol
    value: Any

    def close(self, relation: Statement, context: Context) -> Finding:
        """Check the condition and the substitution."""
        given = context.given.get(self.of)
        if given is None or is_matrix(given):
            return _open("setting", f"step {self.of!r} is not given")
        if Eq(self.parameter, self.value) not in And.make_args(context.condition):
            return _open("setting", f"the step does not stand under {self.parameter} = {self.value}")
        lhs, rhs = (sympify(side).subs(self.parameter, self.value) for side in (given.lhs, given.rhs))
        if Statement(lhs, given.rel, rhs) != relation:
            return _open("setting", f"it reads {lhs} {given.rel} {rhs}")
        return Finding("proved", "setting", "")
