"""How costs grow with the batch, the samples, the dimension and the depth: exponents fitted to measured costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch

from ftproofs.bench.data import Row, diagonal, phase_row, rng
from ftproofs.bench.figures import fit
from ftproofs.bench.measure import Plan, by_turns
from ftproofs.bench.outcome import Growth
from ftproofs.names import complete
from ftproofs.numeric.diagonal import dual
from ftproofs.numeric.diagonal.train import train_flow
from ftproofs.numeric.gram import GramDesign, gram
from ftproofs.numeric.solvers import deep_linear_endpoint
from ftproofs.numeric.tasks import Task
from ftproofs.numeric.training import train
from ftproofs.numeric.training.spectral import Channels, State, advance, collocation

#: What steps of the depths 2, 3 and 4 are expected to grow as: 900, 974 and 1043 steps.
DEPTH_STEPS = math.log(1043 / 900) / math.log(2)
#: Newton's method on the dual between d = 20 and d = 100, where n^2 d + n^3 has not taken over yet.
DUAL = 1.8


def growths(plan: Plan) -> list[Growth]:
    """Every fit of the suite; in a quick run those that take no second."""
    if plan.quick:
        return [_eigen(plan, (64, 128, 256)), _channels(plan, (64, 128, 256))]
    return [
        *_flow_batch(plan),
        *_flow_dimension(plan),
        _dual(plan),
        _eigen(plan, (400, 800, 1600)),
        _channels(plan, (128, 256, 512)),
        _limit(plan),
        *_depth(plan),
    ]


def _times(works: dict[float, Callable[[], object]], plan: Plan) -> tuple[float, ...]:
    """The median seconds of each size."""
    seconds = by_turns({str(size): work for size, work in works.items()}, plan, turns=3)
    return tuple(float(np.median(values)) for values in seconds.values())


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


def _dual(plan: Plan) -> Growth:
    """Newton's method on the dual problem."""
    works: dict[float, Callable[[], object]] = {}
    for d in (20, 40, 100):
        data = diagonal(d // 2, d, 64, plan.device)
        works[d] = partial(dual.solve, data.X, data.y, data.weights.scale)
    return _growth("dual Newton", "d, n = d/2", "seconds", list(works), _times(works, plan), DUAL)


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
    draw = rng("channels")
    method = collocation(7)
    for n in sizes:
        s, b, alpha = (torch.from_numpy(draw.uniform(0.5, 2, (32, n)) / n**0.5).to(plan.device) for _ in range(3))
        state, h = State(alpha, torch.ones_like(s[:, 0])), torch.full_like(s[:, 0], 0.1)
        works[n] = partial(advance, Channels(s, b), state, h, 2, method)
    return _growth("spectral flow", "n", "seconds a step", list(works), _times(works, plan), 1.0)


def _limits(row: Row) -> torch.Tensor:
    return deep_linear_endpoint(GramDesign.of(row.X), row.y[0], row.source[0], 2)


def _limit(plan: Plan) -> Growth:
    """Limits of deep linear networks through Cholesky factors, n = d/2."""
    works: dict[float, Callable[[], object]] = {}
    for d in (100, 200, 400):
        row = phase_row(d // 2, d, 1, 8, plan.device)
        works[d] = partial(_limits, row)
    return _growth("limit by Cholesky", "d, n = d/2", "seconds", list(works), _times(works, plan), 3.0, at_most=True)


def _depth(plan: Plan) -> list[Growth]:
    """Steps of two engines of deep linear networks in the depth."""
    depths, found = (2, 3, 4), []
    row = phase_row(6, 12, 1, 16, plan.device)
    one = torch.ones_like(row.source[0])
    task = Task(row.X, row.y[0], torch.zeros_like(row.y[0]), row.source[0], row.target[0], one, ())
    for engine in ("flow", "reduced"):
        steps = []
        for L in depths:
            own = complete("deep-linear.finetune", {"n": 6, "d": 12, "L": L, "width": 1, "theta": 1.0})
            trained = train(task, experiment="deep-linear.finetune", parameters=[own] * 16, engine=engine)
            steps.append(float(trained.steps.mean()))
        found.append(_growth(f"deep linear {engine}", "L", "steps", depths, steps, DEPTH_STEPS))
    return found
