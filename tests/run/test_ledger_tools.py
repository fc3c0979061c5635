"""Whole ledgers: shown, verified, merged, exported; damage anywhere is found and nothing is spread."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ftproofs.catalog import find
from ftproofs.check.trail import Decided, Lot
from ftproofs.claim import Rows
from ftproofs.errors import UsageError
from ftproofs.names import complete
from ftproofs.numeric.experiments import run
from ftproofs.run.ledger import Ledger
from ftproofs.run.ledger_tools import contents, lines, merge, opened, powers, verify, words
from ftproofs.settings import Block, Setting
from ftproofs.verdict import Account

(CLAIM,) = find("linear-endpoint")
CONDITIONS = {"seed": 0, "device": "cpu", "dtype": "float64", "budget": "low", "settings": None}


def rows_at(index: int, count: int = 2) -> Rows:
    values = complete("linear.finetune", {"n": 2, "d": 5, "theta": 1})
    settings = [Setting.of("linear.finetune", values, root=7, stage="explore", index=index + k) for k in range(count)]
    return run(Block(tuple(settings), "descent"), device="cpu")


def a_ledger(path: Path, *blocks: Rows, word: str | None = "proved") -> Path:
    with Ledger(path, code_hash="code") as ledger:
        for rows in blocks:
            ledger.put(rows)
        if word is not None:
            ledger.put_verdict(CLAIM, {"id": CLAIM.id, "word": word}, run=CONDITIONS)
            ledger.put_power(CLAIM, {"power": {"score": 0.5, "strict_score": 1.0}, "flags": []}, run=CONDITIONS)
            ledger.put_judged(CLAIM, 0, [["a == b", "survived", 0.1, ""]], run=CONDITIONS)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return a_ledger(tmp_path / "rows.sqlite", rows_at(0), rows_at(2, 3))


def test_contents_and_words(path: Path) -> None:
    with opened(path) as ledger:
        (entry,) = contents(ledger)
        (word,) = words(ledger)
        (power,) = powers(ledger)
    assert (entry["experiment"], entry["engine"], entry["device"], entry["code"]) == (
        "linear.finetune",
        "descent",
        "cpu",
        "code",
    )
    assert (entry["blocks"], entry["rows"]) == (2, 5)
    assert (word["claim"], word["word"], word["seed"], word["budget"]) == (CLAIM.id, "proved", 0, "low")
    assert (power["claim"], power["score"], power["seed"], power["budget"]) == (CLAIM.id, 0.5, 0, "low")


def test_a_sound_ledger_is_sound(path: Path) -> None:
    with opened(path) as ledger:
        found = verify(ledger)
    assert (found.blocks, found.rows, found.verdicts, found.powers, found.damaged) == (2, 5, 1, 1, ())


DAMAGE = {
    "numbers": "UPDATE blocks SET arrays = zeroblob(length(arrays)) WHERE rowid = 1",
    "header": "UPDATE blocks SET header = replace(header, '\"root\":7', '\"root\":8') || ' ' WHERE rowid = 1",
    "checksum": "UPDATE blocks SET checksum = zeroblob(32) WHERE rowid = 1",
    "key": "UPDATE blocks SET key = zeroblob(32) WHERE rowid = 1",
    "code": "UPDATE blocks SET code = 'another' WHERE rowid = 1",
    "cases": "UPDATE blocks SET cases = cases + 1 WHERE rowid = 1",
    "verdict": "UPDATE verdicts SET verdict = replace(verdict, 'proved', 'refuted')",
    "power": "UPDATE powers SET power = replace(power, '0.5', '1.0')",
    "judged": "UPDATE judged SET judged = replace(judged, 'survived', 'killed')",
}


def spoil(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(statement).rowcount == 1
        connection.commit()


@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_found_and_spreads_to_no_other_ledger(path: Path, tmp_path: Path, what: str) -> None:
    spoil(path, DAMAGE[what])
    target = a_ledger(tmp_path / "target.sqlite", rows_at(10), word=None)
    with opened(path) as ledger:
        (damage,) = verify(ledger).damaged
        named = {"verdict": "verdict 1", "power": "power 1", "judged": "judged mutants"}
        assert named.get(what, "block 1") in damage
        with pytest.raises(UsageError, match=r"FT406.* nothing was merged"):
            merge(target, [ledger])
        if what != "judged":  # which only resuming needs, and no line tells
            with pytest.raises(UsageError, match="FT406"):
                list(lines(ledger))
    with opened(target) as ledger:
        assert verify(ledger).rows == 2


def test_merging_adds_what_is_missing_and_nothing_twice(path: Path, tmp_path: Path) -> None:
    other = a_ledger(tmp_path / "other.sqlite", rows_at(2, 3), rows_at(5), word="supported")
    into = tmp_path / "all.sqlite"
    with opened(path) as first, opened(other) as second:
        assert merge(into, [first, second]).__dict__ == {
            "blocks": 3,
            "rows": 7,
            "verdicts": 1,
            "powers": 1,
            "differing": 0,
        }
        assert merge(into, [first, second]).rows == 0
    with opened(into) as ledger:
        assert verify(ledger).damaged == ()
    with Ledger(into, code_hash="code") as again:
        assert list(again.judged(CLAIM, run=CONDITIONS)) == [0]
        for rows in (rows_at(0), rows_at(5)):
            kept = again.get(rows.block)
            assert kept is not None
            assert all(np.array_equal(kept.values[name], rows.values[name], equal_nan=True) for name in rows.values)


def test_rows_that_two_ledgers_have_with_other_numbers_are_told(path: Path, tmp_path: Path) -> None:
    rows = rows_at(0)
    rows.values["risk"][0] += 1
    other = a_ledger(tmp_path / "other.sqlite", rows, word=None)
    with opened(other) as ledger:
        assert merge(path, [ledger]).differing == 1
    with opened(path) as ledger:
        assert verify(ledger).rows == 5


def test_every_row_and_verdict_is_a_line(path: Path) -> None:
    with opened(path) as ledger:
        found = list(lines(ledger))
    assert [entry["kind"] for entry in found] == ["row"] * 5 + ["verdict", "power"]
    rows = rows_at(2, 3)
    assert found[3]["values"]["risk"] == rows.values["risk"][1]
    assert found[3]["bounds"]["risk"] == rows.bounds["risk"][1]
    assert found[3]["setting"] == rows.block.settings[1].parameters
    assert (found[3]["seed"], found[3]["index"]) == (7, 3)
    assert found[5]["verdict"]["word"] == "proved"
    assert (found[6]["claim"], found[6]["power"]["power"]["score"]) == (CLAIM.id, 0.5)


def test_accounts_of_verdicts_are_merged_and_verified(path: Path, tmp_path: Path) -> None:
    account = Account((Decided("each", "B", 0, {"tolerance": 1.0}, [Lot(("a",), {"gap": np.ones(3)})], {}),), "")
    other = tmp_path / "other.sqlite"
    with Ledger(other, code_hash="code") as ledger:
        ledger.put_verdict(CLAIM, {"id": CLAIM.id, "word": "proved"}, run={"seed": 1}, account=account)
        assert verify(ledger).damaged == ()
        merge(path, [ledger])
    with opened(path) as ledger:
        ((header, count),) = ledger.query("SELECT header, (SELECT count(*) FROM verdicts) FROM accounts")
        assert ('"tolerance":1.0' in header, count) == (True, 2)
        assert verify(ledger).damaged == ()
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE accounts SET header = replace(header, '1.0', '2.0')")
    with opened(path) as ledger:
        (damage,) = verify(ledger).damaged
    assert "checksum of an account" in damage
