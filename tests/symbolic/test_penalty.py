"""The penalty q and its relatives: identities, derivatives, series, and numbers from 1e-300 to 1e300."""

import itertools

import numpy as np
import pytest
import torch
from flint import arb
from sympy import Derivative, Integer, Rational, S, Symbol, diff, latex, sinh, symbols
from sympy.core.function import ArgumentIndexError

from ftproofs.symbolic import balls
from ftproofs.symbolic import penalty as p
from ftproofs.symbolic.box import Box
from ftproofs.symbolic.differentiation import derivative
from ftproofs.symbolic.kernels import error_units, numpy_kernel, torch_kernel
from ftproofs.symbolic.zero import is_zero

x = Symbol("x", real=True)
z, c, theta = symbols("z c theta", positive=True)

EDGES = (1e-300, 1e-150, 1e-8, 0.3, 0.69, 0.71, 1.0, 7.5, 1e8, 1e150, 1e300)
PAIRS = [(sign * a, b) for a, b in itertools.product(EDGES, EDGES) for sign in (1, -1)]
FUNCTIONS = {
    "q": p.penalty(x, c),
    "slope": p.penalty_slope(x, c),
    "curvature": p.penalty_curvature(x, c),
    "excess": p.order_excess(x, c),
    "order": p.order(x, c),
    "hypot": p.hypot(x, c),
    "stretch": p.stretch(c, x),
}


def units(expr, args, row, value):
    """The distance to the ball in units of the last place, subnormal ones included."""
    exact = balls.enclose(expr, dict(zip(args, row, strict=True)), prec=256)
    with balls.precision(256):
        distance = abs(arb(float(value)) - exact).upper()
        return float(distance / float(np.spacing(abs(float(exact.mid())))))


def random_pairs():
    stream = np.random.default_rng(3)
    for low, high in ((-300, 300), (-12, 12), (-1, 1)):
        for a, b, sign in zip(*(10 ** stream.uniform(low, high, (2, 60))), stream.choice([-1, 1], 60), strict=True):
            yield sign * a, b


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_arrays_agree_with_balls_to_four_units(name, backend):
    expr, rows = FUNCTIONS[name], [*PAIRS, *random_pairs()]
    columns = np.array(rows).T
    if backend == "torch":
        values = torch_kernel(expr, [x, c], torch)(*(torch.as_tensor(u) for u in columns)).numpy()
    else:
        values = numpy_kernel(expr, [x, c])(*columns)
    for row, value in zip(rows, values, strict=True):
        assert units(expr, [x, c], row, value) <= 4, (row, value)


@pytest.mark.parametrize("expr", [p.prox(x, theta, c), p.prox_slope(x, theta, c)], ids=["prox", "slope"])
@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_the_proximal_map_agrees_with_balls_to_four_units_of_condition(expr, backend):
    stream = np.random.default_rng(5)
    rows = [
        tuple(row) for row in itertools.product((-1e300, 1e-300, 1e-8, 2.0), (1e-300, 1.0, 1e300), (1e-300, 1.0, 1e300))
    ]
    for low, high in ((-300, 300), (-12, 12), (-2, 2)):
        rows += [tuple(row) for row in 10 ** stream.uniform(low, high, (40, 3))]
    columns = np.array(rows).T
    if backend == "torch":
        values = torch_kernel(expr, [x, theta, c], torch)(*(torch.as_tensor(u) for u in columns)).numpy()
    else:
        values = numpy_kernel(expr, [x, theta, c])(*columns)
    for row, value in zip(rows, values, strict=True):
        found, exact = error_units(expr, [x, theta, c], row, float(value))
        assert found <= 4 or abs(float(exact.mid())) < 1e-305, (row, value, exact)


def test_a_case_does_not_depend_on_its_neighbours():
    columns = 10 ** np.random.default_rng(9).uniform(-8, 3, (3, 40))
    kernel = numpy_kernel(p.prox(x, theta, c), [x, theta, c])
    together = kernel(*columns)
    assert all(kernel(*columns[:, i : i + 1])[0] == together[i] for i in range(40))


def test_the_proximal_map_solves_its_equation():
    for row in (
        (3, 2, 1),
        (Rational(1, 100), 2, Rational(1, 10**6)),
        (40, Rational(1, 10), 3),
        (1, 5, Rational(1, 10**12)),
    ):
        eta = p.prox(*map(Integer, row)) if all(isinstance(u, int) for u in row) else p.prox(*map(S, row))
        residual = balls.enclose(eta + S(row[1]) * p.penalty_slope(eta, S(row[2])) - row[0], {}, prec=256)
        assert residual.contains(0)
        assert residual.abs_upper() < 1e-60


def test_the_conjugate_is_the_supremum():
    """x u - q(x) is largest where q'(x) = u, and there it is q*(u)."""
    u = Symbol("u", positive=True)
    at = c * sinh(2 * u)
    for gap in (p.penalty_slope(at, c) - u, at * u - p.penalty(at, c) - p.penalty_conjugate(u, c)):
        assert is_zero(gap, Box()).status in ("proved", "probable")
        assert is_zero(gap + c * u / 10**9, Box()).status == "disproved"


@pytest.mark.parametrize("function", [p.penalty, p.penalty_slope, p.order_excess, p.hypot, p.stretch])
@pytest.mark.parametrize("by", [z, c])
def test_derivatives_agree_with_the_elementary_form(function, by):
    mine = diff(function(z, c), by)
    other = diff(function.elementary(z, c), by)
    rules = derivative(function(z, c), by)
    for point in ({z: Rational(3, 2), c: Rational(1, 7)}, {z: Rational(1, 9), c: Integer(3)}):
        values = [balls.enclose(e, point, prec=200) for e in (mine, other, rules)]
        assert values[0].overlaps(values[1])
        assert values[0].overlaps(values[2])


def test_derivatives_of_the_proximal_map():
    step = Rational(1, 10**30)
    point = {z: Rational(3, 2), theta: Rational(4, 5), c: Rational(3, 10)}
    for by in (z, theta, c):
        slope = balls.enclose(diff(p.prox(z, theta, c), by), point, prec=300)
        moved = [balls.enclose(p.prox(z, theta, c), point | {by: point[by] + s * step}, prec=300) for s in (1, -1)]
        assert (
            abs(float(((moved[0] - moved[1]) / (2 * balls.ball(arb(1)) / 10**30)).mid()) - float(slope.mid())) < 1e-12
        )


def test_no_further_argument():
    for expr, count in ((p.penalty(x, c), 2), (p.order_excess(x, c), 2), (p.prox(x, theta, c), 3), (p.hypot(x, c), 2)):
        with pytest.raises(ArgumentIndexError):
            expr.fdiff(count + 1)


def test_symmetry_and_values_at_zero():
    assert p.penalty(-x, c) == p.penalty(x, c)
    assert p.penalty_slope(-x, c) == -p.penalty_slope(x, c)
    assert p.prox(-x, theta, c) == -p.prox(x, theta, c)
    assert (p.penalty(0, c), p.penalty_slope(0, c), p.order(0, c), p.prox(0, theta, c)) == (0, 0, 2, 0)
    assert p.prox(x, 0, c) == x
    assert p.hypot(3, 4) == 5
    assert p.penalty(z, c).is_positive
    assert p.penalty(x, c).is_nonnegative


def test_the_series_and_the_tail_bound_it():
    """q - series changes sign with each term; both hold on a range of z = x/c (handbook 3.2)."""
    for ratio, terms in itertools.product((Rational(1, 100), Rational(1, 2), Rational(9, 10)), (1, 2, 3, 4)):
        gap = (-1) ** terms * (p.penalty(z, c) - p.penalty_series(z, c, terms))
        assert balls.enclose(gap, {z: ratio, c: Integer(1)}) > 0
    assert p.penalty_series(z, c, 3) == z**2 / (4 * c) - z**4 / (48 * c**3) + z**6 / (160 * c**5)
    for ratio in (10, 1000):
        value = balls.enclose(p.penalty(z, c) - p.penalty_tail(z, c), {z: Integer(ratio), c: Integer(1)})
        assert -1 / (8 * ratio) <= float(value.mid()) < 0


def test_latex():
    assert latex(p.penalty(x, c)) == r"q\left(x; c\right)"
    assert latex(p.prox(z, theta, c) ** 2) == r"\eta^{2}\left(z; \theta; c\right)"
    assert latex(p.hypot(x, c)) == r"\sqrt{x^{2} + c^{2}}"
    assert Derivative(p.penalty(x, c), x).doit() == p.penalty_slope(x, c)


@pytest.mark.parametrize("name", ["q", "excess"])
def test_no_arithmetic_knows_a_penalty_of_negative_scale(name):
    expr, at = FUNCTIONS[name], {x: 0.7, c: -1.3}
    assert np.isnan(numpy_kernel(expr, [x, c])(np.array([0.7]), np.array([-1.3])))[0]
    assert not balls.enclose(expr, at).is_finite()
    assert not expr.subs(at).is_finite


@pytest.mark.parametrize("name", ["slope", "stretch"])
def test_what_goes_on_below_zero_is_one_number_in_every_arithmetic(name):
    expr = FUNCTIONS[name]
    for a, b in ((0.7, -1.3), (-2.0, -1e-3), (1e-3, -5.0)):
        exact = balls.enclose(expr, {x: a, c: b})
        value = float(numpy_kernel(expr, [x, c])(np.array([a]), np.array([b]))[0])
        assert float(exact.mid()) == pytest.approx(value, rel=1e-14)
        assert float(expr.subs({x: a, c: b})) == pytest.approx(value, rel=1e-14)
