"""The steps to what finite source data do: to the start, to fine-tuning's gain, to the readout (handbook B6)."""

from __future__ import annotations

from sympy import Expr, Rational, Symbol, cos, sqrt

from ftproofs.catalog.deep_linear import endpoint_steps, proportional_steps
from ftproofs.catalog.deep_linear.endpoint_steps import ROOT as ROOT_OF_TEACHER
from ftproofs.catalog.linear.endpoint_steps import LIMIT
from ftproofs.catalog.transfer.finetune_steps import DRAW as DRAW_FROM_TEACHER
from ftproofs.catalog.transfer.finetune_steps import SCRATCH, picked
from ftproofs.claim import Step
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.identities import Generic
from ftproofs.symbolic.methods import Algebra, Monotone
from ftproofs.symbolic.resolution import isotropic_depth_factor
from ftproofs.symbolic.transfer import finetune_gain, fitted_norm_below
from ftproofs.symbolic.transfer_steps import from_the_start, steps_from_the_start
from ftproofs.symbolic.vocabulary import equal, v

L, s, tau, sigma, gamma, n, d = v.L, v.source_norm, v.target_norm, v.sigma, v.gamma, v.n, v.d
gamma_s, sigma_s, rho = v.gamma_s, v.sigma_s, cos(v.theta)
b, product = v.perp_source_norm, v.perp_product
_c = endpoint_steps._c

# -- the start ----------------------------------------------------------------

_count = gamma_s * d
MEAN_BELOW = gamma_s * s**2 + sigma_s**2 * _count / (d - _count - 1)
MEAN_ABOVE = s**2 + sigma_s**2 * d / (_count - d - 1)


def _start_means(squared: Expr, share: Expr) -> tuple[Step, ...]:
    return (
        Step(
            "start-mean",
            "the fit's mean squared norm",
            equal(E(v.start_norm**2), squared),
            Axiom("fit-moments", (v.start_norm**2,)),
        ),
        Step(
            "overlap-mean",
            "its mean product with the target",
            equal(E(v.start_product), share * s * tau * rho),
            Axiom("fit-moments", (v.start_product,)),
        ),
    )


def mean_gain(squared: Expr, share: Expr) -> Expr:
    """One layer's mean gain from a start of that mean squared norm."""
    return (1 - n / d) * (2 * share * s * tau * rho - squared)


def _one_layer(squared: Expr, share: Expr) -> tuple[Step, ...]:
    return (
        *LIMIT,
        SCRATCH,
        Step(
            "gain-parts",
            "on the same data the fit and its noise cancel: what is left lies outside the span",
            equal(v.transfer_gain, 2 * product - b**2),
            Generic(),
            ("endpoint", "scratch-fit"),
        ),
        Step(
            "outside-mean",
            "the start is independent of the target's data: its outside part",
            equal(E(b**2), (d - n) / d * E(v.start_norm**2)),
            Axiom("haar-mean", (b**2,)),
        ),
        Step(
            "product-mean",
            "and its product with the target's",
            equal(E(product), (d - n) / d * E(v.start_product)),
            Axiom("haar-mean", (product,)),
        ),
        *_start_means(squared, share),
        Step(
            "gain",
            "the mean gain",
            equal(E(v.transfer_gain), mean_gain(squared, share)),
            Algebra(),
            ("gain-parts", "outside-mean", "product-mean", "start-mean", "overlap-mean"),
        ),
    )


ONE_LAYER_BELOW = _one_layer(MEAN_BELOW, gamma_s)
ONE_LAYER_ABOVE = _one_layer(MEAN_ABOVE, s / s)

_theirs = (1 - gamma) * gamma_s * (2 * rho - 1 - sigma_s**2 / (1 - gamma_s))

ONE_LAYER_COROLLARIES = (
    Step(
        "published",
        "with n_s/(d - n_s) for n_s/(d - n_s - 1) and unit norms this is the published formula",
        equal((1 - gamma) * (2 * gamma_s * rho - gamma_s - sigma_s**2 * gamma_s / (1 - gamma_s)), _theirs),
        Algebra(),
    ),
)

# -- any depth, in the limit --------------------------------------------------

_FROM_START = steps_from_the_start(endpoint_steps.ENDPOINT)
_LAW = steps_from_the_start(
    picked(
        proportional_steps.RISK,
        *("fit-limit", "gram", "gram-limit", "target-inside", "source-limit", "fit-squared", "fit"),
        *("outside-limit", "factor-limit", "same-factor"),
    )
)


def limit_gain(squared: Expr, share: Expr) -> Expr:
    """The gain in the limit from a start of that squared norm, at any depth."""
    norm = sqrt(squared)
    return finetune_gain(isotropic_depth_factor(L, gamma, norm, tau, sigma), gamma, share * s * tau * rho, norm)


def _any_depth(squared: Expr, share: Expr) -> tuple[Step, ...]:
    start_factor = isotropic_depth_factor(L, gamma, v.start_norm, tau, sigma)
    return (
        *_FROM_START,
        *_LAW,
        SCRATCH,
        Step(
            "gain-parts",
            "on the same data the fit and its noise cancel: what is left lies outside the span",
            equal(v.transfer_gain, 2 * _c * product - _c**2 * b**2),
            Generic(),
            ("endpoint", "scratch-fit"),
        ),
        Step(
            "product",
            "the start's and the target's product outside the span",
            equal(product, (1 - gamma) * v.start_product),
            Axiom("haar-overlap", (product,)),
        ),
        Step(
            "gain-from-start",
            "the gain from a start of any norm",
            equal(v.transfer_gain, finetune_gain(start_factor, gamma, v.start_product, v.start_norm)),
            Algebra(),
            ("gain-parts", "product", "source-limit", "same-factor"),
        ),
        Step(
            "start-squared",
            "the fit's squared norm",
            equal(v.start_norm**2, squared),
            Axiom("fit-limits", (v.start_norm**2,)),
        ),
        Step(
            "start-norm",
            "its norm",
            equal(v.start_norm, sqrt(squared)),
            Monotone("start-squared", power=Rational(1, 2)),
            ("start-squared",),
        ),
        Step(
            "start-overlap",
            "its product with the target",
            equal(v.start_product, share * s * tau * rho),
            Axiom("fit-limits", (v.start_product,)),
        ),
        Step(
            "gain",
            "the gain",
            equal(v.transfer_gain, limit_gain(squared, share)),
            Algebra(),
            ("gain-from-start", "start-norm", "start-overlap"),
        ),
    )


BELOW = fitted_norm_below(gamma_s, s, sigma_s)
BELOW_NORM = sqrt(BELOW)
FACTOR_OF_TEACHER = isotropic_depth_factor(L, gamma, s, tau, sigma)
ANY_DEPTH_BELOW = _any_depth(BELOW, gamma_s)

_g = Symbol("g", positive=True)
_infinite = finetune_gain(1 / _g, gamma, _g**2 * rho, _g)

ANY_DEPTH_COROLLARIES = (
    Step(
        "infinite-depth-factor",
        "without noise, at unit norms and with gamma_s = g^2, infinite depth has c = 1/g",
        equal(gamma + (1 - gamma) * (1 / _g) ** 2 * _g**2, (1 / _g) ** 2 * _g**2),
        Algebra(),
    ),
    Step(
        "infinite-depth",
        "so its gain is (1 - gamma)(2 g cos theta - 1): none is possible below g = 1/2",
        equal(_infinite, (1 - gamma) * (2 * _g * rho - 1)),
        Algebra(),
    ),
)

# -- every draw ---------------------------------------------------------------

ROOT = from_the_start(equal(v.perp_ratio, ROOT_OF_TEACHER)).rhs

DRAW = steps_from_the_start(DRAW_FROM_TEACHER)
