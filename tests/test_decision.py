"""What certified gaps and injected samplers decide: every end state, and what it costs."""

import math
import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from trial_law import Law, Trial

from ftproofs.decision import (
    ALPHA,
    CONFIRM_AT,
    REFUTE_AT,
    Anchor,
    combine,
    decide_each,
    decide_mean,
    refuse_infinite_variance,
    violations,
)
from ftproofs.decision.draws import Track, room_of
from ftproofs.errors import UsageError
from ftproofs.names import infinite_variance
from ftproofs.numeric import statistics
from ftproofs.numeric.statistics import BLOCK, PILOT

# -- combining -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([], "undecided"),
        (["certified", "certified"], "certified"),
        (["certified", "supported"], "supported"),
        (["supported", "none"], "none"),
        (["supported", "undecided", "certified"], "undecided"),
        (["undecided", "error"], "error"),
        (["error", "refuted", "undecided"], "refuted"),
    ],
)
def test_combine(statuses: list, expected: str) -> None:
    assert combine(statuses) == expected
    assert combine(reversed(statuses)) == expected


# -- each ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gap", "half_width", "expected"),
    [
        (0.0, 1e-9, "certified"),
        (5e-7, 5e-7, "certified"),
        (5e-7, 5.1e-7, "undecided"),
        (0.0, 2e-6, "undecided"),
        (1.5e-6, 4e-7, "refuted"),
        (1.5e-6, 6e-7, "undecided"),
        (math.inf, 1e-9, "refuted"),
        (0.0, math.inf, "undecided"),
        (math.inf, math.inf, "undecided"),
        (math.nan, 1e-9, "error"),
        (0.0, math.nan, "undecided"),
        (-0.5, 1e-3, "certified"),
    ],
)
def test_one_row(gap: float, half_width: float, expected: str) -> None:
    decision = decide_each(np.array([gap]), np.array([half_width]), 1e-6)
    assert decision.status == expected
    assert decision.rows == (expected,)
    assert decision.worst == 0


@pytest.mark.parametrize(
    ("statuses", "expected", "worst"),
    [
        (["ok", "ok", "ok"], "certified", 1),
        (["ok", "saddle", "ok"], "certified", 1),
        (["ok", "not-converged", "ok"], "undecided", 1),
        (["ok", "diverged", "not-converged"], "error", 1),
        (["ok", "ok", "out of memory"], "error", 2),
    ],
)
def test_rows_without_numbers(statuses: list[str], expected: str, worst: int) -> None:
    gaps = np.where([s in ("ok", "saddle") for s in statuses], [1e-9, 3e-9, 2e-9], np.nan)
    decision = decide_each(gaps, np.array([1e-8, 1e-8, 1e-8]), 1e-6, statuses)
    assert (decision.status, decision.worst) == (expected, worst)
    assert ("saddle" in decision.flags) == ("saddle" in statuses)


def test_each_shows_the_row_that_decides() -> None:
    gaps = np.array([1e-8, 3e-6, 9e-6, 2e-7, np.nan])
    half_widths = np.array([1e-9, 1e-8, 8.5e-6, 1e-7, np.inf])
    statuses = ["ok", "ok", "ok", "ok", "diverged"]
    refuted = decide_each(gaps, half_widths, 1e-6, statuses)
    assert (refuted.status, refuted.worst, refuted.gap, refuted.half_width) == ("refuted", 1, 3e-6, 1e-8)
    assert refuted.rows == ("certified", "refuted", "undecided", "certified", "error")
    undecided = decide_each(gaps[[0, 2, 3]], half_widths[[0, 2, 3]], 1e-6)
    assert (undecided.status, undecided.worst) == ("undecided", 1)
    certified = decide_each(gaps[[0, 3]], half_widths[[0, 3]], 1e-6)
    assert (certified.status, certified.worst, certified.smallest_error_seen) == ("certified", 1, 1e-7)


def test_a_disagreement_below_the_tolerance_is_flagged() -> None:
    half_widths = np.array([1e-9, 1e-9])
    assert "disagrees-below-tolerance" in decide_each(np.array([0.0, 5e-7]), half_widths, 1e-6).flags
    assert "disagrees-below-tolerance" in decide_each(np.array([0.0, 1.0005e-6]), 1e-3 * half_widths + 1e-9, 1e-6).flags
    assert decide_each(np.array([0.0, 9e-10]), half_widths, 1e-6).flags == ()
    assert decide_each(np.array([0.0, 1e-13]), 0 * half_widths, 1e-6).flags == ()


def test_nothing_measured_decides_nothing() -> None:
    decision = decide_each(np.empty(0), np.empty(0), 1e-6, [])
    assert (decision.status, decision.worst) == ("undecided", None)


def test_violations() -> None:
    errors = np.array([-0.5, 0.0, 0.2])
    assert violations(errors, "==").tolist() == [0.5, 0.0, 0.2]
    for relation in ("<", "<="):
        assert violations(errors, relation).tolist() == [-0.5, 0.0, 0.2]  # type: ignore[arg-type]
    for relation in (">", ">="):
        assert violations(errors, relation).tolist() == [0.5, 0.0, -0.2]  # type: ignore[arg-type]
    assert decide_each(violations(errors, "<="), np.full(3, 1e-3), 1e-2).rows == ("certified", "certified", "refuted")
    # Touching equality is no violation, whatever the bound below the tolerance.
    assert decide_each(violations(np.array([0.009]), "<="), np.array([1e-4]), 1e-2).status == "certified"


@pytest.mark.parametrize(
    ("gaps", "half_widths", "tolerance"), [([0.0], [0.0, 1.0], 1e-6), ([0.0], [-1.0], 1e-6), ([0.0], [0.0], 0.0)]
)
def test_each_refuses_nonsense(gaps: list[float], half_widths: list[float], tolerance: float) -> None:
    with pytest.raises(ValueError, match=r"half-width|gaps"):
        decide_each(np.array(gaps), np.array(half_widths), tolerance)


# -- infinite variance -----------------------------------------------------------


@pytest.mark.parametrize(("n", "d"), [(37, 40), (40, 40), (43, 40)])
def test_infinite_variance_is_refused(n: int, d: int) -> None:
    with pytest.raises(UsageError, match="FT213: variance is infinite at d - n < 4"):
        refuse_infinite_variance([{"n": 4, "d": 40, "sigma": 1.0}, {"n": n, "d": d, "sigma": 0.5}])


def test_finite_variance_is_not() -> None:
    finite = [
        {"n": 36, "d": 40, "sigma": 1.0, "inputs": "gaussian"},
        {"n": 44, "d": 40, "sigma": 1.0},
        {"n": 40, "d": 40, "sigma": 0.0},
        {"n": 40, "d": 40, "sigma": 1.0, "inputs": "population"},
    ]
    assert [infinite_variance(values) for values in finite] == [""] * 4
    refuse_infinite_variance(finite)


def test_variance_depends_on_what_is_spoken_of() -> None:
    """Unit noise has a tail without label noise; a frozen network's one number has a chi-square of n degrees."""
    square = {"n": 39, "d": 40, "sigma": 0.0, "theta": 1.0}
    refuse_infinite_variance([square], {"risk"})
    refuse_infinite_variance([square | {"sigma": 1.0}], {"perp_product"})
    with pytest.raises(UsageError, match="FT213: variance is infinite at d - n < 4"):
        refuse_infinite_variance([square], {"noise_trace"})
    frozen = square | {"frozen_end": "first", "sigma": 1.0}
    refuse_infinite_variance([frozen, frozen | {"n": 5}, frozen | {"n": 4, "sigma": 0.0, "theta": 0.0}], {"risk"})
    with pytest.raises(UsageError, match="FT213: variance is infinite at n < 5"):
        refuse_infinite_variance([frozen | {"n": 4, "sigma": 0.0}], {"risk"})
    with pytest.raises(UsageError, match="FT213: variance is infinite at d - n < 4"):
        refuse_infinite_variance([frozen], {"risk", "noise_risk"})


def test_a_ridge_bounds_the_predictor_and_not_the_fitted_noise() -> None:
    square = {"n": 40, "d": 40, "sigma": 1.0, "ridge": 0.1}
    assert infinite_variance(square, {"risk", "ridge_noise"}, "linear.ridge") == ""
    assert infinite_variance(square | {"ridge": 0.0}, {"risk"}, "linear.ridge") == "d - n < 4"
    assert infinite_variance(square, {"noise_risk"}, "linear.ridge") == "d - n < 4"


def test_a_server_is_a_fit_to_the_samples_of_all_clients() -> None:
    pool = {"n": 8, "d": 13, "clients": 2, "sigma": 0.0, "client_radius": 1.0, "ridge": 1.0}
    for experiment, name in (("server", "server_error"), ("finetune", "risk"), ("finetune", "start_risk")):
        assert infinite_variance(pool, {name}, f"federated.{experiment}") == "clients n - d < 4", name
        assert infinite_variance(pool | {"d": 12}, {name}, f"federated.{experiment}") == ""
        assert infinite_variance(pool | {"clients": "inf"}, {name}, f"federated.{experiment}") == ""
        assert infinite_variance(pool | {"client_radius": 0.0}, {name}, f"federated.{experiment}") == ""
    # A client's own samples are none of the server's business.
    assert infinite_variance(pool | {"sigma": 1.0, "d": 8}, {"beta_norm"}, "federated.server") == ""


def test_variance_of_what_starts_from_source_data_or_trains_a_readout_alone() -> None:
    """Noisy source data have a tail where they are as many as dimensions; a readout alone fits one number."""
    values = {"n": 4, "d": 40, "sigma": 0.5, "theta": 1.0, "gamma_s": 0.95, "sigma_s": 0.5, "ridge": 0.0}
    for names in ({"start_norm"}, {"risk"}, {"transfer_gain"}):
        with pytest.raises(UsageError, match="FT213: variance is infinite at d - n_s < 4"):
            refuse_infinite_variance([values], names, "transfer.finetune")
    refuse_infinite_variance([values], {"scratch_risk"}, "transfer.finetune")
    refuse_infinite_variance([values | {"sigma_s": 0.0}, values | {"gamma_s": "inf"}], {"risk"}, "transfer.finetune")
    alone = values | {"gamma_s": "inf"}
    with pytest.raises(UsageError, match="FT213: variance is infinite at n < 5"):
        refuse_infinite_variance([alone], {"risk"}, "transfer.linear")
    refuse_infinite_variance([alone | {"ridge": 0.1}, alone | {"n": 5}], {"risk"}, "transfer.linear")


# -- mean ------------------------------------------------------------------------

TRIALS = [Trial(10, 40, 1.0, 0.2), Trial(20, 60, 0.7), Trial(30, 48, 1.2, 0.5), Trial(8, 64, 1.0)]
ANCHORS = [trial.anchor() for trial in TRIALS]


def test_the_levels_are_those_of_the_suite() -> None:
    """1000 claims at 1e-3 together; a mistake of a factor 10 here shows nowhere in simulations."""
    assert (REFUTE_AT, CONFIRM_AT, ALPHA) == (1e6, 1e3, 2e-4)


@pytest.mark.parametrize("exact", [False, True])
def test_a_true_claim_is_supported(exact: bool) -> None:
    for root in range(5):
        law = Law(TRIALS, root)
        decision = decide_mean(law, [trial.anchor(exact=exact) for trial in TRIALS], tolerance=0.02)
        assert decision.status == "supported"
        assert decision.interval is not None
        low, high = decision.interval
        assert -0.02 < low <= decision.estimate <= high < 0.02
        assert decision.needed is None
        assert ("asymptotic-level" in decision.flags) != exact
        assert all(finding.supported for finding in decision.settings)
        assert decision.draws == sum(count for *_, count, _ in law.asked)


@pytest.mark.parametrize("factor", [1.1, 0.9, 1.05, 0.95, 1.03])
def test_a_wrong_factor_is_refuted(factor: float) -> None:
    for root in range(5):
        law = Law(TRIALS, root, lambda trial: trial.mean * factor)
        decision = decide_mean(law, ANCHORS, tolerance=0.02)
        assert decision.status == "refuted"
        assert decision.log_evidence >= math.log(1e6)
        assert decision.log_confirmation >= math.log(1e3)
        # Gross errors cost little.
        assert decision.draws <= (10_000 if abs(factor - 1) > 0.04 else 80_000)


def test_an_error_at_one_anchor_is_refuted() -> None:
    law = Law(TRIALS, 1, lambda trial: trial.mean * (1.1 if trial is TRIALS[2] else 1.0))
    decision = decide_mean(law, ANCHORS, tolerance=0.02)
    assert (decision.status, decision.worst) == ("refuted", 2)


def test_errors_of_opposite_directions_are_refuted() -> None:
    law = Law(TRIALS, 2, lambda trial: trial.mean * (1.1 if trial.n < 15 else 0.9))
    assert decide_mean(law, ANCHORS, tolerance=0.02).status == "refuted"


def test_an_adaptive_setting_refutes_and_never_supports() -> None:
    wrong = Trial(56, 60, 1.0, 0.3)
    law = Law([*TRIALS, wrong], 3, lambda trial: trial.mean * (0.7 if trial is wrong else 1.0))
    decision = decide_mean(law, ANCHORS, [wrong.anchor()], tolerance=0.02)
    assert (decision.status, decision.worst) == ("refuted", 4)
    true = decide_mean(Law([*TRIALS, wrong], 3), ANCHORS, [wrong.anchor()], tolerance=0.02)
    assert true.status == "supported"
    assert true.settings[4].supported is None
    assert true.settings[4].draws <= max(finding.draws for finding in true.settings[:4])


def _squared_fluctuation(root: int) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """The variance of ``chi2_1 / chi2_n``, n = 16 to 22, as a mean of squares: most pilots miss its tail."""
    degrees = np.random.default_rng(root).integers(16, 23, 4)
    streams: dict[tuple[int, str, int], np.random.Generator] = {}

    def sampler(setting: int, stage: str, start: int, count: int, *, method: int = 0) -> tuple[np.ndarray, np.ndarray]:
        n = float(degrees[setting])
        key = [root, setting, zlib.crc32(stage.encode()), method]
        rng = streams.setdefault((setting, stage, method), np.random.default_rng(key))
        risk = rng.chisquare(1, count) / rng.chisquare(n, count)
        return (risk - 1 / (n - 2)) ** 2, np.full(count, 2 * (n - 1) / ((n - 2) ** 2 * (n - 4)))

    return sampler


@pytest.mark.parametrize("root", [4, 19, 31])
def test_a_pilot_that_misses_a_heavy_tail_refutes_nothing(root: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variance that evidence is counted with is no smaller than that of the draws themselves."""

    def word() -> str:
        marks = [Anchor(1e-9)] * 2
        return decide_mean(_squared_fluctuation(root), marks, marks, tolerance=0.1, cap=65_536).status

    assert word() != "refuted"
    # With the pilot's alone this true statement was refuted on 11 of the first 100 roots.
    monkeypatch.setattr(Track, "raise_variance", lambda *_: False)
    assert word() == "refuted"


def _pareto(root: int, claimed: float) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Draws with mean 17/9 and no third moment, or with an infinite mean where the claimed one is negative."""

    def draw(setting: int, stage: str, start: int, count: int, *, method: int = 0) -> tuple[np.ndarray, np.ndarray]:
        key = (setting, zlib.crc32(stage.encode()), method, start)
        rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(root, spawn_key=key)))
        power = 2.0 + 1 / 8 if claimed > 0 else 1 / 2
        return 1 + rng.pareto(power, count), np.full(count, abs(claimed))

    return draw


def test_an_infinite_mean_is_refuted() -> None:
    marks = [Anchor(1.0), Anchor(1.0)]
    decision = decide_mean(_pareto(3, -4.0), marks, tolerance=0.02, cap=8192)
    assert decision.status == "refuted"
    assert decision.estimate is not None
    assert decision.estimate > 0


def test_a_heavy_tail_refutes_no_mean_that_is_true() -> None:
    marks = [Anchor(1.0, supports=False), Anchor(1.0)]
    for root in range(60):
        assert decide_mean(_pareto(root, 17 / 9), marks, tolerance=0.02, cap=8192).status != "refuted", root


def test_plans_may_be_finer_and_settings_that_only_refute_may_take_more() -> None:
    trial = TRIALS[0]
    drawn = []
    for mark in (trial.anchor(), replace(trial.anchor(), finer=2.0)):
        drawn.append(decide_mean(Law([trial], 1), [mark], tolerance=0.02).settings[0].draws)
    assert 3.5 < drawn[1] / drawn[0] < 4.5
    marks = [trial.anchor(), Anchor(1.0, supports=False), Anchor(1.0, supports=False, most=8 * drawn[0])]
    found = decide_mean(Law([trial] * 3, 1), marks, tolerance=0.02).settings
    assert [f.draws for f in found[1:]] == [drawn[0], 8 * drawn[0]]


def test_heavy_anchors_may_only_refute() -> None:
    heavy = [Trial(34, 40, 1.0, 0.5), Trial(16, 20, 1.0, 0.2)]
    decision = decide_mean(Law(heavy, 4), [trial.anchor() for trial in heavy], tolerance=0.1, cap=4096)
    assert (decision.status, decision.needed) == ("undecided", None)
    assert "may only refute" in decision.detail
    false = Law(heavy, 4, lambda trial: trial.mean / 2)
    assert decide_mean(false, [trial.anchor() for trial in heavy], tolerance=0.1, cap=4096).status == "refuted"


def test_too_small_a_cap_leaves_it_undecided_and_says_what_is_missing() -> None:
    decision = decide_mean(Law(TRIALS, 5), ANCHORS, tolerance=0.02, cap=1000)
    assert decision.status == "undecided"
    assert all(finding.draws <= 768 for finding in decision.settings)
    assert decision.interval is not None
    assert decision.interval[1] - decision.interval[0] > 0.02
    assert decision.needed is not None
    assert decision.needed > 1000
    # What it says is missing is about what it takes.
    enough = decide_mean(Law(TRIALS, 5), ANCHORS, tolerance=0.02)
    assert enough.status == "supported"
    assert 0.4 < (decision.needed + decision.draws) / enough.draws < 2.5


def test_an_error_close_to_the_tolerance_is_never_supported() -> None:
    """With 200 draws' worth of evidence an error of exactly the tolerance must not pass."""
    for root in range(200):
        law = Law(TRIALS, root, lambda trial: trial.mean / 1.02)
        assert decide_mean(law, ANCHORS, tolerance=0.02, cap=2048).status != "supported"


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("stage", ["pilot", "confirm"])
def test_a_draw_without_a_number_is_an_error(stage: str, bad: float) -> None:
    def broken(setting: int, at: str, start: int, count: int, *, method: int = 0) -> tuple[np.ndarray, np.ndarray]:
        lhs, rhs = Law(TRIALS, 6)(setting, at, start, count, method=method)
        if setting == 1 and at == stage:
            lhs[7] = bad
        return lhs, rhs

    decision = decide_mean(broken, ANCHORS, tolerance=0.02)
    assert (decision.status, decision.worst) == ("error", 1)
    assert decision.settings[1].error
    assert decision.log_evidence < 1

    def false(setting: int, at: str, start: int, count: int, *, method: int = 0) -> tuple[np.ndarray, np.ndarray]:
        lhs, rhs = broken(setting, at, start, count, method=method)
        return lhs, 2 * rhs

    assert decide_mean(false, ANCHORS, tolerance=0.02).status == "refuted"


def test_what_the_second_method_does_not_confirm_is_not_refuted() -> None:
    """A solver with a bug: its draws are 10 % too large, those of the second method are right."""

    def buggy(setting: int, at: str, start: int, count: int, *, method: int = 0) -> tuple[np.ndarray, np.ndarray]:
        lhs, rhs = Law(TRIALS, 7)(setting, at, start, count, method=method)
        return lhs * (1.0 if method else 1.1), rhs

    decision = decide_mean(buggy, ANCHORS, tolerance=0.02)
    assert (decision.status, decision.flags) == ("undecided", ("asymptotic-level", "disagreement"))
    assert decision.log_evidence >= math.log(REFUTE_AT)
    assert decision.log_confirmation < math.log(CONFIRM_AT)
    assert decision.needed is None

    def opposite(setting: int, at: str, start: int, count: int, *, method: int = 0) -> tuple[np.ndarray, np.ndarray]:
        lhs, rhs = Law(TRIALS, 7)(setting, at, start, count, method=method)
        return lhs * (0.9 if method else 1.1), rhs

    # Evidence in the other direction confirms nothing.
    assert decide_mean(opposite, ANCHORS, tolerance=0.02).status == "undecided"

    def silent(setting: int, at: str, start: int, count: int, *, method: int = 0) -> tuple[np.ndarray, np.ndarray]:
        lhs, rhs = Law(TRIALS, 7)(setting, at, start, count, method=method)
        return (lhs * np.nan if method else lhs * 1.1), rhs

    decision = decide_mean(silent, ANCHORS, tolerance=0.02)
    assert decision.status == "undecided"
    assert "disagreement" in decision.flags


# -- which draws -------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1.0, 1.05])
def test_streams_are_disjoint_and_indices_used_once(factor: float) -> None:
    law = Law(TRIALS, 8, lambda trial: trial.mean * factor)
    decide_mean(law, ANCHORS, tolerance=0.02)
    used: set[tuple[int, str, int]] = set()
    for setting, stage, start, count, method in law.asked:
        assert stage in ("pilot", "confirm", "second")
        assert method == (1 if stage == "second" else 0)
        assert start % BLOCK == 0
        assert count % BLOCK == 0
        assert count > 0
        indices = {(setting, stage, i) for i in range(start, start + count)}
        assert not used & indices
        used |= indices
    assert any(stage == "second" for _, stage, _ in used) == (factor != 1.0)


def test_every_cap_counts_in_whole_blocks() -> None:
    law = Law(TRIALS, 9)
    decide_mean(law, ANCHORS, tolerance=0.02, cap=1500)
    assert max(start + count for _, stage, start, count, _ in law.asked if stage == "confirm") == 1280
    law = Law(TRIALS, 9)
    decide_mean(law, ANCHORS, tolerance=0.02, cap=1)
    assert max(start + count for *_, start, count, _ in law.asked) == BLOCK


def test_the_default_path_costs_no_more_than_the_plan() -> None:
    """4 anchors of CV 0.3 at 2 %: the draws the formula asks for, and a pilot each."""
    rng_law = normal(0.3)
    decision = decide_mean(rng_law, [Anchor(1.0)] * 4, tolerance=0.02)
    assert decision.status == "supported"
    needed = statistics.planned_draws(0.3, 0.02, ALPHA / 2, 1e-3)
    assert needed == pytest.approx(11_070, rel=0.01)
    assert decision.draws <= 4 * (1.25 * needed + PILOT + BLOCK)


def normal(spread: float, shift: float = 0.0) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    def draw(setting: int, stage: str, start: int, count: int, *, method: int = 0) -> tuple[np.ndarray, np.ndarray]:
        key = (setting, len(stage), start, method)
        rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(11, spawn_key=key)))
        return rng.normal(1 + shift, spread, count), np.ones(count)

    return draw


def test_a_pilot_that_misleads_costs_one_extension() -> None:
    """The pilot's spread is half the truth: the first look fails, the second has the right number."""

    def misled(setting: int, stage: str, start: int, count: int, *, method: int = 0) -> tuple[np.ndarray, np.ndarray]:
        return normal(0.1 if stage == "pilot" else 0.2)(setting, stage, start, count, method=method)

    decision = decide_mean(misled, [Anchor(1.0)] * 2, tolerance=0.02)
    assert decision.status == "supported"
    first = statistics.planned_draws(0.1, 0.02, ALPHA / 2, 1e-3)
    assert all(2 * first < finding.draws < 8 * first for finding in decision.settings)
    capped = decide_mean(misled, [Anchor(1.0)] * 2, tolerance=0.02, cap=1536)
    assert capped.status == "undecided"


def test_looks_spend_alpha(monkeypatch: pytest.MonkeyPatch) -> None:
    levels: list[float] = []
    original = statistics.RelativeError.interval

    def counted(self: statistics.RelativeError, alpha: float) -> tuple[float, float]:
        levels.append(alpha)
        return original(self, alpha)

    monkeypatch.setattr(statistics.RelativeError, "interval", counted)
    monkeypatch.setattr(statistics, "supports", lambda *args: False)
    decision = decide_mean(normal(0.1), [Anchor(1.0)], tolerance=0.02)
    assert decision.status == "undecided"
    # Two looks, and the interval that is reported.
    assert levels == [ALPHA / 2] * 3
    levels.clear()
    decide_mean(normal(0.1), [Anchor(1.0)], tolerance=0.02, cap=512)
    assert levels == [ALPHA, ALPHA]


def test_an_exactly_known_mean_needs_one_block() -> None:
    decision = decide_mean(normal(0.0), [Anchor(1.0)] * 2, tolerance=0.02)
    assert decision.status == "supported"
    assert decision.draws == 2 * (PILOT + BLOCK)
    # Rounding is no evidence.
    rounding = decide_mean(normal(1e-16, 1e-14), [Anchor(1.0)] * 2, tolerance=0.02)
    assert rounding.status == "supported"
    assert rounding.log_evidence <= 0
    assert decide_mean(normal(0.0, 0.05), [Anchor(1.0)] * 2, tolerance=0.02).status == "refuted"


def test_a_right_side_that_varies_from_draw_to_draw() -> None:
    """E[lhs] = E[rhs] with both random and strongly dependent: the difference decides."""

    def paired(setting: int, stage: str, start: int, count: int, *, method: int = 0) -> tuple[np.ndarray, np.ndarray]:
        key = (setting, len(stage), start, method)
        rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(12, spawn_key=key)))
        rhs = rng.exponential(1.0, count)
        return rhs + rng.normal(0, 0.05, count), rhs

    decision = decide_mean(paired, [Anchor(1.0)] * 2, tolerance=0.02)
    assert decision.status == "supported"
    assert decision.draws <= 4096
    exact = decide_mean(paired, [Anchor(1.0, variance=0.05**2)] * 2, tolerance=0.02, cap=8192)
    assert exact.status == "supported"


# -- inequalities --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("relation", "factor", "expected"),
    [
        ("<=", 1.0, "supported"),
        ("<", 1.5, "supported"),
        (">=", 1.0, "supported"),
        (">", 0.5, "supported"),
        ("<=", 0.9, "refuted"),
        (">=", 1.1, "refuted"),
        # Wrong by less than the tolerance is no violation.
        ("<=", 0.99, "supported"),
        (">=", 1.01, "supported"),
    ],
)
def test_inequalities(relation: str, factor: float, expected: str) -> None:
    law = Law(TRIALS, 13, lambda trial: trial.mean * factor)
    decision = decide_mean(law, ANCHORS, tolerance=0.03, relation=relation)  # type: ignore[arg-type]
    assert decision.status == expected


def test_an_inequality_wrong_by_the_tolerance_is_neither() -> None:
    for root in range(20):
        law = Law(TRIALS, root, lambda trial: trial.mean / 1.05)
        assert decide_mean(law, ANCHORS, tolerance=0.05, relation="<=", cap=8192).status == "undecided"


# -- figures ---------------------------------------------------------------------------


def test_smallest_error_seen_would_have_been_refuted() -> None:
    decision = decide_mean(Law(TRIALS, 14), ANCHORS, tolerance=0.02)
    error = decision.smallest_error_seen
    assert error is not None
    assert 0.005 < error < 0.03
    hits = sum(
        decide_mean(Law(TRIALS, root, lambda trial: trial.mean / (1 + error)), ANCHORS, tolerance=0.02).status
        == "refuted"
        for root in range(100, 160)
    )
    assert hits >= 58


def test_decisions_repeat() -> None:
    assert decide_mean(Law(TRIALS, 15), ANCHORS, tolerance=0.02) == decide_mean(
        Law(TRIALS, 15), ANCHORS, tolerance=0.02
    )


def test_no_anchor_decides_nothing() -> None:
    assert decide_mean(Law([], 0), [], tolerance=0.02).status == "undecided"


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="tolerance"):
        decide_mean(Law(TRIALS, 0), ANCHORS, tolerance=0.0)
    with pytest.raises(ValueError, match="asked for 256 draws"):
        decide_mean(lambda *args, **kwargs: (np.ones(3), np.ones(3)), ANCHORS, tolerance=0.02)


def test_evidence_between_the_levels_does_not_refute() -> None:
    """The threshold itself, to a factor 1.0001: deterministic draws of a known e-value."""
    variance, draws = 1.0, 256

    def constant(value: float) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
        return lambda setting, stage, start, count, method=0: (np.full(count, value), np.zeros(count))

    def log_e(value: float) -> float:
        z = np.full(draws, value)
        return statistics.claim_log_e(statistics.log_e_values(z, z, variance)[None])

    low, high = 0.0, 5.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if log_e(middle) < math.log(1e6) else (low, middle)
    anchor = Anchor(10.0, variance=variance)
    below = decide_mean(constant(low * (1 - 1e-6)), [anchor], tolerance=0.02, cap=draws)
    above = decide_mean(constant(high * (1 + 1e-6)), [anchor], tolerance=0.02, cap=draws)
    assert below.log_evidence == pytest.approx(math.log(1e6), abs=1e-3)
    assert (below.status, above.status) == ("undecided", "refuted")
    weakened = decide_mean(constant(low * 0.97), [anchor], tolerance=0.02, cap=draws, refute_at=REFUTE_AT / 10)
    assert weakened.status == "refuted"


def test_room_under_an_inequality_saves_draws_and_no_equation_has_any() -> None:
    """15 % on the right side: room for 8 % is planned with. On the wrong side none, nor where none is certain."""
    equal = decide_mean(normal(0.3), [Anchor(1.0)] * 2, tolerance=0.02)
    for shift, relation, fewer in ((-0.15, "<=", True), (0.15, ">=", True), (0.0, "<=", False)):
        found = decide_mean(normal(0.3, shift), [Anchor(1.0)] * 2, tolerance=0.02, relation=relation)
        assert found.status == "supported"
        assert (found.draws < equal.draws / 8) == fewer
    for shift, relation in ((0.15, "<="), (-0.15, ">="), (-0.15, "==")):
        assert decide_mean(normal(0.3, shift), [Anchor(1.0)] * 2, tolerance=0.02, relation=relation).status == "refuted"
    rooms = [room_of(-0.15, 0.3 / 16, relation) for relation in ("<=", ">=", "==")]
    assert rooms == [pytest.approx(0.075), 0.0, 0.0]
    # 5 % inside for certain: a bound tighter by a tenth would be violated, by too little for any room.
    assert room_of(-0.05, 0.01 / 16, "<=") == pytest.approx(0.0025)
