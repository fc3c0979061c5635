"""Phase diagrams as regions and as curves: what is drawn, and that the numbers beside it say the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

import ftproofs
from ftproofs.catalog import claims
from ftproofs.check import MemoryStore
from ftproofs.report import phase as report
from ftproofs.run.phase import FINE, Diagram, compute
from ftproofs.run.phase_plan import plan
from ftproofs.symbolic.regimes import regime
from ftproofs.symbolic.replica_quadrature import Groups
from ftproofs.symbolic.replica_solver import solve

SCHEMA = json.loads((Path(ftproofs.__file__).parents[2] / "docs/schema/phase.json").read_text())
RUN = {"device": "cpu", "code": "x", "ledger": None}


@pytest.fixture(scope="module")
def regions() -> Diagram:
    store, asked = MemoryStore(), {"x": "c=0.05:2", "y": "beta_main=0.25:5", "grid": (3, 3)}
    claim = claims()["diagonal-regimes"]
    found = compute(plan(claim, **asked), store=store)  # type: ignore[arg-type]
    found.second = compute(plan(claim, statement=2, **asked), store=store)  # type: ignore[arg-type]
    return found


@pytest.fixture(scope="module")
def curves() -> Diagram:
    claim = claims()["replica-risk"]
    made = plan(claim, grid=(2, 2), trained=3, at={"d": 32, "c": 0.5, "sigma": 0.3, "reinit": 0.2})
    return compute(made, store=MemoryStore())


def test_every_network_measures_the_regime_that_is_named_for_its_cell(regions: Diagram) -> None:
    found = report.document(regions, RUN)["regions"]
    assert found["alike"] == len(found["cells"]) == 9
    assert len({cell["measured"] for cell in found["cells"]}) >= 3
    for cell in found["cells"]:
        at = {"r": -0.8, "reinit": 0.1, "beta_aux": 1.0}
        expected = regime(c=cell["x"], beta_main=cell["y"], **at)
        assert cell["predicted"].partition(":")[0] == expected.name
        order, contrast = cell["values"]
        assert order["mean"] == pytest.approx(expected.order, abs=1e-6)
        assert contrast["mean"] == pytest.approx(expected.contrast, abs=1e-6)


def test_a_network_in_another_region_is_counted_and_one_that_contradicts_is_hatched(regions: Diagram) -> None:
    place = (0, 0)
    cells = regions.cells | {place: replace(regions.cells[place], mean=2.5 - regions.cells[place].mean)}
    moved = replace(regions, cells=cells)
    assert report.document(moved, RUN)["regions"]["alike"] == 8
    plain = report.draw(regions)[0]
    cells = regions.cells | {place: replace(regions.cells[place], outcome="disagrees")}
    hatched = report.draw(replace(regions, cells=cells))[0]
    assert b"<pattern" in hatched
    assert b"<pattern" not in plain


def test_one_statement_alone_is_an_ordinary_map(regions: Diagram) -> None:
    alone = replace(regions, second=None)
    assert report.document(alone, RUN)["regions"] is None
    assert report.draw(alone)[0] != report.draw(regions)[0]


def test_curves_are_the_fixed_point_at_nominal_shares(curves: Diagram) -> None:
    assert curves.plan.curves
    assert (curves.plan.x.name, curves.plan.y.name) == ("r", "gamma")
    assert curves.prediction is not None
    assert curves.prediction.shape == (2, FINE)
    found = report.document(curves, RUN)["curves"]
    r, gamma = found[1]["x"][50], found[1]["y"]
    on = (1 + r) * (0.5 + np.hypot(0.5, 2**0.5)) + 0.04
    off = 2 * (1 + r) * 0.5 + 0.04
    size = 0.3**-0.5
    groups = Groups(
        np.array([[0.25, 0.25, 0.05, 0.45]]),
        np.log([[on, on, off, off]]),
        np.array([[size, 0, size, 0]]),
        np.zeros((1, 4)),
    )
    direct = solve(groups, np.array([gamma]), np.array([0.3])).mse[0]
    assert found[1]["predicted"][50] == pytest.approx(direct, rel=1e-9)


def test_points_stand_with_their_intervals(curves: Diagram) -> None:
    for cell in curves.cells.values():
        assert cell.trained == 3
        assert cell.low < cell.mean < cell.high
    assert report.document(curves, RUN)["boundary"] == []


@pytest.mark.parametrize("which", ["regions", "curves"])
def test_the_numbers_follow_the_schema_and_the_picture_repeats(which: str, request: pytest.FixtureRequest) -> None:
    found: Diagram = request.getfixturevalue(which)
    Draft202012Validator(SCHEMA).validate(json.loads(report.files(found, RUN)[f"{found.plan.claim.id}.json"]))
    assert report.files(found, RUN) == report.files(found, RUN)
