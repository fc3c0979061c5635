import math

import numpy as np
import pytest
import torch
from problems import batch, fixed_draws, same_bits  # noqa: F401

from ftproofs.errors import UsageError
from ftproofs.names import complete
from ftproofs.numeric import networks, tasks
from ftproofs.settings import Setting


def norms(z: torch.Tensor) -> np.ndarray:
    return np.linalg.norm(z.numpy(), axis=1)


@pytest.mark.parametrize("theta", [0.0, 1e-3, 1.0, math.pi / 2, 3.0, math.pi])
def test_teachers_have_the_given_angle_and_norms(theta):
    task, _ = batch("linear.finetune", 8, n=4, d=9, theta=theta, source_norm=1.7, target_norm=0.6)
    s, t = task.source.numpy(), task.target.numpy()
    assert np.allclose(norms(task.source), 1.7, rtol=1e-14)
    assert np.allclose(norms(task.target), 0.6, rtol=1e-14)
    # Half-angle formula: accurate at both ends, where the cosine is not.
    a, b = s / 1.7, t / 0.6
    angle = 2 * np.arctan2(np.linalg.norm(a - b, axis=1), np.linalg.norm(a + b, axis=1))
    assert np.allclose(angle, theta, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("theta", "sign"), [(0.0, 1), (math.pi, -1)])
def test_parallel_teachers_are_exactly_parallel(theta, sign):
    task, _ = batch("linear.finetune", 4, n=4, d=9, theta=theta, source_norm=2.0, target_norm=0.5)
    assert torch.equal(task.target, sign * task.source / 4)


def test_directions_are_uniform():
    task, _ = batch("linear.finetune", 4000, n=1, d=3, source_norm=1.0, target_norm=1.0, theta=1.0)
    for z in (task.source.numpy(), task.target.numpy()):
        assert np.allclose(z.mean(axis=0), 0, atol=4.5 / math.sqrt(3 * 4000))
        assert np.allclose(z.T @ z / 4000, np.eye(3) / 3, atol=0.03)


def test_labels_and_noise():
    task, _ = batch("linear.finetune", 6, n=5, d=7, sigma=0.4)
    assert torch.allclose(task.y, torch.einsum("cnd,cd->cn", task.X, task.target) + task.noise, atol=1e-14)
    task, _ = batch("linear.finetune", 600, n=50, d=2, sigma=0.4)
    assert float(task.noise.std()) == pytest.approx(0.4, rel=0.02)
    assert float(batch("linear.finetune", 2, n=5, d=7, sigma=0.0)[0].noise.abs().max()) == 0


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [1, 1, 1, 1, 1]),
        ({"spectrum": "power-law", "alpha": 2.0}, [1, 1 / 4, 1 / 9, 1 / 16, 1 / 25]),
        ({"spectrum": "spiked", "spikes": 2, "spike_ratio": 7.0}, [7, 7, 1, 1, 1]),
    ],
)
def test_covariances(given, expected):
    task, _ = batch("linear.finetune", 3, n=4000, d=5, **given)
    assert np.allclose(task.spectrum.numpy(), expected)
    X = task.X.numpy()
    for x in X:
        scaled = (x.T @ x / 4000) / np.sqrt(np.outer(expected, expected))
        assert np.allclose(scaled, np.eye(5), atol=0.09)


def test_inputs_on_the_sphere():
    task, _ = batch("linear.finetune", 3, n=6, d=5, inputs="sphere", spectrum="power-law")
    whitened = task.X / task.spectrum.sqrt()[:, None, :]
    assert torch.allclose(whitened.square().sum(dim=2), torch.full((3, 6), 5.0, dtype=torch.float64))


def test_population_inputs():
    task, _ = batch("linear.finetune", 3, n=5, d=5, inputs="population", spectrum="power-law")
    gram = torch.bmm(task.X.mT, task.X) / 5
    assert torch.allclose(gram, torch.diag_embed(task.spectrum), atol=1e-15)
    with pytest.raises(UsageError, match="FT305"):
        batch("linear.finetune", 2, n=4, d=5, inputs="population")


def test_from_scratch_starts_at_zero():
    task, _ = batch("linear.scratch", 3, n=4, d=5, target_norm=1.5)
    assert float(task.source.abs().max()) == 0
    assert np.allclose(norms(task.target), 1.5)


def test_a_case_has_the_same_bits_alone():
    task, _ = batch("linear.finetune", 5, n=4, d=7, theta=np.linspace(0, 3, 5))
    for i, setting in enumerate(task.settings):
        alone = tasks.draw([setting])
        for name in ("X", "y", "noise", "source", "target", "spectrum"):
            assert same_bits(getattr(alone, name)[0], getattr(task, name)[i])


def test_settings_of_different_shape_do_not_train_together():
    values = [complete("linear.finetune", {"n": n, "d": 5, "theta": 1.0}) for n in (3, 4)]
    with pytest.raises(UsageError, match=r"FT305.* n$"):
        tasks.draw([Setting.of("linear.finetune", v) for v in values])


def test_one_dimension_has_two_angles():
    task, _ = batch("linear.finetune", 2, n=1, d=1, theta=[0.0, math.pi])
    assert np.allclose((task.source * task.target).numpy()[:, 0], [1.4, -1.4])
    with pytest.raises(UsageError, match="FT305"):
        batch("linear.finetune", 2, n=1, d=1, theta=1.0)


@pytest.mark.parametrize(("depth", "width"), [(1, 1), (2, 1), (2, 6), (3, 6), (5, 3)])
def test_networks_start_balanced_at_the_source(depth, width):
    task, parameters = batch("deep-linear.finetune", 4, n=4, d=9, L=depth, width=width)
    weights = networks.finetuning_start(task, parameters)
    assert [tuple(W.shape) for W in weights][-1] == (4, width if depth > 1 else 9, 1)
    assert len(weights) == depth
    assert torch.allclose(networks.predictor(weights), task.source, atol=1e-14)
    for gap in networks.imbalances(weights):
        assert float(gap.abs().max()) < 1e-14
    if width > 1:
        hidden = weights[-1][:, :, 0]
        assert not torch.allclose(hidden[0], hidden[1], atol=1e-3)


def test_imbalance_moves_norm_between_two_layers():
    task, parameters = batch("deep-linear.finetune", 4, n=4, d=9, L=2, width=3, imbalance=0.5, source_norm=2.0)
    weights = networks.finetuning_start(task, parameters)
    assert torch.allclose(networks.predictor(weights), task.source, atol=1e-14)
    assert np.allclose(norms(weights[1][:, :, 0]), 0.5 * math.sqrt(2))
    task, parameters = batch("deep-linear.finetune", 4, n=4, d=9, L=3, imbalance=0.5)
    with pytest.raises(UsageError, match="FT305"):
        networks.finetuning_start(task, parameters)
