"""Points of an experiment and the blocks in which they are measured: the unit of work and of storage."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from ftproofs.names import Value


@dataclass(frozen=True, slots=True)
class Setting:
    """One point: a value for every parameter of an experiment, and a seed.

    The seed of its data is derived from (experiment, code hash, values, root,
    stage, index), never from a claim.
    """

    experiment: str
    values: tuple[tuple[str, Value], ...]
    root: int = 0
    stage: str = "explore"
    index: int = 0

    @classmethod
    def of(
        cls, experiment: str, values: Mapping[str, Value], *, root: int = 0, stage: str = "explore", index: int = 0
    ) -> Setting:
        """A setting with its values in a canonical order."""
        return cls(experiment, tuple(sorted(values.items())), root, stage, index)

    @property
    def parameters(self) -> dict[str, Value]:
        """The values by name."""
        return dict(self.values)

    def canonical(self) -> str:
        """Canonical JSON: equal settings give equal text, on every machine."""
        content = [self.experiment, dict(self.values), self.root, self.stage, self.index]
        return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


class Draws(Sequence[Setting]):
    """Draws of one setting, of consecutive indices from that of ``first`` on; each is made when it is asked for."""

    __slots__ = ("_count", "first")

    def __init__(self, first: Setting, count: int) -> None:
        self.first = first
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, item: int) -> Setting: ...
    @overload
    def __getitem__(self, item: slice) -> Sequence[Setting]: ...
    def __getitem__(self, item: int | slice) -> Setting | Sequence[Setting]:
        picked = range(self._count)[item]
        if isinstance(picked, int):
            return self._at(picked)
        if picked.step == 1:
            return Draws(self._at(picked.start), len(picked))
        return tuple(self._at(i) for i in picked)

    def _at(self, place: int) -> Setting:
        first = self.first
        return Setting(first.experiment, first.values, first.root, first.stage, first.index + place)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Draws):
            return (self.first, self._count) == (other.first, other._count)
        return tuple(self) == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Draws({self.first!r}, {self._count})"


def parameters_of(settings: Sequence[Setting]) -> list[dict[str, Value]]:
    """The settings' values by name; settings that share their values share a dictionary, which nobody may change."""
    if isinstance(settings, Draws):
        return [settings.first.parameters] * len(settings)
    known: dict[int, dict[str, Value]] = {}
    for setting in settings:
        if id(setting.values) not in known:
            known[id(setting.values)] = setting.parameters
    return [known[id(setting.values)] for setting in settings]


@dataclass(frozen=True, slots=True)
class Block:
    """Settings of one shape trained (or solved) together: the unit of work and of storage.

    ``engine`` is a training engine of the experiment, ``"solver"`` for draws of the
    independent oracle, or ``"law"`` for those it makes at large sizes (`numeric.law`).
    ``method`` picks between independent implementations (0: the usual one, 1: the
    one that confirms).
    """

    settings: Sequence[Setting]
    engine: str
    method: int = 0

    @property
    def experiment(self) -> str:
        """The experiment all its settings belong to."""
        return self.settings[0].experiment

    def __len__(self) -> int:
        return len(self.settings)

    def parameters(self) -> list[dict[str, Value]]:
        """Every case's values by name; draws of one setting share a dictionary, which nobody may change."""
        return parameters_of(self.settings)

    def padded(self) -> Sequence[Setting]:
        """Its settings, one alone beside itself: a batch of one takes other kernels, which round differently."""
        return self.settings if len(self) > 1 else (self.settings[0], self.settings[0])

    @property
    def common(self) -> dict[str, Value] | None:
        """The values that all cases share, where it takes no look at each to know; else None."""
        return self.settings.first.parameters if isinstance(self.settings, Draws) else None

    def canonical(self) -> str:
        """Canonical JSON; runs of consecutive indices at equal values are written once."""
        runs: list[list[Any]] = []
        if isinstance(self.settings, Draws):
            first = self.settings.first
            runs.append([[first.values, first.root, first.stage], first.index, len(self)])
        else:
            for setting in self.settings:
                head = [setting.values, setting.root, setting.stage]
                if runs and runs[-1][0] == head and setting.index == runs[-1][1] + runs[-1][2]:
                    runs[-1][2] += 1
                else:
                    runs.append([head, setting.index, 1])
        cases = [[dict(head[0]), head[1], head[2], first, count] for head, first, count in runs]
        content = [self.experiment, self.engine, self.method, cases]
        return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
