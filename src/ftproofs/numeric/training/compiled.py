"""Flows of deep linear networks by the compiled loops of `numeric.loops`: from tensors to arrays and back.

Which engine follows a network is decided by its own size and the device, never by its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

#: Networks or designs with more numbers than this are left to torch, whose products of matrices are quicker there.
LARGEST = 1 << 15

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


def suits(X: Tensor, z: Tensor) -> bool:
    """Whether networks of weights z (case, m) on designs X (case, n, d) are followed by the compiled loop."""
    return X.device.type == "cpu" and X.dtype == torch.float64 and max(X[0].numel(), z.shape[1]) <= LARGEST


def arrays(X: Tensor, y: Tensor) -> Arrays:
    """Designs, the same turned over, and labels, as `loops.layers.stages` takes them."""
    return X.contiguous().numpy(), X.mT.contiguous().numpy(), y.contiguous().numpy()


def stages(
    arrays: Arrays,
    shapes: Sequence[tuple[int, ...]],
    speed: float,
    start: Tensor,
    h: Tensor,
    K: Tensor,
    move: Tensor,
) -> None:
    """The stages of one step of every case; see `loops.layers.stages`."""
    from ftproofs.numeric.loops.layers import stages as follow

    follow(*arrays, np.array(shapes), speed, start.numpy(), h.numpy(), K.numpy(), move.numpy())


@dataclass(frozen=True)
class Rules:
    """Of `spectral.integrate`: the most and the least that a step may be longer by, when Newton's method has converged
    and how many iterations it has, and the most steps."""

    growth: float
    shrink: float
    still: float
    iterations: int
    max_steps: int


def integrates(alpha: Tensor) -> bool:
    """Whether networks with channels alpha (case, n) are followed by `loops.spectral`."""
    return alpha.device.type == "cpu" and alpha.dtype == torch.float64


def integrate(
    cases: tuple[Tensor, ...], depth: int, rate: float, rules: Rules, method: tuple[np.ndarray, ...]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """alpha (case, n) and m at the ends, whether each arrived, and steps tried (case,).

    Args:
        cases: s, b, alpha (case, n); m, the first steps, targets and tolerances (case,).
        method: `spectral.responses`.
    """
    from ftproofs.numeric.loops.spectral import integrated

    s, b, begin, target, tolerance = (cases[k].contiguous().numpy() for k in (0, 1, 4, 5, 6))
    alpha, m = (cases[k].clone(memory_format=torch.contiguous_format) for k in (2, 3))
    arrived, steps = integrated(
        s,
        b,
        alpha.numpy(),
        m.numpy(),
        begin,
        target,
        tolerance,
        depth,
        float(rate),
        rules.growth,
        rules.shrink,
        rules.still,
        rules.iterations,
        rules.max_steps,
        *method,
    )
    return alpha, m, torch.from_numpy(arrived), torch.from_numpy(steps)
