"""How loops are compiled, and where what was compiled is kept.

Nothing is allowed to change the order of a sum (``fastmath`` is off), so that a loop rounds as it is written.  Numba
knows when the file of a kept function has changed, but not one that the function calls: hence a folder for each
content of this package.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TypeVar

import numba
from numba.core import config

F = TypeVar("F", bound=Callable[..., object])

#: Division by zero gives an infinity or NaN, as in NumPy.
_RULES = {"fastmath": False, "error_model": "numpy", "boundscheck": False}


@cache
def folder() -> Path | None:
    """Where compiled loops are kept: under the user's cache folder; None where nothing can be written."""
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(f"{path.name}\0".encode() + path.read_bytes())
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = home / "ftproofs" / "loops" / digest.hexdigest()[:16]
    with suppress(OSError):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.access(place, os.W_OK | os.X_OK):
            return place
    return None


#: References to arrays are not counted where nothing is allocated: short functions spent most of their time so.
_PART = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}


def part(function: F) -> F:
    """A function that compiled loops call; it allocates and returns no arrays."""
    return numba.njit(**_PART, **_RULES)(function)


def leaf(function: F) -> F:
    """The same, written out wherever it is called: quicker for what is short, longer to compile."""
    return numba.njit(forceinline=True, **_PART, **_RULES)(function)


def allocating(function: F) -> F:
    """A function that compiled loops call and that has arrays of its own."""
    return numba.njit(**{**_PART, "_nrt": True}, **_RULES)(function)


def loop(function: F) -> F:
    """A compiled function that Python calls, kept on disk."""
    place, before = folder(), config.CACHE_DIR
    config.CACHE_DIR = before if place is None else str(place)
    try:
        return numba.njit(cache=place is not None, **_RULES)(function)
    finally:
        config.CACHE_DIR = before
