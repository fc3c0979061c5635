"""Full-batch gradient descent of many small networks at once, each with a step of its own, to a loss of its own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ftproofs.numeric.training.batching import survivors
from ftproofs.numeric.training.result import DIVERGED, NOT_CONVERGED, OK

Weights = tuple[Tensor, ...]

#: From weights and data to losses (case,) and their gradients.
Loss = Callable[[Weights, Weights], tuple[Tensor, Weights]]

#: What a step that lowers the loss is multiplied by, and one that does not.
LONGER, SHORTER = 1.2, 0.5

FIRST_STEP = 0.1
MAX_STEPS = 4000


@dataclass(frozen=True)
class Descended:
    """Where a batch of networks ended: weights and losses (case, ...), the case first."""

    weights: Weights
    loss: Tensor
    status: tuple[str, ...]
    steps: Tensor


def descend(
    loss: Loss, start: Weights, data: Weights, goal: float, *, max_steps: int = MAX_STEPS, longest: float = math.inf
) -> Descended:
    """Steps against the gradient until the loss is at most ``goal``.

    A step that does not lower the loss is taken back and halved, one that does lets the
    next be longer by a fifth.  Nothing of a case depends on another one.

    Args:
        start, data: tensors with the case as first axis.
        goal: of the loss; cases that do not get there in ``max_steps`` have not converged.
        longest: a step's size at most; short ones follow the gradient's flow.
    """
    weights, count = start, len(start[0])
    value, slope = loss(weights, data)
    step = torch.full_like(value, FIRST_STEP)
    end, last = [w.clone() for w in weights], value.clone()
    taken = torch.full_like(value, float(max_steps))
    alive = torch.arange(count, device=value.device)
    for t in range(max_steps + 1):
        stop = (value <= goal) | ~torch.isfinite(value) | (t == max_steps)
        new = stop & (taken[alive] == max_steps)
        for kept, w in zip(end, weights, strict=True):
            kept[alive[new]] = w[new]
        last[alive[new]] = value[new]
        taken[alive[new]] = float(t)
        if bool(stop.all()):
            break
        index = survivors(~stop)
        if index is not None:
            weights, slope, data = (tuple(x[index] for x in group) for group in (weights, slope, data))
            value, step, alive = value[index], step[index], alive[index]
        tried = tuple(w - _like(step, w) * g for w, g in zip(weights, slope, strict=True))
        next_value, next_slope = loss(tried, data)
        # A stopped case stays where it is.
        lower = (next_value < value) & (value > goal)
        weights = tuple(torch.where(_like(lower, w), a, w) for a, w in zip(tried, weights, strict=True))
        slope = tuple(torch.where(_like(lower, g), a, g) for a, g in zip(next_slope, slope, strict=True))
        value = torch.where(lower, next_value, value)
        step = (step * torch.where(lower, LONGER, SHORTER)).clamp_max(longest)
    status = tuple(
        OK if done else NOT_CONVERGED if finite else DIVERGED
        for done, finite in zip((last <= goal).tolist(), torch.isfinite(last).tolist(), strict=True)
    )
    return Descended(tuple(end), last, status, taken)


def _like(number: Tensor, array: Tensor) -> Tensor:
    return number.view(-1, *[1] * (array.dim() - 1))
