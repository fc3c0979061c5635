"""The regression that a diagonal network is trained on: loss ``|y - X beta|^2 / 2``."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ftproofs.numeric.training.bounds import UNIT, norm


@dataclass(frozen=True)
class Regression:
    """At most as many rows as columns: X (case, n, d) or None for the identity (the population), y (case, n).

    ``rest`` (case,) is the squared residual that no predictor changes, 0 unless there were more rows than
    columns; ``samples`` is their number.
    """

    X: Tensor | None
    y: Tensor
    rest: Tensor
    samples: int

    @classmethod
    def of(cls, X: Tensor | None, y: Tensor) -> Regression:
        """The regression itself, or its exact reduction ``R, Q'y`` with X = QR when n > d."""
        nothing = torch.zeros_like(y[:, 0])
        if X is None or X.shape[1] <= X.shape[2]:
            return cls(X, y, nothing, y.shape[1])
        Q, R = torch.linalg.qr(X)
        inside = torch.bmm(Q.mT, y[:, :, None])
        rest = (y[:, :, None] - torch.bmm(Q, inside)).square().sum(dim=(1, 2))
        floor = (4 * y.shape[1] * UNIT * norm(y)) ** 2
        return cls(R, inside[:, :, 0], torch.where(rest <= floor, 0.0, rest), y.shape[1])

    def select(self, index: Tensor) -> Regression:
        """Some cases only."""
        X = None if self.X is None else self.X[index]
        return Regression(X, self.y[index], self.rest[index], self.samples)

    def residual(self, beta: Tensor) -> Tensor:
        """``y - X beta``, (case, n)."""
        if self.X is None:
            return self.y - beta
        return torch.baddbmm(self.y[:, :, None], self.X, beta[:, :, None], alpha=-1)[:, :, 0]

    def pull(self, rho: Tensor) -> Tensor:
        """``X' rho``, (case, d)."""
        return rho if self.X is None else torch.bmm(self.X.mT, rho[:, :, None])[:, :, 0]

    def extremes(self) -> tuple[Tensor, Tensor]:
        """Largest and smallest singular value of X, each (case,)."""
        if self.X is None:
            one = torch.ones_like(self.rest)
            return one, one
        values = torch.linalg.svdvals(self.X)
        return values[:, 0], values[:, -1]

    def steepest(self) -> Tensor:
        """The square of the largest singular value of X, (case,)."""
        if self.X is None:
            return torch.ones_like(self.rest)
        twice = self.X if len(self.X) > 1 else self.X.repeat(2, 1, 1)
        return torch.linalg.eigvalsh(torch.bmm(twice, twice.mT))[: len(self.X), -1]

    def outside(self, z: Tensor) -> Tensor:
        """The part of z (case, d) orthogonal to the rows of X."""
        if self.X is None or self.X.shape[1] == self.X.shape[2]:
            return torch.zeros_like(z)
        Q = torch.linalg.qr(self.X.mT).Q
        for _ in range(2):  # twice: orthogonal to the last bits
            z = z - torch.bmm(Q, torch.bmm(Q.mT, z[:, :, None]))[:, :, 0]
        return z

    def rounding(self, beta: Tensor) -> Tensor:
        """Bound on the rounding of a residual at beta (case, d) computed in float64, (case,)."""
        if self.X is None:
            return 2 * UNIT * (norm(self.y) + norm(beta))
        terms = torch.bmm(self.X.abs(), beta.abs()[:, :, None])[:, :, 0]
        return UNIT * ((self.X.shape[2] + 4) * norm(terms) + 2 * norm(self.y))
