"""Trends decided by signs: how often a null trend passes, a true one does, and a wrong one is refuted."""

from __future__ import annotations

import numpy as np
import pytest

from ftproofs.decision.trend import decide_trend


def sampler(seed: int, *laws, second=None):
    """Normal differences of the given (mean, deviation) at each setting; those of the second stage may be others."""
    stages: dict[tuple[str, int], np.random.Generator] = {}

    def draw(setting, stage, start, count, *, method=0):
        assert method == (stage == "second")
        source = stages.setdefault((stage, setting), np.random.default_rng([seed, setting, stage == "second"]))
        mean, deviation = (second or laws)[setting] if stage == "second" else laws[setting]
        return mean + deviation * source.standard_normal(count)

    return draw


def statuses(count, *laws, effect=0.0, cap=128, **options):
    return [decide_trend(sampler(s, *laws, **options), len(laws), effect=effect, cap=cap).status for s in range(count)]


def test_no_trend_is_hardly_ever_supported_or_refuted() -> None:
    found = statuses(2000, (0.0, 1.0), cap=256)
    # At most 1e-3 and 1e-6, whatever the looks: 2000 runs of an event of 1e-3 have 9 or more with probability 3e-4.
    assert found.count("supported") <= 8
    assert found.count("refuted") == 0


def test_a_trend_smaller_than_claimed_is_hardly_ever_supported() -> None:
    """Every pair has the direction, half of them the effect: what is claimed is the effect."""
    assert statuses(1000, (0.1, 0.02), effect=0.1).count("supported") <= 6


def test_a_true_trend_is_supported_often_and_never_refuted() -> None:
    # P(increase) = 0.8 with 64 pairs and 0.7 with 256: measured 0.89 and 0.99 of 1000.
    for mean, cap, least in ((0.8416, 64, 0.6), (0.5244, 256, 0.9)):
        found = statuses(200, (mean, 1.0), cap=cap)
        assert found.count("supported") > least * 200
        assert found.count("refuted") == 0


def test_the_wrong_direction_is_refuted() -> None:
    assert statuses(50, (-1.6, 1.0)).count("refuted") >= 49


def test_one_wrong_setting_refutes_and_every_setting_has_to_support() -> None:
    assert set(statuses(20, (2.0, 1.0), (-2.5, 1.0))) == {"refuted"}
    assert set(statuses(20, (2.5, 1.0), (0.0, 1.0))) <= {"undecided"}


def test_what_fresh_pairs_do_not_confirm_is_undecided() -> None:
    found = decide_trend(sampler(0, (-3.0, 1.0), second=((1.0, 1.0),)), 1, effect=0.0, cap=128)
    assert found.status == "undecided"
    assert found.flags == ("disagreement",)
    assert found.log_evidence > np.log(1e6)


def test_pairs_without_a_number_count_for_neither_side() -> None:
    def half_lost(setting, stage, start, count, *, method=0):
        return np.where(np.arange(start, start + count) % 2 == 0, 1.0, np.nan)

    found = decide_trend(half_lost, 1, effect=0.0, cap=256)
    assert (found.status, found.flags) == ("undecided", ("lost-pairs",))
    lost = decide_trend(lambda setting, stage, start, count, *, method=0: np.full(count, np.nan), 1, effect=0.0, cap=64)
    assert lost.status == "error"


def test_figures_of_a_finding() -> None:
    found = decide_trend(sampler(3, (1.0, 0.1)), 1, effect=0.5, cap=64)
    (finding,) = found.settings
    assert (finding.pairs, finding.right, finding.wrong, found.status) == (16, 16, 0, "supported")
    assert finding.effect == pytest.approx(1.0, abs=0.1)
    assert finding.interval[0] < finding.effect < finding.interval[1]


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        decide_trend(sampler(0, (0, 1)), 1, effect=-0.1, cap=64)
    with pytest.raises(ValueError, match="asked for 16"):
        decide_trend(lambda *_, **__: np.zeros(3), 1, effect=0.0, cap=64)
