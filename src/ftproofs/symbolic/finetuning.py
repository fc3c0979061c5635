"""From pretraining to fine-tuning of diagonal networks: scales, starts, orders, task statistics.

A network of scale c and relative scale r is trained to a coefficient b, re-initialised by a
protocol and, its first layers multiplied by ``rescale``, trained again (handbook 4, 5, 8.0).
``H = hypot(c, b)``; nothing cancels: ``H - c`` is `stretch`.
"""

from __future__ import annotations

from typing import Any

from sympy import Abs, Expr, Integer, Rational, S, log, sqrt, sympify, tanh

from ftproofs.errors import unknown
from ftproofs.symbolic.penalty import hypot, order_excess, penalty, penalty_slope, stretch

#: Re-initialisation protocols with a scale of their own (handbook 4.2).
PROTOCOLS = ("S", "M", "R", "N")


def _weights(protocol: str, c: Expr, r: Expr, b: Expr) -> Expr:
    """The squared first layer (of one branch, or the geometric mean of both) that re-initialisation leaves."""
    size = hypot(c, b)
    if protocol == "S":
        return (1 + r) * (c + size)
    if protocol == "M":
        return (1 + r) * (c + size) / 4
    if protocol == "R":
        return ((1 + r) * c + stretch(c, b)) / 2
    raise unknown("protocol", protocol, PROTOCOLS, code="FT304")


def scale_after(protocol: str, c: Any, r: Any, b: Any, reinit: Any, rescale: Any = 1) -> Expr:
    """``c_FT``: the scale of the penalty that fine-tuning minimises, after pretraining to b.

    Protocol S sets both first layers to their sum, M to their mean, R to their root mean
    square, N keeps them; all readouts become ``reinit``.  S: (1 + r)(c + H) + reinit^2.

    Raises:
        UsageError: FT304 another protocol.
    """
    c, r, b, reinit, rescale = map(sympify, (c, r, b, reinit, rescale))
    if protocol == "N":
        product = ((1 + r) * c + r * stretch(c, b)) / 2  # w_+ w_-
        return hypot(rescale**2 * product + reinit**2, rescale**2 * sqrt(1 - r**2) * b / 2)
    return rescale**2 * _weights(protocol, c, r, b) + reinit**2


def start_after(protocol: str, c: Any, r: Any, b: Any, reinit: Any, rescale: Any = 1) -> Expr:
    """The coefficient at which fine-tuning starts: 0 but under protocol N."""
    c, r, b, reinit, rescale = map(sympify, (c, r, b, reinit, rescale))
    if protocol != "N":
        return S.Zero
    return rescale * reinit * b * sqrt((1 - r) / (hypot(c, b) + c))


def scale_growth(protocol: str, r: Any, rescale: Any = 1) -> Expr:
    """The factor g of ``c_FT(b) = c_FT(0) + g (hypot(c, b) - c)`` under S, M or R.

    Raises:
        UsageError: FT304 another protocol.
    """
    r, rescale = map(sympify, (r, rescale))
    factors = {"S": 1 + r, "M": (1 + r) / 4, "R": Rational(1, 2)}
    if protocol not in factors:
        raise unknown("protocol", protocol, tuple(factors), code="FT304")
    return rescale**2 * factors[protocol]


def elasticity(protocol: str, c: Any, r: Any, b: Any, reinit: Any, rescale: Any = 1) -> Expr:
    """``E = d log c_FT/d log |b|`` under S, M or R, in [0, 1) (handbook 5.2)."""
    c, r, b, reinit, rescale = map(sympify, (c, r, b, reinit, rescale))
    grown = stretch(c, b) * (1 + c / hypot(c, b))  # b^2/H
    return scale_growth(protocol, r, rescale) * grown / scale_after(protocol, c, r, b, reinit, rescale)


def dependence(protocol: str, c: Any, r: Any, b: Any, x: Any, reinit: Any, rescale: Any = 1) -> Expr:
    """``FD = d log q(x; c_FT)/d log |b| = -(L - 1) E``, in (-1, 0]."""
    scale = scale_after(protocol, c, r, b, reinit, rescale)
    return -order_excess(sympify(x), scale) * elasticity(protocol, c, r, b, reinit, rescale)


def scale_order(c: Any, r: Any, b: Any, x: Any, reinit: Any, rescale: Any = 1) -> Expr:
    """``d log q(x; c_FT)/d log c`` under protocol S: -(L - 1) (1 + r) c (1 + c/H)/c_FT."""
    c, r, b, rescale = map(sympify, (c, r, b, rescale))
    scale = scale_after("S", c, r, b, reinit, rescale)
    return -order_excess(sympify(x), scale) * rescale**2 * (1 + r) * c * (1 + c / hypot(c, b)) / scale


def reinit_order(c: Any, r: Any, b: Any, x: Any, reinit: Any, rescale: Any = 1) -> Expr:
    """``d log q(x; c_FT)/d log reinit**2`` under protocol S: -(L - 1) reinit^2/c_FT."""
    scale = scale_after("S", c, r, b, reinit, rescale)
    return -order_excess(sympify(x), scale) * sympify(reinit) ** 2 / scale


def contrast(protocol: str, c: Any, r: Any, b: Any, x: Any, reinit: Any, rescale: Any = 1) -> Expr:
    """``q'(x; C_off)/q'(x; C_on)``: what a coordinate costs at x without pretrained feature, over with one."""
    on = scale_after(protocol, c, r, b, reinit, rescale)
    off = scale_after(protocol, c, r, 0, reinit, rescale)
    return penalty_slope(sympify(x), off) / penalty_slope(sympify(x), on)


# -- general starts, and one coordinate in time ------------------------------------


def branches(w_plus: Any, w_minus: Any, v_plus: Any, v_minus: Any) -> tuple[Expr, Expr]:
    """``A = (w_+ + v_+)^2 + (w_- - v_-)^2`` and ``B = (w_+ - v_+)^2 + (w_- + v_-)^2``; beta = (A - B)/4."""
    w_plus, w_minus, v_plus, v_minus = map(sympify, (w_plus, w_minus, v_plus, v_minus))
    return (w_plus + v_plus) ** 2 + (w_minus - v_minus) ** 2, (w_plus - v_plus) ** 2 + (w_minus + v_minus) ** 2


def scalar_tangent(b: Any, c: Any, curvature: Any, t: Any) -> Expr:
    """``tanh s`` of `scalar_path`."""
    b, c, curvature, t = map(sympify, (b, c, curvature, t))
    omega = hypot(b, curvature * c)
    u = tanh(omega * t)
    return b * u / (omega + curvature * c * u)


def scalar_path(b: Any, c: Any, curvature: Any, t: Any) -> Expr:
    """beta at time t on a design of one column of squared length ``curvature``, ``b = x'y`` (handbook 1.6).

    beta = c sinh 2s where E = e^{2s} solves E' = 2 b E - curvature c (E^2 - 1), E(0) = 1.  With
    ``omega = sqrt(b^2 + curvature^2 c^2)`` and ``u = tanh(omega t)`` the solution is
    ``tanh s = b u/(omega + curvature c u)``, in which nothing cancels, whatever b's sign.
    """
    m = scalar_tangent(b, c, curvature, t)
    return 2 * sympify(c) * m / (1 - m**2)


def effective_scale(w_plus: Any, w_minus: Any, v_plus: Any, v_minus: Any) -> Expr:
    """``c_eff = sqrt(A B)/2``: the scale of the penalty for any start (handbook 1.3)."""
    A, B = branches(w_plus, w_minus, v_plus, v_minus)
    return sqrt(A * B) / 2


def effective_phase(w_plus: Any, w_minus: Any, v_plus: Any, v_minus: Any) -> Expr:
    """``phi = log(A/B)/2``: the start is ``c_eff sinh phi``."""
    A, B = branches(w_plus, w_minus, v_plus, v_minus)
    return log(A / B) / 2


def descent_path(x: Any, y: Any, step: Any, w: Any, v: Any, steps: int) -> tuple[Expr, Expr]:
    """beta and ``w_+ w_- + v_+ v_-`` after steps of gradient descent on ``(y - x beta)^2/2`` from w, v (1.2).

    Each step multiplies A, B and the conserved quantities by (1 + e)^2, (1 - e)^2 and 1 - e^2.
    """
    x, y, step, w, v = map(sympify, (x, y, step, w, v))
    A, B, c, beta = 2 * (w**2 + v**2), 2 * (w**2 + v**2), w**2 + v**2, Integer(0)
    for _ in range(steps):
        e = step * x * (y - x * beta)
        A, B, c = A * (1 + e) ** 2, B * (1 - e) ** 2, c * (1 - e**2)
        beta = (A - B) / 4
    return beta, c


# -- several tasks -------------------------------------------------------------------


def group_norm(a: Any, m: Any) -> Expr:
    """``2 sqrt(a^2 + m^2)``: the least squared weight norm of two predictors sharing a first layer (7.1)."""
    return 2 * hypot(sympify(a), sympify(m))


def multitask_penalty(a: Any, m: Any) -> Expr:
    """``sqrt(a^2 + m^2) - |a|``, without cancellation: the main task's part (7.2)."""
    a, m = map(sympify, (a, m))
    return m**2 / (hypot(a, m) + Abs(a))


def multitask_dependence(a: Any, m: Any) -> Expr:
    """Its dependence ``-|a|/sqrt(a^2 + m^2)``; its order is 1 minus that."""
    a, m = map(sympify, (a, m))
    return -Abs(a) / hypot(a, m)


# -- the replica's groups ------------------------------------------------------------


def task_groups(
    protocol: str,
    c: Any,
    r: Any,
    reinit: Any,
    rho_pt: Any,
    rho_shared: Any,
    rho_new: Any,
    *,
    amplitude: str = "atom",
    rescale: Any = 1,
) -> tuple[Expr, ...]:
    """weight, c, b, s of the four groups of the spike-and-slab tasks, pretraining having found its teacher (8.0).

    Pretrained coefficients are +-1/sqrt(rho_pt); the target has unit second moment a coordinate.
    """
    rho_pt, rho_shared, rho_new = map(sympify, (rho_pt, rho_shared, rho_new))
    on = scale_after(protocol, c, r, 1 / sqrt(rho_pt), reinit, rescale)
    off = scale_after(protocol, c, r, 0, reinit, rescale)
    size = 1 / sqrt(rho_pt * rho_shared + (1 - rho_pt) * rho_new)
    b, s = (size, Integer(0)) if amplitude == "atom" else (Integer(0), size)
    zero = Integer(0)
    return (
        *(rho_pt * rho_shared, on, b, s),
        *(rho_pt * (1 - rho_shared), on, zero, zero),
        *((1 - rho_pt) * rho_new, off, b, s),
        *((1 - rho_pt) * (1 - rho_new), off, zero, zero),
    )


def penalty_after(protocol: str, c: Any, r: Any, b: Any, x: Any, reinit: Any, rescale: Any = 1) -> Expr:
    """``q(x; c_FT)``: the penalty of fine-tuning to x after pretraining to b."""
    return penalty(sympify(x), scale_after(protocol, c, r, b, reinit, rescale))
