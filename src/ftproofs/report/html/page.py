"""The page as a whole."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from ftproofs import __version__
from ftproofs.check.spots import Seen
from ftproofs.claim import Claim
from ftproofs.report.describe import family_title
from ftproofs.report.filling import Filling
from ftproofs.report.html.claims import SIGNS, claim_view
from ftproofs.report.html.environment import environment, text
from ftproofs.report.html.graph import graph
from ftproofs.report.html.mathml import words
from ftproofs.report.latex.bibliography import axiom_of, cited, of_theorem
from ftproofs.report.stored import Stored
from ftproofs.symbolic.axioms import AXIOMS
from ftproofs.verdict import CONJECTURAL

WORDS = ("proved", "supported", "refuted", "undecided", "error", "")


def page(
    chosen: Sequence[Claim],
    families: Mapping[str, Sequence[Claim]],
    stored: Stored,
    *,
    seen: Mapping[str, Sequence[Seen]] | None = None,
    code: str = "",
    filling: Filling | None = None,
) -> str:
    """One HTML file about these claims, whole in itself.

    Args:
        chosen: the claims, in their order.
        families: the catalog; a claim of none stands under "claims".
        stored: their verdicts.
        seen: by claim, what rows say about settings; None where no rows were given.
        code: the code that reached the verdicts.
        filling: the commands that fill what is missing.

    Raises:
        UsageError: FT225 an id that cannot be a label; FT408 a damaged stored verdict.
    """
    everything = {claim.id: claim for members in families.values() for claim in members}
    everything |= {claim.id: claim for claim in chosen}
    verdicts = {id: found for id, claim in everything.items() if (found := stored.verdict(claim)) is not None}
    grouped = _grouped(chosen, families)
    on_page = frozenset(claim.id for claim in chosen)
    views = {
        family: [
            claim_view(
                claim,
                family=family,
                verdict=verdicts.get(claim.id),
                everything=everything,
                verdicts=verdicts,
                variant_verdict=stored.verdict,
                conditions=stored.conditions(claim),
                filling=filling or Filling(),
                seen=None if seen is None else seen.get(claim.id, ()),
                page=on_page,
            )
            for claim in members
        ]
        for family, members in grouped.items()
    }
    counts = {word: sum(view["word"] == word for every in views.values() for view in every) for word in WORDS}
    script = text("filters.js")
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            version=__version__,
            code=code[:12],
            style=Markup(text("style.css")),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            families=views,
            headings={family: family_title(family) for family in views},
            total=len(chosen),
            counts={word: count for word, count in counts.items() if count},
            signs=SIGNS,
            graph=graph(grouped, everything, verdicts),
            theorems=_theorems(chosen),
            sources=sorted({citation.reference for citation in cited(chosen)}),
            rows=seen is not None,
            unmeasured=any(_unmeasured(view) for every in views.values() for view in every),
        )
    )


def _unmeasured(view: Mapping[str, Any]) -> bool:
    """Whether a claim's check passed and could have a kill score that is not stored."""
    return view["word"] in ("proved", "supported") and not view["power"] and not view["powerless"]


def _grouped(chosen: Sequence[Claim], families: Mapping[str, Sequence[Claim]]) -> dict[str, list[Claim]]:
    """The claims by family, families and claims in the order they were given."""
    home = {claim.id: name for name, members in families.items() for claim in members}
    home |= {v.id: name for name, members in families.items() for claim in members for v in claim.false_variants()}
    grouped: dict[str, list[Claim]] = {}
    for claim in chosen:
        grouped.setdefault(home.get(claim.id, "claims"), []).append(claim)
    return grouped


def _theorems(chosen: Sequence[Claim]) -> list[dict[str, Any]]:
    """The general theorems that the derivations cite."""
    steps = (step for claim in chosen for step in (*claim.steps, *claim.corollaries))
    names = sorted({axiom.name for step in steps if (axiom := axiom_of(step.by)) is not None})
    return [
        {
            "name": name.replace("-", " "),
            "says": words(AXIOMS[name].says),
            "where": "; ".join(f"{c.reference}, {c.place}".rstrip(", ") for c in of_theorem(AXIOMS[name].citation)),
            "conjecture": name in CONJECTURAL,
        }
        for name in names
    ]
