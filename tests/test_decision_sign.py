"""Signs of means and of their limits: what is supported, refuted or left open, and how often; simulated laws."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from ftproofs.decision import Ladder, decide_sign, decide_sign_limit

Law = Callable[[np.random.Generator, int], np.ndarray]


def generator(*key: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(99, spawn_key=key)))


def shifted(effect: float, kind: str = "normal") -> Law:
    """Draws with that mean and standard deviation 1."""

    def draw(rng: np.random.Generator, count: int) -> np.ndarray:
        if kind == "skewed":  # most draws are below the mean
            return effect + rng.exponential(size=count) - 1
        if kind == "left":
            return effect + 1 - rng.exponential(size=count)
        return effect + rng.standard_normal(count)

    return draw


@dataclass
class Sampler:
    """Draws of laws, a stream of its own for each (setting, stage, method, start)."""

    laws: Sequence[Law]
    root: int = 0
    second: Sequence[Law] | None = None

    def __call__(self, setting: int, stage: str, start: int, count: int, *, method: int = 0) -> np.ndarray:
        rng = generator(self.root, setting, zlib.crc32(stage.encode()), method, start)
        laws = self.second if method and self.second is not None else self.laws
        return laws[setting](rng, count)


def decided(effects: Sequence[float], sides: Sequence[int], root: int = 0, cap: int = 8192, kind: str = "normal"):
    return decide_sign(Sampler([shifted(e, kind) for e in effects], root), sides, cap=cap)


@pytest.mark.parametrize("kind", ["normal", "skewed", "left"])
def test_the_signs_claimed_are_supported_and_the_others_refuted(kind: str) -> None:
    effects = [0.15, -0.2, 0.4, -1.5]
    right = decided(effects, [1, -1, 1, -1], kind=kind)
    assert right.status == "supported"
    assert all(finding.right and finding.interval[0] > 0 for finding in right.settings)
    assert right.settings[3].draws < right.settings[0].draws  # drawing stops where the sign is known
    wrong = decided(effects, [-1, 1, -1, 1], kind=kind)
    assert wrong.status == "refuted"
    assert wrong.log_confirmation >= math.log(1e3)


def test_one_wrong_sign_among_right_ones_is_refuted() -> None:
    found = decided([0.3, 0.3, 0.3, -0.3], [1, 1, 1, 1])
    assert found.status == "refuted"
    assert found.worst == 3
    assert found.settings[3].estimate < 0


def test_a_mean_of_nothing_has_no_sign() -> None:
    """300 claims on draws of mean 0: an anchor gets the sign claimed in one of a thousand, and none is refuted."""
    found = [
        decided([0.0], [1], root, cap=2048, kind=kind) for root in range(100) for kind in ("normal", "skewed", "left")
    ]
    counts = Counter(decision.status for decision in found)
    assert counts["refuted"] == 0
    assert counts["supported"] <= 3
    e = np.exp([max(f.settings[0].log_right, f.settings[0].log_wrong) for f in found])
    assert e.mean() < 3
    assert all(decision.needed > 1000 for decision in found if decision.status == "undecided")


def test_what_is_missing_is_about_what_it_takes() -> None:
    short = decided([0.1], [1], cap=512)
    assert short.status == "undecided"
    assert 500 < short.needed < 20_000
    assert decided([0.1], [1], cap=512 + 8 * short.needed).status == "supported"


def test_power_at_the_smallest_effect_of_an_anchor() -> None:
    """0.15 standard deviations at 8192 draws: the right sign in all of 50 claims, the wrong one refuted in all."""
    assert all(decided([0.15, -0.15], [1, -1], root).status == "supported" for root in range(50))
    assert all(decided([0.15, -0.15], [-1, 1], root).status == "refuted" for root in range(50))


def test_a_second_method_that_sees_nothing_wrong_leaves_it_open() -> None:
    sampler = Sampler([shifted(-0.5)], second=[shifted(0.5)])
    found = decide_sign(sampler, [1], cap=4096)
    assert found.status == "undecided"
    assert "disagreement" in found.flags


def test_draws_without_numbers_are_an_error() -> None:
    def broken(rng: np.random.Generator, count: int) -> np.ndarray:
        return np.where(np.arange(count) == 7, np.nan, 1.0)

    found = decide_sign(Sampler([shifted(1.0), broken]), [1, 1], cap=1024)
    assert (found.status, found.worst) == ("error", 1)


def test_adaptive_settings_refute_and_never_support() -> None:
    laws = [shifted(0.5), shifted(-0.5)]
    assert decide_sign(Sampler(laws), [1], [1], cap=4096).status == "refuted"
    assert decide_sign(Sampler([shifted(0.5), shifted(0.0)]), [1], [1], cap=4096).status == "supported"
    assert decide_sign(Sampler([shifted(0.0), shifted(0.5)]), [1], [1], cap=1024).status == "undecided"
    assert decide_sign(Sampler([]), [], cap=1024).status == "undecided"


def test_what_never_varies_is_decided_by_its_value() -> None:
    def constant(rng: np.random.Generator, count: int) -> np.ndarray:
        return np.full(count, 1e-3)

    assert decide_sign(Sampler([constant]), [1], cap=1024).status == "supported"
    assert decide_sign(Sampler([constant]), [-1], cap=1024).status == "refuted"
    assert decide_sign(Sampler([lambda rng, count: np.zeros(count)]), [1], cap=1024).status == "undecided"


# -- limits --------------------------------------------------------------------

SIZES = (64, 128, 192, 320, 512)
LADDER = Ladder(SIZES, 1.0)


@dataclass
class Scaling:
    """Draws of mean ``a + b/d + c/d^p`` and standard deviation ``8/sqrt(d)``, one curve a setting."""

    curves: Sequence[Callable[[float], float]]
    root: int = 0
    second: float = 1.0

    def __call__(
        self, setting: int, size: int, stage: str, start: int, count: int, *, method: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        rng = generator(self.root, setting, size, zlib.crc32(stage.encode()), method, start)
        d = SIZES[size]
        mean = self.curves[setting](d) * (self.second if method else 1.0)
        return mean + 8 / math.sqrt(d) * rng.standard_normal(count), np.full(count, np.nan)


def in_the_limit(
    curves: Sequence[Callable[[float], float]], sides: Sequence[int], root: int = 0, cap: int = 4000, **more
):
    return decide_sign_limit(Scaling(curves, root, **more), [(side, LADDER) for side in sides], cap=cap)


def test_the_sign_of_a_limit_is_not_that_of_small_sizes() -> None:
    curves = [lambda d: 0.3 - 30 / d, lambda d: -0.3 + 30 / d]  # the other sign below d = 100
    right = in_the_limit(curves, [1, -1])
    assert right.status == "supported"
    assert right.sizes[0][0].error < 0 < right.sizes[0][-1].error
    assert in_the_limit(curves, [-1, 1]).status == "refuted"


def test_a_limit_of_nothing_has_no_sign() -> None:
    curves = [lambda d: 5 / d]
    found = Counter(in_the_limit(curves, [side], root, cap=512).status for root in range(60) for side in (1, -1))
    assert found["refuted"] == 0
    assert found["supported"] <= 1


def test_a_limit_is_confirmed_by_a_second_method() -> None:
    found = in_the_limit([lambda d: -0.5], [1], second=-1.0)
    assert found.status == "undecided"
    assert "disagreement" in found.flags


def test_sizes_that_no_power_describes_decide_nothing() -> None:
    jagged = in_the_limit([lambda d: 1.0 if d in (128, 320) else 0.2], [1], cap=4000)
    assert jagged.status in ("undecided", "supported")
    wrong = in_the_limit([lambda d: 1.0 if d in (128, 320) else -0.2], [1], cap=4000)
    assert wrong.status == "undecided"
    assert "poor-fit" in wrong.flags
