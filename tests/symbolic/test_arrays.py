"""symbolic/arrays.py: formulas that share their parts, against kernels."""

from __future__ import annotations

import numpy as np
import pytest
from sympy import (
    Abs,
    And,
    Function,
    I,
    Max,
    Min,
    Not,
    Or,
    Piecewise,
    Rational,
    digamma,
    erf,
    exp,
    floor,
    pi,
    sign,
    sqrt,
    symbols,
    zoo,
)

from ftproofs.catalog import claims
from ftproofs.errors import KernelError
from ftproofs.symbolic.arrays import Arrays
from ftproofs.symbolic.functions import depth_root
from ftproofs.symbolic.kernels import numpy_kernel, solves

x, y = symbols("x y", real=True)
AT = {x: np.array([-1.5, 0.0, 0.25, 3.0]), y: np.array([2.0, 0.5, -4.0, 3.0])}


@pytest.mark.parametrize(
    "expr",
    [
        Rational(3, 7) * x**2 / y - pi,
        sqrt(x) + Abs(y) ** Rational(1, 3),
        1 / x,
        Piecewise((x**2, x > 0), (y, And(x < 0, y >= 2)), (exp(y), True)),
        Piecewise((1, Or(Not(x < y), x > 5))),
        Max(x, y, 1) * Min(x, -1) + sign(y),
        erf(x) + floor(y) + digamma(y),
        depth_root(3, x**2 + 1, y**2, 2),
    ],
)
def test_values_are_those_of_kernels(expr) -> None:
    kernel = numpy_kernel(expr, [x, y])(AT[x], AT[y])
    np.testing.assert_allclose(Arrays(AT)(expr), kernel, rtol=1e-12)


def test_what_has_no_value_is_nan_where_it_is_reached() -> None:
    split = Piecewise((x, x > 0), (I * zoo, True))
    np.testing.assert_array_equal(Arrays(AT)(split), [np.nan, np.nan, 0.25, 3.0])
    with pytest.raises(KernelError, match="FT141"):
        Arrays(AT)(Function("f")(x))


def test_formulas_of_the_catalog() -> None:
    rng = np.random.default_rng(5)
    seen = 0
    for claim in claims().values():
        for side in (side for statement in claim.statements for side in (statement.lhs, statement.rhs)):
            names = sorted(side.free_symbols, key=str)
            if solves(side) or not names:
                continue
            points = {s: rng.integers(2, 9, 5) + (0.0 if s.is_integer else rng.uniform(0.1, 0.4, 5)) for s in names}
            try:
                kernel = numpy_kernel(side, names)(*points.values())
            except KernelError:
                continue
            found = Arrays(points)(side)
            # Rewritten for accuracy or not: terms of size 1e5 may cancel.
            np.testing.assert_allclose(found, kernel, rtol=1e-6, atol=1e-8, err_msg=claim.id)
            seen += int(np.isfinite(kernel).any())
    assert seen > 150
