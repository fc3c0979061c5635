"""Every test of the command line runs in a folder of its own."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_helpers import FakeCheck

from ftproofs.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command in this process: its exit status, stdout and stderr."""

    def call(*words: str) -> tuple[int, str, str]:
        status = main(list(words))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture
def fake_check(monkeypatch: pytest.MonkeyPatch) -> FakeCheck:
    """A check, in this process, whose outcome the test chooses."""
    monkeypatch.setattr(importlib.import_module("ftproofs.run.pool"), "cores", lambda: 1)
    fake = FakeCheck()
    monkeypatch.setattr(importlib.import_module("ftproofs.check"), "check", fake)
    return fake
