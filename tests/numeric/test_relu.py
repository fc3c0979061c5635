"""ReLU networks: what their training reaches, what its certificate says, and that no case depends on others."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from ftproofs.errors import UsageError
from ftproofs.names import complete
from ftproofs.numeric.experiments import run
from ftproofs.numeric.relu import kernel, leaky, network, train
from ftproofs.numeric.relu.tasks import draw, labels, unit
from ftproofs.numeric.training.bounds import norm
from ftproofs.settings import Block, Setting

WIDE = complete("relu.finetune", {"n": 3, "d": 6, "m": 256, "theta": 1.5})
CASES = {
    "relu.tangent": [{"n": 4, "d": 5, "m": 32, "theta": x} for x in (0.0, 0.3, 1.0, 2.0, math.pi)],
    "relu.finetune": [{"n": 3, "d": 6, "m": 64, "theta": x, "gamma_s": 1.0} for x in (0.3, 0.9, 1.5, 2.5, 3.0)],
    "relu.widths": [{"n": 2, "d": 6, "m": 16, "theta": x, "gamma_s": 0.5} for x in (0.3, 0.9, 1.5, 2.5, 3.0)],
    "relu.infinite": [{"n": 9, "d": 4, "theta": x} for x in (0.3, 0.9, 1.5, 2.5, 3.0)],
    "leaky-relu.train": [
        {"n": 9, "d": 4, "m": 5, "slope": x, "spread": 0.1, "steps": 20} for x in (0.1, 0.3, 0.5, 0.7, 0.9)
    ],
}


def block(name: str, values: list[dict], **more) -> Block:
    settings = tuple(Setting.of(name, complete(name, p), index=i) for i, p in enumerate(values))
    return Block(settings, more.pop("engine", "gradient" if name == "relu.tangent" else "descent"), **more)


@pytest.mark.parametrize("method", [0, 1])
@pytest.mark.parametrize("name", CASES)
def test_a_case_has_the_same_bits_whatever_its_neighbours(name, method):
    together = block(name, CASES[name], method=method)
    rows = run(together)
    for chosen in ([2], [3, 2], [2, 2, 2], [0, 1, 2]):
        part = replace(together, settings=tuple(together.settings[i] for i in chosen))
        found = run(part)
        for measurement, values in found.values.items():
            for place, i in enumerate(chosen):
                assert values[place].tobytes() == rows.values[measurement][i].tobytes(), (measurement, chosen)


def test_the_kernel_is_that_of_random_neurons_by_quadrature():
    """Independent of the formula: the share of directions on at both inputs is integrated."""
    for angle in (0.0, 0.4, math.pi / 2, 2.7, math.pi):
        x, z = np.array([[1.0, 0.0]]), np.array([[math.cos(angle), math.sin(angle)]])
        kinks = [k for c in (math.pi / 2, -math.pi / 2) for k in (c, c + angle, c + 2 * math.pi) if abs(k) < math.pi]
        share = quad(
            lambda t, a=angle: float(math.cos(t) > 0 and math.cos(t - a) > 0) / (2 * math.pi),
            -math.pi,
            math.pi,
            points=sorted(set(kinks)),
        )[0]
        assert kernel.first_layer(x, z)[0, 0] == pytest.approx(math.cos(angle) * share, abs=1e-8)


def test_a_pretrained_start_without_source_data_is_exactly_the_source():
    settings = [Setting.of("relu.finetune", WIDE, index=i) for i in range(3)]
    task = draw(settings)
    (w,) = network.normals(settings, [256], 6)
    start = network.linear(w, task.source)
    f = network.forward(start, torch.from_numpy(task.test), network.signs(256)).numpy()
    assert np.abs(f - labels(task.test, task.source)).max() < 1e-12


def test_training_ends_where_its_certificate_says():
    """Trained on from where it stopped, a network moves by less than the bound, but for rounding."""
    rng = np.random.default_rng(0)
    X = torch.from_numpy(unit(rng.standard_normal((24, 3, 6))))
    y = torch.from_numpy(rng.standard_normal((24, 3)))
    start = network.linear(rng.standard_normal((24, 32, 6)), np.zeros((24, 6)))
    a = network.signs(64)
    loose = train.AIM
    try:
        train.AIM = 1e-3
        train.LOOK, look = 1e-1, train.LOOK
        early = train.descend(start, X, y, a)
    finally:
        train.AIM, train.LOOK = loose, look
    late = train.descend(start, X, y, a)
    certified = torch.isfinite(early.bound) & torch.isfinite(late.bound)
    assert int(certified.sum()) >= 16
    moved = norm(late.W - early.W)
    assert bool((moved[certified] <= early.bound[certified] + late.bound[certified]).all())
    assert float((moved / early.bound)[certified].max()) > 0.02  # not a bound of another size
    assert float(early.steps.mean()) < float(late.steps.mean())


def test_no_certificate_where_a_kink_is_within_reach():
    """A neuron on its kink is not sure; with more of them than the others can outweigh there is no bound."""
    X = torch.eye(3, dtype=torch.float64)
    W = torch.ones(8, 3, dtype=torch.float64)
    rho = torch.full((3,), 1e-9, dtype=torch.float64)
    bound, unsure = train.certificate(W, X, rho, 1.0)
    assert unsure == 0
    assert bound < 1e-7
    W[:5, 0] = 0.0
    bound, unsure = train.certificate(W, X, rho, 1.0)
    assert unsure == 5
    assert math.isinf(bound)


def test_uncertified_networks_are_flagged_and_have_no_bound():
    rows = run(block("relu.finetune", [{"n": 6, "d": 6, "m": 10, "theta": 1.0}] * 48))
    loose = np.isinf(rows.bounds["kernel_gap"])
    assert 0 < loose.sum() < 48
    assert "uncertified-kinks" in rows.flags
    assert np.isfinite(rows.values["kernel_gap"]).all()


def test_wide_networks_end_near_the_kernel_prediction_and_the_movement_near_the_energy():
    rows = run(block("relu.finetune", [{"n": 3, "d": 6, "m": 1024, "theta": 1.5, "gamma_s": 1.0}] * 6))
    assert rows.status == ("ok",) * 6
    assert rows.values["kernel_gap"].mean() < 0.5 / math.sqrt(1024)
    assert rows.values["both_layers_gap"].mean() > 3 * rows.values["kernel_gap"].mean()
    assert np.abs(rows.values["movement"] / rows.values["label_energy"] - 1).mean() < 0.15


def test_infinite_width_training_ends_at_the_oracle():
    values = [{"d": 4, "theta": 1.0, "sigma": 0.1}, {"d": 4, "theta": 2.0}]
    for method in (0, 1):
        for count in (1, 6, 14):
            trained = run(block("relu.infinite", [p | {"n": count} for p in values], method=method))
            solved = run(block("relu.infinite", [p | {"n": count} for p in values], engine="solver", method=method))
            assert trained.status == ("ok",) * 2
            for name in trained.values:
                gap = np.abs(trained.values[name] - solved.values[name])
                assert (gap <= trained.bounds[name] + solved.bounds[name]).all(), name
                assert (trained.bounds[name] < 1e-6).all()


def test_clusters_stay_perfect_in_training_and_mixed_ones_do_not_agree():
    perfect = run(block("leaky-relu.train", [{"n": 12, "d": 4, "m": 6, "readout": "unequal", "steps": 200}] * 4))
    assert (perfect.values["linear_agreement"] == 1).all()
    assert (perfect.values["least_slope"] >= 0.3 - 1e-9).all()
    assert perfect.values["linear_misfit"].mean() > 0.05
    mixed = run(block("leaky-relu.train", [{"n": 12, "d": 4, "m": 6, "readout": "unequal", "scales": "mixed"}] * 4))
    assert (mixed.values["linear_agreement"] < 1).any()


def test_training_a_classifier_lowers_its_loss():
    rng = np.random.default_rng(1)
    X = torch.from_numpy(rng.standard_normal((20, 3)))
    y = torch.sign(X @ torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64))
    one = torch.ones(4, dtype=torch.float64)
    start = leaky.Network(*torch.from_numpy(rng.standard_normal((2, 4, 3))), one, one, 0.3)
    losses = [
        float(torch.nn.functional.softplus(-y * leaky.train(start, X, y, steps, 0)(X)).mean()) for steps in (0, 20, 200)
    ]
    assert losses[0] > losses[1] > losses[2]
    assert losses[2] < 0.3


def test_odd_widths_are_refused():
    with pytest.raises(UsageError, match="FT305"):
        run(block("relu.finetune", [{"n": 2, "d": 4, "m": 7, "theta": 1.0}]))
