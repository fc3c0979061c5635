"""Gradient flow of linear regression, as a system for the integrator."""

from __future__ import annotations

import torch
from torch import Tensor

from ftproofs.numeric.training import flow
from ftproofs.numeric.training.bounds import Span, linear_distance
from ftproofs.numeric.training.regression import Gradient


class LinearFlow:
    """``theta' = -rate (gradient + decay theta)``, arriving when certified within ``target``.

    Args:
        X: (case, n, d); y: (case, n).
        decay: (case,) weight decay.
        span: of X, and target: (case,); without them only a horizon ends the flow.
    """

    def __init__(
        self,
        X: Tensor,
        y: Tensor,
        gradient: Gradient,
        *,
        rate: float = 1.0,
        decay: Tensor | None = None,
        span: Span | None = None,
        target: Tensor | None = None,
    ) -> None:
        self.X, self.y, self.gradient, self.rate = X, y, gradient, rate
        self.decay = torch.zeros_like(X[:, 0, :1]) if decay is None else decay[:, None]
        self.span, self.target = span, target

    def bind(self, z: Tensor) -> Tensor:
        return z

    def slope(self, at: object, out: object) -> None:
        """The right-hand side."""
        assert isinstance(at, Tensor)
        assert isinstance(out, Tensor)
        out.copy_(-self.rate * (self.gradient(self.X, self.y, at) + self.decay * at))

    def watch(self, z: Tensor, t: Tensor, slope: Tensor, moved: Tensor, h: Tensor, begin: Tensor) -> Tensor:
        if self.span is None or self.target is None:
            return torch.full_like(t, flow.RUNNING, dtype=torch.int64)
        distance, floor = linear_distance(self.span, self.X, self.y, z)
        near = distance <= torch.maximum(self.target, 2 * floor)
        return torch.where(near, flow.ARRIVED, flow.RUNNING)

    def keep(self, index: Tensor) -> None:
        self.X, self.y, self.decay = self.X[index], self.y[index], self.decay[index]
        if self.span is not None and self.target is not None:
            self.span, self.target = self.span.select(index), self.target[index]
