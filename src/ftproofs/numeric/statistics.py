"""Evidence about means: e-processes that refute, equivalence tests that support.

Two different questions, two different tools.  An *e-process* (Catoni's, valid for
every law whose variance is at most a stated bound, at every stopping time) is
evidence against ``E[lhs] = E[rhs]``; a *confidence interval* that lies within the
tolerance is evidence for it.  Failing to refute never supports.

References: O. Catoni, "Challenging the empirical mean and empirical variance",
Ann. IHP 2012 (the influence function); H. Wang and A. Ramdas, "Catoni-style
confidence sequences", 2023 (as an e-process); D. Schuirmann 1987 (equivalence by
two one-sided tests).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

#: The bets of the e-process, in units of one standard deviation; an effect shows that is more than half of one.
LAMBDAS = (0.01, 0.03, 0.06, 0.12, 0.25, 0.5)

#: Draws are asked for in multiples of this.
BLOCK = 256

#: An independent pilot of this size bounds the variance by this multiple of its own.
PILOT = BLOCK
PILOT_FACTOR = 1.5

_BETS = np.array(LAMBDAS)[:, None]


def influence(u: np.ndarray) -> np.ndarray:
    """Catoni's influence function: ``log(1 + u + u^2/2)`` for ``u >= 0``, odd. Any shape, float64."""
    size = np.minimum(np.abs(u), 1e150)  # No overflow in the square; the bound below holds all the more.
    return np.copysign(np.log1p(size + 0.5 * size * size), u)


def log_e_values(upper: np.ndarray, lower: np.ndarray, variance: float) -> np.ndarray:
    """Log e-values of fresh draws, one for each bet and direction; those of further draws add up.

    Args:
        upper: shape (draw,). Under the hypothesis its mean is at most 0; column 0 is
            evidence that it is positive.
        lower: shape (draw,). Under the hypothesis its mean is at least 0; column 1 is
            evidence that it is negative.
        variance: a bound on the variance of a draw.

    Returns:
        shape (len(LAMBDAS), 2), float64. ``exp`` of each entry has expectation at most 1
        under the hypothesis: ``exp(phi(u)) <= 1 + u + u^2/2``, and ``phi`` increases, so
        that a mean beyond 0 on the harmless side only lowers it.
    """
    units = 1.0 / math.sqrt(variance)
    logs = np.empty((len(LAMBDAS), 2))
    logs[:, 0] = influence(_BETS * (upper * units)).sum(axis=1)
    logs[:, 1] = influence(_BETS * (lower * -units)).sum(axis=1)
    return logs - len(upper) * 0.5 * _BETS**2


def log_mean_exp(logs: np.ndarray) -> float:
    """``log(mean(exp(logs)))`` over all entries, without overflow; ``-inf`` entries count as 0."""
    largest = float(np.max(logs))
    return largest if math.isinf(largest) else largest + math.log(np.mean(np.exp(logs - largest)))


def claim_log_e(anchors: np.ndarray, adaptive: np.ndarray | None = None) -> float:
    """The log e-value of a claim from those of its settings.

    Args:
        anchors: shape (anchor, bet, direction): settings fixed in advance.
        adaptive: shape (setting, bet, direction): settings chosen by looking at other draws.

    Returns:
        log of the mean of: the mean over anchors of a setting's e-value; the e-value of the
        sums over anchors, bet by bet and direction by direction (a factor wrong everywhere
        accumulates there); the mean over adaptive settings, if there are any. A mean of
        e-values, and a product of independent ones, is an e-value.
    """
    parts = [log_mean_exp(anchors), log_mean_exp(anchors.sum(axis=0))]
    if adaptive is not None and len(adaptive):
        parts.append(log_mean_exp(adaptive))
    return log_mean_exp(np.array(parts))


@dataclass(frozen=True, slots=True)
class RelativeError:
    """An estimate of ``(E[lhs] - E[rhs]) / max(|E[rhs]|, scale/10)`` with its standard error.

    ``unit`` is that denominator, ``spread`` the standard deviation of one draw in units
    of it, ``draws`` their number.
    """

    estimate: float
    spread: float
    unit: float
    draws: int

    @property
    def standard_error(self) -> float:
        """Of the estimate."""
        return self.spread / math.sqrt(self.draws)

    def half_width(self, alpha: float) -> float:
        """Each end of the interval errs with probability alpha (Student)."""
        return -float(stdtrit(self.draws - 1, alpha)) * self.standard_error

    def interval(self, alpha: float) -> tuple[float, float]:
        """The interval each of whose ends errs with probability alpha."""
        half = self.half_width(alpha)
        return self.estimate - half, self.estimate + half


def relative_error(lhs: np.ndarray, rhs: np.ndarray, scale: float) -> RelativeError:
    """The relative error of the means over draws.

    Works on the differences of a draw, since the right side may vary from draw to draw;
    the variation of the denominator is accounted for to first order.

    Args:
        lhs: shape (draw,), float64, at least two draws.
        rhs: shape (draw,).
        scale: the natural scale of the measurement.
    """
    differences = lhs - rhs
    level = float(rhs.mean())
    unit = max(abs(level), scale / 10)
    estimate = float(differences.mean()) / unit
    if abs(level) > scale / 10:
        differences = differences - estimate * math.copysign(1.0, level) * (rhs - level)
    return RelativeError(estimate, float(differences.std(ddof=1)) / unit, unit, len(lhs))


def supports(interval: tuple[float, float], tolerance: float, relation: str = "==") -> bool:
    """Whether the whole interval of the relative error lies within the tolerance.

    For an inequality only a violation counts. The two ends of the interval are the two
    one-sided tests.
    """
    low, high = interval
    above = high < tolerance or relation in (">=", ">")
    below = low > -tolerance or relation in ("<=", "<")
    return above and below


def planned_draws(spread: float, tolerance: float, alpha: float, miss: float, error: float = 0.0) -> float:
    """Draws after which an equivalence test at level alpha supports, but with probability miss.

    ``((z_alpha + z_{miss/2}) spread / (tolerance - |error|))^2``; infinite when the error
    is not below the tolerance.
    """
    margin = tolerance - abs(error)
    if margin <= 0:
        return math.inf
    return float((ndtri(alpha) + ndtri(miss / 2)) * spread / margin) ** 2


def draws_to_refute(spread: float, error: float) -> float:
    """Draws after which an error of that relative size is refuted at e = 1e6, roughly: 30 (spread/error)^2."""
    return 30 * (spread / error) ** 2 if error else math.inf


def in_blocks(draws: float, cap: int) -> int:
    """That many draws, rounded up to whole blocks: at least one, at most the cap."""
    if draws >= cap:
        return cap
    return max(BLOCK, math.ceil(draws / BLOCK) * BLOCK)


def refutable_error(
    errors: Sequence[RelativeError], variances: Sequence[float], threshold: float, *, power: float = 0.99
) -> float:
    """The smallest relative error, the same at every anchor, that ends refuted with that power.

    For a bet l and draws of spread s, unit u and variance bound v, the summed log e-value
    is about normal with mean ``sum N (l e u/sqrt(v) - l^2/2)`` and variance
    ``sum N l^2 (s u)^2/v``; solved for e at the threshold (a log e-value, to which the
    number of bets averaged over is to be added by the caller), best bet taken.
    """
    if not errors:
        return math.inf
    draws = np.array([error.draws for error in errors], dtype=float)
    unit = np.array([error.unit for error in errors])
    spread = np.array([error.spread for error in errors]) * unit
    bound = np.array(variances, dtype=float)
    slope = float((draws * unit / np.sqrt(bound)).sum())
    noise = float(ndtri(power)) * math.sqrt(float((draws * spread**2 / bound).sum()))
    return min((threshold / bet + 0.5 * bet * float(draws.sum()) + noise) / slope for bet in LAMBDAS)
