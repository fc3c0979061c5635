"""Claims about limits on real draws and trainings: what ends how, and what is shown for it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from sympy import Expr, Rational, sqrt

import ftproofs
from ftproofs.catalog import claims
from ftproofs.check import MemoryStore, check
from ftproofs.check import context as context_module
from ftproofs.check.judge import Judge
from ftproofs.check.limit import choose, together
from ftproofs.check.sizes import at_size, ladder_at, ladder_of
from ftproofs.claim import Claim, Domain, Limit, Rows, Source, real_range
from ftproofs.errors import UsageError
from ftproofs.ids import decode
from ftproofs.names import complete
from ftproofs.numeric import experiments
from ftproofs.report.results import evidence_result
from ftproofs.settings import Block, Setting
from ftproofs.symbolic.vocabulary import at_least, equal, v

TASKS = Domain.of(
    gamma=real_range(Rational(1, 10), Rational(1, 4)),
    theta=real_range(1, 2),
    sigma=real_range(0, Rational(1, 2)),
)
BIAS = (1 - v.gamma) * v.delta_norm**2
NOISE = v.sigma**2 * v.gamma / (1 - v.gamma)


def claim(rhs: Expr, *, domain: Domain = TASKS, quantifier: Limit | None = None) -> Claim:
    return Claim(
        "test", "test", Source("test"), "linear.finetune", quantifier or Limit(), domain, (equal(v.risk, rhs),)
    )


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    """Rows serve every claim on the same domain."""
    return MemoryStore()


def settled(asked: Claim, store: MemoryStore | None = None, **more):
    return check(asked, budget="low", device="cpu", store=store, **more)


def test_the_risk_tends_to_its_limit(store: MemoryStore) -> None:
    verdict = settled(claim(BIAS + NOISE), store)
    evidence = verdict.experiment
    assert (verdict.word, evidence.quantifier) == ("supported", "limit")
    assert {name: link.status for name, link in evidence.links.items()} == {
        "A": "certified",
        "B": "supported",
        "end_to_end": "supported",
    }
    low, high = evidence.interval
    assert -0.02 < low <= evidence.estimate <= high < 0.02
    assert [mean.d for mean in evidence.sizes] == sorted(mean.d for mean in evidence.sizes)
    # Drawn from the law of the design, whatever its size.
    assert len(evidence.sizes) == 8
    assert evidence.sizes[0].d >= 32
    assert evidence.sizes[-1].d >= 64 * evidence.sizes[0].d
    assert len({mean.draws for mean in evidence.sizes}) == 1
    assert evidence.smallest_error_seen < 0.03


@pytest.mark.parametrize(
    "rhs",
    [
        (BIAS + NOISE) * Rational(105, 100),
        (BIAS + NOISE) * Rational(95, 100),
        v.gamma * v.delta_norm**2 + NOISE,
        BIAS / sqrt(1 - v.gamma) + NOISE,
        BIAS + 2 * NOISE + Rational(1, 10),
        (1 - v.gamma) * (v.target_norm**2 - v.source_norm**2) + NOISE,
    ],
    ids=["+5 %", "-5 %", "gamma for 1 - gamma", "exponent 1/2", "an offset", "norms instead of the difference"],
)
def test_another_limit_is_refuted(rhs: Expr, store: MemoryStore) -> None:
    verdict = settled(claim(rhs), store)
    assert verdict.word == "refuted"
    for seen in (verdict.experiment.worst, verdict.experiment.simplest):
        assert abs(seen.observed - seen.predicted) > seen.bound
        known = decode(seen.id)
        assert any(
            known.setting in rows.block.settings
            and len(rows.block) == known.batch
            and known.engine in ("law", "solver")
            for rows in store.rows()
        )


def test_the_interval_holds_the_error_that_was_made(store: MemoryStore) -> None:
    evidence = settled(claim((BIAS + NOISE) * Rational(11, 10)), store).experiment
    low, high = evidence.interval
    assert low <= 1 / 1.1 - 1 <= high


def test_an_inequality_in_the_limit(store: MemoryStore) -> None:
    asked = claim(BIAS)
    assert settled(replace(asked, statements=(at_least(v.risk, BIAS),)), store).word == "supported"
    assert settled(replace(asked, statements=(at_least(v.risk, BIAS * Rational(11, 10) + NOISE),)), store).word == (
        "refuted"
    )


def test_the_ratio_of_a_statement_is_the_realised_one() -> None:
    values = complete("linear.finetune", {"gamma": 0.3, "d": 32, "theta": 1.0})
    block = Block((Setting.of("linear.finetune", values),), "solver")
    assert values["n"] == 10
    _, rhs = Judge(equal(v.risk, v.gamma)).samples(experiments.run(block))
    assert rhs[0] == 10 / 32


def test_the_evidence_fits_the_schema(store: MemoryStore) -> None:
    schema = json.loads((Path(ftproofs.__file__).parents[2] / "docs/schema/check.json").read_text())
    found = json.loads(json.dumps(evidence_result(settled(claim(BIAS + NOISE), store).experiment)))
    Draft202012Validator(schema["$defs"]["experiment"] | {"$defs": schema["$defs"]}).validate(found)
    assert [mean["d"] for mean in found["sizes"]]


def test_designs_that_are_solved_are_fewer_the_larger_they_are() -> None:
    asked = claim(BIAS + NOISE, quantifier=Limit(sizes=(32, 64, 128, 256)))
    sizes = settled(asked).experiment.sizes
    assert [mean.d for mean in sizes] == [32, 64, 128, 256]
    assert [mean.draws / sizes[-1].draws for mean in sizes] == [8, 4, 2, 1]


@pytest.mark.parametrize(
    ("changes", "even"), [({}, True), ({"spectrum": "power-law", "alpha": 1.0}, False), ({"inputs": "sphere"}, False)]
)
def test_ladders_go_far_where_the_law_of_a_design_is_known(changes: dict, even: bool) -> None:
    values = complete("linear.finetune", {"gamma": 0.25, "d": 512, "theta": 1.0} | changes)
    found = ladder_at(claim(BIAS), values)
    assert found.even is even
    assert found.sizes[-1] == (4096 if even else 512)
    assert found.confirming.sizes == found.sizes[:5]
    assert not found.confirming.even
    assert not ladder_at(claim(BIAS, quantifier=Limit(sizes=(64, 128, 256, 512))), values).even
    assert not ladder_at(replace(claim(BIAS), statements=(equal(v.risk, v.kappa),)), values).even
    assert not ladder_at(claim(BIAS), values, 256).even


# -- ladders -------------------------------------------------------------------


@pytest.mark.parametrize("gamma", [0.05, 0.1, 0.3, 0.47, 0.5, 0.7, 0.85, 1.2, 3.0])
@pytest.mark.parametrize("largest", [256, 512])
def test_ladders_keep_away_from_the_square_design_and_span_eight(gamma: float, largest: int) -> None:
    parameters = {"n": round(gamma * 1000), "d": 1000}
    sizes = ladder_of(claim(BIAS), parameters, largest)
    assert len(sizes) == 5
    assert list(sizes) == sorted(set(sizes))
    assert sizes[0] >= max(32, 16 / abs(1 - gamma))
    assert sizes[-1] >= max(largest, 8 * sizes[0])
    for d in sizes:
        at = at_size(parameters, d)
        assert (at["d"], at["n"]) == (d, round(round(gamma * 1000) / 1000 * d))
        assert abs(at["n"] - at["d"]) >= 15
    inner = [abs(gamma * d - round(gamma * d)) for d in sizes[1:-1]]
    assert max(inner) < 0.21


def test_declared_sizes_are_kept_unless_they_are_too_small() -> None:
    asked = claim(BIAS, quantifier=Limit(sizes=(40, 80, 160, 320)))
    assert ladder_of(asked, {"n": 200, "d": 400}, 512) == (40, 80, 160, 320)
    with pytest.raises(UsageError, match="FT210"):
        ladder_of(asked, {"n": 360, "d": 400}, 512)
    with pytest.raises(UsageError, match="FT210: at gamma = 1 no size is large enough"):
        ladder_of(asked, {"n": 400, "d": 400}, 512)
    with pytest.raises(UsageError, match="FT210"):
        ladder_of(claim(BIAS), {"n": 99, "d": 100}, 512)


@pytest.mark.parametrize(
    "domain",
    [
        Domain.of(n=(2, 10), gamma=real_range(Rational(1, 10), Rational(1, 2)), theta=1),
        Domain.of(d=(20, 40), gamma=real_range(Rational(1, 10), Rational(1, 2)), theta=1),
        Domain.of(n=(2, 10), d=(20, 40), theta=1),
    ],
)
def test_a_limit_has_gamma_and_neither_n_nor_d(domain: Domain) -> None:
    with pytest.raises(UsageError, match="FT215"):
        settled(claim(BIAS, domain=domain))


# -- links that disagree -------------------------------------------------------


def _tampered(monkeypatch: pytest.MonkeyPatch, change) -> None:
    real = experiments.run

    def run(block: Block, *, device: str = "cpu") -> Rows:
        return change(block, real(block, device=device))

    monkeypatch.setattr(context_module.experiments, "run", run)


FEW = Domain.of(gamma=Rational(1, 10), theta=1)


def test_trainings_that_end_elsewhere_are_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    def biased(block: Block, rows: Rows) -> Rows:
        if block.engine not in ("law", "solver") and block.settings[0].stage != "link-a":
            return replace(rows, values=dict(rows.values) | {"risk": rows.values["risk"] * 1.5})
        return rows

    _tampered(monkeypatch, biased)
    verdict = settled(claim(BIAS, domain=FEW))
    assert verdict.word == "undecided"
    assert "disagreement" in verdict.flags
    assert verdict.experiment.links["end_to_end"].status == "refuted"


def test_a_violation_that_the_second_solver_does_not_see_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_first(block: Block, rows: Rows) -> Rows:
        if block.engine in ("law", "solver") and block.method == 0:
            return replace(rows, values=dict(rows.values) | {"risk": rows.values["risk"] * 1.5})
        return rows

    _tampered(monkeypatch, broken_first)
    verdict = settled(claim(BIAS, domain=FEW))
    assert verdict.word == "undecided"
    assert "disagreement" in verdict.flags


def test_draws_without_numbers_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(block: Block, rows: Rows) -> Rows:
        if block.engine in ("law", "solver") and block.settings[0].stage == together("confirm"):
            return replace(rows, values=dict(rows.values) | {"risk": np.full(len(block), np.nan)})
        return rows

    _tampered(monkeypatch, broken)
    assert settled(claim(BIAS, domain=FEW)).word == "error"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_the_limit_near_the_square_design(seed: int) -> None:
    domain = Domain.of(
        gamma=real_range(Rational(1, 10), Rational(7, 10)), theta=real_range(1, 2), sigma=real_range(0, 1)
    )
    store = MemoryStore()
    assert settled(claim(BIAS + NOISE, domain=domain), store, seed=seed).word == "supported"
    assert settled(claim(BIAS + v.sigma**2 * v.gamma, domain=domain), store, seed=seed).word == "refuted"


def test_anchors_go_where_wrong_formulas_differ_that_are_solved_for() -> None:
    """The first settings drawn have large noise, where ``sigma`` for the share of features used makes no error."""
    replica = claims()["replica-risk"]
    context = context_module.Context(MemoryStore(), context_module.BUDGETS["low"])
    judges = [Judge(statement) for statement in replica.statements]
    _, anchors, asked, _ = choose(replica, context, judges)
    assert (len(anchors), len(asked)) == (2, 1)
    assert asked[0]["sigma"] <= 0.25 < min(parameters["sigma"] for parameters in anchors)
    # The same whatever is drawn there.
    assert choose(replica, context_module.Context(MemoryStore(), context_module.BUDGETS["low"]), judges)[2] == asked


def test_anchors_that_support_are_as_many_where_formulas_are_solved_for_one_by_one() -> None:
    replica = claims()["replica-two-stage"]
    context = context_module.Context(MemoryStore(), context_module.BUDGETS["low"])
    _, anchors, asked, _ = choose(replica, context, [Judge(statement) for statement in replica.statements])
    assert (len(anchors), len(asked)) == (context_module.BUDGETS["low"].anchors, 0)
