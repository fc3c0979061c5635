"""Where training ended beside the solutions of the problems that its end tends to (handbook 6.1 to 6.3).

Everything is measured at the scales of the weights that this training started from.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ftproofs.numeric.diagonal.ended import Ended, Reading
from ftproofs.numeric.diagonal.readings import Readings, weighted_fit
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.elementwise import hypot
from ftproofs.numeric.solvers import weighted_l1_fit
from ftproofs.numeric.training.bounds import UNIT, norm


def read_limits(problem: Regression, ended: Ended) -> Readings:
    """The measurements of ``diagonal.limits``, on a design with no more rows than columns."""
    assert problem.X is not None
    beta, c, radius = ended.beta, ended.start.scale, ended.radius + UNIT * norm(ended.beta)
    found: Readings = {}
    ratio = beta.abs() / c
    found["largest_ratio"] = ratio.amax(dim=1), radius / c.amin(dim=1) + 4 * UNIT * ratio.amax(dim=1)
    for name, power in (("lazy_share", 1.0), ("lazy_square_share", 2.0), ("lazy_root_share", 0.5)):
        found[name] = _share(problem, beta, c, power, radius)
    size = beta.abs()
    own = torch.asinh(ratio)
    fit, least, gap = _fit(problem, own)
    total = (own * size).sum(dim=1)
    # To second order in beta's error: what a coordinate's term |beta| asinh(|beta|/c) moves by, and what the weights
    # do, which the minimum follows by as much as the fit is long.
    bend = 1 / hypot(torch.ones_like(ratio), ratio)
    term = radius * norm(own + ratio * bend) + radius**2 / c.amin(dim=1)
    moved = radius * norm(fit * bend / c) + radius**2 * norm(fit / c**2)
    found["own_excess"] = (total - least) / total, (term + 2 * moved + gap) / total
    top = (size + hypot(size, c)).amax(dim=1)
    weights = torch.log(top[:, None] / c)
    for name, chosen in (
        ("rich_excess", weights),
        ("plain_excess", weights.amax(dim=1)[:, None].expand_as(weights)),
    ):
        least, gap = _least(problem, chosen)
        total = (chosen * size).sum(dim=1)
        excess = (total - least) / top
        # The scale m moves by at most twice beta's error, and each weight by that over m.
        moved = 2 * radius / top * (2 * size.sum(dim=1) + excess.abs() * top)
        found[name] = excess, (radius * norm(chosen) + 2 * moved + gap) / top
    return found


def _share(problem: Regression, beta: Tensor, c: Tensor, power: float, radius: Tensor) -> Reading:
    """Distance to the fit of least ``sum beta_i^2/c_i^power`` in the norm ``sum z_i^2/c_i``, relative to beta."""
    assert problem.X is not None
    fit = weighted_fit(problem, c**power)
    root = c.sqrt()
    size = norm(beta / root)
    values = torch.linalg.svdvals(problem.X * c[:, None, :] ** (power / 2))
    condition = (values[:, 0] / values[:, -1]).square()
    error = (radius + 64 * UNIT * condition * (norm(fit) + norm(beta))) / root.amin(dim=1)
    share = norm((beta - fit) / root) / size
    return share, (1 + share) * error / size


def _least(problem: Regression, weights: Tensor) -> Reading:
    """The least ``sum w_i |b_i|`` over all fits, and half the distance of its bounds, each (case,)."""
    return _fit(problem, weights)[1:]


def _fit(problem: Regression, weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The fit of least ``sum w_i |b_i|`` (case, d), and what `_least` says."""
    fits, lower, upper = (
        torch.from_numpy(np.array(part)).to(weights) for part in zip(*_programs(problem, weights), strict=True)
    )
    return fits, (lower + upper) / 2, (upper - lower) / 2


def _programs(problem: Regression, weights: Tensor) -> Iterator[tuple[np.ndarray, float, float]]:
    assert problem.X is not None
    arrays = (z.detach().cpu().numpy() for z in (problem.X, problem.y, weights))
    for X, y, w in zip(*arrays, strict=True):
        yield weighted_l1_fit(X, y, w)
