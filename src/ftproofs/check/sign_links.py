"""The links of a claim about a sign: the oracle's draws decide it, and real trainings agree with them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ftproofs.check.context import Context
from ftproofs.check.draws import Parameters, cap_of, mean_facts, mean_sampler, natural_scale
from ftproofs.check.judge import Judge
from ftproofs.check.limit import limit_sampler, teachers
from ftproofs.check.links import engine_of_draws
from ftproofs.check.sides import Mark, Sides
from ftproofs.check.sizes import at_size, exact_ladder
from ftproofs.claim import Claim, Limit
from ftproofs.decision import (
    Anchor,
    Ladder,
    MeanDecision,
    SignDecision,
    SignLimitDecision,
    SignSampler,
    decide_mean,
    decide_sign,
    decide_sign_limit,
)
from ftproofs.names import experiment
from ftproofs.verdict import Link


def solve(
    claim: Claim,
    context: Context,
    judge: Judge,
    marks: Sequence[Mark],
    anchors: int,
    cap: int | None = None,
    number: int = 0,
    crossed: bool = True,
) -> SignDecision:
    """Link B: the signs of the oracle's draws, of the statement of that number.

    ``crossed`` is for the trail: whether some settings lie on both sides of a boundary.
    """
    settings = [mark.parameters for mark in marks]
    signs = [mark.side for mark in marks]
    scales = [natural_scale(judge, p) for p in settings]
    facts: dict[str, object] = {"sides": signs, "anchors": anchors, "crossed": crossed, "scales": scales}
    found: SignDecision
    if not isinstance(claim.quantifier, Limit):
        draws = _values(claim, context, judge, settings, engine_of_draws(claim))
        most = cap_of(claim, context, cap or context.budget.draws)
        with context.trail.decision("sign", "B", number, judge.statement, **facts, cap=most) as trail:
            found = decide_sign(draws, signs[:anchors], signs[anchors:], cap=most)
            trail.concludes(found)
        return found
    ladders = [Ladder(exact_ladder(claim, p), 1.0) for p in settings]
    pairs = list(zip(signs, ladders, strict=True))
    sampler = limit_sampler(claim, context, judge, settings, ladders)
    most = cap or context.budget.scaling
    facts |= {"cap": most, "ladders": [ladder.sizes for ladder in ladders], "tasks": teachers(claim)}
    with context.trail.decision("sign-limit", "B", number, judge.statement, **facts) as trail:
        found = decide_sign_limit(sampler, pairs[:anchors], pairs[anchors:], cap=most)
        trail.concludes(found)
    return found


def _values(claim: Claim, context: Context, judge: Judge, settings: Sequence[Parameters], engine: str) -> SignSampler:
    both = mean_sampler(claim, context, judge, settings, engine)

    def draw(setting: int, stage: str, start: int, count: int, *, method: int = 0) -> np.ndarray:
        return both(setting, stage, start, count, method=method)[0]

    return draw


def train(claim: Claim, context: Context, judge: Judge, sides: Sides, solved: SignDecision, number: int = 0) -> Link:
    """End to end: real trainings where they tell most for what they cost, on either side."""
    near = {place for _, below, above in sides.lines for place in (below, above)}
    chosen = []
    for side in (-1, 1):
        sound = [
            i
            for i, mark in enumerate(sides.marks)
            if mark.side == side and not solved.settings[i].error and (i not in near or len(near) == len(sides.marks))
        ]
        sound.sort(key=lambda i: (_cost(sides.marks[i].parameters) / max(solved.settings[i].effect ** 2, 1e-12), i))
        chosen += sound[: context.budget.end_to_end]
    if isinstance(claim.quantifier, Limit):
        # Means at the foot of a ladder, whatever their sign: the cheapest say as much as the others.
        chosen = sorted(chosen, key=lambda i: _cost(sides.marks[i].parameters))[: context.budget.end_to_end]
    if not chosen:
        return Link("none")
    engine = experiment(claim.experiment).engines[0]
    settings = [sides.marks[i].parameters for i in chosen]
    if not isinstance(claim.quantifier, Limit):
        signs = [sides.marks[i].side for i in chosen]
        cap, facts = context.budget.trainings, {"sides": signs, "anchors": len(signs), "scales": [1] * len(signs)}
        with context.trail.decision("sign", "end_to_end", number, judge.statement, **facts, cap=cap) as trail:
            found = decide_sign(_values(claim, context, judge, settings, engine), signs, cap=cap)
            trail.concludes(found)
        finding = found.settings[found.worst] if found.worst is not None else None
        return Link(
            found.status,
            trainings=found.draws,
            worst=None if finding is None else finding.estimate,
            interval=None if finding is None else finding.interval,
            evidence=found.log_evidence,
        )
    assert isinstance(solved, SignLimitDecision)
    feet = [at_size(p, exact_ladder(claim, p)[0]) for p in settings]
    oracle = [sides.marks[i].side * solved.sizes[i][0].error for i in chosen]
    moved = _agreeing(claim, context, number, judge, feet, oracle, engine)
    return Link(
        moved.status, trainings=moved.draws, worst=moved.estimate, interval=moved.interval, evidence=moved.log_evidence
    )


def _cost(parameters: Parameters) -> float:
    return float(parameters["n"]) * float(parameters["d"])


def _agreeing(
    claim: Claim,
    context: Context,
    number: int,
    judge: Judge,
    feet: Sequence[Parameters],
    oracle: Sequence[float],
    engine: str,
) -> MeanDecision:
    """Whether the means of real trainings at the foot of a ladder are those of the oracle's draws."""
    quantifier = claim.quantifier
    assert isinstance(quantifier, Limit)
    sample = mean_sampler(claim, context, judge, feet, engine)

    def draw(setting: int, stage: str, start: int, count: int, *, method: int = 0) -> tuple[np.ndarray, np.ndarray]:
        lhs, _ = sample(setting, stage, start, count, method=method)
        return lhs, np.full(count, oracle[setting])

    # In units of the natural scale: a mean near 0 is not known to a share of itself.
    anchors = [Anchor(10 * natural_scale(judge, p)) for p in feet]
    wanted, cap = quantifier.end_to_end, context.budget.trainings
    facts = {**mean_facts(anchors, len(anchors)), "shifts": oracle, "tolerance": wanted, "cap": cap}
    with context.trail.decision("mean", "end_to_end", number, judge.statement, **facts) as trail:
        found = decide_mean(draw, anchors, tolerance=wanted, cap=cap)
        trail.concludes(found)
    return found
