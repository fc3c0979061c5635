"""What bounds on the risk are made of: extremes of the inputs split at an eigen-direction, sums over the tail.

The covariance is diagonal with its largest eigenvalue first: the first ``split`` columns of
the inputs are their leading coordinates, the others the tail.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ftproofs.names import Value
from ftproofs.numeric.measurements import ROUNDING, Readings
from ftproofs.numeric.solvers import Design, localisation
from ftproofs.numeric.tasks import Task


def read_extremes(task: Task, design: Design, parameters: list[dict[str, Value]]) -> Readings:
    """Measurements at the settings' common ``split`` and their own ``deviation``."""
    split = int(parameters[0]["split"])
    delta, tail = task.target - task.source, task.spectrum[:, split:]
    head, size = task.spectrum[:, :split], _norm(task.source) + _norm(task.target)
    inside = delta[:, :split]
    low = head[:, -1].sqrt() if split else torch.ones_like(size)
    top = task.spectrum[:, 0]
    sums = {"tail_trace": tail, "tail_square": tail**2, "tail_fourth": tail**4}
    return {
        "split_ratio": _split_ratio(task, split),
        "tail_eigenvalue": (tail[:, 0], ROUNDING * tail[:, 0]),
        **{name: (terms.sum(dim=1), ROUNDING * terms.sum(dim=1)) for name, terms in sums.items()},
        "tail_delta_norm": (_norm(delta[:, split:]), ROUNDING * size),
        "head_delta_norm": (_norm(inside), ROUNDING * size),
        "white_head_delta_norm": (_norm(inside / head.sqrt()), ROUNDING * size / low),
        "sigma_head_delta_norm": (_norm(inside * head.sqrt()), ROUNDING * size * top.sqrt()),
        "centred_delta_risk": _centred(task, design, size),
        "worst_perp_risk": (worst_risk(design, task.spectrum), ROUNDING * design.condition * top),
        "localised_bound": _localised(task, parameters),
    }


def _norm(z: Tensor) -> Tensor:
    return torch.linalg.vector_norm(z, dim=1)


def _split_ratio(task: Task, split: int) -> tuple[Tensor, Tensor]:
    """Largest singular value of the tail's columns over the smallest of the whitened leading ones, with its rounding.

    Infinite where there are more leading directions than samples.
    """
    zero = torch.zeros_like(task.spectrum[:, 0])
    if split == 0:
        return zero, zero
    if split > task.X.shape[1]:
        return zero + torch.inf, zero + torch.inf
    tail, white = task.X[:, :, split:], task.X[:, :, :split] / task.spectrum[:, None, :split].sqrt()
    # The Gram matrix has the largest singular value's square to the last bits.
    gram = tail @ tail.mT if tail.shape[1] < tail.shape[2] else tail.mT @ tail
    largest = torch.linalg.eigvalsh(gram)[:, -1].clamp_min(0.0).sqrt() if tail.shape[2] else zero
    values = torch.linalg.svdvals(white)
    ratio = largest / values[:, -1]
    return ratio, ROUNDING * ratio * (1 + values[:, 0] / values[:, -1])


def _centred(task: Task, design: Design, size: Tensor) -> tuple[Tensor, Tensor]:
    """The form of Sigma - X'X/n at the part of target minus source outside the span, with its rounding."""
    outside = design.outside(task.target - task.source)
    image = torch.einsum("cnd,cd->cn", task.X, outside)
    moved = task.spectrum * outside - torch.einsum("cnd,cn->cd", task.X, image) / task.X.shape[1]
    largest = task.spectrum[:, 0] + torch.linalg.matrix_norm(task.X) ** 2 / task.X.shape[1]
    # The vector is off by this much, and enters twice.
    error = ROUNDING * design.condition * size
    return (outside * moved).sum(dim=1), largest * error * (2 * _norm(outside) + error)


def worst_risk(design: Design, spectrum: Tensor) -> Tensor:
    """The largest eigenvalue of ``P_perp Sigma P_perp``, (case,); 0 where nothing is outside the span.

    With D = Sigma - l_min I it is ``l_min`` plus that of ``D^(1/2) P_perp D^(1/2)``, a
    matrix as large as there are eigenvalues above the least one.
    """
    d, rank = design.basis.shape[1:]
    found = torch.zeros_like(spectrum[:, 0])
    if rank == d:
        return found
    least = spectrum[:, -1]
    sizes = (spectrum > least[:, None]).sum(dim=1)
    for count in torch.unique(sizes).tolist():
        cases = torch.nonzero(sizes == count)[:, 0]
        found[cases] = least[cases]
        if count == 0:
            continue
        weight = (spectrum[cases, :count] - least[cases, None]).sqrt()
        basis = weight[:, :, None] * design.basis[cases, :count]
        outside = torch.diag_embed(weight**2) - basis @ basis.mT
        found[cases] += torch.linalg.eigvalsh(outside)[:, -1].clamp_min(0.0)
    return found


def _localised(task: Task, parameters: list[dict[str, Value]]) -> tuple[Tensor, Tensor]:
    """The squared radius at which a Gaussian design's null space escapes, with its rounding."""
    n = task.X.shape[1]
    gaps = np.array([n / math.sqrt(n + 1) - float(p["deviation"]) for p in parameters])
    keys = np.column_stack([task.spectrum.cpu().numpy(), gaps])
    unique, which = np.unique(keys, axis=0, return_inverse=True)
    found = np.array([_with_rounding(row[:-1], float(row[-1]), n) for row in unique])[which.reshape(-1)]
    squared, slack = torch.as_tensor(found.T, dtype=task.X.dtype, device=task.X.device).contiguous()
    return squared, slack


def _with_rounding(spectrum: np.ndarray, gap: float, n: int) -> tuple[float, float]:
    squared = localisation(spectrum, gap)
    if not math.isfinite(squared):
        return squared, math.inf
    # ln r^2 moves by gap^2/2 over the part of the sum that is not capped, for each relative change of gap^2.
    free = np.minimum(spectrum / squared, 1.0)[spectrum < squared].sum()
    condition = gap**2 / 2 / free if free else math.inf
    return squared, ROUNDING * squared * (1 + condition * (1 + 2 * math.sqrt(n) / gap))
