"""A batch that does not fit into memory is measured in halves, with the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ftproofs.claim import Rows
from ftproofs.errors import ResourceError
from ftproofs.settings import Block

#: What PyTorch says when the system gives it no memory; on a GPU the error has a class of its own.
_SAYS = ("allocate memory", "not enough memory", "out of memory")


def within_memory(run: Callable[[Block], Rows], block: Block) -> Rows:
    """The block's rows; of halves of it, and halves of those, where memory does not suffice for all at once.

    Bits do not depend on a case's neighbours, but those of a batch of one are others: a case by
    itself is measured beside a copy.

    Raises:
        ResourceError: FT212 there is no memory for two cases of a larger block, or for one by itself.
    """
    try:
        return run(block)
    except (MemoryError, RuntimeError) as error:
        if not lacks_memory(error):
            raise
        if len(block) <= 2:
            raise ResourceError("FT212", f"no memory for a batch of {len(block)} of {block.experiment}") from None
    half = len(block) // 2
    parts = [within_memory(run, _part(block, start, stop)) for start, stop in ((0, half), (half, len(block)))]
    return _joined(block, [_cut(parts[0], half), _cut(parts[1], len(block) - half)])


def lacks_memory(error: Exception) -> bool:
    """Whether an error says that there is no memory."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in _SAYS)


def _part(block: Block, start: int, stop: int) -> Block:
    settings = block.settings[start:stop]
    return Block(Block(settings, block.engine).padded(), block.engine, block.method)


def _cut(rows: Rows, count: int) -> Rows:
    """The first so many rows."""

    def first(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: array[:count] for name, array in arrays.items()}

    block = Block(rows.block.settings[:count], rows.block.engine, rows.block.method)
    values, bounds, info = first(rows.values), first(rows.bounds), first(rows.info)
    return Rows(block, values, bounds, rows.status[:count], rows.flags, info, rows.device, rows.seconds)


def _joined(block: Block, parts: list[Rows]) -> Rows:
    first, second = parts

    def both(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: np.concatenate([array, other[name]]) for name, array in one.items()}

    return Rows(
        block,
        both(first.values, second.values),
        both(first.bounds, second.bounds),
        first.status + second.status,
        tuple(dict.fromkeys(first.flags + second.flags)),
        both(first.info, second.info),
        first.device,
        first.seconds + second.seconds,
    )
