"""The risk of a minimum-norm fit on a ladder of sizes, drawn directly from its law: claims with a known limit."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from trial_law import Trial

from ftproofs.decision import Ladder


@dataclass(frozen=True)
class Ratio:
    """A ratio n/d with the size of the task's difference and of the noise."""

    gamma: float
    delta2: float = 1.0
    s2: float = 0.0

    def at(self, d: int) -> Trial:
        return Trial(round(self.gamma * d), d, self.delta2, self.s2)

    def limit(self, gamma: float) -> float:
        return (1 - gamma) * self.delta2 + self.s2 * gamma / (1 - gamma)

    def ladder(self, count: int = 5, largest: int = 512) -> Ladder:
        smallest = max(32, round(16 / (1 - self.gamma)))
        sizes = np.round(np.geomspace(smallest, largest, count)).astype(int)
        return Ladder(tuple(int(d) for d in sizes), 1.0)


@dataclass
class Scaling:
    """A sampler of ratios; the claim predicts ``wrong(limit, d)`` at the realised ratio, or at the nominal one."""

    ratios: Sequence[Ratio]
    ladders: Sequence[Ladder]
    root: int
    wrong: Callable[[float, int], float] = lambda limit, d: limit
    nominal: bool = False
    second: float = 1.0

    def __post_init__(self) -> None:
        self.asked: list[tuple[int, int, str, int, int, int]] = []

    def __call__(
        self, setting: int, size: int, stage: str, start: int, count: int, *, method: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        self.asked.append((setting, size, stage, start, count, method))
        key = (setting, size, zlib.crc32(stage.encode()), method, start)
        rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(self.root, spawn_key=key)))
        d = self.ladders[setting].sizes[size]
        ratio = self.ratios[setting]
        trial = ratio.at(d)
        limit = ratio.limit(ratio.gamma if self.nominal else trial.n / trial.d)
        factor = self.second if method else 1.0
        return factor * trial.draw(rng, count), np.full(count, self.wrong(limit, d))
