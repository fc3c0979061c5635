"""A statement about the sign of a limit, decided by finite-size scaling of draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ftproofs.decision.ladder import REFUTE_Z, ROUND, Ladder, LimitSampler, LimitTrack
from ftproofs.decision.limit import CONFIRM_Z, FIRST
from ftproofs.decision.scaling import Extrapolation
from ftproofs.decision.sign import SignDecision, SignFinding
from ftproofs.verdict import ExperimentStatus, SizeMean

#: Standard deviations that establish a sign: 1e-4 a look, 1e-3 over the looks at doubled numbers of rounds.
RIGHT_Z = 3.72


@dataclass(frozen=True, slots=True)
class SignLimitDecision(SignDecision):
    """`SignDecision` of limits; ``sizes`` are the oriented means of each setting behind them."""

    sizes: tuple[tuple[SizeMean, ...], ...] = ()


def decide_sign_limit(
    sampler: LimitSampler,
    anchors: Sequence[tuple[int, Ladder]],
    adaptive: Sequence[tuple[int, Ladder]] = (),
    *,
    cap: int,
) -> SignLimitDecision:
    """Decide whether the limits of means over a growing dimension have the signs claimed of them.

    The limit and its interval are those of `decide_limit`: ``a + b/d + c/d^2``, widened by
    half its difference from ``a + b/d``.  A sign is established when the interval at
    z = 3.72 lies on its side and the interval at a free exponent does not lie on the
    other; the other sign is seen when the interval at z = 4.4 does, and so does the one at
    a free exponent.  Draws are doubled until every anchor has its sign, up to the cap.  A
    wrong sign must show at z = 3.1 in draws of a third stream by the second method.

    Args:
        sampler: fresh draws of the quantity (lhs); its rhs is not looked at.
        anchors: the sign claimed (+1 or -1) and the ladder of each setting fixed in advance.
        adaptive: the same at settings found by exploration; they may only refute.
        cap: draws at the largest size of a ladder, at most.
    """
    if not anchors:
        return SignLimitDecision("undecided", detail="no anchor")
    most = max(1, cap // ROUND)
    tracks = [_Track(i, side, ladder, i < len(anchors)) for i, (side, ladder) in enumerate((*anchors, *adaptive))]
    for track in tracks:
        track.plan(sampler)
    rounds, accused = FIRST, None
    confirmed: _Track | None = None
    while True:
        for track in tracks:
            if not track.right:
                track.extend(sampler, min(rounds, most))
        wrong = [track for track in tracks if track.wrong(REFUTE_Z, free=True)]
        if wrong:
            accused = min(wrong, key=lambda track: track.deviations)
            confirmed = _confirm(sampler, accused, most)
            break
        if rounds >= most or all(track.error or track.right for track in tracks if track.fixed):
            break
        rounds *= 2
    return _conclude(tracks, accused, confirmed)


@dataclass
class _Track:
    """The ladder of one setting, oriented: a positive limit has the sign claimed."""

    index: int
    side: int
    ladder: Ladder
    fixed: bool
    stage: str = "confirm"
    method: int = 0
    draws: LimitTrack = field(init=False)

    def __post_init__(self) -> None:
        self.draws = LimitTrack(self.index, self.ladder, self.fixed, stage=self.stage, method=self.method, tolerance=1)

    def _oriented(self, sampler: LimitSampler) -> LimitSampler:
        def draw(
            setting: int, size: int, stage: str, start: int, count: int, *, method: int = 0
        ) -> tuple[np.ndarray, np.ndarray]:
            lhs = self.side * np.asarray(sampler(setting, size, stage, start, count, method=method)[0], dtype=float)
            return lhs, np.zeros_like(lhs)

        return draw

    def plan(self, sampler: LimitSampler) -> None:
        """The unit: the standard deviation of a draw at the largest size, from a pilot of one round."""
        top = len(self.ladder.sizes) - 1
        count = self.ladder.rounds[top]
        lhs = np.asarray(sampler(self.index, top, "pilot", 0, count)[0], dtype=float)
        self.draws.spent += count
        if not np.isfinite(lhs).all():
            self.draws.error = True
            return
        # What hardly varies is measured by its size: rounding is no standard deviation.
        self.draws.unit = max(float(lhs.std(ddof=1)), abs(float(lhs.mean())) / 4, np.finfo(float).tiny ** 0.5)

    def extend(self, sampler: LimitSampler, rounds: int) -> None:
        self.draws.extend(self._oriented(sampler), rounds)

    @property
    def error(self) -> bool:
        return self.draws.error

    @property
    def found(self) -> Extrapolation:
        return self.draws.extrapolation

    @property
    def deviations(self) -> float:
        return self.found.limit / self.found.quadratic.standard_error

    @property
    def right(self) -> bool:
        """Whether the sign claimed is established."""
        if self.error or not self.draws.rounds or not self.found.quadratic.adequate:
            return False
        if self.found.interval(RIGHT_Z)[0] <= 0:
            return False
        free = self.found.free_interval(RIGHT_Z)
        return free is None or free[1] > 0

    def wrong(self, z: float, *, free: bool) -> bool:
        """Whether the other sign is seen, with a free exponent too if asked."""
        if self.error or not self.found.quadratic.adequate or self.found.interval(z)[1] >= 0:
            return False
        other = self.found.free_interval(z) if free else None
        return other is None or other[1] < 0

    def missing(self) -> int:
        """Draws still needed for the sign that the limit seems to have, roughly."""
        deviations = abs(self.deviations)
        wanted = (RIGHT_Z if self.found.limit > 0 else REFUTE_Z) + 1
        rounds = min((wanted / deviations) ** 2 if deviations else math.inf, 1e9) * self.draws.rounds
        return max(1, math.ceil(rounds) - self.draws.rounds) * sum(self.ladder.rounds)

    def finding(self) -> SignFinding:
        unit = self.draws.unit
        if self.error or not self.draws.rounds:
            nowhere = (-math.inf, math.inf)
            return SignFinding(0, math.nan, nowhere, math.nan, None, None, False, True)
        low, high = self.found.interval(RIGHT_Z)
        draws = int(self.found.draws.sum())
        limit = self.found.limit
        return SignFinding(draws, limit * unit, (low * unit, high * unit), limit, None, None, self.right)

    def sizes(self) -> tuple[SizeMean, ...]:
        if self.error or not self.draws.rounds:
            return ()
        unit, found = self.draws.unit, self.found
        means = zip(self.ladder.sizes, found.draws, found.means, found.errors, strict=True)
        return tuple(SizeMean(d, int(n), float(mean) * unit, float(error) * unit) for d, n, mean, error in means)


def _confirm(sampler: LimitSampler, accused: _Track, most: int) -> _Track | None:
    """The same setting on a third stream by the second method, if it shows the same sign; else None."""
    again = _Track(accused.index, accused.side, accused.ladder, False, stage="second", method=1)
    again.draws.unit = accused.draws.unit
    rounds = accused.draws.rounds
    for wanted in (rounds, 2 * rounds, 4 * rounds):
        again.extend(sampler, min(wanted, most))
        if again.error or again.wrong(CONFIRM_Z, free=False):
            break
    accused.draws.spent += again.draws.spent
    return None if again.error or not again.wrong(CONFIRM_Z, free=False) else again


def _conclude(tracks: Sequence[_Track], accused: _Track | None, confirmed: _Track | None) -> SignLimitDecision:
    findings = tuple(track.finding() for track in tracks)
    fixed = [track for track in tracks if track.fixed]
    status: ExperimentStatus = "undecided"
    flags, detail, needed = {"asymptotic-level"}, "", None
    worst = min(fixed, key=lambda t: -math.inf if t.error else t.deviations)
    if accused is not None:
        worst = accused
        if confirmed is not None:
            status = "refuted"
        else:
            flags.add("disagreement")
            detail = "the second method did not confirm the refutation"
    elif any(track.error for track in tracks):
        status, detail = "error", "some draws are not finite"
        worst = next(track for track in tracks if track.error)
    elif all(findings[track.index].right for track in fixed):
        status = "supported"
    else:
        open_ = [track for track in fixed if not findings[track.index].right]
        if any(not track.found.quadratic.adequate for track in open_):
            flags.add("poor-fit")
            detail = "no fit in powers of 1/d describes the sizes"
        needed = sum(track.missing() for track in open_)
    return SignLimitDecision(
        status,
        worst.index,
        findings,
        needed=needed,
        draws=sum(track.draws.spent for track in tracks),
        flags=tuple(sorted(flags)),
        detail=detail,
        sizes=tuple(track.sizes() for track in tracks),
    )
