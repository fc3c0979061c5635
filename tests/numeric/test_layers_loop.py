"""numeric/loops/layers.py: the stages of a step of deep linear networks, against those that torch takes."""

from __future__ import annotations

import pytest
import torch

from ftproofs.names.values import complete
from ftproofs.numeric import networks, tasks
from ftproofs.numeric.training import compiled, flow
from ftproofs.numeric.training.bounds import norm
from ftproofs.numeric.training.deep_linear import Network, train_deep_linear
from ftproofs.numeric.training.problem import Problem
from ftproofs.settings import Setting

#: The last one's weights are too many to go abreast.
SHAPES = [(1, 3, 7), (1, 9, 4), (2, 5, 11), (3, 4, 9), (4, 2, 6), (2, 5, 33)]


def drawn(depth: int, n: int, d: int, count: int = 6):
    values = complete("deep-linear.finetune", {"L": depth, "n": n, "d": d, "theta": 1.0, "sigma": 0.5})
    settings = tuple(Setting.of("deep-linear.finetune", values, stage="explore", index=i) for i in range(count))
    return tasks.draw(settings, device="cpu", shared=1), [setting.parameters for setting in settings]


@pytest.mark.parametrize(("depth", "n", "d"), SHAPES)
def test_stages_are_those_that_torch_takes(depth: int, n: int, d: int) -> None:
    task, parameters = drawn(depth, n, d)
    weights = networks.finetuning_start(task, parameters)
    problem, one = Problem.of(task), torch.ones(len(task), dtype=torch.float64)
    found = []
    for quick in (False, True):
        network = Network(problem, weights, task.source, one, rate=1.5, jump=True, recorded=False)
        start = network.flatten(weights)
        work = flow._Workspace(network, start, network.stages if quick else None)
        work.stage.copy_(start)
        network.slope(work.at, work.out[0])
        found.append(work.stages(network, torch.linspace(0.01, 0.2, len(task), dtype=torch.float64)).clone())
    theirs, ours = found
    # The table has numbers up to 434, which later stages multiply roundings by.
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-11 * float(theirs.abs().max()))


def test_a_network_abreast_does_not_depend_on_its_neighbours() -> None:
    task, parameters = drawn(2, 5, 11, count=19)
    whole = train_deep_linear(task, parameters)
    for cases in ([0, 1], [7, 8, 9], [17, 18]):
        part = train_deep_linear(task.select(cases), [parameters[i] for i in cases])
        assert torch.equal(part.beta, whole.beta[cases])
        assert torch.equal(part.steps, whole.steps[cases])


@pytest.mark.parametrize(("depth", "n", "d"), SHAPES)
def test_training_ends_where_that_of_torch_does(depth: int, n: int, d: int, monkeypatch: pytest.MonkeyPatch) -> None:
    task, parameters = drawn(depth, n, d)
    ours = train_deep_linear(task, parameters)
    monkeypatch.setattr(compiled, "suits", lambda X, z: False)
    theirs = train_deep_linear(task, parameters)
    assert ours.status == theirs.status == ("ok",) * len(task)
    assert (norm(ours.beta - theirs.beta) <= ours.bound + theirs.bound + ours.integration + theirs.integration).all()
    torch.testing.assert_close(ours.steps, theirs.steps, rtol=0.05, atol=2)


def test_what_torch_does_quicker_is_left_to_it() -> None:
    small, large = torch.zeros(2, 8, 16, dtype=torch.float64), torch.zeros(2, 200, 200, dtype=torch.float64)
    assert compiled.suits(small, small.flatten(1))
    assert not compiled.suits(large, small.flatten(1))
    assert not compiled.suits(small, large.flatten(1))
    assert not compiled.suits(small.float(), small.flatten(1))
    assert not compiled.suits(small.to("meta"), small.flatten(1))
