"""One coordinate in time: the tangent of its phase solves a Riccati equation (handbook 1.6)."""

from __future__ import annotations

from sympy import Derivative, Expr, asinh, tanh

from ftproofs.catalog.diagonal.bias_steps import VELOCITY
from ftproofs.catalog.diagonal.order_steps import words
from ftproofs.claim import Step
from ftproofs.symbolic import diagonal_flow as f
from ftproofs.symbolic import diagonal_orders as o
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.diagonal_training import scale
from ftproofs.symbolic.differentiation import Differentiate
from ftproofs.symbolic.finetuning import scalar_path, scalar_tangent
from ftproofs.symbolic.instances import Instance
from ftproofs.symbolic.methods import Algebra, Certificate, Let, Part
from ftproofs.symbolic.trajectory import t
from ftproofs.symbolic.vocabulary import equal, v

zero, h, time = f.zero, v.curvature, v.time
_b = h * o.x
_m = o.tangent(t)


def _angle(beta: Expr) -> Expr:
    """tanh(s), beta = scale sinh(2 s)."""
    return tanh(asinh(beta / scale) / 2)


def _velocity(m: Expr) -> Expr:
    return _b * (1 - m**2) - 2 * h * scale * m


def _coefficient(m: Expr) -> Expr:
    return 2 * scale * m / (1 - m**2)


def _candidate(at: Expr) -> Expr:
    return scalar_tangent(_b, scale, h, at)


PATH = (
    *VELOCITY,
    *(Step(f"orders-{step.id}", step.says, step.relation, step.by) for step in words("scale")),
    *words("pull", "start", "at-time"),
    Step("tangent", "tanh(s), with beta = scale sinh(2 s)", equal(_m, _angle(f.coefficient(t))), Let()),
    Step(
        "coefficient",
        "gives the coefficient",
        equal(f.coefficient(t), _coefficient(_m)),
        Algebra(),
        ("tangent",),
    ),
    Step(
        "riccati",
        "it solves a Riccati equation",
        equal(Derivative(_m, t), _velocity(_m)),
        Differentiate(("tangent",)),
        ("tangent", "beta-moves", "speed", "pull"),
    ),
    Step(
        "tangent-at-start",
        "at the start",
        equal(o.tangent(zero), _angle(f.coefficient(zero))),
        Instance("tangent", ((t, zero),)),
        ("tangent",),
    ),
    Step(
        "tangent-start",
        "it is zero",
        equal(o.tangent(zero), zero),
        Algebra(),
        ("tangent-at-start", "start"),
    ),
    Step(
        "candidate",
        "so does b u/(omega + h c u), u = tanh(omega t)",
        equal(Derivative(_candidate(t), t), _velocity(_candidate(t))),
        Differentiate(),
    ),
    Step(
        "same",
        "which starts at zero too, and there is one solution",
        equal(_m, _candidate(t)),
        Axiom("unique-solution", ("riccati", "tangent-start", "candidate")),
        ("riccati", "tangent-start", "candidate"),
    ),
    Step(
        "coefficient-then",
        "at the given time",
        equal(f.coefficient(time), _coefficient(o.tangent(time))),
        Instance("coefficient", ((t, time),)),
        ("coefficient",),
    ),
    Step(
        "same-then",
        "at the given time",
        equal(o.tangent(time), _candidate(time)),
        Instance("same", ((t, time),)),
        ("same",),
    ),
    Step(
        "by-tangent",
        "the coefficient by the tangent",
        equal(v.beta_time, _coefficient(o.tangent(time))),
        Certificate((Part(1, ("at-time",)), Part(1, ("coefficient-then",)))),
        ("at-time", "coefficient-then"),
    ),
    Step(
        "path",
        "in closed form",
        equal(v.beta_time, scalar_path(_b, v.c_ft, h, time)),
        Algebra(),
        ("by-tangent", "same-then", "orders-scale"),
    ),
)

#: The published form: the exponential of twice the phase solves this.
_E = (1 + _candidate(t)) / (1 - _candidate(t))
RICCATI = (
    Step(
        "exponential",
        "the exponential of twice the phase solves a Riccati equation",
        equal(Derivative(_E, t), 2 * _b * _E - h * scale * (_E**2 - 1)),
        Differentiate(),
    ),
)
