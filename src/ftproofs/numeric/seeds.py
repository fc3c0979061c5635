"""Seeds belong to settings: every random number follows from a setting and the code that uses it."""

from __future__ import annotations

import hashlib
import json
import struct
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from ftproofs.errors import UsageError
from ftproofs.names import Value
from ftproofs.settings import Setting

#: Modules of the numeric wing that choose settings or judge rows, and so leave the rows themselves alone.
WITHOUT_ROWS = frozenset({"axes.py", "sampling.py", "statistics.py"})

Stream = Literal["data", "start", "order", "mode", "features", "design", "source", "scratch", "test", "law"]
_STREAMS: dict[Stream, tuple[int, ...]] = {
    "data": (),
    "start": (1,),
    "order": (2,),
    "mode": (3,),
    "features": (4,),
    "design": (5,),
    "source": (6,),
    "scratch": (7,),
    "test": (8,),
    "law": (9,),
}

#: At most so many cases may share a design.
MOST_SHARED = 64

#: Experiments of this family share their random numbers at equal parameters: paired on the same data.
PAIRED = "transfer"


def sharing(stage: str) -> int:
    """How many cases of consecutive indices share their design: 16 in a stage named ``confirm/16``, else 1.

    Raises:
        UsageError: FT305 a number that is none, or not within 2..64.
    """
    _, slash, count = stage.partition("/")
    if not slash:
        return 1
    if not count.isdecimal() or not 2 <= int(count) <= MOST_SHARED:
        raise UsageError(
            "FT305", f"stage {stage!r} must end in /2../{MOST_SHARED} to say how many cases share a design"
        )
    return int(count)


def of_design(setting: Setting) -> Setting:
    """The setting that stands for all which share its design; its index counts designs."""
    index = setting.index // sharing(setting.stage)
    return Setting(setting.experiment, setting.values, setting.root, setting.stage, index)


@cache
def code_hash() -> str:
    """SHA-256 (hex) of the sources that decide what a row contains: this wing and the names."""
    here = Path(__file__).resolve().parent
    sources = [p for p in here.rglob("*.py") if p.name not in WITHOUT_ROWS]
    digest = hashlib.sha256()
    sources += (here.parent / "names").glob("*.py")
    for path in sorted(sources, key=lambda p: p.relative_to(here.parent).as_posix()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(here.parent).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


@lru_cache(maxsize=4096)
def _prefix(experiment: str, values: tuple[tuple[str, Value], ...], stage: str) -> hashlib._Hash:
    family = experiment.partition(".")[0]
    content = [family if family == PAIRED else experiment, code_hash(), dict(values), stage]
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode())


def generator(setting: Setting, stream: Stream = "data") -> np.random.Generator:
    """A generator of the setting's own.

    Its seed is ``SeedSequence(root, spawn_key)``, the key being the first 128 bits of
    the SHA-256 of (experiment, code hash, parameters, stage, index).  The engine is no
    part of it: every engine sees the same data, and so do the transfer experiments.
    Streams are independent: ``data``, ``start`` (random weights), ``order`` (of single samples),
    ``mode``, ``features`` (frozen layers), ``design`` (of all cases that share one: `sharing`),
    ``source`` (source data), ``scratch`` (random weights of the network that is trained
    from scratch), ``test`` (fresh inputs) and ``law`` (numbers drawn in place of a design: `numeric.law`).
    """
    digest = _prefix(setting.experiment, setting.values, setting.stage).copy()
    digest.update(f"|{setting.index}".encode())
    key = struct.unpack("<4I", digest.digest()[:16])
    seed = np.random.SeedSequence(setting.root, spawn_key=key + _STREAMS[stream])
    return np.random.Generator(np.random.Philox(seed))
