"""Flows of deep linear networks by the compiled loops of `numeric.loops`: from tensors to arrays and back.

Which engine follows a network is decided by its own size and the device, never by its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence

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
