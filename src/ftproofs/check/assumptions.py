"""Which assumptions of a claim are needed: each dropped by itself, and networks trained where it does not hold.

A claim that is refuted there needs the assumption.  A claim that holds there as well
has a domain smaller than it could be, often only because larger settings cost more:
that is no failure, and nothing is proved by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from sympy import Expr, Not, Rational, ceiling, sympify
from sympy.logic.boolalg import to_nnf

from ftproofs.check import experiment_leg
from ftproofs.check.context import Context
from ftproofs.check.judge import offered
from ftproofs.claim import Choices, Claim, Domain, Range
from ftproofs.errors import FTError
from ftproofs.names import EXPERIMENTS, PARAMETERS, REQUIRED
from ftproofs.symbolic.vocabulary import SYMBOLS
from ftproofs.verdict import Assumed, Evidence, Observation

Kind = Literal["constraint", "range", "value", "start"]
Outcome = Literal["needed", "not shown to be needed", "undecided", "not tried"]

#: The same task and training from the source or from zero.
_STARTS = {"linear.finetune": "linear.scratch", "linear.scratch": "linear.finetune"}

#: Parameters of spectra that are not isotropic: without one they change nothing.
_SPECTRAL = frozenset({"alpha", "spikes", "spike_ratio", "direction"})


@dataclass(frozen=True, slots=True)
class Dropped:
    """A claim with one assumption dropped: ``claim`` is about settings at which just that one does not hold."""

    kind: Kind
    assumed: str
    instead: str
    claim: Claim


@dataclass(frozen=True, slots=True)
class Needed:
    """What became of a claim without an assumption; ``detail`` says why nothing could be said, if so."""

    dropped: Dropped
    outcome: Outcome
    evidence: Evidence | None = None
    detail: str = ""

    @property
    def seen(self) -> Observation | None:
        """The counterexample that shows the assumption to be needed."""
        if self.outcome != "needed" or self.evidence is None:
            return None
        return self.evidence.simplest or self.evidence.worst

    @property
    def facts(self) -> Assumed:
        """The same for a verdict: plain data."""
        dropped, seen = self.dropped, self.seen
        found = (None, None) if seen is None else (seen.error, seen.id)
        return Assumed(dropped.kind, dropped.assumed, dropped.instead, self.outcome, self.detail, *found)


def assumptions(claim: Claim) -> tuple[Dropped, ...]:
    """The claim without each of its assumptions in turn.

    Constraints become their opposites; ranges and fixed numbers continue past their edges, as
    far again as half the range; choices become what the experiment offers besides; the
    start becomes another one where another experiment has it.
    """
    return (*_constraints(claim), *_ranges(claim), *_values(claim), *_start(claim))


def judge_assumption(dropped: Dropped, context: Context) -> Needed:
    """Train networks where the assumption does not hold, and look whether the claim does."""
    try:
        evidence = experiment_leg(dropped.claim, context)
    except FTError as error:  # no such settings, an infinite variance, a ladder that is too large ...
        return Needed(dropped, "not tried", detail=str(error))
    outcomes: dict[str, Outcome] = {
        "refuted": "needed",
        "certified": "not shown to be needed",
        "supported": "not shown to be needed",
    }
    return Needed(dropped, outcomes.get(evidence.status, "undecided"), evidence, evidence.detail)


def _without(claim: Claim, kind: Kind, assumed: str, instead: str, domain: Domain) -> Dropped:
    bare = replace(claim, domain=domain, steps=(), corollaries=(), variants=(), uses=(), expected=None)
    return Dropped(kind, assumed, instead, bare)


def _constraints(claim: Claim) -> Iterator[Dropped]:
    for i, constraint in enumerate(claim.domain.constraints):
        others = claim.domain.constraints[:i] + claim.domain.constraints[i + 1 :]
        opposite = to_nnf(Not(constraint))
        yield _without(
            claim, "constraint", str(constraint), str(opposite), replace(claim.domain, constraints=(*others, opposite))
        )


def _ranges(claim: Claim) -> Iterator[Dropped]:
    for name, values in claim.domain.ranges:
        numbers = values.values if isinstance(values, Choices) else (values.low, values.high)
        if PARAMETERS[name].kind == "choice":
            continue
        yield from _past(claim, name, [sympify(x) for x in numbers], isinstance(values, Range) and values.log)
    spec = EXPERIMENTS[claim.experiment]
    for name, default in spec.parameters.items():
        if name not in claim.domain and name not in _SPECTRAL and not isinstance(default, str):
            yield from _past(claim, name, [Rational(default)], False)


def _past(claim: Claim, name: str, numbers: list[Expr], log: bool) -> Iterator[Dropped]:
    """Beyond the largest and below the smallest of the numbers, as far as the parameter is defined."""
    parameter, symbol = PARAMETERS[name], SYMBOLS[name]
    low, high = min(numbers), max(numbers)
    assumed = f"{name} in [{low}, {high}]" if low != high else f"{name} = {low}"
    further = (high - low) / 2 if high > low else Rational(1)
    ends = [(high, high * 2 if log else high + further), (low / 2 if log else low - further, low)]
    for first, last in ends:
        if parameter.kind == "integer":
            first, last = (first + 1, ceiling(last)) if first == high else (ceiling(first), last - 1)
        first = max(first, Rational(parameter.low))
        last = last if last <= parameter.high else Rational(parameter.high)
        if parameter.sign == "positive" and not first > 0:
            first = last / 2
        if not first <= last or (first == last and parameter.kind != "integer"):
            continue
        outside = symbol > high if last > high else symbol < low
        values = Choices((first,)) if first == last else Range(first, last, integer=parameter.kind == "integer")
        yield _without(
            claim,
            "range",
            assumed,
            f"{name} in [{first}, {last}]" if first != last else f"{name} = {first}",
            claim.domain.with_ranges(**{name: values}).where(outside),
        )


def _values(claim: Claim) -> Iterator[Dropped]:
    for name, default in EXPERIMENTS[claim.experiment].parameters.items():
        if PARAMETERS[name].kind != "choice":
            continue
        values = claim.domain[name] if name in claim.domain else Choices((default,))
        assert isinstance(values, Choices)
        if name == "direction" and not _anisotropic(claim.domain):
            continue
        for other in PARAMETERS[name].choices:
            if other not in values.values:
                yield _without(
                    claim,
                    "value",
                    f"{name} is {' or '.join(values.values)}",
                    f"{name} is {other}",
                    claim.domain.with_ranges(**{name: other}),
                )


def _anisotropic(domain: Domain) -> bool:
    return "spectrum" in domain and domain["spectrum"] != Choices(("isotropic",))


def _start(claim: Claim) -> Iterator[Dropped]:
    other = _STARTS.get(claim.experiment)
    if other is None:
        return
    spec = EXPERIMENTS[other]
    domain = Domain(tuple((n, x) for n, x in claim.domain.ranges if n in spec.parameters or n == "gamma"))
    kept = [c for c in claim.domain.constraints if {s.name for s in c.free_symbols} <= {*spec.parameters, "gamma"}]
    missing = {n: (0, sympify("pi")) for n in ("theta",) if spec.parameters.get(n) == REQUIRED and n not in domain}
    offers = {*spec.parameters, *spec.measurements, "gamma"}
    if any(offered(statement, offers) for statement in claim.statements):
        return  # it speaks of what only its own start has
    found = _without(claim, "start", f"trained in {claim.experiment}", f"trained in {other}", claim.domain)
    yield replace(
        found, claim=replace(found.claim, experiment=other, domain=domain.where(*kept).with_ranges(**missing))
    )
