"""The seven settings in which fine-tuning formulas part, with full networks: handbook section 5, item 3.

Networks of width h = 30 at d = 200 are pretrained from a random start on all weights (entries
N(0, a^2/h) with a = 1e-4 at L = 2, 2e-2 at L = 3) and fine-tuned on all weights, by plain gradient descent
of step .005 and by gradient flow, and compared with the law of each draw, at depth L and with
c = 1: that of balanced networks with the pretrained network's predictor.

    python benchmarks/transfer_section5.py --nets 6 --out docs/transfer-section5.md
"""

from __future__ import annotations

import argparse
import math
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ftproofs.claim import Rows
from ftproofs.names import Value, complete, source_samples
from ftproofs.numeric import experiments, networks, pretraining, solvers, tasks
from ftproofs.numeric.device import single_threaded
from ftproofs.numeric.tasks import Task
from ftproofs.numeric.training import fixed_step
from ftproofs.settings import Block, Setting

D, WIDTH, STEP, NAME = 200, 30, 0.005, "transfer.finetune"
START = {2: 1e-4 / math.sqrt(WIDTH), 3: 2e-2 / math.sqrt(WIDTH)}


def commit() -> str:
    """The commit of the code that runs, or what is known instead."""
    here = Path(__file__).parent
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=here, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "unknown"


@dataclass(frozen=True)
class Row:
    """A setting of the table; angles in degrees."""

    gamma: float
    theta: float
    source_norm: float
    target_norm: float
    sigma: float
    gamma_s: Value = "inf"
    sigma_s: float = 0.0

    def label(self) -> str:
        """The setting as the handbook writes it."""
        numbers = (self.gamma, self.theta, self.source_norm, self.target_norm, self.sigma)
        finite = "" if self.gamma_s == "inf" else f"; {self.gamma_s:g}, {self.sigma_s:g}"
        return ", ".join(f"{x:g}" for x in numbers) + finite


ROWS = (
    Row(0.5, 60, 1, 1, 0),
    Row(0.5, 60, 1, 1, 0.2),
    Row(0.5, 60, 1, 1, 1),
    Row(0.5, 45, 1, 2, 0),
    Row(0.5, 45, 2, 1, 0),
    Row(0.5, 60, 1, 1, 0.2, 0.5, 0.2),
    Row(0.3, 45, 1, 1, 0.3, 1.5, 0.5),
)


@dataclass(frozen=True)
class Result:
    """Risks of the networks of one row and depth, (net,): by descent and by flow, and the laws of their starts."""

    row: Row
    depth: int
    descent: np.ndarray
    law: np.ndarray
    same: np.ndarray
    flow: np.ndarray
    flow_law: np.ndarray

    def gaps(self) -> tuple[float, float, float]:
        """Distances from the law: of descent's mean, of its worst network, of flow's worst network."""
        off = self.descent - self.law
        return abs(float(off.mean())), float(np.abs(off).max()), float(np.abs(self.flow - self.flow_law).max())


def settings(row: Row, depth: int, nets: int) -> tuple[Setting, ...]:
    """The networks' settings."""
    values = {"gamma": row.gamma, "d": D, "theta": math.radians(row.theta), "L": depth, "width": WIDTH}
    values |= {name: getattr(row, name) for name in ("source_norm", "target_norm", "sigma", "gamma_s", "sigma_s")}
    chosen = complete(NAME, values | {"init_scale": START[depth]})
    return tuple(Setting.of(NAME, chosen, stage="section5", index=i) for i in range(nets))


def run(row: Row, depth: int, nets: int) -> Result:
    """Train one row's networks at one depth."""
    chosen = settings(row, depth, nets)
    parameters = [s.parameters for s in chosen]
    task = tasks.draw(chosen)
    flow = experiments.run(Block(chosen, "flow"))
    if set(flow.status) != {"ok"}:
        raise RuntimeError(f"{row.label()}, L = {depth}: {flow.status}")
    start, end = descend(task, parameters, depth)
    design = solvers.factorise(task.X)
    law, same = (risk(task, solvers.deep_linear_endpoint(design, task.y, start, k)) for k in (depth, 1))
    return Result(row, depth, risk(task, end), law, same, flow.values["risk"], law_of(flow, depth))


def law_of(rows: Rows, depth: int) -> np.ndarray:
    """The risk that the law gives for what was measured of the start, (case,)."""
    v = rows.values
    A, b, s = (v[name] for name in ("min_norm", "perp_source_norm", "start_norm"))
    low, high = np.full_like(A, 1e-6), np.full_like(A, 1e6)
    for _ in range(200):
        c = np.sqrt(low * high)
        above = c ** (2 * depth / (depth - 1)) * s**2 > A**2 + c**2 * b**2
        low, high = np.where(above, low, c), np.where(above, c, high)
    return v["perp_target_norm"] ** 2 - 2 * c * v["perp_product"] + c**2 * b**2 + v["noise_risk"]


def descend(task: Task, parameters: list[dict[str, Value]], depth: int) -> tuple[Tensor, Tensor]:
    """Predictors (case, d) of networks pretrained, and then fine-tuned, by gradient descent of step .005."""
    weights = networks.random_start(task.settings, depth, WIDTH, D)
    samples = source_samples(parameters[0])
    if samples is None:
        weights, slope, _ = fixed_step.descend(weights, STEP, teacher=task.source)
    else:
        source = pretraining.source_task(task, range(len(task)), samples)
        weights, slope, _ = fixed_step.descend(weights, STEP, X=source.X, y=source.y)
    start = networks.predictor(weights)
    weights, end, _ = fixed_step.descend(weights, STEP, X=task.X, y=task.y)
    if not float(torch.stack([slope, end]).amax()) <= fixed_step.TOLERANCE:
        raise RuntimeError("gradient descent did not arrive")
    return start.detach(), networks.predictor(weights)


def risk(task: Task, beta: Tensor) -> np.ndarray:
    """Squared distance from the target, (case,)."""
    return (beta - task.target).square().sum(dim=1).numpy()


def table(results: list[Result]) -> str:
    """The results as Markdown."""
    head = "setting (gamma, theta, s, tau, sigma; gamma_s, sigma_s)"
    lines = [
        "# Fine-tuned networks against the law of each draw",
        "",
        f"Full networks, d = {D}, hidden width {WIDTH}, pretrained from a random start (entries N(0, a^2/{WIDTH}) with "
        "a = 1e-4 at L = 2, 2e-2 at L = 3) and fine-tuned on all layers, "
        f"{len(results[0].law)} networks a row; mean risks. `descent` is plain gradient descent of step {STEP:g} "
        "throughout, `flow` integrated gradient flow. The law of a draw is that of balanced networks of depth L with "
        "the pretrained predictor; with c = 1 it is that of L = 1. Gaps are distances from the law at depth L.",
        "",
        "Made by `python benchmarks/transfer_section5.py --nets 6 --out docs/transfer-section5.md` (about three "
        f"minutes of one core) at commit {commit()}; the draws follow from the hash of what draws and trains.",
        "",
        f"| {head} | L | descent | law | law, c = 1 | gap of the mean | worst network | flow: worst network |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in results:
        mean = " | ".join(f"{x.mean():.4f}" for x in (r.descent, r.law, r.same))
        gaps = " | ".join(f"{x:.1e}" for x in r.gaps())
        lines.append(f"| {r.row.label()} | {r.depth} | {mean} | {gaps} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run all rows and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nets", type=int, default=6)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    single_threaded()
    results = []
    for depth in START:
        for row in ROWS:
            results.append(run(row, depth, options.nets))
            print(row.label(), depth, *results[-1].gaps(), flush=True)
    options.out.write_text(table(results))


if __name__ == "__main__":
    main()
