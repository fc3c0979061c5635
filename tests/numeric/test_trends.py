"""Networks of the trend claims: gradients, pairs, and rows that replay bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from problems import fixed_draws  # noqa: F401
from transfers import rows, same_rows, settings

from ftproofs.numeric import experiments
from ftproofs.numeric.trends import clusters, descent, digits, images, layers, modular, teachers
from ftproofs.settings import Block

BASE = {"samples": 16, "pretrained": "no"}


def problem(count: int = 3) -> tuple[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]]:
    rng = np.random.default_rng(0)
    shapes = ((count, 5, 7), (count, 7, 2), (count, 11, 5), (count, 11, 2))
    W1, W2, X, Y = (torch.from_numpy(rng.standard_normal(shape)) for shape in shapes)
    return (W1, W2), (X, Y)


def test_written_gradients_are_those_of_autograd() -> None:
    weights, data = problem()
    written, automatic = layers.mse_loss(weights, data), layers.mse_autograd(weights, data)
    assert torch.allclose(written[0], automatic[0])
    assert all(torch.allclose(a, b) for a, b in zip(written[1], automatic[1], strict=True))
    assert torch.allclose(written[0], ((layers.predict(weights, data[0]) - data[1]) ** 2).mean(dim=(1, 2)))


def test_descent_ends_below_its_goal_or_says_so() -> None:
    weights, data = problem()
    start = layers.mse(weights, *data)
    found = descent.descend(layers.mse_loss, weights, data, 0.3)
    assert found.status == ("ok",) * 3
    assert (found.loss <= 0.3).all()
    assert (start > 0.3).all()
    assert torch.allclose(layers.mse(found.weights, *data), found.loss)
    assert descent.descend(layers.mse_loss, weights, data, 0.3, max_steps=2).status == ("not-converged",) * 3


def test_both_networks_of_a_pair_see_the_same_data_and_numbers() -> None:
    one, other, next_ = settings(
        "trends.digits", {"layer_scale": 1.0}, {"layer_scale": 4.0}, {"layer_scale": 1.0}, base=BASE
    )
    other = type(other)(other.experiment, other.values, other.root, other.stage, one.index)
    (W1, W2), signs, order = digits._starts([one, other, next_], (1797, 64), 10, "cpu")
    assert torch.allclose(4 * W1[0], W1[1])
    assert torch.allclose(W2[0] / 4, W2[1])
    assert (signs[0] == signs[1]).all()
    assert (order[0] == order[1]).all()
    assert not (order[0] == order[2]).all()
    assert (signs.sum(dim=1) == 0).all()
    assert (digits._readouts([one], "cpu") == digits._readouts([other], "cpu")).all()


def test_more_samples_contain_the_fewer_and_none_are_tested() -> None:
    X, classes = images.digits()
    assert X.shape == (1797, 64)
    assert (X**2).sum(axis=1).mean() == pytest.approx(1)
    assert np.abs(X.mean(axis=0)).max() < 1e-12
    assert digits.PRETRAINED + 128 + digits.TESTED <= len(X) == len(classes)


@pytest.mark.parametrize("pretrained", ["yes", "no"])
def test_fine_tuning_fits_its_samples(pretrained: str) -> None:
    found = rows("trends.digits", "descent", *[{"pretrained": pretrained, "samples": 64}] * 4, base=BASE)
    assert found.status == ("ok",) * 4
    assert (found.values["fit_mse"] <= digits.FINETUNE_GOAL).all()
    if pretrained == "yes":
        assert (found.values["source_mse"] <= 0.03).all()
    else:
        assert np.isnan(found.values["source_mse"]).all()
    assert (found.values["test_mse"] > 0.05).all()
    assert (found.values["test_mse"] < 1).all()
    assert (found.values["layer_movement"] > 0).all()


def test_rows_replay_alone_bit_for_bit_and_methods_agree() -> None:
    chosen = settings("trends.digits", {}, {"layer_scale": 4.0}, {"product_scale": 0.5}, base=BASE)
    together = experiments.run(Block(chosen, "descent"))
    for i, setting in enumerate(chosen):
        assert same_rows(together, i, experiments.run(Block((setting,), "descent")), 0)
    again = experiments.run(Block(chosen, "descent", 1))
    assert np.allclose(again.values["test_mse"], together.values["test_mse"], rtol=1e-3)


@pytest.mark.parametrize("name", ["trends.clusters", "trends.teachers"])
def test_other_networks_replay_alone_bit_for_bit(name: str) -> None:
    base = {"samples": 40, "neurons": 12} | ({"d": 2} if name == "trends.teachers" else {})
    change = {"init_scale": 0.001} if name == "trends.clusters" else {"removed": 0.0}
    chosen = settings(name, {}, change, {}, base=base)
    together = experiments.run(Block(chosen, "descent"))
    assert together.status == ("ok",) * 3
    for i, setting in enumerate(chosen):
        assert same_rows(together, i, experiments.run(Block((setting,), "descent")), 0)
    again = experiments.run(Block(chosen, "descent", 1))
    first = next(iter(together.values))
    assert np.allclose(again.values[first], together.values[first], rtol=0.05)


def test_the_logistic_loss_is_stable_and_its_gradient_autograds() -> None:
    rng = np.random.default_rng(1)
    W, X, y = (torch.from_numpy(rng.standard_normal(shape)) for shape in ((2, 3, 4), (2, 9, 3), (2, 9, 1)))
    y, leak = torch.sign(y), torch.full((2, 1, 1), 0.3, dtype=torch.float64)
    for scale in (1.0, 1e3):  # margins of a thousand neither overflow nor lose their slope
        written, automatic = (clusters._loss(method)((scale * W,), (X, y, leak)) for method in (0, 1))
        assert torch.isfinite(written[0]).all()
        assert torch.allclose(written[0], automatic[0])
        assert torch.allclose(written[1][0], automatic[1][0])


def test_training_inputs_keep_their_margin_and_a_source_without_gaps_is_the_target() -> None:
    one, other = settings("trends.clusters", {"init_scale": 1.0}, {"init_scale": 0.001}, base={})
    other = type(other)(other.experiment, other.values, other.root, other.stage, one.index)
    W, X, y, _ = clusters._draw([one, other], "cpu")
    assert torch.allclose(W[0] / 1000, W[1])
    assert (X[0] == X[1]).all()
    assert set(y.flatten().tolist()) == {-1.0, 1.0}
    chosen = settings("trends.teachers", {"removed": 0.0}, {"removed": 1.0}, base={})
    *_, (_, y_s), _, _ = teachers._draw(chosen, "cpu")
    assert (y_s[1] == 0).all()
    assert (y_s[0] != 0).any()


def test_a_readout_alone_is_least_squares() -> None:
    rng = np.random.default_rng(2)
    W, X, y = (torch.from_numpy(rng.standard_normal(shape)) for shape in ((2, 3, 5), (2, 40, 3), (2, 40, 1)))
    features = torch.bmm(X, W).clamp_min(0.0)
    expected = torch.linalg.lstsq(features, y).solution
    assert torch.allclose(teachers._readout(W, X, y), expected, rtol=1e-4)


def test_the_transformer_reads_words_and_both_ways_to_its_gradient_agree() -> None:
    chosen = settings("trends.modular", {}, {"start_scale": 2.0}, base={"modulus": 3})
    start, order = modular._draw(chosen, "cpu")
    assert sorted(order[0].tolist()) == list(range(9))
    words = torch.nn.functional.one_hot(torch.tensor([[[0, 1, 3], [2, 2, 3]]] * 2), 4).double()
    right = torch.nn.functional.one_hot(torch.tensor([[1, 1]] * 2), 3).double()
    one, other = (modular._loss(method)(start, (words, right)) for method in (0, 1))
    assert torch.allclose(one[0], other[0])
    assert all(torch.allclose(a, b) for a, b in zip(one[1], other[1], strict=True))
    # The words' order matters: positions are read.
    swapped = modular.logits(start, words[:, :, [1, 0, 2]])
    assert not torch.allclose(swapped[:, 0], modular.logits(start, words)[:, 0])


def test_the_transformer_replays_alone_bit_for_bit() -> None:
    chosen = settings("trends.modular", {}, {"start_scale": 2.0}, {}, base={"modulus": 2})
    together = experiments.run(Block(chosen, "descent"))
    for i, setting in enumerate(chosen):
        assert same_rows(together, i, experiments.run(Block((setting,), "descent")), 0)
