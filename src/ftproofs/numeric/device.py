"""Which device the numbers are computed on."""

from __future__ import annotations

from functools import cache

import torch

from ftproofs.errors import UsageError


@cache
def single_threaded() -> None:
    """One torch thread per process: many small batches gain nothing from more, and lose much on shared cores."""
    torch.set_num_threads(1)


def resolve_device(name: str = "auto") -> str:
    """The torch device of that name: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, or what ``"auto"`` finds.

    ``"auto"`` is ``"cuda"`` where there is one and ``"cpu"`` elsewhere; the answer says which was taken.

    Raises:
        UsageError: FT307 an unknown name, or a CUDA device that is not there.
    """
    single_threaded()
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return "cuda" if found else "cpu"
    kind, _, index = name.partition(":")
    if kind == "cpu" and not index:
        return name
    if kind != "cuda" or (":" in name and not index.isdecimal()):
        raise UsageError("FT307", f"unknown device {name!r}; expected auto, cpu, cuda or cuda:INDEX")
    if int(index or 0) >= found:
        raise UsageError("FT307", f"device {name!r} is not there ({found} CUDA devices found); use auto or cpu")
    return name
