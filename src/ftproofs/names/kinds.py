"""The kinds of names: parameters, measurements and the experiments that offer them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias, TypeVar

Kind = Literal["integer", "real", "choice"]
Sign = Literal["positive", "nonnegative", "real"]
Value: TypeAlias = int | float | str

#: Marks a parameter that must be given.
REQUIRED = "required"

#: An infinite value: text, as JSON has no other way to write it; ``float`` reads it.
INFINITE = "inf"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A quantity chosen before training.

    ``low`` and ``high`` are where the quantity is defined at all (inclusive); a
    claim's domain is a part of it.  ``shapes`` says that the parameter decides the
    shape of the arrays, so that settings trained together must agree on it.  Where
    ``infinite`` is true the value may be infinity, which is written `INFINITE`.
    """

    name: str
    meaning: str
    latex: str
    kind: Kind = "real"
    sign: Sign = "nonnegative"
    low: float = 0.0
    high: float = math.inf
    choices: tuple[str, ...] = ()
    shapes: bool = False
    infinite: bool = False


@dataclass(frozen=True, slots=True)
class Measurement:
    """A quantity read after training.

    ``scale`` names the factors of its natural scale with their exponents; errors
    are relative to ``max(|rhs|, scale/10)``.
    """

    name: str
    meaning: str
    latex: str
    scale: tuple[tuple[str, int], ...] = ()
    sign: Sign = "nonnegative"


@dataclass(frozen=True, slots=True)
class Experiment:
    """A pipeline: task, network, fine-tuning, measurements.

    ``parameters`` maps each parameter to its default or `REQUIRED`.  ``engines``
    lists how its networks can be trained; the first is the default.  ``solver``
    says whether an independent oracle draws where training ends (link B), ``shares``
    whether its cases may share a design.  ``paired`` are the parameters that no random
    number depends on, neither of data nor of starts: settings that differ in them alone make a pair.
    """

    name: str
    pipeline: str
    parameters: Mapping[str, Value]
    measurements: tuple[str, ...]
    engines: tuple[str, ...]
    solver: bool = True
    shares: bool = True
    paired: tuple[str, ...] = ()


T = TypeVar("T", Parameter, Measurement, Experiment)


def by_name(*items: T) -> Mapping[str, T]:
    found = {item.name: item for item in items}
    if len(found) < len(items):
        names = [item.name for item in items]
        raise ValueError(f"named twice: {', '.join(sorted({name for name in names if names.count(name) > 1}))}")
    return MappingProxyType(found)
