"""Which settings decide a claim about means: those at which its wrong variants differ most.

Chosen from formulas alone, never from how draws looked, so nothing is selected by luck.
An anchor is drawn from until an error of the tolerance would show; a mutant's evidence
there grows with the square of its error in units of the tolerance, whatever the spread.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri
from sympy import Expr, Symbol

from ftproofs.check.context import Context
from ftproofs.check.draws import CORNERS, engine_at, exploratory
from ftproofs.check.judge import Judge
from ftproofs.check.links import engine_of_draws
from ftproofs.claim import Claim, Each, Rows
from ftproofs.decision import ALPHA
from ftproofs.names import INFINITE, Value
from ftproofs.numeric.experiments import SOLVER
from ftproofs.numeric.sampling import Batches, batches, explore
from ftproofs.settings import Setting
from ftproofs.symbolic.acceptance import acceptor
from ftproofs.symbolic.equivalence import Errors, spoken
from ftproofs.symbolic.kernels import solves, solves_in_batches
from ftproofs.symbolic.mutation import Mutant, strict_mutants

#: The stage of draws that are points of the domain and decide nothing.
STAGE = "points"

#: Settings from which anchors are picked, and those looked at for the mutants that these would leave.
CANDIDATES = 64
SEARCHED = 256

#: Mutants asked about where formulas are solved for, and settings looked at.
SOLVED = 32
SOLVED_AT = 64

#: Up to how many times what is enough more evidence is better: a setting may get a part of the draws planned.
SPARE = 4.0

#: Anchors are added while each would kill at least this much of the mutants that are left, in expectation.
LEFT = 0.1

#: An anchor's draws in units of (spread/tolerance)^2, and what a refutation takes in units of (spread/error)^2:
#: by e-values, which grow by error^2/(2 * 1.5 variance) a draw, to 1e6 times the number of those they are
#: averaged with, nine times in ten; and by an interval that excludes, at a free rate as well, which takes an error
#: of about 1.6 tolerances: PLANNED * 1.6^2.
PLANNED = (float(ndtri(ALPHA / 2)) + float(ndtri(5e-4))) ** 2
E_VALUES = 80.0
INTERVAL = 125.0

Parameters = dict[str, Value]


@dataclass(frozen=True)
class Candidate:
    """A setting with each mutant's error there and the evidence against it, 1 being enough; shape (mutant,)."""

    parameters: Parameters
    errors: np.ndarray
    strength: np.ndarray

    @property
    def evidence(self) -> np.ndarray:
        """What its refutation would gain, in [0, 1]."""
        return np.minimum(self.strength, 1.0)


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
        found.append(_drawn(claim, context, batch[0]))
        return score(found[-1]), []

    source = source or batches(claim.domain, claim.experiment, acceptor(claim.domain), size=1)
    explore(source, draw, seed=context.seed, examples=count, shrink_calls=0)
    return found


def _drawn(claim: Claim, context: Context, parameters: Parameters) -> Rows:
    """One draw at a setting; of a claim about a law from the law of the design, where that is known."""
    engine = engine_of_draws(claim) if isinstance(claim.quantifier, Each) else engine_at(claim, parameters)
    return context.draws(context.block(claim.experiment, [parameters], engine=engine, stage=STAGE))


def candidates(claim: Claim, context: Context, source: Batches | None = None) -> list[Candidate]:
    """Settings among which to pick anchors, distinct, drawn towards where mutants differ from the claim.

    Of an inequality between means, towards where it is nearly attained, which is where a tighter one fails, and
    where it is not, which is where the opposite fails; both as far as exploratory draws of the oracle tell.
    """
    search = _Search(claim, context, strict_mutants(claim, context.budget.asked), lambda p: E_VALUES, bounds=True)
    return search.drawn(source)


def pick(
    among: Sequence[Candidate], count: int, accept: Callable[[Parameters], bool] = lambda parameters: True
) -> list[Parameters]:
    """The acceptable candidates that together are predicted to kill most mutants, in the order they were picked."""
    picked = _greedily(among, count, lambda parameters: float(accept(parameters)))
    return [candidate.parameters for candidate in picked]


def guided(claim: Claim) -> bool:
    """Whether wrong formulas say where to look: not where a formula's numbers are found by solving equations."""
    return not any(solves(side) for side in _sides(claim))


def complemented(claim: Claim) -> bool:
    """Whether wrong formulas are asked about settings: `guided`, or solved for at many settings at once."""
    return guided(claim) or all(solves_in_batches(side) for side in _sides(claim))


def _sides(claim: Claim) -> list[Expr]:
    return [side for statement in claim.statements for side in (statement.lhs, statement.rhs)]


def complement(
    claim: Claim,
    context: Context,
    source: Batches,
    anchors: Sequence[Parameters],
    count: int,
    share: Callable[[Parameters], float],
    needed: Callable[[Parameters], float],
) -> list[Parameters]:
    """At most so many settings that kill what the anchors would leave, each at least `LEFT` of a mutant.

    The mutants left say where to search, corners of the domain included, and again as long as
    something is found.  Where the claim is not `guided` few mutants are asked about, and all settings looked at are
    evaluated at once; none where that takes as long as one by one, which would be longer than all draws.

    Args:
        share: of the draws that support is planned to take at a setting, what can be afforded; 0 to leave it out. It is
            asked only of what would be picked, and what is killed by fewer draws counts.
        needed: draws that a refutation takes at a setting, in units of (spread/error)^2, where those of support are
            planned: `E_VALUES` or `INTERVAL`, as the claim's refutations are, or more where plans cannot be relied on.
    """
    if not complemented(claim):
        return []
    led = guided(claim)
    asked = strict_mutants(claim, context.budget.completed if led else SOLVED)
    search = _Search(claim, context, asked, needed)
    among = search.at(anchors)
    total = np.zeros(len(asked))
    picked: list[Parameters] = []
    while True:
        seen = np.max([total, *(candidate.evidence for candidate in among)], axis=0)
        # What has no value somewhere is killed by the domain check; no anchor need see to it.
        left = np.isfinite([candidate.errors for candidate in among]).all(axis=0) & (seen < 1)
        search, total = search.of(left), seen[left]
        if len(picked) == count or (1 - total).sum() < LEFT:
            return picked
        pool = search.drawn(source, SEARCHED) if led else search.spread(source, SOLVED_AT)
        pool += search.at(source.corners(CORNERS))
        among = _greedily(pool, count - len(picked), share, given=total, least=LEFT)
        if not among:
            return picked
        picked += [candidate.parameters for candidate in among]


def _greedily(
    among: Sequence[Candidate],
    count: int,
    share: Callable[[Parameters], float],
    given: np.ndarray | float = 0.0,
    least: float = 0.0,
) -> list[Candidate]:
    if not among:
        return []
    strength = np.stack([candidate.strength for candidate in among], axis=1)
    picked = greedy(strength, count, lambda i: share(among[i].parameters), given=given, least=least)
    return [among[i] for i in picked]


class _Search:
    """The errors that the mutants asked about make at settings, from one of the oracle's draws there."""

    def __init__(
        self,
        claim: Claim,
        context: Context,
        asked: Sequence[Mutant],
        needed: Callable[[Parameters], float],
        *,
        bounds: bool = False,
    ) -> None:
        self._claim, self._context, self._needed = claim, context, needed
        drawn = bounds and engine_of_draws(claim) == SOLVER
        self._bounds = [Judge(statement) for statement in claim.statements if drawn and statement.rel != "=="]
        self._symbols = spoken(claim, asked)
        self._errors = Errors(claim, asked)

    def of(self, chosen: np.ndarray) -> _Search:
        """The search for the mutants chosen, shape (mutant,), only."""
        found = copy(self)
        found._errors = self._errors.of(chosen)
        return found

    def at(self, settings: Sequence[Parameters]) -> list[Candidate]:
        """These settings."""
        return self._candidates([_drawn(self._claim, self._context, parameters) for parameters in settings])

    def spread(self, source: Batches, count: int) -> list[Candidate]:
        """Distinct settings of the domain, whatever the mutants are there."""
        found = domain_points(self._claim, self._context, count, source=source)
        return self._candidates(list({rows.block.settings[0]: rows for rows in found}.values()))

    def drawn(self, source: Batches | None, count: int = CANDIDATES) -> list[Candidate]:
        """Distinct settings, drawn towards where the mutants differ from the claim."""
        found: dict[Setting, Candidate] = {}

        def score(rows: Rows) -> float:
            setting = rows.block.settings[0]
            if setting not in found:
                found[setting] = self._candidates([rows])[0]
            return float(np.minimum(found[setting].strength, SPARE).sum())

        domain_points(self._claim, self._context, count, score, source)
        return list(found.values())

    def _candidates(self, found: Sequence[Rows]) -> list[Candidate]:
        if not found:
            return []
        errors = self._errors([values_at(rows, 0, self._symbols) for rows in found])
        return [self._candidate(rows, own) for rows, own in zip(found, errors.T, strict=True)]

    def _candidate(self, rows: Rows, errors: np.ndarray) -> Candidate:
        parameters = rows.block.settings[0].parameters
        strength = _strength(errors, self._claim.margin, self._needed(parameters))
        if self._bounds:
            looked = exploratory(self._claim, self._context, parameters)
            strength = np.concatenate([strength, of_bounds(self._bounds, looked, self._claim.margin)])
        return Candidate(parameters, errors, strength)


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


def of_bounds(judges: Sequence[Judge], rows: Rows, tolerance: float) -> np.ndarray:
    """What draws at a setting say of inequalities' tightened and opposite forms, in [0, 1]; shape (2 * inequality,).

    Of each first how nearly it is attained, by two standard errors less than it looks, then the evidence against
    its opposite: of how far from attained it is for certain, or by half of the way to a bound of the same from
    the other side.
    """
    found = []
    sides = [judge.samples(rows) for judge in judges]
    for judge, (lhs, rhs) in zip(judges, sides, strict=True):
        above = judge.statement.rel in ("<", "<=")
        excess = rhs - lhs if above else lhs - rhs
        gap, unit = float(excess.mean()), float(rhs.mean() if above else lhs.mean())
        if not (math.isfinite(gap) and unit > 0):
            found += [0.0, 0.0]
            continue
        doubt = 2 * float(excess.std(ddof=1)) / math.sqrt(len(excess))
        across = [
            float(np.abs(rhs - other[1]).mean()) / 2
            for one, other in zip(judges, sides, strict=True)
            if one.statement.lhs == judge.statement.lhs and (one.statement.rel in ("<", "<=")) != above
        ]
        against = max([0.0, gap - doubt, *across]) / unit - tolerance
        found += [
            min(1.0, max(0.0, 1 - (max(0.0, gap) + doubt) / unit)),
            float(predicted_evidence(np.array(max(0.0, against)), tolerance)),
        ]
    return np.array(found)


def predicted_evidence(error: np.ndarray, tolerance: float, needed: float = E_VALUES) -> np.ndarray:
    """What a mutant's refutation gains where it is wrong by that much, relative; 1 is enough. Any shape."""
    return np.minimum(_strength(error, tolerance, needed), 1.0)


def _strength(error: np.ndarray, tolerance: float, needed: float) -> np.ndarray:
    found = np.minimum(np.nan_to_num(np.abs(error) / tolerance, nan=0.0, posinf=1e6), 1e6)
    return PLANNED / needed * found**2


def greedy(
    strength: np.ndarray,
    count: int,
    share: Callable[[int], float] = lambda column: 1.0,
    *,
    given: np.ndarray | float = 0.0,
    least: float = 0.0,
) -> list[int]:
    """Columns picked one by one to maximise ``sum over rows of the largest of the picked``.

    Ties go to the strongest, then to the first.

    The largest, since a refutation is that of one setting: elsewhere a mutant may make no error,
    and draws without one count against it; of each at most 1.  When a column's turn first comes it is asked what
    ``share`` of its strength it can have: all, nothing, or a part, with which it waits for another turn.
    ``given`` is what the rows have already; none is picked that gains less than ``least``.
    """
    picked: list[int] = []
    left = list(range(strength.shape[1]))
    asked: set[int] = set()
    best = np.zeros(len(strength)) + given
    strength = strength.copy()
    while left and len(picked) < count:
        gains = np.maximum(best[:, None], np.minimum(strength[:, left], 1.0)).sum(axis=0) - best.sum()
        if gains.max() < least:
            break
        # Of those that are equally good (but for rounding) the one with most to spare, should it get a part only.
        equal = [left[i] for i in np.flatnonzero(gains >= gains.max() - 1e-9)]
        column = max(equal, key=lambda i: round(float(np.minimum(strength[:, i], SPARE).sum()), 9))
        part = 1.0 if column in asked else min(1.0, share(column))
        asked.add(column)
        if part < 1:
            strength[:, column] *= part
        if part in (0, 1):
            left.remove(column)
        if part == 1:
            picked.append(column)
            best = np.maximum(best, np.minimum(strength[:, column], 1.0))
    return picked
