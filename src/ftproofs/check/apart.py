"""Settings that lie apart: for claims whose wrong variants cannot be asked where to look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ftproofs.check.draws import Parameters


def apart(settings: Sequence[Parameters], count: int) -> list[Parameters]:
    """The first setting and, one by one, the one that differs most from the nearest of those before it.

    The difference is summed over parameters: of numbers that of their ranks, as a share of all ranks; of words 1 if
    they are not the same. The first of several goes first. Nothing is asked of draws.
    """
    if not settings:
        return []
    columns = [_places([setting[name] for setting in settings]) for name in settings[0]]
    picked = [0]
    while len(picked) < min(count, len(settings)):
        nearest = np.min([sum(np.abs(column - column[i]).max(axis=1) for column in columns) for i in picked], axis=0)
        nearest[picked] = -1.0
        picked.append(int(np.argmax(nearest.round(12))))  # the first, whatever the last bits
    return [settings[i] for i in picked]


def _places(values: Sequence[Any]) -> np.ndarray:
    """Points between 0 and 1, shape (setting, dimension): ranks of numbers; of words each in a dimension of its own."""
    if any(isinstance(value, str) for value in values):
        words = sorted({str(value) for value in values})
        return np.array([[float(str(value) == word) for word in words] for value in values])
    distinct, ranks = np.unique(np.array([float(value) for value in values]), return_inverse=True)
    return np.asarray(ranks.reshape(-1, 1) / max(1, len(distinct) - 1), dtype=float)
