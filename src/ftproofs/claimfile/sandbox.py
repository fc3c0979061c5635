"""A process of its own for text from strangers: little memory, no files, no network, killed when late.

Whatever a claim file makes SymPy do happens there first.  The process gets the file's
bytes and answers in JSON; only a file that came through is read in this process, where
the same text then builds the same expressions.
"""

from __future__ import annotations

import base64
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import ftproofs
from ftproofs.claim import Claim
from ftproofs.claimfile.reading import Translate
from ftproofs.claimfile.vetting import Vetting
from ftproofs.errors import FileError

#: Seconds for one answer, and for the process to start.
DEADLINE = 20.0
STARTING = 60.0

#: Limits of the process: address space, processor time, and no written byte.
MEMORY = 2 * 2**30
PROCESSOR = 600

#: What a claim can never need: processes, sockets, other libraries, written files.
FORBIDDEN = (
    "subprocess.",
    "socket.",
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "os.kill",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.chmod",
    "os.chown",
    "os.truncate",
    "os.putenv",
    "shutil.",
    "ctypes.",
    "mmap.",
    "urllib.",
    "ftplib.",
    "smtplib.",
    "pty.",
    "sqlite3.",
    "webbrowser.",
    "pickle.",
)

_START = "import sys; sys.path[:0] = {path!r}; from {serving} import serve; serve()"


class Late(Exception):
    """The process did not answer in time and was killed."""


class Sandbox:
    """Reads and examines claim files in a process of its own; use it as a context.

    ``serving`` is the module whose ``serve`` runs there: this one, or one that does more with claims.
    """

    def __init__(self, *, deadline: float = DEADLINE, serving: str = __name__) -> None:
        self.deadline = deadline
        self.serving = serving
        self._process: subprocess.Popen[bytes] | None = None
        self._file: dict[str, Any] = {}

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process = None

    def read(self, content: bytes, file: str) -> dict[str, str]:
        """Read a claim file there; its formulas in LaTeX, each with the text it was understood as.

        Raises:
            FileError: what is wrong with it; FT601 when reading it did not end in time.
        """
        self._file = {"content": base64.b64encode(content).decode(), "file": file}
        try:
            answer = self._ask({"read": self._file})
        except Late:
            why = f"symbolic step stopped after {self.deadline:g} s"
            raise FileError(file, 1, "FT601", why, exit_status=3) from None
        if "error" in answer:
            found = answer["error"]
            raise FileError(file, int(found["line"]), found["code"], found["message"], exit_status=found["exit"])
        return {str(latex): str(text) for latex, text in answer["understood"].items()}

    def vet(self, number: int) -> Vetting:
        """Examine one of the claims of the file that was read last.

        Raises:
            Late: it did not end in time.
        """
        return Vetting.from_json(self.ask("vet", number))

    def ask(self, work: str, number: int) -> dict[str, Any]:
        """What a work of the process answers about one of the claims of the file that was read last.

        Raises:
            Late: it did not end in time.
        """
        if self._process is None:  # killed while it worked on another claim
            self._ask({"read": self._file})
        return self._ask({work: number})

    def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(message).encode() + b"\n")
            process.stdin.flush()
            answer = _line(process.stdout.fileno(), self.deadline)
        except (OSError, Late):
            answer = b""
        if not answer:  # too late, out of memory or processor time
            self.close()
            raise Late
        found: dict[str, Any] = json.loads(answer)
        return found

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            home = [str(Path(ftproofs.__file__).resolve().parent.parent)]
            self._process = subprocess.Popen(
                [sys.executable, "-B", "-c", _START.format(path=home, serving=self.serving)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={},
                close_fds=True,
                start_new_session=True,
            )
            assert self._process.stdout is not None
            try:
                ready = _line(self._process.stdout.fileno(), STARTING)
            except Late:
                ready = b""
            if not ready:
                self.close()
                raise RuntimeError("the process that reads claim files did not start")
        return self._process


def _line(handle: int, deadline: float) -> bytes:
    """One line from a pipe; empty when the other side has gone."""
    until = time.monotonic() + deadline
    received = b""
    while not received.endswith(b"\n"):
        ready, _, _ = select.select([handle], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            raise Late
        part = os.read(handle, 65536)
        if not part:
            return b""
        received += part
    return received


# -- in the process ---------------------------------------------------------------


#: What the process can do with a claim; the answer becomes JSON.
Work: TypeAlias = Callable[[Claim], dict[str, Any]]


def serve(more: Mapping[str, Work] | None = None) -> None:
    """Answer requests line by line until the pipe closes; ``more`` works than examining."""
    from ftproofs.claimfile.document import parse
    from ftproofs.claimfile.reading import read
    from ftproofs.claimfile.vetting import vet

    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    works: dict[str, Work] = {"vet": lambda claim: vet(claim).to_json(), **(more or {})}
    _warm_up(works)
    confine()
    answers.write(b"{}\n")
    answers.flush()
    claims: tuple[Claim, ...] = ()
    for request in sys.stdin.buffer:
        message = json.loads(request)
        try:
            if "read" in message:
                content = base64.b64decode(message["read"]["content"])
                understood: dict[str, str] = {}
                claims = read(parse(content, message["read"]["file"]), _translator(understood))
                answer: dict[str, Any] = {"understood": understood}
            else:
                ((work, number),) = message.items()
                answer = works[work](claims[number])
        except FileError as error:
            found = {"code": error.code, "message": error.message, "line": error.line, "exit": error.exit_status}
            answer = {"error": found}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _translator(understood: dict[str, str]) -> Translate:
    """Reads formulas in LaTeX, and notes what each was understood as."""
    from ftproofs.symbolic.tex import to_text

    def translate(latex: str, names: Sequence[str]) -> str:
        understood[latex] = to_text(latex, names)
        return understood[latex]

    return translate


def _warm_up(works: Mapping[str, Work]) -> None:
    """Load what SymPy imports when it is first used, while files may still be opened."""
    from ftproofs.claimfile.document import parse
    from ftproofs.claimfile.reading import read

    sample = b"""
format = 1
[[claim]]
id = "sample"
experiment = "linear.finetune"
quantifier = "mean"
statement = ["risk == (1 - n/d)*delta_norm**2/(d - n - 1)", "risk <= Max(1, Abs(sin(theta)))*2/(3 - 2*theta)"]
where = ["n <= d - 10"]
[claim.domain]
n = { min = 4, max = 40 }
d = { min = 20, max = 60 }
theta = { min = 0, max = 1 }
[[claim]]
id = "latex"
experiment = "linear.finetune"
quantifier = "each"
latex = 'R = \\frac{2\\sin^2\\theta}{n}'
[claim.domain]
n = 4
d = 20
theta = { min = 0, max = 1 }
"""
    for claim in read(parse(sample, "sample"), _translator({})):
        for work in works.values():
            work(claim)


def confine() -> None:
    """Give up what reading a claim never needs; there is no way back in this process."""
    limits = [
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, PROCESSOR),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ]
    for limit, value in limits:
        hard = resource.getrlimit(limit)[1]
        resource.setrlimit(limit, (value, value) if hard == resource.RLIM_INFINITY or value <= hard else (hard, hard))
    sys.addaudithook(_guard())


def _guard() -> Callable[[str, tuple[Any, ...]], None]:
    """An audit hook that ends the process when something forbidden is tried."""
    libraries = tuple({os.path.realpath(path) + os.sep for path in sys.path if path})

    def guard(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(FORBIDDEN) or (event == "open" and not _may_open(arguments, libraries)):
            os._exit(1)

    return guard


def _may_open(arguments: tuple[Any, ...], libraries: tuple[str, ...]) -> bool:
    """Modules that are imported late are read; nothing else is, and nothing is written."""
    path, mode, flags = arguments
    if isinstance(path, int) or not isinstance(path, (str, bytes)):
        return False
    if mode is not None and any(letter in mode for letter in "wax+"):
        return False
    if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        return False
    name = os.fsdecode(path)
    return os.path.realpath(name).startswith(libraries) and name.endswith((".py", ".pyc", ".so"))
