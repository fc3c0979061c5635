"""Two-layer networks without biases, a batch of them: ``relu(x W1) W2`` and its squared error."""

from __future__ import annotations

import torch
from torch import Tensor

from ftproofs.numeric.trends.descent import Weights


def predict(weights: Weights, X: Tensor) -> Tensor:
    """Outputs (case, sample, out) of W1 (case, input, hidden) and W2 (case, hidden, out) at X (case, sample, input)."""
    return torch.bmm(torch.bmm(X, weights[0]).clamp_min(0.0), weights[1])


def mse(weights: Weights, X: Tensor, Y: Tensor) -> Tensor:
    """Squared error, the mean over samples and outputs, (case,)."""
    return total((predict(weights, X) - Y).square()) / (Y.shape[1] * Y.shape[2])


def mse_loss(weights: Weights, data: Weights) -> tuple[Tensor, Weights]:
    """The same with its gradients, written out."""
    X, Y = data
    hidden = torch.bmm(X, weights[0])
    active = hidden.clamp_min(0.0)
    residual = torch.bmm(active, weights[1]) - Y
    size = Y.shape[1] * Y.shape[2]
    back = 2 * residual / size
    second = torch.bmm(active.mT, back)
    first = torch.bmm(X.mT, torch.where(hidden > 0, torch.bmm(back, weights[1].mT), 0.0))
    return total(residual.square()) / size, (first, second)


def mse_autograd(weights: Weights, data: Weights) -> tuple[Tensor, Weights]:
    """The same with its gradients by automatic differentiation."""
    leaves = tuple(w.detach().requires_grad_() for w in weights)
    loss = mse(leaves, *data)
    return loss.detach(), torch.autograd.grad(loss.sum(), leaves)


def total(z: Tensor) -> Tensor:
    """The sum of a case's entries (case, row, column), (case,); the same bits in every batch."""
    return z.sum(dim=2).sum(dim=1)


#: By method: written out, and by automatic differentiation.
LOSSES = (mse_loss, mse_autograd)
