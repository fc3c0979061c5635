"""The exact mean of the risk for isotropic Gaussian inputs (handbook A3)."""

from sympy import Abs, Integer, Integral, Or, Rational, Symbol, exp, gamma, oo, pi

from ftproofs.catalog.linear import mean_steps
from ftproofs.claim import Claim, Domain, Mean, Source, Statement, Variant, log_range, real_range
from ftproofs.symbolic.functions import isotropic_bias, isotropic_noise, null_fraction_variance
from ftproofs.symbolic.vocabulary import equal, v

SOURCE = Source("arXiv:2107.01641", "linear regression: risk over isotropic Gaussian data")
WISHART = Source("Hastie, Montanari, Rosset, Tibshirani 2022", "ridgeless least squares at finite size")

TEACHERS = {
    "theta": real_range(0, pi),
    "source_norm": log_range(Rational(1, 2), 2),
    "target_norm": log_range(Rational(1, 2), 2),
}
BIAS = isotropic_bias(v.n, v.d)
NOISE = isotropic_noise(v.n, v.d)

#: The noise term has a finite variance from |d - n| = 4 on.
GAP = Or(v.n <= v.d - 4, v.n >= v.d + 4)
UNDER = v.n <= v.d - 4


def _risk(bias: object, noise: object) -> Statement:
    return equal(v.risk, bias * v.delta_norm**2 + v.sigma**2 * noise)


RISK_DOMAIN = Domain.of(n=(2, 48), d=(8, 40), sigma=real_range(0, 1), **TEACHERS).where(GAP)

MEAN_RISK = Claim(
    id="linear-mean-risk",
    title="The mean risk over isotropic Gaussian data, at finite size and on both sides of n = d",
    source=SOURCE,
    experiment="linear.finetune",
    quantifier=Mean(),
    domain=RISK_DOMAIN,
    statements=(_risk(BIAS, NOISE),),
    steps=mean_steps.MEAN_RISK,
    corollaries=mean_steps.MEAN_RISK_COROLLARIES,
    uses=("linear-risk-over-noise", "linear-bias-mean", "linear-noise-mean"),
    variants=(
        Variant("share-learned", "bias n/d instead of 1 - n/d", (_risk(v.n / v.d, NOISE),), tell="n other than d/2"),
        Variant("bias-squared", "bias (1 - n/d)^2", (_risk(BIAS**2, NOISE),), tell="n < d"),
        Variant(
            "asymptotic-noise",
            "noise term n/(d - n) at finite size",
            (_risk(BIAS, v.n / (v.d - v.n)),),
            domain=RISK_DOMAIN.where(UNDER),
            tell="small d - n",
        ),
        Variant(
            "noise-plus-one",
            "noise term n/(d - n + 1)",
            (_risk(BIAS, v.n / (v.d - v.n + 1)),),
            domain=RISK_DOMAIN.where(UNDER),
            tell="small d - n",
        ),
        Variant(
            "noise-dimension",
            "noise term d/(d - n - 1) for n < d",
            (_risk(BIAS, v.d / (v.d - v.n - 1)),),
            domain=RISK_DOMAIN.where(UNDER),
            tell="sigma > 0",
        ),
        Variant(
            "norm-difference",
            "difference of squared norms instead of squared norm of the difference",
            (equal(v.risk, BIAS * (v.target_norm**2 - v.source_norm**2) + v.sigma**2 * NOISE),),
            tell="theta > 0",
        ),
        Variant(
            "source-remembered",
            "the source still matters for n > d",
            (_risk(Abs(v.d - v.n) / v.d, NOISE),),
            tell="n > d",
        ),
    ),
)

BIAS_DOMAIN = Domain.of(
    n=(1, 40), d=(8, 40), sigma=0, inputs=["gaussian", "sphere"], spectrum="isotropic", **TEACHERS
).where(v.n <= v.d - 2)

BIAS_MEAN = Claim(
    id="linear-bias-mean",
    title="The mean of the bias under any rotation-invariant design",
    source=SOURCE,
    experiment="linear.finetune",
    quantifier=Mean(),
    domain=BIAS_DOMAIN,
    statements=(equal(v.perp_delta_norm**2, BIAS * v.delta_norm**2),),
    steps=mean_steps.BIAS_MEAN,
)

BIAS_SECOND_MOMENT = Claim(
    id="linear-bias-second-moment",
    title="The second moment of the bias: it follows a Beta((d - n)/2, n/2) law",
    source=SOURCE,
    experiment="linear.finetune",
    quantifier=Mean(),
    domain=BIAS_DOMAIN.where(v.n <= v.d / 2),
    statements=(
        equal(
            v.perp_delta_norm**4,
            (null_fraction_variance(v.n, v.d) + ((v.d - v.n) / v.d) ** 2) * v.delta_norm**4,
        ),
    ),
    steps=mean_steps.BIAS_SECOND_MOMENT,
)

NOISE_MEAN = Claim(
    id="linear-noise-mean",
    title="The mean of the fitted noise's risk, on both sides of n = d",
    source=WISHART,
    experiment="linear.finetune",
    quantifier=Mean(),
    domain=RISK_DOMAIN,
    statements=(equal(v.noise_trace, NOISE),),
    steps=mean_steps.NOISE_MEAN,
    corollaries=mean_steps.NOISE_COROLLARIES,
)

_x = Symbol("x", positive=True)


def _inverse_chi_square_mean(degrees: int) -> Integral:
    """E[1/chi^2_k] as an integral over the density."""
    k = Integer(degrees)
    return Integral(_x ** (k / 2 - 2) * exp(-_x / 2) / (2 ** (k / 2) * gamma(k / 2)), (_x, 0, oo))


NOISE_INFINITE = Claim(
    id="linear-noise-infinite",
    title="For n in {d - 1, d, d + 1} the noise term has no finite mean",
    source=WISHART,
    experiment="linear.finetune",
    quantifier=Mean(),
    domain=Domain.of(n=(1, 41), d=(2, 40)).where(v.n <= v.d + 1, v.n >= v.d - 1),
    # [W^-1]_11 is the inverse of a chi-square variable with |d - n| + 1 degrees of freedom.
    statements=(equal(_inverse_chi_square_mean(1), oo), equal(_inverse_chi_square_mean(2), oo)),
    steps=mean_steps.NOISE_INFINITE,
    untrained="an infinite mean shows in no finite number of trainings",
)
