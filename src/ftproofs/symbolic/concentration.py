"""Templates of theorems about extremes: singular values in every draw, and of Gaussian matrices with a probability.

What holds with a probability is supported for claims with a level only; the derivation
adds up what its theorems may fail by (`Theorem.failure`) and compares it with the level.
"""

from __future__ import annotations

from typing import Any

from sympy import Expr, Integer, Max, Poly, Symbol, exp, sqrt, sympify

from ftproofs.claim import Probability, Statement
from ftproofs.symbolic import bounds, split
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.methods import decide
from ftproofs.symbolic.theorems import _given, _positive, _require
from ftproofs.symbolic.vocabulary import v

#: What an extreme of a Gaussian may miss its mean by, more than t times its Lipschitz constant, on one side.
FAILURE: Expr = exp(-(v.deviation**2) / 2)


# -- linear algebra, in every draw ------------------------------------------------


def rayleigh(_: Context, which: str) -> Statement:
    """A quadratic form is at most the largest eigenvalue times the squared length: tail, P_perp Sigma P_perp."""
    forms = {
        "tail": Statement(m.tail_risk, "<=", v.tail_eigenvalue * m.tail_length**2),
        "outside": Statement(v.delta_risk, "<=", v.worst_perp_risk * v.perp_delta_norm**2),
    }
    _require(which in forms, f"no form {which!r}")
    return forms[which]


def least_squares_norm(context: Context, id: str) -> Statement:
    """A x = B y with A of full column rank: ``|x| <= |B|/s_min(A) |y|``.

    Of the whitened leading coordinates A and the tail's B; without leading directions both sides are 0.
    """
    given = _given(context, id)
    _require(
        given == Statement(m.X * m.head * m.outside, "==", -m.X * m.tail * m.outside),
        "it is not given that leading and tail coordinates cancel",
    )
    _require(context.only("inputs", "gaussian", "sphere"), "the inputs are not random")
    _require(_positive(v.n - v.split, context), "there may be as many leading directions as samples")
    return Statement(m.head_length, "<=", v.split_ratio * m.tail_length)


def cauchy_schwarz_vectors(context: Context, id: str, product: Symbol, one: Symbol, other: Symbol) -> Statement:
    """``a'b <= |a| |b|`` for vectors whose lengths have names; without a step where the product reads so itself."""
    given = _given(context, id) if id else Statement(m.READINGS[product].matrix, "==", m.READINGS[product].matrix)
    lengths = [m.READINGS[name] for name in (one, other)]
    _require(all(length.kind == "norm" and length.factor == 1 for length in lengths), "the names are no lengths")
    a, b = (length.matrix for length in lengths)
    _require(
        given == Statement(m.READINGS[product].matrix, "==", a.T * b) and m.READINGS[product].kind == "value",
        f"step {id!r} does not say that {product} is their product",
    )
    return Statement(product, "<=", one * other)


def smallest_image(context: Context) -> Statement:
    """``|A y| >= s_min(A) |y|``, A the whitened leading coordinates, y the whitened leading part of X^+ z."""
    _require(_positive(v.n - v.split, context), "there may be as many leading directions as samples")
    return Statement(split.low_head * m.lead_length, "<=", m.image_length)


def gram_spectrum(context: Context, id: str, which: str) -> Statement:
    """The Gram matrix A = B B' of the tail B at a vector: s_min(B)^2 |p| <= |A p|, |A p|^2 <= s_max(B)^2 p'A p."""
    given = _given(context, id)
    _require(given == Statement(m.tail_gram * m.solution, "==", m.X * m.fitted), "p is not what A takes to the image")
    if which == "smallest":
        return Statement(split.low_tail**2 * m.solution_length, "<=", m.image_length)
    _require(which == "largest", f"no end {which!r} of the spectrum")
    return Statement(m.image_length**2, "<=", split.top_tail**2 * m.solution_product)


def inverse_order(context: Context, id: str) -> Statement:
    """G = A + B with A, B positive semidefinite: the inverse of G is at most 1 over the least eigenvalue of A."""
    expected = Statement(m.X * m.X.T, "==", m.X * m.head * m.X.T + m.tail_gram)
    _require(_given(context, id) == expected, "X X' is not split in two")
    _require(context.regimes() <= {"wide"}, "X X' may be singular")
    return Statement(split.top_inverse * split.low_tail**2, "<=", Integer(1))


def trace_product(context: Context, id: str) -> Statement:
    """``tr(K M K) <= |K|^2 tr M`` for symmetric K and positive semidefinite M; K the inverse of X X'."""
    inverse, energy = m.Xp.T * m.Xp, m.READINGS[m.tail_energy].matrix
    expected = Statement(m.READINGS[m.tail_share].matrix, "==", inverse * energy * inverse)
    _require(_given(context, id) == expected, "the share is no such product")
    return Statement(m.tail_share, "<=", split.top_inverse**2 * m.tail_energy)


def frobenius_rank(context: Context, id: str) -> Statement:
    """``c |W z|^2 <= e |z|^2`` for every z: the squared Frobenius norm of W, of rank k, is at most k e/c."""
    given = _given(context, id)
    c, e = sympify(given.lhs) / m.lead_length**2, sympify(given.rhs) / m.probe_length**2
    extremes = {split.low_head, split.low_tail, split.top_tail}
    _require(given.rel == "<=" and c.free_symbols | e.free_symbols <= extremes, "no bound for every z given")
    return Statement(c * m.head_share, "<=", v.split * e)


# -- Gaussian matrices, with a probability ----------------------------------------


def _gaussian(context: Context) -> None:
    _require(isinstance(context.claim.quantifier, Probability), "the claim has no level")
    _require(context.only("inputs", "gaussian"), "the inputs may be other than Gaussian")


def gordon_smallest(context: Context) -> Statement:
    """The mean of the smallest singular value of an n x k Gaussian matrix is at least sqrt(n) - sqrt(k)."""
    _gaussian(context)
    _require(split.some_lead(context) is None, "there may be no leading direction")
    _require(_positive(v.n - v.split, context), "there may be as many leading directions as samples")
    return Statement(E(split.low_head), ">=", sqrt(v.n) - sqrt(v.split))


def chevet(context: Context) -> Statement:
    """The mean of the largest singular value of G C^(1/2), G an n-row Gaussian matrix, C the tail's covariance."""
    _gaussian(context)
    return Statement(E(split.top_tail), "<=", sqrt(v.n * v.tail_eigenvalue) + sqrt(v.tail_trace))


def gordon_tail(context: Context) -> Statement:
    """The mean of the least of the n singular values of G C^(1/2), G an n-row Gaussian matrix, C the tail's covariance.

    At least ``E |C^(1/2) g| - sqrt(n |C|)``, and by Poincare's inequality ``(E |C^(1/2) g|)^2 >= tr C - |C|``.
    """
    _gaussian(context)
    spread = sqrt(Max(v.tail_trace - v.tail_eigenvalue, 0))
    return Statement(E(split.low_tail), ">=", spread - sqrt(v.n * v.tail_eigenvalue))


def laurent_massart(context: Context) -> Statement:
    """A sum of squared normals, n for each of the weights l_i^2 of the tail, is not far above its mean."""
    _gaussian(context)
    return Statement(
        m.tail_energy,
        "<=",
        bounds.tail_energy(v.n, v.deviation, v.tail_eigenvalue, v.tail_square, v.tail_fourth),
    )


def gaussian_concentration(context: Context, which: Symbol) -> Statement:
    """A function of a Gaussian matrix with Lipschitz constant K is within t K of its mean, on the side asked for."""
    _gaussian(context)
    root = sqrt(v.tail_eigenvalue)
    lipschitz = {split.low_head: Integer(1), split.top_tail: root, split.low_tail: root}
    _require(which in lipschitz, f"{which} has no known Lipschitz constant")
    if which == split.top_tail:
        return Statement(which, "<=", E(which) + v.deviation * lipschitz[which])
    return Statement(which, ">=", E(which) - v.deviation * lipschitz[which])


def gaussian_width(context: Context, id: str) -> Statement:
    """(g'u)^2 at most the same quadratic form in g for every u: the width's square is at most the form's mean.

    ``E sup g'u <= (E sup (g'u)^2)^(1/2)`` by Jensen, and independent standard normals have second moments 1.
    """
    given = _given(context, id)
    _require(given.rel == "<=" and given.lhs == split.product() ** 2, "no bound of (g'u)^2 given")
    form = Poly(sympify(given.rhs), *split.normal)
    _require(all(sum(monomial) == 2 and max(monomial) == 2 for monomial in form.monoms()), "no sum of squares of g")
    _require(not set(split.point) & sympify(given.rhs).free_symbols, "the bound depends on the point")
    return Statement(split.width(split.radius) ** 2, "<=", sum(form.coeffs(), Integer(0)))


def gordon_escape(context: Context, id: str, squared: Any, value_id: str) -> Statement:
    """A Gaussian null space misses a closed set of the sphere of width at most a_n - t, except with exp(-t^2/2).

    The worst direction outside the span, whitened and of unit length, is in the null space: it is
    not in the ellipsoid of a squared radius at which the width is small enough.
    """
    _gaussian(context)
    _require(context.regimes() <= {"wide"}, "there may be no null space")
    given, value = _given(context, id), _given(context, value_id)
    gap = bounds.escape_gap(v.n, v.deviation)
    _require(given.rel == "<=" and given.lhs == split.width(split.radius) ** 2, "no bound of the width given")
    squared = sympify(squared)
    at = sympify(given.rhs).subs(split.radius, squared)
    _require(value == Statement(at, "==", gap**2), f"it is not given that {at} == {gap**2}")
    _require(decide(gap, ">", Integer(0), context).status == "proved", "a_n - t may be negative")
    return Statement(split.null_form, ">=", 1 / squared)
