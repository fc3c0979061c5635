"""roots and kernel.q: numbers from formulas, against SciPy and a naive lambdify."""

from __future__ import annotations

import math
from itertools import pairwise

import mpmath
import numpy as np
import sympy
from scipy.optimize import brentq

from ftproofs.bench.data import rng
from ftproofs.bench.entries import ENTRIES
from ftproofs.bench.measure import Plan, by_turns
from ftproofs.bench.outcome import Outcome, Side
from ftproofs.symbolic.kernels import numpy_kernel
from ftproofs.symbolic.penalty import penalty
from ftproofs.symbolic.roots import depth_root_array

#: Binary digits in which q's own formula is exact at ratios of 1e-300.
BITS = 4200


def brent(L: float, A: float, b: float, s: float) -> float:
    """The depth root by SciPy's brentq, in ln N and from a bracket in closed form, to the last digits."""
    first, second = 2 * math.log(A), 2 * math.log(b) - 2 * (L - 1) / L * math.log(s)

    def excess(x: float) -> float:
        p, q = first - x, second - x / L
        top = max(p, q)
        return top + math.log1p(math.exp(min(p, q) - top))

    low = max(first, L * second)
    high = max(first + math.log(2), L * (second + math.log(2)))
    x = float(brentq(excess, low - 1e-9, high + 1e-9, xtol=1e-15, rtol=8.9e-16))
    return math.exp((L - 1) / L * (x / 2 - math.log(s)))


def _exact(point: tuple[float, ...], near: float) -> float:
    """The root of ``c^(2/(L-1)) s^2 = (A/c)^2 + b^2`` by mpmath."""
    with mpmath.workdps(40):
        depth, one, other, length = (mpmath.mpf(z) for z in point)

        def excess(c: mpmath.mpf) -> mpmath.mpf:
            return c ** (2 / (depth - 1)) * length**2 - (one / c) ** 2 - other**2

        return float(mpmath.findroot(excess, mpmath.mpf(near)))


def roots(plan: Plan) -> list[Outcome]:
    """The depth root of one setting of many."""
    entry, draw = ENTRIES["roots"], rng("roots")
    many, few, checked = (2000, 50, 10) if plan.quick else (100_000, 1000, 100)
    L = draw.integers(2, 9, many).astype(float)
    A, b, s = np.exp(draw.uniform(-2, 2, (3, many)))
    points = list(zip(*(z[:few].tolist() for z in (L, A, b, s)), strict=True))
    seconds = by_turns(
        {"ours": lambda: depth_root_array(np, L, A, b, s), "peer": lambda: [brent(*point) for point in points]}, plan
    )
    ours = depth_root_array(np, L, A, b, s)[:checked]
    exact = np.array([_exact(point, near) for point, near in zip(points, ours, strict=False)])
    theirs = np.array([brent(*point) for point in points[:checked]])
    return [
        Outcome(
            entry,
            f"L from 2 to 8, {many} roots at once",
            Side("ftproofs, Newton on arrays", tuple(t / many for t in seconds["ours"]), _relative(ours, exact)),
            Side("scipy.optimize.brentq", tuple(t / few for t in seconds["peer"]), _relative(theirs, exact)),
            entry.target,
            f"errors at {checked} points against mpmath with 40 digits",
        )
    ]


def _relative(found: np.ndarray, exact: np.ndarray) -> float:
    return float(np.abs(found / exact - 1).max())


def penalty_q(plan: Plan) -> list[Outcome]:
    """q(x; c) in every band of x/c: the formula as it is printed loses all digits where x is small."""
    entry, draw = ENTRIES["kernel.q"], rng("kernel.q")
    x, c = sympy.symbols("x c", positive=True)
    printed = penalty.elementary(x, c)
    ours, naive = numpy_kernel(penalty(x, c), (x, c)), sympy.lambdify((x, c), printed, "numpy")
    band = 4 if plan.quick else 30
    edges = (-290, -100, -8, -6, -4, -2, -1, 0, 1, 4, 20, 150)
    size = 10.0 ** np.concatenate([draw.uniform(low, high, band) for low, high in pairwise(edges)])
    scale = 10.0 ** draw.uniform(-3, 3, len(size))
    at = np.where(size > 1e-280, size * scale, size)
    exact = [_penalty(a, b) for a, b in zip(at.tolist(), scale.tolist(), strict=True)]
    many = np.resize(at, 20_000 if plan.quick else 1_000_000), np.resize(scale, 20_000 if plan.quick else 1_000_000)

    def unwary() -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.asarray(naive(*many))

    seconds = by_turns({"ours": lambda: ours(*many), "peer": unwary}, plan)
    with np.errstate(all="ignore"):
        errors = [max(map(_places, run(at, scale).tolist(), exact)) for run in (ours, naive)]
    count = len(many[0])
    return [
        Outcome(
            entry,
            f"x/c from 1e-290 to 1e150, {len(size)} points; seconds a number in an array of {count}",
            Side("ftproofs, stable kernel", tuple(t / count for t in seconds["ours"]), errors[0]),
            Side("lambdify of the printed formula", tuple(t / count for t in seconds["peer"]), errors[1]),
            None,
            "errors against the printed formula in mpmath with 4200 bits",
        )
    ]


def _penalty(x: float, c: float) -> mpmath.mpf:
    with mpmath.workprec(BITS):
        a, b = mpmath.mpf(x), mpmath.mpf(c)
        return (b - mpmath.sqrt(b * b + a * a) + a * mpmath.asinh(a / b)) / 2


def _places(found: float, exact: mpmath.mpf) -> float:
    """The error in units in the last place; infinite where no number was found."""
    if not math.isfinite(found):
        return math.inf
    with mpmath.workprec(BITS):
        return float(abs(mpmath.mpf(found) - exact) / mpmath.mpf(float(np.spacing(float(exact)))))
