"""The commands that make files of what is known, and look after the files that keep it: export, cite, ledger."""

from __future__ import annotations

from typing import Annotated

import typer

Json = Annotated[
    str | None,
    typer.Option("--json", metavar="[FILE]", help="Write JSON to FILE (*.json); alone, to stdout instead of the text."),
]
AcceptLatex = Annotated[
    bool, typer.Option("--accept-latex", help="Use formulas in LaTeX of claim files as they were understood.")
]
Results = Annotated[str | None, typer.Option(metavar="FILE", help="Verdicts: the JSON of a check's results.")]
CLAIMS = "Claims, families, or claim files (*.toml, or one claim of a file: FILE.toml:ID); all of the catalog without."

export = typer.Typer(help="Claims and their stored verdicts as files.", rich_markup_mode=None)


@export.command()
def latex(
    claim: Annotated[list[str] | None, typer.Argument(help=CLAIMS)] = None,
    *,
    out: Annotated[str, typer.Option(metavar="DIR", help="The folder to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    results: Results = None,
    ledger: Annotated[str | None, typer.Option(metavar="FILE", help="Verdicts: a ledger.")] = None,
    accept_latex: AcceptLatex = False,
    json: Json = None,
) -> int:
    """A LaTeX document: theorems, derivations, the verdicts of an earlier check, a bibliography."""
    from ftproofs.cli import exporting

    return exporting.export_latex(
        claim or [],
        out=out,
        force=force,
        results=results,
        ledger=ledger,
        accept_latex=accept_latex,
        target=json,
    )


@export.command()
def html(
    claim: Annotated[list[str] | None, typer.Argument(help=CLAIMS)] = None,
    *,
    out: Annotated[str, typer.Option(metavar="DIR", help="The folder to write index.html in.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    results: Results = None,
    ledger: Annotated[
        str | None, typer.Option(metavar="FILE", help="Verdicts and what was measured for them: a ledger.")
    ] = None,
    accept_latex: AcceptLatex = False,
    json: Json = None,
) -> int:
    """One HTML file: verdicts, what rests on what, per claim its mathematics, settings, residuals, counterexample."""
    from ftproofs.cli import exporting

    return exporting.export_html(
        claim or [],
        out=out,
        force=force,
        results=results,
        ledger=ledger,
        accept_latex=accept_latex,
        target=json,
    )


@export.command()
def python(
    claim: Annotated[str, typer.Argument(help="A claim's id, or FILE.toml[:ID].")],
    *,
    out: Annotated[str, typer.Option(metavar="FILE", help="The module to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    accept_latex: AcceptLatex = False,
    json: Json = None,
) -> int:
    """A claim's formulas as a module that needs NumPy alone; its numbers are first compared with ball arithmetic."""
    from ftproofs.cli import exporting

    return exporting.export_python(claim, out=out, force=force, accept_latex=accept_latex, target=json)


def cite(
    claim: Annotated[list[str] | None, typer.Argument(help=CLAIMS)] = None,
    accept_latex: AcceptLatex = False,
    json: Json = None,
) -> int:
    """BibTeX of what claims rest on: their sources, and the theorems that their derivations and what they use cite."""
    from ftproofs.cli import exporting

    return exporting.cite(claim or [], accept_latex=accept_latex, target=json)


ledgers = typer.Typer(help="The files that keep what was measured (check --ledger).", rich_markup_mode=None)

LedgerFile = Annotated[str, typer.Argument(metavar="FILE", help="A ledger.")]


@ledgers.command("show")
def show_ledger(file: LedgerFile, json: Json = None) -> int:
    """What it holds: rows by experiment, code and device, and verdicts."""
    from ftproofs.cli import ledgers

    return ledgers.show_ledger(file, target=json)


@ledgers.command()
def verify(file: LedgerFile, json: Json = None) -> int:
    """Read everything again: checksums, layouts, keys. Exit status 2 if anything is damaged."""
    from ftproofs.cli import ledgers

    return ledgers.verify(file, target=json)


@ledgers.command()
def merge(
    into: Annotated[str, typer.Argument(metavar="INTO", help="The ledger to add to; made if it is not there.")],
    file: Annotated[list[str], typer.Argument(metavar="FILE...", help="Ledgers to add.")],
    json: Json = None,
) -> int:
    """Add what other ledgers hold; what is there already stays."""
    from ftproofs.cli import ledgers

    return ledgers.merge(into, file, target=json)


@ledgers.command("export")
def export_ledger(
    file: LedgerFile,
    *,
    out: Annotated[str, typer.Option(metavar="FILE", help="The file to write.")],
    json: Json = None,
) -> int:
    """Every row and verdict as a line of JSON."""
    from ftproofs.cli import ledgers

    return ledgers.export(file, out=out, target=json)
