"""Infinitely wide ReLU networks: fine-tuning is kernel regression of the residual (experiment ``relu.infinite``).

Training is gradient descent in the space of functions: ``f = f_S + K(., X) a``, ``a`` moves against ``K a - r`` with
momentum until its distance to ``H^-1 r`` is certified.  The oracle solves by Cholesky's factor.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.linalg
import torch
from torch import Tensor

from ftproofs.names import Experiment, Value
from ftproofs.numeric.measurements import ROUNDING
from ftproofs.numeric.relu import kernel
from ftproofs.numeric.relu.finetune import Measured
from ftproofs.numeric.relu.tasks import draw, labels
from ftproofs.settings import Block

#: Training ends once the distance to the limit is below this, relative to it; and after so many steps.
AIM = 1e-12
MOST = 200_000

#: So many steps without progress are rounding.
STUCK = 200


def measure(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
    """Readings of predictors trained in function space, or of the oracle's; each case by itself, on the CPU."""
    task = draw(block.settings)
    start, truth = labels(task.test, task.source), labels(task.test, task.target)
    delta = task.target - task.source
    rows, statuses = [], []
    for i, p in enumerate(parameters):
        X = task.X[i]
        r = shaped(str(p["labels"]), X @ delta[i]) + (task.y[i] - X @ task.target[i])
        gram, cross = kernel.first_layer(X, X), kernel.first_layer(task.test[i], X)
        values = np.linalg.eigvalsh(gram)
        least = max(values[0], 0.0)
        condition = values[-1] / max(least, ROUNDING * values[-1])
        if block.engine == "solver":
            a, steps, status = solve(gram, r, block.method), 0, "ok"
        else:
            a, steps, status = train(gram, r, values, block.method)
        residual = float(np.linalg.norm(gram @ a - r))
        off = residual / least if least > 0 else math.inf
        energy = float(a @ gram @ a)
        # e(a*) - e(a) = 2 a'(r - H a) + (r - H a)' H^-1 (r - H a).
        energy_bound = 2 * float(np.linalg.norm(a)) * residual + residual * off + ROUNDING * condition * energy
        distance = np.abs(start[i] + cross @ a - truth[i])
        # Kernel rows have length at most sqrt(n)/2.
        slack = off * math.sqrt(len(r)) / 2 + ROUNDING * condition * float(np.linalg.norm(r))
        inside = np.linalg.qr(X.T)[0].T @ delta[i] if X.shape[0] < X.shape[1] else delta[i]
        rows.append(
            {
                "label_energy": (energy, energy_bound),
                "label_form": (float(r @ gram @ r), ROUNDING * float(r @ gram @ r)),
                "clipped_risk": (float(np.minimum(1.0, distance).sum() / len(distance)), slack),
                "par_delta_norm": (float(np.linalg.norm(inside)), 1e-10 * float(np.linalg.norm(delta[i]))),
                "delta_norm": (float(np.linalg.norm(delta[i])), ROUNDING),
                "steps": (float(steps), 0.0),
            }
        )
        statuses.append(status)

    def column(name: str, part: int) -> Tensor:
        return torch.tensor([row[name][part] for row in rows], dtype=torch.float64, device=device)

    return (
        {name: (column(name, 0), column(name, 1)) for name in spec.measurements},
        tuple(statuses),
        (),
        {"steps": column("steps", 0)},
    )


def shaped(kind: str, z: np.ndarray) -> np.ndarray:
    """The labels' difference from the start as a function of ``z = delta'x``: itself, its size or its square."""
    match kind:
        case "absolute":
            return np.abs(z)
        case "quadratic":
            return z * z
        case _:
            return z


def solve(gram: np.ndarray, r: np.ndarray, method: int) -> np.ndarray:
    """``H^-1 r`` by Cholesky's factor, or by eigenvectors."""
    if method == 0:
        return scipy.linalg.cho_solve(scipy.linalg.cho_factor(gram, lower=True), r)
    values, vectors = np.linalg.eigh(gram)
    return vectors @ ((vectors.T @ r) / values)


def train(gram: np.ndarray, r: np.ndarray, values: np.ndarray, method: int) -> tuple[np.ndarray, int, str]:
    """Gradient descent on ``a'Ha/2 - a'r`` from zero; (weights, steps, status).

    With momentum at the rates that suit the extreme eigenvalues best, the heavy ball's or (method 1) Nesterov's.
    """
    least, top = float(values[0]), float(values[-1])
    if least <= ROUNDING * top:
        return np.zeros_like(r), 0, "not-converged"
    root = math.sqrt(least / top)
    inertia = (1 - root) / (1 + root) if method else ((1 - root) / (1 + root)) ** 2
    eta = 1 / top if method else (2 / (math.sqrt(top) + math.sqrt(least))) ** 2
    a, before = np.zeros_like(r), np.zeros_like(r)
    size = float(np.linalg.norm(r))
    best, stuck = math.inf, 0
    for step in range(MOST):
        ahead = a + inertia * (a - before)
        slope = gram @ a - r
        left = float(np.linalg.norm(slope))
        if left <= AIM * least / top * size:
            return a, step, "ok"
        stuck = 0 if left < best else stuck + 1
        best = min(best, left)
        if stuck > STUCK:  # rounding: the bound says how near that is
            return a, step, "ok" if left <= 1e-6 * size else "not-converged"
        a, before = ahead - eta * (gram @ ahead - r if method else slope), a
    return a, MOST, "not-converged"
