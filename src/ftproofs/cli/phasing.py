"""``phase``: a claim's phase diagram, computed, drawn and written beside its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ftproofs.cli.interrupt import Interrupts
from ftproofs.cli.output import check_json_target, deliver, line, log, to_stdout
from ftproofs.cli.progress import CheckProgress
from ftproofs.cli.settings import read_device, read_seed, whole
from ftproofs.errors import UsageError
from ftproofs.names import Value
from ftproofs.report.folder import check_folder, write_folder

if TYPE_CHECKING:
    from ftproofs.run.phase import Comparison, Diagram
    from ftproofs.run.phase_plan import Plan

MAX_GRID = 400
MAX_TRAINED = 10_000
MAX_PROCESSES = 64


def phase(
    name: str,
    *,
    x: str | None,
    y: str | None,
    at: Sequence[str],
    grid: str | None,
    trained: str | None,
    statement: str | None,
    engine: str | None,
    seed: str,
    device: str,
    processes: str | None,
    out: str,
    force: bool,
    ledger: str | None,
    target: str | None,
) -> int:
    """Compute a claim's phase diagram and write it to a folder.

    What an interrupt cuts short is drawn and written all the same.

    Raises:
        UsageError: FT301 an unknown claim; FT303 to FT306, FT308, FT309, FT311 a diagram
            that cannot be made; FT401 to FT403 the folder cannot be written.
    """
    cells = None if grid is None else read_grid(grid)
    networks = None if trained is None else whole("--trained", trained, 0, MAX_TRAINED)
    number = 1 if statement is None else whole("--statement", statement, 1, 99)
    root, place = read_seed(seed), read_device(device)
    workers = None if processes is None else whole("--processes", processes, 1, MAX_PROCESSES)
    check_json_target(target)
    from ftproofs.cli.browse import one_claim

    claim = one_claim(name)
    from ftproofs.report import phase as report

    folder = Path(out)
    check_folder(folder, report.file_names(claim.id), force=force)
    from ftproofs.check.context import MemoryStore
    from ftproofs.claim import Store
    from ftproofs.numeric.device import resolve_device
    from ftproofs.numeric.seeds import code_hash
    from ftproofs.run.phase import compute
    from ftproofs.run.phase_plan import plan

    def made(number: int) -> Plan:
        fixed = read_fixed(at)
        return plan(claim, x=x, y=y, at=fixed, grid=cells, trained=networks, seed=root, engine=engine, statement=number)

    planned = made(number)
    where = resolve_device(place)
    if place == "auto" and where != "cpu":
        log(f"training on {where}")
    with ExitStack() as stack:
        kept: Store = MemoryStore()
        if ledger is not None:
            from ftproofs.run.ledger import Ledger

            kept = stack.enter_context(Ledger(Path(ledger), code_hash=code_hash(), device=where))
        store = stack.enter_context(Interrupts(kept))
        with CheckProgress(1) as progress:
            progress.claim(claim.id)
            diagram = compute(planned, store=store, device=where, processes=workers, progress=progress)
            if planned.regions is not None and statement is None and diagram.complete:
                # The same networks, from the store.
                diagram.second = compute(made(2), store=store, device=where, processes=1)
    run = {"device": where, "code": code_hash(), "ledger": ledger}
    written = report.files(diagram, run)
    write_folder(folder, written, force=force)
    if not to_stdout(target):
        for text in summary(diagram):
            line(text)
        line("Written: " + ", ".join(str(folder / name) for name in written))
    deliver(report.document(diagram, run), target)
    if not diagram.complete:
        again = "the same command resumes" if ledger is not None else "with --ledger FILE a rerun resumes"
        trained_cells = f"{len(diagram.cells)} of {len(planned.cells)} cells"
        raise KeyboardInterrupt(f"interrupted after {trained_cells}, which are drawn; {again}")
    return 0


def read_grid(text: str) -> tuple[int, int]:
    """``N`` or ``NxM``: cells along x and y (FT309)."""
    first, cross, second = text.partition("x")
    sides = (first, second if cross else first)
    across, up = (whole("--grid", side, 1, MAX_GRID) for side in sides)
    return across, up


def read_fixed(words: Sequence[str]) -> dict[str, Value]:
    """``p=v`` words: numbers by the whitelist of `eval`, or a choice's name (FT300, FT303)."""
    from ftproofs.cli.values import read_value
    from ftproofs.names import INFINITE, PARAMETERS

    found: dict[str, Value] = {}
    for word in words:
        name, sign, text = word.partition("=")
        if not sign or not name:
            raise UsageError("FT300", f"--at expects p=v, got {word!r:.60}")
        if name in found:
            raise UsageError("FT300", f"{name} is given twice")
        if name not in PARAMETERS:
            raise UsageError("FT303", f"unknown parameter {name!r:.40}")
        if PARAMETERS[name].kind == "choice":
            found[name] = text
            continue
        value = read_value(name, text)
        if isinstance(value, tuple):
            raise UsageError("FT300", f"{name} = {text!r:.60}: expected one value")
        found[name] = INFINITE if value.is_infinite else int(value) if value.is_Integer else float(value)
    return found


def summary(diagram: Diagram) -> list[str]:
    """What a reader wants to know before looking at the picture."""
    from ftproofs.report.phase import counts, signs

    plan = diagram.plan
    fixed = ", ".join(f"{name} = {value}" for name, value in plan.fixed.items())
    networks = sum(cell.trained for cell in diagram.cells.values())
    failed = sum(cell.failed for cell in diagram.cells.values())
    lines = [
        f"{plan.claim.id}: {len(diagram.cells)} cells of {plan.x.name} and {plan.y.name}"
        + (f" at {fixed}" if fixed else ""),
        f"{networks} networks trained by engine {plan.engine} in {diagram.seconds:.1f} s "
        f"({diagram.processor_seconds:.1f} s of processor time)" + (f"; {failed} gave no number" if failed else ""),
    ]
    if plan.trained:
        found = counts(diagram)
        lines.append(
            f"{found['disagrees']} cells contradict the claim, {found['agrees']} agree within its tolerance, "
            f"{found['open']} are open" + (f", {found['untrained']} have no number" if found["untrained"] else "")
        )
        seen = signs(diagram)
        if diagram.boundary:
            lines.append(
                f"signs: {seen['predicted']} cells as predicted, {seen['opposite']} opposite, "
                f"{seen['unsure']} too close to 0 for {plan.trained} networks"
            )
    if diagram.second is not None:
        from ftproofs.report.phase_regions import regions_document

        regions = regions_document(diagram, diagram.second)
        lines.append(f"regions: {regions['alike']} of {len(regions['cells'])} cells as predicted")
    if diagram.oracle is not None:
        lines.append("worst error: " + _compared(diagram.oracle, "against the oracle on the same data"))
    if diagram.agreement is not None:
        size = "" if diagram.agreement.d is None else f", d <= {diagram.agreement.d}"
        what = f"{diagram.agreement.second} against the raw {diagram.agreement.first}{size}"
        lines.append("agreement: " + _compared(diagram.agreement, what))
    return lines


def _compared(found: Comparison, what: str) -> str:
    return (
        f"{found.worst:.1e} of its scale over {found.networks} networks, {what} "
        f"(bounds {found.bound:.1e}; {', '.join(found.measurements)})"
    )
