"""Interpolated formulas: as good as the formula, few of its values asked for, given up where they are not smooth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sympy import Rational

from ftproofs.check import drawn as drawn_module
from ftproofs.check.drawn import Drawn, Formulas
from ftproofs.check.interpolated import MOST, Interpolated, TooDear
from ftproofs.symbolic.replica import replica_mse
from ftproofs.symbolic.vocabulary import equal, v

AT = np.random.default_rng(0).uniform(0.2, 0.9, 2000)


def counted(formula: Callable[[np.ndarray], np.ndarray]) -> tuple[Interpolated, list[int]]:
    asked: list[int] = []

    def counting(at: np.ndarray) -> np.ndarray:
        asked.append(len(at))
        return formula(at)

    return Interpolated(counting), asked


@pytest.mark.parametrize("formula", [np.exp, np.log, lambda x: 1 / (1.2 - x), lambda x: 0 * x + 3, lambda x: 1e-9 * x])
def test_what_is_smooth_is_asked_for_at_few_points(formula: Callable[[np.ndarray], np.ndarray]) -> None:
    found, asked = counted(formula)
    exact = formula(AT)
    np.testing.assert_allclose(found(AT), exact, rtol=0, atol=2e-8 * np.abs(exact).max())
    assert sum(asked) < 150
    found(AT[:100])  # within the range
    assert sum(asked) < 150
    wider = np.append(AT, 1.0)
    np.testing.assert_allclose(found(wider), formula(wider), rtol=0, atol=2e-8 * np.abs(formula(wider)).max())
    assert sum(asked) < 300


ROUGH = [
    lambda x: np.abs(x - 0.5),
    lambda x: np.where(x < 0.5, 0.0, 1.0),
    lambda x: np.sin(300 * x),
    lambda x: x + np.exp(-(((x - 0.31) / 0.01) ** 2)),
]


@pytest.mark.parametrize("formula", ROUGH)
def test_what_is_not_smooth_is_taken_as_it_is_and_not_for_long(formula: Callable[[np.ndarray], np.ndarray]) -> None:
    found, asked = counted(formula)
    np.testing.assert_array_equal(found(AT[:MOST]), formula(AT[:MOST]))
    with pytest.raises(TooDear):
        found(AT)
    assert sum(asked) < 2 * MOST


@pytest.mark.parametrize("edge", [0.85, 0.895])
def test_draws_beyond_an_edge_are_solved_for(edge: float) -> None:
    def formula(x: np.ndarray) -> np.ndarray:
        return np.where(x > edge, np.nan, np.exp(x))

    found, asked = counted(formula)
    np.testing.assert_allclose(found(AT), formula(AT), rtol=1e-7)
    assert sum(asked) < 600


def test_one_value_and_values_that_are_none() -> None:
    same = np.full(100, 0.3)
    np.testing.assert_array_equal(Interpolated(np.exp)(same), np.exp(same))
    with_nan = np.append(AT[:100], np.nan)
    np.testing.assert_array_equal(Interpolated(np.exp)(with_nan), np.exp(with_nan))


def test_solutions_at_draws_are_interpolated(monkeypatch: pytest.MonkeyPatch) -> None:
    """A measurement as an argument of the replica; one that is the same at all draws does not count as varying."""
    wrong = equal(v.mse, replica_mse(v.gamma, v.mse, 0, v.share_pt, Rational(1, 10), 1, 0, 1 - v.share_pt, 2, 0, 0))
    values = {"mse": AT, "share_pt": np.full(len(AT), 0.25)}
    draws = Drawn({"gamma": 0.5}, values)
    lhs, rhs = Formulas().sides(wrong, draws, 0, len(AT))
    some = slice(100, 163)  # too few to be worth it: exact
    _, exact = Formulas().sides(wrong, draws, some.start, some.stop - some.start)
    np.testing.assert_allclose(rhs[some], exact, rtol=1e-7)
    np.testing.assert_array_equal(lhs, AT)
    asked: list[int] = []
    real = drawn_module.numpy_kernel

    def kernel(*args: Any) -> Callable[..., np.ndarray]:
        made = real(*args)

        def counting(*columns: np.ndarray) -> np.ndarray:
            asked.append(len(columns[0]))
            return made(*columns)

        return counting

    monkeypatch.setattr(drawn_module, "numpy_kernel", kernel)
    formulas = Formulas()
    for start in (0, 1000):
        formulas.sides(wrong, draws, start, 1000)
    assert sum(count for count in asked if count != 1000) < 200
    assert asked.count(1000) == 2  # the left side, which is no solution
