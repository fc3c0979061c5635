"""The steps to infinite depth in the proportional limit, and to the first correction in 1/L (handbook A6, A7)."""

from __future__ import annotations

from sympy import Derivative, Function, Integer, Limit, Rational, Symbol, cos, log, oo, sqrt

from ftproofs.catalog.deep_linear.endpoint_steps import INFINITE_DEPTH, ROOT
from ftproofs.catalog.deep_linear.proportional_steps import FIT, overlap
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.differentiation import Differentiate
from ftproofs.symbolic.identities import Generic
from ftproofs.symbolic.instances import Instance
from ftproofs.symbolic.limits import TakeLimit
from ftproofs.symbolic.methods import Algebra, Certificate, Let, Monotone, Part
from ftproofs.symbolic.resolution import (
    isotropic_depth_risk,
    isotropic_infinite_depth_factor,
    isotropic_noise_limit,
)
from ftproofs.symbolic.trajectory import t
from ftproofs.symbolic.vocabulary import equal, v

_many = Symbol("D", positive=True)
L, s, tau, sigma, gamma, rho = v.L, v.source_norm, v.target_norm, v.sigma, v.gamma, cos(v.theta)
A, b, c = v.min_norm, v.perp_source_norm, v.perp_ratio
_noise = isotropic_noise_limit(gamma)
_fit = sqrt(gamma * tau**2 + sigma**2 * _noise)

_c_oo = isotropic_infinite_depth_factor(gamma, s, tau, sigma)
_inside_limit = sqrt(gamma) * s

INFINITE_DEPTH_RISK = (
    *INFINITE_DEPTH,
    FIT,
    Step("gram", "for isotropic inputs", equal(v.pinv_trace, m.gram_inverse_trace), Generic()),
    Step("gram-limit", "its limit", equal(m.gram_inverse_trace, _noise), Axiom("inverse-gram-limit")),
    overlap("target-inside", "the target's part inside the span", v.par_target_norm**2, gamma * tau**2),
    overlap("source-limit", "the source's part outside", b**2, (1 - gamma) * s**2),
    Step(
        "fit-squared",
        "the fit's squared norm",
        equal(A**2, gamma * tau**2 + sigma**2 * _noise),
        Algebra(),
        ("fit-limit", "target-inside", "gram", "gram-limit"),
    ),
    Step("fit", "the fit's norm", equal(A, _fit), Monotone("fit-squared", power=Rational(1, 2)), ("fit-squared",)),
    Step(
        "factor",
        "the factor at infinite depth",
        equal(Limit(ROOT, L, oo), _c_oo),
        Algebra(),
        ("infinite-depth", "fit", "source-limit"),
    ),
)

INFINITE_DEPTH_COROLLARIES = (
    Step(
        "noiseless",
        "without noise the risk is 2 (1 - gamma) tau^2 (1 - rho), whatever the source's norm",
        equal(
            isotropic_depth_risk(isotropic_infinite_depth_factor(gamma, s, tau, 0), gamma, s, tau, rho, 0),
            2 * (1 - gamma) * tau**2 * (1 - rho),
        ),
        Algebra(),
    ),
    Step(
        "few-samples",
        "with gamma = 1/D and D growing it tends to this, and not to 1 as at every finite depth",
        equal(Limit(_c_oo.subs(gamma, 1 / _many), _many, oo), sqrt(tau**2 + sigma**2) / s),
        TakeLimit(),
    ),
    Step(
        "near-interpolation",
        "near n = d the risk's part outside the span tends to sigma^2",
        equal(Limit((1 / _many) * (_c_oo.subs(gamma, 1 - 1 / _many) * s) ** 2, _many, oo), sigma**2),
        TakeLimit(),
    ),
)

_read = A / v.par_source_norm

INFINITE_RISK = (
    *(step for step in INFINITE_DEPTH if step.id.startswith("positive") or step.id == "inside-outside"),
    *INFINITE_DEPTH_RISK[len(INFINITE_DEPTH) : -1],
    Step(
        "inside-squared",
        "the source's squared norm inside the span",
        equal(v.par_source_norm**2, s**2 - b**2),
        Generic(),
    ),
    Step(
        "inside-limit",
        "in the limit",
        equal(v.par_source_norm**2, gamma * s**2),
        Algebra(),
        ("inside-squared", "source-limit"),
    ),
    Step(
        "inside",
        "its norm",
        equal(v.par_source_norm, _inside_limit),
        Monotone("inside-limit", power=Rational(1, 2)),
        ("inside-limit",),
    ),
    Step("factor", "the factor at infinite depth", equal(_read, _c_oo), Algebra(), ("fit", "inside")),
    overlap("target-outside", "the target's part outside", v.perp_target_norm**2, (1 - gamma) * tau**2),
    overlap("product", "the parts' product", v.perp_product, (1 - gamma) * s * tau * rho),
    Step("gram-noise", "the fitted noise in the risk", equal(v.noise_trace, m.gram_inverse_trace), Generic()),
    Step(
        "noise-risk",
        "is its mean over the noise",
        equal(v.noise_risk, sigma**2 * v.noise_trace),
        Axiom("noise-concentration", (v.noise_risk, sigma**2 * v.noise_trace)),
    ),
    Step(
        "risk",
        "the risk",
        equal(
            v.perp_target_norm**2 - 2 * _read * v.perp_product + _read**2 * b**2 + v.noise_risk,
            isotropic_depth_risk(_c_oo, gamma, s, tau, rho, sigma),
        ),
        Algebra(),
        ("target-outside", "product", "source-limit", "noise-risk", "gram-noise", "gram-limit", "fit", "inside"),
    ),
)

# -- the first correction in 1/L ----------------------------------------------

#: The root as a function of x = 1/(L - 1), which is 1/L up to its square.
_x = t
_z = Function("root_along", positive=True)
_slope_z = Function("root_slope", real=True)
_log_gap = (2 + 2 * _x) * log(_z(_x)) + 2 * log(s) - log(A**2 + _z(_x) ** 2 * b**2)
_weight = (2 * A**2 * (1 + _x) + 2 * _x * _z(_x) ** 2 * b**2) / (_z(_x) * (A**2 + _z(_x) ** 2 * b**2))
_rate = -2 * log(_z(_x)) / _weight
_p = v.par_source_norm
FIRST_ORDER = -(A / _p) * (s / _p) ** 2 * log(A / _p)

DEPTH_CORRECTION = (
    *INFINITE_DEPTH,
    Step(
        "equation",
        "along x = 1/(L - 1) the root keeps solving its equation",
        Statement(Derivative(_log_gap, _x), "==", Integer(0)),
        Axiom("root-along-depth", ("equation",)),
    ),
    Step(
        "equation-along",
        "the equation's slope",
        Statement(Derivative(_log_gap, _x), "==", 2 * log(_z(_x)) + _weight * Derivative(_z(_x), _x)),
        Differentiate(),
        ("positive-min_norm",),
    ),
    Step(
        "root-slope",
        "so the root moves like this",
        Statement(Derivative(_z(_x), _x), "==", _rate),
        Certificate((Part(-1 / _weight, ("equation-along",)), Part(1 / _weight, ("equation",)))),
        ("equation-along", "equation", "positive-min_norm"),
    ),
    Step(
        "slope-named",
        "a name for it",
        equal(_slope_z(_x), Derivative(_z(_x), _x)),
        Let(),
    ),
    Step("slope-along", "its slope", equal(_slope_z(_x), _rate), Algebra(), ("slope-named", "root-slope")),
    Step(
        "slope-there",
        "at infinite depth",
        equal(_slope_z(Integer(0)), _rate.subs(_x, 0)),
        Instance("slope-along", ((_x, Integer(0)),)),
        ("slope-along",),
    ),
    Step(
        "start",
        "where the root is A/p",
        equal(_z(Integer(0)), A / _p),
        Axiom("root-along-depth", ("start", "root-limit")),
        ("root-limit",),
    ),
    Step(
        "expansion",
        "the correction is the slope there",
        equal(Limit(L * (ROOT - A / _p), L, oo), _slope_z(Integer(0))),
        Axiom("root-along-depth", ("expansion", "slope-named", "start")),
        ("slope-named", "start"),
    ),
    Step(
        "correction",
        "the coefficient of 1/L",
        equal(Limit(L * (ROOT - A / _p), L, oo), FIRST_ORDER),
        Algebra(),
        ("expansion", "slope-there", "start", "inside-outside", "positive-min_norm", "positive-par_source_norm"),
    ),
)
