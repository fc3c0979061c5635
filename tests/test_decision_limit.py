"""Finite-size scaling: what is refuted, supported or left undecided, and how often wrongly; on simulated laws."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from limit_law import Ratio, Scaling

from ftproofs.claim import Limit
from ftproofs.decision import Ladder, LimitDecision, decide_limit
from ftproofs.decision.ladder import ROUND
from ftproofs.decision.scaling import Extrapolation, fit
from ftproofs.errors import UsageError


def decided(
    ratios: list[Ratio],
    root: int,
    wrong: Callable[[float, int], float] = lambda limit, d: limit,
    *,
    tolerance: float = 0.02,
    relation: str = "==",
    cap: int = 8000,
    **more: object,
) -> LimitDecision:
    ladders = [ratio.ladder() for ratio in ratios]
    sampler = Scaling(ratios, ladders, root, wrong, **more)  # type: ignore[arg-type]
    return decide_limit(sampler, ladders, tolerance=tolerance, relation=relation, cap=cap)  # type: ignore[arg-type]


def random_ratios(seed: int, count: int = 4, noise: float = 0.0) -> list[Ratio]:
    rng = np.random.default_rng(seed)
    return [Ratio(float(rng.uniform(0.1, 0.7)), float(rng.uniform(0.5, 2)), noise) for _ in range(count)]


# -- fits ----------------------------------------------------------------------

SIZES = np.array([32.0, 64.0, 128.0, 256.0, 512.0])


def test_the_fits_find_what_the_means_were_made_of() -> None:
    means = 0.3 - 2 / SIZES + 5 / SIZES**2
    found = fit(SIZES, means, np.full(5, 1e-3), (1, 2))
    assert found.limit == pytest.approx(0.3, abs=1e-12)
    assert found.adequate
    assert found.weights.sum() == pytest.approx(1)
    # The weights of a limit forget 1/d and 1/d^2.
    assert found.weights @ (1 / SIZES) == pytest.approx(0, abs=1e-12)
    assert found.weights @ (1 / SIZES**2) == pytest.approx(0, abs=1e-12)
    assert not fit(SIZES, means, np.full(5, 1e-5), (1,)).adequate


def test_intervals_cover_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    errors = 0.01 * np.array([1, 1, 2, 1, 3.0])
    outside = inside_free = 0
    for _ in range(300):
        means = 0.2 + 1 / SIZES + errors * rng.standard_normal(5)
        found = Extrapolation(SIZES, means, errors, np.full(5, 10_000))
        low, high = found.interval(1.96)
        outside += not low <= 0.2 <= high
        free = found.free_interval(1.96)
        inside_free += free is None or free[0] <= 0.2 <= free[1]
    assert outside <= 26  # 5 % of 300, less what the widening takes, and three standard errors
    assert inside_free >= 274


def test_few_draws_have_wider_intervals() -> None:
    means, errors = np.zeros(5), np.full(5, 0.01)
    few = Extrapolation(SIZES, means, errors, np.full(5, 8)).half_width(4.4)
    many = Extrapolation(SIZES, means, errors, np.full(5, 10_000)).half_width(4.4)
    assert many == pytest.approx(
        4.4 * Extrapolation(SIZES, means, errors, np.full(5, 9)).quadratic.standard_error, 0.01
    )
    assert few > 1.2 * many


# -- error rates ---------------------------------------------------------------


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_true_claims_are_supported(noise: float) -> None:
    found = Counter(decided(random_ratios(seed, noise=noise), seed).status for seed in range(15))
    assert found == {"supported": 15}


@pytest.mark.parametrize(
    ("factor", "least"), [(1.05, 20), (0.95, 20), (1.02, 19), (0.98, 19)], ids=["1.05", "0.95", "1.02", "0.98"]
)
def test_wrong_factors_are_refuted(factor: float, least: int) -> None:
    found = Counter(
        decided(random_ratios(seed, noise=0.2), seed, lambda limit, d: factor * limit).status for seed in range(20)
    )
    assert found["refuted"] >= least
    assert found["supported"] == 0


def test_gross_errors_cost_few_draws() -> None:
    found = decided(random_ratios(0), 0, lambda limit, d: 2 * limit)
    assert found.status == "refuted"
    assert max(finding.sizes[-1].draws for finding in found.settings) == 2 * ROUND
    assert found.confirmation is not None
    assert found.confirmation[1] < -0.3


def test_rounded_n_against_the_nominal_ratio_is_a_trap() -> None:
    """The same true claim: at nominal gamma most runs fail, at the realised ratios none."""
    ratios = [Ratio(gamma) for gamma in (0.47, 0.58, 0.63, 0.69)]
    nominal = Counter(decided(ratios, seed, nominal=True).status for seed in range(10))
    realised = Counter(decided(ratios, seed).status for seed in range(10))
    assert nominal["supported"] <= 2
    assert realised == {"supported": 10}


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_without_extrapolation_the_true_claim_would_fail(noise: float) -> None:
    """What the ladder is for: at a size of 64 the noise term misses its limit by more than the tolerance."""
    ratio = Ratio(0.7, 1.0, noise)
    trial = ratio.at(64)
    error = trial.mean / ratio.limit(trial.n / trial.d) - 1
    assert (abs(error) > 0.02) == (noise > 0)


# -- rates other than 1/d ------------------------------------------------------


def powers(
    amplitude: float, exponent: float, limit: float, root: int, ladder: Ladder, seen: list | None = None
) -> Callable:
    """A sampler whose error is ``limit + amplitude d^-exponent``, with self-averaging noise."""

    def draw(
        setting: int, size: int, stage: str, start: int, count: int, *, method: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        if seen is not None:
            seen.append((size, stage, start, count, method))
        key = (setting, size, zlib.crc32(stage.encode()), method, start)
        rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(root, spawn_key=key)))
        d = ladder.sizes[size]
        mean = 1 + limit + amplitude * d**-exponent
        return mean + 2 / math.sqrt(d) * rng.standard_normal(count), np.ones(count)

    return draw


@pytest.mark.parametrize("exponent", [0.5, 0.75, 1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("amplitude", [0.5, 10.0])
def test_a_true_limit_is_never_refuted_whatever_its_rate(exponent: float, amplitude: float) -> None:
    ladder = Ratio(0.5).ladder()
    decisions = [
        decide_limit(powers(amplitude, exponent, 0.0, seed, ladder), [ladder], tolerance=0.02) for seed in range(5)
    ]
    found = Counter(decision.status for decision in decisions)
    assert found["refuted"] == 0
    if exponent >= 1:
        assert found["supported"] >= 4
    if exponent == 0.5:
        assert found["supported"] == 0
        assert all(set(decision.flags) & {"free-rate", "poor-fit"} or decision.needed for decision in decisions)


def test_another_limit_at_another_rate_is_refuted_or_left_open() -> None:
    ladder = Ratio(0.5).ladder()
    for exponent in (0.5, 1.0, 2.0):
        found = decide_limit(powers(0.5, exponent, 0.3, 1, ladder), [ladder], tolerance=0.02)
        assert found.status == "refuted"


def with_errors(error: Callable[[int], float], root: int, ladder: Ladder) -> Callable:
    """Draws whose relative error at each size is the given one."""

    def draw(setting: int, size: int, stage: str, start: int, count: int, *, method: int = 0):
        key = (setting, size, zlib.crc32(stage.encode()), method, start)
        rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(root, spawn_key=key)))
        d = ladder.sizes[size]
        return 1 + error(d) + 2 / math.sqrt(d) * rng.standard_normal(count), np.ones(count)

    return draw


@pytest.mark.parametrize(
    "error",
    [
        lambda d: d / 32 - 1,  # wrong by a factor that grows with d
        lambda d: -math.sqrt(d / 32),
        lambda d: 0.5 + 2 / (d - 100.5),  # a pole between the sizes
    ],
)
def test_a_large_error_that_does_not_shrink_refutes_though_no_fit_describes_it(error: Callable[[int], float]) -> None:
    ladder = Ratio(0.5).ladder()
    found = decide_limit(with_errors(error, 1, ladder), [ladder], tolerance=0.02)
    assert found.status == "refuted"
    assert "no fit" in found.detail


@pytest.mark.parametrize(
    "error",
    [
        lambda d: 20 / (d - 100.5),  # such a pole, and a true limit
        lambda d: 3 * d**-0.5,
        lambda d: 12 * d**-0.5 * (1 + math.sin(d)),
        lambda d: 40 / d * math.log(d),
        lambda d: 0.15 * math.cos(d),  # no limit, and no large error
    ],
)
def test_an_error_that_may_vanish_refutes_nothing(error: Callable[[int], float]) -> None:
    ladder = Ratio(0.5).ladder()
    for seed in range(3):
        assert decide_limit(with_errors(error, seed, ladder), [ladder], tolerance=0.02).status != "refuted"


# -- the procedure -------------------------------------------------------------


def test_draws_are_proportional_to_one_over_d_and_streams_apart() -> None:
    ladder = Ladder((32, 64, 128, 256, 512), 1.0)
    assert ladder.rounds == (16 * ROUND, 8 * ROUND, 4 * ROUND, 2 * ROUND, ROUND)
    seen: list = []
    found = decide_limit(powers(0.0, 1.0, 0.1, 3, ladder, seen), [ladder], tolerance=0.02)
    assert found.status == "refuted"
    stages = {(stage, method) for _, stage, _, _, method in seen}
    assert stages == {("pilot", 0), ("confirm", 0), ("second", 1)}
    for size in range(5):
        asked = sorted((start, count) for k, stage, start, count, _ in seen if (k, stage) == (size, "confirm"))
        assert [start for start, _ in asked] == list(np.cumsum([0, *[count for _, count in asked[:-1]]]))
        assert all(count % ladder.rounds[size] == 0 for _, count in asked)
    assert found.draws == sum(count for *_, count, _ in seen)


def test_a_refutation_needs_the_second_method() -> None:
    """The second implementation finds the law true: undecided, whatever the first one says."""
    found = decided([Ratio(0.3)], 5, lambda limit, d: 1.1 * limit, second=1.1)
    assert found.status == "undecided"
    assert "disagreement" in found.flags


@pytest.mark.parametrize(
    ("relation", "limit", "expected"),
    [
        ("<=", -0.3, "supported"),
        ("<=", 0.0, "supported"),
        ("<=", 0.3, "refuted"),
        (">=", 0.3, "supported"),
        (">=", 0.0, "supported"),
        (">=", -0.3, "refuted"),
    ],
)
def test_inequalities_fail_on_one_side_only(relation: str, limit: float, expected: str) -> None:
    ladder = Ratio(0.5).ladder()
    sampler = powers(1.0, 1.0, limit, 2, ladder)
    found = decide_limit(sampler, [ladder], tolerance=0.02, relation=relation)  # type: ignore[arg-type]
    assert found.status == expected


def test_room_under_an_inequality_saves_draws() -> None:
    """The limit lies a fifth below the bound: a pilot says so, and fewer draws are planned than of an equation."""
    ratios = [Ratio(0.3, s2=0.2)]
    ladders = [ratio.ladder() for ratio in ratios]
    draws = {}
    for relation, factor in (("==", 1.0), ("<=", 1.25), (">=", 1.25)):
        sampler = Scaling(ratios, ladders, 3, lambda limit, d, factor=factor: factor * limit)
        found = decide_limit(sampler, ladders, tolerance=0.02, relation=relation)  # type: ignore[arg-type]
        assert found.status == ("refuted" if relation == ">=" else "supported")
        draws[relation] = found.draws
    assert draws["<="] < draws["=="] / 2


def test_settings_found_by_exploration_refute_and_never_support() -> None:
    ratios, seed = random_ratios(3, 3), 3
    ladders = [ratio.ladder() for ratio in ratios]

    def wrong_at_the_last(limit: float, d: int) -> float:
        return 1.2 * limit if abs(limit - ratios[2].limit(round(ratios[2].gamma * d) / d)) < 1e-12 else limit

    sampler = Scaling(ratios, ladders, seed, wrong_at_the_last)
    found = decide_limit(sampler, ladders[:2], ladders[2:], tolerance=0.02)
    assert (found.status, found.worst) == ("refuted", 2)
    true = decide_limit(Scaling(ratios, ladders, seed), ladders[:2], ladders[2:], tolerance=0.02)
    assert true.status == "supported"
    assert [finding.supported for finding in true.settings] == [True, True, None]
    only = decide_limit(Scaling(ratios, ladders, seed), [Ladder(ladders[0].sizes, 1.0, supports=False)], tolerance=0.02)
    assert only.status == "undecided"


def test_what_is_missing_is_said() -> None:
    found = decided([Ratio(0.7, 1.0, 1.0)], 0, cap=128)
    assert found.status == "undecided"
    assert found.needed is not None
    assert found.needed > found.draws
    low, high = found.interval or (0, 0)
    assert low < 0 < high


def test_draws_without_numbers_are_an_error() -> None:
    ladder = Ratio(0.5).ladder()

    def broken(setting: int, size: int, stage: str, start: int, count: int, *, method: int = 0):
        lhs = np.ones(count)
        lhs[0] = np.nan if stage == "confirm" and size == 3 else 1.0
        return lhs, np.ones(count)

    found = decide_limit(broken, [ladder], tolerance=0.02)
    assert (found.status, found.detail) == ("error", "some draws are not finite")


def test_sides_without_randomness_are_no_better_known_than_a_hundredth_of_the_tolerance() -> None:
    """Higher orders of 1/d are not a limit: an exact left side with a cubic term is supported."""
    ladder = Ratio(0.5).ladder()

    def exact(setting: int, size: int, stage: str, start: int, count: int, *, method: int = 0):
        d = ladder.sizes[size]
        return np.full(count, 1 + 1 / d + 2 / d**2 + 5 / d**3), np.ones(count)

    assert decide_limit(exact, [ladder], tolerance=0.02).status == "supported"


@pytest.mark.parametrize("sizes", [(32, 512), (32, 64, 512), (64, 128, 256, 500), (0, 1, 2, 16)])
def test_a_ladder_needs_four_sizes_that_span_eight(sizes: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="FT210"):
        Limit(sizes=sizes)


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.5, 1.0])
def test_error_rates_of_true_claims(noise: float) -> None:
    """400 claims of 4 anchors: none refuted, none left undecided."""
    found = Counter(decided(random_ratios(1000 + seed, noise=noise), seed).status for seed in range(400))
    assert found["refuted"] == 0
    assert found["supported"] >= 399


@pytest.mark.slow
def test_a_claim_wrong_by_the_tolerance_is_not_supported() -> None:
    """At one anchor, few draws: what is wrong by 5 % is supported within 5 % at most once in 400."""
    found = Counter(
        decided([Ratio(0.5)], seed, lambda limit, d: limit / 0.95, tolerance=0.05).status for seed in range(400)
    )
    assert found["supported"] <= 1
