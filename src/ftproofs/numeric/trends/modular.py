"""Modular addition by a one-layer transformer: what the scale of its start does to what it learns beyond its data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ftproofs.names import Experiment, Value
from ftproofs.numeric import tasks
from ftproofs.numeric.measurements import Readings
from ftproofs.numeric.training.result import DIVERGED, OK
from ftproofs.numeric.trends.descent import Loss, Weights, descend
from ftproofs.numeric.trends.layers import total
from ftproofs.numeric.trends.pairing import pair_generator
from ftproofs.settings import Block, Setting

#: Length of embeddings, hidden neurons, and the share of the pairs (a, b) that are trained on.
LENGTH, HIDDEN = 24, 48
TRAINED = 0.7
#: Training ends at this cross-entropy, or after so many steps with whatever has been reached.
GOAL, MAX_STEPS = 0.1, 800

Measured = tuple[Readings, tuple[str, ...], tuple[str, ...], dict[str, Tensor]]


def measure(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
    """Train all weights on a share of the table of a + b mod p; look at the rest of it."""
    tasks.same_shape(parameters)
    # Kernels for a batch of one round differently: one case stands beside a copy of itself.
    settings = block.padded()
    start, order = _draw(settings, device)
    p = int(parameters[0]["modulus"])
    table = torch.arange(p, device=device)
    tokens = torch.stack([table.repeat_interleave(p), table.repeat(p), torch.full((p * p,), p, device=device)], dim=1)
    answers = (tokens[:, 0] + tokens[:, 1]) % p
    words = torch.nn.functional.one_hot(tokens, p + 1).to(torch.float64)
    right = torch.nn.functional.one_hot(answers, p).to(torch.float64)
    split = round(TRAINED * p * p)
    seen, unseen = order[:, :split], order[:, split:]
    found = descend(_loss(block.method), start, (words[seen], right[seen]), GOAL, max_steps=MAX_STEPS)
    weights, loss = found.weights, found.loss
    fitted, accuracy = (
        (logits(weights, words[part]).argmax(dim=2) == answers[part]).to(torch.float64).mean(dim=1)
        for part in (seen, unseen)
    )
    count = len(block)
    nothing = torch.zeros_like(accuracy)
    readings = {"unseen_accuracy": accuracy, "fit_accuracy": fitted, "fit_loss": loss}
    return (
        {name: (value[:count], nothing[:count]) for name, value in readings.items()},
        tuple(OK if good else DIVERGED for good in torch.isfinite(loss).tolist())[:count],
        (),
        {"steps": found.steps[:count]},
    )


def logits(weights: Weights, words: Tensor) -> Tensor:
    """Of the answers (case, sample, p), at one-hot words (case, sample, 3, p + 1).

    Embedding and position; one head of attention of the last word to all three; a hidden
    ReLU layer; both added to what they read.  Without biases and normalisation.
    """
    E, place, Q, K, V, W1, W2, U = weights
    count, samples, three, size = words.shape
    x = torch.bmm(words.reshape(count, samples * three, size), E).reshape(count, samples, three, -1)
    x = x + place[:, None]
    last = x[:, :, 2]
    query = torch.bmm(last, Q)
    flat = x.reshape(count, samples * three, -1)
    keys, values = (torch.bmm(flat, M).reshape(x.shape) for M in (K, V))
    score = (query[:, :, None] * keys).sum(dim=3) / LENGTH**0.5
    share = torch.softmax(score, dim=2)
    read = last + (share[:, :, :, None] * values).sum(dim=2)
    hidden = torch.bmm(read, W1).clamp_min(0.0)
    return torch.bmm(read + torch.bmm(hidden, W2), U)


def _loss(method: int) -> Loss:
    """Cross-entropy with its gradients: backwards through the graph, or by vectorised maps of one network."""

    def value(weights: Weights, words: Tensor, right: Tensor) -> Tensor:
        return -total(torch.log_softmax(logits(weights, words), dim=2) * right) / right.shape[1]

    def backward(weights: Weights, data: Weights) -> tuple[Tensor, Weights]:
        leaves = tuple(w.detach().requires_grad_() for w in weights)
        loss = value(leaves, *data)
        return loss.detach(), torch.autograd.grad(loss.sum(), leaves)

    def mapped(weights: Weights, data: Weights) -> tuple[Tensor, Weights]:
        def one(weights: Weights, words: Tensor, right: Tensor) -> Tensor:
            return value(tuple(w[None] for w in weights), words[None], right[None])[0]

        gradients, losses = torch.func.vmap(torch.func.grad_and_value(one))(weights, *data)
        return losses, gradients

    return (backward, mapped)[method]


def _draw(settings: Sequence[Setting], device: str) -> tuple[Weights, Tensor]:
    """Starts, N(0, start_scale^2/inputs) independent, and the table's order (case, p * p)."""
    p = int(settings[0].parameters["modulus"])
    shapes = (
        ((p + 1, LENGTH), LENGTH),
        ((3, LENGTH), LENGTH),
        *[((LENGTH, LENGTH), LENGTH)] * 3,
        ((LENGTH, HIDDEN), LENGTH),
        ((HIDDEN, LENGTH), HIDDEN),
        ((LENGTH, p), LENGTH),
    )
    arrays = [np.empty((len(settings), *shape)) for shape, _ in shapes]
    order = np.empty((len(settings), p * p), dtype=np.int64)
    for i, setting in enumerate(settings):
        start, data = pair_generator(setting, "start"), pair_generator(setting)
        for array, (shape, inputs) in zip(arrays, shapes, strict=True):
            array[i] = float(setting.parameters["start_scale"]) / inputs**0.5 * start.standard_normal(shape)
        order[i] = data.permutation(p * p)
    return tuple(torch.from_numpy(a).to(device) for a in arrays), torch.from_numpy(order).to(device)
