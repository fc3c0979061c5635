"""The depth root and the formulas built from it: exact values, derivatives, numbers, balls."""

import itertools

import mpmath
import numpy as np
import pytest
import sympy
import torch
from flint import arb
from sympy import Integer, Rational, S, Symbol, oo, sqrt, symbols

from ftproofs.symbolic import balls, roots
from ftproofs.symbolic.functions import (
    depth_equation,
    depth_root,
    isotropic_bias,
    isotropic_noise,
    norm_floor,
    null_fraction_variance,
)

L = Symbol("L", integer=True, positive=True)
A, b, s = symbols("A b s", positive=True)

DEPTHS = (1, 2, 3, 5, 8, 100, np.inf)
NORMS = (0, 1e-12, 1e-3, 0.3, 1, 2.7, 10)
SOURCES = (0.25, 0.7, 1.0, 4.0)
SHARES = (0, 1e-9, 0.1, 0.5, 0.9, 0.999999, 1)


def grid():
    """Depths, fitted norms, source norms and shares outside the span, edges included."""
    cases = [(*case[:2], case[3] * case[2], case[2]) for case in itertools.product(DEPTHS, NORMS, SOURCES, SHARES)]
    return np.array(cases, dtype=float).T


def test_closed_forms():
    assert depth_root(1, A, b, s) == 1
    assert depth_root(2, A, b, s) == sqrt((b**2 + sqrt(b**4 + 4 * A**2 * s**2)) / (2 * s**2))
    assert depth_root(oo, A, b, s) == A / sqrt((s - b) * (s + b))
    assert depth_root(L, 0, b, s) == (b / s) ** (L - 1)
    assert depth_root(L, A, 0, s) == (A / s) ** ((L - 1) / L)
    assert isinstance(depth_root(3, A, b, s), depth_root)


@pytest.mark.parametrize("depth", [2, 3, 4, 7, 50])
def test_it_solves_its_equation(depth):
    at = {A: Rational(7, 5), b: Rational(2, 3), s: Rational(9, 8)}
    residual = balls.enclose(depth_equation(depth_root(depth, A, b, s), depth, A, b, s), at, prec=200)
    assert residual == 0 or (residual.contains(0) and residual.abs_upper() < 1e-50)


def test_the_limit_of_depth_solves_the_limit_of_the_equation():
    assert sympy.simplify(depth_equation(depth_root(oo, A, b, s), oo, A, b, s)) == 0


def test_neutral_where_the_fit_has_the_source_norm_inside():
    for depth in (2, 3, 9):
        assert balls.enclose(depth_root(depth, 3, 4, 5), {}).contains(1)


@pytest.mark.parametrize("argument", [1, 2, 3, 4])
@pytest.mark.parametrize("depth", [3, 6])
def test_implicit_derivatives(argument, depth):
    point = [mpmath.mpf(depth), mpmath.mpf("1.3"), mpmath.mpf("0.6"), mpmath.mpf("1.1")]
    with mpmath.workdps(40):
        numeric = mpmath.diff(
            lambda *x: roots.depth_root_mp(mpmath.mp, *x), point, [i == argument - 1 for i in range(4)]
        )
    x = symbols("x1:5", positive=True)
    slope = depth_root(*x).fdiff(argument)
    values = dict(zip(x, [depth, Rational(13, 10), Rational(6, 10), Rational(11, 10)], strict=True))
    assert float(balls.enclose(slope, values)) == pytest.approx(float(numeric), rel=1e-12)


def test_no_fifth_argument():
    with pytest.raises(sympy.core.function.ArgumentIndexError):
        depth_root(*symbols("x1:5")).fdiff(5)


def test_assumptions_latex_and_evalf():
    c = depth_root(L, A, b, s)
    assert c.is_positive
    assert c.is_real
    assert c.is_finite
    assert depth_root(L, symbols("u", nonnegative=True), symbols("w", nonnegative=True), s).is_positive is None
    assert depth_root(L, Symbol("x"), b, s).is_real is None
    assert sympy.latex(c) == r"c_{L}\left(A, b, s\right)"
    assert sympy.latex(c**2) == r"c_{L}^{2}\left(A, b, s\right)"
    value = depth_root(3, sqrt(Rational(29, 10)), sqrt(Rational(6, 10)), Rational(11, 10)).evalf(30)
    assert str(value) == "1.52560702334930471066110405148"
    assert depth_root(3, A, b, s).evalf() == depth_root(3, A, b, s)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_arrays_agree_with_balls_to_four_units_of_condition(backend):
    cases = grid()
    arrays = [torch.as_tensor(x) for x in cases] if backend == "torch" else list(cases)
    values = np.asarray(roots.depth_root_array(torch if backend == "torch" else np, *arrays))
    conditions = roots.depth_root_condition(*cases, values)
    for case, value, condition in zip(cases.T, values, conditions, strict=True):
        with balls.precision(200):
            exact = roots.depth_root_ball(*(arb(float(x)) for x in case))
            if not exact.is_finite():
                assert case[0] == np.inf
                assert case[2] == case[3]
                assert np.isnan(value)
                continue
            distance = float(abs(arb(float(value)) - exact).upper())
        assert distance <= 4 * condition * np.spacing(float(abs(exact).upper())), case


def test_arrays_at_arguments_of_any_size():
    """Twenty orders of magnitude: the rounding of 1/L shows."""
    rng = np.random.default_rng(5)
    L = rng.choice([1.5, 2.5, 3, 4, 7, 100], 300)
    A, b, s = 10 ** rng.uniform(-10, 10, (3, 300))
    values = roots.depth_root_array(np, L, A, b, s)
    sound = (values > 1e-290) & (values < 1e290)
    assert sound.sum() > 150
    limits = roots.depth_root_condition(L, A, b, s, values) * (4 + np.abs(np.log(values)))
    with mpmath.workdps(60):
        for case in np.flatnonzero(sound):
            exact = roots.depth_root_mp(mpmath.mp, *(mpmath.mpf(float(x[case])) for x in (L, A, b, s)))
            assert abs(values[case] / exact - 1) <= limits[case] * 2.0**-52, case


def test_condition_is_the_derivatives_sum():
    x = symbols("x1:5", positive=True)
    point = dict(zip(x, [Integer(5), Rational(13, 10), Rational(6, 10), Rational(11, 10)], strict=True))
    c = depth_root(*x)
    total = sum(abs(float(balls.enclose(y * c.diff(y) / c, point))) for y in x[1:])
    value = float(balls.enclose(c, point))
    assert roots.depth_root_condition(5, 1.3, 0.6, 1.1, value) == pytest.approx(total, rel=1e-12)


def test_edges():
    solve = roots.depth_root_array
    one = np.array([1.0])
    assert solve(np, 3 * one, 0 * one, 0.5 * one, one) == 0.25
    assert solve(np, one, 7 * one, 0.5 * one, one) == 1
    assert solve(np, np.inf * one, 3 * one, 3 * one, 5 * one) == 0.75
    assert solve(np, 3 * one, 8 * one, 0 * one, one) == pytest.approx(4, rel=1e-15)
    near = 1 - 2.0**-52
    exact = balls.enclose(1 / sqrt(1 - Symbol("q") ** 2), {Symbol("q"): near}, prec=200)
    assert float(solve(np, np.inf * one, one, near * one, one)[0]) == pytest.approx(float(exact), rel=1e-15)


@pytest.mark.parametrize("module", [np, torch])
def test_a_case_does_not_depend_on_its_neighbours(module):
    cases = grid()
    wrap = np.asarray if module is np else torch.as_tensor
    together = np.asarray(roots.depth_root_array(module, *map(wrap, cases)))
    for i in range(0, cases.shape[1], 97):
        copies = np.repeat(cases[:, i : i + 1], cases.shape[1], axis=1)
        alone = np.asarray(roots.depth_root_array(module, *map(wrap, copies)))
        assert alone[i : i + 1].tobytes() == together[i : i + 1].tobytes()


def test_real_depths_below_two():
    c = roots.depth_root_array(np, *(np.array([x]) for x in (1.5, 2.0, 0.5, 1.0)))[0]
    assert c**6 == pytest.approx(4 + c**2 / 4, rel=1e-14)


def test_multiprecision_edges():
    mp = mpmath.mp
    values = [mp.mpf(x) for x in (0, 2, 4)]
    assert roots.depth_root_mp(mp, 1, *values[1:], mp.mpf(3)) == 1
    assert roots.depth_root_mp(mp, 3, mp.mpf(0), mp.mpf(1), mp.mpf(2)) == mp.mpf(1) / 4
    assert roots.depth_root_mp(mp, 2, mp.mpf(4), mp.mpf(0), mp.mpf(1)) == 2
    assert roots.depth_root_mp(mp, mp.inf, mp.mpf(3), mp.mpf(3), mp.mpf(5)) == mp.mpf(3) / 4


def test_balls_contain_the_root_over_their_whole_input():
    stream = np.random.default_rng(20240501)
    for _ in range(150):
        depth = int(stream.choice([1, 2, 3, 5, 8, 40]))
        middle = stream.uniform([0.0, 0.0, 0.5], [3.0, 2.0, 4.0])
        radius = stream.uniform(0, 0.4, 3) * [1, 1, 0.5]
        inputs = [arb(float(m), float(r)) for m, r in zip(middle, radius, strict=True)]
        wide = roots.depth_root_ball(arb(depth), *inputs)
        assert wide.is_finite()
        for _ in range(5):
            x = middle + radius * stream.choice([-1, 1, 0.3], 3)
            point = roots.depth_root_ball(arb(depth), *(arb(float(y)) for y in x))
            assert wide.contains(point) or wide.overlaps(point)
            assert float(wide.lower()) <= float(point.mid()) <= float(wide.upper())


def test_balls_over_a_range_of_depths():
    wide = roots.depth_root_ball(arb(2).union(arb(9)), arb(2), arb(0.5), arb(1))
    inside = [roots.depth_root_ball(arb(k), arb(2), arb(0.5), arb(1)) for k in range(2, 10)]
    assert all(wide.contains(x) for x in inside)
    assert float(wide.rad()) < 2 * float(inside[-1].mid() - inside[0].mid())


def test_balls_are_not_finite_where_the_root_is_not_defined():
    assert not roots.depth_root_ball(arb("inf"), arb(1), arb(1), arb(1)).is_finite()
    assert not roots.depth_root_ball(arb(3), arb(1), arb(1), arb(0, 1)).is_finite()
    for depth, source in ((0.5, 2), (3, 0), (3, -1)):
        with pytest.raises(balls.Undefined):
            roots.depth_root_ball(arb(depth), arb(1), arb(1), arb(source))


def test_balls_are_tight():
    with balls.precision(400):
        found = roots.depth_root_ball(arb(8), arb(2), arb(0.5), arb(1))
        assert found.rel_accuracy_bits() > 380


def test_norm_floor():
    assert norm_floor(3, b, s) == b**3 / s**2
    assert norm_floor(1, b, s) == b


def test_isotropic_formulas():
    assert isotropic_bias(20, 60) == Rational(2, 3)
    assert isotropic_bias(60, 60) == 0
    assert isotropic_bias(61, 60) == 0
    assert isotropic_noise(7, 10) == Rational(7, 2)
    assert isotropic_noise(10, 7) == Rational(7, 2)
    assert isotropic_noise(8, 10) == 8
    assert [isotropic_noise(n, 10) for n in (9, 10, 11)] == [oo, oo, oo]


@pytest.mark.parametrize(("n", "d"), [(1, 2), (3, 10), (20, 60)])
def test_null_fraction_is_a_beta_variable(n, d):
    first, second = Rational(d - n, 2), Rational(n, 2)
    total = first + second
    assert isotropic_bias(n, d) == first / total
    assert null_fraction_variance(n, d) == first * second / (total**2 * (total + 1))


def test_formulas_keep_symbols():
    n, d = symbols("n d", integer=True, positive=True)
    assert isotropic_noise(n, d).subs({n: 7, d: 10}) == Rational(7, 2)
    assert isotropic_bias(n, d).subs({n: 7, d: 10}) == Rational(3, 10)
    assert null_fraction_variance(d, d) == S.Zero
