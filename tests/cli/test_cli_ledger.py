"""``ledger``: what each command prints and writes, and that nothing is made where a command fails."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import CLAIM, document, one_line

from ftproofs.catalog import find
from ftproofs.names import complete
from ftproofs.numeric.experiments import run as measured
from ftproofs.run.ledger import Ledger
from ftproofs.settings import Block, Setting


@pytest.fixture
def ledger(folder: Path) -> str:
    """Five rows of one block, a verdict and a kill score."""
    values = complete("linear.finetune", {"n": 2, "d": 5, "theta": 1})
    settings = tuple(Setting.of("linear.finetune", values, root=7, stage="explore", index=k) for k in range(5))
    with Ledger(folder / "rows.sqlite", code_hash="code") as made:
        made.put(measured(Block(settings, "descent"), device="cpu"))
        run = {"seed": 0, "device": "cpu"}
        made.put_verdict(find(CLAIM)[0], {"id": CLAIM, "word": "proved"}, run=run)
        made.put_power(find(CLAIM)[0], {"power": {"score": 0.5, "strict_score": None}, "flags": []}, run=run)
    return "rows.sqlite"


def test_show_verify_merge_export(run: Any, ledger: str, folder: Path) -> None:
    assert run("ledger", "show", ledger)[1].endswith("5 rows, 1 verdicts, 1 kill scores\n")
    assert run("ledger", "verify", ledger) == (0, "1 blocks, 5 rows, 1 verdicts, 1 kill scores: all sound\n", "")
    added = "5 rows in 1 blocks, 1 verdicts and 1 kill scores added to all.sqlite\n"
    assert run("ledger", "merge", "all.sqlite", ledger) == (0, added, "")
    for _ in range(2):  # its own file may be replaced
        assert run("ledger", "export", "all.sqlite", "--out", "rows.jsonl")[0] == 0
    first, *rest = (folder / "rows.jsonl").read_text().splitlines()
    assert json.loads(first)["format"] == 1
    assert [json.loads(text)["kind"] for text in rest] == ["row"] * 5 + ["verdict", "power"]


def test_a_damaged_ledger_ends_with_status_2(run: Any, ledger: str, folder: Path) -> None:
    with closing(sqlite3.connect(folder / ledger)) as connection:
        connection.execute("UPDATE blocks SET checksum = zeroblob(32)")
        connection.commit()
    status, out, _ = run("ledger", "verify", ledger)
    assert status == 2
    assert out.endswith("1 blocks, 5 rows, 1 verdicts, 1 kill scores: 1 damaged\n")
    one_line(run("ledger", "merge", "all.sqlite", ledger)[2], "FT406")
    one_line(run("ledger", "export", ledger, "--out", "rows.jsonl")[2], "FT406")
    assert not (folder / "rows.jsonl").exists()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("show", ("rows.sqlite",)),
        ("verify", ("rows.sqlite",)),
        ("merge", ("all.sqlite", "rows.sqlite")),
        ("export", ("rows.sqlite", "--out", "x")),
    ],
)
def test_documents_follow_their_schema(run: Any, ledger: str, command: str, words: tuple[str, ...]) -> None:
    status, out, _ = run("ledger", command, *words, "--json")
    assert status == 0
    assert document(f"ledger-{command}", out)["format"] == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("show", "nowhere.sqlite"), "FT406"),
        (("verify", __file__), "FT406"),
        (("merge", "a.sqlite", "nowhere.sqlite"), "FT406"),
        (("merge", "a.sqlite", "a.sqlite"), "FT300"),
        (("export", "nowhere.sqlite", "--out", "x"), "FT406"),
        (("export", "nowhere.sqlite", "--out", __file__), "FT401"),
    ],
)
def test_bad_words_are_one_line_and_make_no_file(run: Any, folder: Path, words: tuple[str, ...], code: str) -> None:
    status, out, err = run("ledger", *words)
    assert (status, out) == (2, "")
    one_line(err, code)
    assert not list(folder.iterdir())
