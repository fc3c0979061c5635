"""Claim files to verdicts: read and examined in the sandbox first, then checked like any claim."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ftproofs.claim import Claim
from ftproofs.claimfile import Document, load, parse, read
from ftproofs.claimfile.sandbox import DEADLINE, Late, Sandbox
from ftproofs.claimfile.vetting import Vetting
from ftproofs.errors import FileError
from ftproofs.verdict import Derivation, Evidence, Verdict

#: A claim that takes the sandbox too long is examined no further; its networks are trained all the same.
LATE = f"FT601: symbolic step stopped after {DEADLINE:g} s"


@dataclass(frozen=True, slots=True)
class Submitted:
    """A claim from a file, with what was found before anything was trained (None: it took too long)."""

    claim: Claim
    file: str
    line: int
    vetting: Vetting | None


def submitted(paths: Sequence[Path]) -> list[Submitted]:
    """The claims of all files, each read and examined in the sandbox first.

    Raises:
        FileError: the first thing that is wrong with a file or a claim.
    """
    found: list[Submitted] = []
    owners: dict[str, str] = {}
    with Sandbox() as sandbox:
        for path in paths:
            content = load(path)
            count = sandbox.read(content, str(path))
            document = parse(content, str(path))
            claims = read(document)
            assert len(claims) == count
            for number, claim in enumerate(claims):
                if claim.id in owners:
                    why = f"id {claim.id!r} stands in {owners[claim.id]} as well"
                    raise document.error("FT226", why, number, "id")
                owners[claim.id] = str(path)
                found.append(_examined(sandbox, document, number, claim))
    return found


def _examined(sandbox: Sandbox, document: Document, number: int, claim: Claim) -> Submitted:
    try:
        vetting: Vetting | None = sandbox.vet(number)
    except Late:
        vetting = None
    line = document.places.line(number, "statement")
    if vetting is not None and vetting.refused is not None:
        code, message = vetting.refused
        raise FileError(document.file, line, code, f"statement: {message}")
    return Submitted(claim, document.file, line, vetting)


def verdict_of(item: Submitted, check: Callable[[Claim], Verdict]) -> Verdict:
    """The verdict on a submitted claim: ``check``'s, with what the examination adds.

    A prediction that is not real and finite somewhere in the domain refutes the claim
    before training (FT602).  A claim that could not be examined in time is undecided at
    best (FT601).
    """
    claim, vetting = item.claim, item.vetting
    if vetting is not None and vetting.disproof:
        evidence = Evidence("refuted", claim.quantifier.name, claim.margin, detail=vetting.disproof)
        return Verdict(claim.id, "refuted", Derivation("none"), evidence, claim.expected, vetting.flags)
    verdict = check(claim)
    if vetting is None:
        word = verdict.word if verdict.word in ("refuted", "error") else "undecided"
        detail = LATE if not verdict.experiment.detail else f"{LATE}; {verdict.experiment.detail}"
        return replace(verdict, word=word, experiment=replace(verdict.experiment, detail=detail))
    return replace(verdict, flags=tuple(sorted({*verdict.flags, *vetting.flags})))
