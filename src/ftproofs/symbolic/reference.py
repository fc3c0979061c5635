"""The published reference values' formulas, by their names, built from `functions`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sympy import Eq, Expr, Piecewise, Symbol, sqrt, symbols

from ftproofs.symbolic.functions import (
    depth_root,
    isotropic_bias,
    isotropic_noise,
    norm_floor,
    null_fraction_variance,
)


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula, its parameters in order, and the expression in them."""

    name: str
    parameters: tuple[Symbol, ...]
    expr: Expr


def _formulas() -> dict[str, Formula]:
    n, d, L = symbols("n d L", integer=True, positive=True)
    sigma, delta2, A2, b2 = symbols("sigma delta2 A2 b2", nonnegative=True)
    s = Symbol("s", positive=True)
    bias = isotropic_bias(n, d) * delta2
    risk = Piecewise((bias, Eq(sigma, 0)), (bias + isotropic_noise(n, d) * sigma**2, True))
    table = (
        Formula("A3_excess_risk_isotropic_exact", (n, d, sigma, delta2), risk),
        Formula("A3_null_fraction_variance", (n, d), null_fraction_variance(n, d)),
        Formula("A6_c", (A2, b2, s, L), depth_root(L, sqrt(A2), sqrt(b2), s)),
        Formula("A6_norm_lower_bound", (b2, s, L), norm_floor(L, sqrt(b2), s)),
    )
    return {formula.name: formula for formula in table}


#: By the name a reference value has.
FORMULAS: Mapping[str, Formula] = MappingProxyType(_formulas())
