"""Gradient descent on the first layer, and a certificate of how far it is from its limit, kinks included.

Loss ``|rho|^2 / 2``, ``rho = f(X) - y``, step ``eta`` one over the largest eigenvalue of the start's kernel matrix.

**Certificate.**  Let s be the largest singular value of X, whose rows have unit length.  One step moves each
neuron by at most ``eta s |rho| / sqrt(m)`` and all of them together by at most ``eta s |rho|``.  Suppose that
from here on ``|rho|`` shrinks by a factor q at least every step; then no neuron moves further than
``R = eta s |rho| / (sqrt(m) (1 - q))`` in all.  A neuron is *sure* if ``|w_j'x_i| > R`` for all i: its pattern never
changes again.  The sure neurons act on the residual as ``I - eta H``, H being their part of the kernel
matrix.  Each of the k others takes part in the step with some share of its kernel matrix in each row, between the
shares before and after, whose product with rho is at most ``s^2 |rho| / m``.  So the residual shrinks by

    q = max |1 - eta lambda(H)| + eta k s^2 / m,

and if q < 1 is consistent with R, induction over the steps makes all of this true.  The limit of this descent is then
within ``eta s |rho| / (1 - q)`` of the weights, and its function within the same of the function at every input of
unit length.  In narrow networks some neurons slide along a kink until the end, and no q < 1 may be found: training
then stops at a residual of rounding, and the bound is infinite.  Nothing is said about the gradient flow: with kinks
on its way no bound on its distance is known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ftproofs.numeric.relu.network import autograd_moved, forward, moved, values
from ftproofs.numeric.training.bounds import UNIT, norm

#: Steps between two looks at how far training is, and at most.
CHECK = 10
MOST = 20_000

#: Training ends once the limit is certified to be so near, relative to the labels ...
AIM = 1e-9
#: ... or, where neurons slide along kinks and nothing is certified, once the residual is so small.
FLOOR = 1e-12
#: No certificate is looked for at larger residuals.
LOOK = 1e-7

#: Pretraining ends at a residual of this size, relative to the labels, or after so many steps.
PRETRAINED = 1e-2
PRETRAIN_STEPS = 200

#: Sure and unsure neurons are sorted until nothing changes, so many times at most.
ROUNDS = 8


@dataclass(frozen=True)
class Trained:
    """First layers (case, m, d) where training stopped, with bounds on their distance to the limit (case,).

    A bound is infinite where kinks allow no certificate.  ``unsure`` counts the neurons that may still change
    their pattern, ``steps`` the steps taken; both (case,).
    """

    W: Tensor
    bound: Tensor
    steps: Tensor
    unsure: Tensor
    status: tuple[str, ...]


def descend(W: Tensor, X: Tensor, y: Tensor, a: Tensor, *, method: int = 0) -> Trained:
    """Train each case until its own limit is certified to be near; a case's bits do not depend on the others.

    Args:
        W: (case, m, d) first layers at the start.
        X: (case, n, d) unit inputs; y: (case, n) labels; a: (m,) the readout.
        method: 0 explicit gradients, 1 automatic differentiation.
    """
    count = len(W)
    if count == 1:  # kernels for a batch of one round differently: train it beside a copy of itself
        twice = descend(torch.cat([W, W]), torch.cat([X, X]), torch.cat([y, y]), a, method=method)
        return Trained(twice.W[:1], twice.bound[:1], twice.steps[:1], twice.unsure[:1], twice.status[:1])
    eta = step_size(W, X)
    size = norm(y) + norm(forward(W, X, a))
    end, bound = W.clone(), torch.full_like(eta, torch.inf)
    steps, unsure = torch.zeros_like(eta), torch.zeros_like(eta)
    status = ["not-converged"] * count
    training = list(range(count))  # two cases at least, for the same kernels
    for step in range(MOST + 1):
        f, slopes = values(W, X, a)
        rho = f - y
        if step % CHECK == 0:
            left = (norm(rho) / size).tolist()
            for i, case in enumerate(training):
                if status[case] == "ok" or left[i] > LOOK:
                    continue
                found, loose = certificate(W[i].clone(), X[i].clone(), rho[i], float(eta[i]))
                if found <= AIM * float(size[i]) or left[i] <= FLOOR:
                    end[case], bound[case], steps[case], unsure[case] = W[i], found, step, loose
                    status[case] = "ok"
            going = [i for i, case in enumerate(training) if status[case] != "ok"]
            if not going:
                break
            if len(going) <= len(training) // 2:
                kept = going if len(going) > 1 else [*going, (going[0] + 1) % len(training)]
                training = [training[i] for i in kept]
                W, X, y, eta, size, rho, slopes = (part[kept] for part in (W, X, y, eta, size, rho, slopes))
        pull = eta[:, None] * rho
        W = moved(W, X, slopes, pull) if method == 0 else autograd_moved(W, X, a, y, eta)
    return Trained(end, bound, steps, unsure, tuple(status))


def pretrain(W: Tensor, X: Tensor, y: Tensor, a: Tensor) -> Tensor:
    """First layers trained on source data until the residual is small, not to a limit: theorems take any start."""
    if len(W) == 1:
        return pretrain(torch.cat([W, W]), torch.cat([X, X]), torch.cat([y, y]), a)[:1]
    eta = step_size(W, X)
    training = torch.ones(len(W), dtype=torch.bool, device=W.device)
    for _ in range(PRETRAIN_STEPS):
        f, slopes = values(W, X, a)
        rho = f - y
        training = training & (norm(rho) > PRETRAINED * norm(y))
        if not bool(training.any()):
            break
        # A case that has ended stays where it is: its pull is 0.
        W = moved(W, X, slopes, torch.where(training, eta, 0.0)[:, None] * rho)
    return W


def step_size(W: Tensor, X: Tensor) -> Tensor:
    """One over the largest eigenvalue of the kernel matrix at the weights, (case,)."""
    return 1 / torch.stack([extremes(matrix)[1] for matrix in gram(W, X)])


def gram(W: Tensor, X: Tensor, sure: Tensor | None = None) -> Tensor:
    """The kernel matrices of the first layer at its weights, (case, n, n), of the sure neurons (case, m) if given."""
    on = (torch.bmm(X, W.mT) > 0).to(X.dtype)
    if sure is not None:
        on = on * sure[:, None, :]
    return torch.bmm(X, X.mT) * torch.bmm(on, on.mT) / W.shape[1]


def extremes(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """The least and the largest eigenvalue of a symmetric matrix, the least lowered by rounding."""
    values = torch.linalg.eigvalsh(matrix)
    return values[0] - 64 * UNIT * len(matrix) * values[-1], values[-1]


def certificate(W: Tensor, X: Tensor, rho: Tensor, eta: float) -> tuple[float, int]:
    """A bound on how far the limit of the descent is, and the number of unsure neurons; one case.

    The bound is infinite where no factor q < 1 is consistent.
    """
    m, n = len(W), len(X)
    s = float(torch.linalg.matrix_norm(X, ord=2)) * (1 + 64 * n * UNIT)
    size = float(torch.linalg.vector_norm(rho)) + 64 * UNIT * n * float(torch.linalg.vector_norm(W))
    margin = (W @ X.T).abs().amin(dim=1) - 64 * UNIT * torch.linalg.vector_norm(W, dim=1)
    reach = 0.0
    sure = margin > reach
    for _ in range(ROUNDS):
        k = m - int(sure.sum())
        least, top = extremes(gram(W[None], X[None], sure[None].to(X.dtype))[0])
        q = max(1 - eta * float(least), eta * float(top) - 1) + eta * k * s * s / m + 8 * UNIT
        if q >= 1:
            return math.inf, k
        reach = eta * s * size / (math.sqrt(m) * (1 - q))
        still = sure & (margin > reach)
        if bool((still == sure).all()):
            return eta * s * size / (1 - q), k
        sure = still
    return math.inf, m - int(sure.sum())
