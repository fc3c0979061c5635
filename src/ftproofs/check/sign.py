"""A claim about the sign of a mean or of its limit: both sides of a predicted boundary, and the crossing between.

Link B decides the signs on the oracle's draws, link A compares trained networks with the
oracle, and end to end real trainings must have the claimed signs away from the boundary
(limit: the mean at the smallest size that the oracle's draws have there).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sympy import Integer

from ftproofs.check.context import Context
from ftproofs.check.crossings import Accept, far
from ftproofs.check.draws import (
    Explored,
    Parameters,
    agreement,
    draw_rows,
    exploratory,
    explore_settings,
    link_a,
    natural_scale,
)
from ftproofs.check.judge import Judge
from ftproofs.check.links import engine_of_draws, refuse_untold_limit
from ftproofs.check.mean import SHRINK_DRAWS, SHRINK_STEPS, heavy_tailed
from ftproofs.check.sides import Mark, Sides, choose_sides, drawn, effect_of
from ftproofs.check.sign_links import solve, train
from ftproofs.check.sizes import at_exact_ratio, at_size, check_domain, exact_ladder
from ftproofs.claim import Claim, Domain, Limit, Range, Statement
from ftproofs.decision import Ladder, SignDecision, SignLimitDecision, combine, refuse_infinite_variance
from ftproofs.names import Value
from ftproofs.numeric.sampling import shrink
from ftproofs.numeric.statistics import BLOCK
from ftproofs.symbolic.acceptance import acceptor
from ftproofs.symbolic.boundary import SignStatement
from ftproofs.verdict import Crossing, Evidence, Link, Observation

#: How far a boundary may be off, relative to the parameter that crosses it, unless the claim says otherwise.
MARGIN = 0.05

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
    limit = isinstance(claim.quantifier, Limit)
    domain = check_domain(claim) if limit else claim.domain
    if limit:
        refuse_untold_limit(claim)
    accept = _accepting(domain)
    margin = claim.tolerance if claim.tolerance is not None else MARGIN
    judges = [Judge(Statement(statement.measured, "==", Integer(0))) for statement in statements]

    def score(parameters: Parameters) -> float:
        pairs = zip(statements, judges, strict=True)
        return max(_wrongness(claim, context, domain, margin, s, j, parameters) for s, j in pairs)

    explored = explore_settings(claim, context, domain, score, steps=2 * context.budget.explored)
    pool = [*explored.settings, *drawn(explored.source, context.seed)]
    if limit:
        pool = [_at_exact(domain, accept, p) for p in pool]
    else:
        names = {name for judge in judges for name in judge.measurements}
        refuse_infinite_variance(explored.settings, names, claim.experiment)
        pool = [p for p in pool if not heavy_tailed(claim, judges, p)]
    parts = []
    for number, (statement, judge) in enumerate(zip(statements, judges, strict=True)):
        parts.append(_decide(claim, context, domain, accept, margin, explored, pool, number, statement, judge))
        context.progress(claim.id, context.budget.explored + number + 1, 2 * context.budget.explored)
    return _conclude(claim, context, domain, margin, explored, parts)


def _accepting(domain: Domain) -> Accept:
    """The constraints as a predicate on complete settings, gamma being the realised ratio."""
    test = acceptor(domain)

    def accept(values: Mapping[str, Value]) -> bool:
        n, d = int(values["n"]), int(values["d"])
        inside = all(
            float(extent.low) - 1e-9 <= (n / d if name == "gamma" else float(values[name])) <= float(extent.high) + 1e-9
            for name, extent in domain.ranges
            if isinstance(extent, Range)
        )
        return n >= 1 and inside and test({**values, "gamma": n / d})

    return accept


def _at_exact(domain: Domain, accept: Accept, parameters: Parameters) -> Parameters:
    moved = at_exact_ratio(parameters)
    return moved if isinstance(domain["gamma"], Range) and accept(moved) else parameters


def _small(claim: Claim, parameters: Parameters) -> Parameters:
    """The setting where a few draws are taken: a limit's at its smallest size."""
    if isinstance(claim.quantifier, Limit):
        return at_size(parameters, exact_ladder(claim, parameters)[0])
    return parameters


def _effect(claim: Claim, context: Context, judge: Judge, parameters: Parameters) -> float:
    found = judge.samples(exploratory(claim, context, _small(claim, parameters)))[0]
    return effect_of(float(found.mean()), float(found.std(ddof=1)))


def _wrongness(
    claim: Claim,
    context: Context,
    domain: Domain,
    margin: float,
    statement: SignStatement,
    judge: Judge,
    parameters: Parameters,
) -> float:
    """How wrong the sign looks at a setting away from the boundary, in standard deviations; else how near to it."""
    if not far(statement, domain, parameters, margin):
        return -1e6
    return float(np.clip(-statement.side(parameters) * _effect(claim, context, judge, parameters), -1e6, 1e6))


def _decide(
    claim: Claim,
    context: Context,
    domain: Domain,
    accept: Accept,
    margin: float,
    explored: Explored,
    pool: Sequence[Parameters],
    number: int,
    statement: SignStatement,
    judge: Judge,
) -> _Part:
    sides = choose_sides(
        statement,
        domain,
        accept,
        pool,
        lambda parameters: _effect(claim, context, judge, parameters),
        count=context.budget.anchors,
        margin=margin,
    )
    if not sides.marks:
        nothing = SignDecision("undecided", detail="no setting of the domain is farther than the margin from 0")
        return _Part(number, statement, judge, sides, (), nothing, Link("none"))
    suspects = explored.adaptive([mark.parameters for mark in sides.marks], ADAPTIVE)
    adaptive = [Mark(p, statement.side(p)) for p in suspects if far(statement, domain, p, margin)]
    marks = (*sides.marks, *adaptive)
    solved = solve(claim, context, judge, marks, len(sides.marks))
    if solved.status == "supported" and not sides.lines:
        detail = "inside the domain no parameter of a setting crosses the predicted boundary; an inequality says more"
        solved = SignDecision("undecided", solved.worst, solved.settings, draws=solved.draws, detail=detail)
    trained = train(claim, context, judge, sides, solved)
    return _Part(number, statement, judge, sides, marks, solved, trained)


def _conclude(
    claim: Claim,
    context: Context,
    domain: Domain,
    margin: float,
    explored: Explored,
    parts: Sequence[_Part],
) -> Evidence:
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
        simplest = _simplest(claim, context, domain, margin, explored, part) or worst
    estimate = interval = None
    if part.solved.worst is not None and part.marks:
        finding, unit = part.solved.settings[part.solved.worst], _unit(part, part.solved.worst)
        estimate = finding.estimate / unit
        interval = (finding.interval[0] / unit, finding.interval[1] / unit)
    sizes = part.solved.sizes if isinstance(part.solved, SignLimitDecision) else ()
    return Evidence(
        status,
        claim.quantifier.name,
        margin,
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


def _simplest(
    claim: Claim, context: Context, domain: Domain, margin: float, explored: Explored, part: _Part
) -> Observation | None:
    """The simplest setting, reached from one that was drawn, at which the sign is refuted by itself, if any is."""
    statement = part.statement

    def decide(parameters: Parameters) -> SignDecision:
        mark = Mark(parameters, statement.side(parameters))
        cap = min(SHRINK_DRAWS, context.budget.draws)
        if isinstance(claim.quantifier, Limit):
            cap = min(cap, context.budget.scaling) // 8
        return solve(claim, context, part.judge, [mark], 1, cap)

    def fails(batch: tuple[Parameters, ...]) -> tuple[float, list[int]]:
        parameters = batch[0]
        wrong = far(statement, domain, parameters, margin) and decide(parameters).status == "refuted"
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
