"""The fates of a claim's mutants in a ledger, so that judging resumes where it stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ftproofs.check.mutate import Fate
from ftproofs.claim import Claim
from ftproofs.run.ledger import Ledger


class KeptFates:
    """`ftproofs.check.mutate.Kept` in a ledger: of one claim, under a run's conditions, by the present code."""

    def __init__(self, ledger: Ledger, claim: Claim, run: Mapping[str, Any]) -> None:
        self._ledger = ledger
        self._claim = claim
        self._run = run

    def found(self) -> dict[int, Fate]:
        """What is kept, by the mutants' places in their list (FT406 where it is damaged)."""
        kept = self._ledger.judged(self._claim, run=self._run)
        return {place: (written, outcome, float(size), by) for place, (written, outcome, size, by) in kept.items()}

    def keep(self, first: int, fates: Sequence[Fate]) -> None:
        """On disk when this returns."""
        self._ledger.put_judged(self._claim, first, fates, run=self._run)
