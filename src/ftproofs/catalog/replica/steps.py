"""From the replica's equations to what they predict (handbook 8.1)."""

from __future__ import annotations

from typing import Any

from sympy import sign

from ftproofs.catalog.linear.endpoint_steps import meaning
from ftproofs.claim import Step
from ftproofs.symbolic import replica as r
from ftproofs.symbolic import replica_theorems as q
from ftproofs.symbolic.axioms import Axiom
from ftproofs.symbolic.methods import Algebra, Certificate, Part
from ftproofs.symbolic.replica_points import AtSettings
from ftproofs.symbolic.replica_theorems import Solution, arguments
from ftproofs.symbolic.transfer_steps import SameSign
from ftproofs.symbolic.two_stages import two_stage_arguments, two_stage_mse
from ftproofs.symbolic.vocabulary import SYMBOLS, at_least, equal, v

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


_STAGES = ("noise-source", "strength-source", "noise-after", "strength-after")
_twice = two_stage_mse(*two_stage_arguments("S"))
TWO_STAGES = (
    _equation("noise-source", "in pretraining too each coordinate sees Gaussian noise"),
    _equation("strength-source", "and the penalty's strength is what lets its equations be fitted"),
    _equation("noise-after", "in fine-tuning as well, the scales being what pretraining left"),
    _equation("strength-after", "with a strength of its own"),
    _equation("mse-after", "the error is that of the second proximal map"),
    Step(
        "at-solution",
        "at the solution of the four equations",
        equal(q.error_after(*_at, q.theta_source, q.tau_source), _twice),
        Solution(_STAGES),
        _STAGES,
    ),
    Step("error", "so the error tends to it", equal(v.mse, _twice), Algebra(), ("mse-after", "at-solution")),
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
MULTIPLIER = (
    *FIXED_POINT,
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

# -- two networks on the same data ---------------------------------------------------

_THEIRS = ("noise-other", "strength-other")
_densities = {SYMBOLS[f"share_{name}"]: SYMBOLS[f"rho_{name}"] for name in ("pt", "shared", "new")}


def at_densities(found: Any) -> Any:
    """The fixed point at the densities that the realised shares tend to."""
    return found.xreplace(_densities)


_own, _other = (r.replica_mse(*arguments("S", "atom", share)) for share in (v.r, v.r_other))
#: The second network's error minus the first's.
GAIN = at_densities(_other) - at_densities(_own)
_SHARES = tuple(f"realised-{name}" for name in ("pt", "shared", "new"))
LAYER_GAIN = (
    *FIXED_POINT,
    _equation("mse", "the error is that of the proximal map"),
    _solved("at-solution", "at the solution of the two equations", q.error(*_at), _own),
    _equation("noise-other", "the second network sees noise of its own"),
    _equation("strength-other", "and has a strength of its own"),
    _equation("mse-other", "so has its error"),
    Step(
        "at-theirs",
        "at the solution of its two equations",
        equal(q.error_other(q.theta_other, q.tau_other), _other),
        Solution(_THEIRS),
        _THEIRS,
    ),
    *(meaning(name, name) for name in (*_SHARES, "layer-gain")),
    Step(
        "gain",
        "so the gain tends to the difference of the two errors",
        equal(v.layer_gain, GAIN),
        Algebra(),
        ("layer-gain", "mse", "at-solution", "mse-other", "at-theirs", *_SHARES),
    ),
)
LAYER_SIGN = (
    *LAYER_GAIN,
    Step(
        "sign",
        "and has its sign",
        equal(sign(v.layer_gain), sign(GAIN)),
        SameSign("gain"),
        ("gain",),
    ),
)
HEADLINE = (
    *LAYER_GAIN,
    Step("positive", "the difference is not negative at any of the settings", at_least(GAIN, 0), AtSettings()),
    Step(
        "headline",
        "so the gain is not",
        at_least(v.layer_gain, 0),
        Certificate((Part(1, ("gain",)), Part(1, ("positive",)))),
        ("gain", "positive"),
    ),
)
