"""Rows of the transfer experiments, for their tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from ftproofs.claim import Rows
from ftproofs.names import complete
from ftproofs.numeric import experiments
from ftproofs.settings import Block, Setting

BASE: dict[str, Any] = {"n": 14, "d": 30, "theta": 1.0, "source_norm": 1.3, "target_norm": 0.8, "sigma": 0.3}


def settings(name: str, *changes: dict[str, Any], base: dict[str, Any] = BASE) -> tuple[Setting, ...]:
    """One setting for each change of the base, with consecutive indices."""
    return tuple(Setting.of(name, complete(name, base | c), index=i) for i, c in enumerate(changes))


def rows(name: str, engine: str, *changes: dict[str, Any], method: int = 0, base: dict[str, Any] = BASE) -> Rows:
    """Measured rows."""
    return experiments.run(Block(settings(name, *changes, base=base), engine, method))


def agree(a: Rows, b: Rows, names: tuple[str, ...]) -> float:
    """Check that two rows agree within their bounds; the largest distance."""
    worst = 0.0
    for name in names:
        gap = np.abs(a.values[name] - b.values[name])
        assert (gap <= a.bounds[name] + b.bounds[name]).all(), (name, gap, a.bounds[name], b.bounds[name])
        worst = max(worst, float(gap.max()))
    return worst


def same_rows(a: Rows, case: int, b: Rows, other: int) -> bool:
    """Whether two rows have the same bits."""
    return all(
        a.values[k][case].tobytes() == b.values[k][other].tobytes()
        and a.bounds[k][case].tobytes() == b.bounds[k][other].tobytes()
        for k in a.values
    )
