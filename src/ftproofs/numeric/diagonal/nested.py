"""Where fine-tuning ended beside the nested problem that it tends to: no penalty on the pretrained support (6.4).

A fit's part off the support S has the least l1 norm of all fits if it has that of the solutions of ``P X_off b = P y``,
P the projector off the range of X_S.  What it leaves is fitted on S: in one way where S has fewer coordinates than
there are samples, else with the least l1 norm.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ftproofs.numeric.diagonal.dual import solve
from ftproofs.numeric.diagonal.ended import Ended
from ftproofs.numeric.diagonal.readings import Readings, penalty
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.elementwise import hypot
from ftproofs.numeric.solvers import weighted_l1_fit
from ftproofs.numeric.training.bounds import UNIT, norm


def read_nested(problem: Regression, ended: Ended, support: Tensor) -> Readings:
    """The measurements of the nested problem; ``support`` (case, d) says where the source teacher is not 0."""
    assert problem.X is not None
    beta, c, radius = ended.beta, ended.start.scale, ended.radius + UNIT * norm(ended.beta)
    arrays = (z.detach().cpu().numpy() for z in (problem.X, problem.y, support))
    fits = [nested_fit(*case) for case in zip(*arrays, strict=True)]
    fit, square = (torch.from_numpy(np.stack(part)).to(beta) for part in list(zip(*fits, strict=True))[:2])
    loose, gap = torch.tensor([found[2:] for found in fits], dtype=beta.dtype, device=beta.device).T
    size = beta.abs()
    top = (size + hypot(size, c)).amax(dim=1)
    weights = torch.log(top[:, None] / c)
    # m moves by at most twice beta's error, the weights by that over m, and the fits are known up to `loose`.
    moved = 3 * radius / top

    def over_top(total: Tensor, sizes: Tensor, error: Tensor) -> tuple[Tensor, Tensor]:
        """A weighted sum over m: sizes (case, d) are weighted, and error (case,) is theirs."""
        value = total / top
        return value, (moved * sizes.sum(dim=1) + norm(weights) * error) / top + (moved + 64 * UNIT) * value.abs()

    off = weights * ~support
    value, bound = over_top((off * (size - fit.abs())).sum(dim=1), size + fit.abs(), radius + loose)
    return {
        "nested_excess": (value, bound + gap * off.amax(dim=1) / top),
        "nested_norm": over_top((off * size).sum(dim=1), size, radius),
        "nested_price": over_top((weights * support * fit.abs()).sum(dim=1), fit.abs(), loose),
        "nested_square_gap": over_top(
            (off * (size - square.abs()).abs()).sum(dim=1), size + square.abs(), radius + loose
        ),
    }


def nested_fit(X: np.ndarray, y: np.ndarray, on: np.ndarray) -> tuple[np.ndarray, np.ndarray, float, float]:
    """The fits of least l1 norm and of least Euclidean norm off the support, and on it of least l1 norm of those.

    Args:
        X, y: shapes (n, d) and (n,), of full row rank n <= d; on: (d,), the support.

    Returns:
        both fits (d,), the error of solving for them, and how far the first one's norm off the support may be from the
        least.
    """
    inside, outside = X[:, on], X[:, ~on]
    fit, square = np.zeros(X.shape[1]), np.zeros(X.shape[1])
    if inside.shape[1] >= len(y):
        fit[on] = square[on] = weighted_l1_fit(inside, y, np.ones(inside.shape[1]))[0]
        return fit, square, _rounding(inside, fit[on]), 0.0
    basis = np.linalg.qr(inside, mode="complete")[0][:, inside.shape[1] :]
    left, rest = basis.T @ outside, basis.T @ y
    fit[~on], low, high = weighted_l1_fit(left, rest, np.ones(outside.shape[1]))
    square[~on] = np.linalg.pinv(left) @ rest
    for part in (fit, square):
        part[on] = np.linalg.lstsq(inside, y - outside @ part[~on], rcond=None)[0]
    return fit, square, _rounding(left, fit) + _rounding(inside, fit), high - low


def _rounding(X: np.ndarray, b: np.ndarray) -> float:
    """What solving a system with this matrix may miss of b."""
    values = np.linalg.svd(X, compute_uv=False)
    condition = values[0] / values[-1] if len(values) and values[-1] > 0 else 1.0
    return float(64 * UNIT * condition**2 * np.linalg.norm(b))


def read_support(problem: Regression, ended: Ended, support: Tensor) -> Readings:
    """The penalty on the support beside its least over the fits on the support alone; NaN where none need exist."""
    assert problem.X is not None
    X, y, beta, c, radius = problem.X, problem.y, ended.beta, ended.start.scale, ended.radius
    rows = [_support(X[i], y[i], beta[i], c[i], radius[i], support[i]) for i in range(len(y))]
    gain, gain_bound, leak, leak_bound = torch.stack(rows).T
    return {"support_gain": (gain, gain_bound), "support_leak": (leak, leak_bound)}


def _support(X: Tensor, y: Tensor, beta: Tensor, c: Tensor, radius: Tensor, on: Tensor) -> Tensor:
    """Gain and leak of one network with their bounds, (4,)."""
    missing = torch.tensor([torch.nan, torch.inf] * 2, dtype=beta.dtype, device=beta.device)
    if int(on.sum()) < len(y):
        return missing
    inside, scale, part = X[:, on], c[on], beta[on]
    best = solve(inside[None], y[None], scale[None])
    if best.status != ("ok",):
        return missing
    fit, mu = best.beta[0], best.mu[0]
    least, own = penalty(fit, scale), penalty(part, scale)
    size = torch.linalg.vector_norm
    # Q's slope is asinh(b/c)/2, and changes by less than 1 on so short a way.
    moved = radius * size(torch.asinh(part.abs() / scale) + 1) + best.bound[0] * size(
        torch.asinh(fit.abs() / scale) + 1
    )
    pull, rest = X[:, ~on].T @ mu, beta[~on]
    leak = (pull.abs() * rest.abs()).sum()
    loose = size(pull) * radius + torch.linalg.matrix_norm(X) * best.mu_bound[0] * (size(rest) + radius)
    tiny = 64 * UNIT
    return torch.stack(
        [
            (least - own).sum(),
            moved + tiny * (least + own).sum(),
            leak,
            loose + tiny * (leak + size(mu) * torch.linalg.matrix_norm(X) * size(rest)),
        ]
    )
