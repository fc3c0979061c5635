"""A statement about means, decided on draws from an injected sampler."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ftproofs.claim import Relation
from ftproofs.decision.draws import BETS, Anchor, Rule, Sampler, SettingFinding, Track
from ftproofs.errors import UsageError
from ftproofs.names import Value, infinite_variance
from ftproofs.numeric import statistics
from ftproofs.numeric.statistics import BLOCK, in_blocks
from ftproofs.verdict import ExperimentStatus

#: The e-value that refutes a claim, and the one that confirms it on fresh draws by a second method.
REFUTE_AT = 1e6
CONFIRM_AT = 1e3

#: The probability, per anchor and over all looks, that a claim wrong by the tolerance is supported.
ALPHA = 2e-4


#: Where draws cost little an anchor takes at least one over this of the draws of the costliest: pilots miss tails.
LEAST = 4


def refuse_infinite_variance(
    settings: Iterable[Mapping[str, Value]], names: Collection[str] = ("risk",), experiment: str = ""
) -> None:
    """Refuse settings at which a measurement has no variance (`names.infinite_variance`).

    Raises:
        UsageError: FT213.
    """
    for values in settings:
        where = infinite_variance(values, names, experiment)
        if where:
            raise UsageError(
                "FT213",
                f"variance is infinite at {where} (d = {values['d']}, n = {values['n']}, "
                f"sigma = {values['sigma']}); restrict the domain or declare an upper bound",
            )


@dataclass(frozen=True, slots=True)
class MeanDecision:
    """What the draws say about a statement on means.

    ``estimate`` and ``interval`` are relative errors at the least certain anchor (of those
    that may support, if any), ``worst`` is the index of the setting to show: the one with
    the most evidence if refuted, else the least certain. ``log_evidence`` and
    ``log_confirmation`` are log e-values; ``needed`` is how many more draws it would take,
    over all anchors; ``draws`` counts everything drawn, pilots and confirmations included.
    ``smallest_error_seen`` is the smallest relative error, the same at every anchor, that
    would have been refuted with 99 % power.
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
    settings: tuple[SettingFinding, ...] = ()
    flags: tuple[str, ...] = ()
    detail: str = ""


def decide_mean(
    sampler: Sampler,
    anchors: Sequence[Anchor],
    adaptive: Sequence[Anchor] = (),
    *,
    tolerance: float,
    cap: int = 131_072,
    relation: Relation = "==",
    refute_at: float = REFUTE_AT,
    confirm_at: float = CONFIRM_AT,
    alpha: float = ALPHA,
) -> MeanDecision:
    """Decide whether ``E[lhs - rhs]`` stands in the relation to 0 at every anchor.

    **Draws.** Every setting starts at 256 and doubles up to a number planned for it. An
    anchor's plan is ``((z_alpha + z_{miss/2}) spread / tolerance)^2`` with the spread of an
    independent pilot of 256 (or the given variance), at most the cap; settings that may
    only refute take no more than the costliest supporting anchor, or `Anchor.most`, and an
    anchor that is planned finer than the tolerance at least a quarter of the costliest's.

    **Refutation** is tried after each doubling, which an e-process allows: at a claim
    e-value of ``refute_at``, taken with no smaller a variance than the draws themselves show,
    fresh draws of stage ``second`` by method 1 must reach
    ``confirm_at``, at the settings and in the directions that carried the first evidence;
    if they do not, the claim is undecided with the flag ``disagreement``.

    **Support** looks at an anchor once, when it reaches its plan, at level alpha/2; if the
    interval does not lie within the tolerance, the anchor is extended to what its own
    spread asks for (at least doubled) and looked at once more at alpha/2. A plan that
    reaches the cap has one look at level alpha. So alpha is never exceeded, and the first
    look is not chosen by the draws it looks at. Every anchor that may support must.

    For an inequality, a violation counts beyond tolerance times ``max(|rhs|, scale/10)``,
    both to refute and to withhold support.

    Args:
        sampler: fresh draws; see `Sampler`.
        anchors: settings fixed in advance.
        adaptive: settings found by exploration; they may only refute.
        tolerance: the largest relative error that counts as agreement.
        cap: draws per setting at most; rounded down to whole blocks.
        relation: of lhs to rhs.
        refute_at: the e-value that refutes.
        confirm_at: the e-value that confirms.
        alpha: level of support per anchor, over both looks.
    """
    if not 0 < tolerance < 1:
        raise ValueError(f"the tolerance must be between 0 and 1, got {tolerance}")
    if not anchors:
        return MeanDecision("undecided", detail="no anchor")
    rule = Rule(tolerance, max(BLOCK, cap // BLOCK * BLOCK), relation, alpha, math.log(refute_at))
    tracks = [Track(i, anchor, i < len(anchors)) for i, anchor in enumerate((*anchors, *adaptive))]
    for track in tracks:
        track.plan(sampler, rule)
    costliest = max((track.target for track in tracks if track.may_support), default=rule.cap)
    for track in tracks:
        most = track.anchor.most
        track.target = min(track.target, costliest) if most is None else in_blocks(most, most)
        if track.may_support and track.anchor.finer > 1:
            track.target = max(track.target, in_blocks(costliest / LEAST, costliest))
    confirmation, size = None, BLOCK
    while not all(track.done for track in tracks):
        for track in tracks:
            track.extend(sampler, min(size, track.target), rule)
        if _claim_log_e(tracks, rule) >= rule.refute_at:
            confirmation = _confirm(sampler, tracks, rule, math.log(confirm_at))
            break
        if all(track.draws >= track.target for track in tracks if not track.error):
            for track in tracks:
                track.look(rule)
        size *= 2
    return _conclude(tracks, rule, confirmation, math.log(confirm_at))


def _claim_log_e(tracks: Sequence[Track], rule: Rule) -> float:
    """The claim's log e-value; a setting in error counts as an e-value of 0."""
    logs = np.array([np.full_like(t.logs, -np.inf) if t.error else t.logs for t in tracks])[:, :, rule.directions]
    fixed = np.array([t.fixed for t in tracks])
    return statistics.claim_log_e(logs[fixed], logs[~fixed])


def _confirm(sampler: Sampler, tracks: Sequence[Track], rule: Rule, confirm_at: float) -> float:
    """The log e-value of fresh draws by the second method, where and in the direction the first draws spoke."""
    chosen: list[tuple[Track, int]] = []
    for track in tracks:
        best = track.logs[:, rule.directions].max(axis=0)
        if not track.error and best.max() > 0:
            chosen.append((track, rule.directions[int(best.argmax())]))
    limit = {track.index: min(rule.cap, 2 * track.draws) for track, _ in chosen}
    drawn = {track.index: (np.empty(0), np.empty(0)) for track, _ in chosen}
    logs = np.zeros((len(chosen), BETS, 1))
    start, log_e = 0, 0.0
    while start < max(limit.values()):
        stop = max(BLOCK, 2 * start)
        for i, (track, direction) in enumerate(chosen):
            count = min(stop, limit[track.index]) - start
            if count > 0 and not track.error:
                fresh = track.fetch(sampler, "second", start, count, method=1)
                lhs, rhs = (np.concatenate(pair) for pair in zip(drawn[track.index], fresh, strict=True))
                drawn[track.index] = lhs, rhs
                if not track.error:
                    track.raise_variance(lhs, rhs, rule)
                logs[i, :, 0] = -np.inf if track.error else track.evidence(lhs, rhs, rule)[:, direction]
        start, log_e = stop, statistics.claim_log_e(logs)
        if log_e >= confirm_at:
            break
    return log_e


def _conclude(tracks: Sequence[Track], rule: Rule, confirmation: float | None, confirm_at: float) -> MeanDecision:
    findings = tuple(track.finding(rule) for track in tracks)
    flags = ["asymptotic-level"] if any(track.anchor.variance is None for track in tracks) else []
    detail = ""
    judged = [track for track in tracks if track.may_support and not track.error]
    status: ExperimentStatus
    if confirmation is not None:
        status = "refuted" if confirmation >= confirm_at else "undecided"
        if status == "undecided":
            flags.append("disagreement")
            detail = "the second method did not confirm the refutation"
    elif any(track.error for track in tracks):
        status, detail = "error", "some draws are not finite"
    elif not judged:
        status, detail = "undecided", "no anchor may support: all may only refute"
    else:
        status = "supported" if all(track.supported for track in judged) else "undecided"
    shown = judged or [track for track in tracks if not track.error] or list(tracks)
    least_certain = max(shown, key=lambda track: rule.reach(findings[track.index].interval)).index
    worst = least_certain
    if status == "refuted":
        worst = max(tracks, key=lambda track: findings[track.index].log_evidence).index
    elif status == "error":
        worst = next(track.index for track in tracks if track.error)
    anchors = [track for track in tracks if track.fixed and not track.error]
    parts = 2 + any(not track.fixed for track in tracks)
    averaged = math.log(parts * BETS * len(rule.directions))
    seen = statistics.refutable_error(
        [track.relative for track in anchors], [track.variance for track in anchors], rule.refute_at + averaged
    )
    needed = None
    if status == "undecided" and confirmation is None and judged:
        needed = sum(rule.missing(track.relative) for track in judged if not track.supported)
    return MeanDecision(
        status=status,
        estimate=findings[least_certain].estimate,
        interval=findings[least_certain].interval,
        worst=worst,
        log_evidence=_claim_log_e(tracks, rule),
        log_confirmation=confirmation,
        smallest_error_seen=seen + (0.0 if rule.relation == "==" else rule.tolerance),
        needed=needed,
        draws=sum(track.spent for track in tracks),
        settings=findings,
        flags=tuple(flags),
        detail=detail,
    )
