"""A phase diagram of regions: which side of two levels the two statements of a claim put every point on."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from ftproofs.names import PARAMETERS
from ftproofs.run.phase import FINE, Diagram
from ftproofs.run.phase_cells import Cell

#: One a region, colour-blind safe and told apart in grey.
COLOURS = ("#E69F00", "#0072B2", "#BFBFBF", "#009E73")
HATCH = "////"
_BORDERS: tuple[Literal["solid", "dashed"], ...] = ("solid", "dashed")


def regions_figure(diagram: Diagram, second: Diagram) -> Figure:
    """Left the predicted regions, right those of what the trained networks measured, borders in both.

    Cells whose networks contradict either statement are hatched.
    """
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    plan = diagram.plan
    regions = plan.regions
    assert regions is not None
    fine = plan.x.fine(FINE), plan.y.fine(FINE)
    assert diagram.prediction is not None
    assert second.prediction is not None
    predictions = [diagram.prediction, second.prediction]
    colours = ListedColormap(COLOURS)
    _fill(left, *fine, _number(diagram, predictions[0], predictions[1]), colours)
    means = []
    for part in (diagram, second):
        mean = np.full((plan.y.count, plan.x.count), np.nan)
        for (i, j), cell in part.cells.items():
            mean[j, i] = cell.mean
        means.append(mean)
    right.set_facecolor("0.95")
    _fill(right, plan.x.edges, plan.y.edges, _number(diagram, *means), colours)
    for place, cell in diagram.cells.items():
        if "disagrees" in (cell.outcome, second.cells[place].outcome):
            _hatched(right, diagram, place)
    for axes, title in ((left, "predicted"), (right, f"{plan.trained} trained a cell")):
        for values, level, style in zip(predictions, regions.levels, _BORDERS, strict=True):
            axes.contour(*fine, np.ma.masked_invalid(values), levels=[level], colors="black", linestyles=style)
        axes.set_title(title, fontsize=10)
        for axis, scale, label in (
            (plan.x, axes.set_xscale, axes.set_xlabel),
            (plan.y, axes.set_yscale, axes.set_ylabel),
        ):
            if axis.log:
                scale("log")
            label(f"${PARAMETERS[axis.name].latex}$  ({axis.name})")
    borders = [
        Line2D([], [], color="black", linestyle=style, label=f"{part.judged.lhs} = {level:g}")
        for part, level, style in zip((diagram, second), regions.levels, _BORDERS, strict=True)
    ]
    patches = [Patch(color=colour, label=name) for colour, name in zip(COLOURS, regions.names.values(), strict=True)]
    figure.legend(handles=[*patches, *borders], loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    figure.suptitle(plan.claim.title, fontsize=11)
    return figure


def regions_document(diagram: Diagram, second: Diagram) -> dict[str, Any]:
    """Every cell's region, as predicted and as measured, and how often the two are the same."""
    plan = diagram.plan
    regions = plan.regions
    assert regions is not None
    cells = []
    for place, cell in sorted(diagram.cells.items()):
        other = second.cells[place]
        cells.append(
            {
                "x": float(plan.x.values[place[0]]),
                "y": float(plan.y.values[place[1]]),
                "predicted": _name(diagram, cell.predicted, other.predicted),
                "measured": _name(diagram, cell.mean, other.mean),
                "values": [_facts(cell), _facts(other)],
            }
        )
    return {
        "statements": [str(diagram.judged), str(second.judged)],
        "levels": list(regions.levels),
        "cells": cells,
        "alike": sum(cell["predicted"] == cell["measured"] for cell in cells),
    }


def _facts(cell: Cell) -> dict[str, Any]:
    return {"predicted": cell.predicted, "mean": cell.mean, "outcome": cell.outcome}


def _name(diagram: Diagram, first: float, second: float) -> str | None:
    regions = diagram.plan.regions
    assert regions is not None
    if not np.isfinite([first, second]).all():
        return None
    return regions.names[first >= regions.levels[0], second >= regions.levels[1]]


def _number(diagram: Diagram, first: np.ndarray, second: np.ndarray) -> np.ma.MaskedArray[Any, Any]:
    """The region's place in the list of names, masked where there is no value."""
    regions = diagram.plan.regions
    assert regions is not None
    sides = first >= regions.levels[0], second >= regions.levels[1]
    found = np.zeros(first.shape)
    for number, (a, b) in enumerate(regions.names):
        found[(sides[0] == a) & (sides[1] == b)] = number
    return np.ma.masked_array(found, ~np.isfinite(first) | ~np.isfinite(second))


def _fill(axes: Axes, x: np.ndarray, y: np.ndarray, number: Any, colours: ListedColormap) -> None:
    axes.pcolormesh(x, y, number, cmap=colours, vmin=-0.5, vmax=len(COLOURS) - 0.5, rasterized=True)


def _hatched(axes: Axes, diagram: Diagram, place: tuple[int, int]) -> None:
    x, y = diagram.plan.x.edges, diagram.plan.y.edges
    i, j = place
    corner, width, height = (x[i], y[j]), x[i + 1] - x[i], y[j + 1] - y[j]
    axes.add_patch(Rectangle(corner, width, height, fill=False, hatch=HATCH, edgecolor="black", linewidth=0))
