"""Claims checked side by side: the same verdicts as one after another, workers lost or not."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager, suppress
from multiprocessing import active_children
from multiprocessing.connection import Client
from pathlib import Path

import psutil
import pytest

from ftproofs.catalog import find
from ftproofs.check import MemoryStore, check
from ftproofs.claim import Rows
from ftproofs.errors import FileError, FTError, ResourceError, UsageError
from ftproofs.names import complete
from ftproofs.numeric.experiments import run
from ftproofs.report.results import claim_result
from ftproofs.run.dask_workers import dask_workers, facing
from ftproofs.run.pool import Pool, Task
from ftproofs.run.row_service import RemoteRows, RowService
from ftproofs.settings import Block, Setting

#: Two that train the same networks, one that trains others, one that trains none.
CLAIMS = find("linear-endpoint", "linear-risk", "deep-linear-frozen", "deep-linear-infinite-depth")
TASK = Task(settings=4, budget="low", seed=3, device="cpu")


def silent(label: str, done: int, total: int) -> None:
    pass


def checked(progress: Callable[[str, int, int], None] = silent, claims=CLAIMS) -> dict[str, dict]:
    store = MemoryStore()
    found = Pool(TASK, store, progress, workers=min(2, len(claims))).check(claims)
    return {claim.id: told(claim, verdict) for claim, verdict in found}


def told(claim, verdict) -> dict:
    """What a report says of the claim, but for the time it took."""
    return {
        name: value for name, value in claim_result(claim, verdict).items() if name not in ("seconds", "derivation")
    }


@pytest.fixture(scope="module")
def alone() -> dict[str, dict]:
    """One claim after another, in this process."""
    return {claim.id: told(claim, check(claim, settings=4, budget="low", seed=3, device="cpu")) for claim in CLAIMS}


def test_claims_side_by_side_end_as_one_after_another_though_a_worker_is_killed(alone: dict[str, dict]) -> None:
    killed = []

    def kill_once(label: str, done: int, total: int) -> None:
        if not killed:
            killed.append(active_children()[0])
            os.kill(killed[0].pid, signal.SIGKILL)

    assert checked(kill_once) == alone
    assert killed
    assert not active_children()


@pytest.mark.slow
def test_a_claim_that_always_loses_its_worker_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ftproofs.run.pool.LOSSES", 2)

    def kill(label: str, done: int, total: int) -> None:
        for child in active_children():
            os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(ResourceError, match="FT212: the worker that checked linear-endpoint was lost 2 times"):
        checked(kill, find("linear-endpoint"))


def test_a_worker_that_is_lost_before_a_claim_is_handed_out_is_nobody_s_fault() -> None:
    verdict = check(CLAIMS[-1], budget="low", device="cpu")
    made: list[Executor] = []

    class Stub(Executor):
        """Of two of its kind the first has lost its worker already."""

        def submit(self, *_: object, **__: object) -> Future:  # type: ignore[override]
            if len(made) == 1:
                raise BrokenExecutor
            future: Future = Future()
            future.set_result(verdict)
            return future

    @contextmanager
    def stub(workers: int) -> Iterator[Executor]:
        made.append(Stub())
        yield made[-1]

    assert list(Pool(TASK, MemoryStore(), silent, stub).check(CLAIMS[-1:])) == [(CLAIMS[-1], verdict)]
    assert len(made) == 2


def test_an_error_of_a_worker_is_the_run_s_error() -> None:
    pool = Pool(Task(settings=0, budget="low", seed=0, device="cpu"), MemoryStore(), silent)
    with pytest.raises(UsageError, match="FT309: settings must be"):
        list(pool.check(find("linear-endpoint")))
    assert not active_children()


@pytest.mark.parametrize("error", [UsageError("FT1", "a"), ResourceError("FT2", "b"), FileError("f", 7, "FT3", "c")])
def test_errors_cross_from_process_to_process(error: FTError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.code, again.exit_status) == (
        type(error),
        str(error),
        error.code,
        error.exit_status,
    )


def test_workers_end_with_the_process_that_began_the_run() -> None:
    """Killed, it cannot end them itself."""
    program = "\n".join(
        (
            "import os, time",
            "from ftproofs.run.pool import worker_processes",
            "if __name__ == '__main__':",
            "    with worker_processes(1) as workers:",
            "        print(workers.submit(os.getpid).result(), flush=True)",
            "        time.sleep(60)",
        )
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        worker = psutil.Process(int(process.stdout.readline()))
        process.kill()
    with suppress(psutil.NoSuchProcess):
        worker.wait(20)


# -- the service -------------------------------------------------------------------


def a_block(index: int) -> Block:
    values = complete("linear.finetune", {"n": 2, "d": 5, "theta": 1})
    return Block((Setting.of("linear.finetune", values, root=0, stage="explore", index=index),), "descent")


@pytest.fixture
def served() -> Iterator[tuple[RowService, Callable[[], RemoteRows]]]:
    """A service that answers in a thread, and how a worker connects to it."""
    service, ended = RowService(MemoryStore(), silent), threading.Event()

    def answer() -> None:
        while not ended.is_set():
            service.serve()

    thread = threading.Thread(target=answer)
    with service:
        thread.start()
        yield service, lambda: RemoteRows(Client(service.address, authkey=service.key))
        ended.set()
        thread.join()


def asked(worker: RemoteRows, block: Block) -> tuple[threading.Thread, list[Rows | None]]:
    """A worker that asks for a block, and what it is told once it is told."""
    answer: list[Rows | None] = []
    thread = threading.Thread(target=lambda: answer.append(worker.get(block)))
    thread.start()
    return thread, answer


def test_rows_that_one_worker_measures_are_waited_for_by_the_other(served) -> None:
    _, connect = served
    first, second = connect(), connect()
    block = a_block(0)
    assert first.get(block) is None
    thread, answer = asked(second, block)
    thread.join(0.3)
    assert not answer
    rows = run(block, device="cpu")
    first.put(rows)
    thread.join(10)
    assert answer[0] is not None
    assert {name: list(x) for name, x in answer[0].values.items()} == {n: list(x) for n, x in rows.values.items()}
    assert connect().get(block) is not None


@pytest.mark.parametrize("leave", [lambda worker: worker._connection.close(), lambda worker: worker.get(a_block(1))])
def test_what_a_worker_gave_up_is_measured_by_the_other(served, leave: Callable[[RemoteRows], object]) -> None:
    _, connect = served
    first, second = connect(), connect()
    assert first.get(a_block(0)) is None
    thread, answer = asked(second, a_block(0))
    leave(first)
    thread.join(10)
    assert answer == [None]


def test_who_lacks_the_key_is_not_admitted(served) -> None:
    service, connect = served
    with pytest.raises(Exception, match="digest"):
        Client(service.address, authkey=b"guess")
    assert connect().get(a_block(0)) is None


def test_a_visitor_that_never_shows_its_key_does_not_hold_up_the_end() -> None:
    with RowService(MemoryStore(), silent) as service:
        visitor = socket.socket(socket.AF_UNIX)
        visitor.connect(service.address)
        time.sleep(0.1)
        begin = time.monotonic()
    assert time.monotonic() - begin < 10
    visitor.close()


def test_a_folder_with_a_long_name_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket's path has at most 108 characters."""
    long = tmp_path / ("x" * 120)
    long.mkdir()
    monkeypatch.setattr("multiprocessing.util.get_temp_dir", lambda: str(long))
    monkeypatch.setattr("multiprocessing.process._current_process._config", {"tempdir": str(long)})
    with RowService(MemoryStore(), silent) as service:
        assert service.address[0] == "127.0.0.1"


def test_an_interrupted_run_hands_out_no_block_but_keeps_rows() -> None:
    class Asked(MemoryStore):
        interrupted = False

        def get(self, block: Block) -> Rows | None:
            if self.interrupted:
                raise KeyboardInterrupt
            return super().get(block)

    store = Asked()
    with RowService(store, silent) as service:
        ended = threading.Event()

        def work() -> None:
            worker = RemoteRows(Client(service.address, authkey=service.key))
            try:
                assert worker.get(a_block(0)) is None
                store.interrupted = True
                worker.put(run(a_block(0), device="cpu"))
                with pytest.raises(KeyboardInterrupt):
                    worker.get(a_block(1))
            finally:
                ended.set()

        thread = threading.Thread(target=work)
        thread.start()
        while not ended.is_set():
            service.serve()
        thread.join()
        assert service.stopping
    store.interrupted = False
    assert store.get(a_block(0)) is not None


# -- a cluster ---------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 4])
def test_workers_of_dask_of_which_half_are_killed_reach_the_same_verdicts(alone: dict[str, dict], workers: int) -> None:
    """Processes of a local cluster; half of them are lost while they check."""
    killed: list[int] = []

    def kill_half(label: str, done: int, total: int) -> None:
        if not killed:
            killed.extend(child.pid for child in psutil.Process().children(recursive=True) if is_worker(child))
            for pid in killed[: workers // 2]:
                os.kill(pid, signal.SIGKILL)

    executor, losses = dask_workers()
    pool = Pool(TASK, MemoryStore(), kill_half, executor, workers=workers, losses=losses)
    assert {claim.id: told(claim, verdict) for claim, verdict in pool.check(CLAIMS)} == alone
    assert len(killed) == workers


def is_worker(process: psutil.Process) -> bool:
    """A worker, not the nanny that starts it again, nor Python's tracker of resources."""
    return "spawn_main" in " ".join(process.cmdline())


def test_a_scheduler_that_does_not_answer_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ftproofs.run.dask_workers.PATIENCE", 1)
    executor, _ = dask_workers("tcp://127.0.0.1:9")
    with pytest.raises(UsageError, match=r"FT312: no scheduler answers at 'tcp://127\.0\.0\.1:9'"), executor(1):
        pass


def test_workers_on_other_machines_find_the_rows_of_this_one() -> None:
    assert facing(None) is None
    host = facing("tcp://127.0.0.1:8786")
    assert host == "127.0.0.1"
    with RowService(MemoryStore(), silent, host) as service:
        assert service.address[0] == host
