"""Workers of Dask: on this machine, or on the cluster whose scheduler is named."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import urlsplit

from ftproofs.errors import UsageError

#: Seconds to wait for a scheduler.
PATIENCE = 10


def dask_workers(
    scheduler: str | None = None,
) -> tuple[Callable[[int], AbstractContextManager[Executor]], tuple[type[Exception], ...]]:
    """An executor of Dask's for `ftproofs.run.pool.Pool`, and what it raises when a task has cost several workers.

    A task whose worker dies is run again by another one.

    Args:
        scheduler: the address of a scheduler (``tcp://host:8786``); without one a cluster
            of processes is started on this machine.

    Raises:
        UsageError: FT312 Dask is not installed, or no scheduler answers at that address.
    """
    try:
        from distributed import Client, KilledWorker, LocalCluster
    except ImportError:
        raise UsageError("FT312", "the executor dask needs Dask: pip install 'ftproofs[cluster]'") from None

    @contextmanager
    def workers(count: int) -> Iterator[Executor]:
        if scheduler is None:
            with (
                LocalCluster(n_workers=count, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
                Client(cluster, set_as_default=False) as client,
            ):
                yield client.get_executor(pure=False)
            return
        try:
            client = Client(scheduler, timeout=PATIENCE, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise UsageError("FT312", f"no scheduler answers at {scheduler!r:.80} ({type(error).__name__})") from None
        with client:
            yield client.get_executor(pure=False)

    return workers, (BrokenExecutor, KilledWorker)


def facing(scheduler: str | None) -> str | None:
    """This machine's address on the way to the scheduler, where its workers find it; None for workers at home."""
    if scheduler is None:
        return None
    host = urlsplit(scheduler if "//" in scheduler else f"tcp://{scheduler}").hostname or ""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))  # sends nothing: it only asks for the route
        except OSError:
            raise UsageError("FT312", f"no way to the scheduler {scheduler!r:.80}") from None
        address: str = probe.getsockname()[0]
        return address
