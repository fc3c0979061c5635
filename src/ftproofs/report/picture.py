"""A refuted claim's picture as a figure."""

from __future__ import annotations

import io

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from ftproofs.claim import Claim
from ftproofs.names import PARAMETERS
from ftproofs.report.character_map import MARKS
from ftproofs.verdict import Picture

#: Colour-blind safe, and told apart by their shapes as well.
_STYLES = {"holds": ("o", "#0072B2"), "fails": ("x", "#D55E00"), "unclear": ("s", "0.6")}


def svg(claim: Claim, picture: Picture) -> bytes:
    """The picture as SVG; the same picture gives the same bytes."""
    figure = Figure(figsize=(5.2, 4.2), layout="constrained")
    axes = figure.subplots()
    for outcome in MARKS:
        found = [spot for spot in picture.spots if spot.outcome == outcome]
        marker, colour = _STYLES[outcome]
        label = f"{outcome} ({len(found)})"
        axes.scatter([s.x for s in found], [s.y for s in found], marker=marker, color=colour, s=28, label=label)
    axes.set_xlabel(f"${PARAMETERS[picture.x].latex}$  ({picture.x})")
    axes.set_ylabel(f"${PARAMETERS[picture.y].latex}$  ({picture.y})")
    axes.set_title(claim.id, fontsize=10)  # the title is a stranger's text; an id is not
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    out = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "ftproofs", "svg.fonttype": "none"}):
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None})
    return out.getvalue()
