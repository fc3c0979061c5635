"""How costs grow with the batch, the samples, the dimension and the depth: exponents fitted to measured costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch

from ftproofs.bench.data import Diagonal, Row, diagonal, phase_row, rng
from ftproofs.bench.figures import fit
from ftproofs.bench.measure import Plan, by_turns
from ftproofs.bench.outcome import Growth
from ftproofs.names import Value, complete
from ftproofs.numeric import tasks
from ftproofs.numeric.diagonal import dual
from ftproofs.numeric.diagonal.descent import train_descent
from ftproofs.numeric.diagonal.train import train_flow
from ftproofs.numeric.gram import GramDesign, gram
from ftproofs.numeric.solvers import deep_linear_endpoint
from ftproofs.numeric.tasks import Task
from ftproofs.numeric.training.deep_linear import train_deep_linear
from ftproofs.numeric.training.frozen import train_frozen
from ftproofs.numeric.training.reduced import train_reduced
from ftproofs.numeric.training.spectral import Channels, State, integrate
from ftproofs.settings import Setting

#: Bounds between which the tail of a deep linear flow lies.
TAIL = (1e-6, 1e-14)


def growths(plan: Plan) -> list[Growth]:
    """Every fit of the suite; in a quick run those that take no second."""
    if plan.quick:
        return [_eigen(plan, (64, 128, 256)), _channels(plan, (64, 128, 256))]
    return [
        *_flow_batch(plan),
        *_flow_dimension(plan),
        *_descent(plan),
        *_frozen(plan),
        _dual(plan),
        _eigen(plan, (400, 800, 1600)),
        _channels(plan, (512, 1024, 2048)),
        _limit(plan),
        *_depth(plan),
    ]


def _times(works: dict[float, Callable[[], object]], plan: Plan) -> tuple[float, ...]:
    """The median seconds of each size."""
    seconds = by_turns({str(size): work for size, work in works.items()}, plan, turns=3)
    return tuple(float(np.median(values)) for values in seconds.values())


def _each(runs: dict[float, Callable[[int], object]], counts: tuple[int, int], plan: Plan) -> tuple[float, ...]:
    """The seconds of a step at each size: runs of fewer and of more steps, so that what comes before drops out."""
    works = {(size, count): partial(run, count) for size, run in runs.items() for count in counts}
    seconds = by_turns({str(key): work for key, work in works.items()}, plan, turns=3)
    few, many = ([np.array(seconds[str((size, count))]) for size in runs] for count in counts)
    return tuple(float(np.median(b - a)) / (counts[1] - counts[0]) for a, b in zip(few, many, strict=True))


def _growth(
    name: str,
    variable: str,
    cost: str,
    sizes: Sequence[float],
    costs: Sequence[float],
    expected: float,
    at_most: bool = False,
) -> Growth:
    return Growth(name, variable, cost, tuple(sizes), tuple(costs), fit(sizes, costs), expected, at_most)


def _flow_batch(plan: Plan) -> list[Growth]:
    """The flow of diagonal networks in the batch: at most linear, less where the calls themselves cost most."""
    works: dict[float, Callable[[], object]] = {}
    for nets in (16, 64, 256):
        data = diagonal(10, 20, nets, plan.device)
        works[nets] = partial(train_flow, data.problem, [data.weights], data.unit)
    return [_growth("diagonal flow", "batch", "seconds", list(works), _times(works, plan), 1.0, at_most=True)]


def _flow_dimension(plan: Plan) -> list[Growth]:
    """The same in the dimension, n = d/2: a step costs n d, and their number hardly changes."""
    works: dict[float, Callable[[], object]] = {}
    sizes, steps = (64, 128, 256), []
    for d in sizes:
        data = diagonal(d // 2, d, 16, plan.device)
        steps.append(float(train_flow(data.problem, [data.weights], data.unit)[0].steps.mean()))
        works[d] = partial(train_flow, data.problem, [data.weights], data.unit)
    seconds = _times(works, plan)
    each = [t / count for t, count in zip(seconds, steps, strict=True)]
    return [
        _growth("diagonal flow", "d, n = d/2", "seconds a step", sizes, each, 2.0, at_most=True),
        _growth("diagonal flow", "d, n = d/2", "steps", sizes, steps, 0.0),
    ]


def _descent(plan: Plan) -> list[Growth]:
    """A step of descent costs n d, and as much again for each further network."""

    def run(data: Diagonal, steps: int) -> None:
        share, teacher = torch.full_like(data.unit, 0.1), data.weights.beta
        begin = [data.weights]
        train_descent(
            data.problem, begin, data.unit, teacher=teacher, share=share, alone=True, aim=0.0, max_steps=steps
        )

    found = []
    for variable, sizes, expected in (("d, n = d/2", (64, 128, 256), 2.0), ("batch", (16, 64, 256), 1.0)):
        runs: dict[float, Callable[[int], object]] = {}
        for size in sizes:
            data = (
                diagonal(10, 20, size, plan.device)
                if variable == "batch"
                else diagonal(size // 2, size, 8, plan.device)
            )
            runs[size] = partial(run, data)
        each = _each(runs, (200, 1000), plan)
        found.append(_growth("diagonal descent", variable, "seconds a step", sizes, each, expected, at_most=True))
    return found


def _frozen(plan: Plan) -> list[Growth]:
    """A step of the flow of some layers, the others frozen: products with the data, n d, of every network."""

    def run(task: Task, parameters: list[dict[str, Value]], steps: int) -> None:
        train_frozen(task, parameters, max_steps=steps)

    found = []
    for variable, sizes, expected in (("d, n = d/2", (64, 128, 256), 2.0), ("batch", (16, 64, 256), 1.0)):
        runs: dict[float, Callable[[int], object]] = {}
        for size in sizes:
            d, nets = (20, size) if variable == "batch" else (size, 8)
            own = complete("deep-linear.frozen", {"n": d // 2, "d": d, "L": 3, "width": 4, "theta": 1.0})
            settings = [Setting.of("deep-linear.frozen", own, index=i) for i in range(nets)]
            task = tasks.draw(settings, device=plan.device)
            runs[size] = partial(run, task, [own] * nets)
        each = _each(runs, (10, 40), plan)
        found.append(_growth("frozen layers", variable, "seconds a step", sizes, each, expected, at_most=True))
    return found


def _dual(plan: Plan) -> Growth:
    """A step of Newton's method on the dual problem: a Gram matrix and its factor, n^2 d + n^3."""
    works: dict[float, Callable[[], object]] = {}
    sizes, steps = (128, 256, 512), []
    for d in sizes:
        data = diagonal(d // 2, d, 8, plan.device)
        works[d] = partial(dual.solve, data.X, data.y, data.weights.scale)
        steps.append(float(dual.solve(data.X, data.y, data.weights.scale).iterations.mean()))
    each = [t / count for t, count in zip(_times(works, plan), steps, strict=True)]
    return _growth("dual Newton", "d, n = d/2", "seconds a step", sizes, each, 3.0, at_most=True)


def _eigen(plan: Plan, sizes: Sequence[int]) -> Growth:
    """The eigenbasis of a Gram matrix, once a data set."""
    works: dict[float, Callable[[], object]] = {}
    for n in sizes:
        matrix = gram(torch.from_numpy(rng("eigh").standard_normal((1, n, 2 * n))).to(plan.device))
        works[n] = partial(torch.linalg.eigh, matrix)
    return _growth("eigh of X X'", "n", "seconds", list(works), _times(works, plan), 3.0)


def _channels(plan: Plan, sizes: Sequence[int]) -> Growth:
    """A step of the flow in eigen-channels, 32 networks: O(n)."""
    works: dict[float, Callable[[], object]] = {}
    draw, steps = rng("channels"), 10
    for n in sizes:
        s, b, alpha = (torch.from_numpy(draw.uniform(0.5, 2, (32, n)) / n**0.5).to(plan.device) for _ in range(3))
        one = torch.ones_like(s[:, 0])
        # No network arrives, and all steps are accepted.
        works[n] = partial(integrate, Channels(s, b), State(alpha, one), 2, 1.0, 0 * one, 1e3 * one, steps)
    each = tuple(t / steps for t in _times(works, plan))
    return _growth("spectral flow", "n", "seconds a step", sizes, each, 1.0)


def _limits(row: Row) -> torch.Tensor:
    return deep_linear_endpoint(GramDesign.of(row.X), row.y[0], row.source[0], 2)


def _limit(plan: Plan) -> Growth:
    """Limits of deep linear networks through Cholesky factors, n = d/2."""
    works: dict[float, Callable[[], object]] = {}
    for d in (100, 200, 400):
        row = phase_row(d // 2, d, 1, 8, plan.device)
        works[d] = partial(_limits, row)
    return _growth("limit by Cholesky", "d, n = d/2", "seconds", list(works), _times(works, plan), 3.0, at_most=True)


def _task(row: Row) -> Task:
    one = torch.ones_like(row.source[0])
    return Task(row.X, row.y[0], torch.zeros_like(row.y[0]), row.source[0], row.target[0], one, ())


def _depth(plan: Plan) -> list[Growth]:
    """Steps of two engines of deep linear networks in the depth, of which an explicit method takes two kinds.

    In the tail steps are as long as is stable, and their number goes with the condition number of the linearised
    flow: with u the limit's direction, that of ``X (I + (L-1) u u') X'`` (whose exponent is what is expected).  Before,
    steps follow the path, which is the longer in the depth the further the start is from the limit: 0.4 to 1 in all.
    """
    depths, found = (2, 3, 4), []
    row = phase_row(20, 40, 1, 16, plan.device)
    task, conditions = _task(row), []
    tails: dict[str, list[float]] = {"flow": [], "reduced": []}
    for L in depths:
        own = [complete("deep-linear.finetune", {"n": 20, "d": 40, "L": L, "width": 1, "theta": 1.0})] * 16
        for name, engine in (("flow", train_deep_linear), ("reduced", train_reduced)):
            before, after = (engine(task, own, aim=aim) for aim in TAIL)
            tails[name].append(float((after.steps - before.steps).mean()))
        u = torch.nn.functional.normalize(after.beta, dim=1)
        seen = torch.bmm(row.X, u[:, :, None])
        values = torch.linalg.eigvalsh(gram(row.X) + (L - 1) * torch.bmm(seen, seen.mT))
        conditions.append(float((values[:, -1] / values[:, 0]).mean()))
    expected = fit(depths, conditions).exponent
    for name, steps in tails.items():
        found.append(_growth(f"deep linear {name}", "L", "steps in the tail", depths, steps, expected))
    return found
