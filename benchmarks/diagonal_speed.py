"""What a replica fixed point and a dual solution of a diagonal network cost on one core.

The replica's fixed point at 256 settings of the four regimes solved as one batch, to 1e-10 with its error
estimate (target: under 20 ms each), and the dual oracle with its certificate at n = 100, d = 200 for a batch of
64 networks (target: under 5 ms each), for lazy, rich and mixed scales.  The best of several runs is printed,
and the worst, which tells how busy the machine was.

    python benchmarks/diagonal_speed.py --runs 5
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ftproofs.numeric.device import single_threaded
from ftproofs.numeric.diagonal import dual
from ftproofs.symbolic.replica_quadrature import Groups
from ftproofs.symbolic.replica_solver import FixedPoint, solve

SETTINGS, REPLICA_MS = 256, 20.0
SAMPLES, DIMENSION, NETWORKS, DUAL_MS = 100, 200, 64, 5.0


def replica_batch() -> FixedPoint:
    """Settings spread over scales, relative scales, readouts, ratios and noises; spike-and-slab tasks."""
    rng = np.random.default_rng(0)
    c = np.exp(rng.uniform(np.log(1e-3), np.log(5), SETTINGS))
    r, reinit = rng.uniform(-0.99, 0.9, SETTINGS), np.exp(rng.uniform(np.log(0.02), 0, SETTINGS))
    delta, sigma = rng.uniform(0.2, 0.8, SETTINGS), rng.uniform(0.05, 0.5, SETTINGS)
    density, shared = 0.3, 0.3
    on = (1 + r) * (c + np.hypot(c, density**-0.5)) + reinit**2
    off = 2 * (1 + r) * c + reinit**2
    size = (density * shared) ** -0.5
    weight = np.array([density * shared, density * (1 - shared), 1 - density])
    columns = np.ones((SETTINGS, 1))
    groups = Groups(
        columns * weight,
        np.log(np.stack([on, on, off], axis=1)),
        columns * np.array([size, 0.0, 0.0]),
        np.zeros((SETTINGS, 3)),
    )
    return solve(groups, delta, sigma)


def dual_batch(scale: Tensor) -> Callable[[], dual.Solution]:
    """The oracle on one batch of sparse tasks at the given scales, (d,)."""
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(NETWORKS, SAMPLES, DIMENSION, dtype=torch.float64, generator=generator) / SAMPLES**0.5
    beta = torch.randn(NETWORKS, DIMENSION, dtype=torch.float64, generator=generator) * 2
    beta[:, DIMENSION // 5 :] = 0
    y = torch.bmm(X, beta[:, :, None])[:, :, 0]
    return lambda: dual.solve(X, y, scale.expand(NETWORKS, DIMENSION).contiguous())


def timed(work: Callable[[], object], runs: int) -> tuple[float, float]:
    """The shortest and the longest of some runs, in seconds, after one that does not count."""
    work()
    seconds = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return min(seconds), max(seconds)


def main() -> None:
    """Print one line a batch."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    single_threaded()
    found = replica_batch()
    if not np.isfinite(found.error).all() or found.error.max() > 1e-10:
        raise SystemExit(f"a fixed point was missed: largest error {found.error.max()}")
    best, worst = (1e3 * t / SETTINGS for t in timed(replica_batch, runs))
    print(f"replica fixed point, batch {SETTINGS}: {best:.2f} to {worst:.2f} ms each (target {REPLICA_MS:g})")
    some = torch.arange(DIMENSION) < DIMENSION // 3
    scales = {
        "lazy": torch.ones(DIMENSION, dtype=torch.float64),
        "rich": torch.full((DIMENSION,), 1e-3, dtype=torch.float64),
        "mixed": torch.where(some, 0.2, 1e-3).double(),
    }
    for name, scale in scales.items():
        work = dual_batch(scale)
        if set(work().status) != {"ok"}:
            raise SystemExit(f"{name}: some networks were not solved")
        best, worst = (1e3 * t / NETWORKS for t in timed(work, runs))
        print(
            f"dual oracle, {name} scales, n = {SAMPLES}, d = {DIMENSION}, batch {NETWORKS}: "
            f"{best:.2f} to {worst:.2f} ms each (target {DUAL_MS:g})"
        )


if __name__ == "__main__":
    main()
