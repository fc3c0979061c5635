"""What a reader of a refuted claim wants to know, line by line."""

from __future__ import annotations

from collections.abc import Sequence

from ftproofs.claim import Claim
from ftproofs.report.character_map import character_map
from ftproofs.report.figures import number
from ftproofs.verdict import Assumed, Observation, Power, Verdict

#: So many wrong variants that a check would let pass are named.
SURVIVORS = 5


def account(claim: Claim, verdict: Verdict) -> list[str]:
    """Of a refuted claim the simplest and the worst setting, and how to replay them; of another the check's power."""
    if verdict.word != "refuted":
        return [*([] if verdict.power is None else _power(verdict.power)), *_assumed(verdict.assumed or ())]
    seen = verdict.experiment
    lines = [f"refuted: {seen.detail}"] if seen.simplest is None and seen.worst is None else []
    for name, observation in (("simplest", seen.simplest), ("worst", seen.worst)):
        if observation is None or (name == "worst" and observation == seen.simplest):
            continue
        lines.append(f"{name} counterexample: {_found(claim, observation)}")
        lines.append(f"  replay with: ftproofs replay {observation.id}")
    lines += [f"hint: {hint}" for hint in verdict.hints]
    if verdict.picture is not None:
        lines += ["where it holds and where it fails, of the settings looked at:", *character_map(verdict.picture)]
    return lines


def _assumed(every: Sequence[Assumed]) -> list[str]:
    """The assumptions that are needed, each with its counterexample, and how the others ended."""
    lines = []
    for item in every:
        if item.outcome == "needed" and item.error is not None:
            lines.append(f"assumption needed: {item.assumed}; with {item.instead} its error is {number(item.error)}")
            lines.append(f"  replay with: ftproofs replay {item.replay}")
    if every:
        outcomes = ("needed", "not shown to be needed", "undecided", "not tried")
        counts = [f"{sum(item.outcome == outcome for item in every)} {outcome}" for outcome in outcomes]
        lines.append(f"assumptions, each dropped by itself: {', '.join(counts)}")
    return lines


def _power(power: Power) -> list[str]:
    score, strict = ("-" if x is None else f"{x:.3f}" for x in (power.score, power.strict))
    total = power.killed + power.survived
    lines = [f"power: {power.killed} of {total} wrong variants would be refuted, score {score} (strict {strict})"]
    lines += [f"power: survived, off by at most {size:.2%}: {text}" for text, size in power.survivors[:SURVIVORS]]
    rest = power.survived - SURVIVORS
    return [*lines, f"power: and {rest} more"] if rest > 0 else lines


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
