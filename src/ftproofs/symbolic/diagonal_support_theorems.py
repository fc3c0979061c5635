"""The general theorems that derivations about the pretrained support cite, with their templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Integer, sympify

from ftproofs.claim import Statement
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.diagonal_flow import coefficient
from ftproofs.symbolic.diagonal_limits import SLOPE, _is
from ftproofs.symbolic.diagonal_support import (
    WORDS,
    best,
    ending,
    fitting,
    leak_sum,
    pull_sum,
    rest_penalty,
    support_least,
    support_penalty,
    tangent,
)
from ftproofs.symbolic.diagonal_training import scale
from ftproofs.symbolic.penalty import penalty_curvature
from ftproofs.symbolic.theorems import _given, _require
from ftproofs.symbolic.trajectory import t


def _applies(context: Context) -> None:
    why = fitting(context)
    _require(why is None, why or "")


def _fits(context: Context, id: str) -> None:
    _require(_given(context, id) == _is(m.y, m.X * m.beta), "it is not shown that the predictor fits")


def convex_tangent(context: Context, curved: str, at: Any, to: Any) -> Statement:
    """A function of positive curvature lies above its tangents."""
    convex = Statement(penalty_curvature(coefficient(t), scale), ">", Integer(0))
    _require(_given(context, curved) == convex, "no strict convexity is shown")
    return tangent(sympify(at), sympify(to))


def sum_of_penalties(context: Context, id: str, slope: str) -> Statement:
    """The tangents at the support's fit, added up over the support."""
    _applies(context)
    _require(_given(context, id) == tangent(best, ending), "no tangent at the support's fit")
    _require(_given(context, slope) == WORDS["support-slope"].relation, "its slope is not the pull")
    return Statement(support_least + pull_sum, "<=", support_penalty)


def fits_differ(context: Context, fits: str) -> Statement:
    """X (beta - b) = 0 for two fits: so mu'X_S (beta - b) = -mu'X beta off the support, where b is 0."""
    _applies(context)
    _fits(context, fits)
    return _is(pull_sum, -leak_sum)


def least_of_fits(context: Context, id: str, fits: str, kkt: str, slope: str) -> Statement:
    """The tangents at the end, added up: with a slope in the span no fit costs less, nor does the support's."""
    _applies(context)
    _fits(context, fits)
    _require(_given(context, id) == tangent(ending, best), "no tangent at the end")
    _require(_given(context, kkt) == _is(m.slope_change, m.X.T * m.multiplier), "the slope is not in the span")
    _require(_given(context, slope) == SLOPE, "the slope is not shown to be half of asinh(beta/c)")
    return Statement(support_penalty + rest_penalty, "<=", support_least)


THEOREMS: tuple[tuple[str, str, str, Callable[..., Statement]], ...] = (
    (
        "convex-tangent",
        "a function of positive curvature lies above its tangents",
        "Boyd and Vandenberghe, Convex Optimization, 2004, section 3.1.3",
        convex_tangent,
    ),
    (
        "sum-of-penalties",
        "inequalities between terms add up",
        "Hardy, Littlewood and Polya, Inequalities, 1934, section 2.1",
        sum_of_penalties,
    ),
    (
        "fits-differ",
        "two solutions of a linear system differ by a vector orthogonal to the span of its rows",
        "Horn and Johnson, Matrix Analysis, 2013, section 0.2",
        fits_differ,
    ),
    (
        "least-of-fits",
        "tangents at a feasible point add up to zero along the feasible set where their slope lies in the span of the "
        "equality constraints",
        "Rockafellar, Convex Analysis, 1970, theorem 28.3",
        least_of_fits,
    ),
)
