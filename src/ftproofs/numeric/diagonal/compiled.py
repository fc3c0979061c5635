"""Flow and descent of diagonal networks by the compiled loops of `numeric.loops`: from tensors to arrays and back.

Which engine follows a network is decided by its own size and the device, never by its neighbours: rows replay on the
same machine whatever they are measured with.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ftproofs.numeric.diagonal.dual import compiles
from ftproofs.numeric.diagonal.ended import Ended, Reading
from ftproofs.numeric.diagonal.network import Weights
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.training import flow
from ftproofs.numeric.training.bounds import UNIT
from ftproofs.numeric.training.problem import SAFETY
from ftproofs.numeric.training.result import ACCEPT, DIVERGED, NOT_CONVERGED, OK


def suits(problem: Regression) -> bool:
    """Whether networks of this size are followed by the compiled loop."""
    return compiles(problem.y, problem.y.shape[1] if problem.X is None else problem.X[0].numel())


def train_compiled(
    problem: Regression,
    starts: Sequence[Weights],
    unit: Tensor,
    *,
    tolerances: tuple[float, float],
    target: Tensor,
    jump: bool,
    rate: float,
    max_steps: int,
) -> list[Ended]:
    """The flow from several starts of every case, each to its limit, at both tolerances.

    Args:
        target: (case,), bounds at which rows have arrived; jump: whether a Newton step is taken there.
        The other parameters are those of `train.train_flow`.
    """
    from ftproofs.numeric.loops.flow import few, trained

    cases, copies = len(unit), 2 * len(starts)
    tolerance = np.array(tolerances * (cases * len(starts)))
    goals = np.repeat(target.numpy(), copies)
    rules = starts[0].frozen, jump, float(rate), int(max_steps)
    alone = few(problem.y.shape[1], starts[0].wp.shape[1], dense=problem.X is not None)
    found = trained(*_arrays(problem, starts, 2), goals, tolerance, *rules, alone)
    return _compared(found, starts, unit)


def descend_compiled(
    problem: Regression, starts: Sequence[Weights], unit: Tensor, eta: Tensor, target: Tensor, max_steps: int
) -> list[Ended]:
    """Gradient descent from several starts of every case.

    Args:
        eta: (case, start, run), the steps: of one run, or of two whose difference tells how far the flow is.
        target: (case,), bounds at which rows have arrived.
    """
    from ftproofs.numeric.loops.descent import descended

    runs = eta.shape[2]
    goals = np.repeat(target.numpy(), runs * len(starts))
    arrays = _arrays(problem, starts, runs)
    found = descended(*arrays, eta.reshape(-1).numpy(), goals, starts[0].frozen, int(max_steps))
    return _compared(found, starts, unit)


def train_together(
    problems: tuple[Regression, Regression],
    start: Tensor,
    size: Tensor,
    steepest: Tensor,
    goal: Tensor,
    tolerance: Tensor,
    max_steps: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """The flow of `multitask.SharedFlow` from rows of weights, case by case over and over.

    Args:
        problems: the cases' regressions on the two tasks.
        The others are those of `loops.shared.trained_together`.

    Returns:
        the ends (row, 6 d), codes of `flow` (row,) and steps (row,).
    """
    from ftproofs.numeric.loops.shared import trained_together

    designs = [np.empty((len(p.y), 0, 0)) if p.X is None else np.ascontiguousarray(p.X.numpy()) for p in problems]
    one, two = (np.ascontiguousarray(p.y.numpy()) for p in problems)
    begin, *numbers = (np.ascontiguousarray(z.numpy()) for z in (start, size, steepest, goal, tolerance))
    units, steep, goals, tolerances = numbers
    found = trained_together(designs[0], one, designs[1], two, begin, units, steep, goals, tolerances, max_steps)
    ends, codes = (torch.from_numpy(z) for z in found)
    return ends, codes[:, 0], codes[:, 1].to(start.dtype)


def _arrays(
    problem: Regression, starts: Sequence[Weights], runs: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Designs, what spans their rows, labels, and so many rows of each start, as `loops.flow.trained` takes them."""
    (cases, d), n = starts[0].wp.shape, problem.y.shape[1]
    begin = np.empty((cases, len(starts), runs, 4, d))
    for i, start in enumerate(starts):
        for v, part in enumerate(start.tensors()):
            begin[:, i, :, v] = part.numpy()[:, None, :]
    X, Q = np.empty((cases, 0, 0)), np.empty((cases, 0, 0))
    if problem.X is not None:
        X = np.ascontiguousarray(problem.X.numpy())
        if n < d:
            Q = np.ascontiguousarray(torch.linalg.qr(problem.X.mT).Q.numpy())
    return X, Q, np.ascontiguousarray(problem.y.numpy()), begin.reshape(-1, 4, d)


def _compared(found: tuple[np.ndarray, ...], starts: Sequence[Weights], unit: Tensor) -> list[Ended]:
    from ftproofs.numeric.loops.ending import TAIL

    cases = len(unit)
    pairs = [z.reshape(cases, len(starts), -1, *z.shape[1:]) for z in found]
    good = pairs[3][:, :, 0, TAIL] <= 1e3 * ACCEPT * unit.numpy()[:, None]
    return [_ended(start, [z[:, i] for z in pairs], good[:, i]) for i, start in enumerate(starts)]


def _ended(start: Weights, pairs: list[np.ndarray], good: np.ndarray) -> Ended:
    """One start's tight runs, (case, tight or loose, ...), their integration error estimated from the loose ones.

    A single run is compared with nothing.
    """
    from ftproofs.numeric.loops import ending

    ends, predictors, mu, numbers, vectors, codes = pairs
    single, last = numbers.shape[1] == 1, numbers.shape[1] - 1
    tight, loose = numbers[:, 0], numbers[:, last]
    steps = codes[:, 0, 1].astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # of what diverged
        gap = np.sqrt(np.square(predictors[:, 0] - predictors[:, last]).sum(axis=1))
        size = np.sqrt(np.square(predictors[:, 0]).sum(axis=1))
    integration = np.zeros_like(gap) if single else SAFETY * gap + 4 * UNIT * steps * size
    t = torch.from_numpy
    wide = tight[:, 1 : ending.TAIL : 2] + _apart(tight[:, : ending.TAIL : 2], loose[:, : ending.TAIL : 2])
    names = ending.READINGS + (() if start.frozen else ending.CONSERVED)
    path: dict[str, Reading] = {name: (t(tight[:, 2 * i]), t(wide[:, i])) for i, name in enumerate(names)}
    path["mu"] = t(mu[:, 0]), t(tight[:, ending.MU_BOUND, None] + _apart(mu[:, 0], mu[:, last]))
    first, second = vectors[:, 0], vectors[:, last]
    phase = tight[:, ending.PHASE_BOUND, None] + _apart(first[:, 0], second[:, 0])
    path["phase"] = t(first[:, 0]), t(phase)
    if not start.frozen:
        loosened = first[:, 2::2] + _apart(first[:, 1::2], second[:, 1::2])
        path |= {name: (t(first[:, 1 + 2 * i]), t(loosened[:, i])) for i, name in enumerate(ending.PRODUCTS)}
    statuses = []
    for (a, b), fine in zip(codes[:, [0, last], 0].tolist(), good.tolist(), strict=True):
        lost = flow.NOT_FINITE in (a, b)
        statuses.append(DIVERGED if lost else OK if a == b == flow.ARRIVED and fine else NOT_CONVERGED)
    wp, vp, wm, vm = (t(ends[:, 0, v]) for v in range(4))
    arrays = (t(predictors[:, 0]), t(mu[:, 0]), t(first[:, 0]), t(tight[:, ending.TAIL]), t(integration))
    end = Weights(wp, vp, wm, vm, start.frozen)
    return Ended(start, end, *arrays, tuple(statuses), t(steps), path, True)


def _apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """What the difference of two tolerances says of the error; equal infinities do not differ."""
    with np.errstate(invalid="ignore"):
        return np.where(a == b, 0.0, SAFETY * np.abs(a - b))
