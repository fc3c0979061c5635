"""A statement about a limit of growing dimension, decided by finite-size scaling of draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ftproofs.claim import Relation
from ftproofs.decision.ladder import (
    REFUTE_Z,
    ROUND,
    Ladder,
    LimitFinding,
    LimitRule,
    LimitSampler,
    LimitTrack,
)
from ftproofs.verdict import ExperimentStatus

#: Standard deviations of the interval that confirms.
CONFIRM_Z = 3.1

#: Rounds of the first look.
FIRST = 2

#: Rounds of an even ladder that the second method answers with one of its own.
EVEN = 4


@dataclass(frozen=True, slots=True)
class LimitDecision:
    """What the draws say about a statement in the limit.

    Fields as in `MeanDecision`; ``estimate`` and ``interval`` are of the limit of the
    relative error.  ``confirmation`` is the interval that the second method gave.
    """

    status: ExperimentStatus
    estimate: float | None = None
    interval: tuple[float, float] | None = None
    worst: int | None = None
    confirmation: tuple[float, float] | None = None
    smallest_error_seen: float | None = None
    needed: int | None = None
    draws: int = 0
    settings: tuple[LimitFinding, ...] = ()
    flags: tuple[str, ...] = ()
    detail: str = ""
    log_evidence: float | None = None


def decide_limit(
    sampler: LimitSampler,
    anchors: Sequence[Ladder],
    adaptive: Sequence[Ladder] = (),
    *,
    tolerance: float,
    asked: int = 0,
    cap: int = 8000,
    relation: Relation = "==",
) -> LimitDecision:
    """Decide whether the limit of the relative error ``E[lhs - rhs]/unit`` stands in the relation to 0.

    The unit of an anchor is ``max(|E rhs|, scale/10)`` at its largest size.

    **Draws.** A size d gets a number proportional to 1/d.  A pilot of its own plans how
    many, so that most true claims are supported at the first look.

    **Refutation** is tried after each doubling on the way there: the interval of the limit
    of ``a + b/d + c/d^2`` at z = 4.4, widened by half its difference from that of
    ``a + b/d``, excludes what the relation allows, and so does the interval of
    ``a + b d^-p`` with free p, if any p describes the means.  Where no fit in powers of 1/d
    describes the means, a large error that hardly shrinks at the largest sizes refutes.  Then draws of a third
    stream by the second method must show the same side at z = 3.1; if they do not, the
    claim is undecided with the flag ``disagreement``.

    **Support** looks at the planned number and at most twice more, after extensions to at
    least twice the draws: ``|a| + 3.4 se`` plus half the difference of the fits must lie
    below the tolerance, at every anchor, and the limit at a free exponent must not
    contradict it.

    Means that neither fit describes, or whose limit is another one when the exponent is
    free, decide nothing: flags ``poor-fit`` and ``free-rate``.

    Args:
        sampler: fresh draws; see `LimitSampler`.
        anchors: settings fixed in advance, each with its ladder of sizes.
        adaptive: settings found by exploration; they may only refute, with a quarter of the
            costliest anchor's draws at most.
        asked: so many of the adaptive ones, the first, are drawn from as anchors are.
        tolerance: the largest relative error that counts as agreement.
        cap: draws at the largest size of a ladder, at most; rounded down to whole rounds.
        relation: of lhs to rhs; an inequality may be violated by the tolerance.
    """
    if not 0 < tolerance < 1:
        raise ValueError(f"the tolerance must be between 0 and 1, got {tolerance}")
    if not anchors:
        return LimitDecision("undecided", detail="no anchor")
    rule = LimitRule(tolerance, max(1, cap // ROUND), relation)
    tracks = [LimitTrack(i, ladder, i < len(anchors)) for i, ladder in enumerate((*anchors, *adaptive))]
    for track in tracks:
        track.plan(sampler, rule)
    costliest = max((track.target for track in tracks if track.may_support), default=rule.cap)
    for track in tracks:
        # What exploration found shows its error in fewer draws, if it has one.
        full = track.index < len(anchors) + asked
        track.target = min(track.target, costliest if full else max(FIRST, costliest // 4))
    rounds, confirmed = FIRST, None
    accused: LimitTrack | None = None
    while not all(track.done for track in tracks):
        for track in tracks:
            track.extend(sampler, min(rounds, track.target))
        accused = _accused(tracks, rule)
        if accused is not None:
            confirmed = _confirm(sampler, accused, rule)
            break
        if all(track.rounds >= track.target for track in tracks if not track.error):
            for track in tracks:
                track.look(rule)
        rounds *= 2
    return _conclude(tracks, rule, accused, confirmed)


def _accused(tracks: Sequence[LimitTrack], rule: LimitRule) -> LimitTrack | None:
    """The refuting anchor whose limit is the most standard deviations from what is allowed."""
    found = [track for track in tracks if not track.error and track.accuses(rule)]
    return max(found, key=lambda track: track.deviations(rule), default=None)


def _confirm(sampler: LimitSampler, accused: LimitTrack, rule: LimitRule) -> LimitTrack | None:
    """The same anchor on a third stream by the second method, if that shows the same side; else None."""
    side = accused.accuses(rule)
    again = LimitTrack(accused.index, accused.ladder.confirming, False, unit=accused.unit, stage="second", method=1)
    # An even round has far fewer draws at small sizes than one of the second method.
    first = max(1, accused.rounds // EVEN) if accused.ladder.even else accused.rounds
    # What was only just refuted has a fair chance of less evidence the second time: up to four times the draws.
    for rounds in (first, 2 * first, 4 * first):
        again.extend(sampler, min(rounds, rule.cap))
        if again.error:
            break
        if again.side(rule, CONFIRM_Z) == side:
            accused.spent += again.spent
            return again
    accused.spent += again.spent
    return None


def _conclude(
    tracks: Sequence[LimitTrack], rule: LimitRule, accused: LimitTrack | None, confirmed: LimitTrack | None
) -> LimitDecision:
    flags = {"asymptotic-level"}
    findings = tuple(track.finding(rule, REFUTE_Z) for track in tracks)
    judged = [track for track in tracks if track.may_support and not track.error]
    status: ExperimentStatus = "undecided"
    detail = ""
    if accused is not None:
        status = "refuted" if confirmed is not None else "undecided"
        if confirmed is None:
            flags.add("disagreement")
            detail = "the second method did not confirm the refutation"
        elif not accused.extrapolation.quadratic.adequate:
            detail = "no fit in powers of 1/d describes the sizes; the error is large and hardly shrinks at the largest"
    elif any(track.error for track in tracks):
        status, detail = "error", "some draws are not finite"
    elif not judged:
        detail = "no anchor may support: all may only refute"
    else:
        doubts = {track.doubt for track in judged if track.doubt}
        flags.update(doubts)
        if "free-rate" in doubts:
            detail = "the limit depends on the rate: another exponent than 1/d fits the sizes and ends elsewhere"
        elif "poor-fit" in doubts:
            detail = "no fit in powers of 1/d describes the sizes"
        elif all(track.supported for track in judged):
            status = "supported"
    shown = judged or [track for track in tracks if not track.error] or list(tracks)
    least_certain = max(shown, key=lambda track: rule.reach(findings[track.index].interval))
    worst = accused or next((track for track in tracks if track.error and status == "error"), least_certain)
    anchors = [track for track in tracks if track.fixed and not track.error]
    seen = min((track.noticeable(REFUTE_Z) for track in anchors), default=math.inf)
    needed = None
    if status == "undecided" and accused is None and judged:
        needed = sum(track.missing(rule) for track in judged if not track.supported)
    return LimitDecision(
        status,
        findings[least_certain.index].estimate,
        findings[least_certain.index].interval,
        worst.index,
        confirmed.extrapolation.interval(CONFIRM_Z) if confirmed is not None else None,
        seen + (0.0 if rule.relation == "==" else rule.tolerance),
        needed or None,
        sum(track.spent for track in tracks),
        findings,
        tuple(sorted(flags)),
        detail,
    )
