"""Gradient descent with one fixed step on all weights of a linear network: what a user would write.

A finite step ends away from the flow's limit by an error in proportion to the step; nothing is certified.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ftproofs.numeric import networks
from ftproofs.numeric.training.bounds import norm

#: The loss is looked at every so many steps.
WATCH_EVERY = 100

#: Every case's gradient is this small where descent ends.
TOLERANCE = 1e-5


def descend(
    weights: list[Tensor],
    step: float,
    *,
    teacher: Tensor | None = None,
    X: Tensor | None = None,
    y: Tensor | None = None,
    tolerance: float = TOLERANCE,
    max_steps: int = 100_000,
) -> tuple[list[Tensor], Tensor, int]:
    """Steps of autograd's gradient until every case's loss has stopped falling.

    The loss is ``|beta - teacher|^2 / 2``, the population's, or ``|X beta - y|^2 / (2 n)``.

    Args:
        weights: (case, rows, columns) each, see `networks`.
        teacher: (case, d); or X (case, n, d) and y (case, n).
        tolerance: on the gradient's norm in all weights.

    Returns:
        the weights, the gradient's norm where it ended (case,), infinite before the first look, and the steps taken.
    """
    sharp = torch.full_like(weights[0][:, 0, 0], torch.inf)
    for t in range(max_steps):
        leaves = [W.requires_grad_() for W in weights]
        beta = networks.predictor(leaves)
        if teacher is not None:
            loss = (beta - teacher).square().sum() / 2
        else:
            assert X is not None
            assert y is not None
            loss = (torch.bmm(X, beta[:, :, None])[:, :, 0] - y).square().sum() / (2 * X.shape[1])
        gradients = torch.autograd.grad(loss, leaves)
        # At the small start the gradient is small as well: it has to have grown first.
        if t and t % WATCH_EVERY == 0:
            before, sharp = sharp, torch.stack([norm(g) for g in gradients], dim=1).amax(dim=1)
            falling = torch.isfinite(before) & (sharp < before)
            if bool((falling & (sharp <= tolerance)).all()):
                return [W.detach() for W in leaves], sharp, t
        weights = [(W - step * g).detach() for W, g in zip(leaves, gradients, strict=True)]
    return weights, sharp, max_steps
