"""When a training has come near enough to its limit, and how far it still is."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ftproofs.numeric.diagonal.dual import newton_bounds
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.training import flow
from ftproofs.numeric.training.bounds import norm

#: How often the bound is looked at once the residual is small enough for it to matter, in steps.
LOOK_EVERY = 3


class Arrival:
    """Watches the rows of a batch, ``copies`` for every case.

    Args:
        target: (row,), the bound at which a row has arrived.
        jump: whether a Newton step is still to come.
        frozen: whether K is constant, so that there is nothing to bound but the residual.
    """

    def __init__(self, target: Tensor, copies: int, *, jump: bool, frozen: bool) -> None:
        self.target, self.copies, self.jump, self.frozen = target, copies, jump, frozen
        self.waited = torch.zeros_like(target, dtype=torch.int64)

    def keep(self, index: Tensor) -> None:
        """Forget all rows but these."""
        self.target, self.waited = self.target[index], self.waited[index]

    def state(self, problem: Regression, moved: Tensor, speed: Tensor, rho: Tensor, fall: Tensor) -> Tensor:
        """ARRIVED or RUNNING for each row of the current batch.

        Args:
            problem: the batch's cases.
            moved: (row,) bool, rows that took a step; the others are running.
            speed, rho: D (row, d) and the residual (row, n) where the rows stand.
            fall: (row,), ``rho' K rho``.
        """
        square = rho.square().sum(dim=1)
        arrived = moved & (square == 0)
        # l^2 = rho' K^-1 rho >= |rho|^4 / rho' K rho and k^2 >= n / sum D: is the bound too large even so?
        least = square / fall.clamp_min(1e-300).sqrt()
        reach = (rho.shape[1] / speed.sum(dim=1)).sqrt()
        near = moved & ~arrived
        if problem.X is not None:
            near = near & (self.decisive(least, reach, speed.amax(dim=1)) <= self.target)
        self.waited += near
        look = near & (self.waited % LOOK_EVERY == 1)
        if bool(look.any()):
            index = torch.nonzero(look)[:, 0]
            bound = self.bound(problem, speed, rho, index)
            arrived = arrived.index_put((index,), bound <= self.target[index])
        return torch.where(arrived, flow.ARRIVED, flow.RUNNING)

    def bound(self, problem: Regression, speed: Tensor, rho: Tensor, index: Tensor) -> Tensor:
        """The bound that decides, on the rows ``index``."""
        D, rho = speed[index], rho[index]
        if problem.X is None:  # every coordinate is a problem of its own
            return norm(self.decisive(rho.abs() / D.sqrt(), torch.rsqrt(D), D))
        found = whitened(problem.X[index // self.copies], D, rho)
        return self.decisive(found.decrement, found.reach, D.amax(dim=1))

    def decisive(self, decrement: Tensor, reach: Tensor, fastest: Tensor) -> Tensor:
        """The bound after the Newton step if one is to come, else before it."""
        if self.frozen:
            return fastest.sqrt() * decrement
        before, after = newton_bounds(decrement, reach, fastest)
        return after if self.jump else before


@dataclass(frozen=True)
class Whitened:
    """For ``K = X diag(D) X' = L L'``: the step ``K^-1 rho`` (row, n), ``decrement = |L^-1 rho|``, ``reach = k`` with
    ``k^2 = max_i x_i' K^-1 x_i`` and ``inverse = |L^-1|``, (row,)."""

    step: Tensor
    decrement: Tensor
    reach: Tensor
    inverse: Tensor


def whitened(X: Tensor, D: Tensor, rho: Tensor) -> Whitened:
    """The Newton step of rows X (row, n, d), D (row, d), rho (row, n); one row is taken beside a copy of itself."""
    if len(X) == 1:
        both = whitened(*(z.repeat_interleave(2, dim=0) for z in (X, D, rho)))
        return Whitened(both.step[:1], both.decrement[:1], both.reach[:1], both.inverse[:1])
    half = X * D.sqrt()[:, None, :]
    L = torch.linalg.cholesky_ex(torch.bmm(half, half.mT))[0]
    eye = torch.eye(L.shape[1], dtype=L.dtype, device=L.device).expand_as(L)
    inverse = torch.linalg.solve_triangular(L, eye, upper=False)
    white = torch.bmm(inverse, rho[:, :, None])
    step = torch.bmm(inverse.mT, white)[:, :, 0]
    reach = torch.bmm(inverse, X).square().sum(dim=1).amax(dim=1).sqrt()
    return Whitened(step, norm(white), reach, torch.linalg.matrix_norm(inverse))
