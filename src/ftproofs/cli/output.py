"""Results on stdout, progress and logs on stderr; neither coloured nor animated when piped."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table

from ftproofs.report.files import check_target, dumps, write

STDOUT = "-"
#: Lines are not folded for a reader that is a program or a file.
PIPED_WIDTH = 200


def console(stream: TextIO | None = None) -> Console:
    """A console on stdout, or on another stream; FORCE_COLOR cannot colour a pipe."""
    out = sys.stdout if stream is None else stream
    terminal = out.isatty()
    return Console(
        file=out,
        highlight=False,
        force_terminal=terminal,
        no_color=None if terminal else True,
        width=None if terminal else PIPED_WIDTH,
        emoji=False,
    )


def show(table: Table) -> None:
    """Print a table on stdout; piped, without the spaces that would fill its lines."""
    out = console()
    if out.is_terminal:
        out.print(table)
        return
    with out.capture() as captured:
        out.print(table)
    for text in captured.get().splitlines():
        sys.stdout.write(text.rstrip() + "\n")


def line(text: str = "") -> None:
    """Print a line on stdout as it is, never folded."""
    sys.stdout.write(printable(text) + "\n")


def log(text: str) -> None:
    """Print a line on stderr."""
    sys.stderr.write(printable(text) + "\n")
    sys.stderr.flush()


def printable(text: str) -> str:
    """The text on one line, without control characters that could act on a terminal."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)


def check_json_target(target: str | None) -> None:
    """Fail before the work if ``--json FILE`` could not be written (FT401, FT402)."""
    if target is not None and target != STDOUT:
        check_target(Path(target))


def to_stdout(target: str | None) -> bool:
    """Whether JSON takes the place of text on stdout."""
    return target == STDOUT


def deliver(document: Mapping[str, Any], target: str | None) -> None:
    """Write the JSON where ``--json`` says, if it says anything."""
    if target is None:
        return
    if to_stdout(target):
        sys.stdout.write(dumps(document))
    else:
        write(Path(target), document)
