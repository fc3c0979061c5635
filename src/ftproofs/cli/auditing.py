"""``audit``: claim files from anyone, their verdicts, and for each refuted claim where and by how much it fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ftproofs.claim import Claim
from ftproofs.cli.checking import Checker, run_checks
from ftproofs.cli.output import line, to_stdout
from ftproofs.cli.settings import CheckOptions
from ftproofs.report.account import account
from ftproofs.report.folder import check_folder, write_folder
from ftproofs.verdict import Verdict, exit_status

if TYPE_CHECKING:
    from ftproofs.check.stored import Recorder


def audit(
    files: Sequence[str],
    options: CheckOptions,
    *,
    accept_latex: bool = False,
    power: bool = False,
    figures: str | None = None,
) -> int:
    """Audit the claims of the files.  All files are read and examined before anything is trained.

    With ``power`` the wrong variants of each claim that passed are judged on the rows of its
    check, and its assumptions dropped one at a time; a check that is too weak is a flag and
    changes neither word nor exit status.  ``figures`` is a folder for the pictures of refuted claims.
    """
    from ftproofs.run.audit import submitted, verdict_of

    items = {item.claim.id: item for item in submitted([Path(file) for file in files], accept_latex=accept_latex)}

    folder = None if figures is None else Path(figures)
    if folder is not None:
        check_folder(folder, [f"{claim}.svg" for claim in items], force=True)

    def judge(claim: Claim, check: Checker) -> Verdict:
        seen: list[Recorder] = []

        def watched(claim: Claim) -> Verdict:
            verdict, recorder = check.watched(claim)
            seen.append(recorder)
            return verdict

        verdict = verdict_of(items[claim.id], watched)
        if power and verdict.word in ("supported", "proved"):
            return _with_power(claim, verdict, check)
        if verdict.word != "refuted" or verdict.experiment.worst is None or not seen:
            return verdict
        hints, picture = check.explain(claim, seen[0])
        return replace(verdict, hints=hints, picture=picture)

    checked = run_checks([item.claim for item in items.values()], options, judge, catalog=False)
    if not to_stdout(options.target):
        for claim, verdict in checked:
            item = items[claim.id]
            notes = item.vetting.notes if item.vetting is not None else ()
            for text in (*notes, *account(claim, verdict)):
                line(f"{claim.id}: {text}")
    if folder is not None:
        _draw(folder, checked)
    return exit_status([verdict for _, verdict in checked])


def _with_power(claim: Claim, verdict: Verdict, check: Checker) -> Verdict:
    from ftproofs.check.judge import measured
    from ftproofs.check.mutate import unmutable

    if any(measured(statement) for statement in claim.statements):
        verdict = replace(verdict, assumed=check.assumptions(claim))
    if unmutable(claim):
        return verdict
    found = check.power(claim)
    return replace(verdict, flags=tuple(sorted({*verdict.flags, *found.flags})), power=found.power)


def _draw(folder: Path, checked: Sequence[tuple[Claim, Verdict]]) -> None:
    pictures = [(claim, verdict.picture) for claim, verdict in checked if verdict.picture is not None]
    if not pictures:
        return
    from ftproofs.report.picture import svg

    write_folder(folder, {f"{claim.id}.svg": svg(claim, picture) for claim, picture in pictures}, force=True)
