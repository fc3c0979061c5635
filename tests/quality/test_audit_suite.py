"""`ftproofs audit` is right about files whose truth is known: true ones are supported, wrong ones refuted.

The ordinary run audits a twelfth of them, ``make quality`` all (``pytest -m "quality or not quality"
tests/quality``), at the default budget. Another seed: ``FTPROOFS_QUALITY_SEED=1``, or ``suite.py --seed 1``.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"audit_{name}", HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


suite = _module("suite")

#: A run audits one of so many equal parts of the suite: every twelfth file of those of a kind, from the one that
#: ``FTPROOFS_QUALITY_SHARD`` says (any whole number, such as that of the run). All: ``make quality``.
SHARDS = 12
SHARD = int(os.environ.get("FTPROOFS_QUALITY_SHARD", "0")) % SHARDS
SEED = int(os.environ.get("FTPROOFS_QUALITY_SEED", "0"))


def quantifier(file: Any) -> str:
    """The word of a file's claim."""
    return str(tomllib.loads(file.path.read_text())["claim"][0]["quantifier"])


def by_kind() -> list[Any]:
    """Every file, quantifier after quantifier and the true before the wrong: equal steps take of each in proportion."""
    return sorted(suite.expected(), key=lambda file: (quantifier(file), not file.true, file.path.stem))


def parts() -> list[Any]:
    """Every file; those of other shards are marked, and left out of ordinary runs."""
    return [
        pytest.param(file, id=file.path.stem, marks=[] if number % SHARDS == SHARD else [pytest.mark.quality])
        for number, file in enumerate(by_kind())
    ]


@pytest.mark.parametrize("file", parts())
def test_the_verdict_at_the_default_budget_is_right(file: object) -> None:
    (row,) = suite.audit([file], budget="default", seed=SEED)
    assert row.right, f"{row.id} is {'true' if row.true else 'wrong'} ({row.why}), and the verdict {row.word}"


def test_every_shard_has_both_kinds_and_most_quantifiers() -> None:
    for shard in range(SHARDS):
        files = by_kind()[shard::SHARDS]
        assert {file.true for file in files} == {True, False}
        assert len({quantifier(file) for file in files}) == 4, shard


def test_the_suite_is_large_and_balanced() -> None:
    files = suite.expected()
    assert len(files) >= 60
    assert 0.4 <= sum(file.true for file in files) / len(files) <= 0.6
    claims = [tomllib.loads(file.path.read_text())["claim"][0] for file in files]
    for claim, file in zip(claims, files, strict=True):
        assert claim["id"] == file.path.stem
    for word in ("each", "mean", "limit", "probability"):
        told = {file.true for claim, file in zip(claims, files, strict=True) if claim["quantifier"] == word}
        assert told == {True, False}, word
    experiments = ["linear.finetune", "linear.scratch", "linear.stability", "linear.ridge", "deep-linear.finetune"]
    experiments += ["deep-linear.frozen", "transfer.scratch", "transfer.linear", "transfer.finetune"]
    experiments += ["relu.tangent", "relu.infinite", "leaky-relu.train", "federated.server", "federated.finetune"]
    experiments += ["diagonal.scalar", "diagonal.scratch"]
    for name in experiments:
        told = {file.true for claim, file in zip(claims, files, strict=True) if claim["experiment"] == name}
        assert told == {True, False}, name


def test_what_verifies_the_suite_imports_nothing_of_the_program() -> None:
    for name in ("verify.py", "simulate.py", "relu_nets.py", "clients.py", "diagonal_nets.py"):
        text = (HERE / name).read_text()
        assert "ftproofs" not in text
        assert "torch" not in text
        assert "sympy" not in text
