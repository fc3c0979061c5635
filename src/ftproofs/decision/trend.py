"""On which side the networks of pairs lie, decided by signs alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ftproofs.decision import counts
from ftproofs.decision.mean import CONFIRM_AT, REFUTE_AT
from ftproofs.numeric import statistics
from ftproofs.verdict import ExperimentStatus

#: Pairs that are looked at first; they double after that.
FIRST = 16

#: The e-value that supports, at every setting.
SUPPORT_AT = 1e3

#: Of the median's interval, on each side.
ALPHA = 1e-3

#: Half of the pairs at most: what a direction is tested against.
HALF = 0.5


class PairSampler(Protocol):
    """Fresh independent pairs: what each shows, positive in the claimed direction, NaN where there is no number.

    Arguments as of `decision.Sampler`; the result has shape (count,), float64.
    """

    def __call__(self, setting: int, stage: str, start: int, count: int, *, method: int = 0) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class TrendFinding:
    """What one setting says.

    ``effect`` is the median difference and ``interval`` its own, each side at level 1e-3;
    ``right`` of the ``pairs`` show at least the claimed effect, ``wrong`` the other direction, ``lost``
    no number.  ``log_support`` and ``log_evidence`` are log e-values for and against the claim.
    """

    effect: float
    interval: tuple[float, float]
    pairs: int
    right: int
    wrong: int
    lost: int
    log_support: float
    log_evidence: float
    supported: bool


@dataclass(frozen=True, slots=True)
class TrendDecision:
    """What the pairs say; ``worst`` is the setting to show, ``pairs`` counts all, confirmations included."""

    status: ExperimentStatus
    worst: int | None = None
    log_evidence: float = 0.0
    log_confirmation: float | None = None
    pairs: int = 0
    settings: tuple[TrendFinding, ...] = ()
    flags: tuple[str, ...] = ()
    detail: str = ""


@dataclass
class _Track:
    """The pairs of one setting so far."""

    index: int
    effect: float
    shown: np.ndarray = field(default_factory=lambda: np.empty(0))
    supported: bool = False

    def extend(self, sampler: PairSampler, size: int, stage: str = "confirm", method: int = 0) -> None:
        """Train up to that many pairs."""
        start = len(self.shown)
        if size > start:
            fresh = sampler(self.index, stage, start, size - start, method=method)
            if len(fresh) != size - start:
                raise ValueError(f"asked for {size - start} pairs, got {len(fresh)}")
            self.shown = np.concatenate([self.shown, fresh])
            self.supported = self.supported or self.log_support >= math.log(SUPPORT_AT)

    # A pair without a number counts for neither side.
    @property
    def right(self) -> int:
        return int((self.shown >= self.effect).sum())

    @property
    def wrong(self) -> int:
        return int((self.shown < 0).sum())

    @property
    def log_support(self) -> float:
        return _log_e(self.right, len(self.shown))

    @property
    def log_evidence(self) -> float:
        return _log_e(self.wrong, len(self.shown))

    def finding(self) -> TrendFinding:
        sound = self.shown[~np.isnan(self.shown)]
        middle, low, high = counts.quantile(sound, HALF, ALPHA) if len(sound) else (math.nan, -math.inf, math.inf)
        return TrendFinding(
            middle,
            (low, high),
            len(self.shown),
            self.right,
            self.wrong,
            len(self.shown) - len(sound),
            self.log_support,
            self.log_evidence,
            self.supported,
        )


def _log_e(count: int, pairs: int) -> float:
    """The log e-value against at most half of the pairs: a mixture over alternatives, any stopping rule allowed."""
    return statistics.log_mean_exp(counts.log_e_values(count, pairs, HALF))


def decide_trend(
    sampler: PairSampler,
    settings: int,
    *,
    effect: float,
    cap: int,
    refute_at: float = REFUTE_AT,
    confirm_at: float = CONFIRM_AT,
) -> TrendDecision:
    """Decide whether in more than half of the pairs the difference is at least ``effect``, at every setting.

    Every setting begins with 16 pairs, which double up to the cap until it is supported.

    **Support** needs an e-value of 1e3 at every setting against "at most half of the pairs
    show the effect": a trend that is not there, or is smaller, is supported with a probability of 1e-3 at
    most, whenever the looks are taken.

    **Refutation** needs ``refute_at``, as the mean over the settings, against "at most half of the pairs show
    the other direction", and ``confirm_at`` on fresh pairs of stage ``second`` trained by
    method 1 at the settings that carried it; else undecided, flag ``disagreement``.

    Args:
        sampler: fresh pairs.
        settings: their number.
        effect: the least relative difference that counts for the claim, 0 or more.
        cap: pairs at a setting, at most.
        refute_at: the e-value that refutes.
        confirm_at: the e-value that confirms.
    """
    if effect < 0:
        raise ValueError(f"an effect is 0 or more, got {effect}")
    tracks = [_Track(i, effect) for i in range(settings)]
    confirmation, size, spent = None, min(FIRST, cap), 0
    while tracks:
        for track in tracks:
            if not track.supported:
                track.extend(sampler, size)
        if _against(tracks) >= math.log(refute_at):
            confirmation, spent = _confirm(sampler, tracks, cap, math.log(confirm_at))
            break
        if size >= cap or all(track.supported for track in tracks):
            break
        size = min(2 * size, cap)
    return _conclude(tracks, confirmation, math.log(confirm_at), spent)


def _against(tracks: Sequence[_Track]) -> float:
    return statistics.log_mean_exp(np.array([track.log_evidence for track in tracks]))


def _confirm(sampler: PairSampler, tracks: Sequence[_Track], cap: int, confirm_at: float) -> tuple[float, int]:
    """The log e-value of fresh pairs by the second method, where the first ones spoke against; and their number."""
    again = [_Track(track.index, track.effect) for track in tracks if track.log_evidence > 0]
    size = min(FIRST, cap)
    while True:
        for track in again:
            track.extend(sampler, size, "second", 1)
        log_e = _against(again)
        if log_e >= confirm_at or size >= cap:
            return log_e, sum(len(track.shown) for track in again)
        size = min(2 * size, cap)


def _conclude(tracks: Sequence[_Track], confirmation: float | None, confirm_at: float, spent: int) -> TrendDecision:
    findings = tuple(track.finding() for track in tracks)
    flags: list[str] = []
    if not findings:
        return TrendDecision("undecided", detail="no setting")
    status: ExperimentStatus = "undecided"
    detail = ""
    least = min(range(len(findings)), key=lambda i: findings[i].log_support)
    if any(found.lost for found in findings):
        flags.append("lost-pairs")
    if confirmation is not None:
        status, least = "refuted", max(range(len(findings)), key=lambda i: findings[i].log_evidence)
        if confirmation < confirm_at:
            status, detail = "undecided", "the second method did not confirm the refutation"
            flags.append("disagreement")
    elif any(2 * found.lost > found.pairs for found in findings):
        status, detail = "error", "most pairs gave no number"
    elif all(found.supported for found in findings):
        status = "supported"
    else:
        worst = findings[least]
        detail = f"{worst.right} of {worst.pairs} pairs show the effect claimed, {worst.wrong} the other direction"
    return TrendDecision(
        status,
        least,
        _against(tracks),
        confirmation,
        sum(found.pairs for found in findings) + spent,
        findings,
        tuple(flags),
        detail,
    )
