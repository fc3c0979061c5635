"""``mutate``: the table, the JSON, the exit code."""

from __future__ import annotations

import importlib
import signal
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import document, one_line

from ftproofs.check.mutate import Judged, Mutation
from ftproofs.claim import Claim
from ftproofs.symbolic.mutation import Mutant
from ftproofs.symbolic.vocabulary import equal, v

CLAIM = "linear-span"


def judged(claim: Claim, status: str = "certified") -> Mutation:
    fates = [("sign", "killed", 1.0, "error 1 at ft1-example"), ("root", "equivalent", 0.0, "normal-form")]
    fates += [("times-1.02", "survived", 0.02, ""), ("inverted", "undefined", float("inf"), "no real value at n = 2")]
    fates += [("number+1", "sub-tolerance", 1e-9, "")]
    mutants = tuple(
        Judged(Mutant(0, equal(v.perp_gap, v.n), operator, "n"), outcome, size, by)  # type: ignore[arg-type]
        for operator, outcome, size, by in fates
    )
    return Mutation(claim.id, status, "each", 1e-6, mutants if status == "certified" else (), 16, 0.5)  # type: ignore[arg-type]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Mutations whose parents end as the test says; how they were asked for."""
    seen: dict[str, Any] = {"status": {}, "calls": []}

    def mutate(claim: Claim, **options: Any) -> Mutation:
        seen["calls"].append({"claim": claim.id} | options)
        return judged(claim, seen["status"].get(claim.id, "certified"))

    monkeypatch.setattr(importlib.import_module("ftproofs.check.mutate"), "mutate", mutate)
    return seen


def test_one_claim_is_a_table_of_its_mutants(run: Any, fake: dict[str, Any]) -> None:
    status, out, err = run("mutate", CLAIM, "--budget", "low", "--seed", "7")
    assert (status, err) == (0, "")
    order = ["times-1.02", "number+1", "root", "inverted", "sign"]
    rows = [line for line in out.splitlines() if line.split()[:1] and line.split()[0] in order]
    assert [row.split()[0] for row in rows] == order  # what deserves a look first
    assert "survived, error at most" in rows[0]
    assert "killed: error 1 at ft1-example" in rows[-1]
    assert "2 of 3 killed, score 0.667, 1.000 without the fine operators" in out
    assert "[weak-check]" in out
    assert (fake["calls"][0]["budget"], fake["calls"][0]["seed"]) == ("low", 7)


def test_several_claims_are_a_table_of_scores(run: Any, fake: dict[str, Any]) -> None:
    status, out, _ = run("mutate", CLAIM, "linear-endpoint", "linear-noise-infinite")
    assert status == 0
    assert any(line.split()[:3] == [CLAIM, "each", "16"] for line in out.splitlines())
    assert "linear-noise-infinite: left out; an infinite mean" in out


def test_the_table_of_the_documentation(run: Any, fake: dict[str, Any]) -> None:
    status, out, err = run("mutate", CLAIM, "linear-endpoint", "linear-noise-infinite", "--table")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split(" | ")[:2] == ["| claim", "quantifier"]
    assert lines[1] == "|---" * 11 + "|"
    assert lines[2] == f"| `{CLAIM}` | each | 16 | 1 | 1 | 1 | 1 | 1 | 0.667 | 1.000 | weak-check |"
    assert len({line.count("|") for line in lines[:4]}) == 1
    assert any(line.startswith("- `linear-noise-infinite` is left out: an infinite mean") for line in lines)


@pytest.mark.slow
def test_assumptions_are_trained_for_on_request(run: Any, folder: Path) -> None:
    status, out, _ = run("mutate", "linear-span", "--assumptions", "--budget", "low", "--json", "out.json")
    assert status == 0
    assert "weight_decay in [0, 1]" in out
    assert "weight_decay in [0, 1]: ftproofs replay ft1-" in out
    assert "linear-span: " in out
    (claim,) = document("mutate", (folder / "out.json").read_text())["assumptions"]
    found = {item["instead"]: item for item in claim["dropped"]}
    decay = found["weight_decay in [0, 1]"]  # decay moves the predictor outside the span
    assert (decay["kind"], decay["assumed"], decay["outcome"]) == ("range", "weight_decay = 0", "needed")
    assert decay["replay"].startswith("ft1-")
    assert found["optimizer is adam"]["outcome"] == "needed"
    assert found["sigma in [1, 3/2]"]["outcome"] == "not shown to be needed"
    assert found["n > 3*d/4"]["error"] is None


@pytest.mark.parametrize("ledger", [(), ("--ledger", "rows.sqlite")])
def test_an_interrupt_waits_for_the_mutant_and_tells_what_was_finished(
    run: Any, fake: dict[str, Any], monkeypatch: pytest.MonkeyPatch, ledger: tuple[str, ...]
) -> None:
    judging = importlib.import_module("ftproofs.check.mutate")
    first = judging.mutate

    def mutate(claim: Claim, **options: Any) -> Mutation:
        if claim.id != CLAIM:
            signal.raise_signal(signal.SIGINT)
            fake["calls"].append("the mutant it was at")
            options["progress"]("mutants", 1, 2)
        return first(claim, **options)

    monkeypatch.setattr(judging, "mutate", mutate)
    status, out, err = run("mutate", CLAIM, "linear-endpoint", "linear-scratch", *ledger)
    assert (status, fake["calls"][1:]) == (130, ["the mutant it was at"])
    assert any(line.split()[:3] == [CLAIM, "each", "16"] for line in out.splitlines())
    again = "the same command" if ledger else "with --ledger FILE a rerun"
    assert err == f"ftproofs: interrupted after 1 of 3 claims; {again} resumes\n"


@pytest.mark.parametrize(("status", "code"), [("certified", 0), ("refuted", 1), ("undecided", 3), ("error", 3)])
def test_the_exit_code_is_that_of_the_claims_own_experiment(
    run: Any, fake: dict[str, Any], status: str, code: int
) -> None:
    fake["status"][CLAIM] = status
    found, out, _ = run("mutate", CLAIM)
    assert found == code
    if code:
        assert f"the claim's own experiment ended {status}" in out


def test_json(run: Any, fake: dict[str, Any], folder: Path) -> None:
    _, out, _ = run("mutate", CLAIM, "--json")
    found = document("mutate", out)
    (claim,) = found["claims"]
    assert claim["counts"] == {"survived": 1, "sub-tolerance": 1, "equivalent": 1, "undefined": 1, "killed": 1}
    assert claim["mutants"][3]["difference"] == "inf"
    assert claim["flags"] == ["weak-check"]
    run("mutate", CLAIM, "--json", "out.json")
    assert document("mutate", (folder / "out.json").read_text())["run"]["budget"] == "default"


def test_bad_input_is_one_line(run: Any, fake: dict[str, Any], folder: Path) -> None:
    for words, code in (
        (["mutate", "linear-spam"], "FT301"),
        (["mutate", "linear-noise-infinite"], "FT310"),
        (["mutate", "linear-endpoint-not-shallow", "--assumptions"], "FT301"),
        (["mutate", CLAIM, "--budget", "huge"], "FT309"),
        (["mutate", CLAIM, "--seed", "-1"], "FT211"),
        (["mutate", CLAIM, "--device", "abacus"], "FT307"),
        (["mutate"], "FT300"),
    ):
        status, out, err = run(*words)
        assert (status, out) == (2, "")
        one_line(err, code)
    assert fake["calls"] == []


def test_a_real_run_keeps_and_finds_its_rows(run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status, out, _ = run("mutate", CLAIM, "--budget", "low", "--ledger", "rows.sqlite", "--json")
    assert status == 0
    first = document("mutate", out)["claims"][0]
    assert first["score"] == 1
    experiments = importlib.import_module("ftproofs.numeric.experiments")
    monkeypatch.setattr(experiments, "run", lambda *args, **options: pytest.fail("measured again"))
    judging = importlib.import_module("ftproofs.check.mutate")
    monkeypatch.setattr(judging, "_judge", lambda *args: pytest.fail("judged again"))
    _, out, _ = run("mutate", CLAIM, "--budget", "low", "--ledger", "rows.sqlite", "--json")
    second = document("mutate", out)["claims"][0]
    assert second["mutants"] == first["mutants"]


def test_a_ledger_keeps_the_scores_of_checks_that_passed(run: Any, fake: dict[str, Any], folder: Path) -> None:
    fake["status"]["linear-endpoint"] = "undecided"
    words = ("--budget", "low", "--seed", "7", "--settings", "5", "--ledger", "rows.sqlite", "--json")
    status, out, _ = run("mutate", CLAIM, "linear-endpoint", *words)
    assert status == 3
    assert document("mutate", out)["run"]["settings"] == 5
    assert fake["calls"][0]["settings"] == 5
    shown = document("ledger-show", run("ledger", "show", "rows.sqlite", "--json")[1])["powers"]
    (kept,) = [{name: value for name, value in entry.items() if name != "at"} for entry in shown]
    scores = {"score": 2 / 3, "strict_score": 1.0}
    assert kept == {"claim": CLAIM, **scores, "seed": 7, "budget": "low", "settings": 5, "device": kept["device"]}
