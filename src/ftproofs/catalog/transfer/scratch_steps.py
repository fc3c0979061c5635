"""The steps to the risk from scratch, at finite size and from there in the limit (handbook B1)."""

from __future__ import annotations

from sympy import And, Integer, Limit, Symbol, oo

from ftproofs.catalog.linear import mean_steps
from ftproofs.catalog.linear.endpoint_steps import meaning
from ftproofs.claim import Step
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.calculus import Cases
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.identities import Generic
from ftproofs.symbolic.limits import TakeLimit
from ftproofs.symbolic.methods import Algebra, Under
from ftproofs.symbolic.transfer import scratch_risk
from ftproofs.symbolic.vocabulary import equal, v

n, d, tau, sigma, gamma = v.n, v.d, v.target_norm, v.sigma, v.gamma
_under, _over = n < d, n > d
_below, _above = n <= d - 2, n >= d + 2

#: In every draw: the fit, its bias outside the span, its noise.
PARTS = (
    meaning("fit", "scratch"),
    Step(
        "parts",
        "the target's part outside the span is missed, noise is fitted inside",
        equal(v.risk, v.perp_target_norm**2 + v.noise_risk),
        Generic(),
        ("fit",),
    ),
)
_NOTHING = Step(
    "nothing-outside",
    "with n > d nothing is outside the span",
    equal(v.perp_target_norm, 0),
    Under(_over, Generic()),
)

MEAN = (
    *PARTS,
    Step(
        "noise-mean",
        "the fitted noise's mean over the noise",
        equal(E(v.noise_risk), sigma**2 * E(v.noise_trace)),
        Axiom("white-noise", (v.noise_risk, sigma**2 * v.noise_trace)),
    ),
    Step(
        "haar",
        "the row space is uniform",
        equal(E(v.perp_target_norm**2), (d - n) / d * tau**2),
        Under(_under, Axiom("haar-mean", (v.perp_target_norm**2,))),
    ),
    _NOTHING,
    *mean_steps.NOISE_SIDES,
    Step(
        "risk-below",
        "for n < d",
        equal(E(v.risk), (d - n) / d * tau**2 + sigma**2 * n / (d - n - 1)),
        Under(And(_under, _below), Algebra()),
        ("parts", "noise-mean", "haar", "noise-below"),
    ),
    Step(
        "risk-above",
        "for n > d",
        equal(E(v.risk), sigma**2 * d / (n - d - 1)),
        Under(And(_over, _above), Algebra()),
        ("parts", "noise-mean", "nothing-outside", "noise-above"),
    ),
    Step(
        "risk",
        "on both sides of n = d",
        equal(E(v.risk), scratch_risk(n, d, tau, sigma)),
        Cases(((And(_under, _below), ("risk-below",)), (And(_over, _above), ("risk-above",)))),
        ("risk-below", "risk-above"),
    ),
)

_below_risk = (1 - gamma) * tau**2 + sigma**2 * gamma / (1 - gamma)
_size, _rest, _ratio = (Symbol(name, positive=True) for name in ("D", "gamma_c", "gamma_o"))

COROLLARIES = (
    Step(
        "limit-below",
        "with d growing at fixed n/d = 1 - gamma_c the noise term tends to gamma/(1 - gamma)",
        equal(Limit((1 - _rest) * _size / (_rest * _size - 1), _size, oo), (1 - _rest) / _rest),
        TakeLimit(),
    ),
    Step(
        "limit-above",
        "and at fixed n/d = 1 + gamma_o to 1/(gamma - 1)",
        equal(Limit(_size / (_ratio * _size - 1), _size, oo), 1 / _ratio),
        TakeLimit(),
    ),
    Step(
        "least",
        "for unit targets and noise below 1 it is least at gamma = 1 - sigma, where it is sigma (2 - sigma)",
        equal(_below_risk.subs(tau, Integer(1)) - sigma * (2 - sigma), (1 - gamma - sigma) ** 2 / (1 - gamma)),
        Algebra(),
    ),
    Step(
        "from-one",
        "for noise of at least 1 it is above its value 1 without data",
        equal(
            _below_risk.subs(tau, Integer(1)) - 1,
            gamma * (sigma**2 - 1 + gamma) / (1 - gamma),
        ),
        Algebra(),
    ),
)
