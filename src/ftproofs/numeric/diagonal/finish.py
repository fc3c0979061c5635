"""From where an integration stopped to where training ends: one Newton step, bounds, readings.

The step ``K^-1 rho`` in mu turns every coordinate's weights along their orbit; `dual` has the bound on what is left.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ftproofs.numeric.diagonal.arrival import whitened
from ftproofs.numeric.diagonal.conserved import conserved
from ftproofs.numeric.diagonal.dual import newton_bounds
from ftproofs.numeric.diagonal.ended import Ended, Reading
from ftproofs.numeric.diagonal.network import Weights
from ftproofs.numeric.diagonal.record import Record
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.training import flow
from ftproofs.numeric.training.bounds import UNIT, norm
from ftproofs.numeric.training.problem import SAFETY
from ftproofs.numeric.training.result import ACCEPT, DIVERGED, NOT_CONVERGED, OK


def finish(
    problem: Regression,
    start: Weights,
    weights: Weights,
    mu: Tensor,
    energy: Tensor,
    record: Record,
    code: Tensor,
    steps: Tensor,
    *,
    jump: bool,
) -> Ended:
    """Where every row ended, the last step taken where it has arrived and one is to come.

    Args:
        problem: every row's own regression.
        start, weights: where the rows started and stopped.
        mu: (row, n), the time integral of the residual; energy: (row,), that of its square.
        code: (row,), codes of `flow`.
    """
    beta, speed = weights.beta, weights.speed
    rho = problem.residual(beta)
    arrived = code == flow.ARRIVED
    fastest = speed.amax(dim=1)
    loose = problem.rounding(beta) + 4 * UNIT * norm(rho)
    if problem.X is None:
        step, reach = rho / speed, torch.rsqrt(speed.amin(dim=1))
        decrement, inverse = norm(rho / speed.sqrt()), reach
        far, near = (norm(z) for z in newton_bounds(rho.abs() / speed.sqrt(), torch.rsqrt(speed), speed))
        inexact = loose
    else:
        found = whitened(problem.X, speed, rho)
        step, reach, inverse, decrement = found.step, found.reach, found.inverse, found.decrement
        far, near = newton_bounds(decrement, reach, fastest)
        inexact = fastest.sqrt() * inverse * loose
    if start.frozen:
        far = fastest.sqrt() * decrement
    jumped = arrived & jump
    step = torch.where(jumped[:, None], step, 0.0)
    end = weights.turned(problem.pull(step))
    end_beta = torch.where(jumped[:, None], end.beta, beta)
    mu = mu + step
    s = problem.pull(mu)
    tail = torch.where(jumped, near, far) + inexact + 8 * UNIT * norm(end.square)
    # In mu and in X' mu what is left is bounded in the norm of K: |L^-1| and k carry it over.
    remaining = tail / fastest.sqrt()
    # The step's share of the energy is rho' step / 2 but for the change of K along it.
    last = decrement**2 * torch.where(jumped, 4 * reach * decrement, 1.0)
    angle = start.angle(end_beta)
    tiny = 64 * UNIT * (norm(angle) + speed.shape[1] ** 0.5)
    readings: dict[str, Reading] = {
        "loss_integral": (energy + (rho * step).sum(dim=1) / 2, last + loose * norm(mu) + 8 * UNIT * energy),
        "kkt_gap": (norm(problem.outside(angle)), tiny),
        "path_kkt_gap": (record.kkt, tiny),
        "loss_time": (record.loss_time, record.loss_time_gap),
        "loss_decay": (record.decay, record.decay_gap),
        "mu": (mu, (inverse * remaining)[:, None].expand_as(mu)),
        "phase": (s, (reach * remaining)[:, None].expand_as(beta)),
    }
    readings |= conserved(start, end, s)
    nothing = torch.zeros_like(tail)
    return Ended(start, end, end_beta, mu, s, tail, nothing, (OK,) * len(tail), steps, readings)


def compare(
    ended: Ended, code: Tensor, unit: Tensor, starts: int, *, exact: bool = False, single: bool = False
) -> list[Ended]:
    """Of every start the tight run, its integration error estimated from the loose one.

    Args:
        ended: rows case by case: of each start a tight and a loose one.
        unit: (case,), the size that errors are relative to.
        exact: whether the limit does not depend on the path.
        single: whether there is only one run of each start, compared with nothing.
    """
    found = []
    for i in range(starts):
        runs = 1 if single else 2
        pick = [slice(runs * i + j % runs, None, runs * starts) for j in range(2)]
        tight, loose = (ended.select(p) for p in pick)
        codes = [code[p].tolist() for p in pick]
        integration = torch.zeros_like(tight.tail)
        if not exact:
            integration = SAFETY * norm(tight.beta - loose.beta) + 4 * UNIT * tight.steps * norm(tight.beta)
        status = []
        for a, b, good in zip(*codes, (tight.tail <= 1e3 * ACCEPT * unit).tolist(), strict=True):
            lost = flow.NOT_FINITE in (a, b)
            status.append(DIVERGED if lost else OK if a == b == flow.ARRIVED and good else NOT_CONVERGED)
        path = {}
        for name, (value, bound) in tight.path.items():
            other = loose.path[name][0]
            path[name] = value, bound + SAFETY * torch.where(value == other, 0.0, (value - other).abs())
        found.append(replace(tight, integration=integration, status=tuple(status), path=path))
    return found
