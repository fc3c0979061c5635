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

from ftproofs.claim import Statement
from ftproofs.symbolic import diagonal_theorems, equivalents, replica_theorems, theorems
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.methods import _open
from ftproofs.symbolic.rules import Preparation, is_matrix
from ftproofs.symbolic.zero import Finding, box_for, is_zero


@dataclass(frozen=True, slots=True)
class Theorem:
    """A theorem: what it says, where it stands, and the relation it supports in a context."""

    says: str
    citation: str
    template: Callable[..., Statement]


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
        "root-along-depth": Theorem(
            "the root of an equation with positive slope is a differentiable function of the equation's parameter",
            "Rudin, Principles of Mathematical Analysis, 1976, theorem 9.28",
            equivalents.root_along_depth,
        ),
        **{name: Theorem(says, cited, form) for name, says, cited, form in diagonal_theorems.THEOREMS},
        "replica": Theorem(
            "in the proportional limit a penalised fit acts on every coordinate as the penalty's proximal map on "
            "Gaussian noise, of a size and strength that solve two equations",
            "Kabashima, Wadayama, Tanaka 2009; for convex penalties Thrampoulidis, Oymak, Hassibi 2015",
            replica_theorems.replica,
        ),
    }
)
