"""Which settings decide a claim about means: those at which its wrong variants differ most.

Chosen from formulas alone, never from how draws looked, so nothing is selected by luck.
An anchor is drawn from until an error of the tolerance would show; a mutant's evidence
there grows with the square of its error in units of the tolerance, whatever the spread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from sympy import Symbol

from ftproofs.check.context import Context
from ftproofs.check.links import engine_of_draws
from ftproofs.claim import Claim, Rows, Setting
from ftproofs.decision import ALPHA
from ftproofs.names import INFINITE, Value
from ftproofs.numeric.sampling import Batches, batches, explore
from ftproofs.symbolic.acceptance import acceptor
from ftproofs.symbolic.equivalence import Errors, spoken
from ftproofs.symbolic.kernels import solves
from ftproofs.symbolic.mutation import strict_mutants

#: The stage of draws that are points of the domain and decide nothing.
STAGE = "points"

#: Settings from which anchors are picked.
CANDIDATES = 64

#: Anchors are added while more than this many mutants of those asked are left.
LEFT = 1.0

#: An anchor's draws in units of (spread/tolerance)^2, and what a refutation takes in units of (spread/error)^2:
#: by e-values, which grow by error^2/(2 * 1.5 variance) a draw, to 1e6 times the number of those they are
#: averaged with; and by an interval that excludes.
_PLANNED = (float(ndtri(ALPHA / 2)) + float(ndtri(5e-4))) ** 2
_NEEDED = 60.0
_NEEDED_INTERVAL = 30.0

Parameters = dict[str, Value]


@dataclass(frozen=True)
class Candidate:
    """A setting with each mutant's error there and what its refutation would gain, in [0, 1]; shape (mutant,)."""

    parameters: Parameters
    errors: np.ndarray
    evidence: np.ndarray


def domain_points(
    claim: Claim,
    context: Context,
    count: int,
    score: Callable[[Rows], float] = lambda rows: 0.0,
    source: Batches | None = None,
) -> list[Rows]:
    """One of the oracle's draws at each of about that many settings of the domain, drawn towards good scores.

    ``source`` remembers what was drawn from it, so that it can be made simpler later.
    """
    found: list[Rows] = []

    def draw(batch: tuple[Parameters, ...]) -> tuple[float, list[int]]:
        found.append(context.draws(context.block(claim.experiment, batch, engine=engine_of_draws(claim), stage=STAGE)))
        return score(found[-1]), []

    source = source or batches(claim.domain, claim.experiment, acceptor(claim.domain), size=1)
    explore(source, draw, seed=context.seed, examples=count, shrink_calls=0)
    return found


def candidates(claim: Claim, context: Context, source: Batches | None = None) -> list[Candidate]:
    """Settings among which to pick anchors, distinct, drawn towards where mutants differ from the claim."""
    return _drawn(claim, context, _Prediction(claim, context.budget.asked), source)


def pick(
    among: Sequence[Candidate], count: int, accept: Callable[[Parameters], bool] = lambda parameters: True
) -> list[Parameters]:
    """The acceptable candidates that together are predicted to kill most mutants, in the order they were picked."""
    if not among:
        return []
    evidence = np.stack([candidate.evidence for candidate in among], axis=1)
    return [among[i].parameters for i in greedy(evidence, count, lambda i: accept(among[i].parameters))]


def guided(claim: Claim) -> bool:
    """Whether wrong formulas say where to look: not where a formula's numbers are found by solving equations."""
    return not any(solves(side) for statement in claim.statements for side in (statement.lhs, statement.rhs))


def complement(
    claim: Claim,
    context: Context,
    source: Batches,
    anchors: Sequence[Parameters],
    count: int,
    accept: Callable[[Parameters], bool],
) -> list[Parameters]:
    """At most so many acceptable settings that kill what the anchors would leave: each more than one mutant asked.

    None where the claim is not `guided`: hundreds of mutants at dozens of settings would take longer than all draws.
    """
    if not guided(claim):
        return []
    predict = _Prediction(claim, context.budget.asked)
    own = [
        context.draws(context.block(claim.experiment, [p], engine=engine_of_draws(claim), stage=STAGE)) for p in anchors
    ]
    given = np.stack([predict.errors(rows) for rows in own], axis=1)
    # What has no value somewhere is killed by the domain check; no anchor need see to it.
    alive = np.isfinite(given).all(axis=1)
    if _left(predicted_evidence(given[alive], claim.margin, _NEEDED_INTERVAL)) < LEFT:
        return []
    among = [c for c in _drawn(claim, context, predict, source) if c.parameters not in anchors]
    if not among:
        return []
    errors = np.stack([candidate.errors for candidate in among], axis=1)
    alive &= np.isfinite(errors).all(axis=1)
    given, found = (predicted_evidence(error[alive], claim.margin, _NEEDED_INTERVAL) for error in (given, errors))
    picked = greedy(found, count, lambda i: accept(among[i].parameters), given=given.sum(axis=1), least=LEFT)
    return [among[i].parameters for i in picked]


def _left(evidence: np.ndarray) -> float:
    """How many mutants, in expectation, this evidence, shape (mutant, setting), does not kill."""
    return float((1 - np.minimum(evidence.sum(axis=1), 1.0)).sum())


class _Prediction:
    """The errors that the mutants asked about make at a setting, from one draw there."""

    def __init__(self, claim: Claim, most: int) -> None:
        asked = strict_mutants(claim, most)
        self._symbols = spoken(claim, asked)
        self._errors = Errors(claim, asked)

    def errors(self, rows: Rows) -> np.ndarray:
        """Relative, shape (mutant,); infinite without a value."""
        return self._errors([values_at(rows, 0, self._symbols)])[:, 0]


def _drawn(claim: Claim, context: Context, predict: _Prediction, source: Batches | None) -> list[Candidate]:
    found: dict[Setting, Candidate] = {}

    def score(rows: Rows) -> float:
        setting = rows.block.settings[0]
        if setting not in found:
            errors = predict.errors(rows)
            found[setting] = Candidate(setting.parameters, errors, predicted_evidence(errors, claim.margin))
        return float(found[setting].evidence.sum())

    domain_points(claim, context, CANDIDATES, score, source)
    return list(found.values())


def values_at(rows: Rows, case: int, symbols: Iterable[Symbol]) -> dict[Symbol, float]:
    """The parameters and measurements of one case, by symbol."""
    at = numbers(rows.block.settings[case]) | {name: float(x[case]) for name, x in rows.values.items()}
    return {symbol: at[symbol.name] for symbol in symbols if symbol.name in at}


def numbers(setting: Setting) -> dict[str, float]:
    """The parameters of a setting that are numbers, infinity among them; ``gamma`` is the realised ratio."""
    found = {name: float(value) for name, value in setting.values if value == INFINITE or not isinstance(value, str)}
    if "n" in found and "d" in found:
        found.setdefault("gamma", found["n"] / found["d"])
    return found


def predicted_evidence(error: np.ndarray, tolerance: float, needed: float = _NEEDED) -> np.ndarray:
    """What a mutant's refutation gains where it is wrong by that much, relative; 1 is enough. Any shape."""
    found = np.minimum(np.nan_to_num(np.abs(error) / tolerance, nan=0.0, posinf=1e6), 1e6)
    return np.minimum(_PLANNED / needed * found**2, 1.0)


def greedy(
    evidence: np.ndarray,
    count: int,
    accept: Callable[[int], bool] = lambda column: True,
    *,
    given: np.ndarray | float = 0.0,
    least: float = 0.0,
) -> list[int]:
    """Columns picked one by one to maximise ``sum over rows of min(1, sum of the picked)``; ties go to the first.

    A column that is not accepted when its turn comes is passed over.  ``given`` is what
    the rows have already; no column is picked that gains less than ``least``.
    """
    picked: list[int] = []
    left = list(range(evidence.shape[1]))
    total = np.zeros(len(evidence)) + given
    while left and len(picked) < count:
        gains = np.minimum(total[:, None] + evidence[:, left], 1.0).sum(axis=0)
        if gains.max() - np.minimum(total, 1.0).sum() < least:
            break
        # Rounding must not decide between candidates that are equally good.
        best = left.pop(int(np.flatnonzero(gains >= gains.max() - 1e-9)[0]))
        if accept(best):
            picked.append(best)
            total += evidence[:, best]
    return picked
