"""What `ftproofs mutate` prints and writes: every mutant with its fate, and the score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from ftproofs import __version__
from ftproofs.report.figures import number
from ftproofs.report.tables import table

if TYPE_CHECKING:
    from ftproofs.check.mutate import Judged, Mutation, Outcome

OUTCOMES: tuple[Outcome, ...] = ("survived", "sub-tolerance", "equivalent", "undefined", "killed")

_STYLES = {"survived": "yellow", "killed": "green", "undefined": "green"}


def document(found: Sequence[Mutation], skipped: Sequence[tuple[str, str]], run: dict[str, Any]) -> dict[str, Any]:
    """The JSON of a run."""
    return {
        "format": 1,
        "ftproofs": __version__,
        "run": run,
        "claims": [_claim(mutation) for mutation in found],
        "skipped": [{"id": claim, "reason": reason} for claim, reason in skipped],
    }


def _claim(mutation: Mutation) -> dict[str, Any]:
    return {
        "id": mutation.claim,
        "quantifier": mutation.quantifier,
        "tolerance": mutation.tolerance,
        "status": mutation.status,
        "rows": mutation.rows,
        "score": mutation.score,
        "strict_score": mutation.strict_score,
        "counts": {outcome: mutation.count(outcome) for outcome in OUTCOMES},
        "flags": list(mutation.flags),
        "mutants": [_mutant(judged) for judged in mutation.judged],
        "seconds": round(mutation.seconds, 3),
    }


def _mutant(judged: Judged) -> dict[str, Any]:
    return {
        "operator": judged.mutant.operator,
        "fine": judged.mutant.fine,
        "number": judged.mutant.number,
        "place": judged.mutant.place,
        "statement": judged.mutant.written,
        "outcome": judged.outcome,
        "difference": judged.difference,
        "by": judged.by,
    }


def mutants(mutation: Mutation) -> Table:
    """Operator, mutant and fate; what deserves a look first."""
    made = table("operator", "mutant", "fate")
    for judged in sorted(mutation.judged, key=lambda judged: OUTCOMES.index(judged.outcome)):
        text = escape(fate(judged))
        style = _STYLES.get(judged.outcome)
        made.add_row(judged.mutant.operator, escape(judged.mutant.written), f"[{style}]{text}[/]" if style else text)
    return made


def fate(judged: Judged) -> str:
    """What became of a mutant, in a few words."""
    if judged.outcome == "killed":
        return f"killed: {judged.by}"
    if judged.outcome == "undefined":
        return f"killed by the domain check: {judged.by}"
    if judged.outcome == "equivalent":
        return f"equivalent ({judged.by})"
    return f"{judged.outcome}, error at most {number(judged.difference)}"


def scores(found: Sequence[Mutation]) -> Table:
    """One line a claim: its experiment, how many mutants ended how, and the scores."""
    made = table("claim", "quantifier", "rows", "killed", "survived", "equivalent", "sub-tolerance", "score", "strict")
    for mutation in found:
        made.add_row(
            escape(mutation.claim),
            mutation.quantifier,
            str(mutation.rows),
            str(mutation.count("killed", "undefined")),
            str(mutation.count("survived")),
            str(mutation.count("equivalent")),
            str(mutation.count("sub-tolerance")),
            _score(mutation.score) + (" weak-check" if mutation.passed and mutation.flags else ""),
            _score(mutation.strict_score),
        )
    return made


def markdown(found: Sequence[Mutation], skipped: Sequence[tuple[str, str]]) -> str:
    """The scores as a table in Markdown, and what was left out, as the documentation shows them."""
    columns = ("claim", "quantifier", "rows", "killed", "by domain", "survived", "equivalent", "sub-tolerance")
    lines = [f"| {' | '.join((*columns, 'score', 'strict', ''))} |", "|---" * 11 + "|"]
    for mutation in found:
        note = ", ".join(mutation.flags) if mutation.passed else f"its experiment ended {mutation.status}"
        cells = [f"`{mutation.claim}`", mutation.quantifier, str(mutation.rows), str(mutation.count("killed"))]
        cells += [str(mutation.count(fate)) for fate in ("undefined", "survived", "equivalent", "sub-tolerance")]
        lines.append(f"| {' | '.join((*cells, _score(mutation.score), _score(mutation.strict_score), note))} |")
    judged = sum(len(mutation.judged) for mutation in found)
    lines += ["", f"{judged} mutants, {sum(mutation.seconds for mutation in found):.0f} seconds of judging."]
    lines += ["", *(f"- `{claim}` is left out: {reason}." for claim, reason in skipped)] if skipped else []
    return "\n".join(lines)


def summary(mutation: Mutation) -> str:
    """The score in a sentence."""
    if not mutation.passed:
        return f"{mutation.claim}: the claim's own experiment ended {mutation.status}; its mutants say nothing."
    killed, survived = mutation.count("killed", "undefined"), mutation.count("survived")
    rest = f"{mutation.count('equivalent')} equivalent, {mutation.count('sub-tolerance')} sub-tolerance"
    flags = f" [{', '.join(mutation.flags)}]" if mutation.flags else ""
    return (
        f"{mutation.claim}: {killed} of {killed + survived} killed, score {_score(mutation.score)}, "
        f"{_score(mutation.strict_score)} without the fine operators; {rest}.{flags}"
    )


def _score(score: float | None) -> str:
    return "-" if score is None else f"{score:.3f}"
