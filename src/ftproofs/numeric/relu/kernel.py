"""Kernels of wide two-layer ReLU networks on the unit sphere, and what kernel regression predicts with them.

One case at a time, so that a case's bits do not depend on its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from ftproofs.numeric.measurements import ROUNDING


def angles(X: np.ndarray, Z: np.ndarray) -> np.ndarray:
    """Angles between unit vectors (n, d) and (k, d), shape (n, k); exact to rounding also near 0 and pi."""
    difference, total = X[:, None] - Z[None], X[:, None] + Z[None]
    apart, together = (np.sqrt((part * part).sum(axis=2)) for part in (difference, total))
    return 2 * np.arctan2(apart, together)


def first_layer(X: np.ndarray, Z: np.ndarray) -> np.ndarray:
    """The kernel of the first layer, ``x'z (pi - angle) / (2 pi)``, shape (n, k)."""
    psi = angles(X, Z)
    return np.cos(psi) * (np.pi - psi) / (2 * np.pi)


def both_layers(X: np.ndarray, Z: np.ndarray) -> np.ndarray:
    """The same with the readout's kernel added, ``(sin + cos (pi - angle)) / (2 pi)``: if both layers trained."""
    psi = angles(X, Z)
    return (np.sin(psi) + 2 * np.cos(psi) * (np.pi - psi)) / (2 * np.pi)


@dataclass(frozen=True)
class Regression:
    """Kernel regression of a residual r, one case.

    ``energy`` is ``r'H^-1 r``, ``form`` is ``r'H r``; ``correction`` (k,) the prediction at the
    test inputs, ``slack`` a bound on the relative rounding of what was solved for.
    """

    energy: float
    form: float
    correction: np.ndarray
    slack: float


def regress(gram: np.ndarray, cross: np.ndarray, r: np.ndarray) -> Regression:
    """Solve ``H a = r`` by Cholesky's factor.

    Args:
        gram: (n, n), positive definite.
        cross: (k, n), the kernel between test and training inputs.
        r: (n,).
    """
    a = scipy.linalg.cho_solve(scipy.linalg.cho_factor(gram, lower=True), r)
    values = np.linalg.eigvalsh(gram)
    slack = float(ROUNDING * len(r) * values[-1] / max(values[0], ROUNDING * values[-1]))
    return Regression(float(r @ a), float(r @ gram @ r), cross @ a, slack)
