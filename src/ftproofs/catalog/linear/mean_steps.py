"""The steps to the means over isotropic Gaussian data (handbook A3)."""

from __future__ import annotations

from sympy import And, Expr, Limit, Symbol, oo
from sympy.logic.boolalg import Boolean

from ftproofs.catalog.linear.endpoint_steps import OVER_NOISE
from ftproofs.claim import Step
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.calculus import Cases
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.functions import isotropic_bias, isotropic_noise, null_fraction_variance
from ftproofs.symbolic.identities import Generic
from ftproofs.symbolic.integrals import Integrate
from ftproofs.symbolic.limits import TakeLimit
from ftproofs.symbolic.methods import Algebra, Under
from ftproofs.symbolic.theorems import inverse_chi_square_mean, null_fraction_moment
from ftproofs.symbolic.vocabulary import equal, v

# -- means over isotropic Gaussian data (A3) ----------------------------------

_n, _d = v.n, v.d
_under, _over = _n < _d, _n > _d
_share_mean = Step(
    "share-mean",
    "the mean of the Beta law",
    equal(null_fraction_moment(1), (_d - _n) / _d),
    Under(_under, Integrate()),
)
_bias_below = Step(
    "haar",
    "the row space is uniform: the share outside it follows a Beta law",
    equal(E(v.perp_delta_norm**2), v.delta_norm**2 * null_fraction_moment(1)),
    Under(_under, Axiom("haar-null-fraction", (1,))),
)

BIAS_MEAN = (
    _share_mean,
    _bias_below,
    Step(
        "bias-below",
        "the mean share outside",
        equal(E(v.perp_delta_norm**2), (_d - _n) / _d * v.delta_norm**2),
        Under(_under, Algebra()),
        ("haar", "share-mean"),
    ),
    Step(
        "bias",
        "on the whole domain",
        equal(E(v.perp_delta_norm**2), isotropic_bias(_n, _d) * v.delta_norm**2),
        Cases(((_under, ("bias-below",)),)),
        ("bias-below",),
    ),
)

_second = (_d - _n) * (_d - _n + 2) / (_d * (_d + 2))

BIAS_SECOND_MOMENT = (
    Step(
        "second-moment",
        "the second moment of the Beta law",
        equal(null_fraction_moment(2), _second),
        Under(_under, Integrate()),
    ),
    Step(
        "haar",
        "the share outside follows a Beta law",
        equal(E(v.perp_delta_norm**4), v.delta_norm**4 * null_fraction_moment(2)),
        Under(_under, Axiom("haar-null-fraction", (2,))),
    ),
    Step(
        "below",
        "variance plus squared mean",
        equal(E(v.perp_delta_norm**4), (null_fraction_variance(_n, _d) + ((_d - _n) / _d) ** 2) * v.delta_norm**4),
        Under(_under, Algebra()),
        ("haar", "second-moment"),
    ),
    Step(
        "bias-square",
        "on the whole domain",
        equal(E(v.perp_delta_norm**4), (null_fraction_variance(_n, _d) + ((_d - _n) / _d) ** 2) * v.delta_norm**4),
        Cases(((_under, ("below",)),)),
        ("below",),
    ),
)


def _noise_side(side: str, condition: Boolean, p: Expr, k: Expr) -> tuple[Step, ...]:
    """The mean trace on one side of n = d: p dimensions, chi-square with k degrees of freedom."""
    return (
        Step(
            f"gram-{side}",
            "the trace of the fitted covariance is that of an inverse Gram matrix",
            equal(v.noise_trace, m.gram_inverse_trace),
            Under(condition, Generic()),
        ),
        Step(
            f"wishart-{side}",
            "its diagonal entries are inverse chi-square",
            equal(E(m.gram_inverse_trace), p * inverse_chi_square_mean(k)),
            Under(condition, Axiom("wishart-inverse-trace")),
        ),
        Step(
            f"inverse-{side}",
            "the mean of an inverse chi-square variable",
            equal(inverse_chi_square_mean(k), 1 / (k - 2)),
            Under(condition, Integrate()),
        ),
        Step(
            f"noise-{side}",
            "the mean trace",
            equal(E(v.noise_trace), p / (k - 2)),
            Under(condition, Algebra()),
            (f"gram-{side}", f"wishart-{side}", f"inverse-{side}"),
        ),
    )


_below, _above_d = _n <= _d - 2, _n >= _d + 2
NOISE_SIDES = (*_noise_side("below", _below, _n, _d - _n + 1), *_noise_side("above", _above_d, _d, _n - _d + 1))

NOISE_MEAN = (
    *NOISE_SIDES,
    Step(
        "noise",
        "on both sides of n = d",
        equal(E(v.noise_trace), isotropic_noise(_n, _d)),
        Cases(((_below, ("noise-below",)), (_above_d, ("noise-above",)))),
        ("noise-below", "noise-above"),
    ),
)

NOISE_COROLLARIES = (
    Step(
        "asymptotic-difference",
        "exact minus asymptotic noise term",
        equal(_n / (_d - _n - 1) - _n / (_d - _n), _n / ((_d - _n) * (_d - _n - 1))),
        Under(_below, Algebra()),
    ),
)

MEAN_RISK = (
    *OVER_NOISE,
    _share_mean,
    _bias_below,
    Step(
        "isotropic-bias",
        "for isotropic inputs the bias is Euclidean",
        equal(v.delta_risk, v.perp_delta_norm**2),
        Generic(),
    ),
    Step(
        "nothing-outside",
        "with n > d nothing is outside the span",
        equal(v.perp_delta_norm, 0),
        Under(_over, Generic()),
    ),
    *NOISE_SIDES,
    Step(
        "risk-below",
        "the mean risk for n < d",
        equal(E(v.risk), (_d - _n) / _d * v.delta_norm**2 + v.sigma**2 * _n / (_d - _n - 1)),
        Under(And(_under, _below), Algebra()),
        ("risk-over-noise", "isotropic-bias", "haar", "share-mean", "noise-below"),
    ),
    Step(
        "risk-above",
        "the mean risk for n > d",
        equal(E(v.risk), v.sigma**2 * _d / (_n - _d - 1)),
        Under(And(_over, _above_d), Algebra()),
        ("risk-over-noise", "isotropic-bias", "nothing-outside", "noise-above"),
    ),
    Step(
        "mean-risk",
        "on both sides of n = d",
        equal(E(v.risk), isotropic_bias(_n, _d) * v.delta_norm**2 + v.sigma**2 * isotropic_noise(_n, _d)),
        Cases(((And(_under, _below), ("risk-below",)), (And(_over, _above_d), ("risk-above",)))),
        ("risk-below", "risk-above"),
    ),
)

#: The dimension as it grows, and 1 - gamma.
_size = Symbol("D", positive=True)
_rest = Symbol("gamma_c", positive=True)

MEAN_RISK_COROLLARIES = (
    Step(
        "noise-limit",
        "with d growing at fixed gamma = n/d < 1 the noise term tends to gamma/(1 - gamma)",
        equal(
            Limit((1 - _rest) * _size / (_rest * _size - 1), _size, oo),
            (1 - _rest) / _rest,
        ),
        TakeLimit(),
    ),
)

NOISE_INFINITE = (
    Step(
        "one-degree",
        "n = d: the integral exceeds a multiple of that of x^(-3/2) near 0",
        equal(inverse_chi_square_mean(1), oo),
        Integrate(),
    ),
    Step(
        "two-degrees",
        "n = d - 1 or d + 1: it exceeds a multiple of that of 1/x near 0",
        equal(inverse_chi_square_mean(2), oo),
        Integrate(),
    ),
)
