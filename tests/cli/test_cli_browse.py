"""``list``, ``show``, ``experiments``: what they show, and that they agree with the catalog."""

from __future__ import annotations

from typing import Any

import pytest
from cli_helpers import CLAIM, document, one_line


@pytest.mark.parametrize("words", [[], ["--help"], ["check", "--help"], ["eval", "--help"], ["--version"]])
def test_help_goes_to_stdout_and_succeeds(run: Any, words: list[str]) -> None:
    status, out, err = run(*words)
    assert (status, err) == (0, "")
    assert out.strip()
    assert "\x1b" not in out
    assert "╭" not in out


def test_every_command_takes_json(run: Any) -> None:
    _, out, _ = run("--help")
    names = [line.split()[0] for line in out.split("Commands:")[1].splitlines() if line.strip()]
    assert {"list", "show", "experiments", "derive", "check", "replay", "eval"} <= set(names)
    for name in names:
        words = (name, {"export": "latex", "ledger": "show"}[name]) if name in ("export", "ledger") else (name,)
        assert "--json" in run(*words, "--help")[1]


def test_list_shows_every_claim_with_its_source(run: Any) -> None:
    from ftproofs.catalog import claims

    status, out, err = run("list")
    assert (status, err) == (0, "")
    for claim in claims().values():
        line = next(line for line in out.splitlines() if line.split()[:1] == [claim.id])
        assert claim.quantifier.name in line
    assert not any(line != line.rstrip() for line in out.splitlines())


def test_list_one_family_with_variants(run: Any) -> None:
    from ftproofs.catalog import families

    _, out, _ = run("list", "deep-linear", "--variants")
    assert "False variants" in out
    for claim in families()["deep-linear"]:
        for variant in claim.false_variants():
            assert variant.id in out
    assert "linear-scratch" not in out
    found = document("list", run("list", "deep-linear", "--json")[1])
    assert [entry["id"] for entry in found["claims"]] == [claim.id for claim in families()["deep-linear"]]
    assert {entry["family"] for entry in found["claims"]} == {"deep-linear"}


def test_what_was_published_and_is_refuted_stands_apart(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    import ftproofs.catalog

    true, *_ = ftproofs.catalog.families()["linear"]
    false = replace(true, id="published-and-false", expected="refuted")
    monkeypatch.setattr(ftproofs.catalog, "families", lambda: {"linear": (false, true)})
    _, out, _ = run("list")
    before, _, after = out.partition("Published, refuted")
    assert true.id in before
    assert "published-and-false" not in before
    assert "published-and-false" in after


def test_show(run: Any) -> None:
    from ftproofs.catalog import claims

    claim = claims()[CLAIM]
    status, out, _ = run("show", CLAIM)
    assert status == 0
    for text in (claim.title, str(claim.source), claim.experiment, *map(str, claim.statements)):
        assert text in out
    for step in (*claim.steps, *claim.corollaries):
        assert step.says in out
    for constraint in claim.domain.constraints:
        assert str(constraint) in out
    found = document("show", run("show", CLAIM, "--json")[1])
    assert found["claim"]["statement"] == [str(statement) for statement in claim.statements]


def test_every_claim_and_some_variants_can_be_shown(run: Any) -> None:
    from ftproofs.catalog import claims

    variants = [name for name in claims(variants=True) if name not in claims()]
    for number, name in enumerate([*claims(), *variants[::8]]):
        if number % 2:
            assert run("show", name)[0] == 0
            continue
        assert document("show", run("show", name, "--json")[1])["claim"]["id"] == name


def test_show_as_latex(run: Any) -> None:
    status, out, err = run("show", CLAIM, "--latex")
    assert (status, err) == (0, "")
    assert f"clm:{CLAIM}" in out
    assert out.count("{") == out.count("}")
    one_line(run("show", CLAIM, "--latex", "--json")[2], "FT300")


def test_experiments(run: Any) -> None:
    from ftproofs.names import EXPERIMENTS

    _, out, _ = run("experiments")
    assert all(name in out for name in EXPERIMENTS)
    for name, spec in EXPERIMENTS.items():
        status, out, _ = run("experiments", name)
        assert status == 0
        assert all(parameter in out for parameter in (*spec.parameters, *spec.measurements))
        (entry,) = document("experiments", run("experiments", name, "--json")[1])["experiments"]
        assert list(entry["parameters"]) == list(spec.parameters)
        assert list(entry["measurements"]) == list(spec.measurements)
