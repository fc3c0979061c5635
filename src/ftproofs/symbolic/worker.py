"""Derivations in a process of their own, with a deadline, and never twice.

A derivation is looked up in a content-addressed cache first: its key is what the
claim asserts and how it is derived, the sources of this wing, and the versions of
SymPy and FLINT.  What is not there is derived by a worker, a process that lives as
long as this one and is killed when a derivation outlasts the deadline; it may begin (`begin`)
while this process trains.  Only claims
written in Python go to the worker, and they are trusted; its answers are JSON.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import pickle
import select
import struct
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, fields, is_dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from sympy import Basic, srepr

from ftproofs.claim import Claim
from ftproofs.symbolic.derivation import derive
from ftproofs.verdict import Derivation, StepResult

#: Seconds a claim's derivation may take.
DEADLINE = 120.0

#: Seconds that an answer, once it has begun, may take to arrive.
_ARRIVAL = 10.0

_LENGTH = struct.Struct("<Q")


def begin(claim: Claim) -> None:
    """Let the worker derive the claim while the caller goes on; `derived` then waits for what is left.

    Nothing happens where the derivation is known, or can only be made here.
    """
    if not claim.steps:
        return
    key = cache_key(claim)
    message = _message(claim)
    if message is not None and _load(key) is None:
        with suppress(OSError):
            _send(key, message)


def derived(claim: Claim, *, deadline: float = DEADLINE) -> Derivation:
    """The claim's derivation: from the cache, or from the worker within the deadline.

    A derivation that does not end in time is a gap (FT601).
    """
    if not claim.steps:
        return derive(claim)
    key = cache_key(claim)
    found = _load(key)
    if found is not None:
        return found
    result = _ask(claim, deadline)
    if result is None:
        return Derivation("gap", detail=f"FT601: symbolic work stopped after {deadline:g} s")
    _save(key, result)
    return result


# -- the cache ------------------------------------------------------------------


@cache
def _sources() -> str:
    here = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    files = [*here.rglob("*.py"), *(here.parent / "names").glob("*.py"), here.parent / "claim.py"]
    for path in sorted(files, key=lambda p: p.as_posix()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    for library in ("sympy", "python-flint", "mpmath"):
        digest.update(version(library).encode())
    return digest.hexdigest()


def cache_key(claim: Claim) -> str:
    """SHA-256 (hex) of everything a derivation depends on; not of the claim's id or title."""
    content = [
        _sources(),
        claim.experiment,
        *(_spelled(part) for part in (claim.quantifier, claim.domain, claim.statements)),
        *(_spelled(part) for part in (claim.steps, claim.corollaries)),
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _spelled(part: Any) -> Any:
    """JSON of nested data that tells symbols with different assumptions apart, as ``repr`` does not."""
    if isinstance(part, Basic):
        return srepr(part)
    if is_dataclass(part):
        return [type(part).__qualname__, *(_spelled(getattr(part, field.name)) for field in fields(part))]
    if isinstance(part, (tuple, list)):
        return [_spelled(item) for item in part]
    return repr(part)


def cache_folder() -> Path:
    """Where derivations are kept: ``$FTPROOFS_CACHE``, or the user's cache folder."""
    if "FTPROOFS_CACHE" in os.environ:
        return Path(os.environ["FTPROOFS_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ftproofs" / "derivations"


def _load(key: str) -> Derivation | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        document = json.loads((cache_folder() / f"{key}.json").read_text())
        if document["key"] == key and document["checksum"] == _checksum(document["derivation"]):
            return _from_json(document["derivation"])
    return None


def _save(key: str, derivation: Derivation) -> None:
    """Keep it if the folder can be written; a cache that cannot is only slower."""
    content = asdict(derivation)
    document = {"key": key, "checksum": _checksum(content), "derivation": content}
    folder = cache_folder()
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        scratch = folder / f".{key}.{os.getpid()}"
        scratch.write_text(json.dumps(document))
        scratch.replace(folder / f"{key}.json")


def _checksum(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _from_json(content: dict[str, Any]) -> Derivation:
    steps, corollaries = (tuple(StepResult(**s) for s in content[name]) for name in ("steps", "corollaries"))
    return Derivation(content["status"], steps, tuple(content["axioms"]), corollaries, content["detail"])


# -- the worker, seen from here -------------------------------------------------

_workers: list[subprocess.Popen[bytes]] = []

#: The key of the derivation that the worker is busy with, and when it was asked for.
_pending: list[tuple[str, float]] = []


def _ask(claim: Claim, deadline: float) -> Derivation | None:
    """The worker's answer; None when the deadline passed.

    A claim that cannot be sent (its methods live in a script or a shell) is derived here.
    """
    message = _message(claim)
    if message is None:
        return derive(claim)
    try:
        asked = _send(cache_key(claim), message)
        stream = _workers[0].stdout
        assert stream is not None
        answer = _receive(stream, asked + deadline)
    except (OSError, EOFError):
        stop()
        return derive(claim)
    _pending.clear()
    if answer is None:
        stop()
        return None
    content = json.loads(answer)
    return _from_json(content) if content is not None else derive(claim)


def _message(claim: Claim) -> bytes | None:
    """The claim as it is sent, if it can be."""
    try:
        return pickle.dumps(claim)
    except (pickle.PicklingError, AttributeError, TypeError):
        return None


def _send(key: str, message: bytes) -> float:
    """When the worker was asked for the derivation of that key: before, or now.

    A worker that is busy with another one, whose answer nobody waits for any more, is replaced.
    """
    if _pending and _pending[0][0] == key and _workers and _workers[0].poll() is None:
        return _pending[0][1]
    if _pending:
        stop()
    stream = _worker().stdin
    assert stream is not None
    _pending.append((key, time.monotonic()))
    stream.write(_LENGTH.pack(len(message)) + message)
    stream.flush()
    return _pending[0][1]


def _receive(stream: IO[bytes], until: float) -> bytes | None:
    """One answer, or None when it is not there in time."""
    wanted, received = _LENGTH.size, b""
    header = True
    while len(received) < wanted:
        ready, _, _ = select.select([stream], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return None
        part = os.read(stream.fileno(), wanted - len(received))
        if not part:
            raise EOFError
        received += part
        if header and len(received) == wanted:
            wanted, received, header = _LENGTH.unpack(received)[0], b"", False
            until = max(until, time.monotonic() + _ARRIVAL)
    return received


def _worker() -> subprocess.Popen[bytes]:
    if _workers and _workers[0].poll() is None:
        return _workers[0]
    _workers.clear()
    # A session of its own: an interrupt at the keyboard is for the parent to handle.
    command = [sys.executable, "-m", "ftproofs.symbolic.worker"]
    _workers.append(
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, start_new_session=True)
    )
    return _workers[0]


@atexit.register
def stop() -> None:
    """End the worker, whatever it is busy with."""
    for worker in _workers:
        worker.kill()
        worker.wait()
        for stream in (worker.stdin, worker.stdout):
            if stream is not None:
                stream.close()
    _workers.clear()
    _pending.clear()


# -- the worker itself ------------------------------------------------------------


def serve(incoming: IO[bytes], outgoing: IO[bytes]) -> None:
    """Derive claim after claim until the parent is gone; ``null`` says that a claim cannot be read here."""
    while header := incoming.read(_LENGTH.size):
        message = incoming.read(_LENGTH.unpack(header)[0])
        try:
            claim = pickle.loads(message)
        except (AttributeError, ImportError):
            answer = b"null"
        else:
            answer = json.dumps(asdict(derive(claim))).encode()
        outgoing.write(_LENGTH.pack(len(answer)) + answer)
        outgoing.flush()


if __name__ == "__main__":
    # What a library prints must not pass for an answer.
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)
        with suppress(BrokenPipeError):  # the parent is gone: nobody waits for the answer
            serve(sys.stdin.buffer, answers)
