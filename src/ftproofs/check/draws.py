"""What claims about laws share: settings explored with cheap draws, samplers of fresh ones, trained networks.

A claim about means, limits or probabilities is explored with the oracle's draws,
decided on fresh ones at settings fixed in advance, and compared with trained networks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ftproofs.check.context import Context
from ftproofs.check.judge import Judge
from ftproofs.check.links import against_oracle, engine_of_draws, oracle_at
from ftproofs.claim import Claim, Domain, Rows
from ftproofs.decision import Anchor
from ftproofs.names import Value, experiment
from ftproofs.numeric.experiments import LAW, SOLVER
from ftproofs.numeric.sampling import Batches, batches, explore
from ftproofs.numeric.seeds import MOST_SHARED, sharing
from ftproofs.symbolic.acceptance import acceptor
from ftproofs.verdict import ExperimentStatus, Link

#: Draws per explored setting, never used again for a decision.
EXPLORATORY = 64

#: Draws from the law of the design that say how noisy a setting is.
PLANNING = 1024

#: Corners of the domain that are looked at beside the settings drawn.
CORNERS = 32

#: At most this many draws, and so many numbers of their designs, are measured at once.
CHUNK = 2048
CHUNK_NUMBERS = 1 << 23

#: Networks trained per anchor for link A.
TRAINED = 16

Parameters = dict[str, Value]


@dataclass(frozen=True)
class Explored:
    """Distinct settings in the order they were drawn, each with how bad it looked; and where they came from."""

    source: Batches
    settings: tuple[Parameters, ...]
    scores: tuple[float, ...]

    def adaptive(self, anchors: Sequence[Parameters], count: int) -> list[Parameters]:
        """The settings that look worst, of those that are no anchors."""
        ranked = sorted(zip(self.scores, range(len(self.settings)), strict=True), key=lambda pair: -pair[0])
        rest = [self.settings[number] for _, number in ranked if self.settings[number] not in anchors]
        return rest[:count]


def explore_settings(
    claim: Claim,
    context: Context,
    domain: Domain,
    score: Callable[[Parameters], float],
    *,
    steps: int,
    examples: int | None = None,
    corners: int = 0,
) -> Explored:
    """Settings of the domain, drawn and climbed towards bad scores; ``steps`` is the progress bar's length.

    ``examples`` of them, by default as many as the budget says; after those, at most so many
    ``corners`` of the domain, which settings drawn at random hardly ever come near.
    """
    seen: list[tuple[float, Parameters]] = []

    def examine(batch: tuple[Parameters, ...]) -> tuple[float, list[int]]:
        found = score(batch[0])
        seen.append((found, batch[0]))
        context.progress(claim.id, min(len(seen), steps // 2), steps)
        return found, []

    source = batches(domain, claim.experiment, acceptor(domain), size=1)
    explore(source, examine, seed=context.seed, examples=examples or context.budget.explored, shrink_calls=0)
    for corner in source.corners(corners):
        examine((corner,))
    distinct: list[tuple[float, Parameters]] = []
    for item in seen:
        if all(item[1] != other for _, other in distinct):
            distinct.append(item)
    return Explored(source, tuple(p for _, p in distinct), tuple(s for s, _ in distinct))


def exploratory(claim: Claim, context: Context, parameters: Parameters) -> Rows:
    """A few of the oracle's draws at a setting, to see how bad it looks."""
    return context.draws(
        context.block(claim.experiment, [parameters] * EXPLORATORY, engine=engine_of_draws(claim), stage="explore")
    )


def to_plan_with(claim: Claim, context: Context, parameters: Parameters) -> list[Rows]:
    """Draws at a setting that tell how many a decision takes; more of them where the law of the design is known."""
    if engine_at(claim, parameters) == LAW:
        return law_rows(claim, context, parameters, "explore", 0, PLANNING)
    return [exploratory(claim, context, parameters)]


def chunk(parameters: Parameters) -> int:
    """How many draws at a setting are measured at once: a power of two that keeps the designs in memory."""
    numbers = int(parameters["n"]) * int(parameters["d"])
    return min(CHUNK, 1 << max(0, int(math.log2(max(1, CHUNK_NUMBERS // numbers)))))


def draw_rows(
    claim: Claim,
    context: Context,
    parameters: Parameters,
    engine: str,
    stage: str,
    start: int,
    count: int,
    *,
    method: int = 0,
    step: int | None = None,
) -> list[Rows]:
    """Draws ``start .. start + count`` of a setting, in blocks of ``step`` (by default as many as memory allows).

    In a stage whose cases share designs (`ftproofs.numeric.seeds.sharing`) a draw is a design with its cases.
    """
    shared = sharing(stage)
    size = min(step or CHUNK, CHUNK if engine == LAW else chunk(parameters)) * shared
    start, count = start * shared, count * shared
    parts = []
    for first in range(start, start + count, size):
        block = context.block(
            claim.experiment,
            [parameters] * min(size, start + count - first),
            engine=engine,
            stage=stage,
            start=first,
            method=method,
        )
        parts.append(context.draws(block))
    return parts


def mean_sampler(
    claim: Claim, context: Context, judge: Judge, settings: Sequence[Parameters], engine: str
) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Draws of one statement's two sides at the settings, by the oracle or by training."""

    def draw(setting: int, stage: str, start: int, count: int, *, method: int = 0) -> tuple[np.ndarray, np.ndarray]:
        parameters = settings[setting]
        # What confirms a refutation solves designs that are drawn.
        if engine == SOLVER and method == 0 and engine_at(claim, parameters) == LAW:
            found = law_rows(claim, context, parameters, stage, start, count)
        else:
            found = draw_rows(claim, context, parameters, engine, stage, start, count, method=method)
        parts = [judge.samples(rows) for rows in found]
        lhs, rhs = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
        place = {"setting": setting, "stage": stage, "method": method, "start": start}
        context.trail.look(found, judge.told(lhs, rhs), **place)
        return lhs, rhs

    return draw


def engine_at(claim: Claim, parameters: Parameters) -> str:
    """What draws for a claim about means at a setting: `engine_of_draws`, or the law of the design for the oracle."""
    engine = engine_of_draws(claim)
    return oracle_at(claim, parameters) if engine == SOLVER else engine


def law_rows(claim: Claim, context: Context, parameters: Parameters, stage: str, start: int, count: int) -> list[Rows]:
    """Draws from the law of the design: those of one generator are independent, so each counts."""
    start, count = start // MOST_SHARED, count // MOST_SHARED
    return draw_rows(claim, context, parameters, LAW, f"{stage}/{MOST_SHARED}", start, count, step=CHUNK // MOST_SHARED)


def mean_facts(marks: Sequence[Anchor], anchors: int) -> dict[str, Any]:
    """What a trail keeps of the settings at which means are compared."""
    return {
        "anchors": anchors,
        "scales": [mark.scale for mark in marks],
        "supports": [mark.supports for mark in marks],
        "finer": [mark.finer for mark in marks],
    }


def cap_of(claim: Claim, context: Context, draws: int) -> int:
    """At most so many draws at a setting: training affords fewer than the oracle."""
    return draws if engine_of_draws(claim) == SOLVER else min(draws, context.budget.trainings)


def link_a(claim: Claim, context: Context, settings: Sequence[Parameters]) -> Link:
    """Networks trained at the settings against the oracle, on the same data."""
    engine = experiment(claim.experiment).engines[0]
    trained = [
        context.rows(context.block(claim.experiment, [parameters] * TRAINED, engine=engine, stage="link-a"))
        for parameters in settings
    ]
    return against_oracle(context, trained, 1e-6)


def natural_scale(judge: Judge, parameters: Parameters) -> float:
    """The statement's natural scale at a setting."""
    return judge.scale({name: float(value) for name, value in parameters.items() if not isinstance(value, str)})


def agreement(
    status: ExperimentStatus, trained: Link, end_to_end: ExperimentStatus, lost: str = ""
) -> tuple[ExperimentStatus, str, set[str]]:
    """Link B's status in the light of the other links, why it changed, and the flags that go with it.

    Refuted if link B refutes; supported only if link A is certified and real trainings
    do not refute; what contradicts one another is undecided, flag ``disagreement``.  A
    training that was lost (``lost`` says which) is an error, never evidence.
    """
    if trained.status == "error" or (status == "error" and lost):
        return "error", lost or "some trained networks gave no number", set()
    if trained.status == "refuted":
        return "undecided", "trained networks do not end where the oracle says", {"disagreement"}
    if trained.status == "undecided" and status == "supported":
        return "undecided", "some trained networks did not reach a certified limit", set()
    if end_to_end == "refuted" and status != "refuted":
        return "undecided", "real trainings refute what the oracle's draws do not", {"disagreement"}
    if end_to_end == "error" and status == "supported":
        if lost:
            return "error", lost, set()
        return "undecided", "some real trainings gave no number", set()
    return status, "", set()
