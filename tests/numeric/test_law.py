"""numeric/law.py: draws from the law of an isotropic design against designs that are drawn and solved."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import ks_2samp, rankdata

from ftproofs.claim import Rows
from ftproofs.errors import UsageError
from ftproofs.names import experiment
from ftproofs.names.values import complete
from ftproofs.numeric import experiments, law
from ftproofs.settings import Block, Setting

#: Each level is for one of about 300 comparisons, at fixed seeds.
LEVEL = 1e-6
DRAWS = 3000
GIVEN = {"theta": 1.1, "source_norm": 0.8, "target_norm": 1.3, "sigma": 0.6}
CASES = [
    ("linear.finetune", {"n": 3, "d": 4}),
    ("linear.finetune", {"n": 9, "d": 6, "theta": math.pi}),
    ("deep-linear.finetune", {"n": 5, "d": 9, "L": 3}),
    ("linear.scratch", {"n": 14, "d": 8}),
    ("transfer.linear", {"n": 6, "d": 14, "ridge": 0.3}),
    ("transfer.finetune", {"n": 4, "d": 16, "L": 3, "gamma_s": 0.5, "sigma_s": 0.4}),
]
MORE = [
    ("linear.finetune", {"n": 4, "d": 30}),
    ("deep-linear.finetune", {"n": 6, "d": 20, "L": 2, "theta": 0.0}),
    ("linear.scratch", {"n": 5, "d": 12}),
    ("transfer.scratch", {"n": 6, "d": 11}),
    ("transfer.linear", {"n": 12, "d": 5, "ridge": 0.0}),
    ("transfer.linear", {"n": 4, "d": 4, "ridge": 0.5, "gamma_s": 0.75, "sigma_s": 0.4}),
    ("transfer.finetune", {"n": 5, "d": 12, "L": 2}),
    ("transfer.finetune", {"n": 14, "d": 8, "L": 2, "gamma_s": 2.0, "sigma_s": 0.4}),
]


def rows(name: str, changes: dict, engine: str, count: int, stage: str = "explore", start: int = 0) -> Rows:
    known = experiment(name).parameters
    values = complete(name, {k: x for k, x in GIVEN.items() if k in known} | changes)
    settings = [Setting.of(name, values, stage=stage, index=start + i) for i in range(count)]
    return experiments.run(Block(tuple(settings), engine))


def different(ours: dict, solved: dict) -> list[str]:
    """The measurements, and mixtures of them, whose laws are told apart."""
    found, moving = [], []
    for measured in sorted(ours):
        a, b = ours[measured], solved[measured]
        if np.isfinite(a).all() != np.isfinite(b).all():
            found.append(measured)
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            continue  # the source's part of a task without a source
        if np.std(b) < 1e-12:  # a constant, or nothing but rounding
            if not np.allclose(a, np.mean(b), rtol=1e-9, atol=1e-9):
                found.append(measured)
            continue
        moving.append(measured)
        if ks_2samp(np.round(a, 9), np.round(b, 9)).pvalue < LEVEL:
            found.append(measured)
    assert len(moving) >= 5
    # Together: random directions of all ranks, which see how measurements depend on one another.
    ranks = rankdata(np.round([np.r_[ours[m], solved[m]] for m in moving], 9), axis=1)
    count = len(ours["risk"])
    for number, direction in enumerate(np.random.default_rng(7).standard_normal((12, len(moving)))):
        mixed = direction @ ranks
        if ks_2samp(mixed[:count], mixed[count:]).pvalue < LEVEL:
            found.append(f"mixture {number}")
    return found


def drawn(name: str, changes: dict) -> dict:
    return dict(rows(name, changes, "law", 2 * DRAWS, stage="explore/8").values)


@pytest.mark.parametrize(("name", "changes"), [*CASES, *(pytest.param(*case, marks=pytest.mark.slow) for case in MORE)])
def test_measurements_have_the_law_of_solved_designs(name: str, changes: dict) -> None:
    ours, solved = drawn(name, changes), rows(name, changes, "solver", DRAWS).values
    assert set(ours) == law.MEASUREMENTS & set(experiment(name).measurements)
    assert different(ours, solved) == []


@pytest.mark.parametrize(
    "wrong",
    [{"n": 6}, {"sigma": 0.66}, *(pytest.param(x, marks=pytest.mark.slow) for x in ({"d": 13}, {"L": 2}))],
)
def test_a_law_that_is_wrong_by_little_is_told_apart(wrong: dict) -> None:
    right = {"n": 5, "d": 12, "L": 3}
    solved = rows("transfer.finetune", right, "solver", DRAWS).values
    assert different(drawn("transfer.finetune", right | wrong), solved)


def test_what_depends_on_one_another_is_drawn_together() -> None:
    ours = drawn("deep-linear.finetune", {"n": 5, "d": 9, "L": 3})
    solved = rows("deep-linear.finetune", {"n": 5, "d": 9, "L": 3}, "solver", DRAWS).values
    apart = ours | {"min_norm": np.random.default_rng(1).permutation(ours["min_norm"])}
    assert [name for name in different(apart, solved) if name.startswith("mixture")]


def test_a_draw_does_not_depend_on_its_neighbours() -> None:
    name, changes = "transfer.finetune", {"n": 20, "d": 60, "L": 2, "gamma_s": 0.5}
    whole = rows(name, changes, "law", 32, stage="confirm/8")
    some = rows(name, changes, "law", 8, stage="confirm/8", start=16)
    for measured, values in whole.values.items():
        np.testing.assert_array_equal(values[16:24], some.values[measured])


def test_draws_of_one_generator_are_independent() -> None:
    """Means of groups of 64 vary as much as those of independent draws: a claim about means counts every draw."""
    together = rows("transfer.finetune", {"n": 6, "d": 20, "L": 2, "gamma_s": 0.5}, "law", 64 * 256, stage="confirm/64")
    for measured in ("risk", "scratch_risk", "start_norm", "min_norm"):
        x = together.values[measured].reshape(256, 64)
        x = rankdata(x, axis=None).reshape(x.shape)
        share = x.mean(axis=1).var(ddof=1) * 64 / x.var()
        assert abs(share - 1) < 5 * math.sqrt(2 / 255), measured


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("linear.finetune", {"n": 8, "d": 16, "spectrum": "power-law"}),
        ("linear.finetune", {"n": 8, "d": 16, "inputs": "sphere"}),
        ("deep-linear.finetune", {"n": 8, "d": 16, "imbalance": 2.0}),
        ("transfer.finetune", {"n": 8, "d": 16, "init_scale": 0.1, "width": 4}),
        ("transfer.finetune", {"n": 8, "d": 16, "gamma_s": 0.1}),
        ("linear.finetune", {"n": 2, "d": 16}),
    ],
)
def test_settings_without_a_known_law_are_refused(name: str, changes: dict) -> None:
    with pytest.raises(UsageError, match="FT308"):
        rows(name, changes, "law", 2)
    assert not law.knows(name, complete(name, GIVEN | changes), {"risk"})


def test_measurements_without_a_known_law_are_left_to_the_solver() -> None:
    values = complete("linear.finetune", GIVEN | {"n": 8, "d": 16})
    assert law.knows("linear.finetune", values, {"risk", "noise_risk"})
    assert not law.knows("linear.finetune", values, {"risk", "kappa"})
    assert not law.knows("linear.ridge", complete("linear.ridge", GIVEN | {"n": 8, "d": 16, "ridge": 0.1}), {"risk"})
