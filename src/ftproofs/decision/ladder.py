"""The draws of one anchor of a limit: a ladder of sizes, asked for in rounds, looked at as one extrapolation."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from ftproofs.claim import Relation
from ftproofs.decision.draws import room_of
from ftproofs.decision.each import violations
from ftproofs.decision.scaling import Extrapolation, Fit, fit
from ftproofs.verdict import SizeMean

#: Standard deviations of the interval that refutes (1e-5, both sides together).
REFUTE_Z = 4.4

#: Looks for support, and standard deviations within the tolerance at each: 1e-3 on each side, over all looks.
LOOKS = 3
SUPPORT_Z = 3.4

#: Draws at the largest size of a ladder are counted in rounds of this many.
ROUND = 32

#: Standard errors of the limit that fit into the tolerance at the first look: 3.4 for the
#: level, the rest for chance and half the difference of the fits.  A true claim that
#: chance keeps from support (about one in ten) is drawn twice as often and looked at again.
_PLAN = 5.7

#: Where draws cost the same at every size, as many are planned as would support that part of the tolerance.
FINER = 2

#: No size's mean is taken to be known better than this share of the tolerance: higher
#: orders of 1/d, small as they are, must not pass for a limit.
_FINEST = 0.01

#: An error lasts if over so many of the largest sizes it shrinks more slowly than d to minus this power (the
#: slowest rate that is fitted is d^-1/2), and is so many tolerances large in the end.
LAST = 3
SLOWEST = 0.25
MANY = 10


class LimitSampler(Protocol):
    """Fresh independent draws of both sides of one statement, at one size of an anchor's ladder.

    ``setting`` counts the anchors, then the adaptive settings; ``size`` is an index into
    the ladder.  ``stage`` is ``pilot``, ``confirm`` or ``second``: streams that share no
    draw.  ``start`` and ``count`` are multiples of the size's own round.  rhs is taken at
    the realised ratios.  ``method`` 1 asks for a second implementation.

    Returns:
        lhs and rhs, shape (count,), float64; not finite where there is no number.
    """

    def __call__(
        self, setting: int, size: int, stage: str, start: int, count: int, *, method: int = 0
    ) -> tuple[np.ndarray, np.ndarray]: ...


@dataclass(frozen=True, slots=True)
class Ladder:
    """An anchor of a limit: its sizes d, increasing, and the natural scale of the statement there.

    With ``supports`` false the anchor may refute and never supports.  With ``even`` draws
    cost the same at every size: all sizes get as many, and more than a first support takes, so that smaller errors
    refute.  The second method draws at the first ``confirmed`` sizes (None: at all).
    """

    sizes: tuple[int, ...]
    scale: float
    supports: bool = True
    even: bool = False
    confirmed: int | None = None

    @property
    def rounds(self) -> tuple[int, ...]:
        """Draws in a round at each size: proportional to 1/d, as what they cost is to d, or ``even``."""
        return tuple(ROUND if self.even else round(ROUND * self.sizes[-1] / d) for d in self.sizes)

    @property
    def confirming(self) -> Ladder:
        """The ladder of the second method."""
        return replace(self, sizes=self.sizes[: self.confirmed], even=False, confirmed=None)


@dataclass(frozen=True, slots=True)
class LimitFinding:
    """What one anchor says: the limit of its relative error, its interval, and the means behind it.

    ``linear`` is the limit of ``a + b/d``; ``free`` the interval at a free exponent (None
    if no exponent describes the means). ``supported`` is None where the anchor may only refute.
    """

    draws: int
    estimate: float
    interval: tuple[float, float]
    unit: float
    sizes: tuple[SizeMean, ...]
    linear: float
    free: tuple[float, float] | None
    supported: bool | None
    error: bool = False


@dataclass(frozen=True, slots=True)
class LimitRule:
    """The tolerance, the largest number of rounds, and the relation."""

    tolerance: float
    cap: int
    relation: Relation

    def reach(self, interval: tuple[float, float]) -> float:
        """The largest violation within an interval of the relative error."""
        return float(violations(np.array(interval), self.relation).max())

    def side(self, interval: tuple[float, float]) -> int:
        """+1 if the whole interval is too large for the relation, -1 if too small, else 0."""
        low, high = interval
        allowed = 0.0 if self.relation == "==" else self.tolerance
        if low > allowed and self.relation in ("==", "<=", "<"):
            return 1
        if high < -allowed and self.relation in ("==", ">=", ">"):
            return -1
        return 0


@dataclass
class LimitTrack:
    """The draws of one anchor and what they say so far; ``differences[k]`` are those at size k, over the unit."""

    index: int
    ladder: Ladder
    fixed: bool
    unit: float = math.nan
    stage: str = "confirm"
    method: int = 0
    target: int = 1
    rounds: int = 0
    looks: int = LOOKS
    tolerance: float = 0.02
    differences: list[np.ndarray] = field(default_factory=list)
    supported: bool | None = None
    doubt: str = ""
    done: bool = False
    error: bool = False
    spent: int = 0
    _seen: tuple[int, Extrapolation] | None = None

    @property
    def may_support(self) -> bool:
        return self.fixed and self.ladder.supports

    def _fetch(
        self, sampler: LimitSampler, size: int, stage: str, start: int, count: int
    ) -> tuple[np.ndarray, np.ndarray]:
        sides = sampler(self.index, size, stage, start, count, method=self.method)
        lhs, rhs = (np.asarray(side, dtype=float) for side in sides)
        if lhs.shape != (count,) or rhs.shape != (count,):
            raise ValueError(f"asked for {count} draws, got shapes {lhs.shape} and {rhs.shape}")
        self.spent += count
        if not (np.isfinite(lhs).all() and np.isfinite(rhs).all()):
            self.error = self.done = True
        return lhs, rhs

    def plan(self, sampler: LimitSampler, rule: LimitRule) -> None:
        """From a pilot of one round: the unit, and how many rounds to draw, fewer where an inequality has room."""
        self.tolerance = rule.tolerance
        spreads, means = [], []
        for size, count in enumerate(self.ladder.rounds):
            lhs, rhs = self._fetch(sampler, size, "pilot", 0, count)
            if self.error:
                return
            spreads.append(float((lhs - rhs).std(ddof=1)))
            means.append(float((lhs - rhs).mean()))
            self.unit = max(abs(float(rhs.mean())), self.ladder.scale / 10)
        errors = np.array(spreads) / self.unit / np.sqrt(self.ladder.rounds)
        one = self._fit(errors, np.array(means) / self.unit)
        room = room_of(one.limit, one.standard_error, rule.relation, rule.tolerance) if one.adequate else 0.0
        margin = (rule.tolerance + room) / (FINER if self.ladder.even else 1)
        self.target = self._rounds(one.standard_error, margin, rule.cap)

    def _fit(self, errors: np.ndarray, means: np.ndarray) -> Fit:
        return fit(np.array(self.ladder.sizes, float), means, np.maximum(errors, _FINEST * self.tolerance), (1, 2))

    def _rounds(self, error_of_one: float, margin: float, cap: int) -> int:
        return int(min(cap, max(1, math.ceil(min(1e9, (_PLAN * error_of_one / margin) ** 2)))))

    def extend(self, sampler: LimitSampler, rounds: int) -> None:
        """Draw up to that many rounds at every size."""
        if self.error or rounds <= self.rounds:
            return
        fresh = []
        for size, count in enumerate(self.ladder.rounds):
            lhs, rhs = self._fetch(sampler, size, self.stage, self.rounds * count, (rounds - self.rounds) * count)
            if self.error:
                return
            fresh.append((lhs - rhs) / self.unit)
        old = self.differences or [np.empty(0)] * len(fresh)
        self.differences = [np.concatenate(pair) for pair in zip(old, fresh, strict=True)]
        self.rounds = rounds

    @property
    def extrapolation(self) -> Extrapolation:
        """The means so far, with their limit."""
        if self._seen is None or self._seen[0] != self.rounds:
            draws = np.array([len(x) for x in self.differences])
            errors = np.array([x.std(ddof=1) for x in self.differences]) / np.sqrt(draws)
            means = np.array([x.mean() for x in self.differences])
            errors = np.maximum(errors, _FINEST * self.tolerance)
            self._seen = self.rounds, Extrapolation(np.array(self.ladder.sizes, float), means, errors, draws)
        return self._seen[1]

    def side(self, rule: LimitRule, z: float) -> int:
        """On which side the limit at the declared rate violates the relation, or an error lasts; 0 if it may hold."""
        found = self.extrapolation
        return rule.side(found.interval(z)) if found.quadratic.adequate else self.lasting(rule, z)

    def lasting(self, rule: LimitRule, z: float) -> int:
        """On which side of the relation an error stays that hardly shrinks at the largest sizes; 0 if none does.

        No fit in powers of 1/d describes a statement that is wrong by a power of d, or one
        with a pole between the sizes.  But an error of many tolerances that from size to
        size shrinks more slowly than any rate considered here, by z standard deviations
        each time, is not on its way to 0 either.
        """
        found = self.extrapolation
        sign = 1 if found.means[-1] > 0 else -1
        means, errors, sizes = sign * found.means[-LAST:], found.errors[-LAST:], found.sizes[-LAST:]
        kept = (sizes[:-1] / sizes[1:]) ** SLOWEST
        steps = means[1:] - kept * means[:-1] - z * np.hypot(errors[1:], kept * errors[:-1])
        large = means[-1] - z * errors[-1] > MANY * self.tolerance
        if not (large and (means > 0).all() and (steps > 0).all()):
            return 0
        return rule.side((sign * float(means[-1]),) * 2)

    def accuses(self, rule: LimitRule) -> int:
        """On which side the limit violates the relation, at the declared and at a free rate; 0 if it may hold."""
        side = self.side(rule, REFUTE_Z)
        if not side:
            return 0
        free = self.extrapolation.free_interval(REFUTE_Z)
        return side if free is None or rule.side(free) == side else 0

    def deviations(self, rule: LimitRule) -> float:
        """The limit's violation in standard errors."""
        found = self.extrapolation
        return float(violations(np.array(found.limit), rule.relation)) / found.quadratic.standard_error

    def look(self, rule: LimitRule) -> None:
        """Look whether the limit lies within the tolerance; extend if it does not."""
        if self.done:
            return
        self.done = True
        found = self.extrapolation
        interval = found.interval(SUPPORT_Z)
        self.doubt = self._doubt(rule)
        if not self.may_support:
            return
        self.supported = not self.doubt and rule.reach(interval) < rule.tolerance
        self.looks -= 1
        if not self.supported and self.looks and self.rounds < rule.cap:
            margin = max(rule.tolerance - found.widening, rule.tolerance / 4)
            wanted = self._rounds(found.quadratic.standard_error * math.sqrt(self.rounds), margin, rule.cap)
            self.target, self.done = min(rule.cap, max(2 * self.rounds, wanted)), False

    def _doubt(self, rule: LimitRule) -> str:
        """Why the extrapolation is not to be trusted, if it is not."""
        found = self.extrapolation
        if not found.quadratic.adequate:
            return "poor-fit"
        for z in (SUPPORT_Z, REFUTE_Z):
            low, high = found.interval(z)
            free = found.free_interval(z)
            disjoint = free is not None and (free[1] < low or free[0] > high)
            # A violation at the declared rate that a free one does not see is no refutation, and no support.
            unseen = z == REFUTE_Z and bool(self.side(rule, z)) and not self.accuses(rule)
            if disjoint or unseen:
                return "free-rate"
        return ""

    def noticeable(self, z: float) -> float:
        """The smallest relative error that would have been refuted with 99 % power."""
        return self.extrapolation.half_width(z) + 2.33 * self.extrapolation.quadratic.standard_error

    def missing(self, rule: LimitRule) -> int:
        """Draws still needed to support an error like the one seen, or to refute it, whichever is less."""
        found = self.extrapolation
        seen = max(0.0, float(violations(np.array(found.limit), rule.relation)))
        one = found.quadratic.standard_error * math.sqrt(self.rounds)
        beyond = seen if rule.relation == "==" else seen - rule.tolerance
        margins = [margin for margin in (rule.tolerance - seen, beyond) if margin > 0]
        rounds = min(((_PLAN * one / margin) ** 2 for margin in margins), default=math.inf)
        return max(1, math.ceil(min(rounds, 1e12)) - self.rounds) * sum(self.ladder.rounds)

    def finding(self, rule: LimitRule, z: float) -> LimitFinding:
        """What this anchor says, in the end."""
        if self.error or not self.rounds:
            nowhere = (-math.inf, math.inf)
            return LimitFinding(0, math.nan, nowhere, self.unit, (), math.nan, None, None, True)
        found = self.extrapolation
        means = zip(self.ladder.sizes, found.draws, found.means, found.errors, strict=True)
        return LimitFinding(
            int(found.draws.sum()),
            found.limit,
            found.interval(SUPPORT_Z if self.supported else z),
            self.unit,
            tuple(SizeMean(d, int(draws), float(mean), float(error)) for d, draws, mean, error in means),
            found.linear.limit,
            found.free_interval(z),
            self.supported,
        )
