"""``check`` and ``derive``: the table, the results, the exit code, and every way to be cut short."""

from __future__ import annotations

import importlib
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import CLAIM, SETTING, FakeCheck, document, one_line
from flint import acb

from ftproofs.check import MemoryStore
from ftproofs.cli.interrupt import Interrupts
from ftproofs.errors import ResourceError, TrainingError
from ftproofs.settings import Block
from ftproofs.verdict import Derivation, StepResult


def innermost(store: Any) -> Any:
    """The store behind what watches for interrupts and for other runs."""
    while (inner := getattr(store, "store", getattr(store, "ledger", None))) is not None:
        store = inner
    return store


def test_check_prints_a_table_and_writes_the_results(run: Any, fake_check: FakeCheck, folder: Path) -> None:
    status, out, err = run("check", CLAIM, "deep-linear-endpoint", "--budget", "low", "--seed", "7", "--settings", "8")
    assert status == 0
    assert err == ""  # nobody watches: no bars
    assert "\x1b" not in out
    (row,) = [line for line in out.splitlines() if line.split()[:1] == [CLAIM]]
    assert "proved" in row
    assert "error 1.0e-09, bound 2.0e-08" in row
    assert "Full results: .ftproofs/results.json" in out
    call = fake_check.calls[0]
    assert {k: call[k] for k in ("settings", "budget", "seed", "device")} == {
        "settings": 8,
        "budget": "low",
        "seed": 7,
        "device": call["device"],
    }
    assert isinstance(innermost(call["store"]), MemoryStore)
    found = document("check", (folder / ".ftproofs" / "results.json").read_text())
    assert found["format"] == 1
    assert found["run"]["seed"] == 7
    assert found["run"]["complete"] is True
    first = found["claims"][0]
    assert (first["id"], first["word"], first["expected"]) == (CLAIM, "proved", None)
    assert first["experiment"]["estimate"] == "inf"
    assert first["experiment"]["interval"] == [-0.01, "nan"]
    assert first["experiment"]["worst"]["id"] == "ft1-example"
    assert first["experiment"]["worst"]["setting"] == SETTING.parameters
    assert first["experiment"]["simplest"] is None
    assert first["derivation"]["steps"][0]["route"] == "normal-form"
    assert len(first["latex"]) == len(first["statement"]) > 0


@pytest.mark.parametrize(
    ("status", "code"), [("certified", 0), ("supported", 0), ("refuted", 1), ("undecided", 3), ("error", 3)]
)
def test_the_exit_code_is_the_verdicts(run: Any, fake_check: FakeCheck, status: str, code: int) -> None:
    fake_check.statuses[CLAIM] = status
    found, _, _ = run("check", CLAIM, "linear-scratch")
    assert found == code
    assert len(fake_check.calls) == 2


def test_a_false_variant_is_expected_refuted(run: Any, fake_check: FakeCheck) -> None:
    from ftproofs.catalog import claims

    false = claims()[CLAIM].false_variants()[0].id
    fake_check.statuses[false] = "refuted"
    assert run("check", false)[0] == 0
    fake_check.statuses[false] = "supported"
    assert run("check", false)[0] == 1
    fake_check.statuses[false] = "undecided"
    assert run("check", false)[0] == 3


def test_a_family_is_all_its_claims(run: Any, fake_check: FakeCheck) -> None:
    from ftproofs.catalog import families

    run("check", "deep-linear", "deep-linear-endpoint")
    assert [call["claim"] for call in fake_check.calls] == [claim.id for claim in families()["deep-linear"]]


def test_json_alone_is_all_of_stdout(run: Any, fake_check: FakeCheck) -> None:
    status, out, _ = run("check", "--json", CLAIM)
    assert status == 0
    assert [claim["id"] for claim in document("check", out)["claims"]] == [CLAIM]


def test_json_to_a_file_leaves_the_table(run: Any, fake_check: FakeCheck, folder: Path) -> None:
    status, out, _ = run("check", CLAIM, "--json", "out.json")
    assert status == 0
    assert CLAIM in out
    assert document("check", (folder / "out.json").read_text())["claims"][0]["id"] == CLAIM
    assert run("check", CLAIM, "--json", "out.json")[0] == 0  # our own results may be replaced
    (folder / "link.json").symlink_to(folder / "out.json")
    (folder / "other.json").write_text("precious")
    for name in ("link.json", "other.json"):
        status, _, err = run("check", CLAIM, "--json", name)
        assert status == 2
        one_line(err, "FT401")
    assert (folder / "other.json").read_text() == "precious"
    assert len(fake_check.calls) == 2  # refused before any work


def test_the_ledger_and_its_results(run: Any, fake_check: FakeCheck, folder: Path) -> None:
    from ftproofs.run.ledger import Ledger

    status, out, _ = run("check", CLAIM, "--ledger", "kept/rows.sqlite")
    assert status == 0
    assert isinstance(innermost(fake_check.calls[0]["store"]), Ledger)
    assert "kept/rows.results.json" in out
    assert document("check", (folder / "kept" / "rows.results.json").read_text())["run"]["ledger"] == "kept/rows.sqlite"
    (folder / "text.sqlite").write_text("not a ledger " * 100)
    status, _, err = run("check", CLAIM, "--ledger", "text.sqlite")
    assert status == 2
    one_line(err, "FT406")


def test_an_interrupted_check_says_how_to_resume(run: Any, fake_check: FakeCheck, folder: Path) -> None:
    fake_check.raises[1] = KeyboardInterrupt()
    status, _, err = run("check", "linear", "--ledger", "rows.sqlite")
    assert status == 130
    assert err.startswith("ftproofs: interrupted after 1 of ")
    assert "the same command resumes" in err
    assert err.count("\n") == 1
    found = document("check", (folder / "rows.results.json").read_text())
    assert found["run"]["complete"] is False
    assert len(found["claims"]) == 1
    # The verdict that was reached is in the ledger as well.
    assert run("ledger", "show", "rows.sqlite")[1].endswith("0 rows, 1 verdicts, 0 kill scores\n")


@pytest.mark.parametrize(
    ("error", "status", "start"),
    [
        (ResourceError("FT404", "disk full; rerun to resume"), 75, "ftproofs: FT404: disk full"),
        (TrainingError("FT603", "loss not finite"), 2, "ftproofs: FT603: "),
        (MemoryError(), 75, "ftproofs: FT212: "),
        (RuntimeError("two\nlines"), 70, "ftproofs: internal error: RuntimeError: two lines "),
        (KeyboardInterrupt(), 130, "ftproofs: interrupted"),
    ],
)
def test_whatever_goes_wrong_is_one_line(
    run: Any, fake_check: FakeCheck, error: BaseException, status: int, start: str
) -> None:
    fake_check.raises[0] = error
    found, out, err = run("check", CLAIM)
    assert (found, out) == (status, "")
    assert err.startswith(start)
    assert err.count("\n") == 1


def test_an_interrupt_inside_a_compiled_quadrature_is_one(run: Any, fake_check: FakeCheck) -> None:
    def integrand(x: acb, analytic: bool) -> acb:
        raise KeyboardInterrupt

    with pytest.raises(SystemError) as wrapped:
        acb.integral(integrand, acb(0), acb(1))
    fake_check.raises[0] = wrapped.value
    status, _, err = run("check", CLAIM)
    assert status == 130
    assert err == "ftproofs: interrupted\n"


def test_a_traceback_is_there_when_asked_for(run: Any, fake_check: FakeCheck, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FTPROOFS_DEBUG", "1")
    fake_check.raises[0] = RuntimeError("here")
    _, _, err = run("check", CLAIM)
    assert "Traceback" in err
    assert err.splitlines()[-1].startswith("ftproofs: internal error: RuntimeError: here")


@pytest.mark.parametrize(
    ("status", "code"), [("proved", 0), ("probable", 0), ("disproved", 1), ("gap", 3), ("broken", 3), ("none", 3)]
)
def test_derive(run: Any, monkeypatch: pytest.MonkeyPatch, status: Any, code: int) -> None:
    steps = () if status == "none" else (StepResult("first", "proved", "normal-form", 0.2, "a detail"),)
    fake = Derivation(status, steps, ("gordon",), detail="what was found")
    monkeypatch.setattr(importlib.import_module("ftproofs.symbolic.worker"), "derived", lambda claim: fake)
    found, out, err = run("derive", CLAIM)
    assert (found, err) == (code, "")
    assert f"{CLAIM}: {status}; axioms: gordon" in out
    if steps:
        assert "normal-form" in out
        assert "a detail" in out
    found = document("derive", run("derive", CLAIM, "--json")[1])
    assert found["claims"][0]["derivation"]["status"] == status


# -- the real check ----------------------------------------------------------------


def test_a_real_check_resumes_from_its_ledger_and_replays(
    run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("check", CLAIM, "--settings", "4", "--budget", "low", "--seed", "3", "--device", "cpu", "--ledger", "l.db")
    status, _, err = run(*words)
    assert (status, err) == (0, "")
    first = document("check", (folder / "l.results.json").read_text())
    (claim,) = first["claims"]
    assert claim["experiment"]["status"] == "certified"
    worst = claim["experiment"]["worst"]
    assert 0 <= worst["error"] <= claim["experiment"]["tolerance"]

    # The id alone gives the number that was compared; of a nonnegative one only the part above zero counts.
    side = claim["statement"][worst["statement"]].split(" == ")[0]
    row = document("replay", run("replay", worst["id"], "--json")[1])
    assert row["setting"] == worst["setting"]
    assert abs(row["measurements"][side]["value"] - worst["observed"]) <= worst["bound"]
    assert worst["observed"] + worst["bound"] <= 1.001 * sum(row["measurements"][side].values())

    # A rerun finds every row and trains nothing.
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(importlib.import_module("ftproofs.numeric.experiments"), "run", refuse)
    assert run(*words)[0] == 0
    again = document("check", (folder / "l.results.json").read_text())
    assert without_times(again) == without_times(first)


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key != "seconds"}
    if isinstance(value, list):
        return [without_times(item) for item in value]
    return value


@pytest.mark.parametrize("executor", ["in-process", "processes"])
def test_ctrl_c_keeps_what_was_done(folder: Path, executor: str) -> None:
    words = ["check", "linear", "--budget", "high", "--ledger", "rows.db", "--executor", executor, "--workers", "2"]
    command = [sys.executable, "-m", "ftproofs", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: rows_in(folder / "rows.db") > 0)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.count("\n") == 1
    assert err.startswith("ftproofs: interrupted after ")
    assert "the same command resumes" in err
    assert rows_in(folder / "rows.db") > 0


def rows_in(path: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as ledger:
            return int(ledger.execute("SELECT count(*) FROM blocks").fetchone()[0])
    except sqlite3.Error:
        return 0


def wait_until(true: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def test_a_second_ctrl_c_does_not_wait_for_the_batch() -> None:
    with Interrupts(MemoryStore()) as store:
        signal.raise_signal(signal.SIGINT)  # leaves a mark, noticed between two batches
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            store.get(Block((), "descent"))
