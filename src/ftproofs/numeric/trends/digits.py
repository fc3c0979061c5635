"""Fine-tuning on images, the digits of scikit-learn or others: starts of different first layers (DIAGONAL.md 10.2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ftproofs.names import Experiment, Value
from ftproofs.numeric import tasks
from ftproofs.numeric.measurements import Readings
from ftproofs.numeric.training.result import OK
from ftproofs.numeric.trends import images
from ftproofs.numeric.trends.descent import MAX_STEPS, Weights, descend
from ftproofs.numeric.trends.layers import LOSSES, mse
from ftproofs.numeric.trends.pairing import pair_generator
from ftproofs.settings import Block, Setting

#: Images pretrained on, and images left for tests; those between are fine-tuned on.
PRETRAINED, TESTED = 500, 1000
HIDDEN = 80
#: What pretraining ends at, over the variance of its labels (0.03 for ten classes); and fine-tuning, of labels +-1.
PRETRAIN_SHARE, FINETUNE_GOAL = 1 / 3, 0.002
#: Scale of the new readout's entries, times 1/sqrt(HIDDEN).
NEW_READOUT = 0.05

Measured = tuple[Readings, tuple[str, ...], tuple[str, ...], dict[str, Tensor]]


def measure(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
    """Pretrain, draw the readout anew, fine-tune; a pair shares images, classes and standard normal numbers."""
    tasks.same_shape(parameters)
    # Kernels for a batch of one round differently: one case stands beside a copy of itself.
    settings = block.padded()
    loss = LOSSES[block.method]
    data = images.registered(int(parameters[0]["data_key"])) if "data_key" in parameters[0] else images.digits()
    kinds = int(data[1].max()) + 1
    weights, labels, order = _starts(settings, data[0].shape, kinds, device)
    X, classes = (torch.from_numpy(a).to(device) for a in data)
    pretraining = order[:, :PRETRAINED]
    targets = torch.nn.functional.one_hot(classes, kinds).to(X.dtype)
    targets = targets - 1 / kinds
    goal = PRETRAIN_SHARE * (kinds - 1) / kinds**2
    kept = torch.tensor([s.parameters["pretrained"] == "yes" for s in settings], device=device)
    # Without pretraining there is nothing to reach, and no step is taken.
    steps = MAX_STEPS if bool(kept.any()) else 0
    pretrained = descend(loss, weights, (X[pretraining], targets[pretraining]), goal, max_steps=steps)
    first = torch.where(kept[:, None, None], pretrained.weights[0], weights[0])
    samples = int(parameters[0]["samples"])
    part = order[:, PRETRAINED : PRETRAINED + samples]
    signs = torch.gather(labels, 1, classes[part])[:, :, None]
    found = descend(loss, (first, _readouts(settings, device)), (X[part], signs), FINETUNE_GOAL)
    tested = order[:, -TESTED:]
    error = mse(found.weights, X[tested], torch.gather(labels, 1, classes[tested])[:, :, None])
    moved = torch.linalg.matrix_norm(found.weights[0] - first) / torch.linalg.matrix_norm(first)
    count = len(block)
    nothing = torch.zeros_like(error)
    readings = {"layer_movement": moved, "test_mse": error, "fit_mse": found.loss}
    readings["source_mse"] = torch.where(kept, pretrained.loss, torch.nan)
    status = tuple(
        b if a == OK or not k else a for a, b, k in zip(pretrained.status, found.status, kept.tolist(), strict=True)
    )
    return (
        {name: (value[:count], nothing[:count]) for name, value in readings.items()},
        status[:count],
        (),
        {"steps": (torch.where(kept, pretrained.steps, 0.0) + found.steps)[:count]},
    )


def _starts(
    settings: Sequence[Setting], shape: tuple[int, ...], kinds: int, device: str
) -> tuple[Weights, Tensor, Tensor]:
    """Random layers at each case's scales, the classes' signs (case, class), and the images' order (case, image)."""
    count, size = shape
    W1, W2 = np.empty((len(settings), size, HIDDEN)), np.empty((len(settings), HIDDEN, kinds))
    labels, order = np.empty((len(settings), kinds)), np.empty((len(settings), count), dtype=np.int64)
    for i, setting in enumerate(settings):
        p, start, data = setting.parameters, pair_generator(setting, "start"), pair_generator(setting)
        ratio, scale = float(p["layer_scale"]), float(p["product_scale"])
        W1[i] = ratio * scale / size**0.5 * start.standard_normal((size, HIDDEN))
        W2[i] = scale / ratio / HIDDEN**0.5 * start.standard_normal((HIDDEN, kinds))
        order[i] = data.permutation(count)
        labels[i] = np.where(data.permutation(kinds) < kinds // 2, 1.0, -1.0)
    first, second, signs, ranks = (torch.from_numpy(a).to(device) for a in (W1, W2, labels, order))
    return (first, second), signs, ranks


def _readouts(settings: Sequence[Setting], device: str) -> Tensor:
    """Standard normal readouts (case, hidden, 1) at the scale of new ones."""
    drawn = [pair_generator(setting, "scratch").standard_normal((HIDDEN, 1)) for setting in settings]
    return torch.from_numpy(NEW_READOUT / HIDDEN**0.5 * np.stack(drawn)).to(device)
