"""The draws of one setting: asked for, counted as evidence, looked at."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ftproofs.claim import Relation
from ftproofs.decision.each import violations
from ftproofs.numeric import statistics
from ftproofs.numeric.statistics import (
    BLOCK,
    LAMBDAS,
    PILOT,
    PILOT_FACTOR,
    RelativeError,
    draws_to_refute,
    in_blocks,
    planned_draws,
)

#: The probability that an anchor of a true claim misses support at its first look.
MISS = 1e-3

#: The quantile of a pilot's differences at which larger ones are cut off, for the second half of the bets.
CUT = 0.95
BETS = 2 * len(LAMBDAS)

#: Room under an inequality that a plan counts on, relative, at most; and the tenth by which a tighter bound is moved.
MOST_ROOM = 0.08
MOVED = 0.1

#: Standard errors that a pilot's room is taken to be smaller than it looked.
ROOM_Z = 4.0


def room_of(estimate: float, error: float, relation: Relation, tolerance: float = 0.02) -> float:
    """How far on the right side of an inequality a pilot lies for certain, relative; 0 of an equation.

    ``estimate`` is the pilot's relative error of the left side, ``error`` the standard error of that.

    Where a bound tighter by a tenth would be violated, no more than leaves draws enough to refute that one: about
    60 (spread/violation)^2, where support takes 49 (spread/(tolerance + room))^2.
    """
    if relation == "==":
        return 0.0
    gap = -float(violations(np.array(estimate), relation))
    room = min(MOST_ROOM, max(0.0, gap - ROOM_Z * error))
    violated = MOVED - (1 + MOVED) * gap - tolerance
    return min(room, max(0.0, 0.9 * violated - tolerance)) if violated > 0 else room


def _larger(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return max(one[0], other[0]), max(one[1], other[1])


class Sampler(Protocol):
    """Fresh independent draws of both sides of one statement.

    ``setting`` counts the anchors, then the adaptive settings. ``stage`` is ``pilot``,
    ``confirm`` or ``second``: streams that share no draw with one another, nor with
    exploration. ``start`` and ``count`` are multiples of `BLOCK`; the same draw has the
    same index whoever asks. ``method`` 1 asks for a second implementation.

    Returns:
        lhs and rhs, shape (count,), float64; not finite where there is no number.
    """

    def __call__(
        self, setting: int, stage: str, start: int, count: int, *, method: int = 0
    ) -> tuple[np.ndarray, np.ndarray]: ...


@dataclass(frozen=True, slots=True)
class Anchor:
    """A setting at which means are compared.

    ``scale`` is the natural scale of the statement there. ``variance`` is a proved bound
    on the variance of ``lhs - rhs``, if there is one. With ``supports`` false the setting
    may refute and never supports (tails too heavy for a normal interval: d - n < 10).
    ``finer`` is by how much smaller an error than the tolerance draws are planned for: what refutes wrong
    formulas where draws cost little.  ``most`` is how many a setting takes that may only refute; without it as
    many as the costliest that supports.
    """

    scale: float
    variance: float | None = None
    supports: bool = True
    finer: float = 1.0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class SettingFinding:
    """What one setting says: relative error, its interval, its log e-value, the draws it took.

    ``supported`` is None where the setting may only refute; ``error`` says that some draw
    was not a number. ``variance`` is the bound the e-process used.
    """

    draws: int
    estimate: float
    interval: tuple[float, float]
    log_evidence: float
    spread: float
    variance: float
    supported: bool | None
    error: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    tolerance: float
    cap: int
    relation: Relation
    alpha: float
    refute_at: float

    @property
    def directions(self) -> list[int]:
        """The directions that refute: 0 when lhs is too large, 1 when it is too small."""
        if self.relation == "==":
            return [0, 1]
        return [0] if self.relation in ("<", "<=") else [1]

    def draws_for(self, spread: float, alpha: float, room: float = 0.0) -> int:
        """Draws after which an anchor of that spread is supported if its error is 0, or that far on the right side."""
        return in_blocks(planned_draws(spread, self.tolerance + room, alpha, MISS), self.cap)

    def missing(self, relative: RelativeError) -> int:
        """Draws still needed to support an error like the one seen, or to refute it, whichever is less."""
        violation = max(0.0, float(violations(np.array(relative.estimate), self.relation)))
        support = planned_draws(relative.spread, self.tolerance, self.alpha, MISS, violation)
        beyond = violation if self.relation == "==" else violation - self.tolerance
        total = min(support, draws_to_refute(relative.spread, max(0.0, beyond)))
        return max(BLOCK, math.ceil(min(total, 1e15)) - relative.draws)

    def reach(self, interval: tuple[float, float]) -> float:
        """The largest violation within an interval of the relative error."""
        return float(violations(np.array(interval), self.relation).max())

    def slack(self, rhs: np.ndarray, scale: float) -> np.ndarray | float:
        """What an inequality may be violated by, draw by draw; its mean is at least that of the means."""
        return 0.0 if self.relation == "==" else self.tolerance * np.maximum(np.abs(rhs), scale / 10)


@dataclass
class Track:
    """The draws of one setting and what they say so far."""

    index: int
    anchor: Anchor
    fixed: bool
    variance: float = math.nan
    cut: tuple[float, float] = (-math.inf, math.inf)
    cut_variances: tuple[float, float] = (math.nan, math.nan)
    target: int = BLOCK
    levels: list[float] = field(default_factory=list)
    level: float = math.nan
    lhs: np.ndarray = field(default_factory=lambda: np.empty(0))
    rhs: np.ndarray = field(default_factory=lambda: np.empty(0))
    logs: np.ndarray = field(default_factory=lambda: np.zeros((BETS, 2)))
    counted: int = 0
    supported: bool | None = None
    done: bool = False
    error: bool = False
    spent: int = 0

    @property
    def may_support(self) -> bool:
        return self.fixed and self.anchor.supports

    @property
    def draws(self) -> int:
        return len(self.lhs)

    @property
    def relative(self) -> RelativeError:
        return statistics.relative_error(self.lhs, self.rhs, self.anchor.scale)

    def fetch(
        self, sampler: Sampler, stage: str, start: int, count: int, method: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draws of one stage; anything that is no number puts the setting in error."""
        lhs, rhs = (np.asarray(side, dtype=float) for side in sampler(self.index, stage, start, count, method=method))
        if lhs.shape != (count,) or rhs.shape != (count,):
            raise ValueError(f"asked for {count} draws, got shapes {lhs.shape} and {rhs.shape}")
        self.spent += count
        if not (np.isfinite(lhs).all() and np.isfinite(rhs).all()):
            self.error = self.done = True
        return lhs, rhs

    def plan(self, sampler: Sampler, rule: Rule) -> None:
        """Bound the variance, and set how far to draw and at which levels to look."""
        scale = self.anchor.scale
        if self.anchor.variance is None:
            lhs, rhs = self.fetch(sampler, "pilot", 0, PILOT)
            if self.error:
                return
            pilot = statistics.relative_error(lhs, rhs, scale)
            unit, spread = pilot.unit, pilot.spread
            room = room_of(pilot.estimate, pilot.standard_error, rule.relation, rule.tolerance)
            slack = rule.slack(rhs, scale)
            self.variance = PILOT_FACTOR * float(np.var(lhs - rhs - slack, ddof=1))
            low, high = np.quantile(lhs - rhs + slack, 1 - CUT), np.quantile(lhs - rhs - slack, CUT)
            self.cut = (min(float(low), 0.0), max(float(high), 0.0))
            self.cut_variances = self._seen_cut(lhs, rhs, rule)
        else:
            self.lhs, self.rhs = self.fetch(sampler, "confirm", 0, BLOCK)
            if self.error:
                return
            # A right side without randomness is known from any draw, and tells nothing about the others.
            unit = max(abs(float(self.rhs[0])), scale / 10) if np.ptp(self.rhs) == 0 else scale / 10
            spread, room = math.sqrt(self.anchor.variance) / unit, 0.0
            self.variance = self.anchor.variance
            self.cut_variances = (self.variance, self.variance)
        # A larger bound is a bound. Nothing finer than the tolerance is wanted, and rounding
        # (or a pilot that missed a rare large value) must not pass for a tiny variance.
        least = (rule.tolerance * unit) ** 2
        self.variance = max(self.variance, least)
        self.cut_variances = _larger(self.cut_variances, (least, least))
        self.levels = [rule.alpha / 2, rule.alpha / 2]
        self.target = rule.draws_for(spread * self.anchor.finer, rule.alpha / 2, room)
        if self.target >= rule.cap:
            self.levels = [rule.alpha]
        self.level = rule.alpha

    def extend(self, sampler: Sampler, size: int, rule: Rule) -> None:
        """Draw up to that many, and count the evidence of what is new."""
        if self.error:
            return
        if size > self.draws:
            lhs, rhs = self.fetch(sampler, "confirm", self.draws, size - self.draws)
            if self.error:
                return
            self.lhs, self.rhs = np.concatenate([self.lhs, lhs]), np.concatenate([self.rhs, rhs])
        if self.raise_variance(self.lhs, self.rhs, rule):
            self.logs, self.counted = np.zeros_like(self.logs), 0
        self.logs = self.logs + self.evidence(self.lhs[self.counted :], self.rhs[self.counted :], rule)
        self.counted = self.draws

    def raise_variance(self, lhs: np.ndarray, rhs: np.ndarray, rule: Rule) -> bool:
        """Raise a bound that came from a pilot to the same multiple of these draws' variance, if that is larger.

        Where tails are heavy a pilot mostly misses them and its bound is no bound: of a true claim
        about a square of squares one run in ten was refuted by it.  A larger bound only takes evidence away.
        """
        if self.anchor.variance is not None:
            return False
        seen = PILOT_FACTOR * float(np.var(lhs - rhs - rule.slack(rhs, self.anchor.scale), ddof=1))
        before = (self.variance, self.cut_variances)
        self.variance = max(self.variance, seen)
        self.cut_variances = _larger(self.cut_variances, self._seen_cut(lhs, rhs, rule))
        return before != (self.variance, self.cut_variances)

    def _seen_cut(self, lhs: np.ndarray, rhs: np.ndarray, rule: Rule) -> tuple[float, float]:
        above, below = (PILOT_FACTOR * float(np.var(side, ddof=1)) for side in self._cut(lhs, rhs, rule))
        return above, below

    def _cut(self, lhs: np.ndarray, rhs: np.ndarray, rule: Rule) -> tuple[np.ndarray, np.ndarray]:
        """What is positive in the mean where lhs is too large, and negative where it is too small, cut off."""
        differences, slack = lhs - rhs, rule.slack(rhs, self.anchor.scale)
        return np.minimum(differences - slack, self.cut[1]), np.maximum(differences + slack, self.cut[0])

    def evidence(self, lhs: np.ndarray, rhs: np.ndarray, rule: Rule) -> np.ndarray:
        """Log e-values of draws by bet and direction, shape (bet, 2): of the draws, then of the draws cut off.

        What is cut off at a pilot's quantile has a mean that is no larger, and a variance even where the law has
        none: so a claim about a mean that is infinite is refuted as well.
        """
        differences, slack = lhs - rhs, rule.slack(rhs, self.anchor.scale)
        whole = statistics.log_e_values(differences - slack, differences + slack, self.variance)
        sides = zip(self._cut(lhs, rhs, rule), self.cut_variances, strict=True)
        above, below = (statistics.log_e_values(side, side, variance) for side, variance in sides)
        return np.concatenate([whole, np.stack([above[:, 0], below[:, 1]], axis=1)])

    def look(self, rule: Rule) -> None:
        """Look at the interval, once at each level; extend if it is not within the tolerance."""
        if self.done:
            return
        self.done = True
        if not self.may_support:
            return
        self.level = self.levels.pop(0)
        relative = self.relative
        self.supported = statistics.supports(relative.interval(self.level), rule.tolerance, rule.relation)
        if not self.supported and self.levels:
            wanted = max(2 * self.draws, rule.draws_for(relative.spread * self.anchor.finer, self.levels[0]))
            self.target, self.done = min(wanted, rule.cap), False

    def finding(self, rule: Rule) -> SettingFinding:
        """What this setting says, in the end."""
        if self.error:
            nowhere = (-math.inf, math.inf)
            return SettingFinding(self.draws, math.nan, nowhere, -math.inf, math.nan, self.variance, None, True)
        relative = self.relative
        log_e = statistics.log_mean_exp(self.logs[:, rule.directions])
        return SettingFinding(
            self.draws,
            relative.estimate,
            relative.interval(self.level),
            log_e,
            relative.spread,
            self.variance,
            self.supported,
        )
