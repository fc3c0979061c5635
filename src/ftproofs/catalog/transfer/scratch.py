"""Training from scratch in high dimension: what transfer is compared with (handbook B1)."""

from sympy import Or, Rational

from ftproofs.catalog.transfer import scratch_steps
from ftproofs.claim import Claim, Domain, Mean, Source, Variant, log_range, real_range
from ftproofs.symbolic.transfer import scratch_risk
from ftproofs.symbolic.vocabulary import equal, v

SOURCE = Source("arXiv:2410.08194", "training from scratch; Hastie, Montanari, Rosset, Tibshirani 2022 at finite size")

n, d, tau, sigma = v.n, v.d, v.target_norm, v.sigma
#: The noise term has a finite variance from |d - n| = 4 on.
GAP = Or(n <= d - 4, n >= d + 4)
SIZES = Domain.of(n=(2, 48), d=(8, 40), sigma=real_range(0, 1), target_norm=log_range(Rational(1, 2), 2))

SCRATCH_MEAN = Claim(
    id="transfer-scratch-mean",
    title="The mean risk from scratch, on both sides of n = d",
    source=SOURCE,
    experiment="transfer.scratch",
    quantifier=Mean(),
    domain=SIZES.where(GAP),
    statements=(equal(v.risk, scratch_risk(n, d, tau, sigma)),),
    steps=scratch_steps.MEAN,
    corollaries=scratch_steps.COROLLARIES,
    uses=("linear-scratch",),
    variants=(
        Variant(
            "asymptotic-noise",
            "the noise term of infinite size, n/(d - n)",
            (equal(v.risk, (d - n) / d * tau**2 + sigma**2 * n / (d - n)),),
            domain=SIZES.where(n <= d - 4, n >= d / 2).with_ranges(sigma=real_range(Rational(1, 2), 1)),
            tell="small d - n",
        ),
        Variant(
            "same-noise-above",
            "n in the noise term's numerator also for n > d",
            (equal(v.risk, sigma**2 * n / (n - d - 1)),),
            domain=SIZES.where(n >= d + 4).with_ranges(sigma=real_range(Rational(1, 2), 1)),
            tell="n > d",
        ),
        Variant(
            "numerator",
            "the numerator of the common denominator's form for the whole",
            (equal(v.risk, (1 - n / d) ** 2 * tau**2 + sigma**2 * n / d),),
            domain=SIZES.where(n <= d - 4),
            tell="n < d",
        ),
        Variant(
            "deviation",
            "the noise's standard deviation for its variance",
            (equal(v.risk, sigma * d / (n - d - 1)),),
            domain=SIZES.where(n >= d + 4).with_ranges(sigma=real_range(Rational(1, 5), Rational(1, 2))),
            tell="sigma other than 0 and 1",
        ),
    ),
)


CLAIMS = (SCRATCH_MEAN,)
