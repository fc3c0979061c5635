"""Draws that a check stored, in the order of their indices, and the two sides of a statement on them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from sympy import Expr, S, Symbol

from ftproofs.check.anchors import numbers
from ftproofs.check.interpolated import WORTH, Interpolated, TooDear
from ftproofs.check.judge import Judge
from ftproofs.claim import Rows, Statement
from ftproofs.errors import FTError
from ftproofs.names import MEASUREMENTS
from ftproofs.symbolic import balls
from ftproofs.symbolic.kernels import Kernel, accuracy, numpy_kernel, solves
from ftproofs.symbolic.vocabulary import SYMBOLS

#: A kernel must agree with balls to this, relative, or as well as balls can see it, at one draw of every setting.
KERNEL_ERROR = 1e-9


@dataclass(frozen=True)
class Drawn:
    """All draws of one setting and stage, in the order of their indices; arrays of shape (draw,)."""

    parameters: dict[str, float]
    values: dict[str, np.ndarray]

    @classmethod
    def joined(cls, rows: Sequence[Rows]) -> Drawn:
        """Rows of one setting and stage joined by index; two statements may have asked for the same ones."""
        parts: dict[str, list[np.ndarray]] = {name: [] for name in rows[0].values}
        covered = 0
        for found in sorted(rows, key=lambda found: (found.block.settings[0].index, -len(found.block))):
            first = found.block.settings[0].index
            if first > covered:
                break
            if first + len(found.block) > covered:
                for name, values in found.values.items():
                    parts[name].append(values[covered - first :])
                covered = first + len(found.block)
        joined = {name: np.concatenate(part) for name, part in parts.items()}
        return cls(numbers(rows[0].block.settings[0]), joined)

    def __len__(self) -> int:
        return len(next(iter(self.values.values()), np.empty(0)))

    def column(self, name: str, start: int, stop: int) -> np.ndarray:
        """Some draws of a measurement, or a parameter as often; shape (stop - start,)."""
        if name in MEASUREMENTS:
            return self.values[name][start:stop]
        return np.full(stop - start, self.parameters[name])


class Formulas:
    """Sides of statements on stored draws; each kernel is built once."""

    def __init__(self) -> None:
        self._kernels: dict[Expr, tuple[Kernel, tuple[str, ...]]] = {}
        self._interpolated: dict[tuple[object, ...], Interpolated] = {}

    def sides(self, statement: Statement, drawn: Drawn, start: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Both sides on some of the draws, shape (count,) each; not finite where there is no number.

        Raises:
            TooDear: a side takes a solution at every draw, and is not smooth.
        """
        lhs, rhs = (self._values(side, drawn, start, start + count) for side in (statement.lhs, statement.rhs))
        return lhs, rhs

    def trusted(self, judge: Judge, settings: Iterable[Drawn]) -> bool:
        """Whether both kernels agree with balls at the first draw of every setting: no number where there is none."""
        for drawn in settings:
            for side in (judge.statement.lhs, judge.statement.rhs):
                value = float(self._values(side, drawn, 0, 1)[0])
                try:
                    exact = float(balls.enclose(side, self._at(side, drawn, 0)).mid())
                except balls.Undefined:
                    if math.isfinite(value):
                        return False
                    continue
                except FTError:
                    return False
                if math.isinf(exact) and value == exact:
                    continue  # beyond float64, and no number for whoever judges
                allowed = max(KERNEL_ERROR, accuracy(side))
                if not abs(value - exact) <= allowed * max(abs(exact), judge.scale(drawn.parameters) / 10):
                    return False
        return True

    def prepare(self, statement: Statement, settings: Sequence[Drawn]) -> None:
        """Evaluate at the first draw of all settings at once: what is solved for at a point is solved for together."""
        for side in (statement.lhs, statement.rhs):
            kernel, names = self._kernel(side)
            if names:
                kernel(*(np.concatenate([drawn.column(name, 0, 1) for drawn in settings]) for name in names))

    def impossible(self, statement: Statement, settings: Iterable[Drawn]) -> str:
        """A draw at which a side certainly has no real, finite value; empty if none is found."""
        for drawn in settings:
            for side in (statement.lhs, statement.rhs):
                try:
                    values = self._values(side, drawn, 0, len(drawn))
                except TooDear:
                    continue
                for i in np.flatnonzero(~np.isfinite(values))[:1]:
                    at = self._at(side, drawn, int(i))
                    if _undefined(side, at):
                        return ", ".join(f"{symbol} = {value:.6g}" for symbol, value in at.items())
        return ""

    def _values(self, side: Expr, drawn: Drawn, start: int, stop: int) -> np.ndarray:
        kernel, names = self._kernel(side)
        columns = [drawn.column(name, start, stop) for name in names]
        varying = [place for place, column in enumerate(columns) if np.ptp(column) != 0]
        if len(varying) == 1 and stop - start >= WORTH and solves(side):
            return self._smooth(side, columns, varying[0])(columns[varying[0]])
        return np.broadcast_to(kernel(*columns), (stop - start,))

    def _smooth(self, side: Expr, columns: Sequence[np.ndarray], varying: int) -> Interpolated:
        """The side as a function of the one column that varies; kept for all draws that share the others."""
        kernel, _ = self._kernel(side)
        others = [float(column[0]) for column in columns]
        others[varying] = math.nan

        def formula(at: np.ndarray) -> np.ndarray:
            found = kernel(*(at if i == varying else np.full(at.shape, x) for i, x in enumerate(others)))
            return np.broadcast_to(found, at.shape)

        key = (side, varying, *others[:varying], *others[varying + 1 :])
        return self._interpolated.setdefault(key, Interpolated(formula))

    def _at(self, side: Expr, drawn: Drawn, i: int) -> dict[Symbol, float]:
        return {SYMBOLS[name]: float(drawn.column(name, i, i + 1)[0]) for name in self._kernel(side)[1]}

    def _kernel(self, side: Expr) -> tuple[Kernel, tuple[str, ...]]:
        if side not in self._kernels:
            names = tuple(sorted(symbol.name for symbol in side.free_symbols))
            # A branch without a value that no setting reaches; where one does, nothing is killed.
            real = side.xreplace({S.ComplexInfinity: S.Infinity, S.ImaginaryUnit: S.Infinity})
            self._kernels[side] = numpy_kernel(real, [SYMBOLS[name] for name in names]), names
        return self._kernels[side]


def _undefined(side: Expr, at: dict[Symbol, float]) -> bool:
    """Whether balls say that the expression has no real, finite value."""
    try:
        found = balls.enclose(side, at)
    except balls.Undefined:
        return True
    except FTError:
        return bool(side.has(S.ComplexInfinity, S.ImaginaryUnit))  # reached: balls do not look at other branches
    return bool(found.is_exact() and not found.is_finite())
