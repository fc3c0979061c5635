"""Anisotropic inputs: which eigen-directions n samples resolve, and what that costs (handbook A4)."""

from sympy import Integer, Rational, cos, pi

from ftproofs.catalog.linear import resolution_steps
from ftproofs.claim import Claim, Domain, Limit, Source, Variant, log_range, real_range
from ftproofs.symbolic.vocabulary import equal, v

SOURCE = Source("Hastie, Montanari, Rosset, Tibshirani 2022", "ridgeless least squares with anisotropic covariance")
TASKS = Source("arXiv:2107.01641", "linear regression: risk of fine-tuning for any covariance")

DIRECTIONS = ["uniform", "top", "resolution", "tail"]

#: Spectra with many scales, or with few large eigenvalues.
SPECTRA = Domain.of(
    gamma=real_range(Rational(1, 10), Rational(1, 2)),
    theta=real_range(pi / 6, pi),
    source_norm=log_range(Rational(1, 2), 2),
    target_norm=log_range(Rational(1, 2), 2),
    spectrum=["power-law", "spiked"],
    alpha=real_range(Rational(1, 2), Rational(3, 2)),
    spikes=[5],
    spike_ratio=real_range(5, 20),
    direction=DIRECTIONS,
)

_kappa, _n, _df2 = v.kappa, v.n, v.df2
#: The bias over what a spectral sum says it is without the factor below.
BIAS = v.delta_risk / (_kappa**2 * v.resolved_delta)

RESOLUTION_BIAS = Claim(
    id="linear-resolution-bias",
    title="For any covariance the bias is a sum over eigen-directions, with its peak at the resolution",
    source=TASKS,
    experiment="linear.finetune",
    quantifier=Limit(),
    domain=SPECTRA,
    statements=(equal(BIAS, 1 / (1 - _df2 / _n)),),
    steps=resolution_steps.BIAS,
    corollaries=resolution_steps.BIAS_COROLLARIES,
    uses=("linear-risk", "linear-resolution-overlap"),
    variants=(
        Variant("no-factor", "without the factor 1/(1 - df2/n)", (equal(BIAS, 1),), tell="anywhere"),
        Variant(
            "factor-squared", "with that factor squared", (equal(BIAS, 1 / (1 - _df2 / _n) ** 2),), tell="anywhere"
        ),
        Variant(
            "mean-eigenvalue",
            "kappa = tr Sigma/n",
            (equal(v.delta_risk / (v.kappa_bound**2 * v.resolved_delta), 1 / (1 - _df2 / _n)),),
            domain=SPECTRA.with_ranges(spectrum="spiked"),
            tell="anywhere",
        ),
        Variant(
            "isotropic",
            "the isotropic share 1 - n/d of the source's risk",
            (equal(v.delta_risk / v.start_risk, 1 - v.gamma),),
            tell="anisotropic covariance",
        ),
        Variant(
            "isotropic-factor",
            "the isotropic factor 1/(1 - n/d)",
            (equal(BIAS, 1 / (1 - v.gamma)),),
            tell="anisotropic covariance",
        ),
        Variant(
            "one-projector",
            "kappa sum_i l_i delta_i^2/(l_i + kappa), which forgets the second projector",
            (equal(v.delta_risk / (_kappa * (v.delta_norm**2 - _kappa * v.shrunk_delta)), 1),),
            tell="a difference that is not spread evenly over the eigen-directions",
        ),
    ),
)

RESOLUTION_VARIANCE = Claim(
    id="linear-resolution-variance",
    title="For any covariance the fitted noise costs sigma^2 df2/(n - df2)",
    source=SOURCE,
    experiment="linear.finetune",
    quantifier=Limit(),
    domain=SPECTRA.with_ranges(direction="uniform"),
    statements=(equal(v.noise_trace, _df2 / (_n - _df2)),),
    steps=resolution_steps.VARIANCE,
    corollaries=resolution_steps.VARIANCE_COROLLARIES,
    uses=("linear-risk-over-noise",),
    variants=(
        Variant(
            "first-dimension",
            "df1 = n in place of df2",
            (equal(v.noise_trace, _n / (_n - _df2)),),
            tell="anywhere",
        ),
        Variant("no-factor", "df2/n", (equal(v.noise_trace, _df2 / _n),), tell="anywhere"),
        Variant("isotropic", "n/(d - n)", (equal(v.noise_trace, v.gamma / (1 - v.gamma)),), tell="anisotropic inputs"),
    ),
)

RESOLUTION_NOISE_NORM = Claim(
    id="linear-resolution-noise-norm",
    title="For any covariance the fitted noise has squared norm sigma^2/kappa",
    source=SOURCE,
    experiment="linear.finetune",
    quantifier=Limit(),
    domain=SPECTRA.with_ranges(direction="uniform"),
    statements=(equal(v.pinv_trace * _kappa, Integer(1)),),
    steps=resolution_steps.NOISE_NORM,
    corollaries=resolution_steps.NOISE_NORM_COROLLARIES,
    variants=(
        Variant(
            "mean-eigenvalue",
            "kappa = tr Sigma/n",
            (equal(1 / (v.pinv_trace * v.kappa_bound), Integer(1)),),
            domain=SPECTRA.with_ranges(direction="uniform", spectrum="spiked"),
            tell="any spectrum: kappa is below tr Sigma/n",
        ),
    ),
)

RESOLUTION_OVERLAP = Claim(
    id="linear-resolution-overlap",
    title="Outside the span two vectors overlap by kappa sum_i u_i w_i/(l_i + kappa)",
    source=SOURCE,
    experiment="linear.finetune",
    quantifier=Limit(),
    domain=SPECTRA.with_ranges(theta=real_range(pi / 6, pi / 3)),
    statements=(equal(v.perp_product, _kappa * v.shrunk_product),),
    steps=resolution_steps.OVERLAP,
    variants=(
        Variant(
            "isotropic",
            "the share 1 - n/d of their product",
            (equal(v.perp_product, (1 - v.gamma) * v.source_norm * v.target_norm * cos(v.theta)),),
            tell="vectors that are not spread evenly over the eigen-directions",
        ),
        Variant(
            "bound",
            "with tr Sigma/n in place of kappa in front",
            (equal(v.perp_product, v.kappa_bound * v.shrunk_product),),
            domain=SPECTRA.with_ranges(theta=real_range(pi / 6, pi / 3), spectrum="spiked"),
            tell="any spectrum: kappa is below tr Sigma/n",
        ),
    ),
)
