"""The law of a minimum-norm fit's risk, drawn directly: true claims with known moments, for simulated suites.

``R = delta2 Beta((d-n)/2, n/2) + s2 chi2_n / chi2_{d-n+1}`` for n < d, isotropic
Gaussian inputs; its mean is ``(1 - n/d) delta2 + s2 n/(d-n-1)``.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ftproofs.decision import Anchor


@dataclass(frozen=True)
class Trial:
    """One setting of the law."""

    n: int
    d: int
    delta2: float = 1.0
    s2: float = 0.0

    @property
    def mean(self) -> float:
        return self.delta2 * (self.d - self.n) / self.d + self.s2 * self.n / (self.d - self.n - 1)

    @property
    def variance(self) -> float:
        n, d, m = self.n, self.d, self.d - self.n + 1
        bias = 2 * n * (d - n) / (d**2 * (d + 2))
        noise = 2 * n * (n + m - 2) / ((m - 2) ** 2 * (m - 4)) if self.s2 else 0.0
        return self.delta2**2 * bias + self.s2**2 * noise

    @property
    def cv(self) -> float:
        return self.variance**0.5 / self.mean

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        risk = self.delta2 * rng.beta((self.d - self.n) / 2, self.n / 2, count)
        if self.s2:
            risk = risk + self.s2 * rng.chisquare(self.n, count) / rng.chisquare(self.d - self.n + 1, count)
        return risk

    def anchor(self, *, exact: bool = False) -> Anchor:
        return Anchor(1.0, self.variance if exact else None, supports=self.d - self.n >= 10)


@dataclass
class Law:
    """A sampler of trials; ``wrong(trial)`` is what the claim predicts, by default the truth.

    Every stream is keyed by (root, setting, stage, method, start), so streams share no
    draw. Records what was asked for.
    """

    trials: Sequence[Trial]
    root: int
    wrong: Callable[[Trial], float] = lambda trial: trial.mean

    def __post_init__(self) -> None:
        self.asked: list[tuple[int, str, int, int, int]] = []

    def __call__(
        self, setting: int, stage: str, start: int, count: int, *, method: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        self.asked.append((setting, stage, start, count, method))
        key = (setting, zlib.crc32(stage.encode()), method, start)
        rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(self.root, spawn_key=key)))
        trial = self.trials[setting]
        return trial.draw(rng, count), np.full(count, self.wrong(trial))


def bounded(rng: np.random.Generator) -> Trial:
    """No noise: a Beta law, d - n >= 8."""
    d = int(rng.integers(20, 81))
    return Trial(int(rng.integers(max(2, d // 10), min(d - 8, 3 * d // 4) + 1)), d, rng.uniform(0.5, 2))


def skewed(rng: np.random.Generator) -> Trial:
    """Noise with d - n >= 8."""
    trial = bounded(rng)
    return Trial(trial.n, trial.d, trial.delta2, rng.uniform(0.1, 1))


def heavy(rng: np.random.Generator) -> Trial:
    """Noise with d - n in 4..7: a finite variance, hardly more."""
    d = int(rng.integers(12, 41))
    return Trial(d - int(rng.integers(4, 8)), d, rng.uniform(0.5, 2), rng.uniform(0.1, 1))
