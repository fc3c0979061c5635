"""The diagonal experiments: from a block of settings to readings."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ftproofs.names import Experiment, Value
from ftproofs.numeric.diagonal import tasks
from ftproofs.numeric.diagonal.apart import Measured, by_source
from ftproofs.numeric.diagonal.descent import train_descent
from ftproofs.numeric.diagonal.ended import Ended, solved
from ftproofs.numeric.diagonal.limits import read_limits
from ftproofs.numeric.diagonal.nested import read_nested, read_support
from ftproofs.numeric.diagonal.network import Weights, column, reinitialised, symmetric_start
from ftproofs.numeric.diagonal.readings import Readings, at, read_end, squared_error
from ftproofs.numeric.diagonal.reduced import TOLERANCES as REDUCED
from ftproofs.numeric.diagonal.reduced import train_reduced
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.diagonal.train import train_flow
from ftproofs.numeric.training.bounds import UNIT
from ftproofs.numeric.training.problem import INTEGRATION_FLAG
from ftproofs.numeric.training.result import AIM
from ftproofs.settings import Block

SOLVER = "solver"

#: How near pretraining comes to its limit: what is left of it is carried to the end of fine-tuning.
FIRST = 1e-12


@by_source
def measure(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
    """Readings, statuses, flags and engine facts of a block of diagonal networks."""
    # A generator of its own costs a small task more than the rest of it.
    task = tasks.draw(block.settings, device=device, pick="beta_end" in spec.measurements)
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
        # The reduction's limit depends on no path, and descent's is its own.
        exact = engine in (SOLVER, "reduced") or parameters[0].get("engine") == "descent"
        self.flags: tuple[str, ...] = () if exact else (INTEGRATION_FLAG,)

    def train(
        self,
        problem: Regression,
        teacher: Tensor,
        *starts: Weights,
        unit: Tensor | None = None,
        aim: float = AIM,
        reduced: tuple[float, float] = REDUCED,
    ) -> list[Ended]:
        """One training to its limit from each start.

        Args:
            teacher: (case, d), gives the step of gradient descent.
            unit: (case,), the size that errors are relative to; that of a teacher of unit second moment by default.
            aim: bound at which a flow stops, relative to the unit.
            reduced: tolerances of the reduction, the result's and the looser one's.
        """
        if self.engine == SOLVER:
            kkt = "kkt_gap" in self.spec.measurements
            return [solved(problem, start, kkt=kkt, method=self.method) for start in starts]
        unit = torch.full_like(problem.rest, teacher.shape[1] ** 0.5) if unit is None else unit
        stepped = self.parameters[0].get("engine") == "descent"
        if stepped or self.engine == "descent":
            share = column(self.parameters, "step", teacher)[:, 0]
            # Whatever confirms descent descends: with gradients from autograd.
            confirms = self.method == 1 or self.engine == "reduced"
            return train_descent(
                problem, starts, unit, teacher=teacher, share=share, alone=stepped, method=int(confirms)
            )
        if self.engine == "reduced":
            return train_reduced(problem, starts, unit, aim=aim, tolerances=reduced)
        return train_flow(problem, starts, unit, method=self.method, aim=aim)

    def run(self, task: tasks.Task) -> tuple[Readings, tuple[str, ...], dict[str, Tensor]]:
        """All stages of the experiment, and what was read off them."""
        fresh = symmetric_start(self.parameters, task.target)
        found = read_shares(task)
        if self.spec.name == "diagonal.scratch":
            target = Regression.of(task.X, task.y)
            (main,) = self.train(target, task.target, fresh)
            found["mse"] = squared_error(main.beta, task.target, main.radius)
            return self.read(found, target, main, task, main.status)
        source = source_of(task)
        if self.spec.name == "replica.compare":
            return self.compare(found, task, source, fresh)
        (pretrained,) = self.train(source, task.source, fresh, aim=FIRST)
        found["pretrain_mse"] = squared_error(pretrained.beta, task.source, pretrained.radius)
        if self.spec.name == "diagonal.pretrain":
            return self.read(found, source, pretrained, task, pretrained.status)
        if self.spec.name == "diagonal.limits":
            target = Regression.of(task.X, task.y)
            (main,) = self.train(target, task.target, reinitialised(pretrained.end, self.parameters))
            status = tuple(a if a != "ok" else b for a, b in zip(pretrained.status, main.status, strict=True))
            found |= read_limits(target, main) | read_nested(target, main, task.source != 0)
            found |= read_support(target, main, task.source != 0)
            return self.read(found, target, main, task, status)
        return self.finetune(found, task, pretrained, fresh)

    def finetune(
        self, found: Readings, task: tasks.Task, pretrained: Ended, fresh: Weights
    ) -> tuple[Readings, tuple[str, ...], dict[str, Tensor]]:
        """The second training, and one from scratch on the same data."""
        target = Regression.of(task.X, task.y)
        start = reinitialised(pretrained.end, self.parameters)
        if start.frozen:
            (main,), (scratch,) = (self.train(target, task.target, begin) for begin in (start, fresh))
        else:
            main, scratch = self.train(target, task.target, start, fresh)
        moved = carried(pretrained, main, self.parameters)
        main = replace(main, tail=main.tail + moved)
        mse = squared_error(main.beta, task.target, main.radius)
        alone = squared_error(scratch.beta, task.target, scratch.radius)
        ok = torch.tensor([s == "ok" for s in scratch.status], device=task.y.device)
        alone = torch.where(ok, alone[0], torch.nan), torch.where(ok, alone[1], torch.inf)
        found |= {
            "beta_pt": (at(pretrained.beta, task.picked), pretrained.radius),
            "mse": mse,
            "scratch_mse": alone,
            "transfer_gain": (alone[0] - mse[0], alone[1] + mse[1]),
        }
        status = tuple(a if a != "ok" else b for a, b in zip(pretrained.status, main.status, strict=True))
        readings, status, info = self.read(found, target, main, task, status)
        if "c_ft" not in readings:
            return readings, status, info
        c, bound = readings["c_ft"]
        factor = column(self.parameters, "rescale", task.y)[:, 0]
        readings["c_ft"] = c, bound + 2 * factor**2 * pretrained.radius
        start_value, loose = readings["beta_start"]
        reinit = column(self.parameters, "reinit", task.y)[:, 0]
        readings["beta_start"] = start_value, loose + 2 * factor * reinit * pretrained.radius
        return readings, status, info

    def compare(
        self, found: Readings, task: tasks.Task, source: Regression, fresh: Weights
    ) -> tuple[Readings, tuple[str, ...], dict[str, Tensor]]:
        """Both trainings of two networks, of relative scales r and r_other, on the same data."""
        theirs = [{**p, "r": p["r_other"]} for p in self.parameters]
        first = self.train(source, task.source, fresh, symmetric_start(theirs, task.target), aim=FIRST)
        starts = [reinitialised(e.end, p) for e, p in zip(first, (self.parameters, theirs), strict=True)]
        both = self.train(Regression.of(task.X, task.y), task.target, *starts)
        own, other = (
            squared_error(e.beta, task.target, e.radius + carried(before, e, self.parameters))
            for before, e in zip(first, both, strict=True)
        )
        gain = other[0] - own[0], own[1] + other[1] + UNIT * (own[0] + other[0])
        found |= {"mse": own, "other_mse": other, "layer_gain": gain}
        parts = zip(*(e.status for e in (*first, *both)), strict=True)
        status = tuple(next((s for s in part if s != "ok"), "ok") for part in parts)
        main = both[0]
        return found, status, main.facts

    def read(
        self, found: Readings, problem: Regression, ended: Ended, task: tasks.Task, status: tuple[str, ...]
    ) -> tuple[Readings, tuple[str, ...], dict[str, Tensor]]:
        """Everything measured on the last stage."""
        found |= read_end(problem, ended, task.picked, oracle=self.engine == SOLVER, wanted=self.spec.measurements)
        return found, status, ended.facts


def source_of(task: tasks.Task) -> Regression:
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
    change = 2 * factor**2 / after.start.scale
    push = ((after.beta.abs() / 2).sqrt() * change).amax(dim=1)
    return after.end.speed.amax(dim=1).sqrt() * push * before.radius


def read_shares(task: tasks.Task) -> Readings:
    """The realised shares of active coordinates: exact."""
    names = ("share_pt", "share_shared", "share_new")
    return {name: (task.shares[:, i], UNIT * task.shares[:, i]) for i, name in enumerate(names)}
