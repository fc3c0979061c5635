"""A statement that holds with a probability, decided by counting violations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ftproofs.decision import counts
from ftproofs.decision.mean import CONFIRM_AT, REFUTE_AT
from ftproofs.numeric import statistics
from ftproofs.numeric.statistics import BLOCK
from ftproofs.verdict import ExperimentStatus, Slack

#: The probability, per anchor and over all looks, that a claim violated more often than it says is supported.
ALPHA = 1e-3

#: A bound that could be divided by more than this is loose.
LOOSE = 10.0


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Draws of one statement at one setting; each of shape (count,), float64.

    ``violated`` is 1 where the statement fails, 0 where it holds, NaN where there is no
    number.  ``ratio`` is what is bounded over its bound (at most 1 where the bound
    holds), NaN where that says nothing.  ``trivial`` is 1 where the bound is no better
    than a trivial one, else 0.
    """

    violated: np.ndarray
    ratio: np.ndarray
    trivial: np.ndarray

    @classmethod
    def joined(cls, parts: Sequence[Outcomes]) -> Outcomes:
        """Several lots of draws as one."""
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("violated", "ratio", "trivial")))


class OutcomeSampler(Protocol):
    """Fresh independent outcomes; arguments as of `decision.Sampler`."""

    def __call__(self, setting: int, stage: str, start: int, count: int, *, method: int = 0) -> Outcomes: ...


@dataclass(frozen=True, slots=True)
class BoundFinding:
    """What one setting says: the share of violations, its interval, the log e-value against delta, the slack.

    ``supported`` is None where the setting may only refute; ``trivial`` is the share of
    draws at which the bound is no better than a trivial one.
    """

    delta: float
    draws: int
    violations: int
    interval: tuple[float, float]
    log_evidence: float
    slack: Slack | None
    trivial: float
    supported: bool | None
    error: bool = False


@dataclass(frozen=True, slots=True)
class ProbabilityDecision:
    """What the draws say about a statement that holds with a probability.

    ``estimate`` and ``interval`` are of the probability of a violation at the least
    certain anchor; ``slack`` is that of the tightest anchor; ``smallest_error_seen`` is the
    smallest probability of violation, at one anchor, that would have been refuted with 99 % power.
    """

    status: ExperimentStatus
    estimate: float | None = None
    interval: tuple[float, float] | None = None
    worst: int | None = None
    log_evidence: float = 0.0
    log_confirmation: float | None = None
    smallest_error_seen: float | None = None
    needed: int | None = None
    draws: int = 0
    slack: Slack | None = None
    settings: tuple[BoundFinding, ...] = ()
    flags: tuple[str, ...] = ()
    detail: str = ""


@dataclass
class _Tally:
    """The outcomes of one setting so far."""

    index: int
    delta: float
    fixed: bool
    lots: list[Outcomes] = field(default_factory=list)
    stage: str = "confirm"
    method: int = 0
    supported: bool | None = None
    alpha: float = ALPHA
    error: bool = False
    spent: int = 0

    @property
    def draws(self) -> int:
        return sum(len(lot.violated) for lot in self.lots)

    @property
    def violations(self) -> int:
        return int(sum(lot.violated.sum() for lot in self.lots))

    @property
    def logs(self) -> np.ndarray:
        """Log e-values by alternative, shape (alternative, 1); a setting in error counts as an e-value of 0."""
        if self.error:
            return np.full((len(counts.ODDS), 1), -np.inf)
        return counts.log_e_values(self.violations, self.draws, self.delta)

    def extend(self, sampler: OutcomeSampler, size: int) -> None:
        """Draw up to that many."""
        start = self.draws
        if self.error or size <= start:
            return
        lot = sampler(self.index, self.stage, start, size - start, method=self.method)
        if len(lot.violated) != size - start:
            raise ValueError(f"asked for {size - start} draws, got {len(lot.violated)}")
        self.error = not bool(np.isin(lot.violated, (0.0, 1.0)).all())
        if not self.error:
            self.lots.append(lot)

    def slack(self) -> Slack | None:
        """One over the (1 - delta)-quantile of the ratio, with its interval."""
        ratio = Outcomes.joined(self.lots).ratio if self.lots else np.empty(0)
        if not len(ratio) or np.isnan(ratio).any():
            return None
        middle, low, high = counts.quantile(ratio, 1 - self.delta, ALPHA)
        # A ratio of 0 or less says that the bound can be divided by anything.
        factor, least, most = (1 / q if q > 0 else math.inf for q in (middle, high, low))
        return Slack(1 - self.delta, factor, (least, most))

    def finding(self) -> BoundFinding:
        if self.error or not self.draws:
            return BoundFinding(self.delta, 0, 0, (0.0, 1.0), -math.inf, None, math.nan, None, True)
        return BoundFinding(
            self.delta,
            self.draws,
            self.violations,
            counts.clopper_pearson(self.violations, self.draws, self.alpha),
            statistics.log_mean_exp(self.logs),
            self.slack(),
            float(Outcomes.joined(self.lots).trivial.mean()),
            self.supported,
        )


def decide_probability(
    sampler: OutcomeSampler,
    anchors: Sequence[float],
    adaptive: Sequence[float] = (),
    *,
    cap: int = 32_768,
    refute_at: float = REFUTE_AT,
    confirm_at: float = CONFIRM_AT,
) -> ProbabilityDecision:
    """Decide whether a statement is violated with probability at most delta, at every setting.

    Every setting starts at the draws that a claim which is never violated needs, and
    doubles up to the cap.

    **Refutation** is tried after each doubling: a claim e-value of ``refute_at`` (the
    likelihood mixture of `counts.log_e_values`, averaged over settings and summed over
    anchors) must be confirmed by fresh draws of stage ``second`` by method 1, at the
    settings that carried it, with ``confirm_at``; else undecided, flag ``disagreement``.

    **Support** needs a Clopper-Pearson upper limit of at most delta at every anchor, at
    level 1e-3 divided over the looks there may be, and a bound that is better than the
    trivial one at some anchor; else undecided, flag ``vacuous``.  A slack above 10 even at
    the tightest anchor has the flag ``loose``.

    Args:
        sampler: fresh outcomes.
        anchors: the probability of violation allowed at each setting fixed in advance, in (0, 1).
        adaptive: the same for settings found by exploration; they may only refute.
        cap: draws per setting, at most; rounded down to whole blocks.
        refute_at: the e-value that refutes.
        confirm_at: the e-value that confirms.
    """
    if not anchors and not adaptive:
        return ProbabilityDecision("undecided", detail="no anchor")
    if not all(0 < delta < 1 for delta in (*anchors, *adaptive)):
        raise ValueError("a probability of violation lies strictly between 0 and 1")
    tallies = [_Tally(i, delta, i < len(anchors)) for i, delta in enumerate((*anchors, *adaptive))]
    cap = max(BLOCK, cap // BLOCK * BLOCK)
    size, level = BLOCK, level_of_a_look(cap)
    confirmation: float | None = None
    while True:
        for tally in tallies:
            # A supported anchor has said what it can, unless others are still being refuted.
            if not tally.supported:
                tally.extend(sampler, min(size, cap))
        if _claim_log_e(tallies) >= math.log(refute_at):
            confirmation = _confirm(sampler, tallies, cap, math.log(confirm_at))
            break
        for tally in tallies:
            if tally.fixed and not tally.error and not tally.supported:
                tally.alpha = level
                upper = counts.clopper_pearson(tally.violations, tally.draws, level)[1]
                tally.supported = upper <= tally.delta
        waiting = [tally for tally in tallies if tally.fixed and not tally.error and not tally.supported]
        if size >= cap or not waiting:
            break
        size *= 2
    return _conclude(tallies, confirmation, math.log(confirm_at), refute_at, level)


def level_of_a_look(cap: int) -> float:
    """The level of one look of those there may be: one at a block, and one after each doubling up to the cap."""
    return ALPHA / (1 + max(0, math.ceil(math.log2(cap / BLOCK))))


def supportable(delta: float, cap: int) -> bool:
    """Whether so many draws could support a claim that is violated with probability delta at most."""
    return counts.draws_without_violation(delta, level_of_a_look(cap)) <= cap


def _claim_log_e(tallies: Sequence[_Tally]) -> float:
    fixed = [tally.logs for tally in tallies if tally.fixed]
    found = [tally.logs for tally in tallies if not tally.fixed]
    if not fixed:  # nothing was fixed in advance: the mean over what was found
        return statistics.log_mean_exp(np.array(found))
    return statistics.claim_log_e(np.array(fixed), np.array(found))


def _confirm(sampler: OutcomeSampler, tallies: Sequence[_Tally], cap: int, confirm_at: float) -> float:
    """The log e-value of fresh draws by the second method, where the first ones spoke against the claim."""
    chosen = [tally for tally in tallies if not tally.error and tally.logs.max() > 0]
    again = [_Tally(tally.index, tally.delta, True, stage="second", method=1) for tally in chosen]
    limits = [min(cap, 4 * tally.draws) for tally in chosen]
    size, log_e = BLOCK, 0.0
    while True:
        for tally, limit in zip(again, limits, strict=True):
            tally.extend(sampler, min(size, limit))
        log_e = statistics.claim_log_e(np.array([tally.logs for tally in again]))
        if log_e >= confirm_at or size >= max(limits):
            break
        size *= 2
    for tally, repeated in zip(chosen, again, strict=True):
        tally.spent = repeated.draws
    return log_e


def _conclude(
    tallies: Sequence[_Tally], confirmation: float | None, confirm_at: float, refute_at: float, level: float
) -> ProbabilityDecision:
    findings = tuple(tally.finding() for tally in tallies)
    anchors = [tally for tally in tallies if tally.fixed]
    flags: set[str] = set()
    detail = ""
    status: ExperimentStatus = "undecided"
    sound = [tally for tally in anchors if not tally.error]
    if confirmation is not None:
        status = "refuted" if confirmation >= confirm_at else "undecided"
        if status == "undecided":
            flags.add("disagreement")
            detail = "the second method did not confirm the refutation"
    elif any(tally.error for tally in tallies):
        status, detail = "error", "some draws are not finite"
    elif not anchors:
        detail = "no anchor may support: all may only refute"
    elif all(tally.supported for tally in sound):
        status = "supported"
    # A bound no better than the trivial one in at least half of the draws says nothing at that anchor.
    vacuous = sum(findings[tally.index].trivial > 0.5 for tally in sound)
    if sound and vacuous == len(sound):
        flags.add("vacuous")
        if status == "supported":
            status, detail = "undecided", "the bound is no better than a trivial one at any anchor"
    elif vacuous:
        detail = detail or f"no better than the trivial bound at {vacuous} of {len(sound)} anchors"
    slacks = [slack for tally in sound if (slack := findings[tally.index].slack) is not None]
    tightest = min(slacks, key=lambda slack: slack.factor, default=None)
    if status == "supported" and tightest is not None and tightest.factor > LOOSE:
        flags.add("loose")
    shown = sound or list(tallies)
    least = max(shown, key=lambda tally: findings[tally.index].interval[1] - tally.delta).index
    worst = least
    if status == "refuted":
        worst = max(tallies, key=lambda tally: findings[tally.index].log_evidence).index
    elif status == "error":
        worst = next(tally.index for tally in tallies if tally.error)
    needed = None
    if status == "undecided" and confirmation is None and not vacuous:
        needed = sum(_missing(tally, level) for tally in sound if not tally.supported) or None
    threshold = math.log(refute_at * (3 if len(anchors) < len(tallies) else 2) * max(1, len(anchors)))
    seen = [counts.refutable_probability(tally.draws, tally.delta, threshold) for tally in sound]
    return ProbabilityDecision(
        status,
        findings[least].violations / findings[least].draws if findings[least].draws else None,
        findings[least].interval,
        worst,
        _claim_log_e(tallies),
        confirmation,
        min(seen, default=None),
        needed,
        sum(tally.draws + tally.spent for tally in tallies),
        tightest,
        findings,
        tuple(sorted(flags)),
        detail,
    )


def _missing(tally: _Tally, level: float) -> int:
    """Draws still needed to support a share of violations like the one seen, or to refute it; at least one block."""
    rate = tally.violations / tally.draws
    if rate == tally.delta:
        return 10**12
    # Chernoff: a share this far from delta is that improbable after so many draws.
    divergence = rate * math.log(rate / tally.delta) if rate else 0.0
    divergence += (1 - rate) * math.log((1 - rate) / (1 - tally.delta)) if rate < 1 else 0.0
    wanted = -math.log(level if rate < tally.delta else 1e-6) / divergence
    return max(BLOCK, math.ceil(min(wanted, 1e12)) - tally.draws)
