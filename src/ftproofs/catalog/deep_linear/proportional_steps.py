"""The steps to depth-L fine-tuning's risk as dimension grows: the law of each draw, at the limits (handbook A7)."""

from __future__ import annotations

from sympy import Eq, Expr, Integer, Limit, Rational, Symbol, cos, oo, sqrt

from ftproofs.catalog.deep_linear import endpoint_steps
from ftproofs.claim import Step
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.functions import depth_equation
from ftproofs.symbolic.identities import Generic
from ftproofs.symbolic.instances import Setting
from ftproofs.symbolic.limits import TakeLimit
from ftproofs.symbolic.methods import Algebra, Certificate, Monotone, Part, Under
from ftproofs.symbolic.resolution import (
    isotropic_depth_factor,
    isotropic_depth_risk,
    isotropic_noise_limit,
)
from ftproofs.symbolic.vocabulary import equal, v

L, s, tau, sigma, gamma, rho = v.L, v.source_norm, v.target_norm, v.sigma, v.gamma, cos(v.theta)
A, b, c = v.min_norm, v.perp_source_norm, v.perp_ratio

FACTOR = isotropic_depth_factor(L, gamma, s, tau, sigma)
_noise = isotropic_noise_limit(gamma)
_fit, _outside = sqrt(gamma * tau**2 + sigma**2 * _noise), sqrt(1 - gamma) * s

#: In every draw: where fine-tuning ends, and the risk there.
LAW = endpoint_steps.ENDPOINT
FIT = Step(
    "fit-limit",
    "the fit's squared norm is its mean over the noise",
    equal(A**2, v.par_target_norm**2 + sigma**2 * v.pinv_trace),
    Axiom("noise-concentration", (A**2, v.par_target_norm**2 + sigma**2 * v.pinv_trace)),
)


_c = endpoint_steps._c
SAME_FACTOR = Step(
    "same-factor",
    "the factor in the risk is that one",
    equal(_c, FACTOR),
    Certificate((Part(1, ("factor-limit",)), Part(-1, ("factor-read",)))),
    ("factor-limit", "factor-read"),
)


def overlap(id: str, says: str, name: Expr, value: Expr) -> Step:
    return Step(id, says, equal(name, value), Axiom("haar-overlap", (name,)))


RISK = (
    *LAW,
    FIT,
    Step("gram", "for isotropic inputs", equal(v.pinv_trace, m.gram_inverse_trace), Generic()),
    Step("gram-noise", "and in the risk", equal(v.noise_trace, m.gram_inverse_trace), Generic()),
    Step("gram-limit", "its limit", equal(m.gram_inverse_trace, _noise), Axiom("inverse-gram-limit")),
    overlap("target-inside", "the target's part inside the span", v.par_target_norm**2, gamma * tau**2),
    overlap("target-outside", "and outside", v.perp_target_norm**2, (1 - gamma) * tau**2),
    overlap("source-limit", "the source's part outside", b**2, (1 - gamma) * s**2),
    overlap("product", "their product there", v.perp_product, (1 - gamma) * s * tau * rho),
    Step(
        "fit-squared",
        "the fit's squared norm",
        equal(A**2, gamma * tau**2 + sigma**2 * _noise),
        Algebra(),
        ("fit-limit", "target-inside", "gram", "gram-limit"),
    ),
    Step("fit", "the fit's norm", equal(A, _fit), Monotone("fit-squared", power=Rational(1, 2)), ("fit-squared",)),
    Step(
        "outside-limit",
        "the source's outside norm",
        equal(b, _outside),
        Monotone("source-limit", power=Rational(1, 2)),
        ("source-limit",),
    ),
    Step("factor-limit", "the factor", equal(c, FACTOR), Algebra(), ("root", "fit", "outside-limit")),
    Step(
        "risk-parts",
        "the risk in parts: for isotropic inputs the noise lies inside the span",
        equal(v.risk, v.perp_target_norm**2 - 2 * _c * v.perp_product + _c**2 * b**2 + v.noise_risk),
        Generic(),
        ("endpoint",),
    ),
    SAME_FACTOR,
    Step(
        "noise-risk",
        "the fitted noise's risk is its mean over the noise",
        equal(v.noise_risk, sigma**2 * v.noise_trace),
        Axiom("noise-concentration", (v.noise_risk, sigma**2 * v.noise_trace)),
    ),
    Step(
        "risk",
        "the risk",
        equal(v.risk, isotropic_depth_risk(FACTOR, gamma, s, tau, rho, sigma)),
        Algebra(),
        (
            "risk-parts",
            "target-outside",
            "product",
            "source-limit",
            "noise-risk",
            "gram-noise",
            "gram-limit",
            "same-factor",
        ),
    ),
)

_star = rho * tau / s
_linear = isotropic_depth_risk(1, gamma, s, tau, rho, sigma)

_one, _two, _OF = Eq(L, 1), Eq(L, 2), ("factor-limit",)
_many, _noisy = Symbol("D", positive=True), Symbol("sigma_plus", positive=True)
_at_one = depth_equation(1, L, _fit, _outside, s)
#: The right side of the factor's equation with noise, its root near n = d, and what they are to one another.
_side = gamma * tau**2 + _noisy**2 * _noise + (1 - gamma) * s**2 * c**2
_near = (_noisy**2 * _many / s**2) ** ((L - 1) / (2 * L))
_near_quotient = (1 - 1 / _many) * (1 + tau**2 / (_noisy**2 * _many)) + (s**2 / (_noisy**2 * _many)) ** (1 / L) / _many

RISK_COROLLARIES = (
    Step(
        "one-layer",
        "L = 1: linear regression, with the teachers' squared difference",
        equal(_linear, (1 - gamma) * (s**2 + tau**2 - 2 * rho * s * tau) + sigma**2 * _noise),
        Algebra(),
    ),
    Step(
        "no-depth",
        "without noise and with equal norms c = 1 solves the equation at every depth",
        equal(depth_equation(1, L, sqrt(gamma) * s, _outside, s), 0),
        Algebra(),
    ),
    Step(
        "best-factor",
        "the least risk is at c = rho tau/s, so depth helps exactly when it brings c nearer to that",
        equal(
            isotropic_depth_risk(c, gamma, s, tau, rho, sigma) - isotropic_depth_risk(_star, gamma, s, tau, rho, sigma),
            (1 - gamma) * s**2 * (c - _star) ** 2,
        ),
        Algebra(),
    ),
    Step(
        "least-risk",
        "there it is (1 - gamma) tau^2 sin^2 theta, and the fitted noise",
        equal(
            isotropic_depth_risk(_star, gamma, s, tau, rho, sigma),
            (1 - gamma) * tau**2 * (1 - rho**2) + sigma**2 * _noise,
        ),
        Algebra(),
    ),
    Step(
        "one-layer-factor", "whose factor is 1", equal(c, 1), Under(_one, Setting("factor-limit", L, Integer(1))), _OF
    ),
    Step(
        "two-layers",
        "L = 2: the root of a quadratic",
        equal(c, FACTOR.subs(L, 2)),
        Under(_two, Setting("factor-limit", L, Integer(2))),
        _OF,
    ),
    Step(
        "two-layers-quadratic",
        "which is this one, for the square",
        equal(c**4 * s**2, gamma * tau**2 + sigma**2 * _noise + c**2 * (1 - gamma) * s**2),
        Under(_two, Algebra()),
        ("two-layers",),
    ),
    Step(
        "few-samples",
        "with gamma = 1/D and D growing c = 1 comes to solve the equation at every finite depth: nothing changes",
        equal(Limit(_at_one.subs(gamma, 1 / _many), _many, oo), 0),
        TakeLimit(),
    ),
    Step(
        "near-interpolation",
        "with gamma = 1 - 1/D the sides' quotient at c = (sigma^2 D/s^2)^((L-1)/(2L)) is this",
        equal(
            _side.subs(c, _near).subs(gamma, 1 - 1 / _many) / (_near ** (2 * L / (L - 1)) * s**2),
            _near_quotient,
        ),
        Algebra(),
    ),
    Step(
        "near-interpolation-root",
        "and tends to 1: c is that, to leading order",
        equal(Limit(_near_quotient, _many, oo), 1),
        TakeLimit(),
    ),
    Step(
        "near-interpolation-risk",
        "so that with noise the risk's part outside the span falls only like (1 - gamma)^(1/L)",
        equal(_near**2 * s**2 / _many, s ** (2 / L) * _noisy ** (2 * (L - 1) / L) * _many ** (-1 / L)),
        Algebra(),
    ),
)
