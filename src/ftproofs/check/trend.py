"""A claim about a trend: pairs of networks that share their data and differ in one parameter, compared by sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sympy import sympify

from ftproofs.check.context import Context
from ftproofs.check.draws import Parameters, explore_settings
from ftproofs.claim import Claim, Rows, Statement, Trend
from ftproofs.decision import combine
from ftproofs.decision.trend import FIRST, TrendDecision, decide_trend
from ftproofs.errors import UsageError
from ftproofs.names import MEASUREMENTS, Value, check_value, experiment
from ftproofs.symbolic.paired import At
from ftproofs.verdict import Evidence, Link, Observation

_ORDER = ("refuted", "error", "undecided", "none", "supported", "certified")


@dataclass(frozen=True)
class Side:
    """One side of a trend: a measurement, and the parameter's value at which it is read, if one is changed."""

    measurement: str
    parameter: str = ""
    value: Value = 0

    @classmethod
    def of(cls, expr: object, name: str) -> Side:
        """The side that an expression says, in the experiment of that name.

        Raises:
            UsageError: FT219 what is neither a measurement nor one at a value, or a parameter
                that the experiment's random numbers depend on.
        """
        expr = sympify(expr)
        inner = expr.measurement if isinstance(expr, At) else expr
        if str(inner) not in MEASUREMENTS:
            raise UsageError("FT219", f"a side of a trend is a measurement or one at a value, found {expr}")
        if not isinstance(expr, At):
            return cls(str(inner))
        changed, paired = str(expr.parameter), experiment(name).paired
        if changed not in paired:
            offered = ", ".join(paired) or "nothing"
            raise UsageError("FT219", f"{name} has no pairs along {changed}; its data stay the same along {offered}")
        exact = expr.value
        return cls(str(inner), changed, check_value(changed, int(exact) if exact.is_Integer else float(exact)))

    def setting(self, parameters: Parameters) -> Parameters:
        """The setting at which the side is read."""
        return parameters | {self.parameter: self.value} if self.parameter else parameters


def check_trend(claim: Claim, context: Context) -> Evidence:
    """The experiment leg of a claim whose quantifier is trend: everything is trained.

    Raises:
        UsageError: FT219 sides that make no pairs, or a relation without a direction.
    """
    assert isinstance(claim.quantifier, Trend)
    sides = [sides_of(claim, statement) for statement in claim.statements]
    settings = choose(claim, context)
    parts = []
    for number, pair in enumerate(sides):
        lhs, rhs, sign = pair
        facts: dict[str, Any] = {"lhs": lhs.measurement, "rhs": rhs.measurement, "sign": sign}
        facts |= {"settings": len(settings), "effect": claim.margin, "cap": context.budget.pairs}
        with context.trail.decision("trend", "end_to_end", number, **facts) as trail:
            found = decide_trend(
                Pairs(claim, context, settings, *pair),
                len(settings),
                effect=claim.margin,
                cap=context.budget.pairs,
            )
            trail.concludes(found)
        parts.append(found)
        done = context.budget.explored * (len(sides) + number + 1) // len(sides)
        context.progress(claim.id, done, 2 * context.budget.explored)
    return _conclude(claim, context, settings, sides, parts)


def choose(claim: Claim, context: Context) -> list[Parameters]:
    """The settings at which a trend is decided."""
    explored = explore_settings(claim, context, claim.domain, lambda _: 0.0, steps=2 * context.budget.explored)
    return list(explored.settings[: context.budget.anchors])


def sides_of(claim: Claim, statement: Statement) -> tuple[Side, Side, int]:
    """Both sides of a trend's statement, and 1 where the left one is claimed to be larger, else -1.

    Raises:
        UsageError: FT219 sides that make no pairs, or a relation without a direction.
    """
    if statement.rel not in ("<", ">"):
        raise UsageError("FT219", f"a trend has a direction, < or >; found {statement.rel}")
    lhs, rhs = (Side.of(side, claim.experiment) for side in (statement.lhs, statement.rhs))
    if lhs == rhs:
        raise UsageError("FT219", f"both sides of the trend are {statement.lhs}")
    return lhs, rhs, 1 if statement.rel == ">" else -1


@dataclass(frozen=True)
class Pairs:
    """Trains pairs, so many at a time as are looked at first; a sampler of `decide_trend`."""

    claim: Claim
    context: Context
    settings: Sequence[Parameters]
    lhs: Side
    rhs: Side
    sign: int

    def __call__(self, setting: int, stage: str, start: int, count: int, *, method: int = 0) -> np.ndarray:
        parts = []
        for first in range(start, start + count, FIRST):
            left, right = self.rows(setting, stage, first, method=method)
            place = {"setting": setting, "stage": stage, "method": method, "start": first}
            self.context.trail.look([left, right], {}, **place)
            parts.append(self.shown(left.values[self.lhs.measurement], right.values[self.rhs.measurement]))
        return np.concatenate(parts)[:count]

    def rows(self, setting: int, stage: str, first: int, *, method: int = 0) -> tuple[Rows, Rows]:
        """Both sides' networks of the pairs from ``first`` on."""
        engine = experiment(self.claim.experiment).engines[0]
        left, right = (
            self.context.draws(
                self.context.block(
                    self.claim.experiment,
                    [side.setting(self.settings[setting])] * FIRST,
                    engine=engine,
                    stage=stage,
                    start=first,
                    method=method,
                )
            )
            for side in (self.lhs, self.rhs)
        )
        return left, right

    def shown(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """The difference over the larger side, positive in the claimed direction; 0 where both sides are."""
        larger = np.maximum(np.abs(left), np.abs(right))
        return self.sign * np.where(larger > 0, (left - right) / np.where(larger > 0, larger, 1.0), 0.0 * larger)


def _conclude(
    claim: Claim,
    context: Context,
    settings: Sequence[Parameters],
    sides: Sequence[tuple[Side, Side, int]],
    parts: Sequence[TrendDecision],
) -> Evidence:
    number, found = min(enumerate(parts), key=lambda part: _ORDER.index(part[1].status))
    status = combine(part.status for part in parts)
    trained = 2 * sum(part.pairs for part in parts)
    finding = found.settings[found.worst] if found.worst is not None else None
    worst = simplest = None
    if finding is not None and found.worst is not None:
        pairs = Pairs(claim, context, settings, *sides[number])
        worst, first_wrong = _observations(pairs, found.worst, number)
        simplest = first_wrong if status == "refuted" else None
    return Evidence(
        status,
        "trend",
        claim.margin,
        str(claim.statements[number].lhs),
        settings=len(settings),
        trainings=trained,
        links={
            "A": Link("none"),
            "B": Link("none"),
            "end_to_end": Link(
                status,
                trainings=trained,
                worst=finding.effect if finding else None,
                interval=finding.interval if finding else None,
                evidence=found.log_evidence,
            ),
        },
        estimate=finding.effect if finding else None,
        interval=finding.interval if finding else None,
        worst=worst,
        simplest=simplest,
        flags=tuple(sorted({flag for part in parts for flag in part.flags})),
        detail=found.detail,
    )


def _observations(pairs: Pairs, setting: int, number: int) -> tuple[Observation | None, Observation | None]:
    """Of the first pairs trained at the setting, the one that shows least of the trend and the first one against it."""
    left, right = pairs.rows(setting, "confirm", 0)
    one, other = left.values[pairs.lhs.measurement], right.values[pairs.rhs.measurement]
    shown = pairs.shown(one, other)

    def at(case: int) -> Observation:
        return Observation(
            left.block.settings[case],
            pairs.context.identify(left, case),
            number,
            float(other[case]),
            float(one[case]),
            0.0,
            float(shown[case]),
        )

    sound = np.flatnonzero(~np.isnan(shown))
    against = sound[shown[sound] < 0]
    least = at(int(sound[shown[sound].argmin()])) if len(sound) else None
    return least, at(int(against[0])) if len(against) else least
