"""Wrong variants of inequalities: the direction reversed, the bound moved by 10 %, or past its measured slack.

Most formulas near a true bound are true bounds themselves, so the operators of
equations say nothing here.  Only what is false on the domain counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from sympy import Integer, Rational

from ftproofs.claim import Claim, Relation, Statement
from ftproofs.symbolic.mutation import RAISED, Mutant

REVERSED, MOVED, TIGHTENED = "direction-reversed", "bound-moved-10%", "bound-past-slack"

#: A bound is tightened to this multiple of what it was measured to allow.
PAST = Rational(11, 10)

_OPPOSITE: dict[str, Relation] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def bound_mutants(claim: Claim, slack: Sequence[float]) -> tuple[Mutant, ...]:
    """Mutants of the claim's inequalities that are false on its domain as far as measured.

    Args:
        claim: any claim; its equations have none.
        slack: for each statement the factor by which its bound can be tightened on the
            whole domain (upper bounds divided, lower bounds multiplied); NaN if unknown.
    """
    found: list[Mutant] = []
    for number, (statement, room) in enumerate(zip(claim.statements, slack, strict=True)):
        if statement.rel == "==":
            continue
        reverse = Statement(statement.lhs, _OPPOSITE[statement.rel], statement.rhs)
        found.append(Mutant(number, reverse, REVERSED))
        if statement.rhs.is_zero or math.isnan(room):
            continue  # no multiple of the bound is tighter
        if room < PAST:
            found.append(Mutant(number, tightened(statement, PAST), MOVED, str(statement.rhs)))
        if room > 1:
            past = PAST * three_digits(room)
            found.append(Mutant(number, tightened(statement, past), TIGHTENED, f"slack {room:.3g}"))
    return tuple(found)


def trend_mutants(claim: Claim, effects: Sequence[float]) -> tuple[Mutant, ...]:
    """Each of a trend's statements with its direction reversed, and with an effect a tenth beyond the measured one.

    Args:
        claim: a trend.
        effects: for each statement an upper bound of its effect, positive; NaN if unknown.
    """
    found: list[Mutant] = []
    for number, (statement, effect) in enumerate(zip(claim.statements, effects, strict=True)):
        found.append(Mutant(number, Statement(statement.lhs, _OPPOSITE[statement.rel], statement.rhs), REVERSED))
        if effect > 0:
            found.append(Mutant(number, statement, RAISED, str(PAST * three_digits(effect))))
    return tuple(found)


def tightened(statement: Statement, factor: Rational) -> Statement:
    """The inequality with a bound that is tighter by that factor."""
    upper = statement.rel in ("<", "<=")
    return Statement(statement.lhs, statement.rel, statement.rhs / factor if upper else statement.rhs * factor)


def three_digits(value: float) -> Rational:
    """The smallest number of three digits that is at least the value (positive)."""
    unit = Integer(10) ** (math.floor(math.log10(value)) - 2)
    return unit * math.ceil(value / float(unit))
