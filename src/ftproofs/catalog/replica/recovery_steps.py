"""Thresholds of exact recovery: what knowing a support saves (handbook 8.4, 9.1)."""

from __future__ import annotations

from sympy import Derivative, Expr, Integer, erfc, exp, pi, sqrt

from ftproofs.claim import Step
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.differentiation import Differentiate
from ftproofs.symbolic.methods import Algebra, Certificate, Part
from ftproofs.symbolic.recovery import mills_gap, recovery_alpha, recovery_objective, recovery_threshold
from ftproofs.symbolic.recovery_theorems import threshold as a
from ftproofs.symbolic.vocabulary import at_most, equal, less, v

M = recovery_threshold
rho, shared, new = v.rho_pt, v.rho_shared, v.rho_new
#: The target's density where no new features are used, and where some are.
NESTED, TOTAL = rho * shared, rho * shared + (1 - rho) * new


def _slope(eps: Expr) -> Expr:
    return 2 * (eps * a - (1 - eps) * mills_gap(a))


def _curvature(eps: Expr) -> Expr:
    return 2 * (eps + (1 - eps) * erfc(a / sqrt(2)))


def _density(alpha: Expr) -> Expr:
    """2 a phi(a)."""
    return alpha * sqrt(2 / pi) * exp(-(alpha**2) / 2)


def _mills(id: str, alpha: Expr) -> Step:
    return Step(
        id,
        "Mills' ratio",
        less(_density(alpha), (1 + alpha**2) * erfc(alpha / sqrt(2))),
        Axiom("mills-ratio", (alpha,)),
    )


def _root(id: str, eps: Expr) -> tuple[Step, ...]:
    """M is the objective's value at alpha."""
    alpha = recovery_alpha(eps)
    return (
        Step(
            f"{id}-root",
            "alpha solves its equation",
            equal(eps * alpha, (1 - eps) * mills_gap(alpha)),
            Axiom("recovery-root", (eps,)),
        ),
        Step(
            f"{id}-value",
            "so M is the objective there",
            equal(M(eps), recovery_objective(eps, alpha)),
            Certificate((Part(-alpha, (f"{id}-root",)),)),
            (f"{id}-root",),
        ),
    )


def _least(id: str, eps: Expr) -> tuple[Step, ...]:
    """M(eps) is the least of the convex objective."""
    objective = recovery_objective(eps, a)
    return (
        *_root(id, eps),
        Step(f"{id}-slope", "the slope", equal(Derivative(objective, a), _slope(eps)), Differentiate()),
        Step(
            f"{id}-curvature",
            "the objective is convex",
            equal(Derivative(_slope(eps), a), _curvature(eps)),
            Differentiate(),
        ),
        Step(
            f"{id}-convex",
            "strictly",
            less(Integer(0), _curvature(eps)),
            Certificate(
                (
                    Part(2 * eps),
                    Part(2 * (1 - eps) / (1 + a**2), ("mills-any",)),
                    Part(2 * (1 - eps) / (1 + a**2) * _density(a)),
                )
            ),
            ("mills-any",),
        ),
    )


def _below(id: str, eps: Expr, at: str, alpha: Expr) -> tuple[Step, ...]:
    """M(eps) is at most the objective at another alpha."""
    names = tuple(f"{id}-{part}" for part in ("slope", "curvature", "convex", "root"))
    return (
        Step(
            f"{id}-least-{at}",
            "so least at its own alpha",
            at_most(recovery_objective(eps, recovery_alpha(eps)), recovery_objective(eps, alpha)),
            Axiom("convex-minimum", (*names, alpha)),
            names,
        ),
    )


_total, _nested = recovery_alpha(TOTAL), recovery_alpha(NESTED)
CONCAVE = at_most(rho * M(shared) + (1 - rho) * M(new), M(TOTAL))
SAVED = less(rho * M(shared), M(NESTED))
BELOW = less(rho * M(shared), rho)

THRESHOLDS = (
    _mills("mills-any", a),
    *_least("shared", shared),
    *_least("new", new),
    *_root("total", TOTAL),
    *_root("nested", NESTED),
    *_below("shared", shared, "total", _total),
    *_below("new", new, "total", _total),
    *_below("shared", shared, "nested", _nested),
    Step(
        "concave",
        "M is concave: the objective is affine in the density",
        CONCAVE,
        Certificate(
            (
                Part(rho, ("shared-least-total",)),
                Part(1 - rho, ("new-least-total",)),
                Part(-rho, ("shared-value",)),
                Part(rho - 1, ("new-value",)),
                Part(1, ("total-value",)),
            )
        ),
        ("shared-least-total", "new-least-total", "shared-value", "new-value", "total-value"),
    ),
    _mills("mills-ratio", _nested),
    Step(
        "mills",
        "without nonzero entries the objective is positive",
        less(Integer(0), recovery_objective(Integer(0), _nested)),
        Certificate((Part(1, ("mills-ratio",)),)),
        ("mills-ratio",),
    ),
    Step(
        "saved",
        "so knowing the support saves",
        SAVED,
        Certificate(
            (
                Part(rho, ("shared-least-nested",)),
                Part(1 - rho, ("mills",)),
                Part(-rho, ("shared-value",)),
                Part(1, ("nested-value",)),
            )
        ),
        ("shared-least-nested", "mills", "shared-value", "nested-value"),
    ),
    Step("below-one", "M is below one", less(M(shared), 1), Algebra()),
    Step(
        "below",
        "so it saves against the whole support",
        BELOW,
        Certificate((Part(rho, ("below-one",)),)),
        ("below-one",),
    ),
)
