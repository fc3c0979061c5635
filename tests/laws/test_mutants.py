"""Wrong statements are neither proved nor pass the experiment.

With the steps of its claim no mutant ends `proved`: an axiom must never be the statement
itself, and a conclusion must be compared with the statement, not assumed.  A few mutants
a claim, spread over its operators and statements.  And the rows of a check kill mutants,
here for one claim of each kind of law; docs/mutation.md has the scores of all.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from parting import parted

from ftproofs.catalog import claims
from ftproofs.check.mutate import mutate, unmutable
from ftproofs.claim import Claim, Probability
from ftproofs.symbolic.derivation import derive
from ftproofs.symbolic.equivalence import Comparison
from ftproofs.symbolic.mutation import Mutant, mutants

CLAIMS = {name: claim for name, claim in claims().items() if claim.steps}

#: Derived per claim; each closes all of the claim's steps.
BOUNDED = 4


@pytest.mark.parametrize("name", parted(CLAIMS))
def test_no_mutant_is_proved(name: str) -> None:
    claim = CLAIMS[name]
    chosen = sample(claim)
    assert chosen or not mutants(claim)
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


def lawful() -> list[Claim]:
    """A cheap claim about a limit, and the first about a probability."""
    every = claims()
    probable = [c for c in every.values() if isinstance(c.quantifier, Probability) and not unmutable(c)]
    return [every["linear-resolution-noise-norm"], *probable[:1]]


@pytest.mark.parametrize("claim", lawful(), ids=lambda claim: claim.id)
def test_the_check_of_a_law_kills_its_mutants(claim: Claim) -> None:
    found = mutate(claim, budget="low", device="cpu")
    assert found.passed
    assert found.strict_score == 1, [str(j.mutant.statement) for j in found.judged if j.outcome == "survived"]
