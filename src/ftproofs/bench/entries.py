"""The benchmarks by name: what is compared with what, and how much is asked; plain data, for the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ftproofs.errors import unknown


@dataclass(frozen=True)
class Entry:
    """One benchmark.

    ``target`` is the least ratio of the peer's seconds to ours, ``error`` the error (in ``unit``) that both sides
    have to reach; None where nothing is asked.
    """

    name: str
    title: str
    target: float | None
    error: float | None
    unit: str = "of the limit's norm, the worst network"


ENTRIES = {
    entry.name: entry
    for entry in (
        Entry("phase.flow", "a row of a phase diagram, gradient flow integrated", 5000.0, 1e-8),
        Entry("phase.limit", "a row of a phase diagram, its limit solved for", 50000.0, 1e-8),
        Entry("dln.default", "one diagonal network, d = 5, n = 3", 2000.0, 1e-8),
        Entry("dln.flow.batch", "1024 diagonal networks, d = 20, n = 10, to their limits", 5.0, 1e-8),
        Entry("dln.flow.one", "one diagonal network, d = 20, n = 10, to its limit", 1.0, 1e-8),
        Entry("dln.step", "a descent step of 64 diagonal networks, d = 100, n = 50", 50.0, None),
        Entry("dual", "the limit of a diagonal network by its dual problem", None, 1e-8),
        Entry("replica", "a fixed point of the replica equations", None, 1e-10, "absolute"),
        Entry("roots", "the depth root of one setting", 200.0, 1e-13, "of the root"),
        Entry("kernel.q", "the penalty q on an array", None, 4.0, "ULP"),
        Entry("cli.help", "ftproofs --help", None, None),
        Entry("cli.list", "ftproofs list", None, None),
    )
}

#: The fits of how costs grow.
SCALING = "scaling"
NAMES = (*ENTRIES, SCALING)


def chosen(words: Sequence[str]) -> tuple[str, ...]:
    """The names meant, in the suite's order: a name, or the beginning of several before a dot; all when none is given.

    Raises:
        UsageError: FT313 a word that means none.
    """
    found = set()
    for word in words:
        meant = [name for name in NAMES if name == word or name.startswith(word + ".")]
        if not meant:
            raise unknown("benchmark", word, NAMES, code="FT313")
        found.update(meant)
    return tuple(name for name in NAMES if name in found) if words else NAMES
