"""``eval`` of diagonal networks: the published values, closed forms to 25 digits and fixed points to 1e-9."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import document, one_line

from ftproofs.symbolic.reference_diagonal import closed_forms

HERE = Path(__file__).parents[1] / "symbolic"
CLOSED = {form[0] for form in closed_forms()}
VALUES: list[dict[str, Any]] = [
    entry for entry in json.loads((HERE / "reference_values.json").read_text()) if entry["name"] in CLOSED
]
#: One number of each replica case: the others of a case come from the same solution.
FIXED = [
    entry
    for entry in json.loads((HERE / "reference_fixed_points.json").read_text())
    if entry["name"].startswith("replica mse") or entry["name"].startswith("two-stage PT")
]


def words(entry: dict[str, Any]) -> list[str]:
    return [
        f"{name}={json.dumps(x) if name == 'groups' else ','.join(x) if isinstance(x, list) else x}"
        for name, x in entry["params"].items()
    ]


def evaluated(run: Any, entry: dict[str, Any]) -> dict[str, Any]:
    status, out, err = run("eval", entry["name"], *words(entry), "--digits", "30", "--json")
    assert status == 0, err
    return document("eval", out)


def relative(found: str, published: str) -> Decimal:
    return abs(Decimal(found) / Decimal(published) - 1)


@pytest.mark.parametrize("entry", VALUES, ids=lambda entry: entry["name"])
def test_closed_forms_to_25_digits(run: Any, entry: dict[str, Any]) -> None:
    found = evaluated(run, entry)
    if Decimal(entry["value"]) == 0:
        assert Decimal(found["value"]) == 0
        return
    assert relative(found["value"], entry["value"]) < Decimal("1e-25")
    assert relative(found["lower"], found["upper"]) < Decimal("1e-25")


@pytest.mark.parametrize("entry", FIXED, ids=lambda entry: entry["name"])
def test_fixed_points_to_1e_9(run: Any, entry: dict[str, Any]) -> None:
    found = evaluated(run, entry)
    assert relative(found["value"], str(entry["value"])) < Decimal("1e-9")
    assert Decimal(found["lower"]) < Decimal(found["upper"])
    assert relative(found["lower"], found["upper"]) < Decimal("1e-25")


def test_every_name_is_there() -> None:
    assert {entry["name"] for entry in VALUES} == CLOSED
    assert len(FIXED) == 6


@pytest.mark.parametrize(
    "groups",
    ["", "[]", "{}", "[1]", '[{"pi": 1}]', '[{"pi": 1, "c": 1, "kind": "cauchy", "par": 1}]', "[" * 5000],
    ids=lambda text: text[:20],
)
def test_groups_that_are_none(run: Any, groups: str) -> None:
    status, _, err = run("eval", "replica mse case A", "delta=.4", "sigma=.1", "lam=0", f"groups={groups}")
    assert status == 2
    one_line(err, "FT304")
