"""References: one entry a source, with a key made of letters, digits and hyphens."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ftproofs.claim import Claim
from ftproofs.symbolic.axioms import AXIOMS, Axiom
from ftproofs.symbolic.latex import escape
from ftproofs.symbolic.methods import Under

#: What a bare arXiv number stands for.
PAPERS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "arXiv:2107.01641": MappingProxyType(
            {
                "author": "Shachaf, Gal and Brutzkus, Alon and Globerson, Amir",
                "title": "A Theoretical Analysis of Fine-tuning with Linear Teachers",
                "year": "2021",
            }
        ),
    }
)
_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")
_PLACE = re.compile(
    r",? ((?:for [a-z -]+)|(?:(?:theorem|lemma|proposition|corollary|chapter|section|appendix|equation)s? .+))\Z"
)


@dataclass(frozen=True, slots=True)
class Citation:
    """A reference and the place in it."""

    reference: str
    place: str = ""

    @property
    def key(self) -> str:
        """The reference's key; a digest tells apart what is spelled alike."""
        slug = "-".join(re.findall(r"[a-z0-9]+", self.reference.lower()))[:40].strip("-")
        return f"{slug}-{hashlib.sha256(self.reference.encode()).hexdigest()[:6]}".lstrip("-")

    @property
    def tex(self) -> str:
        """The citation as a command."""
        place = f"[{{{escape(self.place)}}}]" if self.place else ""
        return rf"\cite{place}{{{self.key}}}"


def of_claim(claim: Claim) -> Citation:
    """Where the claim is made."""
    return Citation(claim.source.reference, claim.source.place)


def of_theorem(citation: str) -> list[Citation]:
    """Where a theorem that derivations cite stands: references parted by semicolons, each with its place."""
    found = []
    for part in citation.split("; "):
        place = _PLACE.search(part)
        found.append(Citation(part[: place.start()], place[1]) if place else Citation(part))
    return found


def axiom_of(method: object) -> Axiom | None:
    """The theorem a step cites, if it cites one."""
    if isinstance(method, Under):
        return axiom_of(method.method)
    return method if isinstance(method, Axiom) and method.name in AXIOMS else None


def cited(claims: Iterable[Claim]) -> list[Citation]:
    """Everything these claims and their derivations cite, each reference once."""
    found: dict[str, Citation] = {}
    for claim in claims:
        everything = [of_claim(claim)] if claim.source.reference else []
        for step in (*claim.steps, *claim.corollaries):
            axiom = axiom_of(step.by)
            if axiom is not None:
                everything += of_theorem(AXIOMS[axiom.name].citation)
        for citation in everything:
            found.setdefault(citation.key, citation)
    return sorted(found.values(), key=lambda citation: citation.key)


def resting(claims: Iterable[Claim], everything: Mapping[str, Claim]) -> list[Claim]:
    """The claims with all that they use, directly or not."""
    found: dict[str, Claim] = {}
    pending = list(claims)
    while pending:
        claim = pending.pop(0)
        if claim.id not in found:
            found[claim.id] = claim
            pending += [everything[used] for used in claim.uses if used in everything]
    return list(found.values())


def bibtex(citations: Iterable[Citation]) -> str:
    """The entries, as BibTeX."""
    return "\n".join(_entry(citation) for citation in citations)


def _entry(citation: Citation) -> str:
    fields = dict(PAPERS.get(citation.reference, {}))
    arxiv = _ARXIV.fullmatch(citation.reference)
    if arxiv:
        fields["howpublished"] = rf"\url{{https://arxiv.org/abs/{arxiv[1]}}}"
        fields.setdefault("title", citation.reference)
    else:
        fields["howpublished"] = f"{{{_field(citation.reference)}}}"
    fields.setdefault("key", _field(citation.reference))
    lines = [rf"@misc{{{citation.key},"]
    lines += [
        f"  {name} = {{{value if name == 'howpublished' else f'{{{value}}}' if name == 'title' else value}}},"
        for name, value in fields.items()
    ]
    return "\n".join([*lines, "}", ""])


def _field(text: str) -> str:
    """Escaped text whose braces balance in BibTeX's own count."""
    return escape(text).replace(r"\{", r"\textbraceleft{}").replace(r"\}", r"\textbraceright{}")
