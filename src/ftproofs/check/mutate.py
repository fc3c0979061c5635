"""The power of a check: which wrong variants of a claim the rows it measured would have refuted.

Rows are facts about an experiment, so mutants are judged on those that the check of
the claim itself measured; nothing more is trained.  A mutant of a claim about each
network is killed by a row that certainly violates it, one of a claim about means by
the e-process at the level of a refutation.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ftproofs.check.anchors import domain_points
from ftproofs.check.context import BUDGETS, Context, MemoryStore, Progress, check_seed
from ftproofs.check.each import check_each
from ftproofs.check.judge import measured
from ftproofs.check.mean import check_mean
from ftproofs.check.stored import EachRows, MeanRows, Recorder
from ftproofs.claim import Claim, Each, Mean, Store
from ftproofs.errors import UsageError, unknown
from ftproofs.numeric.device import resolve_device
from ftproofs.symbolic.boundary import sign_statements
from ftproofs.symbolic.equivalence import POINTS as DOMAIN_POINTS
from ftproofs.symbolic.equivalence import Comparison, spoken
from ftproofs.symbolic.mutation import Mutant, mutants
from ftproofs.verdict import ExperimentStatus

Outcome = Literal["killed", "undefined", "survived", "equivalent", "sub-tolerance"]

#: What a score must reach; all operators but the fine ones must be killed without exception.
OVERALL = 0.95


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a mutant.

    ``difference`` is the largest relative error it makes where the claim holds; ``by``
    says what killed it or how its equivalence was found.
    """

    mutant: Mutant
    outcome: Outcome
    difference: float
    by: str = ""


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
    if not isinstance(claim.quantifier, (Each, Mean)):
        return f"its quantifier is {claim.quantifier.name}; mutants are judged for each and mean"
    if claim.untrained or not any(measured(statement) for statement in claim.statements):
        return claim.untrained or "nothing to measure"
    if not any(statement.rel == "==" for statement in claim.statements):
        return "it has no == statement"
    if sign_statements(claim):
        return "it is about a sign; a boundary that is moved is a false variant of its own"
    return ""


def mutate(
    claim: Claim,
    *,
    budget: str = "default",
    seed: int = 0,
    device: str = "auto",
    store: Store | None = None,
    progress: Progress | None = None,
) -> Mutation:
    """Judge every mutant of the claim on the rows that its check measures (or finds in the store).

    Args:
        claim: a claim about each network or about means with an ``==`` statement.
        budget, seed, device, store, progress: as for `check`; the same rows are used.

    Raises:
        UsageError: FT310 a claim without mutants to judge, and what `check` raises.
    """
    reason = unmutable(claim)
    if reason:
        raise UsageError("FT310", f"{claim.id} cannot be mutated: {reason}")
    if budget not in BUDGETS:
        raise unknown("budget", budget, BUDGETS, code="FT309")
    found = mutants(claim)
    symbols = spoken(claim, found)
    recorder = Recorder(store if store is not None else MemoryStore(), {symbol.name for symbol in symbols})
    context = Context(
        recorder,
        BUDGETS[budget],
        check_seed(seed),
        resolve_device(device),
        progress or (lambda label, done, total: None),
    )
    mean = isinstance(claim.quantifier, Mean)
    evidence = check_mean(claim, context) if mean else check_each(claim, context)
    begin = time.perf_counter()
    if mean:
        domain_points(claim, context, DOMAIN_POINTS)
    judged: Sequence[Judged] = ()
    rows: EachRows | MeanRows = (MeanRows if mean else EachRows)(claim, recorder.rows)
    if evidence.status in ("certified", "supported"):
        compare = Comparison(claim, found, rows.points(symbols), claim.margin)
        judged = [_judge(mutant, compare, rows) for mutant in found]
    seconds = time.perf_counter() - begin
    return Mutation(claim.id, evidence.status, evidence.quantifier, claim.margin, tuple(judged), len(rows), seconds)


def _judge(mutant: Mutant, compare: Comparison, rows: EachRows | MeanRows) -> Judged:
    compared = compare(mutant)
    if compared.label == "undefined":
        return Judged(mutant, "undefined", compared.difference, f"no real value at {compared.route}")
    if compared.label == "equivalent":
        return Judged(mutant, "equivalent", compared.difference, compared.route)
    if compared.label == "sub-tolerance":
        return Judged(mutant, "sub-tolerance", compared.difference)
    outcome, by = rows.judge(mutant)
    return Judged(mutant, outcome, compared.difference, by)
