"""``mutate``: the power of a claim's check, or of several; which of their assumptions are needed."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ftproofs.claim import Claim
from ftproofs.cli.checking import keep_hypothesis_out_of_here
from ftproofs.cli.interrupt import Interrupts
from ftproofs.cli.output import check_json_target, deliver, line, show, to_stdout
from ftproofs.cli.progress import CheckProgress
from ftproofs.cli.settings import BUDGETS, MAX_SETTINGS, one_of, read_device, read_seed, whole
from ftproofs.report import assumptions as without
from ftproofs.report import mutation as report
from ftproofs.report.results import Run, power_record

if TYPE_CHECKING:
    from ftproofs.check.mutate import Mutation
    from ftproofs.run.ledger import Ledger


def mutate(
    names: Sequence[str],
    *,
    budget: str,
    seed: str,
    device: str,
    ledger: str | None,
    target: str | None,
    settings: str | None = None,
    markdown: bool = False,
    assumptions: bool = False,
) -> int:
    """Judge the mutants of the named claims on the rows of their checks, or train without their assumptions.

    A ledger keeps what was judged, so that a run that was stopped resumes, and the scores of the checks that
    passed, for reports.

    The exit status says how the claims' own experiments ended: 0 all passed, 1 one was
    refuted, 3 one was undecided or in error. A weak check is a flag, not a failure, and
    so is an assumption that is needed or not: 0.

    Raises:
        UsageError: FT310 when none of the named claims can be mutated.
    """
    one_of("--budget", budget, BUDGETS)
    root = read_seed(seed)
    read_device(device)
    wanted = None if settings is None else whole("--settings", settings, 1, MAX_SETTINGS)
    check_json_target(target)
    from ftproofs.catalog import find
    from ftproofs.errors import UsageError

    claims = find(*names)
    keep_hypothesis_out_of_here()
    from ftproofs.check.context import BUDGETS as COUNTS
    from ftproofs.check.context import Context, MemoryStore
    from ftproofs.check.mutate import mutate as mutate_claim
    from ftproofs.check.mutate import unmutable
    from ftproofs.numeric.device import resolve_device
    from ftproofs.numeric.seeds import code_hash

    skipped = [(claim.id, reason) for claim in claims if (reason := unmutable(claim))]
    if len(skipped) == len(claims):
        raise UsageError("FT310", "; ".join(f"{claim} cannot be mutated: {reason}" for claim, reason in skipped))
    left = [claim for claim in claims if not unmutable(claim)]
    where = resolve_device(device)
    run = {"seed": root, "device": where, "budget": budget, "settings": wanted, "code": code_hash(), "ledger": ledger}
    conditions = Run(root, where, budget, wanted, 0.0, code_hash()).conditions()
    with ExitStack() as stack:
        kept: Ledger | None = None
        if ledger is not None:
            from ftproofs.run.judged import KeptFates
            from ftproofs.run.ledger import Ledger

            kept = stack.enter_context(Ledger(Path(ledger), code_hash=code_hash(), device=where))
        store = stack.enter_context(Interrupts(MemoryStore() if kept is None else kept))
        if assumptions:
            return _assumptions(left, skipped, Context(store, COUNTS[budget], root, where), run, target)
        found: list[Mutation] = []
        try:
            with CheckProgress(len(left)) as progress:

                def worked(label: str, done: int, total: int) -> None:
                    store.stop_if_asked()
                    progress(label, done, total)

                for claim in left:
                    progress.claim(claim.id)
                    mutation = mutate_claim(
                        claim,
                        settings=wanted,
                        budget=budget,
                        seed=root,
                        device=where,
                        store=store,
                        progress=worked,
                        kept=None if kept is None else KeptFates(kept, claim, conditions),
                    )
                    found.append(mutation)
                    if kept is not None and mutation.passed:
                        kept.put_power(claim, power_record(mutation.power, mutation.flags), run=conditions)
                    progress.done()
        except KeyboardInterrupt:
            again = "with --ledger FILE a rerun" if kept is None else "the same command"
            raise KeyboardInterrupt(f"interrupted after {len(found)} of {len(left)} claims; {again} resumes") from None
        finally:
            if found:
                _tell(found, skipped, run, target, alone=len(claims) == 1, markdown=markdown)
    if any(mutation.status == "refuted" for mutation in found):
        return 1
    return 0 if all(mutation.passed for mutation in found) else 3


def _tell(
    found: Sequence[Mutation],
    skipped: Sequence[tuple[str, str]],
    run: dict[str, object],
    target: str | None,
    *,
    alone: bool,
    markdown: bool,
) -> None:
    if not to_stdout(target):
        if markdown:
            for text in report.markdown(found, skipped).splitlines():
                line(text)
        else:
            show(report.mutants(found[0]) if alone else report.scores(found))
            for mutation in found:
                if alone or not mutation.passed:
                    line(report.summary(mutation))
            for claim_id, reason in skipped:
                line(f"{claim_id}: left out; {reason}")
    deliver(report.document(found, skipped, run), target)


def _assumptions(
    claims: Sequence[Claim],
    skipped: Sequence[tuple[str, str]],
    context: object,
    run: dict[str, object],
    target: str | None,
) -> int:
    from ftproofs.check.assumptions import assumptions, judge_assumption
    from ftproofs.check.context import Context

    assert isinstance(context, Context)
    dropped = [(claim.id, assumptions(claim)) for claim in claims]
    found = []
    with CheckProgress(sum(len(every) for _, every in dropped)) as progress:
        context.progress = progress
        for claim_id, every in dropped:
            judged = []
            for item in every:
                progress.claim(claim_id)
                judged.append(judge_assumption(item, context))
                progress.done()
            found.append((claim_id, judged))
    if not to_stdout(target):
        for claim_id, judged in found:
            show(without.assumptions_table(judged))
            for replay in without.replays(judged):
                line(replay)
            line(without.assumptions_summary(claim_id, judged))
        for claim_id, reason in skipped:
            line(f"{claim_id}: left out; {reason}")
    deliver(without.assumptions_document(found, skipped, run), target)
    return 0
