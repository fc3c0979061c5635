"""From means at growing sizes to their limit: weighted fits in powers of 1/d.

The declared rate is 1/d.  A fit of ``a + b/d`` and one of ``a + b/d + c/d^2`` must
agree; a fit of ``a + b d^-p`` with a free exponent checks the rate itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtr, stdtrit
from scipy.stats import chi2

#: Exponents tried for the free rate.
EXPONENTS = np.linspace(0.5, 3.0, 51)

#: A fit whose residuals are less probable than this does not describe the means.
MISFIT = 1e-4


@dataclass(frozen=True)
class Fit:
    """A weighted least-squares fit: its limit, the limit's standard error, and how well it describes the means.

    ``weights`` (size,) are those of the means in the limit; ``probability`` is that of a
    larger sum of squared residuals.
    """

    limit: float
    standard_error: float
    residual: float
    probability: float
    weights: np.ndarray

    @property
    def adequate(self) -> bool:
        """Whether it describes the means."""
        return self.probability >= MISFIT


def fit(sizes: np.ndarray, means: np.ndarray, errors: np.ndarray, powers: Sequence[float]) -> Fit:
    """The fit of ``a + sum_k b_k d^-powers[k]``.

    Args:
        sizes, means, errors: shape (size,): d, the mean there, and its standard error (positive).
        powers: the exponents, positive; fewer than there are sizes.
    """
    scaled = sizes / sizes.min()  # powers of numbers near 1: well conditioned
    design = np.stack([np.ones_like(scaled), *(scaled**-power for power in powers)], axis=1)
    weighted = np.linalg.pinv(design / errors[:, None])
    weights = weighted[0] / errors
    left = (means - design @ (weighted @ (means / errors))) / errors
    residual, freedom = float(left @ left), len(sizes) - design.shape[1]
    probability = float(chi2.sf(residual, freedom)) if freedom else 1.0
    limit, variance = float(weights @ means), float((weights * errors) @ (weights * errors))
    return Fit(limit, math.sqrt(variance), residual, probability, weights)


@dataclass(frozen=True)
class Extrapolation:
    """What the means at several sizes say about their limit.

    Arrays of shape (size,): sizes d, means, their standard errors, numbers of draws.
    """

    sizes: np.ndarray
    means: np.ndarray
    errors: np.ndarray
    draws: np.ndarray

    @cached_property
    def linear(self) -> Fit:
        """``a + b/d``."""
        return fit(self.sizes, self.means, self.errors, (1,))

    @cached_property
    def quadratic(self) -> Fit:
        """``a + b/d + c/d^2``: the estimate."""
        return fit(self.sizes, self.means, self.errors, (1, 2))

    @property
    def limit(self) -> float:
        """The estimate of the limit."""
        return self.quadratic.limit

    @property
    def widening(self) -> float:
        """Half the difference of the two fits' limits: what the order of the fit may be wrong by."""
        return abs(self.quadratic.limit - self.linear.limit) / 2

    @cached_property
    def freedom(self) -> float:
        """Degrees of freedom of the limit's standard error (Welch and Satterthwaite)."""
        shares = (self.quadratic.weights * self.errors) ** 2
        return float(shares.sum() ** 2 / (shares**2 / (self.draws - 1)).sum())

    def half_width(self, z: float) -> float:
        """Of the interval whose ends err as often as those of z standard deviations, widened."""
        quantile = -float(stdtrit(self.freedom, ndtr(-z)))
        return quantile * self.quadratic.standard_error + self.widening

    def interval(self, z: float) -> tuple[float, float]:
        """The interval of the limit at the declared rate."""
        half = self.half_width(z)
        return self.limit - half, self.limit + half

    def free_interval(self, z: float) -> tuple[float, float] | None:
        """The profile interval of the limit when the exponent is free; None if no exponent describes the means."""
        fits = [fit(self.sizes, self.means, self.errors, (power,)) for power in EXPONENTS]
        least = min(found.residual for found in fits)
        freedom = len(self.sizes) - 3
        if freedom > 0 and chi2.sf(least, freedom) < MISFIT:
            return None
        ends = []
        for found in fits:
            room = z**2 - (found.residual - least)
            if room >= 0:
                half = math.sqrt(room) * found.standard_error
                ends += [found.limit - half, found.limit + half]
        return min(ends), max(ends)
