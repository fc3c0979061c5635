"""Plain gradient descent on a diagonal network's raw weights: gradients written out, or from autograd to confirm them.

All four vectors move at once.  With ``e = step * X' rho`` a step multiplies the conserved quantities by ``1 - e^2``,
A by ``(1 + e)^2`` and B by ``(1 - e)^2`` (handbook claim 1.2): the products are accumulated along the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ftproofs.numeric.diagonal.arrival import Arrival
from ftproofs.numeric.diagonal.compiled import descend_compiled, suits
from ftproofs.numeric.diagonal.conserved import conserved
from ftproofs.numeric.diagonal.ended import Ended
from ftproofs.numeric.diagonal.finish import compare, finish
from ftproofs.numeric.diagonal.network import Weights
from ftproofs.numeric.diagonal.record import Record
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.elementwise import hypot
from ftproofs.numeric.training import flow
from ftproofs.numeric.training.batching import survivors

#: Training goes on until the bound is this small, relative to the case's unit.
AIM = 1e-8

MAX_STEPS = 100_000

#: What happens along the way is looked at every so many steps.
WATCH_EVERY = 16


@dataclass
class Sums:
    """What is summed over the steps: mu (row, n), E (row,); (row, d): s and the logarithms of the three products."""

    mu: Tensor
    energy: Tensor
    s: Tensor
    shrink: Tensor
    grow: Tensor
    fade: Tensor

    def parts(self) -> tuple[Tensor, ...]:
        """All of them."""
        return self.mu, self.energy, self.s, self.shrink, self.grow, self.fade

    def add(self, moving: Tensor | None, eta: Tensor, rho: Tensor, e: Tensor) -> None:
        """One more step of the rows that move; None: of all."""
        square = e * e
        added: tuple[Tensor, ...] = (
            eta[:, None] * rho,
            eta * rho.square().sum(dim=1),
            e,
            torch.log1p(square.neg_()),
            torch.log1p(e).mul_(2),
            torch.log1p(-e).mul_(2),
        )
        parts = self.parts()
        if moving is not None:
            added = tuple(torch.where(moving if new.ndim == 1 else moving[:, None], new, 0.0) for new in added)
        for part, new in zip(parts, added, strict=True):
            part += new


def step_size(problem: Regression, start: Weights, teacher: Tensor, share: Tensor) -> Tensor:
    """The step (case,): ``share`` of ``2 / (s_max(X)^2 max_i D_i)``, ``D_i = 2 sqrt(c_i^2 + b_i^2)``.

    b_i is the larger coefficient of the start and the teacher (case, d).
    """
    b = torch.maximum(start.beta.abs(), teacher.abs())
    largest = 2 * hypot(start.scale, b).amax(dim=1)
    return share * 2 / (problem.steepest() * largest)


def train_descent(
    problem: Regression,
    starts: Sequence[Weights],
    unit: Tensor,
    *,
    teacher: Tensor,
    share: Tensor,
    alone: bool,
    method: int = 0,
    max_steps: int = MAX_STEPS,
    aim: float = AIM,
    engine: str = "",
) -> list[Ended]:
    """Gradient descent from several starts of every case until the residual is gone.

    Args:
        teacher: (case, d), see `step_size`; share: (case,).
        alone: the rows stand for descent at this step itself; else for the flow, and half the step tells how far it is.
        method: 0 gradients written out, 1 from autograd: what a user would write.
        unit, max_steps, aim, engine: as in `train.train_flow`.
    """
    runs = 1 if alone else 2
    if method == 0 and engine != "torch" and suits(problem):
        eta = torch.stack([step_size(problem, start, teacher, share) for start in starts], dim=1)[:, :, None]
        eta = eta / torch.tensor([1.0, 2.0][:runs], dtype=eta.dtype)
        return descend_compiled(problem, starts, unit, eta, aim * unit, max_steps)
    copies = runs * len(starts)
    rows = Weights.woven(starts if alone else [start for start in starts for _ in range(2)])
    index = torch.arange(len(unit), device=unit.device).repeat_interleave(copies)
    repeated = problem.select(index)
    eta = step_size(repeated, rows, teacher[index], share[index])
    if not alone:
        eta[1::2] /= 2
    arrival = Arrival((aim * unit)[index], 1, jump=False, frozen=rows.frozen)
    record = Record(repeated, rows, 1)
    weights, sums, code, steps = _descend(repeated, rows, eta, arrival, record, max_steps, written=method == 0)
    ended = finish(repeated, rows, weights, sums.mu, sums.energy, record, code, steps, jump=False)
    # The iterates go on in steps, not along the flow whose tail was bounded: the squares e^2 come on top.
    ended.tail.mul_(2.0)
    products = conserved(rows, weights, sums.s, (sums.shrink, sums.grow, sums.fade))
    # Every step rounds again.
    ended.path.update({name: (value, _wider(bound, steps)) for name, (value, bound) in products.items()})
    return compare(ended, code, unit, len(starts), exact=alone, single=alone)


def _wider(bound: Tensor, steps: Tensor) -> Tensor:
    factor = 1 + steps / 4
    return bound * (factor if bound.ndim == 1 else factor[:, None])


def _gradients(problem: Regression, weights: Weights, *, written: bool) -> tuple[list[Tensor], Tensor, Tensor]:
    """Minus the loss's gradient in each vector, rho (row, n) and ``X' rho`` (row, d)."""
    if written:
        rho = problem.residual(weights.beta)
        g = problem.pull(rho)
        wp, vp, wm, vm = weights.tensors()
        return [g * vp, g * wp, -g * vm, -g * wm], rho, g
    leaves = [z.detach().requires_grad_() for z in weights.tensors()]
    beta = leaves[0] * leaves[1] - leaves[2] * leaves[3]
    rho = problem.residual(beta)
    loss = rho.square().sum() / 2
    *slopes, pull = torch.autograd.grad(loss, [*leaves, beta])
    return [-slope for slope in slopes], rho.detach(), -pull


def _descend(
    problem: Regression,
    start: Weights,
    eta: Tensor,
    arrival: Arrival,
    record: Record,
    max_steps: int,
    *,
    written: bool,
) -> tuple[Weights, Sums, Tensor, Tensor]:
    """Weights, sums, codes of `flow` and steps of every row."""
    sums = Sums(torch.zeros_like(problem.y), torch.zeros_like(eta), *(torch.zeros_like(start.wp) for _ in range(4)))
    ends, totals = [z.clone() for z in start.tensors()], [z.clone() for z in sums.parts()]
    code = torch.full_like(eta, flow.EXHAUSTED, dtype=torch.int64)
    steps = torch.full_like(eta, float(max_steps))
    alive = torch.arange(len(eta), device=eta.device)
    running = torch.ones_like(eta, dtype=torch.bool)
    weights = start
    moving: Tensor | None = None  # which rows move; None while all do
    for t in range(max_steps + 1):
        slopes, rho, g = _gradients(problem, weights, written=written)
        if t % WATCH_EVERY == 0 or t == max_steps:
            speed = weights.speed
            fall = (speed * g * g).sum(dim=1)
            record.see(alive, running, t * eta, rho, fall, weights.beta)
            state = arrival.state(problem, running, speed, rho, fall)
            state = torch.where(torch.isfinite(fall), state, flow.NOT_FINITE)
            new = running & (state != flow.RUNNING)
            code[alive[new]], steps[alive[new]] = state[new], float(t)
            done = running if t == max_steps else new
            for kept, part in zip((*ends, *totals), (*weights.tensors(), *sums.parts()), strict=True):
                kept[alive[done]] = part[done]
            running = running & ~done
            if not bool(running.any()):
                break
            index = survivors(running)
            if index is not None:
                arrival.keep(index)
                problem, weights, eta = problem.select(index), weights.select(index), eta[index]
                sums = Sums(*(part[index] for part in sums.parts()))
                alive, running, rho, g = alive[index], running[index], rho[index], g[index]
                slopes = [slope[index] for slope in slopes]
                record.attend(alive)
            moving = None if bool(running.all()) else running
        sums.add(moving, eta, rho, eta[:, None] * g)
        size = eta[:, None]
        stepped = [(size * slope).add_(z) for z, slope in zip(weights.tensors(), slopes, strict=True)]
        if moving is not None:
            stepped = [torch.where(moving[:, None], new, z) for new, z in zip(stepped, weights.tensors(), strict=True)]
        wp, vp, wm, vm = stepped
        if start.frozen:
            wp, wm = weights.wp, weights.wm
        weights = Weights(wp, vp, wm, vm, start.frozen)
    wp, vp, wm, vm = ends
    return Weights(wp, vp, wm, vm, start.frozen), Sums(*totals), code, steps
