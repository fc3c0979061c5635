"""The risk of depth-L fine-tuning as dimension grows at fixed n/d (handbook A7)."""

from sympy import Integer, Rational, cos, log, oo, pi
from sympy import Limit as LimitOf

from ftproofs.catalog.deep_linear import anisotropic_steps, infinite_depth_steps, proportional_steps
from ftproofs.catalog.deep_linear.anisotropic_steps import FACTOR_ANY, relative_risk
from ftproofs.catalog.deep_linear.endpoint import ROOT
from ftproofs.catalog.deep_linear.trajectory import NETWORKS
from ftproofs.claim import Claim, Domain, Each, Limit, Source, Statement, Variant, log_range, real_range
from ftproofs.symbolic.resolution import (
    isotropic_depth_factor,
    isotropic_depth_risk,
    isotropic_infinite_depth_factor,
)
from ftproofs.symbolic.vocabulary import at_most, equal, v

SOURCE = Source("arXiv:2107.01641", "deep linear networks: fine-tuning in the proportional limit")

L, s, tau, sigma, gamma, rho = v.L, v.source_norm, v.target_norm, v.sigma, v.gamma, cos(v.theta)

TASKS = Domain.of(
    gamma=real_range(Rational(1, 10), Rational(3, 5)),
    theta=real_range(0, pi),
    source_norm=log_range(Rational(1, 2), 2),
    target_norm=log_range(Rational(1, 2), 2),
    sigma=real_range(0, 1),
)
PROPORTIONAL = TASKS.with_ranges(L=[1, 2, 3])
DEEP = PROPORTIONAL.with_ranges(L=[2, 3])

FACTOR = isotropic_depth_factor(L, gamma, s, tau, sigma)


def _risk(c: object) -> Statement:
    return equal(v.risk, isotropic_depth_risk(c, gamma, s, tau, rho, sigma))


PROPORTIONAL_RISK = Claim(
    id="deep-linear-proportional-risk",
    title="The risk of depth-L fine-tuning in the proportional limit",
    source=SOURCE,
    experiment="deep-linear.finetune",
    quantifier=Limit(),
    domain=PROPORTIONAL,
    statements=(equal(v.perp_ratio, FACTOR), _risk(FACTOR)),
    steps=proportional_steps.RISK,
    corollaries=proportional_steps.RISK_COROLLARIES,
    uses=("deep-linear-endpoint",),
    variants=(
        Variant("no-depth", "depth has no effect: c = 1", (_risk(1),), domain=DEEP, tell="L >= 2, noise"),
        Variant(
            "infinite-depth",
            "every depth has the risk of infinite depth",
            (_risk(isotropic_infinite_depth_factor(gamma, s, tau, sigma)),),
            tell="finite L",
        ),
        Variant(
            "noiseless-factor",
            "c as without label noise",
            (_risk(isotropic_depth_factor(L, gamma, s, tau, 0)),),
            domain=DEEP.with_ranges(sigma=real_range(Rational(1, 2), 1)),
            tell="sigma > 0",
        ),
        Variant(
            "difference-only",
            "the risk depends on the teachers' difference only",
            (
                equal(
                    v.risk,
                    (1 - gamma) * (s**2 + tau**2 - 2 * rho * s * tau) + sigma**2 * gamma / (1 - gamma),
                ),
            ),
            domain=DEEP,
            tell="norms that differ, or noise",
        ),
        Variant(
            "depth-helps",
            "depth always helps",
            (at_most(v.risk, isotropic_depth_risk(1, gamma, s, tau, rho, sigma)),),
            domain=DEEP.with_ranges(
                source_norm=1, target_norm=1, theta=real_range(pi / 3, pi), sigma=real_range(Rational(1, 2), 1)
            ),
            tell="noise makes c larger, away from a small rho",
        ),
    ),
)

ANY_COVARIANCE = PROPORTIONAL.with_ranges(
    gamma=real_range(Rational(1, 10), Rational(1, 2)),
    sigma=real_range(0, Rational(1, 2)),
    theta=real_range(pi / 6, pi),
    spectrum=["power-law", "spiked"],
    alpha=real_range(Rational(1, 2), Rational(5, 4)),
    spikes=[5],
    spike_ratio=real_range(5, 20),
    direction=["uniform", "top", "resolution", "tail"],
)

PROPORTIONAL_ANISOTROPIC = Claim(
    id="deep-linear-proportional-anisotropic",
    title="The risk of depth-L fine-tuning for any covariance",
    source=SOURCE,
    experiment="deep-linear.finetune",
    quantifier=Limit(),
    domain=ANY_COVARIANCE,
    statements=(equal(v.perp_ratio / FACTOR_ANY, 1), relative_risk(FACTOR_ANY)),
    steps=anisotropic_steps.ANISOTROPIC,
    corollaries=anisotropic_steps.ANISOTROPIC_COROLLARIES,
    uses=("deep-linear-endpoint", "linear-resolution-bias", "linear-resolution-variance"),
    variants=(
        Variant(
            "no-depth",
            "depth has no effect: c = 1",
            (relative_risk(Integer(1)),),
            domain=ANY_COVARIANCE.with_ranges(L=[2, 3], sigma=real_range(Rational(1, 4), Rational(1, 2))),
            tell="L >= 2, noise",
        ),
        Variant(
            "no-factor", "without the factor 1/(1 - df2/n)", (relative_risk(FACTOR_ANY, Integer(1)),), tell="anywhere"
        ),
        Variant(
            "isotropic-factor",
            "c as for isotropic inputs",
            (equal(v.perp_ratio / FACTOR, 1),),
            # Teachers spread evenly, or few spikes among many directions, have the isotropic overlaps in the limit.
            domain=ANY_COVARIANCE.with_ranges(
                L=[2, 3],
                spectrum="power-law",
                alpha=real_range(Rational(3, 4), Rational(5, 4)),
                direction="top",
                theta=real_range(5 * pi / 6, pi),
                source_norm=1,
                target_norm=real_range(Rational(3, 2), 2),
                sigma=0,
            ),
            tell="teachers of different norms in the leading eigen-directions",
        ),
    ),
)

PROPORTIONAL_INFINITE_DEPTH = Claim(
    id="deep-linear-proportional-infinite-depth",
    title="In the proportional limit only the source's direction matters at infinite depth",
    source=SOURCE,
    experiment="deep-linear.finetune",
    quantifier=Limit(),
    domain=PROPORTIONAL,
    statements=(equal(LimitOf(ROOT, L, oo), isotropic_infinite_depth_factor(gamma, s, tau, sigma)),),
    steps=infinite_depth_steps.INFINITE_DEPTH_RISK,
    corollaries=infinite_depth_steps.INFINITE_DEPTH_COROLLARIES,
    uses=("deep-linear-infinite-depth", "deep-linear-proportional-risk"),
    untrained="a network of infinite depth cannot be trained",
)

_c = v.min_norm / v.par_source_norm
_INFINITE = v.perp_target_norm**2 - 2 * _c * v.perp_product + _c**2 * v.perp_source_norm**2 + v.noise_risk
_c_oo = isotropic_infinite_depth_factor(gamma, s, tau, sigma)


def _infinite(c: object) -> Statement:
    return equal(_INFINITE, isotropic_depth_risk(c, gamma, s, tau, rho, sigma))


#: The factor is one over the source's part along the data: of few samples that has no moments.
SAMPLED = TASKS.with_ranges(gamma=real_range(Rational(1, 5), Rational(3, 5)))


PROPORTIONAL_INFINITE_RISK = Claim(
    id="deep-linear-proportional-infinite-risk",
    title="The risk that infinite depth would have, in the proportional limit",
    source=SOURCE,
    experiment="linear.finetune",  # read off the data alone, where training is cheap
    quantifier=Limit(samples=8),
    domain=SAMPLED,
    statements=(equal(_c, _c_oo), _infinite(_c_oo)),
    steps=infinite_depth_steps.INFINITE_RISK,
    corollaries=infinite_depth_steps.INFINITE_DEPTH_COROLLARIES,
    uses=("deep-linear-infinite-depth", "deep-linear-proportional-risk"),
    variants=(
        Variant(
            "noiseless-factor",
            "c = tau/s also with label noise",
            (equal(_c, tau / s),),
            domain=SAMPLED.with_ranges(sigma=real_range(Rational(1, 2), 1)),
            tell="sigma > 0",
        ),
        Variant(
            "sign",
            "without noise 2 (1 - gamma) tau^2 (1 + rho)",
            (equal(_INFINITE, 2 * (1 - gamma) * tau**2 * (1 + rho)),),
            domain=SAMPLED.with_ranges(sigma=0),
            tell="rho other than 0",
        ),
        Variant(
            "source-norm",
            "without noise 2 (1 - gamma) s^2 (1 - rho)",
            (equal(_INFINITE, 2 * (1 - gamma) * s**2 * (1 - rho)),),
            domain=SAMPLED.with_ranges(sigma=0, theta=real_range(pi / 3, pi)),
            tell="norms that differ",
        ),
    ),
)

DEPTH_CORRECTION = Claim(
    id="deep-linear-depth-correction",
    title="How fast infinite depth is approached: the coefficient of 1/L",
    source=SOURCE,
    experiment="deep-linear.finetune",
    quantifier=Each(),
    domain=NETWORKS,
    statements=(
        equal(
            LimitOf(L * (ROOT - v.min_norm / v.par_source_norm), L, oo),
            -(v.min_norm / v.par_source_norm) * (s / v.par_source_norm) ** 2 * log(v.min_norm / v.par_source_norm),
        ),
    ),
    steps=infinite_depth_steps.DEPTH_CORRECTION,
    uses=("deep-linear-infinite-depth",),
    untrained="a network of infinite depth cannot be trained",
)
