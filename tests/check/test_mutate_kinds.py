"""Mutants of limits, probabilities and inequalities, judged on stored rows; assumptions, on new ones."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from sympy import Integer, Rational, pi, sqrt

from ftproofs.catalog import claims
from ftproofs.check import MemoryStore
from ftproofs.check import context as context_module
from ftproofs.check.anchors import greedy
from ftproofs.check.assumptions import Dropped, assumptions, judge_assumption
from ftproofs.check.context import BUDGETS, Context
from ftproofs.check.judge import Judge
from ftproofs.check.mutate import Mutation, mutate
from ftproofs.check.stored import factor, ratios
from ftproofs.claim import (
    Claim,
    Domain,
    Each,
    Limit,
    Mean,
    Probability,
    Quantifier,
    Source,
    Statement,
    log_range,
    real_range,
)
from ftproofs.names import complete
from ftproofs.numeric import experiments
from ftproofs.symbolic.bound_mutants import MOVED, PAST, REVERSED, TIGHTENED, bound_mutants, three_digits
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, less, v

TASKS = Domain.of(n=(8, 24), d=(30, 60), theta=real_range(Rational(1, 2), 2)).where(v.n <= v.d / 2)
SHARE = v.perp_delta_norm**2 / v.delta_norm**2
#: Cantelli's inequality at 1/20 for a share that is Beta distributed.
CANTELLI = 1 - v.n / v.d + sqrt(19 * 2 * v.n * (v.d - v.n) / (v.d**2 * (v.d + 2)))


def claim(quantifier: Quantifier, *statements: Statement, domain: Domain = TASKS) -> Claim:
    return Claim("test", "test", Source("test"), "linear.finetune", quantifier, domain, statements)


def low(asked: Claim) -> Mutation:
    return mutate(asked, budget="low", device="cpu")


def fates(found: Mutation) -> dict[str, str]:
    return {judged.mutant.operator: judged.outcome for judged in found.judged}


# -- inequalities -----------------------------------------------------------------------


def test_bounds_are_reversed_moved_and_tightened_past_their_slack() -> None:
    asked = claim(Each(), at_most(v.perp_delta_norm, 2 * v.delta_norm), at_least(v.risk, v.n), equal(v.fit_gap, 0))
    made = bound_mutants(asked, [1.234567, 1.05, math.nan])
    assert [(m.number, m.operator) for m in made] == [
        (0, REVERSED),
        (0, TIGHTENED),
        (1, REVERSED),
        (1, MOVED),
        (1, TIGHTENED),
    ]
    assert [m.statement.rel for m in made] == [">=", "<=", "<=", ">=", ">="]
    assert made[1].statement.rhs == 2 * v.delta_norm / (PAST * Rational(124, 100))
    assert made[3].statement.rhs == Rational(11, 10) * v.n
    assert not any(m.fine for m in made)
    # Nothing is known of the slack, or there is no multiple of the bound: only the direction.
    assert [m.operator for m in bound_mutants(asked, [math.nan] * 3)] == [REVERSED, REVERSED]
    assert [m.operator for m in bound_mutants(claim(Each(), at_least(v.risk, 0)), [3.0])] == [REVERSED]


@pytest.mark.parametrize(("value", "rounded"), [(1.2341, "1.24"), (1.0, "1"), (0.09999, "0.1"), (12345.0, "12400")])
def test_slack_is_rounded_up(value: float, rounded: str) -> None:
    assert three_digits(value) == Rational(rounded)


def test_the_slack_of_a_bound() -> None:
    upper, lower = at_most(v.risk, v.n), at_least(v.risk, v.n)
    assert factor(ratios(upper, np.array([1.0, 2.0]), np.array([4.0, 4.0]))) == 2
    assert factor(ratios(lower, np.array([6.0, 8.0]), np.array([2.0, 2.0]))) == 3
    # Where a side is not positive no factor says anything.
    assert math.isnan(factor(ratios(upper, np.array([1.0]), np.array([-4.0]))))
    assert math.isnan(factor(ratios(upper, np.array([0.0]), np.array([4.0]))))


def test_a_bound_on_each_network_is_told_from_tighter_ones() -> None:
    """The part outside the span is shorter, and hardly so where n is small beside d."""
    found = low(claim(Each(), less(v.perp_delta_norm, v.delta_norm), domain=Domain.of(n=(1, 2), d=(20, 30), theta=1)))
    assert found.status == "certified"
    assert fates(found)[REVERSED] == "killed"
    assert fates(found) == {REVERSED: "killed", MOVED: "killed", TIGHTENED: "killed"}
    assert (found.score, found.flags) == (1, ())
    tightened = next(j for j in found.judged if j.mutant.operator == TIGHTENED)
    assert tightened.difference == pytest.approx(0.1)
    assert "ft1-" in tightened.by


def test_a_counted_mutant_that_survives_makes_the_check_weak() -> None:
    """The oracle knows settings at which 10 % less would be too little; the networks of the check may not."""
    found = low(claim(Each(), less(v.perp_delta_norm, v.delta_norm)))
    moved = fates(found)[MOVED]
    assert fates(found) == {REVERSED: "killed", MOVED: moved, TIGHTENED: "killed"}
    assert found.flags == {"survived": ("weak-check",), "killed": ()}[moved]


def test_a_bound_on_a_mean() -> None:
    found = low(claim(Mean(), at_most(v.perp_delta_norm**2, v.delta_norm**2 * (1 - v.n / v.d) * 2)))
    assert found.status == "supported"
    assert fates(found) == {REVERSED: "killed", TIGHTENED: "killed"}
    # A bound that is attained is told from one 10 % tighter.
    attained = low(claim(Mean(), at_most(v.perp_delta_norm**2, v.delta_norm**2 * (1 - v.n / v.d) * Rational(21, 20))))
    assert fates(attained) == {REVERSED: "killed", MOVED: "killed", TIGHTENED: "killed"}


# -- probabilities ----------------------------------------------------------------------


def test_a_probability_is_judged_on_the_draws_of_its_check(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, store = claim(Probability(Rational(19, 20)), at_most(SHARE, CANTELLI)), MemoryStore()
    found = mutate(asked, budget="low", device="cpu", store=store)
    assert (found.status, found.quantifier) == ("supported", "probability")
    assert fates(found)[REVERSED] == fates(found)[TIGHTENED] == "killed"
    assert found.flags == ()
    assert found.rows >= 4 * 256
    assert all(judged.by.startswith("ln e ") for judged in found.judged)
    monkeypatch.setattr(context_module.experiments, "run", lambda *a, **o: pytest.fail("measured again"))
    assert mutate(asked, budget="low", device="cpu", store=store).judged == found.judged


def test_a_bound_with_a_slack_that_means_nothing_is_weak() -> None:
    """The difference's part outside the span is at least -1: no multiple of that bound is tighter."""
    found = low(claim(Probability(Rational(19, 20)), at_least(SHARE, Integer(-1))))
    assert found.status == "supported"
    assert {judged.mutant.operator for judged in found.judged} == {REVERSED}


# -- limits -----------------------------------------------------------------------------


def test_a_limit_is_judged_on_the_draws_of_its_check(monkeypatch: pytest.MonkeyPatch) -> None:
    domain = Domain.of(gamma=real_range(Rational(1, 10), Rational(1, 4)), theta=real_range(1, 2))
    asked, store = claim(Limit(), equal(v.noise_trace, v.gamma / (1 - v.gamma)), domain=domain), MemoryStore()
    found = mutate(asked, budget="low", device="cpu", store=store)
    assert (found.status, found.quantifier) == ("supported", "limit")
    by_rhs = {j.mutant.statement.rhs: j for j in found.judged if j.mutant.statement.lhs == v.noise_trace}
    assert by_rhs[2 * v.gamma / (1 - v.gamma)].outcome == "killed"
    assert by_rhs[v.gamma].by.startswith("error +0.")
    assert "d -> oo" in by_rhs[v.gamma].by
    assert found.strict_score == 1
    monkeypatch.setattr(context_module.experiments, "run", lambda *a, **o: pytest.fail("measured again"))
    assert mutate(asked, budget="low", device="cpu", store=store).judged == found.judged


def test_anchors_are_added_only_for_what_is_left() -> None:
    evidence = np.array([[1.0, 0.2], [0.0, 1.0], [0.0, 1.0]])
    assert greedy(evidence, 2, given=np.array([1.0, 0.0, 0.0]), least=1.0) == [1]
    assert greedy(evidence, 2, given=np.array([1.0, 0.9, 0.9]), least=1.0) == []


# -- assumptions ------------------------------------------------------------------------

RISK = claim(
    Each(),
    equal(v.risk, v.perp_delta_norm**2),
    domain=Domain.of(n=(2, 6), d=(10, 16), theta=real_range(0, pi), source_norm=log_range(1, 2)).where(v.n <= v.d / 2),
)


def dropped(asked: Claim) -> dict[tuple[str, str], Dropped]:
    return {(item.assumed, item.instead): item for item in assumptions(asked)}


def test_every_assumption_is_dropped_once() -> None:
    found = dropped(RISK)
    assert set(found) >= {
        ("n <= d/2", "n > d/2"),
        ("n in [2, 6]", "n in [7, 8]"),
        ("n in [2, 6]", "n = 1"),
        ("d in [10, 16]", "d in [7, 9]"),
        ("source_norm in [1, 2]", "source_norm in [2, 4]"),
        ("source_norm in [1, 2]", "source_norm in [1/2, 1]"),
        ("sigma = 0", "sigma in [0, 1]"),
        ("spectrum is isotropic", "spectrum is power-law"),
        ("inputs is gaussian", "inputs is sphere"),
    }
    # An angle has no more values; eigen-directions are all alike; there is no other source to start from.
    assert not any("theta" in instead or "direction" in instead or "alpha" in instead for _, instead in found)
    assert not any(item.kind == "start" for item in found.values())
    for item in found.values():
        changed = item.claim.domain
        assert (changed.ranges, changed.constraints) != (RISK.domain.ranges, RISK.domain.constraints)
        assert (item.claim.statements, item.claim.steps) == (RISK.statements, ())
    scratch = replace(RISK, statements=(equal(v.fit_gap, 0),))
    start = next(item for item in assumptions(scratch) if item.kind == "start")
    assert start.claim.experiment == "linear.scratch"
    assert "theta" not in start.claim.domain


def test_what_is_needed_is_refuted_without_it() -> None:
    found = dropped(RISK)
    context = Context(MemoryStore(), BUDGETS["low"])
    noise = judge_assumption(found["sigma = 0", "sigma in [0, 1]"], context)
    assert (noise.outcome, noise.evidence.status) == ("needed", "refuted")
    assert noise.evidence.simplest.setting.parameters["sigma"] > 0
    longer = judge_assumption(found["source_norm in [1, 2]", "source_norm in [2, 4]"], context)
    assert longer.outcome == "not shown to be needed"
    assert longer.evidence.status == "certified"
    population = judge_assumption(found["inputs is gaussian", "inputs is population"], context)
    assert (population.outcome, population.evidence) == ("not tried", None)
    assert population.detail.startswith("FT305")


def test_settings_lie_where_just_one_assumption_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    real = experiments.run
    monkeypatch.setattr(
        context_module.experiments, "run", lambda block, **more: seen.append(block) or real(block, **more)
    )
    judge_assumption(dropped(RISK)["n <= d/2", "n > d/2"], Context(MemoryStore(), BUDGETS["low"]))
    settings = [setting.parameters for block in seen for setting in block.settings]
    assert settings
    assert all(p["n"] > p["d"] / 2 and 2 <= p["n"] <= 6 and 10 <= p["d"] <= 16 for p in settings)


def test_a_scale_that_equations_are_solved_for_is_one() -> None:
    """``d*replica_penalty(...)/penalty`` is a finite number, of which SymPy makes no float."""
    statement = claims()["replica-penalty"].statements[0]
    setting = {"d": 100, "n": 45, "c": 0.5, "r": -0.9, "reinit": 0.1, "sigma": 0.2}
    setting |= {"rho_pt": 0.3, "rho_shared": 0.2, "rho_new": 0.03, "protocol": "S", "amplitude": "atom"}
    setting = complete("replica.finetune", setting)
    for lhs in (statement.lhs, 1 / statement.lhs, v.penalty**2 / v.d / statement.lhs):
        assert Judge(replace(statement, lhs=lhs)).scale(setting) == 1
