"""Whole suites of claims of known truth, run through check's own decision on the trial law.

Each check is a function that raises when the figures are worse than allowed; each is
also shown a planted bug, which it must notice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from trial_law import Law, Trial, bounded, heavy, skewed

from ftproofs.claim import Domain, real_range
from ftproofs.decision import Anchor, MeanDecision, decide_mean
from ftproofs.numeric import statistics
from ftproofs.numeric.sampling import batches, explore
from ftproofs.numeric.statistics import BLOCK

pytestmark = pytest.mark.slow

Kind = Callable[[np.random.Generator], Trial]

CLAIMS = 100  # in a suite
CANDIDATES = 8  # settings explored for a claim, the two worst of which become adaptive
EXPLORATORY = 64


def generator(*key: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(77, spawn_key=key)))


def two_worst(law: Law, trials: Sequence[Trial], count: int = EXPLORATORY) -> list[int]:
    """The settings whose exploratory draws look worst."""
    scores = []
    for i in range(len(trials)):
        lhs, rhs = law(i, "explore", 0, count)
        scores.append(abs((lhs - rhs).mean()) / (lhs - rhs).std(ddof=1))
    return list(np.argsort(scores)[-2:])


def true_claim(
    kind: Kind, root: int, claim: int, *, exact: bool, level: float, candidates: int = CANDIDATES, reuse: bool = False
) -> MeanDecision:
    """One true claim: 4 anchors fixed in advance, the 2 worst of the explored settings, at most 512 draws each.

    ``reuse`` plants a bug: the draws that chose the adaptive settings decide them.
    """
    rng = generator(root, claim, int(exact))
    explored = [kind(rng) for _ in range(candidates)]
    count = BLOCK if reuse else EXPLORATORY
    law = Law(explored, root * CLAIMS + claim)
    worst = two_worst(law, explored, count)
    trials = [kind(rng) for _ in range(4)] + [explored[i] for i in worst]
    fresh = Law(trials, 10**9 + root * CLAIMS + claim)

    def sampler(setting: int, stage: str, start: int, size: int, *, method: int = 0) -> tuple[np.ndarray, np.ndarray]:
        if reuse and setting >= 4 and stage == "confirm" and start == 0:
            return law(int(worst[setting - 4]), "explore", 0, BLOCK)
        return fresh(setting, stage, start, size, method=method)

    anchors = [trial.anchor(exact=exact) for trial in trials]
    # Confirmation is switched off: what is counted is the first stage alone.
    return decide_mean(
        sampler, anchors[:4], anchors[4:], tolerance=0.02, cap=512, refute_at=CLAIMS / level, confirm_at=1e-300
    )


@dataclass
class Suites:
    """Counts over suites of true claims at one suite-wide level."""

    suites: int
    level: float
    refuting: int
    largest: float
    mean_e: float
    error: float

    def check(self) -> None:
        """No more refuting suites than the level allows (three standard errors), and a mean e-value of at most 1."""
        allowed = self.suites * self.level + 3 * math.sqrt(self.suites * self.level)
        assert self.refuting <= allowed, self
        assert self.mean_e <= 1 + 3 * self.error, self


def run_suites(
    kind: Kind,
    suites: int,
    *,
    level: float = 0.2,
    exact: bool = False,
    candidates: int = CANDIDATES,
    reuse: bool = False,
) -> Suites:
    decisions = [
        [
            true_claim(kind, root, claim, exact=exact, level=level, candidates=candidates, reuse=reuse)
            for claim in range(CLAIMS)
        ]
        for root in range(suites)
    ]
    logs = np.array([[decision.log_evidence for decision in suite] for suite in decisions])
    refuting = sum(any(decision.status == "refuted" for decision in suite) for suite in decisions)
    e = np.exp(logs.ravel())
    return Suites(suites, level, refuting, float(logs.max()), float(e.mean()), float(e.std() / math.sqrt(e.size)))


@pytest.mark.parametrize("exact", [True, False], ids=["exact-variance", "pilot-variance"])
@pytest.mark.parametrize("kind", [bounded, skewed, heavy])
def test_true_suites_are_not_refuted(kind: Kind, exact: bool) -> None:
    """100 suites of 100 true claims a cell, 60 000 claims in all, at the level 0.2 per suite and at 1e-3."""
    found = run_suites(kind, 100, exact=exact)
    print(found)
    found.check()
    # At 1e-3 a claim of a suite of 100 is refuted at e >= 1e5: expected in at most 0.1 of these suites.
    assert found.largest < math.log(1e5)
    assert found.mean_e > 0.1  # It bets at all.


def test_the_heaviest_tail_is_not_refuted_at_many_draws() -> None:
    """d - n = 4, mostly noise, a pilot's variance (mostly an underestimate): 400 claims at 32 768 draws a setting."""

    def heaviest(rng: np.random.Generator) -> Trial:
        d = int(rng.integers(12, 41))
        return Trial(d - 4, d, 0.5, rng.uniform(0.5, 1))

    logs = []
    for root in range(400):
        trials = settings(heaviest, root, 9, supporting=False)
        decision = decide_mean(Law(trials, root), [t.anchor() for t in trials], tolerance=0.02, cap=32_768)
        assert decision.status == "undecided"
        assert "disagreement" not in decision.flags
        logs.append(decision.log_evidence)
    print(max(logs), np.mean(np.exp(logs)))
    assert max(logs) < math.log(1e4)
    assert np.mean(np.exp(logs)) < 1


def test_reused_exploration_is_noticed() -> None:
    """With 200 settings explored: fresh draws are fine, reused ones are not."""
    run_suites(skewed, 10, exact=True, candidates=200).check()
    with pytest.raises(AssertionError, match="mean_e"):
        run_suites(skewed, 10, exact=True, candidates=200, reuse=True).check()


@pytest.mark.parametrize("exact", [True, False], ids=["exact-variance", "pilot-variance"])
def test_a_level_ten_times_too_high_is_noticed(exact: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """E-values ten times too large: their mean says so, long before any suite is refuted."""
    honest = statistics.claim_log_e
    monkeypatch.setattr(statistics, "claim_log_e", lambda *args: honest(*args) + math.log(10))
    with pytest.raises(AssertionError, match="mean_e"):
        run_suites(skewed, 3, exact=exact).check()


def test_bets_without_their_price_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine tenths of the e-process's compensation forgotten: suites are refuted in droves."""
    honest = statistics.log_e_values

    def cheap(upper: np.ndarray, lower: np.ndarray, variance: float) -> np.ndarray:
        return honest(upper, lower, variance) + 0.9 * len(upper) * 0.5 * np.array(statistics.LAMBDAS)[:, None] ** 2

    monkeypatch.setattr(statistics, "log_e_values", cheap)
    found = run_suites(skewed, 3, exact=True)
    assert found.refuting == 3
    with pytest.raises(AssertionError):
        found.check()


# -- claims that are wrong -------------------------------------------------------


def settings(kind: Kind, *key: int, count: int = 4, supporting: bool = True) -> list[Trial]:
    """Random settings of a kind, those that may support if wanted."""
    rng, found = generator(*key), []
    while len(found) < count:
        trial = kind(rng)
        if trial.anchor().supports or not supporting:
            found.append(trial)
    return found


def wrong_claim(
    kind: Kind, root: int, wrong: Callable[[Trial], float], *, cap: int = 131_072, tolerance: float = 0.02
) -> MeanDecision:
    """4 anchors and the 2 worst of 8 explored settings, for a claim that predicts ``wrong``."""
    explored = settings(kind, root, 1, count=CANDIDATES, supporting=False)
    law = Law(explored, root, wrong)
    trials = settings(kind, root, 2) + [explored[i] for i in two_worst(law, explored)]
    anchors = [trial.anchor() for trial in trials]
    return decide_mean(Law(trials, 10**6 + root, wrong), anchors[:4], anchors[4:], tolerance=tolerance, cap=cap)


@pytest.mark.parametrize("kind", [bounded, skewed])
@pytest.mark.parametrize(
    ("factor", "least"), [(1.10, 200), (0.90, 200), (1.05, 198), (0.95, 198), (1.02, 190), (0.98, 190)]
)
def test_wrong_factors_are_refuted(kind: Kind, factor: float, least: int) -> None:
    """200 claims each at the default budget: all at 10 %, 99 % at 5 %, 95 % at 2 %; none ever supported."""
    decisions = [wrong_claim(kind, root, lambda trial: trial.mean * factor) for root in range(200)]
    refuted = sum(decision.status == "refuted" for decision in decisions)
    print(kind.__name__, factor, refuted, np.mean([decision.draws for decision in decisions]))
    assert refuted >= least
    assert not any(decision.status == "supported" for decision in decisions)


VARIANTS: dict[str, Callable[[Trial], float]] = {
    "no noise term": lambda t: t.delta2 * (t.d - t.n) / t.d,
    "n/d for 1 - n/d": lambda t: t.delta2 * t.n / t.d + t.s2 * t.n / (t.d - t.n - 1),
    "d - n for d - n - 1": lambda t: t.delta2 * (t.d - t.n) / t.d + t.s2 * t.n / (t.d - t.n),
    "n/(d+1) for n/d": lambda t: t.delta2 * (1 - t.n / (t.d + 1)) + t.s2 * t.n / (t.d - t.n - 1),
}


@pytest.mark.parametrize(
    ("name", "least"), [("no noise term", 99), ("n/d for 1 - n/d", 99), ("d - n for d - n - 1", 90)]
)
def test_wrong_formulas_are_refuted(name: str, least: int) -> None:
    """100 claims each at the default budget."""
    decisions = [wrong_claim(skewed, root, VARIANTS[name]) for root in range(100)]
    refuted = sum(decision.status == "refuted" for decision in decisions)
    print(name, refuted)
    assert refuted >= least


def test_power_at_2048_draws_is_that_of_the_table() -> None:
    """60 claims a cell at 2048 draws a setting, end to end at 5 %."""

    def refuted(wrong: Callable[[Trial], float]) -> float:
        found = [wrong_claim(bounded, root, wrong, cap=2048, tolerance=0.05) for root in range(60)]
        return float(np.mean([decision.status == "refuted" for decision in found]))

    powers = {factor: refuted(lambda trial, f=factor: trial.mean * f) for factor in (1.10, 0.90, 1.05, 0.95)}
    print(powers)
    assert powers[1.10] == powers[0.90] == 1.0
    assert min(powers.values()) >= 0.95


def false_support(kind: Kind, claims: int, factor: float, cap: int = 131_072) -> int:
    """How many one-anchor claims wrong by exactly the tolerance are supported; refutation is switched off."""
    supported = 0
    for root in range(claims):
        (trial,) = settings(kind, root, 3, count=1)
        law = Law([trial], root, lambda t: t.mean / factor)
        decision = decide_mean(law, [trial.anchor()], tolerance=0.05, cap=cap, refute_at=1e300)
        supported += decision.status == "supported"
    return supported


@pytest.mark.parametrize("kind", [bounded, skewed])
@pytest.mark.parametrize("factor", [1.05, 0.95])
@pytest.mark.parametrize("cap", [256, 131_072], ids=["few-draws", "enough-draws"])
def test_wrong_by_the_tolerance_is_not_supported(kind: Kind, factor: float, cap: int) -> None:
    """3000 claims a cell with one anchor: at most 0.2 %, that is 6; 0.6 expected at the nominal 2e-4."""
    supported = false_support(kind, 3000, factor, cap)
    print(kind.__name__, factor, supported)
    assert supported <= 6


def test_failing_to_refute_in_place_of_support_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check with few draws allows 1 of 300: an interval that merely contains 0 passes in droves."""
    assert false_support(skewed, 300, 1.05, 256) <= 1
    monkeypatch.setattr(statistics, "supports", lambda interval, tolerance, relation: interval[0] <= 0 <= interval[1])
    assert false_support(skewed, 300, 1.05, 256) >= 100


@pytest.mark.parametrize("kind", [bounded, skewed])
def test_true_claims_end_supported(kind: Kind) -> None:
    """400 true claims of 4 anchors at the default budget: a campaign of 20 claims under 20 seeds has no miss."""
    decisions = [wrong_claim(kind, root, lambda trial: trial.mean) for root in range(400)]
    words = [decision.status for decision in decisions]
    print(kind.__name__, {word: words.count(word) for word in set(words)}, np.mean([d.draws for d in decisions]))
    assert words.count("refuted") == words.count("error") == 0
    assert words.count("supported") >= 399


# -- exploring with Hypothesis ---------------------------------------------------


def explored_claim(root: int, *, examples: int, reuse: bool = False) -> MeanDecision:
    """A true claim explored by Hypothesis climbing the t statistic, then decided on fresh draws."""
    domain = Domain.of(d=(12, 60), n=(2, 56), theta=real_range(0.5, 3), sigma=real_range(0, 1))
    source = batches(domain, "linear.finetune", lambda values: values["n"] <= values["d"] - 4, size=1)
    looked: dict[Trial, float] = {}

    def trial_of(values: dict) -> Trial:
        return Trial(values["n"], values["d"], 2 - 2 * math.cos(values["theta"]), values["sigma"] ** 2)

    def score(batch: tuple[dict, ...]) -> tuple[float, list[int]]:
        trial = trial_of(batch[0])
        lhs, rhs = Law([trial], abs(hash(trial)))(0, "explore", 0, BLOCK)
        looked[trial] = float(abs((lhs - rhs).mean()) / (lhs - rhs).std(ddof=1)) * math.sqrt(BLOCK)
        return looked[trial], []

    explore(source, score, seed=root, examples=examples, shrink_calls=0)
    worst = sorted(looked, key=lambda trial: -looked[trial])[:2]
    trials = settings(skewed, root, 5) + worst

    def sampler(setting: int, stage: str, start: int, size: int, *, method: int = 0) -> tuple[np.ndarray, np.ndarray]:
        if reuse and setting >= 4 and stage == "confirm" and start == 0:
            return Law([trials[setting]], abs(hash(trials[setting])))(0, "explore", 0, BLOCK)
        return Law(trials, 10**7 + root)(setting, stage, start, size, method=method)

    anchors: list[Anchor] = [trial.anchor(exact=reuse) for trial in trials]
    return decide_mean(sampler, anchors[:4], anchors[4:], tolerance=0.02, cap=512 if not reuse else BLOCK)


def test_exploring_true_claims_with_target_never_refutes() -> None:
    """300 explorations of 100 examples: no refutation, and e-values of mean at most 1."""
    decisions = [explored_claim(root, examples=100) for root in range(300)]
    assert not any(decision.status in ("refuted", "error") for decision in decisions)
    e = np.exp([decision.log_evidence for decision in decisions])
    print(e.mean(), e.max())
    assert e.mean() <= 1 + 3 * e.std() / math.sqrt(len(e))
    assert e.max() < 1e3


def test_deciding_on_what_hypothesis_climbed_is_noticed() -> None:
    decisions = [explored_claim(root, examples=100, reuse=True) for root in range(40)]
    e = np.exp([decision.log_evidence for decision in decisions])
    print(e.mean(), e.max())
    assert e.mean() > 1 + 3 * e.std() / math.sqrt(len(e))
