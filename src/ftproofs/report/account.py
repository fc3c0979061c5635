"""What a reader of a refuted claim wants to know, line by line."""

from __future__ import annotations

from ftproofs.claim import Claim
from ftproofs.verdict import Observation, Verdict


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
