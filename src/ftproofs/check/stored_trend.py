"""Trends turned round, and trends claimed larger than they are, judged on pairs at the level of a refutation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from sympy import Rational, Symbol

from ftproofs.check.context import Context
from ftproofs.check.draws import Parameters
from ftproofs.check.stored import Finding
from ftproofs.check.trend import Pairs, sides_of
from ftproofs.claim import Claim, Statement
from ftproofs.decision import counts
from ftproofs.decision.mean import REFUTE_AT
from ftproofs.decision.trend import ALPHA, FIRST, HALF, PairSampler
from ftproofs.numeric import statistics
from ftproofs.symbolic.bound_mutants import REVERSED, trend_mutants
from ftproofs.symbolic.mutation import Mutant


class TrendRows:
    """The pairs of a trend's settings: those that its check trained, and more up to the budget's cap.

    A check stops at the pairs that support; those are too few to refute anything at 1e6, so a
    mutant's own check would train more.  So does this.

    Args:
        claim: a trend that was supported.
        context: that of its check, whose store has the first pairs.
        settings: at which it was decided.
    """

    def __init__(self, claim: Claim, context: Context, settings: Sequence[Parameters]) -> None:
        self._claim = claim
        self._settings = list(settings)
        self._cap = context.budget.pairs
        self._samplers: list[PairSampler] = [
            Pairs(claim, context, self._settings, *sides_of(claim, statement)) for statement in claim.statements
        ]
        self._shown: dict[tuple[int, int], np.ndarray] = {}

    def __len__(self) -> int:
        return 2 * sum(len(shown) for shown in self._shown.values())

    def points(self, symbols: Iterable[Symbol]) -> list[dict[Symbol, float]]:
        """None: a trend is no formula."""
        return []

    def mutants(self) -> tuple[Mutant, ...]:
        """Each statement reversed, and with an effect beyond the one measured."""
        return trend_mutants(self._claim, [self.slack(statement) for statement in self._claim.statements])

    def judge(self, mutant: Mutant) -> Finding:
        """Killed when pairs that contradict it are too many, at the level that refutes a trend.

        A reversed trend by pairs with the claim's own direction; a raised effect by those that show less.
        """
        size = min(FIRST, self._cap)
        while True:
            logs = []
            for setting in range(len(self._settings)):
                shown = self._pairs(mutant.number, setting, size)
                against = shown > 0 if mutant.operator == REVERSED else shown < float(Rational(mutant.place))
                logs.append(statistics.log_mean_exp(counts.log_e_values(int(against.sum()), len(shown), HALF)))
            log_e = statistics.log_mean_exp(np.array(logs))
            if log_e >= math.log(REFUTE_AT):
                return "killed", f"ln e {log_e:.1f} on {size * len(self._settings)} pairs"
            if size >= self._cap:
                return "survived", ""
            size = min(2 * size, self._cap)

    def slack(self, statement: Statement) -> float:
        """The upper end of the median effect's interval, at the setting where it is least: more is false there."""
        number, found = self._claim.statements.index(statement), []
        for setting in range(len(self._settings)):
            shown = self._pairs(number, setting, min(2 * FIRST, self._cap))
            sound = shown[~np.isnan(shown)]
            if len(sound):
                found.append(counts.quantile(sound, HALF, ALPHA)[2])
        return min(found, default=math.nan)

    def _pairs(self, number: int, setting: int, size: int) -> np.ndarray:
        """What the first pairs of a setting show, positive in the claimed direction; NaN without a number."""
        have = self._shown.get((number, setting), np.empty(0))
        if len(have) < size:
            fresh = self._samplers[number](setting, "confirm", len(have), size - len(have))
            have = self._shown[number, setting] = np.concatenate([have, fresh])
        return have[:size]
