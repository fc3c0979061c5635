"""Random tasks for the tests of the numeric wing, and limits that share no code with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import brentq

from ftproofs.names import Value, complete
from ftproofs.numeric import seeds, tasks
from ftproofs.numeric.tasks import Task
from ftproofs.settings import Setting


@pytest.fixture(autouse=True)
def fixed_draws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The same data whatever the code's hash, so that a test is what it was before a change."""
    monkeypatch.setattr(seeds, "code_hash", lambda: "0" * 64)
    seeds._prefix.cache_clear()
    yield
    seeds._prefix.cache_clear()


BASE: dict[str, dict[str, Value]] = {
    "linear.finetune": {"theta": 1.0, "source_norm": 2.0, "target_norm": 0.7, "sigma": 0.3},
    "linear.scratch": {"target_norm": 0.7, "sigma": 0.3},
    "linear.stability": {"theta": 1.0, "source_norm": 2.0, "target_norm": 0.7, "sigma": 0.3, "steps": 60},
    "deep-linear.finetune": {"theta": 1.0, "source_norm": 2.0, "target_norm": 0.7, "sigma": 0.3},
}


def batch(experiment: str, count: int, *, root: int = 0, **given: Any) -> tuple[Task, list[dict[str, Value]]]:
    """A task of ``count`` cases; a list among the given values holds one for each case."""
    settings = []
    for i in range(count):
        own = {k: v[i] if isinstance(v, (list, np.ndarray)) else v for k, v in given.items()}
        own = {k: v.item() if isinstance(v, np.generic) else v for k, v in own.items()}
        values = complete(experiment, BASE[experiment] | own)
        settings.append(Setting.of(experiment, values, root=root, index=i))
    return tasks.draw(settings), [s.parameters for s in settings]


def scatter(rng: np.random.Generator, count: int) -> dict[str, np.ndarray]:
    """Angles, norms and noise all over their ranges, the ends of the angle included."""
    theta = rng.uniform(0, np.pi, count)
    theta[0], theta[-1] = 0.0, np.pi
    return {
        "theta": theta,
        "source_norm": np.exp(rng.uniform(np.log(0.5), np.log(2), count)),
        "target_norm": np.exp(rng.uniform(np.log(0.5), np.log(2), count)),
        "sigma": rng.uniform(0, 1, count) * (rng.uniform(size=count) < 0.7),
    }


def linear_limit(task: Task) -> np.ndarray:
    """The fit nearest to the source, by LAPACK's least squares in NumPy, (case, d)."""
    ends = []
    for X, y, start in zip(task.X.numpy(), task.y.numpy(), task.source.numpy(), strict=True):
        ends.append(start + np.linalg.lstsq(X, y - X @ start, rcond=None)[0])
    return np.stack(ends)


def deep_limit(task: Task, depth: int) -> np.ndarray:
    """The endpoint law for balanced starts, its root by bisection in ln c, (case, d)."""
    ends = []
    for X, y, start in zip(task.X.numpy(), task.y.numpy(), task.source.numpy(), strict=True):
        fit = np.linalg.lstsq(X, y, rcond=None)[0]
        outside = start - np.linalg.lstsq(X, X @ start, rcond=None)[0]
        if X.shape[0] >= X.shape[1]:
            outside = np.zeros_like(outside)
        a, b, s = (float(np.linalg.norm(z)) for z in (fit, outside, start))
        factor = 1.0
        if depth > 1 and b > 0:
            p = 2 * depth / (depth - 1)

            def excess(x: float, a: float = a, b: float = b, s: float = s, p: float = p) -> float:
                return float(np.logaddexp(2 * np.log(a), 2 * x + 2 * np.log(b)) - p * x - 2 * np.log(s))

            factor = float(np.exp(brentq(excess, -60.0, 60.0, xtol=1e-15, rtol=1e-15)))
        ends.append(fit + factor * outside)
    return np.stack(ends)


def distance(beta: torch.Tensor, limit: np.ndarray) -> np.ndarray:
    """Euclidean distance of each case."""
    return np.linalg.norm(beta.numpy() - limit, axis=1)


def same_bits(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Bitwise equality, NaN included."""
    return a.numpy().tobytes() == b.numpy().tobytes()
