"""The benchmarks: their arithmetic, their peers (which have to solve the same problem), and one run end to end."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from jsonschema import Draft202012Validator

import ftproofs
from ftproofs.bench import diagonal_peers
from ftproofs.bench.data import diagonal, phase_row
from ftproofs.bench.diagonal import engine, limits
from ftproofs.bench.diffrax_flow import distance, solver, there
from ftproofs.bench.entries import ENTRIES, NAMES, chosen
from ftproofs.bench.figures import Fit, Spread, fit, ratios, within
from ftproofs.bench.kernels import brent
from ftproofs.bench.measure import Plan, by_turns
from ftproofs.bench.outcome import Growth, Outcome, Side
from ftproofs.bench.phase import integrated, oracle, solved, worst
from ftproofs.bench.picture import svg
from ftproofs.bench.plain_loop import PlainLoop
from ftproofs.bench.suite import RUNS, Report, run
from ftproofs.cli import main
from ftproofs.cli.benching import summary
from ftproofs.errors import UsageError
from ftproofs.symbolic.roots import depth_root_array

SCHEMA = Path(ftproofs.__file__).parents[2] / "docs/schema/bench.json"


def test_ratios_are_taken_turn_by_turn() -> None:
    assert ratios([4.0, 9.0, 10.0], [2.0, 3.0, 1.0]) == Spread(3.0, 2.0, 10.0)
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


def test_a_power_law_has_its_exponent() -> None:
    sizes = [10.0, 20.0, 50.0]
    exact = fit(sizes, [3 * n**1.5 for n in sizes])
    assert exact.exponent == pytest.approx(1.5)
    assert exact.error == pytest.approx(0, abs=1e-7)
    bent = fit(sizes, [n + n**2 for n in sizes])
    assert 1 < bent.exponent < 2
    assert bent.error > 0


@pytest.mark.parametrize(
    ("exponent", "at_most", "good"),
    [(1.2, False, True), (1.3, False, False), (0.7, False, False), (0.7, True, True), (1.3, True, False)],
)
def test_exponents_are_held_to_a_quarter(exponent: float, at_most: bool, good: bool) -> None:
    assert within(exponent, 1.0, at_most=at_most) is good


def test_names_are_names_or_their_beginnings() -> None:
    assert set(RUNS) == set(ENTRIES)
    assert chosen([]) == NAMES
    assert chosen(["roots", "dln"]) == ("dln.default", "dln.flow.batch", "dln.flow.one", "dln.step", "roots")
    with pytest.raises(UsageError, match=r"unknown benchmark 'root'.*roots"):
        chosen(["root"])


def compared(ours: float, peer: float, ours_error: float | None, peer_error: float | None) -> Outcome:
    sides = Side("a", (ours,) * 2, ours_error), Side("b", (peer,) * 2, peer_error)
    return Outcome(ENTRIES["roots"], "case", *sides, target=10.0)


def test_the_quick_but_wrong_have_met_nothing() -> None:
    assert compared(1, 11, 0, 0).word == "met"
    assert compared(1, 9, 0, 0).word == "missed"
    assert compared(1, 11, 1e-3, 0).word == "missed"
    wrong = compared(1, 0.1, 0, 1e-3)
    assert wrong.accurate(wrong.peer) is False
    report = Report(Plan(), (wrong,), (), 1.0)
    assert "misses 1e-13: not counted as faster" in "\n".join(summary(report))


def test_turns_alternate_and_short_work_is_repeated() -> None:
    seen = []
    seconds = by_turns({"a": lambda: seen.append("a"), "b": lambda: seen.append("b")}, Plan(), warm=False, turns=3)
    assert seen == ["a", "b", "b", "a", "a", "b"]
    assert {name: len(values) for name, values in seconds.items()} == {"a": 3, "b": 3}
    count = [0]

    def work() -> None:
        count[0] += 1

    by_turns({"work": work}, Plan(), turns=1)
    assert count[0] > 1000


def test_the_plain_loop_ends_where_the_oracle_says() -> None:
    row = phase_row(4, 12, 3, 5, "cpu")
    exact = oracle(row)
    assert worst(integrated(row), exact) < 1e-9
    assert worst(solved(row), exact) < 1e-12
    loop = PlainLoop(row.X, row.y[1], row.source[1])
    assert worst(loop.beta, row.source[1]) < 1e-6
    loop.run(1500)
    assert worst(loop.beta, exact[1]) < 3e-2  # the bias of its steps
    assert worst(row.source[1], exact[1]) > 0.1


def test_the_peers_of_diagonal_networks_take_the_same_steps() -> None:
    data, eta = diagonal(3, 6, 1, "cpu"), 0.01
    exact = limits(data)
    assert distance(engine(data)(), exact) < 1e-9
    end = diagonal_peers.descended(data, eta, 3000)
    assert distance(end.numpy(), exact) < 0.05
    for peer in (diagonal_peers.mapped, diagonal_peers.batched, diagonal_peers.plain):
        steps = peer(data, eta)
        steps(3)
        weights = next(
            cell.cell_contents
            for cell in steps.__closure__ or ()  # type: ignore[attr-defined]
            if isinstance(cell.cell_contents, list)
        )
        wp, vp, wm, vm = (w.detach().reshape(-1) for w in weights)
        assert torch.allclose(wp * vp - wm * vm, diagonal_peers.descended(data, eta, 3)[0], rtol=1e-12)


@pytest.mark.skipif(not there(), reason="diffrax is not installed")
def test_diffrax_ends_there_too() -> None:
    data = diagonal(3, 6, 2, "cpu")
    assert distance(solver(data, 1e-9, 1e-5, lockstep=False)(), limits(data)) < 1e-8


def test_brentq_finds_the_same_root() -> None:
    point = (3.0, 0.7, 1.1, 1.3)
    assert brent(*point) == pytest.approx(float(depth_root_array(np, *(np.array([z]) for z in point))[0]), rel=1e-13)


def test_what_is_not_installed_is_said_and_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ftproofs.bench.diffrax_flow.there", lambda: False)
    report = run(["dln.flow.one"], Plan(turns=1, quick=True))
    assert [outcome.word for outcome in report.outcomes] == ["not measured"]
    assert "not measured: diffrax is not installed" in "\n".join(summary(report))
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(report.document())


def test_a_quick_run_prints_writes_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "bench"
    assert main(["bench", "roots", "kernel", "scaling", "--quick", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert "scipy.optimize.brentq" in text
    assert "not counted as faster" in text  # the naive formula has no digit left
    found = json.loads((out / "bench.json").read_text())
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(found)
    roots, q = found["comparisons"]
    assert roots["ours_accurate"]
    assert roots["ratio"]["low"] <= roots["ratio"]["median"] <= roots["ratio"]["high"]
    assert q["ours"]["error"] <= 4 < q["peer"]["error"]
    assert q["word"] == "met"
    assert (out / "bench.svg").read_bytes().startswith(b"<?xml")
    assert main(["bench", "roots", "--quick", "--out", str(out)]) == 2
    assert "--force" in capsys.readouterr().err


def test_bad_words_are_refused_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    for words, code in ((["nothing"], "FT313"), (["roots", "--force"], "FT309"), (["roots", "--device", "x"], "FT307")):
        assert main(["bench", *words]) == 2
        assert f"ftproofs: {code}: " in capsys.readouterr().err


def test_the_picture_shows_what_there_is() -> None:
    growth = Growth("flow", "n", "seconds", (1.0, 2.0), (1.0, 4.0), Fit(2.0, 0.0), 1.0)
    both = svg(Report(Plan(), (compared(1, 11, 0, 0),), (growth,), 1.0)).decode()
    assert "missed" in both
    assert "roots" in both
    assert svg(Report(Plan(), (), (), 1.0)).startswith(b"<?xml")
    assert math.isclose(growth.fit.exponent, 2)
