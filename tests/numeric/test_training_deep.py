import math
from typing import Any

import numpy as np
import pytest
import torch
from problems import batch, deep_limit, distance, fixed_draws, linear_limit, same_bits, scatter  # noqa: F401

from ftproofs.errors import UsageError
from ftproofs.numeric.training import train
from ftproofs.numeric.training.deep_linear import train_deep_linear
from ftproofs.numeric.training.reduced import train_reduced

EXPERIMENT = "deep-linear.finetune"


def fit(task, parameters, engine="flow", **options):
    return train(task, experiment=EXPERIMENT, parameters=parameters, engine=engine, **options)


def radius(trained):
    return (trained.bound + trained.integration).numpy()


@pytest.mark.parametrize("depth", [2, 3])
def test_full_matrices_end_where_the_law_says_within_the_printed_bound(depth):
    task, parameters = batch(EXPERIMENT, 4, n=20, d=40, L=depth, width=8, theta=[0.3, 1.0, 2.0, 3.0])
    trained = fit(task, parameters)
    error = distance(trained.beta, deep_limit(task, depth))
    print(f"L = {depth}: worst error {error.max():.2e}, bounds {radius(trained)}")
    assert trained.status == ("ok",) * 4
    assert (error <= radius(trained)).all()
    assert (trained.bound < 1e-9 * 0.7).all()
    assert (trained.integration < 1e-8).all()
    assert trained.flags == ("estimated-integration",)
    # Laws that are wrong: no scaling outside the span, another exponent, forgetting the source.
    for wrong in (linear_limit(task), deep_limit(task, depth + 1), deep_limit(task, 1)):
        assert (distance(trained.beta, wrong) > 1e3 * radius(trained)).any()


@pytest.mark.parametrize("method", [0, 1])
@pytest.mark.parametrize("engine", ["flow", "reduced"])
@pytest.mark.parametrize(("n", "d"), [(6, 15), (15, 6), (1, 4), (1, 1)])
def test_engines_agree_with_the_law(n, d, engine, method):
    for depth in (1, 2, 3, 5):
        # In one dimension noise can make the fit point the other way, and the origin is in between.
        given = {"theta": 0.0, "sigma": 0.0} if d == 1 else {"theta": [0.2, 1.0, 2.9]}
        task, parameters = batch(EXPERIMENT, 3, n=n, d=d, L=depth, **given)
        trained = fit(task, parameters, engine, method=method)
        assert trained.status == ("ok",) * 3
        assert (distance(trained.beta, deep_limit(task, depth)) <= radius(trained)).all()
        assert (trained.bound <= 1e-9 * 0.7).all()
        assert float(trained.drift.max()) < 1e-10


@pytest.mark.parametrize("depth", [2, 3])
def test_four_hundred_random_problems_stopped_at_random_violate_no_bound(depth):
    """With the jump, at residuals where the quadratic bound decides, and stopped before any jump."""
    rng = np.random.default_rng(depth)
    seen, violations, early, tightness = 0, 0, 0, []
    for i in range(40):
        d = int(rng.integers(2, 20))
        n = int(rng.integers(1, max(2, round(0.75 * d)) + 1)) if i % 5 else d + int(rng.integers(3, 10))
        task, parameters = batch(
            EXPERIMENT, 10, root=i, n=n, d=d, L=depth, width=int(rng.choice([1, 4])), **scatter(rng, 10)
        )
        tight = float(10 ** rng.uniform(-12, -8))
        options: dict[str, Any] = {"aim": float(10 ** rng.uniform(-10, 0))}
        options["max_steps"] = int(10 ** rng.uniform(0.5, 2)) if i % 3 == 0 else 1000
        if i % 2:
            trained = train_reduced(task, parameters, **options)
        else:
            trained = train_deep_linear(task, parameters, tolerances=(tight, 100 * tight), **options)
        error, bound = distance(trained.beta, deep_limit(task, depth)), radius(trained)
        seen += len(error)
        violations += int((error > bound).sum())
        early += sum(s != "ok" for s in trained.status)
        large = (error > 1e-9) & np.isfinite(bound)
        tightness += list(error[large] / bound[large])
    assert seen == 400
    assert violations == 0
    assert early > 50
    assert max(tightness) > 0.05


def test_flow_and_reduction_agree_on_everything():
    for given in ({"L": 2}, {"L": 3}, {"L": 5}, {"L": 2, "imbalance": 1.5}, {"L": 2, "imbalance": 0.8}):
        task, parameters = batch(EXPERIMENT, 4, n=8, d=20, theta=[0.5, 1.5, 2.5, 3.1], **given)
        raw, short = fit(task, parameters), fit(task, parameters, "reduced")
        assert raw.status == short.status == ("ok",) * 4
        gap = distance(raw.beta, short.beta.numpy())
        assert (gap <= radius(raw) + radius(short)).all()
        for name, (value, bound) in raw.trajectory.items():
            other, slack = short.trajectory[name]
            assert ((value - other).abs() <= bound + slack).all(), name
            assert (bound < (1e-2 if "imbalance" in given and name == "path_gap" else 1e-6)).all(), name


def test_measurements_along_the_way():
    depth = 3
    task, parameters = batch(EXPERIMENT, 8, n=6, d=20, L=depth, theta=np.linspace(0.3, 3.1, 8), target_norm=1.5)
    found = fit(task, parameters).trajectory
    X = task.X.numpy()
    outside = np.stack([(np.eye(20) - np.linalg.pinv(x) @ x) @ s for x, s in zip(X, task.source.numpy(), strict=True)])
    floor = np.linalg.norm(outside, axis=1) ** depth / 2.0 ** (depth - 1)
    gap, bound = found["path_gap"]
    assert (gap <= bound).all()
    assert (bound < 1e-8).all()
    layer, bound = found["first_layer_gap"]
    assert (layer <= bound).all()
    assert (bound < 1e-10).all()
    least, bound = (z.numpy() for z in found["min_beta_norm"])
    assert (least + bound >= floor).all()
    assert (least < 2.0).any()
    rate, bound = (z.numpy() for z in found["decay_rate"])
    assert (rate + bound >= 2 * floor ** (2 - 2 / depth)).all()
    # The identity that is measured needs balance.
    task, parameters = batch(EXPERIMENT, 4, n=6, d=20, L=2, imbalance=0.7)
    gap, bound = fit(task, parameters).trajectory["path_gap"]
    assert (gap > 1e3 * bound).all()


def test_the_least_norm_inside_a_step_is_found():
    """One sample, opposite teachers: the part in the span passes through zero, where the floor is reached."""
    depth = 3
    for engine in ("flow", "reduced"):
        task, parameters = batch(EXPERIMENT, 6, n=1, d=6, L=depth, theta=math.pi, sigma=0.0)
        least, bound = (z.numpy() for z in fit(task, parameters, engine).trajectory["min_beta_norm"])
        X, source = task.X.numpy()[:, 0], task.source.numpy()
        along = np.sum(X * source, axis=1, keepdims=True) / np.sum(X * X, axis=1, keepdims=True) * X
        floor = np.linalg.norm(source - along, axis=1) ** depth / 2.0 ** (depth - 1)
        assert (np.abs(least - floor) <= bound).all()
        assert (bound < 1e-6).all()


def test_decay_of_linear_regression_tends_to_its_slowest_mode():
    task, parameters = batch(EXPERIMENT, 4, n=6, d=20, L=1)
    rate, bound = fit(task, parameters).trajectory["decay_rate"]
    assert torch.allclose(rate, torch.full_like(rate, 2.0), atol=1e-10)
    assert (bound < 1e-9).all()


def test_where_the_source_fits_already_nothing_moves():
    task, parameters = batch(EXPERIMENT, 3, n=6, d=20, L=3, theta=0.0, sigma=0.0, source_norm=1.0, target_norm=1.0)
    trained = fit(task, parameters)
    assert trained.status == ("ok",) * 3
    assert (distance(trained.beta, task.source.numpy()) <= radius(trained)).all()
    assert torch.isnan(trained.trajectory["decay_rate"][0]).all()
    assert torch.isinf(trained.trajectory["decay_rate"][1]).all()


@pytest.mark.parametrize("engine", ["flow", "reduced"])
@pytest.mark.parametrize("depth", [2, 3, 5])
def test_the_saddle_is_recognised(engine, depth):
    task, parameters = batch(EXPERIMENT, 3, n=8, d=8, L=depth, theta=math.pi, sigma=0.0, inputs="population")
    trained = fit(task, parameters, engine)
    assert trained.status == ("saddle",) * 3
    assert (torch.linalg.vector_norm(trained.beta, dim=1) <= trained.bound).all()
    assert (trained.bound <= 2e-9 * 2).all()
    least, bound = trained.trajectory["min_beta_norm"]
    assert (least <= bound).all()
    # Linear regression has no saddle, and a little less than opposite is not stuck.
    task, parameters = batch(EXPERIMENT, 3, n=8, d=8, L=depth, theta=3.0, sigma=0.0, inputs="population")
    assert fit(task, parameters, engine).status == ("ok",) * 3


@pytest.mark.parametrize("engine", ["flow", "reduced", "descent"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_without_learning_nothing_converges(engine, depth):
    task, parameters = batch(EXPERIMENT, 3, n=5, d=12, L=depth)
    for method in (0, 1):
        trained = fit(task, parameters, engine, method=method, rate=0.0, max_steps=60)
        assert trained.status == ("not-converged",) * 3
        assert torch.allclose(trained.beta, task.source, atol=1e-14)


@pytest.mark.parametrize(("depth", "width"), [(2, 1), (3, 1), (2, 4), (3, 4)])
def test_descent_misses_the_flow_in_proportion_to_its_step(depth, width):
    task, parameters = batch(EXPERIMENT, 4, n=3, d=16, L=depth, width=width, theta=[0.4, 1.0, 1.6, 2.0])
    limit = deep_limit(task, depth)
    errors = []
    for eta in (0.1, 0.05):
        trained = fit(task, parameters, "descent", eta=eta, max_steps=200_000)
        assert (trained.bound < 1e-8).all()
        errors.append(distance(trained.beta, limit))
        assert (errors[-1] <= radius(trained)).all()
        assert float(trained.trajectory["first_layer_gap"][0].max()) < 1e-12
    ratio = errors[0] / errors[1]
    assert (np.abs(ratio - 2.0) <= 0.1).all()
    assert (errors[0] > 1e-5).all()


def test_descent_that_diverges_says_so():
    task, parameters = batch(EXPERIMENT, 3, n=5, d=12, L=3)
    trained = fit(task, parameters, "descent", eta=50.0)
    assert trained.status == ("diverged",) * 3


def test_out_of_steps_is_not_converged_and_keeps_an_honest_bound():
    task, parameters = batch(EXPERIMENT, 3, n=10, d=14, L=3, spectrum="power-law")
    for engine in ("flow", "reduced"):
        trained = fit(task, parameters, engine, max_steps=40)
        assert trained.status == ("not-converged",) * 3
        assert (distance(trained.beta, deep_limit(task, 3)) <= radius(trained)).all()


def test_imbalance_is_for_two_layers():
    task, parameters = batch(EXPERIMENT, 2, n=5, d=12, L=3, imbalance=2.0)
    for engine in ("flow", "reduced", "descent"):
        with pytest.raises(UsageError, match="FT305"):
            fit(task, parameters, engine)


@pytest.mark.parametrize("engine", ["flow", "reduced", "descent"])
@pytest.mark.parametrize(("depth", "width"), [(1, 1), (2, 1), (3, 4)])
def test_bits_do_not_depend_on_the_neighbours(engine, depth, width):
    alpha = [0.0, 0.3, 0.6, 0.9]
    task, parameters = batch(
        EXPERIMENT, 4, n=8, d=20, L=depth, width=width, theta=[0.0, 1.0, 2.0, 3.1], spectrum="power-law", alpha=alpha
    )
    options = {"max_steps": 400} if engine == "descent" else {}
    together, again = fit(task, parameters, engine, **options), fit(task, parameters, engine, **options)
    assert same_bits(together.beta, again.beta)
    assert engine == "descent" or len(set(together.steps.tolist())) > 1
    for i in range(4):
        for copies in (1, 4):
            alone = fit(task.select([i] * copies), [parameters[i]] * copies, engine, **options)
            for name in ("beta", "bound", "integration", "steps", "drift"):
                assert same_bits(getattr(alone, name)[0], getattr(together, name)[i]), name
            for name, (value, bound) in together.trajectory.items():
                assert same_bits(alone.trajectory[name][0][0], value[i]), name
                assert same_bits(alone.trajectory[name][1][0], bound[i]), name
            assert alone.status[0] == together.status[i]


def test_a_broken_case_leaves_the_others_alone():
    task, parameters = batch(EXPERIMENT, 4, n=8, d=20, L=3)
    whole = fit(task, parameters)
    task.y[2, 3] = torch.nan
    broken = fit(task, parameters)
    assert broken.status == ("ok", "ok", "diverged", "ok")
    keep = [0, 1, 3]
    assert same_bits(broken.beta[keep], whole.beta[keep])
    assert same_bits(broken.bound[keep], whole.bound[keep])
