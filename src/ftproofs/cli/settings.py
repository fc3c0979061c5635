"""The options of a check, read and validated before anything slow starts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ftproofs.cli.output import check_json_target
from ftproofs.errors import UsageError
from ftproofs.report.files import check_target

BUDGETS = ("low", "default", "high")
EXECUTORS = ("auto", "in-process", "processes")
MAX_WORKERS = 1024
DEVICES = re.compile(r"auto|cpu|cuda(:\d{1,3})?")
MAX_SETTINGS = 100_000
RESULTS = Path(".ftproofs/results.json")


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What the command line asks of a check."""

    settings: int | None
    budget: str
    seed: int
    device: str
    executor: str
    workers: int | None
    ledger: Path | None
    target: str | None
    results: Path


def read_options(
    *,
    settings: str | None,
    budget: str,
    seed: str,
    device: str,
    ledger: str | None,
    target: str | None,
    executor: str = "in-process",
    workers: str | None = None,
) -> CheckOptions:
    """The options in their own types.

    Raises:
        UsageError: FT211 a bad seed; FT307 no such device; FT309 another option
            outside its range; FT401, FT402 the JSON cannot be written.
    """
    one_of("--budget", budget, BUDGETS)
    one_of("--executor", executor, EXECUTORS)
    options = CheckOptions(
        None if settings is None else whole("--settings", settings, 1, MAX_SETTINGS),
        budget,
        read_seed(seed),
        read_device(device),
        executor,
        None if workers is None else whole("--workers", workers, 1, MAX_WORKERS),
        None if ledger is None else Path(ledger),
        target,
        results_path(ledger),
    )
    check_json_target(target)
    return options


def prepare_results(path: Path) -> None:
    """Make the folder of the results, and fail now if they could not be written (FT401, FT402)."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError("FT402", f"cannot write {path}: {error.strerror or error} (nothing was changed)") from None
    check_target(path)


def results_path(ledger: str | None) -> Path:
    """Where the full results go: beside the ledger, named after it."""
    if ledger is None:
        return RESULTS
    path = Path(ledger)
    return path.with_name(path.stem + ".results.json")


def read_seed(text: str) -> int:
    """A seed (FT211)."""
    if not re.fullmatch(r"[0-9]{1,20}", text) or int(text) >= 2**64:
        raise UsageError("FT211", f"seed must be an integer 0..2**64-1, got {text!r:.60}")
    return int(text)


def read_device(text: str) -> str:
    """A device's name (FT307); whether there is one is asked later, by who needs it."""
    if not DEVICES.fullmatch(text):
        raise UsageError("FT307", f"unknown device {text!r:.60}; expected auto, cpu, cuda or cuda:INDEX")
    return text


def whole(option: str, text: str, low: int, high: int) -> int:
    """A whole number in a range (FT309)."""
    if not re.fullmatch(r"[0-9]{1,20}", text) or not low <= int(text) <= high:
        raise UsageError("FT309", f"{option} must be a whole number {low}..{high}, got {text!r:.60}")
    return int(text)


def one_of(option: str, text: str, known: tuple[str, ...]) -> str:
    """One of the known words (FT309)."""
    if text not in known:
        raise UsageError("FT309", f"{option} must be one of {', '.join(known)}, got {text!r:.60}")
    return text
