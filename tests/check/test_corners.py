"""Formulas that are wrong in a corner of their domain only: every kind of claim looks there."""

from __future__ import annotations

import pytest
from sympy import And, Expr, Piecewise, Rational, cos, pi, sign

from ftproofs.check import check
from ftproofs.claim import Claim, Domain, Each, Limit, Mean, Quantifier, Source, real_range
from ftproofs.symbolic.functions import depth_root
from ftproofs.symbolic.vocabulary import at_least, equal, v

DEEP = Domain.of(L=[2, 3], n=(2, 10), d=(20, 30), theta=real_range(0, pi), sigma=real_range(0, 1))
ROOT = depth_root(v.L, v.min_norm, v.perp_source_norm, v.source_norm)

TASKS = Domain.of(n=(2, 20), d=(40, 60), theta=real_range(Rational(1, 2), 2), sigma=real_range(0, Rational(1, 2)))
MEAN = (v.d - v.n) / v.d * v.delta_norm**2 + v.sigma**2 * v.n / (v.d - v.n - 1)

RATIOS = Domain.of(
    gamma=real_range(Rational(1, 10), Rational(1, 4)), theta=real_range(1, 2), sigma=real_range(0, Rational(1, 2))
)
LIMIT = (1 - v.gamma) * v.delta_norm**2 + v.sigma**2 * v.gamma / (1 - v.gamma)

SIGNS = Domain.of(n=(4, 20), d=(30, 60), theta=real_range(Rational(3, 10), 2), sigma=real_range(Rational(1, 5), 2))
DELTA2 = v.source_norm**2 + v.target_norm**2 - 2 * v.source_norm * v.target_norm * cos(v.theta)
GAIN = v.sigma**2 / (v.d - v.n - 1) - DELTA2 / v.d


def spoilt(right: Expr, wrong: Expr, *where: Expr) -> Expr:
    """The right formula, but for a corner."""
    return Piecewise((wrong, And(*where)), (right, True))


CASES = {
    "each": (
        "deep-linear.finetune",
        Each(),
        DEEP,
        equal(v.perp_ratio, spoilt(ROOT, ROOT * Rational(11, 10), v.n >= 10, v.d <= 20, v.sigma > Rational(9, 10))),
    ),
    "mean": (
        "linear.finetune",
        Mean(),
        TASKS,
        equal(v.risk, spoilt(MEAN, MEAN * Rational(6, 5), v.n >= 19, v.d <= 41, v.sigma > Rational(45, 100))),
    ),
    "limit": (
        "linear.finetune",
        Limit(),
        RATIOS,
        equal(v.risk, spoilt(LIMIT, LIMIT * Rational(6, 5), v.gamma > Rational(22, 100), v.sigma > Rational(45, 100))),
    ),
    "sign": (
        "linear.finetune",
        Mean(),
        SIGNS,
        equal(sign(v.risk - v.start_risk), sign(spoilt(GAIN, -GAIN, v.n >= 19, v.d <= 31, v.theta < Rational(1, 2)))),
    ),
}


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 5))])
def test_what_is_wrong_in_a_corner_only_is_refuted(kind: str, seed: int) -> None:
    experiment: str
    quantifier: Quantifier
    experiment, quantifier, domain, statement = CASES[kind]
    asked = Claim("test", "test", Source("test"), experiment, quantifier, domain, (statement,))
    verdict = check(asked, budget="low", device="cpu", seed=seed)
    assert verdict.word == "refuted", verdict.experiment.detail


def test_a_corner_that_decides_nothing_is_flagged_and_counts_for_nothing() -> None:
    """Where the start is the target there is no loss and no rate of its decay."""
    domain = Domain.of(n=(2, 10), d=(20, 30), theta=real_range(0, pi), sigma=real_range(0, 1))

    def checked(domain: Domain):
        statement = at_least(v.decay_rate, 0)
        asked = Claim("test", "test", Source("test"), "deep-linear.finetune", Each(), domain, (statement,))
        return check(asked, settings=32, device="cpu")

    verdict = checked(domain)
    assert verdict.word == "supported"
    assert "undecided-corner" in verdict.flags
    assert 32 < verdict.experiment.settings < 32 + 8
    told = checked(domain.where(v.theta + v.sigma > 0))
    assert told.word == "supported"
    assert "undecided-corner" not in told.flags
