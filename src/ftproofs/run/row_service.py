"""One writer, many workers: the rows of a run, kept in one process and asked for by others.

Workers measure; whoever began the run keeps what they send.  A block that one worker is
measuring is not handed to a second one: that one waits for the rows.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from multiprocessing import ProcessError
from multiprocessing.connection import Client, Connection, Listener, wait
from types import TracebackType
from typing import Any

from ftproofs.claim import Rows, Store
from ftproofs.run.leases import Busy
from ftproofs.settings import Block

Progress = Callable[[str, int, int], None]

#: Seconds after which a worker that has just connected is listened to, at the latest.
_NOTICE = 0.05

#: Seconds that are waited for the thread that admits workers to end.
_PATIENCE = 2.0


class RowService:
    """A store, served to workers that connect to ``address`` with ``key``.

    Everything is answered in the thread that calls `serve`, so that a store with one owner
    (an SQLite connection) may be served.  After an interrupt (the store raises
    KeyboardInterrupt) ``stopping`` is true: rows are still taken, but no block is handed out.
    ``host`` is this machine's address for workers on others; without it they are on this one.
    """

    def __init__(self, store: Store, progress: Progress, host: str | None = None) -> None:
        self.store = store
        self.progress = progress
        self.stopping = False
        self.key = os.urandom(32)
        self._listener = _listener(host, self.key)
        self.address: Any = self._listener.address
        self._new: deque[Connection] = deque()
        self._workers: list[Connection] = []
        self._leases: dict[str, Connection] = {}
        self._waiting: list[tuple[str, Block, Connection]] = []
        self._elsewhere: list[tuple[Block, Connection]] = []
        self._closing = False
        self._admitting = threading.Thread(target=self._admit, daemon=True)
        self._admitting.start()

    def __enter__(self) -> RowService:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        with suppress(OSError):
            Client(self.address).close()  # so that the thread looks up
        self._admitting.join(_PATIENCE)  # a visitor that never shows its key must not hold up the run's end
        self._listener.close()
        for worker in (*self._workers, *self._new):
            worker.close()

    def _admit(self) -> None:
        while not self._closing:
            # A visitor without the key is not admitted, and the next one is waited for.
            with suppress(OSError, EOFError, ProcessError):
                self._new.append(self._listener.accept())

    def serve(self) -> None:
        """Answer what workers have asked by now; wait a moment when they have asked nothing."""
        while self._new:
            self._workers.append(self._new.popleft())
        asked, self._elsewhere = self._elsewhere, []
        for block, asking in asked:
            self._hand_out(block, asking)
        if not self._workers:
            time.sleep(_NOTICE)
            return
        for worker in wait(self._workers, _NOTICE):
            assert isinstance(worker, Connection)
            try:
                message = worker.recv()
            except (EOFError, OSError):
                self._dismiss(worker)
                continue
            self._answer(worker, *message)

    def _answer(self, worker: Connection, kind: str, *content: Any) -> None:
        if kind == "progress":
            self.progress(*content)
            return
        if kind == "put":
            self.store.put(content[0])
            self._reply(worker, "kept")
        self._release(worker)
        if kind == "get":
            self._hand_out(content[0], worker)

    def _hand_out(self, block: Block, worker: Connection) -> None:
        """Its rows; or the task of measuring it; or nothing yet, while another worker or run measures it."""
        name = block.canonical()
        try:
            found = None if self.stopping else self.store.get(block)
        except KeyboardInterrupt:
            self.stopping = True
            for _, _, other in self._waiting:
                self._reply(other, "stop")
            self._waiting.clear()
        except Busy:
            self._elsewhere.append((block, worker))
            return
        if self.stopping:
            self._reply(worker, "stop")
        elif found is not None:
            self._reply(worker, "rows", found)
        elif name in self._leases:
            self._waiting.append((name, block, worker))
        else:
            self._leases[name] = worker
            self._reply(worker, "rows", None)

    def _release(self, worker: Connection) -> None:
        """Whoever asks for something new, or is gone, measures no longer what it was handed."""
        for name in [name for name, holder in self._leases.items() if holder is worker]:
            del self._leases[name]
            self._wake(name)

    def _wake(self, name: str) -> None:
        woken = [item for item in self._waiting if item[0] == name]
        self._waiting = [item for item in self._waiting if item[0] != name]
        for _, block, worker in woken:
            self._hand_out(block, worker)

    def _dismiss(self, worker: Connection) -> None:
        self._workers.remove(worker)
        self._waiting = [item for item in self._waiting if item[2] is not worker]
        self._elsewhere = [item for item in self._elsewhere if item[1] is not worker]
        self._release(worker)
        worker.close()

    def _reply(self, worker: Connection, *message: Any) -> None:
        with suppress(OSError):  # it is gone: `serve` will notice
            worker.send(message)


def _listener(host: str | None, key: bytes) -> Listener:
    """On the machine's address, or on a socket in the folder of temporary files, whose path may be too long for one."""
    if host is not None:
        return Listener((host, 0), authkey=key)
    try:
        return Listener(authkey=key)
    except OSError:
        return Listener(("localhost", 0), authkey=key)


class RemoteRows:
    """A worker's side of the service: it implements `ftproofs.claim.Store`, and the protocol of progress."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, block: Block) -> Rows | None:
        """The block's rows, if they are kept or another worker is measuring them now.

        Raises:
            KeyboardInterrupt: the run is to end.
        """
        kind, *content = self._ask("get", block)
        if kind == "stop":
            raise KeyboardInterrupt
        found: Rows | None = content[0]
        return found

    def put(self, rows: Rows) -> None:
        """Send the rows; when this returns they are kept."""
        self._ask("put", rows)

    def progress(self, label: str, done: int, total: int) -> None:
        """Say how far the work on a claim is."""
        self._connection.send(("progress", label, done, total))

    def _ask(self, *message: Any) -> Any:
        self._connection.send(message)
        return self._connection.recv()


@cache
def connected(address: Any, key: bytes) -> RemoteRows:
    """This process's connection to the service."""
    return RemoteRows(Client(address, authkey=key))
