"""What a claim says, as data and as text; nothing is derived or measured here."""

from __future__ import annotations

from typing import Any

from ftproofs.claim import Choices, Claim, Domain, Limit, Mean, Probability, Range, Step, Trend, Variant
from ftproofs.names import EXPERIMENTS, MEASUREMENTS, PARAMETERS, REQUIRED, Experiment


def summary(claim: Claim, family: str) -> dict[str, Any]:
    """A claim as `list` shows it."""
    return {
        "id": claim.id,
        "title": claim.title,
        "family": family,
        "quantifier": claim.quantifier.name,
        "source": str(claim.source),
        "expected": claim.expected,
        "corrected": claim.corrected,
        "variants": [variant.id for variant in claim.false_variants()],
    }


def full(claim: Claim) -> dict[str, Any]:
    """A claim as `show` shows it."""
    from ftproofs.symbolic.latex import statement_tex  # experiments are described without SymPy

    return {
        "id": claim.id,
        "title": claim.title,
        "source": {"reference": claim.source.reference, "place": claim.source.place},
        "experiment": claim.experiment,
        "quantifier": claim.quantifier.name,
        "quantified": quantified(claim),
        "tolerance": claim.margin,
        "statement": [str(statement) for statement in claim.statements],
        "latex": [statement_tex(statement) for statement in claim.statements],
        "domain": {name: extent(values) for name, values in claim.domain.ranges},
        "where": [str(constraint) for constraint in claim.domain.constraints],
        "derivation": [_step(step) for step in claim.steps],
        "special_cases": [_step(step) for step in claim.corollaries],
        "variants": [_variant(claim, variant) for variant in claim.variants],
        "uses": list(claim.uses),
        "expected": claim.expected,
        "corrected": claim.corrected,
        "untrained": claim.untrained,
    }


def family_title(name: str) -> str:
    """A family's name as a heading: ``leaky-relu`` is Leaky ReLU."""
    words = [{"relu": "ReLU"}.get(word, word) for word in name.split("-")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


def quantified(claim: Claim) -> str:
    """In which sense the statement holds, as text."""
    quantifier = claim.quantifier
    if isinstance(quantifier, Probability):
        return f"with probability at least {quantifier.level} over data, at every setting"
    if isinstance(quantifier, Limit):
        ladder = "" if quantifier.sizes is None else " along d = " + ", ".join(map(str, quantifier.sizes))
        return f"for the means over data as d grows at fixed gamma = n/d{ladder}"
    if isinstance(quantifier, Trend):
        return f"in more than half of the pairs trained on the same data, by {100 * quantifier.effect:g}% or more"
    return "for the means over data" if isinstance(quantifier, Mean) else "for each trained network"


def experiment(spec: Experiment) -> dict[str, Any]:
    """An experiment as `experiments` shows it."""
    return {
        "name": spec.name,
        "pipeline": spec.pipeline,
        "engines": list(spec.engines),
        "parameters": {
            name: {
                "meaning": PARAMETERS[name].meaning,
                "kind": PARAMETERS[name].kind,
                "default": None if default == REQUIRED else default,
                "required": default == REQUIRED,
                "range": [PARAMETERS[name].low, PARAMETERS[name].high],
                "choices": list(PARAMETERS[name].choices),
            }
            for name, default in spec.parameters.items()
        },
        "measurements": {
            name: {"meaning": MEASUREMENTS[name].meaning, "scale": dict(MEASUREMENTS[name].scale)}
            for name in spec.measurements
        },
    }


def extent(values: Range | Choices) -> str:
    """A range or a choice, as text."""
    if isinstance(values, Choices):
        return str(values.values[0]) if len(values.values) == 1 else "one of " + ", ".join(map(str, values.values))
    kind = "integer " if values.integer else ""
    return f"{kind}[{values.low}, {values.high}]" + (" (log-uniform)" if values.log else "")


def domain_lines(domain: Domain) -> list[str]:
    """A domain, one line a range and one a constraint."""
    lines = [f"{name}: {extent(values)}" for name, values in domain.ranges]
    return lines + [f"where {constraint}" for constraint in domain.constraints]


def defaults_line(claim: Claim) -> str:
    """The parameters the domain leaves at the experiment's defaults."""
    left = {
        name: value
        for name, value in EXPERIMENTS[claim.experiment].parameters.items()
        if name not in claim.domain and value != REQUIRED
    }
    return ", ".join(f"{name} = {value}" for name, value in left.items())


def method(step: Step) -> str:
    """How a step is to be closed, in a word or two."""
    name = getattr(step.by, "name", "")
    kind = type(step.by).__name__.lower()
    return f"{kind} {name}" if isinstance(name, str) and name else kind


def _step(step: Step) -> dict[str, Any]:
    return {
        "id": step.id,
        "says": step.says,
        "relation": str(step.relation),
        "by": method(step),
        "given": list(step.given),
    }


def _variant(claim: Claim, variant: Variant) -> dict[str, Any]:
    changed = claim.variant(variant)
    return {
        "id": changed.id,
        "says": variant.says,
        "statement": [str(statement) for statement in changed.statements],
        "tell": variant.tell,
    }
