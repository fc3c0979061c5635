"""Cases that share their design: what is shared and what is not, the same numbers as alone, replay bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ftproofs.errors import UsageError
from ftproofs.ids import encode
from ftproofs.names import complete
from ftproofs.numeric import experiments, tasks
from ftproofs.numeric.seeds import code_hash, of_design, sharing
from ftproofs.run.replay import replay
from ftproofs.settings import Block, Setting

ISOTROPIC = {"n": 9, "d": 20, "theta": 1.1, "sigma": 0.4}
TASK = {"n": 9, "d": 20, "theta": 1.1, "sigma": 0.4, "spectrum": "power-law", "direction": "resolution"}


def settings(
    experiment: str = "linear.finetune", count: int = 12, stage: str = "confirm/4", start: int = 0, **more: object
) -> tuple[Setting, ...]:
    values = complete(experiment, (ISOTROPIC if experiment.startswith("transfer") else TASK) | more)
    return tuple(Setting.of(experiment, values, stage=stage, index=start + i) for i in range(count))


def test_the_stage_says_how_many_share():
    assert sharing("confirm") == 1
    assert sharing("confirm/16") == 16
    assert of_design(settings(start=7)[0]).index == 1


@pytest.mark.parametrize("stage", ["confirm/", "confirm/1", "confirm/65", "confirm/-4", "confirm/4/4", "confirm/²"])
def test_another_number_is_refused(stage: str):
    with pytest.raises(UsageError) as refused:
        experiments.run(Block(settings(stage=stage), "solver"))
    assert refused.value.code == "FT305"


def test_stages_that_share_differently_are_not_solved_together():
    with pytest.raises(UsageError) as refused:
        experiments.run(Block(settings(count=4) + settings(count=2, stage="confirm/2"), "solver"))
    assert refused.value.code == "FT305"


def test_designs_are_shared_and_nothing_else():
    task = tasks.draw(settings())
    for i in range(12):
        for j in range(i):
            assert torch.equal(task.X[i], task.X[j]) == (i // 4 == j // 4)
            for own in (task.noise, task.source, task.target):
                assert not torch.equal(own[i], own[j])
    together = tasks.draw(settings(), shared=4)
    assert together.X.shape == (3, 9, 20)
    assert len(together) == 12
    assert torch.equal(together.X.repeat_interleave(4, dim=0), task.X)
    for name in ("noise", "source", "target", "spectrum"):
        assert torch.equal(getattr(together, name), getattr(task, name))
    assert torch.allclose(together.y, task.y, rtol=0, atol=1e-14)
    assert torch.allclose(together.image(task.source), task.image(task.source), rtol=0, atol=1e-14)
    assert torch.allclose(together.preimage(task.noise), task.preimage(task.noise), rtol=0, atol=1e-14)
    with pytest.raises(ValueError, match="taken apart"):
        together.select([0])


def test_another_stage_has_other_designs():
    assert not torch.equal(tasks.draw(settings()).X, tasks.draw(settings(stage="second/4")).X)
    assert not torch.equal(tasks.draw(settings(count=1)).X, tasks.draw(settings(count=1, stage="confirm")).X)


@pytest.mark.parametrize(
    ("experiment", "engine", "more"),
    [
        ("linear.finetune", "descent", {}),
        ("linear.finetune", "descent", {"n": 24, "d": 10, "direction": "uniform"}),
        ("deep-linear.finetune", "reduced", {"L": 3}),
        ("deep-linear.finetune", "reduced", {"L": 2, "imbalance": 1.5}),
        ("transfer.scratch", "descent", {}),
        ("transfer.linear", "descent", {"n": 24, "d": 10, "ridge": 0.3, "L": 3}),
        ("transfer.linear", "descent", {"gamma_s": 2.0, "sigma_s": 0.3}),
        ("transfer.finetune", "flow", {"gamma_s": 0.5, "L": 3}),
        ("transfer.scratch", "descent", {"n": 16}),
    ],
)
@pytest.mark.parametrize("method", [0, 1])
def test_the_numbers_are_those_of_every_case_alone(experiment: str, engine: str, more: dict, method: int):
    """The trained networks see one case at a time, and every measurement agrees within its bound."""
    block = settings(experiment, **more)
    solved = experiments.run(Block(block, "solver", method))
    trained = experiments.run(Block(block, engine))
    assert trained.status == ("ok",) * 12
    compared = 0
    for name, values in trained.values.items():
        if np.isnan(solved.values[name]).all():
            continue  # along the path, which a solver does not see
        room = trained.bounds[name] + solved.bounds[name] + 1e-13
        if "gamma_s" in more:
            room += 1e-10  # bounds are those of the start that was trained, not of its own limit
        assert (np.abs(values - solved.values[name]) <= room).all(), name
        compared += 1
    assert compared >= (15 if experiment == "transfer.scratch" else 29)


@pytest.mark.parametrize(
    ("experiment", "more"),
    [
        ("linear.finetune", {}),
        ("deep-linear.finetune", {}),
        ("transfer.finetune", {}),
        ("transfer.finetune", {"gamma_s": 2.0, "sigma_s": 0.3}),
        ("transfer.finetune", {"gamma_s": 1.0, "sigma_s": 0.3}),
    ],
)
@pytest.mark.parametrize("start", [0, 8])
def test_a_row_is_replayed_bit_for_bit_from_its_id(experiment: str, more: dict, start: int):
    block = settings(experiment, count=16, start=start, **more)
    rows = experiments.run(Block(block, "solver"))
    for case in (0, 5, 15):
        text = encode(block[case], engine="solver", method=0, batch=16, dtype="float64", code=code_hash())
        again = replay(text)
        for name, values in rows.values.items():
            assert again.values[name][0].tobytes() == values[case].tobytes(), name


def test_any_selection_of_cases_can_be_measured():
    block = settings()
    whole = experiments.run(Block(block, "solver"))
    some = experiments.run(Block((block[10], block[1], block[2], block[1]), "solver"))
    for name, values in whole.values.items():
        assert np.allclose(some.values[name], values[[10, 1, 2, 1]], rtol=1e-9, atol=1e-13, equal_nan=True), name
