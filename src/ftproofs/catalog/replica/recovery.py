"""How many equations exact recovery takes, with a known support and without (handbook 8.4, 9.1)."""

from __future__ import annotations

from sympy import Rational

from ftproofs.catalog.replica import recovery_steps as steps
from ftproofs.claim import Claim, Domain, Limit, Source, Variant, real_range
from ftproofs.symbolic.vocabulary import equal, less, v

DENSITY = real_range(Rational(1, 20), Rational(19, 20))
rho, shared, new = v.rho_pt, v.rho_shared, v.rho_new

THRESHOLDS = Claim(
    id="replica-recovery-thresholds",
    title="The least n/d of exact recovery is smaller inside a known support than by the l1 norm or on that support",
    source=Source("arXiv:2602.20062", "nested feature selection; thresholds of Donoho and Tanner, PNAS 102, 2005"),
    experiment="replica.finetune",
    quantifier=Limit(),
    domain=Domain.of(rho_pt=DENSITY, rho_shared=DENSITY, rho_new=DENSITY),
    # The least n/d: M(density) by the l1 norm, rho on the support alone, rho M(share) inside it.
    statements=(steps.SAVED, steps.BELOW, steps.CONCAVE),
    steps=steps.THRESHOLDS,
    variants=(
        Variant(
            "density",
            "inside the support it takes the target's density",
            (equal(rho * steps.M(shared), steps.NESTED),),
            tell="always more",
        ),
        Variant(
            "new-features",
            "the support saves with targets outside of it as well",
            (less(rho + (1 - rho) * steps.M(new), steps.M(steps.TOTAL)),),
            tell="many features of which the target uses few",
        ),
    ),
    untrained="thresholds of the limit, a property of two functions",
)

CLAIMS = (THRESHOLDS,)
