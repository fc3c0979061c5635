"""One way round for a statement and its mirror image: ``a <= b`` and ``b >= a`` are judged as the same one.

A judge takes the left side for what was observed and the right one for what is predicted,
and measures errors by the prediction; whoever writes ``1 - n/d >= risk`` means no other claim.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sympy import count_ops, default_sort_key, sympify

from ftproofs.claim import Claim, Relation, Statement
from ftproofs.names import MEASUREMENTS
from ftproofs.symbolic.vocabulary import symbol_names

_MIRRORED: dict[Relation, Relation] = {"==": "==", "<=": ">=", ">=": "<=", "<": ">", ">": "<"}


def mirrored(statement: Statement) -> Statement:
    """The same statement with its sides exchanged."""
    return Statement(statement.rhs, _MIRRORED[statement.rel], statement.lhs)


def oriented(statement: Statement) -> Statement:
    """The statement, or its mirror image: the same one for both.

    On the left stands what is observed: the side that speaks of measurements if only one
    does, else the one of fewer operations, then that of the measurement which
    `ftproofs.names.MEASUREMENTS` lists first.
    """
    return mirrored(statement) if _rank(statement.rhs) < _rank(statement.lhs) else statement


def oriented_claim(claim: Claim) -> Claim:
    """The claim with all its statements oriented; they keep their numbers."""
    return replace(claim, statements=tuple(map(oriented, claim.statements)))


def _rank(side: Any) -> tuple[Any, ...]:
    side = sympify(side)
    names = symbol_names(side)
    found = [number for number, name in enumerate(MEASUREMENTS) if name in names]
    first = min(found, default=len(MEASUREMENTS))
    return not found, int(count_ops(side)), first, len(found), default_sort_key(side)
