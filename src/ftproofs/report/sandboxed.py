"""Claims of files that anyone may have written, for reports: what SymPy does for one is tried in the sandbox first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ftproofs.claim import Claim
from ftproofs.claimfile.sandbox import DEADLINE, Sandbox
from ftproofs.claimfile.sandbox import serve as serve_files
from ftproofs.errors import FileError, FTError
from ftproofs.run.audit import submitted

#: How a claim file is told from a claim of the catalog; after a colon may stand the id of one of its claims.
SUFFIX = ".toml"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Claims to report on; ``files`` are the files of those that are not of the catalog, by id."""

    claims: tuple[Claim, ...]
    files: Mapping[str, str] = field(default_factory=dict)


def is_file(name: str) -> bool:
    """Whether a name on the command line is that of a claim file, or of a claim in one (``FILE.toml:ID``)."""
    return name.endswith(SUFFIX) or f"{SUFFIX}:" in name


def chosen(names: Sequence[str], *, accept_latex: bool = False, works: Sequence[str] = ("typeset",)) -> Chosen:
    """The named claims of the catalog, all of it where nothing is named, then those of claim files.

    The files are read and examined in the sandbox, as `ftproofs audit` does.  What a report
    needs of SymPy (``works``, of `WORKS`) is done there as well, and in this process only
    for claims that came through.

    Raises:
        UsageError: FT301 a name that is not known.
        FileError: what is wrong with a file; FT226 a claim with the id of one of the catalog;
            FT601 a claim that took too long; FT301 a file without the claim that was named.
    """
    from ftproofs.catalog import claims, find

    wanted: dict[str, set[str]] = {}
    for name in filter(is_file, names):
        file, found, only = name.rpartition(f"{SUFFIX}:")
        wanted.setdefault(f"{file}{SUFFIX}" if found else name, set()).update([only] if found else [])
    known = [name for name in names if not is_file(name)]
    catalog = find(*known) if known or not wanted else ()
    if not wanted:
        return Chosen(catalog)
    taken, files, found_claims = claims(variants=True), {}, []
    sandbox = partial(Sandbox, serving=__name__)
    for item in submitted([Path(file) for file in wanted], accept_latex=accept_latex, sandbox=sandbox, works=works):
        id = item.claim.id
        only_these = wanted[item.file]
        if only_these and id not in only_these:
            continue
        if id in taken:
            raise FileError(item.file, item.line, "FT226", f"id {id!r} is that of a claim of the catalog")
        if item.vetting is None:
            why = f"symbolic step of {id} stopped after {DEADLINE:g} s"
            raise FileError(item.file, item.line, "FT601", why, exit_status=3)
        files[id] = item.file
        found_claims.append(item.claim)
    for file, ids in wanted.items():
        for missing in sorted(ids - files.keys()):
            raise FileError(file, 1, "FT301", f"it has no claim {missing!r:.80}")
    return Chosen((*catalog, *found_claims), files)


# -- in the process ---------------------------------------------------------------


def serve() -> None:
    """Answer requests about claim files, and do the works that reports need."""
    serve_files({name: partial(_done, work) for name, work in WORKS.items()})


def _done(work: Callable[[Claim], object], claim: Claim) -> dict[str, Any]:
    """A refusal is an end as well: whoever does the work again meets it and says so."""
    with suppress(FTError):
        work(claim)
    return {}


def _typeset(claim: Claim) -> None:
    """A claim's LaTeX, its part of the page and its references, as they are without a verdict."""
    from ftproofs.report.filling import Filling
    from ftproofs.report.html.claims import claim_view
    from ftproofs.report.latex import document
    from ftproofs.report.stored import Stored

    document([claim], {}, Stored())
    claim_view(
        claim,
        family="",
        verdict=None,
        everything={},
        verdicts={},
        variant_verdict=lambda claim: None,
        conditions={},
        filling=Filling(),
        seen=None,
        page=frozenset(),
    )


def _module(claim: Claim) -> None:
    """A claim's formulas as a module, with common subexpressions computed once and written out."""
    from ftproofs.report.python.module import formulas, module

    every = formulas(claim)
    module(claim, every)
    module(claim, every, share=False)


#: What reports do with a claim, by name.
WORKS: Mapping[str, Callable[[Claim], object]] = {"typeset": _typeset, "module": _module}
