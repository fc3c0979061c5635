"""The steps to where linear regression ends, and to its risk (handbook A1, A2)."""

from __future__ import annotations

from sympy import Symbol

from ftproofs.claim import Statement, Step
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic import trajectory as w
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.identities import Generic, Term, Vanishes
from ftproofs.symbolic.meanings import MEANINGS, Means
from ftproofs.symbolic.methods import Algebra, Certificate, Let, Part
from ftproofs.symbolic.vocabulary import equal, less, v


def same(lhs: object, rhs: object) -> Statement:
    """``lhs == rhs`` between matrices."""
    return Statement(lhs, "==", rhs)


def meaning(id: str, name: str) -> Step:
    """A step that starts from what a word of the experiment means."""
    return Step(id, MEANINGS[name].says, MEANINGS[name].relation, Means(name))


# -- where it ends (A1) -------------------------------------------------------

PROJECTOR = (
    Step("projector", "P is a projector", same(m.P * m.P, m.P), Generic()),
    Step("span", "P leaves the data's span alone", same(m.X * m.P, m.X), Generic()),
    Step(
        "gradient-in-span",
        "gradients of the loss, of all samples or of one, lie in the span",
        same(m.P_perp * (m.X.T * (m.X * w.theta - m.y)), m.ZERO),
        Generic(),
    ),
    Step(
        "stays",
        "so outside the span nothing moves",
        same(m.P_perp * (m.beta - m.theta_S), m.ZERO),
        Axiom("gradient-span", ("gradient-in-span",)),
        ("gradient-in-span",),
    ),
)

CONTRACTION = (
    meaning("stable", "stable-step"),
    Step(
        "contraction",
        "each eigen-direction's error is multiplied by 1 - q, and |1 - q| < 1 for 0 < q < 2",
        less((1 - w.rate) ** 2, 1),
        Certificate((Part(w.rate, ("stable",)),)),
        ("stable",),
    ),
    Step(
        "only-there",
        "and for no other q > 0: the sign of 1 - (1 - q)^2 is that of 2 - q",
        equal(1 - (1 - w.rate) ** 2, w.rate * (2 - w.rate)),
        Algebra(),
    ),
    Step(
        "stationary",
        "the iterates converge, and at the limit the gradient vanishes",
        same(m.X.T * (m.X * m.beta - m.y), m.ZERO),
        Axiom("quadratic-convergence", ("contraction",)),
        ("contraction",),
    ),
)

LIMIT = (
    *PROJECTOR,
    *CONTRACTION,
    Step(
        "endpoint",
        "both together leave one point",
        same(m.beta, m.theta_S + m.Xp * (m.y - m.X * m.theta_S)),
        Generic((Term("stays"), Term("stationary", m.Xp * m.Xp.T))),
        ("stays", "stationary"),
    ),
)

_AT_END = ("endpoint",)

ENDPOINT = (
    *LIMIT,
    Step("fits", "inside the span it is the minimum-norm fit", equal(v.fit_gap, 0), Generic(), _AT_END),
    Step("keeps", "outside the span it is the source", equal(v.perp_gap, 0), Generic(), _AT_END),
    Step(
        "noise",
        "inside the span it misses the target by the fitted noise",
        equal(v.target_gap, v.pinv_noise_norm),
        Generic(),
        _AT_END,
    ),
)

SCRATCH = (
    *LIMIT,
    Step("fits", "inside the span it is the minimum-norm fit", equal(v.fit_gap, 0), Generic(), _AT_END),
    Step("nothing-outside", "outside the span it stays zero", equal(v.perp_beta_norm, 0), Generic(), _AT_END),
    Step("shortest", "so it is the minimum-norm fit", equal(v.beta_norm, v.min_norm), Generic(), _AT_END),
)

OPTIMIZERS = (
    *LIMIT,
    Step("fits", "inside the span it is the minimum-norm fit", equal(v.fit_gap, 0), Generic(), _AT_END),
    Step("keeps", "outside the span it is the source", equal(v.perp_gap, 0), Generic(), _AT_END),
    Step("interpolates", "with n <= d it fits every label", equal(v.train_loss, 0), Generic(), _AT_END),
)

SPAN = (
    *PROJECTOR,
    Step(
        "keeps",
        "the source's part outside the span is what it was",
        equal(v.perp_gap, 0),
        Vanishes(),
        ("stays",),
    ),
)

# -- risk (A2) ----------------------------------------------------------------

RISK = (
    *LIMIT,
    Step("risk", "what is missed lies outside the span", equal(v.risk, v.delta_risk), Generic(), _AT_END),
)

RISK_ISOTROPIC = (
    *LIMIT,
    Step(
        "pythagoras",
        "bias and fitted noise are at right angles",
        equal(v.risk, v.perp_delta_norm**2 + v.noise_risk),
        Generic(),
        _AT_END,
    ),
)

_cross = Symbol("cross", real=True)

OVER_NOISE = (
    *LIMIT,
    Step(
        "cross",
        "the cross term of bias and fitted noise",
        same(_cross, (m.P_perp * m.delta).T * m.Sigma * m.Xp * m.eps),
        Let(),
    ),
    Step(
        "split",
        "the risk in every draw",
        equal(v.risk, v.delta_risk + v.noise_risk - 2 * _cross),
        Generic(),
        ("endpoint", "cross"),
    ),
    Step(
        "cross-mean", "the cross term has mean zero", equal(E(_cross), 0), Axiom("white-noise", (_cross, 0)), ("cross",)
    ),
    Step(
        "noise-mean",
        "the fitted noise has the trace as its mean",
        equal(E(v.noise_risk), v.sigma**2 * E(v.noise_trace)),
        Axiom("white-noise", (v.noise_risk, v.sigma**2 * v.noise_trace)),
    ),
    Step(
        "risk-over-noise",
        "so the mean risk has two parts",
        equal(E(v.risk), E(v.delta_risk) + v.sigma**2 * E(v.noise_trace)),
        Algebra(),
        ("split", "cross-mean", "noise-mean"),
    ),
)
