"""Claims about trends from end to end, on pairs of small networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ftproofs.catalog import claims
from ftproofs.check import MemoryStore, check
from ftproofs.claim import Claim, Domain, Rows, Source, Trend
from ftproofs.errors import UsageError
from ftproofs.numeric import experiments
from ftproofs.report import describe
from ftproofs.symbolic.paired import at
from ftproofs.symbolic.vocabulary import at_least, greater, less, v


def claim(*statements, effect: float = 0.1, **domain) -> Claim:
    return Claim(
        id="x",
        title="",
        source=Source(""),
        experiment="trends.digits",
        quantifier=Trend(effect=effect),
        domain=Domain.of(**({"samples": 16, "pretrained": "no"} | domain)),
        statements=statements,
    )


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Rows]:
    """Networks replaced by numbers: the test error is the layer's scale times a factor that a pair shares."""
    seen: list[Rows] = []

    def run(block, *, device="cpu"):
        scale = np.array([float(s.parameters["layer_scale"]) for s in block.settings])
        shared = np.array([np.exp(np.random.default_rng(s.index).standard_normal()) for s in block.settings])
        values = dict.fromkeys(("test_mse", "layer_movement", "fit_mse", "source_mse"), scale * shared)
        rows = Rows(block, values, {}, ("ok",) * len(block))
        seen.append(rows)
        return rows

    monkeypatch.setattr(experiments, "run", run)
    return seen


RISES = greater(at(v.test_mse, layer_scale=2), at(v.test_mse, layer_scale=1))


def test_a_trend_is_supported_and_its_reverse_refuted(drawn: list[Rows]) -> None:
    found = check(claim(RISES), budget="low", device="cpu")
    assert (found.word, found.experiment.status, found.derivation.status) == ("supported", "supported", "none")
    assert found.experiment.estimate == pytest.approx(0.5)
    assert found.experiment.trainings == 32
    # Both networks of a pair have one index, and differ in the parameter alone.
    left, right = drawn[:2]
    for one, other in zip(left.block.settings, right.block.settings, strict=True):
        assert (one.index, one.stage) == (other.index, other.stage)
        assert {k for k in one.parameters if one.parameters[k] != other.parameters[k]} == {"layer_scale"}
    wrong = check(claim(replace(RISES, rel="<")), budget="low", device="cpu")
    assert wrong.word == "refuted"
    assert wrong.experiment.simplest is not None
    assert wrong.experiment.simplest.observed == pytest.approx(2 * wrong.experiment.simplest.predicted)
    assert {rows.block.method for rows in drawn} == {0, 1}


def test_an_effect_that_is_too_small_is_not_supported(drawn: list[Rows]) -> None:
    found = check(claim(RISES, effect=0.6), budget="low", device="cpu")
    assert found.word == "undecided"
    assert "0 of 64 pairs show the effect" in found.experiment.detail


def test_every_statement_is_required(drawn: list[Rows]) -> None:
    falls = less(at(v.test_mse, layer_scale=4), at(v.test_mse, layer_scale=1))
    assert check(claim(RISES, falls), budget="low", device="cpu").word == "refuted"


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (at_least(at(v.test_mse, layer_scale=2), v.test_mse), "direction"),
        (greater(at(v.test_mse, layer_scale=2), 1), "a side of a trend"),
        (greater(at(v.test_mse, sigma=1), v.test_mse), "no pairs along sigma"),
        (greater(2 * v.test_mse, v.test_mse), "a side of a trend"),
    ],
)
def test_what_is_no_trend_is_refused(statement, says: str) -> None:
    with pytest.raises(UsageError, match=rf"FT219.*{says}"):
        check(claim(statement), budget="low", device="cpu")


def test_a_trend_is_described_in_words() -> None:
    found = claims()["digits-large-first-layer"]
    assert describe.quantified(found) == "in more than half of the pairs trained on the same data, by 5% or more"


def test_a_real_trend_on_digits() -> None:
    store = MemoryStore()
    moves = less(at(v.layer_movement, layer_scale=4), at(v.layer_movement, layer_scale=1))
    assert check(claim(moves, effect=0.2), budget="low", device="cpu", store=store).word == "supported"
