"""A domain's constraints as a predicate on settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from sympy import And, lambdify

from ftproofs.claim import Domain
from ftproofs.names import PARAMETERS, Value
from ftproofs.symbolic.vocabulary import SYMBOLS


@lru_cache(maxsize=256)
def acceptor(domain: Domain) -> Callable[[Mapping[str, Value]], bool]:
    """Whether a setting's values satisfy all constraints of the domain.

    Constraints speak of parameters only; anything else is a mistake in the claim.

    Raises:
        ValueError: a constraint contains a symbol that is no parameter.
    """
    if not domain.constraints:
        return lambda values: True
    condition = And(*domain.constraints)
    names = sorted(symbol.name for symbol in condition.free_symbols)
    for name in names:
        if name not in PARAMETERS:
            raise ValueError(f"constraint {condition} speaks of {name!r}, which is no parameter")
    test = lambdify([SYMBOLS[name] for name in names], condition, "math")
    return lambda values: bool(test(*(values[name] for name in names)))
