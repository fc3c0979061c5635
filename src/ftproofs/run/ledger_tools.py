"""Whole ledgers: what one holds, whether it is sound, several made into one, everything as lines of JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftproofs.claim import Rows
from ftproofs.errors import UsageError
from ftproofs.run.account import checksum
from ftproofs.run.ledger import Ledger
from ftproofs.run.ledger_schema import (
    ACCOUNT_COLUMNS,
    BLOCK_COLUMNS,
    JUDGED_COLUMNS,
    POWER_COLUMNS,
    VERDICT_COLUMNS,
    unsealed,
)
from ftproofs.run.payload import DamagedPayload, Payload, block_of, digest, runs_of, unpack
from ftproofs.verdict import as_json

_BLOCKS = f"SELECT {', '.join(BLOCK_COLUMNS)} FROM blocks ORDER BY rowid"
_VERDICTS = f"SELECT {', '.join(VERDICT_COLUMNS)} FROM verdicts ORDER BY rowid"
_ACCOUNTS = f"SELECT {', '.join(ACCOUNT_COLUMNS)} FROM accounts ORDER BY rowid"
_POWERS = f"SELECT {', '.join(POWER_COLUMNS)} FROM powers ORDER BY rowid"
_JUDGED = f"SELECT {', '.join(JUDGED_COLUMNS)} FROM judged ORDER BY rowid"

Record = dict[str, Any]


@dataclass(frozen=True)
class Soundness:
    """What a ledger holds, and what of it is damaged, one line each."""

    blocks: int
    rows: int
    verdicts: int
    powers: int
    damaged: tuple[str, ...]


@dataclass(frozen=True)
class Merged:
    """What was added to a ledger; ``differing`` blocks were there already with other numbers, and stayed."""

    blocks: int
    rows: int
    verdicts: int
    powers: int
    differing: int


def opened(path: Path) -> Ledger:
    """An existing ledger, whatever code measured its rows (FT406 if there is none)."""
    if not path.exists():
        raise UsageError("FT406", f"{path} is not a ledger (there is no such file)")
    return Ledger(path, code_hash="")


def contents(ledger: Ledger) -> list[Record]:
    """How many blocks and rows there are of each experiment, engine, code and device."""
    found = ledger.query(
        "SELECT experiment, engine, device, code, count(*), sum(cases), min(created), max(created) FROM blocks "
        "GROUP BY experiment, engine, device, code ORDER BY experiment, engine, device, code"
    )
    names = ("experiment", "engine", "device", "code", "blocks", "rows", "first", "last")
    return [dict(zip(names, row, strict=True)) for row in found]


def powers(ledger: Ledger) -> list[Record]:
    """The kill scores that are kept, oldest first: claim, scores, the run's seed, budget and device, and when."""
    found = []
    for record in _records(ledger, _POWERS, POWER_COLUMNS):
        run, told = json.loads(record["run"]), unsealed(record["power"])
        if told is not None:
            scores = {name: told["power"].get(name) for name in ("score", "strict_score")}
            conditions = {name: run.get(name) for name in ("seed", "budget", "settings", "device")}
            found.append({"claim": record["claim"], **scores, **conditions, "at": record["created"]})
    return found


def words(ledger: Ledger) -> list[Record]:
    """The verdicts that are kept, oldest first: claim, word, the run's seed, budget and device, and when."""
    found = []
    for record in _records(ledger, _VERDICTS, VERDICT_COLUMNS):
        run, verdict = json.loads(record["run"]), unsealed(record["verdict"])
        if verdict is not None:
            conditions = {name: run.get(name) for name in ("seed", "budget", "settings", "device")}
            found.append({"claim": record["claim"], "word": verdict.get("word"), **conditions, "at": record["created"]})
    return found


def verify(ledger: Ledger) -> Soundness:
    """Read everything again: checksums, layouts, and that each row lies under the key of what it measured."""
    blocks = rows = verdicts = powers = 0
    damaged: list[str] = []
    for record in _records(ledger, _BLOCKS, BLOCK_COLUMNS):
        blocks, rows = blocks + 1, rows + record["cases"]
        try:
            _rows(record)
        except DamagedPayload as damage:
            damaged.append(f"block {blocks} ({record['experiment']}, {record['cases']} rows): {damage}")
    for record in _records(ledger, _VERDICTS, VERDICT_COLUMNS):
        verdicts += 1
        if unsealed(record["verdict"]) is None:
            damaged.append(f"verdict {verdicts} ({record['claim']}): checksum of a verdict")
    for record in _records(ledger, _ACCOUNTS, ACCOUNT_COLUMNS):
        if checksum(record["header"], record["arrays"]) != record["checksum"]:
            damaged.append(f"account of a verdict (claim {record['claim_hash'][:12]}): checksum of an account")
    for record in _records(ledger, _POWERS, POWER_COLUMNS):
        powers += 1
        if unsealed(record["power"]) is None:
            damaged.append(f"power {powers} ({record['claim']}): checksum of a power")
    for record in _records(ledger, _JUDGED, JUDGED_COLUMNS):
        if unsealed(record["judged"]) is None:
            damaged.append(f"judged mutants (claim {record['claim_hash'][:12]}): checksum of judged mutants")
    return Soundness(blocks, rows, verdicts, powers, tuple(damaged))


def merge(path: Path, sources: Sequence[Ledger]) -> Merged:
    """Add what other ledgers hold to the one at the path, made if it is not there; what is there already stays.

    All sources are verified before anything is made or added.

    Raises:
        UsageError: FT406 a source is damaged; nothing was added.
    """
    for source in sources:
        found = verify(source).damaged
        if found:
            raise UsageError("FT406", f"ledger {source.path} is damaged ({found[0]}); nothing was merged")
    blocks = rows = verdicts = powers = differing = 0
    with Ledger(path, code_hash="") as target:
        for source in sources:
            for record in _records(source, _BLOCKS, BLOCK_COLUMNS):
                if target.insert("blocks", tuple(record.values())):
                    blocks, rows = blocks + 1, rows + record["cases"]
                    continue
                (there,) = target.query("SELECT arrays FROM blocks WHERE key = ?", (record["key"],))
                differing += there[0] != record["arrays"]
            for record in _records(source, _VERDICTS, VERDICT_COLUMNS):
                verdicts += target.insert("verdicts", tuple(record.values()))
            for record in _records(source, _ACCOUNTS, ACCOUNT_COLUMNS):
                target.insert("accounts", tuple(record.values()))
            for record in _records(source, _POWERS, POWER_COLUMNS):
                powers += target.insert("powers", tuple(record.values()))
            for record in _records(source, _JUDGED, JUDGED_COLUMNS):
                target.insert("judged", tuple(record.values()))
    return Merged(blocks, rows, verdicts, powers, differing)


def lines(ledger: Ledger) -> Iterator[Record]:
    """Everything, a record a row, a verdict and a power: settings, measurements, bounds, status; numbers as in reports.

    Raises:
        UsageError: FT406 a damaged ledger.
    """
    for record in _records(ledger, _BLOCKS, BLOCK_COLUMNS):
        try:
            rows = _rows(record)
        except DamagedPayload as damage:
            raise UsageError("FT406", f"ledger {ledger.path} is damaged ({damage}); left as it is") from None
        for case, setting in enumerate(rows.block.settings):
            yield {
                "kind": "row",
                "experiment": setting.experiment,
                "setting": setting.parameters,
                "seed": setting.root,
                "stage": setting.stage,
                "index": setting.index,
                "engine": rows.block.engine,
                "method": rows.block.method,
                "batch": len(rows.block),
                "status": rows.status[case],
                "values": {name: as_json(float(values[case])) for name, values in rows.values.items()},
                "bounds": {name: as_json(float(values[case])) for name, values in rows.bounds.items()},
                **{name: record[name] for name in ("code", "dtype", "device", "created")},
            }
    told = (("verdict", _VERDICTS, VERDICT_COLUMNS), ("power", _POWERS, POWER_COLUMNS))
    for kind, statement, columns in told:
        for record in _records(ledger, statement, columns):
            content = unsealed(record[kind])
            if content is None:
                raise UsageError("FT406", f"ledger {ledger.path} is damaged (checksum of a {kind}); left as it is")
            facts = {"claim": record["claim"], "run": json.loads(record["run"]), "created": record["created"]}
            yield {"kind": kind, **facts, kind: content}


def _records(ledger: Ledger, statement: str, columns: Sequence[str]) -> Iterator[Record]:
    for row in ledger.query(statement):
        yield dict(zip(columns, row, strict=True))


def _rows(record: Record) -> Rows:
    """The rows of a record whose key, header, numbers and columns agree with one another."""
    key, header, arrays = (record[name] for name in ("key", "header", "arrays"))
    if digest(key, header, arrays) != record["checksum"]:
        raise DamagedPayload("checksum of a row")
    block = block_of(*runs_of(header))
    content = json.dumps([block.canonical(), record["code"], record["dtype"], record["device"]])
    facts = (block.experiment, block.engine, block.method, len(block))
    told = tuple(record[name] for name in ("experiment", "engine", "method", "cases"))
    if hashlib.sha256(content.encode()).digest() != key or facts != told:
        raise DamagedPayload("a row under the key of another one")
    return unpack(Payload(header, arrays, record["checksum"]), key, block)
