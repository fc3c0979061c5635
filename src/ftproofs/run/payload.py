"""Rows to bytes and back: a JSON header and little-endian float64 arrays, deflated, with a checksum."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ftproofs.claim import Rows
from ftproofs.names import Value
from ftproofs.settings import Block, Setting

FLOAT = np.dtype("<f8")
_GROUPS = ("values", "bounds", "info")
#: A block of more cases is none of this program's.
MAX_CASES = 1 << 22


class DamagedPayload(Exception):
    """Stored bytes that are not what was stored."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What the ledger keeps of a block.

    ``arrays`` are the deflated bytes of the arrays in the header's order (many are
    constant); ``checksum`` is the SHA-256 of key, header and arrays.
    """

    header: str
    arrays: bytes
    checksum: bytes


def digest(key: bytes, header: str, arrays: bytes) -> bytes:
    """SHA-256 over the parts, each preceded by its length."""
    hasher = hashlib.sha256()
    for part in (key, header.encode(), arrays):
        hasher.update(len(part).to_bytes(8, "little"))
        hasher.update(part)
    return hasher.digest()


def pack(rows: Rows, key: bytes) -> Payload:
    """The bytes of a block's rows.

    Raises:
        ValueError: an array that is not of shape ``(case,)``.
    """
    cases = len(rows.block)
    if len(rows.status) != cases:
        raise ValueError(f"{len(rows.status)} statuses for {cases} cases")
    names: dict[str, list[str]] = {}
    parts: list[bytes] = []
    for group in _GROUPS:
        arrays: Mapping[str, np.ndarray] = getattr(rows, group)
        names[group] = list(arrays)
        for name, array in arrays.items():
            if np.shape(array) != (cases,):
                raise ValueError(f"{group}[{name!r}] has shape {np.shape(array)}, not ({cases},)")
            parts.append(np.ascontiguousarray(array, dtype=FLOAT).tobytes())
    header = json.dumps(
        {
            "block": rows.block.canonical(),
            "cases": cases,
            **names,
            "status": _runs(rows.status),
            "flags": list(rows.flags),
            "device": rows.device,
            "seconds": rows.seconds,
        },
        separators=(",", ":"),
        allow_nan=False,
    )
    data = zlib.compress(b"".join(parts), level=1)
    return Payload(header, data, digest(key, header, data))


def unpack(payload: Payload, key: bytes, block: Block) -> Rows:
    """The rows of a block from its stored bytes, bit for bit.

    Raises:
        DamagedPayload: when the checksum or the layout is wrong.
    """
    stored = (payload.header, payload.arrays, payload.checksum)
    if tuple(map(type, stored)) != (str, bytes, bytes) or digest(key, *stored[:2]) != payload.checksum:
        raise DamagedPayload("checksum of a row")
    try:
        header: dict[str, Any] = json.loads(payload.header)
        cases = len(block)
        status = tuple(word for word, count in header["status"] for _ in range(count))
        total = sum(len(header[group]) for group in _GROUPS)
        fits = header["block"] == block.canonical() and header["cases"] == cases == len(status)
        data = _inflate(payload.arrays, total * cases * FLOAT.itemsize) if fits else None
        if data is None:
            raise DamagedPayload("layout of a row")
        # Copied into native, writable memory: the buffer itself is read-only.
        table = np.frombuffer(data, dtype=FLOAT).reshape(total, cases).astype(np.float64)
        arrays = iter(table)
        groups = {group: {name: next(arrays) for name in header[group]} for group in _GROUPS}
        return Rows(
            block,
            groups["values"],
            groups["bounds"],
            status,
            tuple(header["flags"]),
            groups["info"],
            header["device"],
            header["seconds"],
        )
    except (KeyError, TypeError, ValueError, zlib.error) as error:
        raise DamagedPayload(f"header of a row: {error}") from None


#: Settings that differ in their index alone: their values, root seed and stage, the first index, how many.
Run: TypeAlias = tuple[dict[str, Value], int, str, int, int]


def runs_of(header: str) -> tuple[str, str, int, list[Run]]:
    """Experiment, engine, method and settings of stored rows, by their header.

    Raises:
        DamagedPayload: when it names no block; `unpack` tells whether it is what was stored.
    """
    try:
        experiment, engine, method, runs = json.loads(json.loads(header)["block"])
        found = [(dict(values), root, stage, first, count) for values, root, stage, first, count in runs]
        if not all(isinstance(run[4], int) and run[4] > 0 for run in found) or sum(r[4] for r in found) > MAX_CASES:
            raise DamagedPayload("header of a row: no number of cases")
        return experiment, engine, method, found
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedPayload(f"header of a row: {error}") from None


def block_of(experiment: str, engine: str, method: int, runs: Sequence[Run]) -> Block:
    """The block with these settings; those of a run share their values."""
    settings: list[Setting] = []
    for values, root, stage, first, count in runs:
        shared = tuple(sorted(values.items()))
        settings += [Setting(experiment, shared, root, stage, first + place) for place in range(count)]
    return Block(tuple(settings), engine, method)


def _inflate(packed: bytes, size: int) -> bytes | None:
    """The bytes, if they are exactly ``size``; a file from anywhere cannot make it take more memory."""
    expander = zlib.decompressobj()
    data = expander.decompress(packed, size + 1)
    return data if len(data) == size and (expander.eof or size == 0) and not expander.unused_data else None


def _runs(words: tuple[str, ...]) -> list[tuple[str, int]]:
    runs: list[tuple[str, int]] = []
    for word in words:
        if runs and runs[-1][0] == word:
            runs[-1] = (word, runs[-1][1] + 1)
        else:
            runs.append((word, 1))
    return runs
