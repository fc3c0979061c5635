"""Settings as a ledger has them, for the tests of pictures."""

from __future__ import annotations

from ftproofs.check.spots import Seen
from ftproofs.names import complete


def spots(count: int = 30) -> list[Seen]:
    words_ = ("holds", "unclear", "fails")
    return [
        Seen(
            complete("linear.finetune", {"n": 3 + i, "d": 40, "theta": 0.1 * i, "source_norm": 1.0 + i / 9}),
            words_[i % 3],
            1e-9,
            1e-9 * i,
            1e-9,
        )
        for i in range(count)
    ]
