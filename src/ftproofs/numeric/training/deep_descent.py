"""Plain gradient descent on all weights of a deep linear network, with gradients from autograd.

What a user would write.  A finite step ends away from the flow's limit by an error in
proportion to the step; so each case is trained at step ``eta`` and at half of it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ftproofs.names import Value
from ftproofs.numeric import networks
from ftproofs.numeric.elementwise import power
from ftproofs.numeric.tasks import Task
from ftproofs.numeric.training import flow
from ftproofs.numeric.training.bounds import Span, norm, path_bounds
from ftproofs.numeric.training.deep_linear import drift
from ftproofs.numeric.training.problem import Problem, compare
from ftproofs.numeric.training.result import ACCEPT, Trained, scale
from ftproofs.numeric.training.trajectory import Point, Trajectory

#: The step, in units of 2 over a bound of the loss's largest curvature at the start.
ETA = 0.25

MAX_STEPS = 60_000

#: What happens along the way is looked at every so many steps.
WATCH_EVERY = 8


def curvature(span: Span, weights: list[Tensor], residual: Tensor, samples: int) -> Tensor:
    """Upper bound of the largest eigenvalue of the loss's Hessian at the weights, (case,).

    ``(L M^(2L-2) s_max^2 + (L-1) M^(L-2) s_max |r|) / n`` with M the largest layer's norm.
    """
    L = len(weights)
    M = torch.stack([norm(W) for W in weights], dim=1).amax(dim=1)
    top = span.largest
    return (L * power(M, 2 * L - 2) * top**2 + (L - 1) * power(M, max(L - 2, 0)) * top * residual) / samples


def descend_deep_linear(
    task: Task,
    parameters: list[dict[str, Value]],
    *,
    eta: float = ETA,
    rate: float = 1.0,
    max_steps: int | None = None,
    weights: list[Tensor] | None = None,
) -> Trained:
    """Gradient descent until the residual is gone; the result is that of the step ``eta``.

    ``integration`` is 10 times the difference to the endpoint at half the step.  ``weights`` is another
    start, whose predictor is the task's source; nothing is measured along the way then.
    """
    count = len(task)
    twice = torch.arange(count, device=task.X.device).repeat(2)
    recorded = weights is None
    start = networks.finetuning_start(task, parameters) if weights is None else weights
    problem = Problem.of(task).select(twice)
    unit, source = scale(task, parameters), task.source[twice]
    first_residual = torch.bmm(problem.X, source[:, :, None])[:, :, 0] - problem.y
    weights = [W[twice] for W in start]
    size = rate * eta * 2 / curvature(problem.span, weights, norm(first_residual), problem.samples)
    size[count:] /= 2
    trajectory = (
        None
        if not recorded
        else Trajectory(
            problem.span,
            weights[0],
            source,
            len(start),
            rest=problem.rest,
            samples=problem.samples,
            initial=first_residual.square().sum(dim=1) + problem.rest,
            rounding=problem.rounding(norm(source)),
            speed=rate,
        )
    )
    ends, code, steps = _descend(
        problem, weights, size, ACCEPT / 2 * unit[twice], trajectory, MAX_STEPS if max_steps is None else max_steps
    )
    beta = networks.predictor(ends)
    plain = _distance(problem, ends, beta)
    if trajectory is not None:
        nothing = torch.full_like(plain, torch.inf)
        trajectory.finish(beta, ends[0], nothing, code == flow.ARRIVED, torch.zeros_like(code, dtype=torch.bool))
    conserved = drift(start, [W[:count] for W in ends])
    return compare(beta, plain, code, steps, unit, conserved, trajectory, len(start))


def _distance(problem: Problem, weights: list[Tensor], beta: Tensor) -> Tensor:
    residual = torch.bmm(problem.X, beta[:, :, None])[:, :, 0] - problem.y
    gain = norm(networks.predictor(weights[1:])) if len(weights) > 1 else torch.ones_like(residual[:, 0])
    largest = torch.stack([norm(W) for W in weights], dim=1).amax(dim=1)
    upper = norm(residual) + problem.rounding(norm(beta))
    return path_bounds(len(weights), upper, problem.span.smallest, gain, largest)[0]


def _descend(
    problem: Problem,
    weights: list[Tensor],
    size: Tensor,
    target: Tensor,
    trajectory: Trajectory | None,
    max_steps: int,
) -> tuple[list[Tensor], Tensor, Tensor]:
    """Endpoints of all cases, how each ended (codes of `flow`) and its steps."""
    depth = len(weights)
    code = torch.full_like(size, flow.EXHAUSTED, dtype=torch.int64)
    steps = torch.full_like(size, float(max_steps))
    running = torch.ones_like(size, dtype=torch.bool)
    step = size[:, None, None]
    for t in range(max_steps + 1):
        leaves = [W.requires_grad_() for W in weights]
        beta = networks.predictor(leaves)
        residual = torch.bmm(problem.X, beta[:, :, None])[:, :, 0] - problem.y
        gradients = torch.autograd.grad(residual.square().sum() / (2 * problem.samples), leaves)
        weights = [W.detach() for W in leaves]
        if t % WATCH_EVERY == 0 or t == max_steps:
            beta, residual = beta.detach(), residual.detach()
            if trajectory is not None:
                speed = torch.stack([g.square().sum(dim=(1, 2)) for g in gradients]).sum(dim=0)
                point = Point(beta[:, :, None], norm(beta), torch.zeros_like(size), weights[0], norm(residual), speed)
                trajectory.record(running, t * size, size, point, None)
            gain = norm(networks.predictor(weights[1:])) if depth > 1 else torch.ones_like(size)
            largest = torch.stack([norm(W) for W in weights], dim=1).amax(dim=1)
            upper = norm(residual) + problem.rounding(norm(beta))
            near, _ = path_bounds(depth, upper, problem.span.smallest, gain, largest)
            arrived, lost = running & (near <= target), running & ~torch.isfinite(upper)
            code = torch.where(arrived, flow.ARRIVED, torch.where(lost, flow.NOT_FINITE, code))
            steps = torch.where(arrived | lost, float(t), steps)
            running = running & ~arrived & ~lost
            if t == max_steps or not bool(running.any()):
                break
        moving = running[:, None, None]
        weights = [torch.where(moving, W - step * g, W) for W, g in zip(weights, gradients, strict=True)]
    return weights, code, steps
