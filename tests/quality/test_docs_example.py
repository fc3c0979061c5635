"""The example of docs/audit.md is what the command prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ftproofs.cli import main

DOCS = Path(__file__).parents[2] / "docs" / "audit.md"
NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:e[-+]\d+)?")


def block(kind: str) -> str:
    """The first block of that kind."""
    found = re.search(rf"```{kind}\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def shape(line: str) -> tuple[str, list[float]]:
    """A line's words, its numbers apart."""
    return " ".join(NUMBER.sub("#", line).split()), [float(x) for x in NUMBER.findall(line)]


def alike(shown: str, printed: str) -> bool:
    """Whether the documentation's line is the printed one: every word, and numbers but for what machines differ in."""
    if shown.endswith("…"):
        shown = shown.removesuffix("…").rstrip()
        printed = " ".join(printed.split())[: len(" ".join(shown.split()))]
    (words, numbers), (other, found) = shape(shown), shape(printed)
    return words == other and numbers == pytest.approx(found, rel=2e-2)


def test_lines_are_compared() -> None:
    assert alike("x: observed 2.236, predicted 2", "x:  observed 2.237, predicted 2")
    assert alike("x: replay ft1-…", "x: replay ft1-abc")
    assert not alike("x: replay ft2-…", "x: replay ft1-abc")
    assert not alike("x: hint: holds when sigma = 0", "x: hint: holds when L = 1")
    assert not alike("x: observed 2.236, predicted 2", "x: observed 2.36, predicted 2")


def test_the_example_is_what_the_command_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "240")
    (tmp_path / "claim.toml").write_text(block("toml"))
    assert "`ftproofs audit claim.toml --budget low`" in DOCS.read_text()
    assert main(["audit", "claim.toml", "--budget", "low", "--device", "cpu"]) == 1
    printed = [line for line in capsys.readouterr().out.splitlines() if line.strip() and set(line.strip()) != {"─"}]
    shown = block("text").splitlines()
    assert len(shown) == len(printed), printed
    for mine, theirs in zip(shown, printed, strict=True):
        assert alike(mine, theirs), (mine, theirs)
