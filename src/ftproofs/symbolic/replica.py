"""The replica fixed point as SymPy Functions of the task's statistics (handbook 8.1).

``replica_tau``, ``replica_theta``, ``replica_mse`` and ``replica_penalty`` take delta = n/d, the
noise sigma (for X_ij ~ N(0, 1/n)), the ridge lambda, and weight, c, b, s of each group of
coordinates: a share of them, the scale of their penalty, and the target's law b + s G there.
Numbers come from `replica_solver`, to 1e-10 and usually 1e-13; enclosures from `replica_balls`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from flint import arb
from sympy import Expr, Function, S, sympify
from sympy.core.function import ArgumentIndexError

from ftproofs.symbolic import replica_balls
from ftproofs.symbolic.arithmetic import Undefined
from ftproofs.symbolic.replica_quadrature import Groups
from ftproofs.symbolic.replica_solver import FixedPoint, solve

#: Points solved last, by their bytes: the four functions of one point cost one solution, and so do its repetitions.
_KEPT = 4096
_solved: dict[bytes, np.ndarray] = {}


def solved(columns: list[np.ndarray]) -> FixedPoint:
    """The fixed points for columns delta, sigma, ridge, weight_1, c_1, b_1, s_1, weight_2, ..., of shape (case,)."""
    table = np.stack(columns, axis=1)
    points, cases = np.unique(table, axis=0, return_inverse=True)
    keys = [point.tobytes() for point in points]
    known = {key: _solved[key] for key in keys if key in _solved}
    missing = [i for i, key in enumerate(keys) if key not in known]
    if missing:
        new = _solve(points[missing])
        known |= {keys[i]: column for i, column in zip(missing, new, strict=True)}
        _solved.update((keys[i], known[keys[i]]) for i in missing[-_KEPT:])
        while len(_solved) > _KEPT:
            _solved.pop(next(iter(_solved)))
    found = np.stack([known[key] for key in keys])[cases.reshape(-1)] if keys else np.empty((0, 5))
    return FixedPoint(*found.T)


def _solve(points: np.ndarray) -> np.ndarray:
    """One row of the fixed point's five numbers for each point."""
    entries = points[:, 3:].reshape(len(points), -1, 4)
    with np.errstate(all="ignore"):
        groups = Groups(entries[..., 0], np.log(entries[..., 1]), np.abs(entries[..., 2]), np.abs(entries[..., 3]))
    found = solve(groups, *points[:, :3].T)
    return np.stack([found.tau, found.theta, found.mse, found.penalty, found.error], axis=1)


def _array(name: str) -> Any:
    def numeric(xp: Any, *columns: Any) -> Any:
        shape = columns[0].shape
        flat = [np.asarray(column, dtype=np.float64).reshape(-1) for column in _on_host(xp, columns)]
        found = getattr(solved(flat), name).reshape(shape)
        return found if xp is np else xp.as_tensor(found, device=columns[0].device)

    return staticmethod(numeric)


def _on_host(xp: Any, columns: Iterable[Any]) -> Iterable[Any]:
    return columns if xp is np else (column.detach().cpu().numpy() for column in columns)


def _number(name: str) -> Any:
    def multiprecision(mp: Any, *values: Any) -> Any:
        """As exact as `replica_solver`, whatever the working precision."""
        return mp.mpf(float(getattr(solved([np.array([float(x)]) for x in values]), name)[0]))

    return staticmethod(multiprecision)


def _enclosure(index: int) -> Any:
    def ball(*values: arb) -> arb:
        delta, sigma, ridge, *entries = values
        if any(number < 0 for number in (delta, sigma, ridge, *entries[::4], *entries[1::4])):
            raise Undefined("a negative ratio, noise, ridge, share of coordinates or scale")
        found = replica_balls.enclose(delta, sigma, ridge, entries)
        return arb.nan() if found is None else found[index]

    return staticmethod(ball)


class _Replica(Function):
    """What the four functions share."""

    #: Relative error of the arrays: an expression of these need not agree with balls to a few units.
    accuracy = 1e-10
    #: Many points are solved for at once, which takes a millisecond each.
    in_batches = True
    head = ""

    @classmethod
    def eval(cls, *args: Expr) -> Expr | None:
        if len(args) < 7 or len(args) % 4 != 3:
            raise TypeError(f"{cls.__name__} takes delta, sigma, ridge and weight, c, b, s of each group")
        kept = [arg for i in range(3, len(args), 4) if args[i] is not S.Zero for arg in args[i : i + 4]]
        if not kept:
            return S.NaN  # coordinates of no kind
        return cls(*args[:3], *kept) if len(kept) + 3 < len(args) else None

    def fdiff(self, argindex: int = 1) -> Expr:
        raise ArgumentIndexError(self, argindex)

    def _eval_is_extended_real(self) -> bool | None:
        return True

    def _eval_is_nonnegative(self) -> bool | None:
        return True

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        args = [printer._print(a) for a in self.args]
        rows = [", ".join(args[:3]), *(", ".join(args[i : i + 4]) for i in range(3, len(args), 4))]
        head = self.head if exp is None else rf"{self.head}^{{{exp}}}"
        return rf"{head}\left({'; '.join(rows)}\right)"


class replica_tau(_Replica):
    """The deviation tau of the effective noise."""

    head = r"\tau_\star"
    numeric, multiprecision, ball = _array("tau"), _number("tau"), _enclosure(0)


class replica_theta(_Replica):
    """The effective strength theta of the penalty."""

    head = r"\theta_\star"
    numeric, multiprecision, ball = _array("theta"), _number("theta"), _enclosure(1)


class replica_mse(_Replica):
    """``E (eta - B)^2``, the limit of |beta - beta*|^2/d; equals delta (tau^2 - sigma^2)."""

    head = r"\mathrm{mse}_\star"
    numeric, multiprecision, ball = _array("mse"), _number("mse"), _enclosure(2)


class replica_penalty(_Replica):
    """``E q(eta; C)``, the limit of Q/d."""

    head = r"q_\star"
    numeric, multiprecision, ball = _array("penalty"), _number("penalty"), _enclosure(3)


def replica_multiplier(*args: Any) -> Expr:
    """``tau^2/theta^2``: the limit of |mu|^2/n, mu the multiplier of interpolation."""
    return (replica_tau(*map(sympify, args)) / replica_theta(*map(sympify, args))) ** 2


def replica_training_error(*args: Any) -> Expr:
    """``lambda^2 tau^2/theta^2``: the limit of |y - X beta|^2/n with ridge lambda."""
    return sympify(args[2]) ** 2 * replica_multiplier(*args)
