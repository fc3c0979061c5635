"""Ctrl-C: once ends the run after the batch or the mutant it is at, twice ends it at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from ftproofs.claim import Rows, Store
from ftproofs.settings import Block


class Interrupts:
    """A store that ends the run between two batches once an interrupt was asked for.

    The signal only leaves a mark: an exception raised wherever the signal finds the
    program may be swallowed there (by a callback, by the collector of garbage).
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._asked = False
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._mark)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _mark(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True

    def stop_if_asked(self) -> None:
        """KeyboardInterrupt when an interrupt was asked for: between two pieces of work that asks for no rows."""
        if self._asked:
            raise KeyboardInterrupt

    def get(self, block: Block) -> Rows | None:
        """The block's rows, if they are kept; KeyboardInterrupt when an interrupt was asked for."""
        self.stop_if_asked()
        return self.store.get(block)

    def put(self, rows: Rows) -> None:
        """Keep the rows."""
        self.store.put(rows)
