"""The auditor of ledgers: agrees with true verdicts of every quantifier, and finds tampering and bugs."""

from __future__ import annotations

import hashlib
import json
import runpy
import shutil
import sqlite3
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sympy import Rational, cos, sign

from ftproofs.catalog import find
from ftproofs.check import check
from ftproofs.claim import Claim, Domain, Each, Limit, Mean, Probability, Source, real_range
from ftproofs.decision.mean import ALPHA, decide_mean
from ftproofs.numeric.seeds import code_hash
from ftproofs.report.results import claim_result
from ftproofs.run.ledger import Ledger
from ftproofs.run.payload import digest
from ftproofs.symbolic.vocabulary import at_most, equal, v

AUDITOR = Path(__file__).parents[2] / "benchmarks" / "auditor"
RUN = {"seed": 0, "budget": "low", "device": "cpu"}

DELTA2 = v.source_norm**2 + v.target_norm**2 - 2 * v.source_norm * v.target_norm * cos(v.theta)
TASKS = Domain.of(n=(4, 12), d=(30, 40), theta=real_range(Rational(3, 10), 2), sigma=real_range(Rational(1, 5), 2))


LARGE = Domain.of(gamma=real_range(Rational(1, 8), Rational(1, 5)), theta=real_range(1, 2), sigma=0)


def claim(id: str, quantifier: Any, statement: Any, domain: Domain = TASKS) -> Claim:
    return Claim(id, id, Source("test"), "linear.finetune", quantifier, domain, (statement,))


EACH = claim("each", Each(), equal(v.fit_gap, 0))
WRONG = claim("wrong", Each(), equal(v.perp_delta_norm, v.source_norm))
MEAN = claim("mean", Mean(), equal(v.perp_delta_norm**2, DELTA2 * (v.d - v.n) / v.d))
REFUTED = claim("refuted", Mean(), equal(v.perp_delta_norm**2, DELTA2 * (v.d - v.n) / (v.d + 3)))
SIGN = claim("sign", Mean(), equal(sign(v.risk - v.start_risk), sign(v.sigma**2 / (v.d - v.n - 1) - DELTA2 / v.d)))
BIAS = v.perp_delta_norm**2 / DELTA2
RARE = claim("rare", Probability(Rational(1, 2)), at_most(BIAS, (1 + (v.d - v.n) / v.d) / 2))
OFTEN = claim("often", Probability(Rational(19, 20)), at_most(BIAS, (v.d - v.n) / v.d))
LIMIT = claim("limit", Limit(sizes=(32, 64, 128, 256)), equal(BIAS, 1 - v.gamma), LARGE)
CLAIMS = (EACH, WRONG, MEAN, REFUTED, SIGN, RARE, OFTEN, LIMIT)


def kept(path: Path, *claims: Claim) -> Path:
    """A ledger with the verdicts on these claims."""
    with Ledger(path, code_hash=code_hash()) as ledger:
        for asked in claims:
            verdict = check(asked, settings=4, budget="low", device="cpu", store=ledger, account=True)
            ledger.put_verdict(asked, claim_result(asked, verdict), run=RUN, account=verdict.account)
    return path


@pytest.fixture(scope="module")
def audited() -> Iterator[Callable[[Path], int]]:
    """The auditor's main function: its exit status for a ledger."""
    before = set(sys.modules)
    sys.path.insert(0, str(AUDITOR))
    try:
        yield runpy.run_path(str(AUDITOR / "__main__.py"), run_name="auditor")["main"]
    finally:
        sys.path.remove(str(AUDITOR))
        for name in {"rows", "means", "limits"} - before:
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kept(tmp_path_factory.mktemp("audit") / "true.sqlite", *CLAIMS)


def test_the_auditor_knows_nothing_of_ftproofs_and_is_short() -> None:
    for file in AUDITOR.glob("*.py"):
        text = file.read_text()
        assert "import ftproofs" not in text
        assert "from ftproofs" not in text
        assert len(text.splitlines()) < 250


def test_true_verdicts_are_reached_again(ledger: Path, audited: Callable, capsys: pytest.CaptureFixture[str]) -> None:
    assert audited(ledger) == 0, capsys.readouterr().out
    said = capsys.readouterr().out
    assert said.startswith("8 verdicts")
    assert " 0 differ; 0 verdicts have no account" in said
    with sqlite3.connect(ledger) as stored:
        texts = [json.loads(text.partition(" ")[2]) for (text,) in stored.execute("SELECT verdict FROM verdicts")]
    stored.close()
    assert [found["experiment"]["status"] for found in texts] == [
        "certified",
        "refuted",
        "supported",
        "refuted",
        "supported",
        "supported",
        "refuted",
        "supported",
    ]


def another_word(verdict: dict[str, Any]) -> None:
    verdict["word"] = "refuted" if verdict["word"] != "refuted" else "supported"


def another_status(verdict: dict[str, Any]) -> None:
    verdict["experiment"]["status"] = "undecided"


def another_interval(verdict: dict[str, Any]) -> None:
    verdict["experiment"]["interval"][1] *= 0.99


def another_e_value(verdict: dict[str, Any]) -> None:
    verdict["experiment"]["links"]["B"]["evidence"] += 1.0


@pytest.mark.parametrize(
    ("id", "change"),
    [(x.id, another_word if x in (MEAN, SIGN) else another_status) for x in CLAIMS]
    + [(x.id, another_interval) for x in (MEAN, REFUTED, SIGN, RARE, LIMIT)]
    + [(x.id, another_e_value) for x in (MEAN, REFUTED, SIGN, RARE, OFTEN)],
)
def test_a_changed_verdict_is_found(
    ledger: Path, tmp_path: Path, audited: Callable, capsys: pytest.CaptureFixture[str], id: str, change: Callable
) -> None:
    copy = copied(ledger, tmp_path)
    with sqlite3.connect(copy) as stored:
        ((text,),) = stored.execute("SELECT verdict FROM verdicts WHERE claim = ?", (id,)).fetchall()
        verdict = json.loads(text.partition(" ")[2])
        change(verdict)
        content = json.dumps(verdict)
        text = f"{hashlib.sha256(content.encode()).hexdigest()} {content}"
        stored.execute("UPDATE verdicts SET verdict = ? WHERE claim = ?", (text, id))
        stored.execute("DELETE FROM verdicts WHERE claim <> ?", (id,))
    stored.close()
    assert audited(copy) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"{id} ")


def test_changed_rows_are_found(ledger: Path, tmp_path: Path, audited: Callable) -> None:
    """Every measurement that means were taken of, a little larger, under a checksum that fits."""
    copy = copied(ledger, tmp_path)
    with sqlite3.connect(copy) as stored:
        for key, header, arrays in stored.execute("SELECT key, header, arrays FROM blocks").fetchall():
            data = np.frombuffer(zlib.decompress(arrays), "<f8") * 1.001
            packed = zlib.compress(data.tobytes())
            changed = (packed, digest(key, header, packed), key)
            stored.execute("UPDATE blocks SET arrays = ?, checksum = ? WHERE key = ?", changed)
    stored.close()
    assert audited(copy) == 1


def test_changed_predictions_are_found(
    ledger: Path, tmp_path: Path, audited: Callable, capsys: pytest.CaptureFixture[str]
) -> None:
    """All that was predicted, a little larger, under a checksum that fits: no expression says so."""
    copy = copied(ledger, tmp_path)
    with sqlite3.connect(copy) as stored:
        for place, header, arrays in stored.execute("SELECT rowid, header, arrays FROM accounts").fetchall():
            packed = zlib.compress((np.frombuffer(zlib.decompress(arrays), "<f8") * (1 + 1e-6)).tobytes())
            checksum = hashlib.sha256(header.encode() + b"\0" + packed).digest()
            stored.execute("UPDATE accounts SET arrays = ?, checksum = ? WHERE rowid = ?", (packed, checksum, place))
    stored.close()
    assert audited(copy) == 1
    assert f"{MEAN.id} " in capsys.readouterr().out


def test_rows_that_are_missing_are_found(ledger: Path, tmp_path: Path, audited: Callable) -> None:
    copy = copied(ledger, tmp_path)
    with sqlite3.connect(copy) as stored:
        stored.execute("DELETE FROM blocks WHERE rowid % 3 = 0")
    stored.close()
    assert audited(copy) == 1


def wrong_level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(decide_mean.__kwdefaults__, "alpha", 10 * ALPHA)


def support_by_not_refuting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ftproofs.numeric.statistics.supports", lambda *_: True)
    monkeypatch.setattr("ftproofs.decision.draws.planned_draws", lambda *_: 0.0)


def draws_taken_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    from ftproofs.check import mean

    true = mean.mean_sampler

    def again(*arguments: object) -> Callable:
        sample = true(*arguments)  # type: ignore[arg-type]
        return lambda setting, stage, start, count, method=0: sample(setting, "explore", start, count, method=method)

    monkeypatch.setattr(mean, "mean_sampler", again)


def refutes_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(decide_mean.__kwdefaults__, "refute_at", 1e300)


@pytest.mark.parametrize(
    ("bug", "asked"),
    [
        (wrong_level, MEAN),
        (support_by_not_refuting, MEAN),
        (draws_taken_twice, MEAN),
        (refutes_too_late, REFUTED),
    ],
)
def test_a_bug_in_a_decision_is_found(
    ledger: Path, tmp_path: Path, audited: Callable, monkeypatch: pytest.MonkeyPatch, bug: Callable, asked: Claim
) -> None:
    """Checked with the bug, on the rows that are there."""
    copy = copied(ledger, tmp_path)
    with sqlite3.connect(copy) as stored:
        stored.execute("DELETE FROM verdicts")
        stored.execute("DELETE FROM accounts")
    stored.close()
    bug(monkeypatch)
    kept(copy, asked)
    assert audited(copy) == 1


def copied(ledger: Path, folder: Path) -> Path:
    return Path(shutil.copy(ledger, folder / "copy.sqlite"))


@pytest.mark.slow
def test_verdicts_of_the_catalog_of_every_kind_are_reached_again(tmp_path: Path, audited: Callable) -> None:
    names = ("linear-gaussian-bound", "linear-resolution-bias", "transfer-boundary-many", "transfer-finetune-published")
    assert audited(kept(tmp_path / "catalog.sqlite", *find(*names))) == 0
