"""A claim about means over data: explore with cheap draws, decide on fresh ones, train for real.

Link A compares trained networks with the oracle, link B the oracle's draws with
the statement, and the end-to-end link real trainings with the statement at
moderate size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from ftproofs.check.context import Context
from ftproofs.check.judge import Judge
from ftproofs.check.links import against_oracle
from ftproofs.claim import Claim, Mean
from ftproofs.decision import Anchor, MeanDecision, combine, decide_mean, refuse_infinite_variance
from ftproofs.names import Value, experiment
from ftproofs.numeric.experiments import SOLVER
from ftproofs.numeric.sampling import Batches, batches, explore, shrink
from ftproofs.numeric.statistics import BLOCK
from ftproofs.symbolic.acceptance import acceptor
from ftproofs.verdict import Evidence, ExperimentStatus, Link, Observation

#: Draws per explored setting, never used again for a decision.
EXPLORATORY = 64

#: Settings chosen because exploration made them look bad.
ADAPTIVE = 2

#: Networks trained per anchor for link A.
TRAINED = 16

#: Settings tried on the way to a simpler counterexample, and draws for each at most.
SHRINK_STEPS = 20
SHRINK_DRAWS = 4096

#: At most this many draws are measured at once.
CHUNK = 2048

#: Fitted noise has a heavy tail when n is close to d; such settings may only refute.
NOISY = frozenset(
    {"risk", "noise_risk", "noise_trace", "min_norm", "beta_norm", "par_beta_norm", "target_gap", "pinv_noise_norm"}
)

Parameters = dict[str, Value]


def check_mean(claim: Claim, context: Context) -> Evidence:
    """The experiment leg of a claim whose quantifier is mean.

    Raises:
        UsageError: FT213 when the domain has settings of infinite variance.
    """
    assert isinstance(claim.quantifier, Mean)
    judges = [Judge(statement) for statement in claim.statements]
    budget = context.budget
    explored: list[tuple[float, Parameters]] = []

    def examine(batch: tuple[Parameters, ...]) -> tuple[float, list[int]]:
        score = max(_score(claim, context, judge, batch[0]) for judge in judges)
        explored.append((score, batch[0]))
        context.progress(claim.id, len(explored), 2 * budget.explored)
        return score, []

    source = batches(claim.domain, claim.experiment, acceptor(claim.domain), size=1)
    explore(
        source,
        examine,
        seed=context.seed,
        examples=budget.explored,
        shrink_calls=0,
    )
    settings = _distinct([parameters for _, parameters in explored])
    refuse_infinite_variance(settings)
    light = [p for p in settings if not _heavy(claim, judges, p)]
    heavy = [p for p in settings if _heavy(claim, judges, p)]
    # Anchors are the first settings drawn, whatever they looked like.
    anchors = light[: budget.anchors] + heavy[: budget.anchors // 2]
    scores = {id(parameters): score for score, parameters in explored}
    rest = [p for p in settings if p not in anchors]
    adaptive = sorted(rest, key=lambda p: -scores[id(p)])[:ADAPTIVE]
    chosen = [*anchors, *adaptive]

    parts: list[tuple[MeanDecision, MeanDecision]] = []
    for number, judge in enumerate(judges):
        draws = _sampler(claim, context, judge, chosen, SOLVER)
        marks = [_anchor(claim, judges, judge, p) for p in chosen]
        solved = decide_mean(
            draws,
            marks[: len(anchors)],
            marks[len(anchors) :],
            tolerance=claim.margin,
            cap=budget.draws,
            relation=judge.statement.rel,
        )
        context.progress(claim.id, budget.explored + number + 1, 2 * budget.explored)
        cheap = _cheapest(solved, anchors, light, budget.end_to_end)
        trained = decide_mean(
            _sampler(claim, context, judge, cheap, experiment(claim.experiment).engines[0]),
            [_anchor(claim, judges, judge, p) for p in cheap],
            tolerance=claim.quantifier.end_to_end,
            cap=budget.trainings,
            relation=judge.statement.rel,
        )
        parts.append((solved, trained))
    link_a = _link_a(claim, context, anchors)
    return _conclude(claim, context, judges, source, chosen, parts, link_a)


def _distinct(settings: Sequence[Parameters]) -> list[Parameters]:
    seen: list[Parameters] = []
    for parameters in settings:
        if parameters not in seen:
            seen.append(parameters)
    return seen


def _heavy(claim: Claim, judges: Sequence[Judge], parameters: Parameters) -> bool:
    """Whether a statement's law has too heavy a tail here for a normal interval."""
    names = {name for judge in judges for name in judge.measurements}
    noisy = "noise_trace" in names or (float(parameters["sigma"]) > 0 and names & NOISY)
    return bool(noisy) and abs(int(parameters["d"]) - int(parameters["n"])) < 10


def _anchor(claim: Claim, judges: Sequence[Judge], judge: Judge, parameters: Parameters) -> Anchor:
    numbers = {name: float(value) for name, value in parameters.items() if not isinstance(value, str)}
    return Anchor(judge.scale(numbers), supports=not _heavy(claim, judges, parameters))


def _sampler(
    claim: Claim, context: Context, judge: Judge, settings: Sequence[Parameters], engine: str
) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Draws of one statement at the settings, by the oracle or by training."""

    def draw(setting: int, stage: str, start: int, count: int, *, method: int = 0) -> tuple[np.ndarray, np.ndarray]:
        parts = []
        for first in range(start, start + count, CHUNK):
            size = min(CHUNK, start + count - first)
            block = context.block(
                claim.experiment,
                [settings[setting]] * size,
                engine=engine,
                stage=stage,
                start=first,
                method=method,
            )
            parts.append(judge.samples(context.draws(block)))
        return np.concatenate([lhs for lhs, _ in parts]), np.concatenate([rhs for _, rhs in parts])

    return draw


def _score(claim: Claim, context: Context, judge: Judge, parameters: Parameters) -> float:
    """How bad a setting looks on a few draws: the size of its t statistic."""
    block = context.block(claim.experiment, [parameters] * EXPLORATORY, engine=SOLVER, stage="explore")
    lhs, rhs = judge.samples(context.draws(block))
    differences = lhs - rhs
    spread = float(differences.std(ddof=1)) / math.sqrt(EXPLORATORY)
    size = abs(float(differences.mean()))
    if not math.isfinite(size + spread):
        return 0.0
    return min(size / spread, 1e6) if spread > 0 else (0.0 if size < 1e-9 else 1e6)


def _cheapest(
    solved: MeanDecision, anchors: Sequence[Parameters], light: Sequence[Parameters], count: int
) -> list[Parameters]:
    """The supporting anchors that need the fewest draws: those that training can afford."""
    ranked = sorted(
        (finding.spread, number)
        for number, finding in enumerate(solved.settings[: len(anchors)])
        if anchors[number] in light and not finding.error
    )
    return [anchors[number] for _, number in ranked[:count]] or list(anchors[:count])


def _link_a(claim: Claim, context: Context, anchors: Sequence[Parameters]) -> Link:
    engine = experiment(claim.experiment).engines[0]
    trained = [
        context.rows(context.block(claim.experiment, [parameters] * TRAINED, engine=engine, stage="link-a"))
        for parameters in anchors
    ]
    return against_oracle(context, trained, 1e-6)


def _conclude(
    claim: Claim,
    context: Context,
    judges: Sequence[Judge],
    source: Batches,
    settings: Sequence[Parameters],
    parts: Sequence[tuple[MeanDecision, MeanDecision]],
    link_a: Link,
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
    detail = solved.detail
    if link_a.status in ("refuted", "error"):
        status, detail = "undecided", "trained networks do not end where the oracle says"
        flags.add("disagreement")
    elif link_a.status == "undecided" and status == "supported":
        status, detail = "undecided", "some trained networks did not reach a certified limit"
    elif end_status == "refuted" and status != "refuted":
        status, detail = "undecided", "real trainings refute what the oracle's draws do not"
        flags.add("disagreement")
    elif end_status == "error" and status == "supported":
        status, detail = "undecided", "some real trainings gave no number"
    worst = _observation(context, claim, judges[number], number, settings, solved)
    simplest = None
    if status == "refuted" and solved.worst is not None:
        simplest = _simplest(context, claim, judges[number], number, source, settings[solved.worst]) or worst
    estimate, interval = solved.estimate, solved.interval
    if status == "refuted" and solved.worst is not None:
        estimate, interval = solved.settings[solved.worst].estimate, solved.settings[solved.worst].interval
    return Evidence(
        status,
        "mean",
        claim.margin,
        str(judges[number].statement.lhs),
        settings=len(settings),
        trainings=link_a.trainings + sum(end.draws for end in ends),
        links={
            "A": link_a,
            "B": _link(solved, draws=sum(part.draws for part, _ in parts)),
            "end_to_end": _link(trained, trainings=sum(end.draws for end in ends), status=end_status),
        },
        estimate=estimate,
        interval=interval,
        smallest_error_seen=max(part.smallest_error_seen or 0.0 for part, _ in parts),
        worst=worst,
        simplest=simplest,
        flags=tuple(sorted(flags)),
        detail=detail,
        needed=solved.needed,
    )


def _simplest(
    context: Context, claim: Claim, judge: Judge, number: int, source: Batches, start: Parameters
) -> Observation | None:
    """The simplest setting at which the statement is refuted by itself, on fresh draws; None if not at the start."""

    def decide(parameters: Parameters) -> MeanDecision:
        draws = _sampler(claim, context, judge, [parameters], SOLVER)
        return decide_mean(
            draws,
            [_anchor(claim, [judge], judge, parameters)],
            tolerance=claim.margin,
            cap=min(SHRINK_DRAWS, context.budget.draws),
            relation=judge.statement.rel,
        )

    def fails(batch: tuple[Parameters, ...]) -> tuple[float, list[int]]:
        return 0.0, [0] if decide(batch[0]).status == "refuted" else []

    found = shrink(source, fails, start, seed=context.seed, calls=SHRINK_STEPS)
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
    block = context.block(claim.experiment, [settings[solved.worst]] * BLOCK, engine=SOLVER, stage="confirm")
    rows = context.draws(block)
    predicted = float(judge.samples(rows)[1].mean())
    unit = max(abs(predicted), _anchor(claim, [judge], judge, settings[solved.worst]).scale / 10)
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
