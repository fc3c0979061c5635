"""The HTML page: well-formed, whole in itself, escaped, and it shows what was stored and says what was not."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from latex_helpers import HOSTILE, hostile_claims
from seen_helpers import spots
from test_stored import verdict

from ftproofs.catalog import claims, families
from ftproofs.check.spots import Seen, inside
from ftproofs.claim import Claim
from ftproofs.errors import UsageError
from ftproofs.names import complete
from ftproofs.numeric.seeds import code_hash
from ftproofs.report.html import page
from ftproofs.report.html.graph import graph, unverified
from ftproofs.report.html.mathml import mathml, words
from ftproofs.report.measured import seen_in
from ftproofs.report.results import claim_result
from ftproofs.report.stored import Stored, read_ledger
from ftproofs.run.ledger import Ledger
from ftproofs.symbolic.latex import as_read, statement_tex
from ftproofs.verdict import Assumed, Picture, Power, Spot, Verdict, as_json

CLAIM = claims()["linear-endpoint"]
VOID = {"meta", "link", "br", "input", "rect", "line", "circle", "path", "use", "mspace"}


class Reader(HTMLParser):
    """Elements with their attributes, and the text; an element that is not closed in order fails."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)


def stored(*pairs: tuple[Claim, Verdict]) -> Stored:
    return Stored({claim.id: as_json(claim_result(claim, found)) for claim, found in pairs}, {"seed": 5})


def one(claim: Claim = CLAIM, found: Verdict | None = None, seen: list[Seen] | None = None) -> str:
    kept = Stored() if found is None else stored((claim, found))
    return page([claim], families(), kept, seen=None if seen is None else {claim.id: seen})


@pytest.fixture(scope="module")
def family() -> str:
    return page(families()["deep-linear"], families(), Stored())


def test_a_family_is_well_formed_with_every_claim_and_step(family: str) -> None:
    found = Reader(family)
    ids = [attributes["id"] for _, attributes in found.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    for claim in families()["deep-linear"]:
        assert f"clm-{claim.id}" in ids
        assert {f"stp-{claim.id}-{step.id}" for step in (*claim.steps, *claim.corollaries)} <= set(ids)
        assert f"ftproofs check {claim.id}" in found.text
    linked = {a["href"] for _, a in found.elements if (a.get("href") or "").startswith("#")}
    assert {str(link)[1:] for link in linked} <= set(ids)


def test_nothing_is_fetched(family: str) -> None:
    found = Reader(family)
    assert not {tag for tag, _ in found.elements} & {"img", "iframe", "object", "embed", "video", "image"}
    assert found.count("script") == 1
    assert all(not a.get("src") for _, a in found.elements)
    addresses = re.findall(r"https?://[^\s\"'<]+", family)
    assert set(addresses) <= {"http://www.w3.org/1998/Math/MathML", "http://www.w3.org/1999/xlink"}
    assert "@import" not in family
    assert "url(http" not in family


def test_the_statement_is_that_of_the_latex_export(family: str) -> None:
    claim = claims()["deep-linear-endpoint"]
    for statement in claim.statements:
        assert mathml(statement_tex(as_read(claim, statement)), display=True) in family


def test_a_stored_verdict_with_its_power_and_its_run() -> None:
    found = replace(verdict(CLAIM), power=Power(0.875, None, 7, 1, 2, 3))
    text = Reader(one(CLAIM, found)).text
    assert "7 of 8 wrong variants would be refuted: kill score 0.875" in text
    assert "seed 5" in text
    assert "1.0·10−9" in text or "1.0·10" in text
    assert f"ftproofs mutate {CLAIM.id}" not in text
    assert f"ftproofs mutate {CLAIM.id}" in Reader(one(CLAIM, verdict(CLAIM))).text


def test_a_refuted_claim_with_its_counterexample_and_what_holds_instead() -> None:
    claim = claims()["diagonal-published-rich-limit"]
    found = replace(verdict(claim, "refuted"), expected="refuted", hints=("look <here>",))
    shown = Reader(one(claim, found))
    assert "ftproofs replay ft1-x" in shown.text
    assert "published, refuted" in shown.text
    assert "look <here>" in shown.text
    assert "diagonal-penalty" in shown.text


@pytest.mark.parametrize("place", range(len(HOSTILE)))
def test_hostile_text_stays_text(place: int) -> None:
    claim = hostile_claims()[place]
    plain = replace(claim, experiment="deep-linear.finetune")
    quiet = Reader(page([replace(plain, title="x")], families(), Stored()))
    for shown in (one(claim), one(claim, replace(verdict(claim), hints=(HOSTILE[place],), flags=(HOSTILE[place],)))):
        found = Reader(shown)
        assert found.count("script") == quiet.count("script") == 1
        assert not any(name.startswith("on") for _, attributes in found.elements for name in attributes)
        links = {a.get("href") for tag, a in found.elements if tag == "a"}
        assert all((link or "").startswith("#") for link in links)
        assert "<script>alert" not in shown
        assert "\x1b" not in shown


def test_a_title_with_a_script_and_quotes_is_read_as_it_is() -> None:
    title = """<script>alert("x")</script> 'quoted' & "double" </title>"""
    found = Reader(one(replace(CLAIM, title=title)))
    assert title in " ".join(found.text.split())
    searched = next(a["data-search"] for tag, a in found.elements if tag == "article")
    assert title.lower() in str(searched)


def test_an_id_that_is_no_label_is_refused() -> None:
    with pytest.raises(UsageError, match="FT225"):
        one(replace(CLAIM, id='x" onload="y'))


def test_pictures_of_rows_take_the_pages_colours() -> None:
    shown = one(CLAIM, verdict(CLAIM), spots())
    found = Reader(shown)
    charts = [a for tag, a in found.elements if tag == "svg" and a.get("class") == "chart"]
    assert len(charts) == 1 + 4  # the settings, and residuals against gamma, theta, source_norm and n
    for colour in ("--holds", "--unclear", "--fails", "--ink", "--band"):
        assert f"var({colour})" in shown
    assert not re.search(r"#0[1-7]0[1-7]0[1-7]", shown)
    assert "10 holds, 10 unclear, 10 fails" in found.text
    assert one(CLAIM, verdict(CLAIM), spots()) == shown  # the same rows, the same bytes


def test_without_rows_the_page_says_what_draws_them() -> None:
    assert "--ledger FILE draws it" in Reader(one(CLAIM, verdict(CLAIM))).text
    assert "no settings of this claim are in the ledger" in Reader(one(CLAIM, verdict(CLAIM), [])).text


def test_the_status_is_computed_over_what_is_used() -> None:
    everything = claims()
    used, user = everything["deep-linear-path"], everything["deep-linear-norm-floor"]
    found = {user.id: verdict(user)}
    assert unverified(user, everything, found) == [used.id]
    assert unverified(user, everything, found | {used.id: verdict(used)}) == []
    rate = everything["deep-linear-rate"]  # uses it through another one
    assert unverified(rate, everything, found) == [used.id]
    drawn = graph({"deep-linear": [used, user]}, everything, found)
    nodes = {node.claim: node for node in drawn.nodes}
    assert (nodes[user.id].word, nodes[user.id].sound) == ("proved", False)
    assert nodes[used.id].word == ""
    assert [(a, b) for a, b, _ in drawn.edges] == [(used.id, user.id)]
    assert nodes[used.id].x < nodes[user.id].x


def test_what_is_no_mathml_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for bad in (
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><script/></math>',
        '<math><mi href="x:y" o-n="1"/></math>',
    ):
        monkeypatch.setattr("ftproofs.report.html.mathml.convert", lambda tex, display, bad=bad: bad)
        mathml.cache_clear()
        with pytest.raises(ValueError, match="no MathML"):
            mathml("x")
    mathml.cache_clear()


def test_words_have_their_formulas() -> None:
    made = words("for n <= d & init_scale <script>")
    assert "<code>init_scale</code>" in made
    assert "&lt;script&gt;" in made
    assert ElementTree.fromstring(f"<p>{made}</p>").find(".//{http://www.w3.org/1998/Math/MathML}mo") is not None


def test_a_ledgers_rows_and_runs_come_back(tmp_path: Path) -> None:
    from ftproofs.check import check

    path = tmp_path / "l.sqlite"
    narrow = claims()["linear-mean-risk"]
    with Ledger(path, code_hash=code_hash()) as ledger:
        found = check(CLAIM, settings=4, budget="low", device="cpu", store=ledger)
        found = replace(
            found,
            power=Power(1.0, None, 3, 0, 1, 0, (("a == b", 0.5),)),
            assumed=(Assumed("k", "a", "b", "needed", "", 0.25, "ft1-x"),),
            picture=Picture("n", "d", (Spot(1.0, 2.0, "fails", 0.5),)),
            hints=("h",),
        )
        ledger.put_verdict(CLAIM, claim_result(CLAIM, found), run={"seed": 7})
    back = read_ledger(path)
    again = back.verdict(CLAIM)
    assert again is not None
    assert (again.power, again.assumed, again.picture, again.hints) == (
        found.power, found.assumed, found.picture, found.hints,
    )  # fmt: skip
    assert back.conditions(CLAIM)["seed"] == 7
    assert back.conditions(narrow) == {}
    seen = seen_in(path, [CLAIM, narrow])
    assert len(seen[CLAIM.id]) >= 4
    assert {s.outcome for s in seen[CLAIM.id]} == {"holds"}
    assert all(abs(s.difference) <= s.noise for s in seen[CLAIM.id])
    assert seen[narrow.id] == []  # networks say nothing about means


def test_settings_of_other_claims_on_the_experiment_are_left_out() -> None:
    """What a claim leaves at its default is a part of it: an anisotropic row is no case of an isotropic law."""
    ours = complete("linear.finetune", {"n": 10, "d": 30, "theta": 1.0})
    belongs = inside(claims()["linear-mean-risk"])
    assert belongs(ours)
    assert not belongs(ours | {"spectrum": "spiked"})
    assert not belongs(ours | {"n": 29})  # n <= d - 4 or n >= d + 4
    assert not belongs(ours | {"sigma": 7.0})
