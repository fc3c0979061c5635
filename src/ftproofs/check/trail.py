"""What a check decided on: every decision with the rows it looked at and what the statement said of each.

Kept beside a verdict it lets an outsider, who has neither SymPy nor this package, decide
again from the rows (`benchmarks/auditor`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ftproofs.check.judge import Gaps
from ftproofs.claim import Rows, Statement
from ftproofs.settings import Block

#: What decisions found, as far as they have it.
_FOUND = ("status", "estimate", "interval", "log_evidence", "log_confirmation", "gap", "half_width")


@dataclass(frozen=True, slots=True)
class Lot:
    """Rows that were looked at together.

    ``blocks`` are digests of their blocks, in order; ``arrays``, of shape (case,) and
    float64, are what a statement says of each case.  ``setting`` counts the settings of the decision, ``size``
    those of a ladder; ``stage``, ``method`` and ``start`` are those of the draws.
    """

    blocks: tuple[str, ...]
    arrays: Mapping[str, np.ndarray]
    setting: int = 0
    size: int = 0
    stage: str = ""
    method: int = 0
    start: int = 0


@dataclass(slots=True)
class Decided:
    """One decision: its kind, the link it belongs to, the number of the statement, its rule, its rows, its finding."""

    kind: str
    link: str
    statement: int
    facts: dict[str, Any]
    lots: list[Lot] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)

    def concludes(self, decision: object) -> None:
        """Note what was found, of any of `ftproofs.decision`'s decisions."""
        self.found = {name: getattr(decision, name) for name in _FOUND if hasattr(decision, name)}


class Trail:
    """The decisions of a check, in order; nothing is kept unless ``keep``."""

    def __init__(self, *, keep: bool = False) -> None:
        self.keep = keep
        self.decisions: list[Decided] = []
        self._open: Decided | None = None

    @contextmanager
    def decision(
        self, kind: str, link: str, number: int = 0, statement: Statement | None = None, **facts: Any
    ) -> Iterator[Decided]:
        """A decision; rows that are looked at meanwhile belong to it."""
        if statement is not None:
            facts = told(statement) | facts
        decided, outer = Decided(kind, link, number, facts), self._open
        if self.keep:
            self.decisions.append(decided)
            self._open = decided
        try:
            yield decided
        finally:
            self._open = outer

    def look(self, rows: Sequence[Rows], arrays: Mapping[str, np.ndarray], **place: Any) -> None:
        """Rows that the open decision looks at, with what the statement says of them; outside of one nothing."""
        if self._open is not None:
            kept = {name: np.asarray(array, dtype=float) for name, array in arrays.items()}
            self._open.lots.append(Lot(tuple(digest(found.block) for found in rows), kept, **place))

    def gaps(self, rows: Rows, gaps: Gaps, **place: Any) -> None:
        """The same with certified gaps."""
        self.look(
            [rows],
            {
                "predicted": gaps.predicted,
                "observed": gaps.observed,
                "gap": gaps.gap,
                "half_width": gaps.half_width,
                "unit": gaps.unit,
            },
            **place,
        )


def told(statement: Statement) -> dict[str, str]:
    """A statement as text."""
    return {"lhs": str(statement.lhs), "rhs": str(statement.rhs), "relation": statement.rel}


def digest(block: Block) -> str:
    """SHA-256 (hex) of what a block measures."""
    return hashlib.sha256(block.canonical().encode()).hexdigest()
