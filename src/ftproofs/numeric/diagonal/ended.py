"""Where one training of a diagonal network ended, and how it got there."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from ftproofs.numeric.diagonal import dual
from ftproofs.numeric.diagonal.network import Weights
from ftproofs.numeric.diagonal.regression import Regression

Reading = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Ended:
    """One training of a batch; arrays are float64 with the case first.

    ``beta`` (case, d) is at most ``tail + integration`` (case,) from the limit: ``tail`` is rigorous (what was not
    trained, and rounding), ``integration`` an estimate.  ``mu`` (case, n) is the time integral of the residual,
    ``s`` (case, d) that of X' rho.  ``path`` maps what was measured along the way to value and bound (case,) or
    (case, d).  ``status`` is ``ok``, ``not-converged`` or ``diverged``.
    """

    start: Weights
    end: Weights
    beta: Tensor
    mu: Tensor
    s: Tensor
    tail: Tensor
    integration: Tensor
    status: tuple[str, ...]
    steps: Tensor
    path: dict[str, Reading] = field(default_factory=dict)

    @property
    def radius(self) -> Tensor:
        """Bound on the distance to the limit, (case,)."""
        return self.tail + self.integration


def solved(problem: Regression, start: Weights) -> Ended:
    """Where training from these weights ends by the dual oracle; nothing is known of the way there."""
    nothing = torch.zeros_like(problem.rest)
    phase = start.phase
    if problem.X is None:
        target = torch.asinh(problem.y / start.scale)
        s = (target - phase) / 2
        return Ended(start, start.turned(s), problem.y, s, s, nothing, nothing, ("ok",) * len(nothing), nothing)
    if start.frozen:
        return _frozen(problem, start)
    found = dual.solve(problem.X, problem.y, start.scale, phase)
    s = problem.pull(found.mu)
    return Ended(start, start.turned(s), found.beta, found.mu, s, found.bound, nothing, found.status, found.iterations)


def _frozen(problem: Regression, start: Weights) -> Ended:
    """Readouts alone: the interpolator of least ``sum (beta_i - beta_i(0))^2 / D_i`` (handbook claim 6.6)."""
    assert problem.X is not None
    half = problem.X * start.speed.sqrt()[:, None, :]
    L = torch.linalg.cholesky_ex(torch.bmm(half, half.mT))[0]
    mu = torch.cholesky_solve(problem.residual(start.beta)[:, :, None], L)[:, :, 0]
    s = problem.pull(mu)
    beta = start.beta + start.speed * s
    inverse = torch.linalg.solve_triangular(L, torch.eye(L.shape[1]).to(L).expand_as(L), upper=False)
    left = torch.linalg.vector_norm(problem.residual(beta), dim=1) + problem.rounding(beta)
    tail = start.speed.amax(dim=1).sqrt() * torch.linalg.matrix_norm(inverse) * left
    nothing = torch.zeros_like(tail)
    return Ended(start, start.turned(s), beta, mu, s, tail, nothing, ("ok",) * len(tail), nothing)
