"""Federated averaging for `verify`, on numpy alone: simulated clients, FedAvg's fixed point, one client's fine-tuning.

A round of FedAvg is an affine map of the server's model, found by taking every client's local steps; it ends at that
map's fixed point.  A setting is a dict of parameters; every quantity has shape (draw,).
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

Setting = dict[str, float | int | str]

DEFAULTS: Setting = {
    "source_norm": 1.0,
    "client_radius": 1.0,
    "sigma": 0.0,
    "local_steps": 1,
    "local_step": 0.5,
    "clients": 16,
    "ridge": 0.0,
}


class Clients:
    """Clients' data, the server's model, and a new client fine-tuned from it."""

    def __init__(self, setting: Setting, count: int, rng: np.random.Generator) -> None:
        self.p, self.count, self.rng = DEFAULTS | setting, count, rng
        self.n, self.d = int(setting["n"]), int(setting["d"])
        self.origin = float(self.p["source_norm"]) * unit(rng.standard_normal((count, self.d)))
        self.X, self.y, self.model = self.client((1,))
        self.pooled = self.server = self.origin
        if self.p["clients"] not in ("inf", math.inf):
            self.serve(int(self.p["clients"]))

    def client(self, many: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Inputs, labels and models of so many clients, (draw, client, ...); of one without that axis."""
        shape = (self.count, *many)
        X = self.rng.standard_normal((*shape, self.n, self.d))
        away = float(self.p["client_radius"]) * unit(self.rng.standard_normal((*shape, self.d)))
        models = self.origin[:, None, :] + away
        y = np.einsum("cknd,ckd->ckn", X, models) + float(self.p["sigma"]) * self.rng.standard_normal((*shape, self.n))
        return (X[:, 0], y[:, 0], models[:, 0]) if many == (1,) else (X, y, models)

    def serve(self, number: int) -> None:
        """The pooled fit, and where FedAvg ends."""
        X, y, _ = self.client((number,)) if number > 1 else (part[:, None] for part in self.client((1,)))
        S = np.einsum("cknd,ckne->ckde", X, X) / self.n
        b = np.einsum("cknd,ckn->ckd", X, y) / self.n
        self.pooled = solve(S.mean(axis=1), b.mean(axis=1))
        rate = float(self.p["local_step"]) * 2 / np.linalg.eigvalsh(S)[..., -1].max(axis=1)
        one = np.eye(self.d) - rate[:, None, None, None] * S
        whole, sent = np.broadcast_to(np.eye(self.d), S.shape), np.zeros_like(b)
        for _ in range(int(self.p["local_steps"])):
            whole = one @ whole
            sent = np.einsum("ckde,cke->ckd", one, sent) + rate[:, None, None] * b
        self.server = solve(np.eye(self.d) - whole.mean(axis=1), sent.mean(axis=1))

    def measure(self, name: str) -> np.ndarray | float:
        """A measurement or parameter by name."""
        if name == "gamma":
            return self.n / self.d
        return self.p[name] if name in self.p else getattr(self, name)  # type: ignore[return-value]

    def tuned(self, ridge: float) -> np.ndarray:
        """The new client's model with a ridge toward the server's; without one the nearest fit."""
        left = self.y - np.einsum("cnd,cd->cn", self.X, self.server)
        return self.server + self.kept_fit(left, ridge)

    def kept_fit(self, labels: np.ndarray, ridge: float) -> np.ndarray:
        """``(X'X + n ridge I)^-1 X' labels``; ``X^+ labels`` without ridge."""
        if ridge == 0:
            return np.stack([np.linalg.lstsq(A, b)[0] for A, b in zip(self.X, labels, strict=True)])
        normal = np.einsum("cnd,cne->cde", self.X, self.X) + self.n * ridge * np.eye(self.d)
        return solve(normal, np.einsum("cnd,cn->cd", self.X, labels))

    @cached_property
    def risk(self) -> np.ndarray:
        """Squared distance of the fine-tuned model from the client's."""
        return square(self.tuned(float(self.p["ridge"])) - self.model)

    @cached_property
    def tuned_risk(self) -> np.ndarray:
        """The same at the ridge sigma^2 d/(n r^2)."""
        noise, radius = float(self.p["sigma"]), float(self.p["client_radius"])
        return square(self.tuned(noise**2 * self.d / (self.n * radius**2)) - self.model)

    @property
    def start_risk(self) -> np.ndarray:
        """Squared distance of the server's model from the client's."""
        return square(self.server - self.model)

    @property
    def server_error(self) -> np.ndarray:
        """Squared distance of the server's model from the global one."""
        return square(self.server - self.origin)

    @property
    def pooled_gap(self) -> np.ndarray:
        """Distance of the server's model from the pooled fit."""
        return np.sqrt(square(self.server - self.pooled))

    @cached_property
    def ridge_bias(self) -> np.ndarray:
        """What the ridge keeps of the client's difference from the server."""
        delta = self.model - self.server
        return square(delta - self.kept_fit(np.einsum("cnd,cd->cn", self.X, delta), float(self.p["ridge"])))

    @cached_property
    def ridge_noise(self) -> np.ndarray:
        """What it lets in of the noise."""
        noise = self.y - np.einsum("cnd,cd->cn", self.X, self.model)
        return square(self.kept_fit(noise, float(self.p["ridge"])))


def solve(A: np.ndarray, b: np.ndarray) -> np.ndarray:
    """``A^-1 b``, batched."""
    return np.linalg.solve(A, b[..., None])[..., 0]


def square(z: np.ndarray) -> np.ndarray:
    """Squared lengths."""
    return (z * z).sum(axis=-1)


def unit(z: np.ndarray) -> np.ndarray:
    """The same directions at length 1."""
    return z / np.linalg.norm(z, axis=-1, keepdims=True)
