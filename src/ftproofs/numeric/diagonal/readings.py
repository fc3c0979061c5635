"""What is read after training diagonal networks: named numbers with bounds, batched over cases."""

from __future__ import annotations

import torch
from torch import Tensor

from ftproofs.numeric.diagonal.ended import Ended, Reading, solved
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.training.bounds import UNIT, norm

Readings = dict[str, Reading]


def squared_error(beta: Tensor, teacher: Tensor, radius: Tensor) -> Reading:
    """``|beta - teacher|^2 / d`` with its bound."""
    d = beta.shape[1]
    distance, radius = norm(beta - teacher), radius + UNIT * norm(beta)
    return distance**2 / d, (2 * distance * radius + radius**2) / d + d * UNIT * distance**2 / d


def penalty(x: Tensor, scale: Tensor) -> Tensor:
    """``q(x; c) = |x| (t - tanh(t/2)) / 2`` with ``t = asinh(|x| / c)``, elementwise.

    For small t ``t - tanh(t/2) = t/2 + t^3/24 - t^5/240 + 17 t^7/40320 - ...``.
    """
    size = x.abs()
    t = torch.asinh(size / scale)
    square = t * t
    series = t * (0.5 + square * (1 / 24 - square * (1 / 240 - square * (17 / 40320 - square * 31 / 725760))))
    return size / 2 * torch.where(t < 0.02, series, t - torch.tanh(t / 2))


def bregman(beta: Tensor, scale: Tensor, phase: Tensor) -> Tensor:
    """``D_Q(beta, c sinh phase)`` elementwise; from phase 0 the penalty itself."""
    start = scale * torch.sinh(phase)
    return penalty(beta, scale) - penalty(start, scale) - phase / 2 * (beta - start)


def at(z: Tensor, picked: Tensor) -> Tensor:
    """One coordinate of each case: (case, d) to (case,)."""
    return z.gather(1, picked[:, None])[:, 0]


def read_end(problem: Regression, ended: Ended, picked: Tensor, *, oracle: bool = False) -> Readings:
    """Measurements of where training ended; ``oracle`` says that it was solved for instead."""
    beta, start = ended.beta, ended.start
    radius = ended.radius
    nothing = torch.zeros_like(radius)
    scale, phase = start.scale, start.phase
    residual, first = problem.residual(beta), problem.residual(start.beta)
    loose = problem.rounding(beta)
    wide = problem.extremes()[0]
    slack = wide * radius + loose
    loss = (norm(residual) ** 2 + problem.rest) / 2
    initial = (norm(first) ** 2 + problem.rest) / 2
    H = torch.hypot(scale, beta)
    angle = (torch.asinh(beta / scale) - phase) / 2
    # d asinh(x/c) = dx / sqrt(c^2 + x^2) <= dx / c, and nothing is known of single coordinates.
    turn = (radius[:, None] / H).clamp_max(1e300).amax(dim=1) / 2 + 64 * UNIT * norm(angle)
    q = penalty(beta, scale).sum(dim=1)
    divergence = bregman(beta, scale, phase).sum(dim=1)
    # dQ <= |q'(beta)| radius, q' = asinh(beta/c)/2.
    push = norm(torch.asinh(beta / scale) / 2) * radius + radius**2 / (4 * H.amin(dim=1))
    rounded = 64 * UNIT * (q + penalty(start.beta, scale).sum(dim=1) + norm(phase) * (norm(beta) + norm(start.beta)))
    multiplier = norm(ended.mu) ** 2 / problem.samples
    found: Readings = {
        "train_loss": (loss, norm(residual) * slack + slack**2 / 2),
        "initial_loss": (initial, 8 * loose * norm(first) + UNIT * initial),
        "beta_norm": (norm(beta), radius + UNIT * norm(beta)),
        "kkt_gap": (norm(problem.outside(angle)), turn),
        "penalty": (q, push + rounded),
        "bregman": (divergence, push + norm(phase) / 2 * radius + rounded),
        "beta_start": (at(start.beta, picked), UNIT * at(H, picked)),
        "beta_end": (at(beta, picked), radius),
        "c_ft": (at(scale, picked), 16 * UNIT * at(scale, picked)),
    }
    dual_radius = radius if oracle else None
    if dual_radius is not None:
        found["prox_gap"] = (nothing, radius)
    else:
        oracle_end = solved(problem, start)
        found["prox_gap"] = (norm(beta - oracle_end.beta), radius + oracle_end.radius)
    lazy = _lazy(problem, scale)
    found["lazy_gap"] = (norm(beta - lazy), radius + 1e3 * UNIT * (norm(lazy) + norm(beta)) * problem.extremes()[0])
    known = problem.rest == 0
    # mu solves K mu ~ rho: its error is the predictor's, measured in K.
    least = problem.extremes()[1] * (2 * scale.amin(dim=1)).sqrt()
    error = radius / (H.amin(dim=1) * 2).sqrt() / least.clamp_min(1e-300)
    found["multiplier"] = (
        torch.where(known, multiplier, torch.nan),
        (2 * norm(ended.mu) * error + error**2) / problem.samples,
    )
    found["phase"] = (at(ended.s, picked), radius / (2 * at(H, picked)))
    return found


def _lazy(problem: Regression, scale: Tensor) -> Tensor:
    """``C X'(X C X')^-1 y``: the interpolator of least ``sum beta_i^2 / c_i``."""
    if problem.X is None:
        return problem.y
    half = problem.X * scale.sqrt()[:, None, :]
    L = torch.linalg.cholesky_ex(torch.bmm(half, half.mT))[0]
    return scale * problem.pull(torch.cholesky_solve(problem.y[:, :, None], L)[:, :, 0])
