"""The theorems behind the threshold of exact recovery, with their templates (`recovery` has the functions)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Derivative, Integer, Symbol, erfc, exp, pi, sqrt, sympify

from ftproofs.claim import Statement
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.recovery import mills_gap, recovery_alpha
from ftproofs.symbolic.theorems import _given, _positive, _require

#: A threshold of soft thresholding, anything above zero.
threshold = Symbol("threshold", positive=True)


def _share(context: Context, value: Any) -> Any:
    share = sympify(value)
    _require(_positive(share, context) and _positive(1 - share, context), f"{share} is not shown to be in (0, 1)")
    return share


def recovery_root(context: Context, eps: Any) -> Statement:
    """What defines alpha at a share in (0, 1): the positive root of ``eps a = (1 - eps) 2 (phi(a) - a Phi(-a))``."""
    share = _share(context, eps)
    alpha = recovery_alpha(share)
    return Statement(share * alpha, "==", (1 - share) * mills_gap(alpha))


def convex_minimum(context: Context, slope: str, curvature: str, positive: str, root: str, at: Any) -> Statement:
    """From f' and f'' > 0 on the positive numbers and f'(x_0) = 0: f(x_0) <= f(at).

    The steps read ``Derivative(f, x) == g``, ``Derivative(g, x) == h``, ``0 < h`` and ``l == r`` with ``g(x_0)`` a
    positive multiple of ``l - r``, x_0 the argument that stands there for x.
    """
    first, second, above, zero = (_given(context, id) for id in (slope, curvature, positive, root))
    _require(first.rel == "==" and isinstance(first.lhs, Derivative), "no slope")
    f, g = first.lhs.expr, sympify(first.rhs)
    _require(first.lhs == Derivative(f, threshold), "the slope is not by the threshold")
    _require(second == Statement(Derivative(g, threshold), "==", sympify(second.rhs)), "no curvature")
    _require(above == Statement(Integer(0), "<", sympify(second.rhs)), "the curvature is not shown to be positive")
    alphas = zero.lhs.atoms(recovery_alpha) if zero.rel == "==" else set()
    _require(len(alphas) == 1, "no root")
    least = alphas.pop()
    _require(_positive(least, context), "the root is not shown to be positive")
    difference = (g.xreplace({threshold: least}) - 2 * (sympify(zero.lhs) - sympify(zero.rhs))).expand()
    _require(difference == 0, "the slope does not vanish there")
    other = sympify(at)
    _require(_positive(other, context), f"{other} is not shown to be positive")
    return Statement(f.xreplace({threshold: least}), "<=", f.xreplace({threshold: other}))


def mills_ratio(context: Context, value: Any) -> Statement:
    """``a phi(a) < (1 + a^2) Phi(-a)`` for a > 0."""
    a = sympify(value)
    _require(_positive(a, context), f"{a} is not shown to be positive")
    return Statement(a * sqrt(2 / pi) * exp(-(a**2) / 2), "<", (1 + a**2) * erfc(a / sqrt(2)))


THEOREMS: tuple[tuple[str, str, str, Callable[..., Statement]], ...] = (
    (
        "recovery-root",
        "a continuous function that falls from infinity to zero takes the value eps/(1 - eps) once",
        "Rudin, Principles of Mathematical Analysis, 1976, theorem 4.23",
        recovery_root,
    ),
    (
        "convex-minimum",
        "a convex function is least where its slope vanishes",
        "Rockafellar, Convex Analysis, 1970, theorem 27.1",
        convex_minimum,
    ),
    (
        "mills-ratio",
        "the lower bound of Mills' ratio: Phi(-a)/phi(a) is above a/(1 + a^2)",
        "Gordon, Annals of Mathematical Statistics 12, 1941",
        mills_ratio,
    ),
)
