"""A claim about means over data: explore with cheap draws, decide on fresh ones, train for real.

Link A compares trained networks with the oracle, link B the oracle's draws with
the statement, and the end-to-end link real trainings with the statement at
moderate size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ftproofs.check.anchors import E_VALUES, candidates, complement, pick
from ftproofs.check.context import Context
from ftproofs.check.draws import (
    CORNERS,
    EXPLORATORY,
    Explored,
    Parameters,
    agreement,
    cap_of,
    engine_at,
    exploratory,
    explore_settings,
    link_a,
    mean_facts,
    mean_sampler,
    natural_scale,
    to_plan_with,
)
from ftproofs.check.judge import Judge
from ftproofs.check.links import engine_of_draws
from ftproofs.claim import Claim, Mean
from ftproofs.decision import ALPHA, Anchor, MeanDecision, combine, decide_mean, refuse_infinite_variance, violations
from ftproofs.decision.draws import MISS, room_of
from ftproofs.names import degrees, experiment
from ftproofs.numeric.experiments import LAW
from ftproofs.numeric.sampling import shrink
from ftproofs.numeric.statistics import BLOCK, planned_draws, relative_error
from ftproofs.verdict import Evidence, ExperimentStatus, Link, Observation

#: Settings chosen because exploration made them look bad.
ADAPTIVE = 2

#: A supporting anchor may plan for at most this part of the draws allowed: plans come from few draws.
AFFORDABLE = 2

#: Up to so many degrees of freedom of an inverse chi-square an average is too skewed for a normal interval.
HEAVY = 10

#: Where draws come from the law of the design they are planned for errors smaller than the tolerance by this factor:
#: they cost little, and wrong formulas that are barely wrong are refuted.
FINER = math.sqrt(2)

#: A setting too noisy for support, at which wrong formulas may still be refuted, takes so many times the draws
#: allowed.
NOISY = 4

#: A heavy tail takes draws that no pilot can plan: only errors larger by this factor are counted on there.
UNPLANNED = 5.0

#: Settings tried on the way to a simpler counterexample, and draws for each at most.
SHRINK_STEPS = 20
SHRINK_DRAWS = 4096


@dataclass(frozen=True)
class Chosen:
    """The settings that decide: anchors, of which the ``light`` ones support, then those that exploration adds.

    The ``noisy`` anchors are those at which support would take too many draws; others that do not support have heavy
    tails.
    """

    explored: Explored
    anchors: list[Parameters]
    light: list[Parameters]
    noisy: list[Parameters]

    @property
    def settings(self) -> list[Parameters]:
        """All of them, anchors first."""
        return [*self.anchors, *self.explored.adaptive(self.anchors, ADAPTIVE)]


def check_mean(claim: Claim, context: Context) -> Evidence:
    """The experiment leg of a claim whose quantifier is mean.

    Raises:
        UsageError: FT213 when the domain has settings of infinite variance.
    """
    assert isinstance(claim.quantifier, Mean)
    judges = [Judge(statement) for statement in claim.statements]
    budget = context.budget
    chosen = choose(claim, context, judges)
    anchors, settings, cap = chosen.anchors, chosen.settings, cap_of(claim, context, budget.draws)

    def mark(judge: Judge, parameters: Parameters) -> Anchor:
        most = _most(claim, parameters, cap) if parameters in chosen.noisy else None
        supports, finer = parameters in chosen.light, _finer(claim, parameters)
        return Anchor(natural_scale(judge, parameters), supports=supports, finer=finer, most=most)

    parts: list[tuple[MeanDecision, MeanDecision]] = []
    for number, judge in enumerate(judges):
        marks = [mark(judge, parameters) for parameters in settings]
        rule = {"tolerance": claim.margin, "cap": cap, **mean_facts(marks, len(anchors))}
        with context.trail.decision("mean", "B", number, judge.statement, **rule) as trail:
            solved = decide_mean(
                mean_sampler(claim, context, judge, settings, engine_of_draws(claim)),
                marks[: len(anchors)],
                marks[len(anchors) :],
                tolerance=claim.margin,
                cap=cap,
                relation=judge.statement.rel,
            )
            trail.concludes(solved)
        context.progress(claim.id, budget.explored + number + 1, 2 * budget.explored)
        cheap = _cheapest(solved, anchors, chosen.light, budget.end_to_end)
        marks = [Anchor(natural_scale(judge, p), supports=p in chosen.light) for p in cheap]
        rule = {"tolerance": claim.quantifier.end_to_end, "cap": budget.trainings, **mean_facts(marks, len(marks))}
        with context.trail.decision("mean", "end_to_end", number, judge.statement, **rule) as trail:
            trained = decide_mean(
                mean_sampler(claim, context, judge, cheap, experiment(claim.experiment).engines[0]),
                marks,
                tolerance=claim.quantifier.end_to_end,
                cap=budget.trainings,
                relation=judge.statement.rel,
            )
            trail.concludes(trained)
        parts.append((solved, trained))
    return _conclude(claim, context, judges, chosen.explored, settings, parts, link_a(claim, context, anchors))


def choose(claim: Claim, context: Context, judges: Sequence[Judge]) -> Chosen:
    """What was explored, and the settings that decide.

    Raises:
        UsageError: FT213 as `check_mean`.
    """
    budget = context.budget

    def score(parameters: Parameters) -> float:
        return max(_score(claim, context, judge, parameters) for judge in judges)

    explored = explore_settings(claim, context, claim.domain, score, steps=2 * budget.explored, corners=CORNERS)
    names = {name for judge in judges for name in judge.measurements}
    refuse_infinite_variance(explored.settings, names, claim.experiment)
    # Anchors are where wrong formulas differ most from this one, whatever draws looked like there.
    pool = candidates(claim, context, explored.source)
    refuse_infinite_variance([candidate.parameters for candidate in pool], names, claim.experiment)
    cap = cap_of(claim, context, budget.draws)
    affordable = cap / AFFORDABLE

    def is_heavy(parameters: Parameters) -> bool:
        return heavy_tailed(claim, judges, parameters)

    def planned(parameters: Parameters) -> float:
        return _planned(claim, context, judges, parameters)

    def share(parameters: Parameters) -> float:
        """Of the draws planned: where support takes too many, a refutation has as many as there may be."""
        draws = 0.0 if is_heavy(parameters) else planned(parameters)
        return 1.0 if draws <= affordable else min(1.0, _most(claim, parameters, cap) / draws)

    def needed(parameters: Parameters) -> float:
        return E_VALUES * (UNPLANNED if is_heavy(parameters) else 1 / _finer(claim, parameters)) ** 2

    light = (
        pick([c for c in pool if not is_heavy(c.parameters)], budget.anchors, lambda p: planned(p) <= affordable)
        or [p for p in explored.settings if not is_heavy(p)][: budget.anchors]
    )
    anchors = light + pick([c for c in pool if is_heavy(c.parameters)], budget.anchors // 2)
    more = complement(claim, context, explored.source, anchors, budget.anchors, share, needed)
    noisy = [p for p in more if not is_heavy(p) and planned(p) > affordable]
    light = light + [p for p in more if p not in noisy and not is_heavy(p)]
    return Chosen(explored, anchors + more, light, noisy)


def heavy_tailed(claim: Claim, judges: Sequence[Judge], parameters: Parameters) -> bool:
    """Whether a statement's law has too heavy a tail here for a normal interval."""
    least = degrees({name for judge in judges for name in judge.measurements}, parameters, claim.experiment)
    return least is not None and least <= HEAVY


def _finer(claim: Claim, parameters: Parameters) -> float:
    return FINER if engine_at(claim, parameters) == LAW else 1.0


def _most(claim: Claim, parameters: Parameters, cap: int) -> int:
    """The draws of a setting that is too noisy for support."""
    return cap * (NOISY if engine_at(claim, parameters) == LAW else 1)


def _planned(claim: Claim, context: Context, judges: Sequence[Judge], parameters: Parameters) -> float:
    """The draws that support takes there, as far as a few draws can tell."""
    rows = to_plan_with(claim, context, parameters)
    found = 0.0
    for judge in judges:
        lhs, rhs = (np.concatenate(sides) for sides in zip(*(judge.samples(part) for part in rows), strict=True))
        pilot = relative_error(lhs, rhs, natural_scale(judge, parameters))
        margin = claim.margin + room_of(pilot.estimate, pilot.standard_error, judge.statement.rel, claim.margin)
        draws = planned_draws(pilot.spread * _finer(claim, parameters), margin, ALPHA, MISS)
        found = max(found, math.inf if math.isnan(draws) else draws)
    return found


def _score(claim: Claim, context: Context, judge: Judge, parameters: Parameters) -> float:
    """How bad a setting looks on a few draws: the size of its t statistic, of an inequality that of its violation."""
    lhs, rhs = judge.samples(exploratory(claim, context, parameters))
    differences = lhs - rhs
    spread = float(differences.std(ddof=1)) / math.sqrt(EXPLORATORY)
    size = float(violations(np.array(differences.mean()), judge.statement.rel))
    if not math.isfinite(size + spread):
        return 0.0
    if spread > 0:
        return max(-1e6, min(size / spread, 1e6))
    return 0.0 if abs(size) < 1e-9 else math.copysign(1e6, size)


def _cheapest(
    solved: MeanDecision, anchors: Sequence[Parameters], light: Sequence[Parameters], count: int
) -> list[Parameters]:
    """The supporting anchors that cost least to train at: few draws are needed, of small networks."""
    ranked = sorted(
        (finding.spread**2 * int(anchors[number]["n"]) * int(anchors[number]["d"]), number)
        for number, finding in enumerate(solved.settings[: len(anchors)])
        if anchors[number] in light and not finding.error
    )
    return [anchors[number] for _, number in ranked[:count]] or list(anchors[:count])


def _conclude(
    claim: Claim,
    context: Context,
    judges: Sequence[Judge],
    explored: Explored,
    settings: Sequence[Parameters],
    parts: Sequence[tuple[MeanDecision, MeanDecision]],
    trainings: Link,
) -> Evidence:
    """One status from link A, link B and the end-to-end link.

    Refuted if link B refutes or real trainings do; supported only if A is certified,
    B is supported and the trainings do not refute.
    """
    order = ("refuted", "error", "undecided", "none", "supported", "certified")
    number, (solved, trained) = min(enumerate(parts), key=lambda part: order.index(part[1][0].status))
    ends = [end for _, end in parts]
    end_status = combine(end.status for end in ends)
    status = combine(part.status for part, _ in parts)
    flags = {flag for part, end in parts for flag in (*part.flags, *end.flags)}
    status, why, contradictions = agreement(status, trainings, end_status, context.lost)
    flags |= contradictions
    worst = _observation(context, claim, judges[number], number, settings, solved)
    simplest = None
    if status == "refuted" and solved.worst is not None:
        simplest = _simplest(context, claim, judges[number], number, explored, settings[solved.worst]) or worst
    estimate, interval = solved.estimate, solved.interval
    if status == "refuted" and solved.worst is not None:
        estimate, interval = solved.settings[solved.worst].estimate, solved.settings[solved.worst].interval
    return Evidence(
        status,
        "mean",
        claim.margin,
        str(judges[number].statement.lhs),
        settings=len(settings),
        trainings=trainings.trainings + sum(end.draws for end in ends),
        links={
            "A": trainings,
            "B": _link(solved, draws=sum(part.draws for part, _ in parts)),
            "end_to_end": _link(trained, trainings=sum(end.draws for end in ends), status=end_status),
        },
        estimate=estimate,
        interval=interval,
        smallest_error_seen=max(part.smallest_error_seen or 0.0 for part, _ in parts),
        worst=worst,
        simplest=simplest,
        flags=tuple(sorted(flags)),
        detail=why or solved.detail,
        needed=solved.needed,
    )


def _simplest(
    context: Context, claim: Claim, judge: Judge, number: int, explored: Explored, start: Parameters
) -> Observation | None:
    """The simplest setting at which the statement is refuted by itself, on fresh draws; None if not at the start."""

    def decide(parameters: Parameters) -> MeanDecision:
        draws = mean_sampler(claim, context, judge, [parameters], engine_of_draws(claim))
        return decide_mean(
            draws,
            [Anchor(natural_scale(judge, parameters), supports=not heavy_tailed(claim, [judge], parameters))],
            tolerance=claim.margin,
            cap=cap_of(claim, context, min(SHRINK_DRAWS, context.budget.draws)),
            relation=judge.statement.rel,
        )

    def fails(batch: tuple[Parameters, ...]) -> tuple[float, list[int]]:
        return 0.0, [0] if decide(batch[0]).status == "refuted" else []

    found = shrink(explored.source, fails, start, seed=context.seed, calls=SHRINK_STEPS)
    return None if found is None else _observation(context, claim, judge, number, [found], decide(found))


def _link(part: MeanDecision, *, draws: int = 0, trainings: int = 0, status: ExperimentStatus | None = None) -> Link:
    return Link(
        status or part.status,
        trainings=trainings,
        draws=draws,
        worst=part.estimate,
        interval=part.interval,
        evidence=part.log_evidence,
    )


def _observation(
    context: Context,
    claim: Claim,
    judge: Judge,
    number: int,
    settings: Sequence[Parameters],
    solved: MeanDecision,
) -> Observation | None:
    """The means of both sides at the setting to show; its id replays the first block drawn there."""
    if solved.worst is None:
        return None
    finding = solved.settings[solved.worst]
    block = context.block(
        claim.experiment, [settings[solved.worst]] * BLOCK, engine=engine_of_draws(claim), stage="confirm"
    )
    rows = context.draws(block)
    predicted = float(judge.samples(rows)[1].mean())
    unit = max(abs(predicted), natural_scale(judge, settings[solved.worst]) / 10)
    low, high = finding.interval
    return Observation(
        block.settings[0],
        context.identify(rows, 0),
        number,
        predicted,
        predicted + finding.estimate * unit,
        (high - low) / 2 * unit,
        finding.estimate,
    )
