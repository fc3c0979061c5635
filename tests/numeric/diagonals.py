"""Blocks of diagonal networks for the tests of the numeric wing."""

from __future__ import annotations

from typing import Any

import numpy as np

from ftproofs.claim import Rows
from ftproofs.names import complete
from ftproofs.numeric import experiments
from ftproofs.settings import Block, Setting


def rows(experiment: str, trainer: str, count: int = 3, *, method: int = 0, root: int = 0, **given: Any) -> Rows:
    """A block of ``count`` cases; a list among the given values holds one for each case."""
    settings = []
    for i in range(count):
        own = {k: v[i] if isinstance(v, (list, np.ndarray)) else v for k, v in given.items()}
        own = {k: v.item() if isinstance(v, np.generic) else v for k, v in own.items()}
        settings.append(Setting.of(experiment, complete(experiment, own), root=root, index=i))
    return experiments.run(Block(tuple(settings), trainer, method))


def agree(a: Rows, b: Rows, *names: str) -> None:
    """Every measurement that both have a bound for agrees within the bounds (or the named ones only)."""
    for name in names or a.values:
        known = np.isfinite(a.bounds[name]) & np.isfinite(b.bounds[name])
        gap = np.abs(a.values[name] - b.values[name])
        assert (gap <= a.bounds[name] + b.bounds[name])[known].all(), (name, gap, a.bounds[name], b.bounds[name])
