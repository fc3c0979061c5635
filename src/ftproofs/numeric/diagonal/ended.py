"""Where one training of a diagonal network ended, and how it got there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ftproofs.numeric.diagonal import dual
from ftproofs.numeric.diagonal.network import Weights
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.training.bounds import UNIT, norm

Reading = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Ended:
    """One training of a batch; arrays are float64 with the case first.

    ``beta`` (case, d) is at most ``tail + integration`` (case,) from the limit: ``tail`` is rigorous (what was not
    trained, and rounding), ``integration`` an estimate.  ``mu`` (case, n) is the time integral of the residual,
    ``s`` (case, d) that of X' rho.  ``path`` maps what was measured along the way to value and bound (case,) or
    (case, d).  ``status`` is ``ok``, ``not-converged`` or ``diverged``; ``compiled`` says that a compiled loop trained.
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
    compiled: bool = False

    def select(self, index: slice) -> Ended:
        """Some cases only."""
        arrays = (self.beta, self.mu, self.s, self.tail, self.integration)
        beta, mu, s, tail, integration = (z[index] for z in arrays)
        path = {name: (value[index], bound[index]) for name, (value, bound) in self.path.items()}
        start, end, status, steps = self.start.select(index), self.end.select(index), self.status[index], self.steps
        return Ended(start, end, beta, mu, s, tail, integration, status, steps[index], path, self.compiled)

    @staticmethod
    def joined(parts: Sequence[Ended]) -> Ended:
        """Batches one after the other."""
        if len(parts) == 1:
            return parts[0]

        def cat(name: str) -> Tensor:
            return torch.cat([getattr(part, name) for part in parts])

        path = {
            name: (torch.cat([p.path[name][0] for p in parts]), torch.cat([p.path[name][1] for p in parts]))
            for name in parts[0].path
        }
        return Ended(
            Weights.joined([p.start for p in parts]),
            Weights.joined([p.end for p in parts]),
            cat("beta"),
            cat("mu"),
            cat("s"),
            cat("tail"),
            cat("integration"),
            tuple(s for p in parts for s in p.status),
            cat("steps"),
            path,
            parts[0].compiled,
        )

    @property
    def facts(self) -> dict[str, Tensor]:
        """What a row says of its engine, (case,) each: 1 for ``compiled`` where a compiled loop trained."""
        compiled = torch.full_like(self.tail, float(self.compiled))
        return {"steps": self.steps, "tail": self.tail, "integration": self.integration, "compiled": compiled}

    @property
    def radius(self) -> Tensor:
        """Bound on the distance to the limit, (case,)."""
        return self.tail + self.integration


def solved(problem: Regression, start: Weights, *, kkt: bool = True, method: int = 0) -> Ended:
    """Where training from these weights ends by the dual oracle; nothing is known of the way there.

    ``method`` 1 factors another way (see `dual.solve`); without ``kkt`` phase and angle are left out.
    """
    nothing = torch.zeros_like(problem.rest)
    phase = start.phase
    if problem.X is None:
        target = torch.asinh(problem.y / start.scale)
        s = (target - phase) / 2
        return _end(problem, start, problem.y, s, nothing, ("ok",) * len(nothing), nothing, kkt=kkt)
    if start.frozen:
        return _frozen(problem, start)
    found = dual.solve(problem.X, problem.y, start.scale, phase, method=method)
    arrays = (found.beta, found.mu, found.bound)
    return _end(problem, start, *arrays, found.status, found.iterations, found.mu_bound, kkt=kkt)


def _end(
    problem: Regression,
    start: Weights,
    beta: Tensor,
    mu: Tensor,
    bound: Tensor,
    status: tuple[str, ...],
    steps: Tensor,
    mu_bound: Tensor | None = None,
    *,
    kkt: bool = True,
) -> Ended:
    """A solved end: its angle is in the row space but for rounding."""
    s = problem.pull(mu)
    loose = torch.zeros_like(bound) if mu_bound is None else mu_bound
    path = {"mu": (mu, (loose + 16 * UNIT * norm(mu))[:, None].expand_as(mu))}
    if kkt:
        angle = start.angle(beta)
        tiny = 64 * UNIT * (norm(angle) + beta.shape[1] ** 0.5)
        wide = torch.ones_like(bound) if problem.X is None else torch.linalg.vector_norm(problem.X, dim=1).amax(dim=1)
        path["phase"] = s, (wide * loose + 16 * UNIT * norm(s))[:, None].expand_as(s)
        path["kkt_gap"] = norm(problem.outside(angle)), tiny
    return Ended(start, start.turned(s), beta, mu, s, bound, torch.zeros_like(bound), status, steps, path)


def _frozen(problem: Regression, start: Weights) -> Ended:
    """Readouts alone: the interpolator of least ``sum (beta_i - beta_i(0))^2 / D_i`` (handbook claim 6.6)."""
    assert problem.X is not None
    half = problem.X * start.speed.sqrt()[:, None, :]
    L = torch.linalg.cholesky_ex(torch.bmm(half, half.mT))[0]
    mu = torch.cholesky_solve(problem.residual(start.beta)[:, :, None], L)[:, :, 0]
    beta = start.beta + start.speed * problem.pull(mu)
    inverse = torch.linalg.solve_triangular(L, torch.eye(L.shape[1]).to(L).expand_as(L), upper=False)
    left = norm(problem.residual(beta)) + problem.rounding(beta)
    error = torch.linalg.matrix_norm(inverse) * left
    tail = start.speed.amax(dim=1).sqrt() * error
    steps = torch.zeros_like(tail)
    return _end(problem, start, beta, mu, tail, ("ok",) * len(tail), steps, torch.linalg.matrix_norm(inverse) * error)
