"""Several runs on one ledger: what one of them is measuring, the others wait for.

A lease is held as long as the process that took it lives, on this start of this machine:
no clock is asked, so none that jumps can end a lease early or keep it for ever.  (A
ledger lies on a local disk: whoever writes it runs here.)
"""

from __future__ import annotations

import os
import time
from functools import cache
from pathlib import Path

from ftproofs.claim import Rows, Store
from ftproofs.run.ledger import Ledger
from ftproofs.settings import Block

#: Seconds between two looks whether another run is done with a block.
_AGAIN = 0.05


class Busy(Exception):
    """Another run is measuring the block."""


@cache
def boot() -> str:
    """Names this start of the machine; empty where the system does not tell."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def began(process: int) -> str:
    """When a process began, in ticks since the machine did: no change of the clock moves it.  Empty if it has ended."""
    try:
        # The name, in parentheses, may hold spaces; what follows does not.
        facts = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return "" if facts[0] in ("Z", "X") else facts[19]
    except (OSError, IndexError):
        return ""


def owner() -> str:
    """This process, told from every other one on this machine before and after."""
    process = os.getpid()
    return f"{boot()} {process} {began(process)}"


def alive(name: str) -> bool:
    """Whether the process of that name (`owner`) still runs."""
    start, _, rest = name.partition(" ")
    process, _, ticks = rest.partition(" ")
    if start != boot() or not process.isdecimal():
        return False
    if boot():
        return began(int(process)) == ticks
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


class Leased:
    """A ledger that several runs write: a block that another one is measuring is `Busy`."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def get(self, block: Block) -> Rows | None:
        """The block's rows; None when they are this process's to measure.

        Raises:
            Busy: another process is measuring them.
        """
        found = self.ledger.get(block)
        if found is not None:
            return found
        if not self.ledger.lease(block, owner(), alive):
            raise Busy
        return self.ledger.get(block)  # they may have been kept since

    def put(self, rows: Rows) -> None:
        """Keep the rows."""
        self.ledger.put(rows)


class Patient:
    """A store that waits for what another run is measuring."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def get(self, block: Block) -> Rows | None:
        """The block's rows; None when they are to be measured here."""
        while True:
            try:
                return self.store.get(block)
            except Busy:
                time.sleep(_AGAIN)

    def put(self, rows: Rows) -> None:
        """Keep the rows."""
        self.store.put(rows)
