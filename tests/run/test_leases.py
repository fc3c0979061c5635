"""Leases: what one run is measuring another waits for, until it is there or the first run is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Client
from pathlib import Path

import pytest

from ftproofs.run import leases
from ftproofs.run.leases import Busy, Leased, Patient, alive, began, owner
from ftproofs.run.ledger import Ledger
from ftproofs.run.row_service import RemoteRows, RowService

sys.path.insert(0, str(Path(__file__).parent))

from test_ledger import assert_same_bits, block, open_ledger, rows

pytestmark = pytest.mark.skipif(not began(os.getpid()), reason="the system does not tell when a process began")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "ledger.sqlite") as ledger:
        yield ledger


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """A process that only lives."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def name_of(process: subprocess.Popen[bytes]) -> str:
    return f"{leases.boot()} {process.pid} {began(process.pid)}"


def test_a_process_is_told_from_all_others(other: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    assert alive(owner())
    assert alive(name_of(other))
    assert not alive(f"{leases.boot()} {other.pid} {int(began(other.pid)) - 1}")  # another that had its number before
    assert not alive(name_of(other).replace(leases.boot(), "another-start"))
    assert not alive("")
    name = name_of(other)
    # Whatever the clock says: it is not asked.
    for jump in (0.0, 1e10):
        monkeypatch.setattr(time, "time", lambda jump=jump: jump)
        monkeypatch.setattr(time, "monotonic", lambda jump=jump: jump)
        assert alive(name)
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert not alive(name)


def test_a_block_is_measured_by_one_run(ledger: Ledger, other: subprocess.Popen[bytes]) -> None:
    assert ledger.lease(block(), name_of(other), alive)
    mine = Leased(ledger)
    with pytest.raises(Busy):
        mine.get(block())
    assert mine.get(block(1)) is None
    assert mine.get(block(1)) is None  # its own is no other's
    ledger.put(rows(block()))  # as the other run would
    found = mine.get(block())
    assert found is not None
    assert_same_bits(found, rows(block()))
    assert list(ledger.query("SELECT count(*) FROM leases")) == [(1,)]
    mine.put(rows(block(1)))
    assert list(ledger.query("SELECT count(*) FROM leases")) == [(0,)]


def test_what_a_killed_run_was_measuring_is_measured_by_the_other(
    ledger: Ledger, other: subprocess.Popen[bytes]
) -> None:
    assert ledger.lease(block(), name_of(other), alive)
    killer = threading.Timer(0.3, other.kill)
    killer.start()
    # Nobody waits for the process, so the system still lists it.
    begin = time.monotonic()
    assert Patient(Leased(ledger)).get(block()) is None
    assert time.monotonic() - begin > 0.2
    killer.join()


def test_workers_wait_for_another_run_without_holding_up_the_others(
    ledger: Ledger, other: subprocess.Popen[bytes]
) -> None:
    assert ledger.lease(block(), name_of(other), alive)
    ended, answers = threading.Event(), []
    with RowService(Leased(ledger), lambda *_: None) as service:

        def first() -> None:
            worker = RemoteRows(Client(service.address, authkey=service.key))
            answers.append(worker.get(block()))

        def second() -> None:
            worker = RemoteRows(Client(service.address, authkey=service.key))
            assert worker.get(block(1)) is None
            worker.put(rows(block(1)))
            assert not answers
            other.kill()
            other.wait()

        threads = [threading.Thread(target=work) for work in (first, second)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + 30
        while any(thread.is_alive() for thread in threads) and time.monotonic() < end:
            service.serve()
        ended.set()
    assert answers == [None]


def test_a_ledger_without_leases_gets_them(tmp_path: Path) -> None:
    """One of the first schema: rows stay, what is new is added."""
    path = tmp_path / "old.sqlite"
    with open_ledger(path) as ledger:
        ledger.put(rows(block()))
        for table in ("leases", "accounts", "powers", "judged"):
            ledger._connection.execute(f"DROP TABLE {table}")
        ledger._connection.execute("PRAGMA user_version = 1")
    with open_ledger(path) as ledger:
        found = ledger.get(block())
        assert found is not None
        assert_same_bits(found, rows(block()))
        assert Leased(ledger).get(block(1)) is None
