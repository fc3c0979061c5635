"""The covariance's eigen-directions split in two, and the null space's sphere: what their words mean.

Sums over eigen-directions are written out as in `ftproofs.symbolic.spectrum`.  The set
that a null space is to miss is that of the unit vectors u with ``sum_i u_i^2/l_i <= 1/r^2``;
in whitened coordinates it holds the directions of risk at least r^2 per squared length.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sympy import Expr, Function, Integer, Min, Symbol, symbols

from ftproofs.claim import Choices, Statement
from ftproofs.symbolic import matrices as m
from ftproofs.symbolic.bounds import escape_gap
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.spectrum import COUNT, eigenvalues, total
from ftproofs.symbolic.vocabulary import v

#: Extreme singular values: the whitened leading coordinates' smallest, the tail's largest and smallest.
low_head = Symbol("low_head", nonnegative=True)
top_tail = Symbol("top_tail", nonnegative=True)
low_tail = Symbol("low_tail", nonnegative=True)
#: The largest eigenvalue of (X X')^-1.
top_inverse = Symbol("top_inverse", nonnegative=True)
#: The squared radius r^2, a point u of the set and a standard normal vector in the covariance's basis.
radius = Symbol("r_squared", positive=True)
point = symbols(f"u_1:{COUNT + 1}", real=True)
normal = symbols(f"g_1:{COUNT + 1}", real=True)
#: The shares min(l_i/r^2, 1).
shares = symbols(f"m_1:{COUNT + 1}", positive=True)
#: ``sum_i u_i^2/l_i`` at the worst direction outside the span, whitened and of unit length.
null_form = Symbol("null_form", positive=True)
#: The Gaussian width of the set with that squared radius.
width = Function("gaussian_width", nonnegative=True)


def product() -> Expr:
    """``g'u``."""
    return total(lambda _, g, u: g * u, normal, point)


def share_of(eigenvalue: Expr, squared: Expr) -> Expr:
    """``min(l/r^2, 1)``."""
    return Min(eigenvalue / squared, 1)


#: What is said of the split and of the set: name of the meaning, its words and its relation.
MEANINGS: Mapping[str, tuple[str, Statement]] = MappingProxyType(
    {
        "white-head": (
            "the whitened leading part: Sigma^(1/2) times it is the leading part of target minus source",
            Statement(m.head * m.delta, "==", m.root * m.white),
        ),
        "tail-solution": (
            "p: the vector that the tail's Gram matrix takes to what the leading coordinates fit of z",
            Statement(m.tail_gram * m.solution, "==", m.X * m.fitted),
        ),
        "covariance-trace": (
            "n times kappa_bound is the trace of the covariance",
            Statement(v.kappa_bound, "==", total(lambda l: l) / v.n),
        ),
        "localised": (
            "localised_bound: the root of its equation",
            Statement(total(lambda l: 2 * share_of(l, v.localised_bound)), "==", escape_gap(v.n, v.deviation) ** 2),
        ),
        "worst-direction": (
            "null_form: its squared length outside the span over its risk",
            Statement(v.worst_perp_risk * null_form, "==", Integer(1)),
        ),
        "escape-unit": ("u is a unit vector", Statement(total(lambda _, u: u**2, point), "==", Integer(1))),
        "escape-set": (
            "and lies in the ellipsoid of that radius",
            Statement(total(lambda l, u: u**2 / l, point), "<=", 1 / radius),
        ),
        **{
            f"share-{i}": (f"the share of direction {i}", Statement(one, "==", share_of(l, radius)))
            for i, (one, l) in enumerate(zip(shares, eigenvalues, strict=True), 1)
        },
    }
)

#: Two that hold where at least one direction leads.
SPLIT_MEANINGS: Mapping[str, tuple[str, Statement]] = MappingProxyType(
    {
        "split-ratio": ("split_ratio: the quotient of the two", Statement(v.split_ratio * low_head, "==", top_tail)),
    }
)

#: Those of a tail of equal eigenvalues.
SPIKED_MEANINGS: Mapping[str, tuple[str, Statement]] = MappingProxyType(
    {
        "spiked-tail": (
            "all spikes lead: the tail's eigenvalues are 1",
            Statement(v.tail_eigenvalue, "==", Integer(1)),
        ),
        "spiked-trace": ("and its trace is their number", Statement(v.tail_trace, "==", v.d - v.split)),
    }
)


def spikes_lead(context: Context) -> str | None:
    """Why the tail's eigenvalues may be other than 1; None if they may not."""
    if not context.only("spectrum", "spiked"):
        return "the spectrum may be another than spiked"
    spikes, leading = (_ends(context, name) for name in ("spikes", "split"))
    if not spikes[1] <= leading[0] or not _ends(context, "spike_ratio")[0] >= 1:
        return "a spike may be in the tail"
    return None


def _ends(context: Context, name: str) -> tuple[float, float]:
    allowed = context.allowed(name)
    assert allowed is not None
    values = allowed.values if isinstance(allowed, Choices) else (allowed.low, allowed.high)
    return min(map(float, values)), max(map(float, values))


def some_lead(context: Context) -> str | None:
    """Why a meaning that needs a leading direction does not apply; None if it does."""
    return None if _ends(context, "split")[0] >= 1 else "there may be no leading direction"
