"""``audit`` end to end: what is flagged, what is refused, and what ends undecided or in an error."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import FakeCheck
from cli_helpers import document as valid

from ftproofs.catalog import families
from ftproofs.check.context import BUDGETS
from ftproofs.claimfile import parse, read
from ftproofs.claimfile.sandbox import Sandbox
from ftproofs.claimfile.vetting import Vetting
from ftproofs.cli.checking import Checker
from ftproofs.numeric import training
from ftproofs.numeric.training import descent
from ftproofs.report.latex import document
from ftproofs.report.stored import Stored

HEAD = """format = 1
[[claim]]
id = "x"
experiment = "linear.finetune"
quantifier = "{quantifier}"
{more}statement = "{statement}"
[claim.domain]
n = {{ min = 2, max = 6 }}
d = {{ min = 12, max = 16 }}
theta = {{ min = 0.2, max = 1 }}
"""

Audit = Callable[..., tuple[int, str, str]]


@pytest.fixture
def audit(run: Any, folder: Path) -> Audit:
    """Audit a claim with that statement: exit status, stdout, stderr."""

    def call(
        statement: str, *options: str, quantifier: str = "each", more: str = "", domain: str = ""
    ) -> tuple[int, str, str]:
        text = HEAD.format(quantifier=quantifier, more=more, statement=statement) + domain
        (folder / "x.toml").write_text(text)
        return run("audit", "x.toml", "--budget", "low", "--settings", "4", *options)  # type: ignore[no-any-return]

    return call


def the_row(out: str) -> str:
    (row,) = [line for line in out.splitlines() if line.split()[:1] == ["x"]]
    return row


def found(folder: Path) -> dict[str, Any]:
    """The one claim of the results that were written."""
    (entry,) = json.loads((folder / ".ftproofs" / "results.json").read_text())["claims"]
    return entry  # type: ignore[no-any-return]


# -- flags ---------------------------------------------------------------------


def test_a_tautology_is_flagged(audit: Audit, folder: Path) -> None:
    status, out, _ = audit("risk*(1 - n/d) == risk - n*risk/d")
    assert status == 0
    assert "supported (tautology)" in the_row(out)
    assert "x: true whatever is measured: " in out
    assert found(folder)["flags"] == ["tautology"]


def test_an_unused_parameter_is_flagged(audit: Audit, folder: Path) -> None:
    status, out, _ = audit("fit_gap == 0")
    assert status == 0
    assert "supported (unused-parameter)" in the_row(out)
    assert "x: varies and plays no part in the statement: theta" in out
    status, out, _ = audit("risk == perp_delta_norm**2")  # theta is in what is measured
    assert "unused" not in out
    assert found(folder)["flags"] == []


def test_a_vacuous_bound_is_flagged(audit: Audit, folder: Path) -> None:
    probability = {"quantifier": "probability", "more": "level = 0.9\n"}
    status, out, _ = audit("risk <= 1000*target_norm**2", **probability)
    assert status == 3  # true, but no better than knowing nothing
    assert "undecided" in the_row(out)
    assert "vacuous" in the_row(out)
    audit("perp_delta_norm <= 49*delta_norm/50", **probability)
    assert "vacuous" not in found(folder)["flags"]


# -- refused before anything is trained --------------------------------------------


def refused(result: tuple[int, str, str], code: str, text: str, folder: Path) -> None:
    """One line on stderr with file and line, exit status 2, no results."""
    status, out, err = result
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith(("x.toml:6: ", "x.toml:7: ")), err
    assert f": {code}: " in err
    assert text in err
    assert not (folder / ".ftproofs" / "results.json").exists()


def test_b063_an_empty_domain_is_refused(audit: Audit, folder: Path) -> None:
    where = 'where = ["n > 3", "n < 3"]\n'
    refused(audit("risk == 1", more=where), "FT204", "the constraints admit no setting (0 of 10000 tried)", folder)


def test_a_singular_formula_is_refused(audit: Audit, folder: Path) -> None:
    refused(audit("risk == 1/(n - 4)"), "FT203", "pole inside the declared domain at n = 4; add a constraint", folder)


def test_means_without_a_variance_are_refused(run: Any, folder: Path) -> None:
    text = HEAD.format(quantifier="mean", more="", statement="risk == 1").replace(
        "linear.finetune", "deep-linear.frozen"
    )
    (folder / "x.toml").write_text(text)
    refused(run("audit", "x.toml"), "FT213", "variance is infinite at n < 5", folder)
    (folder / "x.toml").write_text(text.replace("frozen", "finetune").replace("max = 6", "max = 11") + "sigma = 1\n")
    refused(run("audit", "x.toml"), "FT213", "variance is infinite at d - n < 4", folder)


@pytest.mark.parametrize("seed", ["-1", "1.5", str(2**200), "x", ""])
def test_b071_seeds(audit: Audit, seed: str) -> None:
    status, out, err = audit("risk == 1", "--seed", seed)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith("ftproofs: FT211: seed must be an integer 0..2**64-1, got ")


# -- decided before training, or in spite of it --------------------------------------------


def test_b102_a_complex_prediction_refutes_before_training(audit: Audit, folder: Path) -> None:
    status, out, _ = audit("risk == sqrt(theta - 1/2)")
    assert status == 1
    assert "x: refuted: FT602: prediction is not real and finite at theta = " in out
    entry = found(folder)
    assert entry["word"] == "refuted"
    assert entry["experiment"]["trainings"] == 0


def test_b101_what_takes_too_long_to_examine_is_undecided_but_trained(
    audit: Audit, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The examination is killed at its deadline; networks are trained, and a true claim is no more than undecided."""
    vet = Sandbox.vet

    def hurried(self: Sandbox, number: int) -> Vetting:
        self.deadline = 0.0
        return vet(self, number)

    monkeypatch.setattr(Sandbox, "vet", hurried)
    status, out, _ = audit("risk == perp_delta_norm**2")
    assert status == 3
    assert "undecided" in the_row(out)
    entry = found(folder)
    assert entry["experiment"]["detail"].startswith("FT601: symbolic step stopped after 20 s")
    assert entry["experiment"]["trainings"] >= 4
    status, out, _ = audit("risk == 2*perp_delta_norm**2")
    assert (status, found(folder)["word"]) == (1, "refuted")


@pytest.mark.parametrize("quantifier", ["each", "mean"])
def test_b103_training_that_diverges_is_an_error_that_names_a_setting(
    audit: Audit, folder: Path, monkeypatch: pytest.MonkeyPatch, quantifier: str
) -> None:
    """With steps a hundred times too long training diverges for real; that speaks neither for nor against the claim."""
    train = descent.train_linear

    def hasty(*words: Any, **options: Any) -> training.Trained:
        return train(*words, **(options | {"rate": 100.0}))

    monkeypatch.setattr(training.descent, "train_linear", hasty)
    statement = "risk == perp_delta_norm**2" if quantifier == "each" else "risk == (1 - n/d)*delta_norm**2"
    status, out, _ = audit(statement, quantifier=quantifier)
    assert status == 3
    entry = found(folder)
    assert entry["word"] == "error"
    assert "FT603: training diverged: no finite number, setting id ft1-" in entry["experiment"]["detail"]
    assert "FT603" in the_row(out)
    audit("risk == 2", quantifier=quantifier)
    assert found(folder)["word"] == "error"  # never refuted by what was not trained


def test_a_statement_without_a_real_value_says_where(audit: Audit, folder: Path) -> None:
    status, _, _ = audit("risk == sqrt(-1 - risk)")
    assert status == 3
    entry = found(folder)
    assert entry["word"] == "error"
    assert entry["experiment"]["detail"].startswith("the statement has no real value at setting id ft1-")


# -- what the oracle does not know is trained --------------------------------------------


def test_means_and_probabilities_of_what_only_training_knows(audit: Audit, folder: Path, run: Any) -> None:
    text = HEAD.format(quantifier="mean", more="", statement="error_growth <= 1")
    (folder / "y.toml").write_text(text.replace("linear.finetune", "linear.stability") + "steps = 20\n")
    assert run("audit", "y.toml", "--budget", "low")[0] == 0
    assert found(folder)["word"] == "supported"
    assert found(folder)["experiment"]["trainings"] > BUDGETS["low"].anchors
    limit = HEAD.format(quantifier="limit", more="", statement="min_beta_norm <= 1").splitlines()
    text = "\n".join(line for line in limit if line[:3] not in ("n =", "d =")) + "\ngamma = 0.5\n"
    (folder / "x.toml").write_text(text.replace("linear.finetune", "deep-linear.finetune"))
    status, _, err = run("audit", "x.toml")
    assert status == 2
    assert ": FT218: " in err


# -- power ------------------------------------------------------------------------------


def test_power_is_the_kill_score_of_the_audited_claim(audit: Audit, folder: Path) -> None:
    status, out, _ = audit("risk == perp_delta_norm**2", "--power", "--json", "out.json")
    assert status == 0
    assert "x: power: " in out
    assert "wrong variants would be refuted, score 1.000 (strict 1.000)" in out
    (entry,) = valid("check", (folder / "out.json").read_text())["claims"]
    power = entry["power"]
    assert (power["score"], power["strict_score"], power["survivors"]) == (1.0, 1.0, [])
    assert power["killed"] >= 20
    assert entry["flags"] == []
    dropped = {item["assumed"]: item for item in entry["assumptions"]}
    assert dropped["spectrum is isotropic"]["outcome"] == "needed"  # there the risk has the covariance in it
    assert dropped["spectrum is isotropic"]["replay"].startswith("ft1-")
    assert dropped["sigma = 0"]["outcome"] == "needed"
    assert dropped["n in [2, 6]"]["outcome"] == "not shown to be needed"
    assert "x: assumption needed: sigma = 0; with sigma in [0, 1] its error is" in out
    assert "x: assumptions, each dropped by itself: " in out
    # judged on the rows of the check: nothing more was trained
    audit("risk == perp_delta_norm**2", "--json", "plain.json")
    (plain,) = valid("check", (folder / "plain.json").read_text())["claims"]
    assert not {"power", "assumptions", "picture"} & set(plain)
    assert plain["experiment"] == entry["experiment"]


def test_a_check_without_power_is_flagged_and_its_survivors_are_named(
    run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With hardly any noise, at a tolerance of 9 %, draws do not tell every wrong term for it; the word stands."""
    text = HEAD.format(
        quantifier="mean",
        more="tolerance = 0.09\n",
        statement="risk == (1 - n/d)*target_norm**2 + sigma**2*n/(d - n - 1)",
    )
    text = text.replace("linear.finetune", "linear.scratch").replace("theta = { min = 0.2, max = 1 }\n", "")
    text = text.replace("min = 12, max = 16", "min = 60, max = 80") + "sigma = { min = 0.0, max = 0.1 }\n"
    (folder / "x.toml").write_text(text)
    monkeypatch.setattr(Checker, "assumptions", lambda self, claim: ())  # a dozen checks more, tested above
    status, out, _ = run("audit", "x.toml", "--budget", "low", "--power")
    entry = found(folder)
    assert (status, entry["word"]) == (0, "supported")
    assert "weak-check" in entry["flags"]
    assert 0 < entry["power"]["strict_score"] < 1
    assert entry["power"]["survived"] == len(entry["power"]["survivors"]) > 0
    assert "x: power: survived, off by at most" in out
    assert entry["power"]["survivors"][0]["statement"] in out


def test_a_refuted_claim_has_no_power(audit: Audit, folder: Path) -> None:
    status, out, _ = audit("risk == 2*perp_delta_norm**2", "--power")
    assert status == 1
    assert "power" not in out
    assert "power" not in found(folder)


def test_the_picture_of_a_refuted_claim(audit: Audit, folder: Path) -> None:
    more = {"domain": "source_norm = { min = 0.3, max = 3 }\n", "quantifier": "mean"}
    status, out, _ = audit("risk <= (1 - n/d)*3/5", "--figures", "figures", "--json", "out.json", **more)
    assert status == 1
    (entry,) = valid("check", (folder / "out.json").read_text())["claims"]
    assert {entry["picture"]["x"], entry["picture"]["y"]} == {"theta", "source_norm"}
    assert "x: where it holds and where it fails, of the settings looked at:" in out
    assert (folder / "figures" / "x.svg").read_bytes().startswith(b"<?xml")
    plain = audit("risk <= (1 - n/d)*3/5", **more)
    assert plain[0] == 1
    assert found(folder)["experiment"] == entry["experiment"]  # a figure decides nothing


# -- hostile text -----------------------------------------------------------------------

HOSTILE = (
    "<script>alert(1)</script>",
    "\\input{/etc/passwd}",
    "$\\write18{id}$ 100% #1 a_b & {c}",
)


@pytest.mark.parametrize("title", HOSTILE)
def test_b079_b080_hostile_titles_are_accepted_and_escaped(
    run: Any, fake_check: FakeCheck, folder: Path, title: str
) -> None:
    text = HEAD.format(quantifier="each", more=f"title = {json.dumps(title)}\nsource = {json.dumps(title)}\n",
                       statement="risk == delta_risk")  # fmt: skip
    (folder / "x.toml").write_text(text)
    status, out, err = run("audit", "x.toml")
    assert (status, err) == (0, "")
    assert "\x1b" not in out
    assert found(folder)["title"] == title
    (claim,) = read(parse(text.encode(), "x.toml"))
    exported = document([claim], families(), Stored())
    (mine,) = [body.partition("\n")[2] for name, body in exported.items() if name.endswith("x.tex")]
    for live in ("<script>", r"\\input{/etc", r"\\write18", r"(?<!\\)\$\\?write", r"(?<!\\)% ", r"(?<!\\)#1", "a_b"):
        assert not re.search(live, mine), live
    assert ("script" in mine) or ("passwd" in mine) or ("write18" in mine)
