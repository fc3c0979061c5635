"""A statement on rows: what it predicts, what was observed, and how certain the gap is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ftproofs.claim import Relation, Rows, Statement
from ftproofs.decision import violations
from ftproofs.names import MEASUREMENTS, PARAMETERS, Value, natural_norm, natural_unit, source_samples
from ftproofs.symbolic.balls import enclose
from ftproofs.symbolic.kernels import checked, solves
from ftproofs.symbolic.vocabulary import SYMBOLS, symbol_names

#: An initial loss below this share of the target's squared norm is none.
NEGLIGIBLE = 1e-6

#: Points at which a kernel is compared with balls before it is used.
KERNEL_POINTS = 16


@dataclass(frozen=True)
class Gaps:
    """One statement on the cases of a block; arrays of shape (case,), float64.

    ``gap`` and ``half_width`` are relative to max(|rhs|, scale/10).  For an
    inequality the gap is the violation, negative where it holds with room.  ``unit`` is that
    maximum.  A case without numbers has NaN gap and infinite half-width.
    """

    predicted: np.ndarray
    observed: np.ndarray
    gap: np.ndarray
    half_width: np.ndarray
    unit: np.ndarray


class Judge:
    """Evaluates one statement on rows.

    Each trained network is judged in ball arithmetic, its measurements entering
    with their bounds.  Means are judged by numpy kernels that were compared with
    balls at the first rows they see.
    """

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self.names = tuple(sorted(symbol_names(statement.lhs) | symbol_names(statement.rhs)))
        self.measurements = tuple(name for name in self.names if name in MEASUREMENTS)
        self._symbols = [SYMBOLS[name] for name in self.names]
        self._kernels: tuple[object, object] | None = None

    def scale(self, values: Mapping[str, float]) -> float:
        """The statement's natural scale at one setting: lhs with each measurement at its own scale.

        1 where that is no finite number, or one that equations are solved for.
        """
        at: dict[str, float] = {}
        for name in symbol_names(self.statement.lhs):
            if name in MEASUREMENTS:
                at[name] = natural_unit(name, values)
            else:
                at[name] = float(parameter(values, name))
        scale = self.statement.lhs.subs({SYMBOLS[name]: value for name, value in at.items()})
        size = abs(float(scale)) if scale.is_number and scale.is_finite and not solves(scale) else 1.0
        return size if size > 0 else 1.0

    def each(self, rows: Rows) -> Gaps:
        """Certified gaps, by balls, one case at a time."""
        out = np.full((5, len(rows.block)), np.nan)
        for case, setting in enumerate(rows.block.settings):
            if rows.status[case] not in ("ok", "saddle"):
                continue
            out[:, case] = self._one(setting.parameters, rows, case)
        return Gaps(*out)

    def _one(self, parameters: Mapping[str, Value], rows: Rows, case: int) -> tuple[float, ...]:
        at: dict[object, object] = {}
        for name, symbol in zip(self.names, self._symbols, strict=True):
            if name in MEASUREMENTS:
                value, bound = float(rows.values[name][case]), float(rows.bounds[name][case])
                if math.isnan(value):
                    return (math.nan,) * 3 + (math.inf, 1.0)
                at[symbol] = _interval(value, bound, MEASUREMENTS[name].sign != "real")
            else:
                at[symbol] = parameter(parameters, name)
        try:
            observed, observed_radius = _mid_rad(enclose(self.statement.lhs, at))
            predicted, predicted_radius = _mid_rad(enclose(self.statement.rhs, at))
        except (ValueError, ZeroDivisionError, ArithmeticError):
            return (math.nan,) * 3 + (math.inf, 1.0)
        context = {k: float(v) for k, v in parameters.items() if not isinstance(v, str)}
        if "initial_loss" in rows.values:
            # A start that fits already gives no scale of its own.
            least = NEGLIGIBLE * natural_norm("target_norm", context) ** 2
            context["initial_loss"] = max(float(rows.values["initial_loss"][case]), least)
        unit = max(abs(predicted), self.scale(context) / 10)
        gap = float(violations(np.array(observed - predicted), self.statement.rel)) / unit
        return predicted, observed, gap, (observed_radius + predicted_radius) / unit, unit

    def samples(self, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """lhs and rhs on every case, shape (case,), by kernels checked against balls."""
        return self._sides(rows, [self._column(name, rows) for name in self.names])

    def told(self, lhs: np.ndarray, rhs: np.ndarray) -> dict[str, np.ndarray]:
        """What has to be kept of `samples` beside the rows: rhs, and lhs where it is more than one measurement."""
        return {"rhs": rhs} if str(self.statement.lhs) in self.measurements else {"lhs": lhs, "rhs": rhs}

    def left(self, rows: Rows, instead: Mapping[str, np.ndarray]) -> np.ndarray:
        """lhs on every case with other values of some measurements, shape (case,)."""
        columns = [instead[name] if name in instead else self._column(name, rows) for name in self.names]
        return self._sides(rows, columns)[0]

    def relative(self, lhs: np.ndarray, rhs: np.ndarray, rows: Rows) -> np.ndarray:
        """The violation on every case over max(|rhs|, scale/10), shape (case,); negative where it holds with room."""
        common = rows.block.common
        if common is not None:
            scale = self.scale({k: float(x) for k, x in common.items() if not isinstance(x, str)})
            return violation(lhs, rhs, scale, self.statement.rel)
        scales: dict[int, float] = {}
        for setting in rows.block.settings:
            if id(setting.values) not in scales:
                numbers = {k: float(x) for k, x in setting.values if not isinstance(x, str)}
                scales[id(setting.values)] = self.scale(numbers)
        every = np.array([scales[id(setting.values)] for setting in rows.block.settings])
        return violation(lhs, rhs, every, self.statement.rel)

    def _sides(self, rows: Rows, columns: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        if self._kernels is None:
            take = np.linspace(0, len(rows.block) - 1, min(KERNEL_POINTS, len(rows.block))).astype(int)
            points = [tuple(float(column[i % len(column)]) for column in columns) for i in take]
            self._kernels = (
                checked(self.statement.lhs, self._symbols, points),
                checked(self.statement.rhs, self._symbols, points),
            )
        lhs, rhs = (np.broadcast_to(kernel(*columns), (len(rows.block),)) for kernel in self._kernels)  # type: ignore[operator]
        return np.asarray(lhs, dtype=float), np.asarray(rhs, dtype=float)

    def _column(self, name: str, rows: Rows) -> np.ndarray:
        """A symbol's values: one of each case, or a single one for all."""
        if name in MEASUREMENTS:
            return rows.values[name]
        common = rows.block.common
        if common is not None:
            return np.array([float(parameter(common, name))])
        # Settings that share their values: each is read once.
        read: dict[int, float] = {}
        for setting in rows.block.settings:
            if id(setting.values) not in read:
                read[id(setting.values)] = float(parameter(setting.parameters, name))
        return np.array([read[id(setting.values)] for setting in rows.block.settings])


def violation(lhs: np.ndarray, rhs: np.ndarray, scale: np.ndarray | float, relation: Relation) -> np.ndarray:
    """The violation over max(|rhs|, scale/10), any shape; negative where it holds with room, NaN without a number."""
    with np.errstate(invalid="ignore"):
        room = (lhs - rhs) / np.maximum(np.abs(rhs), np.asarray(scale) / 10)
    room = np.where(np.isinf(rhs), -rhs, room)  # an infinite bound is met with all the room there is
    return violations(np.where(np.isfinite(lhs), room, np.nan), relation)


def parameter(values: Mapping[str, Value], name: str) -> Value | Fraction:
    """A setting's value by name; ``gamma`` is the realised ratio n/d unless it is given, ``gamma_s`` is n_s/d."""
    if name == "gamma" and name not in values:
        return Fraction(int(values["n"]), int(values["d"]))
    if name == "gamma_s" and "d" in values:
        samples = source_samples(values)
        return values[name] if samples is None else Fraction(samples, int(values["d"]))
    return values[name]


def _interval(value: float, bound: float, nonnegative: bool) -> tuple[float, float]:
    """Midpoint and radius of where a measurement may lie; a diverged one is very large."""
    value, bound = min(value, 1e300), min(bound, 1e300)
    if nonnegative and value < bound:
        return (value + bound) / 2, (value + bound) / 2 * (1 + 2.0**-50)
    return value, bound


def _mid_rad(ball: object) -> tuple[float, float]:
    mid, rad = float(ball.mid()), float(ball.rad())  # type: ignore[attr-defined]
    if not math.isfinite(mid):
        raise ValueError("the enclosure is not finite")
    # float() rounds the midpoint by at most half a unit in the last place.
    return mid, rad + abs(mid) * 2.0**-53


def measured(statement: Statement) -> bool:
    """Whether the statement speaks of any measurement."""
    names = symbol_names(statement.lhs) | symbol_names(statement.rhs)
    return any(name in MEASUREMENTS for name in names)


def offered(statement: Statement, offers: set[str]) -> set[str]:
    """The names of the statement that an experiment does not offer."""
    names = symbol_names(statement.lhs) | symbol_names(statement.rhs)
    return {name for name in names if name in PARAMETERS or name in MEASUREMENTS} - offers
