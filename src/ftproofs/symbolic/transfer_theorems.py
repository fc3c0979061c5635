"""Templates of theorems about projections, fits to source data and a readout on one Gaussian feature."""

from __future__ import annotations

from typing import Any

from sympy import Expr, Integral, S, Symbol, cos, oo, pi, sin, sympify

from ftproofs.claim import Choices, Limit, Mean, Statement
from ftproofs.symbolic import pretraining
from ftproofs.symbolic.chi_square import chi_square_density, x
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.theorems import Inadmissible, _isotropic, _require
from ftproofs.symbolic.transfer_steps import penalty
from ftproofs.symbolic.vocabulary import SYMBOLS, v


def start_norm_squared(context: Context) -> Expr:
    """Squared norm of the predictor that fine-tuning starts from."""
    return v.start_norm**2 if context.start_is_fitted else v.source_norm**2


def start_product(context: Context) -> Expr:
    """Its product with the target teacher."""
    return v.start_product if context.start_is_fitted else v.source_norm * v.target_norm * cos(v.theta)


def haar_mean(context: Context, name: Any) -> Statement:
    """``E[P_perp] = (1 - n/d) I`` for rotation-invariant rows, independent of teachers and start."""
    _isotropic(context, "gaussian", "sphere")
    _require(isinstance(context.claim.quantifier, Mean), "the claim is not about means")
    _require(context.regimes() == {"wide"}, "n < d is not assumed")
    share = (v.d - v.n) / v.d
    means = {
        v.perp_target_norm**2: v.target_norm**2,
        v.perp_source_norm**2: start_norm_squared(context),
        v.perp_product: start_product(context),
    }
    if context.claim.experiment.startswith("federated."):
        _require(context.only("participates", "no"), "the start may depend on the client's data")
        means = {v.perp_delta_norm**2: v.start_risk}
    _require(name in means, f"{name} is no form in the projector")
    return Statement(E(name), "==", share * E(means[name]))


def _side(context: Context) -> str:
    """Whether the source data have fewer samples than dimensions or more."""
    allowed = context.allowed("gamma_s")
    ends = allowed.values if isinstance(allowed, Choices) else (allowed.low, allowed.high) if allowed else ()
    numbers = [float(end) for end in ends]
    _require(bool(numbers) and all(number < oo for number in numbers), "the source data are the population")
    if all(number < 1 for number in numbers):
        return "wide"
    _require(all(number > 1 for number in numbers), "the side of gamma_s = 1 is not fixed")
    return "tall"


def fit_moments(context: Context, name: Any) -> Statement:
    """Mean squared norm of the minimum-norm fit to isotropic Gaussian data, and mean product with a fixed vector.

    The fit is ``P theta + X^+ eps``: the projector's mean is n/d, the trace's that of an
    inverse Wishart matrix, and the noise is independent with mean zero.
    """
    _isotropic(context, "gaussian")
    _require(isinstance(context.claim.quantifier, Mean), "the claim is not about means")
    ratio, d, s = v.gamma_s, v.d, v.source_norm
    count = ratio * d
    if _side(context) == "wide":
        share, noise = ratio, count / (d - count - 1)
    else:
        share, noise = S.One, d / (count - d - 1)
    values = {
        v.start_norm**2: share * s**2 + v.sigma_s**2 * noise,
        v.start_product: share * s * v.target_norm * cos(v.theta),
    }
    _require(name in values, f"{name} is no form in the fit")
    return Statement(E(name), "==", values[name])


def fit_limits(context: Context, name: Any) -> Statement:
    """The limits of the same at a fixed number of source samples per dimension."""
    _require(isinstance(context.claim.quantifier, Limit), "the claim is not about a limit")
    _isotropic(context, "gaussian")
    ratio, s = v.gamma_s, v.source_norm
    if _side(context) == "wide":
        share, noise = ratio, ratio / (1 - ratio)
    else:
        share, noise = S.One, 1 / (ratio - 1)
    values = {
        v.start_norm**2: share * s**2 + v.sigma_s**2 * noise,
        v.start_product: share * s * v.target_norm * cos(v.theta),
    }
    _require(name in values, f"{name} is no form in the fit")
    return Statement(name, "==", values[name])


#: The squared norm of the feature, chi-square with n degrees of freedom.
energy = Symbol("q", positive=True)


def readout_moment(context: Context, id: str, error_id: str, power: int) -> Statement:
    """One Gaussian feature of unit variance: its energy q is chi-square, and what it leaves of the labels is
    independent of it and normal with variance ``sigma^2 + tau^2 sin^2 theta``.

    Given the coefficient ``(z'y/n)/(q/n + nu)`` and a name for its error, its distance from ``tau cos theta`` is
    ``(z'e - n nu tau cos theta)/(q + n nu)``; the mean of its square, or of its fourth
    power without ridge, over e is taken here, that over q stays an integral.
    """
    _isotropic(context, "gaussian")
    _require(isinstance(context.claim.quantifier, Mean), "the claim is not about means")
    _require(not context.start_is_fitted, "the feature may not be the teacher's direction")
    given = context.given.get(id)
    _require(given is not None and given.rel == "==" and given.lhs == v.along_source, "no coefficient is given")
    assert given is not None
    expected = v.feature_product / (v.feature_energy + penalty)
    no_ridge = context.only("ridge", 0, 0.0)
    plain = v.feature_product / v.feature_energy
    _require(given.rhs == expected or (no_ridge and given.rhs == plain), "it is not the ridge solution")
    angle = v.target_norm * cos(v.theta)
    noise = v.sigma**2 + v.target_norm**2 * sin(v.theta) ** 2
    named, density = context.given.get(error_id), chi_square_density(v.n)
    _require(
        named is not None
        and named.rel == "=="
        and isinstance(named.lhs, Symbol)
        and named.rhs == v.along_source - angle,
        "the coefficient's error has no name",
    )
    assert named is not None
    error = named.lhs
    if power == 4:
        _require(no_ridge, "the fourth power is known without ridge")
        return Statement(E(error**4), "==", 3 * noise**2 * Integral(density / x**2, (x, 0, oo)))
    _require(power == 2, "only squares and fourth powers")
    if no_ridge:
        return Statement(E(error**2), "==", noise * Integral(density / x, (x, 0, oo)))
    shift = v.n * penalty
    spread = Integral(x * density / (x + shift) ** 2, (x, 0, oo))
    shrinkage = Integral(density / (x + shift) ** 2, (x, 0, oo))
    return Statement(E(error**2), "==", noise * spread + angle**2 * shift**2 * shrinkage)


def large_numbers(context: Context, name: Any) -> Statement:
    """Means of n independent terms tend to their expectation as n grows: the feature's energy, its product with y."""
    _require(isinstance(context.claim.quantifier, Limit), "the claim is not about a limit")
    _isotropic(context, "gaussian")
    overlap = v.start_product / v.start_norm if context.start_is_fitted else v.target_norm * cos(v.theta)
    values = {v.feature_energy: S.One, v.feature_product: sympify(overlap)}
    if name not in values:
        raise Inadmissible(f"{name} is no mean over samples")
    return Statement(name, "==", values[name])


def positive_energy(context: Context) -> Statement:
    """A Gaussian vector is not zero, almost surely."""
    _isotropic(context, "gaussian")
    return Statement(v.feature_energy, ">", S.Zero)


def collinear(context: Context, name: Any) -> Statement:
    """Teachers at angle 0 or pi are multiples of one another: ``theta_T = cos(theta) (tau/s) theta_S``."""
    _require(context.only("theta", 0, 0.0, pi), "the angle may be other than 0 and pi")
    _require(not context.start_is_fitted, "the start may be another vector")
    ratio, outside = v.target_norm / v.source_norm, v.perp_source_norm**2
    values = {
        v.perp_target_norm**2: ratio**2 * outside,
        v.perp_product: cos(v.theta) * ratio * outside,
        cos(v.theta) ** 2: S.One,
    }
    _require(name in values, f"{name} is not covered")
    return Statement(name, "==", values[name])


# -- pretraining --------------------------------------------------------------


def conserved_matrix(context: Context, id: str) -> Statement:
    """A matrix whose velocity vanishes along a flow stays what it was at the start."""
    why = pretraining.two_layers(context)
    _require(why is None, why or "")
    expected = Statement(pretraining.imbalance_velocity, "==", pretraining.ZERO)
    _require(context.given.get(id) == expected, "it is not shown that the imbalance does not move")
    return pretraining.GRAM


def equal_spectra(context: Context, id: str, k: int) -> Statement:
    """Equal Gram matrices have equal eigenvalues, whose roots are singular values (k = 0: off the readout)."""
    expected = pretraining.SPURIOUS if k == 0 else pretraining.GRAM
    _require(context.given.get(id) == expected, "the Gram matrix is not given")
    if k == 0:
        return Statement(v.spurious_value**2, "==", v.conserved_spurious_value**2)
    names = {i: (SYMBOLS[f"singular_value_{i}"], SYMBOLS[f"conserved_value_{i}"]) for i in (1, 2, 3)}
    _require(k in names, f"value {k} is not measured")
    one, other = names[k]
    return Statement(one**2, "==", other**2)


def interlacing(context: Context, id: str) -> Statement:
    """``a^2 I - a^2 v v' + V V'`` in three or more dimensions: all eigenvalues but the extreme two are a^2."""
    why = pretraining.wide_orthonormal(context)
    _require(why is None, why or "")
    _require(context.given.get(id) == pretraining.GRAM, "the Gram matrix is not given")
    return Statement(v.singular_value_2**2, "==", v.init_scale**2)
