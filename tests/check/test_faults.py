"""Faults while rows are measured: what is lost is said to be, and no other number changes by a bit."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

from ftproofs.check import MemoryStore, check
from ftproofs.check.context import BUDGETS, Context
from ftproofs.check.memory import within_memory
from ftproofs.claim import Claim, Domain, Each, Rows, Source
from ftproofs.errors import ResourceError
from ftproofs.names import complete
from ftproofs.numeric import experiments, tasks
from ftproofs.settings import Block, Setting
from ftproofs.symbolic.vocabulary import equal, v

KINDS: list[tuple[str, dict[str, Any], str, str]] = [
    ("linear.finetune", {"n": 5, "d": 12, "theta": 1.0, "sigma": 0.5}, "descent", "explore"),
    ("linear.finetune", {"n": 5, "d": 12, "theta": 1.0}, "solver", "confirm/8"),
    ("deep-linear.finetune", {"n": 3, "d": 9, "L": 3, "theta": 1.0}, "reduced", "explore"),
    ("diagonal.finetune", {"n": 4, "d": 8}, "mirror", "explore"),
]


def a_block(name: str, values: dict[str, Any], engine: str, stage: str, cases: int = 8) -> Block:
    if engine not in (*experiments.experiment(name).engines, "solver"):
        engine = experiments.experiment(name).engines[0]
    parameters = complete(name, values)
    settings = (Setting.of(name, parameters, root=0, stage=stage, index=i) for i in range(cases))
    return Block(tuple(settings), engine)


def assert_same(a: Rows, b: Rows) -> None:
    assert (a.block, a.status, set(a.flags)) == (b.block, b.status, set(b.flags))
    for group in ("values", "bounds", "info"):
        left, right = getattr(a, group), getattr(b, group)
        assert list(left) == list(right)
        for name in left:
            assert left[name].tobytes() == right[name].tobytes(), (group, name)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: 8 bytes")])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind[0]}-{kind[3]}")
@pytest.mark.parametrize("room", [2, 5])
def test_a_batch_too_large_for_memory_is_halved_with_the_same_numbers(
    kind: tuple[str, dict[str, Any], str, str], room: int, error: Exception
) -> None:
    block = a_block(*kind)
    sizes: list[int] = []

    def run(part: Block) -> Rows:
        sizes.append(len(part))
        if len(part) > room:
            raise error
        return experiments.run(part)

    assert_same(within_memory(run, block), experiments.run(block))
    assert max(sizes) == 8
    assert min(sizes) == (2 if room == 2 else 4)


def test_an_odd_one_is_measured_beside_a_copy() -> None:
    block = a_block(*KINDS[0], cases=3)

    def run(part: Block) -> Rows:
        if len(part) > 2:
            raise MemoryError
        return experiments.run(part)

    assert_same(within_memory(run, block), experiments.run(block))


def test_without_memory_for_any_batch_a_check_ends_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(block: Block, *, device: str) -> Rows:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr(experiments, "run", run)
    with pytest.raises(ResourceError, match=r"FT212: no memory for a batch of 2"):
        Context(MemoryStore(), BUDGETS["low"]).rows(a_block(*KINDS[0]))
    domain = Domain.of(n=(2, 4), d=8, theta=1)
    claim = Claim("x", "", Source(""), "linear.finetune", Each(), domain, (equal(v.fit_gap, 0),))
    verdict = check(claim, settings=4, budget="low", device="cpu")
    assert (verdict.word, verdict.experiment.detail[:6]) == ("error", "FT212:")


def test_other_errors_are_not_taken_for_a_lack_of_memory() -> None:
    def run(block: Block) -> Rows:
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        within_memory(run, a_block(*KINDS[0]))


@pytest.mark.parametrize("nothing", [np.nan, np.inf])
@pytest.mark.parametrize("kind", [KINDS[0], KINDS[2]], ids=lambda kind: kind[0])
def test_a_setting_without_numbers_leaves_the_others_as_they_are(
    kind: tuple[str, dict[str, Any], str, str], nothing: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    block, draw = a_block(*kind), tasks.draw
    sound = experiments.run(block)

    def spoilt(settings: Any, **options: Any) -> tasks.Task:
        task = draw(settings, **options)
        task.y[3, 1] = nothing
        return task

    monkeypatch.setattr(tasks, "draw", spoilt)
    rows = experiments.run(block)
    assert rows.status[3] not in ("ok", "saddle")
    others = [i for i in range(8) if i != 3]
    assert [rows.status[i] for i in others] == [sound.status[i] for i in others]
    for name, values in rows.values.items():
        assert np.isnan(values[3])
        assert values[others].tobytes() == sound.values[name][others].tobytes(), name
        assert rows.bounds[name][others].tobytes() == sound.bounds[name][others].tobytes(), name


def test_without_a_gpu_the_processor_measures() -> None:
    """Also where the machine has one that is hidden."""
    program = "from ftproofs.numeric.device import resolve_device; print(resolve_device('auto'))"
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "cpu\n"
