"""The JSON of a check: every verdict with its derivation, its experiment and the run it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ftproofs import __version__
from ftproofs.claim import Claim
from ftproofs.names import Value
from ftproofs.run.hashes import claim_hash
from ftproofs.verdict import (
    Assumed,
    Derivation,
    Evidence,
    Link,
    Observation,
    Picture,
    Power,
    Slack,
    StepResult,
    Verdict,
)

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Run:
    """How the verdicts were made.  ``complete`` is false when the run stopped early."""

    seed: int
    device: str
    budget: str
    settings: int | None
    seconds: float
    code: str
    dtype: str = "float64"
    executor: str = "in-process"
    ledger: str | None = None
    complete: bool = True

    def conditions(self) -> dict[str, Any]:
        """What a verdict depends on, apart from the claim and the code."""
        return {
            "seed": self.seed,
            "device": self.device,
            "dtype": self.dtype,
            "budget": self.budget,
            "settings": self.settings,
        }


def document(checked: Sequence[tuple[Claim, Verdict]], run: Run) -> dict[str, Any]:
    """The results of a run as one JSON document."""
    facts = run.conditions() | {
        "seconds": round(run.seconds, 3),
        "executor": run.executor,
        "code": run.code,
        "ledger": run.ledger,
        "complete": run.complete,
    }
    return {
        "format": FORMAT,
        "ftproofs": __version__,
        "run": facts,
        "claims": [claim_result(claim, verdict) for claim, verdict in checked],
    }


def claim_result(claim: Claim, verdict: Verdict) -> dict[str, Any]:
    """One claim's part of the results."""
    from ftproofs.symbolic.latex import statement_tex  # results are read without SymPy

    return {
        "id": claim.id,
        "claim_hash": claim_hash(claim),
        "title": claim.title,
        "word": verdict.word,
        "expected": verdict.expected,
        "as_expected": verdict.as_expected,
        "statement": [str(statement) for statement in claim.statements],
        "latex": [statement_tex(statement) for statement in claim.statements],
        "derivation": derivation_result(verdict.derivation),
        "experiment": evidence_result(verdict.experiment),
        "flags": list(verdict.flags),
        "hints": list(verdict.hints),
        "seconds": round(verdict.seconds, 3),
        **({} if verdict.power is None else {"power": power_result(verdict.power)}),
        **({} if verdict.assumed is None else {"assumptions": [assumption_result(x) for x in verdict.assumed]}),
        **({} if verdict.picture is None else {"picture": _picture(verdict.picture)}),
    }


def derivation_result(derivation: Derivation) -> dict[str, Any]:
    """The derivation leg."""
    return {
        "status": derivation.status,
        "axioms": list(derivation.axioms),
        "steps": [_step(step) for step in derivation.steps],
        "corollaries": [_step(step) for step in derivation.corollaries],
        "detail": derivation.detail,
    }


def evidence_result(evidence: Evidence) -> dict[str, Any]:
    """The experiment leg."""
    return {
        "status": evidence.status,
        "quantifier": evidence.quantifier,
        "tolerance": evidence.tolerance,
        "scale": evidence.scale,
        "settings": evidence.settings,
        "trainings": evidence.trainings,
        "links": {name: _link(link) for name, link in evidence.links.items()},
        "estimate": evidence.estimate,
        "interval": evidence.interval,
        "smallest_error_seen": evidence.smallest_error_seen,
        "worst": _observation(evidence.worst),
        "simplest": _observation(evidence.simplest),
        "flags": list(evidence.flags),
        "needed": evidence.needed,
        "sizes": [
            {"d": mean.d, "draws": mean.draws, "error": mean.error, "standard_error": mean.standard_error}
            for mean in evidence.sizes
        ],
        "level": evidence.level,
        "slack": _slack(evidence.slack),
        "crossings": [
            {"parameter": c.parameter, "predicted": c.predicted, "low": c.low, "high": c.high, "bracketed": c.bracketed}
            for c in evidence.crossings
        ],
        "detail": evidence.detail,
    }


def _step(step: StepResult) -> dict[str, Any]:
    return {
        "id": step.id,
        "status": step.status,
        "route": step.route,
        "seconds": round(step.seconds, 4),
        "detail": step.detail,
    }


def _link(link: Link) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "status": link.status,
        "trainings": link.trainings,
        "draws": link.draws,
        "worst": link.worst,
        "bound": link.bound,
        "interval": link.interval,
        "evidence": link.evidence,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _slack(slack: Slack | None) -> dict[str, Any] | None:
    if slack is None:
        return None
    return {"level": slack.level, "factor": slack.factor, "interval": slack.interval}


def power_result(power: Power) -> dict[str, Any]:
    """The power of a check: its kill scores, counts and survivors."""
    return {
        "score": power.score,
        "strict_score": power.strict,
        "killed": power.killed,
        "survived": power.survived,
        "equivalent": power.equivalent,
        "sub_tolerance": power.below_tolerance,
        "survivors": [{"statement": text, "difference": size} for text, size in power.survivors],
    }


def power_record(power: Power, flags: Sequence[str]) -> dict[str, Any]:
    """What a ledger keeps of the power of a check; of the flags of its verdict the one that is about power."""
    return {"power": power_result(power), "flags": [flag for flag in flags if flag == "weak-check"]}


def assumption_result(item: Assumed) -> dict[str, Any]:
    """One assumption's part of a document."""
    return {
        "kind": item.kind,
        "assumed": item.assumed,
        "instead": item.instead,
        "outcome": item.outcome,
        "detail": item.detail,
        "error": item.error,
        "replay": item.replay,
    }


def _picture(picture: Picture) -> dict[str, Any]:
    return {
        "x": picture.x,
        "y": picture.y,
        "settings": [{"x": s.x, "y": s.y, "outcome": s.outcome, "error": s.error} for s in picture.spots],
    }


def _observation(seen: Observation | None) -> dict[str, Any] | None:
    if seen is None:
        return None
    setting: Mapping[str, Value] = seen.setting.parameters
    return {
        "setting": dict(setting),
        "id": seen.id,
        "statement": seen.statement,
        "predicted": seen.predicted,
        "observed": seen.observed,
        "bound": seen.bound,
        "error": seen.error,
    }
