"""Tasks: covariances, teachers at a given angle, designs and labels, a batch of them at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from ftproofs.errors import UsageError
from ftproofs.names import PARAMETERS, Value
from ftproofs.numeric.seeds import generator, of_design, sharing
from ftproofs.numeric.solvers import resolution
from ftproofs.settings import Draws, Setting, parameters_of


@dataclass(frozen=True)
class Task:
    """A batch of regression tasks, float64: labels ``y = X target + noise``.

    X (case, n, d); y, noise (case, n); source, target (case, d); spectrum (case, d)
    are the eigenvalues of the inputs' diagonal covariance.  ``settings`` are the
    cases' own, for what is drawn later.

    With ``shared`` above 1 the first axis of X, and only of X, counts designs: each
    belongs to that many consecutive cases.
    """

    X: Tensor
    y: Tensor
    noise: Tensor
    source: Tensor
    target: Tensor
    spectrum: Tensor
    settings: Sequence[Setting]
    shared: int = 1

    def __len__(self) -> int:
        return self.y.shape[0]

    def image(self, vector: Tensor) -> Tensor:
        """X z for z of shape (case, d), shape (case, n)."""
        if self.shared == 1:
            return torch.einsum("cnd,cd->cn", self.X, vector)
        grouped = vector.reshape(len(self.X), self.shared, -1)
        return (grouped @ self.X.mT).reshape(len(self), -1)

    def preimage(self, vector: Tensor) -> Tensor:
        """X' z for z of shape (case, n), shape (case, d)."""
        if self.shared == 1:
            return torch.einsum("cnd,cn->cd", self.X, vector)
        grouped = vector.reshape(len(self.X), self.shared, -1)
        return (grouped @ self.X).reshape(len(self), -1)

    def each(self, number: Tensor) -> Tensor:
        """A number of every design as one of every case, shape (case,)."""
        return number.repeat_interleave(self.shared) if self.shared > 1 else number

    def select(self, cases: Sequence[int]) -> Task:
        """The task of some cases only, in that order; repeats are allowed. Designs must not be shared."""
        if self.shared > 1:
            raise ValueError("cases that share designs cannot be taken apart")
        index = torch.as_tensor(cases, device=self.X.device)
        X, y, noise, source, target, spectrum = (
            a[index] for a in (self.X, self.y, self.noise, self.source, self.target, self.spectrum)
        )
        return Task(X, y, noise, source, target, spectrum, tuple(self.settings[i] for i in cases))


def draw(settings: Sequence[Setting], *, device: str = "cpu", shared: int = 1) -> Task:
    """The settings' tasks, drawn on the CPU from each setting's own generator.

    Teachers have uniformly random directions at exactly the given angle, and the given
    norms; without a source (``linear.scratch``) training starts from zero.  Their
    difference lies where ``direction`` says.  ``shared`` keeps one X for so many
    consecutive cases, which must be all those that share their design (`seeds.sharing`).

    Raises:
        UsageError: FT305 settings of different shapes, an angle no pair of teachers
            can have, or population inputs with n != d.
    """
    parameters = parameters_of(settings)
    n, d = _shape(parameters)
    X, (eps, first, second) = _normals(settings, n, d, shared)
    source, target = _teachers(parameters, first, second)
    spectrum = np.empty((len(parameters), d))
    for p, cases in _alike(parameters):
        spectrum[cases] = values = eigenvalues(p, d)
        if p.get("direction", "uniform") != "uniform":
            axes = band(p, values)
            source[cases], target[cases] = _turned(p, source[cases], target[cases], axes, first[cases], second[cases])
    for rows, eigenvalue, p in zip(X, spectrum[::shared], parameters[::shared], strict=True):
        if p.get("inputs", "gaussian") != "gaussian":
            rows[:] = _design(p, rows)
        if p.get("spectrum", "isotropic") != "isotropic":
            rows *= np.sqrt(eigenvalue)
    noise = column(parameters, "sigma") * eps
    if shared == 1:
        # One row at a time: a case's bits do not depend on its neighbours.
        y = np.einsum("cnd,cd->cn", X, target) + noise
    else:
        # Neighbours are always the same ones here.
        y = (target.reshape(len(X), shared, d) @ X.transpose(0, 2, 1)).reshape(len(settings), n) + noise

    def move(a: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(a)).to(device)

    return Task(move(X), move(y), move(noise), move(source), move(target), move(spectrum), tuple(settings), shared)


def whole_designs(settings: Sequence[Setting], shared: int) -> tuple[Sequence[Setting], list[int]]:
    """All cases of the designs that these settings share, design by design, and where these settings are among them.

    As many designs as the settings would fill if each stood with all its neighbours, so
    that a replay, which has copies of one setting, measures arrays of the same shapes.

    Raises:
        UsageError: FT305 settings that share their designs with different numbers of others.
    """
    if shared == 1:
        return settings, []
    first = settings[0]
    if first.index % shared == 0 and len(settings) % shared == 0 and _consecutive(settings):
        return settings, list(range(len(settings)))
    if any(sharing(setting.stage) != shared for setting in settings):
        raise UsageError("FT305", "settings solved together need the same number of cases to a design")
    designs = list(dict.fromkeys(map(of_design, settings)))
    place = {design: i for i, design in enumerate(designs)}
    chosen = [place[of_design(setting)] * shared + setting.index % shared for setting in settings]
    designs += designs[:1] * (math.ceil(len(settings) / shared) - len(designs))
    if chosen == list(range(len(designs) * shared)):
        return settings, chosen
    whole = [
        Setting(design.experiment, design.values, design.root, design.stage, design.index * shared + i)
        for design in designs
        for i in range(shared)
    ]
    return tuple(whole), chosen


def _consecutive(settings: Sequence[Setting]) -> bool:
    """Whether these are draws of one setting, in order."""
    if isinstance(settings, Draws):
        return True
    first = settings[0]
    return all(
        setting.index == first.index + i and setting.values is first.values and setting.stage == first.stage
        for i, setting in enumerate(settings)
    )


def _normals(
    settings: Sequence[Setting], n: int, d: int, shared: int
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Standard normal numbers: z (design, n, d), and noise (case, n) and two directions (case, d).

    Cases that share a design share its generator, which draws the design, then what is each case's own.
    """
    z, rest = np.empty((len(settings) // shared, n * d)), np.empty((len(settings), n + 2 * d))
    for i, setting in enumerate(settings[::shared]):
        count = sharing(setting.stage)
        source = generator(setting) if count == 1 else generator(of_design(setting), "design")
        source.standard_normal(out=z[i])
        if count == shared:
            source.standard_normal(out=rest[i * shared : (i + 1) * shared])
        else:
            rest[i] = source.standard_normal((count, n + 2 * d))[setting.index % count]
    eps, first, second = np.split(rest, (n, n + d), axis=1)
    return z.reshape(-1, n, d), (eps, first, second)


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
    return _band(str(parameters["direction"]), int(parameters["n"]), np.ascontiguousarray(spectrum).tobytes())


@lru_cache(maxsize=256)
def _band(direction: str, n: int, values: bytes) -> np.ndarray:
    spectrum = np.frombuffer(values)
    d = len(spectrum)
    count = max(1, d // 8)
    match direction:
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
    """Teachers of the same norms and angle whose difference lies in the span of the indexed axes; all (case, d).

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
    axis[:, indices] = along[:, indices]
    axis = _unit(axis)
    if sine == 0.0:
        first, second = axis * (x / size), np.zeros_like(axis)
    else:
        for _ in range(2):  # twice: orthogonal to the last bits
            across = across - (across * axis).sum(axis=1, keepdims=True) * axis
        other = _unit(across)
        first, second = (x * axis - y * other) / size, (y * axis + x * other) / size
    return s * first, tau * (cosine * first + sine * second)


def same_shape(parameters: list[dict[str, Value]]) -> None:
    """Check that settings can be trained together.

    Raises:
        UsageError: FT305, naming a parameter of the shape in which they differ.
    """
    first = parameters[0]
    distinct = [p for p, _ in _alike(parameters)]
    for name in (key for key in first if PARAMETERS[key].shapes):
        if any(p[name] != first[name] for p in distinct):
            raise UsageError("FT305", f"settings trained together need the same {name}")


def _shape(parameters: list[dict[str, Value]]) -> tuple[int, int]:
    same_shape(parameters)
    first = parameters[0]
    n, d = first["n"], first["d"]
    assert isinstance(n, int)
    assert isinstance(d, int)
    return n, d


def _alike(parameters: Sequence[dict[str, Value]]) -> Sequence[tuple[dict[str, Value], slice | list[int]]]:
    """Values and the cases that have them: draws of one setting share a dictionary."""
    if parameters.count(parameters[0]) == len(parameters):
        return [(parameters[0], slice(None))]
    known: dict[int, tuple[dict[str, Value], list[int]]] = {}
    for i, p in enumerate(parameters):
        known.setdefault(id(p), (p, []))[1].append(i)
    return list(known.values())


def column(parameters: Sequence[dict[str, Value]], name: str, default: float = 0.0) -> np.ndarray:
    """A parameter of every case, shape (case, 1), float64."""
    found = np.empty((len(parameters), 1))
    for p, cases in _alike(parameters):
        found[cases] = float(p.get(name, default))
    return found


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
    source, target = column(parameters, "source_norm") * along, column(parameters, "target_norm") * along
    angles = column(parameters, "theta")[:, 0]
    target[angles == math.pi] *= -1
    turned = (angles != 0) & (angles != math.pi)
    if turned.any():
        if along.shape[1] == 1:
            raise UsageError("FT305", f"theta = {angles[turned][0]}: in dimension d = 1 the angle is 0 or pi")
        axis, across = along[turned], second[turned]
        for _ in range(2):  # twice: orthogonal to the last bits
            across = across - (across * axis).sum(axis=1, keepdims=True) * axis
        turn = angles[turned, None]
        norms = column(parameters, "target_norm")[turned]
        target[turned] = norms * (np.cos(turn) * axis + np.sin(turn) * _unit(across))
    return source, target
