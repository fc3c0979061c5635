"""One cell of a phase diagram: its networks against what the claim says of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import stdtrit

from ftproofs.check.crossings import far
from ftproofs.check.judge import Judge
from ftproofs.check.sign_study import MARGIN
from ftproofs.claim import Claim, Each, Rows
from ftproofs.decision import violations
from ftproofs.names import Value
from ftproofs.numeric.experiments import USABLE
from ftproofs.run.phase_plan import Plan

#: A diagram of a true claim has a cell that disagrees with about this probability, all cells together.
LEVEL = 1e-3

#: agrees, disagrees: certainly so; open: the cell's networks do not tell; untrained: no number from any of them.
Outcome = Literal["agrees", "disagrees", "open", "untrained"]


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell's networks say.

    ``predicted`` is the mean of what the formula gives for them (of a sign claim: the sign,
    +1 or -1, or 0 on the boundary); ``mean`` that of what was measured, with the ends of its
    interval; ``sign`` is that of the mean where the interval excludes 0, else 0.
    """

    parameters: dict[str, Value]
    predicted: float
    mean: float
    low: float
    high: float
    sign: int
    outcome: Outcome
    trained: int
    failed: int


def read_cell(
    plan: Plan, parameters: dict[str, Value], rows: Rows | None, judge: Judge | None, predicted: float = math.nan
) -> Cell:
    """The cell of some rows at one setting; without rows the prediction alone."""
    claimed = plan.sign.side(parameters) if plan.sign is not None else 0
    if rows is None or judge is None:
        said = float(claimed) if plan.sign is not None else predicted
        return Cell(parameters, said, math.nan, math.nan, math.nan, 0, "untrained", 0, 0)
    usable = np.array([status in USABLE for status in rows.status])
    lhs, rhs = judge.samples(rows)
    usable &= np.isfinite(lhs) & np.isfinite(rhs)
    failed = int((~usable).sum())
    mean, half = interval(lhs[usable], plan)
    sign = 1 if mean - half > 0 else -1 if mean + half < 0 else 0
    if not usable.any():
        outcome: Outcome = "untrained"
    elif plan.sign is not None:
        outcome = _sign_outcome(plan, parameters, claimed, sign)
    elif isinstance(plan.claim.quantifier, Each):
        outcome = _each_outcome(plan.claim, judge, rows, usable)
    else:
        outcome = _mean_outcome(plan, judge, parameters, lhs[usable], rhs[usable])
    predicted = float(claimed) if plan.sign is not None else float(rhs[usable].mean()) if usable.any() else math.nan
    return Cell(parameters, predicted, mean, mean - half, mean + half, sign, outcome, int(usable.sum()), failed)


def interval(values: np.ndarray, plan: Plan) -> tuple[float, float]:
    """The mean and the half-width of its interval (Student), the level shared by all cells and both ends."""
    if not len(values):
        return math.nan, math.inf
    if len(values) == 1:
        return float(values[0]), math.inf
    quantile = -float(stdtrit(len(values) - 1, LEVEL / (2 * len(plan.cells))))
    return float(values.mean()), quantile * float(values.std(ddof=1)) / math.sqrt(len(values))


def _sign_outcome(plan: Plan, parameters: dict[str, Value], claimed: int, sign: int) -> Outcome:
    assert plan.sign is not None
    if not claimed or not sign:
        return "open"
    if sign == claimed:
        return "agrees"
    margin = plan.claim.tolerance if plan.claim.tolerance is not None else MARGIN
    # A claim about a sign says nothing certain within its margin.
    return "disagrees" if far(plan.sign, plan.claim.domain, parameters, margin) else "open"


def _each_outcome(claim: Claim, judge: Judge, rows: Rows, usable: np.ndarray) -> Outcome:
    gaps = judge.each(rows)
    gap, half = gaps.gap[usable], gaps.half_width[usable]
    if np.any(gap - half > claim.margin):
        return "disagrees"
    return "agrees" if np.all(gap + half <= claim.margin) else "open"


def _mean_outcome(plan: Plan, judge: Judge, parameters: dict[str, Value], lhs: np.ndarray, rhs: np.ndarray) -> Outcome:
    claim = plan.claim
    scale = judge.scale({name: float(value) for name, value in parameters.items() if not isinstance(value, str)})
    unit = max(abs(float(rhs.mean())), scale / 10)
    difference, half = interval(lhs - rhs, plan)
    ends = np.array([difference - half, difference + half]) / unit
    if judge.statement.rel == "==":
        least = 0.0 if ends[0] * ends[1] < 0 else float(np.abs(ends).min())
    else:
        least = float(violations(ends, judge.statement.rel).min())
    most = float(violations(ends, judge.statement.rel).max())
    if least > claim.margin:
        return "disagrees"
    return "agrees" if most < claim.margin else "open"
