"""Gradient flow through eigen-channels: against the law, the raw weights, and its own bounds."""

import numpy as np
import pytest
import torch
from problems import batch, deep_limit, distance, fixed_draws, linear_limit, same_bits, scatter  # noqa: F401

from ftproofs.numeric.gram import GramDesign, gram, suits
from ftproofs.numeric.solvers import factorise
from ftproofs.numeric.training.deep_linear import train_deep_linear
from ftproofs.numeric.training.result import scale
from ftproofs.numeric.training.spectral import NODES, Eigen, collocation, train_spectral

EXPERIMENT = "deep-linear.finetune"


def fit(task, parameters, depth, **options):
    return train_spectral(
        Eigen.of(task.X, task.y, gram(task.X)), task.source, depth, scale(task, parameters), **options
    )


def radius(trained):
    return (trained.bound + trained.integration).numpy()


@pytest.mark.parametrize("depth", [1, 2, 3, 6])
@pytest.mark.parametrize(("n", "d"), [(1, 3), (6, 30), (60, 90), (45, 48)])
def test_it_ends_where_the_law_says_within_the_printed_bound(n, d, depth):
    rng = np.random.default_rng(n + depth)
    task, parameters = batch(EXPERIMENT, 12, n=n, d=d, L=depth, **scatter(rng, 12))
    trained = fit(task, parameters, depth)
    error = distance(trained.beta, deep_limit(task, depth))
    print(f"n = {n}, d = {d}, L = {depth}: worst error {error.max():.1e}, steps to {int(trained.steps.max())}")
    assert trained.status == ("ok",) * 12
    assert (error <= radius(trained)).all()
    assert (radius(trained) < 1e-6).all()
    assert (error < 1e-9).all()
    if depth > 1:
        for wrong in (deep_limit(task, depth + 1), linear_limit(task)):
            assert (distance(trained.beta, wrong) > 1e3 * radius(trained)).any()


def test_it_agrees_with_the_raw_weights():
    for depth in (2, 3):
        task, parameters = batch(EXPERIMENT, 6, n=20, d=50, L=depth, width=4, theta=np.linspace(0, 3, 6))
        raw, reduced = train_deep_linear(task, parameters), fit(task, parameters, depth)
        gap = torch.linalg.vector_norm(raw.beta - reduced.beta, dim=1).numpy()
        assert (gap <= radius(raw) + radius(reduced)).all()
        assert (gap < 1e-9).all()


def test_stopped_early_it_is_not_converged_and_its_bound_holds():
    task, parameters = batch(EXPERIMENT, 8, n=12, d=40, L=2, theta=np.linspace(0, 3, 8))
    law, seen = deep_limit(task, 2), 0
    for steps in range(1, 16):
        trained = fit(task, parameters, 2, max_steps=steps)
        error = distance(trained.beta, law)
        assert (error <= radius(trained)).all()
        seen += sum(s == "not-converged" for s in trained.status)
    assert seen > 40


def test_nothing_is_trained_at_rate_zero_and_speed_does_not_matter():
    task, parameters = batch(EXPERIMENT, 3, n=12, d=40, L=2)
    still = fit(task, parameters, 2, rate=0.0, max_steps=50)
    assert still.status == ("not-converged",) * 3
    assert float((still.beta - task.source).norm()) < 1e-12
    slow, fast = fit(task, parameters, 2, rate=0.1), fit(task, parameters, 2, rate=7.0)
    assert slow.status == fast.status == ("ok",) * 3
    assert float((slow.beta - fast.beta).norm()) < 1e-10


def test_bits_do_not_depend_on_the_neighbours():
    task, parameters = batch(EXPERIMENT, 9, n=21, d=40, L=3, **scatter(np.random.default_rng(3), 9))
    whole = fit(task, parameters, 3)
    for some in ([0, 1], [4, 2, 7], [8, 8]):
        part = fit(task.select(some), [parameters[i] for i in some], 3)
        assert same_bits(part.beta, whole.beta[some])
        assert same_bits(part.bound, whole.bound[some])
        assert same_bits(part.integration, whole.integration[some])


def test_a_loose_integration_is_told_by_its_estimate(monkeypatch):
    """The distance between two tolerances covers the error of the tighter one, also where it is large."""
    task, parameters = batch(EXPERIMENT, 8, n=20, d=40, L=3, theta=np.linspace(0.5, 3, 8))
    law = deep_limit(task, 3)
    errors = []
    for tolerance, growth in ((1e-5, 4.0), (3e-2, 30.0), (3e-1, 100.0)):
        monkeypatch.setattr("ftproofs.numeric.training.spectral.TOLERANCES", (tolerance, 3 * tolerance))
        monkeypatch.setattr("ftproofs.numeric.training.spectral.GROWTH", growth)
        trained = fit(task, parameters, 3)
        errors.append(distance(trained.beta, law))
        print(f"tolerance {tolerance:g}: error to {errors[-1].max():.1e}, estimate {radius(trained).max():.1e}")
        assert (errors[-1] <= radius(trained)).all()
    assert errors[2].max() > 10 * errors[0].max()


def test_the_collocation_is_radau_of_full_order():
    method = collocation(NODES)
    values, out, into = (x.numpy() for x in (method.values, method.out, method.into))
    A = ((out * values) @ into).real
    weights, nodes = A[-1], A.sum(axis=1)
    assert nodes[-1] == pytest.approx(1, abs=1e-12)
    for k in range(2 * NODES - 1):
        assert weights @ nodes**k == pytest.approx(1 / (k + 1), rel=1e-10)
    assert weights @ nodes ** (2 * NODES - 1) != pytest.approx(1 / (2 * NODES), rel=1e-12)


@pytest.mark.parametrize(("n", "d"), [(10, 25), (25, 10)])
def test_the_gram_route_projects_as_the_factorised_design_does(n, d):
    task, _ = batch(EXPERIMENT, 4, n=n, d=d)
    quick, exact = GramDesign.of(task.X), factorise(task.X, method=1)
    for a, b in zip(quick.split(task.source, task.target), exact.split(task.source, task.target), strict=True):
        for x, y in zip(a, b, strict=True):
            assert float((x - y).abs().max()) < 1e-13
    assert float((quick.fit(task.y) - exact.fit(task.y)).abs().max()) < 1e-13
    for x, y in zip(quick.traces(task.spectrum), exact.traces(task.spectrum), strict=True):
        torch.testing.assert_close(x, y, rtol=1e-11, atol=0)
    assert suits(n, d)
    assert not suits(20, 21)
    with pytest.raises(ValueError, match="isotropic"):
        quick.traces(2 * task.spectrum)
