"""numeric/loops/lanes.py: networks followed eight abreast get the bits that they get alone."""

from __future__ import annotations

import math
import sys

import mpmath
import numba
import numpy as np
import pytest
import torch

from ftproofs.numeric.diagonal.network import Weights
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.diagonal.train import train_flow
from ftproofs.numeric.loops import watching
from ftproofs.numeric.loops.eights import ABREAST, aligned, eights, where_positive
from ftproofs.numeric.loops.flow import few, trained
from ftproofs.numeric.loops.vectors import squares
from ftproofs.numeric.training.flow import ARRIVED, EXHAUSTED, NOT_FINITE

ALONE = sys.maxsize


def batch(n: int, d: int, count: int, seed: int = 0, *, identity: bool = False) -> tuple[np.ndarray, ...]:
    """Problems and starts of very different scales, hence of very different numbers of steps, for `trained`."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((count, n, d)) / n**0.5
    y = 10.0 ** rng.uniform(-2, 2, (count, 1)) * rng.standard_normal((count, d if identity else n))
    start = 10.0 ** rng.uniform(-2, 1, (count, 1, 1)) * rng.uniform(0.3, 1.0, (count, 4, d))
    Q = np.linalg.qr(X.transpose(0, 2, 1))[0].copy() if n < d else np.empty((count, 0, 0))
    if identity:
        X, Q = np.empty((count, 0, 0)), np.empty((count, 0, 0))
    return X, Q, y, np.repeat(start, 2, axis=0)


def follow(problems: tuple[np.ndarray, ...], alone: int, **given: float | bool) -> tuple[np.ndarray, ...]:
    rows = len(problems[3])
    frozen, rate, most = bool(given.get("frozen", False)), float(given.get("rate", 1.0)), int(given.get("most", 2000))
    target, tolerance = np.full(rows, 1e-6), np.array([1e-9, 1e-7] * (rows // 2))
    return trained(*problems, target, tolerance, frozen, not frozen, rate, most, alone)


def same(a: tuple[np.ndarray, ...], b: tuple[np.ndarray, ...]) -> None:
    for x, z in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, z)


CASES = {
    "usual": ((10, 20, 17), {}),
    "one sample": ((1, 3, 9), {}),
    "square": ((6, 6, 9), {}),
    "more samples": ((7, 4, 9), {}),
    "not fours": ((5, 11, 21), {}),
    "frozen": ((3, 7, 9), {"frozen": True}),
    "half speed": ((3, 7, 9), {"rate": 0.5}),
    "still": ((3, 7, 9), {"rate": 0.0, "most": 7}),
    "given up": ((3, 7, 17), {"most": 30}),
    "not begun": ((3, 7, 9), {"most": 0}),
}


@pytest.mark.parametrize("name", [*CASES, "identity", "identity, frozen"])
def test_rows_abreast_are_rows_alone(name: str) -> None:
    if name.startswith("identity"):
        problems, given = batch(7, 7, 17, identity=True), {"frozen": "frozen" in name}
    else:
        shape, given = CASES[name]
        problems = batch(*shape)
    alone, eight = follow(problems, ALONE, **given), follow(problems, 0, **given)
    same(alone, eight)
    same(alone, follow(problems, 5, **given))
    codes, steps = alone[-1].T
    if name in ("usual", "not fours", "identity"):
        assert (codes == ARRIVED).all()
        assert steps.max() > 2 * steps.min()
    if name == "given up":
        assert {ARRIVED, EXHAUSTED} == set(codes)


def test_what_fails_leaves_nothing_to_its_neighbours() -> None:
    """Networks that are not finite, or have not arrived, beside others, and in the place of which others come."""
    X, Q, y, start = batch(4, 9, 24)
    good = follow((X, Q, y, start), 0)
    y[[1, 9, 10, 23]] = np.nan, np.inf, 1e200, 1e308
    start[34:36] = np.nan
    mixed = follow((X, Q, y, start), 0)
    bad = np.isin(np.arange(48) // 2, [1, 9, 10, 17, 23])
    same(tuple(part[~bad] for part in good), tuple(part[~bad] for part in mixed))
    same(follow((X, Q, y, start), ALONE), mixed)
    assert (good[-1][:, 0] == ARRIVED).all()
    assert set(mixed[-1][bad, 0]) == {NOT_FINITE}


@pytest.mark.parametrize(("n", "d"), [(5, 12), (18, 40), (30, 50)])
def test_a_row_is_the_same_in_any_batch(n: int, d: int) -> None:
    """Of sizes that go abreast and of one that does not."""
    X, _, y, start = batch(n, d, 17, seed=n)
    problem, unit = Regression.of(torch.tensor(X), torch.tensor(y)), torch.ones(17, dtype=torch.float64)
    weights = Weights(*(torch.tensor(start[::2, v]) for v in range(4)))

    def end(rows: list[int]):
        index = torch.tensor(rows)
        options = {"tolerances": (1e-9, 1e-7), "aim": 1e-6}
        return train_flow(problem.select(index), [weights.select(index)], unit[index], **options)[0]

    whole = end(list(range(17)))
    for rows in ([3], list(range(7)), list(range(9, 17)), [16, 3, 8, 0, 1, 2, 12, 13, 14]):
        some = end(rows)
        assert some.status == tuple(whole.status[i] for i in rows)
        for part in ("beta", "tail", "mu", "steps", "integration"):
            assert torch.equal(getattr(some, part), getattr(whole, part)[rows]), part
        for name, (value, bound) in some.path.items():
            assert torch.equal(value, whole.path[name][0][rows]), name
            assert torch.equal(bound, whole.path[name][1][rows]), name


def test_other_starts_end_elsewhere() -> None:
    one, two = (follow(batch(4, 9, 9, seed), 0) for seed in (1, 2))
    assert not np.isclose(one[1], two[1]).any(axis=1).all()
    assert len(np.unique(one[1][::2], axis=0)) == 9


def test_large_networks_go_alone() -> None:
    assert few(10, 20, dense=True) < few(20, 40, dense=True) < ABREAST
    assert few(40, 80, dense=True) == few(1, 100, dense=True) == few(100, 100, dense=False) == sys.maxsize
    assert few(50, 50, dense=False) < ABREAST


@numba.njit(error_model="numpy")
def _reckoned(a: np.ndarray) -> np.ndarray:
    out = aligned(10)
    x, z = eights(a), eights(out)
    z[0], z[1], z[2], z[3] = x[0] + x[1], x[0] - x[1], x[0] * x[1], x[0] / x[1]
    z[4], z[5], z[6] = -x[0], math.sqrt(x[0]), 2.0 * x[0] - x[1] / 3.0
    z[7], z[8] = where_positive(x[0], x[1], x[2]), squares(x)
    z[9] = 1.0
    z[9] += x[0]
    return out


def test_eights_round_as_numbers_do() -> None:
    a = np.random.default_rng(0).standard_normal((11, ABREAST))
    a[0, :3], a[1, :2] = (0.0, -0.0, np.nan), (0.0, np.inf)
    with np.errstate(all="ignore"):
        x, z = a[0], a[1]
        expected = [x + z, x - z, x * z, x / z, -x, np.sqrt(x), 2.0 * x - z / 3.0, np.where(x > 0, z, a[2])]
        p, q, r, s = (a[k] * a[k] + a[4 + k] * a[4 + k] for k in range(4))
        total = (p + q) + (r + s)
        for k in range(8, 11):
            total = total + a[k] * a[k]
    found = _reckoned(a)
    np.testing.assert_array_equal(found, [*expected, total, 1.0 + x])
    assert found.ctypes.data % 64 == 0


def test_the_angles_asinh_is_exact_enough() -> None:
    """Against forty digits, and with the sign of its argument."""
    sizes = [0.0, 1e-300, 1e-16, 1e-8, 0.01, 0.3, 1.0, 7.7, 1e4, 9.99e7, 1.01e8, 1e200, 1e308]
    with mpmath.workdps(40):
        for z in [*sizes, *(-size for size in sizes)]:
            exact = mpmath.asinh(mpmath.mpf(z))
            assert abs(watching._asinh.py_func(z) - exact) <= 2.0**-52 * max(1, abs(exact)), z
