"""Replay: one setting trained again from its id, with the bits its row has."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ftproofs.claim import Rows
from ftproofs.errors import ResourceError, UsageError
from ftproofs.ids import SettingId, decode
from ftproofs.names import Value, source_samples
from ftproofs.numeric import experiments
from ftproofs.numeric.seeds import code_hash
from ftproofs.settings import Block

#: An id is untrusted; one that asks for more than this is not tried.
MAX_BYTES = 4 * 2**30


def replay(id_text: str, *, device: str = "cpu", allow_version: bool = False) -> Rows:
    """Train a setting again from its id alone; the result has one row.

    The setting is padded with copies to the batch size it was trained in, because
    a batch of one takes other kernels and gives other bits.

    Raises:
        UsageError: FT506 a mistyped id; FT505 an id made by other code, unless
            allowed (its data is then drawn by today's code); FT307 no such device.
        ResourceError: FT212 a setting too large to be meant.
    """
    known = decode(id_text)
    check_version(known, allow_version=allow_version)
    if known.dtype != "float64":
        raise UsageError("FT505", f"setting id asks for dtype {known.dtype}; this version trains in float64")
    check_size(known)
    block = Block((known.setting,) * known.batch, known.engine, known.method)
    return first(experiments.run(block, device=device))


def check_version(known: SettingId, *, allow_version: bool) -> None:
    """Refuse an id made by other code (FT505)."""
    if known.code != code_hash() and not allow_version:
        raise UsageError(
            "FT505",
            f"setting id was made by other code (hash {known.code[:12]}, this is {code_hash()[:12]}); "
            "replay refused unless --allow-version",
        )


def check_size(known: SettingId) -> None:
    """Refuse a setting whose arrays would not fit (FT212)."""
    needed = known.batch * 8 * _floats(known.setting.parameters)
    if needed > MAX_BYTES:
        raise ResourceError(
            "FT212", f"setting needs {needed / 2**30:.1f} GiB; limit is {MAX_BYTES / 2**30:.1f} GiB (estimate)"
        )


def first(rows: Rows) -> Rows:
    """The first row of a block's rows."""

    def cut(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: array[:1] for name, array in arrays.items()}

    block = Block(rows.block.settings[:1], rows.block.engine, rows.block.method)
    return Rows(
        block,
        cut(rows.values),
        cut(rows.bounds),
        rows.status[:1],
        rows.flags,
        cut(rows.info),
        rows.device,
        rows.seconds,
    )


def _floats(parameters: Mapping[str, Value]) -> int:
    """About how many numbers one case holds: data of target and source, a factorisation, the layers."""
    d, samples = int(parameters.get("d", 1)), int(parameters.get("n", 0))  # trained on the population: no data
    source = (source_samples(parameters) if "gamma_s" in parameters else None) or 0
    width, depth = int(parameters.get("width", 1)), int(parameters.get("L", 1))
    data = sum(3 * n * d + min(n, d) ** 2 for n in (samples, source))
    return data + d * width + depth * width * width
