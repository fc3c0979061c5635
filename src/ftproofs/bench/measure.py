"""Taking times: the sides by turns, in processor seconds of one thread.

On a shared machine the wall clock measures the neighbours; processor time of this process does not.  On a GPU
the wall clock is read after everything has ended there.
"""

from __future__ import annotations

import math
import os
import resource
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

Work = Callable[[], object]

#: A turn shorter than this is repeated within the turn, in seconds.
SHORTEST = 0.03


@dataclass(frozen=True)
class Plan:
    """How to measure: where, how many turns, and whether only a glance is wanted."""

    device: str = "cpu"
    turns: int = 5
    quick: bool = False


def once(work: Work, device: str = "cpu") -> float:
    """The seconds that one call takes."""
    if device == "cpu":
        begin = time.process_time()
        work()
        return time.process_time() - begin
    torch.cuda.synchronize(device)
    begin = time.perf_counter()
    work()
    torch.cuda.synchronize(device)
    return time.perf_counter() - begin


def by_turns(
    works: Mapping[str, Work], plan: Plan, *, warm: bool = True, turns: int | None = None
) -> dict[str, tuple[float, ...]]:
    """Seconds of each work, turn by turn; who begins changes with the turn.

    Args:
        warm: whether each work is done once before, uncounted; else it is done once a turn.
    """
    count = dict.fromkeys(works, 1)
    if warm:
        for name, work in works.items():
            once(work, plan.device)
            count[name] = max(1, math.ceil(SHORTEST / max(once(work, plan.device), 1e-7)))
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(turns or plan.turns):
        order = list(works) if turn % 2 == 0 else list(works)[::-1]
        for name in order:
            seconds[name].append(once(_repeated(works[name], count[name]), plan.device) / count[name])
    return {name: tuple(values) for name, values in seconds.items()}


def _repeated(work: Work, count: int) -> Work:
    def several() -> None:
        for _ in range(count):
            work()

    return several


def program(command: Sequence[str]) -> Work:
    """A program run to its end, for `programs`.

    Raises:
        CalledProcessError: it failed.
    """
    return lambda: subprocess.run(command, check=True, capture_output=True)


def programs(works: Mapping[str, Work], turns: int) -> dict[str, tuple[float, ...]]:
    """As `by_turns`, the processor seconds of programs that the works run."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for turn in range(turns):
        for name in list(works) if turn % 2 == 0 else list(works)[::-1]:
            before = _children()
            works[name]()
            seconds[name].append(_children() - before)
    return {name: tuple(values) for name, values in seconds.items()}


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def one_thread() -> None:
    """One thread for this process and for the libraries that it has not loaded yet."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    given = os.environ.get("XLA_FLAGS", "")
    if flags not in given:
        os.environ["XLA_FLAGS"] = f"{given} {flags}".strip()
    torch.set_num_threads(1)
