"""``audit``: claim files from anyone, their verdicts, and for each refuted claim where and by how much it fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ftproofs.claim import Claim
from ftproofs.cli.checking import Checker, run_checks
from ftproofs.cli.output import line, to_stdout
from ftproofs.cli.settings import CheckOptions
from ftproofs.report.account import account
from ftproofs.verdict import Verdict, exit_status


def audit(files: Sequence[str], options: CheckOptions, *, accept_latex: bool = False, power: bool = False) -> int:
    """Audit the claims of the files.  All files are read and examined before anything is trained.

    With ``power`` the wrong variants of each claim that passed are judged on the rows of its
    check; a check that is too weak is a flag and changes neither word nor exit status.
    """
    from ftproofs.run.audit import submitted, verdict_of

    items = {item.claim.id: item for item in submitted([Path(file) for file in files], accept_latex=accept_latex)}

    def judge(claim: Claim, check: Checker) -> Verdict:
        verdict = verdict_of(items[claim.id], check)
        if power and verdict.word in ("supported", "proved"):
            return _with_power(claim, verdict, check)
        if verdict.word != "refuted" or verdict.experiment.worst is None:
            return verdict
        return replace(verdict, hints=check.explain(claim))

    checked = run_checks([item.claim for item in items.values()], options, judge, catalog=False)
    if not to_stdout(options.target):
        for claim, verdict in checked:
            item = items[claim.id]
            notes = item.vetting.notes if item.vetting is not None else ()
            for text in (*notes, *account(claim, verdict)):
                line(f"{claim.id}: {text}")
    return exit_status([verdict for _, verdict in checked])


def _with_power(claim: Claim, verdict: Verdict, check: Checker) -> Verdict:
    from ftproofs.check.mutate import unmutable

    if unmutable(claim):
        return verdict
    found = check.power(claim)
    return replace(verdict, flags=tuple(sorted({*verdict.flags, *found.flags})), power=found.power)
