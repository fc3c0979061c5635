"""Elementary functions whose bits depend on the number alone.

Torch's vectorised ``sinh``, ``cosh``, ``hypot`` and ``pow`` round the last few elements of an array differently from
the others, so that a case's bits would depend on how many neighbours it has; ``exp``, ``expm1`` and ``log`` do not.
"""

from __future__ import annotations

import torch
from torch import Tensor


def sinh(z: Tensor) -> Tensor:
    """Hyperbolic sine, exact to a few units also for small z."""
    return (torch.expm1(z) - torch.expm1(-z)) / 2


def cosh(z: Tensor) -> Tensor:
    """Hyperbolic cosine."""
    return (torch.exp(z) + torch.exp(-z)) / 2


def hypot(x: Tensor, y: Tensor) -> Tensor:
    """``sqrt(x^2 + y^2)`` without overflow."""
    x, y = torch.broadcast_tensors(x.abs(), y.abs())
    large, small = torch.maximum(x, y), torch.minimum(x, y)
    ratio = small / torch.where(large > 0, large, 1.0)
    return large * torch.sqrt(1 + ratio * ratio)


def power(z: Tensor, exponent: float) -> Tensor:
    """``z ** exponent`` for z > 0."""
    return torch.exp(exponent * torch.log(z))


def whole_power(z: Tensor, exponent: int) -> Tensor:
    """``z ** exponent`` for a whole exponent >= 0, by multiplication."""
    product = torch.ones_like(z)
    for _ in range(exponent):
        product = product * z
    return product
