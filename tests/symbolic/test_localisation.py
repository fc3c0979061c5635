"""The localised radius: its equation, its numbers on every route, its derivative, and the bounds built on it."""

import mpmath
import numpy as np
import pytest
import torch
from flint import arb
from sympy import Integer, Min, Rational, S, Symbol, latex, oo, sqrt, symbols
from sympy.core.function import ArgumentIndexError

from ftproofs.symbolic import balls, bounds
from ftproofs.symbolic import localisation as module
from ftproofs.symbolic.localisation import localised

SPECTRA = (
    [4, 2, 1, Rational(1, 2)],
    [Rational(1, i**3) for i in range(1, 13)],
    [10**6, 1, 1, 1, Rational(1, 10**6)],
    [1, 3, 2],
    [3, 3, 3],
)
CASES = [(g, s) for s in SPECTRA for g in (Rational(1, 100), 1, Rational(5, 3), sqrt(2 * len(s) - 1))]


def value(expr):
    return balls.enclose(expr, {}, prec=256)


@pytest.mark.parametrize(("gap", "spectrum"), CASES)
def test_it_solves_its_equation(gap, spectrum):
    squared = localised(gap, *spectrum)
    assert value(squared) > 0
    residual = value(sum(2 * Min(x / squared, 1) for x in spectrum) - gap**2)
    assert residual == 0 or (residual.contains(0) and residual.abs_upper() < 1e-60)


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_arrays_agree_with_balls_to_four_units_of_condition(backend):
    for gap, spectrum in CASES:
        row = [float(gap), *map(float, spectrum)]
        wrap = (lambda x: torch.tensor([x], dtype=torch.float64)) if backend == "torch" else (lambda x: np.array([x]))
        found = float(module.localised_array(torch if backend == "torch" else np, *map(wrap, row))[0])
        exact = value(localised(*(balls.fraction(arb(x)) for x in row)))
        condition = module.localised_condition(row[0], np.array(row[1:]), found)
        assert abs(arb(found) - exact).upper() <= 4 * condition * np.spacing(float(exact)), (gap, spectrum)


def test_other_routes_agree():
    for gap, spectrum in CASES:
        exact = localised(gap, *spectrum)
        with mpmath.workdps(40):
            found = module.localised_mp(mpmath.mp, *(mpmath.mpf(str(x.evalf(45))) for x in map(S, (gap, *spectrum))))
            assert abs(mpmath.mpf(str(exact.evalf(35))) - found) < mpmath.mpf(10) ** -28 * found


def test_where_there_is_no_root():
    assert localised(0, 1, 2) is oo
    assert localised(-1, 1, 2) is oo
    assert localised(2, 1, 2) is S.NaN
    one, two = np.array([1.0]), np.array([2.0])
    assert np.isinf(module.localised_array(np, 0 * one, one, two)).all()
    assert np.isnan(module.localised_array(np, two, one, two)).all()
    with pytest.raises(balls.Undefined):
        module.localised_ball(arb(2), arb(1), arb(2))
    assert not module.localised_ball(arb(0, 1), arb(1), arb(2)).is_finite()


def test_a_ball_holds_every_root_of_its_arguments():
    enclosed = module.localised_ball(arb(1, 0.1), arb(3, 0.2), arb(1, 0.2), arb(1, 0.05))
    stream = np.random.default_rng(3)
    for _ in range(100):
        at = [c + r * stream.uniform(-1, 1) for c, r in ((1, 0.1), (3, 0.2), (1, 0.2), (1, 0.05))]
        assert enclosed.contains(module.localised_ball(*map(arb, at)).mid())


def test_its_derivative():
    g, x, y, z = symbols("g x y z", positive=True)
    root, at = localised(g, x, y, z), {g: Rational(3, 2), x: 5, y: 1, z: Rational(1, 3)}
    for i, symbol in enumerate((g, x, y, z), 1):
        step = Rational(1, 10**12)
        near = [root.subs(at | {symbol: at[symbol] + s * step}).evalf(40) for s in (1, -1)]
        slope = (near[0] - near[1]) / (2 * step)
        assert abs(slope - root.fdiff(i).subs(at).evalf(40)) < 1e-9
    with pytest.raises(ArgumentIndexError):
        root.fdiff(5)
    assert root.is_positive
    assert latex(root) == r"r_*^2\left(g;\, x, y, z\right)"


def test_it_is_never_above_twice_the_trace_bound():
    n, t = Integer(20), Integer(1)
    for spectrum in ([Rational(1, i**2) for i in range(1, 31)], [Integer(1)] * 30):
        plain = bounds.trace_bound_of(n, t, spectrum, 1)
        assert value(bounds.localised_of(n, t, spectrum) - 2 * plain * (1 + Rational(1, 2**100))) < 0


def test_the_split_bound_of_a_list_is_that_of_its_parts():
    l, delta = [Rational(1, i**2) for i in range(1, 9)], [Rational((-1) ** i, i) for i in range(1, 9)]
    n, t, k = Integer(30), Rational(1, 2), Symbol("k", integer=True, nonnegative=True)
    for split in range(4):
        found = bounds.split_bound_of(n, k, t, l, delta).subs(k, split)
        tail, trace = l[split], sum(l[split:])
        ratio = bounds.split_ratio_bound(n, split, t, tail, trace)
        behind, white = (
            sqrt(sum(x**2 for x in delta[split:])),
            sqrt(sum((x**2 / y for x, y in zip(delta[:split], l[:split], strict=True)), Integer(0))),
        )
        whole = sum(x**2 for x in delta)
        parts = bounds.factor(tail, ratio) * min(whole, bounds.reach(behind, ratio, white) ** 2, key=float)
        assert abs(value(found) - value(parts)) < 1e-60
