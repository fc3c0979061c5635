"""One coordinate, two tasks at once, and the tasks themselves."""

import math

import numpy as np
import pytest
import torch
from diagonals import agree, rows
from problems import fixed_draws  # noqa: F401

from ftproofs.errors import UsageError
from ftproofs.names import INFINITE, complete
from ftproofs.numeric.diagonal import tasks
from ftproofs.numeric.diagonal.readings import bregman, penalty
from ftproofs.settings import Setting

POINT = {"c": 0.3, "r": 0.2, "reinit": 0.2, "beta_aux": -1.1, "beta_main": 0.7, "curvature": 1.7, "time": 0.4}


@pytest.mark.parametrize("engine", ["flow", "reduced"])
def test_orders_scale_and_trajectory(engine: str) -> None:
    found = rows("diagonal.scalar", engine, 1, **POINT)
    c, r, g, b, x = 0.3, 0.2, 0.2, 1.1, 0.7
    H = math.hypot(c, b)
    C = (1 + r) * (c + H) + g * g
    t = math.asinh(x / C)
    L, E = t / (t - math.tanh(t / 2)), (1 + r) * b * b / (H * C)
    h = 1.7
    omega = math.hypot(h * x, h * C)
    up, down = (h * x + omega) / (h * C), (h * x - omega) / (h * C)
    k = (1 - up) / (1 - down) * math.exp(-2 * omega * 0.4)
    grown = (up - down * k) / (1 - k)
    expected = {
        "c_ft": C,
        "beta_pt": -1.1,
        "beta_end": 0.7,
        "beta_time": C / 2 * (grown - 1 / grown),
        "phase": t / 2,
        "penalty": x / 2 * (t - math.tanh(t / 2)),
        "loss_integral": x / 2 * (t - math.tanh(t / 2)),
        "order": L,
        "dependence": (1 - L) * E,
    }
    for name, value in expected.items():
        error, bound = abs(found.values[name][0] - value), found.bounds[name][0]
        assert error <= bound + 1e-14, name
        assert bound < (1e-6 if engine == "flow" else 1e-4), name
    # Euler's law, all four trained; the law without its last two terms fails.
    orders = [found.values[name][0] for name in ("order", "dependence", "scale_order", "reinit_order")]
    assert abs(sum(orders) - 1) < (1e-7 if engine == "flow" else 1e-5)
    assert abs(orders[0] + orders[1] - 1) > 0.1


def test_protocols_and_edges_of_one_coordinate() -> None:
    c, r, g, b = 0.3, 0.2, 0.2, 1.1
    H = math.hypot(c, b)
    scales = {
        "M": (1 + r) * (H + c) / 4 + g * g,
        "R": (H + r * c) / 2 + g * g,
        "N": math.sqrt(((c + r * H) / 2 + g * g) ** 2 + (1 - r * r) * b * b / 4),
    }
    for protocol, scale in scales.items():
        found = rows("diagonal.scalar", "flow", 1, **POINT, protocol=protocol)
        assert abs(found.values["c_ft"][0] - scale) <= found.bounds["c_ft"][0] < 1e-10
        gap = abs(found.values["loss_integral"][0] - found.values["bregman"][0])
        assert gap <= found.bounds["loss_integral"][0] + found.bounds["bregman"][0] < 1e-10
    start = -g * math.sqrt((1 - r) * (H - c))
    assert abs(found.values["beta_start"][0] - start) <= found.bounds["beta_start"][0] < 1e-10
    rescaled = rows("diagonal.scalar", "flow", 1, **POINT, rescale=0.5)
    assert abs(rescaled.values["c_ft"][0] - ((1 + r) * (c + H) / 4 + g * g)) < 1e-12
    edge = rows("diagonal.scalar", "flow", 1, **{**POINT, "beta_aux": 0.0, "reinit": 0.0})
    assert abs(edge.values["c_ft"][0] - 2 * c * (1 + r)) < 1e-12
    assert abs(edge.values["dependence"][0]) < 1e-8


def test_two_tasks_share_a_group_norm() -> None:
    for extra in ({}, {"gamma_s": 0.6}):
        given = {"n": 5, "d": 12, "sigma": 0.1, "c": 0.2, **extra}
        found, other = (
            rows("diagonal.multitask", "flow", **given),
            rows("diagonal.multitask", "flow", method=1, **given),
        )
        assert found.status == ("ok",) * 3
        agree(found, other)
        value, bound = found.values, found.bounds
        gap = np.abs(value["least_weight_norm"] - value["group_norm"])
        assert (gap <= bound["least_weight_norm"] + bound["group_norm"]).all()
        assert (bound["least_weight_norm"] + bound["group_norm"] < 1e-4).all()
        assert (value["weight_norm"] > value["group_norm"] + bound["weight_norm"] + bound["group_norm"]).all()
        assert (value["split_norm"] > value["group_norm"] + 1).all()
        assert (value["train_loss"] < 1e-12).all()
        alone = rows("diagonal.multitask", "flow", 1, **given)
        assert alone.values["mse"].tobytes() == value["mse"][:1].tobytes()


def test_the_penalty_by_high_precision() -> None:
    mpmath = pytest.importorskip("mpmath")
    double = {"dtype": torch.float64}
    with mpmath.workdps(60):
        for scale in (1e-200, 1e-8, 0.3, 1e5):
            for z in (1e-12, 1e-3, 0.0199, 0.0201, 0.7, 30.0, 1e9):
                x, c = mpmath.mpf(z * scale), mpmath.mpf(scale)
                exact = (c - mpmath.sqrt(c * c + x * x) + x * mpmath.asinh(x / c)) / 2
                mine = penalty(torch.tensor([z * scale], **double), torch.tensor([scale], **double))
                assert abs(float(mine) / float(exact) - 1) < 1e-13
    zero = torch.zeros(3).double()
    beta = torch.tensor([0.5, -1.0, 2.0]).double()
    assert torch.equal(bregman(beta, torch.ones(3).double(), zero), penalty(beta, torch.ones(3).double()))


def draw(count: int = 2, **given: object) -> tasks.Task:
    values = complete("diagonal.finetune", given)  # type: ignore[arg-type]
    return tasks.draw([Setting.of("diagonal.finetune", values, index=i) for i in range(count)])


def test_groups_have_exact_sizes_and_teachers_unit_second_moment() -> None:
    task = draw(3, n=30, d=100, rho_pt=0.3, rho_shared=0.2, rho_new=1 / 35)
    shared, alone, new, neither = tasks.group_sizes({"rho_pt": 0.3, "rho_shared": 0.2, "rho_new": 1 / 35}, 100)
    assert (shared, alone, new, neither) == (6, 24, 2, 68)
    assert torch.allclose(task.source.square().mean(dim=1), torch.ones(3).double())
    assert torch.allclose(task.target.square().mean(dim=1), torch.ones(3).double())
    assert torch.allclose(task.source[:, :30].abs(), torch.full((3, 30), math.sqrt(1 / 0.3)).double())
    assert (task.source[:, 30:] == 0).all()
    on = torch.zeros(100, dtype=torch.bool)
    on[:6], on[30:32] = True, True
    assert torch.equal(task.target != 0, on.expand(3, 100))
    assert np.allclose(task.shares.numpy(), [0.3, 0.2, 2 / 70])
    assert not torch.equal(task.X[0], task.X[1])
    noise = task.y - torch.einsum("cnd,cd->cn", task.X, task.target)
    assert float(noise.abs().max()) < 1e-12


def test_designs_noise_and_amplitudes_follow_their_laws() -> None:
    task = draw(200, n=20, d=40, sigma=0.5, amplitude="gauss", rho_shared=1.0, gamma_s=2.0, sigma_s=0.3)
    assert abs(float(task.X.square().mean()) * 20 - 1) < 0.02
    noise = task.y - torch.einsum("cnd,cd->cn", task.X, task.target)
    assert abs(float(noise.square().mean()) - 0.25) < 0.02
    assert task.source_X is not None
    assert task.source_y is not None
    assert task.source_X.shape == (200, 80, 40)
    noise = task.source_y - torch.einsum("cnd,cd->cn", task.source_X, task.source)
    assert abs(float(noise.square().mean()) - 0.09) < 0.005
    assert abs(float(task.target.square().mean()) - 1) < 0.1
    assert len({float(z) for z in task.target[:, 0]}) == 200
    assert len(set(task.picked.tolist())) > 30
    with pytest.raises(UsageError, match="FT304"):
        complete("diagonal.finetune", {"n": 5, "d": 10, "r": -1.5})
    with pytest.raises(UsageError, match="FT304"):
        complete("diagonal.finetune", {"n": 5, "d": 10, "sigma": "oo"})
    assert complete("diagonal.finetune", {"n": 5, "d": 10, "gamma_s": math.inf})["gamma_s"] == INFINITE


def test_contrast_is_the_ratio_of_two_trainings_pulls() -> None:
    """Without a feature the same target takes ``asinh(x/C_off)/2``, with one ``asinh(x/C_on)/2``."""
    given = {"c": 0.3, "r": -0.5, "reinit": 0.2, "beta_aux": -1.5, "beta_main": 2.0}
    found = rows("diagonal.scalar", "flow", 1, **given)
    on, off = 0.5 * (0.3 + math.hypot(0.3, 1.5)) + 0.04, 0.3 + 0.04
    expected = math.asinh(2 / off) / math.asinh(2 / on)
    assert abs(found.values["contrast"][0] - expected) <= found.bounds["contrast"][0] < 1e-6
