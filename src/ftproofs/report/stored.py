"""Verdicts that a check left behind, read back: from the JSON of its results or from a ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from ftproofs.claim import Claim
from ftproofs.errors import UsageError
from ftproofs.names import PARAMETERS
from ftproofs.run.hashes import claim_hash
from ftproofs.settings import Setting
from ftproofs.verdict import (
    DERIVATION_STATUSES,
    EXPERIMENT_STATUSES,
    Assumed,
    Crossing,
    Derivation,
    Evidence,
    Link,
    Observation,
    Picture,
    Power,
    SizeMean,
    Slack,
    Spot,
    StepResult,
    Verdict,
    Word,
)

FORMAT = 1
MAX_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Stored:
    """Verdicts by claim id, and the conditions of the run they are from.

    Those of a ledger are of several runs: they stand under id and hash of their claims, each with its conditions.
    """

    entries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)
    kept: Mapping[tuple[str, str], tuple[Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=dict)

    def verdict(self, claim: Claim) -> Verdict | None:
        """The verdict on the claim, None where none is kept about statement and domain as they read now.

        Raises:
            UsageError: FT408 an entry that is no verdict.
        """
        if (found := self._kept(claim)) is not None:
            return verdict_of(found[0])
        entry = self.entries.get(claim.id)
        if entry is None or entry.get("statement") != [str(statement) for statement in claim.statements]:
            return None
        if entry.get("claim_hash") not in (None, claim_hash(claim)):
            return None
        return verdict_of(entry)

    def conditions(self, claim: Claim) -> Mapping[str, Any]:
        """Seed, budget, device and more of the run that reached the verdict; empty where that is not known."""
        found = self._kept(claim)
        return self.run if found is None else found[1]

    def common(self, claims: Iterable[Claim]) -> dict[str, Any]:
        """The conditions that all stored verdicts on these claims share."""
        runs = [self.conditions(claim) for claim in claims if self.verdict(claim) is not None]
        first = runs[0] if runs else {}
        return {name: value for name, value in first.items() if all(run.get(name) == value for run in runs)}

    def _kept(self, claim: Claim) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
        return self.kept.get((claim.id, claim_hash(claim))) if self.kept else None


def read_results(path: Path) -> Stored:
    """The results a check wrote.

    Raises:
        UsageError: FT408 no such file, or no results of a check.
    """
    try:
        if not path.is_file():
            raise UsageError("FT408", f"{path}: no such results; ftproofs check writes them")
        if path.stat().st_size > MAX_BYTES:
            raise UsageError("FT408", f"{path}: larger than 64 MiB, no results of ftproofs check")
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:  # a JSON error and a UsageError are both ValueErrors
        if isinstance(error, UsageError):
            raise
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not JSON"
        raise UsageError("FT408", f"{path}: no results of ftproofs check ({reason})") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT or not isinstance(content.get("claims"), list):
        raise UsageError("FT408", f"{path}: no results of ftproofs check (format {FORMAT} with its claims)")
    run = content.get("run")
    return Stored(_by_id(content["claims"]), run if isinstance(run, dict) else {})


def read_ledger(path: Path) -> Stored:
    """The verdicts of this program's code in a ledger, the latest of each claim.

    Raises:
        UsageError: FT405, FT406 as for `ftproofs.run.ledger.Ledger`; FT408 no such file.
    """
    if not path.is_file():
        raise UsageError("FT408", f"{path}: no such ledger; ftproofs check --ledger makes one")
    from ftproofs.numeric.seeds import code_hash
    from ftproofs.run.ledger import Ledger

    with Ledger(path, code_hash=code_hash()) as ledger:
        kept = ledger.kept_verdicts()
        return Stored(kept={(str(entry.get("id")), hashed): (entry, run) for entry, run, hashed in kept})


def _by_id(entries: Iterable[Any]) -> dict[str, Mapping[str, Any]]:
    return {str(entry.get("id")): entry for entry in entries if isinstance(entry, dict)}


def verdict_of(entry: Mapping[str, Any]) -> Verdict:
    """A verdict from its JSON, as `ftproofs.report.results.claim_result` writes it.

    Raises:
        UsageError: FT408.
    """
    try:
        return _verdict(entry)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{type(error).__name__}: {error}"
        raise UsageError("FT408", f"the stored verdict on {entry.get('id')!r:.80} is damaged ({what:.80})") from None


def _verdict(entry: Mapping[str, Any]) -> Verdict:
    derivation, experiment = entry["derivation"], entry["experiment"]
    return Verdict(
        str(entry["id"]),
        _one_of(entry["word"], get_args(Word)),
        Derivation(
            _one_of(derivation["status"], DERIVATION_STATUSES),
            tuple(_step(step) for step in derivation["steps"]),
            tuple(map(str, derivation["axioms"])),
            tuple(_step(step) for step in derivation["corollaries"]),
            str(derivation["detail"]),
        ),
        Evidence(
            _one_of(experiment["status"], EXPERIMENT_STATUSES),
            str(experiment["quantifier"]),
            float(experiment["tolerance"]),
            str(experiment["scale"]),
            int(experiment["settings"]),
            int(experiment["trainings"]),
            {str(name): _link(link) for name, link in experiment["links"].items()},
            _number(experiment["estimate"]),
            _interval(experiment["interval"]),
            _number(experiment["smallest_error_seen"]),
            _observation(experiment["worst"]),
            _observation(experiment["simplest"]),
            tuple(map(str, experiment["flags"])),
            str(experiment["detail"]),
            None if experiment["needed"] is None else int(experiment["needed"]),
            tuple(_size(mean) for mean in experiment.get("sizes", ())),
            _slack(experiment.get("slack")),
            _number(experiment.get("level")),
            tuple(_crossing(crossing) for crossing in experiment.get("crossings", ())),
        ),
        None if entry["expected"] is None else str(entry["expected"]),
        tuple(map(str, entry["flags"])),
        float(entry["seconds"]),
        tuple(map(str, entry.get("hints", ()))),
        _power(entry.get("power")),
        tuple(_assumed(item) for item in entry["assumptions"]) if "assumptions" in entry else None,
        _picture(entry.get("picture")),
    )


def _power(power: Mapping[str, Any] | None) -> Power | None:
    if power is None:
        return None
    killed, survived, equivalent, below = (
        int(power[name]) for name in ("killed", "survived", "equivalent", "sub_tolerance")
    )
    survivors = tuple((str(item["statement"]), float(item["difference"])) for item in power["survivors"])
    return Power(
        _number(power["score"]), _number(power["strict_score"]), killed, survived, equivalent, below, survivors
    )


def _assumed(item: Mapping[str, Any]) -> Assumed:
    kind, assumed, instead, outcome, detail = (
        str(item[name]) for name in ("kind", "assumed", "instead", "outcome", "detail")
    )
    replay = None if item["replay"] is None else str(item["replay"])
    return Assumed(kind, assumed, instead, outcome, detail, _number(item["error"]), replay)


def _picture(picture: Mapping[str, Any] | None) -> Picture | None:
    if picture is None:
        return None
    spots = tuple(
        Spot(float(s["x"]), float(s["y"]), _one_of(s["outcome"], ("holds", "fails", "unclear")), float(s["error"]))
        for s in picture["settings"]
    )
    return Picture(_one_of(picture["x"], PARAMETERS), _one_of(picture["y"], PARAMETERS), spots)


def _one_of(word: Any, known: Iterable[str]) -> Any:
    if word not in tuple(known):
        raise ValueError(f"unknown word {word!r:.40}")
    return word


def _step(step: Mapping[str, Any]) -> StepResult:
    status = _one_of(step["status"], ("proved", "probable", "axiom", "false", "open"))
    return StepResult(str(step["id"]), status, str(step["route"]), float(step["seconds"]), str(step["detail"]))


def _size(mean: Mapping[str, Any]) -> SizeMean:
    return SizeMean(int(mean["d"]), int(mean["draws"]), float(mean["error"]), float(mean["standard_error"]))


def _slack(slack: Mapping[str, Any] | None) -> Slack | None:
    if slack is None:
        return None
    low, high = slack["interval"]
    return Slack(float(slack["level"]), float(slack["factor"]), (float(low), float(high)))


def _crossing(found: Mapping[str, Any]) -> Crossing:
    place = (float(found["predicted"]), float(found["low"]), float(found["high"]))
    return Crossing(str(found["parameter"]), *place, bool(found["bracketed"]))


def _link(link: Mapping[str, Any]) -> Link:
    return Link(
        _one_of(link["status"], EXPERIMENT_STATUSES),
        int(link["trainings"]),
        int(link["draws"]),
        _number(link.get("worst")),
        _number(link.get("bound")),
        _interval(link.get("interval")),
        _number(link.get("evidence")),
    )


def _observation(seen: Mapping[str, Any] | None) -> Observation | None:
    if seen is None:
        return None
    return Observation(
        Setting.of("", dict(seen["setting"])),
        str(seen["id"]),
        int(seen["statement"]),
        float(seen["predicted"]),
        float(seen["observed"]),
        float(seen["bound"]),
        float(seen["error"]),
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _interval(pair: Any) -> tuple[float, float] | None:
    if pair is None:
        return None
    low, high = pair
    return float(low), float(high)
