"""Sparse teachers and Gaussian data for diagonal networks (handbook section 8.0).

``X_ij ~ N(0, 1/n)``, labels ``y = X beta* + sigma eps``.  The coordinates come in four groups of exact sizes, in this
order: pretrained and active in the target, pretrained only, new in the target, neither.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ftproofs.errors import UsageError
from ftproofs.names import Value, source_samples
from ftproofs.numeric.seeds import generator
from ftproofs.numeric.tasks import same_shape
from ftproofs.settings import Setting


@dataclass(frozen=True)
class Task:
    """A batch of pairs of tasks, float64.

    X (case, n, d) and y (case, n): the target task; source_X (case, n_s, d) and source_y (case, n_s): the source
    task, None where it is the population.  source, target (case, d) are the teachers, ``picked`` (case,) the
    coordinate that one-coordinate measurements are of, ``shares`` (case, 3) the realised shares of active coordinates.
    """

    X: Tensor
    y: Tensor
    source_X: Tensor | None
    source_y: Tensor | None
    source: Tensor
    target: Tensor
    picked: Tensor
    shares: Tensor

    def __len__(self) -> int:
        return self.X.shape[0]

    def select(self, cases: Sequence[int]) -> Task:
        """The task of some cases only, in that order; repeats are allowed."""
        index = torch.as_tensor(cases, device=self.X.device)
        source_X = None if self.source_X is None else self.source_X[index]
        source_y = None if self.source_y is None else self.source_y[index]
        X, y, source, target, picked, shares = (
            part[index] for part in (self.X, self.y, self.source, self.target, self.picked, self.shares)
        )
        return Task(X, y, source_X, source_y, source, target, picked, shares)


def draw(settings: Sequence[Setting], *, device: str = "cpu", pick: bool = True) -> Task:
    """The settings' tasks, drawn on the CPU from each setting's own generator; the first coordinate without a pick.

    Raises:
        UsageError: FT305 settings of different shapes.
    """
    parameters = [s.parameters for s in settings]
    n, d = _shape(parameters)
    n_s = source_samples(parameters[0]) or 0
    count = len(settings)
    normal = np.empty((count, n * d + n + d + n_s * d + n_s))
    sign = np.empty((count, 2, d))
    for row, signs, setting in zip(normal, sign, settings, strict=True):
        rng = generator(setting)
        rng.standard_normal(out=row)
        signs[:] = 2 * rng.integers(0, 2, (2, d)) - 1
    cuts = np.cumsum([n * d, n, d, n_s * d])
    z, eps, amplitude, z_s, eps_s = np.split(normal, cuts, axis=1)
    source, target, shares = np.empty((count, d)), np.empty((count, d)), np.empty((count, 3))
    for i, p in enumerate(parameters):
        source[i], target[i], shares[i] = teachers(p, d, sign[i], amplitude[i])
    X = z.reshape(count, n, d) / math.sqrt(n)
    y = _labels(X, target) + _column(parameters, "sigma") * eps
    picked = np.array([generator(s, "mode").integers(d) if pick else 0 for s in settings])

    def move(a: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(a)).to(device)

    if not n_s:
        return Task(move(X), move(y), None, None, move(source), move(target), move(picked), move(shares))
    X_s = z_s.reshape(count, n_s, d) / math.sqrt(n_s)
    y_s = _labels(X_s, source) + _column(parameters, "sigma_s") * eps_s
    return Task(move(X), move(y), move(X_s), move(y_s), move(source), move(target), move(picked), move(shares))


def group_sizes(parameters: dict[str, Value], d: int) -> tuple[int, int, int, int]:
    """Coordinates that are pretrained and active, pretrained only, new, neither: rounded counts, d in all."""
    pretrained = round(float(parameters["rho_pt"]) * d)
    shared = round(float(parameters["rho_shared"]) * pretrained)
    new = round(float(parameters["rho_new"]) * (d - pretrained))
    return shared, pretrained - shared, new, d - pretrained - new


def teachers(
    parameters: dict[str, Value], d: int, sign: np.ndarray, amplitude: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[float, float, float]]:
    """Source and target, each (d,), with the realised shares (pretrained, of these active, of the others active).

    Both have unit second moment a coordinate at the realised shares; a teacher without active coordinates is 0.

    Args:
        sign: (2, d) of +-1, for source and target.
        amplitude: (d,) standard normal, used where ``amplitude`` is ``gauss``.
    """
    shared, alone, new, neither = group_sizes(parameters, d)
    pretrained, active = shared + alone, shared + new
    source, target = np.zeros(d), np.zeros(d)
    source[:pretrained] = sign[0, :pretrained] * math.sqrt(d / max(1, pretrained))
    on = np.r_[0:shared, pretrained : pretrained + new]
    law = sign[1] if parameters["amplitude"] == "atom" else amplitude
    target[on] = law[on] * math.sqrt(d / max(1, active))
    shares = pretrained / d, shared / max(1, pretrained), new / max(1, new + neither)
    return source, target, shares


def _shape(parameters: list[dict[str, Value]]) -> tuple[int, int]:
    same_shape(parameters)
    first = parameters[0]
    if any(source_samples(p) != source_samples(first) for p in parameters):
        raise UsageError("FT305", "settings drawn together need the same number of source samples")
    n, d = first["n"], first["d"]
    assert isinstance(n, int)
    assert isinstance(d, int)
    return n, d


def _labels(X: np.ndarray, beta: np.ndarray) -> np.ndarray:
    # Elementwise products and sums: a case's bits do not depend on its neighbours.
    return (X * beta[:, None, :]).sum(axis=2)


def _column(parameters: list[dict[str, Value]], name: str) -> np.ndarray:
    return np.array([[float(p[name])] for p in parameters])
