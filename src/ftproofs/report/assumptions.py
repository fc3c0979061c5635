"""What `ftproofs mutate --assumptions` prints and writes: each assumption, and what training without it showed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from ftproofs import __version__
from ftproofs.report.figures import number
from ftproofs.report.results import assumption_result
from ftproofs.report.tables import table

if TYPE_CHECKING:
    from ftproofs.check.assumptions import Needed, Outcome

OUTCOMES: tuple[Outcome, ...] = ("needed", "not shown to be needed", "undecided", "not tried")

_STYLES = {"needed": "green", "undecided": "yellow"}

#: What of one claim was found.
Found = tuple[str, Sequence["Needed"]]


def assumptions_document(
    found: Sequence[Found], skipped: Sequence[tuple[str, str]], run: dict[str, Any]
) -> dict[str, Any]:
    """The JSON of a run."""
    return {
        "format": 1,
        "ftproofs": __version__,
        "run": run,
        "assumptions": [
            {"id": claim, "dropped": [assumption_result(item.facts) for item in every]} for claim, every in found
        ],
        "skipped": [{"id": claim, "reason": reason} for claim, reason in skipped],
    }


def assumptions_table(every: Sequence[Needed]) -> Table:
    """What is assumed, what was tried instead, what was found; what is needed first."""
    made = table("assumed", "instead", "found")
    for item in sorted(every, key=lambda item: OUTCOMES.index(item.outcome)):
        text, style = escape(found(item)), _STYLES.get(item.outcome)
        made.add_row(
            escape(item.dropped.assumed), escape(item.dropped.instead), f"[{style}]{text}[/]" if style else text
        )
    return made


def found(item: Needed) -> str:
    """The outcome with its counterexample, or why there is none."""
    seen = item.seen
    if seen is not None:
        return f"needed: error {number(seen.error)} there"
    return f"{item.outcome}: {item.detail}" if item.detail else item.outcome


def replays(every: Sequence[Needed]) -> list[str]:
    """For each assumption that is needed, how to see its counterexample."""
    seen = [(item.dropped.instead, item.seen) for item in every]
    return [f"{instead}: ftproofs replay {observation.id}" for instead, observation in seen if observation is not None]


def assumptions_summary(claim: str, every: Sequence[Needed]) -> str:
    """How many assumptions ended how, in a sentence."""
    counts = [f"{sum(item.outcome == outcome for item in every)} {outcome}" for outcome in OUTCOMES]
    return f"{claim}: {len(every)} assumptions, {', '.join(counts)}."
