"""Where a refuted claim holds and where it fails: a picture over two parameters, from rows already drawn.

Each setting of the domain that the check or its diagnosis measured is a spot; nothing more is drawn, and
nothing here changes a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

import numpy as np

from ftproofs.check.judge import Judge, parameter
from ftproofs.check.spots import Seen, settings_seen
from ftproofs.claim import Claim, Rows
from ftproofs.names import PARAMETERS
from ftproofs.verdict import Picture, Spot

#: Fewer settings make no picture.
FEWEST = 12

#: Both parameters matter when the second one explains at least this part of what two explain together.
SECOND = 0.1

#: And the two together this part of the variation between settings.
EXPLAINED = 0.3

#: So many settings where it holds, and where it fails.
FEW = 3

_TELLS = {"holds": 0.0, "unclear": 0.5, "fails": 1.0}


def picture(claim: Claim, rows: Iterable[Rows]) -> Picture | None:
    """The settings of the rows as spots over the two parameters that tell best where it fails.

    None where it fails everywhere, fewer than two parameters matter, or too few settings were measured.

    Args:
        claim: a claim that was refuted.
        rows: what its check measured, and its diagnosis.
    """
    points = list(settings_seen(claim, rows, small=True))
    names = varied(claim, points)
    if len(points) < FEWEST or len(names) < 2:
        return None
    values = {name: np.array([float(parameter(p.parameters, name)) for p in points]) for name in names}
    outcomes = [point.outcome for point in points]
    if min(outcomes.count("holds"), outcomes.count("fails")) < FEW:
        return None
    told = np.array([_TELLS[outcome] for outcome in outcomes])
    total = float(((told - told.mean()) ** 2).sum())
    gains = {pair: _two_cuts(values[pair[0]], values[pair[1]], told) for pair in combinations(names, 2)}
    pair = max(gains, key=lambda pair: gains[pair])
    alone = max(_two_cuts(values[name], values[name], told) for name in pair)
    if not gains[pair] >= EXPLAINED * total > 0 or gains[pair] - alone < SECOND * gains[pair]:
        return None
    x, y = pair
    spots = [
        Spot(float(values[x][i]), float(values[y][i]), point.outcome, point.error) for i, point in enumerate(points)
    ]
    return Picture(x, y, tuple(spots))


def spoken(claim: Claim) -> set[str]:
    """The measurements that a picture of the claim is made of, and what their scales depend on."""
    return {name for s in claim.statements for name in Judge(s).measurements} | {"initial_loss"}


def varied(claim: Claim, points: Sequence[Seen]) -> list[str]:
    """Numbers that vary over the points; n/d in place of both of its parts if those vary."""
    found = [name for name, _ in claim.domain.ranges if PARAMETERS[name].kind != "choice"]
    found += ["gamma"] if {"n", "d"} <= set(found) else []
    return [name for name in found if len({float(parameter(p.parameters, name)) for p in points}) > 2]


def _two_cuts(x: np.ndarray, y: np.ndarray, told: np.ndarray) -> float:
    """By how much squares shrink when settings are parted at one value, and each part at one of the other parameter."""
    return max(_tree(x, y, told), _tree(y, x, told))


def _tree(first: np.ndarray, second: np.ndarray, told: np.ndarray) -> float:
    best = 0.0
    for low in _parts(first):
        gain = _between(told, low)
        for part in (low, ~low):
            inner = [_between(told[part], cut) for cut in _parts(second[part])]
            gain += max(inner, default=0.0)
        best = max(best, gain)
    return best


def _parts(values: np.ndarray) -> Iterator[np.ndarray]:
    """The settings below each of a few cuts, at least two on either side."""
    if not len(values):
        return
    for level in np.unique(np.quantile(values, np.linspace(0.05, 0.95, 13), method="lower")):
        low = values <= level
        if 2 <= low.sum() <= len(values) - 2:
            yield low


def _between(told: np.ndarray, low: np.ndarray) -> float:
    """Squares between the two parts."""
    mean = told.mean()
    parts = (told[low], told[~low])
    return float(sum(len(part) * (part.mean() - mean) ** 2 for part in parts))
