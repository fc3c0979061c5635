"""Claims about signs on real draws and trainings: both sides of a boundary, and what ends how."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from sympy import Expr, Integer, Max, Rational, cos, sign, sqrt

import ftproofs
from ftproofs.check import MemoryStore, check
from ftproofs.check import context as context_module
from ftproofs.check.crossings import far, lines, movable
from ftproofs.check.mutate import unmutable
from ftproofs.check.sizes import at_exact_ratio, at_size, exact_ladder
from ftproofs.claim import Claim, Domain, Limit, Mean, Quantifier, Rows, Source, Statement, real_range
from ftproofs.errors import UsageError
from ftproofs.ids import decode
from ftproofs.names import complete
from ftproofs.numeric import experiments
from ftproofs.report.figures import figure
from ftproofs.report.results import claim_result, evidence_result
from ftproofs.report.stored import verdict_of
from ftproofs.settings import Block
from ftproofs.symbolic.boundary import sign_statement
from ftproofs.symbolic.vocabulary import equal, v

#: Training beats the untrained source when the task's difference outweighs the fitted noise:
#: E[risk - start_risk] = n sigma^2/(d - n - 1) - (n/d) |delta|^2.
GAIN = v.risk - v.start_risk
DELTA2 = v.source_norm**2 + v.target_norm**2 - 2 * v.source_norm * v.target_norm * cos(v.theta)
FITTED = v.sigma**2 / (v.d - v.n - 1)
TRUE = FITTED - DELTA2 / v.d

TASKS = Domain.of(n=(4, 20), d=(30, 60), theta=real_range(Rational(3, 10), 2), sigma=real_range(Rational(1, 5), 2))


def claim(boundary: Expr, *, domain: Domain = TASKS, quantifier: Quantifier | None = None, **more) -> Claim:
    statement = equal(sign(GAIN), sign(boundary))
    return Claim("test", "test", Source("test"), "linear.finetune", quantifier or Mean(), domain, (statement,), **more)


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    return MemoryStore()


def settled(asked: Claim, store: MemoryStore | None = None, **more):
    return check(asked, budget="low", device="cpu", store=store, **more)


def test_the_true_boundary_is_bracketed_from_both_sides(store: MemoryStore) -> None:
    verdict = settled(claim(TRUE), store)
    evidence = verdict.experiment
    assert verdict.word == "supported"
    assert {name: link.status for name, link in evidence.links.items()} == {
        "A": "certified",
        "B": "supported",
        "end_to_end": "supported",
    }
    assert evidence.tolerance == 0.05
    assert len(evidence.crossings) >= 2
    # The boundary is where sigma is sqrt(d - n - 1) |delta|/sqrt(d): a share of sigma is less than one of any other.
    assert {crossing.parameter for crossing in evidence.crossings} == {"sigma"}
    for crossing in evidence.crossings:
        assert crossing.bracketed
        assert crossing.low < crossing.predicted < crossing.high
        assert crossing.high - crossing.low == pytest.approx(0.1 * crossing.predicted)
    assert evidence.estimate > 0
    assert evidence.interval[0] > 0
    count = len(evidence.crossings)
    assert figure(verdict) == f"{count} of {count} crossings bracketed within 0.05"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 9))
def test_the_true_boundary_on_other_seeds(seed: int) -> None:
    assert settled(claim(TRUE), seed=seed).word == "supported"


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 5))])
@pytest.mark.parametrize("factor", [Rational(11, 10), Rational(10, 11)], ids=["10 % up", "10 % down"])
def test_a_boundary_moved_by_a_tenth_is_refuted(factor: Expr, seed: int) -> None:
    """Moved in sigma: noise counts as if it were 10 % larger or smaller."""
    verdict = settled(claim(factor**2 * FITTED - DELTA2 / v.d), seed=seed)
    assert verdict.word == "refuted"
    assert not all(crossing.bracketed for crossing in verdict.experiment.crossings)
    assert verdict.experiment.worst.predicted * verdict.experiment.worst.observed < 0


@pytest.mark.parametrize(
    "boundary",
    [-TRUE, FITTED - (v.target_norm - v.source_norm * cos(v.theta)) ** 2 / v.d, v.sigma**2 / v.d - DELTA2 / v.n],
    ids=["reversed", "another difference", "n and d mixed up"],
)
def test_another_boundary_is_refuted_with_a_counterexample_that_replays(boundary: Expr, store: MemoryStore) -> None:
    verdict = settled(claim(boundary), store)
    assert verdict.word == "refuted"
    for seen in (verdict.experiment.worst, verdict.experiment.simplest):
        assert seen.predicted in (-1, 1)
        assert seen.predicted * seen.observed < 0
        assert abs(seen.observed) > seen.bound
        known = decode(seen.id)
        assert any(known.setting in rows.block.settings and len(rows.block) == known.batch for rows in store.rows())


def test_a_margin_of_its_own(store: MemoryStore) -> None:
    """A boundary that is 10 % off is within a margin of 25 %."""
    moved = Rational(121, 100) * FITTED - DELTA2 / v.d
    verdict = settled(claim(moved, tolerance=0.25), store)
    assert (verdict.word, verdict.experiment.tolerance) == ("supported", 0.25)


def test_a_domain_on_one_side_supports_nothing_and_refutes_the_other_sign() -> None:
    quiet = TASKS.with_ranges(sigma=Rational(1, 10), theta=real_range(1, 2))
    right = settled(claim(TRUE, domain=quiet))
    assert right.word == "undecided"
    assert "inequality" in right.experiment.detail
    assert settled(claim(-TRUE, domain=quiet)).word == "refuted"


@pytest.mark.slow
def test_the_limit_has_a_boundary_of_its_own() -> None:
    """E[risk - start_risk]/gamma -> sigma^2/(1 - gamma) - |delta|^2, here at gamma = 1/4."""
    domain = Domain.of(gamma=Rational(1, 4), theta=real_range(Rational(3, 10), 2), sigma=real_range(Rational(1, 5), 2))
    limit, store = Limit(sizes=(32, 64, 128, 256)), MemoryStore()
    true = v.sigma**2 / (1 - v.gamma) - DELTA2
    verdict = settled(claim(true, domain=domain, quantifier=limit), store)
    assert verdict.word == "supported"
    assert verdict.experiment.quantifier == "limit"
    assert [mean.d for mean in verdict.experiment.sizes] == [32, 64, 128, 256]
    assert verdict.experiment.links["A"].status == "certified"
    moved = settled(claim(v.sigma**2 - DELTA2, domain=domain, quantifier=limit), store)
    assert moved.word == "refuted"


def test_the_evidence_fits_the_schema_and_is_read_back(store: MemoryStore) -> None:
    asked = claim(TRUE)
    verdict = settled(asked, store)
    schema = json.loads((Path(ftproofs.__file__).parents[2] / "docs/schema/check.json").read_text())
    found = json.loads(json.dumps(evidence_result(verdict.experiment)))
    Draft202012Validator(schema["$defs"]["experiment"] | {"$defs": schema["$defs"]}).validate(found)
    assert len(found["crossings"]) >= 2
    assert verdict_of(json.loads(json.dumps(claim_result(asked, verdict)))).experiment.crossings == (
        verdict.experiment.crossings
    )


# -- statements ----------------------------------------------------------------


def test_a_statement_is_taken_apart_whichever_way_it_is_written() -> None:
    plain = sign_statement(equal(sign(GAIN), sign(TRUE)))
    assert (plain.measured, plain.boundary) == (GAIN, TRUE)
    turned = sign_statement(equal(sign(TRUE), sign(GAIN)))
    assert (turned.measured, turned.boundary) == (GAIN, TRUE)
    opposite = sign_statement(equal(sign(GAIN), -sign(TRUE)))
    assert opposite.boundary == -TRUE
    assert sign_statement(equal(v.risk, v.sigma**2)) is None
    assert sign_statement(Statement(GAIN, "<=", Integer(0))) is None


@pytest.mark.parametrize(
    "statement",
    [
        equal(sign(GAIN), sign(v.delta_norm - 1)),
        equal(sign(GAIN), v.sigma),
        equal(2 * sign(GAIN), sign(v.sigma - 1)),
        equal(sign(GAIN) + 1, sign(v.sigma - 1)),
    ],
)
def test_a_sign_is_compared_with_that_of_an_expression_in_parameters(statement: Statement) -> None:
    with pytest.raises(UsageError, match="FT216"):
        sign_statement(statement)
    with pytest.raises(UsageError, match="FT216"):
        settled(replace(claim(TRUE), statements=(statement,)))


def test_signs_and_equations_do_not_share_a_claim() -> None:
    mixed = replace(claim(TRUE), statements=(*claim(TRUE).statements, equal(v.risk, v.sigma**2)))
    with pytest.raises(UsageError, match="FT216"):
        settled(mixed)


def test_a_sign_has_no_mutants() -> None:
    assert "sign" in unmutable(claim(TRUE))


def test_the_sign_of_a_setting_is_rigorous() -> None:
    found = sign_statement(equal(sign(GAIN), sign(v.sigma - sqrt(2) * v.source_norm)))
    values = complete("linear.finetune", {"n": 5, "d": 30, "theta": 1.0, "sigma": 2**0.5})
    assert found.side(values) == (1 if (2**0.5) ** 2 > 2 else -1)  # the float lies beside the root
    assert found.side(values | {"sigma": 1.5}) == 1
    assert found.side(values | {"sigma": 0.0, "source_norm": 0.0}) == 0


# -- crossings -----------------------------------------------------------------


def test_crossings_are_found_along_reals_and_whole_numbers() -> None:
    found = sign_statement(equal(sign(GAIN), sign(TRUE)))
    assert movable(found, TASKS) == ("sigma", "theta", "d", "n")
    setting = complete("linear.finetune", {"n": 10, "d": 41, "theta": 1.2, "sigma": 0.8})
    (line,) = lines(found, TASKS, lambda values: True, setting, "sigma", 0.05)
    delta2 = 2 - 2 * np.cos(1.2)
    assert line.at == pytest.approx(np.sqrt(delta2 * 30 / 41), rel=1e-9)
    for (place, side), claimed in zip((line.below, line.above), (-1, 1), strict=True):
        assert side == claimed == found.side(place)
        assert abs(place["sigma"] - line.at) == pytest.approx(0.05 * line.at)
    for place in (*line.beside[0], *line.beside[1]):
        assert far(found, TASKS, place, 0.05)
    samples = sign_statement(equal(sign(GAIN), sign(v.n - Rational(21, 2))))
    (whole,) = lines(samples, TASKS, lambda values: True, setting, "n", 0.2)
    assert [(place["n"], side) for place, side in (whole.below, whole.above)] == [(9, -1), (12, 1)]
    assert isinstance(whole.below[0]["n"], int)
    assert whole.at == pytest.approx(10.5)
    assert not list(lines(found, TASKS, lambda values: values["sigma"] < 1e-3, setting, "sigma", 0.05))


def test_only_the_parameter_that_crosses_first_brackets_a_boundary() -> None:
    """A boundary that is nearly level in theta is far away in theta where it is near in sigma."""
    level = sign_statement(equal(sign(GAIN), sign(v.sigma - 1 - v.theta / 100)))
    domain = Domain.of(n=10, d=40, theta=real_range(Rational(1, 10), 3), sigma=real_range(Rational(1, 2), 2))
    setting = complete("linear.finetune", {"n": 10, "d": 40, "theta": 1.0, "sigma": 1.01})
    assert [line.at for line in lines(level, domain, lambda values: True, setting, "sigma", 0.05)] == [
        pytest.approx(1.01)
    ]
    assert not list(lines(level, domain, lambda values: True, setting, "theta", 0.05))


def test_a_boundary_that_is_right_here_and_wrong_there_is_refuted() -> None:
    """Noise counted double where the angle is large: most crossings are where they should be."""
    wide = Domain.of(n=(4, 10), d=(30, 40), theta=real_range(Rational(3, 10), 2), sigma=real_range(Rational(1, 5), 2))
    kinked = FITTED * (1 + Max(0, v.theta - Rational(7, 5))) - DELTA2 / v.d
    assert settled(claim(kinked, domain=wide)).word == "refuted"


def test_near_the_boundary_nothing_is_refuted() -> None:
    found = sign_statement(equal(sign(GAIN), sign(TRUE)))
    setting = complete("linear.finetune", {"n": 10, "d": 41, "theta": 1.2, "sigma": 0.8})
    (line,) = lines(found, TASKS, lambda values: True, setting, "sigma", 0.05)
    assert not far(found, TASKS, setting | {"sigma": 1.04 * line.at}, 0.05)
    assert far(found, TASKS, setting | {"sigma": 1.3 * line.at}, 0.05)


def test_ladders_keep_the_ratio() -> None:
    asked = claim(TRUE, quantifier=Limit())
    for n in (52, 100, 256, 300, 380):
        setting = at_exact_ratio({"n": n, "d": 512})
        sizes = exact_ladder(asked, setting)
        assert sizes[-1] >= 8 * sizes[0]
        assert len(sizes) >= 4
        for d in sizes:
            at = at_size(setting, d)
            assert at["n"] * 512 == setting["n"] * at["d"]
    assert exact_ladder(asked, {"n": 101, "d": 512})[0] >= 32


# -- links that disagree -------------------------------------------------------


def _tampered(monkeypatch: pytest.MonkeyPatch, change) -> None:
    real = experiments.run

    def run(block: Block, *, device: str = "cpu") -> Rows:
        return change(block, real(block, device=device))

    monkeypatch.setattr(context_module.experiments, "run", run)


def test_trainings_that_end_on_the_other_side_are_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    def turned(block: Block, rows: Rows) -> Rows:
        if block.engine not in ("law", "solver") and block.settings[0].stage != "link-a":
            return replace(
                rows, values=dict(rows.values) | {"risk": 2 * rows.values["start_risk"] - rows.values["risk"]}
            )
        return rows

    _tampered(monkeypatch, turned)
    verdict = settled(claim(TRUE))
    assert verdict.word == "undecided"
    assert "disagreement" in verdict.flags


def test_a_wrong_sign_that_the_second_solver_does_not_see_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    def turned(block: Block, rows: Rows) -> Rows:
        if block.engine in ("law", "solver") and block.method == 0:
            return replace(
                rows, values=dict(rows.values) | {"risk": 2 * rows.values["start_risk"] - rows.values["risk"]}
            )
        return rows

    _tampered(monkeypatch, turned)
    verdict = settled(claim(TRUE))
    assert verdict.word == "undecided"
    assert "disagreement" in verdict.flags
