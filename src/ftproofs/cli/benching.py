"""``bench``: what ftproofs costs beside what one would otherwise run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ftproofs.bench.entries import ENTRIES, chosen
from ftproofs.cli.output import check_json_target, deliver, line, log, to_stdout
from ftproofs.cli.settings import read_device
from ftproofs.errors import UsageError
from ftproofs.report.files import dumps
from ftproofs.report.folder import check_folder, write_folder

if TYPE_CHECKING:
    from ftproofs.bench.outcome import Outcome, Side
    from ftproofs.bench.suite import Report

FILES = ["bench.json", "bench.svg"]


def bench(words: Sequence[str], *, quick: bool, device: str, out: str | None, force: bool, target: str | None) -> int:
    """Measure, print a table, and write the figures and a picture where a folder is given.

    Raises:
        UsageError: FT313 an unknown benchmark; FT307 no such device; FT401 to FT403 files cannot be written.
    """
    names, place = chosen(words), read_device(device)
    check_json_target(target)
    folder = None if out is None else Path(out)
    if folder is not None:
        check_folder(folder, FILES, force=force)
    elif force:
        raise UsageError("FT309", "--force goes with --out")
    from ftproofs.bench.measure import Plan
    from ftproofs.bench.suite import run
    from ftproofs.numeric.device import resolve_device

    plan = Plan(resolve_device(place), turns=2 if quick else 5, quick=quick)
    report = run(names, plan, lambda name: log(f"measuring {name}"))
    if folder is not None:
        from ftproofs.bench.picture import svg

        write_folder(folder, dict(zip(FILES, (dumps(report.document()), svg(report)), strict=True)), force=force)
    if not to_stdout(target):
        for text in summary(report):
            line(text)
        if folder is not None:
            line("Written: " + ", ".join(str(folder / name) for name in FILES))
    deliver(report.document(), target)
    return 0


def summary(report: Report) -> list[str]:
    """The comparisons and the fits, some lines each."""
    lines = []
    for outcome in report.outcomes:
        lines += _compared(outcome)
    for growth in report.growths:
        bound = "at most " if growth.at_most else ""
        lines.append(
            f"{growth.name}: {growth.cost} grow as ({growth.variable})^{growth.fit.exponent:.2f} "
            f"+- {growth.fit.error:.2f}, expected {bound}{growth.expected:.2f}: {growth.word}"
        )
    glance = " A quick run: figures for a glance." if report.plan.quick else ""
    lines.append(f"{report.seconds:.0f} s on {report.plan.device}, one thread a side; GPU not measured.{glance}")
    return lines


def _compared(outcome: Outcome) -> list[str]:
    title = f"{outcome.entry.name}: {ENTRIES[outcome.entry.name].title} ({outcome.case})"
    lines = [title, "  " + _told(outcome, outcome.ours)]
    if outcome.peer is not None:
        lines.append("  " + _told(outcome, outcome.peer))
    ratio = outcome.ratio
    if outcome.missing:
        lines.append(f"  not measured: {outcome.missing}")
    elif ratio is not None:
        asked = "" if outcome.target is None else f", asked {outcome.target:.3g}"
        lines.append(f"  ratio {ratio.median:.3g} ({ratio.low:.3g} to {ratio.high:.3g}){asked}: {outcome.word}")
    if outcome.most is not None:
        lines.append(f"  at most {outcome.most:g} s asked: {outcome.word}")
    if outcome.note:
        lines.append(f"  {outcome.note}")
    return lines


def _told(outcome: Outcome, side: Side) -> str:
    from ftproofs.bench.figures import Spread

    error = "" if side.error is None else f", error {side.error:.1e} {outcome.entry.unit}"
    if outcome.accurate(side) is False:
        error += f" (misses {outcome.entry.error:.0e}: not counted as faster)"
    said = f", extrapolated: {side.extrapolated}" if side.extrapolated else ""
    return f"{side.label}: {Spread.of(side.seconds).median:.3g} s{error}{said}"
