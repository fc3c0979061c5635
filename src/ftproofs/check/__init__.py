"""One claim to one verdict: derive, explore, confirm, shrink."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from ftproofs.check.context import BUDGETS, Budget, Context, MemoryStore, Progress, budget_of, check_seed
from ftproofs.check.each import check_each
from ftproofs.check.judge import measured
from ftproofs.check.limit import check_limit
from ftproofs.check.mean import check_mean
from ftproofs.check.probability import check_probability
from ftproofs.check.sign import check_sign
from ftproofs.check.trail import Trail
from ftproofs.check.trend import check_trend
from ftproofs.claim import Claim, Each, Limit, Mean, Store, Trend
from ftproofs.errors import FTError, UsageError
from ftproofs.numeric.device import resolve_device
from ftproofs.symbolic import worker
from ftproofs.symbolic.boundary import sign_statements
from ftproofs.symbolic.orientation import oriented_claim
from ftproofs.verdict import Account, Evidence, Verdict, join

__all__ = ["BUDGETS", "Budget", "MemoryStore", "check", "experiment_leg", "watch"]


@contextmanager
def _unseen() -> Iterator[Progress]:
    yield lambda label, done, total: None


_watching: Callable[[], AbstractContextManager[Progress]] = _unseen


def watch(shown: Callable[[], AbstractContextManager[Progress]]) -> None:
    """Let checks that are given no ``progress`` show theirs so from now on; notebooks do."""
    global _watching
    _watching = shown


def check(
    claim: Claim,
    *,
    settings: int | None = None,
    budget: str = "default",
    seed: int = 0,
    device: str = "auto",
    store: Store | None = None,
    progress: Progress | None = None,
    account: bool = False,
) -> Verdict:
    """Check a claim: derive it, train networks on settings of its domain, return the verdict.

    Args:
        claim: the claim; nothing depends on its id, title or expected word.
        settings: how many settings to explore; the budget's own number by default.
        budget: ``low``, ``default`` or ``high``; counts of draws and trainings.
        seed: root seed, 0..2**64 - 1; with the code it fixes every random number.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:K``.
        store: where rows are looked up and kept; in memory by default.
        progress: called with (claim id, done, total); in a notebook a bar by default.
        account: whether the verdict is to carry what it was decided on, for an auditor.

    Raises:
        UsageError: FT211 a bad seed, FT213 a domain of infinite variance, FT204 an
            empty domain, FT210 and FT215 a limit without a ladder of sizes, FT214 a level
            that is no probability, FT216 a sign of a measurement compared with something
            else than a sign, FT307 no such device, FT309 a bad budget or number of settings.
    """
    counts, root, place = budget_of(budget, settings), check_seed(seed), resolve_device(device)
    begin = time.perf_counter()
    worker.begin(claim)
    with _watching() if progress is None else nullcontext(progress) as shown:
        kept = store if store is not None else MemoryStore()
        context = Context(kept, counts, root, place, shown, trail=Trail(keep=account))
        evidence = experiment_leg(claim, context)
    derivation = worker.derived(claim)
    word, flags = join(derivation, evidence.status)
    return Verdict(
        claim.id,
        word,
        derivation,
        evidence,
        claim.expected,
        tuple(sorted({*flags, *evidence.flags, *context.flags})),
        time.perf_counter() - begin,
        account=Account(tuple(context.trail.decisions), context.lost) if account else None,
    )


def experiment_leg(claim: Claim, context: Context) -> Evidence:
    """The experiment leg; what could not be carried out is an error, never evidence.

    Statements are judged one way round, whichever side they were written on.

    Raises:
        UsageError: as `check`.
    """
    if claim.untrained or not any(measured(statement) for statement in claim.statements):
        return Evidence("none", claim.quantifier.name, claim.margin, detail=claim.untrained or "nothing to measure")
    if not isinstance(claim.quantifier, Trend):
        claim = oriented_claim(claim)
    try:
        if isinstance(claim.quantifier, Each):
            return check_each(claim, context)
        if isinstance(claim.quantifier, Trend):
            return check_trend(claim, context)
        signs = sign_statements(claim)
        if signs:
            return check_sign(claim, context, signs)
        if isinstance(claim.quantifier, Mean):
            return check_mean(claim, context)
        if isinstance(claim.quantifier, Limit):
            return check_limit(claim, context)
        return check_probability(claim, context)
    except UsageError:
        raise
    except FTError as error:
        return Evidence("error", claim.quantifier.name, claim.margin, detail=str(error))
