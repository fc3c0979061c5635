"""``audit``: claim files from anyone, their verdicts, and for each refuted claim where and by how much it fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ftproofs.claim import Claim
from ftproofs.cli.checking import Checker, run_checks
from ftproofs.cli.output import line, to_stdout
from ftproofs.cli.settings import CheckOptions
from ftproofs.verdict import Observation, Verdict, exit_status


def audit(files: Sequence[str], options: CheckOptions) -> int:
    """Audit the claims of the files.  All files are read and examined before anything is trained."""
    from ftproofs.run.audit import submitted, verdict_of

    items = {item.claim.id: item for item in submitted([Path(file) for file in files])}

    def judge(claim: Claim, check: Checker) -> Verdict:
        verdict = verdict_of(items[claim.id], check)
        if verdict.word != "refuted" or verdict.experiment.worst is None:
            return verdict
        return replace(verdict, hints=check.explain(claim))

    checked = run_checks([item.claim for item in items.values()], options, judge)
    if not to_stdout(options.target):
        for claim, verdict in checked:
            item = items[claim.id]
            notes = item.vetting.notes if item.vetting is not None else ()
            for text in (*notes, *account(claim, verdict)):
                line(f"{claim.id}: {text}")
    return exit_status([verdict for _, verdict in checked])


def account(claim: Claim, verdict: Verdict) -> list[str]:
    """What a reader of a refuted claim wants to know: the simplest and the worst setting, and how to replay them."""
    if verdict.word != "refuted":
        return []
    seen = verdict.experiment
    lines = [f"refuted: {seen.detail}"] if seen.simplest is None and seen.worst is None else []
    for name, observation in (("simplest", seen.simplest), ("worst", seen.worst)):
        if observation is None or (name == "worst" and observation == seen.simplest):
            continue
        lines.append(f"{name} counterexample: {_found(claim, observation)}")
        lines.append(f"  replay with: ftproofs replay {observation.id}")
    lines += [f"hint: {hint}" for hint in verdict.hints]
    return lines


def _found(claim: Claim, seen: Observation) -> str:
    named = {name for name, _ in claim.domain.ranges} | {"n", "d"}
    values = ", ".join(
        f"{name} = {value:g}" if isinstance(value, float) else f"{name} = {value}"
        for name, value in seen.setting.values
        if name in named
    )
    return (
        f"{claim.statements[seen.statement]} at {values}: observed {seen.observed:.6g}, predicted {seen.predicted:.6g}"
    )
