"""check.py: what ends refuted, undecided or error, and why; on statements made for the purpose."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from sympy import Rational, cos, pi, sqrt

from ftproofs.check import MemoryStore, check
from ftproofs.check import context as context_module
from ftproofs.claim import Claim, Domain, Each, Mean, Rows, Source, Statement, real_range
from ftproofs.errors import TrainingError, UsageError
from ftproofs.numeric import experiments
from ftproofs.settings import Block
from ftproofs.symbolic.functions import depth_root
from ftproofs.symbolic.vocabulary import at_least, equal, greater, less, v

NETWORKS = Domain.of(L=[2, 3], n=(2, 6), d=(8, 12), theta=real_range(0, pi), sigma=real_range(0, 1)).where(
    v.n <= v.d / 2
)
ROOT = depth_root(v.L, v.min_norm, v.perp_source_norm, v.source_norm)


def claim(*statements: Statement, domain: Domain = NETWORKS, experiment: str = "deep-linear.finetune", **more) -> Claim:
    return Claim("test", "test", Source("test"), experiment, more.pop("quantifier", Each()), domain, statements, **more)


def settled(asked: Claim, store: MemoryStore | None = None, **more):
    return check(asked, settings=more.pop("settings", 8), device="cpu", store=store, **more)


def test_a_true_statement_without_derivation_is_supported_with_its_links() -> None:
    verdict = settled(claim(equal(v.perp_ratio, ROOT)))
    assert (verdict.word, verdict.derivation.status) == ("supported", "none")
    links = verdict.experiment.links
    assert {name: link.status for name, link in links.items()} == dict.fromkeys(("A", "B", "end_to_end"), "certified")
    assert verdict.flags == ("estimated-integration",)
    assert 0 < verdict.experiment.smallest_error_seen < 1e-6


@pytest.mark.parametrize(
    "factor", [1 + Rational(1, 10**4), 1 - Rational(1, 10**4), Rational(1, 2)], ids=["+1e-4", "-1e-4", "half"]
)
def test_a_wrong_factor_is_refuted_by_a_setting_of_the_domain(factor: Rational) -> None:
    verdict = settled(claim(equal(v.perp_ratio, factor * ROOT)))
    assert verdict.word == "refuted"
    seen = verdict.experiment.simplest
    assert abs(seen.observed - seen.predicted) > seen.bound
    assert seen.predicted / float(factor) == pytest.approx(seen.observed, rel=1e-6)
    assert 2 <= seen.setting.parameters["n"] <= seen.setting.parameters["d"] / 2


def test_an_error_below_the_tolerance_is_neither_refuted_nor_passed() -> None:
    verdict = settled(claim(equal(v.perp_ratio, ROOT * (1 + Rational(3, 10**7))), tolerance=1e-7))
    assert verdict.word == "refuted"
    # The same error against a tolerance that is larger: it agrees within the tolerance and the flag says how.
    verdict = settled(claim(equal(v.perp_ratio, ROOT * (1 + Rational(3, 10**7)))))
    assert verdict.word == "supported"
    assert "disagrees-below-tolerance" in verdict.flags


def test_the_simplest_counterexample_is_simple() -> None:
    verdict = settled(claim(equal(v.perp_ratio, 1)), settings=16)
    simple, worst = verdict.experiment.simplest, verdict.experiment.worst
    assert simple.setting.parameters | {"n": 2, "d": 8, "L": 2, "theta": np.pi / 2} == simple.setting.parameters
    assert worst.error >= simple.error


def test_all_statements_are_required() -> None:
    verdict = settled(claim(equal(v.fit_gap, 0), equal(v.perp_ratio, 1)))
    assert verdict.word == "refuted"
    assert verdict.experiment.simplest.statement == 1


def test_inequalities_hold_at_equality_and_fail_beyond_it() -> None:
    assert settled(claim(less(v.fit_gap, Rational(1, 10**6)))).word == "supported"
    assert settled(claim(greater(v.perp_ratio, ROOT))).word == "supported"  # touching is no violation
    assert settled(claim(greater(v.perp_ratio, ROOT + Rational(1, 1000)))).word == "refuted"


def test_garbage_in_the_law_leaves_the_rows_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training knows nothing of the formula under test."""
    before = MemoryStore()
    settled(claim(equal(v.perp_ratio, ROOT)), before, settings=4)
    monkeypatch.setattr(depth_root, "ball", staticmethod(lambda *args: args[1] * 0 + 7))
    monkeypatch.setattr(depth_root, "numeric", staticmethod(lambda *args: np.full(np.shape(args[1]), 7.0)))
    monkeypatch.setattr(depth_root, "eval", classmethod(lambda cls, *args: None))
    after = MemoryStore()
    assert (
        settled(
            claim(equal(v.perp_ratio, depth_root(3, v.min_norm, v.perp_source_norm, v.source_norm))), after, settings=4
        ).word
        == "refuted"
    )
    kept = {rows.block.canonical(): rows for rows in after.rows()}
    shared = [rows for rows in before.rows() if rows.block.canonical() in kept and rows.block.engine != "solver"]
    assert shared
    for rows in shared:
        for name, values in rows.values.items():
            assert values.tobytes() == kept[rows.block.canonical()].values[name].tobytes()


def _tampered(monkeypatch: pytest.MonkeyPatch, change) -> None:
    """Let the measured rows pass through ``change(block, rows)``."""
    real = experiments.run

    def run(block: Block, *, device: str = "cpu") -> Rows:
        return change(block, real(block, device=device))

    monkeypatch.setattr(context_module.experiments, "run", run)


def test_a_violation_that_the_second_method_does_not_see_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_flow(block: Block, rows: Rows) -> Rows:
        if block.engine == "flow":
            return replace(rows, values=dict(rows.values) | {"perp_ratio": rows.values["perp_ratio"] * 1.01})
        return rows

    _tampered(monkeypatch, broken_flow)
    verdict = settled(claim(equal(v.perp_ratio, ROOT)))
    assert verdict.word == "undecided"
    assert "disagreement" in verdict.flags


def test_training_that_disagrees_with_the_oracle_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_oracle(block: Block, rows: Rows) -> Rows:
        if block.engine == "solver":
            return replace(rows, values=dict(rows.values) | {"beta_norm": rows.values["beta_norm"] * 1.01})
        return rows

    _tampered(monkeypatch, broken_oracle)
    verdict = settled(claim(equal(v.fit_gap, 0)))
    assert verdict.word == "undecided"
    assert verdict.experiment.links["A"].status == "refuted"


@pytest.mark.parametrize(("status", "word"), [("not-converged", "undecided"), ("diverged", "error")])
def test_rows_without_numbers_never_pass(monkeypatch: pytest.MonkeyPatch, status: str, word: str) -> None:
    def failing(block: Block, rows: Rows) -> Rows:
        if block.engine == "solver":
            return rows
        nothing = {name: np.full_like(x, np.nan) for name, x in rows.values.items()}
        return replace(rows, status=(status,) * len(block), values=nothing)

    _tampered(monkeypatch, failing)
    assert settled(claim(equal(v.fit_gap, 0))).word == word


def test_training_that_cannot_be_carried_out_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(block: Block, rows: Rows) -> Rows:
        raise TrainingError("FT603", "loss not finite")

    _tampered(monkeypatch, failing)
    verdict = settled(claim(equal(v.fit_gap, 0)))
    assert (verdict.word, verdict.experiment.detail) == ("error", "FT603: loss not finite")


#: Where the risk varies little, so that few trainings decide.
TASKS = Domain.of(n=(2, 10), d=(40, 48), theta=real_range(Rational(1, 2), 2), sigma=real_range(0, Rational(1, 2)))
MEAN = (v.d - v.n) / v.d * v.delta_norm**2 + v.sigma**2 * v.n / (v.d - v.n - 1)


def test_a_true_mean_is_supported_and_a_wrong_one_refuted() -> None:
    store = MemoryStore()
    true = claim(equal(v.risk, MEAN), domain=TASKS, experiment="linear.finetune", quantifier=Mean())
    verdict = check(true, budget="low", device="cpu", store=store)
    assert verdict.word == "supported"
    assert {name: link.status for name, link in verdict.experiment.links.items()} == {
        "A": "certified",
        "B": "supported",
        "end_to_end": "supported",
    }
    low, high = verdict.experiment.interval
    assert -0.02 < low <= verdict.experiment.estimate <= high < 0.02
    wrong = replace(true, statements=(equal(v.risk, MEAN * Rational(106, 100)),))
    verdict = check(wrong, budget="low", device="cpu", store=store)
    assert verdict.word == "refuted"
    low, high = verdict.experiment.interval
    assert low <= 1 / 1.06 - 1 <= high
    assert verdict.experiment.links["B"].evidence >= np.log(1e6)


@pytest.mark.parametrize("seed", range(3))
def test_a_bound_on_means_is_looked_at_where_it_fails_not_where_it_holds_by_most(seed: int) -> None:
    """K >= u/3 holds by half of it at theta = 0 and fails beyond pi/3, by a tenth of the scale at most."""
    inputs = Domain.of(n=16, d=(2, 8), m=[8, 32], theta=real_range(0, Rational(13, 10)))
    wrong = replace(
        claim(at_least(v.tangent_kernel, cos(v.theta) / 3), domain=inputs, experiment="relu.tangent"),
        quantifier=Mean(),
    )
    assert settled(wrong, seed=seed).word == "refuted"
    right = replace(wrong, statements=(at_least(v.tangent_kernel, cos(v.theta) / 4),))
    assert settled(right, seed=seed).word == "supported"


def test_trainings_that_refute_what_the_oracle_supports_are_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    def biased(block: Block, rows: Rows) -> Rows:
        if block.engine not in ("law", "solver") and block.settings[0].stage != "link-a":
            return replace(rows, values=dict(rows.values) | {"risk": rows.values["risk"] * 1.5})
        return rows

    _tampered(monkeypatch, biased)
    true = claim(equal(v.risk, MEAN), domain=TASKS, experiment="linear.finetune", quantifier=Mean())
    verdict = check(true, budget="low", device="cpu")
    assert verdict.word == "undecided"
    assert "disagreement" in verdict.flags


def test_a_refutation_from_the_law_of_the_design_is_confirmed_by_designs(monkeypatch: pytest.MonkeyPatch) -> None:
    def biased(block: Block, rows: Rows) -> Rows:
        if block.engine == "law":
            return replace(rows, values=dict(rows.values) | {"risk": rows.values["risk"] * 1.5})
        return rows

    store = MemoryStore()
    true = claim(equal(v.risk, MEAN), domain=TASKS, experiment="linear.finetune", quantifier=Mean())
    wrong = replace(true, statements=(equal(v.risk, MEAN * Rational(106, 100)),))
    assert check(wrong, budget="low", device="cpu", store=store).word == "refuted"
    engines = defaultdict(set)
    for block in (rows.block for rows in store.rows()):
        if int(block.settings[0].parameters["n"]) >= 3:
            engines[block.settings[0].stage.partition("/")[0], block.method].add(block.engine)
    assert engines["pilot", 0] == {"law", "descent"}, "link B and end to end"
    assert engines["second", 1] == {"solver", "descent"}
    _tampered(monkeypatch, biased)
    verdict = check(true, budget="low", device="cpu")
    assert verdict.word == "undecided"
    assert "disagreement" in verdict.flags


def test_a_domain_of_infinite_variance_is_refused() -> None:
    domain = Domain.of(n=(6, 9), d=(8, 10), theta=1, sigma=1)
    asked = claim(equal(v.risk, MEAN), domain=domain, experiment="linear.finetune", quantifier=Mean())
    with pytest.raises(UsageError, match="FT213"):
        check(asked, budget="low", device="cpu")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"seed": -1}, "FT211"),
        ({"seed": 2**64}, "FT211"),
        ({"budget": "huge"}, "FT309"),
        ({"settings": 0}, "FT309"),
        ({"device": "cuda:99"}, "FT307"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_trained(more: dict, code: str) -> None:
    with pytest.raises(UsageError, match=code):
        check(claim(equal(v.fit_gap, 0)), **({"device": "cpu"} | more))


def test_the_same_seed_gives_the_same_verdict_and_another_seed_other_settings() -> None:
    asked = claim(equal(v.perp_ratio, sqrt(2)))
    first, again, other = (settled(asked, seed=seed) for seed in (0, 0, 1))
    assert first.experiment.worst == again.experiment.worst
    assert first.experiment.simplest == again.experiment.simplest
    assert first.experiment.worst != other.experiment.worst
