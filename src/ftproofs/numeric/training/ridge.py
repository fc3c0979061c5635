"""Least squares with a ridge penalty, by descent until certified: the readout on given features, or linear regression.

The loss is ``|A b - y|^2 / (2 n) + (ridge / 2) |b - anchor|^2``, training starts at the anchor and so
stays in ``anchor + row(A)``, where the loss has curvature ``low = s_r^2 / n + ridge`` at least, s_r
being the least nonzero singular value of A.  Hence a distance to the limit of at most
``|gradient| / low`` inside and of the measured drift outside.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ftproofs.numeric.elementwise import hypot
from ftproofs.numeric.training.batching import survivors
from ftproofs.numeric.training.bounds import UNIT, norm
from ftproofs.numeric.training.result import ACCEPT, AIM, DIVERGED, NOT_CONVERGED, OK

MAX_STEPS = 100_000

#: The certificate is looked at every so many steps.
CHECK_EVERY = 8


@dataclass(frozen=True)
class Fitted:
    """Where a batch ended: ``b`` (case, k), at most ``bound`` (case,) from its limit.

    ``gradient`` (case,) is the penalised loss's norm of it there, ``floor`` (case,) what rounding may do to that.
    """

    b: Tensor
    bound: Tensor
    gradient: Tensor
    floor: Tensor
    status: tuple[str, ...]
    steps: Tensor
    drift: Tensor

    def first(self, count: int) -> Fitted:
        """The first cases only."""
        return Fitted(*(getattr(self, name)[:count] for name in self.__dataclass_fields__))


@dataclass
class _Regression:
    """A (case, n, k), y (case, n, 1), anchor (case, k), ridge (case,); row space V (case, k, r); extreme curvatures."""

    A: Tensor
    y: Tensor
    anchor: Tensor
    ridge: Tensor
    V: Tensor
    high: Tensor
    low: Tensor
    floor: Tensor
    tilt: Tensor

    @classmethod
    def of(cls, A: Tensor, y: Tensor, anchor: Tensor, ridge: Tensor, rank: int) -> _Regression:
        n, k = A.shape[1:]
        _, values, Vh = torch.linalg.svd(A, full_matrices=False)
        inexact = 4 * (n + k) * UNIT * values[:, 0]
        least = (values[:, rank - 1] - inexact).clamp_min(0.0)
        high, low = values[:, 0] ** 2 / n + ridge, least**2 / n + ridge
        size = norm(anchor) + norm(y) / n**0.5 / low.sqrt()
        # Rounding of the gradient: of the residual, and of its product with A'.
        wide = torch.linalg.matrix_norm(A)
        floor = 2 * (n + k + 4) * UNIT * (wide * (wide * size + norm(y)) / n + ridge * size)
        full = rank == k
        tilt = torch.zeros_like(low) if full else inexact / least
        return cls(A, y[:, :, None], anchor, ridge, Vh[:, :rank].mT, high, low, floor, tilt)

    def select(self, index: Tensor) -> _Regression:
        """Some cases only."""
        return _Regression(*(getattr(self, name)[index] for name in self.__dataclass_fields__))

    def gradient(self, b: Tensor, *, written: bool) -> Tensor:
        """Of the penalised loss, (case, k); by automatic differentiation, or written out."""
        if written:
            residual = torch.baddbmm(self.y, self.A, b[:, :, None], beta=-1)
            return torch.bmm(self.A.mT, residual)[:, :, 0] / self.A.shape[1] + self.ridge[:, None] * (b - self.anchor)
        leaf = b.detach().requires_grad_()
        fit = (torch.bmm(self.A, leaf[:, :, None]) - self.y).square().sum() / (2 * self.A.shape[1])
        penalty = (self.ridge * (leaf - self.anchor).square().sum(dim=1)).sum() / 2
        (found,) = torch.autograd.grad(fit + penalty, leaf)
        return found

    def distance(self, b: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Bound on the distance to the limit, its part due to rounding, and the drift outside the span; (case,)."""
        moved = b - self.anchor
        inside = torch.bmm(self.V, torch.bmm(self.V.mT, moved[:, :, None]))[:, :, 0]
        drift = norm(moved - inside) if self.V.shape[1] > self.V.shape[2] else torch.zeros_like(self.low)
        near = (norm(gradient) + self.floor) / self.low
        return hypot(near, drift + self.tilt * norm(moved)), self.floor / self.low, drift


def train_ridge(
    A: Tensor,
    y: Tensor,
    anchor: Tensor,
    ridge: Tensor,
    unit: Tensor,
    *,
    rank: int,
    method: int = 0,
    rate: float = 1.0,
    max_steps: int | None = None,
) -> Fitted:
    """Heavy ball (Polyak 1964) from the anchor with gradients from autograd; method 1: plain descent, written out.

    Args:
        A: (case, n, k), of this rank; y: (case, n); anchor: (case, k); ridge, unit: (case,).
        rate: factor on the learning rate; 0 trains nothing.
        max_steps: steps after which a case is given up.
    """
    limit = MAX_STEPS if max_steps is None else max_steps
    problem = whole = _Regression.of(A, y, anchor, ridge, rank)
    end, taken = anchor.clone(), torch.full_like(unit, float(limit))
    b, velocity, alive = anchor, torch.zeros_like(anchor), torch.arange(len(A), device=A.device)
    target = AIM * unit
    for t in range(limit + 1):
        gradient = problem.gradient(b, written=method == 1)
        if t % CHECK_EVERY == 0 or t == limit:
            distance, floor, _ = problem.distance(b, gradient)
            # A case that is no number any more is as finished as one that has arrived.
            done = (distance <= torch.maximum(target, 2 * floor)) | ~torch.isfinite(distance)
            done |= torch.full_like(done, t == limit)
            new = done & (taken[alive] == limit)
            end[alive[new]], taken[alive[new]] = b[new], float(t)
            if bool(done.all()):
                break
            index = survivors(~done)
            if index is not None:
                problem, b, velocity = problem.select(index), b[index], velocity[index]
                gradient, alive, target = gradient[index], alive[index], target[index]
        high, low = problem.high[:, None], problem.low[:, None]
        if method == 1:
            velocity = -rate * (2 / (high + low)) * gradient
        else:
            size, memory = (
                4 / (high.sqrt() + low.sqrt()) ** 2,
                ((high.sqrt() - low.sqrt()) / (high.sqrt() + low.sqrt())) ** 2,
            )
            velocity = memory * velocity - rate * size * gradient
        b = b + velocity
    gradient = whole.gradient(end, written=True)
    bound, floor, drift = whole.distance(end, gradient)
    finite = torch.isfinite(bound)
    good = finite & ((bound <= ACCEPT * unit) | (bound <= 4 * floor))
    status = tuple(
        OK if g else NOT_CONVERGED if f else DIVERGED for g, f in zip(good.tolist(), finite.tolist(), strict=True)
    )
    return Fitted(end, torch.where(finite, bound, torch.inf), norm(gradient), whole.floor, status, taken, drift)
