"""What rows say about settings: each once, of a network by the statement that a formula predicts."""

from __future__ import annotations

import numpy as np
import pytest

from ftproofs.catalog import claims
from ftproofs.check import experiment_leg
from ftproofs.check.context import Context, MemoryStore, budget_of
from ftproofs.check.spots import settings_seen
from ftproofs.claim import Rows

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


def test_a_false_variant_is_off_by_more_than_its_bound_on_the_same_rows(rows: tuple[Rows, ...]) -> None:
    claim = next(v for v in CLAIM.false_variants() if v.id.endswith("not-no-depth"))
    failing = [s for s in settings_seen(claim, rows) if s.outcome == "fails"]
    assert failing
    assert all(s.error > claim.margin for s in failing)
    assert max(abs(s.difference) / s.noise for s in failing) > 1e3
