"""Where a refuted claim holds and fails: the two parameters that tell it, and spots on the right side."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ftproofs.check import MemoryStore, check
from ftproofs.check.context import BUDGETS, Context
from ftproofs.check.diagnose import diagnose
from ftproofs.check.picture import picture, spoken
from ftproofs.check.stored import Recorder
from ftproofs.claim import Claim
from ftproofs.claimfile import parse, read
from ftproofs.report.character_map import BOTH, COLUMNS, MARKS, ROWS, character_map
from ftproofs.report.picture import svg
from ftproofs.verdict import Picture, Spot, Verdict

DOMAIN = """[claim.domain]
n = { min = 2, max = 8 }
d = { min = 32, max = 40 }
theta = { min = 0.1, max = "pi/2" }
source_norm = { min = 0.3, max = 1.8 }
"""


def claimed(quantifier: str, statement: str, more: str = "") -> Claim:
    text = f'format = 1\n[[claim]]\nid = "x"\nexperiment = "linear.finetune"\nquantifier = "{quantifier}"\n'
    (claim,) = read(parse(f'{text}statement = "{statement}"\n{more}{DOMAIN}'.encode(), "x.toml"))
    return claim


def seen(quantifier: str, statement: str, *, more: str = "") -> tuple[Verdict, Picture | None]:
    claim = claimed(quantifier, statement, more)
    store = MemoryStore()
    recorder = Recorder(store, spoken(claim))
    verdict = check(claim, budget="low", device="cpu", store=recorder)
    diagnose(claim, Context(recorder, BUDGETS["low"]))
    drawn = len(store.rows())
    found = picture(claim, recorder.rows)
    assert len(store.rows()) == drawn  # nothing is drawn for a picture
    return verdict, found


def test_two_parameters_that_tell_where_a_bound_fails() -> None:
    """The risk without noise is at most |delta|^2, which exceeds 1.2 only for a long and a distant source."""
    verdict, found = seen("mean", "risk <= 6/5*(1 - n/d)")
    assert verdict.word == "refuted"
    assert found is not None
    assert {found.x, found.y} == {"theta", "source_norm"}
    for spot in found.spots:
        at = {found.x: spot.x, found.y: spot.y}
        gap = 1 + at["source_norm"] ** 2 - 2 * at["source_norm"] * math.cos(at["theta"])
        if abs(gap - 1.2) > 0.3:  # the mean of the risk is (1 - n/d) |delta|^2
            assert spot.outcome in (("fails" if gap > 1.2 else "holds"), "unclear"), (at, gap)
    assert {"holds", "fails"} <= {spot.outcome for spot in found.spots}


def test_networks_are_spots_too_and_probabilities() -> None:
    for quantifier, more in (("each", ""), ("probability", "level = 0.9\n")):
        verdict, found = seen(quantifier, "risk <= 6/5", more=more)
        assert verdict.word == "refuted"
        assert found is not None
        assert {found.x, found.y} == {"theta", "source_norm"}
        for spot in found.spots:
            at = {found.x: spot.x, found.y: spot.y}
            gap = 1 + at["source_norm"] ** 2 - 2 * at["source_norm"] * math.cos(at["theta"])
            assert spot.outcome != "fails" or gap > 1.2


def test_no_picture_of_one_parameter_or_of_a_claim_that_fails_everywhere() -> None:
    verdict, found = seen("each", "risk == 2*perp_delta_norm**2")
    assert (verdict.word, found) == ("refuted", None)
    verdict, found = seen("each", "delta_norm <= target_norm + source_norm - theta/2 + 1/8")
    assert (verdict.word, found) == ("refuted", None)


def spot(x: float, y: float, outcome: str) -> Spot:
    return Spot(x, y, outcome, 0.0)


def test_a_character_map_has_every_setting_in_its_place() -> None:
    spots = (spot(0, 0, "holds"), spot(1, 0, "fails"), spot(1, 2, "unclear"), spot(0, 2, "holds"), spot(0, 2, "fails"))
    lines = character_map(Picture("theta", "sigma", spots))
    rows = [line.split("|", 1)[1].ljust(COLUMNS) for line in lines if "|" in line]
    assert len(rows) == ROWS
    assert (rows[-1][0], rows[-1][-1], rows[0][-1], rows[0][0]) == (MARKS["holds"], MARKS["fails"], "?", BOTH)
    assert sum(len(row.split()) for row in rows) == 4
    assert lines[-1] == "x fails (2), ? unclear (1), o holds (2), * both"
    assert all(line.isprintable() for line in lines)


def test_a_figure_is_the_same_twice() -> None:
    claim = claimed("mean", "risk == 1")
    stream = np.random.default_rng(0)
    spots = tuple(spot(*stream.uniform(size=2), outcome) for outcome in MARKS)
    drawn = Picture("theta", "sigma", spots)
    first, second = svg(claim, drawn), svg(claim, drawn)
    assert first == second
    assert first.startswith(b"<?xml")
    assert b"<script" not in first


@pytest.mark.slow
def test_a_sign_has_a_picture() -> None:
    text = """format = 1
[[claim]]
id = "x"
experiment = "transfer.finetune"
quantifier = "mean"
statement = "sign(transfer_gain) == sign(target_norm*cos(theta) - source_norm)"
[claim.domain]
n = { min = 4, max = 12 }
d = { min = 24, max = 32 }
theta = { min = 0.3, max = 1.5 }
source_norm = { min = 0.5, max = 1.8 }
"""
    (claim,) = read(parse(text.encode(), "x.toml"))
    recorder = Recorder(MemoryStore(), spoken(claim))
    assert check(claim, budget="low", device="cpu", store=recorder).word == "refuted"
    found = picture(claim, recorder.rows)
    assert found is not None
    assert {found.x, found.y} == {"theta", "source_norm"}
    for item in found.spots:
        at = {found.x: item.x, found.y: item.y}
        right = 2 * math.cos(at["theta"]) - at["source_norm"]  # the true boundary; claimed was once the cosine
        wrong = math.cos(at["theta"]) - at["source_norm"]
        if abs(right) > 0.2 and abs(wrong) > 0.05:
            assert item.outcome in ("fails" if right * wrong < 0 else "holds", "unclear")
