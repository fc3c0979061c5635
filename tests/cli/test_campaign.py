"""Campaigns and the table of false variants."""

from __future__ import annotations

from pathlib import Path

import pytest

from ftproofs.check import check
from ftproofs.cli import campaign, refutations
from ftproofs.run.pool import Task

QUICK = ("deep-linear-infinite-depth", "linear-early-stopping")


def test_a_campaign_counts_every_word_and_resumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, table = tmp_path / "campaign.sqlite", tmp_path / "table.md"
    arguments = [*QUICK, "--seeds", "2", "--budget", "low", "--ledger", str(ledger), "--table", str(table)]
    arguments += ["--workers", "1"]
    asked: list[str] = []
    real = campaign.check

    def counted(claim, **more):
        asked.append(claim.id)
        return real(claim, **more)

    monkeypatch.setattr(campaign, "check", counted)
    assert campaign.main(arguments) == 0
    assert asked == list(QUICK) * 2
    first = table.read_text()
    assert "| `linear-early-stopping` | proved or supported | 2 | 0 | 0 | 0 | 0 |" in first
    assert "Every word is as expected." in first
    assert campaign.main(arguments) == 0
    assert len(asked) == 4, "a second run computes nothing again"
    assert table.read_text() == first


def test_a_campaign_has_several_claims_checked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Pool:
        """Checks here; tests/run/test_pool.py has the real one."""

        def __init__(self, task, store, progress, *, workers) -> None:
            asked.append((task, workers))

        def check(self, claims):
            return [(claim, check(claim, budget="low", seed=asked[-1][0].seed, device="cpu")) for claim in claims]

    monkeypatch.setattr(campaign, "Pool", Pool)
    words = [*QUICK, "--seeds", "2", "--first", "3", "--budget", "low", "--workers", "8"]
    assert campaign.main([*words, "--ledger", str(tmp_path / "campaign.sqlite")]) == 0
    assert asked == [(Task(None, "low", seed, "cpu"), 2) for seed in (3, 4)]


def test_a_campaign_names_what_is_not_as_expected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = tmp_path / "campaign.sqlite"
    name = "linear-risk-not-empirical-covariance"
    arguments = [name, "--seeds", "1", "--budget", "low", "--ledger", str(ledger)]
    assert campaign.main(arguments) == 0  # refuted, as expected
    assert f"| `{name}` | refuted | 0 | 0 | 1 | 0 | 0 |" in capsys.readouterr().out


def test_the_table_of_false_variants_has_a_replay_line_for_each(tmp_path: Path) -> None:
    table = tmp_path / "variants.md"
    assert refutations.main(["linear-risk", "--budget", "low", "--table", str(table)]) == 0
    text = table.read_text()
    assert text.count("| refuted |") == 3
    assert text.count("ftproofs replay ft1-") == 3
