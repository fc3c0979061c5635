"""The steps to a readout on pretrained features: the line it trains on, its mean and variance, ridge (handbook B3)."""

from __future__ import annotations

from sympy import Integer, Integral, Limit, Symbol, cos, oo, sin

from ftproofs.catalog.linear.endpoint_steps import meaning, same
from ftproofs.claim import Step
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.chi_square import chi_square_density, inverse_moment, x
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.frozen_layers import Entry
from ftproofs.symbolic.identities import Generic
from ftproofs.symbolic.integrals import Integrate
from ftproofs.symbolic.limits import TakeLimit
from ftproofs.symbolic.methods import Algebra, Certificate, Let, Part
from ftproofs.symbolic.transfer import readout_excess, readout_risk, readout_variance, ridge_limit, ridge_risk
from ftproofs.symbolic.transfer_steps import MEANINGS, Moment, feature_norm, penalty
from ftproofs.symbolic.vocabulary import equal, greater, v

n, tau, sigma, ridge, theta = v.n, v.target_norm, v.sigma, v.ridge, v.theta
angle = tau * cos(theta)
error = Symbol("e_z", real=True)
FLOOR = tau**2 * sin(theta) ** 2
NOISE = sigma**2 + FLOOR
PENALTY = ridge / feature_norm() ** 2
_slope = Symbol("o", real=True)
_energy, _labels = v.feature_energy, v.feature_product
_stationary = MEANINGS["readout-stationary"][1]

LINE = (
    meaning("line", "readout-line"),
    Step(
        "parts",
        "the risk: across the source nothing can be learned, along it the coefficient's error counts",
        equal(v.risk, tau**2 - angle**2 + (v.along_source - angle) ** 2),
        Generic(),
        ("line",),
    ),
    Step("error", "the coefficient's error", equal(error, v.along_source - angle), Let()),
    Step("risk-parts", "with the teachers' angle", equal(v.risk, FLOOR + error**2), Algebra(), ("parts", "error")),
)

COEFFICIENT = (
    *LINE,
    meaning("stationary", "readout-stationary"),
    Step("slope", "the penalised loss's slope", same(_slope, _stationary.lhs), Let()),
    Step("no-slope", "is zero", equal(_slope, 0), Entry("slope", "stationary"), ("slope", "stationary")),
    Step(
        "normal-equation",
        "the normal equation for the one coefficient",
        equal(v.along_source * (_energy + penalty) - _labels, _slope / (n * v.start_norm)),
        Generic(),
        ("line", "slope"),
    ),
    Step("energy", "the feature is not zero", greater(_energy, 0), Axiom("gaussian-vector")),
    Step(
        "coefficient-any",
        "its solution",
        equal(v.along_source, _labels / (_energy + penalty)),
        Certificate((Part(1 / (_energy + penalty), ("normal-equation",)),)),
        ("normal-equation", "no-slope", "energy"),
    ),
)

MEANT = meaning("penalty", "readout-ridge")

READOUT = (
    *COEFFICIENT,
    MEANT,
    Step(
        "risk",
        "the risk, by the coefficient",
        equal(v.risk, FLOOR + (v.along_source - angle) ** 2),
        Algebra(),
        ("risk-parts", "error"),
    ),
    Step(
        "coefficient",
        "with the penalty that the readout's ridge is",
        equal(v.along_source, _labels / (_energy + PENALTY)),
        Algebra(),
        ("coefficient-any", "penalty"),
    ),
)

# -- least squares: mean and variance -----------------------------------------

_density = chi_square_density(n)
_first, _second = (Integral(_density / x**k, (x, 0, oo)) for k in (1, 2))

_PLAIN = (
    *COEFFICIENT,
    MEANT,
    Step(
        "no-ridge",
        "without ridge",
        equal(v.along_source, _labels / _energy),
        Algebra(),
        ("coefficient-any", "penalty"),
    ),
    Step(
        "square",
        "the mean squared error over the labels, given the feature",
        equal(E(error**2), NOISE * _first),
        Axiom("gaussian-feature", ("no-ridge", "error", 2)),
        ("no-ridge", "error"),
    ),
    Step("inverse", "the mean of an inverse chi-square variable", equal(_first, 1 / (n - 2)), Integrate()),
)
_MEAN = Step(
    "mean",
    "the mean risk",
    equal(E(v.risk), readout_risk(n, theta, tau, sigma)),
    Algebra(),
    ("risk-parts", "square", "inverse"),
)

MEAN = (*_PLAIN, _MEAN)

VARIANCE = (
    *_PLAIN,
    Step(
        "excess", "the risk beyond the floor", equal(v.excess_risk, (v.along_source - angle) ** 2), Generic(), ("line",)
    ),
    Step("excess-square", "is the squared error", equal(v.excess_risk, error**2), Algebra(), ("excess", "error")),
    Step(
        "fourth",
        "the mean fourth power",
        equal(E(error**4), 3 * NOISE**2 * _second),
        Axiom("gaussian-feature", ("no-ridge", "error", 4)),
        ("no-ridge", "error"),
    ),
    Step("inverse-square", "the mean of its square", equal(_second, 1 / ((n - 2) * (n - 4))), Integrate()),
    Step(
        "second-moment",
        "the mean of its square",
        equal(E(v.excess_risk**2), readout_excess(n, theta, tau, sigma)),
        Algebra(),
        ("excess-square", "fourth", "inverse-square"),
    ),
)

VARIANCE_COROLLARIES = (
    Step(
        "variance",
        "less the square of its mean: the variance of the risk",
        equal(
            readout_excess(n, theta, tau, sigma) - (readout_risk(n, theta, tau, sigma) - FLOOR) ** 2,
            readout_variance(n, theta, tau, sigma),
        ),
        Algebra(),
    ),
)

# -- ridge --------------------------------------------------------------------

_shift = n * penalty
_spread = Integral(x * _density / (x + _shift) ** 2, (x, 0, oo))
_shrunk = Integral(_density / (x + _shift) ** 2, (x, 0, oo))
_two = Integer(2)

RIDGE = (
    *COEFFICIENT,
    MEANT,
    Step(
        "square",
        "the mean squared error over the labels, given the feature",
        equal(E(error**2), NOISE * _spread + angle**2 * _shift**2 * _shrunk),
        Axiom("gaussian-feature", ("coefficient-any", "error", 2)),
        ("coefficient-any", "error"),
    ),
    Step(
        "spread",
        "x times the density is n times that with two more degrees of freedom",
        equal(_spread, n * inverse_moment(_two, n + 2, _shift)),
        Moment(),
    ),
    Step("shrinkage", "the other moment", equal(_shrunk, inverse_moment(_two, n, _shift)), Moment()),
    Step(
        "mean",
        "the mean risk with ridge",
        equal(E(v.risk), ridge_risk(n, theta, tau, sigma, PENALTY)),
        Algebra(),
        ("risk-parts", "square", "spread", "shrinkage", "penalty"),
    ),
)

RIDGE_LIMIT = (
    *COEFFICIENT,
    MEANT,
    Step("energy-limit", "the feature has unit variance", equal(_energy, 1), Axiom("large-numbers", (_energy,))),
    Step("labels-limit", "its covariance with the labels", equal(_labels, angle), Axiom("large-numbers", (_labels,))),
    Step(
        "risk",
        "the risk",
        equal(v.risk, ridge_limit(theta, tau, PENALTY)),
        Algebra(),
        ("risk-parts", "error", "coefficient-any", "energy-limit", "labels-limit", "penalty"),
    ),
)

_l = Symbol("l", positive=True)

RIDGE_COROLLARIES = (
    Step(
        "other-form",
        "the form 1 - (1 + 2 l)/(1 + l)^2 cos^2, in which digits cancel",
        equal(ridge_limit(theta, tau, _l), tau**2 * (1 - (1 + 2 * _l) / (1 + _l) ** 2 * cos(theta) ** 2)),
        Algebra(),
    ),
    Step(
        "never-helps",
        "so with many samples ridge only adds to the floor",
        equal(
            ridge_limit(theta, tau, _l) - tau**2 * sin(theta) ** 2,
            tau**2 * (_l / (1 + _l)) ** 2 * cos(theta) ** 2,
        ),
        Algebra(),
    ),
)

MEAN_COROLLARIES = (
    Step(
        "floor",
        "with many samples the floor is left",
        equal(Limit(tau**2 + (sigma**2 + tau**2) / (_l - 2), _l, oo), tau**2),
        TakeLimit(),
    ),
)

# -- rescaled targets ---------------------------------------------------------

COLLINEAR = (
    *_PLAIN,
    _MEAN,
    Step(
        "collinear",
        "teachers on one line, whatever the scale and sign",
        equal(E(v.risk), sigma**2 / (n - 2)),
        Algebra(),
        ("mean",),
    ),
)
