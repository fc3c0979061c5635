"""A phase diagram as a picture (SVG and PNG) with the numbers it shows beside it (JSON and CSV)."""

from __future__ import annotations

import csv
import io
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import Normalize, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from ftproofs import __version__
from ftproofs.names import PARAMETERS
from ftproofs.report.files import dumps
from ftproofs.report.phase_curves import curves_document, curves_figure
from ftproofs.report.phase_regions import regions_document, regions_figure
from ftproofs.run.phase import FINE, Comparison, Diagram
from ftproofs.run.phase_cells import LEVEL, Cell
from ftproofs.run.phase_plan import Axis
from ftproofs.symbolic.latex import statement_tex

FORMAT = 1

#: Colour-blind safe: orange to purple through white where a sign matters, else from dark blue to yellow.
SIGNED = "PuOr"
PLAIN = "cividis"

#: Cells that disagree with the theory, and those without a number.
HATCH = "////"
EMPTY = "0.85"

#: Contours of a prediction that is never 0.
CONTOURS = 6

PIXELS_PER_INCH = 200

#: Names in file names.
SUFFIXES = ("svg", "png", "json", "csv")

COLUMNS = ("x", "y", "predicted", "mean", "low", "high", "sign", "outcome", "trained", "failed")


def file_names(claim: str) -> list[str]:
    """What `files` writes for a claim."""
    return [f"{claim}.{suffix}" for suffix in SUFFIXES]


def files(diagram: Diagram, seed_facts: dict[str, Any]) -> dict[str, str | bytes]:
    """The picture twice and its numbers twice, by name; the same diagram gives the same bytes."""
    name = diagram.plan.claim.id
    svg, png = draw(diagram)
    return {
        f"{name}.svg": svg,
        f"{name}.png": png,
        f"{name}.json": dumps(document(diagram, seed_facts)),
        f"{name}.csv": table(diagram),
    }


# -- numbers -------------------------------------------------------------------


def document(diagram: Diagram, run: dict[str, Any]) -> dict[str, Any]:
    """Everything the picture shows; schema phase.json."""
    plan = diagram.plan
    return {
        "format": FORMAT,
        "ftproofs": __version__,
        "run": run
        | {
            "seed": plan.seed,
            "engine": plan.engine,
            "trained": plan.trained,
            "seconds": round(diagram.seconds, 3),
            "processor_seconds": round(diagram.processor_seconds, 3),
            "complete": diagram.complete,
        },
        "claim": plan.claim.id,
        "title": plan.claim.title,
        "experiment": plan.claim.experiment,
        "statement": str(diagram.judged),
        "latex": statement_tex(diagram.judged),
        "shown": shown(diagram),
        "x": _axis(plan.x),
        "y": _axis(plan.y),
        "fixed": plan.fixed,
        "level": LEVEL,
        "cells": [_cell(diagram, place, cell) for place, cell in sorted(diagram.cells.items())],
        "boundary": [[list(point) for point in line.tolist()] for line in diagram.boundary],
        "oracle": _comparison(diagram.oracle),
        "agreement": _comparison(diagram.agreement),
        "counts": counts(diagram),
        "signs": signs(diagram),
        "curves": curves_document(diagram) if plan.curves else [],
        "regions": None if diagram.second is None else regions_document(diagram, diagram.second),
    }


def counts(diagram: Diagram) -> dict[str, int]:
    """How many cells agree, disagree, are open or have no number."""
    outcomes = [cell.outcome for cell in diagram.cells.values()]
    return {name: outcomes.count(name) for name in ("agrees", "disagrees", "open", "untrained")}


def signs(diagram: Diagram) -> dict[str, int]:
    """In how many cells the networks surely have the sign predicted, the opposite one, or neither."""
    products = [float(cell.sign * np.sign(cell.predicted)) for cell in diagram.cells.values()]
    predicted, opposite = products.count(1.0), products.count(-1.0)
    return {"predicted": predicted, "opposite": opposite, "unsure": len(products) - predicted - opposite}


def shown(diagram: Diagram) -> str:
    """The quantity whose mean colours the cells."""
    sign = diagram.plan.sign
    return str(sign.measured if sign is not None else diagram.judged.lhs)


def table(diagram: Diagram) -> str:
    """One line a cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    plan = diagram.plan
    writer.writerow([plan.x.name, plan.y.name, *COLUMNS[2:], *plan.fixed])
    for place, cell in sorted(diagram.cells.items()):
        facts = _cell(diagram, place, cell)
        writer.writerow([facts[name] for name in COLUMNS] + [cell.parameters.get(name, "") for name in plan.fixed])
    return text.getvalue()


def _cell(diagram: Diagram, place: tuple[int, int], cell: Cell) -> dict[str, Any]:
    plan = diagram.plan
    return {
        "x": float(plan.x.values[place[0]]),
        "y": float(plan.y.values[place[1]]),
        "setting": dict(cell.parameters),
        "predicted": cell.predicted,
        "mean": cell.mean,
        "low": cell.low,
        "high": cell.high,
        "sign": cell.sign,
        "outcome": cell.outcome,
        "trained": cell.trained,
        "failed": cell.failed,
    }


def _axis(axis: Axis) -> dict[str, Any]:
    return {
        "name": axis.name,
        "latex": PARAMETERS[axis.name].latex,
        "low": axis.low,
        "high": axis.high,
        "log": axis.log,
        "values": axis.values.tolist(),
    }


def _comparison(found: Comparison | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "first": found.first,
        "second": found.second,
        "d": found.d,
        "networks": found.networks,
        "worst": found.worst,
        "bound": found.bound,
        "measurements": list(found.measurements),
    }


# -- picture -------------------------------------------------------------------


def draw(diagram: Diagram) -> tuple[bytes, bytes]:
    """The picture as SVG and as PNG: what is predicted, and what the trained networks do.

    Left the formula (of a sign claim the sign alone), right the mean over each cell's
    networks in the same colours, with the predicted boundary in both.  A plus or a minus
    marks a sign that the cell's networks establish; hatched cells contradict the claim.
    Regions and curves have pictures of their own.
    """
    if diagram.second is not None:
        figure = regions_figure(diagram, diagram.second)
        return _svg(figure), _png(figure)
    if diagram.plan.curves:
        figure = curves_figure(diagram, shown(diagram))
        return _svg(figure), _png(figure)
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    colours, norm = _colours(diagram)
    predicted = _predicted(diagram, left, colours, norm)
    measured = _grid(diagram, [("mean", cell) for cell in diagram.cells.values()])
    mesh = _mesh(right, diagram, measured, colours, norm)
    _marks(diagram, right)
    for axes, title in ((left, "predicted"), (right, _networks(diagram))):
        _boundary(diagram, axes)
        _decorate(diagram, axes, title)
    if diagram.plan.sign is None or diagram.plan.trained:
        # A sign alone has no scale: then the colours are those of what was measured.
        bar = figure.colorbar(mesh if diagram.plan.trained else predicted, ax=[left, right], shrink=0.9)
        bar.set_label(shown(diagram).replace("_", " "))
    _legend(diagram, figure)
    figure.suptitle(diagram.plan.claim.title, fontsize=11)
    return _svg(figure), _png(figure)


def _predicted(diagram: Diagram, axes: Axes, colours: str, norm: Normalize) -> Any:
    plan = diagram.plan
    if diagram.prediction is None:
        values = _grid(diagram, [("predicted", cell) for cell in diagram.cells.values()])
        return _mesh(axes, diagram, values, colours, norm)
    values = diagram.prediction
    if plan.sign is not None:
        size = norm.vmax if norm.vmax is not None else 1.0
        values = np.sign(values) * size / 2
    return axes.pcolormesh(
        plan.x.fine(FINE), plan.y.fine(FINE), np.ma.masked_invalid(values), cmap=colours, norm=norm, rasterized=True
    )


def _grid(diagram: Diagram, values: list[tuple[str, Cell]]) -> np.ndarray:
    plan = diagram.plan
    found = np.full((plan.y.count, plan.x.count), np.nan)
    for (i, j), (name, cell) in zip(diagram.cells, values, strict=True):
        found[j, i] = getattr(cell, name)
    return found


def _mesh(axes: Axes, diagram: Diagram, values: np.ndarray, colours: str, norm: Normalize) -> Any:
    plan = diagram.plan
    axes.set_facecolor(EMPTY)
    return axes.pcolormesh(
        plan.x.edges, plan.y.edges, np.ma.masked_invalid(values), cmap=colours, norm=norm, edgecolors="face"
    )


def _colours(diagram: Diagram) -> tuple[str, Normalize]:
    """The colours and their scale: symmetric about 0 where both signs occur."""
    parts = [np.array([[cell.mean, cell.predicted] for cell in diagram.cells.values()]).ravel()]
    if diagram.plan.sign is not None:
        parts = [np.array([cell.mean for cell in diagram.cells.values()])]
    elif diagram.prediction is not None:
        parts.append(diagram.prediction.ravel())
    every = np.concatenate(parts)
    every = every[np.isfinite(every)]
    low, high = (float(every.min()), float(every.max())) if len(every) else (-1.0, 1.0)
    if diagram.plan.sign is not None or low < 0 < high:
        size = max(abs(low), abs(high)) or 1.0
        return SIGNED, TwoSlopeNorm(0.0, -size, size)
    return PLAIN, Normalize(low, high if high > low else low + 1.0)


def _signed(diagram: Diagram) -> bool:
    return _colours(diagram)[0] == SIGNED


def _boundary(diagram: Diagram, axes: Axes) -> None:
    plan = diagram.plan
    for line in diagram.boundary:
        axes.plot(line[:, 0], line[:, 1], color="white", linewidth=3.2, solid_capstyle="butt")
        axes.plot(line[:, 0], line[:, 1], color="black", linewidth=1.6, solid_capstyle="butt")
    if not diagram.boundary and plan.sign is None and diagram.prediction is not None:
        low, high = np.nanmin(diagram.prediction), np.nanmax(diagram.prediction)
        if high > low:
            found = axes.contour(
                plan.x.fine(FINE),
                plan.y.fine(FINE),
                np.ma.masked_invalid(diagram.prediction),
                levels=CONTOURS,
                colors="black",
                linewidths=0.8,
            )
            axes.clabel(found, fontsize=7)


def _marks(diagram: Diagram, axes: Axes) -> None:
    """Hatching where the cell contradicts the claim, a plus or a minus where its sign is sure."""
    plan = diagram.plan
    across, up = plan.x.edges, plan.y.edges
    for (i, j), cell in diagram.cells.items():
        if cell.outcome == "disagrees":
            corner, width, height = (across[i], up[j]), across[i + 1] - across[i], up[j + 1] - up[j]
            axes.add_patch(Rectangle(corner, width, height, fill=False, hatch=HATCH, edgecolor="black", linewidth=0))
    if not _signed(diagram):
        return
    size = max(3.0, 120.0 / max(plan.x.count, plan.y.count))
    for sign, marker in ((1, "+"), (-1, "_")):
        places = [place for place, cell in diagram.cells.items() if cell.sign == sign]
        if places:
            i, j = np.array(places).T
            axes.scatter(
                plan.x.values[i],
                plan.y.values[j],
                s=size**2 / 4,
                marker=marker,
                color="black",
                linewidths=0.7,
                zorder=4,
            )


def _decorate(diagram: Diagram, axes: Axes, title: str) -> None:
    plan = diagram.plan
    axes.set_title(title, fontsize=10)
    for axis, scale, label in (
        (plan.x, axes.set_xscale, axes.set_xlabel),
        (plan.y, axes.set_yscale, axes.set_ylabel),
    ):
        if axis.log:
            scale("log")
        label(f"${PARAMETERS[axis.name].latex}$  ({axis.name})")
    axes.set_xlim(plan.x.low, plan.x.high)
    axes.set_ylim(plan.y.low, plan.y.high)


def _networks(diagram: Diagram) -> str:
    plan = diagram.plan
    if not plan.trained:
        return "nothing trained"
    one = next(iter(plan.cells.values()))
    where = f", d = {one['d']}" if "d" in one and plan.x.name != "d" and plan.y.name != "d" else ""
    noun = "network" if plan.trained == 1 else "networks"
    tail = "" if diagram.complete else " (interrupted)"
    return f"mean of {plan.trained} trained {noun} a cell{where}{tail}"


def _legend(diagram: Diagram, figure: Figure) -> None:
    entries: list[Any] = []
    if diagram.boundary:
        entries.append(Line2D([], [], color="black", label="predicted boundary"))
    if diagram.plan.trained and _signed(diagram):
        entries.append(Line2D([], [], color="black", marker="+", linestyle="", label="surely positive"))
        entries.append(Line2D([], [], color="black", marker="_", linestyle="", label="surely negative"))
    if diagram.plan.trained:
        entries.append(Patch(fill=False, hatch=HATCH, label="networks contradict the claim"))
    if entries:
        figure.legend(handles=entries, loc="outside lower center", ncols=len(entries), frameon=False, fontsize=9)


def _svg(figure: Figure) -> bytes:
    target = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "ftproofs", "svg.fonttype": "path"}):
        FigureCanvasSVG(figure).print_svg(target, metadata={"Date": None})
    return target.getvalue()


def _png(figure: Figure) -> bytes:
    target = io.BytesIO()
    figure.set_dpi(PIXELS_PER_INCH)
    FigureCanvasAgg(figure).print_png(target)
    return target.getvalue()
