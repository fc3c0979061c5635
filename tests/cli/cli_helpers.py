"""What the tests of the command line share: one line for an error, documents against their schemas, a fake check."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from ftproofs.claim import Claim
from ftproofs.names import complete
from ftproofs.settings import Setting
from ftproofs.verdict import Derivation, Evidence, Link, Observation, StepResult, Verdict, join

CLAIM = "linear-endpoint"
SCHEMAS = Path(__file__).parents[2] / "docs" / "schema"


def one_line(text: str, code: str) -> None:
    """The text is one line of an error with that code."""
    assert text.count("\n") == 1, text
    assert text.startswith(f"ftproofs: {code}: "), text
    assert "Traceback" not in text


@cache
def validator(name: str) -> Draft202012Validator:
    """A published schema, made strict: what it does not mention must not be there."""
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    Draft202012Validator.check_schema(schema)
    _close(schema)
    return Draft202012Validator(schema)


def _close(schema: Any) -> None:
    if isinstance(schema, dict):
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for value in schema.values():
            _close(value)
    elif isinstance(schema, list):
        for value in schema:
            _close(value)


def document(name: str, text: str) -> dict[str, Any]:
    """The JSON of a command, valid against its schema and free of what JSON lacks."""
    found = json.loads(text, parse_constant=lambda constant: (_ for _ in ()).throw(ValueError(constant)))
    validator(name).validate(found)
    return found  # type: ignore[no-any-return]


SETTING = Setting.of("linear.finetune", complete("linear.finetune", {"n": 3, "d": 5, "theta": 1.0}))
SEEN = Observation(SETTING, "ft1-example", 0, 1.0, 1.5, 1e-9, 0.5)


def outcome(claim: Claim, status: str = "certified", derivation: str = "proved") -> Verdict:
    """A verdict as a check would return it."""
    legs = Derivation(derivation, (StepResult("a", "proved", "normal-form", 0.1),), ("wishart-moments",))  # type: ignore[arg-type]
    links = {"end_to_end": Link(status, trainings=8, worst=1e-9, bound=2e-8)}  # type: ignore[arg-type]
    evidence = Evidence(
        status,  # type: ignore[arg-type]
        claim.quantifier.name,
        claim.margin,
        settings=8,
        trainings=8,
        links=links,
        estimate=float("inf"),
        interval=(-0.01, float("nan")),
        worst=SEEN,
        simplest=SEEN if status == "refuted" else None,
        flags=("estimated-integration",),
        needed=512 if status == "undecided" else None,
    )
    word, flags = join(legs, evidence.status)
    return Verdict(claim.id, word, legs, evidence, claim.expected, flags + evidence.flags, 1.25)


class FakeCheck:
    """Stands in for `ftproofs.check.check`; records how it was called."""

    def __init__(self) -> None:
        self.statuses: dict[str, str] = {}
        self.calls: list[dict[str, Any]] = []
        self.raises: dict[int, BaseException] = {}

    def __call__(self, claim: Claim, **options: Any) -> Verdict:
        if len(self.calls) in self.raises:
            raise self.raises[len(self.calls)]
        self.calls.append({"claim": claim.id} | options)
        options["progress"](claim.id, 1, 2)
        return outcome(claim, self.statuses.get(claim.id, "certified"))
