"""The picture of a phase diagram and its numbers: what is drawn, and that both say the same."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from matplotlib import image

import ftproofs
from ftproofs.check import MemoryStore
from ftproofs.claim import Claim, Domain, Mean, Source, real_range
from ftproofs.report import phase as report
from ftproofs.run.phase import Diagram, compute
from ftproofs.run.phase_plan import plan
from ftproofs.symbolic.vocabulary import equal, v

SCHEMA = json.loads((Path(ftproofs.__file__).parents[2] / "docs/schema/phase.json").read_text())
RUN = {"device": "cpu", "code": "x", "ledger": None}
#: What training changes of the risk is negative where sigma = 0, and positive where theta = 0.
CLAIM = Claim(
    "drawn",
    "Drawn",
    Source("test"),
    "linear.finetune",
    Mean(),
    Domain.of(n=(4, 24), d=30, theta=real_range(0, 2), sigma=real_range(0, 2)),
    (equal(v.risk - v.start_risk, v.n * v.sigma**2 / (v.d - v.n - 1) - v.theta**2 * v.n / v.d),),
)


def diagram(trained: int = 4, **more: object) -> Diagram:
    made = plan(CLAIM, x="theta", y="sigma", at={"n": 12}, grid=(4, 3), trained=trained, **more)  # type: ignore[arg-type]
    return compute(made, store=MemoryStore())


@pytest.fixture(scope="module")
def found() -> Diagram:
    """With one cell that contradicts the claim and one that is missing."""
    made = diagram()
    place = (1, 1)
    made.cells[place] = replace(made.cells[place], outcome="disagrees")
    del made.cells[3, 2]
    return made


@pytest.fixture(scope="module")
def written(found: Diagram) -> dict[str, str | bytes]:
    return report.files(found, RUN)


def test_four_files_by_the_claims_name(written: dict[str, str | bytes]) -> None:
    assert sorted(written) == sorted(report.file_names("drawn"))


def test_the_same_diagram_gives_the_same_bytes(found: Diagram, written: dict[str, str | bytes]) -> None:
    assert report.files(found, RUN) == written


def test_the_picture_is_a_vector_and_a_png_of_the_same_shape(written: dict[str, str | bytes]) -> None:
    root = ElementTree.fromstring(written["drawn.svg"])
    assert root.tag.endswith("svg")
    width, height = (float(root.attrib[side].removesuffix("pt")) for side in ("width", "height"))
    pixels = image.imread(io.BytesIO(written["drawn.png"]), format="png")
    assert pixels.shape[1] / pixels.shape[0] == pytest.approx(width / height, rel=0.01)
    assert pixels.shape[1] >= 2000
    assert b"hatch" in written["drawn.svg"] or b"<pattern" in written["drawn.svg"]


def test_only_what_contradicts_is_hatched() -> None:
    calm = diagram()
    assert not any(cell.outcome == "disagrees" for cell in calm.cells.values())
    # The legend's own patch remains.
    assert report.draw(calm)[0].count(b"fill: url(#") == 1
    calm.cells[0, 0] = replace(calm.cells[0, 0], outcome="disagrees")
    assert report.draw(calm)[0].count(b"fill: url(#") == 2


def test_the_numbers_fit_the_schema(found: Diagram, written: dict[str, str | bytes]) -> None:
    document = json.loads(written["drawn.json"])
    Draft202012Validator(SCHEMA).validate(document)
    assert len(document["cells"]) == 11
    assert document["counts"]["disagrees"] == 1
    assert sum(document["counts"].values()) == sum(document["signs"].values()) == 11
    assert document["fixed"] == {"d": 30, "n": 12}
    for x, y in document["boundary"][0]:
        assert 12 * y**2 / 17 == pytest.approx(12 * x**2 / 30, abs=1e-3)
    Draft202012Validator(SCHEMA).validate(
        json.loads(json.dumps(report.document(diagram(0), RUN)).replace("NaN", '"nan"'))
    )


def test_the_table_says_what_the_document_says(written: dict[str, str | bytes]) -> None:
    cells = json.loads(written["drawn.json"])["cells"]
    rows = list(csv.DictReader(io.StringIO(str(written["drawn.csv"]))))
    assert list(rows[0])[:3] == ["theta", "sigma", "predicted"]
    assert len(rows) == len(cells)
    for row, cell in zip(rows, cells, strict=True):
        assert (float(row["theta"]), float(row["sigma"])) == (cell["x"], cell["y"])
        assert float(row["mean"]) == cell["mean"]
        assert row["outcome"] == cell["outcome"]
        assert row["n"] == "12"


def test_colours_are_symmetric_where_signs_matter(found: Diagram) -> None:
    colours, norm = report._colours(found)
    assert colours == report.SIGNED
    assert norm.vmin == -norm.vmax
    positive = {place: replace(cell, mean=1 + abs(cell.mean), predicted=2.0) for place, cell in found.cells.items()}
    plain = Diagram(found.plan, None, [], positive)
    assert report._colours(plain)[0] == report.PLAIN


def test_signs_are_counted() -> None:
    made = diagram(24)
    seen = report.signs(made)
    assert seen["opposite"] == 0
    assert seen["predicted"] > 0
    assert sum(seen.values()) == len(made.cells)


def test_a_diagram_of_nothing_trained_is_drawn() -> None:
    svg, png = report.draw(diagram(0))
    assert svg
    assert png
    assert all(math.isfinite(cell.predicted) for cell in diagram(0).cells.values())


def test_a_prediction_with_holes_is_drawn(found: Diagram) -> None:
    assert found.prediction is not None
    holes = found.prediction.copy()
    holes[:, : holes.shape[1] // 2] = np.nan
    assert report.draw(Diagram(found.plan, holes, [], found.cells))[0]
