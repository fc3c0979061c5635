"""Diagonal networks for `verify`, on numpy and scipy alone: an ODE solver takes the four raw weight vectors.

A setting is a dict of parameters; every quantity has shape (draw,), and what is of one coordinate is of a random one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy.integrate import solve_ivp

Setting = dict[str, float | int | str]

DEFAULTS: Setting = {
    "c": 0.1,
    "r": 0.0,
    "reinit": 0.1,
    "protocol": "S",
    "sigma": 0.0,
    "rho_pt": 0.3,
    "rho_shared": 0.2,
    "rho_new": 0.0,
    "engine": "flow",
    "step": 0.25,
    "curvature": 1.0,
    "time": 1.0,
}

#: A residual is gone at this share of the labels.
GONE = 1e-10


class Diagonal:
    """One network a draw, trained by itself."""

    def __init__(self, experiment: str, setting: Setting, count: int, rng: np.random.Generator) -> None:
        self.p, self.count = DEFAULTS | setting, count
        trained = scalar if experiment == "diagonal.scalar" else scratch
        found = [trained(self.p, rng) for _ in range(count)]
        self.found = {name: np.array([each[name] for each in found]) for name in found[0]}

    def measure(self, name: str) -> np.ndarray | float:
        """A measurement or parameter by name."""
        return self.found[name] if name in self.found else self.p[name]  # type: ignore[return-value]


def scalar(p: Setting, rng: np.random.Generator) -> dict[str, float]:
    """One coordinate: pretrained, re-initialised, fine-tuned."""
    one = np.eye(1)
    weights, _ = flow(start(p, 1), one, np.array([float(p["beta_aux"])]))
    pretrained = float(beta(weights)[0])
    weights = reinitialised(weights, p)
    c_ft = float(scale(weights)[0])
    root = math.sqrt(float(p["curvature"]))
    X, y = root * one, np.array([root * float(p["beta_main"])])
    end, found = flow(weights, X, y)
    halfway, _ = flow(weights, X, y, until=float(p["time"]))
    return {
        "c_ft": c_ft,
        "beta_pt": pretrained,
        "beta_end": float(beta(end)[0]),
        "beta_time": float(beta(halfway)[0]),
        "phase": float(found[0]),
        "loss_integral": float(found[-1]),
    }


def scratch(p: Setting, rng: np.random.Generator) -> dict[str, float]:
    """A network from the symmetric start, on Gaussian data of a sparse teacher."""
    n, d = int(p["n"]), int(p["d"])
    pretrained = round(float(p["rho_pt"]) * d)
    shared = round(float(p["rho_shared"]) * pretrained)
    new = round(float(p["rho_new"]) * (d - pretrained))
    on = np.r_[0:shared, pretrained : pretrained + new]
    teacher = np.zeros(d)
    teacher[on] = rng.choice([-1.0, 1.0], len(on)) * math.sqrt(d / max(1, len(on)))
    X = rng.standard_normal((n, d)) / math.sqrt(n)
    y = X @ teacher + float(p["sigma"]) * rng.standard_normal(n)
    weights, i = start(p, d), int(rng.integers(d))
    if p["engine"] == "descent":
        largest = 2 * math.hypot(float(p["c"]), float(np.abs(teacher).max()))
        rate = float(p["step"]) * 2 / (np.linalg.svd(X, compute_uv=False)[0] ** 2 * largest)
        end, drift = descent(weights, X, y, rate)
        extra = {"drift_product": float(drift[i])}
    else:
        end, found = flow(weights, X, y)
        b, c = beta(end), float(p["c"])
        cost = (c - np.hypot(c, b) + b * np.arcsinh(b / c)) / 2
        extra = {"loss_integral": found[-1], "loss_area": found[-1] / 2, "penalty": cost.sum()}
    (A0, B0), (A1, B1) = sums(weights), sums(end)
    return extra | {
        "beta_end": float(beta(end)[i]),
        "beta_norm": float(np.linalg.norm(beta(end))),
        "sum_ratio": float(A1[i] / A0[i]),
        "difference_ratio": float(B1[i] / B0[i]),
    }


def start(p: Setting, d: int) -> np.ndarray:
    """``w_+, v_+, w_-, v_-`` of scale c and relative scale r, (4, d)."""
    c, r = float(p["c"]), float(p["r"])
    w, v = math.sqrt(c * (1 + r) / 2), math.sqrt(c * (1 - r) / 2)
    return np.array([[w] * d, [v] * d, [w] * d, [v] * d])


def reinitialised(weights: np.ndarray, p: Setting) -> np.ndarray:
    """Both first layers at their sum (S), mean (M) or root mean square (R), both readouts at ``reinit``."""
    first, other = weights[0], weights[2]
    kept = {"S": first + other, "M": (first + other) / 2, "R": np.sqrt((first**2 + other**2) / 2)}[str(p["protocol"])]
    v = np.full_like(kept, float(p["reinit"]))
    return np.array([kept, v, kept, v])


def beta(weights: np.ndarray) -> np.ndarray:
    """The predictor."""
    return weights[0] * weights[1] - weights[2] * weights[3]


def sums(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The squares of what grows and of what shrinks under a positive pull."""
    wp, vp, wm, vm = weights
    return (wp + vp) ** 2 + (wm - vm) ** 2, (wp - vp) ** 2 + (wm + vm) ** 2


def scale(weights: np.ndarray) -> np.ndarray:
    """The penalty's scale."""
    A, B = sums(weights)
    return np.sqrt(A * B) / 2


def flow(weights: np.ndarray, X: np.ndarray, y: np.ndarray, until: float = math.inf) -> tuple[np.ndarray, np.ndarray]:
    """Gradient flow of |y - X beta|^2/2; the weights, then the integrals of X' rho (d,) and of |rho|^2."""
    d = weights.shape[1]

    def velocity(t: float, z: np.ndarray) -> np.ndarray:
        w = z[: 4 * d].reshape(4, d)
        rho = y - X @ beta(w)
        pull = X.T @ rho
        return np.concatenate([w[1] * pull, w[0] * pull, -w[3] * pull, -w[2] * pull, pull, [rho @ rho]])

    z = np.concatenate([weights.ravel(), np.zeros(d + 1)])
    for span in spans(until):
        z = solve_ivp(velocity, (0, span), z, "LSODA", rtol=1e-11, atol=1e-13).y[:, -1]
        if np.linalg.norm(y - X @ beta(z[: 4 * d].reshape(4, d))) <= GONE * np.linalg.norm(y):
            break
    return z[: 4 * d].reshape(4, d), z[4 * d :]


def spans(until: float) -> Iterator[float]:
    """Pieces of time, longer and longer, or the one asked for."""
    yield from [until] if math.isfinite(until) else [2.0**k for k in range(40)]


def descent(weights: np.ndarray, X: np.ndarray, y: np.ndarray, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Gradient descent; the weights, and the product over the steps of 1 - e^2, e = rate X' rho."""
    w, drift = weights, np.ones(weights.shape[1])
    for _ in range(1_000_000):
        rho = y - X @ beta(w)
        if np.linalg.norm(rho) <= GONE * np.linalg.norm(y):
            break
        e = rate * (X.T @ rho)
        w = w + np.array([w[1] * e, w[0] * e, -w[3] * e, -w[2] * e])
        drift = drift * (1 - e * e)
    return w, drift
