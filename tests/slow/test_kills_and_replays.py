"""The programs of docs/tested.md that kill runs and replay rows, at small numbers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parents[2] / "benchmarks"

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("program", "words"), [("kills.py", ["--kills", "6"]), ("replays.py", ["--ids", "20"])])
def test_it_finds_nothing_wrong(program: str, words: list[str]) -> None:
    done = subprocess.run([sys.executable, str(PROGRAMS / program), *words], capture_output=True, text=True)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.splitlines()) >= 3
