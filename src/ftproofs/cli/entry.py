"""From the shell to a command and back: arguments, errors, exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import typer

from ftproofs.errors import INTERRUPTED, USAGE, FileError, FTError

INTERNAL = 70

#: The base of every error typer reports about a command line, in all its versions.
_BadCommandLine: type[Exception] = typer.BadParameter.__mro__[2]


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.  Every error ends here, as one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a letter is no reason to fail
    arguments = expand_json(list(sys.argv[1:] if argv is None else argv))
    try:
        status = _run(arguments)
        sys.stdout.flush()
        return status
    except FileError as error:  # file and line first, as compilers say it
        return _fail(str(error), error.exit_status, error, name="")
    except FTError as error:
        return _fail(str(error), error.exit_status, error)
    except KeyboardInterrupt as interrupt:
        return _fail(str(interrupt) or "interrupted", INTERRUPTED, None)
    except BrokenPipeError:
        # The reader closed early (``| head``); what it wanted it got.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError as error:
        return _fail("FT212: out of memory; use a smaller setting or a smaller budget", 75, error)
    except RecursionError as error:
        return _fail("FT212: the input is nested too deeply", 75, error)
    except Exception as error:
        if isinstance(error.__cause__, KeyboardInterrupt):  # compiled callers say so of what a callback raised
            return _fail("interrupted", INTERRUPTED, None)
        # The last resort: a traceback would be a bug, and hiding which error it was would be another.
        what = f"internal error: {type(error).__name__}: {error} (FTPROOFS_DEBUG=1 shows where)"
        return _fail(what, INTERNAL, error)


def _run(arguments: list[str]) -> int:
    from ftproofs.cli.app import app

    command = typer.main.get_command(app)
    try:
        with command.make_context("ftproofs", arguments or ["--help"]) as context:
            result = command.invoke(context)
    except typer.Exit as done:
        return int(done.exit_code)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except _BadCommandLine as error:
        raise FTError("FT300", _described(error), exit_status=USAGE) from None
    return result if isinstance(result, int) else 0


def _described(error: Any) -> str:
    message = " ".join(error.format_message().split()).rstrip(".")
    context = getattr(error, "ctx", None)
    return f"{message}; see {context.command_path} --help" if context is not None else message


def expand_json(arguments: list[str]) -> list[str]:
    """Give a bare ``--json`` its value.

    ``--json FILE`` takes the next word when it is ``-``, ends in ``.json`` or has
    a slash; otherwise the word is an argument and the JSON goes to stdout.
    ``--json=FILE`` takes any name.
    """
    expanded: list[str] = []
    for place, word in enumerate(arguments):
        if word == "--":
            return expanded + arguments[place:]
        expanded.append(word)
        if word == "--json" and not _is_file(arguments[place + 1 : place + 2]):
            expanded.append("-")
    return expanded


def _is_file(following: list[str]) -> bool:
    if not following:
        return False
    word = following[0]
    return word == "-" or (not word.startswith("-") and "=" not in word and (word.endswith(".json") or "/" in word))


def _fail(message: str, status: int, error: BaseException | None, *, name: str = "ftproofs: ") -> int:
    if error is not None and os.environ.get("FTPROOFS_DEBUG") == "1":
        import traceback

        traceback.print_exception(error)
    from ftproofs.cli.output import log

    with suppress(OSError):  # nobody may be listening; the exit status still tells
        log(name + message)
    return status
