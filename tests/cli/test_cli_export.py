"""``export latex`` and ``export html``: what they write, what they refuse, and that they compute no verdict."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import CLAIM, document, one_line, outcome

from ftproofs.catalog import claims
from ftproofs.report.results import Run
from ftproofs.report.results import document as results_document
from ftproofs.verdict import as_json


def test_one_claim(run: Any, folder: Path) -> None:
    status, out, err = run("export", "latex", CLAIM, "--out", "doc")
    assert (status, err) == (0, "")
    assert f"ftproofs check {CLAIM}" in out
    written = {str(p.relative_to(folder / "doc")) for p in (folder / "doc").rglob("*") if p.is_file()}
    fixed = {"main.tex", "macros.tex", "notation.tex", "axioms.tex", "verification.tex", "references.bib"}
    assert written == fixed | {f"claims/{CLAIM}.tex"}
    assert rf"\label{{clm:{CLAIM}}}" in (folder / "doc" / "claims" / f"{CLAIM}.tex").read_text()


def test_a_family_a_variant_and_json(run: Any) -> None:
    status, out, _ = run("export", "latex", "deep-linear", f"{CLAIM}-not-swapped", "--out", "doc", "--json")
    assert status == 0
    found = document("export", out)
    assert f"{CLAIM}-not-swapped" in found["claims"]
    assert found["missing"] == found["claims"]
    assert "main.tex" in found["files"]
    assert r"\begin{refutedclaim}" in Path(f"doc/claims/{CLAIM}-not-swapped.tex").read_text()


@pytest.mark.parametrize("given", [True, False])
def test_verdicts_come_from_results(run: Any, folder: Path, given: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = claims()[CLAIM]
    facts = Run(5, "cpu", "low", None, 1.0, "code")
    path = folder / "r.json" if given else folder / ".ftproofs" / "results.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(as_json(results_document([(claim, outcome(claim))], facts))))
    for module in ("ftproofs.check", "ftproofs.symbolic.derivation"):  # nothing may be checked or derived
        monkeypatch.setitem(sys.modules, module, None)
    status, out, _ = run("export", "latex", CLAIM, "--out", "doc", *(["--results", str(path)] if given else []))
    assert status == 0
    assert "1 with a stored verdict" in out
    assert "check" not in out
    assert r"\ftverdict{proved}" in (folder / "doc" / "claims" / f"{CLAIM}.tex").read_text()
    assert "seed 5" in (folder / "doc" / "verification.tex").read_text()


def test_nothing_is_overwritten_without_force(run: Any, folder: Path) -> None:
    assert run("export", "latex", CLAIM, "--out", "doc")[0] == 0
    (folder / "doc" / "main.tex").write_text("mine")
    status, out, err = run("export", "latex", CLAIM, "--out", "doc")
    assert (status, out) == (2, "")
    one_line(err, "FT401")
    assert (folder / "doc" / "main.tex").read_text() == "mine"
    assert run("export", "latex", CLAIM, "--out", "doc", "--force")[0] == 0
    assert (folder / "doc" / "main.tex").read_text() != "mine"


REFUSED = [
    (["nothing-like-it", "--out", "doc"], "FT301"),
    ([CLAIM], "FT300"),
    ([CLAIM, "--out", "doc", "--results", "a", "--ledger", "b"], "FT300"),
    ([CLAIM, "--out", "doc", "--results", "none.json"], "FT408"),
    ([CLAIM, "--out", "doc", "--ledger", "none.sqlite"], "FT408"),
    ([CLAIM, "--out", "link"], "FT401"),
    ([CLAIM, "--out", "file"], "FT402"),
    ([CLAIM, "--out", "file/doc"], "FT402"),
    ([CLAIM, "--out", "a\0b"], "FT402"),
]


@pytest.mark.parametrize("kind", ["latex", "html"])
@pytest.mark.parametrize(("words", "code"), REFUSED, ids=[" ".join(w).replace("\0", "NUL") for w, _ in REFUSED])
def test_refused_in_one_line_with_nothing_written(
    run: Any, folder: Path, words: list[str], code: str, kind: str
) -> None:
    (folder / "file").write_text("x")
    (folder / "target").mkdir()
    (folder / "link").symlink_to(folder / "target")
    status, out, err = run("export", kind, *words)
    assert (status, out) == (2, "")
    one_line(err, code)
    assert {p.name for p in folder.iterdir()} == {"file", "target", "link"}
    assert list((folder / "target").iterdir()) == []


def test_a_page_with_the_verdicts_of_results(run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = claims()[CLAIM]
    facts = Run(5, "cpu", "low", None, 1.0, "abcdef0123456789")
    (folder / "r.json").write_text(json.dumps(as_json(results_document([(claim, outcome(claim))], facts))))
    import ftproofs.check.spots  # noqa: F401 -- the page's own need of that room

    room = sys.modules["ftproofs.check"]
    for name in ("check", "experiment_leg", "worker"):  # nothing may be checked or derived
        monkeypatch.delattr(room, name)
    status, out, err = run("export", "html", CLAIM, f"{CLAIM}-not-swapped", "--out", "page", "--results", "r.json")
    assert (status, err) == (0, "")
    assert "1 with a stored verdict" in out
    assert f"ftproofs check {CLAIM}-not-swapped" in out
    assert [p.name for p in (folder / "page").iterdir()] == ["index.html"]
    text = (folder / "page" / "index.html").read_text()
    assert text.count("<article ") == 2
    assert "abcdef012345" in text
    assert run("export", "html", CLAIM, "--out", "page")[0] == 2
    status, out, _ = run("export", "html", CLAIM, "--out", "page", "--force", "--json")
    assert (status, document("export", out)["files"]) == (0, ["index.html"])


def test_a_module_for_numpy_alone(run: Any, folder: Path) -> None:
    status, out, err = run("export", "python", CLAIM, "--out", "m.py")
    assert (status, err) == (0, "")
    assert "off by at most" in out
    assert "import numpy as np" in (folder / "m.py").read_text()
    one_line(run("export", "python", CLAIM, "--out", "m.py")[2], "FT401")
    status, out, _ = run("export", "python", CLAIM, "--out", "m.py", "--force", "--json")
    found = document("export-python", out)
    assert (status, found["claim"]) == (0, CLAIM)
    assert found["units"] <= 4


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["nothing-like-it", "--out", "n.py"], "FT301"),
        ([CLAIM, "--out", "n.txt"], "FT300"),
        (["deep-linear-infinite-depth", "--out", "n.py"], "FT141"),
        ([CLAIM, "--out", "link.py"], "FT401"),
    ],
)
def test_no_module_in_one_line(run: Any, folder: Path, words: list[str], code: str) -> None:
    (folder / "link.py").symlink_to(folder / "elsewhere.py")
    status, out, err = run("export", "python", *words)
    assert (status, out) == (2, "")
    one_line(err, code)
    assert {p.name for p in folder.iterdir()} == {"link.py"}


def test_what_claims_rest_on_as_bibtex(run: Any) -> None:
    status, out, err = run("cite", "deep-linear-norm-floor")
    assert (status, err) == (0, "")
    assert "Shachaf" in out
    assert out.count("@misc{") == out.count("\n}")
    status, text, _ = run("cite", "deep-linear-norm-floor", "--json")
    entries = document("cite", text)["entries"]
    assert "".join(f"{entry['bibtex']}\n" for entry in entries).split() == out.split()
    # What a claim uses is cited with it: the floor rests on the path, whose theorems are cited there.
    own = {entry["reference"] for entry in entries}
    path = {e["reference"] for e in document("cite", run("cite", "deep-linear-path", "--json")[1])["entries"]}
    assert path <= own
    assert run("cite", "nothing-like-it")[0] == 2
