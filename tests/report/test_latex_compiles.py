"""The exported document goes through a real TeX: no error, nothing undefined, no line far into the margin.

Without TeX this is skipped, unless FTPROOFS_REQUIRE names ``tex``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from latex_helpers import hostile_claims, whole_catalog
from seen_helpers import spots

from ftproofs.catalog import claims, families
from ftproofs.report.folder import write_folder
from ftproofs.report.latex import document
from ftproofs.report.results import claim_result
from ftproofs.report.stored import Stored
from ftproofs.settings import Setting
from ftproofs.verdict import Derivation, Evidence, Observation, Verdict

#: A line may stand this far into the margin, in points (1 pt is 0.35 mm).
WIDEST = 10.0
MISSING = [program for program in ("pdflatex", "bibtex", "kpsewhich") if shutil.which(program) is None]
REQUIRED = "tex" in os.environ.get("FTPROOFS_REQUIRE", "").split(",")

pytestmark = pytest.mark.skipif(
    bool(MISSING) and not REQUIRED, reason="no TeX (FTPROOFS_REQUIRE=tex makes it an error)"
)


def typeset(folder: Path, files: Mapping[str, str]) -> str:
    """The log of the last run over the files, compiled as main.tex says."""
    assert not MISSING, f"FTPROOFS_REQUIRE has tex, and there is no {', '.join(MISSING)}"
    write_folder(folder, files, force=False)
    # Nothing of the caller's environment; TeX may read and write below the folder only, and run nothing.
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "openin_any": "p", "openout_any": "p",
                   "max_print_line": "1000", "SOURCE_DATE_EPOCH": "0"}  # fmt: skip
    pdflatex = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "-recorder", "main"]
    for command in (pdflatex, ["bibtex", "main"], pdflatex, pdflatex, pdflatex):
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )
        said = done.stdout.decode(errors="replace")
        assert done.returncode == 0, said[-3000:]
        assert command[0] != "bibtex" or "warning" not in said.lower(), said
    return (folder / "main.log").read_text(errors="replace")


def faults(log: str) -> list[str]:
    """What is wrong with the document, by its log."""
    found = re.findall(
        r"^!.*|.*[Uu]ndefined (?:references|citations|control).*|.*multiply defined.*", log, re.MULTILINE
    )
    found += re.findall(r"^.*Warning: (?:Reference|Citation|Label).*|^.*Missing character.*", log, re.MULTILINE)
    found += re.findall(r"^.*destination with the same identifier.*", log, re.MULTILINE)
    boxes = re.findall(r"^(Overfull \\hbox \((\d+\.?\d*)pt too wide\).*)", log, re.MULTILINE)
    return found + [line for line, points in boxes if float(points) > WIDEST]


def read_files(folder: Path) -> set[Path]:
    """Every file the last run opened for reading."""
    lines = (folder / "main.fls").read_text().splitlines()
    return {(folder / line.removeprefix("INPUT ")).resolve() for line in lines if line.startswith("INPUT ")}


def test_the_faults_of_a_log_are_seen() -> None:
    assert faults("This is fine\nOverfull \\hbox (3.2pt too wide) in paragraph") == []
    for line in (
        "! Undefined control sequence.",
        "LaTeX Warning: Reference `clm:x' on page 1 undefined on input line 3.",
        "LaTeX Warning: Citation `x' on page 1 undefined on input line 3.",
        "LaTeX Warning: Label `x' multiply defined.",
        "LaTeX Warning: Label(s) may have changed. Rerun to get cross-references right.",
        "LaTeX Warning: There were undefined references.",
        "Overfull \\hbox (31.5pt too wide) in alignment at lines 3--9",
        "Missing character: There is no é in font x!",
    ):
        assert faults(line), line


def test_the_whole_catalog_compiles(tmp_path: Path) -> None:
    log = typeset(tmp_path / "out", whole_catalog())
    assert faults(log) == []
    assert (tmp_path / "out" / "main.pdf").stat().st_size > 100_000


def test_figures_and_counterexamples_compile(tmp_path: Path) -> None:
    claim = claims()["linear-endpoint"]
    setting = Setting.of(claim.experiment, {"n": 3, "d": 40, "theta": 0.1, "source_norm": 1.5})
    identifier = "ft1-" + "abcdefg234567" * 15
    seen = Observation(setting, identifier, 0, 0.5, 0.7, 1e-9, 0.4)
    evidence = Evidence("refuted", "each", 1e-6, settings=1, trainings=8, worst=seen, simplest=seen)
    verdict = Verdict(claim.id, "refuted", Derivation("none"), evidence, None, (), 1.0)
    stored = Stored({claim.id: claim_result(claim, verdict)})
    files = document([claim], families(), stored, {claim.id: spots()})
    tex = files["claims/linear-endpoint.tex"]
    assert r"\ftcounterexample{Simplest counterexample (statement 1)}{$d = 40$, $n = 3$, $s = 1.5$" in tex
    assert identifier in tex.replace(r"\allowbreak ", "")
    assert "10 holds, 10 unclear, 10 fails" in tex
    assert files["figures/linear-endpoint.pdf"].startswith(b"%PDF")
    assert document([claim], families(), stored, {claim.id: spots()}) == files  # the same rows, the same bytes
    assert faults(typeset(tmp_path / "out", files)) == []


def test_hostile_titles_compile_and_read_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    log = typeset(folder, document(hostile_claims(), families(), Stored()))
    assert [fault for fault in faults(log) if "Overfull" not in fault] == []
    assert "runsystem" not in log
    tree = [Path(line) for line in _roots()]
    for path in read_files(folder):
        assert path.is_relative_to(folder.resolve()) or any(path.is_relative_to(root) for root in tree), path
    assert not Path("/tmp/owned").exists()


def _roots() -> list[str]:
    """Where TeX keeps its own files."""
    names = ("TEXMFDIST", "TEXMFMAIN", "TEXMFSYSVAR", "TEXMFSYSCONFIG", "TEXMFLOCAL", "TEXMFDEBIAN")
    roots = []
    for name in names:
        done = subprocess.run(["kpsewhich", f"-var-value={name}"], capture_output=True, text=True, check=False)
        roots += [str(Path(part).resolve()) for part in done.stdout.strip().split(":") if part.startswith("/")]
    return [*roots, "/usr/share/texmf", "/usr/share/texlive", "/var/lib/texmf", "/etc/texmf"]
