"""The risk of depth-L fine-tuning as dimension grows at fixed n/d (handbook A7)."""

from sympy import Limit as LimitOf
from sympy import Rational, cos, log, oo, pi

from ftproofs.catalog.deep_linear import proportional_steps
from ftproofs.catalog.deep_linear.endpoint import ROOT
from ftproofs.catalog.deep_linear.trajectory import NETWORKS
from ftproofs.claim import Claim, Domain, Each, Limit, Source, Statement, Variant, log_range, real_range
from ftproofs.symbolic.resolution import (
    isotropic_depth_factor,
    isotropic_depth_risk,
    isotropic_infinite_depth_factor,
)
from ftproofs.symbolic.vocabulary import equal, v

SOURCE = Source("arXiv:2107.01641", "deep linear networks: fine-tuning in the proportional limit")

L, s, tau, sigma, gamma, rho = v.L, v.source_norm, v.target_norm, v.sigma, v.gamma, cos(v.theta)

PROPORTIONAL = Domain.of(
    gamma=real_range(Rational(1, 10), Rational(3, 5)),
    L=[1, 2, 3],
    theta=real_range(0, pi),
    source_norm=log_range(Rational(1, 2), 2),
    target_norm=log_range(Rational(1, 2), 2),
    sigma=real_range(0, 1),
)
DEEP = PROPORTIONAL.with_ranges(L=[2, 3])

FACTOR = isotropic_depth_factor(L, gamma, s, tau, sigma)


def _risk(c: object) -> Statement:
    return equal(v.risk, isotropic_depth_risk(c, gamma, s, tau, rho, sigma))


PROPORTIONAL_RISK = Claim(
    id="deep-linear-proportional-risk",
    title="The risk of depth-L fine-tuning in the proportional limit",
    source=SOURCE,
    experiment="deep-linear.finetune",
    quantifier=Limit(tolerance=0.05),
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
    steps=proportional_steps.INFINITE_DEPTH_RISK,
    corollaries=proportional_steps.INFINITE_DEPTH_COROLLARIES,
    uses=("deep-linear-infinite-depth", "deep-linear-proportional-risk"),
    untrained="a network of infinite depth cannot be trained",
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
    steps=proportional_steps.DEPTH_CORRECTION,
    uses=("deep-linear-infinite-depth",),
    untrained="a network of infinite depth cannot be trained",
)
