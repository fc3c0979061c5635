"""Distances between data distributions against quadrature and matrix square roots, and their numeric forms."""

import itertools

import mpmath
import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
import scipy.stats
import torch
from flint import arb
from sympy import Rational, S, latex, oo, symbols
from sympy.core.function import ArgumentIndexError

from ftproofs.symbolic import balls
from ftproofs.symbolic import divergences as div

PAIRS = [(0.9, 0.7), (0.01, 1.3), (2.5, 0.4)]


def number(expr):
    return float(balls.enclose(expr, {}).mid())


def over_inputs(conditional, gap):
    """The mean of a function of the conditional means' difference, normal with variance ``gap``."""
    weight = 2 / np.sqrt(2 * np.pi * gap)  # both halves: every conditional divergence is even
    return scipy.integrate.quad(
        lambda t: weight * np.exp(-(t**2) / (2 * gap)) * conditional(t), 0, 20 * gap**0.5, epsabs=1e-11
    )[0]


def over_labels(function, mean, sigma):
    """The integral over the labels of a function of both conditional densities' logarithms."""
    shift = -np.log(sigma * np.sqrt(2 * np.pi))

    def integrand(y):
        return function(shift - (y / sigma) ** 2 / 2, shift - ((y - mean) / sigma) ** 2 / 2)

    return scipy.integrate.quad(integrand, -10 * sigma, mean + 10 * sigma, epsabs=1e-12, points=[mean / 2])[0]


@pytest.mark.parametrize(("gap", "sigma"), PAIRS)
def test_closed_forms_agree_with_quadrature_over_inputs_and_labels(gap, sigma):
    exact = Rational(str(gap)), Rational(str(sigma))
    kl = over_inputs(lambda t: over_labels(lambda p, q: np.exp(p) * (p - q), t, sigma), gap)
    assert number(div.kullback_leibler(*exact)) == pytest.approx(kl, rel=1e-8)
    affinity = over_inputs(lambda t: over_labels(lambda p, q: np.exp((p + q) / 2), t, sigma), gap)
    assert number(div.hellinger_squared(*exact)) == pytest.approx(1 - affinity, rel=1e-8)
    variation = over_inputs(lambda t: over_labels(lambda p, q: abs(np.exp(p) - np.exp(q)) / 2, t, sigma), gap)
    assert number(div.total_variation(*exact)) == pytest.approx(variation, rel=1e-8)


def test_chi_squared_is_finite_for_close_teachers_only():
    gap, sigma = 0.2, 0.7
    ratio = over_inputs(lambda t: np.exp(t**2 / sigma**2), gap)
    assert number(div.chi_squared(Rational(1, 5), Rational(7, 10))) == pytest.approx(ratio - 1, rel=1e-6)
    assert div.chi_squared(Rational(1, 2), 1) is oo
    assert div.chi_squared(3, 1) is oo


def covariance(beta, sigma):
    d = len(beta)
    joint = np.eye(d + 1)
    joint[:d, d] = joint[d, :d] = beta
    joint[d, d] = beta @ beta + sigma**2
    return joint


def wasserstein(one, other, sigma):
    """Gelbrich's formula for centred Gaussian laws."""
    a, b = covariance(np.array(one), sigma), covariance(np.array(other), sigma)
    root = scipy.linalg.sqrtm(a)
    return float(np.trace(a + b - 2 * scipy.linalg.sqrtm(root @ b @ root)).real)


@pytest.mark.parametrize(("theta", "sigma"), list(itertools.product((0.3, 0.8, 1.57, 2.9), (0.2, 0.5, 2.0))))
def test_wasserstein_at_an_angle_agrees_with_matrix_square_roots(theta, sigma):
    found = number(div.wasserstein_squared(Rational(str(theta)), Rational(str(sigma))))
    direct = wasserstein([1.0, 0.0, 0.0], [np.cos(theta), np.sin(theta), 0.0], sigma)
    assert found == pytest.approx(direct, rel=1e-7)


@pytest.mark.parametrize(("a", "b", "sigma"), [(1, 3, 0.5), (1, -1, 0.2), (0.5, 0.51, 1.0)])
def test_wasserstein_on_a_line_agrees_with_matrix_square_roots(a, b, sigma):
    found = number(div.wasserstein_squared_collinear(*(Rational(str(x)) for x in (a, b, sigma))))
    assert found == pytest.approx(wasserstein([float(a), 0.0], [float(b), 0.0], sigma), rel=1e-6, abs=1e-9)


def test_small_angles():
    theta, sigma = Rational(1, 10**6), Rational(1, 2)
    assert number(div.wasserstein_squared(theta, sigma) / theta**2) == pytest.approx(2 / (3 + 2 * 0.25), rel=1e-9)


# -- the root -------------------------------------------------------------------

HEIGHTS = (0.0, 1e-12, 1e-3, 0.3, 0.9, 0.999999, 1.0)
WIDTHS = (1e-12, 1e-4, 0.3, 1.0, 50.0, 1e6)


@pytest.mark.parametrize("backend", [np, torch])
def test_arrays_agree_with_balls_to_four_units_of_condition(backend):
    h, w = (np.array(x) for x in zip(*itertools.product(HEIGHTS, WIDTHS), strict=True))
    wrap = np.asarray if backend is np else torch.as_tensor
    found = np.asarray(div.wasserstein_root.numeric(backend, wrap(h), wrap(w)))
    for value, x, y in zip(found, h, w, strict=True):
        with balls.precision(256):
            exact = div.wasserstein_root.ball(arb(float(x)), arb(float(y)))
            distance = float(abs(arb(float(value)) - exact).upper())
        condition = div.wasserstein_root.condition(x, y, value) if value else 1
        assert distance <= 4 * condition * np.spacing(float(exact.upper())), (x, y)


def test_the_root_solves_its_cubic_and_lies_between_zero_and_one():
    mu = div.wasserstein_root(Rational(3, 10), Rational(1, 2))
    residual = balls.enclose(div.cubic(mu, Rational(3, 10), Rational(1, 2)), {}, prec=200)
    assert residual.contains(0)
    assert residual.abs_upper() < 1e-50
    assert 0 < number(mu) < 1
    assert div.wasserstein_root(0, 1) is S.Zero
    assert np.isnan(div.wasserstein_root.numeric(np, np.array([2.0]), np.array([1.0]))[0])
    assert balls.enclose(div.wasserstein_root(2, 1), {}).is_nan()


def test_derivatives_assumptions_latex_and_evalf():
    h, w = symbols("h w", positive=True)
    mu = div.wasserstein_root(h, w)
    assert mu.is_nonnegative
    at = {h: Rational(3, 10), w: Rational(1, 2)}
    with mpmath.workdps(30):
        for argument, direction in ((1, (1, 0)), (2, (0, 1))):
            slope = mpmath.diff(
                lambda x, y: div.wasserstein_root.multiprecision(mpmath.mp, x, y), (0.3, 0.5), direction
            )
            assert number(mu.fdiff(argument).subs(at)) == pytest.approx(float(slope), rel=1e-8)
    with pytest.raises(ArgumentIndexError):
        mu.fdiff(3)
    assert latex(mu**2) == r"\mu^{2}\left(h, w\right)"
    assert abs(mu.subs(at).evalf(30) - mu.subs(at).evalf(20)) < Rational(1, 10**18)


def test_balls_contain_the_root_over_their_whole_input():
    wide = div.wasserstein_root.ball(arb(0.4, 0.1), arb(0.5, 0.2))
    for x, y in itertools.product((0.3, 0.4, 0.5), (0.3, 0.5, 0.7)):
        assert wide.contains(div.wasserstein_root.ball(arb(x), arb(y)).mid())
