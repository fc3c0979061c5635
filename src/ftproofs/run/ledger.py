"""The ledger: a file that keeps what was measured, so that a run resumes where it stopped.

Rows are facts about an experiment, independent of any claim.  They are keyed by
the block of settings, the code that measured them, the dtype and the kind of
device.  When `Ledger.put` returns, the rows are on disk.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from ftproofs.claim import Claim, Rows
from ftproofs.errors import ResourceError, UsageError
from ftproofs.names import Value
from ftproofs.run.account import pack_account
from ftproofs.run.hashes import claim_hash, judging_hash
from ftproofs.run.ledger_schema import APPLICATION_ID, SCHEMA_VERSION, Table, additions, sealed, unsealed
from ftproofs.run.payload import DamagedPayload, Payload, block_of, pack, runs_of, unpack
from ftproofs.settings import Block
from ftproofs.verdict import Account, as_json

BUSY_SECONDS = 30.0


class Ledger:
    """An SQLite file of rows and verdicts; it implements `ftproofs.claim.Store`.

    Several processes may write the same file.  ``device`` is the kind of device
    whose rows `get` may return ("cpu", "cuda"): rows of another are not the same
    bits and are never mixed in.

    Raises:
        UsageError: FT402 the file cannot be created or written; FT405 a newer
            schema; FT406 no ledger, or a damaged one.
        ResourceError: FT404 disk full; FT407 another process holds it too long.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        code_hash: str,
        device: str = "cpu",
        dtype: str = "float64",
        busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        self.path = Path(path)
        self.code_hash = code_hash
        self.device = _kind(device)
        self.dtype = dtype
        self._busy_seconds = busy_seconds
        with self._translated():
            self._connection = self._open()
        try:
            with self._translated():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the ledger cannot be used afterwards."""
        self._connection.close()

    # -- rows ----------------------------------------------------------------

    def get(self, block: Block) -> Rows | None:
        """The block's rows, bit for bit, if the same code measured them on this kind of device."""
        key = self._key(block, self.device)
        with self._translated():
            found = self._connection.execute(
                "SELECT header, arrays, checksum FROM blocks WHERE key = ?", (key,)
            ).fetchone()
        if found is None:
            return None
        try:
            return unpack(Payload(*found), key, block)
        except DamagedPayload as damage:
            raise self._damaged(str(damage)) from None

    def put(self, rows: Rows) -> None:
        """Keep the rows; when this returns they are on disk.  Rows already there stay as they are."""
        device = _kind(rows.device)
        key = self._key(rows.block, device)
        payload = pack(rows, key)
        block = rows.block
        facts = (block.experiment, block.engine, block.method, len(block), self.code_hash, self.dtype, device)
        self.insert("blocks", (key, *facts, _now(), payload.header, payload.arrays, payload.checksum), ends=key)

    def lease(self, block: Block, owner: str, alive: Callable[[str], bool]) -> bool:
        """Whether the block is now the owner's to measure; false while another owner that is alive measures it.

        The rows' arrival ends the lease.  It needs not survive a loss of power, and waits for no disk.
        """
        key = self._key(block, self.device)
        with self._translated():
            self._connection.execute("PRAGMA synchronous = NORMAL")
            try:
                with self._transaction():
                    found = self._connection.execute("SELECT owner FROM leases WHERE key = ?", (key,)).fetchone()
                    if found is not None and found[0] != owner and alive(found[0]):
                        return False
                    if found is None or found[0] != owner:
                        self._connection.execute("INSERT OR REPLACE INTO leases VALUES (?, ?)", (key, owner))
                    return True
            finally:
                self._connection.execute("PRAGMA synchronous = FULL")

    def blocks(
        self, experiment: str, accept: Callable[[Mapping[str, Value]], bool] = lambda parameters: True
    ) -> Iterator[Rows]:
        """The rows of this code on an experiment, of whatever device, in the order they were kept.

        Blocks are left out where ``accept`` turns down the parameters of all their settings.
        """
        with self._translated():
            keys = self._connection.execute(
                "SELECT key FROM blocks WHERE experiment = ? AND code = ? AND dtype = ? ORDER BY rowid",
                (experiment, self.code_hash, self.dtype),
            ).fetchall()
        for (key,) in keys:
            try:
                name, engine, method, runs = runs_of(self._part("header", key))
                if not any(accept(run[0]) for run in runs):
                    continue
                block = block_of(name, engine, method, runs)
                payload = Payload(*(self._part(name, key) for name in ("header", "arrays", "checksum")))
                yield unpack(payload, key, block)
            except DamagedPayload as damage:
                raise self._damaged(str(damage)) from None

    def _part(self, column: Literal["header", "arrays", "checksum"], key: bytes) -> Any:
        with self._translated():
            return self._connection.execute(f"SELECT {column} FROM blocks WHERE key = ?", (key,)).fetchone()[0]

    def __len__(self) -> int:
        """The number of rows (cases) it holds, of whatever code and device."""
        with self._translated():
            return int(self._connection.execute("SELECT coalesce(sum(cases), 0) FROM blocks").fetchone()[0])

    # -- verdicts ------------------------------------------------------------

    def put_verdict(
        self,
        claim: Claim,
        verdict: Mapping[str, Any],
        *,
        run: Mapping[str, Any],
        account: Account | None = None,
    ) -> None:
        """Keep a verdict for later reports: under the claim, the judging code and the run's conditions.

        With an account an auditor can decide it again from the rows; it is kept first, so
        that a verdict of a run that was cut short has one.
        """
        text = json.dumps(as_json(verdict), allow_nan=False)
        key = (claim_hash(claim), judging_hash(), _canonical(run))
        if account is not None:
            self.insert("accounts", (*key, *pack_account(account, self.code_hash, self.dtype, self.device)))
        self.insert("verdicts", (*key, claim.id, _now(), sealed(text)))

    def verdict(self, claim: Claim, *, run: Mapping[str, Any]) -> dict[str, Any] | None:
        """The verdict that the same code reached on the same claim under the same conditions, if it is kept."""
        with self._translated():
            found = self._connection.execute(
                "SELECT verdict FROM verdicts WHERE claim_hash = ? AND code = ? AND run = ?",
                (claim_hash(claim), judging_hash(), _canonical(run)),
            ).fetchone()
        return None if found is None else self._read(found[0], "verdict")

    def verdicts(self, *, run: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """All verdicts of this code, oldest first; with ``run`` those made under these conditions."""
        conditions = None if run is None else _canonical(run)
        with self._translated():
            found = self._connection.execute(
                "SELECT verdict FROM verdicts WHERE code = ? AND (? IS NULL OR run = ?) ORDER BY rowid",
                (judging_hash(), conditions, conditions),
            ).fetchall()
        return [self._read(text, "verdict") for (text,) in found]

    def kept_verdicts(self) -> list[tuple[dict[str, Any], dict[str, Any], str]]:
        """As `verdicts`, each with the conditions of its run, the time it was kept (``kept``) and its claim's hash.

        Where the power of the check under the same conditions is kept, the verdict has it (``power``, ``flags``).
        """
        with self._translated():
            found = self._connection.execute(
                "SELECT verdict, run, verdicts.created, claim_hash, power FROM verdicts "
                "LEFT JOIN powers USING (claim_hash, code, run) WHERE code = ? ORDER BY verdicts.rowid",
                (judging_hash(),),
            ).fetchall()
        kept = []
        for text, run, created, hashed, power in found:
            verdict = self._read(text, "verdict")
            if power is not None:
                told = self._read(power, "power")
                verdict["power"] = told["power"]
                verdict["flags"] = sorted({*verdict.get("flags", ()), *told["flags"]})
            kept.append((verdict, {**json.loads(run), "kept": created}, hashed))
        return kept

    def put_power(self, claim: Claim, power: Mapping[str, Any], *, run: Mapping[str, Any]) -> None:
        """Keep the power of a check: ``power`` its figures and ``flags``, under the key that a verdict of the run has.

        The check is deterministic, so power that is there already stays.
        """
        text = json.dumps(as_json(power), allow_nan=False)
        key = (claim_hash(claim), judging_hash(), _canonical(run))
        self.insert("powers", (*key, claim.id, _now(), sealed(text)))

    def put_judged(self, claim: Claim, first: int, fates: Sequence[Any], *, run: Mapping[str, Any]) -> None:
        """Keep what became of a claim's mutants, JSON each, from the place ``first`` of their list on."""
        text = json.dumps(as_json({"fates": fates}), allow_nan=False)
        self.insert("judged", (claim_hash(claim), judging_hash(), _canonical(run), first, sealed(text)))

    def judged(self, claim: Claim, *, run: Mapping[str, Any]) -> dict[int, Any]:
        """What became of a claim's mutants, judged by this code under these conditions, by their places."""
        with self._translated():
            kept = self._connection.execute(
                "SELECT first, judged FROM judged WHERE claim_hash = ? AND code = ? AND run = ? ORDER BY first",
                (claim_hash(claim), judging_hash(), _canonical(run)),
            ).fetchall()
        return {
            first + i: fate
            for first, text in kept
            for i, fate in enumerate(self._read(text, "list of judged mutants")["fates"])
        }

    def _read(self, text: str, what: str) -> dict[str, Any]:
        content = unsealed(text)
        if content is None:
            raise self._damaged(f"checksum of a {what}")
        return content

    # -- the file ------------------------------------------------------------

    def _key(self, block: Block, device: str) -> bytes:
        content = json.dumps([block.canonical(), self.code_hash, self.dtype, device])
        return hashlib.sha256(content.encode()).digest()

    def _open(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.exists() and not self.path.is_file():
                raise UsageError("FT406", f"{self.path} is not a ledger (not a regular file)")
        except OSError as error:
            raise UsageError("FT402", f"cannot write {self.path}: {error.strerror or error}") from None
        return sqlite3.connect(self.path, timeout=self._busy_seconds, isolation_level=None)

    def _prepare(self) -> None:
        """Recognise a ledger, or make one of an empty file; nothing else is ever written to."""
        run = self._connection.execute
        run("BEGIN")  # one snapshot: another process may be making the ledger at this moment
        application, version = _pragma(self._connection, "application_id"), _pragma(self._connection, "user_version")
        empty = run("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
        run("COMMIT")
        if application != APPLICATION_ID and not (empty and application == 0 and version == 0):
            raise UsageError("FT406", f"{self.path} is not a ledger (an SQLite file of another program)")
        if version > SCHEMA_VERSION:
            raise UsageError("FT405", f"ledger schema {version} is newer than this program's {SCHEMA_VERSION}")
        if run("PRAGMA journal_mode = WAL").fetchone()[0] != "wal":
            raise UsageError("FT402", f"cannot write {self.path}: its file system has no write-ahead log")
        run("PRAGMA synchronous = FULL")
        self._create()
        verdict = run("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise self._damaged(str(verdict))

    def _create(self) -> None:
        with self._transaction():
            # Read again under the write lock: another process may have just made it.
            version = _pragma(self._connection, "user_version")
            if version == SCHEMA_VERSION:
                return
            for statement in additions(version):
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    # -- records, for what looks at whole ledgers --------------------------------

    def query(self, statement: str, values: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """The records that a SELECT finds, one by one."""
        with self._translated():
            yield from self._connection.execute(statement, values)

    def insert(self, table: Table, values: tuple[Any, ...], ends: bytes | None = None) -> bool:
        """Add a record, the values in the order of the table's columns; false if there is one with its key.

        ``ends`` is the key of the lease that is over with it.
        """
        places = ", ".join("?" * len(values))
        with self._translated(), self._transaction():
            added = self._connection.execute(f"INSERT INTO {table} VALUES ({places}) ON CONFLICT DO NOTHING", values)
            if ends is not None:
                self._connection.execute("DELETE FROM leases WHERE key = ?", (ends,))
            return added.rowcount == 1

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """SQLite's errors as the project's."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._translate(error) from None
        except UnicodeDecodeError:
            raise self._damaged("text that is no UTF-8") from None

    def _translate(self, error: sqlite3.Error) -> UsageError | ResourceError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return ResourceError("FT404", f"disk full; {self._safe()} results are safe in {self.path}; rerun to resume")
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return ResourceError(
                "FT407", f"ledger {self.path} is in use by another process; waited {self._busy_seconds:g} s"
            )
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR):
            return UsageError("FT402", f"cannot read or write {self.path}: {error}")
        if code == sqlite3.SQLITE_NOTADB:
            return UsageError("FT406", f"{self.path} is not a ledger ({error}); left as it is")
        return self._damaged(str(error))

    def _safe(self) -> int | str:
        try:
            return int(self._connection.execute("SELECT coalesce(sum(cases), 0) FROM blocks").fetchone()[0])
        except (sqlite3.Error, AttributeError):
            return "earlier"

    def _damaged(self, what: str) -> UsageError:
        first = " ".join(what.split())[:200]
        return UsageError("FT406", f"ledger {self.path} is damaged ({first}); left as it is, nothing overwritten")


def _kind(device: str) -> str:
    return device.split(":")[0].split()[0] if device.strip() else "cpu"


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _canonical(run: Mapping[str, Any]) -> str:
    return json.dumps(as_json(run), sort_keys=True, allow_nan=False)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
