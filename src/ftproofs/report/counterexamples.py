"""Where a refuted claim fails, as reports show it."""

from __future__ import annotations

from dataclasses import dataclass

from ftproofs.claim import Claim
from ftproofs.names import EXPERIMENTS, REQUIRED
from ftproofs.report.figures import number
from ftproofs.verdict import Observation, Verdict


@dataclass(frozen=True, slots=True)
class Counterexample:
    """One setting with both sides there, as text.

    ``setting`` pairs parameters with values; ``statement`` counts from 1, None where there is only
    one; ``bound`` is that on what was observed; ``other`` says what the other side is: ``predicted``, or of a trend
    that of the pair's other network; ``replay`` is the command that retrains it.
    """

    name: str
    setting: tuple[tuple[str, str], ...]
    statement: int | None
    observed: str
    bound: str
    predicted: str
    error: str
    replay: str
    other: str = "predicted"


def against(verdict: Verdict, claim: Claim | None = None) -> list[Counterexample]:
    """The simplest and the worst setting at which a refuted claim fails; none of a claim that is not.

    Without the claim, every parameter that is not at its default is named.
    """
    if verdict.word != "refuted":
        return []
    seen = verdict.experiment
    found = [("Simplest counterexample", seen.simplest)]
    if seen.worst != seen.simplest:
        found.append(("Worst counterexample", seen.worst))
    return [
        _counterexample(name, observation, claim, seen.quantifier)
        for name, observation in found
        if observation is not None
    ]


def _counterexample(name: str, seen: Observation, claim: Claim | None, quantifier: str) -> Counterexample:
    known = EXPERIMENTS.get(seen.setting.experiment)
    defaults = known.parameters if known is not None else {}
    named = None if claim is None else {name for name, _ in claim.domain.ranges} | {"n", "d"}
    changed = [
        (key, x)
        for key, x in seen.setting.values
        if (defaults.get(key, REQUIRED) != x if named is None else key in named)
    ]
    several = claim is None or len(claim.statements) > 1
    return Counterexample(
        name,
        tuple((key, f"{x:g}" if isinstance(x, float) else str(x)) for key, x in changed),
        seen.statement + 1 if several else None,
        f"{seen.observed:.8g}",
        number(seen.bound),
        f"{seen.predicted:.8g}",
        number(abs(seen.error)),
        f"ftproofs replay {seen.id}",
        "on the other side of the pair" if quantifier == "trend" else "predicted",
    )
