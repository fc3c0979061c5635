"""In a notebook a claim shows its statement, a verdict its table and picture; the data know nothing of it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from test_html_export import Reader
from test_stored import verdict

import ftproofs
from ftproofs.catalog import claims
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
