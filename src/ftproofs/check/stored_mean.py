"""Statements judged on the draws that decided a claim about means."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from sympy import Symbol

from ftproofs.check.anchors import STAGE, values_at
from ftproofs.check.drawn import Drawn, Formulas
from ftproofs.check.draws import engine_at
from ftproofs.check.judge import Judge
from ftproofs.check.links import engine_of_draws
from ftproofs.check.stored import UNTRUSTED, Finding, factor, ratios
from ftproofs.claim import Claim, Rows, Statement
from ftproofs.decision import REFUTE_AT, Anchor, Sampler
from ftproofs.decision.draws import Rule, Track
from ftproofs.names import experiment
from ftproofs.numeric import statistics
from ftproofs.numeric.statistics import BLOCK
from ftproofs.symbolic.mutation import Mutant

_STAGES = ("pilot", "confirm", "link-a", "explore", STAGE)


class MeanRows:
    """The oracle's draws that decided a claim about means: pilots and fresh draws of every setting."""

    def __init__(self, claim: Claim, rows: Iterable[Rows]) -> None:
        self._claim = claim
        self._formulas = Formulas()
        stages: dict[str, dict[tuple[object, ...], list[Rows]]] = {stage: {} for stage in _STAGES}
        for found in rows:
            first = found.block.settings[0]
            stage, _, _ = first.stage.partition("/")
            if stage == "link-a":
                engine = experiment(claim.experiment).engines[0]
            elif stage in ("pilot", "confirm"):
                engine = engine_at(claim, first.parameters)
            else:
                engine = engine_of_draws(claim)
            if stage in stages and (found.block.engine, found.block.method) == (engine, 0):
                stages[stage].setdefault(first.values, []).append(found)
        # Networks are trained for link A at the anchors, and only there.
        order = [key for key in stages["confirm"] if key in stages["pilot"]]
        settings = [key for key in order if key in stages["link-a"]]
        self._anchors = len(settings)
        settings += [key for key in order if key not in stages["link-a"]]
        self._pilots = [Drawn.joined(stages["pilot"][key]) for key in settings]
        self._drawn = [Drawn.joined(stages["confirm"][key]) for key in settings]
        self._explored = [rows for stage in (STAGE, "explore") for found in stages[stage].values() for rows in found]

    def __len__(self) -> int:
        return sum(len(drawn) for drawn in (*self._pilots, *self._drawn))

    def points(self, symbols: Iterable[Symbol]) -> list[dict[Symbol, float]]:
        """A draw of every setting that was looked at."""
        wanted = list(symbols)
        return [values_at(rows, 0, wanted) for rows in self._explored]

    def judge(self, mutant: Mutant) -> Finding:
        """Killed by the e-value of its draws, or by a draw at which it has no value.

        A setting where its kernel is not to be trusted, near a pole or where nearly everything cancels, has e-value 0.
        """
        statement = mutant.statement
        judge = Judge(statement)
        trusted = [self._formulas.trusted(judge, (pilot,)) for pilot in self._pilots]
        if not any(trusted):
            return UNTRUSTED
        rule = Rule(self._claim.margin, 2**31, statement.rel, 1.0, math.log(REFUTE_AT))
        tracks = []
        for i, pilot in enumerate(self._pilots):
            tracks.append(Track(i, Anchor(judge.scale(pilot.parameters)), i < self._anchors))
            if trusted[i]:
                tracks[-1].plan(self._sampler(statement), rule)
            else:
                tracks[-1].logs[:] = -math.inf
        size, longest = BLOCK, max(len(drawn) for drawn in self._drawn)
        log_e = -math.inf
        while True:
            for track in tracks:
                stop = min(size, len(self._drawn[track.index]))
                if trusted[track.index] and not track.error and stop > track.draws:
                    track.extend(self._sampler(statement), stop, rule)
            logs = np.array([np.full_like(t.logs, -math.inf) if t.error else t.logs for t in tracks])
            logs = logs[:, :, rule.directions]
            log_e = max(log_e, statistics.claim_log_e(logs[: self._anchors], logs[self._anchors :]))
            if log_e >= rule.refute_at:
                return "killed", f"ln e {log_e:.1f} on {sum(track.draws for track in tracks)} draws"
            if size >= longest:
                break
            size *= 2
        if any(track.error for track in tracks):
            where = self._formulas.impossible(statement, (*self._pilots, *self._drawn))
            if where:
                return "undefined", f"no real value at {where}"
        return ("survived", "") if all(trusted) else UNTRUSTED

    def slack(self, statement: Statement) -> float:
        """The smallest factor between the means of the two sides at any setting."""
        sides = [self._formulas.sides(statement, drawn, 0, len(drawn)) for drawn in self._drawn]
        lhs, rhs = (np.array([pair[i].mean() for pair in sides]) for i in (0, 1))
        return factor(ratios(statement, lhs, rhs))

    def _sampler(self, statement: Statement) -> Sampler:
        def draw(setting: int, stage: str, start: int, count: int, *, method: int = 0) -> tuple[np.ndarray, np.ndarray]:
            found = (self._pilots if stage == "pilot" else self._drawn)[setting]
            return self._formulas.sides(statement, found, start, count)

        return draw
