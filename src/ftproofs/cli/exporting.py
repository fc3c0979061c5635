"""``export``: claims and their stored verdicts as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ftproofs.claim import Claim
from ftproofs.cli.output import check_json_target, deliver, line, to_stdout
from ftproofs.cli.settings import RESULTS
from ftproofs.errors import UsageError
from ftproofs.report.folder import check_folder, write_folder
from ftproofs.report.stored import Stored, read_ledger, read_results

if TYPE_CHECKING:
    from ftproofs.check.spots import Seen
    from ftproofs.report.filling import Filling


def export_latex(
    names: Sequence[str],
    *,
    out: str,
    force: bool,
    results: str | None,
    ledger: str | None,
    target: str | None,
    accept_latex: bool = False,
) -> int:
    """Write the claims, of the catalog or of claim files, as a LaTeX document.

    Raises:
        FileError: what is wrong with a claim file, as for `ftproofs.report.sandboxed.chosen`.
        UsageError: FT300 two sources of verdicts; FT301 an unknown claim; FT401, FT402,
            FT403 the folder cannot be written; FT408 the verdicts cannot be read.
    """
    folder = _folder(out, "main.tex", force=force, results=results, ledger=ledger, target=target)
    claims, filling, stored = _gathered(names, accept_latex, results, ledger)
    from ftproofs.catalog import families
    from ftproofs.report.latex import document

    files = document(claims, families(), stored, _seen(ledger, claims), filling)
    write_folder(folder, files, force=force)
    return _written(
        claims,
        stored,
        folder,
        sorted(files),
        filling=filling,
        named=bool(names),
        target=target,
        say="Compile there: openin_any=p pdflatex -no-shell-escape main, bibtex main, pdflatex twice more.",
    )


def export_html(
    names: Sequence[str],
    *,
    out: str,
    force: bool,
    results: str | None,
    ledger: str | None,
    target: str | None,
    accept_latex: bool = False,
) -> int:
    """Write the claims as one HTML file.

    Raises:
        UsageError: as `export_latex`; FT405, FT406 no ledger of this program's.
    """
    folder = _folder(out, "index.html", force=force, results=results, ledger=ledger, target=target)
    claims, filling, stored = _gathered(names, accept_latex, results, ledger)
    from ftproofs.catalog import families
    from ftproofs.numeric.seeds import code_hash
    from ftproofs.report.html import page

    code = str(stored.run.get("code") or code_hash())
    text = page(claims, families(), stored, seen=_seen(ledger, claims), code=code, filling=filling)
    write_folder(folder, {"index.html": text}, force=force)
    return _written(claims, stored, folder, ["index.html"], filling=filling, named=bool(names), target=target)


def export_python(name: str, *, out: str, force: bool, target: str | None, accept_latex: bool = False) -> int:
    """Write a claim's formulas as a module, once its numbers agree with ball arithmetic.

    Raises:
        FileError: what is wrong with a claim file.
        UsageError: FT300 no file of Python, or a claim file with several claims; FT301 an unknown claim; FT401,
            FT402 the file cannot be written; FT117 a formula that balls do not enclose.
        KernelError: FT140 numbers that disagree, or cannot be compared; FT141 no code for NumPy alone.
    """
    check_json_target(target)
    path = Path(out)
    if path.suffix != ".py":
        raise UsageError("FT300", f"--out names a module, NAME.py; got {out!r:.80}")
    check_folder(path.parent, [path.name], force=force)
    claim = _one_claim(name, accept_latex)
    from ftproofs.report.python import exported

    text, every, found = exported(claim)
    write_folder(path.parent, {path.name: text}, force=force)
    if not to_stdout(target):
        line(f"{', '.join(formula.name for formula in every)} of {claim.id} in {path}.")
        line(f"Compared with balls at {found.points} points: off by at most {found.units:.2f} units of rounding.")
    functions = [
        {"name": f.name, "arguments": list(f.arguments), "statement": str(f.statement), "side": f.side} for f in every
    ]
    facts = {"format": 1, "claim": claim.id, "out": str(path), "functions": functions}
    deliver(facts | {"points": found.points, "units": found.units}, target)
    return 0


def _one_claim(name: str, accept_latex: bool) -> Claim:
    from ftproofs.cli.browse import one_claim
    from ftproofs.report.sandboxed import chosen, is_file

    if not is_file(name):
        return one_claim(name)
    claims = chosen([name], accept_latex=accept_latex, works=["module"]).claims
    if len(claims) != 1:
        raise UsageError("FT300", f"{name} holds {len(claims)} claims; name one of them as {name}:ID")
    return claims[0]


def cite(names: Sequence[str], *, target: str | None, accept_latex: bool = False) -> int:
    """Print BibTeX of what the claims, of the catalog or of claim files, rest on (FT301 an unknown claim)."""
    check_json_target(target)
    from ftproofs.catalog import claims
    from ftproofs.report.latex.bibliography import bibtex, cited, resting
    from ftproofs.report.sandboxed import chosen

    citations = cited(resting(chosen(names, accept_latex=accept_latex).claims, claims()))
    if not to_stdout(target):
        for text in bibtex(citations).splitlines():
            line(text)
    entries = [{"key": c.key, "reference": c.reference, "bibtex": bibtex([c])} for c in citations]
    deliver({"format": 1, "entries": entries}, target)
    return 0


def _folder(out: str, first: str, *, force: bool, results: str | None, ledger: str | None, target: str | None) -> Path:
    """The folder to write, known to be writable before anything slow starts."""
    check_json_target(target)
    if results is not None and ledger is not None:
        raise UsageError("FT300", "--results and --ledger both name the verdicts; give one of them")
    folder = Path(out)
    check_folder(folder, [first], force=force)
    return folder


def _gathered(
    names: Sequence[str], accept_latex: bool, results: str | None, ledger: str | None
) -> tuple[tuple[Claim, ...], Filling, Stored]:
    """The claims, the commands that fill what is missing of them, and their stored verdicts."""
    from ftproofs.report.filling import Filling
    from ftproofs.report.sandboxed import chosen

    found = chosen(names, accept_latex=accept_latex)
    return found.claims, Filling(found.files, ledger), _stored(results, ledger)


def _written(
    claims: Sequence[Claim],
    stored: Stored,
    folder: Path,
    files: list[str],
    *,
    filling: Filling,
    named: bool,
    target: str | None,
    say: str = "",
) -> int:
    """Say what was written, and which command fills what is missing."""
    missing = [claim.id for claim in claims if stored.verdict(claim) is None]
    if not to_stdout(target):
        first = "main.tex" if "main.tex" in files else files[0]
        line(f"{len(claims)} claims in {folder / first}, {len(claims) - len(missing)} with a stored verdict.")
        if missing:
            some = len(missing) < len(claims) or named
            line(f"The others are filled by: {filling.verdicts(missing if some else [])}")
        if say:
            line(say)
    facts = {"format": 1, "out": str(folder), "files": files, "claims": [claim.id for claim in claims]}
    deliver(facts | {"missing": missing}, target)
    return 0


def _seen(ledger: str | None, claims: Sequence[Claim]) -> dict[str, list[Seen]] | None:
    """What was measured, by claim; None without a ledger."""
    if ledger is None:
        return None
    from ftproofs.report.measured import seen_in

    return seen_in(Path(ledger), claims)


def _stored(results: str | None, ledger: str | None) -> Stored:
    if ledger is not None:
        return read_ledger(Path(ledger))
    if results is not None:
        return read_results(Path(results))
    return read_results(RESULTS) if RESULTS.exists() else Stored()
