"""Where a predicted boundary is crossed when one parameter of a setting moves, and settings on either side of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from ftproofs.check.draws import Parameters
from ftproofs.claim import Domain, Range
from ftproofs.names import PARAMETERS, Value
from ftproofs.symbolic.boundary import SignStatement

#: Points at which a range is looked at for changes of sign.
SCANNED = 65

#: Where anchors are looked for between a crossing and the end of its side: first in the middle.
SHARES = (0.5, 0.8, 0.3)

#: Points between a setting and where the margin ends at which the sign must be the same.
BETWEEN = 4

Accept = Callable[[Mapping[str, Value]], bool]


@dataclass(frozen=True)
class Line:
    """A crossing of the predicted boundary along one parameter of a setting, all others fixed.

    ``at`` is where the boundary is crossed, ``below`` and ``above`` are settings of the
    domain at most the margin away from it, on either side, with the signs claimed there.
    ``beside`` holds, for either side, settings further away, the one to prefer first.
    """

    parameter: str
    at: float
    below: tuple[Parameters, int]
    above: tuple[Parameters, int]
    beside: tuple[tuple[Parameters, ...], tuple[Parameters, ...]]

    def value(self, which: Parameters) -> float:
        """The parameter's value at a setting; gamma is n/d."""
        return _value(which, self.parameter)


def movable(statement: SignStatement, domain: Domain) -> tuple[str, ...]:
    """The parameters along which the boundary may be crossed: reals with a range first, then n, d and gamma."""
    found = [name for name in statement.names if name in domain and isinstance(domain[name], Range)]
    if "gamma" in statement.names and "gamma" not in domain:
        found += [name for name in ("n", "d") if name in domain and isinstance(domain[name], Range)]
    return tuple(sorted(dict.fromkeys(found), key=lambda name: (_whole(name), name)))


def lines(
    statement: SignStatement, domain: Domain, accept: Accept, setting: Parameters, parameter: str, margin: float
) -> Iterator[Line]:
    """The crossings along a parameter through a setting, with settings of the domain on both sides of each.

    The boundary expression is evaluated on a grid of the range and solved for where it
    changes sign (Brent's method).  A crossing is left out where no setting within
    ``margin`` (relative to the parameter's value there) lies in the domain on both sides, and
    where another parameter would cross the boundary sooner: settings there are not farther
    than the margin from it.
    """
    extent = domain[parameter]
    assert isinstance(extent, Range)
    low, high = float(extent.low), float(extent.high)
    grid = np.geomspace(low, high, SCANNED) if extent.log else np.linspace(low, high, SCANNED)

    def boundary(x: float) -> float:
        return statement.value(_moved(setting, parameter, float(x), exact=False))

    values = statement.along(setting, parameter, grid)
    off = values != 0  # a crossing at a point of the grid lies between its neighbours
    grid, values = grid[off], values[off]
    changes = [k for k in range(len(grid) - 1) if values[k] * values[k + 1] < 0]
    roots = [float(brentq(boundary, grid[k], grid[k + 1], xtol=1e-12, rtol=1e-12)) for k in changes]
    for number, (k, root) in enumerate(zip(changes, roots, strict=True)):
        ends = (roots[number - 1] if number else low, roots[number + 1] if number + 1 < len(roots) else high)
        signs = (int(np.sign(values[k])), int(np.sign(values[k + 1])))
        near: list[tuple[Parameters, int]] = []
        beside: list[tuple[Parameters, ...]] = []
        for end, direction, sign in zip(ends, (-1, 1), signs, strict=True):
            edge = _within(parameter, root, direction, margin)
            near += [(place, sign) for place in _admitted(statement, accept, setting, parameter, sign, edge)[:1]]
            wanted = [root + share * (end - root) for share in SHARES]
            beyond = [x for x in wanted if abs(x - root) > margin * abs(root)]
            beside.append(tuple(_admitted(statement, accept, setting, parameter, sign, beyond)))
        inside = len(near) == 2 and all(low <= _value(place, parameter) <= high for place, _ in near)
        if inside and all(far(statement, domain, place, margin, but=parameter) for place, _ in near):
            yield Line(parameter, root, near[0], near[1], (beside[0], beside[1]))


def _within(parameter: str, root: float, direction: int, margin: float) -> list[float]:
    """Values of the parameter on one side of a crossing, at the margin or, if it is a whole number, within it."""
    edge = root + direction * margin * abs(root)
    if not _whole(parameter) or parameter == "gamma":
        return [edge]
    whole = float(np.ceil(edge) if direction < 0 else np.floor(edge))
    return [whole] if (whole - root) * direction > 0 else []


def _admitted(
    statement: SignStatement, accept: Accept, setting: Parameters, parameter: str, sign: int, values: list[float]
) -> list[Parameters]:
    places = [_moved(setting, parameter, value) for value in values]
    return [place for place in places if accept(place) and statement.side(place) == sign]


def far(statement: SignStatement, domain: Domain, setting: Parameters, margin: float, but: str = "") -> bool:
    """Whether the sign claimed stays the same when any one parameter (but that one) moves by the margin, either way."""
    side = statement.side(setting)
    if not side:
        return False  # on the boundary
    for parameter in movable(statement, domain):
        if parameter == but:
            continue
        here = _value(setting, parameter)
        around = here * (1 + np.linspace(-margin, margin, 2 * BETWEEN + 1))
        if not np.all(statement.along(setting, parameter, around) * side > 0):
            return False
    return True


def _whole(parameter: str) -> bool:
    return parameter == "gamma" or PARAMETERS[parameter].kind == "integer"


def _value(setting: Mapping[str, Value], parameter: str) -> float:
    if parameter == "gamma" and parameter not in setting:
        return int(setting["n"]) / int(setting["d"])
    return float(setting[parameter])


def _moved(setting: Parameters, parameter: str, value: float, *, exact: bool = True) -> Parameters:
    """The setting at another value; gamma moves n, and only ``exact`` settings have whole numbers where they must."""
    if parameter == "gamma":
        n = value * int(setting["d"])
        return setting | ({"n": max(1, round(n))} if exact else {"gamma": value})
    return setting | {parameter: round(value) if exact and _whole(parameter) else value}
