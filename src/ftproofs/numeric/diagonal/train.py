"""Gradient flow of diagonal networks to its limit: raw weights, two tolerances, one Newton step at the end."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ftproofs.numeric.diagonal.compiled import suits, train_compiled
from ftproofs.numeric.diagonal.ended import Ended
from ftproofs.numeric.diagonal.finish import compare, finish
from ftproofs.numeric.diagonal.network import Weights
from ftproofs.numeric.diagonal.path import AutogradPath, Path
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.training import flow
from ftproofs.numeric.training.bounds import norm
from ftproofs.numeric.training.result import ACCEPT, AIM

#: Local error tolerances, relative to the norm of all weights: the result's, and the one it is compared with.
TOLERANCES = (1e-12, 1e-10)

#: The same where the tail is integrated to the end, so that noise has to stay below the last residual.
TAIL_TOLERANCES = (1e-13, 2e-12)

MAX_STEPS = 40_000

#: Designs integrated together are this large at most, in numbers: they are read again at every stage.
CACHED = 1 << 19


def train_flow(
    problem: Regression,
    starts: Sequence[Weights],
    unit: Tensor,
    *,
    method: int = 0,
    rate: float = 1.0,
    max_steps: int | None = None,
    aim: float = AIM,
    tolerances: tuple[float, float] | None = None,
    engine: str = "",
) -> list[Ended]:
    """Gradient flow from several starts of every case, each to its limit.

    Args:
        problem: the cases' regressions.
        starts: each (case, d).
        unit: (case,), the size that errors are relative to.
        method: 0 written slopes and a Newton step at the end, 1 slopes from autograd and no step.
        rate: factor on the flow's speed; 0 trains nothing.
        max_steps: steps after which a case is given up.
        aim: bound at which a case stops, relative to its unit.
        tolerances: the result's, and the looser one that it is compared with.
        engine: ``torch`` never takes the compiled loop; otherwise small networks on the CPU do (`compiled.suits`).
    """
    jump = method == 0 and not starts[0].frozen
    aim = aim if jump else max(aim, ACCEPT / 2)
    tolerances = tolerances or (TOLERANCES if jump else TAIL_TOLERANCES)
    max_steps = MAX_STEPS if max_steps is None else max_steps
    if method == 0 and engine != "torch" and suits(problem):
        return train_compiled(
            problem,
            starts,
            unit,
            tolerances=tolerances,
            target=aim * unit,
            jump=jump,
            rate=rate,
            max_steps=max_steps,
        )
    count = len(unit)
    size = 1 if problem.X is None else problem.X[0].numel()
    most = max(2, CACHED // size)
    parts = []
    for first in range(0, count, most):
        begin = min(first, max(0, count - 2))  # never a batch of one
        index = torch.arange(begin, min(first + most, count), device=unit.device)
        some = [start.select(index) for start in starts]
        ended = _train(problem.select(index), some, unit[index], method, jump, rate, max_steps, aim, tolerances)
        parts.append([e.select(slice(first - begin, None)) for e in ended])
    return [Ended.joined([part[i] for part in parts]) for i in range(len(starts))]


def _train(
    problem: Regression,
    starts: Sequence[Weights],
    unit: Tensor,
    method: int,
    jump: bool,
    rate: float,
    max_steps: int,
    aim: float,
    tolerances: tuple[float, float],
) -> list[Ended]:
    copies = 2 * len(starts)
    rows = Weights.woven([start for start in starts for _ in range(2)])
    kind = AutogradPath if method else Path
    path = kind(problem, rows, copies, (aim * unit).repeat_interleave(copies), jump=jump, rate=rate)
    tolerance = torch.tensor(list(tolerances) * len(starts), dtype=unit.dtype, device=unit.device).repeat(len(unit))
    z0 = path.pack(rows)
    scale = (norm(z0) ** 2 + norm(problem.y).repeat_interleave(copies)).sqrt()
    z, code, steps = flow.integrate(path, z0, scale, tolerance, max_steps, group=copies)
    repeated = problem.select(torch.arange(len(unit), device=unit.device).repeat_interleave(copies))
    weights, mu, energy = path.unpack(z)
    ended = finish(repeated, rows, weights, mu, energy, path.record, code, steps, jump=jump)
    return compare(ended, code, unit, len(starts))
