"""A statement about each network, decided on certified gaps; and how findings combine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ftproofs.claim import Relation
from ftproofs.verdict import ExperimentStatus

#: Gaps below this, relative, are rounding.
ROUNDING = 1e-12

#: From the strongest finding to the weakest pass.
_ORDER: tuple[ExperimentStatus, ...] = ("refuted", "error", "undecided", "none", "supported", "certified")


def combine(statuses: Iterable[ExperimentStatus]) -> ExperimentStatus:
    """Refuted if any part is; else error if any is; else the weakest. Nothing at all is undecided."""
    found = set(statuses)
    return next((status for status in _ORDER if status in found), "undecided")


@dataclass(frozen=True, slots=True)
class EachDecision:
    """What rows say about a statement on each network.

    ``worst`` is the index of the row that decides (the largest certain violation if
    refuted, else the row without a number, else the least certain one), ``gap`` and
    ``half_width`` are its figures. ``smallest_error_seen``: any larger error would have
    shown at some row.
    """

    status: ExperimentStatus
    worst: int | None = None
    gap: float | None = None
    half_width: float | None = None
    smallest_error_seen: float | None = None
    rows: tuple[ExperimentStatus, ...] = ()
    flags: tuple[str, ...] = ()


def violations(errors: np.ndarray, relation: Relation) -> np.ndarray:
    """How far from satisfying the relation: ``|error|`` for an equality, signed for an inequality.

    ``errors`` are ``lhs - rhs`` in any unit, any shape; a negative result means that an
    inequality holds with that much room.
    """
    if relation == "==":
        return np.abs(errors)
    return errors if relation in ("<", "<=") else -errors


def decide_each(
    gaps: np.ndarray, half_widths: np.ndarray, tolerance: float, statuses: Sequence[str] | None = None
) -> EachDecision:
    """Decide a statement about each network from certified gaps.

    A row is certified if ``gap + half_width <= tolerance``, refutes if
    ``gap - half_width > tolerance``, and is undecided otherwise; ``not-converged`` is
    undecided, any other status without a number (``diverged``) an error. Refuted if any
    row refutes; else error if any erred; else undecided if any is; else certified. No
    rows decide nothing. The flag ``disagrees-below-tolerance`` says that some gap is
    larger than its half-width though no row refutes.

    Args:
        gaps: shape (row,): `violations` of the statement, over ``max(|rhs|, scale/10)``.
        half_widths: shape (row,): certified bounds on the error of each gap, same unit.
        tolerance: the largest gap that counts as agreement.
        statuses: of each row; ``ok`` and ``saddle`` have numbers. Default: all ``ok``.
    """
    gaps, half_widths = np.asarray(gaps, dtype=float), np.asarray(half_widths, dtype=float)
    if statuses is None:
        statuses = ["ok"] * len(gaps)
    if not len(gaps) == len(half_widths) == len(statuses):
        raise ValueError(f"{len(gaps)} gaps, {len(half_widths)} half-widths and {len(statuses)} statuses")
    if not tolerance > 0 or np.any(half_widths < 0):
        raise ValueError("the tolerance must be positive and half-widths at least 0")
    rows = tuple(_row(g, h, s, tolerance) for g, h, s in zip(gaps, half_widths, statuses, strict=True))
    status = combine(rows)
    if not rows:
        return EachDecision(status)
    flags = ["saddle"] if "saddle" in statuses else []
    if status != "refuted" and bool(np.any(gaps > half_widths + ROUNDING)):
        flags.append("disagrees-below-tolerance")
    # Certain excess for a refutation; otherwise what could be the case at worst, rows without a number first.
    margin = gaps - half_widths if status == "refuted" else np.nan_to_num(gaps + half_widths, nan=math.inf)
    worst = max((i for i, row in enumerate(rows) if row == status), key=lambda i: margin[i])
    return EachDecision(
        status, worst, float(gaps[worst]), float(half_widths[worst]), _largest(half_widths), rows, tuple(flags)
    )


def _row(gap: float, half_width: float, status: str, tolerance: float) -> ExperimentStatus:
    if status == "not-converged":
        return "undecided"
    if status not in ("ok", "saddle") or math.isnan(gap):
        return "error"
    if not math.isfinite(half_width):
        return "undecided"
    if gap + half_width <= tolerance:
        return "certified"
    return "refuted" if gap - half_width > tolerance else "undecided"


def _largest(half_widths: np.ndarray) -> float:
    return math.inf if np.any(np.isnan(half_widths)) else float(np.max(half_widths))
