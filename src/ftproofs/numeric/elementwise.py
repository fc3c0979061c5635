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
    """``z ** exponent``: a whole exponent by multiplication, whatever the sign of z, any other for z > 0."""
    if exponent == 0.5:
        return torch.sqrt(z)
    if exponent != int(exponent):
        return torch.exp(exponent * torch.log(z))
    if exponent < 0:
        return 1 / power(z, -exponent)
    product, square, left = torch.ones_like(z), z, int(exponent)
    while left:
        if left % 2:
            product = product * square
        left //= 2
        square = square * square if left else square
    return product
