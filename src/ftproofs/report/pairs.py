"""The pairs of networks that a trend is about, as a ledger has them and as pictures of both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from matplotlib.axes import Axes

from ftproofs.check.spots import MOST, Seen, inside
from ftproofs.check.trend import Side
from ftproofs.claim import Claim, Rows
from ftproofs.names import Value
from ftproofs.report.panel import DECADES, Chart, Colours, scatter

#: A setting without what differs between the sides, its root, stage and index, and the method of its block.
_Place = tuple[tuple[tuple[str, Value], ...], int, str, int, int]


@dataclass(frozen=True, slots=True)
class Pair(Seen):
    """Two networks that share their data: what was measured on the left of a statement and on its right.

    ``difference`` is that of the sides over the larger of them, positive in the claimed
    direction; ``outcome`` is ``holds`` where it is at least the claim's effect, else ``fails``.
    """

    statement: int
    lhs: float
    rhs: float


def pairs_seen(claim: Claim, rows: Iterable[Rows]) -> Iterator[Pair]:
    """The pairs in the rows, statement by statement; so many of each as settings of another claim are looked at."""
    kept = list(rows)
    for number, statement in enumerate(claim.statements):
        lhs, rhs = (Side.of(side, claim.experiment) for side in (statement.lhs, statement.rhs))
        sign = 1 if statement.rel == ">" else -1
        yield from islice(_pairs(claim, number, sign, lhs, rhs, kept), MOST)


def _pairs(claim: Claim, number: int, sign: int, lhs: Side, rhs: Side, rows: Sequence[Rows]) -> Iterator[Pair]:
    changed = {side.parameter for side in (lhs, rhs) if side.parameter}
    within = inside(claim)
    left, right = (dict(_side(side, changed, rows)) for side in (lhs, rhs))
    for place, a in left.items():
        b, parameters = right.get(place), dict(place[0])
        if b is None or not within(parameters):
            continue
        larger = max(abs(a), abs(b))
        shown = sign * (a - b) / larger if larger > 0 else 0.0
        yield Pair(parameters, "holds" if shown >= claim.margin else "fails", shown, shown, 0.0, number, a, b)


def _side(side: Side, changed: set[str], rows: Sequence[Rows]) -> Iterator[tuple[_Place, float]]:
    """What was measured for a side, by the rest of its setting and the network's place in its stage."""
    for found in rows:
        if side.measurement not in found.values or found.block.engine == "solver":
            continue
        for case, setting in enumerate(found.block.settings):
            value = float(found.values[side.measurement][case])
            if np.isfinite(value) and (not side.parameter or setting.parameters[side.parameter] == side.value):
                rest = tuple((name, x) for name, x in setting.values if name not in changed)
                yield (rest, setting.root, setting.stage, setting.index, found.block.method), value


def pictures(claim: Claim, seen: Sequence[Seen]) -> list[Chart]:
    """For each statement its pairs, one side against the other."""
    found = [pair for pair in seen if isinstance(pair, Pair)]
    numbers = sorted({pair.statement for pair in found})
    return [_chart(claim, number, [pair for pair in found if pair.statement == number]) for number in numbers]


def words(claim: Claim) -> str:
    """What the line and the band of the pictures are."""
    return f"On the line both networks of a pair are equal; in the band the effect is below {100 * claim.margin:g}%."


def _chart(claim: Claim, number: int, found: Sequence[Pair]) -> Chart:
    statement = claim.statements[number]
    held = sum(pair.outcome == "holds" for pair in found)
    says = f"{len(found)} pairs, {held} with an effect of {100 * claim.margin:g}% or more in the claimed direction."
    return Chart(f"{claim.id}-pairs-{number}", says, _drawing(claim, str(statement.rel), found, number))


def _drawing(claim: Claim, rel: str, found: Sequence[Pair], number: int) -> Callable[[Axes, Colours], None]:
    sides = [Side.of(side, claim.experiment) for side in (claim.statements[number].lhs, claim.statements[number].rhs)]

    def draw(axes: Axes, colours: Colours) -> None:
        values = np.array([(pair.rhs, pair.lhs) for pair in found])
        low, high = values.min(), values.max()
        log = low > 0 and high > DECADES * low
        room = 1.0 if log else 0.05 * (high - low or 1.0)
        ends = (low / 1.2, high * 1.2) if log else (low - room, high + room)
        line = np.geomspace(*ends, 50) if log else np.linspace(*ends, 50)
        # On the edge of the band one side is less than the other by the effect, relative to the larger.
        less, more = 1 - claim.margin, 1 / (1 - claim.margin)
        edge = line * np.where((line > 0) == (rel == ">"), more, less)
        axes.fill_between(line, line, edge, color=colours.band, linewidth=0)
        axes.plot(line, line, color=colours.line, linewidth=0.8)
        for outcome in ("holds", "fails"):
            scatter(axes, [(p.rhs, p.lhs) for p in found if p.outcome == outcome], outcome, colours)
        if log:
            axes.set_xscale("log")
            axes.set_yscale("log")
        axes.set_xlim(*ends)
        axes.set_ylim(*ends)
        if not log:
            axes.locator_params(nbins=4)
        axes.set_xlabel(_name(sides[1]))
        axes.set_ylabel(_name(sides[0]))

    return draw


def _name(side: Side) -> str:
    """A side in words that an axis has room for: the measurement, and the value at which it is read."""
    text = side.measurement.replace("_", " ")
    if not side.parameter:
        return text
    value = f"{side.value:g}" if isinstance(side.value, float) else str(side.value)
    return f"{text}\n{side.parameter.replace('_', ' ')} {value}"
