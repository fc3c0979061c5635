"""Tasks: covariances, teachers at a given angle, designs and labels, a batch of them at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ftproofs.claim import Setting
from ftproofs.errors import UsageError
from ftproofs.names import PARAMETERS, Value
from ftproofs.numeric.seeds import generator
from ftproofs.numeric.solvers import resolution


@dataclass(frozen=True)
class Task:
    """A batch of regression tasks, float64: labels ``y = X target + noise``.

    X (case, n, d); y, noise (case, n); source, target (case, d); spectrum (case, d)
    are the eigenvalues of the inputs' diagonal covariance.  ``settings`` are the
    cases' own, for what is drawn later.
    """

    X: Tensor
    y: Tensor
    noise: Tensor
    source: Tensor
    target: Tensor
    spectrum: Tensor
    settings: tuple[Setting, ...]

    def __len__(self) -> int:
        return self.X.shape[0]

    def select(self, cases: Sequence[int]) -> Task:
        """The task of some cases only, in that order; repeats are allowed."""
        index = torch.as_tensor(cases, device=self.X.device)
        X, y, noise, source, target, spectrum = (
            a[index] for a in (self.X, self.y, self.noise, self.source, self.target, self.spectrum)
        )
        return Task(X, y, noise, source, target, spectrum, tuple(self.settings[i] for i in cases))


def draw(settings: Sequence[Setting], *, device: str = "cpu") -> Task:
    """The settings' tasks, drawn on the CPU from each setting's own generator.

    Teachers have uniformly random directions at exactly the given angle, and the given
    norms; without a source (``linear.scratch``) training starts from zero.  Their
    difference lies where ``direction`` says.

    Raises:
        UsageError: FT305 settings of different shapes, an angle no pair of teachers
            can have, or population inputs with n != d.
    """
    parameters = [s.parameters for s in settings]
    n, d = _shape(parameters)
    X, others = np.empty((len(settings), n, d)), np.empty((len(settings), n + 2 * d))
    for rows, other, setting in zip(X, others, settings, strict=True):
        rng = generator(setting)
        rng.standard_normal(out=rows)
        rng.standard_normal(out=other)
    eps, first, second = np.split(others, (n, n + d), axis=1)
    spectrum = np.stack([eigenvalues(p, d) for p in parameters])
    for rows, eigenvalue, p in zip(X, spectrum, parameters, strict=True):
        rows[:] = _design(p, rows)
        if p.get("spectrum", "isotropic") != "isotropic":
            rows *= np.sqrt(eigenvalue)
    source, target = _teachers(parameters, first, second)
    for i, p in enumerate(parameters):
        if p.get("direction", "uniform") != "uniform":
            source[i], target[i] = _turned(p, source[i], target[i], band(p, spectrum[i]), first[i], second[i])
    noise = _column(parameters, "sigma") * eps
    # One row at a time: a case's bits do not depend on its neighbours.
    y = np.einsum("cnd,cd->cn", X, target) + noise

    def move(a: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(a)).to(device)

    return Task(move(X), move(y), move(noise), move(source), move(target), move(spectrum), tuple(settings))


def eigenvalues(parameters: dict[str, Value], d: int) -> np.ndarray:
    """The covariance's eigenvalues, shape (d,), largest first.

    Isotropic: 1.  Power law: i^-alpha for i = 1..d.  Spiked: ``spikes`` of size ``spike_ratio``, the others 1.
    """
    match parameters.get("spectrum", "isotropic"):
        case "isotropic":
            return np.ones(d)
        case "power-law":
            return np.arange(1.0, d + 1) ** -float(parameters["alpha"])
        case _:
            large = np.arange(d) < int(parameters["spikes"])
            return np.sort(np.where(large, float(parameters["spike_ratio"]), 1.0))[::-1].copy()


def band(parameters: dict[str, Value], spectrum: np.ndarray) -> np.ndarray:
    """Indices of the eigenvectors in whose span ``direction`` puts the teachers' difference.

    An eighth of them: the first, the last, or those whose eigenvalues are nearest to the
    resolution of n samples in size.

    Raises:
        UsageError: FT305 the resolution is asked for and n >= d.
    """
    d, n = len(spectrum), int(parameters["n"])
    count = max(1, d // 8)
    match parameters["direction"]:
        case "top":
            return np.arange(count)
        case "tail":
            return np.arange(d - count, d)
        case "resolution":
            if n >= d:
                raise UsageError("FT305", f"direction = 'resolution' needs n < d, got n = {n}, d = {d}")
            distance = np.abs(np.log(spectrum / resolution(spectrum, n)))
            return np.sort(np.argsort(distance, kind="stable")[:count])
        case _:
            return np.arange(d)


def _turned(
    parameters: dict[str, Value],
    source: np.ndarray,
    target: np.ndarray,
    indices: np.ndarray,
    along: np.ndarray,
    across: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Teachers of the same norms and angle whose difference lies in the span of the indexed axes.

    Its direction there, and the other direction of the teachers' plane, are uniformly
    random.  Teachers without a difference stay as they are.
    """
    s, tau, theta = (float(parameters[name]) for name in ("source_norm", "target_norm", "theta"))
    # In the plane of the teachers the source is (s, 0); exact angles have exact coordinates.
    cosine, sine = (-1.0, 0.0) if theta == math.pi else (math.cos(theta), math.sin(theta))
    x, y = tau * cosine - s, tau * sine
    size = math.hypot(x, y)
    if size <= 1e-12 * (s + tau):
        return source, target
    axis = np.zeros_like(along)
    axis[indices] = along[indices]
    axis /= np.sqrt((axis * axis).sum())
    if sine == 0.0:
        first, second = axis * (x / size), np.zeros_like(axis)
    else:
        for _ in range(2):  # twice: orthogonal to the last bits
            across = across - (across * axis).sum() * axis
        other = across / np.sqrt((across * across).sum())
        first, second = (x * axis - y * other) / size, (y * axis + x * other) / size
    return s * first, tau * (cosine * first + sine * second)


def same_shape(parameters: list[dict[str, Value]]) -> None:
    """Check that settings can be trained together.

    Raises:
        UsageError: FT305, naming a parameter of the shape in which they differ.
    """
    first = parameters[0]
    for name in (key for key in first if PARAMETERS[key].shapes):
        if any(p[name] != first[name] for p in parameters):
            raise UsageError("FT305", f"settings trained together need the same {name}")


def _shape(parameters: list[dict[str, Value]]) -> tuple[int, int]:
    same_shape(parameters)
    first = parameters[0]
    n, d = first["n"], first["d"]
    assert isinstance(n, int)
    assert isinstance(d, int)
    return n, d


def _column(parameters: list[dict[str, Value]], name: str, default: Value = 0.0) -> np.ndarray:
    return np.array([[float(p.get(name, default))] for p in parameters])


def _design(parameters: dict[str, Value], z: np.ndarray) -> np.ndarray:
    n, d = z.shape
    match parameters.get("inputs", "gaussian"):
        case "population":
            if n != d:
                raise UsageError("FT305", f"inputs = 'population' needs n = d, got n = {n}, d = {d}")
            return math.sqrt(n) * np.eye(d)
        case "sphere":
            return z * (math.sqrt(d) / np.sqrt((z * z).sum(axis=1, keepdims=True)))
        case _:
            return z


def _unit(z: np.ndarray) -> np.ndarray:
    return z / np.sqrt((z * z).sum(axis=1, keepdims=True))


def _teachers(
    parameters: list[dict[str, Value]], first: np.ndarray, second: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Source and target, each (case, d)."""
    along = _unit(first)
    source, target = _column(parameters, "source_norm") * along, _column(parameters, "target_norm") * along
    for i, p in enumerate(parameters):
        theta = float(p.get("theta", 0.0))
        if theta == math.pi:
            target[i] = -target[i]
        elif theta != 0.0:
            if len(along[i]) == 1:
                raise UsageError("FT305", f"theta = {theta}: in dimension d = 1 the angle is 0 or pi")
            across = second[i]
            for _ in range(2):  # twice: orthogonal to the last bits
                across = across - (across * along[i]).sum() * along[i]
            across = across / np.sqrt((across * across).sum())
            target[i] = float(p["target_norm"]) * (math.cos(theta) * along[i] + math.sin(theta) * across)
    return source, target
