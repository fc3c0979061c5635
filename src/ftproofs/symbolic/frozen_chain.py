"""What trains beside frozen first layers: a chain of aligned, balanced layers, and one number that it moves.

Frozen layers with the product ``theta_S f'``, f = phi u_1, leave the layers ``a u_1 u_2'``,
..., ``a u_2`` to train.  Along the flow they keep this form, with one length a for all, so
the predictor is the source times ``z = phi a^k`` where k layers train.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sympy import Derivative, Function, Integer, Limit, Symbol, oo

from ftproofs.claim import Statement
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.frozen_layers import aligned_features, rest, row
from ftproofs.symbolic.methods import _open
from ftproofs.symbolic.trajectory import G, a, layer_norm, t, unit_1, unit_2
from ftproofs.symbolic.vocabulary import v
from ftproofs.symbolic.zero import Finding

#: How many layers train, L less the frozen ones: at least one, or there is no experiment.
COUNT = Symbol("trained", integer=True, positive=True)

#: The frozen product's length phi; the source's multiple z along the flow, and at its limit; the source times the
#: gradient.
frozen_norm = Symbol("phi_0", positive=True)
multiple = Function("z", positive=True)
multiple_end = Symbol("z_end", real=True)
pull = Function("pull", real=True)
#: Any number, for a predictor anywhere on the source's line.
any_multiple = Symbol("zeta", real=True)

_row = frozen_norm * unit_1
_second, _third = layer_norm * unit_1 * unit_2.T, layer_norm * unit_2

#: Minus the loss's gradient in each of two layers that train, in the layers' own form: G is that in predictor space.
TANGENT: tuple[Statement, ...] = (
    Statement(
        -(m.theta_S * _row.T).T * G * _third.T, "==", -frozen_norm * layer_norm * unit_1 * m.theta_S.T * G * unit_2.T
    ),
    Statement(-(m.theta_S * _row.T * _second).T * G, "==", -frozen_norm * layer_norm * unit_2 * m.theta_S.T * G),
)

#: What that says of the layers' length, for any number of them.
CHAIN = Statement(Derivative(a(t), t), "==", -frozen_norm * a(t) ** (COUNT - 1) * pull(t))

#: The source times the gradient of the loss, at a predictor on the source's line.
GRADIENT = m.theta_S.T * (m.X.T * (m.X * (any_multiple * m.theta_S) - m.y))

_zero = Integer(0)


def balanced_rest(context: Context) -> str | None:
    """Whether the first layers are frozen and aligned, and what trains starts balanced."""
    why = aligned_features(context)
    if why is not None:
        return why
    return None if context.only("imbalance", 1, 1.0) else "the weights may start unbalanced"


#: Meanings along the flow of what trains: what they say, and the equation.
MEANINGS: Mapping[str, tuple[str, Statement]] = MappingProxyType(
    {
        "frozen-multiple": (
            "z: the frozen product's length times those of the layers that train",
            Statement(multiple(t), "==", frozen_norm * a(t) ** COUNT),
        ),
        "frozen-start": ("at the start the predictor is the source", Statement(multiple(_zero), "==", Integer(1))),
        "frozen-limit": (
            "at the end of training z is at its limit",
            Statement(Limit(multiple(t), t, oo), "==", multiple_end),
        ),
        "frozen-end": (
            "z at the end: the frozen product's row times what the layers that train make",
            Statement(multiple_end, "==", row.T * rest),
        ),
    }
)


@dataclass(frozen=True)
class Pull:
    """``pull(t) == z(t) S^2 - product`` from the matrix equation for every predictor on the source's line.

    ``pull`` is by definition the source times the gradient of the loss at the predictor ``z(t) theta_S``.
    """

    of: str

    def close(self, relation: Statement, context: Context) -> Finding:
        """Compare the matrix equation with the definition."""
        inner = any_multiple * m.theta_S.T * m.Sigma * m.theta_S - m.theta_S.T * m.Sigma * m.theta_T
        if context.given.get(self.of) != Statement(GRADIENT, "==", m.n * inner):
            return _open("coordinates", f"the matrix equation would have to be {GRADIENT} == {m.n * inner}")
        expected = multiple(t) * v.sigma_source_norm**2 - v.sigma_product
        if relation.rel != "==" or relation.lhs != pull(t) or relation.rhs != expected:
            return _open("coordinates", f"the coordinate reads {pull(t)} == {expected}")
        return Finding("proved", "coordinates", "")
