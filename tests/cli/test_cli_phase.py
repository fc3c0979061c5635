"""``phase``: the picture, the numbers beside it, refusals, and what an interrupt leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_helpers import document, one_line

from ftproofs.check.context import MemoryStore
from ftproofs.claim import Rows
from ftproofs.settings import Block

CLAIM = "linear-mean-risk"
SMALL = ("--grid", "3x2", "--trained", "2", "--at", "d=24", "--x", "gamma=0.1:0.5", "--y", "theta=0.2:3")
FILES = [f"{CLAIM}.{suffix}" for suffix in ("csv", "json", "png", "svg")]


def test_a_picture_is_written_beside_its_numbers(run: Any, folder: Path) -> None:
    status, out, err = run("phase", CLAIM, *SMALL, "--out", "pictures/here")
    assert (status, err) == (0, "")
    assert sorted(path.name for path in (folder / "pictures/here").iterdir()) == FILES
    assert "6 cells of gamma and theta" in out
    assert "12 networks trained by engine descent" in out
    assert "0 cells contradict the claim" in out
    assert "worst error: " in out
    found = document("phase", (folder / "pictures/here" / f"{CLAIM}.json").read_text())
    assert found["run"]["complete"] is True
    assert [found["x"]["name"], found["y"]["name"]] == ["gamma", "theta"]
    assert len((folder / "pictures/here" / f"{CLAIM}.csv").read_text().splitlines()) == 7


def test_json_takes_the_place_of_the_text(run: Any) -> None:
    status, out, _ = run("phase", CLAIM, *SMALL, "--json")
    assert status == 0
    assert document("phase", out)["claim"] == CLAIM


def test_nothing_is_overwritten_unless_asked(run: Any, folder: Path) -> None:
    (folder / "phase").mkdir()
    (folder / "phase" / f"{CLAIM}.png").write_text("mine")
    status, out, err = run("phase", CLAIM, *SMALL)
    assert (status, out) == (2, "")
    one_line(err, "FT401")
    assert (folder / "phase" / f"{CLAIM}.png").read_text() == "mine"
    assert run("phase", CLAIM, *SMALL, "--force")[0] == 0
    assert (folder / "phase" / f"{CLAIM}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["nonsense"], "FT301"),
        ([CLAIM, "--grid", "0"], "FT309"),
        ([CLAIM, "--grid", "3x"], "FT309"),
        ([CLAIM, "--trained", "-1"], "FT309"),
        ([CLAIM, "--processes", "0"], "FT309"),
        ([CLAIM, "--seed", "-1"], "FT211"),
        ([CLAIM, "--device", "abacus"], "FT307"),
        ([CLAIM, "--x", "nonsense"], "FT311"),
        ([CLAIM, "--at", "d"], "FT300"),
        ([CLAIM, "--at", "d=24", "--at", "d=25"], "FT300"),
        ([CLAIM, "--at", "nonsense=1"], "FT303"),
        ([CLAIM, "--at", "L=2"], "FT303"),
        ([CLAIM, "--at", "sigma=1,2"], "FT300"),
        ([CLAIM, "--at", "sigma=__import__"], "FT120"),
        ([CLAIM, "--at", "d=24.5"], "FT304"),
        ([CLAIM, "--statement", "9"], "FT311"),
        ([CLAIM, "--engine", "magic"], "FT308"),
        (["linear-noise-infinite", "--statement", "0"], "FT309"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(run: Any, folder: Path, words: list[str], code: str) -> None:
    status, out, err = run("phase", *words)
    assert (status, out) == (2, "")
    one_line(err, code)
    assert not (folder / "phase").exists()


def test_values_may_be_exact_expressions(run: Any) -> None:
    status, out, _ = run(
        "phase", CLAIM, "--x", "gamma=0.1:0.5", "--y", "sigma=0.1:1", "--at", "theta=pi/3", "--at", "d=24",
        "--grid", "2", "--trained", "1", "--json",
    )  # fmt: skip
    assert status == 0
    assert document("phase", out)["fixed"]["theta"] == pytest.approx(1.0471975511965976)


def test_ctrl_c_keeps_what_was_computed(run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second of the blocks is never reached; the picture shows the first."""
    from ftproofs.cli import interrupt

    kept = MemoryStore()

    class Stopped(interrupt.Interrupts):
        def put(self, rows: Rows) -> None:
            kept.put(rows)
            self._asked = True

        def get(self, block: Block) -> Rows | None:
            found = super().get(block)
            return found if found is not None else kept.get(block)

    monkeypatch.setattr("ftproofs.cli.phasing.Interrupts", Stopped)
    status, _, err = run("phase", CLAIM, *SMALL)
    assert status == 130
    assert "2 of 6 cells, which are drawn" in err
    assert "--ledger" in err
    found = document("phase", (folder / "phase" / f"{CLAIM}.json").read_text())
    assert found["run"]["complete"] is False
    assert len(found["cells"]) == 2
    assert sorted(path.name for path in (folder / "phase").iterdir()) == FILES


def test_a_ledger_resumes(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from ftproofs.run import phase as phase_module

    first = run("phase", CLAIM, *SMALL, "--ledger", "rows.sqlite", "--json")
    monkeypatch.setattr(phase_module.experiments, "run", None)
    again = run("phase", CLAIM, *SMALL, "--ledger", "rows.sqlite", "--json", "--force")
    assert (first[0], again[0]) == (0, 0)
    assert document("phase", first[1])["cells"] == document("phase", again[1])["cells"]


def test_help_says_what_is_written(run: Any) -> None:
    status, out, _ = run("phase", "--help")
    assert status == 0
    for word in ("--x", "--y", "--at", "--grid", "--trained", "--out", "CLAIM.svg", "hatching"):
        assert word in out
