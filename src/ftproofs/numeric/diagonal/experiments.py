"""The diagonal experiments: from a block of settings to readings."""

from __future__ import annotations

import torch
from torch import Tensor

from ftproofs.claim import Block
from ftproofs.names import Experiment, Value
from ftproofs.numeric.diagonal import tasks
from ftproofs.numeric.diagonal.ended import Ended, solved
from ftproofs.numeric.diagonal.network import Weights, column, reinitialised, symmetric_start
from ftproofs.numeric.diagonal.readings import Readings, at, read_end, squared_error
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.training.bounds import UNIT, norm

SOLVER = "solver"

Measured = tuple[Readings, tuple[str, ...], tuple[str, ...], dict[str, Tensor]]


def measure(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
    """Readings, statuses, flags and engine facts of a block of diagonal networks."""
    task = tasks.draw(block.settings, device=device)
    count = len(task)
    if count == 1:
        # Kernels for a batch of one round differently: train it beside a copy of itself.
        task, parameters = task.select([0, 0]), parameters * 2
    trainer = Trainer(spec, block.engine, block.method, parameters)
    readings, statuses, info = trainer.run(task)
    missing = torch.full((count,), torch.nan, dtype=task.y.dtype, device=device)
    unbounded = torch.full_like(missing, torch.inf)
    found = {name: (value[:count], bound[:count]) for name, (value, bound) in readings.items()}
    found |= {name: (missing, unbounded) for name in spec.measurements if name not in found}
    return found, statuses[:count], trainer.flags, {name: x[:count] for name, x in info.items()}


class Trainer:
    """One way of training (or solving) the stages of an experiment."""

    def __init__(self, spec: Experiment, engine: str, method: int, parameters: list[dict[str, Value]]) -> None:
        self.spec, self.engine, self.method, self.parameters = spec, engine, method, parameters
        self.flags: tuple[str, ...] = ()

    def train(self, problem: Regression, start: Weights) -> Ended:
        """One training to its limit."""
        if self.engine == SOLVER:
            return solved(problem, start)
        raise NotImplementedError(self.engine)

    def run(self, task: tasks.Task) -> tuple[Readings, tuple[str, ...], dict[str, Tensor]]:
        """All stages of the experiment, and what was read off them."""
        target = Regression.of(task.X, task.y)
        fresh = symmetric_start(self.parameters, task.target)
        found = read_shares(task)
        if self.spec.name == "diagonal.scratch":
            main = self.train(target, fresh)
            found["mse"] = squared_error(main.beta, task.target, main.radius)
            return self.read(found, target, main, task, main.status)
        pretrained = self.train(_source(task), fresh)
        found["pretrain_mse"] = squared_error(pretrained.beta, task.source, pretrained.radius)
        if self.spec.name == "diagonal.pretrain":
            return self.read(found, _source(task), pretrained, task, pretrained.status)
        found["beta_pt"] = at(pretrained.beta, task.picked), pretrained.radius
        main = self.train(target, reinitialised(pretrained.end, self.parameters))
        scratch = self.train(target, fresh)
        reach = main.radius + carried(pretrained, main, self.parameters)
        mse = squared_error(main.beta, task.target, reach)
        alone = squared_error(scratch.beta, task.target, scratch.radius)
        ok = torch.tensor([s == "ok" for s in scratch.status], device=task.y.device)
        found["mse"] = mse
        found["scratch_mse"] = torch.where(ok, alone[0], torch.nan), torch.where(ok, alone[1], torch.inf)
        gain = found["scratch_mse"]
        found["transfer_gain"] = gain[0] - mse[0], gain[1] + mse[1]
        status = tuple(a if a != "ok" else b for a, b in zip(pretrained.status, main.status, strict=True))
        return self.read(found, target, main, task, status)

    def read(
        self, found: Readings, problem: Regression, ended: Ended, task: tasks.Task, status: tuple[str, ...]
    ) -> tuple[Readings, tuple[str, ...], dict[str, Tensor]]:
        """Everything measured on the last stage."""
        found |= read_end(problem, ended, task.picked, oracle=self.engine == SOLVER)
        info = {"steps": ended.steps, "tail": ended.tail, "integration": ended.integration}
        return found, status, info


def _source(task: tasks.Task) -> Regression:
    """The pretraining problem: its samples, or the population (the identity design)."""
    if task.source_X is None:
        return Regression.of(None, task.source)
    assert task.source_y is not None
    return Regression.of(task.source_X, task.source_y)


def carried(before: Ended, after: Ended, parameters: list[dict[str, Value]]) -> Tensor:
    """How far the pretrained predictor's error moves the fine-tuned one, (case,).

    A scale's relative change moves beta_i by ``beta_i dlog c_i`` at fixed phase, and projecting back onto the
    interpolators is a contraction in the norm ``sum z_i^2 / D_i`` with ``|beta_i| / D_i <= 1/2``; the scale is
    ``2 rescale^2``-Lipschitz in the pretrained coefficient.
    """
    factor = column(parameters, "rescale", before.beta)
    change = 2 * factor**2 * before.radius[:, None] / after.start.speed.clamp_min(1e-300)
    D = after.end.speed
    moved = norm((after.beta.abs() / 2).sqrt() * change)
    return D.amax(dim=1).sqrt() * moved


def read_shares(task: tasks.Task) -> Readings:
    """The realised shares of active coordinates: exact."""
    names = ("share_pt", "share_shared", "share_new")
    return {name: (task.shares[:, i], UNIT * task.shares[:, i]) for i, name in enumerate(names)}
