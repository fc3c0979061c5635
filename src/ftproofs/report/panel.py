"""One picture: what it is called, what it says, how it is drawn, in colours that a page or a document chooses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from matplotlib.axes import Axes


class Colours(NamedTuple):
    """What stands out, what does not, and how a setting ended."""

    ink: str
    muted: str
    line: str
    holds: str
    fails: str
    unclear: str
    band: str


#: What became of a setting: told apart by shape as well as by colour.
MARKS = {"holds": "o", "unclear": "s", "fails": "X"}

#: Inches.
PANEL = (2.7, 2.15)
#: A parameter that spans this factor gets a log axis.
DECADES = 30.0


def style(colours: Colours) -> dict[Any, Any]:
    """Matplotlib's settings for a panel."""
    return {
        "font.family": "sans-serif",
        "font.size": 8.5,
        "axes.edgecolor": colours.line,
        "axes.labelcolor": colours.ink,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "text.color": colours.ink,
        "xtick.color": colours.line,
        "ytick.color": colours.line,
        "xtick.labelcolor": colours.muted,
        "ytick.labelcolor": colours.muted,
        "xtick.major.size": 3,
        "ytick.major.size": 3,
        "mathtext.fontset": "dejavusans",
    }


@dataclass(frozen=True, slots=True)
class Chart:
    """A panel: its name, the sentence that says what is in it, and how it is drawn."""

    name: str
    says: str
    draw: Callable[[Axes, Colours], None]


def scatter(axes: Axes, spots: Sequence[tuple[float, float]], outcome: str, colours: Colours) -> None:
    xs, ys = [x for x, _ in spots], [y for _, y in spots]
    axes.scatter(xs, ys, marker=MARKS[outcome], color=getattr(colours, outcome), s=15, alpha=0.85, linewidths=0)
