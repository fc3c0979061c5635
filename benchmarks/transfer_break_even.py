"""Break-even angles of fine-tuning from the law of each draw, beside trained networks (handbook section 5).

Items 4 and 5 there.  Run as

    python benchmarks/transfer_break_even.py --out docs/transfer-break-even.md

Outside the span of the data a balanced network of depth L scales what it was pretrained on by c, the root of
``c^(2L/(L-1)) s^2 = A^2 + c^2 b^2`` (L = oo: ``c = A/p``), so on every draw fine-tuning gains
``2 c <P_perp beta, P_perp theta_T> - c^2 b^2`` over scratch.  The mean gain is affine in the cosine of the angle but
for chance; where its line crosses 0 is the angle at which fine-tuning stops to help.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import elementwise

from ftproofs.claim import Rows
from ftproofs.names import INFINITE, Value, complete
from ftproofs.numeric import experiments
from ftproofs.settings import Block, Setting

#: The rows: n/d, label noise, source samples over d, depth (None: without end), the angle stated, degrees.
ROWS = (
    (0.5, 0.8, INFINITE, 1, 60.0),
    (0.5, 0.8, INFINITE, 2, 54.5),
    (0.5, 0.8, INFINITE, None, 41.0),
    (0.5, 0.2, INFINITE, 2, 59.6),
    (0.5, 0.0, 0.5, 2, 55.5),
    (0.5, 0.0, 0.5, None, 45.0),
)

#: Degrees around the angle stated at which draws are taken, and cases that share a design.
AROUND = (-8.0, -4.0, 0.0, 4.0, 8.0)
SHARED = 8


@dataclass(frozen=True)
class Found:
    """One row: the crossing in degrees, its standard error, and how far trained networks are from the law."""

    angle: float
    error: float
    trained: float


def factor(depth: int | None, A: np.ndarray, b: np.ndarray, s: np.ndarray) -> np.ndarray:
    """c of each draw, shape (case,), by root finding; of infinite depth A/p, p the source's part inside the span."""
    if depth == 1:
        return np.ones_like(A)
    if depth is None:
        return A / np.sqrt(s**2 - b**2)
    power = 2 * depth / (depth - 1)
    high = 2 + A / s + np.ones_like(A)
    return elementwise.find_root(
        lambda c, A, b, s: c**power * s**2 - A**2 - c**2 * b**2, (1e-9 * high, 100 * high), args=(A, b, s)
    ).x


def gains(rows: Rows, depth: int | None) -> np.ndarray:
    """The law's gain on every draw, shape (case,), from what was measured of its data alone."""
    value = rows.values
    c = factor(depth, value["min_norm"], value["perp_source_norm"], value["start_norm"])
    return 2 * c * value["perp_product"] - c**2 * value["perp_source_norm"] ** 2


def rows_at(values: dict[str, Value], count: int, engine: str, stage: str) -> Rows:
    """That many draws of a setting."""
    settings = tuple(
        Setting.of("transfer.finetune", complete("transfer.finetune", values), stage=stage, index=i)
        for i in range(count)
    )
    return experiments.run(Block(settings, engine))


def crossing(row: tuple[float, float, Value, int | None, float], d: int, designs: int, networks: int) -> Found:
    """The angle at which a row's mean gain is 0."""
    gamma, sigma, gamma_s, depth, stated = row
    angles, means, errors, gap = [], [], [], 0.0
    for shift in AROUND:
        theta = math.radians(stated + shift)
        L = 2 if depth is None else depth
        values: dict[str, Value] = {"d": d, "theta": theta, "sigma": sigma, "gamma_s": gamma_s, "L": L}
        drawn = rows_at(values | {"n": round(gamma * d)}, designs * SHARED, experiments.SOLVER, f"confirm/{SHARED}")
        by_design = gains(drawn, depth).reshape(designs, SHARED).mean(axis=1)
        angles.append(math.cos(theta))
        means.append(by_design.mean())
        errors.append(by_design.std(ddof=1) / math.sqrt(designs))
    small: dict[str, Value] = {"d": 60, "n": round(gamma * 60), "theta": math.radians(stated), "L": L}
    trained = rows_at(small | {"sigma": sigma, "gamma_s": gamma_s}, networks, "flow", "link-a")
    gap = float(np.abs(trained.values["transfer_gain"] - gains(trained, L)).max())
    (slope, offset), spread = np.polyfit(angles, means, 1, w=1 / np.array(errors), cov="unscaled")
    cosine = -offset / slope
    # Of the quotient, to first order.
    direction = np.array([offset / slope**2, -1 / slope])
    deviation = math.sqrt(direction @ spread @ direction) / math.sin(math.acos(cosine))
    return Found(math.degrees(math.acos(cosine)), math.degrees(deviation), gap)


def table(d: int, designs: int, networks: int) -> Iterator[str]:
    """The rows of the table in Markdown."""
    yield "| n/d | sigma | n_s/d | L | stated | found | standard error | trained networks minus law, worst |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in ROWS:
        gamma, sigma, gamma_s, depth, stated = row
        found = crossing(row, d, designs, networks)
        depths = "oo (networks: 2)" if depth is None else str(depth)
        yield (
            f"| {gamma} | {sigma} | {gamma_s} | {depths} | {stated} | "
            f"{found.angle:.2f} | {found.error:.2f} | {found.trained:.1e} |"
        )


PAGE = """# Break-even angles of fine-tuning

The angle between unit teachers, in degrees, at which fine-tuning and training from scratch draw; published: 60,
whatever the noise, the depth and the source data. Found by a line through mean gains at five angles, {designs} designs
of d = {d} with {shared} tasks each; the gain of each draw is that of the law of balanced networks of depth L. The last
column compares the law, draw by draw, with {networks} networks of that depth trained by the gradient flow of all
layers (d = 60). Networks of infinite depth cannot be trained: there the law alone speaks.

Made by `python benchmarks/transfer_break_even.py --out docs/transfer-break-even.md`.

{table}
"""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--d", type=int, default=512, help="dimension")
    parser.add_argument("--designs", type=int, default=64, help="designs at each of five angles")
    parser.add_argument("--networks", type=int, default=8, help="networks trained a row")
    parser.add_argument("--out", type=Path, help="the page to write; without it, it is printed")
    given = parser.parse_args()
    lines = "\n".join(table(given.d, given.designs, given.networks))
    text = PAGE.format(designs=given.designs, d=given.d, shared=SHARED, networks=given.networks, table=lines)
    if given.out is None:
        print(text)
    else:
        given.out.write_text(text)
