"""The replica prediction as a theorem that derivations cite, and the step from its equations to their solution.

It is conjectural in this generality (for a convex penalty the same equations follow from
Gordon's inequality, Thrampoulidis, Oymak and Hassibi 2015): what rests on it is supported at best.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sympy import Expr, Function, Integer, Symbol

from ftproofs.claim import Choices, Limit, Statement
from ftproofs.names import INFINITE
from ftproofs.symbolic.context import Context
from ftproofs.symbolic.finetuning import task_groups
from ftproofs.symbolic.methods import _open
from ftproofs.symbolic.replica import replica_mse, replica_penalty, replica_tau, replica_theta
from ftproofs.symbolic.theorems import Inadmissible
from ftproofs.symbolic.two_stages import two_stage_arguments, two_stage_mse
from ftproofs.symbolic.vocabulary import v
from ftproofs.symbolic.zero import Finding

#: Deviation of the effective noise, and effective strength of the penalty.
tau, theta = Symbol("tau_star", positive=True), Symbol("theta_star", positive=True)
#: The same of a second network, trained on the same data.
tau_other, theta_other = Symbol("tau_other", positive=True), Symbol("theta_other", positive=True)
#: E (eta - B)^2, E eta' and E q(eta), as functions of them.
error, slope, cost = (Function(f"{name}_mean", real=True) for name in ("error", "slope", "cost"))
#: The same for the second network's scales.
error_other, slope_other = (Function(f"{name}_other_mean", real=True) for name in ("error", "slope"))

#: Of pretraining on finite data, and of what follows it.
tau_source, theta_source = Symbol("tau_source", positive=True), Symbol("theta_source", positive=True)
error_source, slope_source = (Function(f"{name}_source_mean", real=True) for name in ("error", "slope"))
error_after, slope_after = (Function(f"{name}_after_mean", real=True) for name in ("error", "slope"))

_at = (theta, tau)
_at_other = (theta_other, tau_other)
_at_source = (theta_source, tau_source)
_after = (*_at, *_at_source)
EQUATIONS = {
    "noise": Statement(tau**2, "==", v.sigma**2 + error(*_at) / v.gamma),
    "strength": Statement(slope(*_at), "==", v.gamma),
    "mse": Statement(v.mse, "==", error(*_at)),
    "penalty": Statement(v.penalty / v.d, "==", cost(*_at)),
    "multiplier": Statement(v.multiplier, "==", (tau / theta) ** 2),
    "noise-other": Statement(tau_other**2, "==", v.sigma**2 + error_other(*_at_other) / v.gamma),
    "strength-other": Statement(slope_other(*_at_other), "==", v.gamma),
    "mse-other": Statement(v.other_mse, "==", error_other(*_at_other)),
    "noise-source": Statement(tau_source**2, "==", v.sigma_s**2 + error_source(*_at_source) / v.gamma_s),
    "strength-source": Statement(slope_source(*_at_source), "==", v.gamma_s),
    "noise-after": Statement(tau**2, "==", v.sigma**2 + error_after(*_after) / v.gamma),
    "strength-after": Statement(slope_after(*_after), "==", v.gamma),
    "mse-after": Statement(v.mse, "==", error_after(*_after)),
}
#: The equations that a network's fixed point solves, by the ending of their names.
_SYSTEMS = {
    "": ("noise", "strength"),
    "-other": ("noise-other", "strength-other"),
    "-after": ("noise-source", "strength-source", "noise-after", "strength-after"),
}


def arguments(protocol: str, amplitude: str, r: Expr = v.r) -> tuple[Expr, ...]:
    """delta, sigma, no ridge, and the groups of the tasks as they were drawn, for interpolation."""
    groups = task_groups(
        protocol,
        *(v.c, r, v.reinit, v.share_pt, v.share_shared, v.share_new),
        amplitude=amplitude,
        rescale=v.rescale,
    )
    return (v.gamma, v.sigma, Integer(0), *groups)


def _law(context: Context) -> tuple[str, str]:
    """The one protocol and amplitude of the claim's domain."""
    found = []
    for name in ("protocol", "amplitude"):
        allowed = context.allowed(name)
        if not isinstance(allowed, Choices) or len(allowed.values) != 1:
            raise Inadmissible(f"the domain does not fix {name}")
        found.append(str(allowed.values[0]))
    return found[0], found[1]


def replica(context: Context, which: str) -> Statement:
    """The equations of the limit for fine-tuning to a fit, after pretraining on the population or to a fit of its own.

    Of the latter the second stage's means are over the first stage's law of the coefficients, independent of its own
    noise given the teachers.
    """
    if context.claim.experiment not in ("replica.finetune", "replica.compare", "diagonal.finetune"):
        raise Inadmissible("the experiment is not the fine-tuning of a diagonal network")
    if which.endswith("-other") and context.claim.experiment != "replica.compare":
        raise Inadmissible("there is no second network")
    if not isinstance(context.claim.quantifier, Limit) or context.regimes() != {"wide"}:
        raise Inadmissible("the claim is not about a limit of growing dimension with n < d")
    if which.endswith(("-source", "-after")):
        if context.claim.experiment == "replica.compare" or not _few_source_samples(context):
            raise Inadmissible("pretraining data are not fewer than dimensions, of one network")
    elif not context.only("gamma_s", INFINITE) or not context.only("sigma_s", 0, 0.0):
        raise Inadmissible("pretraining data are finite or noisy")
    if _law(context)[0] not in ("S", "M", "R"):
        raise Inadmissible("training may start at a predictor other than zero")
    if which not in EQUATIONS:
        raise Inadmissible(f"no equation {which!r}")
    return EQUATIONS[which]


def _few_source_samples(context: Context) -> bool:
    allowed = context.allowed("gamma_s")
    ends = () if allowed is None else allowed.values if isinstance(allowed, Choices) else (allowed.low, allowed.high)
    return bool(ends) and all(0 < float(x) < 1 for x in ends)


#: What the function solves for, and which network's scales it takes.
_SOLUTIONS: dict[Expr, tuple[Any, str]] = {
    tau: (replica_tau, ""),
    theta: (replica_theta, ""),
    error(*_at): (replica_mse, ""),
    cost(*_at): (replica_penalty, ""),
    error_other(*_at_other): (replica_mse, "-other"),
    error_after(*_after): (two_stage_mse, "-after"),
}


def _arguments(context: Context, whose: str) -> tuple[Expr, ...]:
    """Of the function that a network's fixed point is."""
    protocol, amplitude = _law(context)
    if whose != "-after":
        return arguments(protocol, amplitude, v.r_other if whose else v.r)
    if amplitude != "atom":
        raise Inadmissible("the target's coefficients are not atoms")
    return two_stage_arguments(protocol)


@dataclass(frozen=True)
class Solution:
    """tau, theta or an expectation at them, as the function that solves the two given equations.

    ``equations`` are the steps of the noise and the strength, after finite pretraining those of pretraining first; the
    function's arguments must be those of the claim's tasks.
    """

    equations: tuple[str, ...]

    def close(self, relation: Statement, context: Context) -> Finding:
        """Check the equations, the function and its arguments."""
        function, whose = _SOLUTIONS.get(relation.lhs, (None, ""))
        if relation.rel != "==" or function is None:
            return _open("fixed point", "the left side is not a quantity of the fixed point")
        if len(self.equations) != len(_SYSTEMS[whose]):
            return _open("fixed point", f"{len(self.equations)} equations, not {len(_SYSTEMS[whose])}")
        for id, name in zip(self.equations, _SYSTEMS[whose], strict=True):
            if context.given.get(id) != EQUATIONS[name]:
                return _open("fixed point", f"step {id!r} is not the equation of the {name.partition('-')[0]}")
        try:
            expected = function(*_arguments(context, whose))
        except Inadmissible as reason:
            return _open("fixed point", str(reason))
        if relation.rhs != expected:
            return _open("fixed point", f"the solution is {expected}")
        return Finding("proved", "fixed point", "the one solution of its equations")
