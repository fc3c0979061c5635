"""Descent on penalised least squares: against a direct solve, with bounds that hold at every step."""

import numpy as np
import pytest
import torch
from problems import fixed_draws  # noqa: F401
from transfers import agree, rows, same_rows, settings

from ftproofs.numeric import experiments
from ftproofs.numeric.training.ridge import train_ridge
from ftproofs.settings import Block

BASE = {"n": 12, "d": 30, "theta": 1.0, "source_norm": 1.3, "target_norm": 0.8, "sigma": 0.3}
READ = ("risk", "beta_norm", "par_beta_norm", "perp_beta_norm", "train_loss")


def problem(n, k, rank, count=4, seed=0):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((count, n, rank)) @ rng.standard_normal((count, rank, k)) if rank < min(n, k) else None
    A = rng.standard_normal((count, n, k)) if A is None else A
    return A, rng.standard_normal((count, n)), rng.standard_normal((count, k)), np.array([0.0, 1e-3, 0.1, 5.0])[:count]


def direct(A, y, anchor, ridge):
    ends = []
    for X, labels, a, r in zip(A, y, anchor, ridge, strict=True):
        rows_ = np.vstack([X, np.sqrt(len(X) * r) * np.eye(X.shape[1])])
        right = np.concatenate([labels - X @ a, np.zeros(X.shape[1])])
        ends.append(a + np.linalg.lstsq(rows_, right, rcond=1e-12)[0])
    return np.stack(ends)


def train(A, y, anchor, ridge, rank, **options):
    unit = torch.ones(len(A), dtype=torch.float64)
    return train_ridge(*map(torch.from_numpy, (A, y, anchor, ridge)), unit, rank=rank, **options)


@pytest.mark.parametrize("method", [0, 1])
@pytest.mark.parametrize(("n", "k", "rank"), [(8, 20, 8), (20, 8, 8), (12, 5, 1), (6, 6, 2)])
def test_it_ends_at_the_direct_solution_within_its_bound(n, k, rank, method):
    A, y, anchor, ridge = problem(n, k, rank)
    found = train(A, y, anchor, ridge, rank, method=method)
    error = np.linalg.norm(found.b.numpy() - direct(A, y, anchor, ridge), axis=1)
    assert found.status == ("ok",) * 4
    # The direct solution is itself exact to 1e-12 only.
    assert (error <= found.bound.numpy() + 1e-12).all()
    assert (found.bound.numpy() < 1e-8).all()
    # Without the number of samples in the penalty it is another problem.
    wrong = np.linalg.norm(found.b.numpy() - direct(A, y, anchor, ridge / n), axis=1)
    assert (wrong[1:] > 1e-5).all()


def test_bounds_hold_at_every_step_and_nothing_converges_untrained():
    A, y, anchor, ridge = problem(8, 20, 8)
    end = direct(A, y, anchor, ridge)
    for steps in (0, 1, 3, 10, 30):
        found = train(A, y, anchor, ridge, 8, max_steps=steps)
        assert (np.linalg.norm(found.b.numpy() - end, axis=1) <= found.bound.numpy()).all()
        assert steps > 10 or found.status == ("not-converged",) * 4
    still = train(A, y, anchor, ridge, 8, rate=0.0, max_steps=50)
    assert still.status == ("not-converged",) * 4


@pytest.mark.parametrize(("n", "d"), [(12, 30), (30, 12)])
def test_ridge_regression_ends_where_the_oracle_says(n, d):
    changes = [{"n": n, "d": d, "ridge": r, "toward": t} for r in (0.0, 1e-3, 0.3) for t in ("source", "zero")]
    trained, again, solved, other = (
        rows("linear.ridge", engine, *changes, base=BASE, method=method)
        for engine, method in (("descent", 0), ("descent", 1), ("solver", 0), ("solver", 1))
    )
    assert trained.status == again.status == ("ok",) * 6
    assert agree(trained, solved, READ) < 1e-8
    assert agree(trained, again, READ) < 1e-8
    assert agree(solved, other, READ) < 1e-10
    assert (trained.values["ridge_gap"] < 1e-9).all()


def test_no_ridge_is_finetuning_and_a_strong_one_stays():
    v = rows("linear.ridge", "descent", {"ridge": 0.0}, {"ridge": 1e4}, base=BASE).values
    assert v["fit_gap"][0] < 1e-9
    assert v["perp_ratio"][0] == pytest.approx(1)
    assert abs(v["beta_norm"][1] - 1.3) < 1e-2
    zero = rows("linear.ridge", "descent", {"ridge": 1e4, "toward": "zero"}, base=BASE).values
    assert zero["beta_norm"][0] < 1e-2


def test_rows_replay_alone_bit_for_bit():
    chosen = settings("linear.ridge", {}, {"ridge": 0.0}, {"toward": "zero", "spectrum": "spiked"}, base=BASE)
    for engine in ("descent", "solver"):
        together = experiments.run(Block(chosen, engine))
        for i, setting in enumerate(chosen):
            assert same_rows(together, i, experiments.run(Block((setting,), engine)), 0)
