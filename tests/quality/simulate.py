"""Networks and linear algebra for `verify`, on numpy and scipy alone: nothing here knows the package under test.

A setting is a dict of parameters, ``draws`` are independent data sets at it; every
quantity has shape (draw,).  Deep networks end where the per-draw fixed point says, found
by bisection, or where an ODE solver takes the width-one chain of their weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

Setting = dict[str, float | int | str]

DEFAULTS: Setting = {
    "source_norm": 1.0,
    "target_norm": 1.0,
    "sigma": 0.0,
    "spectrum": "isotropic",
    "alpha": 1.0,
    "spikes": 3,
    "spike_ratio": 10.0,
    "inputs": "gaussian",
    "theta": 0.0,
    "L": 2,
    "imbalance": 1.0,
    "frozen": 1,
    "frozen_end": "first",
    "optimizer": "gd",
    "step": 0.5,
    "weight_decay": 0.0,
    "steps": 2000,
    "ridge": 0.0,
    "sigma_s": 0.0,
    "gamma_s": math.inf,
    "toward": "source",
}


class Draws:
    """Data sets at one setting and what is measured on the networks trained on them."""

    def __init__(self, experiment: str, setting: Setting, count: int, rng: np.random.Generator) -> None:
        self.experiment, self.p, self.count, self.rng = experiment, DEFAULTS | setting, count, rng
        n, d = self.n, self.d = int(setting["n"]), int(setting["d"])
        p = self.p
        self.eigenvalues = spectrum(p, d)
        rows = rng.standard_normal((count, n, d))
        if p["inputs"] == "sphere":
            rows *= math.sqrt(d) / np.linalg.norm(rows, axis=2, keepdims=True)
        if p["inputs"] == "population":
            rows = np.broadcast_to(math.sqrt(n) * np.eye(n), rows.shape)
        self.X = rows * np.sqrt(self.eigenvalues)
        plane = np.linalg.qr(rng.standard_normal((count, d, 2)))[0]
        along, across = plane[:, :, 0], plane[:, :, 1]
        theta, tau = float(p["theta"]), float(p["target_norm"])
        self.source = float(p["source_norm"]) * along
        self.target = tau * (math.cos(theta) * along + math.sin(theta) * across)
        if experiment == "linear.scratch":
            self.source = np.zeros_like(self.source)
        if experiment.startswith("transfer.") and p["gamma_s"] != math.inf:
            self.source = self.pretrained(max(1, round(float(p["gamma_s"]) * d)))
        self.eps = float(p["sigma"]) * rng.standard_normal((count, n))
        self.y = self.image(self.target) + self.eps

    def pretrained(self, samples: int) -> np.ndarray:
        """The minimum-norm fit of noisy source data."""
        data = self.rng.standard_normal((self.count, samples, self.d))
        noise = float(self.p["sigma_s"]) * self.rng.standard_normal((self.count, samples))
        labels = np.einsum("cnd,cd->cn", data, self.source) + noise
        return np.stack([np.linalg.lstsq(A, b)[0] for A, b in zip(data, labels, strict=True)])

    def image(self, beta: np.ndarray) -> np.ndarray:
        """``X beta``."""
        return np.einsum("cnd,cd->cn", self.X, beta)

    @cached_property
    def pinv(self) -> np.ndarray:
        """The pseudo-inverse by the smaller Gram matrix, (draw, d, n)."""
        transposed = self.X.swapaxes(1, 2)
        if self.n <= self.d:
            return np.linalg.solve(self.X @ transposed, self.X).swapaxes(1, 2)
        return np.linalg.solve(transposed @ self.X, transposed)

    def fitted(self, labels: np.ndarray) -> np.ndarray:
        """``X^+ labels``, refined once."""
        first = np.einsum("cdn,cn->cd", self.pinv, labels)
        if self.n <= self.d:
            first += np.einsum("cdn,cn->cd", self.pinv, labels - self.image(first))
        return first

    def inside(self, beta: np.ndarray) -> np.ndarray:
        """The part inside the data's span."""
        return beta if self.n >= self.d else self.fitted(self.image(beta))

    def outside(self, beta: np.ndarray) -> np.ndarray:
        """The part outside the data's span."""
        return beta - self.inside(beta)

    @cached_property
    def fit(self) -> np.ndarray:
        """The minimum-norm fit."""
        return self.fitted(self.y)

    @cached_property
    def beta(self) -> np.ndarray:
        """Where training ends."""
        if self.experiment in ("linear.finetune", "linear.scratch"):
            return self.source + self.fitted(self.y - self.image(self.source))
        if self.experiment == "transfer.scratch":
            return self.fit
        if self.experiment == "transfer.linear":
            return self.along[:, None] * self.source / self.start_norm[:, None]
        if self.experiment == "linear.ridge":
            return self.ridge_fit
        depth = int(self.p["L"])
        if self.experiment == "transfer.finetune":
            return self.balanced(depth)
        if self.experiment == "deep-linear.finetune":
            return self.balanced(depth) if self.p["imbalance"] == 1 else self.path["beta"]
        left = depth - int(self.p["frozen"])
        if self.p["frozen_end"] == "last":
            return self.balanced(left)
        line = self.image(self.source)
        z = (line * self.y).sum(axis=1) / (line * line).sum(axis=1)
        return (z if left == 1 else np.maximum(z, 0))[:, None] * self.source

    def balanced(self, depth: int) -> np.ndarray:
        """The endpoint of a balanced network: the fit, and c times the source's part outside the span."""
        rest = self.outside(self.source)
        if depth == 1 or self.n >= self.d:
            return self.fit + rest
        A, b, length = (np.linalg.norm(x, axis=1) for x in (self.fit, rest, self.source))
        power = 2 * depth / (depth - 1)

        def factor(A: float, b: float, s: float) -> float:
            return brentq(lambda c: c**power * s * s - A * A - c * c * b * b, 1e-12, 1e3, xtol=1e-15, rtol=1e-15)

        return self.fit + np.array([factor(*pair) for pair in zip(A, b, length, strict=True)])[:, None] * rest

    @cached_property
    def start_norm(self) -> np.ndarray:
        """Length of the predictor that training starts from."""
        return np.linalg.norm(self.source, axis=1)

    @cached_property
    def along(self) -> np.ndarray:
        """The best multiple of the start's direction: the readout alone, with features of norm s^(1-1/L)."""
        z = self.image(self.source / self.start_norm[:, None])
        strength = self.start_norm ** (1 - 1 / int(self.p["L"]))
        return (z * self.y).sum(axis=1) / ((z * z).sum(axis=1) + self.n * float(self.p["ridge"]) / strength**2)

    @cached_property
    def ridge_fit(self) -> np.ndarray:
        """The minimum of |X b - y|^2/n + ridge |b - anchor|^2, one draw after the other."""
        strength, found = self.n * float(self.p["ridge"]), []
        for X, y, source in zip(self.X, self.y, self.source, strict=True):
            anchor = source if self.p["toward"] == "source" else np.zeros_like(source)
            found.append(anchor + np.linalg.solve(X.T @ X + strength * np.eye(self.d), X.T @ (y - X @ anchor)))
        return np.stack(found)

    @cached_property
    def path(self) -> dict[str, np.ndarray]:
        """The flow of the width-one chain of weights, integrated: its end, smallest norm and slowest decay."""
        ends = [self._chain(i) for i in range(self.count)]
        return {name: np.array([end[name] for end in ends]) for name in ends[0]}

    def _chain(self, i: int) -> dict[str, np.ndarray | float]:
        X, y, n, L = self.X[i], self.y[i], self.n, int(self.p["L"])
        s, start = float(self.p["source_norm"]), self.source[i]
        last = float(self.p["imbalance"]) * s ** (1 / L)
        first = s / last if L == 2 else s ** (1 / L)
        weights = np.concatenate([start / s * first, np.full(L - 2, s ** (1 / L)), [last] if L > 1 else []])
        d = len(start)

        def split(z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            w, a = z[:d], z[d:]
            beta = w * np.prod(a)
            return w, a, beta

        def velocity(t: float, z: np.ndarray) -> np.ndarray:
            w, a, beta = split(z)
            g = X.T @ (X @ beta - y) / n
            others = [np.prod(np.delete(a, j)) for j in range(len(a))]
            return np.concatenate([-np.prod(a) * g, [-other * (g @ w) for other in others]])

        def loss(z: np.ndarray) -> float:
            return float(((X @ split(z)[2] - y) ** 2).sum() / (2 * n))

        s_min = np.linalg.svd(X, compute_uv=False)[-1]
        t, z, initial = 0.0, weights, loss(weights)
        least, slowest, span = s, math.inf, n / s_min**2
        for _ in range(60):
            found = solve_ivp(velocity, (0, span), z, "LSODA", rtol=1e-11, atol=1e-13, t_eval=np.linspace(0, span, 400))
            for time, state in zip(found.t[1:], found.y.T[1:], strict=True):
                least = min(least, float(np.linalg.norm(split(state)[2])))
                if loss(state) > 1e-8 * initial:
                    slowest = min(slowest, -math.log(loss(state) / initial) / (t + time) * n / s_min**2)
            t, z = t + span, found.y[:, -1]
            if loss(z) < 1e-20 * max(initial, 1e-6):
                break
        return {"beta": split(z)[2], "min_beta_norm": least, "decay_rate": slowest}

    # -- what is measured ------------------------------------------------------

    def measure(self, name: str) -> np.ndarray | float:
        """A measurement or parameter by name."""
        if name == "gamma":
            return self.n / self.d
        if name == "gamma_s":
            return max(1, round(float(self.p["gamma_s"]) * self.d)) / self.d
        if name in self.p:
            return self.p[name]  # type: ignore[return-value]
        if name in ("min_beta_norm", "decay_rate"):
            return self.path[name]
        if self.experiment == "linear.stability":
            return self.run[name]
        return MEASURES[name](self)

    @cached_property
    def run(self) -> dict[str, np.ndarray]:
        """A fixed number of optimizer steps, one draw after the other."""
        found = [self._steps(i) for i in range(self.count)]
        return {name: np.array([each[name] for each in found]) for name in found[0]}

    def _steps(self, i: int) -> dict[str, float]:
        X, y, n, p = self.X[i], self.y[i], self.n, self.p
        left, s, right = np.linalg.svd(X, full_matrices=False)
        rate, steps, decay = float(p["step"]) * 2 * n / s[0] ** 2, int(p["steps"]), float(p["weight_decay"])
        theta, start = self.source[i].copy(), self.source[i]
        limit = start + right.T @ ((left.T @ (y - X @ start)) / s)
        m = v = np.zeros_like(theta)
        kind = str(p["optimizer"])
        if kind == "flow":
            flow = solve_ivp(
                lambda t, z: -X.T @ (X @ z - y) / n, (0, rate * steps), start, "LSODA", rtol=1e-12, atol=1e-14
            )
            theta = flow.y[:, -1]
        for t in range(0 if kind == "flow" else steps):
            j = int(self.rng.integers(n))
            g = X[j] * (X[j] @ theta - y[j]) if kind == "sgd" else X.T @ (X @ theta - y) / n
            g = g + decay * theta
            if kind == "momentum":
                m = 0.9 * m + g
                g = m
            elif kind == "adam":
                m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
                g = m / (1 - 0.9 ** (t + 1)) / (np.sqrt(v / (1 - 0.999 ** (t + 1))) + 1e-8)
            theta = theta - rate * g
        k = int(self.rng.integers(min(X.shape)))
        moved = theta - start
        gradient = X.T @ (y - X @ start) / n
        return {
            "error_growth": float(np.linalg.norm(theta - limit) / np.linalg.norm(start - limit)),
            "learning_rate": rate,
            "mode_eigenvalue": s[k] ** 2 / n,
            "mode_contraction": float(right[k] @ (theta - limit) / (right[k] @ (start - limit))),
            "mode_filter": float(right[k] @ moved / (right[k] @ gradient)),
            "perp_gap": float(np.linalg.norm(moved - right.T @ (right @ moved))),
            "train_loss": float(((X @ theta - y) ** 2).sum() / (2 * n)),
            "initial_loss": float(((X @ start - y) ** 2).sum() / (2 * n)),
        }


def spectrum(p: Setting, d: int) -> np.ndarray:
    """The covariance's eigenvalues."""
    if p["spectrum"] == "power-law":
        return np.arange(1, d + 1) ** -float(p["alpha"])
    large = np.arange(d) < int(p["spikes"])
    return np.where(large, float(p["spike_ratio"]), 1.0) if p["spectrum"] == "spiked" else np.ones(d)


def kappa(z: Draws) -> float:
    """The root of ``sum_i l_i/(l_i + kappa) = n``."""
    total = z.eigenvalues.sum()
    return brentq(lambda k: (z.eigenvalues / (z.eigenvalues + k)).sum() - z.n, 1e-12, total, xtol=1e-14)


def _norm(a: np.ndarray) -> np.ndarray:
    return np.linalg.norm(a, axis=1)


def _sigma(z: Draws, a: np.ndarray) -> np.ndarray:
    return (z.eigenvalues * a * a).sum(axis=1)


MEASURES: dict[str, Callable[[Draws], np.ndarray | float]] = {
    "risk": lambda z: _sigma(z, z.beta - z.target),
    "train_loss": lambda z: ((z.image(z.beta) - z.y) ** 2).sum(axis=1) / (2 * z.n),
    "scratch_risk": lambda z: _sigma(z, z.fit - z.target),
    "transfer_gain": lambda z: _sigma(z, z.fit - z.target) - _sigma(z, z.beta - z.target),
    "start_norm": lambda z: z.start_norm,
    "start_product": lambda z: (z.source * z.target).sum(axis=1),
    "along_source": lambda z: (z.beta * z.source).sum(axis=1) / z.start_norm,
    "feature_energy": lambda z: (z.image(z.source / z.start_norm[:, None]) ** 2).mean(axis=1),
    "feature_product": lambda z: (z.image(z.source / z.start_norm[:, None]) * z.y).mean(axis=1),
    "feature_norm": lambda z: z.start_norm ** (1 - 1 / int(z.p["L"])),
    "beta_norm": lambda z: _norm(z.beta),
    "par_beta_norm": lambda z: _norm(z.inside(z.beta)),
    "perp_beta_norm": lambda z: _norm(z.outside(z.beta)),
    "par_source_norm": lambda z: _norm(z.inside(z.source)),
    "perp_source_norm": lambda z: _norm(z.outside(z.source)),
    "par_target_norm": lambda z: _norm(z.inside(z.target)),
    "perp_target_norm": lambda z: _norm(z.outside(z.target)),
    "sigma_source_norm": lambda z: np.sqrt(_sigma(z, z.source)),
    "sigma_target_norm": lambda z: np.sqrt(_sigma(z, z.target)),
    "sigma_product": lambda z: (z.eigenvalues * z.source * z.target).sum(axis=1),
    "delta_norm": lambda z: _norm(z.target - z.source),
    "perp_delta_norm": lambda z: _norm(z.outside(z.target - z.source)),
    "delta_risk": lambda z: _sigma(z, z.outside(z.target - z.source)),
    "swapped_delta_risk": lambda z: _norm(z.outside(np.sqrt(z.eigenvalues) * (z.target - z.source))) ** 2,
    "start_risk": lambda z: _sigma(z, z.target - z.source),
    "noise_risk": lambda z: _sigma(z, z.fitted(z.eps)),
    "noise_trace": lambda z: (z.eigenvalues[:, None] * z.pinv**2).sum(axis=(1, 2)),
    "pinv_noise_norm": lambda z: _norm(z.fitted(z.eps)),
    "transposed_noise_norm": lambda z: _norm(np.einsum("cnd,cn->cd", z.X, z.eps)),
    "min_norm": lambda z: _norm(z.fit),
    "fit_gap": lambda z: _norm(z.inside(z.beta) - z.fit),
    "target_gap": lambda z: _norm(z.inside(z.beta - z.target)),
    "perp_gap": lambda z: _norm(z.outside(z.beta - z.source)),
    "perp_product": lambda z: (z.outside(z.source) * z.outside(z.target)).sum(axis=1),
    "perp_ratio": lambda z: _norm(z.outside(z.beta)) / _norm(z.outside(z.source)),
    "perp_alignment": lambda z: (
        (z.outside(z.beta) * z.outside(z.source)).sum(axis=1) / (_norm(z.outside(z.beta)) * _norm(z.outside(z.source)))
    ),
    "kappa": kappa,
    "kappa_bound": lambda z: z.eigenvalues.sum() / z.n,
    "df2": lambda z: ((z.eigenvalues / (z.eigenvalues + kappa(z))) ** 2).sum(),
    "resolved_delta": lambda z: (z.eigenvalues * (z.target - z.source) ** 2 / (z.eigenvalues + kappa(z)) ** 2).sum(
        axis=1
    ),
}
