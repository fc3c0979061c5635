"""Coverage triples what symbolic work costs: tests that repeat themselves over the catalog are traced in part."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

HERE = Path(__file__).parent

#: A test with so many cases is one that repeats itself; every fourth of its cases is traced.
CASES = 20
TRACED = 4

#: Derivations and kernels of the whole catalog: what they run is traced elsewhere as well.
UNTRACED = ("test_axioms", "test_derivation", "test_kernels", "test_resolution", "test_soundness")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave most cases of large parametrized tests untraced; they run all the same."""
    for item in items:
        if item.path.parent == HERE and item.path.stem in UNTRACED:
            item.add_marker(pytest.mark.no_cover)
    cases: dict[tuple[Path, str], list[pytest.Function]] = defaultdict(list)
    for item in items:
        if isinstance(item, pytest.Function) and item.path.parent == HERE:
            cases[item.path, item.originalname].append(item)
    for found in cases.values():
        if len(found) >= CASES:
            for number, item in enumerate(found):
                if number % TRACED:
                    item.add_marker(pytest.mark.no_cover)
