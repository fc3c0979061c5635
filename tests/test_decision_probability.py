"""Counting violations: what is refuted, supported or left undecided, and how often wrongly; on simulated draws."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats

from ftproofs.decision import Outcomes, ProbabilityDecision, counts, decide_probability, supportable
from ftproofs.numeric.statistics import BLOCK


def simulated(rates: Sequence[float], root: int, *, second: float | None = None, **more: float):
    """A sampler of violations at those rates; ``second`` is the rate that the second method finds."""

    def draw(setting: int, stage: str, start: int, count: int, *, method: int = 0) -> Outcomes:
        key = (setting, zlib.crc32(stage.encode()), method, start)
        rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(root, spawn_key=key)))
        rate = rates[setting] if not method or second is None else second
        violated = (rng.random(count) < rate).astype(float)
        ratio = np.where(violated > 0, 1 + rng.random(count), rng.random(count)) / more.get("slack", 1.0)
        return Outcomes(violated, ratio, np.full(count, more.get("trivial", 0.0)))

    return draw


def statuses(delta: float, factor: float, cap: int, repeats: int = 40, anchors: int = 1) -> Counter:
    return Counter(
        decide_probability(simulated([factor * delta] * anchors, seed), [delta] * anchors, cap=cap).status
        for seed in range(repeats)
    )


# -- counts --------------------------------------------------------------------


@pytest.mark.parametrize("delta", [1e-6, 0.01, 0.3, 0.9])
def test_the_likelihood_mixture_is_an_e_value(delta: float) -> None:
    """Its expectation over all counts is 1 at delta and at most 1 below."""
    draws = 30
    for rate, equal in ((delta, True), (delta / 2, False), (0.0, False)):
        mass = stats.binom.pmf(np.arange(draws + 1), draws, rate)
        values = np.stack([np.exp(counts.log_e_values(k, draws, delta)[:, 0]) for k in range(draws + 1)])
        expected = mass @ values
        assert (expected <= 1 + 1e-9).all()
        if equal:
            assert expected == pytest.approx(1)


@pytest.mark.parametrize(("violations", "draws"), [(0, 50), (3, 50), (50, 50)])
def test_clopper_pearson_inverts_the_binomial_tail(violations: int, draws: int) -> None:
    low, high = counts.clopper_pearson(violations, draws, 1e-3)
    if violations:
        assert stats.binom.sf(violations - 1, draws, low) == pytest.approx(1e-3)
    if violations < draws:
        assert stats.binom.cdf(violations, draws, high) == pytest.approx(1e-3)
    assert 0 <= low <= violations / draws <= high <= 1


def test_draws_without_violation_are_those_of_the_rule() -> None:
    wanted = [math.ceil(counts.draws_without_violation(delta, 1e-3)) for delta in (0.1, 0.05, 0.01, 0.001)]
    assert wanted == [66, 135, 688, 6905]
    assert supportable(0.05, 4096)
    assert not supportable(1e-6, 32_768)


def test_quantile_limits_cover_as_often_as_they_say() -> None:
    truth = stats.expon.ppf(0.9)
    rng = np.random.default_rng(0)
    low_misses = high_misses = 0
    for _ in range(1000):
        _, low, high = counts.quantile(rng.exponential(size=200), 0.9, 0.05)
        low_misses += low > truth
        high_misses += high < truth
    assert low_misses <= 71  # 5 % and three standard errors
    assert high_misses <= 71
    assert counts.quantile(np.arange(10.0), 0.95, 1e-3)[2] == math.inf


# -- error rates ---------------------------------------------------------------


@pytest.mark.parametrize(("delta", "cap"), [(0.05, 4096), (0.01, 16_384)])
def test_calibration(delta: float, cap: int) -> None:
    """Violated twice as often: refuted. Half as often, or never: supported. Exactly as often: neither."""
    assert statuses(delta, 2, cap)["refuted"] >= 39
    assert statuses(delta, 0.5, cap)["supported"] >= 39
    assert statuses(delta, 0, cap) == {"supported": 40}
    assert statuses(delta, 1, cap) == {"undecided": 40}


def test_every_anchor_must_hold_and_any_may_refute() -> None:
    """Not on average: one setting violated four times too often is not outweighed by three that never are."""
    found = decide_probability(simulated([0, 0, 0, 0.2], 0), [0.05] * 4, cap=4096)
    assert (found.status, found.worst) == ("refuted", 3)
    explored = decide_probability(simulated([0, 0, 0, 0.2], 0), [0.05] * 3, [0.05], cap=4096)
    assert (explored.status, explored.worst) == ("refuted", 3)
    border = decide_probability(simulated([0, 0, 0, 0.05], 0), [0.05] * 4, cap=4096)
    assert border.status == "undecided"
    assert border.needed is not None
    assert border.interval is not None
    assert border.interval[0] < 0.05 < border.interval[1]


def test_levels_may_differ_by_setting() -> None:
    assert decide_probability(simulated([0.02, 0.2], 0), [0.05, 0.4], cap=8192).status == "supported"
    assert decide_probability(simulated([0.2, 0.02], 0), [0.05, 0.4], cap=8192).status == "refuted"


def test_no_violations_are_supported_at_once() -> None:
    found = decide_probability(simulated([0.0], 0), [0.05])
    assert (found.status, found.draws) == ("supported", BLOCK)


def test_a_refutation_needs_the_second_method() -> None:
    found = decide_probability(simulated([0.2], 0, second=0.02), [0.05], cap=4096)
    assert found.status == "undecided"
    assert found.flags == ("disagreement",)


# -- what a bound says -----------------------------------------------------------


def slack_of(found: ProbabilityDecision) -> tuple[float, float, float]:
    assert found.slack is not None
    return (found.slack.interval[0], found.slack.factor, found.slack.interval[1])


def test_the_slack_is_measured_with_its_interval() -> None:
    """Ratios uniform on (0, 1/3): the 95 % quantile is 0.95/3, the slack 3/0.95."""
    low, factor, high = slack_of(decide_probability(simulated([0.0], 0, slack=3.0), [0.05]))
    assert low < 3 / 0.95 < high
    assert factor == pytest.approx(3 / 0.95, rel=0.05)
    assert high - low < 0.5


def test_a_bound_far_from_what_it_bounds_is_loose() -> None:
    assert decide_probability(simulated([0.0], 0, slack=3.0), [0.05]).flags == ()
    found = decide_probability(simulated([0.0], 0, slack=30.0), [0.05])
    assert (found.status, found.flags) == ("supported", ("loose",))


def test_a_bound_no_better_than_a_trivial_one_is_not_supported() -> None:
    found = decide_probability(simulated([0.0], 0, trivial=1.0), [0.05])
    assert (found.status, found.flags) == ("undecided", ("vacuous",))


def test_draws_without_numbers_are_an_error() -> None:
    def broken(setting: int, stage: str, start: int, count: int, *, method: int = 0) -> Outcomes:
        violated = np.zeros(count)
        violated[3] = np.nan
        return Outcomes(violated, np.ones(count), np.zeros(count))

    assert decide_probability(broken, [0.05]).status == "error"


@pytest.mark.parametrize("delta", [0.0, 1.0, -0.1])
def test_a_probability_lies_between_0_and_1(delta: float) -> None:
    with pytest.raises(ValueError, match="strictly between"):
        decide_probability(simulated([0.0], 0), [delta])


@pytest.mark.slow
@pytest.mark.parametrize("delta", [0.05, 0.01])
def test_error_rates(delta: float) -> None:
    """1000 claims violated exactly as often as they may be: none refuted, at most 5 supported (1e-3 each)."""
    found = statuses(delta, 1, 8192, repeats=1000)
    assert found["refuted"] == 0
    assert found["supported"] <= 5
