"""Bad usage is one line and exit 2; what a shell does to a command is no error."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import CLAIM, FakeCheck, one_line

from ftproofs.cli.entry import expand_json

BAD = [
    (["nonsense"], "FT300"),
    (["chek"], "FT300"),
    (["check", "--sed", "1"], "FT300"),
    (["check", "--seed"], "FT300"),
    (["show"], "FT300"),
    (["show", CLAIM, "extra"], "FT300"),
    (["replay"], "FT300"),
    (["check", "--seed", "-1"], "FT211"),
    (["check", "--seed", "1.5"], "FT211"),
    (["check", "--seed", str(2**64)], "FT211"),
    (["check", "--seed", "9" * 5000], "FT211"),
    (["check", "--seed", "\u0663"], "FT211"),
    (["check", "--settings", "0"], "FT309"),
    (["check", "--settings", "x"], "FT309"),
    (["check", "--settings", "1e9"], "FT309"),
    (["check", "--budget", "huge"], "FT309"),
    (["check", "--executor", "slurm"], "FT309"),
    (["check", "--device", "tpu"], "FT307"),
    (["check", "linear-endpont"], "FT301"),
    (["derive", "linear-endpont"], "FT301"),
    (["show", "linear-endpont"], "FT301"),
    (["list", "liner"], "FT301"),
    (["experiments", "linear.finetun"], "FT302"),
    (["replay", "ft1-zzzz"], "FT506"),
    (["replay", "ft1-zzzz", "--device", "tpu"], "FT307"),
    (["check", "--json", "missing/folder.json"], "FT402"),
    (["list", "--json", "missing/folder.json"], "FT402"),
    (["eval", "A6_d", "A2=1"], "FT301"),
    (["eval", "A6_c", "A2"], "FT300"),
    (["eval", "A6_c", "A2=1", "A2=2"], "FT300"),
    (["eval", "A6_c", "A2=1"], "FT306"),
    (["eval", "A6_c", "A3=1"], "FT303"),
    (["eval", "A6_c", "A2=1", "b2=1", "s=1", "L=3", "--digits", "0"], "FT309"),
]


@pytest.mark.parametrize(("words", "code"), BAD, ids=[" ".join(words)[:60] for words, _ in BAD])
def test_bad_usage_is_one_line_and_exit_2(run: Any, folder: Path, words: list[str], code: str) -> None:
    status, out, err = run(*words)
    assert status == 2
    assert out == ""
    one_line(err, code)
    assert list(folder.rglob("*.json")) == []


def test_an_unknown_name_lists_the_nearest(run: Any) -> None:
    assert "linear-endpoint" in run("check", "linear-endpont")[2]
    assert "did you mean" in run("show", "linear-endpont")[2]
    assert "linear.finetune" in run("experiments", "linear.finetun")[2]
    assert "'check'" in run("chek")[2]


def test_control_characters_do_not_reach_the_terminal(run: Any) -> None:
    _, _, err = run("show", "a\x1b[2Jb\u202e\nc")
    assert err.count("\n") == 1
    assert "\x1b" not in err
    assert "\u202e" not in err


def test_cuda_without_one_is_exit_2(run: Any, fake_check: FakeCheck) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    status, out, err = run("check", CLAIM, "--device", "cuda")
    assert (status, out) == (2, "")
    one_line(err, "FT307")
    assert fake_check.calls == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["check", "--json"], ["check", "--json", "-"]),
        (["check", "--json", "linear"], ["check", "--json", "-", "linear"]),
        (["check", "--json", "--seed", "1"], ["check", "--json", "-", "--seed", "1"]),
        (["check", "--json", "a.json", "linear"], ["check", "--json", "a.json", "linear"]),
        (["check", "--json", "dir/a"], ["check", "--json", "dir/a"]),
        (["check", "--json", "-"], ["check", "--json", "-"]),
        (["check", "--json=a.txt"], ["check", "--json=a.txt"]),
        (["eval", "--json", "A6_c", "s=1/2"], ["eval", "--json", "-", "A6_c", "s=1/2"]),
        (["eval", "A6_c", "--json", "s=1/2"], ["eval", "A6_c", "--json", "-", "s=1/2"]),
        (["list", "--", "--json"], ["list", "--", "--json"]),
    ],
)
def test_a_bare_json_gets_its_value(words: list[str], expected: list[str]) -> None:
    assert expand_json(words) == expected


def shell(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ftproofs", *words],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | environment,
        check=False,
    )


def test_from_the_shell_nothing_is_coloured_when_piped() -> None:
    done = shell("experiments", "linear.finetune", FORCE_COLOR="1", CLICOLOR_FORCE="1")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert shell("--help", FORCE_COLOR="1", GITHUB_ACTIONS="1").stdout.count("\x1b") == 0
    assert shell("nonsense").returncode == 2


def test_a_terminal_without_unicode_is_no_error() -> None:
    assert shell("experiments", PYTHONIOENCODING="ascii").returncode == 0


@pytest.fixture
def closed_pipe() -> Iterator[int]:
    read, write = os.pipe()
    os.close(read)
    yield write
    os.close(write)


def test_a_reader_that_closes_early_is_no_error(closed_pipe: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ftproofs", "experiments", "--json"],
        stdout=closed_pipe,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0
