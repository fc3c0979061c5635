"""The tables of a ledger's file, schema by schema (each adds to the one before and changes nothing), and its texts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

APPLICATION_ID = 0x46545031  # "FTP1"

_FACTS = ("experiment", "engine", "method", "cases", "code", "dtype", "device", "created")
BLOCK_COLUMNS = ("key", *_FACTS, "header", "arrays", "checksum")
VERDICT_COLUMNS = ("claim_hash", "code", "run", "claim", "created", "verdict")
ACCOUNT_COLUMNS = ("claim_hash", "code", "run", "header", "arrays", "checksum")
POWER_COLUMNS = ("claim_hash", "code", "run", "claim", "created", "power")
JUDGED_COLUMNS = ("claim_hash", "code", "run", "first", "judged")
Table: TypeAlias = Literal["blocks", "verdicts", "accounts", "powers", "judged"]

#: Rows and verdicts.
_FIRST = """
CREATE TABLE blocks (
    key        BLOB PRIMARY KEY,
    experiment TEXT NOT NULL,
    engine     TEXT NOT NULL,
    method     INTEGER NOT NULL,
    cases      INTEGER NOT NULL,
    code       TEXT NOT NULL,
    dtype      TEXT NOT NULL,
    device     TEXT NOT NULL,
    created    TEXT NOT NULL,
    header     TEXT NOT NULL,
    arrays     BLOB NOT NULL,
    checksum   BLOB NOT NULL
) STRICT;
CREATE TABLE verdicts (
    claim_hash TEXT NOT NULL,
    code       TEXT NOT NULL,
    run        TEXT NOT NULL,
    claim      TEXT NOT NULL,
    created    TEXT NOT NULL,
    verdict    TEXT NOT NULL,
    PRIMARY KEY (claim_hash, code, run)
) STRICT;
"""

#: What verdicts were decided on, and what is being measured by whom.
_SECOND = """
CREATE TABLE accounts (
    claim_hash TEXT NOT NULL,
    code       TEXT NOT NULL,
    run        TEXT NOT NULL,
    header     TEXT NOT NULL,
    arrays     BLOB NOT NULL,
    checksum   BLOB NOT NULL,
    PRIMARY KEY (claim_hash, code, run)
) STRICT;
CREATE TABLE leases (
    key   BLOB PRIMARY KEY,
    owner TEXT NOT NULL
) STRICT;
"""

#: The power of a check, under the key of its verdict: which wrong variants of the claim its rows would have refuted.
_THIRD = """
CREATE TABLE powers (
    claim_hash TEXT NOT NULL,
    code       TEXT NOT NULL,
    run        TEXT NOT NULL,
    claim      TEXT NOT NULL,
    created    TEXT NOT NULL,
    power      TEXT NOT NULL,
    PRIMARY KEY (claim_hash, code, run)
) STRICT;
"""

#: What became of mutants, in runs of their list that were kept together, for judging to resume.
_FOURTH = """
CREATE TABLE judged (
    claim_hash TEXT NOT NULL,
    code       TEXT NOT NULL,
    run        TEXT NOT NULL,
    first      INTEGER NOT NULL,
    judged     TEXT NOT NULL,
    PRIMARY KEY (claim_hash, code, run, first)
) STRICT;
"""

_SCHEMAS = (_FIRST, _SECOND, _THIRD, _FOURTH)
SCHEMA_VERSION = len(_SCHEMAS)


def additions(version: int) -> Iterator[str]:
    """The statements that make a file of that schema (0: an empty one) one of `SCHEMA_VERSION`."""
    for schema in _SCHEMAS[version:]:
        yield from (statement for statement in schema.split(";\n") if statement.strip())


def sealed(text: str) -> str:
    """JSON as it is kept: behind its SHA-256."""
    return f"{hashlib.sha256(text.encode()).hexdigest()} {text}"


def unsealed(kept: str) -> dict[str, Any] | None:
    """The object that was sealed; None where the text is not what its checksum says."""
    _, _, text = kept.partition(" ")
    if sealed(text) != kept:
        return None
    content: dict[str, Any] = json.loads(text)
    return content
