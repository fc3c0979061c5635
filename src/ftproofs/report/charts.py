"""Pictures of what was measured, panel by panel; pages and documents draw them in colours of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from ftproofs.check.judge import parameter
from ftproofs.check.picture import varied
from ftproofs.check.spots import Seen
from ftproofs.claim import Claim, Trend
from ftproofs.names import PARAMETERS
from ftproofs.report import pairs
from ftproofs.report.panel import DECADES, MARKS, Chart, Colours, scatter
from ftproofs.verdict import Picture, SizeMean, Spot, Verdict

#: So many parameters are drawn against, so many settings in each panel.
PANELS = 4
SPOTS = 150
#: Means are never taken to be known better than this, relative; residuals beyond so many units get a log axis.
ROUNDING = 1e-12
FAR = 30.0
#: Residuals that differ by less show nothing: of what vanishes only a bound is known, the same one above and below.
FLAT = 1e-9
FLAT_UNITS = 0.01


def pictures(claim: Claim, verdict: Verdict | None, seen: Sequence[Seen] | None) -> list[Chart]:
    """Settings, residuals against parameters, for a limit the errors along its sizes; of a trend its pairs."""
    if isinstance(claim.quantifier, Trend):
        return pairs.pictures(claim, seen or ())
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
    counts = ", ".join(f"{n} {word}" for word in MARKS if (n := sum(s.outcome == word for s in picture.spots)))
    shown = picture.spots[:SPOTS]

    def draw(axes: Axes, colours: Colours) -> None:
        for outcome in MARKS:
            scatter(axes, [(s.x, s.y) for s in shown if s.outcome == outcome], outcome, colours)
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
    if np.ptp(values) < (FLAT_UNITS if unit else FLAT):
        return []

    def draw(name: str) -> Callable[[Axes, Colours], None]:
        def panel(axes: Axes, colours: Colours) -> None:
            if unit:
                axes.axhspan(-1, 1, color=colours.band, linewidth=0)
            axes.axhline(0, color=colours.line, linewidth=0.8)
            for outcome in MARKS:
                found = [(_value(s, name), v) for s, v in zip(usable, values, strict=True) if s.outcome == outcome]
                scatter(axes, found, outcome, colours)
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
        Chart(f"{claim.id}-residual-{name}", f"Against {_named(name)}.", draw(name))
        for name in _parameters(claim, seen)[:PANELS]
    ]


def residual_words(claim: Claim) -> str:
    """What the residuals of a claim are, or where the pairs of a trend lie, in a sentence."""
    if isinstance(claim.quantifier, Trend):
        return pairs.words(claim)
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


def _value(seen: Seen, name: str) -> float:
    return float(parameter(seen.parameters, name))


def _named(name: str) -> str:
    """A parameter's symbol, if it is a letter, and what it means; without the asides after a semicolon."""
    meaning = PARAMETERS[name].meaning.partition(";")[0]
    return f"{name}, {meaning}" if len(name) == 1 else meaning


def _label(name: str) -> str:
    return f"${PARAMETERS[name].latex}$" if name not in ("n", "d") else f"${name}$"


def _scale(axes: Axes, xs: Sequence[float], ys: Sequence[float] = ()) -> None:
    """Log axes where a positive parameter spans decades; whole numbers where it has only those."""
    for values, axis, scale in ((xs, axes.xaxis, axes.set_xscale), (ys, axes.yaxis, axes.set_yscale)):
        if values and min(values) > 0 and max(values) > DECADES * min(values):
            scale("log")
            axis.set_major_locator(LogLocator(subs=(1.0,) if max(values) > 300 * min(values) else (1.0, 3.0)))
            axis.set_major_formatter(FuncFormatter(lambda x, place: f"{x:g}"))
            axis.set_minor_formatter(NullFormatter())
        elif values:
            axis.set_major_locator(MaxNLocator(4, integer=all(value == int(value) for value in values)))
