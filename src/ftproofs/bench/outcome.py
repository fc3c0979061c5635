"""What one benchmark found."""

from __future__ import annotations

from dataclasses import dataclass

from ftproofs.bench.entries import Entry
from ftproofs.bench.figures import Fit, Spread, ratios, within


@dataclass(frozen=True)
class Side:
    """One side: its seconds for the same work, a number a turn, and the error it reached (None: not measured).

    ``extrapolated`` says from what, where the seconds are not those of the whole work.
    """

    label: str
    seconds: tuple[float, ...]
    error: float | None = None
    extrapolated: str = ""


@dataclass(frozen=True)
class Outcome:
    """A comparison, or why there is none (``missing``).

    ``target`` is the least ratio of the peer's seconds to ours, ``most`` the most seconds, None where none is asked.
    """

    entry: Entry
    case: str
    ours: Side
    peer: Side | None
    target: float | None = None
    note: str = ""
    missing: str = ""
    most: float | None = None

    @property
    def ratio(self) -> Spread | None:
        """The peer's seconds over ours."""
        return None if self.peer is None else ratios(self.peer.seconds, self.ours.seconds)

    def accurate(self, side: Side | None) -> bool | None:
        """Whether a side reached the error asked; None where it was not measured or nothing is asked."""
        if side is None or side.error is None or self.entry.error is None:
            return None
        return side.error <= self.entry.error

    @property
    def word(self) -> str:
        """met, missed, measured (nothing is asked) or not measured: who misses the error asked has met nothing."""
        if self.missing:
            return "not measured"
        if self.accurate(self.ours) is False:
            return "missed"
        if self.most is not None and Spread.of(self.ours.seconds).median > self.most:
            return "missed"
        ratio = self.ratio
        if self.target is None:
            return "measured" if self.entry.error is None and self.most is None else "met"
        assert ratio is not None
        return "met" if ratio.median >= self.target else "missed"


@dataclass(frozen=True)
class Growth:
    """How a cost grows: seconds or counts at sizes, the exponent fitted and the one expected."""

    name: str
    variable: str
    cost: str
    sizes: tuple[float, ...]
    costs: tuple[float, ...]
    fit: Fit
    expected: float
    at_most: bool = False

    @property
    def word(self) -> str:
        """met or missed."""
        return "met" if within(self.fit.exponent, self.expected, at_most=self.at_most) else "missed"
