"""The trail of a verdict as bytes: what an outsider needs to decide it again from the ledger's rows."""

from __future__ import annotations

import hashlib
import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from ftproofs.run.payload import FLOAT
from ftproofs.verdict import Account, as_json

if TYPE_CHECKING:  # the check is slow to import, and ledgers are opened without it
    from ftproofs.check.trail import Decided, Lot


def pack_account(account: Account, code: str, dtype: str, device: str) -> tuple[str, bytes, bytes]:
    """Header, deflated arrays in the header's order (little-endian float64), SHA-256 of both.

    The header is JSON: ``rows`` (code, dtype and device of the rows), ``lost`` and
    ``decisions``, each with kind, link, statement, facts, found and lots.  A lot has blocks
    (SHA-256 of each row's block), the place of its draws and ``arrays``, pairs of a name and a length.
    """
    parts: list[bytes] = []

    def lot(kept: Lot) -> dict[str, Any]:
        place = {name: getattr(kept, name) for name in ("setting", "size", "stage", "method", "start")}
        for array in kept.arrays.values():
            parts.append(np.ascontiguousarray(array, dtype=FLOAT).tobytes())
        return {"blocks": kept.blocks, **place, "arrays": [(name, len(x)) for name, x in kept.arrays.items()]}

    def decided(decision: Decided) -> dict[str, Any]:
        told = {name: getattr(decision, name) for name in ("kind", "link", "statement", "facts", "found")}
        return {**told, "lots": [lot(kept) for kept in decision.lots]}

    content = {
        "rows": [code, dtype, device],
        "lost": account.lost,
        "decisions": [decided(decision) for decision in account.decisions],
    }
    header = json.dumps(as_json(content), separators=(",", ":"), allow_nan=False)
    arrays = zlib.compress(b"".join(parts), level=1)
    return header, arrays, checksum(header, arrays)


def checksum(header: str, arrays: bytes) -> bytes:
    """SHA-256 over both."""
    return hashlib.sha256(header.encode() + b"\0" + arrays).digest()
