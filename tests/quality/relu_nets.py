"""ReLU networks for `verify`, on numpy alone: random first layers, kernel regression, trained leaky-ReLU clusters.

A setting is a dict of parameters, ``draws`` are independent data sets at it; every quantity has shape (draw,).
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

Setting = dict[str, float | int | str]

#: Fresh inputs at which networks of infinite width, and leaky-ReLU networks, are looked at.
TEST, LEAKY_TEST = 256, 512

DEFAULTS: Setting = {
    "n": 1,
    "source_norm": 1.0,
    "target_norm": 1.0,
    "sigma": 0.0,
    "theta": 0.0,
    "labels": "linear",
    "slope": 0.3,
    "init_scale": 1.0,
    "spread": 0.0,
    "readout": "equal",
    "scales": "readout",
    "steps": 100,
}


class Drawn:
    """What the three experiments share."""

    def __init__(self, setting: Setting, count: int, rng: np.random.Generator) -> None:
        self.p, self.count, self.rng = DEFAULTS | setting, count, rng
        self.n, self.d = int(self.p["n"]), int(self.p["d"])

    def measure(self, name: str) -> np.ndarray | float:
        """A measurement or parameter by name."""
        return self.p[name] if name in self.p else getattr(self, name)  # type: ignore[return-value]


class Tangent(Drawn):
    """Random first layers: how many of their neurons are on at both of two inputs."""

    @cached_property
    def tangent_kernel(self) -> np.ndarray:
        """The mean over n pairs of x'z times the share of neurons that are on at both."""
        shape, theta = (self.count, self.n, self.d), float(self.p["theta"])
        W = self.rng.standard_normal((self.count, int(self.p["m"]), self.d))
        plane = np.linalg.qr(self.rng.standard_normal((*shape, 2)))[0]
        x, across = plane[..., 0], plane[..., 1]
        z = math.cos(theta) * x + math.sin(theta) * across
        on, other = (np.einsum("cnd,cmd->cnm", u, W) > 0 for u in (x, z))
        return ((x * z).sum(axis=2) * (on & other).mean(axis=2)).mean(axis=1)


class Infinite(Drawn):
    """Kernel regression of the labels' difference from the start, at unit inputs."""

    def __init__(self, setting: Setting, count: int, rng: np.random.Generator) -> None:
        super().__init__(setting, count, rng)
        plane = np.linalg.qr(rng.standard_normal((count, self.d, 2)))[0]
        theta, tau = float(self.p["theta"]), float(self.p["target_norm"])
        source = float(self.p["source_norm"]) * plane[:, :, 0]
        target = tau * (math.cos(theta) * plane[:, :, 0] + math.sin(theta) * plane[:, :, 1])
        self.delta = target - source
        self.X = sphere(rng, (count, self.n, self.d))
        z = np.einsum("cnd,cd->cn", self.X, self.delta)
        shaped = {"linear": z, "absolute": np.abs(z), "quadratic": z * z}[str(self.p["labels"])]
        self.r = shaped + float(self.p["sigma"]) * rng.standard_normal((count, self.n))
        self.H = kernel(self.X @ self.X.swapaxes(1, 2))
        self.H[:, range(self.n), range(self.n)] = 0.5

    @cached_property
    def weights(self) -> np.ndarray:
        """``H^-1 r``."""
        return np.linalg.solve(self.H, self.r[:, :, None])[:, :, 0]

    @property
    def label_energy(self) -> np.ndarray:
        """``r'H^-1 r``."""
        return (self.r * self.weights).sum(axis=1)

    @property
    def label_form(self) -> np.ndarray:
        """``r'H r``."""
        return np.einsum("cn,cnm,cm->c", self.r, self.H, self.r)

    @property
    def delta_norm(self) -> np.ndarray:
        """``|delta|``."""
        return np.linalg.norm(self.delta, axis=1)

    @property
    def par_delta_norm(self) -> np.ndarray:
        """``|P delta|``."""
        if self.n >= self.d:
            return self.delta_norm
        basis = np.linalg.qr(self.X.swapaxes(1, 2))[0]
        return np.linalg.norm(np.einsum("cdn,cd->cn", basis, self.delta), axis=1)

    @cached_property
    def clipped_risk(self) -> np.ndarray:
        """The mean of min(1, error) at fresh inputs; the truth there is the target teacher's."""
        found = []
        for X, a, delta in zip(self.X, self.weights, self.delta, strict=True):
            z = sphere(self.rng, (TEST, self.d))
            found.append(np.minimum(1, np.abs(kernel(z @ X.T) @ a - z @ delta)).mean())
        return np.array(found)


class Leaky(Drawn):
    """Leaky-ReLU classifiers of two clusters, trained on the logistic loss; all draws at once."""

    def __init__(self, setting: Setting, count: int, rng: np.random.Generator) -> None:
        super().__init__(setting, count, rng)
        m, d, p = int(self.p["m"]), self.d, self.p
        centres = float(p["init_scale"]) * rng.standard_normal((2, count, 1, d))
        apart = rng.standard_normal((2, count, m, d)) / math.sqrt(d)
        v = rng.uniform(0.5, 2.0, (2, count, m)) if p["readout"] == "unequal" else np.ones((2, count, m))
        factor = v * rng.choice([-1.0, 1.0], v.shape) if p["scales"] == "mixed" else v
        length = np.linalg.norm(centres, axis=-1, keepdims=True)
        layers = factor[..., None] * (centres + float(p["spread"]) * length * apart)
        X, teacher = rng.standard_normal((count, self.n, d)), rng.standard_normal((count, d))
        y = np.sign(np.einsum("cnd,cd->cn", X, teacher))
        self.v, signs = v, np.array([1.0, -1.0])[:, None, None]
        rate = 1 / (v * v).sum(axis=(0, 2))
        for _ in range(int(p["steps"])):
            z = np.einsum("cnd,scmd->scnm", X, layers)
            pull = y / (1 + np.exp(y * self.value(z))) / self.n
            slopes = np.where(z > 0, 1.0, float(p["slope"])) * pull[None, :, :, None]
            step = np.einsum("scnm,cnd->scmd", slopes, X)
            layers = layers + rate[:, None, None] * (signs * v)[..., None] * step
        fresh = rng.standard_normal((count, LEAKY_TEST, d))
        self.N = self.value(np.einsum("cnd,scmd->scnm", fresh, layers))
        weighed = np.einsum("scm,scmd->scd", v, layers)
        self.rule = np.einsum("cnd,cd->cn", fresh, weighed[0] - weighed[1])
        self.fresh = fresh

    def value(self, z: np.ndarray) -> np.ndarray:
        """N from the neurons' inputs (sign, draw, input, neuron)."""
        parts = np.einsum("scnm,scm->scn", np.maximum(z, float(self.p["slope"]) * z), self.v)
        return parts[0] - parts[1]

    @property
    def least_slope(self) -> np.ndarray:
        """Least value of N over its linear rule."""
        return (self.N / self.rule).min(axis=1)

    @property
    def greatest_slope(self) -> np.ndarray:
        """Largest value of N over its linear rule."""
        return (self.N / self.rule).max(axis=1)

    @property
    def linear_agreement(self) -> np.ndarray:
        """Share of inputs at which both have one sign."""
        return (self.N * self.rule > 0).mean(axis=1)

    @property
    def linear_misfit(self) -> np.ndarray:
        """What the best linear function misses, relative."""
        missed = [N - A @ np.linalg.lstsq(A, N)[0] for A, N in zip(self.fresh, self.N, strict=True)]
        return np.linalg.norm(missed, axis=1) / np.linalg.norm(self.N, axis=1)


def kernel(u: np.ndarray) -> np.ndarray:
    """``u P(w'x > 0, w'z > 0)`` for standard normal w, by Sheppard's orthant probability."""
    u = np.clip(u, -1, 1)
    return u * (0.25 + np.arcsin(u) / (2 * math.pi))


def sphere(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Uniform points of the unit sphere."""
    z = rng.standard_normal(shape)
    return z / np.linalg.norm(z, axis=-1, keepdims=True)
