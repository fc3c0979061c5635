"""A claim about each trained network: explore, judge with certified bounds, confirm what fails."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ftproofs.check.context import Context, by_shape
from ftproofs.check.judge import Gaps, Judge
from ftproofs.check.links import against_oracle, solver_draws
from ftproofs.check.trail import told
from ftproofs.claim import Claim, Rows
from ftproofs.decision import EachDecision, combine, decide_each
from ftproofs.names import Value, experiment, scale_names
from ftproofs.numeric.sampling import Batches, Outcome, Values, batches, explore, shrink
from ftproofs.settings import Block
from ftproofs.symbolic.acceptance import acceptor
from ftproofs.verdict import Evidence, Link, Observation

#: Fresh data sets at a counterexample's parameters, trained by the second method; more if the first ones agree.
FRESH = (4, 60)

#: For so many settings that are drawn one corner of the domain is examined too: draws hardly ever come near those.
SETTINGS_PER_CORNER = 4

#: Statuses of networks that reached a limit.
LIMITS = frozenset({"ok", "saddle"})


@dataclass(frozen=True)
class Look:
    """A block's rows with every statement's gaps on them."""

    rows: Rows
    gaps: tuple[Gaps, ...]

    def excess(self, tolerance: float) -> np.ndarray:
        """By how much each case's certain violation exceeds the tolerance, worst statement; shape (case,)."""
        worst = np.stack([g.gap - g.half_width for g in self.gaps]).max(axis=0, initial=-math.inf)
        return np.nan_to_num(worst, nan=-math.inf) - tolerance

    def settled(self, tolerance: float) -> bool:
        """Whether every case certainly satisfies every statement."""
        return (
            all(bool((g.gap + g.half_width <= tolerance).all()) for g in self.gaps) and set(self.rows.status) <= LIMITS
        )


def look(judges: Sequence[Judge], rows: Rows) -> Look:
    """Every statement judged on the rows."""
    return Look(rows, tuple(judge.each(rows) for judge in judges))


def check_each(claim: Claim, context: Context) -> Evidence:
    """The experiment leg of a claim whose quantifier is each."""
    judges = [Judge(statement) for statement in claim.statements]
    spec = experiment(claim.experiment)
    looks: list[Look] = []
    examples = -(-context.budget.settings // context.budget.batch)

    def examine(batch: tuple[dict[str, Value], ...]) -> tuple[float, list[int]]:
        block = context.block(claim.experiment, batch, engine=spec.engines[0], stage="explore")
        found = look(judges, context.rows(block))
        looks.append(found)
        context.progress(claim.id, min(len(looks), examples), examples)
        excess = found.excess(claim.margin)
        return float(np.clip(excess.max(), -1e6, 1e6)), [int(i) for i in np.flatnonzero(excess > 0)]

    strategy = batches(claim.domain, claim.experiment, acceptor(claim.domain), size=context.budget.batch)
    exploration = explore(strategy, examine, seed=context.seed, examples=examples, shrink_calls=context.budget.shrink)
    minimal = exploration.minimal[0] if exploration.minimal else None
    flags: set[str] = set()
    if minimal is None:
        # What failed only in company of others is judged with its batch, not again alone.
        del looks[len(exploration.batches) :]
        minimal, unsettled = _at_corners(claim, context, strategy, examine, looks)
        flags = {"undecided-corner"} if unsettled else set()
    explored = looks
    decisions = [_decide(claim, context, explored, number) for number in range(len(judges))]
    status = combine(decision.status for decision in decisions)
    least = min(range(len(judges)), key=lambda i: _ORDER.index(decisions[i].status))
    worst = _observe(context, explored, least, decisions[least].worst)
    flags |= {flag for x in explored for flag in x.rows.flags} | {f for d in decisions for f in d.flags}
    simplest: Observation | None = None
    detail = ""
    if status == "refuted":
        simplest, worst, confirmed = _confirm(claim, context, judges, looks, minimal, worst)
        if not confirmed:
            status, detail = "undecided", "a violation was seen but not confirmed by a second method"
            flags.add("disagreement")
    links = {
        "end_to_end": Link(
            status,
            trainings=sum(len(x.rows.block) for x in explored),
            worst=decisions[least].gap,
            bound=decisions[least].half_width,
        )
    }
    if status != "refuted":
        links["A"] = against_oracle(context, [x.rows for x in explored], claim.margin)
        links["B"] = solver_draws(claim, context, judges, [x.rows for x in explored])
        failed = [name for name in ("A", "B") if links[name].status not in ("certified", "none")]
        if status == "certified" and failed:
            status, detail = "undecided", f"link {' and '.join(failed)} did not pass"
            if any(links[name].status == "refuted" for name in failed):
                detail = "training, oracle and statement do not agree with one another"
                flags.add("disagreement")
    if status == "undecided" and not detail:
        detail = _missing(explored)
    if status == "error":
        where = f"at setting id {worst.id}" if worst is not None else "at some setting"
        detail = context.lost or f"the statement has no real value {where}"
    return Evidence(
        status,
        "each",
        claim.margin,
        _scale(claim),
        settings=sum(len(x.rows.block) for x in explored),
        trainings=sum(len(x.rows.block) for x in explored),
        links=links,
        estimate=decisions[least].gap,
        smallest_error_seen=max((d.smallest_error_seen or 0.0) for d in decisions),
        worst=worst,
        simplest=simplest,
        flags=tuple(sorted(flags)),
        detail=detail,
    )


def _decide(claim: Claim, context: Context, explored: Sequence[Look], number: int) -> EachDecision:
    """One statement on all that was explored."""
    sides = [told(statement) for statement in claim.statements]
    with context.trail.decision("each", "end_to_end", number, tolerance=claim.margin, statements=sides) as trail:
        for found in explored:
            context.trail.gaps(found.rows, found.gaps[number], setting=number, stage="explore")
        decision = decide_each(
            np.concatenate([x.gaps[number].gap for x in explored]),
            np.concatenate([x.gaps[number].half_width for x in explored]),
            claim.margin,
            [status for x in explored for status in x.rows.status],
        )
        trail.concludes(decision)
    return decision


_ORDER = ("refuted", "error", "undecided", "none", "supported", "certified")


def _at_corners(
    claim: Claim,
    context: Context,
    source: Batches,
    examine: Callable[[tuple[Values, ...]], Outcome],
    looks: list[Look],
) -> tuple[Values | None, bool]:
    """Examine corners of the domain too; their looks follow the others.

    Returns the simplest failing setting reached from a corner that fails, if any does, and
    whether some corner decides nothing (0/0 where the start is the target, say).  The look
    of such a corner is taken away again: it is no evidence, and no draw came near it.
    """
    failing: list[Values] = []
    unsettled = False
    for group in by_shape(source.corners(max(1, context.budget.settings // SETTINGS_PER_CORNER))):
        examine(tuple(group))
        if looks[-1].settled(claim.margin):
            continue
        # One of them is in question: then each is looked at by itself.
        looks.pop()
        for corner in group:
            if examine((corner,))[1]:
                failing.append(corner)
            elif not looks[-1].settled(claim.margin):
                looks.pop()
                unsettled = True
    if not failing:
        return None, unsettled
    start = min(failing, key=source.complexity)
    return shrink(source, examine, start, seed=context.seed, calls=context.budget.shrink), unsettled


def _observe(context: Context, looks: Sequence[Look], statement: int, case: int | None) -> Observation | None:
    """The observation at the case of that running number."""
    if case is None:
        return None
    for found in looks:
        if case < len(found.rows.block):
            return _observation(context, found, statement, case)
        case -= len(found.rows.block)
    raise IndexError(case)


def _observation(context: Context, found: Look, statement: int, case: int) -> Observation:
    gaps = found.gaps[statement]
    return Observation(
        found.rows.block.settings[case],
        context.identify(found.rows, case),
        statement,
        float(gaps.predicted[case]),
        float(gaps.observed[case]),
        float(gaps.half_width[case] * gaps.unit[case]),
        float(gaps.gap[case]),
    )


def _confirm(
    claim: Claim,
    context: Context,
    judges: Sequence[Judge],
    looks: Sequence[Look],
    minimal: dict[str, Value] | None,
    worst: Observation | None,
) -> tuple[Observation | None, Observation | None, bool]:
    """The simplest and the worst counterexample that a second method confirms.

    The same data are trained by another engine or implementation, and so are fresh
    data at the same parameters; the violation must show in both.
    """
    failing: list[tuple[Look, int]] = [
        (found, int(case)) for found in looks for case in np.flatnonzero(found.excess(claim.margin) > 0)
    ]
    simple = [
        (found, case)
        for found, case in failing
        if len(found.rows.block) == 1 and found.rows.block.settings[0].parameters == minimal
    ]
    candidates = [*simple, *[item for item in failing if worst and _is(item, worst)], *failing[:3]]
    confirmed = []
    sides = [told(statement) for statement in claim.statements]
    with context.trail.decision("confirm", "end_to_end", tolerance=claim.margin, statements=sides):
        for place, item in enumerate(candidates):
            if _repeats(claim, context, judges, place, *item):
                confirmed.append(item)
    if not confirmed:
        return None, worst, False
    simplest = _worst_statement(context, confirmed[0], claim.margin)
    if worst is None or not any(_is(item, worst) for item in confirmed):
        worst = simplest
    return simplest, worst, True


def _is(item: tuple[Look, int], observation: Observation) -> bool:
    found, case = item
    return found.rows.block.settings[case] == observation.setting


def _worst_statement(context: Context, item: tuple[Look, int], tolerance: float) -> Observation:
    found, case = item
    excess = [np.nan_to_num(g.gap[case] - g.half_width[case], nan=-math.inf) for g in found.gaps]
    return _observation(context, found, int(np.argmax(excess)), case)


def _repeats(claim: Claim, context: Context, judges: Sequence[Judge], place: int, found: Look, case: int) -> bool:
    setting = found.rows.block.settings[case]
    engine, method = second_method(claim.experiment, setting.parameters)
    same = context.block(
        claim.experiment, [setting.parameters], engine=engine, stage="explore", start=setting.index, method=method
    )
    if _watched(context, judges, same, place).excess(claim.margin).max() <= 0:
        return False
    start = 0
    for count in FRESH:
        fresh = context.block(
            claim.experiment,
            [setting.parameters] * count,
            engine=engine,
            stage="confirm",
            start=start,
            method=method,
        )
        if _watched(context, judges, fresh, place).excess(claim.margin).max() > 0:
            return True
        start += count
    return False


def _watched(context: Context, judges: Sequence[Judge], block: Block, place: int) -> Look:
    """Every statement judged on the rows of a candidate of that number."""
    found = look(judges, context.rows(block))
    for number, gaps in enumerate(found.gaps):
        stage = block.settings[0].stage
        context.trail.gaps(found.rows, gaps, setting=place, size=number, stage=stage, method=block.method)
    return found


def second_method(name: str, parameters: dict[str, Value]) -> tuple[str, int]:
    """The engine and implementation that confirm a finding of the default engine."""
    engines = experiment(name).engines
    if "reduced" in engines:
        return "reduced", 0
    return engines[0], 1


def _missing(looks: Sequence[Look]) -> str:
    statuses = [status for x in looks for status in x.rows.status if status not in LIMITS]
    if statuses:
        return f"{len(statuses)} of {sum(len(x.rows.block) for x in looks)} networks ended {statuses[0]}"
    return "some bounds are not below the tolerance"


def _scale(claim: Claim) -> str:
    names = getattr(claim.statements[0].lhs, "name", None)
    factors = scale_names(names) if isinstance(names, str) else ()
    return " * ".join(name if exponent == 1 else f"{name}**{exponent}" for name, exponent in factors) or "1"
