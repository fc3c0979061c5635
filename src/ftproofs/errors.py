"""Every error a user can meet, each with its code and the exit status it ends in.

A message is one line: what was found, what was expected, where.  Codes are
stable; scripts may match on them.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

USAGE = 2
RESOURCE = 75
INTERRUPTED = 130


class FTError(Exception):
    """An error with a code (``FT301``) and an exit status; its text is one line."""

    def __init__(self, code: str, message: str, *, exit_status: int = USAGE) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.exit_status = exit_status

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors cross from process to process whole."""
        return _again, (type(self), self.args, self.__dict__)


def _again(kind: type[FTError], args: tuple[Any, ...], facts: dict[str, Any]) -> FTError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(facts)
    return error


class UsageError(FTError, ValueError):
    """Bad input on the command line or in the Python API (exit 2)."""


class ResourceError(FTError):
    """Out of memory, disk or a lock; what was computed is safe and the run resumes (exit 75)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message, exit_status=RESOURCE)


class KernelError(FTError):
    """A generated kernel disagrees with ball arithmetic, or cannot be built."""


class TrainingError(FTError):
    """Training could not be carried out; never evidence for or against a claim."""


def nearest(name: str, known: Iterable[str]) -> str:
    """The phrase that lists the nearest known names, or all of them when none is near."""
    names = sorted(known)
    close = get_close_matches(name, names, n=4, cutoff=0.5)
    if close:
        return "did you mean " + ", ".join(close) + "?"
    return "known: " + ", ".join(names)


def unknown(what: str, name: str, known: Iterable[str], *, code: str) -> UsageError:
    """The error for a name that is not known; it lists the nearest ones."""
    return UsageError(code, f"unknown {what} {name!r}; {nearest(name, known)}")


class FileError(UsageError):
    """Bad input in a file; its text names the file and the line: ``claims.toml:7: FT112: ...``."""

    def __init__(self, file: str, line: int, code: str, message: str, *, exit_status: int = USAGE) -> None:
        super().__init__(code, message)
        self.exit_status = exit_status
        self.file = file
        self.line = line

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.code}: {self.message}"
