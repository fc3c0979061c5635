"""Settings of one block that differ in their number of source samples, which decides the shape of the source data."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import torch
from torch import Tensor

from ftproofs.names import Experiment, Value, source_samples
from ftproofs.numeric.diagonal.readings import Readings
from ftproofs.settings import Block

Measured = tuple[Readings, tuple[str, ...], tuple[str, ...], dict[str, Tensor]]
Measure = Callable[[Experiment, Block, list[dict[str, Value]], str], Measured]


def by_source(measure: Measure) -> Measure:
    """The same measure for any block: cases are trained with those that have as many source samples."""

    @wraps(measure)
    def apart(spec: Experiment, block: Block, parameters: list[dict[str, Value]], device: str) -> Measured:
        groups: dict[int | None, list[int]] = {}
        for i, p in enumerate(parameters):
            groups.setdefault(source_samples(p), []).append(i)
        if len(groups) == 1:
            return measure(spec, block, parameters, device)
        parts = []
        for cases in groups.values():
            part = Block(tuple(block.settings[i] for i in cases), block.engine, block.method)
            parts.append(measure(spec, part, [parameters[i] for i in cases], device))
        order = sorted(range(len(parameters)), key=[i for cases in groups.values() for i in cases].__getitem__)
        readings, _, flags, info = parts[0]

        def join(pick: Callable[[Measured], Tensor]) -> Tensor:
            return torch.cat([pick(part) for part in parts])[order]

        status = [s for part in parts for s in part[1]]
        return (
            {name: (join(lambda p, k=name: p[0][k][0]), join(lambda p, k=name: p[0][k][1])) for name in readings},  # type: ignore[misc]
            tuple(status[i] for i in order),
            flags,
            {name: join(lambda p, k=name: p[3][k]) for name in info},  # type: ignore[misc]
        )

    return apart
