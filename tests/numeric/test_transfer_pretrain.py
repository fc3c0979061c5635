"""Pretraining from small starts: what gradient flow conserves decides the features (handbook B2)."""

import numpy as np
import pytest
import torch
from problems import fixed_draws  # noqa: F401
from transfers import rows, same_rows, settings

from ftproofs.errors import UsageError
from ftproofs.numeric import experiments
from ftproofs.numeric.training.pretrain import pretrain
from ftproofs.settings import Block

NAME = "deep-linear.pretrain"
BASE = {"d": 16, "width": 5, "init_scale": 0.03, "source_norm": 1.4}


def measured(*changes, method=0):
    found = rows(NAME, "flow", *changes, base=BASE, method=method)
    assert set(found.status) == {"ok"}
    return found


@pytest.mark.parametrize("method", [0, 1])
@pytest.mark.parametrize("scale", [1e-3, 0.1, 1.0])
def test_the_start_decides_all_singular_values(scale, method):
    found = measured(*[{"init_scale": scale}] * 3, method=method)
    v, bounds = found.values, found.bounds
    pairs = [(f"singular_value_{k}", f"conserved_value_{k}") for k in (1, 2, 3)]
    for a, b in [*pairs, ("spurious_value", "conserved_spurious_value")]:
        assert (np.abs(v[a] - v[b]) <= bounds[a] + bounds[b]).all(), (a, v[a], v[b])
        assert (bounds[a] + bounds[b] < 1e-6 * scale).all()
    gap = np.abs(v["readout_norm"] ** 4 + v["readout_form"] - 1.4**2)
    assert (gap <= 4 * v["readout_norm"] ** 3 * bounds["readout_norm"] + bounds["readout_form"]).all()
    assert (v["feature_gap"] <= bounds["feature_gap"]).all()
    assert (v["pretrain_gap"] <= bounds["pretrain_gap"]).all()
    assert (v["conservation_gap"] <= bounds["conservation_gap"]).all()
    assert (np.abs(v["readout_norm"] ** 4 - 1.4**2) > 1e-7).all()


def test_the_orthonormal_starts_second_singular_value_is_its_scale():
    v = measured(*({"init_scale": a, "start": "orthonormal"} for a in (1e-3, 1e-2, 0.3))).values
    for k in (2, 3):
        np.testing.assert_allclose(v[f"singular_value_{k}"], [1e-3, 1e-2, 0.3], rtol=1e-9)
    random = measured(*({"init_scale": a} for a in (1e-3, 1e-2))).values["singular_value_2"]
    assert 5 < random[1] / random[0] < 20
    assert (random > 1.05 * np.array([1e-3, 1e-2])).all()


def test_the_chains_readout_solves_its_quadratic():
    found = measured(*({"width": 1, "init_scale": a} for a in (0.05, 0.3, 1.0)))
    v = found.values
    D, s = v["imbalance_trace"], 1.4
    np.testing.assert_allclose(v["readout_norm"] ** 2, (-D + np.sqrt(D**2 + 4 * s**2)) / 2, rtol=1e-9)
    assert (v["singular_value_2"] == 0).all()


def test_three_layers_become_rank_one_along_the_source():
    v = measured(*({"L": 3, "init_scale": a} for a in (0.1, 0.03))).values
    assert v["feature_ratio"][1] < v["feature_ratio"][0] < 0.5
    assert 1 - v["feature_alignment"][1] < 1e-3
    np.testing.assert_allclose(v["feature_norm"][1], 1.4 ** (2 / 3), rtol=0.05)
    assert np.isnan(v["readout_form"]).all()


def test_rows_replay_alone_bit_for_bit():
    chosen = settings(NAME, {}, {"init_scale": 0.3}, {"start": "orthonormal"}, base=BASE)
    together = experiments.run(Block(chosen, "flow"))
    for i, setting in enumerate(chosen):
        assert same_rows(together, i, experiments.run(Block((setting,), "flow")), 0)


def test_nothing_converges_without_training():
    rng = np.random.default_rng(0)
    weights = [torch.from_numpy(0.1 * rng.standard_normal(shape)) for shape in ((2, 6, 3), (2, 3, 1))]
    teacher = torch.from_numpy(rng.standard_normal((2, 6)))
    unit = torch.linalg.vector_norm(teacher, dim=1)
    assert pretrain(teacher, weights, unit, rate=0.0, max_steps=40).status == ("not-converged",) * 2
    assert pretrain(teacher, weights, unit, max_steps=10).status == ("not-converged",) * 2
    law = pretrain(teacher, weights, unit)
    assert law.status == ("ok",) * 2
    for steps in (20, 40, 60):
        early = pretrain(teacher, weights, unit, max_steps=steps)
        moved = torch.linalg.vector_norm(early.beta - law.beta, dim=1)
        assert (moved <= early.bound + early.spread + law.bound).all()


@pytest.mark.parametrize(
    "change", [{"init_scale": 0.0}, {"start": "orthonormal", "L": 3}, {"start": "orthonormal", "width": 17}]
)
def test_bad_starts_are_told(change):
    with pytest.raises(UsageError) as caught:
        measured(change)
    assert caught.value.code == "FT305"
