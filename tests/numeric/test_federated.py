"""FedAvg and the personalisation of a client: against direct solves, with bounds that hold at every round."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from problems import fixed_draws  # noqa: F401
from sympy import limit, oo, simplify, symbols
from transfers import agree, rows, same_rows, settings

from ftproofs.errors import UsageError
from ftproofs.names import complete
from ftproofs.numeric import experiments, solvers
from ftproofs.numeric.training import fedavg as rounds
from ftproofs.settings import Block, Setting
from ftproofs.symbolic.federated import pooled_error

BASE = {"n": 6, "d": 10, "clients": 8, "sigma": 0.5, "client_radius": 0.7}
SERVER = {**BASE, "participation": 0.25}


def problem(clients: int = 8, n: int = 6, d: int = 10, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((3, clients, n, d)), rng.standard_normal((3, clients, n))
    return torch.from_numpy(X), torch.from_numpy(y)


def fixed_point(X: torch.Tensor, y: torch.Tensor, rate: torch.Tensor, steps: int) -> np.ndarray:
    """The round's affine map, read off at zero and at the axes; where it maps to itself."""
    count, _, n, d = X.shape
    ends = np.empty((count, d))
    for i in range(count):

        def one_round(b: np.ndarray, i: int = i) -> np.ndarray:
            models = []
            for design, labels in zip(X[i].numpy(), y[i].numpy(), strict=True):
                model = b.copy()
                for _ in range(steps):
                    model -= float(rate[i]) * design.T @ (design @ model - labels) / n
                models.append(model)
            return np.mean(models, axis=0)

        shift = one_round(np.zeros(d))
        matrix = np.stack([one_round(axis) - shift for axis in np.eye(d)], axis=1)
        ends[i] = np.linalg.solve(np.eye(d) - matrix, shift)
    return ends


@pytest.mark.parametrize("method", [0, 1])
@pytest.mark.parametrize("steps", [1, 4])
def test_rounds_and_the_linear_system_end_at_the_fixed_point(steps: int, method: int) -> None:
    X, y = problem()
    rate = rounds.step_size(X, torch.tensor([0.3, 0.5, 0.7], dtype=torch.float64))
    everyone = torch.full((2, 3, 8), 1 / 8, dtype=torch.float64)
    found = rounds.fedavg(
        X,
        y,
        torch.zeros(3, 10, dtype=torch.float64),
        rate,
        everyone,
        local_steps=steps,
        unit=torch.ones(3, dtype=torch.float64),
        method=method,
    )
    end = fixed_point(X, y, rate, steps)
    assert found.status == ("ok",) * 3
    assert (np.linalg.norm(found.server.numpy() - end, axis=1) <= found.bound.numpy() + 1e-12).all()
    assert (found.bound < 1e-9).all()
    assert np.allclose(solvers.fedavg_endpoint(X, y, rate, steps, method=method).numpy(), end, atol=1e-12)


def test_bounds_hold_at_every_round(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = problem()
    rate = rounds.step_size(X, torch.full((3,), 0.5, dtype=torch.float64))
    end = fixed_point(X, y, rate, 3)
    for count in (0, 8, 40):
        monkeypatch.setattr(rounds, "MAX_ROUNDS", count)
        found = rounds.fedavg(
            X,
            y,
            torch.zeros(3, 10, dtype=torch.float64),
            rate,
            torch.empty(0, 3, 8, dtype=torch.float64),
            local_steps=3,
            unit=torch.ones(3, dtype=torch.float64),
        )
        error = np.linalg.norm(found.server.numpy() - end, axis=1)
        assert (error <= found.bound.numpy()).all()
        assert count > 8 or found.status == ("not-converged",) * 3


def test_one_local_step_ends_at_the_pooled_fit_and_several_do_not() -> None:
    gaps = {}
    for steps in (1, 2, 20):
        trained, solved = (rows("federated.server", e, *[{"local_steps": steps}] * 4, base=SERVER) for e in ENGINES)
        assert trained.status == ("ok",) * 4
        assert agree(trained, solved, ("pooled_gap", "server_error", "beta_norm")) < 1e-8
        gaps[steps] = trained.values["pooled_gap"].mean()
    assert gaps[1] < 1e-9 < 0.01 < gaps[2] < gaps[20]


def test_the_gap_falls_with_the_local_step_and_vanishes_where_clients_agree() -> None:
    wide, narrow = (
        rows("federated.server", "solver", *[{"local_steps": 5, "local_step": step}] * 128, base=SERVER).values
        for step in (0.02, 0.002)
    )
    assert wide["pooled_gap"].mean() / narrow["pooled_gap"].mean() == pytest.approx(10, abs=2)
    agreeing = {"local_steps": 5, "client_radius": 0.0, "sigma": 0.0}
    assert (rows("federated.server", "descent", *[agreeing] * 4, base=SERVER).values["pooled_gap"] < 1e-9).all()


ENGINES = ("descent", "solver")


def test_sampling_clients_leaves_the_server_away_from_where_it_ends() -> None:
    some, all_ = (
        rows("federated.server", "descent", *[{"participation": share}] * 6, base=SERVER).values["sampled_gap"]
        for share in (0.125, 1.0)
    )
    assert some.mean() > 2 * all_.mean()


@pytest.mark.parametrize("n", [6, 16])
def test_a_client_ends_where_the_oracle_says(n: int) -> None:
    changes = [{"ridge": 0.0}, {"ridge": 0.3}, {"participates": "yes"}, {"local_step": 0.2}]
    trained, again, solved, other = (
        rows("federated.finetune", engine, *changes, base={**BASE, "n": n}, method=method)
        for engine, method in (("descent", 0), ("descent", 1), ("solver", 0), ("solver", 1))
    )
    assert trained.status == again.status == ("ok",) * 4
    names = ("risk", "tuned_risk", "start_risk", "beta_norm", "train_loss", "initial_loss", "delta_risk")
    assert agree(trained, solved, names) < 1e-7
    assert agree(trained, again, names) < 1e-7
    assert agree(solved, other, names) < 1e-9


def test_a_client_that_does_not_differ_has_no_best_ridge() -> None:
    changes = [{"client_radius": 0.0}, {"client_radius": 0.0, "ridge": 0.3}]
    trained, solved = (rows("federated.finetune", engine, *changes, base=BASE) for engine in ("descent", "solver"))
    assert trained.status == ("ok",) * 2
    assert agree(trained, solved, ("risk", "start_risk", "beta_norm")) < 1e-7
    for found in (trained, solved):
        assert np.isnan(found.values["tuned_risk"]).all()
        assert np.isinf(found.bounds["tuned_risk"]).all()


def test_infinitely_many_clients_give_the_server_the_global_model() -> None:
    found = rows("federated.finetune", "descent", *[{"clients": "inf"}] * 4, base=BASE)
    assert np.allclose(found.values["start_risk"], 0.49)
    assert (found.values["server_error"] == 0).all()


def test_the_server_error_is_what_the_handbook_says() -> None:
    """C3 at M = 60, to its own 1/M: r^2 (1 + (d + 1)/n) + sigma^2 d/n, over M; not r^2/M."""
    at = {"n": 12, "d": 6, "clients": 60, "sigma": 0.5, "client_radius": 0.8}
    found = rows("federated.server", "solver", *[{}] * 400, base=at).values["server_error"]
    expected = (0.64 * (1 + 7 / 12) + 0.25 * 6 / 12) / 60
    assert abs(found.mean() - expected) < 4 * found.std() / 20 + 0.02 * expected
    assert found.mean() > 1.5 * 0.64 / 60


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError, match=r"FT305.*do not determine"):
        rows("federated.server", "descent", {"clients": 1}, base=SERVER)
    with pytest.raises(UsageError, match=r"FT305.*finite number"):
        rows("federated.finetune", "descent", {"clients": "inf", "participates": "yes"}, base=BASE)


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_replay_alone_bit_for_bit(engine: str) -> None:
    for name, base, changes in (
        ("federated.server", SERVER, [{}, {"local_step": 0.3}, {"sigma": 0.1}]),
        ("federated.finetune", BASE, [{}, {"ridge": 0.3}, {"participates": "yes"}]),
    ):
        chosen = settings(name, *changes, base=base)
        together = experiments.run(Block(chosen, engine))
        for i, setting in enumerate(chosen):
            assert same_rows(together, i, experiments.run(Block((setting,), engine)), 0)


def shared(count: int = 8, stage: str = "confirm/4", **more: object) -> tuple[Setting, ...]:
    values = complete("federated.finetune", {**BASE, "clients": "inf", "ridge": 0.4, **more})
    return tuple(Setting.of("federated.finetune", values, stage=stage, index=i) for i in range(count))


@pytest.mark.parametrize("method", [0, 1])
@pytest.mark.parametrize(("n", "ridge"), [(6, 0.0), (6, 0.4), (16, 0.4)])
def test_designs_shared_by_draws_give_what_networks_on_them_end_at(n: int, ridge: float, method: int) -> None:
    """Training knows no shared designs: each case draws its own, the same, and ends where the oracle says."""
    cases = shared(n=n, ridge=ridge)
    solved, trained = (experiments.run(Block(cases, engine, method)) for engine in ("solver", "descent"))
    assert agree(trained, solved, ("risk", "tuned_risk", "start_risk", "noise_risk", "noise_trace")) < 1e-8
    trace = solved.values["noise_trace"]
    assert (trace[:4] == trace[0]).all()
    assert trace[4] != trace[0]
    assert len(set(solved.values["risk"])) == 8
    assert same_rows(experiments.run(Block(cases[5:6] * 8, "solver", method)), 0, solved, 5)


def test_a_client_of_the_pool_has_a_design_of_its_own() -> None:
    for more in ({"participates": "yes"}, {"participates": "yes", "clients": 8}):
        with pytest.raises(UsageError, match="FT305"):
            experiments.run(Block(shared(**more), "solver"))


def test_the_pooled_error_is_the_published_one_for_many_clients() -> None:
    n, d, clients, r, sigma = symbols("n d M r sigma", positive=True)
    leading = limit(clients * pooled_error(n, d, clients, r, sigma), clients, oo)
    assert simplify(leading - r**2 * (1 + (d + 1) / n) - sigma**2 * d / n) == 0
    # One client with n >= d + 2 samples: its own least squares, which ends at its own model.
    assert simplify(pooled_error(n, d, 1, r, 0) - r**2) == 0
