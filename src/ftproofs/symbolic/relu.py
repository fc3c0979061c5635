"""Two-layer ReLU networks of large width on the unit sphere: their kernel, and what their words mean (handbook A10)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Add, Expr, Integral, Matrix, Rational, Symbol, asin, cos, log, pi, sin, sqrt, sympify

from ftproofs.claim import Statement
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.expectation import E
from ftproofs.symbolic.vocabulary import v

#: Angle between two inputs; direction, in their plane, of a neuron's weights.
psi = Symbol("input_angle", real=True)
direction = Symbol("neuron_angle", real=True)
#: Share of the neurons that are on at both inputs.
on_both = Symbol("on_both", nonnegative=True)
#: For a = H^-1 r: the length of X'a, and its product with P delta.
image = Symbol("dual_image", nonnegative=True)
product = Symbol("dual_product", real=True)
#: Radius of a ball of predictors, and its Rademacher complexity on n inputs.
radius = Symbol("ball_radius", nonnegative=True)
complexity = Symbol("rademacher", nonnegative=True)


def first_layer_kernel(theta: Any) -> Expr:
    """``cos(theta) (pi - theta)/(2 pi)``: the first layer's kernel between unit inputs at an angle.

    Half of the start's neurons are on at each input; the share that is on at both is (pi - theta)/(2 pi).
    """
    theta = sympify(theta)
    return cos(theta) * (pi - theta) / (2 * pi)


def product_kernel(u: Any) -> Expr:
    """The same in the product ``u`` of two unit inputs: ``u/4 + u asin(u)/(2 pi)``."""
    u = sympify(u)
    return u / 4 + u * asin(u) / (2 * pi)


def generalization_bound(n: Any, delta_norm: Any, fail_prob: Any) -> Expr:
    """``sqrt(8/n) |delta| + sqrt(ln(1/p)/(2n))``: bounds the mean of min(1, error), but for the probability p."""
    n, delta_norm, fail_prob = map(sympify, (n, delta_norm, fail_prob))
    return sqrt(8 / n) * delta_norm + sqrt(-log(fail_prob) / (2 * n))


def _planar_solve(angles: Sequence[Expr], beta: Sequence[Expr]) -> tuple[Matrix, Matrix]:
    """Labels ``r = X beta`` of unit inputs in the plane at these angles, and ``H^-1 r`` by elimination; (n, 1) each."""
    count = len(angles)
    gram = Matrix(count, count, lambda i, j: Rational(1, 2) if i == j else product_kernel(cos(angles[i] - angles[j])))
    labels = Matrix([beta[0] * cos(angle) + beta[1] * sin(angle) for angle in angles])
    return labels, gram.LDLsolve(labels)


def planar_complexity(angles: Sequence[Expr], beta: Sequence[Expr]) -> Expr:
    """``r'H^-1 r`` for unit inputs in the plane at these angles, labels ``r = X beta``; no two inputs parallel."""
    labels, solved = _planar_solve(angles, beta)
    return (labels.T * solved)[0]


def planar_prediction(angles: Sequence[Expr], beta: Sequence[Expr], test_angle: Expr) -> Expr:
    """``K(x, X) H^-1 r``: what the kernel's predictor, fitted there, says at the input of another angle."""
    _, solved = _planar_solve(angles, beta)
    return Add(*(product_kernel(cos(test_angle - a)) * c for a, c in zip(angles, solved, strict=True)))


def overlap(theta: Expr) -> Integral:
    """Share of the directions that make acute angles with both inputs: where two half-circles overlap."""
    return Integral(1 / (2 * pi), (direction, theta - pi / 2, pi / 2))


def split_kernel(theta: Expr) -> Expr:
    """The kernel as a quarter of ``u = cos(theta)`` and ``u asin(u)/(2 pi)``, ``asin(u) = pi/2 - theta``."""
    return cos(theta) / 4 + cos(theta) * (pi / 2 - theta) / (2 * pi)


def margin() -> Expr:
    """What a mean over n samples of numbers in [0, 1] may miss its own mean by, with exp(-t^2/2): ``t/(2 sqrt n)``."""
    return v.deviation / (2 * sqrt(v.n))


def complexity_bound() -> Expr:
    """``sqrt(8/n) |delta| + t/(2 sqrt n)``: bounds the mean of min(1, error)."""
    return sqrt(8 / v.n) * v.delta_norm + margin()


# -- what words mean ----------------------------------------------------------


def _tangent(context: Context) -> str | None:
    return None if context.claim.experiment == "relu.tangent" else "no kernel at a random start is measured"


def linear_labels(context: Context) -> str | None:
    """Whether the labels differ from an infinitely wide start by a linear function exactly."""
    if context.claim.experiment != "relu.infinite":
        return "the network is not infinitely wide"
    exact = context.only("labels", "linear") and context.only("sigma", 0, 0.0)
    return None if exact else "the labels may be other than linear"


def infinite(context: Context) -> str | None:
    return None if context.claim.experiment == "relu.infinite" else "the network is not infinitely wide"


MEANINGS: dict[str, tuple[Any, ...]] = {
    "tangent-kernel": (
        "a neuron's derivatives at x and z are x and z where it is on, else 0: the product is x'z times the share on",
        Statement(E(v.tangent_kernel), "==", cos(v.theta) * E(on_both)),
        _tangent,
    ),
    "label-energy": (
        "r = X delta: r'H^-1 r is the product of X'a, a = H^-1 r, with the part of delta inside the span",
        Statement(v.label_energy, "==", product),
        linear_labels,
    ),
    "inside-delta": (
        "no part of a vector is longer than the vector",
        Statement(v.par_delta_norm, "<=", v.delta_norm),
        infinite,
    ),
}
