"""``export``: claims and their stored verdicts as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ftproofs.cli.output import check_json_target, deliver, line, to_stdout
from ftproofs.cli.settings import RESULTS
from ftproofs.errors import UsageError
from ftproofs.report.folder import check_folder, write_folder
from ftproofs.report.stored import Stored, read_ledger, read_results


def export_latex(
    names: Sequence[str], *, out: str, force: bool, results: str | None, ledger: str | None, target: str | None
) -> int:
    """Write the claims as a LaTeX document.

    Raises:
        UsageError: FT300 two sources of verdicts; FT301 an unknown claim; FT401, FT402,
            FT403 the folder cannot be written; FT408 the verdicts cannot be read.
    """
    check_json_target(target)
    if results is not None and ledger is not None:
        raise UsageError("FT300", "--results and --ledger both name the verdicts; give one of them")
    folder = Path(out)
    check_folder(folder, ["main.tex"], force=force)
    from ftproofs.catalog import families, find

    claims = find(*names)
    stored = _stored(results, ledger)
    from ftproofs.report.latex import document

    files = document(claims, families(), stored)
    write_folder(folder, files, force=force)
    missing = [claim.id for claim in claims if stored.verdict(claim) is None]
    if not to_stdout(target):
        line(f"{len(claims)} claims in {folder / 'main.tex'}, {len(claims) - len(missing)} with a stored verdict.")
        if missing:
            some = len(missing) < len(claims) or names
            line("The others are filled by: ftproofs check" + (" " + " ".join(missing) if some else ""))
        line("Compile there: openin_any=p pdflatex -no-shell-escape main, bibtex main, pdflatex twice more.")
    facts = {"format": 1, "out": str(folder), "files": sorted(files), "claims": [claim.id for claim in claims]}
    deliver(facts | {"missing": missing}, target)
    return 0


def _stored(results: str | None, ledger: str | None) -> Stored:
    if ledger is not None:
        return read_ledger(Path(ledger))
    if results is not None:
        return read_results(Path(results))
    return read_results(RESULTS) if RESULTS.exists() else Stored()
