"""Frozen layers: real training of the others, its bounds, its oracle, and starts of full rank."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from problems import BASE, batch, deep_limit, distance, fixed_draws, linear_limit, same_bits  # noqa: F401

from ftproofs.errors import UsageError
from ftproofs.numeric import experiments, networks
from ftproofs.numeric.training import train
from ftproofs.numeric.training.frozen import frozen_start
from ftproofs.settings import Block

EXPERIMENT = "deep-linear.frozen"
BASE.setdefault(EXPERIMENT, BASE["deep-linear.finetune"])
ANGLES = [0.3, 1.0, 2.0, 3.0]


def fit(task, parameters, **options):
    return train(task, experiment=EXPERIMENT, parameters=parameters, engine="flow", **options)


def radius(trained):
    return (trained.bound + trained.integration).numpy()


def line_limit(task, alone: bool) -> np.ndarray:
    """The best multiple of the source by NumPy's least squares in one unknown; never negative unless alone."""
    ends = []
    for X, y, source in zip(task.X.numpy(), task.y.numpy(), task.source.numpy(), strict=True):
        z = float(np.linalg.lstsq((X @ source)[:, None], y, rcond=None)[0][0])
        ends.append((z if alone else max(z, 0.0)) * source)
    return np.stack(ends)


@pytest.mark.parametrize("method", [0, 1])
@pytest.mark.parametrize(("n", "d"), [(6, 15), (30, 8), (8, 8)])
@pytest.mark.parametrize(("L", "frozen", "width"), [(2, 1, 1), (2, 1, 4), (3, 1, 3), (3, 2, 1), (5, 2, 2)])
def test_behind_frozen_first_layers_only_a_multiple_of_the_source_is_left(L, frozen, width, n, d, method):
    task, parameters = batch(EXPERIMENT, 4, n=n, d=d, L=L, frozen=frozen, width=width, theta=ANGLES, spectrum="spiked")
    trained = fit(task, parameters, method=method)
    assert set(trained.status) <= {"ok", "saddle"}
    error = distance(trained.beta, line_limit(task, alone=L - frozen == 1))
    assert (error <= radius(trained)).all(), (error, radius(trained))
    assert (radius(trained) < 1e-8).all()
    # Other laws are told apart: forgetting that several layers keep the sign, or that anything is frozen.
    if L - frozen > 1:
        assert (distance(trained.beta, line_limit(task, alone=True)) > 1e3 * radius(trained)).any()
    assert (distance(trained.beta, linear_limit(task)) > 1e3 * radius(trained)).all()


@pytest.mark.parametrize(("L", "frozen"), [(2, 1), (3, 1), (3, 2), (5, 2)])
def test_behind_frozen_last_layers_the_shallower_law_holds(L, frozen):
    task, parameters = batch(EXPERIMENT, 3, n=6, d=12, L=L, frozen=frozen, width=2, theta=ANGLES[:3], frozen_end="last")
    trained = fit(task, parameters)
    assert trained.status == ("ok",) * 3
    assert (distance(trained.beta, deep_limit(task, L - frozen)) <= radius(trained)).all()
    assert (distance(trained.beta, deep_limit(task, L)) > 1e3 * radius(trained)).any()


def test_frozen_layers_stay_and_full_rank_ones_have_the_same_predictor():
    task, parameters = batch(EXPERIMENT, 3, n=6, d=9, L=4, frozen=3, width=3, features="full-rank")
    weights, frozen, leading = frozen_start(task, parameters)
    assert (frozen, leading) == (3, True)
    assert distance(networks.predictor(weights), task.source.numpy()).max() < 1e-14
    assert all(int(torch.linalg.matrix_rank(W).min()) == 3 for W in weights[:3])
    again, _, _ = frozen_start(task, parameters)
    assert all(same_bits(a, b) for a, b in zip(weights, again, strict=True))


def test_full_rank_features_reach_the_best_predictor_of_their_range():
    task, parameters = batch(
        EXPERIMENT, 3, n=9, d=9, L=2, width=3, features="full-rank", inputs="population", sigma=0.0
    )
    weights, _, _ = frozen_start(task, parameters)
    trained = fit(task, parameters)
    best = []
    for X, y, F in zip(task.X.numpy(), task.y.numpy(), weights[0].numpy(), strict=True):
        best.append(F @ np.linalg.lstsq(X @ F, y, rcond=None)[0])
    assert (distance(trained.beta, np.stack(best)) <= radius(trained)).all()
    assert (distance(trained.beta, line_limit(task, alone=True)) > 1e3 * radius(trained)).all()


@pytest.mark.parametrize(
    "given",
    [
        {"L": 2, "frozen": 2},
        {"L": 2, "features": "full-rank", "width": 1},
        {"L": 2, "features": "full-rank", "width": 2, "frozen_end": "last"},
    ],
)
def test_freezing_that_leaves_nothing_sensible_is_refused(given):
    task, parameters = batch(EXPERIMENT, 2, n=4, d=6, **given)
    with pytest.raises(UsageError) as refused:
        fit(task, parameters)
    assert refused.value.code == "FT305"


@pytest.mark.parametrize(
    "given", [{"L": 3}, {"L": 3, "frozen_end": "last"}, {"L": 2, "width": 3, "features": "full-rank"}]
)
def test_a_case_does_not_depend_on_its_neighbours(given):
    task, parameters = batch(EXPERIMENT, 6, n=5, d=9, theta=[*ANGLES, 1.5, 0.1], **{"width": 2, **given})
    together = fit(task, parameters)
    for i in (0, 3, 5):
        alone = fit(task.select([i]), [parameters[i]])
        assert same_bits(alone.beta[0], together.beta[i])
        assert same_bits(alone.bound[0], together.bound[i])


def test_without_training_nothing_is_certified():
    task, parameters = batch(EXPERIMENT, 2, n=4, d=8, L=2)
    assert fit(task, parameters, rate=0.0, max_steps=20).status == ("not-converged",) * 2


def test_rows_of_engine_and_oracle_agree():
    task, _ = batch(EXPERIMENT, 4, n=8, d=12, L=3, width=2, theta=ANGLES, spectrum="power-law")
    trained, solved = (experiments.run(Block(task.settings, engine)) for engine in ("flow", "solver"))
    for name in ("risk", "beta_norm", "sigma_product", "sigma_source_norm", "sigma_target_norm"):
        gap = np.abs(trained.values[name] - solved.values[name])
        assert (gap <= trained.bounds[name] + solved.bounds[name]).all(), name
    root = np.sqrt(task.spectrum.numpy())
    source, target = root * task.source.numpy(), root * task.target.numpy()
    assert np.allclose(solved.values["sigma_product"], (source * target).sum(axis=1), rtol=1e-14)
    floor = (target**2).sum(axis=1) - (source * target).sum(axis=1) ** 2 / (source**2).sum(axis=1)
    assert (trained.values["risk"] > floor).all()


def test_the_oracle_refuses_features_it_does_not_know():
    task, _ = batch(EXPERIMENT, 2, n=4, d=8, L=2, width=2, features="full-rank")
    with pytest.raises(UsageError) as refused:
        experiments.run(Block(task.settings, "solver"))
    assert refused.value.code == "FT308"
