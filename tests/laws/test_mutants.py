"""No wrong statement is proved: with the steps of its claim, no mutant ends `proved`.

An axiom must never be the statement itself, and a conclusion must be compared with the
statement, not assumed.  A few mutants a claim, spread over its operators and statements.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from ftproofs.catalog import claims
from ftproofs.claim import Claim
from ftproofs.symbolic.derivation import derive
from ftproofs.symbolic.equivalence import Comparison
from ftproofs.symbolic.mutation import Mutant, mutants

CLAIMS = {name: claim for name, claim in claims().items() if claim.steps and mutants(claim)}

#: Derived per claim; each closes all of the claim's steps.
BOUNDED = 4


@pytest.mark.parametrize("name", CLAIMS)
def test_no_mutant_is_proved(name: str) -> None:
    claim = CLAIMS[name]
    chosen = sample(claim)
    assert chosen
    for mutant in chosen:
        statements = list(claim.statements)
        statements[mutant.number] = mutant.statement
        found = derive(replace(claim, statements=tuple(statements)))
        assert found.status in ("gap", "disproved"), f"{mutant.operator}: {mutant.statement} is {found.status}"


def sample(claim: Claim) -> list[Mutant]:
    """Mutants that are not equivalent, one in every so many."""
    made = mutants(claim)
    compare = Comparison(claim, made, (), claim.margin)
    step = max(1, len(made) // BOUNDED)
    chosen: list[Mutant] = []
    for start in range(0, len(made), step):
        for mutant in made[start : start + step]:
            if compare(mutant).label != "equivalent":
                chosen.append(mutant)
                break
    return chosen[: BOUNDED + 1]
