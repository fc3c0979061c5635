"""Pictures of what was measured, for a document: the panels of a claim side by side in one PDF."""

from __future__ import annotations

import io
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure

from ftproofs.report.panel import PANEL, Chart, Colours, style

#: Colours that stay apart in print and for the colour-blind.
_PRINTED = Colours("#000000", "#444444", "#999999", "#0072b2", "#d55e00", "#e69f00", "#e8e8e8")

#: Panels in a row across the page; a row that is not full keeps their width.
ACROSS = 3


def pdf(charts: Sequence[Chart]) -> bytes:
    """The panels in rows of three; the same rows give the same bytes."""
    down = -(-len(charts) // ACROSS)
    with mpl.rc_context({**style(_PRINTED), "pdf.fonttype": 42}):
        figure = Figure(figsize=(ACROSS * PANEL[0], down * PANEL[1]), layout="constrained")
        places = figure.subplots(down, ACROSS, squeeze=False).flat
        for chart, axes in zip(charts, places, strict=False):
            chart.draw(axes, _PRINTED)
        for axes in figure.axes[len(charts) :]:
            axes.set_axis_off()
        out = io.BytesIO()
        FigureCanvasPdf(figure).print_pdf(out, metadata={"CreationDate": None, "Creator": None, "Producer": None})
    return out.getvalue()


def caption(charts: Sequence[Chart], residuals: str) -> str:
    """What the panels show, in the order in which they stand."""
    first = [chart.says for chart in charts if not chart.says.startswith("Against")]
    against = [chart.says.removeprefix("Against ").rstrip(".") for chart in charts if chart.says.startswith("Against")]
    if against:
        first.append(f"{residuals.rstrip('.')}: against {'; against '.join(against)}.")
    elif any("-pairs-" in chart.name for chart in charts):
        first.append(residuals)
    return " ".join(first)
