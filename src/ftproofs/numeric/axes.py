"""The values a parameter is drawn from: short grids, with edges and simple values included on purpose."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ftproofs.claim import Choices, Range
from ftproofs.errors import UsageError
from ftproofs.names import PARAMETERS, Value

_STEPS = 1000
_EDGE_SHARE = 0.25

#: Ranges with more integers than this are drawn from a grid of them.
_MANY = 4096


@dataclass(frozen=True)
class Axis:
    """The values one parameter is drawn from.

    ``values`` are all of them, simplest first: the order of shrinking.  A quarter of the
    draws fall on ``edges``, the rest on ``spread``, in the order of size.
    """

    name: str
    values: tuple[Value, ...]
    edges: tuple[Value, ...]
    spread: tuple[Value, ...]

    def at(self, share: float) -> Value:
        """The value at a share in [0, 1): uniform shares are draws; 0 is the simplest edge."""
        if self.edges and share < _EDGE_SHARE:
            return self.edges[int(share / _EDGE_SHARE * len(self.edges))]
        if self.edges:
            share = (share - _EDGE_SHARE) / (1 - _EDGE_SHARE)
        return self.spread[min(int(share * len(self.spread)), len(self.spread) - 1)]


def axis(name: str, values: Range | Choices) -> Axis:
    """The axis of a parameter; exact numbers become the parameter's own type.

    Integers are drawn log-uniformly where the range says so or spans a factor of 16,
    reals at ``low + k/1000`` of the range (of its logarithm where the range says so).

    Raises:
        UsageError: FT303 when there is no parameter of that name.
    """
    if name not in PARAMETERS:
        raise UsageError("FT303", f"unknown parameter {name!r} in the domain")
    integer = PARAMETERS[name].kind == "integer"
    if isinstance(values, Choices):
        own = tuple(_own(name, value) for value in values.values)
        return Axis(name, own, (), own)
    low, high = float(values.low), float(values.high)
    log = values.log or (integer and low > 0 and high >= 16 * low)
    shares = np.arange(_STEPS + 1) / _STEPS
    grid = low * (high / low) ** shares if log else low + (high - low) * shares
    if integer:
        low, high = math.ceil(low), math.floor(high)
        every = range(int(low), int(high) + 1) if high - low <= _MANY else sorted({round(x) for x in grid})
        spread = tuple(min(int(high), max(int(low), round(x))) for x in grid) if log else tuple(every)
        edges = _unique(int(low), int(low) + 1, int(high), within=(low, high))
        return Axis(name, tuple(every), edges, spread)
    short = _unique(*(float(f"{x:.6g}") for x in grid), within=(low, high))
    simple = (math.pi / 2, 0.0, math.pi) if PARAMETERS[name].high == math.pi else (1.0, 0.0, 0.5, 2.0)
    edges = _unique(*simple, low, high, within=(low, high))
    return Axis(name, _unique(*edges, *short, within=(low, high)), edges, short)


def _own(name: str, value: object) -> Value:
    kind = PARAMETERS[name].kind
    if kind == "choice":
        return str(value)
    number = float(value)  # type: ignore[arg-type]
    return int(number) if kind == "integer" and number.is_integer() else number


def _unique(*values: float, within: tuple[float, float]) -> tuple[float, ...]:
    return tuple(dict.fromkeys(value for value in values if within[0] <= value <= within[1]))
