"""One claim as what the page shows of it: text that the template escapes, formulas, pictures."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from markupsafe import Markup, escape
from sympy import Basic

from ftproofs.check.mutate import unmutable
from ftproofs.check.spots import Seen
from ftproofs.claim import Choices, Claim, Range, Step, Trend
from ftproofs.names import PARAMETERS
from ftproofs.report import charts, describe
from ftproofs.report.account import account
from ftproofs.report.counterexamples import against
from ftproofs.report.figures import derivation_cell, experiment_cell, figure
from ftproofs.report.filling import Filling
from ftproofs.report.html.graph import unverified
from ftproofs.report.html.mathml import mathml, relation, sentence, words
from ftproofs.report.latex.bibliography import axiom_of
from ftproofs.report.latex.claims import METHODS, check_ids
from ftproofs.symbolic.axioms import AXIOMS
from ftproofs.symbolic.latex import as_read, latex
from ftproofs.symbolic.methods import Under
from ftproofs.verdict import Evidence, StepResult, Verdict

#: Lookup of the stored verdict on a claim.
Lookup = Callable[[Claim], Verdict | None]

#: Panels whose axes need words.
_PANEL = re.compile("-(residual|pairs)-")
#: Words of verdicts with the sign that stands beside their colour.
SIGNS = {"proved": "■", "supported": "◆", "refuted": "✕", "undecided": "?", "error": "!", "": "○"}


def claim_view(
    claim: Claim,
    *,
    family: str,
    verdict: Verdict | None,
    everything: Mapping[str, Claim],
    verdicts: Mapping[str, Verdict],
    variant_verdict: Lookup,
    conditions: Mapping[str, Any],
    filling: Filling,
    seen: Sequence[Seen] | None,
    page: frozenset[str],
) -> dict[str, Any]:
    """Everything the template shows of a claim.

    Raises:
        UsageError: FT225 an id that cannot be a label.
    """
    check_ids(claim)
    drawn = charts.pictures(claim, verdict, seen)
    return {
        "id": claim.id,
        "title": words(claim.title),
        "family": family,
        "word": "" if verdict is None else verdict.word,
        "sign": SIGNS["" if verdict is None else verdict.word],
        "expected": expected(verdict),
        "quantified": sense(claim),
        "experiment": claim.experiment,
        "statement": [relation(as_read(claim, statement)) for statement in claim.statements],
        "domain": [domain_item(name, values) for name, values in claim.domain.ranges],
        "where": [mathml(latex(constraint, inline=True)) for constraint in claim.domain.constraints],
        "untrained": words(claim.untrained) if claim.untrained else "",
        "source": claim.source,
        "corrected": claim.corrected,
        "uses": [(used, used in page) for used in claim.uses],
        "unverified": unverified(claim, everything, verdicts),
        "legs": legs(verdict),
        "flags": [] if verdict is None else list(verdict.flags),
        "meter": None if verdict is None else meter(verdict.experiment),
        "tolerance": figure_html(f"{claim.margin:g}"),
        "counterexamples": [] if verdict is None else counterexamples(verdict, claim),
        "account": [] if verdict is None or verdict.word == "refuted" else account(claim, verdict),
        "hints": [] if verdict is None else list(verdict.hints),
        "power": None if verdict is None else power(verdict),
        "powerless": "" if verdict is None or verdict.word == "refuted" else words(unmutable(claim)),
        "fill": {
            "verdict": filling.verdict(claim),
            "power": filling.power(claim, conditions),
            "picture": filling.picture(claim),
        },
        "charts": drawn,
        "paired": isinstance(claim.quantifier, Trend),
        "residuals": charts.residual_words(claim)
        if any("-residual-" in c.name or "-pairs-" in c.name for c in drawn)
        else "",
        "measured": seen is not None,
        "steps": steps(claim, claim.steps, () if verdict is None else verdict.derivation.steps),
        "corollaries": steps(claim, claim.corollaries, () if verdict is None else verdict.derivation.corollaries),
        "variants": variants(claim, variant_verdict),
        "conditions": [(name, value) for name, value in conditions.items() if value is not None],
        "seconds": None if verdict is None else f"{verdict.seconds:.1f}",
        "search": " ".join([claim.id, claim.title, str(claim.source), claim.experiment]).lower(),
    }


def expected(verdict: Verdict | None) -> str:
    """Whether the word is the one that was expected, where that needs saying."""
    if verdict is None or (verdict.as_expected and verdict.expected is None):
        return ""
    return "as expected" if verdict.as_expected else f"expected {verdict.expected or 'proved or supported'}"


def sense(claim: Claim) -> Markup:
    """In which sense the statement holds."""
    if claim.quantifier.name == "probability":
        level = getattr(claim.quantifier, "level", "")
        shown = mathml(latex(level, inline=True)) if isinstance(level, Basic) else escape(str(level))
        return Markup("With probability at least {} over data, at every setting").format(shown)
    return sentence(describe.quantified(claim))


def domain_item(name: str, values: Range | Choices) -> Markup:
    """A parameter with its range, as one formula where it is one."""
    letter = PARAMETERS[name].latex
    if isinstance(values, Choices) and any(isinstance(value, str) and value != "inf" for value in values.values):
        joint = " = " if len(values.values) == 1 else " one of "
        return mathml(letter) + joint + Markup(", ").join(escape(str(value)) for value in values.values)
    if isinstance(values, Range):
        low, high = _tex(values.low), _tex(values.high)
        inside = rf"\in \{{{low}, \dots, {high}\}}" if values.integer else rf"\in [{low}, {high}]"
    elif len(values.values) == 1:
        inside = f"= {_tex(values.values[0])}"
    else:
        inside = r"\in \{" + ", ".join(map(_tex, values.values)) + r"\}"
    return mathml(f"{letter} {inside}")


def _tex(value: object) -> str:
    return latex(value, inline=True) if isinstance(value, Basic) else r"\infty" if value == "inf" else str(value)


def legs(verdict: Verdict | None) -> list[tuple[str, Markup]]:
    """Both legs and the figure that matters."""
    if verdict is None:
        return []
    texts = (derivation_cell(verdict.derivation), experiment_cell(verdict.experiment), figure(verdict))
    return list(zip(("derivation", "experiment", "figure"), map(figure_html, texts), strict=True))


def figure_html(text: str) -> Markup:
    """A figure of a report: ``2.0e-08``, ``+-`` and ``-> oo`` as one would write them."""
    parts = re.split(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-]\d+)", text)
    made = Markup()
    for place in range(0, len(parts), 3):
        made += escape(parts[place].replace("+-", "±").replace("-> oo", "→ ∞"))
        if place + 2 < len(parts):
            power = Markup("10<sup>{}</sup>").format(str(int(parts[place + 2])).replace("-", "−"))
            if int(parts[place + 2]) == 0:
                made += parts[place + 1]
            else:
                made += power if parts[place + 1] == "1" else Markup("{}·{}").format(parts[place + 1], power)
    return made


def meter(evidence: Evidence) -> float | None:
    """How much of the tolerance the error may fill, on a logarithmic scale from 1e-6 (0) to all of it (1).

    None where nothing was compared, or where no tolerance is what decides: an inequality may hold by far.
    """
    if evidence.quantifier in ("probability", "trend") or evidence.crossings or evidence.tolerance <= 0:
        return None
    link = evidence.links.get("end_to_end")
    if evidence.quantifier != "each" and evidence.interval is not None:
        size = max(map(abs, evidence.interval))
    elif evidence.quantifier == "each" and link is not None and link.worst is not None and link.bound is not None:
        size = max(0.0, link.worst) + link.bound
    else:
        return None
    if not math.isfinite(size) or (size > evidence.tolerance and evidence.status in ("certified", "supported")):
        return None
    return min(1.5, max(0.0, 1 + math.log10(max(size / evidence.tolerance, 1e-6)) / 6))


def counterexamples(verdict: Verdict, claim: Claim | None = None) -> list[dict[str, Any]]:
    """The settings at which a refuted claim fails, as the template shows them."""
    return [
        {**asdict(found), "bound": figure_html(found.bound), "error": figure_html(found.error)}
        for found in against(verdict, claim)
    ]


def power(verdict: Verdict) -> dict[str, Any] | None:
    """The kill score, where the check was asked for it."""
    if verdict.power is None:
        return None
    found = verdict.power
    return {
        "score": found.score,
        "strict": found.strict,
        "killed": found.killed,
        "total": found.killed + found.survived,
        "equivalent": found.equivalent,
        "below": found.below_tolerance,
    }


def steps(claim: Claim, every: Sequence[Step], results: Sequence[StepResult]) -> list[dict[str, Any]]:
    """Steps of a derivation with how each is closed."""
    found = {result.id: result for result in results}
    known = {step.id for step in (*claim.steps, *claim.corollaries)}
    return [
        {
            "id": step.id,
            "says": sentence(step.says),
            "relation": relation(step.relation),
            "by": _by(step),
            "given": [given for given in step.given if given in known],
            "status": found[step.id].status if step.id in found else "",
        }
        for step in every
    ]


def _by(step: Step) -> Markup:
    """The method or the theorem that closes a step."""
    method, condition = step.by, Markup()
    while isinstance(method, Under):
        condition = Markup("for {}: ").format(mathml(latex(method.condition)))
        method = method.method
    axiom = axiom_of(method)
    if axiom is not None:
        return Markup('{}<cite title="{}">{}</cite>').format(
            condition, AXIOMS[axiom.name].citation, axiom.name.replace("-", " ")
        )
    kind = type(method).__name__
    return condition + escape(METHODS.get(kind, re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).lower()))


def variants(claim: Claim, variant_verdict: Lookup) -> list[dict[str, Any]]:
    """The false variants: what was changed, what they say, how they ended."""
    made = []
    for variant in claim.variants:
        changed = claim.variant(variant)
        check_ids(changed)
        verdict = variant_verdict(changed)
        made.append(
            {
                "id": changed.id,
                "says": sentence(variant.says),
                "tell": words(variant.tell) if variant.tell else "",
                "statement": [relation(as_read(changed, s)) for s in changed.statements] if variant.statements else [],
                "word": "" if verdict is None else verdict.word,
                "sign": SIGNS["" if verdict is None else verdict.word],
            }
        )
    return made
