"""The regression that a gradient flow sees, and how a pair of runs at two tolerances is judged."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ftproofs.numeric.tasks import Task
from ftproofs.numeric.training import flow
from ftproofs.numeric.training.bounds import UNIT, Span, norm, residual_rounding
from ftproofs.numeric.training.result import ACCEPT, DIVERGED, NOT_CONVERGED, OK, SADDLE, Trained
from ftproofs.numeric.training.trajectory import Trajectory

#: The integration error is estimated by this factor times the difference of the two runs.
SAFETY = 10.0

#: A predictor this small relative to the source, and still shrinking, sits at the saddle.
VANISHED = 1e-9

INTEGRATION_FLAG = "estimated-integration"


@dataclass
class Problem:
    """The regression that the flow sees: at most as many rows as columns.

    X (case, n, d), y (case, n), ``samples`` the number the loss divides by, ``rest`` (case,) the
    squared residual that no predictor changes, ``span`` of X.
    """

    X: Tensor
    y: Tensor
    samples: int
    rest: Tensor
    span: Span

    @classmethod
    def of(cls, task: Task) -> Problem:
        """The task itself, or its exact reduction when n > d."""
        n, d = task.X.shape[1:]
        if n <= d:
            return cls(task.X, task.y, n, torch.zeros_like(task.y[:, 0]), Span.of(task.X))
        U, s, Vh = torch.linalg.svd(task.X, full_matrices=False)
        y = torch.bmm(U.mT, task.y[:, :, None])
        rest = (task.y[:, :, None] - torch.bmm(U, y)).square().sum(dim=(1, 2))
        X = s[:, :, None] * Vh
        problem = cls(X, y[:, :, 0], n, rest, Span.of(X))
        problem.rest = torch.where(rest <= problem.rounding(norm(task.target)) ** 2, 0.0, rest)
        return problem

    def select(self, index: Tensor) -> Problem:
        """Some cases only."""
        return Problem(self.X[index], self.y[index], self.samples, self.rest[index], self.span.select(index))

    def rounding(self, size: Tensor) -> Tensor:
        """Bound on the rounding of a residual of predictors no larger than size (case,)."""
        rows = max(self.samples, self.X.shape[1])
        return 2 * residual_rounding(self.span, size, self.y, rows, self.X.shape[2])


def compare(
    beta: Tensor,
    bound: Tensor,
    code: Tensor,
    steps: Tensor,
    unit: Tensor,
    conserved: Tensor,
    trajectory: Trajectory | None,
    depth: int,
) -> Trained:
    """The tight half of a doubled batch, its integration error estimated from the loose half."""
    count = len(unit)
    tight, loose = slice(None, count), slice(count, None)
    gap = norm(beta[tight] - beta[loose])
    floor = 4 * depth * UNIT * steps[tight] * norm(beta[tight])
    # Linear regression ends in the same place on any path inside the span.
    integration = torch.zeros_like(gap) if depth == 1 else SAFETY * gap + floor
    status = []
    for a, b, good in zip(
        code[tight].tolist(), code[loose].tolist(), (bound[tight] <= ACCEPT * unit).tolist(), strict=True
    ):
        if flow.NOT_FINITE in (a, b):
            status.append(DIVERGED)
        elif a == b == flow.ARRIVED and good:
            status.append(OK)
        else:
            status.append(SADDLE if a == b == flow.AT_SADDLE else NOT_CONVERGED)
    at_saddle = code[tight] == flow.AT_SADDLE
    integration = torch.where(at_saddle, 0.0, integration)
    measured = {} if trajectory is None else trajectory.compare(count, SAFETY, 2 * (bound[tight] + integration))
    flags = () if depth == 1 else (INTEGRATION_FLAG,)
    return Trained(beta[tight], bound[tight], integration, tuple(status), steps[tight], conserved, measured, flags)
