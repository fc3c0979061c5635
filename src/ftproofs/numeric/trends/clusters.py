"""Leaky-ReLU classifiers: how their neurons cluster, and how near that makes them to a linear rule (handbook D3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ftproofs.names import Experiment, Value
from ftproofs.numeric import tasks
from ftproofs.numeric.measurements import Readings
from ftproofs.numeric.trends.descent import Loss, Weights, descend
from ftproofs.numeric.trends.layers import total
from ftproofs.numeric.trends.pairing import pair_generator
from ftproofs.settings import Block, Setting

#: Inputs on which the classifier is compared with its linear rule.
FRESH = 2000
GOAL = 0.03
MAX_STEPS = 20_000
LONGEST = 10.0
#: Inputs drawn for each that is kept: those too near to the teacher's plane are not.
DRAWN = 4

Measured = tuple[Readings, tuple[str, ...], tuple[str, ...], dict[str, Tensor]]


def measure(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
    """Train the first layer; a pair shares inputs, teacher and the start's standard normal numbers."""
    tasks.same_shape(parameters)
    # Kernels for a batch of one round differently: one case stands beside a copy of itself.
    settings = block.padded()
    W, X, y, fresh = _draw(settings, device)
    leak = torch.tensor([float(s.parameters["leak"]) for s in settings], dtype=W.dtype, device=device)[:, None, None]
    found = descend(_loss(block.method), (W,), (X, y, leak), GOAL, max_steps=MAX_STEPS, longest=LONGEST)
    (W,) = found.weights
    count = len(block)
    centroid = (W @ _signs(W)[:, None])[:, :, 0]
    rule = torch.bmm(fresh, centroid[:, :, None])
    agree = (_outputs(W, fresh, leak) * rule > 0).to(W.dtype).mean(dim=(1, 2))
    right = (_outputs(W, X, leak) * y > 0).to(W.dtype).mean(dim=(1, 2))
    readings = {"cluster_cosine": _least_cosine(W), "rule_agreement": agree, "fit_accuracy": right}
    nothing = torch.zeros_like(agree)
    return (
        {name: (value[:count], nothing[:count]) for name, value in readings.items()},
        found.status[:count],
        (),
        {"steps": found.steps[:count]},
    )


def _signs(W: Tensor) -> Tensor:
    """The readout (neuron,): as many neurons of one sign as of the other, of size one over their number."""
    half = W.shape[2] // 2
    one = torch.ones(half, dtype=W.dtype, device=W.device) / half
    return torch.cat([one, -one])


def _outputs(W: Tensor, X: Tensor, leak: Tensor) -> Tensor:
    """N at X (case, sample, d), first layer W (case, d, neuron); (case, sample, 1)."""
    hidden = torch.bmm(X, W)
    readout = _signs(W)[None, :, None].expand(len(W), -1, 1)
    return torch.bmm(torch.maximum(hidden, leak * hidden), readout)


def _loss(method: int) -> Loss:
    """Logistic loss; gradients written out (method 0) or by automatic differentiation (method 1)."""

    def written(weights: Weights, data: Weights) -> tuple[Tensor, Weights]:
        (W,), (X, y, leak) = weights, data
        hidden = torch.bmm(X, W)
        readout = _signs(W)[None, :, None].expand(len(W), -1, 1)
        margin = y * torch.bmm(torch.maximum(hidden, leak * hidden), readout)
        small = torch.exp(-margin.abs())
        value = margin.clamp_max(0.0).neg() + torch.log1p(small)
        # d/dm log(1 + exp(-m)) = -1/(1 + exp(m)), without overflow.
        share = torch.where(margin > 0, small, torch.ones_like(small)) / (1 + small)
        back = -y * share / y.shape[1]
        slope = torch.where(hidden > 0, torch.ones_like(hidden), leak.expand_as(hidden))
        gradient = torch.bmm(X.mT, slope * torch.bmm(back, readout.mT))
        return total(value) / y.shape[1], (gradient,)

    def automatic(weights: Weights, data: Weights) -> tuple[Tensor, Weights]:
        leaf = weights[0].detach().requires_grad_()
        X, y, leak = data
        loss = total(torch.nn.functional.softplus(-y * _outputs(leaf, X, leak))) / y.shape[1]
        return loss.detach(), torch.autograd.grad(loss.sum(), (leaf,))

    return (written, automatic)[method]


def _least_cosine(W: Tensor) -> Tensor:
    """The smallest cosine between columns of one half, (case,)."""
    unit = W / torch.linalg.vector_norm(W, dim=1, keepdim=True)
    halves = unit.chunk(2, dim=2)
    return torch.stack([torch.bmm(half.mT, half).amin(dim=(1, 2)) for half in halves]).amin(dim=0)


def _draw(settings: Sequence[Setting], device: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """First layers (case, d, neuron) at each case's scale, inputs, labels +-1 and fresh inputs."""
    first = settings[0].parameters
    n, d, neurons = int(first["samples"]), int(first["d"]), 2 * int(first["neurons"])
    W, X, y, fresh = (np.empty((len(settings), *shape)) for shape in ((d, neurons), (n, d), (n, 1), (FRESH, d)))
    for i, setting in enumerate(settings):
        start, data = pair_generator(setting, "start"), pair_generator(setting)
        W[i] = float(setting.parameters["init_scale"]) * start.standard_normal((d, neurons))
        teacher = data.standard_normal(d)
        teacher /= np.sqrt((teacher * teacher).sum())
        drawn = data.standard_normal((DRAWN * n, d))
        X[i] = drawn[np.abs((drawn * teacher).sum(axis=1)) >= float(setting.parameters["teacher_margin"])][:n]
        fresh[i] = data.standard_normal((FRESH, d))
        y[i, :, 0] = np.where((X[i] * teacher).sum(axis=1) > 0, 1.0, -1.0)
    moved = (torch.from_numpy(a).to(device) for a in (W, X, y, fresh))
    first_layer, inputs, labels, new = moved
    return first_layer, inputs, labels, new
