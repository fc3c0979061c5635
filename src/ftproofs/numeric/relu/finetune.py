"""Fine-tuning wide ReLU networks: one width, or a ladder of widths and the rate along it (experiments ``relu.*``)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ftproofs.names import Experiment, Value
from ftproofs.numeric.measurements import ROUNDING, Readings
from ftproofs.numeric.relu import kernel, network
from ftproofs.numeric.relu.tasks import SphereTask, draw
from ftproofs.numeric.relu.train import Trained, descend, pretrain
from ftproofs.numeric.training.bounds import norm
from ftproofs.settings import Block

Measured = tuple[Readings, tuple[str, ...], tuple[str, ...], dict[str, Tensor]]

#: Widths of a ladder, in units of the smallest.
WIDTHS = (1, 2, 4, 8)

#: Fresh inputs at which networks are compared with predictions.
COMPARED = 32

#: At most so many cases are evaluated together at fresh inputs.
TOGETHER = 256

#: Some network of the block ended with neurons sliding along kinks: no bound on its distance to the limit.
UNCERTIFIED = "uncertified-kinks"


@dataclass(frozen=True)
class Fits:
    """A batch of fine-tuned networks of one width beside what kernel regression predicts of them.

    ``gaps`` (case,) by prediction: rms distance over the test inputs; ``movement`` (case,): squared movement of the
    weights, with ``path`` its root.  ``energy``, ``form`` (case,): of the residual before fine-tuning.
    """

    trained: Trained
    gaps: dict[str, Tensor]
    movement: Tensor
    energy: Tensor
    both_energy: Tensor
    form: Tensor
    slack: Tensor

    def gap(self, name: str) -> tuple[Tensor, Tensor]:
        """A prediction's distance from what was trained, with its bound, each (case,).

        Functions by their rms distance; the squared movement relative to the number predicted for it.
        """
        bound = self.trained.bound
        if f"{name}_gap" in self.gaps:
            return self.gaps[f"{name}_gap"], bound + ROUNDING
        predicted = {"movement": self.energy, "both_movement": self.both_energy, "form": self.form}[name]
        loose = 2 * self.movement.sqrt() * bound + bound**2
        return (self.movement / predicted - 1).abs(), loose / predicted + self.slack + ROUNDING


@dataclass(frozen=True)
class Kernels:
    """For each case the kernel between training inputs and that between test and training inputs; of both kinds."""

    first: list[tuple[np.ndarray, np.ndarray]]
    both: list[tuple[np.ndarray, np.ndarray]]

    @classmethod
    def of(cls, task: SphereTask) -> Kernels:
        """The kernels of a task."""
        pairs = [
            [(kind(X, X), kind(Z, X)) for X, Z in zip(task.X, task.test[:, :COMPARED], strict=True)]
            for kind in (kernel.first_layer, kernel.both_layers)
        ]
        return cls(*pairs)


def measure(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
    """Readings of networks of one width."""
    task = draw(block.settings)
    m = int(parameters[0]["m"])
    (w,) = network.normals(block.settings, [m], task.X.shape[2])
    fits = finetune(task, Kernels.of(task), w, device=device, method=block.method)
    bound = fits.trained.bound
    root = fits.movement.sqrt()
    found: Readings = {name: (gap, bound + ROUNDING) for name, gap in fits.gaps.items()}
    found["movement"] = fits.movement, 2 * root * bound + bound**2 + ROUNDING * fits.movement
    found["label_energy"] = fits.energy, fits.slack * fits.energy
    found["both_layers_energy"] = fits.both_energy, fits.slack * fits.both_energy
    found["label_form"] = fits.form, ROUNDING * fits.form
    delta = norm(torch.from_numpy(task.target - task.source)).to(device)
    found["delta_norm"] = delta, ROUNDING * delta
    return found, fits.trained.status, _flags([fits]), _info([fits])


def measure_widths(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
    """Readings of a ladder of widths: slopes of the logarithm of each gap in that of the width, by least squares."""
    task = draw(block.settings)
    widths = [int(parameters[0]["m"]) * factor for factor in WIDTHS]
    starts = network.normals(block.settings, widths, task.X.shape[2])
    predictors = Kernels.of(task)
    ladder = [finetune(task, predictors, w, device=device, method=block.method) for w in starts]
    place = np.log(np.array(WIDTHS))
    weights = (place - place.mean()) / ((place - place.mean()) ** 2).sum()
    found: Readings = {}
    for name in ("kernel", "both_layers", "no_start", "movement", "both_movement", "form"):
        rate = f"{name}_rate"
        total = torch.zeros(len(block), dtype=torch.float64, device=device)
        error = torch.zeros_like(total)
        for weight, fits in zip(weights.tolist(), ladder, strict=True):
            gap, bound = fits.gap(name)
            total = total + weight * torch.log(gap)
            error = error + abs(weight) * torch.where(bound < gap, -torch.log1p(-bound / gap), torch.inf)
        found[rate] = total, error + ROUNDING
    statuses = tuple(
        next((s for s in each if s != "ok"), "ok") for each in zip(*(f.trained.status for f in ladder), strict=True)
    )
    return found, statuses, _flags(ladder), _info(ladder)


def finetune(task: SphereTask, predictors: Kernels, w: np.ndarray, *, device: str, method: int) -> Fits:
    """Pretrain (or build) networks from half their first layers w (case, m/2, d), fine-tune them, and predict."""
    m = 2 * w.shape[1]
    a = network.signs(m).to(device)
    X, y, test = (torch.tensor(part, device=device) for part in (task.X, task.y, task.test[:, :COMPARED]))
    if task.source_X is None:
        start = network.linear(w, task.source).to(device)
    else:
        assert task.source_y is not None
        source_X, source_y = (torch.tensor(part, device=device) for part in (task.source_X, task.source_y))
        start = pretrain(network.linear(w, 0 * task.source).to(device), source_X, source_y, a)
    trained = descend(start, X, y, a, method=method)
    residual = (y - at(start, X, a)).cpu().numpy()
    before, after = (at(W, test, a).cpu().numpy() for W in (start, trained.W))
    one = [kernel.regress(*kernels, r) for kernels, r in zip(predictors.first, residual, strict=True)]
    both = [kernel.regress(*kernels, r) for kernels, r in zip(predictors.both, residual, strict=True)]
    moved = after - before
    gaps = {
        "kernel_gap": _rms(moved - np.stack([fit.correction for fit in one])),
        "both_layers_gap": _rms(moved - np.stack([fit.correction for fit in both])),
        "no_start_gap": _rms(after - np.stack([fit.correction for fit in one])),
    }
    return Fits(
        trained,
        {name: torch.from_numpy(gap).to(device) for name, gap in gaps.items()},
        (trained.W - start).square().sum(dim=2).sum(dim=1),
        _column([fit.energy for fit in one], device),
        _column([fit.energy for fit in both], device),
        _column([fit.form for fit in one], device),
        _column([max(p.slack, q.slack) for p, q in zip(one, both, strict=True)], device),
    )


def at(W: Tensor, X: Tensor, a: Tensor) -> Tensor:
    """`network.forward`, whose bits depend on no neighbours: never a batch of one, nor more than memory is fast for."""
    if len(W) > TOGETHER:
        pieces = zip(W.split(TOGETHER), X.split(TOGETHER), strict=True)
        return torch.cat([at(layers, inputs, a) for layers, inputs in pieces])
    if len(W) > 1:
        return network.forward(W, X, a)
    return network.forward(torch.cat([W, W]), torch.cat([X, X]), a)[:1]


def _rms(z: np.ndarray) -> np.ndarray:
    return np.sqrt((z * z).sum(axis=1) / z.shape[1])


def _column(values: list[float], device: str) -> Tensor:
    return torch.tensor(values, dtype=torch.float64, device=device)


def _flags(ladder: list[Fits]) -> tuple[str, ...]:
    loose = any(
        s == "ok" and math.isinf(b)
        for f in ladder
        for s, b in zip(f.trained.status, f.trained.bound.tolist(), strict=True)
    )
    return (UNCERTIFIED,) if loose else ()


def _info(ladder: list[Fits]) -> dict[str, Tensor]:
    stack = {
        "steps": torch.stack([f.trained.steps for f in ladder]),
        "tail": torch.stack([f.trained.bound for f in ladder]),
        "unsure": torch.stack([f.trained.unsure for f in ladder]),
    }
    return {name: values.amax(dim=0) for name, values in stack.items()}
