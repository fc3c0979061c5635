"""Templates of theorems about kernels of wide ReLU networks and about clusters of leaky-ReLU neurons."""

from __future__ import annotations

from sympy import Expr, Integer, exp, sqrt

from ftproofs.claim import Mean, Probability, Statement
from ftproofs.symbolic import leaky_relu, relu
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.theorems import _given, _require
from ftproofs.symbolic.vocabulary import v


def uniform_direction(context: Context) -> Statement:
    """A normal vector's direction in a plane is uniform: on at both inputs where it is in both half-circles."""
    _require(context.claim.experiment == "relu.tangent", "the neurons are not normal vectors")
    _require(isinstance(context.claim.quantifier, Mean), "the claim is not about means")
    return Statement(E(relu.on_both), "==", relu.overlap(v.theta))


def schur_product(context: Context, id: str) -> Statement:
    """Powers of a Gram matrix, entry by entry, are positive semidefinite, and so are their sums with coefficients >= 0.

    The coefficients of ``u asin(u)`` are ``binomial(2k, k)/(4^k (2k + 1)) > 0``: so H is at least XX'/4.
    """
    given = _given(context, id)
    expected = Statement(relu.first_layer_kernel(relu.psi), "==", relu.split_kernel(relu.psi))
    _require(given == expected, "the kernel is not split")
    _require(context.claim.experiment == "relu.infinite", "the network is not infinitely wide")
    return Statement(v.label_energy, ">=", relu.image**2 / 4)


def dual_cauchy_schwarz(_: Context) -> Statement:
    return Statement(relu.product, "<=", relu.image * v.par_delta_norm)


def ball_complexity(context: Context, id: str) -> Statement:
    """Rademacher complexity of a ball of kernel predictors: at most ``B sqrt(tr H)/n``; here every K(x, x) = 1/2."""
    _require(_given(context, id) == Statement(v.label_energy, "<=", relu.radius**2), "no ball holds the predictors")
    _require(relu.infinite(context) is None, "the predictors are of another kernel")
    return Statement(relu.complexity, "<=", relu.radius * sqrt(v.n * relu.first_layer_kernel(Integer(0))) / v.n)


#: What bounded differences allow the uniform deviation to miss its mean by, one-sided.
FAILURE: Expr = exp(-(v.deviation**2) / 2)


def rademacher_bound(context: Context, id: str) -> Statement:
    """Mean loss at most the training loss, twice the complexity, and ``t/(2 sqrt n)``, but for exp(-t^2/2).

    The loss min(1, |f - y|) is 1-Lipschitz in [0, 1], and 0 on data that are interpolated.
    """
    _require(_given(context, id) == Statement(v.label_energy, "<=", relu.radius**2), "no ball holds the predictors")
    _require(isinstance(context.claim.quantifier, Probability), "the claim has no level")
    why = relu.linear_labels(context)
    _require(why is None, why or "")
    return Statement(v.clipped_risk, "<=", 2 * relu.complexity + relu.margin())


def mean_of_differences(context: Context, id: str) -> Statement:
    """phi(z) and phi(c) differ by at most |z - c| = |(w - centroid)'x|, so their mean by at most spread |x|."""
    given = _given(context, id)
    expected = Statement(leaky_relu.neuron.clusters**2, "<=", leaky_relu.neuron.difference**2)
    _require(given == expected, "it is not given that phi is 1-Lipschitz")
    _require(leaky_relu.equal_weights(context) is None, "the output weights may differ")
    return Statement(leaky_relu.error * leaky_relu.certified.rule, ">=", -leaky_relu.spread_product)


#: Name, words, citation and template of the theorems that hold in every draw or speak of means.
THEOREMS = (
    (
        "uniform-direction",
        "the direction of an isotropic normal vector in a plane is uniform",
        "Muirhead, Aspects of Multivariate Statistical Theory, 1982, theorem 1.5.6",
        uniform_direction,
    ),
    (
        "schur-product",
        "a power series with nonnegative coefficients, applied to each entry of a positive semidefinite matrix, gives "
        "one; that of the arcsine has such coefficients",
        "Schur 1911; Horn and Johnson, Matrix Analysis, 2013, theorem 7.5.3",
        schur_product,
    ),
    (
        "dual-cauchy-schwarz",
        "the product of two vectors is at most that of their lengths",
        "Horn and Johnson, Matrix Analysis, 2013, theorem 5.1.4",
        dual_cauchy_schwarz,
    ),
    (
        "ball-complexity",
        "the Rademacher complexity of a ball of radius B in a kernel's space is at most B sqrt(tr H)/n",
        "Bartlett and Mendelson, Journal of Machine Learning Research 3, 2002, lemma 22",
        ball_complexity,
    ),
    (
        "mean-of-differences",
        "a 1-Lipschitz function moves a mean by at most the mean of the distances",
        "Rudin, Principles of Mathematical Analysis, 1976, theorem 1.37",
        mean_of_differences,
    ),
)
