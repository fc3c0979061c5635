"""The steps to fine-tuning's gain over scratch: in every draw, in the mean at one layer, in the limit (B5, B8)."""

from __future__ import annotations

from sympy import Expr, Limit, Symbol, cos, oo

from ftproofs.catalog.deep_linear import endpoint_steps, proportional_steps
from ftproofs.catalog.deep_linear.endpoint_steps import ROOT
from ftproofs.catalog.linear.endpoint_steps import LIMIT, meaning
from ftproofs.claim import Step
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.identities import Generic
from ftproofs.symbolic.limits import TakeLimit
from ftproofs.symbolic.methods import Algebra, Certificate, Part
from ftproofs.symbolic.resolution import isotropic_depth_factor, isotropic_depth_risk, isotropic_infinite_depth_factor
from ftproofs.symbolic.transfer import depth_gain, finetune_gain, published_gain
from ftproofs.symbolic.vocabulary import equal, v

L, s, tau, sigma, gamma, n, d = v.L, v.source_norm, v.target_norm, v.sigma, v.gamma, v.n, v.d
rho, b, product = cos(v.theta), v.perp_source_norm, v.perp_product
_c = endpoint_steps._c

SCRATCH = meaning("scratch-fit", "from-scratch")


def picked(steps: tuple[Step, ...], *ids: str) -> tuple[Step, ...]:
    """The steps with these ids, in their own order."""
    return tuple(step for step in steps if step.id in ids)


def _parts(factor: Expr) -> Step:
    return Step(
        "gain-parts",
        "on the same data the fit and its noise cancel: what is left lies outside the span",
        equal(v.transfer_gain, 2 * factor * product - factor**2 * b**2),
        Generic(),
        ("endpoint", "scratch-fit"),
    )


# -- every draw ---------------------------------------------------------------

FACTOR_IS_ROOT = Step(
    "factor-is-root",
    "the factor is the root",
    equal(_c, ROOT),
    Certificate((Part(1, ("root",)), Part(-1, ("factor-read",)))),
    ("root", "factor-read"),
)

DRAW = (
    *endpoint_steps.ENDPOINT,
    SCRATCH,
    _parts(_c),
    FACTOR_IS_ROOT,
    Step(
        "gain",
        "with the factor of that depth",
        equal(v.transfer_gain, 2 * ROOT * product - ROOT**2 * b**2),
        Algebra(),
        ("gain-parts", "factor-is-root"),
    ),
)
# -- one layer: exact means ---------------------------------------------------

_published = (1 - n / d) * (2 * rho * s * tau - s**2)


def _mean(id: str, says: str, name: Expr, value: Expr) -> Step:
    return Step(id, says, equal(E(name), (d - n) / d * value), Axiom("haar-mean", (name,)))


ONE_LAYER = (
    *LIMIT,
    SCRATCH,
    Step(
        "gain-parts",
        "on the same data the fit and its noise cancel: what is left lies outside the span",
        equal(v.transfer_gain, 2 * product - b**2),
        Generic(),
        ("endpoint", "scratch-fit"),
    ),
    _mean("source-mean", "the source's outside part", b**2, s**2),
    _mean("product-mean", "its product with the target's", product, s * tau * rho),
    Step(
        "gain",
        "the mean gain",
        equal(E(v.transfer_gain), _published),
        Algebra(),
        ("gain-parts", "source-mean", "product-mean"),
    ),
)

ONE_LAYER_COROLLARIES = (
    Step(
        "published",
        "at unit norms this is the published formula, at the realised ratio",
        equal(_published.subs({s: 1, tau: 1}), (1 - n / d) * (2 * rho - 1)),
        Algebra(),
    ),
)

# -- the limit ----------------------------------------------------------------

FACTOR = isotropic_depth_factor(L, gamma, s, tau, sigma)

_LIMITS = picked(
    proportional_steps.RISK,
    *("fit-limit", "gram", "gram-limit", "target-inside", "source-limit", "product", "fit-squared", "fit"),
    *("outside-limit", "factor-limit", "same-factor"),
)

GAIN = (
    *endpoint_steps.ENDPOINT,
    *_LIMITS,
    SCRATCH,
    _parts(_c),
    Step(
        "gain",
        "the gain",
        equal(v.transfer_gain, depth_gain(L, gamma, s, tau, rho, sigma)),
        Algebra(),
        ("gain-parts", "product", "source-limit", "same-factor"),
    ),
)

_c_any = Symbol("c", positive=True)
_far = Symbol("D", positive=True)
_infinite = isotropic_infinite_depth_factor(gamma, 1, 1, sigma)

GAIN_COROLLARIES = (
    Step(
        "agree",
        "the published gain is off by (1 - gamma) s (1 - c) (2 rho tau - (1 + c) s): it is right where c = 1",
        equal(
            published_gain(gamma, s, tau, rho) - finetune_gain(_c_any, gamma, rho * s * tau, s),
            (1 - gamma) * s * (1 - _c_any) * (2 * rho * tau - (1 + _c_any) * s),
        ),
        Algebra(),
    ),
    Step(
        "agree-when",
        "c = 1 solves the equation for the factor exactly when tau^2 + sigma^2/(1 - gamma) = s^2",
        equal(
            gamma * tau**2 + sigma**2 * gamma / (1 - gamma) + (1 - gamma) * s**2 - s**2,
            gamma * (tau**2 + sigma**2 / (1 - gamma) - s**2),
        ),
        Algebra(),
    ),
    Step(
        "boundary",
        "the gain vanishes at rho = c s/(2 tau)",
        equal(finetune_gain(_c_any, gamma, _c_any * s / (2 * tau) * s * tau, s), 0),
        Algebra(),
    ),
    Step(
        "infinite-depth",
        "at infinite depth and unit norms c^2 = 1 + sigma^2/(1 - gamma)",
        equal(_infinite**2, 1 + sigma**2 / (1 - gamma)),
        Algebra(),
    ),
    Step(
        "near-interpolation",
        "so near n = d the quadratic part of that gain tends to the noise's variance",
        equal(Limit((1 + sigma**2 * _far) / _far, _far, oo), sigma**2),
        TakeLimit(),
    ),
    Step(
        "near-interpolation-linear",
        "and the (squared) linear part to 0, as all of the published gain does",
        equal(Limit(4 * rho**2 * (1 + sigma**2 * _far) / _far**2, _far, oo), 0),
        TakeLimit(),
    ),
)

# -- rescaled targets ---------------------------------------------------------

RESCALED = (
    *endpoint_steps.ENDPOINT,
    FACTOR_IS_ROOT,
    Step(
        "target-outside",
        "the target's part outside the span is that share of the source's",
        equal(v.perp_target_norm**2, (tau / s) ** 2 * b**2),
        Axiom("collinear", (v.perp_target_norm**2,)),
    ),
    Step("product", "with its sign", equal(product, rho * tau / s * b**2), Axiom("collinear", (product,))),
    Step(
        "one-line",
        "the angle is 0 or pi",
        equal(rho**2, 1),
        Axiom("collinear", (rho**2,)),
    ),
    Step(
        "parts",
        "the risk in parts",
        equal(v.risk, v.perp_target_norm**2 - 2 * _c * product + _c**2 * b**2 + v.noise_risk),
        Generic(),
        ("endpoint",),
    ),
    Step(
        "risk",
        "a rescaled target, with either sign",
        equal(v.risk, (rho * tau / s - ROOT) ** 2 * b**2 + v.noise_risk),
        Certificate((Part(1, ("parts",)), Part(-((tau / s) ** 2) * b**2, ("one-line",)))),
        ("parts", "target-outside", "product", "factor-is-root", "one-line"),
    ),
)

_times = Symbol("c_t", real=True)

RESCALED_COROLLARIES = (
    Step(
        "half",
        "one layer beats scratch exactly when the target is more than half the source",
        equal(finetune_gain(1, gamma, _times * s**2, s), (1 - gamma) * s**2 * (2 * _times - 1)),
        Algebra(),
    ),
    Step(
        "infinite-depth-wrong-sign",
        "infinite depth, no noise, opposite teachers: the worst there is, 4 (1 - gamma) tau^2",
        equal(
            isotropic_depth_risk(isotropic_infinite_depth_factor(gamma, s, tau, 0), gamma, s, tau, -1, 0),
            4 * (1 - gamma) * tau**2,
        ),
        Algebra(),
    ),
    Step(
        "infinite-depth-right-sign",
        "and none at all with the source's sign",
        equal(isotropic_depth_risk(isotropic_infinite_depth_factor(gamma, s, tau, 0), gamma, s, tau, 1, 0), 0),
        Algebra(),
    ),
)
