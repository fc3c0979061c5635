"""The report as a picture: ratios beside their targets, and how costs grow."""

from __future__ import annotations

import io

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from ftproofs.bench.outcome import Growth, Outcome
from ftproofs.bench.suite import Report

#: Colour-blind safe.
COLOURS = {"met": "#0072B2", "measured": "0.45", "missed": "#D55E00"}
MARKERS = "osD^vP*Xh"


def svg(report: Report) -> bytes:
    """Left the ratios with their spread, right the costs over their sizes, whichever there are."""
    compared = [outcome for outcome in report.outcomes if outcome.ratio is not None]
    panels = bool(compared) + bool(report.growths)
    height = max(5.6, 2.2 + 0.4 * len(compared))
    figure = Figure(figsize=(7.0 * max(1, panels), height), layout="constrained")
    places = list(figure.subplots(1, panels, squeeze=False)[0]) if panels else []
    if compared:
        _ratios(places.pop(0), compared)
    if report.growths:
        _growths(places.pop(0), report.growths)
    out = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "ftproofs", "svg.fonttype": "none"}):
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None})
    return out.getvalue()


def _ratios(axes: Axes, outcomes: list[Outcome]) -> None:
    for place, outcome in enumerate(outcomes):
        ratio = outcome.ratio
        assert ratio is not None
        colour = COLOURS[outcome.word]
        axes.plot([ratio.low, ratio.high], [place, place], color=colour, linewidth=2)
        axes.plot([ratio.median], [place], "o", color=colour, label=outcome.word)
        if outcome.target is not None:
            axes.plot([outcome.target], [place], "|", color="black", markersize=14, label="target")
    axes.set_xscale("log")
    axes.axvline(1, color="0.8", linewidth=1, zorder=0)
    axes.set_yticks(range(len(outcomes)), [_label(outcome) for outcome in outcomes], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("the peer's time over that of ftproofs (median, smallest and largest)")
    _legend(axes, columns=4)


def _label(outcome: Outcome) -> str:
    peer = "" if outcome.peer is None else outcome.peer.label.split(",")[0]
    return f"{outcome.entry.name}, {outcome.case.split(',')[0]}\nagainst {peer}"


def _growths(axes: Axes, growths: tuple[Growth, ...]) -> None:
    for place, growth in enumerate(growths):
        bound = " at most" if growth.at_most else ""
        said = (
            f"{growth.name}, {growth.cost} in {growth.variable}: {growth.fit.exponent:.2f} "
            f"(expected{bound} {growth.expected:.2f}{'' if growth.word == 'met' else ', missed'})"
        )
        sizes = [size / growth.sizes[0] for size in growth.sizes]
        costs = [cost / growth.costs[0] for cost in growth.costs]
        axes.plot(sizes, costs, marker=MARKERS[place % len(MARKERS)], label=said, linewidth=1)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.set_xlabel("size, relative to the smallest")
    axes.set_ylabel("cost, relative to that of the smallest")
    _legend(axes)


def _legend(axes: Axes, columns: int = 1) -> None:
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    axes.legend(
        list(once.values()), list(once), fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=columns
    )
