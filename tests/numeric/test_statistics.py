"""E-processes and equivalence tests against laws whose means are known."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from ftproofs.numeric import statistics
from ftproofs.numeric.statistics import LAMBDAS


def generator(*key: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(20, spawn_key=key)))


def test_influence_is_catonis() -> None:
    u = np.array([0.0, 0.5, 3.0])
    assert statistics.influence(u) == pytest.approx([0.0, math.log(1.625), math.log(8.5)], rel=1e-15)
    wide = np.concatenate([-(10.0 ** np.arange(-8, 9)), 10.0 ** np.arange(-8, 9)])
    assert np.array_equal(statistics.influence(-wide), -statistics.influence(wide))
    assert np.all(np.diff(statistics.influence(np.sort(wide))) > 0)
    # What makes it an e-value: exp(phi(u)) <= 1 + u + u^2/2 everywhere.
    u = np.linspace(-50, 50, 10_001)
    assert np.all(np.exp(statistics.influence(u)) <= (1 + u + u * u / 2) * (1 + 1e-14))


def two_point(probability: float) -> tuple[np.ndarray, np.ndarray]:
    """A law of mean 0 and variance 1 on two points: its expectations are exact sums."""
    high = math.sqrt((1 - probability) / probability)
    return np.array([high, -1 / high]), np.array([probability, 1 - probability])


@pytest.mark.parametrize("probability", [1e-6, 1e-3, 0.1, 0.5, 0.9, 0.999, 1 - 1e-6])
def test_e_values_of_one_draw_have_mean_at_most_one(probability: float) -> None:
    points, weights = two_point(probability)
    logs = np.array([statistics.log_e_values(np.array([x]), np.array([x]), 1.0) for x in points])
    means = np.einsum("p,pbs->bs", weights, np.exp(logs))
    assert np.all(means <= 1 + 1e-12)
    assert np.all(means > 0.85)  # And is not merely tiny.


def test_e_values_survive_a_harmless_shift_and_a_loose_bound() -> None:
    points, weights = two_point(0.01)
    for shift, variance in [(0.3, 1.0), (5.0, 1.0), (0.0, 4.0)]:
        logs = np.array(
            [statistics.log_e_values(np.array([x - shift]), np.array([x + shift]), variance) for x in points]
        )
        assert np.all(np.einsum("p,pbs->bs", weights, np.exp(logs)) <= 1 + 1e-12)


def test_evidence_adds_up_over_draws() -> None:
    z = generator(1).normal(0.1, 1, 1000)
    whole = statistics.log_e_values(z, z, 1.0)
    parts = sum(statistics.log_e_values(part, part, 1.0) for part in np.split(z, [1, 300, 777]))
    assert whole == pytest.approx(parts, rel=1e-12)
    assert whole.shape == (len(LAMBDAS), 2)
    assert whole[:, 0].max() > 0 > whole[:, 1].max()


def test_no_overflow() -> None:
    z = np.full(100_000, 1e100)
    logs = statistics.log_e_values(z, z, 1e-200)
    assert np.all(np.isfinite(logs))
    assert np.all(logs[:, 0] > 1e7)
    assert np.all(logs[:, 1] < -1e7)
    assert statistics.log_mean_exp(np.array([1e6, -1e6])) == pytest.approx(1e6 - math.log(2))
    assert statistics.log_mean_exp(np.array([-np.inf, 0.0])) == pytest.approx(-math.log(2))
    assert statistics.log_mean_exp(np.full(3, -np.inf)) == -np.inf


def test_claim_e_value_is_the_mean_of_its_parts() -> None:
    rng = generator(2)
    anchors, adaptive = rng.normal(size=(4, 5, 2)), rng.normal(size=(2, 5, 2))
    parts = [np.exp(anchors).mean(), np.exp(anchors.sum(axis=0)).mean(), np.exp(adaptive).mean()]
    assert statistics.claim_log_e(anchors, adaptive) == pytest.approx(math.log(np.mean(parts)), rel=1e-13)
    assert statistics.claim_log_e(anchors) == pytest.approx(math.log(np.mean(parts[:2])), rel=1e-13)
    assert statistics.claim_log_e(anchors, np.empty((0, 5, 2))) == statistics.claim_log_e(anchors)


def test_mean_e_of_true_claims_is_at_most_one() -> None:
    """4 anchors of skewed draws, exact variance: the mean over 4000 claims, with its own error."""
    rng = generator(3)
    draws = rng.gamma(2.0, 1.0, (4000, 4, 64)) - 2.0
    logs = np.array([[statistics.log_e_values(z, z, 2.0) for z in claim] for claim in draws])
    e = np.exp([statistics.claim_log_e(claim) for claim in logs])
    assert e.mean() <= 1 + 3 * e.std() / math.sqrt(len(e))
    assert e.mean() > 0.3
    # Ville and Markov: never more often than 1/threshold; the counts are far below.
    assert (e >= 20).mean() <= 1 / 20


def test_a_shift_is_found() -> None:
    rng = generator(4)
    for sign, column in [(1, 0), (-1, 1)]:
        z = rng.normal(0.2 * sign, 1, 4096)
        logs = statistics.log_e_values(z, z, 1.0)
        assert statistics.log_mean_exp(logs[:, column]) > math.log(1e6)
        assert statistics.log_mean_exp(logs[:, 1 - column]) < 0


def test_relative_error_of_constant_right_side() -> None:
    lhs = generator(5).normal(2.0, 0.5, 4000)
    error = statistics.relative_error(lhs, np.full(4000, 1.6), 1.0)
    assert error.unit == pytest.approx(1.6, rel=1e-14)
    assert error.estimate == pytest.approx((lhs.mean() - 1.6) / 1.6, rel=1e-12)
    assert error.spread == pytest.approx(lhs.std(ddof=1) / 1.6, rel=1e-12)
    small = statistics.relative_error(lhs, np.full(4000, 0.01), 3.0)
    assert small.unit == pytest.approx(0.3)


def test_relative_error_accounts_for_a_random_right_side() -> None:
    """The standard error is that of a ratio of means, checked by repetition."""
    rng = generator(6)
    repeated = []
    for _ in range(2000):
        rhs = rng.gamma(4.0, 0.5, 400)
        lhs = 1.5 * rhs + rng.normal(0, 0.3, 400)
        repeated.append(statistics.relative_error(-lhs, -rhs, 1.0))
    estimates = np.array([error.estimate for error in repeated])
    assert estimates.mean() == pytest.approx(-0.5, abs=0.002)
    claimed = np.mean([error.standard_error for error in repeated])
    assert claimed == pytest.approx(estimates.std(), rel=0.06)
    naive = np.std(lhs - rhs) / np.mean(rhs) / math.sqrt(400)
    assert naive > 2 * claimed


@pytest.mark.parametrize(
    ("interval", "relation", "expected"),
    [
        ((-0.01, 0.01), "==", True),
        ((-0.01, 0.03), "==", False),
        ((-0.03, 0.01), "==", False),
        ((-0.03, 0.01), "<=", True),
        ((-0.01, 0.03), "<", False),
        ((-0.01, 0.03), ">=", True),
        ((-0.03, 0.01), ">", False),
        ((-math.inf, math.inf), "==", False),
        ((math.nan, math.nan), "==", False),
    ],
)
def test_supports(interval: tuple[float, float], relation: str, expected: bool) -> None:
    assert statistics.supports(interval, 0.02, relation) is expected


def test_support_at_exactly_the_tolerance_keeps_its_level() -> None:
    """A claim wrong by the tolerance, on Beta draws: 20 000 looks at level 1e-2."""
    rng = generator(7)
    draws = rng.beta(15, 15, (20_000, 600)) / 0.5 * 1.05
    passed = 0
    for lhs in draws:
        error = statistics.relative_error(lhs, np.ones(600), 1.0)
        passed += statistics.supports(error.interval(1e-2), 0.05)
    assert 140 <= passed <= 260


def test_planned_draws_support_with_the_stated_power() -> None:
    spread, tolerance = 0.25, 0.05
    draws = statistics.planned_draws(spread, tolerance, 1e-2, 0.2)
    assert draws == pytest.approx(((norm.isf(1e-2) + norm.isf(0.1)) * 5) ** 2)
    rng = generator(8)
    size = math.ceil(draws)
    means = rng.normal(0, spread / math.sqrt(size), 20_000)
    half = norm.isf(1e-2) * spread / math.sqrt(size)
    missed = np.mean(np.abs(means) + half >= tolerance)
    assert missed == pytest.approx(0.2, abs=0.012)
    assert statistics.planned_draws(spread, tolerance, 1e-2, 0.2, 0.025) == pytest.approx(4 * draws)
    assert statistics.planned_draws(spread, tolerance, 1e-2, 0.2, -0.05) == math.inf


def test_in_blocks() -> None:
    assert statistics.in_blocks(0, 2048) == 256
    assert statistics.in_blocks(256, 2048) == 256
    assert statistics.in_blocks(257, 2048) == 512
    assert statistics.in_blocks(2047, 2048) == 2048
    assert statistics.in_blocks(math.inf, 2048) == 2048


def test_refutable_error_is_refuted_with_its_power() -> None:
    """Shift 4 anchors by the stated error: about 99 % refuted; by 0.8 of it, visibly fewer."""
    rng = generator(9)
    draws, spread, threshold = 2048, 0.3, math.log(1e6)
    errors = [statistics.RelativeError(0.0, spread, 1.0, draws)] * 4
    variance = 1.5 * spread**2
    averaged = threshold + math.log(2 * len(LAMBDAS) * 2)
    error = statistics.refutable_error(errors, [variance] * 4, averaged)
    assert 0.02 < error < 0.1

    def refuted(shift: float, repetitions: int = 400) -> float:
        hits = 0
        for _ in range(repetitions):
            z = rng.normal(shift, spread, (4, draws))
            hits += statistics.claim_log_e(np.array([statistics.log_e_values(x, x, variance) for x in z])) >= threshold
        return hits / repetitions

    assert refuted(error) >= 0.975
    assert refuted(0.75 * error) < 0.95
    assert refuted(0.5 * error) < 0.3
    assert statistics.refutable_error([], [], averaged) == math.inf


def test_draws_to_refute() -> None:
    assert statistics.draws_to_refute(0.22, 0.01) == pytest.approx(14_520)
    assert statistics.draws_to_refute(0.22, 0.0) == math.inf
