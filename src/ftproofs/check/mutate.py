"""The power of a check: which wrong variants of a claim the rows it measured would have refuted.

Rows are facts about an experiment, so mutants are judged on those that the check of
the claim itself measured; nothing more is trained, but for pairs of trends.  A mutant is killed by what refutes
a claim of its kind: a network that certainly violates it, the e-process of means or of
counted violations at the level of a refutation, an extrapolation that excludes it.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeAlias

from ftproofs.check import limit, probability
from ftproofs.check.anchors import STAGE, domain_points
from ftproofs.check.context import Context, MemoryStore, Progress, budget_of, check_seed
from ftproofs.check.each import check_each
from ftproofs.check.interpolated import TooDear
from ftproofs.check.judge import Judge, measured
from ftproofs.check.mean import check_mean
from ftproofs.check.sizes import check_domain
from ftproofs.check.stored import DEAR, EachRows, Finding, Recorder, Stored, factor, ratios
from ftproofs.check.stored_limit import LimitRows, halved
from ftproofs.check.stored_mean import MeanRows
from ftproofs.check.stored_probability import ProbabilityRows
from ftproofs.check.stored_trend import TrendRows
from ftproofs.check.trend import check_trend
from ftproofs.check.trend import choose as choose_trend
from ftproofs.claim import Claim, Each, Limit, Mean, Probability, Statement, Store, Trend
from ftproofs.errors import FTError, UsageError
from ftproofs.names import experiment
from ftproofs.numeric.device import resolve_device
from ftproofs.numeric.experiments import SOLVER
from ftproofs.symbolic.bound_mutants import MOVED, PAST, REVERSED, TIGHTENED, bound_mutants
from ftproofs.symbolic.boundary import sign_statements
from ftproofs.symbolic.equivalence import POINTS as DOMAIN_POINTS
from ftproofs.symbolic.equivalence import Comparison, spoken
from ftproofs.symbolic.mutation import Mutant, mutants
from ftproofs.symbolic.orientation import oriented_claim
from ftproofs.verdict import Evidence, ExperimentStatus, Power

Outcome = Literal["killed", "undefined", "survived", "equivalent", "sub-tolerance"]

#: What a score must reach; all operators but the fine ones must be killed without exception.
OVERALL = 0.95

#: What was judged is kept as often as this, when it is kept at all.
KEPT_EVERY = 2.0


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a mutant.

    ``difference`` is the largest relative error it makes where the claim holds, NaN if draws killed it before that
    was asked; ``by`` says what killed it or how its equivalence was found.
    """

    mutant: Mutant
    outcome: Outcome
    difference: float
    by: str = ""


#: What is kept of a mutant: the statement as written, then as in `Judged`.
Fate: TypeAlias = tuple[str, Outcome, float, str]


class Kept(Protocol):
    """Where the fates of a claim's mutants are kept, so that judging resumes where it stopped."""

    def found(self) -> Mapping[int, Fate]:
        """What is kept, by the mutants' places in their list."""

    def keep(self, first: int, fates: Sequence[Fate]) -> None:
        """Keep the fates of the mutants from that place on."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """A claim's mutants.

    ``status`` is how the claim's own experiment ended: only if that passed do the scores
    mean anything.  ``seconds`` are those of judging, without the check.
    """

    claim: str
    status: ExperimentStatus
    quantifier: str
    tolerance: float
    judged: tuple[Judged, ...]
    rows: int
    seconds: float

    def count(self, *outcomes: Outcome, fine: bool | None = None) -> int:
        """How many mutants ended so; only the fine or only the other operators' on demand."""
        return sum(j.outcome in outcomes and fine in (None, j.mutant.fine) for j in self.judged)

    @property
    def score(self) -> float | None:
        """Killed over killed and survived; None when there is nothing to kill."""
        return self._score(None)

    @property
    def strict_score(self) -> float | None:
        """The same without the fine operators: x1.02, and 1 more or less."""
        return self._score(False)

    @property
    def power(self) -> Power:
        """The figures, and every survivor."""
        survivors = sorted((j for j in self.judged if j.outcome == "survived"), key=lambda j: -j.difference)
        return Power(
            self.score,
            self.strict_score,
            self.count("killed", "undefined"),
            len(survivors),
            self.count("equivalent"),
            self.count("sub-tolerance"),
            tuple((j.mutant.written, j.difference) for j in survivors),
        )

    @property
    def passed(self) -> bool:
        """Whether the claim's own experiment did."""
        return self.status in ("certified", "supported")

    @property
    def flags(self) -> tuple[str, ...]:
        """``weak-check`` when a score is below its threshold."""
        strict, overall = self.strict_score, self.score
        weak = overall is None or overall < OVERALL or (strict is not None and strict < 1)
        return ("weak-check",) if weak else ()

    def _score(self, fine: bool | None) -> float | None:
        killed = self.count("killed", "undefined", fine=fine)
        total = killed + self.count("survived", fine=fine)
        return killed / total if total else None


def unmutable(claim: Claim) -> str:
    """Why a claim has no mutants to judge; empty if it has."""
    if claim.expected == "refuted":
        return "it is known to be false: no check of it passes, so none can be weak"
    if claim.untrained or not any(measured(statement) for statement in claim.statements):
        return claim.untrained or "nothing to measure"
    if sign_statements(claim):
        return "it is about a sign; a boundary that is moved is a false variant of its own"
    return ""


def mutate(
    claim: Claim,
    *,
    settings: int | None = None,
    budget: str = "default",
    seed: int = 0,
    device: str = "auto",
    store: Store | None = None,
    progress: Progress | None = None,
    kept: Kept | None = None,
) -> Mutation:
    """Judge every mutant of the claim on the rows that its check measures (or finds in the store).

    Args:
        claim: a claim that networks can be trained for and that is not known to be false.
        settings, budget, seed, device, store, progress: as for `check`; the same rows are used.
        kept: what was judged before under these conditions by this code, and where to keep the rest.

    Raises:
        UsageError: FT310 a claim without mutants to judge, and what `check` raises.
    """
    reason = unmutable(claim)
    if reason:
        raise UsageError("FT310", f"{claim.id} cannot be mutated: {reason}")
    counts = budget_of(budget, settings)
    claim = oriented_claim(claim)
    found = mutants(claim)
    symbols = spoken(claim, found)
    recorder = Recorder(store if store is not None else MemoryStore(), {symbol.name for symbol in symbols})
    context = Context(
        recorder,
        counts,
        check_seed(seed),
        resolve_device(device),
        progress or (lambda label, done, total: None),
    )
    if isinstance(claim.quantifier, Trend):
        return _mutate_trend(claim, context)
    checked, stored = _KINDS[type(claim.quantifier)]
    evidence = checked(claim, context)
    begin = time.perf_counter()
    judged: list[Judged] = []
    count = 0
    if evidence.status in ("certified", "supported"):
        rows = stored(claim, context, recorder)
        halves = [half for _, half in rows.pairs(symbols)] if isinstance(rows, LimitRows) else ()
        compare = Comparison(claim, found, rows.points(symbols), claim.margin, halves)
        room = [_slack(claim, statement, context, rows) for statement in claim.statements]

        def judge(place: int, mutant: Mutant) -> Judged:
            if place < len(found):
                return _judge(mutant, compare, rows)
            return _judge_bound(mutant, room[mutant.number], rows, claim.margin)

        judged = _judge_all([*found, *bound_mutants(claim, room)], judge, context.progress, kept)
        count = len(rows)
    seconds = time.perf_counter() - begin
    return Mutation(claim.id, evidence.status, evidence.quantifier, claim.margin, tuple(judged), count, seconds)


def _judge_all(
    mutants: Sequence[Mutant], judge: Callable[[int, Mutant], Judged], progress: Progress, kept: Kept | None
) -> list[Judged]:
    """Every mutant's end; what is not kept yet is kept, also when judging is interrupted."""
    known = kept.found() if kept is not None else {}
    judged: list[Judged] = []
    new: list[Fate] = []

    def keep() -> None:
        if kept is not None and new:
            kept.keep(len(judged) - len(new), tuple(new))
        new.clear()

    saved = time.monotonic()
    try:
        for place, mutant in enumerate(mutants):
            fate = known.get(place)
            if fate is not None and fate[0] == mutant.written:
                keep()
                judged.append(Judged(mutant, *fate[1:]))
            else:
                judged.append(judge(place, mutant))
                new.append((mutant.written, judged[-1].outcome, judged[-1].difference, judged[-1].by))
            if time.monotonic() - saved > KEPT_EVERY:
                keep()
                saved = time.monotonic()
            progress("mutants", place + 1, len(mutants))
    finally:
        keep()
    return judged


def _mutate_trend(claim: Claim, context: Context) -> Mutation:
    """A trend's mutants; pairs are added to those of its check until they refute or the budget's are spent."""
    evidence = check_trend(claim, context)
    begin = time.perf_counter()
    judged: list[Judged] = []
    rows = TrendRows(claim, context, choose_trend(claim, context))
    if evidence.status == "supported":
        for mutant in rows.mutants():
            outcome, by = rows.judge(mutant)
            judged.append(Judged(mutant, outcome, math.inf if mutant.operator == REVERSED else float(PAST) - 1, by))
    seconds = time.perf_counter() - begin
    return Mutation(claim.id, evidence.status, "trend", claim.margin, tuple(judged), len(rows), seconds)


def _each_rows(claim: Claim, context: Context, recorder: Recorder) -> Stored:
    return EachRows(claim, recorder.rows)


def _mean_rows(claim: Claim, context: Context, recorder: Recorder) -> Stored:
    domain_points(claim, context, DOMAIN_POINTS)
    return MeanRows(claim, recorder.rows)


def _limit_rows(claim: Claim, context: Context, recorder: Recorder) -> Stored:
    _, anchors, _, chosen = limit.choose(claim, context, [Judge(statement) for statement in claim.statements])
    for rows in domain_points(replace(claim, domain=check_domain(claim)), context, DOMAIN_POINTS):
        small = halved(rows.block.settings[0].parameters)
        context.draws(context.block(claim.experiment, [small], engine=SOLVER, stage=STAGE))
    return LimitRows(claim, recorder.rows, chosen, len(anchors))


def _probability_rows(claim: Claim, context: Context, recorder: Recorder) -> Stored:
    _, chosen = probability.choose(claim, context, [Judge(statement) for statement in claim.statements])
    return ProbabilityRows(claim, recorder.rows, chosen.settings, chosen.deltas, chosen.anchors)


#: For each quantifier the check, and what makes judges of the rows it measured.
_KINDS: dict[type, tuple[Callable[[Claim, Context], Evidence], Callable[[Claim, Context, Recorder], Stored]]] = {
    Each: (check_each, _each_rows),
    Mean: (check_mean, _mean_rows),
    Limit: (limit.check_limit, _limit_rows),
    Probability: (probability.check_probability, _probability_rows),
}


def _judge(mutant: Mutant, compare: Comparison, rows: Stored) -> Judged:
    if isinstance(compare.claim.quantifier, Limit):
        # That measurements stand for their limits is an assumption, so draws are asked first, which is quicker as well.
        outcome, by = _finding(mutant, rows)
        if outcome == "killed":
            return Judged(mutant, "killed", math.nan, by)
        compared = compare(mutant)
    else:
        compared = compare(mutant)
        outcome, by = _finding(mutant, rows) if compared.label == "different" else ("survived", "")
    if compared.label == "undefined":
        return Judged(mutant, "undefined", compared.difference, f"no real value at {compared.route}")
    if compared.label == "equivalent":
        return Judged(mutant, "equivalent", compared.difference, compared.route)
    if compared.label == "sub-tolerance":
        return Judged(mutant, "sub-tolerance", compared.difference)
    return Judged(mutant, outcome, compared.difference, by)


def _finding(mutant: Mutant, rows: Stored) -> Finding:
    try:
        return rows.judge(mutant)
    except TooDear:
        return DEAR


def _judge_bound(mutant: Mutant, slack: float, rows: Stored, tolerance: float) -> Judged:
    """A bound that is false by construction: by how much is known from the slack.

    But for one that every network attains, whose opposite holds as well: a share that is at most 1 is at least 1.
    """
    outcome, by = _finding(mutant, rows)
    reversed_survives = outcome == "survived" and mutant.operator == REVERSED
    if reversed_survives and isinstance(rows, EachRows) and rows.attained(mutant.statement):
        return Judged(mutant, "equivalent", 0.0, "attained by every network")
    past = {MOVED: float(PAST) / slack - 1, TIGHTENED: float(PAST) - 1}.get(mutant.operator, math.inf)
    if outcome == "survived" and past < tolerance:
        return Judged(mutant, "sub-tolerance", past)
    return Judged(mutant, outcome, past, by)


def _slack(claim: Claim, statement: Statement, context: Context, rows: Stored) -> float:
    """By what factor the bound could be tightened, as far as anything measured on the domain says; NaN if unknown.

    Of a claim about each, the oracle is asked at points that the check did not train at.
    """
    if statement.rel == "==":
        return math.nan
    found = []
    with contextlib.suppress(TooDear):
        found.append(rows.slack(statement))
    if isinstance(claim.quantifier, Each) and experiment(claim.experiment).solver:
        judge = Judge(statement)
        with contextlib.suppress(FTError):  # an oracle that does not know such settings, or does not measure this
            for point in domain_points(claim, context, DOMAIN_POINTS):
                found.append(factor(ratios(statement, *judge.samples(point))))
    return min((x for x in found if not math.isnan(x)), default=math.nan)
