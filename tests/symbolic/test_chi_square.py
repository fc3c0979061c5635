"""Moments of a shifted chi-square variable: arrays, arbitrary precision, balls, derivatives, definition."""

import mpmath
import numpy as np
import pytest
import torch
from flint import arb
from sympy import Integer, Rational, Symbol, latex, symbols
from sympy.core.function import ArgumentIndexError

from ftproofs.claim import Domain, Statement
from ftproofs.symbolic import balls
from ftproofs.symbolic.chi_square import inverse_moment, inverse_moment_array
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.transfer_steps import Moment
from ftproofs.symbolic.vocabulary import v

CASES = [(k, n, n * r) for k in (1, 2, 3) for n in (1, 2, 3, 12, 100, 1000) for r in (1e-6, 1e-3, 0.1, 1.0, 10.0)]


@pytest.mark.parametrize("backend", [np, torch])
def test_arrays_agree_with_balls_to_four_units_of_condition(backend):
    columns = [np.array(column, dtype=float) for column in zip(*CASES, strict=True)]
    wrap = np.asarray if backend is np else torch.as_tensor
    found = np.asarray(inverse_moment_array(backend, *map(wrap, columns)))
    for value, (k, n, a) in zip(found, CASES, strict=True):
        with balls.precision(256):
            exact = inverse_moment.ball(arb(k), arb(n), arb(a))
            distance = float(abs(arb(float(value)) - exact).upper())
        assert distance <= 4 * inverse_moment.condition(k) * np.spacing(float(exact.mid())), (k, n, a)


def test_a_case_does_not_depend_on_its_neighbours_and_equal_ones_are_equal():
    columns = [np.array(column, dtype=float) for column in zip(*CASES, strict=True)]
    together = inverse_moment.numeric(np, *(np.concatenate([c, c]) for c in columns))
    alone = [inverse_moment.numeric(np, *(c[i : i + 1] for c in columns))[0] for i in range(len(CASES))]
    assert together[: len(CASES)].tobytes() == np.array(alone).tobytes() == together[len(CASES) :].tobytes()


@pytest.mark.parametrize(("k", "n", "a"), [(1, 3, 0.7), (2, 12, 3.6), (2, 1, 0.01), (3, 40, 4.0)])
def test_it_is_the_mean_over_the_density(k, n, a):
    with mpmath.workdps(25):
        density = lambda q: q ** (mpmath.mpf(n) / 2 - 1) * mpmath.exp(-q / 2)  # noqa: E731
        total = mpmath.quad(density, [0, 1, n, 10 * n + 100])
        mean = mpmath.quad(lambda q: density(q) / (q + a) ** k, [0, a, 1, n, 10 * n + 100]) / total
        assert float(inverse_moment.multiprecision(mpmath.mp, k, n, mpmath.mpf(a))) == pytest.approx(
            float(mean), rel=1e-7
        )


def test_any_power_and_less_than_one_degree_of_freedom():
    """What mutants of the claims about ridge ask for: fractional powers, n far below 1, shifts of every size."""
    with mpmath.workdps(30):
        for k in (1.0, 1.5, 2.1):
            for n in (0.03, 0.25, 0.9, 1.0, 7.5):
                for a in (1e-6, 0.3, 20.0):
                    exact = inverse_moment.multiprecision(mpmath.mp, *map(mpmath.mpf, (k, n, a)))
                    value = inverse_moment_array(np, *(np.array([x]) for x in (k, n, a)))[0]
                    assert float(value / exact - 1) == pytest.approx(0, abs=2e-14), (k, n, a)
                    with balls.precision(128):
                        inside = inverse_moment.ball(arb(k), arb(n), arb(a))
                    assert float(abs(float(inside.mid()) / exact - 1)) < 1e-15
    # The density of a half and more, by quadrature of its own definition.
    half = mpmath.quad(
        lambda q: q ** mpmath.mpf("-0.75") * mpmath.exp(-q / 2) / (q + 1) ** 2, [0, 1e-6, 1e-3, 0.1, 1, 10, 60]
    ) / (2 ** mpmath.mpf("0.25") * mpmath.gamma("0.25"))
    assert inverse_moment_array(np, *(np.array([x]) for x in (2.0, 0.5, 1.0)))[0] == pytest.approx(
        float(half), rel=1e-3
    )


def test_without_shift_it_is_the_closed_form_or_infinite():
    one = np.array([1.0])
    assert inverse_moment_array(np, 2 * one, 12 * one, 0 * one) == pytest.approx(1 / 80, rel=1e-15)
    assert np.isnan(inverse_moment_array(np, 2 * one, 4 * one, 0 * one))
    assert np.isnan(inverse_moment_array(np, 1.5 * one, 12 * one, 0 * one))
    with balls.precision(128):
        assert inverse_moment.ball(arb(2), arb(12), arb(0)).contains(arb(1) / 80)
        assert inverse_moment.ball(arb(2), arb(4), arb(0)) == arb.pos_inf()


def test_balls_contain_the_value_over_their_whole_input():
    wide = inverse_moment.ball(arb(2), arb(12, 0.5), arb(3, 0.25))
    for n in (11.5, 12.0, 12.5):
        for a in (2.75, 3.0, 3.25):
            assert wide.contains(inverse_moment.ball(arb(2), arb(n), arb(a)))


def test_derivative_assumptions_latex_and_evalf():
    n, a = symbols("n a", positive=True)
    value = inverse_moment(2, n, a)
    assert value.is_positive
    assert value.diff(a) == -2 * inverse_moment(3, n, a)
    with pytest.raises(ArgumentIndexError):
        value.fdiff(2)
    assert r"\chi^2_{n}" in latex(value)
    assert abs(inverse_moment(1, 2, 2).evalf(30) - Rational(298173681161597, 10**15)) < Rational(1, 10**14)


def test_a_moment_is_recognised_by_its_integrand_and_no_other():
    from ftproofs.catalog import claims

    claim = claims()["transfer-readout-ridge"]
    steps = {step.id: step for step in claim.steps}
    here = Context(claim)
    spread = steps["spread"].relation
    assert Moment().close(spread, here).status == "proved"
    for wrong in (2 * spread.rhs, spread.rhs / v.n, spread.rhs.subs(v.n, v.n + 1)):
        assert Moment().close(Statement(spread.lhs, "==", wrong), here).status != "proved"
    other = inverse_moment(Integer(1), v.n, Symbol("nu", nonnegative=True) * v.n)
    assert Moment().close(Statement(spread.lhs, "==", other), here).status != "proved"
    assert isinstance(claim.domain, Domain)
