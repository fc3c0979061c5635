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

from sympy import Derivative, Identity, Integer, Rational, log

from ftproofs.claim import Choices, Range, Statement
from ftproofs.symbolic import (
    diagonal_flow,
    diagonal_limits,
    diagonal_orders,
    diagonal_support,
    diagonal_tasks,
    diagonal_training,
    federated,
    frozen_chain,
    frozen_layers,
    leaky_relu,
    pretraining,
    relu,
    replica_words,
    split,
    transfer_steps,
    two_layers,
)
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.methods import _open
from ftproofs.symbolic.spectrum import SPECTRAL
from ftproofs.symbolic.trajectory import (
    L,
    N,
    W,
    a,
    across,
    along,
    b,
    curvature,
    e,
    end_time,
    first_norm,
    gap_time,
    k,
    layer_time,
    limit,
    loss,
    mode,
    norm_time,
    p,
    p_gap,
    p_source,
    q,
    rate,
    rate_time,
    s,
    slope,
    step_number,
    t,
    top,
    unit_1,
    unit_2,
    w,
    w_perp,
    worst,
    zero,
)
from ftproofs.symbolic.vocabulary import v
from ftproofs.symbolic.zero import Finding

# -- when a meaning applies ---------------------------------------------------


def one_layer(context: Context) -> bool:
    """Whether the network that is fine-tuned has one layer, so that its flow is that of linear regression."""
    transferred = context.claim.experiment == "transfer.finetune" and context.only("L", 1)
    return transferred or federated.no_ridge(context)


def _always(_: Context) -> str | None:
    return None


def optimizer(*allowed: str) -> Callable[[Context], str | None]:
    """Applies when training is linear regression by one of these optimizers, without weight decay."""

    def check(context: Context) -> str | None:
        if one_layer(context):
            return None if "flow" in allowed else "the optimizer is gradient flow"
        if not context.claim.experiment.startswith("linear."):
            return "the experiment is not linear regression"
        if not context.only("optimizer", *allowed):
            return f"the optimizer may be another than {', '.join(allowed)}"
        if context.allowed("weight_decay") is not None and not context.only("weight_decay", 0, 0.0):
            return "there is weight decay"
        return None

    return check


def _trained_to_the_limit(context: Context) -> str | None:
    known = ("linear.finetune", "linear.scratch", "linear.bounds")
    if one_layer(context):
        return None
    return None if context.claim.experiment in known else "the step is whatever the settings say"


def balanced(context: Context) -> str | None:
    """Whether the network is a deep linear one that starts balanced."""
    if context.claim.experiment not in ("deep-linear.finetune", "transfer.finetune"):
        return "the experiment is no deep linear network"
    if context.allowed("init_scale") is not None and not context.only("init_scale", 0, 0.0):
        return "pretraining may end near balance only"
    return None if context.only("imbalance", 1, 1.0) else "the weights may start unbalanced"


def two_layer(context: Context) -> str | None:
    """Whether the network has two layers and a readout that cannot change its sign.

    At least as long as the first layer at the start, the readout stays so: the difference of
    the squares is conserved, and at 0 it would have to be the shorter one.
    """
    if context.claim.experiment != "deep-linear.finetune":
        return "the experiment is no deep linear network"
    if not context.only("L", 2):
        return "there may be more than two layers"
    imbalance = context.allowed("imbalance")
    lowest = imbalance.low if isinstance(imbalance, Range) else min(imbalance.values) if imbalance else 0
    assert isinstance(imbalance, Choices | Range | None)
    return None if float(lowest) >= 1 else "the readout may change its sign"


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
            _trained_to_the_limit,
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
        "gradient-along": Meaning(
            "k: first layer times gradient", _equals(k(t), W(t) ** Rational(1, 2) * along(t)), balanced
        ),
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
        "first-layer-gap": Meaning(
            "first_layer_gap, along the change at the time it is largest",
            _equals(v.first_layer_gap, (w_perp(layer_time) - w_perp(zero)) / first_norm),
        ),
        "end-norm": Meaning("beta_norm: the norm at the limit", _equals(N(end_time), v.beta_norm)),
        # covariances
        **{name: Meaning(says, relation) for name, (says, relation) in SPECTRAL.items()},
        # covariances split in two
        **{name: Meaning(says, relation) for name, (says, relation) in split.MEANINGS.items()},
        **{name: Meaning(*found, split.some_lead) for name, found in split.SPLIT_MEANINGS.items()},
        **{name: Meaning(*found, split.spikes_lead) for name, found in split.SPIKED_MEANINGS.items()},
        # two layers, balanced or not
        **{name: Meaning(*meaning, two_layer) for name, meaning in two_layers.MEANINGS.items()},
        # frozen layers
        **{name: Meaning(*found, frozen_layers.aligned_features) for name, found in frozen_layers.MEANINGS.items()},
        **{name: Meaning(*found, frozen_chain.balanced_rest) for name, found in frozen_chain.MEANINGS.items()},
        "population": Meaning(*frozen_layers.POPULATION, frozen_layers.population),
        # transfer
        **{name: Meaning(*found) for name, found in transfer_steps.MEANINGS.items()},
        **{name: Meaning(*found) for name, found in pretraining.MEANINGS.items()},
        # federated learning
        **{name: Meaning(*found) for name, found in federated.MEANINGS.items()},
        # diagonal networks
        **{name: Meaning(w.says, w.relation, w.applies) for name, w in diagonal_flow.WORDS.items()},
        **{name: Meaning(w.says, w.relation, w.applies) for name, w in diagonal_training.WORDS.items()},
        **{name: Meaning(w.says, w.relation, w.applies) for name, w in diagonal_orders.WORDS.items()},
        **{name: Meaning(w.says, w.relation, w.applies) for name, w in diagonal_tasks.WORDS.items()},
        **{name: Meaning(w.says, w.relation, w.applies) for name, w in diagonal_limits.WORDS.items()},
        **{name: Meaning(w.says, w.relation, w.applies) for name, w in diagonal_support.WORDS.items()},
        **{name: Meaning(w.says, w.relation, w.applies) for name, w in replica_words.WORDS.items()},
        # ReLU networks
        **{name: Meaning(*found) for name, found in relu.MEANINGS.items()},
        **{name: Meaning(*found) for name, found in leaky_relu.MEANINGS.items()},
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
        expected = meaning.relation
        if context.start_is_fitted:  # what these equations call the source is where fine-tuning starts
            expected = transfer_steps.from_the_start(expected)
        if relation != expected:
            return _open("meaning", f"{self.name} reads {expected}")
        why = meaning.applies(context)
        return _open("meaning", why) if why else Finding("proved", "meaning", meaning.says)
