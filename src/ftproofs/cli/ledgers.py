"""``ledger show``, ``verify``, ``merge``, ``export``: the files that keep what was measured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from ftproofs import __version__
from ftproofs.cli.output import check_json_target, deliver, line, show, to_stdout
from ftproofs.errors import USAGE, UsageError
from ftproofs.report.files import check_target, write_lines
from ftproofs.run import ledger_tools


def show_ledger(file: str, *, target: str | None) -> int:
    """Print what a ledger holds."""
    check_json_target(target)
    with ledger_tools.opened(Path(file)) as ledger:
        contents, words = ledger_tools.contents(ledger), ledger_tools.words(ledger)
        powers = ledger_tools.powers(ledger)
    if not to_stdout(target):
        rows = Table("experiment", "engine", "device", "code", "blocks", "rows", "last", box=None)
        for entry in contents:
            facts = [entry[name] for name in ("experiment", "engine", "device")]
            counts = [str(entry[name]) for name in ("blocks", "rows")]
            rows.add_row(*facts, entry["code"][:12], *counts, entry["last"])
        show(rows)
        verdicts = Table("claim", "word", "seed", "budget", "device", "at", box=None)
        for word in words:
            verdicts.add_row(*(str(word[name]) for name in ("claim", "word", "seed", "budget", "device", "at")))
        if words:
            line()
            show(verdicts)
        line(f"{sum(entry['rows'] for entry in contents)} rows, {len(words)} verdicts, {len(powers)} kill scores")
    deliver({"format": 1, "ledger": file, "rows": contents, "verdicts": words, "powers": powers}, target)
    return 0


def verify(file: str, *, target: str | None) -> int:
    """Read all of a ledger again; exit status 2 if anything is damaged."""
    check_json_target(target)
    with ledger_tools.opened(Path(file)) as ledger:
        found = ledger_tools.verify(ledger)
    if not to_stdout(target):
        for text in found.damaged:
            line(text)
        counts = f"{found.blocks} blocks, {found.rows} rows, {found.verdicts} verdicts, {found.powers} kill scores"
        line(f"{counts}: {'all sound' if not found.damaged else f'{len(found.damaged)} damaged'}")
    deliver({"format": 1, "ledger": file, **asdict(found), "sound": not found.damaged}, target)
    return USAGE if found.damaged else 0


def merge(into: str, files: Sequence[str], *, target: str | None) -> int:
    """Add to a ledger (made if it is not there) what others hold."""
    check_json_target(target)
    if Path(into).resolve() in {Path(file).resolve() for file in files}:
        raise UsageError("FT300", f"{into} cannot be merged into itself")
    with ExitStack() as stack:
        sources = [stack.enter_context(ledger_tools.opened(Path(file))) for file in files]
        found = ledger_tools.merge(Path(into), sources)
    if not to_stdout(target):
        told = f"{found.rows} rows in {found.blocks} blocks, {found.verdicts} verdicts and {found.powers} kill scores"
        line(f"{told} added to {into}")
        if found.differing:
            line(f"{found.differing} blocks differ in their numbers from those of {into}, which stayed")
    deliver({"format": 1, "ledger": into, **asdict(found)}, target)
    return 0


def export(file: str, *, out: str, target: str | None) -> int:
    """Write every row, verdict and kill score of a ledger as a line of JSON."""
    check_json_target(target)
    path = Path(out)
    check_target(path)
    count = 0

    def lines() -> Iterator[str]:
        nonlocal count
        yield json.dumps({"format": 1, "ftproofs": __version__, "ledger": file}) + "\n"
        for record in ledger_tools.lines(ledger):
            count += 1
            yield json.dumps(record, allow_nan=False) + "\n"

    with ledger_tools.opened(Path(file)) as ledger:
        write_lines(path, lines())
    if not to_stdout(target):
        line(f"{count} rows, verdicts and kill scores written to {path}")
    deliver({"format": 1, "ledger": file, "records": count, "out": out}, target)
    return 0
