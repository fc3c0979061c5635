"""``export`` and ``cite`` of claim files: read in the sandbox, escaped, and told apart from the catalog."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import CLAIM, FakeCheck, document, one_line

from ftproofs.claimfile.sandbox import Late, Sandbox
from ftproofs.report import sandboxed

HOSTILE = "<script>alert(1)</script> \\input{/etc/passwd} $\\write18{id}$ 100% #1 a_b & {c}"
HEAD = """format = 1
[[claim]]
id = "mine"
title = {title}
source = {title}
experiment = "linear.finetune"
quantifier = "each"
statement = "{statement}"
[claim.domain]
n = {{ min = 2, max = 6 }}
d = {{ min = 12, max = 16 }}
theta = {{ min = 0.2, max = 1 }}
"""


def written(path: Path, statement: str = "risk == perp_delta_norm**2", title: str = "Mine", id: str = "mine") -> str:
    path.write_text(HEAD.format(title=json.dumps(title), statement=statement).replace('"mine"', json.dumps(id)))
    return path.name


class Shared(Sandbox):
    """One process for all tests: starting it takes most of the time."""

    def __exit__(self, *error: object) -> None:
        self._file = {}


@pytest.fixture(scope="module")
def box() -> Iterator[Shared]:
    made = Shared(serving=sandboxed.__name__)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def shared(box: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*, serving: str) -> Shared:
        assert serving == sandboxed.__name__
        return box

    monkeypatch.setattr(sandboxed, "Sandbox", asked)


def test_audited_claims_stand_in_reports_with_their_verdicts(run: Any, folder: Path, fake_check: FakeCheck) -> None:
    file = written(folder / "my claims.toml")
    words = ("audit", file, "--budget", "low", "--settings", "4", "--ledger", "l.sqlite")
    assert run(*words)[0] == 0
    assert run("export", "html", file, CLAIM, "--out", "page", "--ledger", "l.sqlite")[0] == 0
    text = (folder / "page" / "index.html").read_text()
    again = "ftproofs audit &#39;my claims.toml&#39; --power --budget low --settings 4 --ledger l.sqlite"
    assert f"<code>{again}</code> measures it" in text
    assert f"<code>ftproofs check {CLAIM} --ledger l.sqlite</code> reaches one" in text
    # The verdict was about another domain than the file's now.
    (folder / file).write_text((folder / file).read_text().replace("max = 6", "max = 7"))
    out = run("export", "latex", file, "--out", "doc", "--ledger", "l.sqlite")[1]
    assert "0 with a stored verdict" in out
    assert "ftproofs audit 'my claims.toml' --ledger l.sqlite" in out


@pytest.mark.slow
def test_the_power_of_an_audited_claim_is_kept_and_shown(run: Any, folder: Path) -> None:
    file = written(folder / "x.toml")
    words = ("audit", file, "--budget", "low", "--settings", "4", "--ledger", "l.sqlite")
    assert run(*words)[0] == 0
    assert run(*words, "--power")[0] == 0  # on the same rows, beside the verdict that is there
    assert run("export", "html", file, "--out", "page", "--ledger", "l.sqlite", "--force")[0] == 0
    text = (folder / "page" / "index.html").read_text()
    assert "wrong variants would be refuted: kill score 1.000" in text
    assert "<figure>" in text
    assert run("export", "latex", file, "--out", "doc", "--ledger", "l.sqlite")[0] == 0
    assert "kill score 1.000" in (folder / "doc" / "claims" / "mine.tex").read_text()
    assert (folder / "doc" / "figures" / "mine.pdf").read_bytes().startswith(b"%PDF")


def test_hostile_titles_are_escaped_everywhere(run: Any, folder: Path) -> None:
    file = written(folder / "x.toml", title=HOSTILE)
    assert run("export", "html", file, "--out", "page")[0] == 0
    text = (folder / "page" / "index.html").read_text()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert run("export", "latex", file, "--out", "doc")[0] == 0
    tex = "".join(
        path.read_text().partition("\n")[2] for path in (folder / "doc").rglob("*.tex") if "macros" not in str(path)
    )
    bib = (folder / "doc" / "references.bib").read_text()
    assert run("cite", file) == (0, bib, "")
    for live in ("\\input{/etc", "\\write18", " 100% ", " #1 ", "a_b", " & {c}"):
        assert live not in tex.replace("\\texttt{a\\_b}", "")
        assert live not in bib
    assert run("export", "python", file, "--out", "m.py")[0] == 0
    space: dict[str, Any] = {"__name__": "m"}
    exec(compile((folder / "m.py").read_text(), "m", "exec"), space)
    assert "<script>alert(1)</script>" in space["__doc__"]
    assert space["risk"](perp_delta_norm=3.0) == 9.0


def test_one_claim_of_a_file(run: Any, folder: Path) -> None:
    second = written(folder / "one.toml", id="other")
    both = (folder / written(folder / "x.toml")).read_text() + (folder / second).read_text().removeprefix(
        "format = 1\n"
    )
    (folder / "x.toml").write_text(both)
    out = run("export", "latex", "x.toml:other", "--out", "doc", "--json")[1]
    assert document("export", out)["claims"] == ["other"]
    one_line(run("export", "python", "x.toml", "--out", "m.py")[2], "FT300")
    assert run("export", "python", "x.toml:mine", "--out", "m.py")[0] == 0
    assert "FT301: it has no claim 'third'" in run("cite", "x.toml:third")[2]


@pytest.mark.parametrize("words", [("html", "--out", "o"), ("latex", "--out", "o"), ("python", "--out", "o.py"), ()])
def test_bad_files_are_one_line_and_nothing_is_written(run: Any, folder: Path, words: tuple[str, ...]) -> None:
    command = ("export", words[0]) if words else ("cite",)
    for name, statement, id, code in (
        ("bad.toml", "risk == __import__('os').system('id')", "mine", "FT116"),
        ("same.toml", "risk == perp_delta_norm**2", CLAIM, "FT226"),
    ):
        file = written(folder / name, statement, id=id)
        status, out, err = run(*command, file, *words[1:])
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert f"{name}:" in err
        assert f": {code}: " in err
    assert {p.name for p in folder.iterdir()} == {"bad.toml", "same.toml"}


def test_a_claim_that_takes_the_sandbox_too_long_is_not_reported(
    run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def ask(self: Sandbox, work: str, number: int) -> dict[str, Any]:
        asked.append((self.serving, work))
        if work == "vet":
            return original(self, work, number)
        raise Late

    original = Sandbox.ask
    monkeypatch.setattr(Sandbox, "ask", ask)
    status, out, err = run("export", "html", written(folder / "x.toml"), "--out", "page")
    assert (status, out) == (3, "")
    assert "x.toml:8: FT601: symbolic step of mine stopped after 20 s" in err
    assert asked == [(sandboxed.__name__, "vet"), (sandboxed.__name__, "typeset")]
    assert not (folder / "page").exists()
