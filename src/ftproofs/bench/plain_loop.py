"""The peer of the phase diagrams: a loop of `torch.optim` over full matrices in float32, as papers' code does.

Two layers, d x d and d x 1, of 20 networks at a time; the loss is the mean over samples; the data pass through the
layers one after the other; plain SGD for 5000 steps.
"""

from __future__ import annotations

import torch
from torch import Tensor

STEPS = 5000


class PlainLoop:
    """The training of one cell: X (net, n, d), y (net, n), balanced layers whose predictor is the source (net, d).

    The step is the inverse of the largest curvature at the start and, roughly, along the way: stable, not timid.
    """

    def __init__(self, X: Tensor, y: Tensor, source: Tensor) -> None:
        nets, n, d = X.shape
        length = torch.linalg.vector_norm(source, dim=1)
        unit = torch.nn.functional.normalize(torch.ones(nets, d, dtype=X.dtype, device=X.device), dim=1)
        first = (source / length.sqrt()[:, None])[:, :, None] * unit[:, None, :]
        second = length.sqrt()[:, None] * unit
        self.X, self.y = X.float(), y.float()
        self.layers = [w.float().requires_grad_() for w in (first, second[:, :, None])]
        top = torch.linalg.matrix_norm(X, ord=2).square().amax()
        self.optimizer = torch.optim.SGD(self.layers, lr=float(n / (4 * top)))
        self.done = 0

    def run(self, steps: int) -> None:
        """Some more steps."""
        for _ in range(steps):
            self.optimizer.zero_grad()
            out = torch.bmm(torch.bmm(self.X, self.layers[0]), self.layers[1])[:, :, 0]
            loss = (out - self.y).square().mean(dim=1).sum()
            loss.backward()
            self.optimizer.step()
        self.done += steps

    @property
    def beta(self) -> Tensor:
        """The predictor, (net, d), float64."""
        return torch.bmm(*(w.detach().double() for w in self.layers))[:, :, 0]
