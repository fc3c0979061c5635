"""The solutions that a diagonal network's end is measured against, and what is measured."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from ftproofs.numeric.diagonal.dual import solve
from ftproofs.numeric.diagonal.ended import solved
from ftproofs.numeric.diagonal.limits import read_limits
from ftproofs.numeric.diagonal.nested import nested_fit, read_nested, read_support
from ftproofs.numeric.diagonal.network import symmetric_start
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.solvers import weighted_l1_fit


def drawn(seed: int, n: int = 3, d: int = 7):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)) / math.sqrt(n), rng.standard_normal(n), rng.uniform(0.1, 3.0, d)


def by_vertices(X, y, weights):
    """The least weighted norm over the fits with n nonzero coefficients, one of which has the least of all."""
    n, d = X.shape
    chosen = (list(columns) for columns in itertools.combinations(range(d), n))
    return min(float((weights[c] * np.abs(np.linalg.solve(X[:, c], y))).sum()) for c in chosen)


@pytest.mark.parametrize("seed", range(4))
def test_the_least_weighted_norm_is_that_of_the_best_vertex(seed):
    X, y, weights = drawn(seed)
    _, low, high = weighted_l1_fit(X, y, weights)
    assert low <= by_vertices(X, y, weights) <= high
    assert high - low <= 1e-9 * high
    # Doubled weights double it; one more row can only raise it.
    assert weighted_l1_fit(X, y, 2 * weights)[2] == pytest.approx(2 * high, rel=1e-9)
    assert weighted_l1_fit(X[:2], y[:2], weights)[1] <= high


def test_without_a_fit_nothing_is_found():
    _, low, high = weighted_l1_fit(np.ones((2, 3)), np.array([0.0, 1.0]), np.ones(3))
    assert math.isnan(low)
    assert high == math.inf


def ended(seed: int, scale: float):
    X, y, c = drawn(seed)
    problem = Regression.of(torch.tensor(X[None]), torch.tensor(y[None]))
    start = symmetric_start([{"c": 1.0, "r": 0.0}], torch.zeros(1, 7, dtype=torch.float64))
    root = torch.tensor(c[None] * scale).sqrt()
    start = replace(start, wp=root * start.wp, wm=root * start.wm, vp=root * start.vp, vm=root * start.vm)
    return problem, solved(problem, start), X, y, c * scale


@pytest.mark.parametrize("seed", range(3))
def test_what_is_measured_is_what_is_said(seed):
    problem, end, X, y, c = ended(seed, 0.3)
    assert end.start.scale[0].numpy() == pytest.approx(c)
    beta = end.beta[0].numpy()
    found = {name: float(value[0]) for name, (value, _) in read_limits(problem, end).items()}
    size = np.abs(beta)
    assert found["largest_ratio"] == pytest.approx((size / c).max())
    for name, weights in (("lazy_share", c), ("lazy_square_share", c**2), ("lazy_root_share", np.sqrt(c))):
        fit = weights * (X.T @ np.linalg.solve((X * weights) @ X.T, y))
        expected = np.sqrt(((beta - fit) ** 2 / c).sum() / (beta**2 / c).sum())
        assert found[name] == pytest.approx(expected, abs=1e-12)
    top = (size + np.hypot(size, c)).max()
    logs = np.log(top / c)
    expected = ((logs * size).sum() - by_vertices(X, y, logs)) / top
    assert found["rich_excess"] == pytest.approx(expected, abs=1e-9)
    plain = logs.max() * (size.sum() - by_vertices(X, y, np.ones_like(c))) / top
    assert found["plain_excess"] == pytest.approx(plain, abs=1e-9)
    assert found["own_excess"] == pytest.approx(0, abs=1e-9)
    assert expected > 1e-3
    assert plain > 1e-3


def test_bounds_cover_a_shift_of_their_size():
    problem, end, *_ = ended(5, 0.1)
    radius = 1e-6
    generator = torch.Generator().manual_seed(1)
    shift = torch.randn(1, 7, dtype=torch.float64, generator=generator)
    moved = replace(end, beta=end.beta + radius * shift / shift.norm(), tail=end.tail + radius)
    exact, loose = read_limits(problem, end), read_limits(problem, moved)
    for name, (value, bound) in loose.items():
        assert float((value - exact[name][0]).abs()[0]) <= float(bound[0]), name
        assert float(bound[0]) < 1e-2, name


def test_the_lazy_share_falls_as_the_square_and_the_rich_excess_stays_bounded():
    shares, excesses = [], []
    for scale in (10.0, 100.0):
        problem, end, *_ = ended(2, scale)
        shares.append(float(read_limits(problem, end)["lazy_share"][0][0]))
    assert shares[0] / shares[1] == pytest.approx(100, rel=0.02)
    for scale in (1e-4, 1e-8, 1e-16):
        problem, end, *_ = ended(2, scale)
        excesses.append(float(read_limits(problem, end)["rich_excess"][0][0]))
    assert max(excesses) <= 7 / (2 * math.e)


# -- the nested problem ---------------------------------------------------------------


def supported(count: int, d: int = 7):
    """The support of the last coordinates."""
    return np.arange(d) >= d - count


def brute(X, y, on):
    """The least l1 norm off the support, by the vertices of the projected problem."""
    few = len(y) - int(on.sum())
    basis = np.linalg.svd(X[:, on])[0][:, -few:]
    return by_vertices(basis.T @ X[:, ~on], basis.T @ y, np.ones(int((~on).sum())))


@pytest.mark.parametrize("count", range(8))
@pytest.mark.parametrize("seed", range(2))
def test_the_nested_fit_is_one_and_none_is_smaller_off_the_support(seed, count):
    X, y, _ = drawn(seed)
    on = supported(count)
    fit, square, error, gap = nested_fit(X, y, on)
    for b in (fit, square):
        assert X @ b == pytest.approx(y, abs=1e-12)
    least = brute(X, y, on) if count < 3 else 0.0
    assert np.abs(fit[~on]).sum() == pytest.approx(least, abs=1e-9)
    assert gap <= 1e-9
    assert error < 1e-6
    if count >= 3:  # the rest has the least norm on the support
        assert np.abs(fit).sum() == pytest.approx(by_vertices(X[:, on], y, np.ones(count)), abs=1e-9)
        return
    # No fit is shorter off the support: a step along the null space only lengthens.
    null = np.linalg.svd(X)[2][3:]
    for step in null:
        for size in (1e-3, -1e-3):
            assert np.linalg.norm((square + size * step)[~on]) >= np.linalg.norm(square[~on]) - 1e-12


@pytest.mark.parametrize("count", [1, 4])
def test_what_is_measured_of_the_nested_problem_is_what_is_said(count):
    problem, end, X, y, c = ended(1, 0.05)
    on, size = supported(count), np.abs(end.beta[0].numpy())
    found = {n: float(x[0]) for n, (x, _) in read_nested(problem, end, torch.tensor(on[None])).items()}
    fit, square, *_ = nested_fit(X, y, on)
    top = (size + np.hypot(size, c)).max()
    logs = np.log(top / c)
    terms = {
        "nested_excess": (logs * (size - np.abs(fit)))[~on],
        "nested_norm": (logs * size)[~on],
        "nested_price": (logs * np.abs(fit))[on],
        "nested_square_gap": (logs * np.abs(size - np.abs(square)))[~on],
    }
    for name, part in terms.items():
        assert found[name] == pytest.approx(part.sum() / top, rel=1e-9, abs=1e-9), name
    assert found["nested_excess"] <= found["nested_price"] + 7 / (2 * math.e)


@pytest.mark.parametrize("count", [1, 4])
def test_bounds_of_the_nested_problem_cover_a_shift_of_their_size(count):
    problem, end, *_ = ended(5, 0.1)
    on = torch.tensor(supported(count)[None])
    exact = read_nested(problem, end, on)
    generator = torch.Generator().manual_seed(1)
    for radius in (1e-9, 1e-6):
        shift = torch.randn(1, 7, dtype=torch.float64, generator=generator)
        moved = replace(end, beta=end.beta + radius * shift / shift.norm(), tail=end.tail + radius)
        for name, (value, bound) in read_nested(problem, moved, on).items():
            assert float((value - exact[name][0]).abs()[0]) <= float(bound[0]), name
            assert float(bound[0]) < 1e4 * radius, name


def test_small_scales_off_the_support_leave_the_least_norm_there():
    """Scales of 1 on the support and ever smaller ones off it: the end's part off it nears the least norm."""
    X, y, _ = drawn(3)
    for count in (2, 4):
        on, gaps = supported(count), []
        least = brute(X, y, on) if count < 3 else 0.0
        for off in (1e-4, 1e-16, 1e-64):
            scale = torch.tensor(np.where(on, 1.0, off)[None])
            beta = solve(torch.tensor(X[None]), torch.tensor(y[None]), scale).beta[0].numpy()
            gaps.append(np.abs(beta[~on]).sum() - least)
        assert abs(gaps[2]) < 1e-3
        assert gaps[2] < 0.2 * gaps[0] + 1e-9


# -- the support alone ----------------------------------------------------------------


def descended(X, y, c):
    """The least penalty of the fits, by minimisation over the null space."""
    null = np.linalg.svd(X)[2][len(y) :]
    base = np.linalg.pinv(X) @ y

    def total(z):
        b = base + z @ null
        return float((b * np.arcsinh(b / c) - np.hypot(b, c) + c).sum() / 2)

    return minimize(total, np.zeros(len(null)), method="BFGS", options={"gtol": 1e-10}).fun if len(null) else total([])


@pytest.mark.parametrize("count", [3, 5, 7])
def test_what_is_measured_on_the_support_is_what_is_said(count):
    problem, end, X, y, c = ended(1, 0.3)
    on, beta = supported(count), end.beta[0].numpy()
    found = {name: float(x[0]) for name, (x, _) in read_support(problem, end, torch.tensor(on[None])).items()}
    part = beta[on]
    own = float((part * np.arcsinh(part / c[on]) - np.hypot(part, c[on]) + c[on]).sum() / 2)
    assert found["support_gain"] == pytest.approx(descended(X[:, on], y, c[on]) - own, abs=1e-7)
    # The multiplier is the slope of the least penalty by the labels.
    step = 1e-5
    slopes = [
        (descended(X[:, on], y + step * e, c[on]) - descended(X[:, on], y - step * e, c[on])) / (2 * step)
        for e in np.eye(len(y))
    ]
    leak = (np.abs(X.T @ slopes) * np.abs(beta))[~on].sum()
    assert found["support_leak"] == pytest.approx(leak, rel=1e-4, abs=1e-7)
    assert -1e-9 <= found["support_gain"] <= found["support_leak"] + 1e-9


def test_a_support_of_fewer_coordinates_than_samples_has_no_fit():
    problem, end, *_ = ended(1, 0.3)
    for value, bound in read_support(problem, end, torch.tensor(supported(2)[None])).values():
        assert math.isnan(float(value[0]))
        assert float(bound[0]) == math.inf


def test_bounds_on_the_support_cover_a_shift_of_their_size():
    problem, end, *_ = ended(5, 0.1)
    on = torch.tensor(supported(4)[None])
    exact = read_support(problem, end, on)
    generator = torch.Generator().manual_seed(1)
    for radius in (1e-9, 1e-6):
        shift = torch.randn(1, 7, dtype=torch.float64, generator=generator)
        moved = replace(end, beta=end.beta + radius * shift / shift.norm(), tail=end.tail + radius)
        for name, (value, bound) in read_support(problem, moved, on).items():
            assert float((value - exact[name][0]).abs()[0]) <= float(bound[0]), name
            assert float(bound[0]) < 1e3 * radius, name
