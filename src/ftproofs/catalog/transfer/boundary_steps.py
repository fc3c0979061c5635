"""The steps to where transfer stops to help: a readout's two boundaries, fine-tuning's one (handbook B4, B5)."""

from __future__ import annotations

from sympy import Expr, cos, sign, sin

from ftproofs.catalog.linear.endpoint_steps import meaning
from ftproofs.catalog.transfer import finetune_steps, readout_steps
from ftproofs.claim import Step
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.identities import Generic
from ftproofs.symbolic.methods import Algebra
from ftproofs.symbolic.resolution import isotropic_depth_factor
from ftproofs.symbolic.transfer import (
    boundary_above,
    boundary_below,
    boundary_beyond,
    threshold_angle,
)
from ftproofs.symbolic.transfer_steps import SameSign
from ftproofs.symbolic.vocabulary import equal, v

theta, sigma, gamma, tau, s, L = v.theta, v.sigma, v.gamma, v.target_norm, v.source_norm, v.L
C = cos(theta)

# -- closed forms -------------------------------------------------------------


def quadratic(ratio: Expr) -> Expr:
    """``(1 - gamma)`` times the readout's gain for gamma < 1, unit norms."""
    return ratio**2 - (1 + C**2 - sigma**2) * ratio + C**2


ABOVE, BELOW, BEYOND = boundary_above(theta, sigma), boundary_below(theta, sigma), boundary_beyond(theta, sigma)
#: What the fitted noise costs from scratch less what the readout misses, for gamma > 1 and a target of norm 1.
MANY_GAIN = equal(sigma**2 / (gamma - 1) - sin(theta) ** 2, sin(theta) ** 2 * (BEYOND - gamma) / (gamma - 1))
_disc = (1 - C - sigma) * (1 - C + sigma) * (1 + C - sigma) * (1 + C + sigma)

ROOTS = (
    Step(
        "discriminant",
        "the discriminant factors",
        equal((1 + C**2 - sigma**2) ** 2 - 4 * C**2, _disc),
        Algebra(),
    ),
    Step("above", "the larger root", equal(quadratic(ABOVE), 0), Algebra()),
    Step("below", "the smaller root, in the form in which nothing cancels", equal(quadratic(BELOW), 0), Algebra()),
    Step("sum", "their sum, so these are all the roots", equal(ABOVE + BELOW, 1 + C**2 - sigma**2), Algebra()),
    Step("beyond", "the boundary above 1", MANY_GAIN, Algebra()),
)

ROOTS_COROLLARIES = (
    Step(
        "noiseless",
        "without noise the roots are 1 and cos^2: the readout wins exactly below gamma = cos^2 theta",
        equal(quadratic(gamma).subs(sigma, 0), (1 - gamma) * (C**2 - gamma)),
        Algebra(),
    ),
    Step(
        "threshold",
        "the roots meet at noise 1 - cos theta, that is at this angle",
        equal(cos(threshold_angle(sigma)), 1 - sigma),
        Algebra(),
    ),
    Step("half-angle", "1 - cos theta is 2 sin^2(theta/2)", equal(1 - C, 2 * sin(theta / 2) ** 2), Algebra()),
)

# -- signs --------------------------------------------------------------------

READOUT = (
    *readout_steps.COEFFICIENT,
    readout_steps.MEANT,
    Step(
        "energy-limit",
        "the feature has unit variance",
        equal(v.feature_energy, 1),
        Axiom("large-numbers", (v.feature_energy,)),
    ),
    Step(
        "labels-limit",
        "its covariance with the labels",
        equal(v.feature_product, tau * C),
        Axiom("large-numbers", (v.feature_product,)),
    ),
    Step(
        "readout-risk",
        "what the readout misses",
        equal(v.risk, tau**2 * sin(theta) ** 2),
        Algebra(),
        ("risk-parts", "error", "coefficient-any", "energy-limit", "labels-limit", "penalty"),
    ),
    meaning("scratch-fit", "from-scratch"),
    Step(
        "scratch-parts",
        "from scratch the target's part outside the span is missed, noise is fitted inside",
        equal(v.scratch_risk, v.perp_target_norm**2 + v.noise_risk),
        Generic(),
        ("scratch-fit",),
    ),
    Step(
        "noise-risk",
        "the fitted noise's risk is its mean over the noise",
        equal(v.noise_risk, sigma**2 * v.noise_trace),
        Axiom("noise-concentration", (v.noise_risk, sigma**2 * v.noise_trace)),
    ),
    Step("gram", "for isotropic inputs", equal(v.noise_trace, m.gram_inverse_trace), Generic()),
    Step("gain-means", "the gain", equal(v.transfer_gain, v.scratch_risk - v.risk), Generic()),
)


def _signs(
    scratch: tuple[Step, ...], ids: tuple[str, ...], gain: Expr, factor: Expr, boundary: Expr
) -> tuple[Step, ...]:
    return (
        *READOUT,
        *scratch,
        Step(
            "gain",
            "its limit",
            equal(v.transfer_gain, gain),
            Algebra(),
            ("gain-means", "scratch-parts", "noise-risk", "gram", "readout-risk", *ids),
        ),
        Step(
            "sign",
            "has this sign",
            equal(sign(v.transfer_gain), sign(boundary)),
            SameSign("gain", factor),
            ("gain",),
        ),
    )


FEW_BOUNDARY = quadratic(gamma)
FEW = _signs(
    (
        Step(
            "gram-limit",
            "the trace's limit",
            equal(m.gram_inverse_trace, gamma / (1 - gamma)),
            Axiom("inverse-gram-limit"),
        ),
        Step(
            "outside",
            "the target's part outside the span",
            equal(v.perp_target_norm**2, (1 - gamma) * tau**2),
            Axiom("haar-overlap", (v.perp_target_norm**2,)),
        ),
    ),
    ("gram-limit", "outside"),
    (1 - gamma) * tau**2 + sigma**2 * gamma / (1 - gamma) - tau**2 * sin(theta) ** 2,
    1 / (1 - gamma),
    FEW_BOUNDARY,
)

MANY_BOUNDARY = sigma**2 - (gamma - 1) * sin(theta) ** 2
MANY = _signs(
    (
        Step("gram-limit", "the trace's limit", equal(m.gram_inverse_trace, 1 / (gamma - 1)), Axiom("tall-gram-limit")),
        Step("outside", "nothing is outside the span", equal(v.perp_target_norm, 0), Generic()),
    ),
    ("gram-limit", "outside"),
    sigma**2 / (gamma - 1) - tau**2 * sin(theta) ** 2,
    1 / (gamma - 1),
    MANY_BOUNDARY,
)

# -- fine-tuning --------------------------------------------------------------

_c = isotropic_depth_factor(L, gamma, s, tau, sigma)
FINETUNE_BOUNDARY = 2 * tau * C - _c * s

FINETUNE = (
    *finetune_steps.GAIN,
    Step(
        "sign",
        "so its sign is that of 2 tau cos theta - c s",
        equal(sign(v.transfer_gain), sign(FINETUNE_BOUNDARY)),
        SameSign("gain", (1 - gamma) * _c * s),
        ("gain",),
    ),
)
