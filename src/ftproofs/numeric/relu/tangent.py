"""The kernel of a network's first layer at its random start, between pairs of inputs (experiment ``relu.tangent``)."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ftproofs.names import Experiment, Value
from ftproofs.numeric.measurements import ROUNDING
from ftproofs.numeric.relu.finetune import TOGETHER, Measured
from ftproofs.numeric.relu.tasks import sphere, unit
from ftproofs.numeric.seeds import generator
from ftproofs.settings import Block


def measure(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
    """The gradients of a network at two inputs, multiplied: means over n pairs of inputs at the given angle."""
    m, n, d = (int(parameters[0][name]) for name in ("m", "n", "d"))
    W = torch.from_numpy(np.stack([generator(s, "start").standard_normal((m, d)) for s in block.settings])).to(device)
    one = sphere(block.settings, "data", n, d)
    other = sphere(block.settings, "test", n, d)
    for _ in range(2):  # twice: orthogonal to the last bits
        other = unit(other - (other * one).sum(axis=2, keepdims=True) * one)
    angle = np.array([[[float(p["theta"])]] for p in parameters])
    two = np.cos(angle) * one + np.sin(angle) * other
    x, z = torch.from_numpy(one).to(device), torch.from_numpy(two).to(device)
    gradients = _by_autograd if block.method == 0 else _by_hand
    pieces = zip(*(part.split(TOGETHER) for part in (W, x, z)), strict=True)
    kernels = [(gradients(w, u) * gradients(w, v)).sum(dim=3).sum(dim=2) for w, u, v in pieces]
    mean = torch.cat(kernels).sum(dim=1) / n
    return {"tangent_kernel": (mean, ROUNDING * torch.ones_like(mean))}, ("ok",) * len(block), (), {}


def _by_autograd(W: Tensor, X: Tensor) -> Tensor:
    """The derivative of the output at every input X (case, n, d) in the first layer W (case, m, d): (case, n, m, d)."""
    m = W.shape[1]
    own = W[:, None].expand(-1, X.shape[1], -1, -1).clone().requires_grad_(True)
    outputs = torch.relu((own * X[:, :, None, :]).sum(dim=3)).sum(dim=2) / math.sqrt(m)
    (found,) = torch.autograd.grad(outputs.sum(), own)
    return found


def _by_hand(W: Tensor, X: Tensor) -> Tensor:
    on = (torch.einsum("bnd,bmd->bnm", X, W) > 0).to(X.dtype)
    return on[:, :, :, None] * X[:, :, None, :] / math.sqrt(W.shape[1])
