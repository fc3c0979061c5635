"""The steps to the risk of depth-L fine-tuning for any covariance (handbook A7)."""

from __future__ import annotations

from sympy import Expr, Integer, Rational, cos, sqrt

from ftproofs.catalog.deep_linear import endpoint_steps
from ftproofs.catalog.deep_linear.proportional_steps import FIT, LAW
from ftproofs.catalog.linear import resolution_steps
from ftproofs.catalog.linear.endpoint_steps import meaning
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic import spectrum as q
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.functions import depth_root
from ftproofs.symbolic.identities import Generic
from ftproofs.symbolic.methods import Algebra, Certificate, Monotone, Part
from ftproofs.symbolic.resolution import isotropic_depth_risk, isotropic_noise_limit
from ftproofs.symbolic.vocabulary import equal, greater, v

L, s, tau, sigma, gamma, rho = v.L, v.source_norm, v.target_norm, v.sigma, v.gamma, cos(v.theta)
A, b, c = v.min_norm, v.perp_source_norm, v.perp_ratio
_c = endpoint_steps._c

_fit_any = sqrt(v.fitted_target + sigma**2 / v.kappa)
_outside_any = sqrt(v.kappa * v.shrunk_source)
FACTOR_ANY = depth_root(L, _fit_any, _outside_any, s)


def _sum(factor: Expr) -> Expr:
    return v.resolved_target - 2 * factor * v.resolved_product + factor**2 * v.resolved_source


def relative_risk(factor: Expr, bias: Expr = 1 / (1 - v.df2 / v.n)) -> Statement:
    """The risk over what it tends to, at this factor of the source's outside part."""
    total = v.kappa**2 * bias * _sum(factor) + sigma**2 * v.df2 / (v.n - v.df2)
    return equal(v.risk / total, 1)


ANISOTROPIC = (
    *LAW,
    *resolution_steps.START,
    meaning("df2", "df2"),
    *(meaning(f"resolved-{name}", f"resolved-{name}") for name in ("source", "target", "product")),
    meaning("fitted-target", "fitted-target"),
    meaning("target-coordinates", "target-coordinates"),
    *resolution_steps.first_order("source-form", "source", q.weighted_source, "source"),
    *resolution_steps.first_order("target-form", "target", q.weighted_target, "target"),
    *resolution_steps.RIDGE,
    *resolution_steps.TRACE,
    *resolution_steps.COVARIANCE,
    FIT,
    Step(
        "target-split",
        "the target's part inside the span",
        equal(v.par_target_norm**2, tau**2 - v.perp_target_norm**2),
        Generic(),
    ),
    Step(
        "target-inside",
        "in the limit",
        equal(v.par_target_norm**2, v.fitted_target),
        Algebra(),
        ("target-split", "target-start", "target-form", "weight-start", "target-coordinates", "fitted-target"),
    ),
    Step(
        "positive-kappa",
        "the resolution is positive",
        greater(v.kappa, 0),
        Certificate((Part(q.k_weight(Integer(0))), Part(-1, ("weight-start",)))),
        ("weight-start",),
    ),
    Step(
        "noise-inside",
        "the fitted noise there",
        equal(v.pinv_trace, 1 / v.kappa),
        Certificate((Part(1 / v.kappa, ("noise-norm",)),)),
        ("noise-norm", "positive-kappa"),
    ),
    Step(
        "fit-squared",
        "the fit's squared norm",
        equal(A**2, v.fitted_target + sigma**2 / v.kappa),
        Algebra(),
        ("fit-limit", "target-inside", "noise-inside"),
    ),
    Step(
        "fit",
        "the fit's norm",
        equal(A, _fit_any),
        Monotone("fit-squared", power=Rational(1, 2)),
        ("fit-squared", "positive-kappa"),
    ),
    Step(
        "source-limit",
        "the source's part outside",
        equal(b**2, v.kappa * v.shrunk_source),
        Algebra(),
        ("source-start", "source-form", "weight-start", "shrunk-source"),
    ),
    Step(
        "outside-limit",
        "its norm",
        equal(b, _outside_any),
        Monotone("source-limit", power=Rational(1, 2)),
        ("source-limit",),
    ),
    Step("factor-limit", "the factor", equal(c, FACTOR_ANY), Algebra(), ("root", "fit", "outside-limit")),
    Step(
        "same-factor",
        "the factor in the risk is that one",
        equal(_c, FACTOR_ANY),
        Certificate((Part(1, ("factor-limit",)), Part(-1, ("factor-read",)))),
        ("factor-limit", "factor-read"),
    ),
    Step(
        "relative-factor",
        "relative to it",
        equal(c / FACTOR_ANY, 1),
        Algebra(),
        ("factor-limit",),
    ),
    *resolution_steps.DRIFT,
    *resolution_steps.second_order("scaled", q.scaled_form, q.scaled_fall, q.scaled),
    Step(
        "scaled-bias",
        "the risk outside the span",
        equal(m.scaled_risk, v.kappa**2 / (1 - v.df2 / v.n) * _sum(_c)),
        Algebra(),
        (
            *("scaled-slope", "fall-there", "weight-start", "resolution", "df2"),
            *("resolved-source", "resolved-target", "resolved-product"),
        ),
    ),
    Step(
        "risk-parts",
        "the risk in parts",
        equal(v.risk, m.scaled_risk - 2 * m.scaled_cross + v.noise_risk),
        Generic(),
        ("endpoint",),
    ),
    Step("cross", "the noise has mean 0", equal(m.scaled_cross, 0), Axiom("noise-concentration", (m.scaled_cross, 0))),
    Step(
        "noise-risk",
        "the fitted noise's risk is its mean over the noise",
        equal(v.noise_risk, sigma**2 * v.noise_trace),
        Axiom("noise-concentration", (v.noise_risk, sigma**2 * v.noise_trace)),
    ),
    Step(
        "risk",
        "the risk",
        equal(v.risk, v.kappa**2 / (1 - v.df2 / v.n) * _sum(FACTOR_ANY) + sigma**2 * v.df2 / (v.n - v.df2)),
        Algebra(),
        ("risk-parts", "scaled-bias", "cross", "noise-risk", "variance", "same-factor"),
    ),
    Step("relative", "relative to its limit", relative_risk(FACTOR_ANY), Algebra(), ("risk",)),
)

#: Equal eigenvalues 1: kappa, and df2 over n, which is 1/(1 + kappa)^2 over gamma.
_flat = (1 - gamma) / gamma
_flat_share = 1 / (1 + _flat) ** 2 / gamma

ANISOTROPIC_COROLLARIES = (
    Step(
        "isotropic-fit",
        "equal eigenvalues 1: the fit's squared norm for isotropic inputs",
        equal(tau**2 / (1 + _flat) + sigma**2 / _flat, gamma * tau**2 + sigma**2 * isotropic_noise_limit(gamma)),
        Algebra(),
    ),
    Step(
        "isotropic-outside",
        "the source's part outside the span",
        equal(_flat * s**2 / (1 + _flat), (1 - gamma) * s**2),
        Algebra(),
    ),
    Step(
        "isotropic-risk",
        "and the risk",
        equal(
            _flat**2 / (1 - _flat_share) * (tau**2 - 2 * c * rho * s * tau + c**2 * s**2) / (1 + _flat) ** 2
            + sigma**2 * _flat_share / (1 - _flat_share),
            isotropic_depth_risk(c, gamma, s, tau, rho, sigma),
        ),
        Algebra(),
    ),
    meaning("resolved-delta", "resolved-delta"),
    Step(
        "one-layer",
        "with the factor 1, as for L = 1, the bias is that of the teachers' difference",
        equal(_sum(Integer(1)), v.resolved_delta),
        Algebra(),
        ("resolved-source", "resolved-target", "resolved-product", "resolved-delta"),
    ),
)
