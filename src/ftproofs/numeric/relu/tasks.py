"""Linear teachers on the unit sphere: target data, source data and fresh test inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ftproofs.errors import UsageError
from ftproofs.names import source_samples
from ftproofs.numeric import tasks
from ftproofs.numeric.seeds import Stream, generator
from ftproofs.settings import Setting

#: Fresh inputs at which predictors are compared.
TEST = 256


@dataclass(frozen=True)
class SphereTask:
    """A batch of tasks, float64, on the CPU; all inputs have unit length.

    X (case, n, d) and y (case, n): the target task.  source_X (case, n_s, d) and source_y
    (case, n_s): the source task, None where the source is the population.  test (case, TEST, d)
    are fresh inputs.  source, target (case, d): the teachers.
    """

    X: np.ndarray
    y: np.ndarray
    source_X: np.ndarray | None
    source_y: np.ndarray | None
    test: np.ndarray
    source: np.ndarray
    target: np.ndarray

    def __len__(self) -> int:
        return len(self.X)


def draw(settings: Sequence[Setting]) -> SphereTask:
    """The settings' tasks: inputs uniform on the sphere, teachers and noise as in linear regression.

    Raises:
        UsageError: FT305 settings of different shapes, or of different numbers of source samples.
    """
    task = tasks.draw(settings)
    parameters = [setting.parameters for setting in settings]
    source, target = task.source.numpy(), task.target.numpy()
    X = unit(task.X.numpy())
    y = labels(X, target) + task.noise.numpy()
    counts = {source_samples(p) if "gamma_s" in p else None for p in parameters}
    if len(counts) > 1:
        raise UsageError("FT305", "settings drawn together need the same number of source samples")
    n_s, d = counts.pop(), X.shape[2]
    test = sphere(settings, "test", TEST, d)
    if n_s is None:
        return SphereTask(X, y, None, None, test, source, target)
    source_X = sphere(settings, "source", n_s, d)
    return SphereTask(X, y, source_X, labels(source_X, source), test, source, target)


def sphere(settings: Sequence[Setting], stream: Stream, count: int, d: int) -> np.ndarray:
    """Uniform points of the unit sphere from each setting's own generator, shape (case, count, d)."""
    return unit(np.stack([generator(setting, stream).standard_normal((count, d)) for setting in settings]))


def unit(z: np.ndarray) -> np.ndarray:
    """The rows at unit length."""
    return z / np.sqrt((z * z).sum(axis=-1, keepdims=True))


def labels(X: np.ndarray, teacher: np.ndarray) -> np.ndarray:
    """``X beta``, elementwise: a case's bits do not depend on its neighbours."""
    return (X * teacher[:, None, :]).sum(axis=2)
