"""The replica of two trainings in a row: pretraining on finite data, then fine-tuning (handbook 8.5).

Pretraining ends, coordinate by coordinate, at ``eta(A + tau Z; theta, c)``.  Its law is
discretised on the nodes of the quadrature and each node becomes a group of the second stage,
with the scale that re-initialisation leaves there; given A the target does not depend on Z.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ftproofs.symbolic.replica_quadrature import Groups, _hyperbolic, nodes
from ftproofs.symbolic.replica_solver import FixedPoint, solve

#: Nodes in each of the four panels of a pretraining group.
NODES = 40
_NEGLIGIBLE = 1e-18


@dataclass(frozen=True)
class Feature:
    """A kind of coordinate, numbers: its share, its pretraining coefficient and the target's law there.

    ``targets`` are (conditional probability, b, s): the target is b + s G; probabilities sum to 1.
    """

    weight: float
    source: float
    targets: tuple[tuple[float, float, float], ...]


def pretrained_law(
    features: tuple[Feature, ...], c: float, tau: float, theta: float, count: int = NODES
) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each kind, nodes of the pretrained coefficient and their probabilities, shape (node,)."""
    laws = []
    for feature in features:
        args = (np.log(c), feature.source, tau, theta)
        log_c, b, deviation, slope = (np.array([x], dtype=np.float64) for x in args)
        t, w = (x[0] for x in nodes(log_c, b, deviation, slope, count))
        x, ch = (y[0] for y in _hyperbolic(t[None], log_c))
        u = x + theta / 2 * t - feature.source
        density = w * np.exp(-((u / tau) ** 2) / 2) / (tau * np.sqrt(2 * np.pi)) * (ch + theta / 2)
        kept = density > _NEGLIGIBLE
        laws.append((x[kept], density[kept] / density[kept].sum()))
    return laws


def two_stages(
    features: tuple[Feature, ...],
    *,
    c: float,
    scale: Callable[[np.ndarray], np.ndarray],
    delta_source: float,
    sigma_source: float,
    delta: float,
    sigma: float,
    count: int = NODES,
) -> tuple[FixedPoint, FixedPoint]:
    """The fixed points of pretraining and of fine-tuning, one case each.

    Args:
        features: the kinds of coordinates, weights summing to 1.
        c: scale of the pretraining start.
        scale: the fine-tuning scale as a function of pretrained coefficients (arrays).
        delta_source, sigma_source: pretraining samples over dimension, and their noise.
        delta, sigma: the same of fine-tuning.
        count: nodes in a panel of the discretised law.

    Returns:
        both; the second is NaN where the first does not interpolate, for lack of dimensions or of anything to fit.
    """
    weights = np.array([[f.weight for f in features]])
    sources = np.array([[f.source for f in features]])
    first = Groups(weights, np.full_like(weights, np.log(c)), sources, np.zeros_like(weights))
    pretrained = solve(first, np.array([delta_source]), np.array([sigma_source]))
    tau, theta = float(pretrained.tau[0]), float(pretrained.theta[0])
    if not theta > 0:
        return pretrained, FixedPoint(*np.full((5, 1), np.nan))
    rows: list[list[np.ndarray]] = [[], [], [], []]
    for feature, (x, p) in zip(features, pretrained_law(features, c, tau, theta, count), strict=True):
        log_c = np.log(scale(x))
        for probability, b, s in feature.targets:
            if probability > 0:
                columns = (feature.weight * probability * p, log_c, np.full_like(x, b), np.full_like(x, s))
                for row, column in zip(rows, columns, strict=True):
                    row.append(column)
    second = Groups(*(np.concatenate(row)[None] for row in rows))
    return pretrained, solve(second, np.array([delta]), np.array([sigma]))
