"""Break-even angles of fine-tuning, from the law of each draw that trained networks confirm (handbook section 5)."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def break_even() -> ModuleType:
    """The benchmark's module."""
    path = Path(__file__).parents[2] / "benchmarks" / "transfer_break_even.py"
    spec = importlib.util.spec_from_file_location("transfer_break_even", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("number", range(6))
def test_the_angles_are_recovered_within_half_a_degree(break_even: ModuleType, number: int) -> None:
    row = break_even.ROWS[number]
    found = break_even.crossing(row, 512, 64, 4)
    print(f"{row}: {found}")
    assert abs(found.angle - row[-1]) <= 0.5
    assert found.error <= 0.15
    assert found.trained <= 1e-7
