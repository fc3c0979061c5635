"""FedAvg: rounds of local gradient steps on clients' linear models, to its fixed point.

In a round the clients start at the server's model, take a few gradient steps on their own
loss ``|X_i b - y_i|^2 / (2 n)``, and the server's model becomes the mean of theirs.  A round in which all take
part moves the server by an affine map ``b -> b + A (b* - b)``, ``A`` the mean over clients
of ``I - (I - eta S_i)^K`` with ``S_i = X_i'X_i/n``, which is symmetric and positive definite for
``eta < 2/max s``.  Hence a distance to the fixed point ``b*`` of at most the size of a
round's move over the smallest eigenvalue of A, at any model whatever, and rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ftproofs.numeric.training.bounds import UNIT, norm
from ftproofs.numeric.training.result import ACCEPT, AIM, DIVERGED, NOT_CONVERGED, OK

#: Rounds with sampled clients, if clients are sampled, before all take part.
SAMPLED_ROUNDS = 64

MAX_ROUNDS = 50_000

#: The certificate is looked at every so many rounds.
CHECK_EVERY = 8


@dataclass(frozen=True)
class Averaged:
    """Where FedAvg ended: ``server`` (case, d), at most ``bound`` (case,) from its fixed point.

    ``sampled`` (case, d) is the server's model after the rounds with sampled clients.
    """

    server: Tensor
    bound: Tensor
    sampled: Tensor
    status: tuple[str, ...]
    rounds: Tensor

    def first(self, count: int) -> Averaged:
        """The first cases only."""
        return Averaged(*(getattr(self, name)[:count] for name in self.__dataclass_fields__))


def step_size(X: Tensor, share: Tensor) -> Tensor:
    """``share`` times 2/s, s the largest curvature of any client's loss; X (case, client, n, d), result (case,)."""
    gram = X @ X.mT if X.shape[2] <= X.shape[3] else X.mT @ X
    return share * 2 * X.shape[2] / torch.linalg.eigvalsh(gram)[:, :, -1].amax(dim=1)


def fedavg(
    X: Tensor,
    y: Tensor,
    start: Tensor,
    rate: Tensor,
    taking_part: Tensor,
    *,
    local_steps: int,
    unit: Tensor,
    method: int = 0,
) -> Averaged:
    """Rounds with the clients of ``taking_part``, then rounds of all until the distance is certified.

    Args:
        X: (case, client, n, d), float64; y: (case, client, n).
        start: (case, d); rate: (case,), the clients' step size.
        taking_part: (round, case, client), weights of the clients of the sampled rounds, of sum one in a round.
        unit: (case,), the norm to which the bound is relative.
        method: 0 takes gradients by automatic differentiation, 1 has them written out.
    """
    count, clients, n, d = X.shape
    flat, labels = X.reshape(count * clients, n, d), y.reshape(count * clients, n, 1)
    eta = rate[:, None, None]

    def models(server: Tensor) -> Tensor:
        local = server[:, None, :].expand(count, clients, d)
        for _ in range(local_steps):
            local = local - eta * _gradient(flat, labels, local.reshape(-1, d, 1), method).reshape(count, clients, d)
        return local

    server = start
    for weights in taking_part:
        server = (weights[:, :, None] * models(server)).sum(dim=1)
    sampled = server
    slowest, size = _slowest(X, rate, local_steps), _size(X, y, rate)
    end, bound = server, torch.full_like(unit, torch.inf)
    taken, running = torch.full_like(unit, float(MAX_ROUNDS)), torch.ones_like(unit, dtype=torch.bool)
    for t in range(MAX_ROUNDS + 1):
        moved = models(server).mean(dim=1)
        if t % CHECK_EVERY == 0:
            floor = 4 * (n + d + clients) * local_steps * UNIT * (norm(server) * (1 + size[0]) + size[1]) / slowest
            distance = norm(moved - server) / slowest + floor
            stop = (distance <= torch.maximum(AIM * unit, 2 * floor)) | ~torch.isfinite(distance)
            new = running & (stop | (t == MAX_ROUNDS))
            # A case's end is what it was at its own last look, whoever goes on beside it.
            end, bound = torch.where(new[:, None], server, end), torch.where(new, distance, bound)
            taken = torch.where(new, float(t), taken)
            running = running & ~new
            if not bool(running.any()):
                break
        server = moved
    finite = torch.isfinite(bound)
    status = tuple(
        OK if g else NOT_CONVERGED if f else DIVERGED
        for g, f in zip((bound <= ACCEPT * unit).tolist(), finite.tolist(), strict=True)
    )
    return Averaged(end, bound, sampled, status, taken)


def _gradient(X: Tensor, y: Tensor, b: Tensor, method: int) -> Tensor:
    """Of every client's loss at its own model b (client, d, 1)."""
    if method == 1:
        return torch.bmm(X.mT, torch.baddbmm(y, X, b, beta=-1)) / X.shape[1]
    leaf = b.detach().requires_grad_()
    loss = (torch.bmm(X, leaf) - y).square().sum() / (2 * X.shape[1])
    (found,) = torch.autograd.grad(loss, leaf)
    return found


def _slowest(X: Tensor, rate: Tensor, local_steps: int) -> Tensor:
    """The smallest eigenvalue of A, less what rounding may have added to it; (case,)."""
    d = X.shape[3]
    one = torch.eye(d, dtype=X.dtype, device=X.device)
    kept = one - rate[:, None, None, None] * (X.mT @ X) / X.shape[2]
    left = kept
    for _ in range(local_steps - 1):
        left = left @ kept
    pull = one - left.mean(dim=1)
    least = torch.linalg.eigvalsh((pull + pull.mT) / 2)[:, 0]
    return (least - 16 * d * local_steps * UNIT).clamp_min(0.0)


def _size(X: Tensor, y: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
    """What one local step multiplies a model by at most, and adds to it; (case,)."""
    wide = torch.linalg.matrix_norm(X)
    pulled = wide * torch.linalg.vector_norm(y, dim=2) / X.shape[2]
    return rate * (wide**2).amax(dim=1) / X.shape[2], rate * pulled.amax(dim=1)
