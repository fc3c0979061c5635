"""Which commands fill what a report lacks: verdicts and kill scores."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ftproofs.claim import Claim

#: Conditions of a run that are options of the commands, with what the options are when they are not given.
_OPTIONS = {"budget": "default", "seed": 0, "settings": None}


@dataclass(frozen=True, slots=True)
class Filling:
    """The commands, for claims of the catalog and of claim files.

    ``files`` are the files of claims that are not of the catalog, by id; ``ledger`` is the
    ledger that the report is made from, None where it is made from none.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    ledger: str | None = None

    def verdict(self, claim: Claim) -> str:
        """What reaches a verdict on the claim."""
        return self.verdicts([claim.id])

    def verdicts(self, ids: list[str]) -> str:
        """What reaches verdicts on the claims; all of the catalog where there are no ids."""
        files = list(dict.fromkeys(self.files[id] for id in ids if id in self.files))
        known = [id for id in ids if id not in self.files]
        parts = [["check", *known]] if known or not files else []
        parts += [["audit", *files]] if files else []
        return "; ".join(self._line(part) for part in parts)

    def power(self, claim: Claim, conditions: Mapping[str, Any]) -> str:
        """What measures the power of the check that reached the verdict under these conditions."""
        file = self.files.get(claim.id)
        words = ["mutate", claim.id] if file is None else ["audit", file, "--power"]
        for name, default in _OPTIONS.items():
            value = conditions.get(name, default)
            if value != default:
                words += [f"--{name}", str(value)]
        return self._line(words, ledger=self.ledger or "FILE")

    def picture(self, claim: Claim) -> str:
        """What keeps the settings that a picture of the claim is drawn of."""
        words = ["audit", self.files[claim.id]] if claim.id in self.files else ["check", claim.id]
        return self._line(words, ledger=self.ledger or "FILE")

    def _line(self, words: list[str], *, ledger: str | None = None) -> str:
        """The command; of a report that is made from a ledger it fills that one."""
        ledger = ledger or self.ledger
        return shlex.join(["ftproofs", *words, *(["--ledger", ledger] if ledger else [])])
