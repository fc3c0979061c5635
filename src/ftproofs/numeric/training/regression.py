"""The loss of linear regression and its gradient, by two routes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Gradient = Callable[[Tensor, Tensor, Tensor], Tensor]


def autograd_gradient(X: Tensor, y: Tensor, theta: Tensor) -> Tensor:
    """Gradient of ``|X theta - y|^2 / (2 n)`` by automatic differentiation, shape (case, d).

    Args:
        X: (case, n, d); y: (case, n); theta: (case, d).
    """
    leaf = theta.detach().requires_grad_()
    residual = torch.bmm(X, leaf[:, :, None])[:, :, 0] - y
    loss = residual.square().sum() / (2 * X.shape[1])
    (gradient,) = torch.autograd.grad(loss, leaf)
    return gradient


def written_gradient(X: Tensor, y: Tensor, theta: Tensor) -> Tensor:
    """The same gradient, written out: ``X' (X theta - y) / n``."""
    residual = torch.baddbmm(y[:, :, None], X, theta[:, :, None], beta=-1)
    return torch.bmm(X.mT, residual)[:, :, 0] / X.shape[1]
