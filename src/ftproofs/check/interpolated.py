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
#: Shares of the draws left out on either side until the rest is smooth; those are solved for.
TRIMMED = (0.0, 0.01, 0.1)
#: Where the interpolant is compared with the formula, as shares of its range.
COMPARED = np.array([0.0, 0.037, 0.213, 0.419, 0.577, 0.811, 0.958, 1.0])
#: Fewer values are not worth an interpolant.
WORTH = 64
#: As often it is tried, and so many values are solved for where no interpolant is found.
TRIED, MOST = 2, 500
#: With last coefficients above this a higher degree is not tried.
ROUGH = 1e-3

Formula = Callable[[np.ndarray], np.ndarray]


class TooDear(Exception):
    """The formula is not smooth, and too many of its values were asked for."""


class Interpolated:
    """A formula of one number; its range grows with what is asked."""

    def __init__(self, formula: Formula) -> None:
        self._formula = formula
        self._found: Chebyshev | None = None
        self._failed = 0
        self._solved = 0

    def __call__(self, at: np.ndarray) -> np.ndarray:
        """The formula's values, shape (draw,): by the interpolant where it is one, else each by itself.

        Raises:
            TooDear: more than `MOST` would have been solved for.
        """
        inside = self._inside(at)
        # A few draws beyond the range are solved for; more ask for a wider one.
        if inside.mean() < 1 - 2 * TRIMMED[1] and self._failed < TRIED and np.isfinite(at).all():
            self._fit(at)
            inside = self._inside(at)
        values = np.empty(at.shape)
        if self._found is not None:
            values[inside] = self._found(at[inside])
        if not inside.all():
            self._solved += int((~inside).sum())
            if self._solved > MOST:
                raise TooDear
            values[~inside] = self._formula(at[~inside])
        return values

    def _inside(self, at: np.ndarray) -> np.ndarray:
        if self._found is None:
            return np.zeros(at.shape, dtype=bool)
        low, high = self._found.domain
        return np.asarray((at >= low) & (at <= high))

    def _fit(self, at: np.ndarray) -> None:
        """A wider interpolant, as wide as there is one; what was found stays if there is none."""
        known = np.array([]) if self._found is None else self._found.domain
        for share in TRIMMED:
            low, high = np.quantile(np.append(at, known) if share == 0 else at, (share, 1 - share))
            found = _fitted(self._formula, float(low), float(high))
            if found is not None:
                self._found = found
                break
        if found is None or share > 0:  # no wider one would be found
            self._failed += 1


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
        if np.abs(found.coef[-3:]).max() > ROUGH * np.abs(values).max():
            break
    return None
