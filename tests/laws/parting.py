"""Which claims an ordinary run of the law suite takes: all of them would take it too long.

Of the claims about each network, and of those without any, every eighteenth; of those about
means, limits, probabilities and signs, which take thousands of draws, every thirty-sixth; none
whose formulas are solved for, and none of the experiments that take minutes each.
``FTPROOFS_LAW_SHARD``, a whole number such as that of the run, says from which on, so
that thirty-six numbers in a row take every other claim.  Wrong statements and variants that no
derivation may conclude are taken in twelfths, altered steps in thirds (`test_derivations`).  ``make laws`` takes
all at once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import pytest

from ftproofs.check.anchors import guided
from ftproofs.claim import Claim, Each

#: They compare two diagonal networks, train networks of four widths for one number, or run FedAvg for every draw.
SLOW = ("replica.compare", "relu.widths", "federated.server", "federated.finetune")

SHARD = int(os.environ.get("FTPROOFS_LAW_SHARD", "0"))


def parted(claims: Mapping[str, Claim]) -> list[Any]:
    """Every claim's name as a parameter; those that an ordinary run leaves out are marked."""
    counts = {18: 0, 36: 0}
    found = []
    for name, claim in claims.items():
        parts = 18 if isinstance(claim.quantifier, Each) or claim.untrained else 36
        if not guided(claim) or claim.experiment in SLOW:
            found.append(pytest.param(name, id=name, marks=[pytest.mark.laws]))
            continue
        marks = [] if counts[parts] % parts == SHARD % parts else [pytest.mark.laws]
        counts[parts] += 1
        found.append(pytest.param(name, id=name, marks=marks))
    return found
