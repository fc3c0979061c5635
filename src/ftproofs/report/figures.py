"""The figure that matters about a verdict, in one cell; numbers as text."""

from __future__ import annotations

from ftproofs.verdict import Derivation, Evidence, Verdict


def figure(verdict: Verdict) -> str:
    """What the word rests on: a worst error against its tolerance, an interval, or what is missing."""
    evidence = verdict.experiment
    if verdict.word == "refuted":
        return _against(verdict)
    if evidence.status == "none":
        return "not trained"
    if evidence.status == "error":
        return evidence.detail or "could not be checked"
    if evidence.status == "undecided":
        more = f"; needs {evidence.needed} more trainings" if evidence.needed else ""
        return (evidence.detail or _margin(evidence) or "too few trainings") + more
    return _margin(evidence) or evidence.detail or "-"


def _margin(evidence: Evidence) -> str:
    if evidence.quantifier == "probability" and evidence.interval is not None:
        return _counted(evidence)
    if evidence.crossings:
        return _signs(evidence)
    if evidence.quantifier == "trend" and evidence.interval is not None:
        low, high = evidence.interval
        return f"median effect in [{low:+.2%}, {high:+.2%}], at least {evidence.tolerance:.1%} claimed"
    if evidence.quantifier != "each" and evidence.interval is not None:
        low, high = evidence.interval
        inside = max(abs(low), abs(high)) < evidence.tolerance
        what = f"error for d -> oo (d = {evidence.sizes[0].d}..{evidence.sizes[-1].d})" if evidence.sizes else "error"
        # An inequality may be supported far from equality.
        far = "as claimed" if evidence.status == "supported" else f"not within {evidence.tolerance:.1%}"
        return f"{what} in [{low:+.2%}, {high:+.2%}], {f'within {evidence.tolerance:.1%}' if inside else far}"
    link = evidence.links.get("end_to_end")
    if link is None or link.worst is None or link.bound is None:
        return ""
    if link.worst < 0:  # an inequality with room to spare
        return f"holds by {number(-link.worst)}, bound {number(link.bound)}"
    return f"error {number(link.worst)}, bound {number(link.bound)}"


def _signs(evidence: Evidence) -> str:
    """How many crossings of a boundary were bracketed, and the first that was not."""
    held = sum(crossing.bracketed for crossing in evidence.crossings)
    text = f"{held} of {_count(len(evidence.crossings), 'crossing')} bracketed within {evidence.tolerance:.3g}"
    missed = next((crossing for crossing in evidence.crossings if not crossing.bracketed), None)
    if missed is None:
        return text
    where = f"{missed.parameter} = {missed.predicted:.4g}, in [{missed.low:.4g}, {missed.high:.4g}]"
    return f"{text}; not the one predicted at {where}"


def _counted(evidence: Evidence) -> str:
    """How often a bound failed, how often it may, and what it could be divided by."""
    assert evidence.interval is not None
    low, high = evidence.interval
    allowed = "" if evidence.level is None else f", {1 - evidence.level:.3g} allowed"
    text = f"fails with probability in [{low:.3g}, {high:.3g}]{allowed}"
    if evidence.slack is None:
        return text
    least, most = evidence.slack.interval
    return f"{text}; slack {evidence.slack.factor:.3g} in [{least:.3g}, {most:.3g}]"


def _against(verdict: Verdict) -> str:
    evidence = verdict.experiment
    if evidence.status != "refuted":
        return verdict.derivation.detail or "the statement itself is false"
    seen = evidence.simplest or evidence.worst
    if seen is None:
        return evidence.detail or "refuted"
    if evidence.quantifier == "probability":
        return f"{_counted(evidence)}; observed {seen.observed:.6g}, bound {seen.predicted:.6g}"
    if evidence.quantifier == "trend":
        return f"observed {seen.observed:.6g} against {seen.predicted:.6g}, {_margin(evidence)}"
    if evidence.crossings:
        sign = "positive" if seen.predicted > 0 else "negative"
        return f"observed {seen.observed:.6g} +- {number(seen.bound)}, predicted {sign}"
    return f"observed {seen.observed:.6g} +- {number(seen.bound)}, predicted {seen.predicted:.6g}"


def derivation_cell(derivation: Derivation) -> str:
    """The derivation's status with how many axioms it rests on, or where it fails."""
    if derivation.status in ("broken", "gap"):
        state = "false" if derivation.status == "broken" else "open"
        named = [step.id for step in derivation.steps if step.status == state]
        return f"{derivation.status}: {', '.join(named)}" if named else derivation.status
    if derivation.axioms:
        return f"{derivation.status}, {_count(len(derivation.axioms), 'axiom')}"
    return derivation.status


def experiment_cell(evidence: Evidence) -> str:
    """The experiment's status and how many networks were trained for it."""
    if evidence.status == "none":
        return "not trained"
    if not evidence.trainings:
        return evidence.status
    return f"{evidence.status}, {evidence.trainings} trained"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def seconds(value: float) -> str:
    """A duration: ``0.3 s``, ``12 s``, ``2 min 5 s``."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    whole = round(value)
    return f"{whole // 60} min {whole % 60} s"


def number(value: float) -> str:
    """A magnitude with two digits; 0 stays 0."""
    return "0" if value == 0 else f"{value:.1e}"
