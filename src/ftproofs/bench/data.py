"""The data of the benchmarks, each from a seed of its own name; float64."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ftproofs.numeric.diagonal.network import Weights
from ftproofs.numeric.diagonal.regression import Regression


def rng(name: str) -> np.random.Generator:
    """The generator of that name."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(f"ftproofs bench {name}".encode()).digest()[:8]))


@dataclass(frozen=True)
class Row:
    """A row of a phase diagram: X (net, n, d); y (angle, net, n), source and target (angle, net, d) of norm 1."""

    X: Tensor
    y: Tensor
    source: Tensor
    target: Tensor


def phase_row(n: int, d: int, angles: int, nets: int, device: str) -> Row:
    """Teachers at angles from 0 to pi, inputs shared by all angles as in a diagram of paired data."""
    draw = rng(f"phase {n} {d} {angles} {nets}")
    X = draw.standard_normal((nets, n, d))
    first, second = draw.standard_normal((2, angles, nets, d))
    first /= np.linalg.norm(first, axis=2, keepdims=True)
    second -= (second * first).sum(axis=2, keepdims=True) * first
    second /= np.linalg.norm(second, axis=2, keepdims=True)
    theta = np.linspace(0, np.pi, angles + 2)[1:-1, None, None]
    target = np.cos(theta) * first + np.sin(theta) * second
    y = np.einsum("cnd,acd->acn", X, target)
    return Row(*(torch.from_numpy(np.ascontiguousarray(a)).to(device) for a in (X, y, first, target)))


@dataclass(frozen=True)
class Diagonal:
    """Diagonal networks: X (net, n, d) with entries of variance 1/n, y (net, n), all weights ``start``."""

    X: Tensor
    y: Tensor
    start: float

    @property
    def problem(self) -> Regression:
        """As the engines read it."""
        return Regression.of(self.X, self.y)

    @property
    def weights(self) -> Weights:
        """Four equal vectors: predictor 0, scale c = 2 start^2."""
        z = torch.full_like(self.X[:, 0], self.start)
        return Weights(z, z.clone(), z.clone(), z.clone())

    @property
    def unit(self) -> Tensor:
        """What errors are relative to, (net,)."""
        return torch.linalg.vector_norm(self.y, dim=1)


def diagonal(n: int, d: int, nets: int, device: str, *, scale: float = 0.2) -> Diagonal:
    """Teachers with a fifth of their coordinates active, of second moment 1 each coordinate; noise-free."""
    draw = rng(f"diagonal {n} {d} {nets}")
    X = draw.standard_normal((nets, n, d)) / n**0.5
    teacher = draw.standard_normal((nets, d)) * 5**0.5
    teacher[:, max(1, d // 5) :] = 0
    y = np.einsum("cnd,cd->cn", X, teacher)
    return Diagonal(torch.from_numpy(X).to(device), torch.from_numpy(y).to(device), (scale / 2) ** 0.5)
