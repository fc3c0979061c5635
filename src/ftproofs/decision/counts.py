"""Evidence about a probability from counts: a likelihood mixture that refutes, exact limits that support."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

#: Alternatives to a probability of delta, as multiples of its odds.
ODDS = (1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)


def log_e_values(violations: int, draws: int, delta: float) -> np.ndarray:
    """Log e-values against a probability of violation of at most delta, one for each alternative.

    The likelihood of the counts at an alternative over that at delta: in expectation at
    most 1 whenever the probability is at most delta, and 1 at delta itself; those of
    further draws add up.

    Args:
        violations: how many of the draws violate.
        draws: their number.
        delta: the largest probability allowed, strictly between 0 and 1.

    Returns:
        shape (len(ODDS), 1), float64.
    """
    odds = np.array(ODDS)[:, None]
    # q = odds delta / (1 - delta + odds delta), so (1 - q)/(1 - delta) = 1/(1 - delta + odds delta).
    growth = np.log1p(delta * (odds - 1))
    return violations * np.log(odds) - draws * growth


def clopper_pearson(violations: int, draws: int, alpha: float) -> tuple[float, float]:
    """Limits of the probability, each of which errs with probability at most alpha."""
    low = float(stats.beta.ppf(alpha, violations, draws - violations + 1)) if violations else 0.0
    high = float(stats.beta.isf(alpha, violations + 1, draws - violations)) if violations < draws else 1.0
    return low, high


def draws_without_violation(delta: float, alpha: float) -> float:
    """Draws after which a claim that is never violated is supported: ``ln(alpha)/ln(1 - delta)``."""
    return math.log(alpha) / math.log1p(-delta)


def quantile(values: np.ndarray, level: float, alpha: float) -> tuple[float, float, float]:
    """The quantile of a law from its draws, with limits that err with probability at most alpha each.

    Order statistics: the limits hold for every law.  A limit beyond the largest or
    smallest draw is infinite.

    Args:
        values: shape (draw,), float64, finite.
        level: of the quantile, strictly between 0 and 1.
        alpha: of each limit.
    """
    ordered = np.sort(values)
    count = len(ordered)
    below = int(stats.binom.ppf(alpha, count, level))
    above = int(stats.binom.isf(alpha, count, level))
    low = float(ordered[below - 1]) if below >= 1 else -math.inf
    high = float(ordered[above]) if above < count else math.inf
    return float(np.quantile(ordered, level, method="higher")), low, high


def refutable_probability(draws: int, delta: float, threshold: float, *, power: float = 0.99) -> float:
    """The smallest probability of violation that these draws refute with that power; 1 if none.

    ``threshold`` is a log e-value (of the mean over the alternatives).
    """
    wanted = threshold + math.log(len(ODDS))
    counts = np.arange(draws + 1)
    best = (counts * np.log(np.array(ODDS)[:, None]) - draws * np.log1p(delta * (np.array(ODDS)[:, None] - 1))).max(0)
    enough = np.flatnonzero(best >= wanted)
    if not len(enough):
        return 1.0
    least = int(enough[0])
    # P(count >= least) is the Beta(least, draws - least + 1) law at the probability.
    return float(stats.beta.ppf(power, least, draws - least + 1)) if least else delta
