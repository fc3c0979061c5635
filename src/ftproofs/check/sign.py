"""A claim about the sign of a mean or of its limit: both sides of a predicted boundary, and the crossing between.

Link B decides the signs on the oracle's draws, link A compares trained networks with the
oracle, and end to end real trainings must have the claimed signs away from the boundary
(limit: the mean at the smallest size that the oracle's draws have there).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sympy import Integer

from ftproofs.check.context import Context
from ftproofs.check.crossings import Line, far
from ftproofs.check.draws import (
    CORNERS,
    Explored,
    Parameters,
    agreement,
    draw_rows,
    explore_settings,
    link_a,
    natural_scale,
)
from ftproofs.check.judge import Judge
from ftproofs.check.links import engine_of_draws, refuse_untold_limit
from ftproofs.check.mean import SHRINK_DRAWS, SHRINK_STEPS, heavy_tailed
from ftproofs.check.sides import Mark, Sides, choose_sides, drawn
from ftproofs.check.sign_links import solve, train
from ftproofs.check.sign_study import WORST, Study
from ftproofs.check.sizes import at_size, exact_ladder
from ftproofs.claim import Claim, Limit, Statement
from ftproofs.decision import Ladder, SignDecision, SignLimitDecision, combine, refuse_infinite_variance
from ftproofs.numeric.sampling import shrink
from ftproofs.numeric.statistics import BLOCK
from ftproofs.symbolic.boundary import SignStatement
from ftproofs.verdict import Crossing, Evidence, Link, Observation

#: Settings explored, in units of what other claims explore: a boundary may be right here and wrong there.
EXPLORED = 3

#: Settings chosen because exploration made their sign look wrong.
ADAPTIVE = 2

_ORDER = ("refuted", "error", "undecided", "none", "supported", "certified")


@dataclass(frozen=True)
class _Part:
    """One statement: its judge, its settings with the signs claimed, and what was decided there."""

    number: int
    statement: SignStatement
    judge: Judge
    sides: Sides
    marks: tuple[Mark, ...]
    solved: SignDecision
    trained: Link


def check_sign(claim: Claim, context: Context, statements: Sequence[SignStatement]) -> Evidence:
    """The experiment leg of a claim about signs, whose quantifier is mean or limit.

    Raises:
        UsageError: FT213 settings of infinite variance (mean); FT210, FT215, FT218 as for a limit.
    """
    if isinstance(claim.quantifier, Limit):
        refuse_untold_limit(claim)
    study = Study.of(claim, context)
    judges = [Judge(Statement(statement.measured, "==", Integer(0))) for statement in statements]
    suspects: list[list[tuple[float, Line]]] = [[] for _ in statements]

    def score(setting: Parameters) -> float:
        parameters, worst = study.exact(setting), -WORST
        if study.limit or not heavy_tailed(claim, judges, parameters):
            for known, statement, judge in zip(suspects, statements, judges, strict=True):
                found = study.suspect(statement, judge, parameters)
                worst = max([worst, study.wrongness(statement, judge, parameters), *(wrong for wrong, _ in found)])
                known += found
        return worst

    examples = EXPLORED * context.budget.explored
    explored = explore_settings(
        claim, context, study.domain, score, steps=2 * examples, examples=examples, corners=CORNERS
    )
    pool = [study.exact(p) for p in (*explored.settings, *drawn(explored.source, context.seed))]
    if not study.limit:
        names = {name for judge in judges for name in judge.measurements}
        refuse_infinite_variance(explored.settings, names, claim.experiment)
        pool = [p for p in pool if not heavy_tailed(claim, judges, p)]
    parts = []
    for number, (statement, judge, seen) in enumerate(zip(statements, judges, suspects, strict=True)):
        worst = [line for _, line in sorted(seen, key=lambda pair: -pair[0])[:1]]
        parts.append(_decide(study, explored, pool, worst, number, statement, judge))
        context.progress(claim.id, examples + number + 1, 2 * examples)
    return _conclude(study, explored, parts)


def _decide(
    study: Study,
    explored: Explored,
    pool: Sequence[Parameters],
    suspects: Sequence[Line],
    number: int,
    statement: SignStatement,
    judge: Judge,
) -> _Part:
    claim, context = study.claim, study.context
    sides = choose_sides(
        statement,
        study.domain,
        study.accept,
        pool,
        lambda parameters: study.effect(judge, parameters),
        suspects,
        count=context.budget.anchors,
        margin=study.margin,
    )
    if not sides.marks:
        nothing = SignDecision("undecided", detail="no setting of the domain is farther than the margin from 0")
        return _Part(number, statement, judge, sides, (), nothing, Link("none"))
    bad = explored.adaptive([mark.parameters for mark in sides.marks], ADAPTIVE)
    adaptive = [Mark(p, statement.side(p)) for p in bad if far(statement, study.domain, p, study.margin)]
    marks = (*sides.marks, *adaptive)
    solved = solve(claim, context, judge, marks, len(sides.marks), number=number, crossed=bool(sides.lines))
    if solved.status == "supported" and not sides.lines:
        detail = "inside the domain no parameter of a setting crosses the predicted boundary; an inequality says more"
        solved = SignDecision("undecided", solved.worst, solved.settings, draws=solved.draws, detail=detail)
    trained = train(claim, context, judge, sides, solved, number)
    return _Part(number, statement, judge, sides, marks, solved, trained)


def _conclude(study: Study, explored: Explored, parts: Sequence[_Part]) -> Evidence:
    claim, context = study.claim, study.context
    part = min(parts, key=lambda part: _ORDER.index(part.solved.status))
    end_status = combine(p.trained.status for p in parts if p.trained.status != "none") if parts else "none"
    anchors = [mark.parameters for p in parts for mark in p.sides.marks]
    limit = isinstance(claim.quantifier, Limit)
    compared = [at_size(p, exact_ladder(claim, p)[0]) for p in anchors] if limit else anchors
    trainings = link_a(claim, context, compared) if compared else Link("none")
    status = combine(p.solved.status for p in parts)
    status, why, contradictions = agreement(status, trainings, end_status, context.lost)
    flags = {flag for p in parts for flag in p.solved.flags} | contradictions
    worst = _observation(claim, context, part, part.solved, part.marks)
    simplest = None
    if status == "refuted":
        simplest = _simplest(study, explored, part) or worst
    estimate = interval = None
    if part.solved.worst is not None and part.marks:
        finding, unit = part.solved.settings[part.solved.worst], _unit(part, part.solved.worst)
        estimate = finding.estimate / unit
        interval = (finding.interval[0] / unit, finding.interval[1] / unit)
    sizes = part.solved.sizes if isinstance(part.solved, SignLimitDecision) else ()
    return Evidence(
        status,
        claim.quantifier.name,
        study.margin,
        str(part.statement.measured),
        settings=sum(len(p.marks) for p in parts),
        trainings=trainings.trainings + sum(p.trained.trainings for p in parts),
        links={
            "A": trainings,
            "B": Link(
                part.solved.status,
                draws=sum(p.solved.draws for p in parts),
                worst=estimate,
                interval=interval,
                evidence=part.solved.log_evidence,
            ),
            "end_to_end": Link(
                end_status,
                trainings=sum(p.trained.trainings for p in parts),
                worst=part.trained.worst,
                interval=part.trained.interval,
                evidence=part.trained.evidence,
            ),
        },
        estimate=estimate,
        interval=interval,
        worst=worst,
        simplest=simplest,
        flags=tuple(sorted(flags)),
        detail=why or part.solved.detail,
        needed=part.solved.needed,
        sizes=sizes[part.solved.worst] if sizes and part.solved.worst is not None else (),
        crossings=tuple(found for p in parts for found in _crossings(p)),
    )


def _crossings(part: _Part) -> list[Crossing]:
    found = []
    for line, below, above in part.sides.lines:
        low, high = (line.value(part.sides.marks[i].parameters) for i in (below, above))
        both = all(part.solved.settings[i].right for i in (below, above))
        found.append(Crossing(line.parameter, line.at, low, high, both))
    return found


def _unit(part: _Part, setting: int) -> float:
    return natural_scale(part.judge, part.marks[setting].parameters)


def _observation(
    claim: Claim, context: Context, part: _Part, solved: SignDecision, marks: Sequence[Mark]
) -> Observation | None:
    """The sign claimed (as +1 or -1) and the mean measured; the id replays the first draw there."""
    if solved.worst is None or not marks or not math.isfinite(solved.settings[solved.worst].estimate):
        return None
    mark, finding = marks[solved.worst], solved.settings[solved.worst]
    parameters, count = mark.parameters, BLOCK
    if isinstance(solved, SignLimitDecision):
        sizes = exact_ladder(claim, parameters)
        parameters, count = at_size(parameters, sizes[-1]), Ladder(sizes, 1.0).rounds[-1]
    rows = draw_rows(claim, context, parameters, engine_of_draws(claim), "confirm", 0, count)[0]
    low, high = finding.interval
    unit = natural_scale(part.judge, mark.parameters)
    return Observation(
        rows.block.settings[0],
        context.identify(rows, 0),
        part.number,
        float(mark.side),
        mark.side * finding.estimate,
        (high - low) / 2,
        finding.estimate / unit,
    )


def _simplest(study: Study, explored: Explored, part: _Part) -> Observation | None:
    """The simplest setting, reached from one that was drawn, at which the sign is refuted by itself, if any is."""
    claim, context, statement = study.claim, study.context, part.statement

    def decide(parameters: Parameters) -> SignDecision:
        mark = Mark(parameters, statement.side(parameters))
        cap = min(SHRINK_DRAWS, context.budget.draws)
        if isinstance(claim.quantifier, Limit):
            cap = min(cap, context.budget.scaling) // 8
        return solve(claim, context, part.judge, [mark], 1, cap)

    def fails(batch: tuple[Parameters, ...]) -> tuple[float, list[int]]:
        parameters = batch[0]
        wrong = far(statement, study.domain, parameters, study.margin) and decide(parameters).status == "refuted"
        return 0.0, [0] if wrong else []

    wrong = [
        i
        for i, mark in enumerate(part.marks)
        if mark.parameters in explored.settings and part.solved.settings[i].estimate < 0
    ]
    if not wrong:
        return None
    start = part.marks[min(wrong, key=lambda i: part.solved.settings[i].effect)].parameters
    steps = SHRINK_STEPS if not isinstance(claim.quantifier, Limit) else SHRINK_STEPS // 3
    found = shrink(explored.source, fails, start, seed=context.seed, calls=steps)
    if found is None:
        return None
    return _observation(claim, context, part, decide(found), [Mark(found, statement.side(found))])
