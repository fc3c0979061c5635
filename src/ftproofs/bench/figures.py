"""The arithmetic of benchmarks: ratios with their spread, and exponents fitted to costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: How far a fitted exponent may be from what is expected.
TOLERANCE = 0.25


@dataclass(frozen=True)
class Spread:
    """The median of some numbers, the smallest and the largest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Spread:
        """Of at least one number."""
        return cls(float(np.median(numbers)), min(numbers), max(numbers))


def ratios(peer: Sequence[float], ours: Sequence[float]) -> Spread:
    """The peer's seconds over ours, turn by turn: neighbours in time saw the same machine.

    Raises:
        ValueError: another number of turns on either side, or none.
    """
    return Spread.of([p / o for p, o in zip(peer, ours, strict=True)])


@dataclass(frozen=True)
class Fit:
    """``cost ~ size^exponent`` by least squares of the logarithms; ``error`` is the exponent's standard error."""

    exponent: float
    error: float


def fit(sizes: Sequence[float], costs: Sequence[float]) -> Fit:
    """The exponent of positive costs at two sizes or more; its error is 0 where there are only two."""
    x, y = np.log(np.asarray(sizes, dtype=float)), np.log(np.asarray(costs, dtype=float))
    x, y = x - x.mean(), y - y.mean()
    square = float(x @ x)
    slope = float(x @ y) / square
    missed = float(((y - slope * x) ** 2).sum())
    return Fit(slope, math.sqrt(missed / (len(x) - 2) / square) if len(x) > 2 else 0.0)


def within(exponent: float, expected: float, *, at_most: bool = False) -> bool:
    """Whether an exponent is as expected; ``at_most`` allows any smaller one."""
    return exponent <= expected + TOLERANCE and (at_most or exponent >= expected - TOLERANCE)
