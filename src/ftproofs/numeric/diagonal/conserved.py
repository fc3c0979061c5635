"""Quantities that gradient flow conserves, and how gradient descent shrinks them (handbook claims 1.1 and 1.2)."""

from __future__ import annotations

import torch
from torch import Tensor

from ftproofs.numeric.diagonal.ended import Reading
from ftproofs.numeric.diagonal.network import Weights
from ftproofs.numeric.training.bounds import UNIT


def conserved(
    start: Weights, end: Weights, s: Tensor, products: tuple[Tensor, Tensor, Tensor] | None = None
) -> dict[str, Reading]:
    """Readings with their rounding: maxima (case,), and per coordinate (case, d).

    Args:
        s: (case, d), the time integral of X' rho.
        products: logarithms of the products over the steps of ``1 - e^2``, ``(1 + e)^2`` and ``(1 - e)^2``, each
            (case, d); of a flow ``0``, ``2 s`` and ``-2 s``.
    """
    if start.frozen:
        return {}
    shrink, grow, fade = (torch.zeros_like(s), 2 * s, -2 * s) if products is None else products
    first, last = start.invariants, end.invariants
    product = torch.exp(shrink)
    # The sums of squares that invariants are differences of, at both ends.
    rounding = 16 * UNIT * (start.square + end.square)
    plus, minus, c, _ = first.unbind(dim=1)
    ratio = last[:, 2] / c
    change = torch.maximum((last[:, 0] / last[:, 2] - plus / c).abs(), (last[:, 1] / last[:, 2] - minus / c).abs())
    relative = rounding / c.abs().clamp_min(1e-300)
    share = 1 + torch.maximum(plus.abs(), minus.abs()) / c.abs().clamp_min(1e-300)
    gap = (last - product[:, None] * first).abs().amax(dim=1) / start.square
    (A0, B0), (A1, B1) = start.sums, end.sums
    exponent = 16 * UNIT * (1 + s.abs())
    return {
        "c_drift": ((ratio - 1).abs().amax(dim=1), relative.amax(dim=1)),
        "r_drift": (change.amax(dim=1), (2 * share * relative).amax(dim=1)),
        "drift_gap": (gap.amax(dim=1), (rounding / start.square).amax(dim=1)),
        "c_ratio": (ratio, relative),
        "drift_product": (product, exponent),
        "sum_ratio": (A1 / A0, rounding / A0),
        "sum_product": (torch.exp(grow), exponent * torch.exp(grow)),
        "difference_ratio": (B1 / B0, rounding / B0),
        "difference_product": (torch.exp(fade), exponent * torch.exp(fade)),
    }
