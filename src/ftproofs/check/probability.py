"""A claim that holds with a probability: explore near violations, count them on fresh draws, train for real."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ftproofs.check.anchors import domain_points
from ftproofs.check.context import Context
from ftproofs.check.draws import (
    CORNERS,
    Explored,
    Parameters,
    agreement,
    cap_of,
    draw_rows,
    exploratory,
    explore_settings,
    link_a,
    natural_scale,
)
from ftproofs.check.judge import Judge
from ftproofs.check.links import engine_of_draws
from ftproofs.check.outcomes import level_gap, outcomes_of
from ftproofs.claim import Claim, Probability, Rows
from ftproofs.decision import (
    Outcomes,
    OutcomeSampler,
    ProbabilityDecision,
    combine,
    decide_probability,
    supportable,
)
from ftproofs.errors import UsageError
from ftproofs.names import experiment
from ftproofs.numeric.experiments import SOLVER
from ftproofs.numeric.sampling import shrink
from ftproofs.numeric.statistics import BLOCK
from ftproofs.verdict import Evidence, ExperimentStatus, Link, Observation

#: Settings chosen because exploration made them look bad.
ADAPTIVE = 2

#: Settings tried on the way to a simpler counterexample, and draws for each at most.
SHRINK_STEPS = 20
SHRINK_DRAWS = 4096

#: Settings looked at for one at which a bound is not trivial.
SEARCHED = 64

_ORDER = ("refuted", "error", "undecided", "none", "supported", "certified")


@dataclass(frozen=True)
class Chosen:
    """Settings that decide, anchors first, and how often the statement may fail at each."""

    settings: list[Parameters]
    deltas: list[float]
    anchors: int


def check_probability(claim: Claim, context: Context) -> Evidence:
    """The experiment leg of a claim whose quantifier is probability: at every setting, not on average.

    Raises:
        UsageError: FT214 a level of 1 or more, or one that is 0 or less at every setting.
    """
    assert isinstance(claim.quantifier, Probability)
    judges = [Judge(statement) for statement in claim.statements]
    budget = context.budget

    explored, chosen = choose(claim, context, judges)
    anchors, deltas = chosen.settings[: chosen.anchors], chosen.deltas
    parts: list[tuple[ProbabilityDecision, ProbabilityDecision]] = []
    for number, judge in enumerate(judges):
        cap = cap_of(claim, context, budget.outcomes)
        rule = {"cap": cap, "anchors": chosen.anchors, "deltas": deltas}
        with context.trail.decision(
            "probability", "B", number, judge.statement, **rule, **_told(claim, judge, chosen.settings)
        ) as trail:
            solved = decide_probability(
                _sampler(claim, context, judge, chosen.settings, engine_of_draws(claim)),
                deltas[: chosen.anchors],
                deltas[chosen.anchors :],
                cap=cap,
            )
            trail.concludes(solved)
        context.progress(claim.id, budget.explored + number + 1, 2 * budget.explored)
        order = sorted(range(chosen.anchors), key=lambda i: (-deltas[i], int(anchors[i]["n"]) * int(anchors[i]["d"])))
        cheap = order[: budget.end_to_end]
        feet, allowed = [anchors[i] for i in cheap], [deltas[i] for i in cheap]
        rule = {"cap": budget.trainings, "anchors": len(cheap), "deltas": allowed}
        with context.trail.decision(
            "probability", "end_to_end", number, judge.statement, **rule, **_told(claim, judge, feet)
        ) as trail:
            trained = decide_probability(
                _sampler(claim, context, judge, feet, experiment(claim.experiment).engines[0]),
                allowed,
                cap=budget.trainings,
            )
            trail.concludes(trained)
        parts.append((solved, trained))
    trainings = link_a(claim, context, anchors or chosen.settings[: budget.end_to_end])
    return _conclude(claim, context, judges, explored, chosen.settings, parts, trainings)


def choose(claim: Claim, context: Context, judges: Sequence[Judge]) -> tuple[Explored, Chosen]:
    """What was explored, and the settings that decide.

    Raises:
        UsageError: FT214 as `check_probability`.
    """
    assert isinstance(claim.quantifier, Probability)
    budget = context.budget

    def score(parameters: Parameters) -> float:
        rows = exploratory(claim, context, parameters)
        return max(_score(claim, judge, rows) for judge in judges)

    explored = explore_settings(claim, context, claim.domain, score, steps=2 * budget.explored)
    cap = cap_of(claim, context, budget.outcomes)
    deltas = {id(p): level_gap(claim, p) for p in explored.settings}
    promised = [p for p in explored.settings if deltas[id(p)] < 1]
    if not promised:
        raise UsageError("FT214", f"the level {claim.quantifier.level} is 0 or less at every setting drawn")
    # Anchors are the first settings drawn, whatever they looked like, of those that so many draws can support.
    within = [p for p in promised if supportable(deltas[id(p)], cap)]
    beyond = [p for p in promised if not supportable(deltas[id(p)], cap)]
    anchors = within[: budget.anchors]
    for judge in judges:  # and, where a bound is trivial at all of those, the first at which it is not
        if anchors and not any(_says_something(claim, context, judge, p) for p in anchors):
            for p in [*within, *_searched(claim, context, judge, explored)]:
                deltas[id(p)] = level_gap(claim, p)
                if supportable(deltas[id(p)], cap) and _says_something(claim, context, judge, p):
                    anchors.append(p)
                    break
    if engine_of_draws(claim) == SOLVER:  # where bounds are tightest; training affords none
        for corner in explored.source.corners(CORNERS):
            delta = level_gap(claim, corner)
            if delta < 1 and corner not in promised:
                deltas[id(corner)] = delta
                promised.append(corner)
    suspects = [p for p in promised if p not in anchors]
    suspects.sort(
        key=lambda p: -max(_suspicion(claim, judge, exploratory(claim, context, p), deltas[id(p)]) for judge in judges)
    )
    others = suspects[:ADAPTIVE]
    settings = [*anchors, *others, *[p for p in beyond[: budget.anchors // 2] if p not in others]]
    return explored, Chosen(settings, [deltas[id(p)] for p in settings], len(anchors))


def _sampler(
    claim: Claim, context: Context, judge: Judge, settings: Sequence[Parameters], engine: str
) -> OutcomeSampler:
    """Outcomes of one statement at the settings, by the oracle or by training; a block of rows at a time."""

    def draw(setting: int, stage: str, start: int, count: int, *, method: int = 0) -> Outcomes:
        found = [
            rows
            for first in range(start, start + count, BLOCK)
            for rows in draw_rows(claim, context, settings[setting], engine, stage, first, BLOCK, method=method)
        ]
        lots = [outcomes_of(judge, rows, claim.margin) for rows in found]
        outcomes = Outcomes.joined(lots)
        if context.trail.keep:
            lhs, rhs = (np.concatenate(side) for side in zip(*map(judge.samples, found), strict=True))
            told = {**judge.told(lhs, rhs), "trivial": outcomes.trivial}
            context.trail.look(found, told, setting=setting, stage=stage, method=method, start=start)
        return outcomes

    return draw


def _told(claim: Claim, judge: Judge, settings: Sequence[Parameters]) -> dict[str, Any]:
    return {"tolerance": claim.margin, "scales": [natural_scale(judge, p) for p in settings]}


def _searched(claim: Claim, context: Context, judge: Judge, explored: Explored) -> list[Parameters]:
    """Settings of the domain at which the bound is not trivial in one draw, searched for."""

    def score(rows: Rows) -> float:
        return 1.0 - float(outcomes_of(judge, rows, claim.margin).trivial.mean())

    found = domain_points(claim, context, SEARCHED, score, explored.source)
    return [rows.block.settings[0].parameters for rows in found if score(rows) == 1]


def _says_something(claim: Claim, context: Context, judge: Judge, parameters: Parameters) -> bool:
    """Whether the bound is better than a trivial one in most of a few draws."""
    trivial = outcomes_of(judge, exploratory(claim, context, parameters), claim.margin).trivial
    return bool(trivial.mean() < 0.5)


def _score(claim: Claim, judge: Judge, rows: Rows) -> float:
    """How bad a setting looks on a few draws: the share of violations, and how near the others come."""
    found = outcomes_of(judge, rows, claim.margin)
    if np.isnan(found.violated).any():
        return 0.0
    near = float(np.nan_to_num(np.quantile(found.ratio, 0.9), nan=0.0))
    return float(found.violated.mean()) + min(max(near, 0.0), 10.0)


def _suspicion(claim: Claim, judge: Judge, rows: Rows, delta: float) -> float:
    """By how many standard errors violations are too many on a few draws; of equal ones how near the others come."""
    found = outcomes_of(judge, rows, claim.margin)
    if np.isnan(found.violated).any():
        return 0.0
    near = float(np.nan_to_num(np.quantile(found.ratio, 1 - delta), nan=0.0))
    share, error = float(found.violated.mean()), math.sqrt(delta * (1 - delta) / len(found.violated))
    return (share - delta) / error + min(max(near, 0.0), 10.0) / 1e3


def _conclude(
    claim: Claim,
    context: Context,
    judges: Sequence[Judge],
    explored: Explored,
    settings: Sequence[Parameters],
    parts: Sequence[tuple[ProbabilityDecision, ProbabilityDecision]],
    trainings: Link,
) -> Evidence:
    number, (solved, trained) = min(enumerate(parts), key=lambda part: _ORDER.index(part[1][0].status))
    end_status = combine(end.status for _, end in parts if end.settings)
    # What trainings say about slack and triviality, the oracle's draws say better.
    flags = {flag for part, _ in parts for flag in part.flags}
    flags |= {flag for _, end in parts for flag in end.flags if flag == "disagreement"}
    status, why, contradictions = agreement(
        combine(part.status for part, _ in parts), trainings, end_status, context.lost
    )
    worst = (
        None if solved.worst is None else _observation(context, claim, judges[number], number, settings[solved.worst])
    )
    simplest = None
    if status == "refuted" and solved.worst is not None:
        simplest = _simplest(context, claim, judges[number], number, explored, settings[solved.worst]) or worst
    estimate, interval = solved.estimate, solved.interval
    if status == "refuted" and solved.worst is not None:
        finding = solved.settings[solved.worst]
        estimate, interval = finding.violations / finding.draws, finding.interval
    slacks = [part.slack for part, _ in parts if part.slack is not None]
    trained_count = sum(end.draws for _, end in parts)
    return Evidence(
        status,
        "probability",
        claim.margin,
        str(judges[number].statement.lhs),
        settings=len(settings),
        trainings=trainings.trainings + trained_count,
        links={
            "A": trainings,
            "B": _link(solved, solved.status, draws=sum(part.draws for part, _ in parts)),
            "end_to_end": _link(trained, end_status, trainings=trained_count),
        },
        estimate=estimate,
        interval=interval,
        smallest_error_seen=max((p.smallest_error_seen for p, _ in parts if p.smallest_error_seen), default=None),
        worst=worst,
        simplest=simplest,
        flags=tuple(sorted(flags | contradictions)),
        detail=why or solved.detail,
        needed=solved.needed,
        level=None if solved.worst is None else 1 - solved.settings[solved.worst].delta,
        slack=min(slacks, key=lambda slack: slack.factor, default=None),
    )


def _link(part: ProbabilityDecision, status: ExperimentStatus, *, draws: int = 0, trainings: int = 0) -> Link:
    return Link(
        status,
        trainings=trainings,
        draws=draws,
        worst=part.estimate,
        interval=part.interval,
        evidence=part.log_evidence,
    )


def _simplest(
    context: Context, claim: Claim, judge: Judge, number: int, explored: Explored, start: Parameters
) -> Observation | None:
    """The simplest setting at which the statement is refuted by itself, on fresh draws; None if not at the start."""

    def fails(batch: tuple[Parameters, ...]) -> tuple[float, list[int]]:
        delta = level_gap(claim, batch[0])
        if delta >= 1:
            return 0.0, []
        draws = _sampler(claim, context, judge, [batch[0]], engine_of_draws(claim))
        found = decide_probability(
            draws, [delta], cap=cap_of(claim, context, min(SHRINK_DRAWS, context.budget.outcomes))
        )
        return 0.0, [0] if found.status == "refuted" else []

    found = shrink(explored.source, fails, start, seed=context.seed, calls=SHRINK_STEPS)
    return None if found is None else _observation(context, claim, judge, number, found)


def _observation(
    context: Context, claim: Claim, judge: Judge, number: int, parameters: Parameters
) -> Observation | None:
    """The draw nearest to a violation, or furthest in it, of the first block; its id replays it."""
    rows = draw_rows(claim, context, parameters, engine_of_draws(claim), "confirm", 0, BLOCK)[0]
    lhs, rhs = judge.samples(rows)
    gap = judge.relative(lhs, rhs, rows)
    if not np.isfinite(gap).any():
        return None
    case = int(np.nanargmax(np.where(np.isfinite(gap), gap, -math.inf)))
    return Observation(
        rows.block.settings[case],
        context.identify(rows, case),
        number,
        float(rhs[case]),
        float(lhs[case]),
        0.0,
        float(gap[case]),
    )
