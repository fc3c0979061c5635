"""Statements judged on the rows that a check measured: no training, no new draws."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from sympy import Expr, S, Symbol

from ftproofs.check.anchors import STAGE, numbers, values_at
from ftproofs.check.judge import Judge
from ftproofs.claim import Block, Claim, Rows, Setting, Statement, Store
from ftproofs.decision import REFUTE_AT, Anchor, Sampler
from ftproofs.decision.draws import Rule, Track
from ftproofs.errors import FTError
from ftproofs.ids import encode
from ftproofs.names import MEASUREMENTS, experiment
from ftproofs.numeric import statistics
from ftproofs.numeric.experiments import SOLVER
from ftproofs.numeric.seeds import code_hash
from ftproofs.numeric.statistics import BLOCK
from ftproofs.symbolic import balls
from ftproofs.symbolic.kernels import Kernel, numpy_kernel
from ftproofs.symbolic.mutation import Mutant
from ftproofs.symbolic.vocabulary import SYMBOLS

#: A kernel must agree with balls to this, relative, at one draw of every setting.
KERNEL_ERROR = 1e-9

_STAGES = ("pilot", "confirm", "link-a", "explore", STAGE)

#: What became of a mutant, and by what.
Finding: TypeAlias = tuple[Literal["killed", "undefined", "survived"], str]


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
                if setting.stage == "explore" and setting not in seen and found.status[case] in ("ok", "saddle"):
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


@dataclass(frozen=True)
class _Stage:
    """All draws of one setting and stage, in the order of their indices; arrays of shape (draw,)."""

    parameters: dict[str, float]
    values: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(next(iter(self.values.values()), np.empty(0)))

    def column(self, name: str, start: int, stop: int) -> np.ndarray:
        if name in MEASUREMENTS:
            return self.values[name][start:stop]
        return np.full(stop - start, self.parameters[name])


class MeanRows:
    """The oracle's draws that decided a claim about means: pilots and fresh draws of every setting."""

    def __init__(self, claim: Claim, rows: Iterable[Rows]) -> None:
        self._claim = claim
        self._kernels: dict[Expr, tuple[Kernel, tuple[str, ...]]] = {}
        stages: dict[str, dict[tuple[object, ...], list[Rows]]] = {stage: {} for stage in _STAGES}
        for found in rows:
            first = found.block.settings[0]
            engine = experiment(claim.experiment).engines[0] if first.stage == "link-a" else SOLVER
            if first.stage in stages and (found.block.engine, found.block.method) == (engine, 0):
                stages[first.stage].setdefault(first.values, []).append(found)
        # Networks are trained for link A at the anchors, and only there.
        order = [key for key in stages["confirm"] if key in stages["pilot"]]
        self._settings = [key for key in order if key in stages["link-a"]]
        self._anchors = len(self._settings)
        self._settings += [key for key in order if key not in stages["link-a"]]
        self._stages = {
            (i, stage): _joined(stages[stage][key])
            for i, key in enumerate(self._settings)
            for stage in ("pilot", "confirm")
        }
        self._explored = [rows for stage in (STAGE, "explore") for found in stages[stage].values() for rows in found]

    def __len__(self) -> int:
        return sum(len(stage) for stage in self._stages.values())

    def points(self, symbols: Iterable[Symbol]) -> list[dict[Symbol, float]]:
        """A draw of every setting that was looked at."""
        wanted = list(symbols)
        return [values_at(rows, 0, wanted) for rows in self._explored]

    def judge(self, mutant: Mutant) -> Finding:
        """Killed by the e-value of its draws, or by a draw at which it has no value."""
        judge = Judge(mutant.statement)
        if not self._trusted(judge):
            return "survived", "its kernel disagrees with balls"
        rule = Rule(self._claim.margin, 2**31, "==", 1.0, math.log(REFUTE_AT))
        tracks = []
        for i in range(len(self._settings)):
            scale = judge.scale(self._stages[i, "pilot"].parameters)
            tracks.append(Track(i, Anchor(scale), i < self._anchors))
            tracks[-1].plan(self._sampler(judge.statement), rule)
        size, longest = BLOCK, max(len(self._stages[track.index, "confirm"]) for track in tracks)
        log_e = -math.inf
        while True:
            for track in tracks:
                stop = min(size, len(self._stages[track.index, "confirm"]))
                if not track.error and stop > track.draws:
                    track.extend(self._sampler(judge.statement), stop, rule)
            if any(track.error for track in tracks):
                where = self._impossible(judge.statement)
                return ("undefined", f"no real value at {where}") if where else ("survived", "")
            logs = np.array([track.logs for track in tracks])
            log_e = max(log_e, statistics.claim_log_e(logs[: self._anchors], logs[self._anchors :]))
            if log_e >= rule.refute_at:
                return "killed", f"ln e {log_e:.1f} on {sum(track.draws for track in tracks)} draws"
            if size >= longest:
                return "survived", ""
            size *= 2

    def _sampler(self, statement: Statement) -> Sampler:
        def draw(setting: int, stage: str, start: int, count: int, *, method: int = 0) -> tuple[np.ndarray, np.ndarray]:
            found = self._stages[setting, stage]
            sides = []
            for side in (statement.lhs, statement.rhs):
                kernel, names = self._kernel(side)
                columns = [found.column(name, start, start + count) for name in names]
                sides.append(np.broadcast_to(kernel(*columns), (count,)))
            return sides[0], sides[1]

        return draw

    def _impossible(self, statement: Statement) -> str:
        """A draw at which a side certainly has no real, finite value; empty if none is found."""
        for stage in self._stages.values():
            for side in (statement.lhs, statement.rhs):
                kernel, names = self._kernel(side)
                values = np.broadcast_to(kernel(*(stage.column(name, 0, len(stage)) for name in names)), (len(stage),))
                for i in np.flatnonzero(~np.isfinite(values))[:1]:
                    at = {SYMBOLS[name]: float(stage.column(name, i, i + 1)[0]) for name in names}
                    if _undefined(side, at):
                        return ", ".join(f"{symbol} = {value:.6g}" for symbol, value in at.items())
        return ""

    def _kernel(self, side: Expr) -> tuple[Kernel, tuple[str, ...]]:
        if side not in self._kernels:
            names = tuple(sorted(symbol.name for symbol in side.free_symbols))
            # A branch without a value that no setting reaches; where one does, nothing is killed.
            real = side.xreplace({S.ComplexInfinity: S.Infinity, S.ImaginaryUnit: S.Infinity})
            self._kernels[side] = numpy_kernel(real, [SYMBOLS[name] for name in names]), names
        return self._kernels[side]

    def _trusted(self, judge: Judge) -> bool:
        """Whether both kernels agree with balls at one draw of every setting."""
        for i in range(len(self._settings)):
            stage = self._stages[i, "pilot"]
            for side in (judge.statement.lhs, judge.statement.rhs):
                kernel, names = self._kernel(side)
                columns = [stage.column(name, 0, 1) for name in names]
                value = float(np.broadcast_to(kernel(*columns), (1,))[0])
                try:
                    at = {SYMBOLS[n]: float(column[0]) for n, column in zip(names, columns, strict=True)}
                    exact = float(balls.enclose(side, at).mid())
                except (FTError, balls.Undefined):
                    return False
                if not abs(value - exact) <= KERNEL_ERROR * max(abs(exact), judge.scale(stage.parameters) / 10):
                    return False
        return True


def _joined(rows: Sequence[Rows]) -> _Stage:
    """Draws of one setting joined by index; two statements may have asked for the same ones."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in rows[0].values}
    covered = 0
    for found in sorted(rows, key=lambda found: (found.block.settings[0].index, -len(found.block))):
        first = found.block.settings[0].index
        if first > covered:
            break
        if first + len(found.block) > covered:
            for name, values in found.values.items():
                parts[name].append(values[covered - first :])
            covered = first + len(found.block)
    joined = {name: np.concatenate(part) for name, part in parts.items()}
    return _Stage(numbers(rows[0].block.settings[0]), joined)


def _undefined(side: Expr, at: dict[Symbol, float]) -> bool:
    """Whether balls say that the expression has no real, finite value."""
    try:
        found = balls.enclose(side, at)
    except balls.Undefined:
        return True
    except FTError:
        return bool(side.has(S.ComplexInfinity, S.ImaginaryUnit))  # reached: balls do not look at other branches
    return bool(found.is_exact() and not found.is_finite())


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
