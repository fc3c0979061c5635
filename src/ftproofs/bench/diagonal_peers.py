"""Peers of the diagonal networks: steps of descent by automatic differentiation, and one network's plain loop."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ftproofs.bench.data import Diagonal

Steps = Callable[[int], None]


def _loss(X: Tensor, y: Tensor, wp: Tensor, vp: Tensor, wm: Tensor, vm: Tensor) -> Tensor:
    return (X @ (wp * vp - wm * vm) - y).square().sum() / 2


def mapped(data: Diagonal, eta: float) -> Steps:
    """Descent with gradients from ``vmap(grad)``."""
    gradients = torch.func.vmap(torch.func.grad(_loss, argnums=(2, 3, 4, 5)))
    weights = list(data.weights.tensors())

    def steps(count: int) -> None:
        for _ in range(count):
            slopes = gradients(data.X, data.y, *weights)
            weights[:] = [w - eta * slope for w, slope in zip(weights, slopes, strict=True)]

    return steps


def batched(data: Diagonal, eta: float) -> Steps:
    """Descent with gradients from torch's autograd on the batch, the weights updated in place."""
    weights = [w.clone().requires_grad_() for w in data.weights.tensors()]

    def steps(count: int) -> None:
        for _ in range(count):
            wp, vp, wm, vm = weights
            out = torch.bmm(data.X, (wp * vp - wm * vm)[:, :, None])[:, :, 0]
            slopes = torch.autograd.grad((out - data.y).square().sum() / 2, weights)
            with torch.no_grad():
                for w, slope in zip(weights, slopes, strict=True):
                    w.sub_(slope, alpha=eta)

    return steps


def plain(data: Diagonal, eta: float) -> Steps:
    """The loop that papers' code runs: `torch.optim.SGD` on four vectors of one network; no history is kept."""
    X, y = data.X[0], data.y[0]
    weights = [torch.nn.Parameter(w[0].clone()) for w in data.weights.tensors()]
    optimizer = torch.optim.SGD(weights, lr=eta)

    def steps(count: int) -> None:
        for _ in range(count):
            optimizer.zero_grad()
            _loss(X, y, *weights).backward()
            optimizer.step()

    return steps


def descended(data: Diagonal, eta: float, steps: int) -> Tensor:
    """Where the same recursion ends after so many steps, (1, d): NumPy, gradients written out."""
    X, y = data.X[0].cpu().numpy(), data.y[0].cpu().numpy()
    wp, vp, wm, vm = (w[0].cpu().numpy().copy() for w in data.weights.tensors())
    for _ in range(steps):
        g = eta * (X.T @ (y - X @ (wp * vp - wm * vm)))
        wp, vp, wm, vm = wp + g * vp, vp + g * wp, wm - g * vm, vm - g * wm
    return torch.from_numpy(np.asarray(wp * vp - wm * vm))[None].to(data.X)
