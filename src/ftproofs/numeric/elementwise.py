"""Powers whose bits do not depend on where in a tensor a number stands.

Vectorised powers round differently from the scalar ones that finish a tensor's last few numbers,
so those are computed with others that fill the vectors up.
"""

from __future__ import annotations

import torch
from torch import Tensor

#: Numbers that the widest vector units take at a time.
LANES = 16


def power(z: Tensor, exponent: float) -> Tensor:
    """``z ** exponent``, elementwise."""
    flat = z.reshape(-1)
    filled = torch.nn.functional.pad(flat, (0, -flat.numel() % LANES), value=1.0)
    return torch.pow(filled, exponent)[: flat.numel()].reshape(z.shape)
