"""The published reference values, each with its formula and its parameters as exact numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sympy import Expr, Symbol

from ftproofs.cli.values import read_value
from ftproofs.symbolic.reference import FORMULAS, Formula, ListFormula

REFERENCE: list[dict[str, Any]] = json.loads((Path(__file__).parent / "reference_values.json").read_text())


def label(entry: dict[str, Any]) -> str:
    """A short id of a reference value."""
    parts = (x if isinstance(x, str) else f"{len(x)}numbers" for x in entry["params"].values())
    return "-".join([entry["name"], *parts])


def case(entry: dict[str, Any]) -> tuple[Formula, dict[Symbol, Expr]]:
    """The formula of a reference value and the exact value of each of its parameters, in order."""
    formula, params = FORMULAS[entry["name"]], dict(entry["params"])
    assert {p.name for p in formula.parameters} == set(params)
    if isinstance(formula, ListFormula):
        lists = {name: params.pop(name) for name in formula.lists}
        params |= {f"{name}_{i}": x for name, values in lists.items() for i, x in enumerate(values, 1)}
        formula = formula.of(len(next(iter(lists.values()))))
    return formula, {p: read_value(p.name, params[p.name]) for p in formula.parameters}
