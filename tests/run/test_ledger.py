"""The ledger: what it acknowledged is there after any death, bit for bit, and damage is never believed."""

from __future__ import annotations

import itertools
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ftproofs.claim import Claim, Domain, Each, Rows, Source, Statement
from ftproofs.errors import ResourceError, UsageError
from ftproofs.names import complete
from ftproofs.run import ledger as module
from ftproofs.run.hashes import claim_hash, judging_hash
from ftproofs.run.ledger import Ledger
from ftproofs.run.ledger_schema import SCHEMA_VERSION
from ftproofs.settings import Block, Setting

CODE = "0" * 64
WRITER = Path(__file__).with_name("writer.py")
VALUES = complete("linear.finetune", {"n": 3, "d": 5, "theta": 1.0})


def block(index: int = 0, cases: int = 4, *, engine: str = "descent", method: int = 0) -> Block:
    settings = (Setting.of("linear.finetune", VALUES, index=index * 100 + i) for i in range(cases))
    return Block(tuple(settings), engine, method)


def rows(of: Block, *, device: str = "cpu", seed: int = 0) -> Rows:
    rng = np.random.default_rng([seed, of.settings[0].index])
    values = {name: rng.standard_normal(len(of)) for name in ("risk", "fit_gap")}
    values["risk"][0] = [np.nan, np.inf, -0.0, 5e-324][of.settings[0].index // 100 % 4]
    bounds = {name: np.abs(value) * 1e-9 for name, value in values.items()}
    status = ("ok",) * (len(of) - 1) + ("saddle",)
    info = {"steps": np.arange(len(of), dtype=float)}
    return Rows(of, values, bounds, status, ("estimated-integration",), info, device, 0.25)


def assert_same_bits(a: Rows, b: Rows) -> None:
    assert (a.block, a.status, a.flags, a.device, a.seconds) == (b.block, b.status, b.flags, b.device, b.seconds)
    for group in ("values", "bounds", "info"):
        left, right = getattr(a, group), getattr(b, group)
        assert list(left) == list(right)
        for name in left:
            assert left[name].dtype == right[name].dtype == np.float64
            assert left[name].tobytes() == right[name].tobytes()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "ledger.sqlite"


def open_ledger(path: Path, **options: object) -> Ledger:
    return Ledger(path, **({"code_hash": CODE} | options))  # type: ignore[arg-type]


def test_rows_come_back_bit_for_bit_after_reopening(path: Path) -> None:
    with open_ledger(path) as ledger:
        for index in range(5):
            assert ledger.get(block(index)) is None
            ledger.put(rows(block(index)))
    with open_ledger(path) as ledger:
        assert len(ledger) == 20
        for index in range(5):
            found = ledger.get(block(index))
            assert found is not None
            assert_same_bits(found, rows(block(index)))
            found.values["risk"][0] = 1.0  # a reader may write into its own copy
        assert ledger.get(block(5)) is None


def test_rows_are_told_apart_by_all_that_decides_them(path: Path) -> None:
    with open_ledger(path) as ledger:
        ledger.put(rows(block()))
        for other in (block(1), block(cases=3), block(engine="solver"), block(method=1)):
            assert ledger.get(other) is None
        moved = Setting.of("linear.finetune", VALUES | {"sigma": 5e-324})
        assert ledger.get(Block((moved,), "descent")) is None
    for change in ({"code_hash": "1" * 64}, {"device": "cuda"}, {"dtype": "float32"}):
        with open_ledger(path, **change) as ledger:
            assert ledger.get(block()) is None
    with open_ledger(path) as ledger:
        assert ledger.get(block()) is not None


def test_rows_of_another_kind_of_device_are_kept_apart(path: Path) -> None:
    with open_ledger(path, device="cuda:1") as ledger:
        ledger.put(rows(block(), device="cuda:0"))
        ledger.put(rows(block(1), device="cpu"))
        assert ledger.get(block()) is not None
        assert ledger.get(block(1)) is None
    with open_ledger(path) as ledger:
        assert ledger.get(block()) is None
        assert ledger.get(block(1)) is not None


def test_the_first_rows_of_a_block_stay(path: Path) -> None:
    with open_ledger(path) as ledger:
        ledger.put(rows(block(), seed=1))
        ledger.put(rows(block(), seed=2))
        found = ledger.get(block())
        assert found is not None
        assert_same_bits(found, rows(block(), seed=1))
        assert len(ledger) == 4


def test_rows_that_do_not_fit_their_block_are_refused(path: Path) -> None:
    good = rows(block())
    short = Rows(good.block, {"risk": np.zeros(3)}, {}, good.status)
    with open_ledger(path) as ledger:
        with pytest.raises(ValueError, match="shape"):
            ledger.put(short)
        with pytest.raises(ValueError, match="statuses"):
            ledger.put(Rows(good.block, good.values, good.bounds, ("ok",)))
        assert len(ledger) == 0


def test_how_the_file_is_kept(path: Path) -> None:
    with open_ledger(path) as ledger:
        run = ledger._connection.execute
        assert run("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert run("PRAGMA synchronous").fetchone()[0] == 2
        assert run("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
        assert run("PRAGMA application_id").fetchone()[0] != 0
        strict = run("SELECT sum(strict), count(*) FROM pragma_table_list WHERE name IN ('blocks', 'verdicts')")
        assert strict.fetchone() == (2, 2)
        assert run("PRAGMA busy_timeout").fetchone()[0] == 30_000


# -- verdicts -------------------------------------------------------------------


def claim(**changes: object) -> Claim:
    content: dict[str, object] = {
        "id": "a-claim",
        "title": "A claim",
        "source": Source("somewhere"),
        "experiment": "linear.finetune",
        "quantifier": Each(),
        "domain": Domain.of(n=(1, 5), d=[8], theta=0),
        "statements": (Statement("fit_gap", "==", "0"),),
    }
    return Claim(**(content | changes))  # type: ignore[arg-type]


def test_a_claims_hash_is_what_it_asserts() -> None:
    same = [claim(), claim(id="b"), claim(title="B"), claim(expected="refuted"), claim(source=Source("elsewhere"))]
    assert len({claim_hash(c) for c in same}) == 1
    other = [
        claim(),
        claim(experiment="linear.scratch"),
        claim(domain=Domain.of(n=(1, 6), d=[8], theta=0)),
        claim(statements=(Statement("fit_gap", "<=", "0"),)),
        claim(tolerance=1e-3),
        claim(quantifier=Each(tolerance=1e-7)),
    ]
    assert len({claim_hash(c) for c in other}) == len(other)


def test_verdicts_are_kept_under_all_that_decides_them(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = claim(tolerance=1e-3)
    with open_ledger(path) as ledger:
        ledger.put_verdict(claim(), {"word": "proved", "worst": float("inf")}, run={"seed": 0, "budget": "low"})
        ledger.put_verdict(claim(id="renamed"), {"word": "late"}, run={"budget": "low", "seed": 0})
        ledger.put_verdict(claim(), {"word": "supported"}, run={"seed": 1})
        assert ledger.verdicts() == [{"word": "proved", "worst": "inf"}, {"word": "supported"}]
        assert ledger.verdicts(run={"seed": 1}) == [{"word": "supported"}]
        assert ledger.verdict(claim(id="renamed"), run={"seed": 1}) == {"word": "supported"}
        assert ledger.verdict(other, run={"seed": 1}) is None
        assert ledger.verdict(claim(), run={"seed": 2}) is None
        monkeypatch.setattr(module, "judging_hash", lambda: "other code")
        assert ledger.verdicts() == []
        assert ledger.verdict(claim(), run={"seed": 1}) is None


def test_a_damaged_verdict_is_not_read(path: Path) -> None:
    with open_ledger(path) as ledger:
        ledger.put_verdict(claim(), {"word": "proved"}, run={})
        ledger._connection.execute("UPDATE verdicts SET verdict = replace(verdict, 'proved', 'xroved')")
        with pytest.raises(UsageError, match="FT406"):
            ledger.verdicts()


def test_the_judging_code_has_a_hash() -> None:
    assert len(judging_hash()) == 64
    assert judging_hash() == judging_hash()


# -- what is no ledger ----------------------------------------------------------


def refused(path: Path, code: str, **options: object) -> str:
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises((UsageError, ResourceError)) as info:
        open_ledger(path, **options)
    assert info.value.code == code
    if before is not None:
        assert path.read_bytes() == before
    return info.value.message


def filled(path: Path, blocks: int = 3) -> Path:
    with open_ledger(path) as ledger:
        for index in range(blocks):
            ledger.put(rows(block(index, cases=512)))
    return path


@pytest.mark.parametrize("content", [b"not a ledger at all, just text\n" * 40, b"\0" * 4096, b"SQLite format 3\0"])
def test_a_file_that_is_no_database_is_left_alone(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    refused(path, "FT406")


def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE t (x)")
    other.close()
    assert "another program" in refused(path, "FT406")


def test_a_folder_is_no_ledger(tmp_path: Path) -> None:
    refused(tmp_path, "FT406")


def test_an_empty_file_becomes_a_ledger(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    filled(path)


def test_a_newer_schema_is_refused(path: Path) -> None:
    filled(path)
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 7")
    newer.close()
    assert refused(path, "FT405") == f"ledger schema 7 is newer than this program's {SCHEMA_VERSION}"


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="FT402"):
        open_ledger(tmp_path / "file" / "ledger.sqlite")


@pytest.mark.parametrize("keep", [0.9, 0.5, 0.1])
def test_a_truncated_ledger_is_damaged(path: Path, keep: float) -> None:
    filled(path)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(int(size * keep))
    refused(path, "FT406")


def test_no_flipped_byte_is_ever_believed(path: Path, tmp_path: Path) -> None:
    """Whatever byte is flipped: the rows are the ones stored, are missing, or the ledger says it is damaged."""
    original = filled(path).read_bytes()
    rng = random.Random(0)
    codes = []
    for position in sorted(rng.sample(range(len(original)), 300)):
        copy = tmp_path / f"{position}.sqlite"
        content = bytearray(original)
        content[position] ^= 1 << rng.randrange(8)
        copy.write_bytes(content)
        try:
            with open_ledger(copy) as ledger:
                found = [ledger.get(block(index, cases=512)) for index in range(3)]
        except UsageError as error:
            codes.append(error.code)
            continue
        for index, kept in enumerate(found):
            if kept is not None:
                assert_same_bits(kept, rows(block(index, cases=512)))
    assert set(codes) <= {"FT405", "FT406"}
    assert len(codes) > 100  # the rest fell on what no row is kept in


def test_a_row_stored_under_another_key_is_not_believed(path: Path) -> None:
    filled(path)
    with sqlite3.connect(path) as raw:
        keys = [key for (key,) in raw.execute("SELECT key FROM blocks ORDER BY rowid")]
        raw.execute("DELETE FROM blocks WHERE key = ?", (keys[1],))
        raw.execute("UPDATE blocks SET key = ? WHERE key = ?", (keys[1], keys[0]))
    raw.close()
    with open_ledger(path) as ledger, pytest.raises(UsageError, match=r"FT406.*checksum"):
        ledger.get(block(1, cases=512))


# -- faults ---------------------------------------------------------------------


def fill(ledger: Ledger) -> None:
    for index in range(1, 200):
        ledger.put(rows(block(index, cases=64)))


def test_a_full_disk_is_one_line_and_loses_nothing(path: Path) -> None:
    with open_ledger(path) as ledger:
        ledger.put(rows(block(0)))
        pages = ledger._connection.execute("PRAGMA page_count").fetchone()[0]
        ledger._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(ResourceError, match=r"FT404: disk full; \d+ results are safe .* rerun to resume") as info:
            fill(ledger)
        assert info.value.exit_status == 75
        safe = len(ledger)
        assert f" {safe} results" in str(info.value)
    with open_ledger(path) as ledger:
        assert len(ledger) == safe
        ledger.put(rows(block(500)))


def test_a_ledger_held_by_another_is_waited_for_and_then_named(path: Path) -> None:
    filled(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        begin = time.perf_counter()
        with pytest.raises(ResourceError, match=r"FT407: .* waited 0.3 s"):
            open_ledger(path, busy_seconds=0.3)
        assert time.perf_counter() - begin >= 0.3
    finally:
        other.execute("ROLLBACK")
        other.close()
    open_ledger(path, busy_seconds=0.3).close()


def interrupt_a_write(ledger: Ledger) -> None:
    with ledger._transaction():
        ledger._connection.execute("INSERT INTO verdicts VALUES ('a', 'b', 'c', 'd', 'e', 'f')")
        raise KeyboardInterrupt


def test_an_interrupted_write_leaves_nothing_half_done(path: Path) -> None:
    with open_ledger(path) as ledger:
        with pytest.raises(KeyboardInterrupt):
            interrupt_a_write(ledger)
        assert ledger._connection.execute("SELECT count(*) FROM verdicts").fetchone() == (0,)
        ledger.put(rows(block()))


def write_until_killed(path: Path, blocks: int, *, after: int | None, delay: float) -> tuple[list[int], bool]:
    """Run the writer and kill -9 it ``delay`` seconds after so many acknowledged blocks (None: after its start).

    Returns the blocks it acknowledged and whether it had finished.
    """
    command = [sys.executable, str(WRITER), str(path), str(blocks)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        acknowledged = [int(line) for line in itertools.islice(process.stdout, after)] if after else []
        time.sleep(delay)
        process.kill()
        acknowledged += [int(line) for line in process.stdout if line.endswith("\n")]
        assert process.wait() in (0, -signal.SIGKILL), process.stderr.read()
        return acknowledged, process.returncode == 0


def test_kill_9_at_random_times_loses_no_acknowledged_block(path: Path) -> None:
    rng = random.Random(1)
    blocks, kills = 800, 0
    acknowledged: list[int] = []
    finished = False
    while not finished:
        # Every third kill comes somewhere in start-up and recovery, the others between any two writes.
        early = kills % 3 == 2
        new, finished = write_until_killed(
            path, blocks, after=None if early else rng.randrange(1, 150), delay=rng.uniform(0, 0.3 if early else 0.01)
        )
        acknowledged += new
        kills += not finished
        with open_ledger(path) as ledger:
            for index in new:
                found = ledger.get(block(index))
                assert found is not None, f"block {index} was acknowledged and is lost"
                assert_same_bits(found, rows(block(index)))
            assert len(ledger) >= 4 * len(acknowledged)
    assert kills >= 5
    # A resumed run skips what is stored: no block was written twice.
    assert len(acknowledged) == len(set(acknowledged))
    with open_ledger(path) as ledger:
        assert len(ledger) == 4 * blocks
        assert all(ledger.get(block(index)) is not None for index in range(blocks))


def test_several_writers_share_one_new_file(path: Path) -> None:
    path.parent.mkdir()
    command = [sys.executable, str(WRITER), str(path), "60"]
    writers = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(4)]
    for writer in writers:
        _, complaint = writer.communicate(timeout=120)
        assert writer.returncode == 0, complaint.decode()
    with open_ledger(path) as ledger:
        assert len(ledger) == 240
        for index in range(60):
            found = ledger.get(block(index))
            assert found is not None
            assert_same_bits(found, rows(block(index)))


def test_a_copy_of_the_file_is_a_ledger(path: Path, tmp_path: Path) -> None:
    filled(path)
    shutil.copy(path, tmp_path / "copy.sqlite")
    with open_ledger(tmp_path / "copy.sqlite") as ledger:
        assert ledger.get(block(2, cases=512)) is not None


def test_all_rows_of_an_experiment_come_back_without_knowing_their_blocks(path: Path) -> None:
    kept = [rows(block(0)), rows(block(1, 7)), rows(block(2, engine="solver"), device="cuda:0")]
    with open_ledger(path) as ledger:
        for each in kept:
            ledger.put(each)
        found = list(ledger.blocks("linear.finetune"))
        assert len(found) == 3
        for one, other in zip(found, kept, strict=True):
            assert_same_bits(one, other)
        assert len(list(ledger.blocks("linear.finetune", lambda parameters: parameters["n"] == 3))) == 3
        assert list(ledger.blocks("linear.finetune", lambda parameters: parameters["n"] == 4)) == []
        assert list(ledger.blocks("deep-linear.finetune")) == []
    with Ledger(path, code_hash="1" * 64) as other_code:
        assert list(other_code.blocks("linear.finetune")) == []


@pytest.mark.parametrize(
    "header", ["", "{}", '{"block": "[]"}', '{"block": "[1, 2, 3, [[{}, 0, \\"s\\", 0, 99999999999]]]"}']
)
def test_a_header_that_names_no_block_is_damage(path: Path, header: str) -> None:
    with open_ledger(path) as ledger:
        ledger.put(rows(block(0)))
        ledger._connection.execute("UPDATE blocks SET header = ?", (header,))
        with pytest.raises(UsageError, match="FT406"):
            list(ledger.blocks("linear.finetune"))


def test_verdicts_come_back_with_their_runs(path: Path) -> None:
    claim = Claim("x", "", Source(""), "linear.finetune", Each(), Domain(()), ())
    with open_ledger(path) as ledger:
        ledger.put_verdict(claim, {"word": "proved"}, run={"seed": 3})
        ((entry, run, _),) = ledger.kept_verdicts()
        assert (entry, run["seed"]) == ({"word": "proved"}, 3)
        assert run["kept"]


POWER = {"power": {"score": 0.5, "strict_score": None}, "flags": ["weak-check"]}


def test_power_stands_beside_the_verdict_of_the_same_run(path: Path) -> None:
    claim = Claim("x", "", Source(""), "linear.finetune", Each(), Domain(()), ())
    with open_ledger(path) as ledger:
        for seed in (3, 4):
            ledger.put_verdict(claim, {"word": "proved", "flags": ["a"]}, run={"seed": seed})
        ledger.put_power(claim, POWER, run={"seed": 4})
        ledger.put_power(claim, {"power": {}, "flags": []}, run={"seed": 4})  # what is there stays
        ledger.put_power(claim, POWER, run={"seed": 5})  # of no verdict
        (first, _, hashed), (second, run, _) = ledger.kept_verdicts()
    assert first == {"word": "proved", "flags": ["a"]}
    assert second == {"word": "proved", "flags": ["a", "weak-check"], "power": POWER["power"]}
    assert (run["seed"], hashed) == (4, claim_hash(claim))
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE powers SET power = replace(power, '0.5', '1.0')")
    with open_ledger(path) as ledger, pytest.raises(UsageError, match=r"FT406.*checksum of a power"):
        ledger.kept_verdicts()


FATES = [["a == b", "killed", "nan", "error 1"], ["a == 2*b", "undefined", "inf", ""], ["a == c", "survived", 0.1, ""]]


def test_judged_mutants_come_back_by_their_places(path: Path) -> None:
    claim = Claim("x", "", Source(""), "linear.finetune", Each(), Domain(()), ())
    with open_ledger(path) as ledger:
        ledger.put_judged(claim, 0, FATES[:2], run={"seed": 3})
        ledger.put_judged(claim, 5, FATES[2:], run={"seed": 3})
        ledger.put_judged(claim, 5, FATES[:1], run={"seed": 3})  # what is there stays
        assert ledger.judged(claim, run={"seed": 3}) == {0: FATES[0], 1: FATES[1], 5: FATES[2]}
        assert ledger.judged(claim, run={"seed": 4}) == {}
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("UPDATE judged SET judged = replace(judged, 'survived', 'killed')")
    with open_ledger(path) as ledger, pytest.raises(UsageError, match=r"FT406.*checksum of a list of judged mutants"):
        ledger.judged(claim, run={"seed": 3})


@pytest.mark.parametrize("version", [2, 3])
def test_a_ledger_of_an_earlier_schema_gets_what_it_lacks(path: Path, version: int) -> None:
    claim = Claim("x", "", Source(""), "linear.finetune", Each(), Domain(()), ())
    with open_ledger(path) as ledger:
        ledger.put_verdict(claim, {"word": "proved"}, run={})
    with closing(sqlite3.connect(path)) as raw, raw:
        for added in ("powers", "judged")[version - 2 :]:
            raw.execute(f"DROP TABLE {added}")
        raw.execute(f"PRAGMA user_version = {version}")
    with open_ledger(path) as ledger:
        assert [entry for entry, _, _ in ledger.kept_verdicts()] == [{"word": "proved"}]
        ledger.put_power(claim, POWER, run={})
        ledger.put_judged(claim, 0, FATES, run={})
        assert len(ledger.judged(claim, run={})) == 3
        ((entry, _, _),) = ledger.kept_verdicts()
    assert entry["power"] == POWER["power"]
