"""Leaky-ReLU classifiers whose neurons form two clusters, trained with the logistic loss (``leaky-relu.train``).

``N(x) = sum_i v_i phi(w_i'x) - sum_j v'_j phi(u_j'x)``, ``phi(z) = max(z, slope z)``, m neurons of each sign.  The
readout v > 0 is fixed, the first layers train.  A cluster that starts as ``w_i = v_i w`` stays one: every neuron's
gradient is v_i times the same vector.  Cases are trained one at a time: they are small, and no case depends on others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ftproofs.names import Experiment, Value
from ftproofs.numeric.relu.finetune import Measured
from ftproofs.numeric.seeds import generator
from ftproofs.numeric.training.bounds import UNIT
from ftproofs.settings import Block, Setting

#: Fresh inputs at which the network is compared with its linear rule.
TEST = 512

#: Where one neuron lies on the other side: the centroid is -2 along an axis, neuron 1 at so much a neuron.
OUTLIER, CENTROID = 0.4, -2.0


@dataclass(frozen=True)
class Network:
    """First layers w, u (m, d) and readouts v, v_minus (m,), positive; phi has this slope below 0."""

    w: Tensor
    u: Tensor
    v: Tensor
    v_minus: Tensor
    slope: float

    def phi(self, z: Tensor) -> Tensor:
        return torch.where(z > 0, z, self.slope * z)

    def __call__(self, X: Tensor) -> Tensor:
        """N at the rows of X (k, d)."""
        return self.phi(X @ self.w.T) @ self.v - self.phi(X @ self.u.T) @ self.v_minus


def measure(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
    """Readings of the trained networks."""
    rows = []
    for setting, p in zip(block.settings, parameters, strict=True):
        n, d = int(p["n"]), int(p["d"])
        rng = generator(setting)
        X, teacher = (aligned(rng.standard_normal(shape), device) for shape in ((n, d), d))
        network = train(start(setting, p, device), X, torch.sign(X @ teacher), int(p["steps"]), block.method)
        test = aligned(generator(setting, "test").standard_normal((TEST, d)), device)
        rows.append(read(network, test))

    def column(name: str, part: int) -> Tensor:
        return torch.tensor([row[name][part] for row in rows], dtype=torch.float64, device=device)

    readings = {name: (column(name, 0), column(name, 1)) for name in spec.measurements}
    return readings, ("ok",) * len(block), (), {}


def start(setting: Setting, p: dict[str, Value], device: str) -> Network:
    """The network before training."""
    m, d, scale = int(p["m"]), int(p["d"]), float(p["init_scale"])
    rng = generator(setting, "start")
    centres, apart = scale * rng.standard_normal((2, 1, d)), rng.standard_normal((2, m, d)) / math.sqrt(d)
    readout, flips = rng.uniform(0.5, 2.0, (2, m)), 2.0 * rng.integers(0, 2, (2, m)) - 1.0
    if p["readout"] == "equal":
        readout[:] = 1.0
    if p["cluster"] == "outlier":
        axis = centres[0] / abs(centres[0]).max()
        axis = axis / (axis * axis).sum() ** 0.5
        others = (CENTROID - OUTLIER) * m / max(1, m - 1)
        sizes = [[OUTLIER * m], *[[others]] * (m - 1)]
        layers = np.stack([np.array(sizes) * axis, np.zeros((m, d))])
    else:
        length = (centres * centres).sum(axis=2, keepdims=True) ** 0.5
        factor = {"readout": readout, "equal": 1.0 + 0 * readout, "mixed": flips * readout}[str(p["scales"])]
        layers = factor[:, :, None] * (centres + float(p["spread"]) * length * apart)
    w, u, v, v_minus = (aligned(part, device) for part in (*layers, *readout))
    return Network(w, u, v, v_minus, float(p["slope"]))


def aligned(z: np.ndarray, device: str) -> Tensor:
    """A tensor in memory of its own: matrix products of the same numbers round by where they lie."""
    return torch.from_numpy(z).clone().to(device)


def train(network: Network, X: Tensor, y: Tensor, steps: int, method: int) -> Network:
    """So many steps of gradient descent on the mean logistic loss, explicit or (method 1) by differentiation."""
    rate = 1 / float(network.v.square().sum() + network.v_minus.square().sum())
    w, u = network.w, network.u
    for _ in range(steps):
        now = Network(w, u, network.v, network.v_minus, network.slope)
        slopes = _by_hand(now, X, y) if method == 0 else _by_autograd(now, X, y)
        w, u = w - rate * slopes[0], u - rate * slopes[1]
    return Network(w, u, network.v, network.v_minus, network.slope)


def _by_hand(network: Network, X: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    pull = -y / (1 + torch.exp(y * network(X))) / len(y)
    found = []
    for layer, v, sign in ((network.w, network.v, 1.0), (network.u, network.v_minus, -1.0)):
        slope = torch.where(X @ layer.T > 0, 1.0, network.slope)
        found.append(sign * v[:, None] * ((slope * pull[:, None]).T @ X))
    return found[0], found[1]


def _by_autograd(network: Network, X: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    w, u = (layer.detach().clone().requires_grad_(True) for layer in (network.w, network.u))
    free = Network(w, u, network.v, network.v_minus, network.slope)
    loss = torch.nn.functional.softplus(-y * free(X)).mean()
    first, second = torch.autograd.grad(loss, (w, u))
    return first, second


def read(network: Network, X: Tensor) -> dict[str, tuple[float, float]]:
    """Readings at fresh inputs X (k, d), each with a bound on its rounding.

    Sums are taken with the readout's weights in the linear rule of perfect clusters, and without them
    (centroids) in that of approximate ones.
    """
    value = network(X)
    length = torch.linalg.vector_norm(X, dim=1)
    rule = X @ (network.v @ network.w - network.v_minus @ network.u)
    weight = float(
        network.v @ torch.linalg.vector_norm(network.w, dim=1)
        + network.v_minus @ torch.linalg.vector_norm(network.u, dim=1)
    )
    rounding = 64 * UNIT * (len(network.v) + X.shape[1]) * weight * length
    ratio = value / rule
    error = rounding * (1 + ratio.abs()) / rule.abs()
    low, high = int(ratio.argmin()), int(ratio.argmax())
    # A value of exactly 0 is one where no neuron is near its kink: with slope 0 all of them are off.
    kinks = torch.cat([X @ network.w.T, X @ network.u.T], dim=1).abs().amin(dim=1)
    zero = (value == 0) & (kinks > rounding)
    doubtful = ((value.abs() <= rounding) & ~zero) | (rule.abs() <= rounding)
    centroids = network.w.mean(dim=0), network.u.mean(dim=0)
    spread = sum(
        float(torch.linalg.vector_norm(layer - centre, dim=1).mean())
        for layer, centre in zip((network.w, network.u), centroids, strict=True)
    )
    plain = X @ (centroids[0] - centroids[1])
    agrees = value * plain > 0
    sure = network.slope * plain.abs() > spread * length
    unscaled = plain.abs() > spread * length
    fit = torch.linalg.solve(X.T @ X, X.T @ value)
    missed = float(torch.linalg.vector_norm(value - X @ fit) / torch.linalg.vector_norm(value))

    def share(agreeing: Tensor, among: Tensor) -> tuple[float, float]:
        count = int(among.sum())
        if count == 0:
            return 1.0, 0.0
        return float((agreeing & among).sum()) / count, float((doubtful & among).sum()) / count

    return {
        "least_slope": (float(ratio[low]), float(error[low])),
        "greatest_slope": (float(ratio[high]), float(error[high])),
        "linear_agreement": share(ratio > 0, torch.ones_like(sure)),
        "certified_agreement": share(agrees, sure),
        "unscaled_agreement": share(agrees, unscaled),
        "certified_share": (float(sure.sum()) / len(X), 0.0),
        "linear_misfit": (missed, 1e-9),
    }
