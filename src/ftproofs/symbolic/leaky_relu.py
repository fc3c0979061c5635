"""Leaky-ReLU networks whose neurons form two clusters: what their words mean at one input (handbook part D).

A number is the difference of its parts above and below 0, one of which is 0, and
``phi(z) = z_on - slope z_off``.  At an input x, p is what the first cluster's neurons add up to (or their centroid's
product with x), q the same of the second, l = p - q the linear rule and N the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sympy import Expr, Integer, Symbol

from ftproofs.claim import Statement
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.vocabulary import v

_one = Integer(1)


@dataclass(frozen=True)
class Point:
    """An input: p and q by their parts, the linear rule l (not 0) and the network's value N there."""

    p_on: Symbol
    p_off: Symbol
    q_on: Symbol
    q_off: Symbol
    rule: Symbol
    value: Symbol

    @classmethod
    def at(cls, name: str) -> Point:
        """The input of that name."""
        p_on, p_off, q_on, q_off = (Symbol(f"{x}_{name}", nonnegative=True) for x in ("p_on", "p_off", "q_on", "q_off"))
        rule = Symbol(f"rule_{name}", real=True, nonzero=True)
        return cls(p_on, p_off, q_on, q_off, rule, Symbol(f"value_{name}", real=True))

    @property
    def clusters(self) -> Expr:
        """``phi(p) - phi(q)``."""
        return self.p_on - v.slope * self.p_off - self.q_on + v.slope * self.q_off

    @property
    def difference(self) -> Expr:
        """``p - q``."""
        return self.p_on - self.p_off - self.q_on + self.q_off


#: Where N/l is least, where it is greatest, and where it is least among certified inputs.
least, greatest, certified = (Point.at(name) for name in ("least", "greatest", "certified"))
#: Any neuron's product with the input and its centroid's, by their parts.
neuron = Point.at("neuron")
#: At the certified input: N minus the centroids' network, spread |x| |l|, N/l, and slope - spread |x|/|l|.
error = Symbol("neuron_error", real=True)
spread_product = Symbol("spread_product", nonnegative=True)
certified_slope = Symbol("certified_slope", real=True)
room = Symbol("room", positive=True)


def _trained(context: Context) -> str | None:
    return None if context.claim.experiment == "leaky-relu.train" else "the network is no leaky-ReLU network"


def perfect(context: Context) -> str | None:
    """Whether both clusters are perfect at the start, each neuron its output weight times one vector, and stay so."""
    why = _trained(context)
    if why:
        return why
    exact = context.only("spread", 0, 0.0) and context.only("cluster", "spread") and context.only("scales", "readout")
    return None if exact else "the clusters may be other than perfect"


def equal_weights(context: Context) -> str | None:
    """Whether all output weights are equal."""
    return _trained(context) or (None if context.only("readout", "equal") else "the output weights may differ")


def _parts(point: Point, name: str) -> dict[str, tuple[Any, ...]]:
    return {
        f"{letter}-parts-{name}": (
            f"{letter} is not above and below 0 at once",
            Statement(on * off, "==", Integer(0)),
            _trained,
        )
        for letter, on, off in (("p", point.p_on, point.p_off), ("q", point.q_on, point.q_off))
    }


def _point(point: Point, name: str) -> dict[str, tuple[Any, ...]]:
    rule = ("the linear rule at this input", Statement(point.rule, "==", point.difference), _trained)
    return {f"linear-rule-{name}": rule, **_parts(point, name)}


def _cluster(point: Point, name: str) -> dict[str, tuple[Any, ...]]:
    return {
        **_point(point, name),
        f"cluster-value-{name}": (
            "phi is positively homogeneous: the neurons of a perfect cluster give phi of what they add up to",
            Statement(point.value, "==", point.clusters),
            perfect,
        ),
    }


MEANINGS: dict[str, tuple[Any, ...]] = {
    **_cluster(least, "least"),
    **_cluster(greatest, "greatest"),
    **_point(certified, "certified"),
    **_parts(neuron, "neuron"),
    "least-slope": ("N there", Statement(least.value, "==", v.least_slope * least.rule), _trained),
    "greatest-slope": ("N there", Statement(greatest.value, "==", v.greatest_slope * greatest.rule), _trained),
    "certified-slope": ("N there", Statement(certified.value, "==", certified_slope * certified.rule), _trained),
    "linear-agreement": (
        "if N/l is positive even at its least, all signs agree",
        Statement((1 - v.linear_agreement) * v.least_slope, "<=", Integer(0)),
        _trained,
    ),
    "linear-share": ("a share is at most 1", Statement(v.linear_agreement, "<=", _one), _trained),
    "certified-agreement": (
        "if N/l is positive even at its least among certified inputs, all signs agree there",
        Statement((1 - v.certified_agreement) * certified_slope, "<=", Integer(0)),
        equal_weights,
    ),
    "certified-share": ("a share is at most 1", Statement(v.certified_agreement, "<=", _one), _trained),
    "neuron-error": (
        "N over the number of neurons of a sign: the centroids' network, and what the neurons' differences from it add",
        Statement(certified.value, "==", certified.clusters + error),
        equal_weights,
    ),
    "certified-input": (
        "a certified input: slope |l| exceeds spread |x|, by room |l|",
        Statement(spread_product, "==", (v.slope - room) * certified.rule**2),
        _trained,
    ),
}
