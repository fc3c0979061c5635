"""What rows say about settings: each once, of a network by the statement that a formula predicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sympy import Rational

from ftproofs.catalog import claims
from ftproofs.check import experiment_leg
from ftproofs.check.context import Context, MemoryStore, budget_of
from ftproofs.check.spots import settings_seen
from ftproofs.claim import Rows, Statement

CLAIM = claims()["deep-linear-endpoint"]


@pytest.fixture(scope="module")
def rows() -> tuple[Rows, ...]:
    store = MemoryStore()
    experiment_leg(CLAIM, Context(store, budget_of("low", 4), 0, "cpu"))
    return store.rows()


def test_a_network_by_what_a_formula_predicts(rows: tuple[Rows, ...]) -> None:
    """Of a norm that vanishes only its bound is known, above and below; the factor c is seen off by part of its own."""
    found = list(settings_seen(CLAIM, rows))
    assert len(found) >= 4
    assert {s.outcome for s in found} == {"holds"}
    ratios = np.array([s.difference / s.noise for s in found])
    assert (abs(ratios) <= 1).all()
    assert np.ptp(ratios) > 1e-6
    assert len({tuple(s.parameters.items()) for s in found}) == len(found)


def test_a_changed_formula_is_off_by_more_than_its_bound_on_the_same_rows(rows: tuple[Rows, ...]) -> None:
    *others, last = CLAIM.statements
    changed = replace(CLAIM, statements=(*others, Statement(last.lhs, last.rel, last.rhs * Rational(1001, 1000))))
    found = list(settings_seen(changed, rows))
    failing = [s for s in found if s.outcome == "fails"]
    assert len(failing) >= 3
    for s in failing:
        assert abs(s.difference) == pytest.approx(1 / 1001, rel=1e-3)
        assert abs(s.difference) / s.noise > 1e3
