"""A phase diagram computed: what a claim predicts on a grid, networks trained in every cell, and how they compare."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import contourpy
import numpy as np
from sympy import Integer

from ftproofs.check.judge import Judge, parameter
from ftproofs.check.links import COMPARED, has_oracle
from ftproofs.claim import Rows, Statement, Store
from ftproofs.names import MEASUREMENTS, PARAMETERS, Value, experiment, natural_unit
from ftproofs.numeric import experiments
from ftproofs.run.phase_cells import Cell, read_cell
from ftproofs.run.phase_plan import AGREEMENT, Plan, spoken
from ftproofs.run.pool import cores, worker_processes
from ftproofs.settings import Block
from ftproofs.symbolic.kernels import numpy_kernel
from ftproofs.symbolic.vocabulary import SYMBOLS, symbol_names

#: Points along an axis at which the prediction is evaluated for its boundary.
FINE = 201

#: The dimension at which a reduction is compared with the raw flow, and at how many shapes and cells of each at most.
SMALL = 40
COMPARED_SHAPES = 6
COMPARED_CELLS = 4

#: Work (samples times dimension times the smaller of them, over all networks) that is worth a second process.
WORTH = 4e10

#: What is measured of a task as it was drawn, and the parameter it rounds.
NOMINAL = {"share_pt": "rho_pt", "share_shared": "rho_shared", "share_new": "rho_new"}

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two independent ways to the same numbers, on the same data.

    ``worst`` is the largest difference over all networks and measurements, relative to
    each measurement's natural scale, and ``bound`` the largest sum of their bounds.
    """

    first: str
    second: str
    d: int | None
    networks: int
    worst: float
    bound: float
    measurements: tuple[str, ...]


@dataclass
class Diagram:
    """What was computed, and the seconds it took: on the clock, and of all processes' processor time.

    ``cells[(i, j)]`` is missing where nothing was trained yet; ``prediction`` has shape
    (FINE, FINE), y first, (cells along y, FINE) where curves are drawn, or is None where the
    formula itself needs measurements; ``second`` is the other diagram of a claim about
    regions, on the same networks; ``boundary`` holds the lines along which it is 0, each of shape (point, 2).
    """

    plan: Plan
    prediction: np.ndarray | None
    boundary: list[np.ndarray]
    cells: dict[tuple[int, int], Cell] = field(default_factory=dict)
    oracle: Comparison | None = None
    agreement: Comparison | None = None
    seconds: float = 0.0
    processor_seconds: float = 0.0
    complete: bool = False
    second: Diagram | None = None

    @property
    def judged(self) -> Statement:
        """The statement shown."""
        return self.plan.claim.statements[self.plan.number]


def compute(
    plan: Plan,
    *,
    store: Store,
    device: str = "cpu",
    processes: int | None = None,
    progress: Progress = lambda label, done, total: None,
) -> Diagram:
    """Train the networks of every cell and compare them with the claim, with the oracle, and engines with one another.

    What a KeyboardInterrupt cuts short is returned, with ``complete`` false.

    Args:
        plan: of `ftproofs.run.phase_plan.plan`.
        store: where rows are looked up and kept.
        device: where networks are trained.
        processes: that train at once, one torch thread each; by default two where there is
            enough work and more than one core.
        progress: called with (label, networks done, all networks).
    """
    begin, spent = time.perf_counter(), sum(os.times()[:4])
    prediction = predict(plan, plan.x.fine(FINE), plan.y.values if plan.curves else plan.y.fine(FINE))
    found = Diagram(plan, prediction, [] if plan.curves else boundary_of(plan, prediction))
    if not plan.trained:
        values = predict(plan, plan.x.values, plan.y.values)
        for (i, j), parameters in plan.cells.items():
            predicted = math.nan if values is None else float(values[j, i])
            found.cells[i, j] = read_cell(plan, parameters, None, None, predicted)
        found.complete = True
        return found
    compared = _Worst(plan)
    blocks = plan.blocks()
    total, done = sum(len(block) for block, _ in blocks), 0
    progress(plan.claim.id, 0, total)
    judge = _judge(plan)
    with suppress(KeyboardInterrupt):
        for (block, cells), rows, oracle in _measured(blocks, store, device, _processes(plan, device, processes)):
            compared.add(rows, oracle)
            for number, cell in enumerate(cells):
                cases = slice(number * plan.trained, (number + 1) * plan.trained)
                found.cells[cell] = read_cell(plan, plan.cells[cell], cut(rows, cases), judge)
            done += len(block)
            progress(plan.claim.id, done, total)
        found.agreement = agreement(plan, store, device)
        found.complete = True
    found.oracle = compared.comparison(plan.engine, experiments.SOLVER, None)
    found.seconds, found.processor_seconds = time.perf_counter() - begin, sum(os.times()[:4]) - spent
    return found


def _judge(plan: Plan) -> Judge:
    statement = plan.claim.statements[plan.number]
    if plan.sign is not None:
        return Judge(Statement(plan.sign.measured, "==", Integer(0)))
    return Judge(statement)


# -- prediction ----------------------------------------------------------------


def predict(plan: Plan, x: np.ndarray, y: np.ndarray) -> np.ndarray | None:
    """The formula (of a sign claim: the expression whose sign is predicted) at points, shape (y, x).

    None where it speaks of measurements; NaN where it has no value.  The ratio n/d and the
    shares of active coordinates are the nominal ones.
    """
    formula = plan.sign.boundary if plan.sign is not None else plan.claim.statements[plan.number].rhs
    formula = formula.subs({SYMBOLS[share]: SYMBOLS[name] for share, name in NOMINAL.items()})
    names = sorted(symbol_names(formula))
    if any(name in MEASUREMENTS for name in names):
        return None
    across, up = np.meshgrid(x, y)
    shown = {plan.x.name: across, plan.y.name: up}
    one = next(iter(plan.cells.values()))
    if "gamma" in shown and "n" in names:
        shown["n"] = shown["gamma"] * float(one["d"])
    columns = [shown[name] if name in shown else np.full_like(across, float(parameter(one, name))) for name in names]
    values = np.asarray(numpy_kernel(formula, [SYMBOLS[name] for name in names])(*columns), dtype=float)
    values = np.broadcast_to(values, across.shape)
    return np.where(np.isfinite(values), values, np.nan)


def boundary_of(plan: Plan, prediction: np.ndarray | None) -> list[np.ndarray]:
    """The lines on which the prediction is 0, each an array of points (x, y); none where it has no sign to change."""
    if prediction is None or not (np.nanmin(prediction) < 0 < np.nanmax(prediction)):
        return []
    masked = np.ma.masked_invalid(prediction)
    lines = contourpy.contour_generator(plan.x.fine(FINE), plan.y.fine(FINE), masked).lines(0.0)
    return [np.asarray(line, dtype=float) for line in lines]


# -- networks ------------------------------------------------------------------


Work = tuple[Block, list[tuple[int, int]]]


def _measured(
    blocks: Sequence[Work], store: Store, device: str, processes: int
) -> Iterator[tuple[Work, Rows, Rows | None]]:
    """The rows of each block and the oracle's on the same data, from the store or measured now and stored."""
    missing: list[Work] = []
    for work in blocks:
        known = store.get(work[0])
        other = oracle_block(work[0])
        oracle = None if other is None else store.get(other)
        if known is None or (other is not None and oracle is None):
            missing.append(work)
        else:
            yield work, known, oracle
    for work, rows, oracle in _trained(missing, store, device, processes):
        store.put(rows)
        if oracle is not None:
            store.put(oracle)
        yield work, rows, oracle
        store.get(work[0])  # where an interrupt is noticed


def _trained(
    blocks: Sequence[Work], store: Store, device: str, processes: int
) -> Iterator[tuple[Work, Rows, Rows | None]]:
    if processes == 1 or len(blocks) < 2:
        for work in blocks:
            yield work, *measure(work[0], device)
        return
    with worker_processes(processes) as pool:
        waiting: dict[Future[tuple[Rows, Rows | None]], Work] = {
            pool.submit(measure, work[0], device): work for work in blocks
        }
        while waiting:
            ready, _ = wait(waiting, timeout=1.0, return_when=FIRST_COMPLETED)
            if not ready:
                store.get(blocks[0][0])  # where an interrupt is noticed
            for future in ready:
                yield waiting.pop(future), *future.result()


def measure(block: Block, device: str) -> tuple[Rows, Rows | None]:
    """The block's networks trained, and where the independent oracle says they end."""
    other = oracle_block(block)
    rows = experiments.run(block, device=device)
    return rows, None if other is None else experiments.run(other, device=device)


def oracle_block(block: Block) -> Block | None:
    """The same settings for the oracle; None where it does not know them."""
    if not has_oracle(block.experiment, block.settings[0].parameters):
        return None
    return Block(block.settings, experiments.SOLVER)


def _processes(plan: Plan, device: str, wanted: int | None) -> int:
    if wanted is not None:
        return wanted
    work = 0.0
    for cell in plan.cells.values():
        n, d = int(cell.get("n", 1)), int(cell.get("d", 1))
        work += plan.trained * float(n) * d * min(n, d)
    return 2 if device == "cpu" and work > WORTH and cores() > 1 else 1


def cut(rows: Rows, cases: slice) -> Rows:
    """Some of a block's rows."""

    def part(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: array[cases] for name, array in arrays.items()}

    block = Block(rows.block.settings[cases], rows.block.engine, rows.block.method)
    return Rows(block, part(rows.values), part(rows.bounds), rows.status[cases], rows.flags, {}, rows.device)


# -- two ways to the same numbers ----------------------------------------------


class _Worst:
    """The largest difference between two measurements of the same networks, as they come in."""

    def __init__(self, plan: Plan) -> None:
        offered = experiment(plan.claim.experiment).measurements
        asked = sorted(name for name in spoken(plan) if name in MEASUREMENTS)
        self.names = tuple(dict.fromkeys(name for name in (*COMPARED, *asked) if name in offered))
        self.networks, self.worst, self.bound = 0, 0.0, 0.0

    def add(self, rows: Rows, other: Rows | None) -> None:
        if other is None:
            return
        usable = np.array([status in experiments.USABLE for status in rows.status])
        usable &= np.array([status in experiments.USABLE for status in other.status])
        self.networks += int(usable.sum())
        for name in self.names:
            if np.isinf(other.bounds[name]).all():
                continue  # along the path: the oracle does not know it
            unit = np.array([natural_unit(name, setting.parameters) for setting in rows.block.settings])
            gap = np.abs(rows.values[name] - other.values[name]) / unit
            # Undefined both ways is no difference; undefined one way is as large as can be.
            unlike = np.isnan(rows.values[name]) != np.isnan(other.values[name])
            gap = np.where(unlike, np.inf, np.nan_to_num(gap, nan=0.0, posinf=np.inf))
            half = (rows.bounds[name] + other.bounds[name]) / unit
            self.worst = max(self.worst, float(gap[usable].max(initial=0.0)))
            self.bound = max(self.bound, float(half[usable].max(initial=0.0)))

    def comparison(self, first: str, second: str, d: int | None) -> Comparison | None:
        if not self.networks:
            return None
        return Comparison(first, second, d, self.networks, self.worst, self.bound, self.names)


T = TypeVar("T")


def spread(items: Sequence[T], count: int) -> list[T]:
    """At most so many of the items, evenly spread over them, the ends included."""
    if len(items) <= count:
        return list(items)
    return [items[round(i)] for i in np.linspace(0, len(items) - 1, count)]


def agreement(plan: Plan, store: Store, device: str) -> Comparison | None:
    """The engine of the diagram against the raw flow of all parameters, same data, at a small dimension.

    Cells spread over the diagram, one network each.  None where the diagram's engine is
    itself raw.
    """
    if plan.engine != "reduced" or "flow" not in experiment(plan.claim.experiment).engines:
        return None
    shapes: dict[tuple[Value, ...], list[dict[str, Value]]] = {}
    for cell in plan.cells.values():
        if "d" not in cell:  # one coordinate
            shapes.setdefault((), []).append(cell)
            continue
        d = min(SMALL, int(cell["d"]))
        n = max(1, round(int(cell["n"]) / int(cell["d"]) * d))
        if n != d:
            small = cell | {"n": n, "d": d}
            shapes.setdefault(tuple(small[name] for name in small if PARAMETERS[name].shapes), []).append(small)
    compared = _Worst(plan)
    for shape in spread(sorted(shapes, key=str), COMPARED_SHAPES):
        cells = spread(shapes[shape], COMPARED_CELLS)
        settings = [setting for cell in cells for setting in plan.settings(cell, AGREEMENT, 1)]
        found = []
        for engine in ("flow", plan.engine):
            block = Block(tuple(settings), engine)
            rows = store.get(block)
            if rows is None:
                rows = experiments.run(block, device=device)
                store.put(rows)
            found.append(rows)
        compared.add(found[0], found[1])
    return compared.comparison("flow", plan.engine, SMALL if all("d" in cell for cell in plan.cells.values()) else None)
