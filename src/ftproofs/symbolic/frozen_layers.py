"""Networks whose first layers are frozen: what the words mean, and entries of one-number matrices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sympy import Eq, MatrixSymbol, Symbol, ZeroMatrix
from sympy.matrices.expressions.matexpr import MatrixExpr

from ftproofs.claim import Statement
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.identities import _difference, _same_vector
from ftproofs.symbolic.methods import _open
from ftproofs.symbolic.rules import is_matrix
from ftproofs.symbolic.trajectory import W_1
from ftproofs.symbolic.vocabulary import v
from ftproofs.symbolic.zero import Finding

#: The product of the frozen layers is the source times a row; what trains is a column of the hidden width.
row = MatrixSymbol("f", m.h, 1)
rest = MatrixSymbol("R", m.h, 1)
#: Their product, a number, as a matrix.
multiple = MatrixSymbol("Z", 1, 1)
ZERO = ZeroMatrix(1, 1)

#: Meanings for frozen first layers of an aligned network: what they say, and the equation.
MEANINGS: Mapping[str, tuple[str, Statement]] = MappingProxyType(
    {
        "frozen-layers": (
            "aligned first layers, frozen: their product stays the source times a row",
            Statement(W_1, "==", m.theta_S * row.T),
        ),
        "frozen-predictor": (
            "the predictor: frozen layers times what the layers that train make of it",
            Statement(m.beta, "==", W_1 * rest),
        ),
    }
)

#: At the population's loss the inputs' second moments are the covariance.
POPULATION = ("population inputs: X'X/n is the covariance", Statement(m.X.T * m.X, "==", m.n * m.Sigma))


def aligned_features(context: Context) -> str | None:
    """Whether the first layers are frozen and aligned with the source."""
    if context.claim.experiment != "deep-linear.frozen":
        return "no layers are frozen"
    if not context.only("frozen_end", "first"):
        return "the last layers may be frozen"
    return None if context.only("features", "aligned") else "the features may be of full rank"


def population(context: Context) -> str | None:
    """Whether the inputs are the population's."""
    return None if context.only("inputs", "population") else "the inputs may be random"


def one_layer_left(context: Context) -> bool:
    """Whether all layers but the last are frozen, at every setting."""
    depths, frozen = context.allowed("L"), context.allowed("frozen")
    if Eq(v.frozen, v.L - 1) in context.claim.domain.constraints:
        return True
    return depths is not None and context.only("L", 2) and frozen is not None and context.only("frozen", 1)


@dataclass(frozen=True)
class Entry:
    """``o == 0`` from a definition ``o == M`` by a matrix M of one entry and a given equation that reads ``M == 0``."""

    definition: str
    equation: str

    def close(self, relation: Statement, context: Context) -> Finding:
        """Compare the definition's matrix with the equation's difference of sides."""
        definition, equation = context.given.get(self.definition), context.given.get(self.equation)
        if definition is None or equation is None or equation.rel != "==" or not is_matrix(equation):
            return _open("entry", "definition or equation is not given")
        named = definition.rel == "==" and isinstance(definition.lhs, Symbol) and isinstance(definition.rhs, MatrixExpr)
        if not named or relation != Statement(definition.lhs, "==", 0) or definition.rhs.shape != (1, 1):
            return _open("entry", "the relation is not that a defined number is zero")
        if not _same_vector(definition.rhs, _difference(equation), context):
            return _open("entry", "the equation is about something else")
        return Finding("proved", "entry", "a number is zero when its matrix of one entry is")
