"""From the replica's equations to what they predict (handbook 8.1)."""

from __future__ import annotations

from typing import Any

from ftproofs.claim import Step
from ftproofs.symbolic import replica as r
from ftproofs.symbolic import replica_theorems as q
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.methods import Algebra, Certificate, Part
from ftproofs.symbolic.replica_theorems import Solution, arguments
from ftproofs.symbolic.vocabulary import equal, v

_BOTH = ("noise", "strength")
_at = (q.theta, q.tau)


def _equation(which: str, says: str) -> Step:
    return Step(which, says, q.EQUATIONS[which], Axiom("replica", (which,)))


def _solved(id: str, says: str, what: Any, value: Any) -> Step:
    return Step(id, says, equal(what, value), Solution(_BOTH), _BOTH)


FIXED_POINT = (
    _equation("noise", "each coordinate sees Gaussian noise of variance tau^2"),
    _equation("strength", "the penalty's strength is what lets n equations be fitted"),
)


def error(protocol: str = "S", amplitude: str = "atom") -> tuple[Step, ...]:
    """The mean square error for tasks of this protocol and amplitude."""
    found = r.replica_mse(*arguments(protocol, amplitude))
    return (
        *FIXED_POINT,
        _equation("mse", "the error is that of the proximal map"),
        _solved("at-solution", "at the solution of the two equations", q.error(*_at), found),
        Step("error", "so the error tends to it", equal(v.mse, found), Algebra(), ("mse", "at-solution")),
    )


_ARGUMENTS = arguments("S", "atom")
_cost = r.replica_penalty(*_ARGUMENTS)

ERROR = error()
PENALTY = (
    *FIXED_POINT,
    _equation("penalty", "the penalty is that of the proximal map"),
    _solved("cost", "at the solution of the two equations", q.cost(*_at), _cost),
    Step(
        "penalty-alone",
        "over all coordinates",
        equal(v.penalty, v.d * q.cost(*_at)),
        Certificate((Part(v.d, ("penalty",)),)),
        ("penalty",),
    ),
    Step(
        "penalty-ratio",
        "so the penalty tends to it",
        equal(v.penalty / v.d / _cost, 1),
        Algebra(),
        ("penalty-alone", "cost"),
    ),
)
#: After the fixed point's own steps.
MULTIPLIER = (
    _equation("multiplier", "the multiplier is the noise over the strength"),
    _solved("tau", "tau at the solution", q.tau, r.replica_tau(*_ARGUMENTS)),
    _solved("theta", "theta there", q.theta, r.replica_theta(*_ARGUMENTS)),
    Step(
        "multiplier-ratio",
        "so the multiplier tends to it",
        equal(v.multiplier / r.replica_multiplier(*_ARGUMENTS), 1),
        Algebra(),
        ("multiplier", "tau", "theta"),
    ),
)
