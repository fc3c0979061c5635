"""CIFAR-100's own files, read without running what is in them.

The files are pickles.  A pickle may name any function and have it called; this reader
knows four names, none of which is looked up: numpy's array and dtype are stand-ins that only
keep what they are given, and what they were given is checked before an array is made of it.
"""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from ftproofs.errors import UsageError

#: An image's numbers, and the side of the square blocks that are averaged.
PIXELS, SIDE, COLOURS, BLOCK = 3072, 32, 3, 4
CLASSES = 20
#: No file of the data set has more bytes.
LARGEST = 256 * 2**20

_KEYS = (b"data", b"coarse_labels")


def load(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Images (image, 192), float64, centred and of mean squared norm one, and their coarse classes (image,), 0..19.

    Blocks of 4 x 4 pixels are averaged: 8 x 8 in three colours are left.

    Args:
        path: the file ``train`` or ``test``, or the folder ``cifar-100-python`` that has ``train``.

    Raises:
        UsageError: FT314 no such file, or one that is not of CIFAR-100's own format.
    """
    file = Path(path)
    file = file / "train" if file.is_dir() else file
    if not file.is_file():
        raise UsageError("FT314", f"no file {file}; expected CIFAR-100's own file `train`, or its folder")
    if file.stat().st_size > LARGEST:
        raise UsageError("FT314", f"{file} has more than {LARGEST} bytes, CIFAR-100's files have fewer")
    found = read(file.read_bytes(), str(file))
    pixels, classes = _images(found[b"data"], str(file)), _labels(found[b"coarse_labels"], str(file))
    if len(pixels) != len(classes):
        raise UsageError("FT314", f"{file} has {len(pixels)} images and {len(classes)} classes")
    count = SIDE // BLOCK
    blocks = pixels.reshape(-1, COLOURS, count, BLOCK, count, BLOCK).astype(np.float64).mean(axis=(3, 5))
    X = blocks.reshape(len(pixels), -1)
    X = X - X.mean(axis=0)
    size = float(np.sqrt((X**2).sum(axis=1).mean()))
    if size == 0:
        raise UsageError("FT314", f"{file}: all images are the same")
    return X / size, classes


def read(content: bytes, name: str) -> dict[bytes, Any]:
    """The dictionary in a file of CIFAR-100, arrays as `Array` stand-ins.

    Raises:
        UsageError: FT314 anything else, a name that those files do not use among it.
    """
    try:
        found = _Reader(io.BytesIO(content), encoding="bytes").load()
    except UsageError:
        raise
    except Exception as error:  # a damaged pickle fails in more ways than can be listed
        raise UsageError("FT314", f"{name} is damaged or no file of CIFAR-100: {type(error).__name__}") from None
    if not isinstance(found, dict) or not all(key in found for key in _KEYS):
        raise UsageError("FT314", f"{name} is no file of CIFAR-100: expected a dictionary with data and coarse_labels")
    return found


class Array:
    """What a pickled array was given."""

    state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Kind:
    """What a pickled dtype was given."""

    def __init__(self, *given: Any) -> None:
        self.given = given

    def __setstate__(self, state: Any) -> None:
        pass


def _array(*_: Any) -> Array:
    return Array()


def _encode(text: Any, encoding: Any) -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", b"latin1"):
        raise UsageError("FT314", "a pickle with text in an encoding that CIFAR-100's files do not use")
    return text.encode("latin1")


_NAMES: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _array,
    ("numpy._core.multiarray", "_reconstruct"): _array,
    ("numpy", "ndarray"): Array,
    ("numpy", "dtype"): _Kind,
    ("_codecs", "encode"): _encode,
}


class _Reader(pickle.Unpickler):
    """An unpickler that finds no name but those of an array."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _NAMES:
            raise UsageError("FT314", f"a pickle that asks for {module}.{name}, which CIFAR-100's files do not")
        return _NAMES[module, name]


def _images(array: Any, name: str) -> np.ndarray:
    """Pixels (image, 3072), uint8."""
    state = array.state if isinstance(array, Array) else None
    if isinstance(state, tuple) and len(state) == 5:
        _, shape, kind, fortran, content = state
        rows = shape[0] if isinstance(shape, tuple) and len(shape) == 2 and shape[1] == PIXELS else None
        plain = isinstance(kind, _Kind) and kind.given[:1] in ((b"u1",), ("u1",)) and not fortran
        if plain and isinstance(rows, int) and isinstance(content, bytes) and len(content) == rows * PIXELS > 0:
            return np.frombuffer(content, dtype=np.uint8).reshape(rows, PIXELS)
    raise UsageError("FT314", f"{name}: data is no array of bytes with {PIXELS} numbers an image")


def _labels(values: Any, name: str) -> np.ndarray:
    if not isinstance(values, list) or not all(type(x) is int and 0 <= x < CLASSES for x in values):
        raise UsageError("FT314", f"{name}: coarse_labels is no list of numbers 0..{CLASSES - 1}")
    return np.array(values, dtype=np.int64)
