"""ReLU students of ReLU teachers: what a source teacher without some neurons is worth to the target (handbook B9)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ftproofs.names import Experiment, Value
from ftproofs.numeric import tasks
from ftproofs.numeric.measurements import Readings
from ftproofs.numeric.trends.descent import Weights, descend
from ftproofs.numeric.trends.layers import LOSSES, mse, total
from ftproofs.numeric.trends.pairing import pair_generator
from ftproofs.settings import Block, Setting

#: Neurons of the target teacher, samples of the source and fresh inputs for tests.
TEACHERS = 6
SOURCE, FRESH = 600, 1000
#: What training ends at, over the mean square of its labels; and its steps at most.
GOAL = 0.01
MAX_STEPS = 3000
#: Ridge of the readout trained alone, over the features' mean square: rounding, not regularisation.
RIDGE = 1e-8

Measured = tuple[Readings, tuple[str, ...], tuple[str, ...], dict[str, Tensor]]


def measure(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
    """Pretrain; train the readout, the whole network, and one from scratch; compare them on fresh inputs."""
    tasks.same_shape(parameters)
    # Kernels for a batch of one round differently: one case stands beside a copy of itself.
    settings = block.padded()
    start, again, (X_s, y_s), (X, y), fresh = _draw(settings, device)
    loss = LOSSES[block.method]
    pretrained = descend(loss, start, (X_s, y_s), GOAL, max_steps=MAX_STEPS)
    tuned = descend(loss, pretrained.weights, (X, y), GOAL, max_steps=MAX_STEPS)
    scratch = descend(loss, again, (X, y), GOAL, max_steps=MAX_STEPS)
    read = (pretrained.weights[0], _readout(pretrained.weights[0], X, y))
    count = len(block)
    readings = {
        "readout_mse": mse(read, *fresh),
        "finetuned_mse": mse(tuned.weights, *fresh),
        "fresh_mse": mse(scratch.weights, *fresh),
        "source_mse": pretrained.loss,
    }
    nothing = torch.zeros_like(pretrained.loss)
    # Training that runs out of steps has still ended somewhere: the error there is what is measured.
    usable = torch.isfinite(torch.stack(list(readings.values()))).all(dim=0)
    return (
        {name: (value[:count], nothing[:count]) for name, value in readings.items()},
        tuple("ok" if good else "diverged" for good in usable.tolist())[:count],
        (),
        {"steps": (pretrained.steps + tuned.steps + scratch.steps)[:count]},
    )


def _readout(W: Tensor, X: Tensor, y: Tensor) -> Tensor:
    """Least squares on the features relu(X W), (case, hidden, 1): where training the readout alone ends."""
    features = torch.bmm(X, W).clamp_min(0.0)
    gram = torch.bmm(features.mT, features)
    size = RIDGE * total(features.square()) / W.shape[2]
    eye = torch.eye(W.shape[2], dtype=W.dtype, device=W.device)
    factor = torch.linalg.cholesky(gram + size[:, None, None] * eye)
    return torch.cholesky_solve(torch.bmm(features.mT, y), factor)


def _draw(
    settings: Sequence[Setting], device: str
) -> tuple[Weights, Weights, tuple[Tensor, Tensor], tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Two random starts; source, target and fresh data, labels over the root of the target's mean square.

    A teacher is a sum of relu(w'x) with unit w and weights of random sign; the first
    round(removed * neurons) of them are missing in the source teacher.
    """
    first = settings[0].parameters
    n, d, hidden = int(first["samples"]), int(first["d"]), int(first["neurons"])
    shapes = ((d, hidden), (hidden, 1), (d, hidden), (hidden, 1))
    starts = [np.empty((len(settings), *shape)) for shape in shapes]
    X_s, X, X_f = (np.empty((len(settings), count, d)) for count in (SOURCE, n, FRESH))
    y_s, y, y_f = (np.empty((len(settings), count, 1)) for count in (SOURCE, n, FRESH))
    for i, setting in enumerate(settings):
        start, data = pair_generator(setting, "start"), pair_generator(setting)
        for array, size in zip(starts, (d, hidden, d, hidden), strict=True):
            array[i] = start.standard_normal(array.shape[1:]) / size**0.5
        w = data.standard_normal((d, TEACHERS))
        w /= np.sqrt((w * w).sum(axis=0))
        sign = np.where(data.random(TEACHERS) < 0.5, -1.0, 1.0)
        X_s[i], X_f[i] = data.standard_normal((SOURCE, d)), data.standard_normal((FRESH, d))
        # The target's samples last: fewer of them are the first ones of more.
        X[i] = data.standard_normal((n, d))
        y_f[i, :, 0] = _labels(X_f[i], w, sign)
        unit = np.sqrt((y_f[i] ** 2).mean())
        missing = np.arange(TEACHERS) < round(float(setting.parameters["removed"]) * TEACHERS)
        y_f[i] /= unit
        y_s[i, :, 0] = _labels(X_s[i], w, np.where(missing, 0.0, sign)) / unit
        y[i, :, 0] = _labels(X[i], w, sign) / unit
    tensors = [torch.from_numpy(a).to(device) for a in (*starts, X_s, y_s, X, y, X_f, y_f)]
    first_start, second_start = (tensors[0], tensors[1]), (tensors[2], tensors[3])
    source, target, fresh = (tensors[4], tensors[5]), (tensors[6], tensors[7]), (tensors[8], tensors[9])
    return first_start, second_start, source, target, fresh


def _labels(X: np.ndarray, w: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """sum_j c_j relu(w_j'x), one row at a time."""
    hidden = (X[:, :, None] * w).sum(axis=1)
    return (np.maximum(hidden, 0.0) * weights).sum(axis=1)
