"""The process that reads strangers' text: what it may not do, and what happens when it takes too long."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ftproofs
from ftproofs.claimfile import parse, read
from ftproofs.claimfile.sandbox import Late, Sandbox
from ftproofs.errors import FileError

GOOD = b"""format = 1
[[claim]]
id = "x"
experiment = "linear.finetune"
quantifier = "each"
statement = "risk == (1 - n/d)*delta_norm**2"
[claim.domain]
n = { min = 2, max = 10 }
d = { min = 20, max = 40 }
theta = { min = 0, max = 1 }
"""

HOSTILE = {
    "write": "open({canary!r}, 'w').write('x')",
    "write by descriptor": "import os; os.open({canary!r}, os.O_CREAT | os.O_WRONLY)",
    "read": "open('/etc/passwd').read()",
    "delete": "import os; os.remove({victim!r})",
    "rename": "import os; os.rename({victim!r}, {canary!r})",
    "shell": "import os; os.system('touch ' + {canary!r})",
    "process": "import subprocess; subprocess.run(['touch', {canary!r}])",
    "fork": "import os; os.fork() or open({canary!r}, 'w')",
    "exec": "import os; os.execv('/usr/bin/touch', ['touch', {canary!r}])",
    "socket": "import socket; socket.socket().connect(('127.0.0.1', 9))",
    "C": "import ctypes; ctypes.CDLL('libc.so.6').system(b'touch ' + {canary!r}.encode())",
    "pickle": "import pickle; pickle.loads(b'cos\\nsystem\\n(S\"touch \" \\ntR.')",
}


@pytest.mark.parametrize("attack", HOSTILE)
def test_the_canary_survives(attack: str, tmp_path: Path) -> None:
    """Even code that runs in the process, which no text of the grammar can make it do, gets nowhere."""
    canary, victim = tmp_path / "canary", tmp_path / "victim"
    victim.write_text("alive")
    code = HOSTILE[attack].format(canary=str(canary), victim=str(victim))
    home = str(Path(ftproofs.__file__).parent.parent)
    program = (
        f"import sys; sys.path[:0] = [{home!r}]\n"
        "from ftproofs.claimfile.sandbox import confine\n"
        "import os, socket, subprocess, ctypes, pickle\n"
        "confine()\n"
        "print('confined', flush=True)\n"
        f"{code}\n"
        "print('escaped', flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert "confined" in done.stdout, done.stderr
    assert "escaped" not in done.stdout
    assert done.returncode != 0
    assert not canary.exists()
    assert victim.read_text() == "alive"


def test_memory_is_bounded() -> None:
    program = (
        "from ftproofs.claimfile.sandbox import confine; confine()\n"
        "try:\n    bytearray(3 * 2**30)\nexcept MemoryError:\n    print('bounded')\n"
    )
    home = str(Path(ftproofs.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-B", "-c", f"import sys; sys.path[:0] = [{home!r}]\n" + program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "bounded\n"


def test_it_says_what_reading_here_says() -> None:
    with Sandbox() as sandbox:
        assert sandbox.read(GOOD, "good.toml") == {}
        assert sandbox.vet(0).refused is None
        for bad in (b"x", GOOD + b'id = "y"', GOOD.replace(b"n/d", b"n//d"), GOOD.replace(b"each", b"every")):
            with pytest.raises(FileError) as here:
                read(parse(bad, "bad.toml"))
            with pytest.raises(FileError) as there:
                sandbox.read(bad, "bad.toml")
            assert str(there.value) == str(here.value)
            assert there.value.exit_status == here.value.exit_status
        assert sandbox.read(GOOD, "good.toml") == {}  # an error does not end it


def test_late_answers_end_the_process_and_a_new_one_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox() as sandbox:
        sandbox.read(GOOD, "good.toml")
        first = sandbox._process
        assert first is not None
        monkeypatch.setattr(sandbox, "deadline", 0.0)
        with pytest.raises(Late):
            sandbox.vet(0)
        assert first.poll() is not None
        monkeypatch.setattr(sandbox, "deadline", 20.0)
        assert sandbox.vet(0).refused is None
    assert sandbox._process is None


def test_what_is_flagged() -> None:
    def vetted(statement: bytes, more: bytes = b""):
        text = GOOD.replace(b"risk == (1 - n/d)*delta_norm**2", statement) + more
        with Sandbox() as sandbox:
            sandbox.read(text, "x.toml")
            return sandbox.vet(0)

    for tautology in (b"risk == risk", b"risk*(1 - n/d) == risk - risk*n/d", b"risk >= 0", b"risk <= risk + sigma + 1"):
        assert "tautology" in vetted(tautology, b"sigma = { min = 0, max = 1 }").flags, tautology
    idle = vetted(b"risk == 2*(1 - n/d)")
    assert idle.flags == ("unused-parameter",)
    assert "theta" in idle.notes[0]
    assert vetted(b"risk == (1 - n/d)*delta_norm**2").flags == ()  # theta is in delta_norm
    assert vetted(b"risk == (1 - n/d)*theta").flags == ()
    complex_ = vetted(b"risk == sqrt(theta - 1/2)")
    assert complex_.disproof.startswith("FT602: prediction is not real and finite at theta = ")
    assert vetted(b"risk == sqrt(theta + 1/2)").disproof == ""
    assert vetted(b"risk == log(theta)").disproof.startswith("FT602")
