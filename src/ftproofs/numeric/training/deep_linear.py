"""Gradient flow of all weights of a deep linear network to its limit.

The raw weights are integrated at two tolerances side by side; when the bound of
`bounds.path_bounds` says that one min-norm Gauss-Newton step from here ends near
enough the flow's limit, that step is taken.  The confirming method takes its slopes from
automatic differentiation and integrates the whole tail instead.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ftproofs.names import Value
from ftproofs.numeric import networks
from ftproofs.numeric.elementwise import hypot, power
from ftproofs.numeric.tasks import Task
from ftproofs.numeric.training import compiled, flow
from ftproofs.numeric.training.bounds import UNIT, norm, path_bounds
from ftproofs.numeric.training.problem import VANISHED, Problem, compare
from ftproofs.numeric.training.result import ACCEPT, AIM, Trained, scale
from ftproofs.numeric.training.trajectory import Point, Trajectory

#: Local error tolerances, relative to the norm of all weights: the result's, and the one it is compared with.
TOLERANCES = (1e-12, 1e-10)

#: The same where the tail is integrated to the end, so that noise has to stay below the last residual.
TAIL_TOLERANCES = (1e-13, 2e-12)

MAX_STEPS = 12_000


class Network:
    """The flow of a network's weights, flattened layer by layer into z (case, m)."""

    def __init__(
        self,
        problem: Problem,
        weights: list[Tensor],
        source: Tensor,
        target: Tensor,
        rate: float,
        jump: bool,
        recorded: bool = True,
    ) -> None:
        self.shapes = [tuple(W.shape[1:]) for W in weights]
        self.depth = len(weights)
        self.jump, self.rate = jump, rate
        self.whole = (problem, norm(source), target)
        self.attend(torch.arange(len(source), device=source.device))
        self.trajectory: Trajectory | None = None
        if not recorded:
            return
        start = torch.bmm(problem.X, source[:, :, None]) + self.minus_y
        self.trajectory = Trajectory(
            problem.span,
            weights[0],
            source,
            self.depth,
            rest=problem.rest,
            samples=problem.samples,
            initial=start.square().sum(dim=(1, 2)) + problem.rest,
            rounding=problem.rounding(self.source_norm),
            speed=rate,
        )

    def flatten(self, weights: list[Tensor]) -> Tensor:
        """Weights to z."""
        return torch.cat([W.flatten(1) for W in weights], dim=1)

    def bind(self, z: Tensor) -> list[Tensor]:
        """The layers as views of z."""
        views, begin = [], 0
        for rows, columns in self.shapes:
            views.append(z[:, begin : begin + rows * columns].view(-1, rows, columns))
            begin += rows * columns
        return views

    def attend(self, cases: Tensor) -> None:
        """Work on these cases of the whole batch from now on."""
        problem, source_norm, target = self.whole
        self.cases, self.problem = cases, problem.select(cases)
        self.source_norm, self.target = source_norm[cases], target[cases]
        self.push = (-self.rate / problem.samples) * self.problem.X.mT
        self.minus_y = -self.problem.y[:, :, None]
        self.arrays = compiled.arrays(self.problem.X, self.problem.y)

    def keep(self, index: Tensor) -> None:
        self.attend(self.cases[index])
        if self.trajectory is not None:
            self.trajectory.keep(index)

    def slope(self, at: object, out: object) -> None:
        """``W_j' = -(W_1 .. W_{j-1})' g (W_{j+1} .. W_L)'``, g the gradient of the loss in beta."""
        assert isinstance(at, list)
        assert isinstance(out, list)
        tails = [at[-1]]
        for W in at[-2::-1]:
            tails.append(torch.bmm(W, tails[-1]))
        self.layers, self.tails = at, tails
        self.residual = torch.baddbmm(self.minus_y, self.problem.X, tails[-1])
        back = torch.bmm(self.push, self.residual)
        for W, target, tail in zip(at[:-1], out[:-1], tails[-2::-1], strict=True):
            torch.mul(back, tail.mT, out=target)
            back = torch.bmm(W.mT, back)
        out[-1].copy_(back)

    def stages(self, start: Tensor, h: Tensor, K: Tensor, move: Tensor) -> None:
        """`flow.Stages` by a compiled loop."""
        compiled.stages(self.arrays, self.shapes, self.rate / self.problem.samples, start, h, K, move)

    def look(self, slope: Tensor) -> Point:
        """The network where the last slope was taken."""
        slopes = self.bind(slope)
        change = slopes[-1]
        for W, S, tail in zip(self.layers[-2::-1], slopes[-2::-1], self.tails[:-1], strict=True):
            change = torch.baddbmm(torch.bmm(S, tail), W, change)
        beta = self.tails[-1]
        growth = (beta * change).sum(dim=(1, 2))
        return Point(beta, norm(beta), growth, self.layers[0], norm(self.residual), slope.square().sum(dim=1))

    def watch(self, z: Tensor, t: Tensor, slope: Tensor, moved: Tensor, h: Tensor, begin: Tensor) -> Tensor:
        point = self.look(slope)
        size, residual = point.size, point.residual
        gain = norm(self.tails[-2]) if self.depth > 1 else torch.ones_like(size)
        sizes = torch.stack([norm(W) for W in self.layers], dim=1)
        if self.trajectory is not None:
            self.trajectory.record(moved, t, h, point, begin)
        upper = residual + self.problem.rounding(size)
        plain, jumped = path_bounds(self.depth, upper, self.problem.span.smallest, gain, sizes.amax(dim=1))
        near = jumped if self.jump else plain
        state = torch.where(near <= self.target, flow.ARRIVED, flow.RUNNING)
        if self.depth > 1:
            small = VANISHED * self.source_norm
            # All layers small together: near the saddle at the origin, not a sign change of one of them.
            gone = (size <= small) & (sizes.amax(dim=1) <= 2 * power(small, 1 / self.depth))
            inward = (z * slope).sum(dim=1) <= 0
            state = torch.where(gone & inward & (state == flow.RUNNING), flow.AT_SADDLE, state)
        return state


class AutogradNetwork(Network):
    """The same flow, its slopes by automatic differentiation of the loss."""

    def slope(self, at: object, out: object) -> None:
        """Minus the gradient of the loss in each layer."""
        assert isinstance(at, list)
        assert isinstance(out, list)
        leaves = [W.detach().requires_grad_() for W in at]
        tails = [leaves[-1]]
        for W in leaves[-2::-1]:
            tails.append(torch.bmm(W, tails[-1]))
        residual = torch.bmm(self.problem.X, tails[-1]) + self.minus_y
        loss = residual.square().sum() / (2 * self.problem.samples)
        for target, gradient in zip(out, torch.autograd.grad(loss, leaves), strict=True):
            torch.mul(gradient, -self.rate, out=target)
        self.layers, self.tails, self.residual = at, [v.detach() for v in tails], residual.detach()


def factors(problem: Problem, weights: list[Tensor]) -> tuple[list[Tensor], list[Tensor], Tensor]:
    """``X W_1 .. W_{j-1}``, ``W_{j+1} .. W_L`` and ``J J'`` for the Jacobian J of ``X W_1 .. W_L``, (case, n, n)."""
    right = [torch.ones_like(weights[-1][:, :1])]
    for W in weights[:0:-1]:
        right.insert(0, torch.bmm(W, right[0]))
    left = [problem.X]
    for W in weights[:-1]:
        left.append(torch.bmm(left[-1], W))
    gram = torch.zeros_like(torch.bmm(problem.X, problem.X.mT))
    for A, v in zip(left, right, strict=True):
        gram = gram + v.square().sum(dim=(1, 2), keepdim=True) * torch.bmm(A, A.mT)
    return left, right, gram


def tail_jump(problem: Problem, weights: list[Tensor]) -> tuple[list[Tensor], Tensor]:
    """The min-norm Gauss-Newton step ``D = -J^+ r`` for ``J = X d(beta)/dW``, and ``|J D + r|`` (case,)."""
    left, right, gram = factors(problem, weights)
    residual = torch.baddbmm(-problem.y[:, :, None], left[0], networks.predictor(weights)[:, :, None])
    factor, _ = torch.linalg.cholesky_ex(gram)
    weight = torch.cholesky_solve(-residual, factor)
    jump = [torch.bmm(torch.bmm(A.mT, weight), v.mT) for A, v in zip(left, right, strict=True)]
    reached = residual
    for A, D, v in zip(left, jump, right, strict=True):
        reached = reached + torch.bmm(torch.bmm(A, D), v)
    return jump, norm(reached)


def train_deep_linear(
    task: Task,
    parameters: list[dict[str, Value]],
    *,
    method: int = 0,
    rate: float = 1.0,
    max_steps: int | None = None,
    aim: float = AIM,
    tolerances: tuple[float, float] | None = None,
    weights: list[Tensor] | None = None,
) -> Trained:
    """Gradient flow from the start `networks.finetuning_start`, certified.

    Args:
        method: 0 written slopes and a tail jump, 1 slopes from autograd and no jump.
        rate: factor on the flow's speed; 0 trains nothing.
        max_steps: steps after which a case is given up.
        aim: bound at which a case stops, relative to the smaller teacher norm.
        tolerances: the result's, and the looser one that it is compared with.
        weights: another start, whose predictor is the task's source; nothing is measured along the way then.
    """
    count = len(task)
    recorded = weights is None
    weights = networks.finetuning_start(task, parameters) if weights is None else weights
    unit = scale(task, parameters)
    problem = Problem.of(task)
    twice = torch.arange(count, device=unit.device).repeat(2)
    both, doubled = problem.select(twice), [W[twice] for W in weights]
    # For linear regression the jump would be the whole training.
    jump = len(weights) > 1 and method == 0
    if not jump:
        aim = max(aim, ACCEPT / 2)
    tolerances = tolerances or (TOLERANCES if jump else TAIL_TOLERANCES)
    kind = AutogradNetwork if method else Network
    network = kind(both, doubled, task.source[twice], aim * unit[twice], rate, jump, recorded)
    tolerance = torch.tensor(tolerances, dtype=unit.dtype, device=unit.device).repeat_interleave(count)
    start = network.flatten(doubled)
    limit = MAX_STEPS if max_steps is None else max_steps
    quick = network.stages if kind is Network and compiled.suits(problem.X, start) else None
    z, code, steps = flow.integrate(network, start, norm(start), tolerance, limit, quick=quick)
    ends, trajectory = network.bind(z), network.trajectory
    beta, bound, jumped = finish(both, ends, code, task.source[twice], jump)
    if trajectory is not None:
        _, _, gram = factors(both, jumped)
        least = torch.linalg.eigvalsh(torch.where(torch.isfinite(gram), gram, 0.0))[:, 0].clamp_min(0).sqrt()
        trajectory.refine(network)
        trajectory.finish(beta, jumped[0], least, code == flow.ARRIVED, code == flow.AT_SADDLE)
    conserved = drift(weights, [W[:count] for W in jumped])
    return compare(beta, bound, code, steps, unit, conserved, trajectory, len(weights))


def finish(
    problem: Problem, ends: list[Tensor], code: Tensor, source: Tensor, jump: bool
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Jump where a case arrived; its predictor (case, d), bound (case,) and weights."""
    depth = len(ends)
    beta = networks.predictor(ends)
    residual = torch.baddbmm(-problem.y[:, :, None], problem.X, beta[:, :, None])
    rounding = problem.rounding(norm(beta))
    gain = norm(networks.predictor(ends[1:])) if depth > 1 else torch.ones_like(rounding)
    largest = torch.stack([norm(W) for W in ends], dim=1).amax(dim=1)
    smallest = problem.span.smallest
    plain, quadratic = path_bounds(depth, norm(residual) + rounding, smallest, gain, largest)
    if depth == 1:
        # The limit does not depend on the path as long as it stays inside the span.
        moved = beta - source
        drifted = norm(problem.span.outside(moved[:, :, None])) + problem.span.tilt() * norm(moved)
        return beta, hypot(plain, drifted), ends
    arrived = code == flow.ARRIVED
    at_saddle = code == flow.AT_SADDLE
    if not jump:
        return beta, torch.where(at_saddle, norm(beta), plain), ends
    steps, missed = tail_jump(problem, ends)
    ends = [torch.where(arrived[:, None, None], W + D, W) for W, D in zip(ends, steps, strict=True)]
    moved = torch.where(arrived[:, None], networks.predictor(ends), beta)
    lipschitz = math.sqrt(depth) * power(largest + 2 * norm(residual) / smallest / gain, depth - 1)
    inexact = lipschitz * (rounding + missed) / (smallest * gain) + 4 * depth * UNIT * problem.X.shape[2] * power(
        largest, depth
    )
    return moved, torch.where(arrived, quadratic + inexact, torch.where(at_saddle, norm(beta), plain)), ends


def drift(start: list[Tensor], end: list[Tensor]) -> Tensor:
    """Largest change of the conserved ``W_j' W_j - W_{j+1} W_{j+1}'``, relative to all weights' squared norm."""
    size = sum(W.square().sum(dim=(1, 2)) for W in start)
    assert isinstance(size, Tensor)
    pairs = zip(networks.imbalances(start), networks.imbalances(end), strict=True)
    changes = [norm(b - a) / size for a, b in pairs]
    return torch.stack([torch.zeros_like(size), *changes]).amax(dim=0)
