"""Which settings decide a claim about a sign: on both sides of the predicted boundary, near it and away from it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

from ftproofs.check.crossings import Accept, Line, far, lines, movable
from ftproofs.check.draws import Parameters
from ftproofs.claim import Domain
from ftproofs.numeric.sampling import Batches, explore
from ftproofs.symbolic.boundary import SignStatement

#: Settings through which crossings are looked for.
SEARCHED = 64

#: An anchor away from the boundary has a mean of this many standard deviations, as far as a few draws can tell.
EFFECT = 0.15

#: Means over standard deviations of a few draws at a setting, either sign.
Effect = Callable[[Parameters], float]


@dataclass(frozen=True)
class Mark:
    """A setting and the sign claimed there."""

    parameters: Parameters
    side: int


@dataclass(frozen=True)
class Sides:
    """The anchors of a statement: a line has its two settings near the boundary, then those away from it.

    ``lines`` holds, for each crossing, the positions of its two near settings among the
    marks; it is empty where no crossing was found inside the domain.
    """

    marks: tuple[Mark, ...]
    lines: tuple[tuple[Line, int, int], ...]


def drawn(source: Batches, seed: int, count: int = SEARCHED) -> list[Parameters]:
    """That many settings of the domain, at most; nothing is measured there."""
    found: list[Parameters] = []

    def take(batch: tuple[Parameters, ...]) -> tuple[float, list[int]]:
        found.append(batch[0])
        return 0.0, []

    explore(source, take, seed=seed, examples=count, shrink_calls=0)
    return found


def choose_sides(
    statement: SignStatement,
    domain: Domain,
    accept: Accept,
    settings: Sequence[Parameters],
    effect: Effect,
    suspects: Sequence[Line] = (),
    *,
    count: int,
    margin: float,
) -> Sides:
    """Settings around ``count`` crossings, each parameter in turn, and one away from each on either side.

    Chosen by the claim's own boundary; draws only say where an effect is large enough to be
    seen, whichever its sign.  ``suspects`` are crossings where exploration saw the worst: they
    must hold like the others.  Without a crossing the first settings drawn are taken.
    """
    found = list(_crossings(statement, domain, accept, settings, count, margin))
    found += [line for line in suspects if all(line.below != other.below for other in found)]
    if not found:
        sided = [Mark(p, statement.side(p)) for p in settings if far(statement, domain, p, margin)]
        return Sides(tuple(sided[:count]), ())
    marks: list[Mark] = []
    placed = []
    for line in found:
        placed.append((line, len(marks), len(marks) + 1))
        marks += [Mark(*line.below), Mark(*line.above)]
        for (_, side), beside in zip((line.below, line.above), line.beside, strict=True):
            clear = [place for place in beside if far(statement, domain, place, margin)]
            best = next((place for place in clear if abs(effect(place)) >= EFFECT), None)
            if best is None and clear:
                best = max(clear, key=lambda place: abs(effect(place)))
            if best is not None:
                marks.append(Mark(best, side))
    return Sides(tuple(marks), tuple(placed))


def _crossings(
    statement: SignStatement,
    domain: Domain,
    accept: Accept,
    settings: Sequence[Parameters],
    count: int,
    margin: float,
) -> Iterator[Line]:
    """Up to so many crossings: each movable parameter takes the next setting through which it finds one."""
    names = movable(statement, domain)
    waiting = {}
    for i, name in enumerate(names):
        start = (i + 1) * len(settings) // (len(names) + 1)  # not the same setting for every parameter
        waiting[name] = _along(statement, domain, accept, [*settings[start:], *settings[:start]], name, margin)
    taken = 0
    for name in cycle(names):
        if taken == count or not waiting:
            return
        if name not in waiting:
            continue
        line = next(waiting[name], None)
        if line is None:
            del waiting[name]
        else:
            taken += 1
            yield line


def _along(
    statement: SignStatement,
    domain: Domain,
    accept: Accept,
    settings: Sequence[Parameters],
    name: str,
    margin: float,
) -> Iterator[Line]:
    for setting in settings:
        # One crossing a setting: others of the same line tell little more.
        line = next(lines(statement, domain, accept, setting, name, margin), None)
        if line is not None:
            yield line


def effect_of(mean: float, deviation: float) -> float:
    """A mean over its standard deviation; 0 where it has no number."""
    if not math.isfinite(mean + deviation):
        return 0.0
    return mean / deviation if deviation > 0 else (math.copysign(math.inf, mean) if mean else 0.0)
