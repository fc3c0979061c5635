"""Gradient descent on diagonal networks: its own exact laws, and the flow's only to first order in the step."""

import numpy as np
import pytest
import torch
from diagonals import agree, rows
from problems import fixed_draws  # noqa: F401

from ftproofs.errors import UsageError
from ftproofs.numeric.diagonal import dual
from ftproofs.numeric.diagonal.descent import train_descent
from ftproofs.numeric.diagonal.network import Weights
from ftproofs.numeric.diagonal.regression import Regression

GIVEN = {"n": 4, "d": 14, "c": 0.5, "r": 0.3, "reinit": 0.5, "sigma": 0.1}


@pytest.mark.parametrize("protocol", ["S", "N"])
def test_the_exact_discrete_law(protocol: str) -> None:
    found = rows("diagonal.finetune", "flow", **GIVEN, engine="descent", step=0.2, protocol=protocol)
    assert found.status == ("ok",) * 3
    assert found.flags == ()
    value, bound = found.values, found.bounds
    for ratio, product in (
        ("c_ratio", "drift_product"),
        ("sum_ratio", "sum_product"),
        ("difference_ratio", "difference_product"),
    ):
        assert (np.abs(value[ratio] - value[product]) <= bound[ratio] + bound[product]).all()
        assert (bound[ratio] + bound[product] < 1e-9).all()
    assert (value["drift_gap"] <= bound["drift_gap"]).all()
    assert (bound["drift_gap"] < 1e-9).all()
    # What the flow conserves drifts, the relative scale does not.
    assert (value["c_drift"] > 1e-4).all()
    assert (value["c_ratio"] <= 1).all()
    if protocol == "S":
        assert (value["r_drift"] <= bound["r_drift"] * 10).all()
    # The flow's laws are off by the step.
    assert (value["prox_gap"] > 1e-4).all()
    assert (value["kkt_gap"] > 1e-5).all()


def test_gradients_from_autograd_give_the_same_path() -> None:
    a = rows("diagonal.finetune", "flow", **GIVEN, engine="descent", step=0.3)
    b = rows("diagonal.finetune", "reduced", **GIVEN, engine="descent", step=0.3)
    agree(a, b)
    assert np.abs(a.values["c_ratio"] - b.values["c_ratio"]).max() < 1e-10


def test_halving_the_step_halves_the_distance_to_the_flow() -> None:
    rng = np.random.default_rng(0)
    X, y = torch.tensor(rng.standard_normal((6, 4, 14)) / 2), torch.tensor(rng.standard_normal((6, 4)))
    w = torch.full((6, 14), 0.5, dtype=torch.float64)
    problem, start, unit = Regression.of(X, y), Weights(w, w, w, w), torch.ones(6).double()
    oracle = dual.solve(X, y, start.scale)
    errors, integrals, ends = [], [], []
    for share in (0.16, 0.08, 0.04):
        (ended,) = train_descent(
            problem,
            [start],
            unit,
            teacher=oracle.beta,
            share=torch.full((6,), share).double(),
            alone=True,
            aim=1e-9,
        )
        assert ended.status == ("ok",) * 6
        ends.append(ended.beta)
        errors.append(torch.linalg.vector_norm(ended.beta - oracle.beta, dim=1))
        penalty = (
            start.scale
            - torch.sqrt(start.scale**2 + oracle.beta**2)
            + oracle.beta * torch.asinh(oracle.beta / start.scale)
        )
        integrals.append(ended.path["loss_integral"][0] / (penalty.sum(dim=1) / 2) - 1)
    for before, after in ((errors[0], errors[1]), (errors[1], errors[2]), (integrals[1], integrals[2])):
        assert float(((before / after) - 2).abs().max()) < 0.1
    richardson = torch.linalg.vector_norm(2 * ends[2] - ends[1] - oracle.beta, dim=1)
    assert float((richardson / errors[2]).max()) < 0.05
    # Finite steps make descent richer than the flow: the integral is larger than the penalty.
    assert (integrals[2] > 0).all()


def test_as_an_engine_it_stands_for_the_flow() -> None:
    a, b = rows("diagonal.scratch", "descent", **GIVEN, step=0.1), rows("diagonal.scratch", "solver", **GIVEN, step=0.1)
    assert a.status == ("ok",) * 3
    agree(a, b, "mse", "beta_norm", "penalty")
    assert (a.bounds["mse"] < 0.05).all()


def test_a_step_too_long_is_no_number() -> None:
    found = rows("diagonal.scratch", "flow", **GIVEN, engine="descent", step=60.0)
    assert set(found.status) <= {"diverged", "not-converged"}
    assert np.isnan(found.values["mse"]).all()


def test_two_tasks_are_trained_by_flow_only() -> None:
    with pytest.raises(UsageError, match="FT308"):
        rows("diagonal.multitask", "flow", n=5, d=10, engine="descent")
