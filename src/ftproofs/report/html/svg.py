"""A panel as SVG inside a page: it takes its colours from there."""

from __future__ import annotations

import io
import re

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from ftproofs.report.panel import PANEL, Chart, Colours, style

#: Stand-ins that no figure uses for itself; the page's colours of the same names take their place.
_STAND_INS = Colours("#010101", "#020202", "#030303", "#040404", "#050505", "#060606", "#070707")


def svg(chart: Chart) -> Markup:
    """The panel as an ``svg`` element; the same rows give the same text."""
    with mpl.rc_context({**style(_STAND_INS), "svg.fonttype": "none", "svg.hashsalt": chart.name}):
        figure = Figure(figsize=PANEL, layout="constrained")
        figure.patch.set_visible(False)
        axes = figure.subplots()
        axes.patch.set_visible(False)
        chart.draw(axes, _STAND_INS)
        out = io.StringIO()
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": None})
    return Markup(_inline(out.getvalue(), chart.name))


def _inline(text: str, name: str) -> str:
    """An SVG file as an element of a page: no prologue, ids of its own, the page's colours, no font of its own."""
    text = text[text.index("<svg") :].strip()
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="([^"]*)"', lambda m: f'id="{name}-{m[1]}"' if _used(text, m[1]) else "", text)
    text = re.sub(r'(url\(#|href="#)', lambda m: f"{m[1]}{name}-", text)
    for colour, stand_in in _STAND_INS._asdict().items():
        text = text.replace(stand_in, f"var(--{colour})")
    text = re.sub(r"\n\s*", "\n", text)
    return re.sub(r'<svg [^>]*?(viewBox="[^"]*")[^>]*>', r'<svg class="chart" aria-hidden="true" \1>', text, count=1)


def _used(text: str, name: str) -> bool:
    return f"#{name})" in text or f'href="#{name}"' in text
