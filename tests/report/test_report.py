"""What a reader sees of a verdict, and that result files are written whole or not at all."""

from __future__ import annotations

import errno
import json
import math
import os
from pathlib import Path

import pytest

from ftproofs.claim import Claim, Domain, Each, Mean, Source, Statement
from ftproofs.errors import ResourceError, UsageError
from ftproofs.report import files, tables
from ftproofs.report.figures import derivation_cell, experiment_cell, figure, number, seconds
from ftproofs.settings import Setting
from ftproofs.verdict import Derivation, Evidence, Link, Observation, StepResult, Verdict, join

SEEN = Observation(Setting("linear.finetune", ()), "ft1-x", 0, 1.0, 1.5, 1e-9, 0.5)
CLAIM = Claim(
    "a-claim", "A claim", Source("x"), "linear.finetune", Each(), Domain(()), (Statement("fit_gap", "==", "0"),)
)


def verdict(evidence: Evidence, derivation: Derivation | None = None, expected: str | None = None) -> Verdict:
    derivation = derivation or Derivation("proved")
    word, flags = join(derivation, evidence.status)
    return Verdict("a-claim", word, derivation, evidence, expected, flags + evidence.flags, 1.0)


def each(status: str, **more: object) -> Evidence:
    return Evidence(status, "each", 1e-6, **more)  # type: ignore[arg-type]


def mean(status: str, **more: object) -> Evidence:
    return Evidence(status, "mean", 0.02, **more)  # type: ignore[arg-type]


FIGURES = [
    (
        each("certified", links={"end_to_end": Link("certified", worst=1e-9, bound=2e-8)}),
        "error 1.0e-09, bound 2.0e-08",
    ),
    (
        each("certified", links={"end_to_end": Link("certified", worst=-0.5, bound=1e-9)}),
        "holds by 5.0e-01, bound 1.0e-09",
    ),
    (mean("supported", interval=(-0.01, 0.015)), "error in [-1.00%, +1.50%], within 2.0%"),
    (mean("undecided", interval=(-0.01, 0.025)), "error in [-1.00%, +2.50%], not within 2.0%"),
    (mean("undecided", interval=(-0.01, 0.025), needed=512), "not within 2.0%; needs 512 more trainings"),
    (each("undecided", detail="3 of 16 networks ended diverged"), "3 of 16 networks ended diverged"),
    (each("undecided"), "too few trainings"),
    (each("error", detail="loss not finite"), "loss not finite"),
    (each("none"), "not trained"),
    (each("refuted", worst=SEEN), "observed 1.5 +- 1.0e-09, predicted 1"),
    (each("refuted", detail="no row"), "no row"),
]


@pytest.mark.parametrize(("evidence", "text"), FIGURES, ids=[text for _, text in FIGURES])
def test_the_figure_that_matters(evidence: Evidence, text: str) -> None:
    assert figure(verdict(evidence)).endswith(text)


def test_a_disproof_is_named() -> None:
    found = verdict(each("certified"), Derivation("disproved", detail="at n = 3: 1 is not 2"))
    assert found.word == "refuted"
    assert figure(found) == "at n = 3: 1 is not 2"


def test_the_cells() -> None:
    steps = (StepResult("a", "proved", "x"), StepResult("b", "false", "x"), StepResult("c", "open", "x"))
    assert derivation_cell(Derivation("proved")) == "proved"
    assert derivation_cell(Derivation("proved", axioms=("gordon",))) == "proved, 1 axiom"
    assert derivation_cell(Derivation("broken", steps)) == "broken: b"
    assert derivation_cell(Derivation("gap", steps)) == "gap: c"
    assert experiment_cell(each("certified", trainings=64)) == "certified, 64 trained"
    assert experiment_cell(each("none")) == "not trained"
    assert [seconds(x) for x in (0.04, 9.99, 59.6, 125)] == ["0.0 s", "10.0 s", "60 s", "2 min 5 s"]
    assert [number(x) for x in (0.0, 1e-9, math.inf)] == ["0", "1.0e-09", "inf"]


def test_words_show_what_weakens_them() -> None:
    assert "proved" in tables.word(verdict(each("certified", flags=("estimated-integration",))))
    assert "estimated" not in tables.word(verdict(each("certified", flags=("estimated-integration",))))
    assert "broken-proof" in tables.word(verdict(each("certified"), Derivation("broken")))
    assert "expected refuted" in tables.word(verdict(each("certified"), expected="refuted"))
    assert "as expected" in tables.word(verdict(each("refuted"), expected="refuted"))


def test_the_footnotes_add_up() -> None:
    found = [
        (CLAIM, verdict(each("certified", flags=("estimated-integration",)))),
        (CLAIM, verdict(mean("undecided"))),
        (CLAIM, verdict(each("refuted"), expected="refuted")),
    ]
    lines = tables.footnotes(found)
    assert lines[0] == "3 claims: 1 proved, 1 refuted, 1 undecided; 1 not as expected."
    assert lines[1].startswith("estimated-integration: 1 ")
    assert tables.footnotes(found[:1])[0] == "1 claim: 1 proved; all as expected."


def test_scales_and_extents() -> None:
    from ftproofs.names import MEASUREMENTS, PARAMETERS

    assert tables.scale(MEASUREMENTS["risk"].scale) == "target_norm**2"
    assert tables.scale(MEASUREMENTS["perp_ratio"].scale) == "1"
    assert tables.extent(PARAMETERS["n"]) == "integer [1, oo)"
    assert tables.extent(PARAMETERS["gamma"]) == "(0, oo)"
    assert tables.extent(PARAMETERS["theta"]) == "[0, 3.14159]"
    assert tables.extent(PARAMETERS["inputs"]) == "gaussian, sphere, population"
    assert Mean().name == "mean"


# -- files -----------------------------------------------------------------------

DOCUMENT = {"format": 1, "value": float("inf"), "claims": [1, 2, 3]}


def test_a_document_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    files.write(path, DOCUMENT)
    files.write(path, DOCUMENT | {"claims": []})
    assert json.loads(path.read_text()) == {"format": 1, "value": "inf", "claims": []}
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_not_ours_is_not_overwritten(tmp_path: Path) -> None:
    foreign = tmp_path / "thesis.json"
    foreign.write_text('{"title": "precious"}')
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "elsewhere.json")
    for path in (foreign, link):
        with pytest.raises(UsageError, match="FT401"):
            files.write(path, DOCUMENT)
    assert foreign.read_text() == '{"title": "precious"}'
    assert not (tmp_path / "elsewhere.json").exists()


def test_what_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing" / "a.json", tmp_path / "a\0b.json", tmp_path / ("a" * 300)):
        with pytest.raises(UsageError, match=r"\AFT402: [^\n]*\Z"):
            files.write(path, DOCUMENT)


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
@pytest.mark.parametrize(
    ("number", "kind", "code"), [(errno.ENOSPC, ResourceError, "FT404"), (errno.EIO, UsageError, "FT402")]
)
def test_a_fault_at_any_point_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, kind: type[Exception], code: str
) -> None:
    path = tmp_path / "results.json"
    files.write(path, DOCUMENT)
    before = path.read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    if call == "write":
        monkeypatch.setattr(os, "fdopen", fail)
    else:
        monkeypatch.setattr(os, call, fail)
    with pytest.raises(kind, match=code):
        files.write(path, DOCUMENT | {"claims": "new"})
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
