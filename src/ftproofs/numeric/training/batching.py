"""Which cases of a batch are still worth computing, without changing anybody's bits."""

from __future__ import annotations

import torch
from torch import Tensor

#: Finished cases are dropped when at most this share of the batch is left.
WORTHWHILE = 0.7


def survivors(running: Tensor) -> Tensor | None:
    """Indices to go on with when cases have finished, or None to go on with all.

    Batched kernels give a case the same bits in every batch of two or more (they round
    differently for a batch of one), so never fewer than two are kept, a case beside a
    copy of itself if need be.  Elsewhere than on the CPU kernels are chosen by the
    batch's size, so there the batch stays as it is.
    """
    live = torch.nonzero(running)[:, 0]
    count = len(running)
    if running.device.type != "cpu" or count <= 2 or len(live) > WORTHWHILE * count:
        return None
    return live if len(live) > 1 else live.repeat(2)
