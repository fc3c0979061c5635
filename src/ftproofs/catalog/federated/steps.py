"""The steps to FedAvg's fixed point and to the risks of a fine-tuned client (handbook C1, C2)."""

from __future__ import annotations

from sympy import Expr, Integer, Piecewise, Symbol
from sympy.logic.boolalg import Boolean

from ftproofs.catalog.linear.endpoint_steps import LIMIT, OVER_NOISE, meaning, same
from ftproofs.catalog.linear.mean_steps import NOISE_SIDES
from ftproofs.claim import Step
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.calculus import Cases
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.federated import (
    best_ridge,
    best_rtfa_limit,
    eigenvalue,
    ftfa_limit,
    resolvent_fall,
    resolvent_limit,
    rtfa_limit,
)
from ftproofs.symbolic.federated_theorems import mode_risk
from ftproofs.symbolic.functions import isotropic_bias, isotropic_noise
from ftproofs.symbolic.identities import Generic, Term, Vanishes
from ftproofs.symbolic.methods import Algebra, Certificate, Let, Part, Under
from ftproofs.symbolic.resolution import isotropic_noise_limit
from ftproofs.symbolic.vocabulary import at_most, equal, v

n, d, gamma, r, sigma, ridge = v.n, v.d, v.gamma, v.client_radius, v.sigma, v.ridge

ONE_STEP = (
    meaning("round", "round"),
    meaning("pooled", "pooled"),
    Step(
        "one-point",
        "the pooled loss has one minimiser",
        same(m.server - m.pooled, m.ZERO),
        Axiom("unique-minimiser", ("round", "pooled")),
        ("round", "pooled"),
    ),
    Step("no-gap", "so FedAvg ends at the pooled fit", equal(v.pooled_gap, 0), Vanishes(), ("one-point",)),
)

# -- fine-tuning without ridge (C1) -------------------------------------------

_ISOTROPIC = Step(
    "isotropic-bias",
    "for isotropic inputs the bias is Euclidean",
    equal(v.delta_risk, v.perp_delta_norm**2),
    Generic(),
)
_below, _above = n <= d - 2, n >= d + 2

FTFA_MEAN = (
    *OVER_NOISE,
    _ISOTROPIC,
    Step(
        "haar-below",
        "the client's span is uniform and independent of the server's model",
        equal(E(v.perp_delta_norm**2), (d - n) / d * E(v.start_risk)),
        Under(_below, Axiom("haar-mean", (v.perp_delta_norm**2,))),
    ),
    Step(
        "nothing-outside",
        "with n > d nothing is outside the span",
        equal(v.perp_delta_norm, 0),
        Under(_above, Generic()),
    ),
    *NOISE_SIDES,
    Step(
        "risk-below",
        "the mean risk for n < d",
        equal(E(v.risk), (d - n) / d * E(v.start_risk) + sigma**2 * n / (d - n - 1)),
        Under(_below, Algebra()),
        ("risk-over-noise", "isotropic-bias", "haar-below", "noise-below"),
    ),
    Step(
        "risk-above",
        "the mean risk for n > d",
        equal(E(v.risk), sigma**2 * d / (n - d - 1)),
        Under(_above, Algebra()),
        ("risk-over-noise", "isotropic-bias", "nothing-outside", "noise-above"),
    ),
    Step(
        "mean-risk",
        "on both sides of n = d",
        equal(E(v.risk), E(isotropic_bias(n, d) * v.start_risk + sigma**2 * isotropic_noise(n, d))),
        Cases(((_below, ("risk-below",)), (_above, ("risk-above",)))),
        ("risk-below", "risk-above"),
    ),
)

GLOBAL = meaning("global-server", "global-server")

FTFA_LIMIT = (
    *LIMIT,
    GLOBAL,
    Step(
        "pythagoras",
        "bias and fitted noise are at right angles",
        equal(v.risk, v.perp_delta_norm**2 + v.noise_risk),
        Generic(),
        ("endpoint",),
    ),
    Step(
        "outside",
        "the difference's part outside the span",
        equal(v.perp_delta_norm**2, (1 - gamma) * v.start_risk),
        Axiom("haar-overlap", (v.perp_delta_norm**2,)),
    ),
    Step(
        "noise-risk",
        "the fitted noise's risk is its mean over the noise",
        equal(v.noise_risk, sigma**2 * v.noise_trace),
        Axiom("noise-concentration", (v.noise_risk, sigma**2 * v.noise_trace)),
    ),
    Step("gram", "for isotropic inputs", equal(v.noise_trace, m.gram_inverse_trace), Generic()),
    Step(
        "gram-limit",
        "its limit",
        equal(m.gram_inverse_trace, isotropic_noise_limit(gamma)),
        Axiom("inverse-gram-limit"),
    ),
    Step(
        "risk",
        "the risk",
        equal(v.risk, ftfa_limit(gamma, r, sigma)),
        Algebra(),
        ("pythagoras", "outside", "global-server", "noise-risk", "gram", "gram-limit"),
    ),
)

# -- ridge toward the server's model (C2) -------------------------------------

_z = m.beta - (m.theta_T - m.kept + m.let_in)
_cross = Symbol("cross", real=True)
_limit, _fall = resolvent_limit(gamma, ridge), resolvent_fall(gamma, ridge)
_best = best_ridge(gamma, r, sigma)

RTFA = (
    meaning("stationary", "ridge-stationary"),
    meaning("kept", "ridge-kept"),
    meaning("let-in", "ridge-let-in"),
    GLOBAL,
    Step(
        "same-equation",
        "what training ends at solves the same equation as its parts together",
        same(m.X.T * m.X * _z + n * ridge * _z, m.ZERO),
        Generic((Term("stationary"), Term("kept"), Term("let-in", Integer(-1)))),
        ("stationary", "kept", "let-in"),
    ),
    Step(
        "end",
        "so it is those parts together",
        same(m.beta, m.theta_T - m.kept + m.let_in),
        Axiom("positive-definite", ("same-equation",)),
        ("same-equation",),
    ),
    Step("cross", "the product of its parts", same(_cross, m.kept.T * m.let_in), Let()),
    Step(
        "split",
        "the risk in every draw",
        equal(v.risk, v.ridge_bias + v.ridge_noise - 2 * _cross),
        Generic(),
        ("end", "cross"),
    ),
    Step(
        "bias",
        "what the ridge keeps of the difference",
        equal(v.ridge_bias, v.start_risk * ridge**2 * _fall),
        Axiom("marchenko-pastur", (v.ridge_bias,)),
    ),
    Step(
        "noise",
        "what it lets in of the noise",
        equal(v.ridge_noise, sigma**2 / gamma * (_limit - ridge * _fall)),
        Axiom("marchenko-pastur", (v.ridge_noise,)),
    ),
    Step(
        "no-cross",
        "the product tends to zero",
        equal(_cross, 0),
        Axiom("marchenko-pastur", (_cross, "cross")),
        ("cross",),
    ),
    Step(
        "risk",
        "the risk",
        equal(v.risk, rtfa_limit(gamma, r, sigma, ridge)),
        Algebra(),
        ("split", "bias", "noise", "no-cross", "global-server"),
    ),
)

_m = Symbol("m_c", positive=True)

RTFA_COROLLARIES = (
    Step(
        "quadratic",
        "m solves its quadratic",
        equal(ridge * _limit**2 / gamma + (1 - 1 / gamma + ridge) * _limit - 1, 0),
        Algebra(),
    ),
    Step(
        "best-risk",
        "at the ridge sigma^2/(gamma r^2) the risk is (sigma^2/gamma) m",
        equal(rtfa_limit(gamma, r, sigma, _best), best_rtfa_limit(gamma, r, sigma)),
        Algebra(),
    ),
)

# -- the best ridge -----------------------------------------------------------

_x, _lam = eigenvalue, best_ridge(n / d, r, sigma)
_kept = mode_risk(ridge)
_tuned = mode_risk(_lam)
_excess = r**2 / d * _x * (ridge - _lam) ** 2 / ((_x + ridge) ** 2 * (_x + _lam))


def _side(side: str, condition: Boolean, modes: Expr) -> tuple[Step, ...]:
    rest = (d - modes) / d * r**2
    return (
        *(
            Step(
                f"{id}-{side}",
                f"the mean risk {says}, mode by mode",
                equal(E(name), rest + modes * E(risk)),
                Under(condition, Axiom("ridge-modes", (name,))),
            )
            for id, says, name, risk in (
                ("given", "at a ridge", v.risk, _kept),
                ("tuned", "at the best one", v.tuned_risk, _tuned),
            )
        ),
        Step(
            f"exceeds-{side}",
            "so by how much the one exceeds the other",
            equal(E(v.risk), E(v.tuned_risk) + modes * (E(_kept) - E(_tuned))),
            Under(condition, Algebra()),
            (f"given-{side}", f"tuned-{side}"),
        ),
    )


#: Modes with a positive eigenvalue.
_modes = Piecewise((n, n < d), (d, True))

BEST_RIDGE = (
    Step(
        "excess",
        "in every mode the risk at another ridge exceeds the one at the best by a square",
        equal(_kept - _tuned, _excess),
        Algebra(),
    ),
    Step("order", "so it is no smaller", at_most(_tuned, _kept), Certificate((Part(_excess),))),
    Step("mean-order", "nor is its mean", at_most(E(_tuned), E(_kept)), Axiom("mean-order", ("order",)), ("order",)),
    *_side("below", n < d, n),
    *_side("above", n > d, d),
    Step(
        "exceeds",
        "on both sides of n = d",
        equal(E(v.risk), E(v.tuned_risk) + _modes * (E(_kept) - E(_tuned))),
        Cases(((n < d, ("exceeds-below",)), (n > d, ("exceeds-above",)))),
        ("exceeds-below", "exceeds-above"),
    ),
    Step(
        "best",
        "so on average no ridge is better",
        at_most(E(v.tuned_risk), E(v.risk)),
        Certificate((Part(_modes, ("mean-order",)),)),
        ("exceeds", "mean-order"),
    ),
)
