"""The closed list of general theorems that derivations may cite.

Each has a citation and a template: from its arguments and what is given it makes
the relation it supports, or says why it does not apply.  None of them speaks of
fine-tuning; a claim's statement is never one of their relations by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sympy import Expr, S

from ftproofs.claim import Statement
from ftproofs.symbolic import (
    concentration,
    diagonal_limit_theorems,
    diagonal_support_theorems,
    diagonal_theorems,
    equivalents,
    federated_pool,
    federated_theorems,
    flows,
    recovery_theorems,
    relu_theorems,
    replica_theorems,
    theorems,
    transfer_theorems,
)
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.methods import _open
from ftproofs.symbolic.rules import Preparation, is_matrix
from ftproofs.symbolic.zero import Finding, box_for, is_zero


@dataclass(frozen=True, slots=True)
class Theorem:
    """A theorem: what it says, where it stands, and the relation it supports in a context.

    ``failure`` is the probability, an expression in parameters, with which the relation may fail.
    """

    says: str
    citation: str
    template: Callable[..., Statement]
    failure: Expr = S.Zero


@dataclass(frozen=True)
class Axiom:
    """The step cites a theorem of the list with these arguments."""

    name: str
    arguments: tuple[Any, ...] = ()

    def close(self, relation: Statement, context: Context) -> Finding:
        """Check that the theorem applies and supports exactly this relation."""
        theorem = AXIOMS.get(self.name)
        if theorem is None:
            return _open("axiom", f"no theorem {self.name!r} in the list")
        try:
            supported = theorem.template(context, *self.arguments)
        except theorems.Inadmissible as error:
            return _open("axiom", f"{self.name}: {error}")
        if not same(supported, relation, context):
            return _open("axiom", f"{self.name} supports {supported}")
        return Finding("proved", "axiom", theorem.citation)


def same(one: Statement, other: Statement, context: Context) -> bool:
    """Whether two relations are the same, side by side, up to the zero ladder."""
    if one == other:
        return True
    if one.rel != other.rel or is_matrix(one) or is_matrix(other):
        return False
    prepare = Preparation({})
    try:
        gaps = [prepare(one.lhs) - prepare(other.lhs), prepare(one.rhs) - prepare(other.rhs)]
    except ZeroDivisionError:
        return False
    return all(is_zero(x, box_for([x], context.domain)).status == "proved" for x in gaps)


AXIOMS: Mapping[str, Theorem] = MappingProxyType(
    {
        "constant-of-motion": Theorem(
            "a differentiable function whose derivative vanishes is constant",
            "Rudin, Principles of Mathematical Analysis, 1976, theorem 5.11",
            theorems.constant_of_motion,
        ),
        "gronwall": Theorem(
            "f' <= -c f implies f(t) <= f(0) exp(-c t)",
            "Gronwall, Annals of Mathematics 20, 1919",
            theorems.gronwall,
        ),
        "monotone-roots": Theorem(
            "roots of increasing functions converge when the functions do and the limit increases through its root",
            "van der Vaart, Asymptotic Statistics, 1998, lemma 5.10",
            theorems.monotone_roots,
        ),
        "spectral-bound": Theorem(
            "for a symmetric matrix |f(A) x| <= max |f(eigenvalue)| |x|",
            "Horn and Johnson, Matrix Analysis, 2013, theorem 4.1.5",
            theorems.spectral_bound,
        ),
        "smallest-singular-value": Theorem(
            "|X'r| >= s_min(X) |r| when X has full row rank",
            "Horn and Johnson, Matrix Analysis, 2013, theorem 4.2.2",
            theorems.smallest_singular_value,
        ),
        "cauchy-schwarz": Theorem(
            "a coordinate along a unit vector is at most the norm",
            "Horn and Johnson, Matrix Analysis, 2013, theorem 5.1.4",
            theorems.cauchy_schwarz,
        ),
        "general-position": Theorem(
            "a fixed vector lies in the span of n < d random rows with probability zero",
            "Muirhead, Aspects of Multivariate Statistical Theory, 1982, theorem 3.1.4",
            theorems.general_position,
        ),
        "coordinatewise": Theorem(
            "vectors are equal when their coordinates along every direction are",
            "Horn and Johnson, Matrix Analysis, 2013, section 0.1",
            theorems.coordinatewise,
        ),
        "gradient-span": Theorem(
            "gradient descent, momentum, one-sample steps and gradient flow stay in the start plus the gradients' span",
            "Gunasekar, Lee, Soudry, Srebro, ICML 2018, section 2",
            theorems.gradient_span,
        ),
        "quadratic-convergence": Theorem(
            "with a stable step gradient methods on a least-squares loss converge to a stationary point",
            "Polyak, Introduction to Optimization, 1987, chapters 1-3; Strohmer, Vershynin 2009 for one-sample steps",
            theorems.quadratic_convergence,
        ),
        "invariant-family": Theorem(
            "a flow whose velocity is tangent to a family of points stays in the family",
            "Coddington and Levinson, Theory of Ordinary Differential Equations, 1955, theorem I.2.2; "
            "Arora, Cohen, Hazan 2018 for balanced layers",
            theorems.invariant_family,
        ),
        "invariant-pair": Theorem(
            "the same for two rank-one layers of any norms",
            "Coddington and Levinson, Theory of Ordinary Differential Equations, 1955, theorem I.2.2",
            theorems.invariant_pair,
        ),
        "convex-quadratic-flow": Theorem(
            "gradient flow on a least-squares loss converges to a point where the gradient vanishes",
            "Polyak, Introduction to Optimization, 1987, chapters 1-3",
            theorems.convex_quadratic_flow,
        ),
        "invariant-chain": Theorem(
            "the same for aligned, balanced layers beside frozen ones",
            "Coddington and Levinson, Theory of Ordinary Differential Equations, 1955, theorem I.2.2; "
            "Arora, Cohen, Hazan 2018 for balanced layers",
            flows.invariant_chain,
        ),
        "scalar-flow": Theorem(
            "a bounded solution of an autonomous equation f' = v(f) on the line is monotone and tends to a zero of v",
            "Hirsch, Smale, Devaney, Differential Equations, Dynamical Systems, and an Introduction to Chaos, 2013, "
            "chapter 1",
            flows.scalar_flow,
        ),
        "spectral-part": Theorem(
            "for a symmetric matrix |f(A) x| >= |f(eigenvalue)| |u'x|, u an eigenvector of unit length",
            "Horn and Johnson, Matrix Analysis, 2013, theorem 4.1.5",
            flows.spectral_part,
        ),
        "loss-limit": Theorem(
            "a gradient flow along which the loss decays exponentially has finite length and converges",
            "Polyak, USSR Computational Mathematics 3, 1963; Karimi, Nutini, Schmidt 2016",
            theorems.loss_limit,
        ),
        "haar-null-fraction": Theorem(
            "the squared part of a fixed unit vector outside a Haar-uniform n-dimensional space is Beta((d-n)/2, n/2)",
            "Muirhead, Aspects of Multivariate Statistical Theory, 1982, theorem 1.5.7",
            theorems.haar_null_fraction,
        ),
        "wishart-inverse-trace": Theorem(
            "a diagonal entry of an inverse Wishart_p(m) matrix is the inverse of a chi-square with m-p+1 degrees",
            "Muirhead, Aspects of Multivariate Statistical Theory, 1982, theorem 3.2.12",
            theorems.wishart_inverse_trace,
        ),
        "white-noise": Theorem(
            "noise independent of the design with E[eps] = 0 and E[eps eps'] = sigma^2 I",
            "Seber and Lee, Linear Regression Analysis, 2003, theorem 1.5",
            theorems.white_noise,
        ),
        "deterministic-equivalent": Theorem(
            "resolvents of a sample covariance tend to those of the covariance at a shifted ridge, in the limit of "
            "many samples and without a rate",
            "Hastie, Montanari, Rosset, Tibshirani, Annals of Statistics 50, 2022; Bach 2024",
            equivalents.deterministic_equivalent,
        ),
        "resolvent-slope": Theorem(
            "slopes of convex functions converge where the limit is differentiable; the slopes of a resolvent",
            "Rockafellar, Convex Analysis, 1970, theorem 25.7",
            equivalents.resolvent_slope,
        ),
        "haar-overlap": Theorem(
            "products of fixed vectors' projections on a Haar-uniform n-dimensional space concentrate at n/d of theirs",
            "Vershynin, High-Dimensional Probability, 2018, lemma 5.3.2",
            equivalents.haar_overlap,
        ),
        "inverse-gram-limit": Theorem(
            "the trace of an inverse Wishart matrix concentrates at n/(d - n)",
            "Bai and Silverstein, Spectral Analysis of Large Dimensional Random Matrices, 2010, theorem 3.10",
            equivalents.inverse_gram_limit,
        ),
        "noise-concentration": Theorem(
            "quadratic forms in independent Gaussian noise concentrate at their means",
            "Hanson and Wright 1971; Vershynin, High-Dimensional Probability, 2018, theorem 6.2.1",
            equivalents.noise_concentration,
        ),
        "unique-minimiser": Theorem(
            "a strictly convex quadratic has one stationary point",
            "Boyd and Vandenberghe, Convex Optimization, 2004, section 9.1",
            federated_theorems.unique_minimiser,
        ),
        "positive-definite": Theorem(
            "a positive definite matrix takes no other vector to zero than zero",
            "Horn and Johnson, Matrix Analysis, 2013, section 7.1",
            federated_theorems.positive_definite,
        ),
        "marchenko-pastur": Theorem(
            "traces and forms of the resolvent of a white sample covariance tend to those of the Marchenko-Pastur law",
            "Bai and Silverstein, Spectral Analysis of Large Dimensional Random Matrices, 2010, section 3.3; "
            "Bai, Miao, Pan 2007 for forms",
            federated_theorems.ridge_resolvents,
        ),
        "ridge-modes": Theorem(
            "over a uniform direction and white noise quadratic forms in a symmetric matrix have the means of traces",
            "Seber and Lee, Linear Regression Analysis, 2003, theorem 1.5",
            federated_theorems.ridge_modes,
        ),
        "deviations-and-noise": Theorem(
            "the mean square of a linear image of independent vectors of mean zero, from their second moments",
            "Seber and Lee, Linear Regression Analysis, 2003, theorem 1.5",
            federated_pool.deviations_and_noise,
        ),
        "wishart-inverse-pool": Theorem(
            "a diagonal entry of an inverse Wishart_p(m) matrix is the inverse of a chi-square with m-p+1 degrees",
            "Muirhead, Aspects of Multivariate Statistical Theory, 1982, theorem 3.2.12",
            federated_pool.inverse_of_pool,
        ),
        "wishart-trace": Theorem(
            "the trace of a white Wishart_p(m) matrix is chi-square with pm degrees and independent of the matrix "
            "over it",
            "Muirhead, Aspects of Multivariate Statistical Theory, 1982, theorem 1.5.6",
            federated_pool.trace_of_pool,
        ),
        "wishart-moments": Theorem(
            "second moments of a white Wishart matrix",
            "Muirhead, Aspects of Multivariate Statistical Theory, 1982, section 3.2",
            federated_pool.wishart_moments,
        ),
        "wishart-part": Theorem(
            "of independent white Wishart matrices A and B, (A + B)^-1/2 A (A + B)^-1/2 is independent of A + B and "
            "its law the same in every basis",
            "Olkin and Rubin, Annals of Mathematical Statistics 35, 1964; Muirhead 1982, theorem 3.3.1",
            federated_pool.wishart_part,
        ),
        "mean-order": Theorem(
            "what is smaller in every draw has the smaller mean",
            "Rudin, Real and Complex Analysis, 1987, section 1.24",
            federated_theorems.mean_order,
        ),
        "rayleigh": Theorem(
            "a quadratic form is at most its largest eigenvalue times the squared length",
            "Horn and Johnson, Matrix Analysis, 2013, theorem 4.2.2",
            concentration.rayleigh,
        ),
        "least-squares-norm": Theorem(
            "if A x = B y and A has full column rank then |x| <= |B|/s_min(A) |y|",
            "Horn and Johnson, Matrix Analysis, 2013, theorem 7.3.2",
            concentration.least_squares_norm,
        ),
        "cauchy-schwarz-vectors": Theorem(
            "a'b <= |a| |b|",
            "Horn and Johnson, Matrix Analysis, 2013, theorem 5.1.4",
            concentration.cauchy_schwarz_vectors,
        ),
        "smallest-image": Theorem(
            "|A y| >= s_min(A) |y|",
            "Horn and Johnson, Matrix Analysis, 2013, theorem 7.3.10",
            concentration.smallest_image,
        ),
        "gram-spectrum": Theorem(
            "for A = B B' s_min(B)^2 |p| <= |A p| and |A p|^2 <= s_max(B)^2 p'A p",
            "Horn and Johnson, Matrix Analysis, 2013, theorem 4.2.2",
            concentration.gram_spectrum,
        ),
        "inverse-order": Theorem(
            "adding a positive semidefinite matrix to a positive definite one does not increase its inverse",
            "Horn and Johnson, Matrix Analysis, 2013, corollary 7.7.4",
            concentration.inverse_order,
        ),
        "trace-product": Theorem(
            "tr(K M K) <= |K|^2 tr M for symmetric K and positive semidefinite M",
            "Horn and Johnson, Matrix Analysis, 2013, section 7.7",
            concentration.trace_product,
        ),
        "frobenius-rank": Theorem(
            "the squared Frobenius norm of a matrix of rank k is at most k times its squared operator norm",
            "Horn and Johnson, Matrix Analysis, 2013, section 5.6",
            concentration.frobenius_rank,
        ),
        "gordon-tail": Theorem(
            "the mean of the least of the n singular values of G C^(1/2), G Gaussian with n rows, is at least "
            "sqrt(tr C - |C|) - sqrt(n |C|)",
            "Gordon 1985; Boucheron, Lugosi, Massart, Concentration Inequalities, 2013, theorem 3.20",
            concentration.gordon_tail,
        ),
        "laurent-massart": Theorem(
            "a sum of squared normals with weights a_i exceeds its mean by t sqrt(2 sum a_i^2) + t^2 max a_i with "
            "probability at most exp(-t^2/2)",
            "Laurent and Massart, Annals of Statistics 28, 2000, lemma 1",
            concentration.laurent_massart,
            concentration.FAILURE,
        ),
        "gordon-smallest": Theorem(
            "the mean of the smallest singular value of an n x k Gaussian matrix is at least sqrt(n) - sqrt(k)",
            "Gordon 1985; Davidson and Szarek 2001, theorem II.13",
            concentration.gordon_smallest,
        ),
        "chevet": Theorem(
            "the mean of the largest singular value of G C^(1/2), G Gaussian with n rows, is at most "
            "sqrt(n |C|) + sqrt(tr C)",
            "Chevet 1978; Gordon 1985",
            concentration.chevet,
        ),
        "gaussian-concentration": Theorem(
            "a function of independent normals with Lipschitz constant K exceeds its mean by t K with probability "
            "at most exp(-t^2/2), and as rarely falls short of it by as much",
            "Boucheron, Lugosi, Massart, Concentration Inequalities, 2013, theorem 5.6",
            concentration.gaussian_concentration,
            concentration.FAILURE,
        ),
        "gaussian-width": Theorem(
            "the Gaussian width of a set is at most the root of the mean of sup (g'u)^2",
            "Vershynin, High-Dimensional Probability, 2018, section 7.5",
            concentration.gaussian_width,
        ),
        "gordon-escape": Theorem(
            "the null space of a Gaussian matrix with n rows misses a closed part of the sphere of Gaussian width w, "
            "except with probability exp(-(a_n - w)^2/2), a_n = n/sqrt(n + 1)",
            "Gordon 1988, theorem 3.3; Boucheron, Lugosi, Massart, Concentration Inequalities, 2013, theorem 5.6",
            concentration.gordon_escape,
            concentration.FAILURE,
        ),
        "tall-gram-limit": Theorem(
            "the trace of an inverse Wishart matrix with more samples than dimensions concentrates at d/(n - d)",
            "Bai and Silverstein, Spectral Analysis of Large Dimensional Random Matrices, 2010, theorem 3.10",
            equivalents.tall_gram_limit,
        ),
        "haar-mean": Theorem(
            "a Haar-uniform projector on n of d dimensions has mean n/d times the identity",
            "Muirhead, Aspects of Multivariate Statistical Theory, 1982, theorem 1.5.7",
            transfer_theorems.haar_mean,
        ),
        "fit-moments": Theorem(
            "first and second moments of the minimum-norm fit to isotropic Gaussian data",
            "Hastie, Montanari, Rosset, Tibshirani, Annals of Statistics 50, 2022; Muirhead 1982, theorem 3.2.12",
            transfer_theorems.fit_moments,
        ),
        "fit-limits": Theorem(
            "they concentrate at their limits as the dimension grows at a fixed ratio",
            "Hastie, Montanari, Rosset, Tibshirani, Annals of Statistics 50, 2022, theorem 1",
            transfer_theorems.fit_limits,
        ),
        "gaussian-feature": Theorem(
            "simple regression on a Gaussian feature: chi-square energy, independent normal residual",
            "Seber and Lee, Linear Regression Analysis, 2003, theorems 2.8 and 3.5",
            transfer_theorems.readout_moment,
        ),
        "gaussian-vector": Theorem(
            "a Gaussian vector is zero with probability zero",
            "Muirhead, Aspects of Multivariate Statistical Theory, 1982, section 1.2",
            transfer_theorems.positive_energy,
        ),
        "collinear": Theorem(
            "vectors at angle 0 or pi are multiples of one another",
            "Horn and Johnson, Matrix Analysis, 2013, theorem 5.1.4",
            transfer_theorems.collinear,
        ),
        "conserved-matrix": Theorem(
            "a differentiable matrix whose derivative vanishes is constant",
            "Rudin, Principles of Mathematical Analysis, 1976, theorem 5.11",
            transfer_theorems.conserved_matrix,
        ),
        "equal-spectra": Theorem(
            "singular values are the roots of the Gram matrix's eigenvalues",
            "Horn and Johnson, Matrix Analysis, 2013, theorem 2.6.3",
            transfer_theorems.equal_spectra,
        ),
        "interlacing": Theorem(
            "a rank-one change moves eigenvalues no further than their neighbours",
            "Horn and Johnson, Matrix Analysis, 2013, corollary 4.3.9",
            transfer_theorems.interlacing,
        ),
        "large-numbers": Theorem(
            "means of independent terms of finite variance tend to their expectation",
            "Feller, An Introduction to Probability Theory and Its Applications I, 1968, section X.1",
            transfer_theorems.large_numbers,
        ),
        "root-along-depth": Theorem(
            "the root of an equation with positive slope is a differentiable function of the equation's parameter",
            "Rudin, Principles of Mathematical Analysis, 1976, theorem 9.28",
            equivalents.root_along_depth,
        ),
        **{name: Theorem(says, cited, form) for name, says, cited, form in diagonal_theorems.THEOREMS},
        **{name: Theorem(says, cited, form) for name, says, cited, form in diagonal_limit_theorems.THEOREMS},
        **{name: Theorem(says, cited, form) for name, says, cited, form in diagonal_support_theorems.THEOREMS},
        **{name: Theorem(says, cited, form) for name, says, cited, form in recovery_theorems.THEOREMS},
        **{name: Theorem(says, cited, form) for name, says, cited, form in relu_theorems.THEOREMS},
        "rademacher-bound": Theorem(
            "over a class of functions a loss in [0, 1] has a mean of at most that over n samples, twice the class's "
            "Rademacher complexity and t/(2 sqrt(n)), but for a probability exp(-t^2/2)",
            "Bartlett and Mendelson, Journal of Machine Learning Research 3, 2002, theorem 8",
            relu_theorems.rademacher_bound,
            relu_theorems.FAILURE,
        ),
        "replica": Theorem(
            "in the proportional limit a penalised fit acts on every coordinate as the penalty's proximal map on "
            "Gaussian noise, of a size and strength that solve two equations",
            "Kabashima, Wadayama, Tanaka 2009; for convex penalties Thrampoulidis, Oymak, Hassibi 2015",
            replica_theorems.replica,
        ),
    }
)
