"""The steps to distances between data distributions, and to what they do and do not say of transfer (handbook B7)."""

from __future__ import annotations

from sympy import Derivative, Expr, Integer, Integral, Limit, Matrix, Rational, Symbol, cos, exp, oo, pi, sin, sqrt

from ftproofs.catalog.deep_linear import frozen_steps
from ftproofs.catalog.transfer.boundary_steps import quadratic
from ftproofs.claim import Statement, Step
from ftproofs.symbolic import divergences as div
from ftproofs.symbolic.chi_square import chi_square_density, x
from ftproofs.symbolic.differentiation import Differentiate
from ftproofs.symbolic.integrals import Integrate
from ftproofs.symbolic.limits import TakeLimit
from ftproofs.symbolic.methods import Algebra, Certificate, Part
from ftproofs.symbolic.transfer import readout_risk
from ftproofs.symbolic.vocabulary import at_most, equal, greater, less, v

s, tau, sigma, theta, n = v.source_norm, v.target_norm, v.sigma, v.theta, v.n
#: Squared norm of the teachers' difference; given the inputs the labels' means differ by the root of gap x chi-square.
GAP = s**2 + tau**2 - 2 * s * tau * cos(theta)
_density = chi_square_density(Integer(1))
_far, _m, _dy = Symbol("D", positive=True), Symbol("mean_gap", real=True), Symbol("y", real=True)


def over_inputs(conditional: Expr) -> Integral:
    """The mean over the inputs, whose squared effect on the labels' difference is ``GAP x``, x chi-square."""
    return Integral(conditional * _density, (x, 0, oo))


def _mean(id: str, says: str, conditional: Expr, value: Expr) -> Step:
    return Step(id, says, equal(over_inputs(conditional), value), Integrate())


# -- Kullback-Leibler ---------------------------------------------------------

KL = over_inputs(GAP * x / (2 * sigma**2))
_log_ratio = (_dy - _m) ** 2 - _dy**2
KULLBACK_LEIBLER = (
    _mean("mean", "the mean over the inputs", GAP * x / (2 * sigma**2), div.kullback_leibler(GAP, sigma)),
)
_unit = {s: Integer(1), tau: Integer(1)}
_kl = div.kullback_leibler(GAP, sigma)
_times = Symbol("c_t", real=True)

KULLBACK_LEIBLER_COROLLARIES = (
    Step(
        "unit-teachers",
        "unit teachers: (1 - cos theta)/sigma^2, at most 2/sigma^2",
        equal(2 / sigma**2 - _kl.subs(_unit), (1 + cos(theta)) / sigma**2),
        Algebra(),
    ),
    Step(
        "same-transfer",
        "theta and pi - theta have one and the same linear transfer at every n",
        equal(readout_risk(n, pi - theta, tau, sigma), readout_risk(n, theta, tau, sigma)),
        Algebra(),
    ),
    Step(
        "divergence-apart",
        "while for small noise the divergence at theta = pi grows beyond bounds, and at 0 there is none",
        equal(Limit(_kl.subs(_unit).subs(theta, pi).subs(sigma, 1 / _far), _far, oo), oo),
        TakeLimit(),
    ),
    Step(
        "fixed-gain",
        "at a fixed angle it grows so too, and the gain of linear transfer tends to (1 - gamma) - sin^2 theta",
        equal(Limit(_kl.subs(_unit).subs(theta, pi / 3).subs(sigma, 1 / _far), _far, oo), oo),
        TakeLimit(),
    ),
    Step(
        "rescaled",
        "a rescaled target has divergence (c - 1)^2 s^2/(2 sigma^2), its linear transfer does not depend on c",
        equal(
            div.kullback_leibler(s**2 + (_times * s) ** 2 - 2 * _times * s**2, sigma),
            (_times - 1) ** 2 * s**2 / (2 * sigma**2),
        ),
        Algebra(),
    ),
    *(
        Step(
            f"one-pair-{name}",
            "one pair, 45 degrees apart with noise 1/5: one divergence, and this sign of the gain at this gamma",
            (greater if helps else less)(_value(ratio), 0),
            Algebra(),
        )
        for name, ratio, helps, _value in (
            ("half", Rational(1, 2), True, lambda r: quadratic(r).subs({theta: pi / 4, sigma: Rational(1, 5)})),
            (
                "three-quarters",
                Rational(3, 4),
                False,
                lambda r: quadratic(r).subs({theta: pi / 4, sigma: Rational(1, 5)}),
            ),
            ("nearly-one", Rational(19, 20), True, lambda r: quadratic(r).subs({theta: pi / 4, sigma: Rational(1, 5)})),
        )
    ),
    Step(
        "orders",
        "at fixed n, unit teachers at acute angles are ordered by it: both grow with the angle",
        Statement(Derivative(_kl.subs(_unit), theta), "==", sin(theta) / sigma**2),
        Differentiate(),
    ),
)

# -- the others ---------------------------------------------------------------

AFFINITY = over_inputs(exp(-GAP * x / (8 * sigma**2)))
_affinity = 1 / sqrt(1 + GAP / (4 * sigma**2))
_square = Step(
    "square",
    "the square under the conditional integral is completed",
    equal(_dy**2 + (_dy - _m) ** 2, 2 * (_dy - _m / 2) ** 2 + _m**2 / 2),
    Algebra(),
)

HELLINGER = (
    _square,
    _mean("affinity", "the mean of the conditional affinity", exp(-GAP * x / (8 * sigma**2)), _affinity),
    Step(
        "hellinger",
        "one minus it, in the form in which nothing cancels",
        equal(1 - AFFINITY, div.hellinger_squared(GAP, sigma)),
        Algebra(),
        ("affinity",),
    ),
)

_u = Symbol("u", positive=True)
#: Distance of unit teachers over the noise.
_r = 2 * sin(theta / 2) / sigma
TOTAL = div.total_variation(4 * sin(theta / 2) ** 2, sigma)
SLOPE = 4 * _r / (pi * (4 + _r**2 * _u**2))
_erf_slope = sqrt(x) / sqrt(2 * pi) * exp(-(_r**2) * _u**2 * x / 8)

TOTAL_VARIATION = (
    Step(
        "slope",
        "along the distance the mean of erf(u r sqrt(x)/sqrt(8)) has this slope",
        equal(over_inputs(_erf_slope), 4 / (pi * (4 + _r**2 * _u**2))),
        Integrate(),
    ),
    Step(
        "integral",
        "which integrates to an arctangent",
        equal(Integral(SLOPE, (_u, 0, 1)), TOTAL),
        Integrate(),
    ),
)

CHI_SQUARED = (
    Step(
        "square",
        "the square under the conditional integral is completed",
        equal(2 * _m * _dy - _dy**2 / 2 - _m**2, _m**2 - (_dy - 2 * _m) ** 2 / 2),
        Algebra(),
    ),
    _mean(
        "ratio",
        "the mean of the conditional ratio, where it is finite",
        exp(GAP * x / sigma**2),
        1 / sqrt(1 - 2 * GAP / sigma**2),
    ),
    Step(
        "chi-squared",
        "minus one, in the form in which nothing cancels",
        equal(
            over_inputs(exp(GAP * x / sigma**2)) - 1,
            2 * GAP / sigma**2 / (sqrt(1 - 2 * GAP / sigma**2) * (1 + sqrt(1 - 2 * GAP / sigma**2))),
        ),
        Algebra(),
        ("ratio",),
    ),
)
RATIO = over_inputs(exp(GAP * x / sigma**2))
CHI_STABLE = CHI_SQUARED[-1].relation.rhs

# -- Wasserstein --------------------------------------------------------------

_a, _b = s, tau * cos(theta)
M, R = div.collinear_parts(_a, _b, sigma)
_A, _B = (Matrix([[1, c], [c, c**2 + sigma**2]]) for c in (_a, _b))

COLLINEAR = (
    Step("trace", "both covariances' traces", equal((_A + _B).trace(), M), Algebra()),
    Step(
        "geometric",
        "two by two: the geometric mean's squared trace is the product's trace and twice its determinant's root",
        equal((_A * _B).trace() + 2 * sigma**2, R),
        Algebra(),
    ),
    Step("determinants", "each determinant is the noise's variance", equal(_A.det() * _B.det(), sigma**4), Algebra()),
    Step(
        "distance",
        "the distance, in the form in which nothing cancels",
        equal(M - 2 * sqrt(R), div.wasserstein_squared_collinear(_a, _b, sigma)),
        Algebra(),
    ),
)

_mu = Symbol("mu", real=True)
_half_cos, _half_sin = cos(theta / 2), sin(theta / 2)
_S = Matrix([[1, 0, _half_cos], [0, 1, _half_sin], [_half_cos, _half_sin, 1 + sigma**2]])
_J = Matrix([[1, 0, 0], [0, -1, 0], [0, 0, 1]])
CHARACTERISTIC = (_J * _S - (_mu - 1) * Matrix.eye(3)).det()
CUBIC = -div.cubic(_mu, _half_sin**2, sigma**2)

ANGLE = (
    Step(
        "reflection",
        "unit teachers mirror one another: the second covariance is JSJ, and JS has this characteristic polynomial",
        equal(CHARACTERISTIC, CUBIC),
        Algebra(),
    ),
)

ANGLE_COROLLARIES = (
    Step("at-zero", "not negative at mu = 0", equal(CUBIC.subs(_mu, 0), 2 * _half_sin**2), Algebra()),
    Step(
        "at-one",
        "negative at 1, so between them lies a root, and W_2^2 is four times it",
        equal(CUBIC.subs(_mu, 1), -(sigma**2)),
        Algebra(),
    ),
)

# -- what a divergence does give ----------------------------------------------

FLOOR_BOUND = (
    *frozen_steps.ATTAINED,
    *frozen_steps.ISOTROPIC[-4:-1],
    Step(
        "sine",
        "for isotropic inputs the least risk of a multiple of the source",
        equal(v.risk, tau**2 * (1 - cos(theta) ** 2)),
        Algebra(),
        ("attained", "source", "target", "angle"),
    ),
    Step(
        "bound",
        "is at most the teachers' squared difference, 2 sigma^2 KL",
        at_most(v.risk, GAP),
        Certificate((Part((s - tau * cos(theta)) ** 2),)),
        ("sine",),
    ),
)
