"""In a notebook a claim shows its statement, a verdict its table and picture; the data know nothing of it."""

from __future__ import annotations

import importlib
import subprocess
import sys
from dataclasses import replace
from types import ModuleType

import pytest
from test_html_export import Reader
from test_stored import verdict

import ftproofs
from ftproofs.catalog import claims
from ftproofs.report import notebook
from ftproofs.report.html.verdict import fragment
from ftproofs.symbolic.latex import statement_tex
from ftproofs.verdict import Picture, SizeMean, Spot


def test_a_claim_shows_its_statements() -> None:
    claim = ftproofs.claims["deep-linear-endpoint"]
    shown = claim._repr_latex_()  # type: ignore[attr-defined]
    assert shown.startswith("$$\\begin{gathered}")
    assert all(statement_tex(statement) in shown for statement in claim.statements)
    one = ftproofs.claims["linear-mean-risk"]._repr_latex_()  # type: ignore[attr-defined]
    assert one.startswith(r"$$\mathbb{E}")
    assert one.endswith("$$")


@pytest.mark.parametrize("status", ["certified", "supported", "refuted", "undecided", "error", "none"])
def test_a_verdict_shows_its_table(status: str) -> None:
    found = verdict(claims()["linear-endpoint"], status)
    shown = Reader(found._repr_html_())  # type: ignore[attr-defined]
    assert found.claim in shown.text
    assert found.word in shown.text
    assert ("ftproofs replay ft1-x" in shown.text) == (status == "refuted")
    assert shown.count("script") == 0


def test_a_verdict_shows_its_picture() -> None:
    found = verdict(claims()["linear-endpoint"], "refuted")
    assert Reader(fragment(found)).count("figure") == 0
    spots = tuple(Spot(float(i), float(i * i), "fails" if i % 2 else "holds", 0.1) for i in range(9))
    drawn = Reader(fragment(replace(found, picture=Picture("n", "theta", spots))))
    assert drawn.count("figure") == 1
    assert "5 holds, 4 fails" in drawn.text
    sizes = tuple(SizeMean(d, 100, 1 / d, 0.1 / d) for d in (32, 64, 128))
    limit = replace(found, experiment=replace(found.experiment, sizes=sizes))
    assert "d = 32 to 128" in Reader(fragment(limit)).text


def test_hostile_text_of_a_verdict_stays_text() -> None:
    found = replace(verdict(claims()["linear-endpoint"], "refuted"), claim="<script>x</script>", hints=("<b>'\"",))
    shown = fragment(found)
    assert "<script" not in shown
    assert "<b>" not in shown


class Shell:
    kernel = None


class Handle:
    """What `IPython.display.display` returns: it keeps what it was made to show."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def update(self, shown: str) -> None:
        self.shown.append(shown)


def test_in_a_notebook_a_check_shows_how_it_gets_on(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = Handle()
    shell, display = ModuleType("IPython"), ModuleType("IPython.display")
    shell.get_ipython = lambda: None  # type: ignore[attr-defined]
    display.HTML, display.display = str, lambda first, display_id: handle  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    assert not notebook.in_notebook()  # IPython at a terminal
    shell.get_ipython = Shell  # type: ignore[attr-defined]
    assert notebook.in_notebook()
    package = importlib.import_module("ftproofs.check")
    monkeypatch.setattr(package, "_watching", package._watching)
    notebook.register()
    claim = claims()["linear-endpoint"]
    quiet: list[int] = []
    ftproofs.check(claim, budget="low", settings=4, progress=lambda label, done, total: quiet.append(done))
    assert quiet
    assert handle.shown == []  # whoever is told shows it
    ftproofs.check(replace(claim, id="<b>"), budget="low", settings=4)
    assert '<progress value="' in handle.shown[0]
    assert "&lt;b&gt;" in handle.shown[0]
    assert "<b>" not in "".join(handle.shown)
    assert handle.shown[-1] == ""


def test_the_methods_are_there_once_the_package_is_used_and_cost_nothing_before() -> None:
    code = """
import sys
import ftproofs
from ftproofs.verdict import Verdict as plain
assert not hasattr(plain, "_repr_html_")
from ftproofs import Verdict
assert callable(Verdict._repr_html_)
assert not {"sympy", "torch", "matplotlib", "jinja2"} & set(sys.modules)
from ftproofs.claim import Claim
assert callable(Claim._repr_latex_)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
