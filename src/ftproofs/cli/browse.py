"""``list``, ``show``, ``experiments``: what there is, without training anything."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from ftproofs.claim import Claim, Step
from ftproofs.cli.output import check_json_target, deliver, line, to_stdout
from ftproofs.cli.output import show as show_table
from ftproofs.errors import UsageError, unknown
from ftproofs.names import EXPERIMENTS, experiment
from ftproofs.report import describe, tables


def list_claims(family: str | None, *, variants: bool, target: str | None) -> int:
    """Print the catalog, or one family of it."""
    check_json_target(target)
    from ftproofs.catalog import families

    known = families()
    if family is not None and family not in known:
        raise unknown("family", family, known, code="FT301")
    chosen = {name: claims for name, claims in known.items() if family in (None, name)}
    document = {
        "format": 1,
        "claims": [describe.summary(claim, name) for name, claims in chosen.items() for claim in claims],
    }
    if not to_stdout(target):
        everything = [claim for claims in chosen.values() for claim in claims]
        show_table(tables.catalog(c for c in everything if c.expected != "refuted"))
        refuted = [c for c in everything if c.expected == "refuted"]
        if refuted:
            show_table(tables.catalog(refuted, title="Published, refuted"))
        if variants:
            false = [variant for claim in everything for variant in claim.false_variants()]
            show_table(tables.catalog(false, title="False variants"))
    deliver(document, target)
    return 0


def show(name: str, *, latex: bool, target: str | None) -> int:
    """Print one claim in full, as text or as LaTeX."""
    check_json_target(target)
    claim = one_claim(name)
    if latex and to_stdout(target):
        raise UsageError("FT300", "--latex and --json both want stdout; give --json a file")
    if latex:
        from ftproofs.symbolic.latex import claim_tex

        sys.stdout.write(claim_tex(claim).rstrip() + "\n")
    elif not to_stdout(target):
        for text in _lines(claim):
            line(text)
    deliver({"format": 1, "claim": describe.full(claim)}, target)
    return 0


def one_claim(name: str) -> Claim:
    """The claim or false variant of that id (FT301)."""
    from ftproofs.catalog import claims

    everything = claims(variants=True)
    if name not in everything:
        raise unknown("claim", name, claims(), code="FT301")
    return everything[name]


def experiments(name: str | None, *, target: str | None) -> int:
    """Print the experiments, or one in full."""
    check_json_target(target)
    chosen = list(EXPERIMENTS.values()) if name is None else [experiment(name)]
    if not to_stdout(target):
        if name is None:
            show_table(tables.experiments(chosen))
        else:
            (spec,) = chosen
            line(f"{spec.name}: {spec.pipeline}")
            line(f"engines: {', '.join(spec.engines)}")
            show_table(tables.parameters(spec))
            show_table(tables.measurements(spec))
    deliver({"format": 1, "experiments": [describe.experiment(spec) for spec in chosen]}, target)
    return 0


def _lines(claim: Claim) -> Iterator[str]:
    yield f"{claim.id}: {claim.title}"
    yield f"  source      {claim.source}"
    yield f"  experiment  {claim.experiment}"
    yield f"  quantifier  {claim.quantifier.name}, tolerance {claim.margin:g}: {describe.quantified(claim)}"
    yield f"  expected    {claim.expected or 'proved or supported'}"
    if claim.published_refuted:
        yield f"  published   and refuted; {claim.corrected} holds instead"
    if claim.untrained:
        yield f"  not trained {claim.untrained}"
    yield "Statement"
    yield from (f"  {statement}" for statement in claim.statements)
    yield "Domain"
    yield from (f"  {text}" for text in describe.domain_lines(claim.domain))
    yield f"  defaults: {describe.defaults_line(claim) or 'none'}"
    yield "Derivation"
    yield from _steps(claim.steps)
    if claim.corollaries:
        yield "Special cases"
        yield from _steps(claim.corollaries)
    if claim.variants:
        yield "False variants"
        for variant in claim.variants:
            tell = f" (to be told apart: {variant.tell})" if variant.tell else ""
            yield f"  {variant.id}: {variant.says}{tell}"
    if claim.uses:
        yield f"Uses {', '.join(claim.uses)}"


def _steps(steps: tuple[Step, ...]) -> Iterator[str]:
    if not steps:
        yield "  none"
    for step in steps:
        given = f" from {', '.join(step.given)}" if step.given else ""
        yield f"  {step.id}: {step.says}"
        yield f"    {step.relation}   by {describe.method(step)}{given}"
