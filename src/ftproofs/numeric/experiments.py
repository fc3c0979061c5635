"""The experiments that `ftproofs.names` specifies: from a block of settings to rows."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor

from ftproofs.claim import Rows
from ftproofs.errors import UsageError, unknown
from ftproofs.names import Experiment, Value, experiment
from ftproofs.numeric import federated, law, solvers, tasks, training, transfer
from ftproofs.numeric.device import resolve_device
from ftproofs.numeric.diagonal import experiments as diagonal
from ftproofs.numeric.diagonal import multitask, scalar
from ftproofs.numeric.extremes import read_extremes
from ftproofs.numeric.law import LAW
from ftproofs.numeric.measurements import Readings, read_predictor, read_task
from ftproofs.numeric.relu import finetune, infinite, leaky, tangent
from ftproofs.numeric.seeds import sharing
from ftproofs.numeric.training import stability
from ftproofs.numeric.training.result import DIVERGED, scale
from ftproofs.numeric.training.ridge import train_ridge
from ftproofs.numeric.trends import clusters, digits, modular, teachers
from ftproofs.settings import Block, parameters_of

__all__ = ["DIVERGED", "LAW", "SOLVER", "USABLE", "WITHOUT_BOUND", "run"]

SOLVER = "solver"

#: Experiments whose oracle fits many teachers to one factorised design (`seeds.sharing`).
SHARING = ("linear.finetune", "linear.scratch", "deep-linear.finetune")

#: Flags of rows with networks whose distance to the limit has no bound.
WITHOUT_BOUND = frozenset({finetune.UNCERTIFIED})

#: Statuses of a row whose numbers may be used.
USABLE = ("ok", "saddle")


def run(block: Block, *, device: str = "cpu") -> Rows:
    """Train (or solve) the block's settings together and read their measurements.

    A measurement of a case that did not reach its limit is NaN; its status says why.

    Raises:
        UsageError: FT302 unknown experiment, FT308 unknown engine, FT305 settings
            of different shapes in one block, FT307 no such device.
    """
    spec = experiment(block.experiment)
    engines = [*spec.engines, *([SOLVER] if spec.solver else []), *([LAW] if spec.name in law.EXPERIMENTS else [])]
    if block.engine not in engines:
        raise unknown(f"engine of {spec.name}", block.engine, engines, code="FT308")
    begin = time.perf_counter()
    place = resolve_device(device)
    parameters = block.parameters()
    measure = law.measure if block.engine == LAW else _MEASURES.get(spec.name, _endpoint)
    readings, status, flags, info = measure(spec, block, parameters, place)
    usable = torch.tensor([s in USABLE for s in status])
    values, bounds = {}, {}
    for name in (name for name in spec.measurements if name in readings or block.engine != LAW):
        value, bound = (x.detach().to("cpu", torch.float64) for x in readings[name])
        values[name] = torch.where(usable, value, torch.nan).numpy()
        bounds[name] = torch.where(usable, bound, torch.inf).numpy()
    return Rows(
        block,
        values,
        bounds,
        status,
        flags,
        {name: x.detach().to("cpu", torch.float64).numpy() for name, x in info.items()},
        place,
        time.perf_counter() - begin,
    )


Measured = tuple[Readings, tuple[str, ...], tuple[str, ...], dict[str, Tensor]]
Measure = Callable[[Experiment, Block, list[dict[str, Value]], str], Measured]


def _endpoint(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
    """Experiments that end at a limit: linear regression and deep linear networks."""
    shared = sharing(block.settings[0].stage) if block.engine == SOLVER and spec.name in SHARING else 1
    settings, chosen = tasks.whole_designs(block.settings, shared)
    task = tasks.draw(settings, device=device, shared=shared)
    design = solvers.factorise(task.X, method=block.method if block.engine == SOLVER else 0, shared=shared)
    readings = read_task(task, design)
    if spec.name == "linear.bounds":
        readings |= read_extremes(task, design, parameters)
    if block.engine == SOLVER:
        beta = _solve(spec, task, design, parameters_of(settings))
        nothing = torch.zeros(len(task), dtype=task.X.dtype, device=device)
        readings |= read_predictor(task, design, beta, nothing)
        # A solver knows where training ends, not how it gets there.
        undefined = (torch.full_like(nothing, torch.nan), torch.full_like(nothing, torch.inf))
        readings |= {name: undefined for name in spec.measurements if name not in readings}
        if settings is not block.settings:
            readings = {name: (value[chosen], bound[chosen]) for name, (value, bound) in readings.items()}
        return readings, ("ok",) * len(block), (), {}
    trained = training.train(
        task, experiment=spec.name, parameters=parameters, engine=block.engine, method=block.method
    )
    readings |= read_predictor(task, design, trained.beta, trained.bound + trained.integration)
    readings |= trained.trajectory
    info = {
        "steps": trained.steps,
        "drift": trained.drift,
        "tail": trained.bound,
        "integration": trained.integration,
    }
    return readings, trained.status, trained.flags, info


def _solve(spec: Experiment, task: tasks.Task, design: solvers.Design, parameters: list[dict[str, Value]]) -> Tensor:
    if spec.name == "deep-linear.frozen":
        return _solve_frozen(task, design, parameters)
    if spec.name != "deep-linear.finetune":
        return solvers.linear_endpoint(design, task.y - task.image(task.source), task.source)
    depth = parameters[0]["L"]
    assert isinstance(depth, int)
    if any(p["imbalance"] != 1 for p in parameters):
        readout = [float(p["imbalance"]) * float(p["source_norm"]) ** 0.5 for p in parameters]
        start = torch.tensor(readout, dtype=task.X.dtype, device=task.X.device)
        return solvers.unbalanced_endpoint(design, task.y, task.image(task.source), task.source, start)
    return solvers.deep_linear_endpoint(design, task.y, task.source, depth)


def _solve_frozen(task: tasks.Task, design: solvers.Design, parameters: list[dict[str, Value]]) -> Tensor:
    first = parameters[0]
    if first["features"] != "aligned":
        raise UsageError("FT308", "the oracle of deep-linear.frozen knows aligned features only")
    left = int(first["L"]) - int(first["frozen"])
    if first["frozen_end"] == "first":
        return solvers.line_endpoint(task.X, task.y, task.source, alone=left == 1)
    if left == 1:
        return solvers.linear_endpoint(design, task.y - task.image(task.source), task.source)
    # The frozen layers keep their length s^(1/L): the law of the layers that are left, of length s^(1/L) each.
    return solvers.deep_linear_endpoint(design, task.y, task.source, left)


def _stability(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
    """A fixed number of optimizer steps; the iterate itself is measured, diverged or not."""
    task = tasks.draw(block.settings, device=device)
    readings = stability.run(task, parameters, method=block.method)
    return readings, ("ok",) * len(block), (), {}


def _ridge(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
    """Linear regression with a ridge penalty toward the source or toward zero."""
    task = tasks.draw(block.settings, device=device)
    design = solvers.factorise(task.X, method=block.method if block.engine == SOLVER else 0)
    ridge = torch.tensor([float(p["ridge"]) for p in parameters], dtype=task.X.dtype, device=device)
    toward = torch.tensor([[p["toward"] == "source"] for p in parameters], device=device)
    anchor = torch.where(toward, task.source, 0.0)
    readings = read_task(task, design)
    if block.engine == SOLVER:
        beta = solvers.ridge_endpoint(task.X, task.y, anchor, ridge, method=block.method)
        nothing = torch.zeros_like(ridge)
        readings |= read_predictor(task, design, beta, nothing) | {"ridge_gap": (nothing, nothing)}
        return readings, ("ok",) * len(block), (), {}
    # Kernels for a batch of one round differently: train it beside a copy of itself.
    twice = slice(None) if len(block) > 1 else [0, 0]
    unit = scale(task, parameters)
    fit = train_ridge(
        task.X[twice],
        task.y[twice],
        anchor[twice],
        ridge[twice],
        unit[twice],
        rank=min(task.X.shape[1:]),
        method=block.method,
    ).first(len(block))
    readings |= read_predictor(task, design, fit.b, fit.bound)
    readings["ridge_gap"] = (fit.gradient, fit.floor)
    return readings, fit.status, (), {"steps": fit.steps, "drift": fit.drift, "tail": fit.bound}


#: What measures an experiment that does not simply end at the limit of training from its start.
_MEASURES: dict[str, Measure] = {
    "linear.stability": _stability,
    "linear.ridge": _ridge,
    "deep-linear.pretrain": transfer.pretrain_alone,
    "transfer.scratch": transfer.transfer,
    "transfer.linear": transfer.transfer,
    "transfer.finetune": transfer.transfer,
    "diagonal.scratch": diagonal.measure,
    "diagonal.pretrain": diagonal.measure,
    "diagonal.finetune": diagonal.measure,
    "diagonal.limits": diagonal.measure,
    "diagonal.multitask": multitask.measure,
    "diagonal.scalar": scalar.measure,
    "replica.finetune": diagonal.measure,
    "replica.compare": diagonal.measure,
    "trends.digits": digits.measure,
    "trends.images": digits.measure,
    "trends.clusters": clusters.measure,
    "trends.modular": modular.measure,
    "trends.teachers": teachers.measure,
    "federated.server": federated.measure,
    "federated.finetune": federated.measure,
    "relu.tangent": tangent.measure,
    "relu.finetune": finetune.measure,
    "relu.widths": finetune.measure_widths,
    "relu.infinite": infinite.measure,
    "leaky-relu.train": leaky.measure,
}
