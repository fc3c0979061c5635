"""What a measurement's errors are relative to, in experiments with and without norms of their own."""

from __future__ import annotations

import pytest
from sympy import Abs, sqrt

from ftproofs.names import EXPERIMENTS, MEASUREMENTS, natural_unit
from ftproofs.names.kinds import Measurement, by_name
from ftproofs.symbolic.equivalence import natural_scale
from ftproofs.symbolic.vocabulary import v


@pytest.mark.parametrize(
    ("measurement", "values", "unit"),
    [
        ("transfer_gain", {"target_norm": 3.0, "d": 50}, 9.0),
        ("transfer_gain", {"d": 50}, 1.0),
        ("mse", {"d": 50}, 1.0),
        ("penalty", {"d": 50}, 50.0),
        ("penalty", {"beta_aux": 2.0, "beta_main": -3.0}, 9.0),
        ("kkt_gap", {"beta_aux": -2.0, "beta_main": 3.0}, 2.0),
    ],
)
def test_the_unit_of_an_error(measurement: str, values: dict[str, float], unit: float) -> None:
    assert natural_unit(measurement, values) == pytest.approx(unit)


def test_mutants_are_measured_by_the_same_units() -> None:
    assert natural_scale(v.transfer_gain, "transfer.finetune") == v.target_norm**2
    assert natural_scale(v.transfer_gain, "diagonal.finetune") == 1
    assert natural_scale(v.penalty, "diagonal.finetune") == sqrt(v.d) ** 2
    assert natural_scale(v.penalty, "diagonal.scalar") == Abs(v.beta_main) ** 2


def test_no_name_is_given_twice() -> None:
    with pytest.raises(ValueError, match="twice: one"):
        by_name(*(Measurement(name, "", "") for name in ("one", "two", "one")))


def test_what_experiments_offer_is_known() -> None:
    assert {name for spec in EXPERIMENTS.values() for name in spec.measurements} <= set(MEASUREMENTS)
