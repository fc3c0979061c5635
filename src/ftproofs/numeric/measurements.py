"""What is read after training: from a predictor and its task to named numbers with bounds.

Everything is batched over cases.  A bound covers the predictor's distance to the
limit it stands for (``radius``, a norm in predictor space) and rounding; it is
carried to each measurement by that measurement's own modulus of continuity.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ftproofs.numeric.gram import GramDesign
from ftproofs.numeric.solvers import Design, resolution
from ftproofs.numeric.tasks import Task

Readings = dict[str, tuple[Tensor, Tensor]]

#: Rounding of a computed vector relative to condition number times size.
ROUNDING = 64 * 2.0**-53


def _norm(z: Tensor) -> Tensor:
    return torch.linalg.vector_norm(z, dim=1)


def read_task(task: Task, design: Design | GramDesign) -> Readings:
    """Measurements of the task alone: teachers, noise and their parts inside and outside the span."""
    delta = task.target - task.source
    root = task.spectrum.sqrt()
    inside, outside = design.split(task.source, task.target, delta, root * delta)
    (inside_source, inside_target, _, _), (outside_source, outside_target, outside_delta, swapped) = inside, outside
    fitted_noise = design.fit(task.noise)
    fit = design.fit(task.y)
    slack = ROUNDING * design.condition
    size = _norm(task.source) + _norm(task.target)
    fit_slack = slack * (_norm(fit) + _norm(fitted_noise) + size)
    top = task.spectrum.amax(dim=1)

    def squared(z: Tensor, error: Tensor, norm: Tensor | float = 1.0) -> tuple[Tensor, Tensor]:
        length, radius = _norm(z), error * norm
        return length**2, 2 * length * radius + radius**2

    trace, inverse = design.traces(task.spectrum)
    start = task.image(task.source) - task.y
    loss = start.square().sum(dim=1) / (2 * task.X.shape[1])
    empirical = task.image(outside_delta) / task.X.shape[1] ** 0.5
    wide = task.each(torch.linalg.matrix_norm(task.X))
    delta_slack = slack * size
    return (
        read_spectrum(task)
        | read_products(task)
        | {
            "start_risk": squared(root * delta, ROUNDING * size, top.sqrt()),
            "perp_product": ((outside_source * outside_target).sum(dim=1), slack * size**2),
            "initial_loss": (loss, ROUNDING * (loss + wide**2 * size**2)),
            "min_norm": (_norm(fit), fit_slack),
            "par_source_norm": (_norm(inside_source), slack * size),
            "perp_source_norm": (_norm(outside_source), slack * size),
            "par_target_norm": (_norm(inside_target), slack * size),
            "perp_target_norm": (_norm(outside_target), slack * size),
            "delta_norm": (_norm(delta), ROUNDING * size),
            "perp_delta_norm": (_norm(outside_delta), delta_slack),
            "delta_risk": squared(root * outside_delta, delta_slack, top.sqrt()),
            "swapped_delta_risk": squared(swapped, delta_slack, top.sqrt()),
            "double_delta_risk": squared(task.spectrum * outside_delta, delta_slack, top),
            "empirical_delta_risk": squared(empirical, delta_slack, wide),
            "noise_risk": squared(root * fitted_noise, fit_slack, top.sqrt()),
            "noise_trace": (trace, slack * trace * design.condition),
            "pinv_trace": (inverse, slack * inverse * design.condition),
            "pinv_noise_norm": (_norm(fitted_noise), fit_slack),
            "transposed_noise_norm": (
                _norm(task.preimage(task.noise)),
                ROUNDING * wide * _norm(task.noise),
            ),
        }
    )


def read_spectrum(task: Task) -> Readings:
    """The resolution of n samples on the task's spectrum, and sums over the covariance's eigen-directions."""
    n, d = task.X.shape[1:]
    spectra = task.spectrum.cpu().numpy()
    which = np.zeros(len(spectra), dtype=np.intp)
    if (spectra != spectra[0]).any():
        spectra, which = np.unique(spectra, axis=0, return_inverse=True)
    else:
        spectra = spectra[:1]
    roots = np.array([resolution(spectrum, n) for spectrum in spectra])[which.reshape(-1)]
    kappa = torch.as_tensor(roots, dtype=task.X.dtype, device=task.X.device)
    eigenvalues, room = task.spectrum, task.spectrum + kappa[:, None]
    share = eigenvalues / room
    df2 = share.square().sum(dim=1)
    # kappa dn/dkappa = -(n - df2): what a rounded equation may be off by, relative to kappa.
    loose = ROUNDING * (1 + n / (n - df2)) if n < d else torch.full_like(kappa, ROUNDING)

    def total(terms: Tensor) -> tuple[Tensor, Tensor]:
        return terms.sum(dim=1), 4 * (loose + ROUNDING) * terms.abs().sum(dim=1)

    found = {
        "kappa": (kappa, loose * kappa),
        "df2": (df2, 4 * (loose + ROUNDING) * df2),
        "kappa_bound": (eigenvalues.sum(dim=1) / n, ROUNDING * eigenvalues.sum(dim=1) / n),
    }
    pairs = {
        "source": task.source**2,
        "target": task.target**2,
        "product": task.source * task.target,
        "delta": (task.target - task.source) ** 2,
    }
    found["fitted_target"] = total(share * pairs["target"])
    for name, product in pairs.items():
        found[f"shrunk_{name}"] = total(product / room)
        found[f"resolved_{name}"] = total(share * product / room)
    return found


def read_products(task: Task) -> Readings:
    """Source and target in the covariance's inner product."""
    source, target = task.spectrum.sqrt() * task.source, task.spectrum.sqrt() * task.target
    lengths = _norm(source), _norm(target)
    return {
        "sigma_source_norm": (lengths[0], ROUNDING * lengths[0]),
        "sigma_target_norm": (lengths[1], ROUNDING * lengths[1]),
        "sigma_product": ((source * target).sum(dim=1), ROUNDING * lengths[0] * lengths[1]),
    }


def read_risk(task: Task, design: Design | GramDesign, beta: Tensor, radius: Tensor) -> tuple[Tensor, Tensor]:
    """The risk of a predictor (case, d) that is at most ``radius`` (case,) from its limit, and its bound."""
    top = task.spectrum.amax(dim=1).sqrt()
    distance = _norm(task.spectrum.sqrt() * (beta - task.target))
    error = top * (radius + ROUNDING * design.condition * (_norm(beta) + _norm(task.target)))
    return distance**2, 2 * distance * error + error**2


def read_excess(beta: Tensor, target: Tensor, u: Tensor, radius: Tensor) -> tuple[Tensor, Tensor]:
    """The squared error along unit vectors u (case, d) of a predictor within ``radius`` of its limit, and its bound."""
    along = ((beta - target) * u).sum(dim=1)
    error = radius + ROUNDING * (_norm(beta) + _norm(target))
    return along.square(), 2 * along.abs() * error + error**2


def read_predictor(task: Task, design: Design | GramDesign, beta: Tensor, radius: Tensor) -> Readings:
    """Measurements of the trained predictor.

    Args:
        beta: (case, d), where training ended.
        radius: (case,), bound on its distance from the limit.
    """
    moved, missed = beta - task.source, beta - task.target
    parts_inside, parts_outside = design.split(beta, task.source, moved, missed)
    inside, _, _, inside_missed = parts_inside
    outside, outside_source, outside_moved, _ = parts_outside
    fit = design.fit(task.y)
    slack = ROUNDING * design.condition * (_norm(beta) + _norm(fit) + _norm(task.source) + _norm(task.target))
    error = radius + slack
    top = task.spectrum.amax(dim=1).sqrt()
    distance = _norm(task.spectrum.sqrt() * missed)
    residual = _norm(task.image(beta) - task.y)
    wide = task.each(torch.linalg.matrix_norm(task.X))
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
        "perp_gap": (_norm(outside_moved), error),
        "target_gap": (_norm(inside_missed), error),
        "perp_ratio": (perp / perp_source, error * (1 + perp / perp_source) / perp_source),
        # The angle moves by at most the relative error of the two vectors.
        "perp_alignment": (cosine, error / perp + slack / perp_source),
    }
