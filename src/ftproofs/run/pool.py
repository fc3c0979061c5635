"""Many claims checked at once, by the processes of an executor; one process keeps the rows.

The seam is `concurrent.futures.Executor`.  Which worker checks a claim changes neither its
rows nor its verdict: every random number comes from the setting it belongs to.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from multiprocessing import active_children, get_context, parent_process
from types import FrameType

from ftproofs.claim import Claim, Store
from ftproofs.errors import ResourceError
from ftproofs.numeric.device import single_threaded
from ftproofs.run.row_service import Progress, RowService, connected
from ftproofs.verdict import Verdict

#: Workers that a claim may lose before the run gives up.
LOSSES = 3

#: Memory that a worker may need: libraries, and the designs of a ladder's largest sizes.
WORKER_BYTES = 1.5 * 2**30

#: Claims that take long are begun first, so that none is left over at the end.
_LONGEST_FIRST = ("trend", "limit", "mean", "probability", "each")

#: Numerical libraries would each start a thread a core, in each of the workers.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Task:
    """How each claim is checked; the arguments of `ftproofs.check.check`."""

    settings: int | None
    budget: str
    seed: int
    device: str
    account: bool = False


def cores() -> int:
    """The processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def room() -> int:
    """For how many workers this machine has cores and memory; at least one."""
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return cores()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(cores(), int(memory / WORKER_BYTES)))


@contextmanager
def worker_processes(workers: int) -> Iterator[Executor]:
    """So many processes on this machine, with one thread of arithmetic each."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    others = active_children()
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin_worker)
    try:
        yield pool
    except BaseException:
        for process in active_children():
            if process not in others:
                process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _begin_worker() -> None:
    """An interrupt at the keyboard is for the process that began the run: it lets batches end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end_worker)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    single_threaded()


def _end_with_parent() -> None:
    """When the process that began the run is killed nobody else ends its workers: they would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        _end()


def _end_worker(number: int, frame: FrameType | None) -> None:
    _end()


def _end() -> None:
    from ftproofs.symbolic import worker

    worker.stop()
    os._exit(1)


def check_claim(name: str, task: Task, address: object, key: bytes) -> Verdict | None:
    """What a worker does: check one claim of the catalog on rows that the service keeps; None if the run is to end."""
    from ftproofs.catalog import find
    from ftproofs.check import check

    rows = connected(address, key)
    (claim,) = find(name)
    try:
        return check(
            claim,
            settings=task.settings,
            budget=task.budget,
            seed=task.seed,
            device=task.device,
            store=rows,
            progress=rows.progress,
            account=task.account,
        )
    except KeyboardInterrupt:
        return None


class Pool:
    """Claims of the catalog, checked by workers.

    Args:
        task: how each is checked.
        store: where rows are kept, by this process alone.
        progress: told of the work on each claim.
        executor: makes an executor, again after one has lost a worker.
        workers: how many claims are checked at once.
        host: this machine's address, for workers on others.
        losses: what the executor raises when it lost a worker and with it a claim.
    """

    def __init__(
        self,
        task: Task,
        store: Store,
        progress: Progress,
        executor: Callable[[int], AbstractContextManager[Executor]] = worker_processes,
        workers: int = 1,
        host: str | None = None,
        losses: tuple[type[Exception], ...] = (BrokenExecutor,),
    ) -> None:
        self.task = task
        self.store = store
        self.progress = progress
        self.executor = executor
        self.workers = workers
        self.host = host
        self.losses = losses

    def check(self, claims: Sequence[Claim]) -> Iterator[tuple[Claim, Verdict]]:
        """The claims with their verdicts, in the order in which they were reached.

        Raises:
            KeyboardInterrupt: an interrupt was asked for; what was being trained is kept.
            ResourceError: FT212 a claim's worker was lost three times, with no other claim under way at last.
        """
        left = sorted(claims, key=lambda claim: _LONGEST_FIRST.index(claim.quantifier.name))
        lost: dict[str, int] = {}
        while left:
            for claim, verdict in self._with_one_executor(left, lost):
                left.remove(claim)
                yield claim, verdict

    def _with_one_executor(self, left: Sequence[Claim], lost: dict[str, int]) -> Iterator[tuple[Claim, Verdict]]:
        """Verdicts until all are reached, or a worker is lost and with it the executor."""
        waiting = list(left)
        running: dict[Future[Verdict | None], Claim] = {}
        with RowService(self.store, self.progress, self.host) as service, self.executor(self.workers) as executor:
            while waiting or running:
                while waiting and len(running) < self.workers and not service.stopping:
                    claim = _next(waiting, list(running.values()), lost)
                    if claim is None:
                        break
                    try:
                        future = executor.submit(check_claim, claim.id, self.task, service.address, service.key)
                    except self.losses:  # a worker was lost since the futures were last looked at
                        _count_losses([claim.id for claim in running.values()], lost)
                        return
                    waiting.remove(claim)
                    running[future] = claim
                service.serve()
                for future in [future for future in running if future.done()]:
                    try:
                        verdict = future.result()
                    except self.losses:
                        _count_losses([claim.id for claim in running.values()], lost)
                        return
                    claim = running.pop(future)
                    if verdict is not None:
                        yield claim, verdict
                if service.stopping and not running:
                    raise KeyboardInterrupt


def _next(waiting: Sequence[Claim], running: Sequence[Claim], lost: dict[str, int]) -> Claim | None:
    """Which claim to begin beside those under way: one that trains other networks, if there is one.

    A claim whose worker was lost is checked with no other beside it: the next loss is its own.
    """
    suspects = [claim for claim in waiting if claim.id in lost]
    if any(claim.id in lost for claim in running) or (suspects and running):
        return None
    if suspects:
        return suspects[0]
    busy = {(claim.experiment, claim.domain) for claim in running}
    return next((claim for claim in waiting if (claim.experiment, claim.domain) not in busy), waiting[0])


def _count_losses(names: Sequence[str], lost: dict[str, int]) -> None:
    for name in names:
        lost[name] = lost.get(name, 0) + 1
        if lost[name] >= LOSSES:
            raise ResourceError(
                "FT212",
                f"the worker that checked {name} was lost {LOSSES} times (out of memory, or killed); "
                "what was trained is safe if a ledger is kept; --executor in-process shows more",
            )
