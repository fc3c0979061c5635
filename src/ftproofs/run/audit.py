"""Claim files to verdicts: read and examined in the sandbox first, then checked like any claim."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ftproofs.claim import Claim
from ftproofs.claimfile import Document, load, parse, read
from ftproofs.claimfile.sandbox import DEADLINE, Late, Sandbox
from ftproofs.claimfile.vetting import Vetting
from ftproofs.errors import FileError, UsageError
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


def submitted(
    paths: Sequence[Path],
    *,
    accept_latex: bool = False,
    sandbox: Callable[[], Sandbox] | None = None,
    works: Sequence[str] = (),
) -> list[Submitted]:
    """The claims of all files, each read and examined in the sandbox first.

    ``sandbox`` makes another one than usual, ``works`` are what it then also does with each claim.

    A formula in LaTeX is used only with ``accept_latex``; otherwise the error says what
    it was understood as (FT238).

    Raises:
        FileError: the first thing that is wrong with a file or a claim.
    """
    found: list[Submitted] = []
    owners: dict[str, str] = {}
    with (sandbox or Sandbox)() as box:
        for path in paths:
            content = load(path)
            understood = box.read(content, str(path))
            document = parse(content, str(path))
            if understood and not accept_latex:
                raise _not_accepted(document, understood)
            claims = read(document, lambda latex, names, known=understood: known[latex])  # type: ignore[misc]
            for number, claim in enumerate(claims):
                if claim.id in owners:
                    why = f"id {claim.id!r} stands in {owners[claim.id]} as well"
                    raise document.error("FT226", why, number, "id")
                owners[claim.id] = str(path)
                found.append(_examined(box, document, number, claim, works))
    return found


def _not_accepted(document: Document, understood: dict[str, str]) -> FileError:
    """The error about the first formula in LaTeX: what it was understood as."""
    number = next(i for i, table in enumerate(document.data["claim"]) if "latex" in table)
    formulas = document.data["claim"][number]["latex"]
    first = formulas[0] if isinstance(formulas, list) else formulas
    why = f"understood as {understood[first]!r}; --accept-latex checks that"
    return document.error("FT238", why, number, "latex")


def _examined(sandbox: Sandbox, document: Document, number: int, claim: Claim, works: Sequence[str]) -> Submitted:
    try:
        vetting: Vetting | None = sandbox.vet(number)
        for work in works:
            sandbox.ask(work, number)
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

    Raises:
        FileError: a domain that no setting meets (FT204), or another that cannot be checked.
    """
    claim, vetting = item.claim, item.vetting
    if vetting is not None and vetting.disproof:
        evidence = Evidence("refuted", claim.quantifier.name, claim.margin, detail=vetting.disproof)
        return Verdict(claim.id, "refuted", Derivation("none"), evidence, claim.expected, vetting.flags)
    try:
        verdict = check(claim)
    except UsageError as error:  # what only shows when settings are drawn
        raise FileError(item.file, item.line, error.code, error.message, exit_status=error.exit_status) from None
    if vetting is None:
        word = verdict.word if verdict.word in ("refuted", "error") else "undecided"
        detail = LATE if not verdict.experiment.detail else f"{LATE}; {verdict.experiment.detail}"
        return replace(verdict, word=word, experiment=replace(verdict.experiment, detail=detail))
    return replace(verdict, flags=tuple(sorted({*verdict.flags, *vetting.flags})))
