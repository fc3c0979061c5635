"""A statement about the sign of a mean, decided on draws from an injected sampler."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from scipy.special import stdtrit

from ftproofs.decision.mean import CONFIRM_AT, REFUTE_AT
from ftproofs.numeric import statistics
from ftproofs.numeric.statistics import BLOCK, LAMBDAS, PILOT, PILOT_FACTOR
from ftproofs.verdict import ExperimentStatus

#: The e-value for the right sign at an anchor: a wrong one gets it with probability 1e-3 at most, over all looks.
RIGHT_AT = 1e3

#: Each end of a reported interval errs with this probability.
INTERVAL_ALPHA = 1e-3

#: No standard deviation counts as less than this share of the mean: a pilot may have missed rare values.
_FLOOR = 0.25


class SignSampler(Protocol):
    """Fresh independent draws of what a sign is claimed of, one value a draw.

    ``setting`` counts the anchors, then the adaptive settings; ``stage`` is ``pilot``,
    ``confirm`` or ``second``, streams that share no draw; ``start`` and ``count`` are
    multiples of `BLOCK`; ``method`` 1 asks for a second implementation.

    Returns:
        shape (count,), float64; not finite where there is no number.
    """

    def __call__(self, setting: int, stage: str, start: int, count: int, *, method: int = 0) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class SignFinding:
    """What one setting says about a mean, oriented so that it is positive where the claim is right.

    ``estimate`` and ``interval`` are of the oriented mean, ``effect`` is the estimate over
    the standard deviation of a draw. ``log_right`` and ``log_wrong`` are log e-values for
    the sign claimed and for the other one (None where an interval decides). ``right`` says
    whether the sign claimed was established, ``error`` that some draw was no number.
    """

    draws: int
    estimate: float
    interval: tuple[float, float]
    effect: float
    log_right: float | None
    log_wrong: float | None
    right: bool
    error: bool = False


@dataclass(frozen=True, slots=True)
class SignDecision:
    """What the draws say about signs at several settings.

    ``worst`` is the setting to show: the one that speaks most against the claim if
    refuted, else the least certain one. ``needed`` is how many more draws it would take.
    """

    status: ExperimentStatus
    worst: int | None = None
    settings: tuple[SignFinding, ...] = ()
    log_evidence: float | None = None
    log_confirmation: float | None = None
    needed: int | None = None
    draws: int = 0
    flags: tuple[str, ...] = ()
    detail: str = ""


def decide_sign(
    sampler: SignSampler,
    anchors: Sequence[int],
    adaptive: Sequence[int] = (),
    *,
    cap: int,
    refute_at: float = REFUTE_AT,
    confirm_at: float = CONFIRM_AT,
    right_at: float = RIGHT_AT,
) -> SignDecision:
    """Decide whether means have the signs claimed of them.

    Both directions are e-processes on the same fresh draws, with the variance bounded by
    1.5 times that of a pilot and that of the draws so far: any number of looks is allowed. The sign claimed is
    established at a setting at e >= 1e3, and drawing there stops. The claim is refuted
    when the wrong signs, averaged and multiplied over settings, reach e >= 1e6, and draws
    of a third stream by the second method confirm it at e >= 1e3. Supported when every
    anchor has the sign claimed.

    Args:
        sampler: fresh draws; see `SignSampler`.
        anchors: the sign claimed at each setting fixed in advance, +1 or -1.
        adaptive: the same at settings found by exploration; they may only refute.
        cap: draws per setting at most; rounded down to whole blocks.
    """
    if not anchors:
        return SignDecision("undecided", detail="no anchor")
    cap = max(BLOCK, cap // BLOCK * BLOCK)
    tracks = [_Track(i, side, i < len(anchors)) for i, side in enumerate((*anchors, *adaptive))]
    for track in tracks:
        track.plan(sampler)
    confirmation, size = None, BLOCK
    while True:
        for track in tracks:
            if not track.right(right_at):
                track.extend(sampler, size)
        if _log_e(tracks) >= math.log(refute_at):
            confirmation = _confirm(sampler, tracks, cap, math.log(confirm_at))
            break
        if size >= cap or all(track.error or track.right(right_at) for track in tracks if track.fixed):
            break
        size = min(2 * size, cap)
    return _conclude(tracks, confirmation, right_at, refute_at, confirm_at)


@dataclass
class _Track:
    """The draws of one setting, oriented; ``logs`` (bet, direction): 0 for the sign claimed, 1 for the other."""

    index: int
    side: int
    fixed: bool
    variance: float = math.nan
    values: np.ndarray = field(default_factory=lambda: np.empty(0))
    logs: np.ndarray = field(default_factory=lambda: np.zeros((len(LAMBDAS), 2)))
    error: bool = False
    spent: int = 0

    def fetch(self, sampler: SignSampler, stage: str, start: int, count: int, method: int = 0) -> np.ndarray:
        found = np.asarray(sampler(self.index, stage, start, count, method=method), dtype=float)
        if found.shape != (count,):
            raise ValueError(f"asked for {count} draws, got shape {found.shape}")
        self.spent += count
        if not np.isfinite(found).all():
            self.error = True
        return self.side * found

    def plan(self, sampler: SignSampler) -> None:
        """Bound the variance from a pilot of its own."""
        pilot = self.fetch(sampler, "pilot", 0, PILOT)
        if not self.error:
            floor = max(_FLOOR * abs(float(pilot.mean())), np.finfo(float).tiny ** 0.5)
            self.variance = max(PILOT_FACTOR * float(np.var(pilot, ddof=1)), floor**2)

    def extend(self, sampler: SignSampler, size: int) -> None:
        """Draw up to that many, and count the evidence of what is new."""
        if self.error or size <= len(self.values):
            return
        fresh = self.fetch(sampler, "confirm", len(self.values), size - len(self.values))
        if not self.error:
            self.values = np.concatenate([self.values, fresh])
            if self.raise_variance(self.values):
                self.logs, fresh = np.zeros_like(self.logs), self.values
            self.logs = self.logs + statistics.log_e_values(fresh, fresh, self.variance)

    def raise_variance(self, values: np.ndarray) -> bool:
        """Raise the pilot's bound to the same multiple of these draws' variance, if larger (`draws.Track`)."""
        seen = PILOT_FACTOR * float(np.var(values, ddof=1))
        raised = seen > self.variance
        self.variance = max(self.variance, seen)
        return raised

    def right(self, at: float) -> bool:
        """Whether the sign claimed is established: e-processes may be stopped when they say so."""
        return not self.error and statistics.log_mean_exp(self.logs[:, 0]) >= math.log(at)

    def missing(self, right_at: float, refute_at: float) -> int:
        """Draws still needed for the sign that the mean seems to have, roughly."""
        effect = float(self.values.mean()) / math.sqrt(self.variance)
        wanted = math.log((right_at if effect > 0 else refute_at) * len(LAMBDAS))
        total = min(2 * wanted / effect**2 if effect else math.inf, 1e12)
        return max(BLOCK, math.ceil(total) - len(self.values))

    def finding(self, right_at: float) -> SignFinding:
        if self.error or not len(self.values):
            nowhere = (-math.inf, math.inf)
            return SignFinding(len(self.values), math.nan, nowhere, math.nan, None, None, False, True)
        mean, deviation = float(self.values.mean()), float(self.values.std(ddof=1))
        half = -float(stdtrit(len(self.values) - 1, INTERVAL_ALPHA)) * deviation / math.sqrt(len(self.values))
        return SignFinding(
            len(self.values),
            mean,
            (mean - half, mean + half),
            mean / deviation if deviation else math.copysign(math.inf, mean) if mean else 0.0,
            statistics.log_mean_exp(self.logs[:, 0]),
            statistics.log_mean_exp(self.logs[:, 1]),
            self.right(right_at),
        )


def _log_e(tracks: Sequence[_Track]) -> float:
    """The claim's log e-value against the signs claimed; a setting in error counts as an e-value of 0."""
    logs = np.array([np.full((len(LAMBDAS), 1), -np.inf) if t.error else t.logs[:, 1:] for t in tracks])
    fixed = np.array([t.fixed for t in tracks])
    return statistics.claim_log_e(logs[fixed], logs[~fixed])


def _confirm(sampler: SignSampler, tracks: Sequence[_Track], cap: int, confirm_at: float) -> float:
    """The log e-value of fresh draws by the second method where the first ones spoke against the claim."""
    chosen = [track for track in tracks if not track.error and track.logs[:, 1].max() > 0]
    limit = {track.index: min(cap, 2 * len(track.values)) for track in chosen}
    drawn = {track.index: np.empty(0) for track in chosen}
    logs = np.zeros((len(chosen), len(LAMBDAS), 1))
    start, log_e = 0, 0.0
    while start < max(limit.values()):
        stop = max(BLOCK, 2 * start)
        for i, track in enumerate(chosen):
            count = min(stop, limit[track.index]) - start
            if count > 0 and not track.error:
                fresh = track.fetch(sampler, "second", start, count, method=1)
                drawn[track.index] = found = np.concatenate([drawn[track.index], fresh])
                if track.error:
                    logs[i, :, 0] = -np.inf
                else:
                    track.raise_variance(found)
                    logs[i, :, 0] = statistics.log_e_values(found, found, track.variance)[:, 1]
        start, log_e = stop, statistics.claim_log_e(logs)
        if log_e >= confirm_at:
            break
    return log_e


def _conclude(
    tracks: Sequence[_Track], confirmation: float | None, right_at: float, refute_at: float, confirm_at: float
) -> SignDecision:
    findings = tuple(track.finding(right_at) for track in tracks)
    fixed = [track for track in tracks if track.fixed]
    status: ExperimentStatus = "undecided"
    flags, detail, needed = ["asymptotic-level"], "", None
    worst = min(fixed, key=lambda t: -math.inf if t.error else findings[t.index].log_right or 0.0)
    if confirmation is not None:
        worst = max(tracks, key=lambda t: -math.inf if t.error else findings[t.index].log_wrong or 0.0)
        if confirmation >= math.log(confirm_at):
            status = "refuted"
        else:
            flags.append("disagreement")
            detail = "the second method did not confirm the refutation"
    elif any(track.error for track in tracks):
        status, detail = "error", "some draws are not finite"
        worst = next(track for track in tracks if track.error)
    elif all(findings[track.index].right for track in fixed):
        status = "supported"
    else:
        needed = sum(t.missing(right_at, refute_at) for t in fixed if not findings[t.index].right)
    return SignDecision(
        status,
        worst.index,
        findings,
        _log_e(tracks),
        confirmation,
        needed,
        sum(track.spent for track in tracks),
        tuple(flags),
        detail,
    )
