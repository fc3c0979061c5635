"""A phase diagram as curves: the prediction for each value of y, trained networks as points with their intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ftproofs.names import PARAMETERS
from ftproofs.run.phase import FINE, Diagram

#: Colour-blind safe (Okabe and Ito), dark enough for lines.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "os^Dv<>"


def curves_figure(diagram: Diagram, shown: str) -> Figure:
    """One curve a value of y, and the mean of every cell's networks with the interval that all cells share.

    A cross marks the cells that contradict the claim.
    """
    plan = diagram.plan
    figure = Figure(figsize=(7.5, 5), layout="constrained")
    axes = figure.subplots()
    for j, value in enumerate(plan.y.values):
        colour, marker = COLOURS[j % len(COLOURS)], MARKERS[j % len(MARKERS)]
        label = f"${PARAMETERS[plan.y.name].latex} = {value:.3g}$"
        if diagram.prediction is not None:
            axes.plot(plan.x.fine(FINE), diagram.prediction[j], color=colour, label=label)
        cells = [(plan.x.values[i], cell) for (i, row), cell in sorted(diagram.cells.items()) if row == j]
        points = [(x, cell.mean, cell.low, cell.high) for x, cell in cells if cell.trained > 1]
        if points:
            x, mean, low, high = np.array(points).T
            axes.errorbar(x, mean, [mean - low, high - mean], fmt=marker, color=colour, capsize=3, markersize=5)
        wrong = [(x, cell.mean) for x, cell in cells if cell.outcome == "disagrees"]
        if wrong:
            axes.plot(*np.array(wrong).T, "x", color="black", markersize=12)
    if plan.x.log:
        axes.set_xscale("log")
    axes.set_xlabel(f"${PARAMETERS[plan.x.name].latex}$  ({plan.x.name})")
    axes.set_ylabel(shown.replace("_", " "))
    axes.legend(title=plan.y.name, frameon=False)
    one = next(iter(plan.cells.values()))
    axes.set_title(f"curves: predicted; points: mean of {plan.trained} trained networks, d = {one['d']}", fontsize=9)
    figure.suptitle(plan.claim.title, fontsize=11)
    return figure


def curves_document(diagram: Diagram) -> list[dict[str, Any]]:
    """The points of every curve."""
    plan = diagram.plan
    if diagram.prediction is None:
        return []
    x = plan.x.fine(FINE).tolist()
    return [
        {"y": float(value), "x": x, "predicted": diagram.prediction[j].tolist()}
        for j, value in enumerate(plan.y.values)
    ]
