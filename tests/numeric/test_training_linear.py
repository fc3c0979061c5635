from decimal import Decimal, getcontext

import numpy as np
import pytest
import torch
from problems import batch, distance, fixed_draws, linear_limit, same_bits, scatter  # noqa: F401

from ftproofs.errors import UsageError
from ftproofs.numeric.training import descent, stability, train


def fit(task, parameters, experiment="linear.finetune", **options):
    return train(task, experiment=experiment, parameters=parameters, engine="descent", **options)


@pytest.mark.parametrize("method", [0, 1])
@pytest.mark.parametrize("optimizer", ["gd", "momentum", "sgd", "flow"])
@pytest.mark.parametrize(("n", "d"), [(6, 15), (15, 6), (1, 1), (1, 4)])
def test_every_optimizer_reaches_the_limit_within_its_bound(optimizer, method, n, d):
    if optimizer == "sgd" and n > d:
        pytest.skip("sgd needs n <= d")
    theta = [0.0, 0.0] if d == 1 else [0.3, 3.0]
    task, parameters = batch("linear.finetune", 2, n=n, d=d, theta=theta, optimizer=optimizer)
    trained = fit(task, parameters, method=method)
    assert trained.status == ("ok", "ok")
    error = distance(trained.beta, linear_limit(task))
    assert (error <= trained.bound.numpy()).all()
    assert (trained.bound <= 1e-9 * 0.7).all()
    assert (trained.integration == 0).all()


def test_from_scratch_and_spectra():
    rng = np.random.default_rng(5)
    for n, d in ((6, 15), (15, 6)):
        for spectrum in ("isotropic", "power-law", "spiked"):
            sigma = rng.uniform(0, 1, 6)
            task, parameters = batch("linear.scratch", 6, n=n, d=d, sigma=sigma, spectrum=spectrum)
            trained = fit(task, parameters, "linear.scratch")
            assert set(trained.status) == {"ok"}
            assert (distance(trained.beta, linear_limit(task)) <= trained.bound.numpy()).all()


def test_four_hundred_random_problems_stopped_at_random_violate_no_bound():
    rng = np.random.default_rng(11)
    seen, violations, early, tightness = 0, 0, 0, []
    for i in range(40):
        n, d = (int(k) for k in rng.integers(1, 24, 2))
        optimizer = ["gd", "momentum", "flow", "sgd" if n <= d else "momentum"][i % 4]
        given = scatter(rng, 10) if d > 1 else {"theta": 0.0}
        spectrum = ["isotropic", "power-law"][i % 3 == 0]
        task, parameters = batch(
            "linear.finetune", 10, root=i, n=n, d=d, spectrum=spectrum, optimizer=optimizer, **given
        )
        aim = float(10 ** rng.uniform(-10, 0))
        stop = int(10 ** rng.uniform(0, 3))
        trained = descent.train_linear(task, parameters, method=i % 2, aim=aim, max_steps=stop)
        error = distance(trained.beta, linear_limit(task))
        bound = trained.bound.numpy()
        seen += len(error)
        # The reference is rounded, too.
        reference = 1e-15 * np.linalg.cond(task.X.numpy())
        violations += int((error > bound + reference).sum())
        early += sum(s != "ok" for s in trained.status)
        assert all((s == "ok") == ok for s, ok in zip(trained.status, bound <= 1e-9 * scale(parameters), strict=True))
        tightness += list(error[error > 1e-12] / bound[error > 1e-12])
    assert seen == 400
    assert violations == 0
    assert 40 < early < 400
    # The bound is no empty promise: often it is nearly reached.
    assert np.median(tightness) > 0.1


def scale(parameters):
    return np.array([min(p["source_norm"], p["target_norm"]) for p in parameters])


def test_the_bound_excludes_wrong_limits():
    task, parameters = batch("linear.finetune", 8, n=8, d=20)
    trained = fit(task, parameters)
    limit, bound = linear_limit(task), trained.bound.numpy()
    forgets = np.stack(
        [np.linalg.lstsq(X, y, rcond=None)[0] for X, y in zip(task.X.numpy(), task.y.numpy(), strict=True)]
    )
    for wrong in (limit * (1 + 1e-8), forgets, 2 * task.target.numpy() - limit):
        assert (distance(trained.beta, wrong) > bound).all()


@pytest.mark.parametrize("method", [0, 1])
@pytest.mark.parametrize("optimizer", ["gd", "momentum", "sgd", "flow"])
def test_without_learning_nothing_converges(optimizer, method):
    task, parameters = batch("linear.finetune", 3, n=5, d=12, optimizer=optimizer)
    trained = fit(task, parameters, method=method, rate=0.0, max_steps=50)
    assert trained.status == ("not-converged",) * 3
    assert torch.equal(trained.beta, task.source)
    assert (distance(trained.beta, linear_limit(task)) <= trained.bound.numpy()).all()


def test_divergence_is_a_status():
    task, parameters = batch("linear.finetune", 3, n=5, d=12, optimizer="gd")
    trained = fit(task, parameters, rate=10.0)
    assert trained.status == ("diverged",) * 3
    assert torch.isinf(trained.bound).all()


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_optimizers_without_this_limit_are_refused(optimizer):
    task, parameters = batch("linear.finetune", 2, n=12, d=5, optimizer=optimizer)
    with pytest.raises(UsageError, match="FT305"):
        fit(task, parameters)


def test_unknown_engines_are_refused():
    task, parameters = batch("linear.finetune", 2, n=3, d=5)
    with pytest.raises(UsageError, match="FT308"):
        train(task, experiment="linear.finetune", parameters=parameters, engine="flow")


@pytest.mark.parametrize("method", [0, 1])
@pytest.mark.parametrize("optimizer", ["gd", "momentum", "sgd", "flow"])
def test_bits_do_not_depend_on_the_neighbours(optimizer, method):
    alpha, theta = [0.0, 0.2, 0.4, 0.6], [0.1, 1.0, 2.0, 3.0]
    task, parameters = batch(
        "linear.finetune", 4, n=10, d=30, optimizer=optimizer, theta=theta, spectrum="power-law", alpha=alpha
    )
    together, again = fit(task, parameters, method=method), fit(task, parameters, method=method)
    assert same_bits(together.beta, again.beta)
    assert len(set(together.steps.tolist())) > 1
    for i in range(4):
        for copies in (1, 4):
            alone = fit(task.select([i] * copies), [parameters[i]] * copies, method=method)
            assert same_bits(alone.beta[0], together.beta[i])
            assert same_bits(alone.bound[0], together.bound[i])
            assert alone.steps[0] == together.steps[i]


def test_a_broken_case_leaves_the_others_alone():
    task, parameters = batch("linear.finetune", 4, n=10, d=30)
    whole = fit(task, parameters)
    task.y[2, 3] = torch.nan
    broken = fit(task, parameters)
    assert broken.status == ("ok", "ok", "diverged", "ok")
    keep = [0, 1, 3]
    assert same_bits(broken.beta[keep], whole.beta[keep])


# -- a fixed number of steps ---------------------------------------------------


def exact_gradient_descent(X, y, theta, rate, decay, memory, steps):
    """The iteration in 40 decimal digits, from the same float64 data."""
    getcontext().prec = 40
    X, y, theta = (
        [[Decimal(v) for v in row] for row in X.tolist()],
        [Decimal(v) for v in y.tolist()],
        [Decimal(v) for v in theta.tolist()],
    )
    rate, decay, memory, n = Decimal(rate), Decimal(decay), Decimal(memory), len(y)
    velocity = [Decimal(0)] * len(theta)
    for _ in range(steps):
        residual = [sum(a * b for a, b in zip(row, theta, strict=True)) - v for row, v in zip(X, y, strict=True)]
        for j in range(len(theta)):
            slope = sum(X[i][j] * residual[i] for i in range(n)) / n + decay * theta[j]
            velocity[j] = memory * velocity[j] + slope
        theta = [t - rate * v for t, v in zip(theta, velocity, strict=True)]
    return np.array([float(t) for t in theta]), X, residual


@pytest.mark.parametrize(("optimizer", "memory"), [("gd", 0.0), ("momentum", 0.9)])
@pytest.mark.parametrize(("step", "decay"), [(0.3, 0.0), (0.99, 0.0), (1.3, 0.0), (2.5, 0.0), (0.5, 0.1)])
def test_stability_bounds_cover_rounding(optimizer, memory, step, decay):
    steps = 60
    task, parameters = batch(
        "linear.stability", 3, n=4, d=6, optimizer=optimizer, step=step, weight_decay=decay, steps=steps
    )
    for method in (0, 1):
        read = stability.run(task, parameters, method=method)
        for i in range(3):
            rate = float(read["learning_rate"][0][i])
            X, y = task.X[i], task.y[i]
            exact, _, _ = exact_gradient_descent(X, y, task.source[i], rate, decay, memory, steps)
            X, y, start = X.numpy(), y.numpy(), task.source[i].numpy()
            limit = start + np.linalg.lstsq(X, y - X @ start, rcond=None)[0]
            inside = np.linalg.pinv(X) @ X
            growth = np.linalg.norm(exact - limit) / np.linalg.norm(start - limit)
            lam, v = np.linalg.eigh(X.T @ X / 4)
            k = int(np.argmin(np.abs(lam - float(read["mode_eigenvalue"][0][i]))))
            truth = {
                "error_growth": growth,
                "top_share": (v[:, -1] @ (start - limit)) ** 2 / np.sum((start - limit) ** 2),
                "fit_gap": np.linalg.norm(inside @ exact - np.linalg.pinv(X) @ y),
                "perp_gap": np.linalg.norm((exact - start) - inside @ (exact - start)),
                "train_loss": np.sum((X @ exact - y) ** 2) / 8,
                "initial_loss": np.sum((X @ start - y) ** 2) / 8,
                "mode_eigenvalue": lam[k],
                "mode_contraction": v[:, k] @ (exact - limit) / (v[:, k] @ (start - limit)),
                "mode_filter": v[:, k] @ (exact - start) / (v[:, k] @ X.T @ (y - X @ start) / 4),
            }
            for name, value in truth.items():
                found, bound = (float(z[i]) for z in read[name])
                # NumPy's own rounding of the truth is of the order of 1e-13 of the iterate.
                slack = 1e-12 * (1 + abs(value)) * (1 + growth if name == "perp_gap" or "mode" in name else 1)
                assert abs(found - value) <= bound + slack, name
            assert float(read["error_growth"][1][i]) <= 1e-9 * (1 + growth)


def test_stability_on_both_sides_of_the_step_bound():
    for optimizer, below, above in (("gd", 0.99, 1.01), ("momentum", 1.85, 1.95)):
        for step, grows in ((below, False), (above, True)):
            task, parameters = batch("linear.stability", 4, n=6, d=12, optimizer=optimizer, step=step, steps=2000)
            growth, bound = stability.run(task, parameters)["error_growth"]
            assert ((growth - bound > 1) if grows else (growth + bound < 1)).all()


def test_stability_reads_early_stopping():
    task, parameters = batch("linear.stability", 8, n=6, d=12, optimizer="gd", step=0.4, steps=30)
    read = stability.run(task, parameters)
    rate, lam = read["learning_rate"][0].numpy(), read["mode_eigenvalue"][0].numpy()
    for name, law in (
        ("mode_contraction", (1 - rate * lam) ** 30),
        ("mode_filter", (1 - (1 - rate * lam) ** 30) / lam),
    ):
        value, bound = (z.numpy() for z in read[name])
        assert (np.abs(value - law) <= bound + 1e-12 * np.abs(law)).all()
    task, parameters = batch("linear.stability", 8, n=6, d=12, optimizer="flow", step=0.4, steps=30)
    read = stability.run(task, parameters)
    rate, lam = read["learning_rate"][0].numpy(), read["mode_eigenvalue"][0].numpy()
    value, bound = (z.numpy() for z in read["mode_contraction"])
    assert (np.abs(value - np.exp(-rate * lam * 30)) <= bound + 1e-12).all()
    assert (bound < 1e-8).all()


def test_contraction_below_rounding_says_so():
    task, parameters = batch("linear.stability", 8, n=6, d=12, optimizer="gd", step=0.5, steps=4000)
    read = stability.run(task, parameters)
    value, bound = (z.numpy() for z in read["mode_contraction"])
    law = (1 - read["learning_rate"][0].numpy() * read["mode_eigenvalue"][0].numpy()) ** 4000
    assert (law < 1e-17).any()
    assert (np.abs(value - law) <= bound).all()


def test_overflow_is_a_finding():
    task, parameters = batch("linear.stability", 2, n=6, d=12, optimizer="gd", step=9.0, steps=3000)
    read = stability.run(task, parameters)
    for name in ("error_growth", "fit_gap", "train_loss"):
        assert torch.isinf(read[name][0]).all()
        assert (read[name][1] == 0).all()
    for name in ("perp_gap", "mode_contraction", "mode_filter"):
        assert torch.isnan(read[name][0]).all()
        assert torch.isinf(read[name][1]).all()


def test_weight_decay_and_adam_leave_the_span():
    for given in ({"optimizer": "gd", "weight_decay": 0.05}, {"optimizer": "adam"}):
        task, parameters = batch("linear.stability", 4, n=6, d=12, step=0.3, steps=300, **given)
        gap, bound = stability.run(task, parameters)["perp_gap"]
        assert (gap > 0.05).all()
        assert (bound < 1e-9).all()
    for optimizer in ("gd", "momentum", "sgd"):
        task, parameters = batch("linear.stability", 4, n=6, d=12, step=0.05, steps=300, optimizer=optimizer)
        gap, bound = stability.run(task, parameters)["perp_gap"]
        assert (gap <= bound).all()
        assert (bound < 1e-9).all()


@pytest.mark.parametrize("optimizer", ["gd", "momentum", "sgd", "adam", "flow"])
def test_stability_bits_do_not_depend_on_the_neighbours(optimizer):
    task, parameters = batch("linear.stability", 4, n=5, d=12, optimizer=optimizer, step=[0.1, 0.4, 0.8, 1.2], steps=20)
    together, again = stability.run(task, parameters), stability.run(task, parameters)
    for name, (value, bound) in together.items():
        assert same_bits(value, again[name][0])
        for i in range(4):
            for copies in (1, 4):
                alone = stability.run(task.select([i] * copies), [parameters[i]] * copies)[name]
                assert same_bits(alone[0][0], value[i])
                assert same_bits(alone[1][0], bound[i])
