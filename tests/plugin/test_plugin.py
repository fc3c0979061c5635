"""``pytest --ftproofs``: the catalog and claim files as items."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

TRUE = """format = 1
[[claim]]
id = "path"
experiment = "deep-linear.finetune"
quantifier = "each"
statement = "perp_beta_norm == (beta_norm/source_norm)**((L - 1)/L)*perp_source_norm"
[claim.domain]
L = [2, 3]
n = { min = 2, max = 6 }
d = { min = 8, max = 12 }
theta = { min = 0, max = 1 }
"""
FALSE = TRUE.replace("(L - 1)/L", "1/L").replace('"path"', '"wrong-power"')


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    """pytest in a process of its own, with the plugin however this package is installed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def go(*arguments: str) -> pytest.RunResult:
        return pytester.runpytest_subprocess("-p", "ftproofs.pytest_plugin", "-p", "no:cacheprovider", *arguments)

    return go


def test_claim_files_are_items(pytester: pytest.Pytester, run) -> None:
    pytester.makefile(".toml", good=TRUE, bad=FALSE, other="[tool]\nx = 1\n")
    pytester.makepyfile("def test_own(): pass")
    assert run().parseoutcomes() == {"passed": 1}  # nothing is collected unasked
    found = run("--ftproofs", "--ftproofs-select", "linear-noise-infinite", "-v", "--junitxml=out.xml")
    assert found.parseoutcomes() == {"passed": 3, "failed": 1}
    found.stdout.fnmatch_lines(
        [
            "*good.toml::path PASSED*",
            "*ftproofs::linear-noise-infinite PASSED*",
            "wrong-power: refuted: observed * predicted *",
            "simplest counterexample: *",
            "*replay with: ftproofs replay ft1-*",
        ]
    )
    junit = (pytester.path / "out.xml").read_text()
    assert '<property name="word" value="refuted"' in junit


def test_a_bad_file_is_one_line(pytester: pytest.Pytester, run) -> None:
    pytester.makefile(".toml", broken=TRUE.replace("perp_source_norm", "perp_sauce_norm"))
    found = run("--ftproofs", "--ftproofs-select", "linear-noise-infinite")
    assert found.parseoutcomes() == {"errors": 1}
    found.stdout.fnmatch_lines(["*broken.toml:6: FT112: statement: unknown symbol 'perp_sauce_norm'; did you mean *"])
    assert "Traceback" not in found.stdout.str()


@pytest.mark.slow
def test_outcomes_do_not_depend_on_workers_or_order(pytester: pytest.Pytester, run) -> None:
    pytester.makefile(".toml", good=TRUE, bad=FALSE)
    alone = run("--ftproofs", "--ftproofs-select", "linear-span").parseoutcomes()
    shared = run("-p", "xdist.plugin", "-n", "2", "--ftproofs", "--ftproofs-select", "linear-span").parseoutcomes()
    assert alone == shared == {"passed": 2, "failed": 1}
