"""Which cases of a batch are still worth computing, without changing anybody's bits."""

from __future__ import annotations

import torch
from torch import Tensor

#: Finished cases are dropped when at most this share of the batch is left.
WORTHWHILE = 0.7


def survivors(running: Tensor, group: int = 1) -> Tensor | None:
    """Indices to go on with when cases have finished, or None to go on with all.

    ``group`` consecutive cases stay together until all of them have finished.

    Batched kernels give a case the same bits in every batch of two or more (they round
    differently for a batch of one), so never fewer than two are kept, a case beside a
    copy of itself if need be.  Elsewhere than on the CPU kernels are chosen by the
    batch's size, so there the batch stays as it is.
    """
    groups = running.view(-1, group).any(dim=1)
    live = torch.nonzero(groups)[:, 0]
    count = len(groups)
    if running.device.type != "cpu" or count <= 2 or len(live) > WORTHWHILE * count:
        return None
    live = live if len(live) > 1 else live.repeat(2)
    return live if group == 1 else (live[:, None] * group + torch.arange(group, device=live.device)).flatten()
