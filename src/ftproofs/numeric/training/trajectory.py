"""What is measured along the way of a deep linear network: extremes over time.

Extremes are taken over the accepted steps of the integration and, where training arrives,
the limit.  Steps inside which a minimum falls (its derivative changes sign there) are remembered,
and in the end taken again in part, at the integrator's own order, until the minimum is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ftproofs.numeric.elementwise import power
from ftproofs.numeric.training import flow
from ftproofs.numeric.training.bounds import UNIT, Span, norm

#: Below this share of the initial loss the integration's error drowns its decay; what follows is the limit's rate.
FALLEN = 1e-8

#: Refinements of a minimum inside a step.
REFINEMENTS = 6


@dataclass
class Point:
    """A network at one time, (case, ...): beta (d, 1) and its norm, the derivative of its squared norm,
    the first layer, the residual's norm and the squared speed of all weights."""

    beta: Tensor
    size: Tensor
    growth: Tensor
    first: Tensor
    residual: Tensor
    speed: Tensor


class Watched(flow.System, Protocol):
    """A system whose trajectory is recorded."""

    def attend(self, cases: Tensor) -> None:
        """Work on these cases of the whole batch from now on."""

    def look(self, slope: Tensor) -> Point:
        """The network where the last slope was taken."""


@dataclass
class Turn:
    """Steps inside which a derivative turned from negative to positive, (event, ...): the cases, where and when the
    steps begin, their lengths, and the derivative at both ends."""

    cases: Tensor
    begin: Tensor
    time: Tensor
    h: Tensor
    low: Tensor
    high: Tensor

    @classmethod
    def joined(cls, turns: list[Turn]) -> Turn:
        """All of them, a single one beside a copy of itself."""
        names = tuple(cls.__dataclass_fields__)
        joined = cls(*(torch.cat([getattr(turn, name) for turn in turns]) for name in names))
        if len(joined.cases) > 1:
            return joined
        return cls(*(torch.cat([getattr(joined, name)] * 2) for name in names))


#: Minima are kept with their errors subtracted, too, the decay rate with its rounding added as well.
_EXTREMES = (
    "path_gap",
    "first_layer_gap",
    "largest_move",
    "min_beta_norm",
    "norm_low",
    "decay_rate",
    "rate_low",
    "rate_high",
)
_MAXIMA = 3


class Trajectory:
    """Running extremes of a batch; they outlive the cases that `keep` forgets.

    Args:
        span: of the design; first: the first layer at the start (case, d, h); source: (case, d).
        rest: (case,) squared residual that no predictor changes; samples: what the loss divides by.
        initial: (case,) squared residual at the start; rounding: (case,) of a residual.
        speed: factor on the flow's speed.
    """

    _CASES = ("first", "source_norm", "outside_source", "rest", "initial", "rounding", "unit")

    def __init__(
        self,
        span: Span,
        first: Tensor,
        source: Tensor,
        depth: int,
        *,
        rest: Tensor,
        samples: int,
        initial: Tensor,
        rounding: Tensor,
        speed: float,
    ) -> None:
        count = len(source)
        self.span, self.first, self.depth = span, first.clone(), depth
        self.source_norm, self.outside_source = norm(source), span.outside(source[:, :, None])
        self.rest, self.samples, self.initial, self.rounding = rest, samples, initial, rounding
        self.unit, self.speed = span.smallest**2 / samples, speed
        # Derivatives of |beta|^2 and of the decay rate at the last step; NaN has no sign.
        self.old = source.new_full((count, 2), torch.nan)
        self.turns: tuple[list[Turn], list[Turn]] = ([], [])
        self.whole = {name: getattr(self, name) for name in self._CASES}
        self.whole_span = span
        self.undefined = (initial - rest).clamp_min(0).sqrt() <= 8 * rounding
        self.cases = torch.arange(count, device=source.device)
        # Least values so far, columns as in `_EXTREMES`; greatest values with a minus.
        self.least = source.new_full((count, len(_EXTREMES)), torch.inf)
        self.least[:, :3] = 0.0

    def keep(self, index: Tensor) -> None:
        """Watch these cases only from now on."""
        self.old = self.old[index]
        self._attend(self.cases[index])

    def _attend(self, cases: Tensor) -> None:
        self.cases, self.span = cases, self.whole_span.select(cases)
        for name, value in self.whole.items():
            setattr(self, name, value[cases])

    def record(self, moved: Tensor, t: Tensor, h: Tensor, point: Point, begin: Tensor | None) -> None:
        """Take in the cases that moved to a point at time t by steps h from z = ``begin`` (None: look no further)."""
        path, layer, move = self._gaps(point)
        size, rate, rates = self._slopes(point, t)
        self._update(moved, torch.stack([-path, -layer, -move, point.size, point.size, *rates], dim=1))
        new = torch.stack([size, rate], dim=1)
        turned = moved[:, None] & (self.old < 0) & (new > 0)
        if begin is not None and bool(turned.any()):
            for which, found in enumerate(turned.unbind(1)):
                own = (self.cases, begin, t - h, h, self.old[:, which], new[:, which])
                self.turns[which].append(Turn(*(z[found] for z in own)))
        self.old = torch.where(moved[:, None], new, self.old)

    def _slopes(self, point: Point, t: Tensor) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        """Derivatives (up to positive factors) of |beta|^2 and of the decay rate; that rate, below it, above it."""
        squared = point.residual.square() + self.rest
        fall = point.speed * 2 * self.samples / (squared * (self.speed or 1.0))
        late = t > 0
        per_time = 1 / (self.unit * torch.where(late, t, 1.0))
        fallen = torch.log(self.initial / squared)
        # At the start: the limit of ln(loss(0) / loss(t)) / t.
        rate = torch.where(late, per_time * fallen, fall / self.unit)
        floor = torch.where(late, per_time * (8 * UNIT + 4 * self.rounding * point.residual / squared), 0.0)
        watched = squared > FALLEN * self.initial
        rates = tuple(torch.where(watched, r, torch.inf) for r in (rate, rate - floor, rate + floor))
        return point.growth, torch.where(late & watched, fall * t - fallen, torch.nan), rates

    def _gaps(self, point: Point) -> tuple[Tensor, Tensor, Tensor]:
        step = point.first - self.first
        outside = self.span.outside(torch.cat([point.beta, step], dim=2))
        growth = power(point.size / self.source_norm, (self.depth - 1) / self.depth)
        path = outside[:, :, :1] - growth[:, None, None] * self.outside_source
        return norm(path), norm(outside[:, :, 1:]), norm(step)

    def _update(self, moved: Tensor, values: Tensor) -> None:
        old = self.least[self.cases]
        # Cases that stand still stand at the end, where nothing is divided by.
        self.least[self.cases] = torch.where(moved[:, None], torch.fmin(old, values), old)

    def refine(self, system: Watched) -> None:
        """Find the minima inside the steps that were remembered; the system is not of use afterwards."""
        for which, turns in enumerate(self.turns):
            if any(len(turn.cases) for turn in turns):
                turn = Turn.joined(turns)
                self._attend(turn.cases)
                system.attend(turn.cases)
                self._refine(which, turn, system)

    def _refine(self, which: int, turn: Turn, system: Watched) -> None:
        """Zeros of the derivative by the Illinois method, all events at once."""
        probe, h = flow.Probe(system, turn.begin), turn.h
        low, high, never = torch.zeros_like(h), torch.ones_like(h), torch.full_like(h, torch.inf)
        low_slope, high_slope, bend = turn.low, turn.high, turn.high - turn.low
        side = torch.zeros_like(h)
        least, below, above = never, -never, never
        for _ in range(REFINEMENTS):
            fraction = (low * high_slope - high * low_slope) / (high_slope - low_slope)
            point, time = system.look(probe.slope(fraction * h)), turn.time + fraction * h
            *slopes, rates = self._slopes(point, time)
            slope = slopes[which]
            # Four times what a parabola of the step's mean curvature still falls from here.
            error = 2 * slope**2 * h / bend / (point.size if which == 0 else self.unit * time**2)
            value, under, over = (point.size, point.size, point.size) if which == 0 else rates
            least, above = torch.fmin(least, value), torch.fmin(above, over)
            below = torch.fmax(below, under - error)
            falls = torch.where(slope < 0, 1.0, -1.0)
            # An end that stays twice counts half, or it would stay for ever.
            stays = torch.where(falls == side, 0.5, 1.0)
            high_slope = torch.where(falls > 0, stays * high_slope, slope)
            low_slope = torch.where(falls > 0, slope, stays * low_slope)
            low, high = torch.where(falls > 0, fraction, low), torch.where(falls > 0, high, fraction)
            side = falls
        found = [least, below, never, never, never] if which == 0 else [never, never, least, below, above]
        values = torch.stack([never] * _MAXIMA + found, dim=1)
        # A case may have several such steps.
        index = self.cases[:, None].expand_as(values)
        self.least.scatter_reduce_(0, index, torch.where(torch.isnan(values), torch.inf, values), "amin")

    def finish(self, beta: Tensor, first: Tensor, least: Tensor, arrived: Tensor, saddle: Tensor) -> None:
        """Take in the limits of all cases.

        Args:
            beta: (case, d); first: the first layer; least: (case,) smallest singular value of the
                Jacobian of ``X beta``; arrived, saddle: which cases ended how.
        """
        self._attend(torch.arange(len(arrived), device=arrived.device))
        zero, never = torch.zeros_like(least), torch.full_like(least, torch.inf)
        point = Point(beta[:, :, None], norm(beta), zero, first, zero, zero)
        path, layer, move = self._gaps(point)
        self._update(arrived, torch.stack([-path, -layer, -move, point.size, point.size, never, never, never], dim=1))
        # For ever: the slowest mode decays at 2 least^2 / n, and a loss that stays positive not at all.
        stays = saddle | (self.rest > 0)
        final = torch.where(stays, 0.0, 2 * least**2 / self.span.smallest**2)
        error = 64 * UNIT * (self.span.frobenius / self.span.smallest) ** 2 * final
        rates = [final, final - error, final + error]
        self._update(arrived | saddle, torch.stack([never] * (_MAXIMA + 2) + rates, dim=1))

    def compare(self, count: int, safety: float, slack: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        """Values of the first ``count`` cases; bounds from their difference to the others, and rounding.

        Args:
            slack: (count,), how far predictors are from the flow's.
        """
        tight, loose = slice(None, count), slice(count, None)
        span, first, source_norm = self.whole_span, self.whole["first"], self.whole["source_norm"]
        values = dict(zip(_EXTREMES, self.least.unbind(1), strict=True))
        for name in _EXTREMES[:_MAXIMA]:
            values[name] = 0.0 - values[name]
        tilt, widest = span.tilt(), torch.maximum(source_norm, values["path_gap"])
        low, rate, high = values["rate_low"], values["decay_rate"], values["rate_high"]
        floors = {
            "path_gap": slack + (8 * (tilt + 8 * UNIT) * widest)[tight],
            "min_beta_norm": slack + (values["min_beta_norm"] - values["norm_low"] + 8 * UNIT * source_norm)[tight],
            "decay_rate": torch.maximum(rate - low, high - rate)[tight],
            "first_layer_gap": (2 * tilt * values["largest_move"] / norm(first))[tight] + 64 * UNIT,
        }
        values["first_layer_gap"] = values["first_layer_gap"] / norm(first)
        values["decay_rate"] = torch.where(self.undefined, torch.nan, rate)
        measured = {}
        for name, floor in floors.items():
            bound = safety * (values[name][tight] - values[name][loose]).abs() + floor
            measured[name] = (values[name][tight], torch.where(torch.isfinite(bound), bound, torch.inf))
        return measured
