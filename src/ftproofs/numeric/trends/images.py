"""Images that trends are looked for on: the digits that come with scikit-learn, or what a user loaded."""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np

from ftproofs.errors import UsageError

Images = tuple[np.ndarray, np.ndarray]

#: Fewer images than this leave none for tests.
FEWEST = 1628

_LOADED: dict[int, Images] = {}


@cache
def digits() -> Images:
    """The digits, X (1797, 64), float64, centred and of mean squared norm one, and their classes (1797,)."""
    from sklearn.datasets import load_digits

    X, classes = load_digits(return_X_y=True)
    X = X - X.mean(axis=0)
    return X / np.sqrt((X**2).sum(axis=1).mean()), classes


def register(X: np.ndarray, classes: np.ndarray) -> int:
    """Make images (image, pixel), float64, with classes (image,) from 0, known by the number that is returned.

    The number is made of the content, so that a setting that has it speaks of these images and no others.

    Raises:
        UsageError: FT314 too few images, or an odd number of classes.
    """
    count = int(classes.max()) + 1 if len(classes) else 0
    if len(X) < FEWEST or count < 2 or count % 2:
        raise UsageError(
            "FT314", f"trends need {FEWEST} images and an even number of classes, got {len(X)} and {count}"
        )
    digest = hashlib.sha256(np.ascontiguousarray(X).tobytes() + np.ascontiguousarray(classes).tobytes()).digest()
    key = int.from_bytes(digest[:6], "big") + 1
    _LOADED[key] = X, classes
    return key


def registered(key: int) -> Images:
    """The images of that number.

    Raises:
        UsageError: FT314 they were not loaded.
    """
    if key not in _LOADED:
        raise UsageError("FT314", f"the images numbered {key} are not loaded: `ftproofs trends --data PATH` loads them")
    return _LOADED[key]
