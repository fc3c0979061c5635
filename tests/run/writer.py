"""A process that writes blocks to a ledger and says, after each, that it is safe.  Killed by the tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from test_ledger import block, open_ledger, rows


def main() -> None:
    path, blocks = Path(sys.argv[1]), int(sys.argv[2])
    with open_ledger(path) as ledger:
        for index in range(blocks):
            if ledger.get(block(index)) is None:
                ledger.put(rows(block(index)))
                # Straight to the file: what is printed was acknowledged before the kill.
                os.write(1, f"{index}\n".encode())


main()
