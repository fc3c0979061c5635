"""A claim about a limit of growing dimension: explore at small size, extrapolate over a ladder, train at its foot.

Link B extrapolates the oracle's draws, link A compares trained networks with the
oracle, and end to end the mean error of trained networks at the smallest size must
be the one that the extrapolation starts from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ftproofs.check.anchors import INTERVAL, complement, complemented, guided
from ftproofs.check.apart import apart
from ftproofs.check.context import Context
from ftproofs.check.draws import (
    CORNERS,
    Explored,
    Parameters,
    agreement,
    draw_rows,
    exploratory,
    explore_settings,
    link_a,
    mean_facts,
    mean_sampler,
    natural_scale,
)
from ftproofs.check.judge import Judge
from ftproofs.check.links import oracle_at, refuse_untold_limit
from ftproofs.check.sizes import TOP, at_size, check_domain, ladder_at, ladder_of
from ftproofs.claim import Claim, Limit
from ftproofs.decision import (
    Anchor,
    Ladder,
    LimitDecision,
    LimitSampler,
    MeanDecision,
    combine,
    decide_limit,
    decide_mean,
    violations,
)
from ftproofs.decision.ladder import ROUND, LimitRule, LimitTrack
from ftproofs.names import experiment
from ftproofs.numeric.experiments import SOLVER
from ftproofs.numeric.sampling import Batches, shrink
from ftproofs.verdict import Evidence, Link, Observation

#: Settings chosen because exploration made them look bad.
ADAPTIVE = 1

#: And corners of the domain, for each statement; more where no formula says where to look.
ADAPTIVE_CORNERS = 1
ADAPTIVE_CORNERS_UNGUIDED = 2

#: An anchor that mutants ask for may plan for at most this part of the draws allowed.
AFFORDABLE = 2

#: Settings tried on the way to a simpler counterexample, and draws at the largest of their sizes at most.
SHRINK_STEPS = 6
SHRINK_DRAWS = 64
SHRINK_LARGEST = 256

#: Tasks drawn for each design: teachers and noise anew.
TEACHERS = 8

_ORDER = ("refuted", "error", "undecided", "none", "supported", "certified")


def check_limit(claim: Claim, context: Context) -> Evidence:
    """The experiment leg of a claim whose quantifier is limit.

    Raises:
        UsageError: FT210 a ladder too short or too large; FT215 a domain with n or d, or without gamma;
            FT218 a measurement or domain that only training knows.
    """
    assert isinstance(claim.quantifier, Limit)
    refuse_untold_limit(claim)
    judges = [Judge(statement) for statement in claim.statements]
    budget = context.budget
    explored, anchors, asked, chosen = choose(claim, context, judges)
    parts: list[tuple[LimitDecision, MeanDecision]] = []
    for number, judge in enumerate(judges):
        ladders = [_ladder(claim, judge, p) for p in chosen]
        rule = {"tolerance": claim.margin, "cap": budget.scaling}
        shapes: dict[str, list[Any]] = {
            "ladders": [ladder.sizes for ladder in ladders],
            "scales": [ladder.scale for ladder in ladders],
            "even": [ladder.even for ladder in ladders],
            "confirmed": [len(ladder.confirming.sizes) for ladder in ladders],
        }
        facts = {**rule, **shapes, "anchors": len(anchors), "tasks": teachers(claim)}
        with context.trail.decision("limit", "B", number, judge.statement, **facts) as trail:
            solved = decide_limit(
                limit_sampler(claim, context, judge, chosen, ladders),
                ladders[: len(anchors)],
                ladders[len(anchors) :],
                tolerance=claim.margin,
                asked=len(asked),
                cap=budget.scaling,
                relation=judge.statement.rel,
            )
            trail.concludes(solved)
        context.progress(claim.id, budget.explored + number + 1, 2 * budget.explored)
        parts.append((solved, _trained(claim, context, number, judge, anchors, ladders, solved)))
    moderate = [at_size(p, ladder_of(claim, p)[1]) for p in anchors]
    return _conclude(claim, context, judges, explored, chosen, parts, link_a(claim, context, moderate))


def choose(
    claim: Claim, context: Context, judges: Sequence[Judge]
) -> tuple[Explored, list[Parameters], list[Parameters], list[Parameters]]:
    """What was explored; the anchors; settings that wrong formulas ask for; and all, with what exploration adds."""

    def score(parameters: Parameters) -> float:
        small = at_size(parameters, ladder_of(claim, parameters)[0])
        return max(_score(claim, context, judge, small) for judge in judges)

    explored = explore_settings(claim, context, check_domain(claim), score, steps=2 * context.budget.explored)
    # Anchors are the first settings drawn, whatever they looked like, and where wrong formulas differ that those miss;
    # where these cannot be asked, settings drawn that lie apart.
    count = context.budget.anchors
    anchors = list(explored.settings[:count]) if complemented(claim) else apart(explored.settings, count)
    asked = complement(
        claim,
        context,
        explored.source,
        anchors,
        # Where formulas are solved for, draws are dear as well.
        context.budget.anchors if guided(claim) else math.ceil(context.budget.anchors / 2),
        lambda parameters: float(all(_affordable(claim, context, judge, parameters) for judge in judges)),
        lambda parameters: INTERVAL,
    )
    # Few sizes, which are small, may be described by no fit where mutants lead: support does not hang on those.
    far = [p for p in asked if ladder_at(claim, p).even]
    anchors, asked = [*anchors, *far], [p for p in asked if p not in far]
    chosen = [*anchors, *asked, *explored.adaptive([*anchors, *asked], ADAPTIVE)]
    corners = ADAPTIVE_CORNERS if guided(claim) else ADAPTIVE_CORNERS_UNGUIDED
    for judge in judges:
        chosen += [p for p in _worst_corners(claim, context, judge, explored.source, corners) if p not in chosen]
    return explored, anchors, asked, chosen


def _worst_corners(claim: Claim, context: Context, judge: Judge, source: Batches, count: int) -> list[Parameters]:
    """The ends of all ranges at which a statement looks worst at a moderate size."""

    def score(parameters: Parameters) -> float:
        return _score(claim, context, judge, at_size(parameters, ladder_of(claim, parameters)[1]))

    return sorted(source.corners(CORNERS), key=score, reverse=True)[:count]


def _affordable(claim: Claim, context: Context, judge: Judge, parameters: Parameters) -> bool:
    """Whether support there takes well below the most draws allowed, as far as a pilot can tell."""
    ladder = _ladder(claim, judge, parameters)
    rule = LimitRule(claim.margin, max(1, context.budget.scaling // ROUND), judge.statement.rel)
    track = LimitTrack(0, ladder, True)
    track.plan(limit_sampler(claim, context, judge, [parameters], [ladder]), rule)
    return not track.error and track.target <= rule.cap / AFFORDABLE


def teachers(claim: Claim) -> int:
    """Tasks that a draw of the claim's experiment is the mean of: one where designs cannot be shared."""
    return TEACHERS if experiment(claim.experiment).shares else 1


def together(stage: str, count: int = TEACHERS) -> str:
    """The stage's name where that many tasks share a design."""
    return f"{stage}/{count}" if count > 1 else stage


def _ladder(claim: Claim, judge: Judge, parameters: Parameters, largest: int = TOP) -> Ladder:
    found = ladder_at(claim, parameters, largest)
    return replace(found, scale=natural_scale(judge, at_size(parameters, found.sizes[-1])))


def limit_sampler(
    claim: Claim, context: Context, judge: Judge, settings: Sequence[Parameters], ladders: Sequence[Ladder]
) -> LimitSampler:
    """The oracle's draws of a statement's two sides at the realised ratios of each size, a round in a block.

    A draw is the mean over the teachers and the noise of `TEACHERS` tasks on one design:
    those vary more than the design does, and cost less.
    """
    tasks = teachers(claim)

    def draw(
        setting: int, size: int, stage: str, start: int, count: int, *, method: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        ladder = ladders[setting]
        parameters = at_size(settings[setting], ladder.sizes[size])
        step = (ladder if method == 0 else ladder.confirming).rounds[size]
        # What confirms a refutation solves designs that are drawn.
        engine = oracle_at(claim, parameters) if method == 0 else SOLVER
        found = [
            rows
            for first in range(start, start + count, step)
            for rows in draw_rows(
                claim, context, parameters, engine, together(stage, tasks), first, step, method=method
            )
        ]
        parts = [judge.samples(rows) for rows in found]
        lhs, rhs = (np.concatenate([part[side] for part in parts]) for side in (0, 1))
        place = {"setting": setting, "size": size, "stage": stage, "method": method, "start": start}
        context.trail.look(found, judge.told(lhs, rhs), **place)
        lhs, rhs = lhs.reshape(count, tasks), rhs.reshape(count, tasks)
        return lhs.mean(axis=1), rhs.mean(axis=1)

    return draw


def _score(claim: Claim, context: Context, judge: Judge, parameters: Parameters) -> float:
    """How bad a setting looks at a small size: its relative error, or violation, that of finite size included."""
    lhs, rhs = judge.samples(exploratory(claim, context, parameters))
    unit = max(abs(float(rhs.mean())), natural_scale(judge, parameters) / 10)
    size = float(violations(np.array((lhs - rhs).mean()), judge.statement.rel)) / unit
    return max(-1e6, min(size, 1e6)) if math.isfinite(size) else 0.0


def _trained(
    claim: Claim,
    context: Context,
    number: int,
    judge: Judge,
    anchors: Sequence[Parameters],
    ladders: Sequence[Ladder],
    solved: LimitDecision,
) -> MeanDecision:
    """Real trainings at the smallest sizes of the cheapest anchors: the error there is what the oracle's draws say."""
    quantifier = claim.quantifier
    assert isinstance(quantifier, Limit)
    sound = [i for i in range(len(anchors)) if not solved.settings[i].error and solved.settings[i].sizes]
    cost = {i: float(ladders[i].sizes[0]) * int(at_size(anchors[i], ladders[i].sizes[0])["n"]) for i in sound}
    cheap = sorted(sound, key=lambda i: cost[i])[: context.budget.end_to_end]
    feet = [at_size(anchors[i], ladders[i].sizes[0]) for i in cheap]
    shifts = [solved.settings[i].sizes[0].error * solved.settings[i].unit for i in cheap]
    sample = mean_sampler(claim, context, judge, feet, experiment(claim.experiment).engines[0])

    def shifted(setting: int, stage: str, start: int, count: int, *, method: int = 0) -> tuple[np.ndarray, np.ndarray]:
        lhs, rhs = sample(setting, stage, start, count, method=method)
        return lhs, rhs + shifts[setting]

    marks = [Anchor(natural_scale(judge, p)) for p in feet]
    wanted, cap = quantifier.end_to_end, context.budget.trainings
    facts = {**mean_facts(marks, len(marks)), "relation": "==", "shifts": shifts, "tolerance": wanted, "cap": cap}
    with context.trail.decision("mean", "end_to_end", number, judge.statement, **facts) as trail:
        found = decide_mean(shifted, marks, tolerance=wanted, cap=cap)
        trail.concludes(found)
    return found


def _conclude(
    claim: Claim,
    context: Context,
    judges: Sequence[Judge],
    explored: Explored,
    settings: Sequence[Parameters],
    parts: Sequence[tuple[LimitDecision, MeanDecision]],
    trainings: Link,
) -> Evidence:
    number, (solved, trained) = min(enumerate(parts), key=lambda part: _ORDER.index(part[1][0].status))
    end_status = combine(end.status for _, end in parts)
    flags = {flag for part, end in parts for flag in (*part.flags, *end.flags)}
    status, why, contradictions = agreement(
        combine(part.status for part, _ in parts), trainings, end_status, context.lost
    )
    shown = solved.worst if solved.worst is not None else 0
    finding = solved.settings[shown] if solved.settings else None
    worst = _observation(context, claim, judges[number], number, settings[shown], solved)
    simplest = None
    if status == "refuted":
        simplest = _simplest(context, claim, judges[number], number, explored, settings[shown]) or worst
    estimate, interval = solved.estimate, solved.interval
    if status == "refuted" and finding is not None:
        estimate, interval = finding.estimate, finding.interval
    trained_count = sum(end.draws for _, end in parts)
    return Evidence(
        status,
        "limit",
        claim.margin,
        str(judges[number].statement.lhs),
        settings=len(settings),
        trainings=trainings.trainings + trained_count,
        links={
            "A": trainings,
            "B": Link(
                solved.status,
                draws=sum(part.draws for part, _ in parts),
                worst=solved.estimate,
                interval=solved.interval,
            ),
            "end_to_end": Link(
                end_status,
                trainings=trained_count,
                worst=trained.estimate,
                interval=trained.interval,
                evidence=trained.log_evidence,
            ),
        },
        estimate=estimate,
        interval=interval,
        smallest_error_seen=max(part.smallest_error_seen or 0.0 for part, _ in parts),
        worst=worst,
        simplest=simplest,
        flags=tuple(sorted(flags | contradictions)),
        detail=why or solved.detail,
        needed=solved.needed,
        sizes=finding.sizes if finding is not None else (),
    )


def _simplest(
    context: Context, claim: Claim, judge: Judge, number: int, explored: Explored, start: Parameters
) -> Observation | None:
    """The simplest setting at which few draws on a short ladder refute the statement; None if not at the start."""

    def decide(parameters: Parameters) -> LimitDecision:
        ladders = [_ladder(claim, judge, parameters, SHRINK_LARGEST)]
        return decide_limit(
            limit_sampler(claim, context, judge, [parameters], ladders),
            ladders,
            tolerance=claim.margin,
            cap=SHRINK_DRAWS,
            relation=judge.statement.rel,
        )

    def fails(batch: tuple[Parameters, ...]) -> tuple[float, list[int]]:
        return 0.0, [0] if decide(batch[0]).status == "refuted" else []

    found = shrink(explored.source, fails, start, seed=context.seed, calls=SHRINK_STEPS)
    return None if found is None else _observation(context, claim, judge, number, found, decide(found))


def _observation(
    context: Context, claim: Claim, judge: Judge, number: int, parameters: Parameters, solved: LimitDecision
) -> Observation | None:
    """Both sides in the limit, at the largest size's realised ratio; the id replays the first draw there."""
    if solved.worst is None or not solved.settings[solved.worst].sizes:
        return None
    finding = solved.settings[solved.worst]
    top = at_size(parameters, finding.sizes[-1].d)
    rows = draw_rows(claim, context, top, oracle_at(claim, top), together("confirm", teachers(claim)), 0, ROUND)[0]
    predicted = float(judge.samples(rows)[1].mean())
    low, high = finding.interval
    return Observation(
        rows.block.settings[0],
        context.identify(rows, 0),
        number,
        predicted,
        predicted + finding.estimate * finding.unit,
        (high - low) / 2 * finding.unit,
        finding.estimate,
    )
