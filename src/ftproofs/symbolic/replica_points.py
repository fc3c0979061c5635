"""Inequalities between replica values at finitely many settings, by enclosures."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod

from ftproofs.claim import Choices, Statement
from ftproofs.symbolic.balls import Undefined, enclose
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.methods import _open
from ftproofs.symbolic.vocabulary import SYMBOLS, symbol_names
from ftproofs.symbolic.zero import Finding

#: Settings enclosed at most; a fixed point takes about a fifth of a second.
MOST = 32
_BITS = 256


@dataclass(frozen=True)
class AtSettings:
    """``a >= b`` where the domain leaves finitely many values of what both sides speak of: each is enclosed."""

    def close(self, relation: Statement, context: Context) -> Finding:
        """Enclose the sides' difference at every setting."""
        lhs, rel, rhs = relation.lhs, relation.rel, relation.rhs
        if rel not in ("<=", ">="):
            return _open("enclosure", "the relation is neither >= nor <=")
        difference = lhs - rhs if rel == ">=" else rhs - lhs
        names = sorted(symbol_names(difference))
        if {SYMBOLS[name] for name in names} != difference.free_symbols:
            return _open("enclosure", "a local symbol has no values")
        values = []
        for name in names:
            allowed = context.allowed(name)
            if not isinstance(allowed, Choices):
                return _open("enclosure", f"the domain does not list the values of {name}")
            values.append(allowed.values)
        if prod(map(len, values)) > MOST:
            return _open("enclosure", f"more than {MOST} settings")
        for setting in product(*values):
            at = {SYMBOLS[name]: value for name, value in zip(names, setting, strict=True)}
            try:
                found = enclose(difference, at, prec=_BITS)
            except (Undefined, ValueError, ArithmeticError) as error:
                return _open("enclosure", str(error))
            if not found >= 0:
                return _open("enclosure", f"not certain at {', '.join(f'{k} = {x}' for k, x in at.items())}")
        return Finding("proved", "enclosure", f"{prod(map(len, values))} settings")
