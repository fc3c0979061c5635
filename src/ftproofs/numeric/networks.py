"""Linear networks of any depth and width, and the weights they start from.

Weights are a list ``W_1 (case, d, h), W_2 .. W_{L-1} (case, h, h), W_L (case, h, 1)``
(``L = 1``: one of shape (case, d, 1)); the predictor is ``beta = W_1 W_2 ... W_L``.
Width one is the chain of a vector and L - 1 numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from ftproofs.errors import UsageError
from ftproofs.names import Value
from ftproofs.numeric.elementwise import power
from ftproofs.numeric.seeds import Stream, generator
from ftproofs.numeric.tasks import Task
from ftproofs.settings import Setting


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
    return balanced(
        task.source,
        _column(parameters, "source_norm", task),
        _column(parameters, "imbalance", task),
        depth,
        width,
        task.settings,
    )


def balanced(
    source: Tensor, norm: Tensor, imbalance: Tensor, depth: int, width: int, settings: Sequence[Setting]
) -> list[Tensor]:
    """Rank-one weights whose predictor is ``source`` (case, d), of the given norm (case, 1): see `finetuning_start`."""
    units = np.ones((len(source), depth - 1, width))
    if width > 1:
        for row, setting in zip(units, settings, strict=True):
            row[:] = generator(setting, "start").standard_normal(row.shape)
            row /= np.sqrt((row * row).sum(axis=1, keepdims=True))
    q = torch.from_numpy(units).to(source)
    gain = power(norm, 1 / depth)
    readout = imbalance * gain if depth == 2 else gain
    if depth == 1:
        return [source[:, :, None].clone()]
    first = source / (readout if depth == 2 else norm / gain)
    weights = [first[:, :, None] * q[:, 0, None, :]]
    weights += [gain[:, :, None] * q[:, j - 1, :, None] * q[:, j, None, :] for j in range(1, depth - 1)]
    weights.append((readout * q[:, depth - 2])[:, :, None])
    return weights


def random_start(
    settings: Sequence[Setting], depth: int, width: int, d: int, *, stream: Stream = "start"
) -> list[Tensor]:
    """Weights with entries N(0, init_scale^2), or ``start = orthonormal`` (see there), of each setting; on the CPU.

    Raises:
        UsageError: FT305 an orthonormal start with L != 2 or width > d.
    """
    widths = [d, *[width] * (depth - 1), 1]
    weights = [np.empty((len(settings), rows, columns)) for rows, columns in pairwise(widths)]
    for case, setting in enumerate(settings):
        p, rng = setting.parameters, generator(setting, stream)
        scale = float(p["init_scale"])
        for W in weights:
            W[case] = scale * rng.standard_normal(W.shape[1:])
        if p.get("start", "gaussian") == "orthonormal":
            if depth != 2 or width > d:
                raise UsageError("FT305", f"an orthonormal start needs L = 2 and width <= d, got L = {depth}")
            weights[0][case] = scale * np.linalg.qr(weights[0][case]).Q
            weights[1][case] *= scale / np.sqrt((weights[1][case] ** 2).sum())
    return [torch.from_numpy(W) for W in weights]


def imbalances(weights: list[Tensor]) -> list[Tensor]:
    """``W_j' W_j - W_{j+1} W_{j+1}'`` for j < L, which gradient flow conserves."""
    return [torch.bmm(U.mT, U) - torch.bmm(V, V.mT) for U, V in pairwise(weights)]


def _column(parameters: list[dict[str, Value]], name: str, task: Task) -> Tensor:
    return torch.tensor([[float(p[name])] for p in parameters], dtype=task.X.dtype, device=task.X.device)
