"""Claims that hold with a probability, on real draws and trainings: what ends how, and what is shown for it."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from scipy import stats
from sympy import Expr, Float, Integer, Piecewise, Rational, exp, sqrt

import ftproofs
from ftproofs.check import MemoryStore, check
from ftproofs.check.judge import Judge
from ftproofs.check.outcomes import level_gap, outcomes_of
from ftproofs.claim import Claim, Domain, Probability, Source, Statement, real_range
from ftproofs.errors import UsageError
from ftproofs.ids import decode
from ftproofs.names import complete
from ftproofs.numeric import experiments
from ftproofs.report.results import evidence_result
from ftproofs.settings import Block, Setting
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, v

TASKS = Domain.of(n=(8, 24), d=(30, 60), theta=real_range(Rational(1, 2), 2)).where(v.n <= v.d / 2)
#: The share of a fixed vector outside the span of n of d isotropic directions: Beta((d-n)/2, n/2).
SHARE = v.perp_delta_norm**2 / v.delta_norm**2
MEAN = 1 - v.n / v.d
VARIANCE = 2 * v.n * (v.d - v.n) / (v.d**2 * (v.d + 2))
#: Cantelli's inequality at 1/20: a variable exceeds its mean by sqrt(19) standard deviations at most that often.
CANTELLI = MEAN + sqrt(19 * VARIANCE)
LEVEL = Rational(19, 20)


def claim(statement: Statement, level: object = LEVEL, *, domain: Domain = TASKS) -> Claim:
    return Claim("test", "test", Source("test"), "linear.finetune", Probability(level), domain, (statement,))


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    """Rows serve every claim on the same domain."""
    return MemoryStore()


def settled(asked: Claim, store: MemoryStore | None = None, **more):
    return check(asked, budget="low", device="cpu", store=store, **more)


def decimal(value: float) -> Rational:
    found = Fraction(value).limit_denominator(10_000)
    return Rational(found.numerator, found.denominator)


def test_a_true_bound_is_supported_and_the_same_over_its_slack_refuted(store: MemoryStore) -> None:
    verdict = settled(claim(at_most(SHARE, CANTELLI)), store)
    evidence = verdict.experiment
    assert (verdict.word, evidence.quantifier, evidence.level) == ("supported", "probability", pytest.approx(0.95))
    assert evidence.links["A"].status == "certified"
    assert evidence.links["B"].status == "supported"
    assert evidence.interval[1] <= 0.05
    low, high = evidence.slack.interval
    assert 1 < low < evidence.slack.factor < high < 2
    tightened = settled(claim(at_most(SHARE, CANTELLI / decimal(1.02 * high))), store)
    assert tightened.word == "refuted"
    for seen in (tightened.experiment.worst, tightened.experiment.simplest):
        assert seen.observed > seen.predicted
        assert any(decode(seen.id).setting in rows.block.settings for rows in store.rows())


def test_the_exact_quantile_is_told_from_a_smaller_one(store: MemoryStore) -> None:
    """At one setting: the 98 % quantile holds at level 95 %, the 88 % quantile does not, the 95 % one is the border."""
    domain = Domain.of(n=12, d=30, theta=1)
    law = stats.beta((30 - 12) / 2, 12 / 2)
    words = {
        level: settled(claim(at_most(SHARE, decimal(law.ppf(level))), domain=domain), store).word
        for level in (0.98, 0.95, 0.88)
    }
    assert words == {0.98: "supported", 0.95: "undecided", 0.88: "refuted"}


def test_a_lower_bound(store: MemoryStore) -> None:
    found = settled(claim(at_least(SHARE, MEAN - sqrt(19 * VARIANCE))), store)
    assert found.word == "supported"
    assert settled(claim(at_least(SHARE, MEAN)), store).word == "refuted"


def test_the_level_may_be_an_expression_of_parameters(store: MemoryStore) -> None:
    """Chebyshev at a fixed distance: the level is what varies from setting to setting."""
    distance = Rational(1, 5)
    level = 1 - VARIANCE / (VARIANCE + distance**2)
    assert settled(claim(at_most(SHARE, MEAN + distance), level), store).word == "supported"
    assert settled(claim(at_most(SHARE, MEAN + distance / 10), level), store).word == "refuted"
    values = complete("linear.finetune", {"n": 10, "d": 40, "theta": 1.0})
    variance = 2 * 10 * 30 / (1600 * 42)
    assert level_gap(claim(at_most(SHARE, 1), level), values) == pytest.approx(variance / (variance + 0.04))


def test_a_bound_that_says_nothing_is_not_supported(store: MemoryStore) -> None:
    for bound in (at_most(SHARE, 1), at_most(v.risk, 10**6 * v.delta_norm**2), at_most(v.delta_risk, v.delta_norm**2)):
        found = settled(claim(bound), store)
        assert found.word == "undecided"
        assert "vacuous" in found.flags
    useful = settled(claim(at_most(v.delta_risk, CANTELLI * v.delta_norm**2)), store)
    assert (useful.word, useful.flags) == ("supported", ())


@pytest.mark.parametrize("seed", range(3))
def test_a_bound_that_is_trivial_at_most_settings_is_decided_where_it_is_not(seed: int) -> None:
    domain = TASKS.with_ranges(sigma=0)
    useful = MEAN + sqrt(3 * VARIANCE)  # Cantelli's inequality at 1/4
    bound = Piecewise((useful, v.theta <= Rational(7, 10)), (Integer(1), True)) * v.delta_norm**2
    found = settled(claim(at_most(v.delta_risk, bound), Rational(3, 4), domain=domain), seed=seed, settings=48)
    assert (found.word, "vacuous" in found.flags) == ("supported", False)


def test_a_bound_far_from_what_it_bounds_is_loose() -> None:
    domain = Domain.of(n=10, d=40, theta=real_range(1, 2))
    found = settled(claim(at_least(SHARE, Rational(1, 40)), domain=domain))
    assert (found.word, found.flags) == ("supported", ("loose",))
    assert found.experiment.slack.interval[0] > 10


def test_the_evidence_fits_the_schema(store: MemoryStore) -> None:
    schema = json.loads((Path(ftproofs.__file__).parents[2] / "docs/schema/check.json").read_text())
    found = json.loads(json.dumps(evidence_result(settled(claim(at_most(SHARE, CANTELLI)), store).experiment)))
    Draft202012Validator(schema["$defs"]["experiment"] | {"$defs": schema["$defs"]}).validate(found)
    assert found["slack"]["factor"] > 1


# -- levels and outcomes -------------------------------------------------------


@pytest.mark.parametrize("level", [1, Rational(3, 2), v.risk, 0, -1], ids=str)
def test_a_level_is_a_probability_below_1_in_parameters(level: Expr) -> None:
    with pytest.raises(UsageError, match="FT214"):
        settled(claim(at_most(SHARE, CANTELLI), level))


def test_a_level_that_is_nearly_1_keeps_its_digits() -> None:
    values = complete("linear.finetune", {"n": 10, "d": 40, "theta": 1.0})
    asked = claim(at_most(SHARE, 1), 1 - 2 * exp(-v.d))
    assert level_gap(asked, values) == pytest.approx(2 * np.exp(-40.0), rel=1e-12)
    assert level_gap(claim(at_most(SHARE, 1), 1 - v.n), values) == 1.0


def outcome(statement: Statement, count: int = 64):
    values = complete("linear.finetune", {"n": 10, "d": 40, "theta": 1.0})
    settings = tuple(Setting.of("linear.finetune", values, index=i) for i in range(count))
    return outcomes_of(Judge(statement), experiments.run(Block(settings, "solver")), 1e-6)


def test_outcomes() -> None:
    touching = outcome(equal(v.delta_norm, v.delta_norm))
    assert not touching.violated.any()
    assert np.isnan(touching.ratio).all()
    upper, lower = outcome(at_most(SHARE, MEAN)), outcome(at_least(SHARE, MEAN))
    assert (upper.violated + lower.violated == 1).all()
    assert ((upper.ratio > 1) == (upper.violated == 1)).all()
    assert np.allclose(upper.ratio * lower.ratio, 1)
    assert not upper.trivial.any()
    assert outcome(at_most(SHARE, Integer(1))).trivial.all()


def test_a_number_that_is_missing_is_no_outcome() -> None:
    found = outcome(at_most(sqrt(SHARE - MEAN), Integer(2)))
    assert np.isnan(found.violated).any()
    assert not np.isnan(found.violated).all()


def test_floats_are_exact_levels() -> None:
    values = complete("linear.finetune", {"n": 10, "d": 40, "theta": 1.0})
    assert level_gap(claim(at_most(SHARE, 1), Float("0.95")), values) == pytest.approx(0.05, rel=1e-12)


def test_a_bound_that_fails_in_a_corner_of_its_domain_only_is_refuted() -> None:
    """Few settings are drawn, none where samples are most; the corners are looked at as well."""
    tasks = Domain.of(
        n=(8, 20), d=(40, 60), theta=real_range(Rational(1, 2), 2), spectrum="power-law", alpha=real_range(1, 2)
    )
    wrong = claim(at_most(v.delta_risk, v.kappa * v.perp_delta_norm**2), Rational(9, 10), domain=tasks)
    found = check(wrong, device="cpu")
    assert found.word == "refuted"
    assert found.experiment.worst is not None
    assert int(found.experiment.worst.setting.parameters["n"]) >= 18
