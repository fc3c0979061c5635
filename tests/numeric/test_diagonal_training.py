"""Diagonal networks: engines agree with one another and with the oracle; bounds, statuses, bits."""

import math

import numpy as np
import pytest
import torch
from diagonals import agree, rows
from problems import fixed_draws  # noqa: F401
from scipy.integrate import solve_ivp

from ftproofs.errors import UsageError
from ftproofs.numeric.diagonal import dual
from ftproofs.numeric.diagonal.network import Weights
from ftproofs.numeric.diagonal.reduced import Reduced, train_reduced
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.diagonal.train import train_flow

#: Measured after training alone, so that neither the start's rounding nor the path's matter.
ENDS = (
    "mse",
    "scratch_mse",
    "pretrain_mse",
    "beta_norm",
    "prox_gap",
    "penalty",
    "bregman",
    "multiplier",
    "c_ft",
    "beta_end",
    "lazy_gap",
)
BASE = {"n": 8, "d": 20, "sigma": 0.1}
CASES = [
    {"protocol": "S", "c": 0.3},
    {"protocol": "M", "c": 0.5, "r": 0.3},
    {"protocol": "R", "c": 0.3, "rescale": 0.7},
    {"protocol": "N", "c": 0.3, "r": -0.4},
    {"protocol": "readout", "c": 0.3},
    {"r": -1.0, "reinit": 0.5},
    {"r": 1.0, "reinit": 0.0},
    {"gamma_s": 0.6, "sigma_s": 0.2, "c": 0.3},
    {"gamma_s": 2, "sigma_s": 0.2, "c": 0.3},
    {"c": 5.0, "reinit": 1.0, "amplitude": "gauss", "rho_new": 0.2},
]


@pytest.mark.parametrize("given", CASES, ids=lambda given: "-".join(f"{k}{v}" for k, v in given.items()))
def test_flow_reduction_and_oracle_end_together(given: dict) -> None:
    flow, reduced, solver = (rows("diagonal.finetune", e, **BASE, **given) for e in ("flow", "reduced", "solver"))
    assert flow.status == reduced.status == solver.status == ("ok",) * 3
    for a, b in ((flow, solver), (reduced, solver), (flow, reduced)):
        agree(a, b, *ENDS)
    assert (flow.bounds["mse"] < 1e-7).all()
    assert (flow.values["prox_gap"] < 1e-8).all()
    assert (flow.values["kkt_gap"] <= flow.bounds["kkt_gap"]).all()
    assert (flow.bounds["kkt_gap"] < 1e-9).all()
    if given.get("protocol") != "readout":
        for name in ("c_drift", "r_drift", "drift_gap"):
            assert (flow.values[name] <= flow.bounds[name]).all()
            assert (flow.bounds[name] < 1e-8).all()
    gap = np.abs(flow.values["loss_integral"] - flow.values["bregman"])
    assert (gap <= flow.bounds["loss_integral"] + flow.bounds["bregman"]).all()
    assert (flow.values["loss_time"] <= flow.values["bregman"] / 2 * (1 + 1e-3)).all()
    assert (flow.values["loss_decay"] + flow.bounds["loss_decay"] >= 4).all() or given.get("protocol") == "readout"
    assert flow.flags == ("estimated-integration",)
    assert reduced.flags == solver.flags == ()


@pytest.mark.parametrize(
    ("experiment", "trainer"),
    [("diagonal.finetune", "flow"), ("diagonal.multitask", "flow"), ("replica.finetune", "solver")],
)
def test_amounts_of_source_data_mix_in_a_block(experiment: str, trainer: str) -> None:
    ratios = [0.5, "inf", 2.0, 0.5, "inf"]
    given = {"n": 5, "d": 12, "sigma": 0.1, "sigma_s": 0.2, "c": 0.3}
    mixed = rows(experiment, trainer, 5, gamma_s=ratios, **given)
    assert mixed.status == ("ok",) * 5
    for ratio in (0.5, "inf", 2.0):
        alike = rows(experiment, trainer, 5, gamma_s=ratio, **given)
        own = [i for i in range(5) if ratios[i] == ratio]
        assert mixed.flags == alike.flags
        for name, value in mixed.values.items():
            assert value[own].tobytes() == alike.values[name][own].tobytes(), name
            assert mixed.bounds[name][own].tobytes() == alike.bounds[name][own].tobytes(), name
        for name, value in mixed.info.items():
            assert value[own].tobytes() == alike.info[name][own].tobytes(), name


@pytest.mark.parametrize("experiment", ["diagonal.scratch", "diagonal.pretrain"])
@pytest.mark.parametrize("size", [{"n": 8, "d": 20}, {"n": 30, "d": 12}])
def test_one_stage(experiment: str, size: dict) -> None:
    given = {**size, "sigma": 0.2, "gamma_s": 0.5 if size["n"] < 10 else 3.0, "sigma_s": 0.2, "c": 0.3, "r": 0.2}
    flow, solver = (rows(experiment, e, **given) for e in ("flow", "solver"))
    assert flow.status == solver.status == ("ok",) * 3
    agree(flow, solver, "penalty", "beta_norm", "multiplier", "kkt_gap", "mse" if "scratch" in experiment else "c_ft")
    gap = np.abs(flow.values["loss_integral"] - flow.values["penalty"])
    assert (gap <= flow.bounds["loss_integral"] + flow.bounds["penalty"]).all()


def test_another_implementation_agrees() -> None:
    given = {"n": 6, "d": 12, "sigma": 0.1, "c": 1.0, "reinit": 0.5}
    a, b = rows("diagonal.finetune", "flow", **given), rows("diagonal.finetune", "flow", method=1, **given)
    assert b.status == ("ok",) * 3
    agree(a, b, *ENDS)


def raw_flow(X: np.ndarray, y: np.ndarray, weights: list[np.ndarray]) -> np.ndarray:
    """The end of the flow of four arbitrary weight vectors, by LSODA until nothing is left."""
    z, d = np.concatenate(weights), X.shape[1]

    def slope(_: float, z: np.ndarray) -> np.ndarray:
        wp, vp, wm, vm = z.reshape(4, d)
        g = X.T @ (y - X @ (wp * vp - wm * vm))
        return np.concatenate([g * vp, g * wp, -g * vm, -g * wm])

    for _ in range(80):
        wp, vp, wm, vm = z.reshape(4, d)
        if np.linalg.norm(y - X @ (wp * vp - wm * vm)) < 1e-11:
            break
        D = wp**2 + vp**2 + wm**2 + vm**2
        rate = np.linalg.eigvalsh((X * D) @ X.T)[0]
        z = solve_ivp(slope, (0, 3 / rate), z, method="LSODA", rtol=1e-12, atol=1e-14).y[:, -1]
    wp, vp, wm, vm = z.reshape(4, d)
    return wp * vp - wm * vm


def test_any_start_ends_where_a_general_integrator_says() -> None:
    """Unbalanced random starts (lambda_+ != lambda_-, beta(0) != 0): the Bregman form with c_eff and its phase."""
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((3, 4, 9)) / 2, rng.standard_normal((3, 4))
    start = Weights(*(torch.tensor(rng.uniform(-1, 1, (3, 9))) for _ in range(4)))
    (ended,) = train_flow(Regression.of(torch.tensor(X), torch.tensor(y)), [start], torch.ones(3).double())
    oracle = dual.solve(torch.tensor(X), torch.tensor(y), start.scale, start.phase)
    wrong = dual.solve(torch.tensor(X), torch.tensor(y), start.invariants[:, 2].abs())
    for i in range(3):
        reference = raw_flow(X[i], y[i], [z[i].numpy() for z in start.tensors()])
        assert np.linalg.norm(ended.beta[i].numpy() - reference) < 1e-8
        assert np.linalg.norm(oracle.beta[i].numpy() - reference) < 1e-8
        assert np.linalg.norm(wrong.beta[i].numpy() - reference) > 0.05
    assert float(ended.radius.max()) < 1e-8


@pytest.mark.parametrize("engine", ["flow", "reduced"])
def test_bounds_are_never_violated_wherever_training_stops(engine: str) -> None:
    """With the Newton step and without, from residuals of order one down; stopped at random."""
    rng = np.random.default_rng(7)
    seen, violations, early, tightness = 0, 0, 0, []
    for trial in range(16):
        d = int(rng.integers(2, 16))
        n = int(rng.integers(1, max(1, 3 * d // 4) + 1))
        X, y = (torch.tensor(rng.standard_normal(s)) for s in ((6, n, d), (6, n)))
        X = X / n**0.5
        scale = np.exp(rng.uniform(-3, 1, (6, d)))
        w, v = (torch.tensor(np.sqrt(scale) * rng.uniform(0.3, 1, (6, d))) for _ in range(2))
        start, problem = Weights(w, v, w, v), Regression.of(X, y)
        oracle = dual.solve(X, y, start.scale)
        options = {"aim": float(10 ** rng.uniform(-10, 1))}
        if trial % 3 == 0:
            options["max_steps"] = int(10 ** rng.uniform(0.5, 2))
        train = train_flow if engine == "flow" else train_reduced
        (ended,) = train(problem, [start], torch.ones(6).double(), **options)
        error = torch.linalg.vector_norm(ended.beta - oracle.beta, dim=1).numpy()
        bound = (ended.radius + oracle.bound).numpy()
        seen += 6
        violations += int((error > bound).sum())
        early += sum(s != "ok" for s in ended.status)
        large = (error > 1e-9) & np.isfinite(bound)
        tightness += list(error[large] / bound[large])
    assert seen == 96
    assert violations == 0
    assert early > 10
    assert max(tightness) > 0.02


def test_a_limit_that_is_a_little_off_is_excluded() -> None:
    rng = np.random.default_rng(2)
    X, y = torch.tensor(rng.standard_normal((8, 6, 15))), torch.tensor(rng.standard_normal((8, 6)))
    w = torch.full((8, 15), 0.5, dtype=torch.float64)
    start, unit = Weights(w, w, w, w), torch.ones(8).double()
    (ended,) = train_flow(Regression.of(X, y), [start], unit)
    for c, y_other in ((0.5 * (1 + 1e-6), y), (0.5, y * (1 + 1e-7))):
        other = dual.solve(X, y_other, torch.full((8, 15), c, dtype=torch.float64))
        gap = torch.linalg.vector_norm(ended.beta - other.beta, dim=1)
        assert (gap > ended.radius + other.bound).all()


def test_what_is_not_trained_does_not_converge() -> None:
    rng = np.random.default_rng(3)
    X, y = torch.tensor(rng.standard_normal((3, 4, 9))), torch.tensor(rng.standard_normal((3, 4)))
    w = torch.full((3, 9), 0.5, dtype=torch.float64)
    problem, start, unit = Regression.of(X, y), Weights(w, w, w, w), torch.ones(3).double()
    (still,) = train_flow(problem, [start], unit, rate=0.0, max_steps=50)
    (short,) = train_flow(problem, [start], unit, max_steps=5)
    assert still.status == short.status == ("not-converged",) * 3
    assert torch.equal(still.beta, torch.zeros_like(still.beta))


def test_bits_do_not_depend_on_neighbours() -> None:
    given = {"n": 5, "d": 13, "sigma": 0.1, "gamma_s": 0.5}
    c, r = [0.4, 0.1, 2.0, 0.7], [0.3, -0.9, 0.0, 0.9]
    for engine in ("flow", "reduced", "solver"):
        together = rows("diagonal.finetune", engine, 4, c=c, r=r, **given)
        again = rows("diagonal.finetune", engine, 4, c=c, r=r, **given)
        alone = rows("diagonal.finetune", engine, 1, c=c[0], r=r[0], **given)
        for name, values in together.values.items():
            assert values.tobytes() == again.values[name].tobytes(), (engine, name)
            assert values[:1].tobytes() == alone.values[name].tobytes(), (engine, name)


def test_the_reduction_has_order_five() -> None:
    torch.manual_seed(0)
    X, y = torch.randn(2, 3, 6).double(), torch.randn(2, 3).double()
    w = torch.full((2, 6), 0.5).double()
    system = Reduced(Regression.of(X, y), Weights(w, w, w, w))

    def run(count: int) -> torch.Tensor:
        mu, energy, h = torch.zeros_like(y), torch.zeros(2).double(), torch.full((2,), 0.5 / count).double()
        for _ in range(count):
            _, D, rho = system.look(mu)
            change, gain, _, _ = system.step(mu, h, D, rho)
            mu, energy = mu + change, energy + gain
        return torch.cat([mu, energy[:, None]], dim=1)

    reference = run(256)
    coarse, fine = ((run(k) - reference).abs().max() for k in (16, 32))
    assert 4.5 < math.log2(float(coarse / fine)) < 5.6


def test_replica_draws_and_a_network_without_scale() -> None:
    draws = rows("replica.finetune", "solver", 64, n=20, d=50, c=0.05, r=-0.8, reinit=0.05, sigma=0.1)
    trained = rows("replica.finetune", "reduced", 64, n=20, d=50, c=0.05, r=-0.8, reinit=0.05, sigma=0.1)
    assert draws.status == trained.status == ("ok",) * 64
    agree(draws, trained)
    assert draws.values["share_pt"][0] == 15 / 50
    assert draws.values["share_shared"][0] == 3 / 15
    with pytest.raises(UsageError, match="FT305"):
        rows("diagonal.finetune", "flow", **BASE, r=-1.0, reinit=0.0)


def test_pretraining_on_few_noisy_samples() -> None:
    """Both stages trained agree with both stages solved; what is carried over is the fit, not the teacher."""
    given = {"n": 12, "d": 32, "c": 0.125, "r": -0.5, "sigma": 0.3, "rho_pt": 0.3, "rho_shared": 0.4, "sigma_s": 1.0}
    trained, draws, again = (
        rows("replica.finetune", engine, 3, **given, gamma_s=0.75, method=method)
        for engine, method in (("flow", 0), ("solver", 0), ("solver", 1))
    )
    assert trained.status == draws.status == ("ok",) * 3
    for other in (draws, again):
        agree(trained, other)
        for name in ("mse", "pretrain_mse"):
            assert (trained.bounds[name] + other.bounds[name] < 1e-6).all()
    assert (draws.values["pretrain_mse"] > 0.2).all()
    population = rows("replica.finetune", "solver", 3, **given)
    assert (population.values["pretrain_mse"] < 1e-12).all()
    assert (abs(population.values["mse"] - draws.values["mse"]) > 1e-3).all()


def test_two_relative_scales_on_the_same_data() -> None:
    """One scale twice gains nothing; trained networks and the oracle gain the same; the two differ where r acts."""
    given = {"n": 10, "d": 32, "c": 0.05, "reinit": 0.05, "sigma": 0.1, "rho_pt": 0.25, "rho_shared": 0.125}
    same = rows("replica.compare", "flow", 2, **given, r=-0.9, r_other=-0.9)
    assert (abs(same.values["layer_gain"]) <= same.bounds["layer_gain"]).all()
    assert (same.bounds["layer_gain"] < 1e-6).all()
    trained, draws = (rows("replica.compare", engine, 4, **given, r=-0.9, r_other=0.9) for engine in ("flow", "solver"))
    gap = abs(trained.values["layer_gain"] - draws.values["layer_gain"])
    assert (gap <= trained.bounds["layer_gain"] + draws.bounds["layer_gain"]).all()
    gain = trained.values["other_mse"] - trained.values["mse"]
    assert gain == pytest.approx(trained.values["layer_gain"], abs=1e-12)
    assert (abs(gain) > 1e-3).all()


@pytest.mark.parametrize("method", [0, 1])
def test_the_mean_rate_of_decay_ends_where_the_loss_has_fallen_far(method: int) -> None:
    # Steps that go far beyond that place had left the rate there, and its bound, to chance.
    found = rows("diagonal.scratch", "flow", method=method, count=12, n=4, d=9, c=2.0, r=-0.6498)
    rates, bounds = found.values["loss_decay"], found.bounds["loss_decay"]
    assert (bounds < 0.01 * rates).all()
    assert (rates >= 4 - bounds).all()


@pytest.mark.parametrize(("engine", "method", "most"), [("flow", 0, 1e-4), ("flow", 1, 1e-4), ("reduced", 0, 0.02)])
def test_the_mean_rate_of_decay_is_over_the_same_fall_however_small_the_loss(
    engine: str, method: int, most: float
) -> None:
    # A training had ended as soon as it was near its limit, which a small loss is before it has fallen far.
    given = {
        "n": 2,
        "d": 8,
        "c": 2.0,
        "r": -0.65,
        "amplitude": "gauss",
        "rho_pt": 0.3,
        "rho_shared": 0.5,
        "rho_new": 0.2,
    }
    found = rows("diagonal.scratch", engine, method=method, count=48, **given)
    small = found.values["initial_loss"] < 0.1
    assert small.any()
    assert not small.all()
    assert (found.bounds["loss_decay"] < most * found.values["loss_decay"]).all()  # 0.12 before
    assert set(found.status) == {"ok"}


@pytest.mark.parametrize("method", [0, 1])
def test_a_loss_that_is_rounding_from_the_beginning_need_not_fall(method: int) -> None:
    w = torch.ones(2, 4, dtype=torch.float64)
    y = torch.tensor([[0.0, 1e-15]] * 2, dtype=torch.float64)
    problem = Regression.of(torch.eye(2, 4, dtype=torch.float64).repeat(2, 1, 1), y)
    weights = Weights(w, w, w, w)
    (trained,) = train_flow(problem, [weights], torch.ones(2).double(), method=method)
    assert trained.status == ("ok", "ok")
