"""Pretraining: gradient flow of all weights on the source loss, from a small random start to its limit.

The source is the population, with the loss ``|W_1 .. W_L - theta|^2 / 2`` (isotropic inputs), or
samples, with ``|X W_1 .. W_L - y|^2 / (2 n)``.  Weights are integrated at two tolerances side by
side until `bounds.path_bounds` certifies that the path that is left is short.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ftproofs.numeric import networks
from ftproofs.numeric.elementwise import power
from ftproofs.numeric.tasks import Task
from ftproofs.numeric.training import flow
from ftproofs.numeric.training.bounds import UNIT, norm, path_bounds
from ftproofs.numeric.training.deep_linear import MAX_STEPS
from ftproofs.numeric.training.problem import SAFETY, Problem
from ftproofs.numeric.training.result import ACCEPT, DIVERGED, NOT_CONVERGED, OK

#: Local error tolerances relative to the weights at the end: the result's, and the one it is compared with.
TOLERANCES = (3e-14, 3e-13)


#: Where pretraining on the population from a small start stops, relative to the source's norm.
NEAR = 1e-11


@dataclass(frozen=True)
class Pretrained:
    """Weights where pretraining ended, (case, rows, columns) float64, and what is known of them.

    ``beta`` (case, d) is the weights' predictor, at most ``bound`` (case,) from the limit that the flow
    approaches; ``spread`` (case,) is an estimate of how far the weights themselves are from it.  ``start`` are
    the weights that training started from (the same where the network is made, not trained),
    ``teacher`` (case, d) is the source teacher.
    """

    weights: list[Tensor]
    start: list[Tensor]
    teacher: Tensor
    beta: Tensor
    bound: Tensor
    spread: Tensor
    status: tuple[str, ...]
    steps: Tensor


class _Source:
    """The source loss's residual and its pull on the predictor; population (X None) or samples."""

    def __init__(self, task: Task | None, teacher: Tensor) -> None:
        self.problem = None if task is None else Problem.of(task)
        self.teacher = teacher[:, :, None]

    def select(self, index: Tensor) -> _Source:
        """Some cases only."""
        chosen = object.__new__(_Source)
        chosen.teacher = self.teacher[index]
        chosen.problem = None if self.problem is None else self.problem.select(index)
        return chosen

    def residual(self, beta: Tensor) -> tuple[Tensor, Tensor]:
        """Residual (case, k, 1) at beta (case, d, 1), and minus the loss's gradient in beta."""
        if self.problem is None:
            residual = beta - self.teacher
            return residual, -residual
        residual = torch.bmm(self.problem.X, beta) - self.problem.y[:, :, None]
        return residual, torch.bmm(self.problem.X.mT, residual) / -self.problem.samples

    def upper(self, residual: Tensor, size: Tensor) -> tuple[Tensor, Tensor | float]:
        """Upper bound of the residual's norm, and a lower bound of the design's least singular value."""
        if self.problem is None:
            return norm(residual) + 4 * UNIT * (size + norm(self.teacher)), 1.0
        return norm(residual) + self.problem.rounding(size), self.problem.span.smallest


class _Flow:
    """The flow of all weights, flattened into z (case, m)."""

    def __init__(self, source: _Source, shapes: list[tuple[int, int]], target: Tensor, rate: float, autograd: bool):
        self.source, self.shapes, self.target, self.rate, self.autograd = source, shapes, target, rate, autograd

    def bind(self, z: Tensor) -> list[Tensor]:
        """The layers as views of z."""
        views, begin = [], 0
        for rows, columns in self.shapes:
            views.append(z[:, begin : begin + rows * columns].view(-1, rows, columns))
            begin += rows * columns
        return views

    def keep(self, index: Tensor) -> None:
        self.source, self.target = self.source.select(index), self.target[index]

    def slope(self, at: object, out: object) -> None:
        """``W_j' = -(W_1 .. W_{j-1})' g (W_{j+1} .. W_L)'``, g the gradient of the loss in beta."""
        assert isinstance(at, list)
        assert isinstance(out, list)
        layers = [W.detach().requires_grad_() for W in at] if self.autograd else at
        tails = [layers[-1]]
        for W in layers[-2::-1]:
            tails.append(torch.bmm(W, tails[-1]))
        residual, back = self.source.residual(tails[-1])
        if self.autograd:
            samples = 1 if self.source.problem is None else self.source.problem.samples
            loss = residual.square().sum() / (2 * samples)
            for target, gradient in zip(out, torch.autograd.grad(loss, layers), strict=True):
                torch.mul(gradient, -self.rate, out=target)
        else:
            back = self.rate * back
            for W, target, tail in zip(at[:-1], out[:-1], tails[-2::-1], strict=True):
                torch.mul(back, tail.mT, out=target)
                back = torch.bmm(W.mT, back)
            out[-1].copy_(back)
        self.at, self.tails, self.residual = at, [v.detach() for v in tails], residual.detach()

    def watch(self, z: Tensor, t: Tensor, slope: Tensor, moved: Tensor, h: Tensor, begin: Tensor) -> Tensor:
        return torch.where(self.distance() <= self.target, flow.ARRIVED, flow.RUNNING)

    def distance(self) -> Tensor:
        """Bound on the predictor's distance to the flow's limit, where the last slope was taken; (case,)."""
        size = norm(self.tails[-1])
        upper, smallest = self.source.upper(self.residual, size)
        gain = norm(self.tails[-2]) if len(self.tails) > 1 else torch.ones_like(size)
        largest = torch.stack([norm(W) for W in self.at], dim=1).amax(dim=1)
        return path_bounds(len(self.tails), upper, torch.as_tensor(smallest), gain, largest)[0]


def pretrain(
    teacher: Tensor,
    weights: list[Tensor],
    unit: Tensor,
    *,
    task: Task | None = None,
    method: int = 0,
    rate: float = 1.0,
    max_steps: int | None = None,
) -> Pretrained:
    """Gradient flow from the weights until the predictor's distance to the limit is certified.

    Args:
        teacher: (case, d), the source teacher.
        weights: where to start.
        unit: (case,), the norm that errors are relative to.
        task: the source samples; None for the population.
        method: 0 written slopes, 1 slopes by automatic differentiation.
        rate: factor on the flow's speed; 0 trains nothing.
        max_steps: steps after which a case is given up.
    """
    count = len(teacher)
    twice = torch.arange(count, device=teacher.device).repeat(2)
    source = _Source(task, teacher)
    shapes = [(W.shape[1], W.shape[2]) for W in weights]
    # The population's residual can be followed far where the start is small, others drown in rounding before.
    room = power((norm(weights[0]) / power(unit, 1 / len(weights))).clamp_min(1.0), 4)
    near = (NEAR * room).clamp_max(ACCEPT / 2) if task is None else torch.full_like(unit, ACCEPT / 2)
    target = (near * unit)[twice]
    system = _Flow(source.select(twice), shapes, target, rate, method == 1)
    start = torch.cat([W.flatten(1) for W in weights], dim=1)[twice]
    size = torch.maximum(norm(start), power(unit, 1 / len(weights))[twice])
    tolerance = torch.tensor(TOLERANCES, dtype=unit.dtype, device=unit.device).repeat_interleave(count)
    z, code, steps = flow.integrate(system, start, size, tolerance, MAX_STEPS if max_steps is None else max_steps)
    last = _Flow(source.select(twice), shapes, target, rate, False)
    ends = last.bind(z)
    last.slope(ends, last.bind(torch.empty_like(z)))
    near = last.distance()
    status = []
    for a, b, good in zip(
        code[:count].tolist(), code[count:].tolist(), (near[:count] <= target[:count]).tolist(), strict=True
    ):
        lost = flow.NOT_FINITE in (a, b)
        status.append(DIVERGED if lost else OK if a == b == flow.ARRIVED and good else NOT_CONVERGED)
    tight = [W[:count].clone() for W in ends]
    largest = torch.stack([norm(W) for W in tight], dim=1).amax(dim=1)
    left = near[:count] / power(largest, len(tight) - 1)
    spread = SAFETY * norm(z[:count] - z[count:]) + 4 * UNIT * steps[:count] * norm(z[:count]) + left
    return Pretrained(
        tight, weights, teacher, networks.predictor(tight), near[:count], spread, tuple(status), steps[:count]
    )
