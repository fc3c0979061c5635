"""A formula that is solved for at every draw, as a function of the one measurement in it that varies: interpolated.

Only judges of stored draws use it, whose formulas may have a measurement among a solution's arguments, as no claim has:
a solution takes milliseconds, and a setting has ten thousand draws.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.polynomial import Chebyshev

#: Degrees tried, and the error allowed, of the largest value: far below what draws can tell.
DEGREES = (12, 24, 48)
ERROR = 1e-8
#: Where the interpolant is compared with the formula, as shares of its range.
COMPARED = np.array([0.0, 0.037, 0.213, 0.419, 0.577, 0.811, 0.958, 1.0])
#: Fewer values are not worth an interpolant.
WORTH = 64

Formula = Callable[[np.ndarray], np.ndarray]


class Interpolated:
    """A formula of one number; its range grows with what is asked."""

    def __init__(self, formula: Formula) -> None:
        self._formula = formula
        self._found: Chebyshev | None = None
        self._low, self._high = np.inf, -np.inf

    def __call__(self, at: np.ndarray) -> np.ndarray:
        """The formula's values, shape (draw,): by the interpolant where it is one, else each by itself."""
        if not np.isfinite(at).all():
            return self._formula(at)
        low, high = float(at.min()), float(at.max())
        if low < self._low or high > self._high:
            self._low, self._high = min(low, self._low), max(high, self._high)
            self._found = _fitted(self._formula, self._low, self._high)
        return self._formula(at) if self._found is None else self._found(at)


def _fitted(formula: Formula, low: float, high: float) -> Chebyshev | None:
    """An interpolant that is the formula up to `ERROR`; None where none of the degrees gives one."""
    points = low + (high - low) * COMPARED
    values = formula(points)
    if not (low < high and np.isfinite(values).all()):
        return None
    for degree in DEGREES:
        found = Chebyshev.interpolate(formula, degree, domain=(low, high))
        allowed = ERROR * np.abs(values).max()
        # The last coefficients say what the points compared do not: whether it has settled between them.
        if (np.abs(found.coef[-3:]) <= allowed).all() and (np.abs(found(points) - values) <= allowed).all():
            return found
    return None
