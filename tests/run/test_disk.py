"""Disks that are full, fail, or lose power: the ledger is sound, keeps what it acknowledged, and says what happened."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_ledger import assert_same_bits, block, open_ledger, rows

from ftproofs.catalog import find
from ftproofs.cli.checking import run_checks
from ftproofs.cli.settings import read_options
from ftproofs.errors import UsageError
from ftproofs.run import ledger_tools
from ftproofs.run.pool import room

COMPILER = shutil.which("cc") or shutil.which("gcc")
needs_shim = pytest.mark.skipif(
    COMPILER is None or not sys.platform.startswith("linux"), reason="needs a C compiler on Linux"
)


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that stands before writes and syncs (disk.c)."""
    library = tmp_path_factory.mktemp("shim") / "disk.so"
    source = Path(__file__).with_name("disk.c")
    subprocess.run([str(COMPILER), "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory where there is one: faults are in the shim, and no real disk need be waited for."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        yield Path(folder)


def fault(path: Path, blocks: int, **disk: object) -> dict[str, Any]:
    """A ledger to be written on a disk that fails; ``disk`` is told to disk.c."""
    return {"path": str(path), "blocks": blocks, "disk": {f"DISK_{name.upper()}": str(x) for name, x in disk.items()}}


def written(shim: Path, faults: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same with what was acknowledged, and what the writer said in the end (empty: nothing went wrong)."""
    command = [sys.executable, str(Path(__file__).with_name("faulty.py"))]
    asked = "".join(json.dumps(one) + "\n" for one in faults)
    environment = os.environ | {"LD_PRELOAD": str(shim)}
    done = subprocess.run(command, env=environment, input=asked, capture_output=True, text=True, timeout=600)
    ended = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["status"] for one in ended] == [0] * len(faults), done.stderr
    return ended


def assert_kept(path: Path, acknowledged: Sequence[int]) -> None:
    """The ledger is sound, has what was acknowledged, and can go on."""
    with open_ledger(path) as ledger:
        assert ledger_tools.verify(ledger).damaged == ()
        for index in acknowledged:
            found = ledger.get(block(index))
            assert found is not None, f"block {index} was acknowledged and is lost"
            assert_same_bits(found, rows(block(index)))
        ledger.put(rows(block(900)))


@needs_shim
@pytest.mark.parametrize("once", [False, True], ids=["from then on", "once"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO], ids=["ENOSPC", "EIO"])
def test_a_disk_that_fails_at_every_write(shim: Path, memory: Path, number: int, once: bool) -> None:
    """At the k-th call of the disk for k = 1, 2, ... until nothing fails."""
    tmp_path, blocks = memory, 3
    (calm,) = written(shim, [fault(tmp_path / "calm.sqlite", blocks, count=tmp_path / "calls")])
    assert (calm["acknowledged"], calm["says"]) == (list(range(blocks)), "")
    calls = int((tmp_path / "calls").read_text())
    assert calls > 20
    more = {"errno": number} | ({"once": 1} if once else {})
    ended = written(shim, [fault(tmp_path / f"{k}.sqlite", blocks, fail=k, **more) for k in range(1, calls + 2)])
    for one in ended:
        if one["says"]:
            # A file that could not even be begun is no ledger yet, and is named.
            assert one["says"].startswith(("FT404: disk full; ", "FT402: cannot read or write ", "FT406: "))
            assert one["path"] in one["says"]
        else:
            assert one["acknowledged"] == list(range(blocks))
        assert_kept(Path(one["path"]), one["acknowledged"])
    failed = sum(bool(one["says"]) for one in ended)
    full = sum(one["says"].startswith("FT404") for one in ended)
    print(f"{calls} calls of the disk, {failed} of them ended the run, {full} with FT404")
    # Of a sync that fails for want of room SQLite only says that it failed: FT402.
    assert full > 0.4 * failed if number == errno.ENOSPC else full == 0
    assert failed > len(ended) / 3
    assert not ended[-1]["says"]


def lost_power(safe: Path, now: Path, folder: Path, rng: random.Random) -> Path:
    """What a disk may hold after a loss of power: all that was synced, and of each file some first part of the rest."""
    folder.mkdir()
    for file in safe.iterdir():
        if file.name.endswith("-shm"):
            continue  # is made anew
        kept, newer = file.read_bytes(), (now / file.name)
        later = newer.read_bytes() if newer.exists() else b""
        some = rng.randrange(len(later) + 1) if rng.random() < 0.7 else 0
        (folder / file.name).write_bytes(later[:some] + kept[some:])
    return folder


@needs_shim
@pytest.mark.parametrize("ends", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_power_lost_at_any_time_loses_no_acknowledged_block(shim: Path, memory: Path, ends: int) -> None:
    """What was synced, with some of what was not, is a sound ledger that holds what was acknowledged.

    The writer is stopped at a random call of the disk, after which nothing more is written.
    """
    rng, faults, tmp_path = random.Random(2), [], memory
    for number in range(ends):
        home, safe = tmp_path / f"home-{number}", tmp_path / f"safe-{number}"
        home.mkdir()
        safe.mkdir()
        blocks = rng.randrange(1, 60)
        faults.append(
            fault(home / "rows.sqlite", blocks, safe=safe, fail=rng.randrange(20, 12 * blocks + 20), errno=errno.EIO)
        )
    begun = 0
    for number, one in enumerate(written(shim, faults)):
        path, safe = Path(one["path"]), tmp_path / f"safe-{number}"
        if not (safe / path.name).exists():
            assert not one["acknowledged"]
            continue  # nothing had reached the disk
        begun += bool(one["acknowledged"])
        after = lost_power(safe, path.parent, tmp_path / f"after-{number}", rng)
        assert_kept(after / path.name, one["acknowledged"])
    assert begun > ends / 2


# -- a folder that cannot be written -------------------------------------------------


def test_a_ledger_in_a_folder_that_is_read_only_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was computed")

    monkeypatch.setattr("ftproofs.numeric.experiments.run", refuse)
    locked = tmp_path / "locked"
    locked.mkdir()
    claims = find("linear-endpoint")
    room()  # imports what it needs
    results = Path(tempfile.mkdtemp())
    results.chmod(0o777)
    options = read_options(
        settings=None, budget="low", seed="0", device="cpu", ledger=str(locked / "rows.sqlite"), target=None
    )
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    locked.chmod(0o555)
    root = os.geteuid() == 0
    if root:  # whom no mode of a file stops
        os.seteuid(65534)
    try:
        with pytest.raises(UsageError, match="FT402: cannot"):
            run_checks(claims, replace(options, results=results / "results.json"))
    finally:
        if root:
            os.seteuid(0)
        locked.chmod(0o755)
    assert list(locked.iterdir()) == list(results.iterdir()) == []
    results.rmdir()
