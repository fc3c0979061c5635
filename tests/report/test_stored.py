"""Stored verdicts read back: the same verdict, from results and from a ledger, or one line that says why not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ftproofs.catalog import claims, families
from ftproofs.check.mutate import unmutable
from ftproofs.claim import Claim, Domain
from ftproofs.errors import UsageError
from ftproofs.numeric.seeds import code_hash
from ftproofs.report.figures import derivation_cell, experiment_cell, figure
from ftproofs.report.filling import Filling
from ftproofs.report.html import page
from ftproofs.report.latex import document
from ftproofs.report.notebook import verdict_html
from ftproofs.report.results import claim_result, power_record
from ftproofs.report.stored import Stored, read_ledger, read_results, verdict_of
from ftproofs.run.ledger import Ledger
from ftproofs.settings import Setting
from ftproofs.verdict import Derivation, Evidence, Link, Observation, Power, StepResult, Verdict, as_json, join

SEEN = Observation(Setting.of("", {"n": 3, "theta": 0.5, "spectrum": "spiked"}), "ft1-x", 0, 1.0, 1.5, 1e-9, 0.5)


def verdict(claim: Claim, status: str = "certified") -> Verdict:
    legs = Derivation("proved", (StepResult("a", "proved", "zero", 0.5),), ("gronwall",), (), "fine")
    evidence = Evidence(
        status,  # type: ignore[arg-type]
        "each",
        1e-6,
        "s",
        8,
        9,
        {"end_to_end": Link("certified", 8, 3, 1e-9, 2e-8, (-1.0, float("inf")), 2.0)},
        float("inf"),
        (-0.01, 0.02),
        1e-5,
        SEEN,
        SEEN if status == "refuted" else None,
        ("estimated-integration",),
        "detail",
        512,
    )
    word, flags = join(legs, evidence.status)
    return Verdict(claim.id, word, legs, evidence, claim.expected, flags, 1.25)


CLAIM = claims()["linear-endpoint"]


@pytest.mark.parametrize("status", ["certified", "supported", "refuted", "undecided", "error", "none"])
def test_a_verdict_comes_back_as_it_was(status: str) -> None:
    found = verdict(CLAIM, status)
    entry = json.loads(json.dumps(as_json(claim_result(CLAIM, found))))
    back = verdict_of(entry)
    assert back.word == found.word
    assert back.as_expected == found.as_expected
    for cell in (figure,):
        assert cell(back) == cell(found)
    assert derivation_cell(back.derivation) == derivation_cell(found.derivation)
    assert experiment_cell(back.experiment) == experiment_cell(found.experiment)
    assert as_json(claim_result(CLAIM, back)) == entry


def results(path: Path, entries: list[Any], **more: Any) -> Path:
    path.write_text(json.dumps({"format": 1, "run": {"seed": 3}, "claims": as_json(entries)} | more))
    return path


def test_results_are_read(tmp_path: Path) -> None:
    stored = read_results(results(tmp_path / "r.json", [claim_result(CLAIM, verdict(CLAIM))]))
    found = stored.verdict(CLAIM)
    assert found is not None
    assert found.word == "proved"
    assert stored.run["seed"] == 3
    assert stored.verdict(claims()["linear-risk"]) is None


BAD = [
    b"", b"[]", b"{", b"\xff\xfe", b'{"format": 2, "claims": []}', b'{"format": 1, "claims": {}}', b"[" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("content", BAD, ids=range(len(BAD)))
def test_what_is_no_results_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "r.json").write_bytes(content)
    with pytest.raises(UsageError, match="FT408") as info:
        read_results(tmp_path / "r.json")
    assert "\n" not in str(info.value)


def test_missing_files_are_refused_and_not_made(tmp_path: Path) -> None:
    for read in (read_results, read_ledger):
        with pytest.raises(UsageError, match="FT408"):
            read(tmp_path / "none")
        with pytest.raises(UsageError, match="FT408"):
            read(tmp_path)
    assert list(tmp_path.iterdir()) == []


DAMAGE: list[dict[str, Any]] = [
    {"word": "certain"}, {"word": None}, {"derivation": None}, {"experiment": {}}, {"flags": None},
    {"seconds": "x"}, {"derivation": {"status": "sure", "steps": [], "axioms": [], "corollaries": [], "detail": ""}},
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE, ids=str)
def test_a_damaged_verdict_is_refused(tmp_path: Path, damage: dict[str, Any]) -> None:
    stored = read_results(results(tmp_path / "r.json", [claim_result(CLAIM, verdict(CLAIM)) | damage]))
    with pytest.raises(UsageError, match="FT408"):
        stored.verdict(CLAIM)


def test_the_latest_verdict_of_a_ledger(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    with Ledger(path, code_hash=code_hash()) as ledger:
        ledger.put_verdict(CLAIM, claim_result(CLAIM, verdict(CLAIM, "undecided")), run={"seed": 1})
        ledger.put_verdict(CLAIM, claim_result(CLAIM, verdict(CLAIM)), run={"seed": 2})
    found = read_ledger(path).verdict(CLAIM)
    assert found is not None
    assert found.word == "proved"


def test_a_verdict_on_another_domain_is_not_shown(tmp_path: Path) -> None:
    """A claim file keeps its statement and changes its domain; the ledger knows, and so do the results."""
    path = tmp_path / "l.sqlite"
    wider = replace(CLAIM, domain=Domain(CLAIM.domain.ranges[1:]))
    entry = claim_result(CLAIM, verdict(CLAIM))
    with Ledger(path, code_hash=code_hash()) as ledger:
        ledger.put_verdict(CLAIM, entry, run={"seed": 1})
    for stored in (read_ledger(path), read_results(results(tmp_path / "r.json", [entry]))):
        assert stored.verdict(CLAIM) is not None
        assert stored.verdict(wider) is None
        assert stored.common([wider]) == {}
    assert read_ledger(path).common([CLAIM, wider])["seed"] == 1


def test_the_power_that_a_ledger_keeps_stands_beside_the_verdict(tmp_path: Path) -> None:
    path, power = tmp_path / "l.sqlite", Power(0.5, None, 1, 1, 0, 0, (("n == d", 0.25),))
    with Ledger(path, code_hash=code_hash()) as ledger:
        ledger.put_verdict(CLAIM, claim_result(CLAIM, verdict(CLAIM)), run={"seed": 1})
        ledger.put_power(CLAIM, power_record(power, ("other", "weak-check")), run={"seed": 1})
    found = read_ledger(path).verdict(CLAIM)
    assert found is not None
    assert (found.power, "weak-check" in found.flags, "other" in found.flags) == (power, True, False)
    tex = document([CLAIM], families(), read_ledger(path))
    assert r"\ftpower{1 of 2 wrong variants would be refuted, kill score 0.500; " in tex[f"claims/{CLAIM.id}.tex"]
    assert r" & 0.500\\" in tex["verification.tex"]
    html = page([CLAIM], families(), read_ledger(path))
    assert "1 of 2 wrong variants would be refuted: kill score 0.500" in html
    assert "1 of 2 wrong variants" in verdict_html(found)


def test_a_report_names_what_measures_the_power_that_is_missing() -> None:
    sign, false = (
        next(c for c in claims().values() if unmutable(c).startswith("it is about a sign")),
        next(c for c in claims().values() if c.published_refuted),
    )
    run = {"seed": 5, "budget": "low", "device": "cpu"}
    chosen = [CLAIM, sign, false]
    stored = Stored({c.id: as_json(claim_result(c, verdict(c))) for c in (CLAIM, sign)}, run)
    filling = Filling(ledger="kept/l.sqlite")
    command = f"ftproofs mutate {CLAIM.id} --budget low --seed 5 --ledger kept/l.sqlite"
    tex = document(chosen, families(), stored, filling=filling)
    assert command in tex[f"claims/{CLAIM.id}.tex"].replace(r"\allowbreak{}", "").replace("{}-", "-")
    assert r"\ftpower{no kill score: it is about a sign" in tex[f"claims/{sign.id}.tex"]
    assert r"\ftpower" not in tex[f"claims/{false.id}.tex"]
    html = page(chosen, families(), stored, filling=filling)
    assert f"<code>{command}</code> measures it" in html
    assert f"<code>ftproofs mutate {sign.id}" not in html
    assert "no kill score: it is about a sign" in html
    assert f"<code>ftproofs check {false.id} --ledger kept/l.sqlite</code> reaches one" in html
    of_file = Filling({CLAIM.id: "my claims.toml"}, "l.sqlite")
    assert (
        of_file.power(CLAIM, run) == "ftproofs audit 'my claims.toml' --power --budget low --seed 5 --ledger l.sqlite"
    )
    assert of_file.verdicts([CLAIM.id, "x"]) == (
        "ftproofs check x --ledger l.sqlite; ftproofs audit 'my claims.toml' --ledger l.sqlite"
    )
