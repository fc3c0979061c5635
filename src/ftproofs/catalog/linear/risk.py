"""The risk of linear fine-tuning, draw by draw and over the noise (handbook A2)."""

from sympy import Rational, pi

from ftproofs.catalog.linear import endpoint_steps
from ftproofs.catalog.linear.endpoint import TASKS
from ftproofs.claim import Claim, Domain, Each, Mean, Source, Variant, log_range, real_range
from ftproofs.symbolic.vocabulary import equal, v

SOURCE = Source("arXiv:2107.01641", "linear regression: excess risk and the similarity of tasks")

ANISOTROPIC = ["power-law", "spiked"]

RISK = Claim(
    id="linear-risk",
    title="Without noise the risk is the tasks' difference outside the span, in the covariance's norm",
    source=SOURCE,
    experiment="linear.finetune",
    quantifier=Each(),
    domain=TASKS.with_ranges(sigma=0, spectrum=[*ANISOTROPIC, "isotropic"]),
    statements=(equal(v.risk, v.delta_risk),),
    steps=endpoint_steps.RISK,
    uses=("linear-endpoint",),
    variants=(
        Variant(
            "order-swapped",
            "projector and square root of the covariance exchanged",
            (equal(v.risk, v.swapped_delta_risk),),
            tell="anisotropic covariance: they do not commute",
        ),
        Variant(
            "covariance-squared",
            "Sigma in place of its square root",
            (equal(v.risk, v.double_delta_risk),),
            tell="eigenvalues other than 1",
        ),
        Variant(
            "empirical-covariance",
            "the empirical covariance in place of the population's",
            (equal(v.risk, v.empirical_delta_risk),),
            tell="n < d: it gives exactly 0",
        ),
    ),
)

RISK_ISOTROPIC = Claim(
    id="linear-risk-isotropic",
    title="For isotropic inputs bias and fitted noise add up in every draw",
    source=SOURCE,
    experiment="linear.finetune",
    quantifier=Each(),
    domain=TASKS.with_ranges(spectrum="isotropic"),
    statements=(equal(v.risk, v.perp_delta_norm**2 + v.noise_risk),),
    steps=endpoint_steps.RISK_ISOTROPIC,
    uses=("linear-endpoint",),
    variants=(
        Variant(
            "any-covariance",
            "they add up in every draw for any covariance",
            (equal(v.risk, v.delta_risk + v.noise_risk),),
            domain=TASKS.with_ranges(spectrum=ANISOTROPIC, sigma=real_range(Rational(1, 10), 1)),
            tell="anisotropic covariance: the cross term vanishes only in the mean",
        ),
    ),
)

RISK_OVER_NOISE = Claim(
    id="linear-risk-over-noise",
    title="Over the noise the risk is bias plus noise variance times the trace of the fitted covariance",
    source=SOURCE,
    experiment="linear.finetune",
    quantifier=Mean(),
    domain=Domain.of(
        n=(2, 40),
        d=(16, 48),
        theta=real_range(0, pi),
        source_norm=log_range(Rational(1, 2), 2),
        target_norm=log_range(Rational(1, 2), 2),
        sigma=real_range(0, 1),
        spectrum=[*ANISOTROPIC, "isotropic"],
    ).where(v.n <= 3 * v.d / 4, v.n <= v.d - 10),
    statements=(equal(v.risk, v.delta_risk + v.sigma**2 * v.noise_trace),),
    steps=endpoint_steps.OVER_NOISE,
    uses=("linear-endpoint",),
)
