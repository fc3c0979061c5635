"""Linear transfer: a readout on the pretrained features (handbook B3, and B8 for rescaled targets)."""

from sympy import Abs, Rational, cos, pi, sin

from ftproofs.catalog.transfer import readout_steps as steps
from ftproofs.claim import Claim, Domain, Each, Limit, Mean, Source, Statement, Variant, log_range, real_range
from ftproofs.symbolic.transfer import readout_excess, readout_risk, ridge_limit, ridge_risk
from ftproofs.symbolic.vocabulary import equal, v

SOURCE = Source("arXiv:2410.08194", "linear transfer")

n, d, theta, tau, sigma, ridge = v.n, v.d, v.theta, v.target_norm, v.sigma, v.ridge
PENALTY = steps.PENALTY

#: The readout alone has no pole at n = d; what is trained from scratch beside it does.
READOUTS = Domain.of(
    n=(3, 48),
    d=(4, 60),
    L=[2, 3],
    theta=real_range(0, pi),
    source_norm=log_range(Rational(1, 2), 2),
    target_norm=log_range(Rational(1, 2), 2),
    sigma=real_range(0, 1),
    ridge=real_range(0, 1),
).where(Abs(n - d) >= 10)


def _coefficient(penalty: object) -> Statement:
    return equal(v.along_source, v.feature_product / (v.feature_energy + penalty))


READOUT = Claim(
    id="transfer-readout",
    title="A readout on features of rank one has one coefficient, and misses what lies across the source",
    source=SOURCE,
    experiment="transfer.linear",
    quantifier=Each(),
    domain=READOUTS,
    statements=(
        _coefficient(PENALTY),
        equal(v.risk, tau**2 * sin(theta) ** 2 + (v.along_source - tau * cos(theta)) ** 2),
    ),
    steps=steps.READOUT,
    variants=(
        Variant(
            "feature-norm",
            "ridge not scaled by the features' norm",
            (_coefficient(ridge),),
            domain=READOUTS.with_ranges(source_norm=2, ridge=real_range(Rational(1, 10), 1)),
            tell="source norms other than 1",
        ),
        Variant(
            "per-sample",
            "ridge that is not multiplied by the number of samples",
            (_coefficient(PENALTY / n),),
            domain=READOUTS.with_ranges(ridge=real_range(Rational(1, 10), 1)),
            tell="n > 1",
        ),
    ),
)

#: From n = 9 on the fourth moment of the risk is finite.
PLAIN = READOUTS.with_ranges(n=(10, 48), ridge=0)


def _mean(floor: object, noise: object) -> Statement:
    return equal(v.risk, floor + noise)  # type: ignore[operator]


_floor = tau**2 * sin(theta) ** 2
_noise = sigma**2 + _floor

READOUT_MEAN = Claim(
    id="transfer-readout-mean",
    title="The mean risk of linear transfer is exact for every number of samples",
    source=SOURCE,
    experiment="transfer.linear",
    quantifier=Mean(),
    domain=PLAIN,
    statements=(equal(v.risk, readout_risk(n, theta, tau, sigma)),),
    steps=steps.MEAN,
    corollaries=steps.MEAN_COROLLARIES,
    uses=("transfer-readout",),
    variants=(
        Variant(
            "noise-only",
            "only label noise is fitted",
            (_mean(_floor, sigma**2 / (n - 2)),),
            domain=PLAIN.with_ranges(n=(12, 16), theta=real_range(pi / 3, 2 * pi / 3), sigma=0),
            tell="few samples, angles other than 0",
        ),
        Variant(
            "one-degree-less",
            "n - 1 in place of n - 2",
            (_mean(_floor, _noise / (n - 1)),),
            domain=READOUTS.with_ranges(
                n=[6, 7], d=(17, 24), theta=[0, pi], ridge=0, sigma=real_range(Rational(1, 2), 1)
            ),
            tell="few samples",
        ),
        Variant(
            "no-degree-less",
            "n in place of n - 2",
            (_mean(_floor, _noise / n),),
            domain=READOUTS.with_ranges(
                n=[6, 7, 8], d=(18, 24), theta=[0, pi], ridge=0, sigma=real_range(Rational(1, 2), 1)
            ),
            tell="few samples",
        ),
        Variant(
            "cosine-floor",
            "the squared cosine as the floor",
            (_mean(tau**2 * cos(theta) ** 2, (sigma**2 + tau**2 * cos(theta) ** 2) / (n - 2)),),
            domain=PLAIN.with_ranges(theta=real_range(0, pi / 6)),
            tell="angles other than 45 degrees",
        ),
    ),
)

READOUT_VARIANCE = Claim(
    id="transfer-readout-variance",
    title="The mean square of what its risk has beyond the floor, and so its variance",
    source=SOURCE,
    experiment="transfer.linear",
    # A square of squares: its own spread is four times its mean, with fewer samples more. The low budget's draws
    # leave it undecided on about one seed in forty.
    quantifier=Mean(tolerance=0.1, end_to_end=0.5),
    domain=PLAIN.with_ranges(n=(40, 72), d=(4, 24), sigma=real_range(Rational(1, 2), 1)),
    statements=(equal(v.excess_risk**2, readout_excess(n, theta, tau, sigma)),),
    steps=steps.VARIANCE,
    corollaries=steps.VARIANCE_COROLLARIES,
    uses=("transfer-readout-mean",),
)

RIDGES = READOUTS.with_ranges(ridge=real_range(Rational(1, 10), 1), n=(8, 30), sigma=real_range(0, Rational(1, 2)))

READOUT_RIDGE = Claim(
    id="transfer-readout-ridge",
    title="The mean risk of linear transfer with ridge, by one-dimensional integrals",
    source=SOURCE,
    experiment="transfer.linear",
    quantifier=Mean(),
    domain=RIDGES,
    statements=(equal(v.risk, ridge_risk(n, theta, tau, sigma, PENALTY)),),
    steps=steps.RIDGE,
    uses=("transfer-readout",),
    variants=(
        Variant(
            "asymptotic",
            "the limit of many samples at every size",
            (equal(v.risk, ridge_limit(theta, tau, PENALTY)),),
            domain=RIDGES.with_ranges(n=(8, 12), sigma=real_range(Rational(1, 2), 1)),
            tell="few samples and noise",
        ),
    ),
)

MANY = Domain.of(
    gamma=real_range(Rational(1, 2), 2),
    L=[2, 3],
    theta=real_range(0, pi),
    source_norm=log_range(Rational(1, 2), 2),
    target_norm=log_range(Rational(1, 2), 2),
    sigma=real_range(0, Rational(1, 2)),
    ridge=real_range(Rational(1, 10), 1),
)


def _ridge(kept: object) -> Statement:
    return equal(v.risk, tau**2 * (1 - kept * cos(theta) ** 2))


READOUT_RIDGE_LIMIT = Claim(
    id="transfer-readout-ridge-limit",
    title="With many samples ridge only adds to the floor",
    source=SOURCE,
    experiment="transfer.linear",
    quantifier=Limit(),
    domain=MANY.with_ranges(gamma=[Rational(1, 4), Rational(1, 2), Rational(3, 2)]),
    statements=(equal(v.risk, ridge_limit(theta, tau, PENALTY)),),
    steps=steps.RIDGE_LIMIT,
    corollaries=steps.RIDGE_COROLLARIES,
    uses=("transfer-readout",),
    variants=(
        Variant(
            "half-kept",
            "(1 + l)/(1 + l)^2 of the squared cosine is kept",
            (_ridge((1 + PENALTY) / (1 + PENALTY) ** 2),),
            tell="angles other than 90 degrees",
        ),
        Variant(
            "first-power",
            "(1 + 2 l)/(1 + l) of it",
            (_ridge((1 + 2 * PENALTY) / (1 + PENALTY)),),
            tell="angles other than 90 degrees",
        ),
    ),
)

RESCALED = Claim(
    id="transfer-rescaled-readout",
    title="Linear transfer does not see the scale or sign of a rescaled target",
    source=Source("arXiv:2410.08194", "rescaled teachers"),
    experiment="transfer.linear",
    quantifier=Mean(),
    domain=PLAIN.with_ranges(theta=[0, pi], sigma=real_range(Rational(1, 2), 1)),
    statements=(equal(v.risk, sigma**2 / (n - 2)),),
    steps=steps.COLLINEAR,
    uses=("transfer-readout-mean",),
    variants=(
        Variant(
            "needs-one-sign",
            "with opposite teachers it learns nothing",
            (equal(v.risk, tau**2 + sigma**2 / (n - 2)),),
            domain=PLAIN.with_ranges(theta=[pi]),
            tell="opposite teachers",
        ),
    ),
)

CLAIMS = (READOUT, READOUT_MEAN, READOUT_VARIANCE, READOUT_RIDGE, READOUT_RIDGE_LIMIT, RESCALED)
