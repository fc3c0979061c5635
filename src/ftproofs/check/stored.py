"""Statements judged on the rows that a check measured: no training, no new draws."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal, Protocol, TypeAlias

import numpy as np
from sympy import Symbol

from ftproofs.check.anchors import values_at
from ftproofs.check.judge import Judge
from ftproofs.claim import Claim, Rows, Statement, Store
from ftproofs.ids import encode
from ftproofs.names import experiment
from ftproofs.numeric.experiments import USABLE
from ftproofs.numeric.seeds import code_hash
from ftproofs.settings import Block, Setting
from ftproofs.symbolic.mutation import Mutant

#: What became of a mutant, and by what.
Finding: TypeAlias = tuple[Literal["killed", "undefined", "survived"], str]

#: Said of a mutant that is not judged because balls do not say what its kernel does.
UNTRUSTED: Finding = ("survived", "balls do not confirm its kernel")

#: Said of one that takes a solution at every draw and is not smooth in what varies.
DEAR: Finding = ("survived", "not judged on all draws: each takes a solution")


class Stored(Protocol):
    """The rows that decided a claim, ready to judge other statements as the claim was judged."""

    def __len__(self) -> int:
        """How many rows decide."""

    def points(self, symbols: Iterable[Symbol]) -> list[dict[Symbol, float]]:
        """What was measured, at points of the domain."""

    def judge(self, mutant: Mutant) -> Finding:
        """Whether the rows refute the mutant, and how."""

    def slack(self, statement: Statement) -> float:
        """By how much the bound of an inequality could be tightened, as a factor; NaN where that says nothing.

        At the tightest setting; a tighter bound is violated there.
        """


class Recorder:
    """A store that remembers which rows passed through it, and of those the measurements wanted."""

    def __init__(self, store: Store, names: set[str]) -> None:
        self._store = store
        self._names = names
        self.rows: list[Rows] = []

    def get(self, block: Block) -> Rows | None:
        """From the store behind."""
        rows = self._store.get(block)
        if rows is not None:
            self._keep(rows)
        return rows

    def put(self, rows: Rows) -> None:
        """Into the store behind."""
        self._store.put(rows)
        self._keep(rows)

    def _keep(self, rows: Rows) -> None:
        values = {name: x for name, x in rows.values.items() if name in self._names}
        bounds = {name: x for name, x in rows.bounds.items() if name in self._names}
        self.rows.append(replace(rows, values=values, bounds=bounds, info={}))


class EachRows:
    """The networks that the check of a claim about each trained while exploring."""

    def __init__(self, claim: Claim, rows: Iterable[Rows]) -> None:
        self._claim = claim
        engine = experiment(claim.experiment).engines[0]
        seen: set[Setting] = set()
        self._cases: list[tuple[Rows, int]] = []
        for found in rows:
            if (found.block.engine, found.block.method) != (engine, 0):
                continue
            for case, setting in enumerate(found.block.settings):
                if setting.stage == "explore" and setting not in seen and found.status[case] in USABLE:
                    seen.add(setting)
                    self._cases.append((found, case))

    def __len__(self) -> int:
        return len(self._cases)

    def points(self, symbols: Iterable[Symbol]) -> list[dict[Symbol, float]]:
        """What was measured at each network."""
        return [values_at(rows, case, symbols) for rows, case in self._cases]

    def judge(self, mutant: Mutant) -> Finding:
        """Killed by the first network that certainly violates the mutant, named with its error."""
        judge = Judge(mutant.statement)
        for rows, case in self._cases:
            gaps = judge.each(_only(rows, case))
            gap, half = float(gaps.gap[0]), float(gaps.half_width[0])
            if gap - half > self._claim.margin:
                return "killed", f"error {gap:.2g} at {_identify(rows, case)}"
        return "survived", ""

    def attained(self, statement: Statement) -> bool:
        """Whether every network certainly has both sides equal, within the tolerance."""
        judge = Judge(Statement(statement.lhs, "==", statement.rhs))
        gaps = [judge.each(_only(rows, case)) for rows, case in self._cases]
        return bool(gaps) and all(float(g.gap[0] + g.half_width[0]) <= self._claim.margin for g in gaps)

    def slack(self, statement: Statement) -> float:
        """The smallest factor over all networks."""
        judge = Judge(statement)
        gaps = [judge.each(_only(rows, case)) for rows, case in self._cases]
        found = [ratios(statement, gap.observed, gap.predicted) for gap in gaps]
        return factor(np.concatenate([np.empty(0), *found]))


def ratios(statement: Statement, lhs: np.ndarray, rhs: np.ndarray) -> np.ndarray:
    """What an inequality bounds over its bound, where both have a sign that allows it; shape (up to draw,)."""
    bounded, bound = (lhs, rhs) if statement.rel in ("<", "<=") else (rhs, lhs)
    sound = (bounded >= 0) & (bound > 0)
    return np.asarray(bounded[sound] / bound[sound])


def factor(found: np.ndarray) -> float:
    """By how much a bound could be tightened at the largest of these ratios; NaN where that says nothing."""
    return float(1 / found.max()) if len(found) and found.max() > 0 else math.nan


def _only(rows: Rows, case: int) -> Rows:
    """One case as rows of its own."""
    return Rows(
        replace(rows.block, settings=(rows.block.settings[case],)),
        {name: x[case : case + 1] for name, x in rows.values.items()},
        {name: x[case : case + 1] for name, x in rows.bounds.items()},
        (rows.status[case],),
    )


def _identify(rows: Rows, case: int) -> str:
    block = rows.block
    return encode(
        block.settings[case],
        engine=block.engine,
        method=block.method,
        batch=len(block),
        dtype="float64",
        code=code_hash(),
    )
