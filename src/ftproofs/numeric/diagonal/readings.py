"""What is read after training diagonal networks: named numbers with bounds, batched over cases."""

from __future__ import annotations

from collections.abc import Container

import torch
from torch import Tensor

from ftproofs.numeric.diagonal.ended import Ended, Reading, solved
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.elementwise import hypot, sinh
from ftproofs.numeric.training.bounds import UNIT, norm

Readings = dict[str, Reading]


class _Everything:
    """A container of every name."""

    def __contains__(self, name: object) -> bool:
        return True


EVERYTHING: Container[str] = _Everything()


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
    start = scale * sinh(phase)
    return penalty(beta, scale) - penalty(start, scale) - phase / 2 * (beta - start)


def at(z: Tensor, picked: Tensor) -> Tensor:
    """One coordinate of each case: (case, d) to (case,)."""
    return z.gather(1, picked[:, None])[:, 0]


def read_end(
    problem: Regression, ended: Ended, picked: Tensor, *, oracle: bool = False, wanted: Container[str] = EVERYTHING
) -> Readings:
    """Measurements of where training ended; ``oracle`` says that it was solved for instead.

    Without ``train_loss`` among the ``wanted``, only what costs no decomposition of the design is read.
    """
    beta, start, radius = ended.beta, ended.start, ended.radius
    scale, phase = start.scale, start.phase
    found: Readings = {"beta_norm": (norm(beta), radius + UNIT * norm(beta))}
    found |= _read_penalty(beta, radius, scale, phase, start.frozen)
    if oracle:
        found["prox_gap"] = (torch.zeros_like(radius), radius)
    else:
        end = solved(problem, start, kkt=False)
        found["prox_gap"] = (norm(beta - end.beta), radius + end.radius)
    mu, error = ended.path["mu"]
    found["multiplier"] = _square(mu, norm(error) / mu.shape[1] ** 0.5, problem.samples)
    if "train_loss" not in wanted:
        return found
    residual, first = problem.residual(beta), problem.residual(start.beta)
    loose = problem.rounding(beta)
    slack = problem.extremes()[0] * radius + loose
    loss = (norm(residual) ** 2 + problem.rest) / 2
    initial = (norm(first) ** 2 + problem.rest) / 2
    found |= {
        "train_loss": (loss, norm(residual) * slack + slack**2 / 2),
        "initial_loss": (initial, 8 * problem.rounding(start.beta) * norm(first) + 4 * UNIT * initial),
        "beta_start": (at(start.beta, picked), 4 * UNIT * at(start.square, picked)),
        "beta_end": (at(beta, picked), radius),
        "c_ft": (at(scale, picked), 16 * UNIT * at(start.square, picked)),
    }
    lazy = weighted_fit(problem, scale)
    condition = problem.extremes()[0] / problem.extremes()[1]
    found["lazy_gap"] = norm(beta - lazy), radius + 64 * UNIT * condition**2 * (norm(lazy) + norm(beta))
    for name, (value, bound) in ended.path.items():
        if name != "mu":
            found[name] = (value, bound) if value.ndim == 1 else (at(value, picked), at(bound, picked))
    if "loss_integral" in found:
        value, bound = found["loss_integral"]
        found["loss_area"] = value / 2, bound / 2
    if "loss_decay" in found:
        unit = scale.amin(dim=1) * problem.extremes()[1] ** 2
        value, bound = found["loss_decay"]
        found["loss_decay"] = value / unit, bound / unit
    return found


def _square(z: Tensor, error: Tensor, samples: int) -> Reading:
    size = norm(z)
    return size**2 / samples, (2 * size * error + error**2) / samples


def _read_penalty(beta: Tensor, radius: Tensor, scale: Tensor, phase: Tensor, frozen: bool) -> Readings:
    """Q and its Bregman divergence from the start; frozen first layers have ``x^2 / (4 c)`` for q."""
    if frozen:
        size, push = beta.square() / (4 * scale), beta / (2 * scale)
        first = phase * scale
        away = (beta - first).square() / (4 * scale)
        slowest = scale.amin(dim=1)
    else:
        size, push = penalty(beta, scale), torch.asinh(beta / scale) / 2
        first = scale * sinh(phase)
        away = bregman(beta, scale, phase)
        slowest = hypot(scale, beta).amin(dim=1)
    at_start = (push * first).abs().sum(dim=1) + (phase * (beta - first)).abs().sum(dim=1)
    rounding = 64 * UNIT * (size.sum(dim=1) + at_start)
    # What is left of the way pushes Q by at most |q'| a step, and by its curvature.
    error = norm(push) * radius + radius**2 / (4 * slowest) + rounding
    return {
        "penalty": (size.sum(dim=1), error),
        "bregman": (away.sum(dim=1), error + norm(phase) / 2 * radius),
    }


def weighted_fit(problem: Regression, scale: Tensor) -> Tensor:
    """``C X'(X C X')^-1 y``: the interpolator of least ``sum beta_i^2 / c_i``."""
    if problem.X is None:
        return problem.y
    half = problem.X * scale.sqrt()[:, None, :]
    L = torch.linalg.cholesky_ex(torch.bmm(half, half.mT))[0]
    return scale * problem.pull(torch.cholesky_solve(problem.y[:, :, None], L)[:, :, 0])
