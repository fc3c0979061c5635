"""Two-layer ReLU networks ``f(x) = sum_r a_r max(w_r'x, 0) / sqrt(m)``, ``a_r = +-1`` fixed, in batches."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ftproofs.errors import UsageError
from ftproofs.numeric.seeds import generator
from ftproofs.settings import Setting


def half(m: int) -> int:
    """Half the width.

    Raises:
        UsageError: FT305 an odd width: the start is made of pairs.
    """
    if m % 2:
        raise UsageError("FT305", f"the start is made of pairs of neurons: m must be even, got m = {m}")
    return m // 2


def normals(settings: Sequence[Setting], widths: Sequence[int], d: int) -> list[np.ndarray]:
    """Standard normal first layers for half of each width, each (case, m/2, d), from each setting's own generator."""
    halves = [half(m) for m in widths]
    drawn = np.stack([generator(setting, "start").standard_normal((sum(halves), d)) for setting in settings])
    return np.split(drawn, np.cumsum(halves)[:-1], axis=1)


def signs(m: int) -> Tensor:
    """The readout (m,): 1 for the first neuron of each pair, -1 for the second."""
    return torch.cat([torch.ones(m // 2, dtype=torch.float64), -torch.ones(m // 2, dtype=torch.float64)])


def linear(w: np.ndarray, teacher: np.ndarray) -> Tensor:
    """Pairs w, -w with opposite signs, whose function is linear since max(z, 0) - max(-z, 0) = z.

    The neurons are shifted, each by O(m^(-1/2)), so that the function is exactly the teacher's, (case, d); none,
    0, is a start without a function.  At every input half of the neurons are on.
    """
    pairs = w.shape[1]
    missing = math.sqrt(2 * pairs) * teacher - w.sum(axis=1)
    w = w + missing[:, None, :] / pairs
    return torch.tensor(np.concatenate([w, -w], axis=1))


def forward(W: Tensor, X: Tensor, a: Tensor) -> Tensor:
    """f at the inputs X (case, k, d): shape (case, k)."""
    return values(W, X, a)[0]


def values(W: Tensor, X: Tensor, a: Tensor) -> tuple[Tensor, Tensor]:
    """f at the inputs, and its derivative in each neuron's activation (case, k, m)."""
    z = torch.bmm(X, W.mT)
    slopes = torch.where(z > 0, a / math.sqrt(len(a)), 0.0)
    return (z * slopes).sum(dim=2), slopes


def moved(W: Tensor, X: Tensor, slopes: Tensor, pull: Tensor) -> Tensor:
    """The first layers one step of descent later, pull (case, n) the step sizes times f - y."""
    return torch.baddbmm(W, slopes.mT, pull[:, :, None] * X, alpha=-1)


def autograd_moved(W: Tensor, X: Tensor, a: Tensor, y: Tensor, eta: Tensor) -> Tensor:
    """The same by automatic differentiation of the loss itself."""
    free = W.detach().clone().requires_grad_(True)
    # A product with the vector a would round by how many rows the batch has.
    f = (torch.relu(torch.einsum("bnd,bmd->bnm", X, free)) * a).sum(dim=2) / math.sqrt(len(a))
    loss = (f - y).square().sum() / 2
    (found,) = torch.autograd.grad(loss, free)
    return W - eta[:, None, None] * found
