"""What is read after training: from a predictor and its task to named numbers with bounds.

Everything is batched over cases.  A bound covers the predictor's distance to the
limit it stands for (``radius``, a norm in predictor space) and rounding; it is
carried to each measurement by that measurement's own modulus of continuity.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ftproofs.numeric.solvers import Design
from ftproofs.numeric.tasks import Task

Readings = dict[str, tuple[Tensor, Tensor]]

#: Rounding of a computed vector relative to condition number times size.
ROUNDING = 64 * 2.0**-53


def _norm(z: Tensor) -> Tensor:
    return torch.linalg.vector_norm(z, dim=1)


def read_task(task: Task, design: Design) -> Readings:
    """Measurements of the task alone: teachers, noise and their parts inside and outside the span."""
    delta = task.target - task.source
    root = task.spectrum.sqrt()
    outside_delta = design.outside(delta)
    fitted_noise = design.fit(task.noise)
    fit = design.fit(task.y)
    slack = ROUNDING * design.condition
    size = _norm(task.source) + _norm(task.target)
    fit_slack = slack * (_norm(fit) + _norm(fitted_noise) + size)
    top = task.spectrum.amax(dim=1)

    def squared(z: Tensor, error: Tensor, norm: Tensor | float = 1.0) -> tuple[Tensor, Tensor]:
        length, radius = _norm(z), error * norm
        return length**2, 2 * length * radius + radius**2

    trace = (root[:, :, None] * design.pinv).square().sum(dim=(1, 2))
    start = torch.einsum("cnd,cd->cn", task.X, task.source) - task.y
    loss = start.square().sum(dim=1) / (2 * task.X.shape[1])
    empirical = torch.einsum("cnd,cd->cn", task.X, outside_delta) / task.X.shape[1] ** 0.5
    wide = torch.linalg.matrix_norm(task.X)
    delta_slack = slack * size
    return {
        "initial_loss": (loss, ROUNDING * (loss + wide**2 * size**2)),
        "min_norm": (_norm(fit), fit_slack),
        "par_source_norm": (_norm(design.inside(task.source)), slack * size),
        "perp_source_norm": (_norm(design.outside(task.source)), slack * size),
        "par_target_norm": (_norm(design.inside(task.target)), slack * size),
        "perp_target_norm": (_norm(design.outside(task.target)), slack * size),
        "delta_norm": (_norm(delta), ROUNDING * size),
        "perp_delta_norm": (_norm(outside_delta), delta_slack),
        "delta_risk": squared(root * outside_delta, delta_slack, top.sqrt()),
        "swapped_delta_risk": squared(design.outside(root * delta), delta_slack, top.sqrt()),
        "double_delta_risk": squared(task.spectrum * outside_delta, delta_slack, top),
        "empirical_delta_risk": squared(empirical, delta_slack, wide),
        "noise_risk": squared(root * fitted_noise, fit_slack, top.sqrt()),
        "noise_trace": (trace, slack * trace * design.condition),
        "pinv_noise_norm": (_norm(fitted_noise), fit_slack),
        "transposed_noise_norm": (
            _norm(torch.einsum("cnd,cn->cd", task.X, task.noise)),
            ROUNDING * wide * _norm(task.noise),
        ),
    }


def read_predictor(task: Task, design: Design, beta: Tensor, radius: Tensor) -> Readings:
    """Measurements of the trained predictor.

    Args:
        beta: (case, d), where training ended.
        radius: (case,), bound on its distance from the limit.
    """
    inside, outside = design.inside(beta), design.outside(beta)
    outside_source = design.outside(task.source)
    fit = design.fit(task.y)
    slack = ROUNDING * design.condition * (_norm(beta) + _norm(fit) + _norm(task.source) + _norm(task.target))
    error = radius + slack
    top = task.spectrum.amax(dim=1).sqrt()
    distance = _norm(task.spectrum.sqrt() * (beta - task.target))
    residual = _norm(torch.einsum("cnd,cd->cn", task.X, beta) - task.y)
    wide = torch.linalg.matrix_norm(task.X)
    n = task.X.shape[1]
    perp, perp_source = _norm(outside), _norm(outside_source)
    cosine = (outside * outside_source).sum(dim=1) / (perp * perp_source)
    return {
        "risk": (distance**2, 2 * distance * top * error + (top * error) ** 2),
        "train_loss": (residual**2 / (2 * n), (2 * residual * wide * error + (wide * error) ** 2) / (2 * n)),
        "beta_norm": (_norm(beta), error),
        "par_beta_norm": (_norm(inside), error),
        "perp_beta_norm": (perp, error),
        "fit_gap": (_norm(inside - fit), error),
        "perp_gap": (_norm(design.outside(beta - task.source)), error),
        "target_gap": (_norm(design.inside(beta - task.target)), error),
        "perp_ratio": (perp / perp_source, error * (1 + perp / perp_source) / perp_source),
        # The angle moves by at most the relative error of the two vectors.
        "perp_alignment": (cosine, error / perp + slack / perp_source),
    }
