"""`ftproofs audit` is right about files whose truth is known: true ones are supported, wrong ones refuted.

The ordinary run audits a few files at the low budget; ``make test-slow`` audits all of
them at the default one.  Other seeds: ``python tests/quality/suite.py --seed 1``.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tomllib
from pathlib import Path
from types import ModuleType

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

#: One true and one wrong file of each quantifier, and one of each experiment.
FEW = (
    "dl-path",
    "dl-exponent-inverse",
    "fr-floor-sigma",
    "fr-prob-one-deviation",
    "lf-any-covariance",
    "lf-prob-transfer",
    "ls-mean-jensen",
    "ls-mean-under",
    "ls-limit-numerator",
    "st-flow-for-steps",
)


def test_a_few_files_at_the_low_budget() -> None:
    files = [file for file in suite.expected(FEW) if file.path.stem in FEW]
    assert len(files) == len(FEW)
    for row in suite.audit(files, budget="low", seed=0):
        assert row.right, f"{row.id} is {'true' if row.true else 'wrong'} ({row.why}), and the verdict {row.word}"


@pytest.mark.slow
@pytest.mark.parametrize("file", suite.expected(), ids=lambda file: file.path.stem)
def test_every_file_at_the_default_budget(file: object) -> None:
    seed = int(os.environ.get("FTPROOFS_AUDIT_SEED", "0"))
    (row,) = suite.audit([file], budget="default", seed=seed)
    assert row.right, f"{row.id} is {'true' if row.true else 'wrong'} ({row.why}), and the verdict {row.word}"


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
    for name in ("linear.finetune", "linear.scratch", "linear.stability", "deep-linear.finetune", "deep-linear.frozen"):
        told = {file.true for claim, file in zip(claims, files, strict=True) if claim["experiment"] == name}
        assert told == {True, False}, name


def test_what_verifies_the_suite_imports_nothing_of_the_program() -> None:
    for name in ("verify.py", "simulate.py"):
        text = (HERE / name).read_text()
        assert "ftproofs" not in text
        assert "torch" not in text
        assert "sympy" not in text
