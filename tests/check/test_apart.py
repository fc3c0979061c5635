"""Settings that lie apart."""

from __future__ import annotations

import itertools

from sympy import Rational

from ftproofs.catalog import claims
from ftproofs.check.anchors import complemented
from ftproofs.check.apart import apart


def test_both_values_of_every_parameter_are_met() -> None:
    grid = [dict(zip("abcd", values, strict=True)) for values in itertools.product((1, 50), (0.1, 3.0), "xy", (0, 1))]
    found = apart(grid, 4)
    assert found[:2] == [grid[0], grid[-1]]
    for name in "abcd":
        assert len({setting[name] for setting in found}) == 2
    between = [sum(one[n] != other[n] for n in "abcd") for one, other in itertools.combinations(found, 2)]
    assert min(between) == 2
    assert apart(grid, 4) == found


def test_numbers_differ_by_their_ranks() -> None:
    settings = [{"c": c, "n": 3} for c in (Rational(1, 1000), Rational(1, 100), 1, 1000)]
    assert [float(setting["c"]) for setting in apart(settings, 3)] == [0.001, 1000, 0.01]


def test_fewer_settings_than_asked_for() -> None:
    assert apart([], 4) == []
    assert apart([{"c": 1}], 4) == [{"c": 1}]


def test_whose_wrong_variants_cannot_be_asked() -> None:
    found = {name for name, claim in claims().items() if claim.quantifier.name == "limit" and not complemented(claim)}
    assert found == {"replica-two-stage"}
