"""Pictures of what was measured, as SVG that takes its colours from the page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ftproofs.check.judge import parameter
from ftproofs.check.picture import varied
from ftproofs.check.spots import Seen
from ftproofs.claim import Claim
from ftproofs.names import PARAMETERS
from ftproofs.verdict import Picture, SizeMean, Spot

#: Stand-ins that no figure uses for itself, and the page's colours that take their place.
_COLOURS = {
    "#010101": "var(--ink)",
    "#020202": "var(--muted)",
    "#030303": "var(--line)",
    "#040404": "var(--holds)",
    "#050505": "var(--fails)",
    "#060606": "var(--unclear)",
    "#070707": "var(--band)",
}
_INK, _MUTED, _LINE, _HOLDS, _FAILS, _UNCLEAR, _BAND = _COLOURS
#: What became of a setting: told apart by shape as well as by colour.
_MARKS = {"holds": ("o", _HOLDS), "unclear": ("s", _UNCLEAR), "fails": ("X", _FAILS)}

#: Inches; one panel beside the other, below one another where the page is narrow.
_PANEL = (2.7, 2.15)
#: So many parameters are drawn against, so many settings in each panel.
PANELS = 4
SPOTS = 150
#: Means are never taken to be known better than this, relative; residuals beyond so many units get a log axis.
ROUNDING = 1e-12
FAR = 30.0
#: Residuals that differ by less show nothing: of what vanishes only a bound is known, the same one above and below.
FLAT = 1e-9
#: A parameter that spans this factor gets a log axis.
DECADES = 30.0

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 8.5,
    "axes.edgecolor": _LINE,
    "axes.labelcolor": _INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": _INK,
    "xtick.color": _LINE,
    "ytick.color": _LINE,
    "xtick.labelcolor": _MUTED,
    "ytick.labelcolor": _MUTED,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "mathtext.fontset": "dejavusans",
}


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture with the sentence that says what is in it."""

    svg: Markup
    says: str


def overview(claim: Claim, seen: Sequence[Seen]) -> Chart | None:
    """The settings over the first two parameters that vary."""
    names = _parameters(claim, seen)
    if len(names) < 2:
        return None
    x, y = names[:2]
    return where(claim.id, Picture(x, y, tuple(Spot(_value(s, x), _value(s, y), s.outcome, s.error) for s in seen)))


def where(name: str, picture: Picture) -> Chart:
    """The settings of a picture, and how the claim ended at each."""
    counts = ", ".join(f"{n} {word}" for word in _MARKS if (n := sum(s.outcome == word for s in picture.spots)))
    shown = picture.spots[:SPOTS]

    def draw(axes: Axes) -> None:
        for outcome, (marker, colour) in _MARKS.items():
            _scatter(axes, [(s.x, s.y) for s in shown if s.outcome == outcome], marker, colour)
        axes.set_xlabel(_label(picture.x))
        axes.set_ylabel(_label(picture.y))
        _scale(axes, [s.x for s in shown], [s.y for s in shown])

    return Chart(_svg(f"{name}-where", draw), f"The settings looked at: {counts}.")


def residuals(claim: Claim, seen: Sequence[Seen]) -> list[Chart]:
    """Observed minus predicted, in units of what it is known to, against each of the parameters that vary."""
    usable = [s for s in seen if np.isfinite(s.difference) and 0 <= s.noise < np.inf][:SPOTS]
    if not usable:
        return []
    unit = _unit(claim)
    values = np.array([s.difference / max(s.noise, ROUNDING) if unit else s.difference for s in usable])
    if np.ptp(values) < FLAT:
        return []

    def draw(name: str) -> Callable[[Axes], None]:
        def panel(axes: Axes) -> None:
            if unit:
                axes.axhspan(-1, 1, color=_BAND, linewidth=0)
            axes.axhline(0, color=_LINE, linewidth=0.8)
            for outcome, (marker, colour) in _MARKS.items():
                found = [(_value(s, name), v) for s, v in zip(usable, values, strict=True) if s.outcome == outcome]
                _scatter(axes, found, marker, colour)
            if np.abs(values).max() > FAR:
                axes.set_yscale("symlog", linthresh=1.0)
                decades = np.log10(np.abs(values).max())
                step = max(1, round(decades / 2))
                powers = 10.0 ** np.arange(step, decades + 1, step)
                ends = [sign * power for sign in (-1, 1) if (sign * values > 0).any() for power in powers]
                axes.set_yticks([0, *ends])
            axes.set_xlabel(_label(name))
            axes.set_ylabel(f"residual / {unit}" if unit else "residual" if unit is None else "excess share")
            _scale(axes, [_value(s, name) for s in usable])

        return panel

    return [
        Chart(_svg(f"{claim.id}-residual-{name}", draw(name)), f"Against the {PARAMETERS[name].meaning}.")
        for name in _parameters(claim, seen)[:PANELS]
    ]


def residual_words(claim: Claim) -> str:
    """What the residuals of a claim are, in a sentence."""
    unit = _unit(claim)
    if unit == "":
        return "Excess share: how much more often draws violate the statement than is allowed."
    if unit is None:
        return "Residual: observed minus predicted, relative to what is predicted."
    whole = "the bound on the network's own error" if unit == "bound" else "its standard error (s.e.)"
    return f"Residual: observed minus predicted, here in units of {whole}, which the band shows."


def _unit(claim: Claim) -> str | None:
    """What residuals are shown in units of: a bound, a standard error, None for themselves; empty for a share."""
    if claim.quantifier.name == "probability":
        return ""
    if claim.quantifier.name != "each":
        return "s.e."
    # An inequality holds by so many bounds that their number tells nothing.
    return "bound" if all(statement.rel == "==" for statement in claim.statements) else None


def ladder(name: str, sizes: Sequence[SizeMean], tolerance: float) -> Chart | None:
    """The mean relative error at each size, with two standard errors, as the size grows."""
    if not sizes:
        return None
    at = np.array([1 / mean.d for mean in sizes])
    error, noise = (np.array([getattr(mean, name) for mean in sizes]) for name in ("error", "standard_error"))

    def draw(axes: Axes) -> None:
        axes.axhspan(-tolerance, tolerance, color=_BAND, linewidth=0)
        axes.axhline(0, color=_LINE, linewidth=0.8)
        axes.errorbar(
            at, error, yerr=2 * noise, fmt="o", color=_INK, ecolor=_MUTED, markersize=4, linewidth=1, capsize=2
        )
        axes.set_xlim(0, at.max() * 1.08)
        axes.set_xlabel("1 / $d$")
        axes.set_ylabel("mean relative error", fontsize=7.5)
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_locator(MaxNLocator(4))

    ends = f"d = {min(m.d for m in sizes)} to {max(m.d for m in sizes)}"
    says = f"The mean error at each size ({ends}) with two standard errors; the band is the tolerance."
    return Chart(_svg(f"{name}-ladder", draw), says)


def _parameters(claim: Claim, seen: Sequence[Seen]) -> list[str]:
    """What varies: the ratio of the sizes, then reals, then whole numbers, the sizes themselves last."""
    names = varied(claim, seen)
    last = {"n", "d"} if "gamma" in names else set()
    return sorted(names, key=lambda name: (name in last, name != "gamma", PARAMETERS[name].kind != "real"))


def _scatter(axes: Axes, spots: Sequence[tuple[float, float]], marker: str, colour: str) -> None:
    xs, ys = [x for x, _ in spots], [y for _, y in spots]
    axes.scatter(xs, ys, marker=marker, color=colour, s=15, alpha=0.85, linewidths=0)


def _value(seen: Seen, name: str) -> float:
    return float(parameter(seen.parameters, name))


def _label(name: str) -> str:
    return f"${PARAMETERS[name].latex}$" if name not in ("n", "d") else f"${name}$"


def _scale(axes: Axes, xs: Sequence[float], ys: Sequence[float] = ()) -> None:
    """Log axes where a positive parameter spans decades; whole numbers where it has only those."""
    for values, axis, scale in ((xs, axes.xaxis, axes.set_xscale), (ys, axes.yaxis, axes.set_yscale)):
        if values and min(values) > 0 and max(values) > DECADES * min(values):
            scale("log")
        elif values:
            axis.set_major_locator(MaxNLocator(4, integer=all(value == int(value) for value in values)))


def _svg(name: str, draw: Callable[[Axes], None]) -> Markup:
    """The panel as an ``svg`` element; the same rows give the same text."""
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=_PANEL, layout="constrained")
        figure.patch.set_visible(False)
        axes = figure.subplots()
        axes.patch.set_visible(False)
        draw(axes)
        out = io.StringIO()
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": None})
    return Markup(_inline(out.getvalue(), name))


def _inline(text: str, name: str) -> str:
    """An SVG file as an element of a page: no prologue, ids of its own, the page's colours, no font of its own."""
    text = text[text.index("<svg") :].strip()
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="([^"]*)"', lambda m: f'id="{name}-{m[1]}"' if _used(text, m[1]) else "", text)
    text = re.sub(r'(url\(#|href="#)', lambda m: f"{m[1]}{name}-", text)
    for stand_in, colour in _COLOURS.items():
        text = text.replace(stand_in, colour)
    text = re.sub(r"\n\s*", "\n", text)
    return re.sub(r'<svg [^>]*?(viewBox="[^"]*")[^>]*>', r'<svg class="chart" aria-hidden="true" \1>', text, count=1)


def _used(text: str, name: str) -> bool:
    return f"#{name})" in text or f'href="#{name}"' in text
