"""``check`` and ``derive``: verdicts as they are found, then the table and the results."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ftproofs.claim import Claim, Store
from ftproofs.cli.interrupt import Interrupts
from ftproofs.cli.output import check_json_target, deliver, line, log, show, to_stdout
from ftproofs.cli.progress import CheckProgress
from ftproofs.cli.settings import CheckOptions, prepare_results
from ftproofs.report import results, tables
from ftproofs.report.files import write
from ftproofs.report.results import Run
from ftproofs.verdict import Assumed, Evidence, Picture, Verdict, exit_status, join

if TYPE_CHECKING:
    from ftproofs.check.mutate import Mutation
    from ftproofs.check.stored import Recorder


#: So many claims a worker repay the seconds it takes to begin.
REPAYS = 3

#: Kinds of claims by how long their checks take, roughly.
LONGEST = ("limit", "trend", "mean", "probability", "each")


def derive(names: Sequence[str], *, target: str | None) -> int:
    """Derive the claims and print every step.

    The exit status is that of verdicts that stand on the derivation alone.
    """
    check_json_target(target)
    from ftproofs.catalog import find

    claims = find(*names)
    from ftproofs.symbolic.worker import derived

    found, entries = [], []
    for claim in claims:
        derivation = derived(claim)
        word, flags = join(derivation, "none")
        evidence = Evidence("none", claim.quantifier.name, claim.margin)
        found.append(Verdict(claim.id, word, derivation, evidence, claim.expected, flags))
        entries.append({"id": claim.id, "word": word, "derivation": results.derivation_result(derivation)})
        if not to_stdout(target):
            axioms = f"; axioms: {', '.join(derivation.axioms)}" if derivation.axioms else ""
            line(f"{claim.id}: {derivation.status}{axioms}")
            if derivation.detail:
                line(f"  {derivation.detail}")
            if derivation.steps or derivation.corollaries:
                says = {step.id: step.says for step in (*claim.steps, *claim.corollaries)}
                show(tables.steps(derivation, says))
    deliver({"format": 1, "claims": entries}, target)
    return exit_status(found)


def check(names: Sequence[str], options: CheckOptions) -> int:
    """Check claims of the catalog; the results are written also when the run is cut short."""
    from ftproofs.catalog import find

    checked = run_checks(find(*names), options)
    return exit_status([verdict for _, verdict in checked])


class Checker:
    """How a run checks a claim, and explains why it was refuted."""

    def __init__(self, options: CheckOptions, device: str, store: Store, progress: CheckProgress) -> None:
        self.options = options
        self.device = device
        self.store = store
        self.progress = progress

    def __call__(self, claim: Claim) -> Verdict:
        """The verdict."""
        return self._check(claim, self.store)

    def _check(self, claim: Claim, store: Store) -> Verdict:
        from ftproofs.check import check as check_claim

        return check_claim(
            claim,
            settings=self.options.settings,
            budget=self.options.budget,
            seed=self.options.seed,
            device=self.device,
            store=store,
            progress=self.progress,
            account=self.options.ledger is not None,
        )

    def power(self, claim: Claim) -> Mutation:
        """The wrong variants of the claim, judged on the rows of its check."""
        from ftproofs.check.mutate import mutate

        return mutate(
            claim,
            settings=self.options.settings,
            budget=self.options.budget,
            seed=self.options.seed,
            device=self.device,
            store=self.store,
            progress=self.progress,
        )

    def watched(self, claim: Claim) -> tuple[Verdict, Recorder]:
        """The verdict, and what was measured for it: a record that goes on when it is used as a store."""
        from ftproofs.check.picture import spoken
        from ftproofs.check.stored import Recorder

        recorder = Recorder(self.store, spoken(claim))
        return self._check(claim, recorder), recorder

    def explain(self, claim: Claim, recorder: Recorder) -> tuple[tuple[str, ...], Picture | None]:
        """Hints on why the claim was refuted, and a picture of where."""
        from ftproofs.check.context import BUDGETS, Context
        from ftproofs.check.diagnose import diagnose
        from ftproofs.check.picture import picture

        hints = diagnose(claim, Context(recorder, BUDGETS[self.options.budget], self.options.seed, self.device))
        return hints, picture(claim, recorder.rows)

    def assumptions(self, claim: Claim) -> tuple[Assumed, ...]:
        """Which of the claim's assumptions are needed: each dropped by itself, at the low budget."""
        from ftproofs.check.assumptions import assumptions, judge_assumption
        from ftproofs.check.context import BUDGETS, Context

        context = Context(self.store, BUDGETS["low"], self.options.seed, self.device)
        return tuple(judge_assumption(dropped, context).facts for dropped in assumptions(claim))


def run_checks(
    claims: Sequence[Claim],
    options: CheckOptions,
    judge: Callable[[Claim, Checker], Verdict] | None = None,
    *,
    catalog: bool = True,
) -> list[tuple[Claim, Verdict]]:
    """The claims with their verdicts, shown and written; ``judge`` is given each claim and how to check it.

    Without a judge each claim, of the catalog, is just checked; several at once where the options say so.

    Raises:
        UsageError: FT401, FT402 results cannot be written; nothing was computed yet.
    """
    prepare_results(options.results)
    keep_hypothesis_out_of_here()
    from ftproofs.check import MemoryStore
    from ftproofs.numeric.device import resolve_device
    from ftproofs.numeric.seeds import code_hash
    from ftproofs.run.leases import Leased, Patient

    device = resolve_device(options.device)
    if options.device == "auto" and device != "cpu":
        log(f"training on {device}")
    workers = None if judge is not None else how_many(options, device, len(claims))
    checked: list[tuple[Claim, Verdict]] = []
    begin = time.perf_counter()
    complete = False

    def run() -> Run:
        return Run(
            options.seed,
            device,
            options.budget,
            options.settings,
            time.perf_counter() - begin,
            code_hash(),
            executor="in-process" if workers is None else "dask" if options.executor == "dask" else "processes",
            ledger=None if options.ledger is None else str(options.ledger),
            complete=complete,
        )

    with ExitStack() as stack:
        ledger = None
        if options.ledger is not None:
            from ftproofs.run.ledger import Ledger

            ledger = stack.enter_context(Ledger(options.ledger, code_hash=code_hash(), device=device))
        store = stack.enter_context(Interrupts(MemoryStore() if ledger is None else Leased(ledger)))
        try:
            with CheckProgress(len(claims)) as progress:
                if workers is not None:
                    reached = _side_by_side(claims, options, device, store, progress, workers)
                else:
                    reached = _one_by_one(claims, Checker(options, device, Patient(store), progress), judge)
                for claim, verdict in reached:
                    checked.append((claim, verdict))
                    if ledger is not None:
                        entry, conditions = results.claim_result(claim, verdict), run().conditions()
                        ledger.put_verdict(claim, entry, run=conditions, account=verdict.account)
                        if verdict.power is not None:
                            kept = results.power_record(verdict.power, verdict.flags)
                            ledger.put_power(claim, kept, run=conditions)
                    progress.done()
            complete = True
        except KeyboardInterrupt:
            where = f"{len(ledger)} rows are safe in {options.ledger}" if ledger is not None else "no ledger was kept"
            again = "the same command resumes" if ledger is not None else "with --ledger FILE a rerun resumes"
            raise KeyboardInterrupt(
                f"interrupted after {len(checked)} of {len(claims)} claims; {where}; {again}"
            ) from None
        finally:
            checked.sort(key=lambda pair: claims.index(pair[0]))
            if checked:
                _report(checked, run(), options, catalog)
    return checked


def how_many(options: CheckOptions, device: str, claims: int) -> int | None:
    """How many workers check at once; None where this process checks one claim after another.

    As asked; by default as many as there is room for, if there are claims enough to repay it.
    """
    from ftproofs.run.pool import room

    if options.executor == "in-process":
        return None
    wanted = options.workers or room()
    if options.executor == "auto" and (device != "cpu" or wanted == 1 or claims < REPAYS * wanted):
        return None
    return min(wanted, claims)


def _one_by_one(
    claims: Sequence[Claim], checker: Checker, judge: Callable[[Claim, Checker], Verdict] | None
) -> Iterator[tuple[Claim, Verdict]]:
    for claim in claims:
        checker.progress.claim(claim.id)
        yield claim, checker(claim) if judge is None else judge(claim, checker)


def _side_by_side(
    claims: Sequence[Claim],
    options: CheckOptions,
    device: str,
    store: Store,
    progress: CheckProgress,
    workers: int,
) -> Iterator[tuple[Claim, Verdict]]:
    from ftproofs.run.pool import Pool, Task

    # What takes longest begins first, so that no core waits for it in the end.
    claims = sorted(claims, key=lambda claim: LONGEST.index(claim.quantifier.name))
    task = Task(options.settings, options.budget, options.seed, device, account=options.ledger is not None)
    progress.claim(f"{workers} claims at a time")
    if options.executor != "dask":
        return Pool(task, store, progress, workers=workers).check(claims)
    from ftproofs.run.dask_workers import dask_workers, facing

    executor, losses = dask_workers(options.scheduler)
    host = facing(options.scheduler)
    return Pool(task, store, progress, executor, workers, host, losses).check(claims)


def keep_hypothesis_out_of_here() -> None:
    """Its cache goes to the user's cache folder, not into the folder a check happens to run in."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(cache / "ftproofs" / "hypothesis"))


def _report(checked: Sequence[tuple[Claim, Verdict]], run: Run, options: CheckOptions, catalog: bool) -> None:
    document = results.document(checked, run)
    write(options.results, document)
    if not to_stdout(options.target):
        show(tables.verdicts(checked))
        for note in tables.footnotes(checked, catalog=catalog):
            line(note)
        line(f"Full results: {options.results}")
    deliver(document, options.target)
