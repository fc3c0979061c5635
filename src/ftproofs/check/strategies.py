"""A claim's settings for a user's own Hypothesis tests."""

from __future__ import annotations

from hypothesis import strategies as st

from ftproofs.check.sizes import check_domain
from ftproofs.claim import Claim, Limit
from ftproofs.names import Value
from ftproofs.numeric.sampling import batches
from ftproofs.symbolic.acceptance import acceptor


def strategies(claim: Claim) -> st.SearchStrategy[dict[str, Value]]:
    """Settings of the claim's domain: a value for every parameter of its experiment.

    They satisfy the claim's constraints and shrink towards small and simple ones.

    Those of a claim about a limit are at the largest size of its ladder.

    Raises:
        UsageError: FT204 when the constraints admit no setting; FT215 as `check_domain`.
    """
    domain = claim.domain
    if isinstance(claim.quantifier, Limit):
        domain = check_domain(claim)
    return batches(domain, claim.experiment, acceptor(claim.domain), size=1).strategy.map(lambda batch: batch[0])
