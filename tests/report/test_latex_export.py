"""The exported document without TeX: whole, labelled, safe whatever the texts say, and free of computed verdicts."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sympy
from latex_helpers import HOSTILE, balanced, commands, hostile_claims, open_environments, whole_catalog

from ftproofs.catalog import claims, families
from ftproofs.claim import Claim
from ftproofs.errors import UsageError
from ftproofs.report.latex import document
from ftproofs.report.latex.abbreviate import shortened
from ftproofs.report.latex.bibliography import Citation, bibtex, of_theorem
from ftproofs.report.latex.layout import LINE, Row, fit, groups, lines, terms, width
from ftproofs.report.results import claim_result
from ftproofs.report.stored import Stored
from ftproofs.symbolic.latex import escape, latex
from ftproofs.verdict import Derivation, Evidence, Link, StepResult, Verdict, join

TEX = [name for name in whole_catalog() if name.endswith(".tex")]
#: Nothing that reads, writes, runs or redefines may be in a file but the two fixed ones.
FORBIDDEN = {"write", "input", "include", "openin", "openout", "read", "def", "let", "newcommand", "catcode", "csname",
             "immediate", "special", "directlua", "usepackage", "RequirePackage"}  # fmt: skip


@pytest.mark.parametrize("name", TEX)
def test_every_file_is_whole(name: str) -> None:
    text = whole_catalog()[name]
    assert balanced(text)
    if name != "macros.tex":
        assert open_environments(text) == []
    assert text.isascii()


def test_labels_are_unique_and_name_live_claims() -> None:
    labels = [label for text in whole_catalog().values() for label in re.findall(r"\\label\{([^}#]*)\}", text)]
    assert len(labels) == len(set(labels))
    live = claims()
    kinds = {"clm": 0, "stp": 0, "cor": 0}
    for label in labels:
        kind, _, rest = label.partition(":")
        if kind == "tab":
            continue
        claim, _, step = rest.partition(":")
        kinds[kind] += 1
        assert claim in live
        if kind != "clm":
            ids = {s.id for s in (live[claim].corollaries if kind == "cor" else ())}
            ids |= {s.id for s in (*live[claim].steps, *live[claim].corollaries)} if kind == "stp" else set()
            assert step in ids
    assert kinds["clm"] == len(live)
    assert kinds["stp"] == sum(len(c.steps) + len(c.corollaries) for c in live.values())
    assert kinds["cor"] == sum(len(c.corollaries) for c in live.values())


def test_references_and_citations_resolve() -> None:
    files = whole_catalog()
    text = "".join(files[name] for name in TEX)
    labels = set(re.findall(r"\\label\{([^}#]*)\}", text))
    assert set(re.findall(r"\\(?:eq|c)?ref\{([^}#]*)\}", text)) <= labels
    keys = re.findall(r"^@misc\{([^,]*),", files["references.bib"], flags=re.MULTILINE)
    assert len(keys) == len(set(keys))
    assert set(re.findall(r"\\cite(?:\[\{[^]]*\}\])?\{([^}]*)\}", text)) == set(keys)
    assert set(re.findall(r"\\input\{([^}]*)\}", files["main.tex"])) == {
        n.removesuffix(".tex") for n in TEX if n != "main.tex"
    }


def test_everything_a_claim_has_is_printed() -> None:
    for claim in claims().values():
        text = whole_catalog()[f"claims/{claim.id}.tex"]
        assert text.count(r"\ftvariant{") == len(claim.variants)
        assert text.count(r"\begin{corollary}") == len(claim.corollaries)
        assert text.count(r"\label{stp:") == len(claim.steps) + len(claim.corollaries)
        for variant in claim.variants:
            assert rf"\ftvariant{{{claim.id}-not-{variant.id}}}" in text


# -- hostile text -----------------------------------------------------------------------


@pytest.mark.parametrize("claim", hostile_claims(), ids=lambda claim: claim.id)
def test_hostile_text_stays_text(claim: Claim) -> None:
    plain = set().union(*(commands(text) for text in whole_catalog().values()))
    files = document([claim], families(), Stored())
    for name, text in files.items():
        assert balanced(text), name
        assert text.isascii(), name
        if name not in ("macros.tex", "main.tex"):
            assert not FORBIDDEN & commands(text), name
            known = plain | {"textbackslash", "textbraceleft", "textbraceright", "textquotedbl", "textasciigrave",
                             "textless", "textgreater", "textbar", "textasciitilde", "textasciicircum",
                             "ss", "ae", "AE", "o", "O", "l", "L", "i", "c", "k", "r", "v", "u", "H", "S", "times",
                             "le", "ge", "infty", "prime", "top", "oe", "dots", "alpha", "Omega", "textemdash",
                             "textquotedblleft", "textquotedblright"}  # fmt: skip
            assert commands(text) <= known, name
            if name.endswith(".tex"):
                assert open_environments(text) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_escaped_text_has_no_live_character(text: str) -> None:
    found = escape(text)
    assert found.isascii()
    assert found.isprintable()
    assert balanced(found)
    left = re.sub(
        r"\\(text[a-z]+|ss|ae|AE|oe|o|O|l|L|i|S|dots)\{\}|\\['`^~\"=.rcvukH]\{[A-Za-z]\}|\\[{}$&#%_]", "", found
    )
    left = re.sub(r"\$(-|\\[A-Za-z]+)\$|\{\}|\{[][]\}", "", left)
    assert not set(left) & set("\\{}$&#%_^~"), left


def test_an_id_cannot_leave_the_folder_or_a_label() -> None:
    from dataclasses import replace

    base = claims()["linear-endpoint"]
    for bad in ("../x", "a/b", "A", "a}b", "", "a b", "x" * 101, "a\n"):
        with pytest.raises(UsageError, match="FT225"):
            document([replace(base, id=bad)], families(), Stored())
    with pytest.raises(UsageError, match="FT225"):
        document([replace(base, steps=(replace(base.steps[0], id="a}"),))], families(), Stored())


# -- verdicts ----------------------------------------------------------------------------


def stored_verdict(claim: Claim, **changed: Any) -> dict[str, Any]:
    legs = Derivation(
        "gap", (StepResult(claim.steps[0].id, "open", "normal-form", 0.1, r"\write18{x}"),), ("gronwall",)
    )
    evidence = Evidence(
        "certified", "each", 1e-6, trainings=8, links={"end_to_end": Link("certified", 8, 0, 1e-9, 2e-8)}
    )
    word, flags = join(legs, evidence.status)
    return claim_result(claim, Verdict(claim.id, word, legs, evidence, claim.expected, flags, 1.0)) | changed


def test_verdicts_are_only_those_that_are_stored() -> None:
    claim, other = claims()["linear-endpoint"], claims()["linear-risk"]
    files = document([claim, other], families(), Stored({claim.id: stored_verdict(claim)}, {"seed": 7}))
    assert r"\ftverdict{supported}{gap: projector}{certified, 8 trained}" in files["claims/linear-endpoint.tex"]
    assert r"$1.0\cdot10^{-9}$" in files["claims/linear-endpoint.tex"]
    assert r"; \textbf{open}" in files["claims/linear-endpoint.tex"]
    assert r"\ftunverified{ftproofs check linear-risk}" in files["claims/linear-risk.tex"]
    table = files["verification.tex"]
    assert "Stored verdicts: 1 of 2 claims. The run: seed 7." in table
    assert r"\ftcommand{ftproofs check linear-risk}" in table
    assert r"\ftword{supported}" in table


def test_a_verdict_on_another_statement_is_not_shown() -> None:
    claim = claims()["linear-endpoint"]
    entry = stored_verdict(claim, statement=["fit_gap == 1"])
    files = document([claim], families(), Stored({claim.id: entry}))
    assert r"\ftunverified" in files["claims/linear-endpoint.tex"]


# -- layout and references ----------------------------------------------------------------


def test_rows_share_a_display_only_as_far_as_they_fit() -> None:
    short, long = Row("a", "=", "b", "1"), Row("x" * 20, "=", "y" * 20, "2")
    wide = Row("x" * 50, "=", "y" * 50 + " + " + "z" * 50, "3")
    assert [len(g) for g in groups([short, short, long, wide, short])] == [3, 1, 1]
    assert lines(short) == ["a &= b"]
    broken = lines(wide)
    assert len(broken) == 3
    assert all(width(line) <= LINE + 3 for line in broken)
    assert "".join(broken).count("z") == 50


def test_letters_stand_below_the_sign_only_where_the_line_is_wide_enough() -> None:
    explained = (("B", "z" * 30),)
    near, far = Row("x", "=", "B", "1", explained), Row("x" * 30, "=", "B", "2", explained)
    assert fit([near])
    assert not fit([far])
    assert not fit([near, Row("x" * 30, "=", "y", "3")])
    assert lines(near) == ["x &= B"]
    assert [line.partition("&")[0] for line in lines(far)] == ["", ""]  # the sign's place is the line's start


def test_a_sum_is_parted_at_its_own_signs_only() -> None:
    assert terms(r"a - (b + c) + \frac{d - e}{f}") == ["a", "- (b + c)", r"+ \frac{d - e}{f}"]
    assert terms(r"\begin{cases} a + b & c \end{cases} + d") == [r"\begin{cases} a + b & c \end{cases}", "+ d"]
    assert terms("- a + b") == ["- a", "+ b"]


def test_a_theorems_citation_parts_into_reference_and_place() -> None:
    assert of_theorem("Rudin, Principles, 1976, theorem 5.11") == [Citation("Rudin, Principles, 1976", "theorem 5.11")]
    assert of_theorem("A, B, 1955, lemma 2; C 2018 for balanced layers") == [
        Citation("A, B, 1955", "lemma 2"),
        Citation("C 2018", "for balanced layers"),
    ]
    assert of_theorem("Gronwall, Annals 20, 1919") == [Citation("Gronwall, Annals 20, 1919")]


def test_bib_entries_have_safe_keys_and_balanced_braces() -> None:
    texts = [*HOSTILE, "", "A", "a"]
    entries = bibtex(Citation(text) for text in texts)
    assert re.sub(r"[^{]", "", entries).count("{") == re.sub(r"[^}]", "", entries).count("}")  # BibTeX counts all
    keys = [Citation(text).key for text in texts]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch(r"[a-z0-9-]{1,50}", key) for key in keys)


# -- letters for parts -----------------------------------------------------------------------


def test_a_wide_formula_gets_letters_that_can_be_put_back() -> None:
    a, b, c, t = sympy.symbols("a b c t", positive=True)
    root = sympy.sqrt(1 / (a + b) + b / (c + 1)) + sympy.sqrt(c + a / (b + 1))
    wide = root**3 - 2 * root * sympy.cos(a * b + c) * (a + root**2 + b) + (c + root) / (a + root)
    short = shortened((a, wide))
    assert short.where
    assert max(width(term) for term in terms(short.formulas[1])) <= LINE
    assert r"\mathcal{A}" in short.formulas[1]
    assert shortened((a, b)).where == ()
    bound = sympy.Integral(wide.subs(c, t), (t, 0, 1))
    for _, tex in shortened((a, bound)).where:
        assert not re.search(r"\bt\b", tex)


def test_nothing_bound_gets_a_letter() -> None:
    t = sympy.Symbol("t", positive=True)
    f = sympy.Function("N")(t)
    part = (f + 1) / (f**2 + 3 * f + 5) + sympy.sqrt(f + 7) / (f + 11)
    rate = sympy.Derivative(part, t)
    wide = part + part**2 + part**3 + part**4 + rate * part**5 + (part + 1) ** 7 / (part + 3) ** 2
    short = shortened((rate, wide))
    assert short.where
    assert short.formulas[0] == latex(rate)  # a derivative of a letter would say something else
    assert not re.search(r"\\frac\{d\}\{d t\} \\mathcal", short.formulas[1])
