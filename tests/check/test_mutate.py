"""mutate.py: what is killed on stored rows and what is not, without training anything more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from sympy import Rational, pi

from ftproofs.catalog import find
from ftproofs.check import MemoryStore, check
from ftproofs.check import context as context_module
from ftproofs.check.anchors import candidates, greedy, pick, predicted_evidence
from ftproofs.check.context import BUDGETS, Context
from ftproofs.check.each import check_each
from ftproofs.check.mean import check_mean
from ftproofs.check.mutate import Fate, Judged, Mutation, mutate, unmutable
from ftproofs.check.stored import EachRows, Recorder
from ftproofs.check.stored_mean import MeanRows
from ftproofs.check.stored_trend import TrendRows
from ftproofs.claim import Claim, Domain, Each, Mean, Rows, Source, Statement, Trend, real_range
from ftproofs.errors import UsageError
from ftproofs.numeric import experiments
from ftproofs.settings import Block
from ftproofs.symbolic.functions import depth_root
from ftproofs.symbolic.mutation import Mutant
from ftproofs.symbolic.paired import at
from ftproofs.symbolic.vocabulary import at_least, at_most, equal, greater, v

#: The module; its function has the same name.
judging = import_module("ftproofs.check.mutate")

NETWORKS = Domain.of(L=[2, 3], n=(2, 6), d=(8, 12), theta=real_range(0, pi), sigma=real_range(0, 1)).where(
    v.n <= v.d / 2
)
BIAS = Domain.of(n=(2, 12), d=(16, 24), theta=real_range(Rational(1, 2), pi))


def each(*statements: Statement) -> Claim:
    return Claim("test", "test", Source("test"), "deep-linear.finetune", Each(), NETWORKS, statements)


def mean(*statements: Statement, domain: Domain = BIAS) -> Claim:
    return Claim("test", "test", Source("test"), "linear.finetune", Mean(), domain, statements)


ROOT = each(equal(v.perp_ratio, depth_root(v.L, v.min_norm, v.perp_source_norm, v.source_norm)))
SHARE = mean(equal(v.perp_delta_norm**2, (1 - v.n / v.d) * v.delta_norm**2))


@pytest.fixture(scope="module")
def networks() -> MemoryStore:
    store = MemoryStore()
    assert check(ROOT, budget="low", device="cpu", store=store).word == "supported"
    return store


@pytest.fixture(scope="module")
def draws() -> MemoryStore:
    store = MemoryStore()
    assert check(SHARE, budget="low", device="cpu", store=store).word == "supported"
    return store


def ran(monkeypatch: pytest.MonkeyPatch) -> list[Block]:
    """The blocks measured from now on."""
    blocks: list[Block] = []
    real = experiments.run

    def run(block: Block, *, device: str = "cpu") -> Rows:
        blocks.append(block)
        return real(block, device=device)

    monkeypatch.setattr(context_module.experiments, "run", run)
    return blocks


def test_networks_are_judged_on_the_rows_of_their_check(networks: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = ran(monkeypatch)
    found = mutate(ROOT, budget="low", device="cpu", store=networks)
    assert blocks == []
    assert (found.status, found.rows) == ("certified", 16 + 4)  # settings drawn, and corners of the domain
    assert len(found.judged) > 60
    assert found.strict_score == found.score == 1
    assert found.flags == ()
    killed = next(j for j in found.judged if j.mutant.operator == "times-1.02" and j.outcome == "killed")
    assert "ft1-" in killed.by


class Fates:
    """What was judged, kept in memory."""

    def __init__(self) -> None:
        self.kept: dict[int, Fate] = {}

    def found(self) -> dict[int, Fate]:
        return dict(self.kept)

    def keep(self, first: int, fates: Sequence[Fate]) -> None:
        for place, fate in enumerate(fates, first):
            assert place not in self.kept
            self.kept[place] = fate


@pytest.mark.parametrize("every", [-1.0, 3600.0])  # after each mutant, and at the end alone
def test_judging_resumes_where_it_was_interrupted(
    every: float, networks: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = mutate(ROOT, budget="low", device="cpu", store=networks).judged
    fates, real, seen = Fates(), judging._judge, []
    monkeypatch.setattr(judging, "KEPT_EVERY", every)

    def interrupted(mutant: Mutant, *args: object) -> Judged:
        seen.append(mutant)
        if len(seen) == 20:
            raise KeyboardInterrupt
        return real(mutant, *args)

    monkeypatch.setattr(judging, "_judge", interrupted)
    with pytest.raises(KeyboardInterrupt):
        mutate(ROOT, budget="low", device="cpu", store=networks, kept=fates)
    assert sorted(fates.kept) == list(range(19))
    del fates.kept[7]  # one that is missing in between is judged again
    found = mutate(ROOT, budget="low", device="cpu", store=networks, kept=fates).judged
    assert repr(found) == repr(whole)  # NaN and all
    assert len(seen) == 20 + len(whole) - 18
    assert sorted(fates.kept) == list(range(len(whole)))


def test_what_is_kept_of_another_mutant_is_not_believed(networks: MemoryStore) -> None:
    class Another(Fates):
        def found(self) -> dict[int, Fate]:
            return {0: ("another statement", "survived", 0.5, "")}

    told: list[tuple[str, int, int]] = []
    found = mutate(
        ROOT, budget="low", device="cpu", store=networks, kept=Another(), progress=lambda *state: told.append(state)
    )
    assert found.judged[0].outcome != "survived"
    assert told[-1] == ("mutants", len(found.judged), len(found.judged))


def test_means_are_judged_on_the_draws_of_their_check(draws: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = ran(monkeypatch)
    found = mutate(SHARE, budget="low", device="cpu", store=draws)
    # One draw of the oracle at each point of the domain, to compare formulas; nothing is trained.
    assert {(block.engine, block.settings[0].stage, len(block)) for block in blocks} <= {("solver", "points", 1)}
    assert found.status == "supported"
    fates = {j.mutant.statement.rhs: j for j in found.judged if j.mutant.statement.lhs == v.perp_delta_norm**2}
    swapped = fates[v.delta_norm**2 * (1 - (v.d - v.n) / v.d)]
    assert swapped.outcome == "killed"
    assert swapped.by.startswith("ln e ")
    assert float(swapped.by.split()[2]) >= np.log(1e6)
    barely = fates[Rational(51, 50) * v.delta_norm**2 * (1 - v.n / v.d)]
    assert barely.outcome == "sub-tolerance"
    assert found.score is not None
    assert found.score > 0.9


def test_an_equal_formula_is_not_killed_by_either(networks: MemoryStore, draws: MemoryStore) -> None:
    """The rows themselves do not refute what is true: equivalence is found apart from them."""
    for claim, store, same in (
        (ROOT, networks, equal(v.perp_ratio**2, ROOT.statements[0].rhs ** 2)),
        (SHARE, draws, equal(v.perp_delta_norm**2, (v.d - v.n) / v.d * v.delta_norm**2)),
    ):
        recorder = Recorder(store, {"perp_ratio", "min_norm", "perp_source_norm", "perp_delta_norm", "delta_norm"})
        rows = _rows(claim, recorder)
        assert rows.judge(Mutant(0, same, "x")) == ("survived", "")


def _rows(claim: Claim, recorder: Recorder) -> EachRows | MeanRows:
    context = Context(recorder, BUDGETS["low"])
    if isinstance(claim.quantifier, Mean):
        check_mean(claim, context)
        return MeanRows(claim, recorder.rows)
    check_each(claim, context)
    return EachRows(claim, recorder.rows)


def test_mutants_of_a_claim_that_did_not_pass_say_nothing() -> None:
    found = mutate(each(equal(v.perp_ratio, 1)), budget="low", device="cpu")
    assert found.status == "refuted"
    assert (found.judged, found.score, found.passed) == ((), None, False)


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        (replace(ROOT, expected="refuted"), "known to be false"),
        (each(equal(v.L, v.L)), "nothing to measure"),
        (replace(ROOT, untrained="cannot be trained"), "cannot be trained"),
    ],
)
def test_claims_without_mutants(claim: Claim, reason: str) -> None:
    assert reason in unmutable(claim)
    with pytest.raises(UsageError, match=f"FT310.*{reason}"):
        mutate(claim, budget="low", device="cpu")


def test_an_unknown_budget() -> None:
    with pytest.raises(UsageError, match="FT309"):
        mutate(ROOT, budget="huge")


def _scored(*fates: tuple[str, str]) -> Mutation:
    judged = tuple(Judged(Mutant(0, equal(v.risk, 1), operator), outcome, 1.0) for operator, outcome in fates)  # type: ignore[arg-type]
    return Mutation("test", "certified", "each", 1e-6, judged, 1, 0.0)


def test_scores_and_the_flag() -> None:
    found = _scored(("sign", "killed"), ("times-1.02", "survived"), ("root", "equivalent"), ("square", "undefined"))
    assert (found.score, found.strict_score) == (2 / 3, 1)
    assert found.flags == ("weak-check",)  # below 0.95 overall
    assert _scored(*[("sign", "killed")] * 19, ("number+1", "survived")).flags == ()
    assert _scored(*[("sign", "killed")] * 99, ("drop-term", "survived")).flags == ("weak-check",)
    assert _scored(("root", "sub-tolerance")).score is None


# -- guided anchors ---------------------------------------------------------------------


def test_anchors_complement_one_another() -> None:
    evidence = np.array([[1.0, 0.9, 0.0], [1.0, 0.9, 0.0], [0.0, 0.0, 0.5]])
    assert greedy(evidence, 2) == [0, 2]
    assert greedy(evidence, 9) == [0, 2, 1]
    # Two settings that each nearly kill a mutant do not kill it together.
    assert greedy(np.array([[0.6, 0.6, 0.0], [0.0, 0.0, 0.3]]), 2) == [0, 2]
    assert greedy(np.ones((3, 4)), 2) == [0, 1]  # equally good: the first ones


def test_a_column_may_get_a_share_of_its_strength() -> None:
    strength = np.array([[6.0, 2.0, 0.9], [0.0, 0.0, 0.5]])
    asked: list[int] = []

    def share(column: int) -> float:
        asked.append(column)
        return (0.1, 0.0, 1.0)[column]

    # The first keeps 0.6, the second is left out, and so the third comes first; each is asked once.
    assert greedy(strength, 3, share) == [2, 0]
    assert asked == [2, 0, 1]
    assert greedy(np.array([[1.5, 3.0]]), 1) == [1]  # both are enough: the one with more to spare


def test_evidence_grows_with_the_square_of_the_error() -> None:
    small, double, none, infinite = predicted_evidence(np.array([[0.001, 0.002, np.nan, np.inf]]), 0.02)[0]
    assert double == pytest.approx(4 * small)
    assert (none, infinite) == (0, 1)
    # An error of the tolerance nearly shows, a little more does.
    assert 0.5 < predicted_evidence(np.array([[0.02]]), 0.02)[0, 0] < 1
    assert predicted_evidence(np.array([[0.027]]), 0.02)[0, 0] == 1


def test_guided_anchors_go_where_formulas_differ() -> None:
    """n/(d - n - 1) against n/(d - n + 1) and the like: the difference is largest where d - n is small."""
    claim = mean(equal(v.noise_trace, v.n / (v.d - v.n - 1)), domain=Domain.of(n=(2, 30), d=(40, 60), theta=1))
    found = candidates(claim, Context(MemoryStore(), BUDGETS["low"]))
    assert len(found) > 20
    anchors = pick(found, 2)
    gaps = sorted(c.parameters["d"] - c.parameters["n"] for c in found)
    assert min(p["d"] - p["n"] for p in anchors) <= gaps[len(gaps) // 4]
    assert pick([], 2) == []


def test_guided_anchors_do_not_depend_on_draws() -> None:
    """Only formulas and the points at which they are evaluated: other draws, same anchors."""
    claim = mean(equal(v.noise_trace, v.n / (v.d - v.n - 1)), domain=Domain.of(n=(2, 30), d=(40, 60), theta=1))
    first = candidates(claim, Context(MemoryStore(), BUDGETS["low"]))
    again = candidates(claim, Context(MemoryStore(), BUDGETS["high"]))
    assert pick(first, 3) == pick(again, 3)


TREND = Claim(
    "trend",
    "trend",
    Source("test"),
    "trends.clusters",
    Trend(effect=0.05),
    Domain.of(samples=100, d=5, neurons=10, leak=Rational(3, 10), teacher_margin=Rational(1, 2)),
    (greater(at(v.cluster_cosine, init_scale=Rational(1, 10)), at(v.cluster_cosine, init_scale=1)),),
)


@pytest.mark.parametrize(
    ("shown", "cap", "reversed_", "raised"),
    [
        (lambda draw: 0.3 + 0.1 * draw, 64, "killed", "killed"),
        # As many pairs as support are too few to refute.
        (lambda draw: 0.3 + 0.1 * draw, 16, "survived", "survived"),
        # No direction to speak of: nothing is contradicted.
        (lambda draw: draw - 0.5, 64, "survived", "killed"),
    ],
)
def test_mutants_of_a_trend(shown: Callable[[np.ndarray], np.ndarray], cap: int, reversed_: str, raised: str) -> None:
    context = Context(MemoryStore(), replace(BUDGETS["low"], pairs=cap))
    rows = TrendRows(TREND, context, [{}, {}])
    draws = np.random.default_rng(0).random(1000)
    rows._samplers = [lambda setting, stage, start, count, *, method=0: shown(draws[start : start + count])]
    turned, larger = rows.mutants()
    assert (turned.statement.rel, larger.statement) == ("<", TREND.statements[0])
    assert float(Rational(larger.place)) > np.median(shown(draws))
    assert rows.judge(turned)[0] == reversed_
    assert rows.judge(larger)[0] == raised


def test_the_opposite_of_a_bound_that_every_network_attains_is_no_mutant() -> None:
    claim = each(at_least(v.perp_ratio, depth_root(v.L, v.min_norm, v.perp_source_norm, v.source_norm)))
    found = mutate(claim, budget="low", device="cpu")
    opposite = next(judged for judged in found.judged if judged.mutant.operator == "direction-reversed")
    assert (opposite.outcome, opposite.by) == ("equivalent", "attained by every network")
    found = mutate(each(at_most(v.perp_ratio, 2)), budget="low", device="cpu")
    opposite = next(judged for judged in found.judged if judged.mutant.operator == "direction-reversed")
    assert opposite.outcome == "killed"


def test_a_bound_is_not_attained_where_the_networks_cannot_tell() -> None:
    claim = each(at_least(v.perp_ratio, depth_root(v.L, v.min_norm, v.perp_source_norm, v.source_norm)))
    store = MemoryStore()
    mutate(claim, budget="low", device="cpu", store=store)
    statement = claim.statements[0]
    assert EachRows(claim, store.rows()).attained(statement)
    vague = [replace(rows, bounds={k: x + 0.1 for k, x in rows.bounds.items()}) for rows in store.rows()]
    assert not EachRows(claim, vague).attained(statement)
    assert not EachRows(claim, []).attained(statement)


def test_a_pole_at_one_setting_does_not_save_a_wrong_mean() -> None:
    # 1/K is infinite at theta = pi, where pi - theta is rounding: other settings still say that it is wrong.
    found = mutate(find("relu-kernel")[0], budget="low", device="cpu")
    inverse = [
        judged for judged in found.judged if str(judged.mutant.statement.rhs) == "2*pi/((pi - theta)*cos(theta))"
    ]
    assert [judged.outcome for judged in inverse] == ["killed"]
    assert found.strict_score == 1
