"""Bounds on the risk of fine-tuning with explicit constants (handbook A5).

A bound is stated for every draw, or with a probability that is an expression in the number
of standard deviations allowed.  Paper A's own bound has an absolute constant that is not
specified: nothing can check it, and what is checked is the identity it rests on.
"""

from sympy import Integer, Rational, exp, pi, sqrt

from ftproofs.catalog.linear import bounds_steps, escape_steps, variance_bound_steps
from ftproofs.claim import Claim, Domain, Each, Probability, Source, Variant, log_range, real_range
from ftproofs.symbolic import bounds
from ftproofs.symbolic.vocabulary import at_most, equal, v

TASKS = Source("arXiv:2107.01641", "linear regression: bounds on the risk of fine-tuning")
EXTREMES = Source("Davidson, Szarek 2001", "singular values of Gaussian matrices")
ESCAPE = Source("Gordon 1988", "escape of a random subspace through a set")

_rho, _l, _t = v.split_ratio, v.tail_eigenvalue, v.deviation
_FACTOR = bounds.factor(_l, _rho)
_REACH = bounds.reach(v.tail_delta_norm, _rho, v.white_head_delta_norm)

# -- every draw (A5a) -------------------------------------------------------------

#: Fewer samples than dimensions, no noise.
WIDE = Domain.of(
    n=(3, 20),
    d=(21, 48),
    theta=real_range(pi / 6, pi),
    source_norm=log_range(Rational(1, 2), 2),
    target_norm=log_range(Rational(1, 2), 2),
    spectrum=["power-law", "spiked", "isotropic"],
    alpha=real_range(Rational(1, 2), Rational(3, 2)),
    spikes=[5],
    spike_ratio=real_range(5, 20),
    direction=["uniform", "top", "tail"],
)
#: Any number of leading directions below that of the samples.
DRAWS = WIDE.with_ranges(split=(0, 12)).where(v.split <= v.n - 1)

SPLIT = Claim(
    id="linear-split-bound",
    title="In every draw the risk is bounded by the tail beyond any number of leading directions",
    source=TASKS,
    experiment="linear.bounds",
    quantifier=Each(),
    domain=DRAWS,
    statements=(
        at_most(v.risk, _FACTOR * v.perp_delta_norm**2),
        at_most(v.risk, _FACTOR * _REACH**2),
    ),
    steps=bounds_steps.SPLIT,
    uses=("linear-risk",),
    variants=(
        Variant(
            "no-tail-eigenvalue",
            "without the tail's largest eigenvalue",
            (at_most(v.risk, _rho**2 * v.perp_delta_norm**2),),
            domain=DRAWS.with_ranges(split=0),
            tell="no leading direction: the bound is 0",
        ),
        Variant(
            "covariance-for-inverse",
            "the leading part multiplied by Sigma^(1/2) instead of Sigma^(-1/2)",
            (at_most(v.risk, _FACTOR * bounds.reach(v.tail_delta_norm, _rho, v.sigma_head_delta_norm) ** 2),),
            domain=DRAWS.with_ranges(
                n=(12, 20),
                d=(24, 32),
                split=4,
                spectrum="spiked",
                spikes=48,
                spike_ratio=Rational(1, 100),
                direction="top",
            ),
            tell="a covariance of small scale, the difference in its leading directions",
        ),
        Variant(
            "leading-part-only",
            "the leading part of the difference alone",
            (at_most(v.risk, _FACTOR * bounds.reach(Integer(0), _rho, v.white_head_delta_norm) ** 2),),
            domain=DRAWS.with_ranges(direction="tail"),
            tell="a difference in the tail: the bound is 0",
        ),
    ),
)

# -- Gaussian extremes (A5b) ------------------------------------------------------

#: Enough samples, and leading eigenvalues so large that the bounds are below the trivial one.
EXTREME_DRAWS = Domain.of(
    n=(44, 60),
    d=(64, 80),
    split=[2, 3],
    deviation=real_range(Rational(3, 2), 2),
    theta=real_range(pi / 6, pi / 3),
    source_norm=log_range(Rational(1, 2), 2),
    spectrum="spiked",
    spikes=2,
    spike_ratio=real_range(60, 120),
).where(sqrt(v.n) - sqrt(v.split) - _t >= 3)

_BAR = bounds.split_ratio_bound(v.n, v.split, _t, _l, v.tail_trace)
_BAR_FACTOR = bounds.factor(_l, _BAR)

GAUSSIAN = Claim(
    id="linear-gaussian-bound",
    title="With Gaussian inputs the split bound holds with constants that only the spectrum enters",
    source=EXTREMES,
    experiment="linear.bounds",
    quantifier=Probability(1 - 2 * exp(-(_t**2) / 2)),
    domain=EXTREME_DRAWS,
    statements=(
        at_most(v.risk, _BAR_FACTOR * v.perp_delta_norm**2),
        at_most(v.risk, _BAR_FACTOR * bounds.reach(v.tail_delta_norm, _BAR, v.white_head_delta_norm) ** 2),
    ),
    steps=bounds_steps.EXTREMES,
    uses=("linear-split-bound",),
    variants=(
        Variant(
            "leading-part-only",
            "the leading part of the difference alone",
            (at_most(v.risk, _BAR_FACTOR * bounds.reach(Integer(0), _BAR, v.white_head_delta_norm) ** 2),),
            domain=EXTREME_DRAWS.with_ranges(direction="tail"),
            tell="a difference in the tail: the bound is 0",
        ),
    ),
)

# -- a null space that escapes (A5c, A5d) -----------------------------------------

ESCAPES = Domain.of(
    n=(32, 48),
    d=(52, 64),
    deviation=real_range(Rational(3, 2), Rational(5, 2)),
    theta=real_range(pi / 6, pi / 3),
    source_norm=log_range(Rational(1, 2), 2),
    spectrum="power-law",
    alpha=real_range(Rational(5, 4), 2),
    direction=["uniform", "top", "resolution", "tail"],
)
#: Nearly as many samples as dimensions: the largest risk per squared length is 1, and bounds are hardly above.
TIGHT = Domain.of(n=[38], d=[40], deviation=Rational(3, 2), theta=real_range(pi / 6, pi))

_LEVEL = Probability(1 - exp(-(_t**2) / 2))
_TRACE = bounds.trace_factor(v.n, _t, v.n * v.kappa_bound)

TRACE = Claim(
    id="linear-trace-bound",
    title="Outside the span no direction's risk exceeds the covariance's trace over about n",
    source=ESCAPE,
    experiment="linear.bounds",
    quantifier=_LEVEL,
    domain=ESCAPES,
    statements=(
        at_most(v.worst_perp_risk, _TRACE),
        at_most(v.risk, _TRACE * v.perp_delta_norm**2),
    ),
    steps=escape_steps.TRACE,
    uses=("linear-risk",),
    variants=(
        Variant(
            "halved",
            "half the bound",
            (at_most(v.worst_perp_risk, _TRACE / 2),),
            domain=TIGHT,
            tell="isotropic inputs, d below 2 (a_n - t)^2: the worst direction's risk is exactly 1",
        ),
        Variant(
            "resolution",
            "the resolution in place of the bound",
            (at_most(v.worst_perp_risk, v.kappa),),
            tell="anywhere: the worst direction is worse than typical ones",
        ),
    ),
)

LOCALISED = Claim(
    id="linear-localised-bound",
    title="Eigenvalues above the bound count as one each: the localised trace bound",
    source=ESCAPE,
    experiment="linear.bounds",
    quantifier=_LEVEL,
    domain=ESCAPES,
    statements=(
        at_most(v.worst_perp_risk, v.localised_bound),
        at_most(v.risk, v.localised_bound * v.perp_delta_norm**2),
    ),
    steps=escape_steps.LOCALISED,
    uses=("linear-risk",),
    variants=(
        Variant(
            "quarter",
            "a quarter of the bound",
            (at_most(v.worst_perp_risk, v.localised_bound / 4),),
            domain=TIGHT,
            tell="isotropic inputs with hardly fewer samples than dimensions",
        ),
    ),
)

# -- the fitted noise (A5e) ---------------------------------------------------------

#: All spikes lead, and so many directions follow that the tail acts as a ridge.
NOISE_DRAWS = Domain.of(
    n=(40, 60),
    d=(220, 280),
    split=[2, 3],
    deviation=real_range(Rational(11, 5), 3),
    theta=real_range(pi / 6, pi),
    spectrum="spiked",
    spikes=2,
    spike_ratio=log_range(1, 100),
).where(sqrt(v.n) - sqrt(v.split) - _t >= 1, sqrt(v.d - v.split - 1) - sqrt(v.n) - _t >= 1)

_NOISE = bounds.variance_bound(v.n, v.split, _t, _l, v.tail_trace, v.tail_square, v.tail_fourth)

VARIANCE = Claim(
    id="linear-variance-bound",
    title="The fitted noise is bounded by the leading directions' number and the tail's squared eigenvalues",
    source=Source("Bartlett, Long, Lugosi, Tsigler 2020", "benign overfitting: the variance; constants written out"),
    experiment="linear.bounds",
    quantifier=Probability(1 - 5 * exp(-(_t**2) / 2)),
    domain=NOISE_DRAWS,
    statements=(at_most(v.noise_trace, _NOISE),),
    steps=variance_bound_steps.VARIANCE,
    variants=(
        Variant(
            "too-few-samples",
            "also where sqrt(n) - sqrt(k) < t",
            domain=Domain.of(
                n=10,
                d=(1200, 1600),
                split=8,
                deviation=real_range(7, 8),
                theta=real_range(pi / 6, pi),
                spectrum="spiked",
                spikes=8,
                spike_ratio=10**6,
            ),
            tell="a negative base whose fourth power hides it",
        ),
    ),
)

# -- paper A's form ---------------------------------------------------------------

CENTRED = Claim(
    id="linear-centred-risk",
    title="The risk is a form of the sampling error: Sigma minus the empirical covariance, outside the span",
    source=Source(
        "arXiv:2107.01641",
        "the identity behind its bound; the bound's absolute constant is not specified and therefore not checked",
    ),
    experiment="linear.bounds",
    quantifier=Each(),
    domain=WIDE,
    statements=(equal(v.risk, v.centred_delta_risk),),
    steps=bounds_steps.CENTRED,
    uses=("linear-risk",),
    variants=(
        Variant(
            "no-projectors",
            "of the whole difference instead of its part outside the span",
            (equal(v.risk, v.start_risk - 2 * v.initial_loss),),
            tell="anywhere: inside the span the sampling error is fitted",
        ),
    ),
)
