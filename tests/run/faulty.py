"""Writes ledgers on disks that fail (disk.c is preloaded): a child for each fault, a line of JSON on how it ended."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from test_ledger import block, open_ledger, rows

from ftproofs.errors import FTError


def write(path: Path, blocks: int) -> None:
    """Blocks one by one; after each, that it was acknowledged; at the end, what went wrong."""
    try:
        with open_ledger(path, busy_seconds=1) as ledger:
            for index in range(blocks):
                ledger.put(rows(block(index)))
                os.write(1, f"{index}\n".encode())
    except FTError as error:
        os.write(1, f"{error}\n".encode())


def main() -> None:
    """The faults come as JSON on stdin: each with a path, a number of blocks and what is set for disk.c."""
    for line in sys.stdin:
        fault = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(writing, 1)
            path = Path(fault["path"])
            os.environ.update({"DISK_FILES": path.name, "DISK_HOME": str(path.parent)} | fault["disk"])
            write(path, fault["blocks"])
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as told:
            lines = told.read().splitlines()
        _, status = os.waitpid(child, 0)
        acknowledged = [int(word) for word in lines if word.isdecimal()]
        says = next((word for word in lines if not word.isdecimal()), "")
        print(json.dumps({**fault, "acknowledged": acknowledged, "says": says, "status": status}), flush=True)


main()
