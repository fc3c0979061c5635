"""Statements judged on the draws that decided a claim about a probability, by counting violations."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from sympy import Symbol

from ftproofs.check.anchors import values_at
from ftproofs.check.drawn import Drawn, Formulas
from ftproofs.check.draws import Parameters
from ftproofs.check.judge import Judge, violation
from ftproofs.check.links import engine_of_draws
from ftproofs.check.stored import UNTRUSTED, Finding, factor, ratios
from ftproofs.claim import Claim, Rows, Statement
from ftproofs.decision import REFUTE_AT, counts
from ftproofs.decision.probability import ALPHA
from ftproofs.numeric import statistics
from ftproofs.numeric.statistics import BLOCK
from ftproofs.settings import Setting
from ftproofs.symbolic.mutation import Mutant


class ProbabilityRows:
    """The oracle's draws that decided a claim about a probability, at every setting.

    Args:
        claim: whose check drew them.
        rows: everything that check measured.
        settings: anchors, then what may only refute.
        deltas: how often the statement may fail at each of them.
        anchors: how many of the settings are anchors.
    """

    def __init__(
        self, claim: Claim, rows: Iterable[Rows], settings: Sequence[Parameters], deltas: Sequence[float], anchors: int
    ) -> None:
        self._claim = claim
        self._formulas = Formulas()
        self._deltas = list(deltas)
        self._anchors = anchors
        found: dict[tuple[object, ...], list[Rows]] = {}
        self._explored: list[Rows] = []
        for part in rows:
            first = part.block.settings[0]
            if (part.block.engine, part.block.method) != (engine_of_draws(claim), 0):
                continue
            if first.stage == "confirm":
                found.setdefault(first.values, []).append(part)
            elif first.stage == "explore":
                self._explored.append(part)
        self._drawn = [Drawn.joined(found[Setting.of(claim.experiment, p).values]) for p in settings]

    def __len__(self) -> int:
        return sum(len(drawn) for drawn in self._drawn)

    def points(self, symbols: Iterable[Symbol]) -> list[dict[Symbol, float]]:
        """A draw of every setting that was looked at."""
        wanted = list(symbols)
        return [values_at(rows, 0, wanted) for rows in self._explored]

    def judge(self, mutant: Mutant) -> Finding:
        """Killed when violations are too many, by the e-value that refutes the claim itself."""
        statement = mutant.statement
        judge = Judge(statement)
        if not self._formulas.trusted(judge, self._drawn):
            return UNTRUSTED
        size, longest = BLOCK, max(len(drawn) for drawn in self._drawn)
        while True:
            logs, seen = [], 0
            for drawn, delta in zip(self._drawn, self._deltas, strict=True):
                count = min(size, len(drawn))
                failed = self._violated(judge, drawn, count)
                if np.isnan(failed).any():
                    where = self._formulas.impossible(statement, self._drawn)
                    return ("undefined", f"no real value at {where}") if where else ("survived", "")
                logs.append(counts.log_e_values(int(failed.sum()), count, delta))
                seen += count
            fixed, found = np.array(logs[: self._anchors]), np.array(logs[self._anchors :])
            log_e = statistics.claim_log_e(fixed, found) if len(fixed) else statistics.log_mean_exp(found)
            if log_e >= math.log(REFUTE_AT):
                return "killed", f"ln e {log_e:.1f} on {seen} draws"
            if size >= longest:
                return "survived", ""
            size *= 2

    def slack(self, statement: Statement) -> float:
        """The smallest factor over the settings with which violations stay as rare as the claim says.

        The upper end of its interval, so that a bound tightened further is false.
        """
        found = []
        for drawn, delta in zip(self._drawn, self._deltas, strict=True):
            near = ratios(statement, *self._formulas.sides(statement, drawn, 0, len(drawn)))
            if len(near) == len(drawn):
                found.append(counts.quantile(near, 1 - delta, ALPHA)[1])
        return factor(np.array(found))

    def _violated(self, judge: Judge, drawn: Drawn, count: int) -> np.ndarray:
        """1 where the statement fails by more than the tolerance, NaN where it has no number; shape (count,)."""
        lhs, rhs = self._formulas.sides(judge.statement, drawn, 0, count)
        gap = violation(lhs, rhs, judge.scale(drawn.parameters), judge.statement.rel)
        return np.where(np.isnan(gap), np.nan, (gap > self._claim.margin).astype(float))
