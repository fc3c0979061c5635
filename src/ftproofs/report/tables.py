"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.markup import escape
from rich.table import Table

from ftproofs.claim import Claim
from ftproofs.names import MEASUREMENTS, PARAMETERS, REQUIRED, Experiment, Parameter
from ftproofs.report.figures import derivation_cell, experiment_cell, figure, seconds
from ftproofs.verdict import Derivation, Verdict

_STYLES = {"proved": "green", "supported": "green", "refuted": "red", "undecided": "yellow", "error": "red"}


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table in the house style; the first column is never cut."""
    made = Table(*columns, title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    made.columns[0].no_wrap = True
    return made


def verdicts(checked: Sequence[tuple[Claim, Verdict]]) -> Table:
    """Claim, derivation, experiment, the figure that matters, the word, the time."""
    made = table("claim", "derivation", "experiment", "figure", "word", "time")
    made.columns[4].no_wrap = made.columns[5].no_wrap = True
    for claim, verdict in checked:
        made.add_row(
            escape(claim.id),
            escape(derivation_cell(verdict.derivation)),
            escape(experiment_cell(verdict.experiment)),
            escape(figure(verdict)),
            word(verdict),
            seconds(verdict.seconds),
        )
    return made


#: Flags that only say how a bound or a test was made; counted below the table instead.
ROUTINE_FLAGS = frozenset({"estimated-integration", "asymptotic-level"})


def word(verdict: Verdict) -> str:
    """The word with the flags that weaken it, and whether it was expected."""
    style = "green" if verdict.as_expected else _STYLES[verdict.word]
    notes = [flag for flag in verdict.flags if flag not in ROUTINE_FLAGS]
    if verdict.expected is not None:
        notes.append("as expected" if verdict.as_expected else f"expected {verdict.expected}")
    tail = f" ({', '.join(notes)})" if notes else ""
    return f"[{style}]{verdict.word}[/]{escape(tail)}"


def footnotes(checked: Sequence[tuple[Claim, Verdict]], *, catalog: bool = True) -> list[str]:
    """How the verdicts add up, and how often each routine flag was set; of the catalog's claims words are expected."""
    words = [verdict.word for _, verdict in checked]
    counts = [f"{words.count(w)} {w}" for w in ("proved", "supported", "refuted", "undecided", "error") if w in words]
    against = sum(not verdict.as_expected for _, verdict in checked)
    noun = "claim" if len(checked) == 1 else "claims"
    tail = "; " + (f"{against} not as expected" if against else "all as expected") if catalog else ""
    lines = [f"{len(checked)} {noun}: {', '.join(counts) or 'none'}{tail}."]
    for flag in sorted(ROUTINE_FLAGS):
        number = sum(flag in verdict.flags for _, verdict in checked)
        if number:
            lines.append(f"{flag}: {number} of them (docs/verdicts.md).")
    return lines


def catalog(claims: Iterable[Claim], *, title: str | None = None) -> Table:
    """Id, title, quantifier, source, expected word (empty: proved or supported), and what holds instead, if any."""
    rows = list(claims)
    instead = ("holds instead",) if any(claim.published_refuted for claim in rows) else ()
    made = table("claim", "title", "quantifier", "source", "expected", *instead, title=title)
    made.columns[2].no_wrap = True
    for claim in rows:
        source = escape(claim.source.reference)
        cells = [escape(claim.id), escape(claim.title), claim.quantifier.name, source, claim.expected or ""]
        made.add_row(*cells, *([escape(claim.corrected or "")] if instead else []))
    return made


def experiments(specs: Iterable[Experiment]) -> Table:
    """The pipelines, one line each."""
    made = table("experiment", "pipeline", "engines")
    for spec in specs:
        made.add_row(spec.name, escape(spec.pipeline), ", ".join(spec.engines))
    return made


def parameters(spec: Experiment) -> Table:
    """An experiment's parameters: default, range, meaning."""
    made = table("parameter", "default", "range", "meaning")
    for name, default in spec.parameters.items():
        value = "required" if default == REQUIRED else str(default)
        made.add_row(name, value, escape(extent(PARAMETERS[name])), escape(PARAMETERS[name].meaning))
    return made


def measurements(spec: Experiment) -> Table:
    """An experiment's measurements: scale, meaning."""
    made = table("measurement", "scale", "meaning")
    for name in spec.measurements:
        made.add_row(name, scale(MEASUREMENTS[name].scale), escape(MEASUREMENTS[name].meaning))
    return made


def extent(parameter: Parameter) -> str:
    """Where a parameter is defined, as text."""
    if parameter.kind == "choice":
        return ", ".join(parameter.choices)
    opening = "(" if parameter.sign == "positive" and parameter.low == 0 else "["
    closing = ")" if parameter.high == float("inf") else "]"
    kind = "integer " if parameter.kind == "integer" else ""
    high = "oo" if parameter.high == float("inf") else f"{parameter.high:g}"
    return f"{kind}{opening}{parameter.low:g}, {high}{closing}"


def scale(factors: Sequence[tuple[str, int]]) -> str:
    """A natural scale as a product of powers."""
    return "*".join(name if power == 1 else f"{name}**{power}" for name, power in factors) or "1"


def steps(derivation: Derivation, says: Mapping[str, str]) -> Table:
    """A derivation's steps and how each was closed."""
    made = table("step", "status", "route", "says", "time")
    for result in (*derivation.steps, *derivation.corollaries):
        made.add_row(
            escape(result.id),
            result.status,
            escape(result.route),
            escape(_words(says.get(result.id, ""), result.detail)),
            seconds(result.seconds),
        )
    return made


def readings(rows: Iterable[tuple[str, float, float]]) -> Table:
    """Measurements with their bounds, every digit shown."""
    made = table("measurement", "value", "bound")
    for name, value, bound in rows:
        made.add_row(name, repr(value), repr(bound))
    return made


def _words(says: str, detail: str) -> str:
    """What a step says and, in brackets, what closing it added."""
    return f"{says} [{detail}]" if detail and detail != says else says
