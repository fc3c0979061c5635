"""Linear networks of any depth and width, and the weights they start from.

Weights are a list ``W_1 (case, d, h), W_2 .. W_{L-1} (case, h, h), W_L (case, h, 1)``
(``L = 1``: one of shape (case, d, 1)); the predictor is ``beta = W_1 W_2 ... W_L``.
Width one is the chain of a vector and L - 1 numbers.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from ftproofs.errors import UsageError
from ftproofs.names import Value
from ftproofs.numeric.elementwise import power
from ftproofs.numeric.seeds import generator
from ftproofs.numeric.tasks import Task


def predictor(weights: list[Tensor]) -> Tensor:
    """beta = W_1 ... W_L, shape (case, d)."""
    product = weights[-1]
    for W in reversed(weights[:-1]):
        product = torch.bmm(W, product)
    return product[:, :, 0]


def finetuning_start(task: Task, parameters: list[dict[str, Value]]) -> list[Tensor]:
    """Weights whose predictor is the source teacher.

    Balanced: ``W_j = s^(1/L) q_{j-1} q_j'`` with ``q_0 = theta_S / s``, ``q_L = 1`` and
    random unit vectors between them (width one: 1).  With ``imbalance = k`` at
    L = 2 the readout is ``a_0 = k sqrt(s)`` long and the first layer ``theta_S / a_0``.

    Raises:
        UsageError: FT305 an imbalance at another depth than 2.
    """
    depth, width = int(parameters[0]["L"]), int(parameters[0]["width"])
    if depth != 2 and any(p["imbalance"] != 1 for p in parameters):
        raise UsageError("FT305", f"imbalance needs L = 2, got L = {depth}")
    count = len(task)
    units = np.ones((count, depth - 1, width))
    if width > 1:
        for row, setting in zip(units, task.settings, strict=True):
            row[:] = generator(setting, "start").standard_normal(row.shape)
            row /= np.sqrt((row * row).sum(axis=1, keepdims=True))
    q = torch.from_numpy(units).to(task.source)
    norm = _column(parameters, "source_norm", task)
    gain = power(norm, 1 / depth)
    readout = _column(parameters, "imbalance", task) * gain if depth == 2 else gain
    if depth == 1:
        return [task.source[:, :, None].clone()]
    first = task.source / (readout if depth == 2 else norm / gain)
    weights = [first[:, :, None] * q[:, 0, None, :]]
    weights += [gain[:, :, None] * q[:, j - 1, :, None] * q[:, j, None, :] for j in range(1, depth - 1)]
    weights.append((readout * q[:, depth - 2])[:, :, None])
    return weights


def imbalances(weights: list[Tensor]) -> list[Tensor]:
    """``W_j' W_j - W_{j+1} W_{j+1}'`` for j < L, which gradient flow conserves."""
    return [torch.bmm(U.mT, U) - torch.bmm(V, V.mT) for U, V in pairwise(weights)]


def _column(parameters: list[dict[str, Value]], name: str, task: Task) -> Tensor:
    return torch.tensor([[float(p[name])] for p in parameters], dtype=task.X.dtype, device=task.X.device)
