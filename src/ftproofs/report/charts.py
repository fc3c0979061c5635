"""Pictures of what was measured, panel by panel; pages and documents draw them in colours of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ftproofs.check.judge import parameter
from ftproofs.check.picture import varied
from ftproofs.check.spots import Seen
from ftproofs.claim import Claim
from ftproofs.names import PARAMETERS
from ftproofs.verdict import Picture, SizeMean, Spot, Verdict


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
_MARKS = {"holds": "o", "unclear": "s", "fails": "X"}

#: Inches.
PANEL = (2.7, 2.15)
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


def pictures(claim: Claim, verdict: Verdict | None, seen: Sequence[Seen] | None) -> list[Chart]:
    """The settings, the residuals against parameters, and for a limit the errors along its sizes."""
    found = [overview(claim, seen or ())]
    if verdict is not None:
        if verdict.picture is not None:
            found = [where(claim.id, verdict.picture)]
        found.append(ladder(claim.id, verdict.experiment.sizes, verdict.experiment.tolerance))
    return [*(chart for chart in found if chart is not None), *residuals(claim, seen or ())]


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

    def draw(axes: Axes, colours: Colours) -> None:
        for outcome in _MARKS:
            _scatter(axes, [(s.x, s.y) for s in shown if s.outcome == outcome], outcome, colours)
        axes.set_xlabel(_label(picture.x))
        axes.set_ylabel(_label(picture.y))
        _scale(axes, [s.x for s in shown], [s.y for s in shown])

    return Chart(f"{name}-where", f"The settings looked at: {counts}.", draw)


def residuals(claim: Claim, seen: Sequence[Seen]) -> list[Chart]:
    """Observed minus predicted, in units of what it is known to, against each of the parameters that vary."""
    usable = [s for s in seen if np.isfinite(s.difference) and 0 <= s.noise < np.inf][:SPOTS]
    if not usable:
        return []
    unit = _unit(claim)
    values = np.array([s.difference / max(s.noise, ROUNDING) if unit else s.difference for s in usable])
    if np.ptp(values) < FLAT:
        return []

    def draw(name: str) -> Callable[[Axes, Colours], None]:
        def panel(axes: Axes, colours: Colours) -> None:
            if unit:
                axes.axhspan(-1, 1, color=colours.band, linewidth=0)
            axes.axhline(0, color=colours.line, linewidth=0.8)
            for outcome in _MARKS:
                found = [(_value(s, name), v) for s, v in zip(usable, values, strict=True) if s.outcome == outcome]
                _scatter(axes, found, outcome, colours)
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
        Chart(f"{claim.id}-residual-{name}", f"Against the {PARAMETERS[name].meaning}.", draw(name))
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

    def draw(axes: Axes, colours: Colours) -> None:
        axes.axhspan(-tolerance, tolerance, color=colours.band, linewidth=0)
        axes.axhline(0, color=colours.line, linewidth=0.8)
        ink, muted = colours.ink, colours.muted
        axes.errorbar(at, error, yerr=2 * noise, fmt="o", color=ink, ecolor=muted, markersize=4, linewidth=1, capsize=2)
        axes.set_xlim(0, at.max() * 1.08)
        axes.set_xlabel("1 / $d$")
        axes.set_ylabel("mean relative error", fontsize=7.5)
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_locator(MaxNLocator(4))

    ends = f"d = {min(m.d for m in sizes)} to {max(m.d for m in sizes)}"
    says = f"The mean error at each size ({ends}) with two standard errors; the band is the tolerance."
    return Chart(f"{name}-ladder", says, draw)


def _parameters(claim: Claim, seen: Sequence[Seen]) -> list[str]:
    """What varies: the ratio of the sizes, then reals, then whole numbers, the sizes themselves last."""
    names = varied(claim, seen)
    last = {"n", "d"} if "gamma" in names else set()
    return sorted(names, key=lambda name: (name in last, name != "gamma", PARAMETERS[name].kind != "real"))


def _scatter(axes: Axes, spots: Sequence[tuple[float, float]], outcome: str, colours: Colours) -> None:
    xs, ys = [x for x, _ in spots], [y for _, y in spots]
    axes.scatter(xs, ys, marker=_MARKS[outcome], color=getattr(colours, outcome), s=15, alpha=0.85, linewidths=0)


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
