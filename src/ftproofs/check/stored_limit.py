"""Statements judged on the draws that decided a claim about a limit, by the same extrapolation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from sympy import Symbol

from ftproofs.check.anchors import STAGE, values_at
from ftproofs.check.drawn import Drawn, Formulas
from ftproofs.check.draws import Parameters
from ftproofs.check.interpolated import TooDear
from ftproofs.check.judge import Judge
from ftproofs.check.sizes import at_size, ladder_at
from ftproofs.check.stored import DEAR, UNTRUSTED, Finding
from ftproofs.claim import Claim, Rows, Statement
from ftproofs.decision import LimitSampler
from ftproofs.decision.ladder import LimitRule, LimitTrack
from ftproofs.decision.limit import FIRST
from ftproofs.numeric.experiments import LAW, SOLVER
from ftproofs.settings import Setting
from ftproofs.symbolic.mutation import Mutant


class LimitRows:
    """The oracle's draws that decided a claim about a limit: at every setting a ladder of sizes.

    Args:
        claim: whose check drew them.
        rows: everything that check measured, and one draw at points of the domain.
        settings: anchors, then what exploration added.
        anchors: how many of the settings are anchors.
    """

    def __init__(self, claim: Claim, rows: Iterable[Rows], settings: Sequence[Parameters], anchors: int) -> None:
        self._claim = claim
        self._formulas = Formulas()
        self._anchors = anchors
        stages: dict[str, dict[tuple[object, ...], list[Rows]]] = {"pilot": {}, "confirm": {}, STAGE: {}}
        self._shared = 1
        for found in rows:
            first = found.block.settings[0]
            stage, _, shared = first.stage.partition("/")
            if stage in stages and found.block.engine in (LAW, SOLVER) and found.block.method == 0:
                stages[stage].setdefault(first.values, []).append(found)
                self._shared = max(self._shared, int(shared or 1))
        self._ladders = [ladder_at(claim, setting) for setting in settings]
        self._sizes = [ladder.sizes for ladder in self._ladders]
        self._drawn: dict[tuple[int, int, str], Drawn] = {}
        for i, (setting, sizes) in enumerate(zip(settings, self._sizes, strict=True)):
            for k, d in enumerate(sizes):
                key = Setting.of(claim.experiment, at_size(setting, d)).values
                for stage in ("pilot", "confirm"):
                    self._drawn[i, k, stage] = Drawn.joined(stages[stage][key])
        self._points = {key: found[0] for key, found in stages[STAGE].items()}

    def __len__(self) -> int:
        return sum(len(drawn) for drawn in self._drawn.values())

    def points(self, symbols: Iterable[Symbol]) -> list[dict[Symbol, float]]:
        """A draw of each setting that was looked at, at the largest size."""
        return [large for large, _ in self.pairs(symbols)]

    def pairs(self, symbols: Iterable[Symbol]) -> list[tuple[dict[Symbol, float], dict[Symbol, float]]]:
        """The same with a draw at half the size."""
        wanted, found = list(symbols), []
        for rows in self._points.values():
            small = self._points.get(
                Setting.of(self._claim.experiment, halved(rows.block.settings[0].parameters)).values
            )
            if small is not None:
                found.append((values_at(rows, 0, wanted), values_at(small, 0, wanted)))
        return found

    def judge(self, mutant: Mutant) -> Finding:
        """Killed when the limit that some ladder's draws extrapolate to excludes it, as for the claim itself.

        A ladder where it has no number, or its kernel is not to be trusted, near a pole or where nearly everything
        cancels, accuses nothing.
        """
        statement = mutant.statement
        judge = Judge(statement)
        self._formulas.prepare(statement, list(self._drawn.values()))
        doubted: set[int] = set()
        dear: set[int] = set()
        rule = LimitRule(self._claim.margin, 2**31, statement.rel)
        tracks = self._tracks(judge)
        rounds, most = FIRST, max(self._rounds(track) for track in tracks)
        while True:
            for track in tracks:
                if track.index in doubted | dear:
                    continue
                try:
                    if rounds == FIRST:
                        track.plan(self._sampler(statement), rule)
                    track.extend(self._sampler(statement), min(rounds, self._rounds(track)))
                except TooDear:
                    dear.add(track.index)
                    continue
                if not track.error and track.accuses(rule):
                    if self._formulas.trusted(judge, (self._top(track.index),)):
                        found = track.extrapolation
                        sizes = f"d = {track.ladder.sizes[0]}..{track.ladder.sizes[-1]}"
                        return "killed", f"error {found.limit:+.3g} for d -> oo from {sizes}, {found.draws.sum()} draws"
                    doubted.add(track.index)
            if rounds >= most:
                break
            rounds *= 2
        if any(track.error for track in tracks):
            where = self._formulas.impossible(statement, self._drawn.values())
            return ("undefined", f"no real value at {where}") if where else ("survived", "")
        if doubted or dear:
            return UNTRUSTED if doubted else DEAR
        return "survived", tracks[0].doubt

    def slack(self, statement: Statement) -> float:
        """The smallest factor between the two sides' limits."""
        rule = LimitRule(self._claim.margin, 2**31, statement.rel)
        found = math.inf
        for track in self._tracks(Judge(statement)):
            track.plan(self._sampler(statement), rule)
            track.extend(self._sampler(statement), self._rounds(track))
            if not track.error:
                over = 1 + track.extrapolation.limit  # lhs over rhs, where rhs is not small beside its scale
                if over > 0:
                    found = min(found, 1 / over if statement.rel in ("<", "<=") else over)
        return found if math.isfinite(found) else math.nan

    def _tracks(self, judge: Judge) -> list[LimitTrack]:
        tracks = []
        for i in range(len(self._sizes)):
            scale = judge.scale(self._top(i).parameters)
            tracks.append(LimitTrack(i, replace(self._ladders[i], scale=scale), i < self._anchors))
        return tracks

    def _top(self, i: int) -> Drawn:
        """The first draws of a setting at its largest size."""
        return self._drawn[i, len(self._sizes[i]) - 1, "pilot"]

    def _rounds(self, track: LimitTrack) -> int:
        """How many rounds of draws are stored at every size of a ladder."""
        sizes = range(len(track.ladder.sizes))
        stored = [len(self._drawn[track.index, k, "confirm"]) // self._shared for k in sizes]
        return min(draws // one for draws, one in zip(stored, track.ladder.rounds, strict=True))

    def _sampler(self, statement: Statement) -> LimitSampler:
        def draw(
            setting: int, size: int, stage: str, start: int, count: int, *, method: int = 0
        ) -> tuple[np.ndarray, np.ndarray]:
            many = self._shared
            sides = self._formulas.sides(statement, self._drawn[setting, size, stage], start * many, count * many)
            # A draw is the mean of the tasks that share a design.
            lhs, rhs = (side.reshape(count, many).mean(axis=1) for side in sides)
            return lhs, rhs

        return draw


def halved(parameters: Parameters) -> Parameters:
    """The setting at half the dimension."""
    return at_size(parameters, int(parameters["d"]) // 2)
