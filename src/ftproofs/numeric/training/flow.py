"""Integration of autonomous flows in batches: explicit, of order 8, step size and stop by case.

The method is DOP853 (Hairer, Norsett and Wanner, *Solving Ordinary Differential Equations I*, 2nd ed.,
II.5 and II.10), with SciPy's coefficients.
"""

from __future__ import annotations

from typing import Protocol

import torch
from scipy.integrate._ivp import dop853_coefficients as dop853
from torch import Tensor

from ftproofs.numeric.elementwise import power
from ftproofs.numeric.training.batching import survivors

STAGES = dop853.N_STAGES
_A = torch.from_numpy(dop853.A[:STAGES, :STAGES].copy())
#: Rows: the step, and the error estimates of order 5 and 3.
_WEIGHTS = torch.stack([torch.from_numpy(w[:STAGES].copy()) for w in (dop853.B, dop853.E5, dop853.E3)])

#: Step sizes stay below this, also where nothing moves.
LONGEST = 1e12

RUNNING, ARRIVED, AT_SADDLE, EXHAUSTED, NOT_FINITE = range(5)


class System(Protocol):
    """An autonomous flow ``z' = f(z)`` of a batch of cases, which watches where it is."""

    def bind(self, z: Tensor) -> object:
        """Whatever makes slopes at the buffer z (case, m) fast; handed back to `slope`."""

    def slope(self, at: object, out: object) -> None:
        """Write f of one bound buffer into another one."""

    def watch(self, z: Tensor, t: Tensor, slope: Tensor, moved: Tensor, h: Tensor, begin: Tensor) -> Tensor:
        """After a slope at z, reached at time t from ``begin`` by a step h: record the cases that moved.

        Returns RUNNING, ARRIVED or AT_SADDLE for each.
        """

    def keep(self, index: Tensor) -> None:
        """Forget all cases but these."""


class Stages(Protocol):
    """Another way to take a step's stages, as `_Workspace.stages` does."""

    def __call__(self, start: Tensor, h: Tensor, K: Tensor, move: Tensor) -> None:
        """From z (case, m) and slopes ``K[:, 0]`` to move (case, 3, m); the rest of K (case, stage, m) is scratch."""


class _Workspace:
    """Buffers of one batch size, with the views of them that every step uses."""

    def __init__(self, system: System, z: Tensor, quick: Stages | None = None) -> None:
        count, m = z.shape
        self.quick, self.move = quick, z.new_empty(count, 3, m)
        A, weights = _A.to(z), _WEIGHTS.to(z)
        self.table = torch.cat([A, weights])[None]
        self.scaled = z.new_empty(count, STAGES + 3, STAGES)
        self.K = z.new_empty(count, STAGES, m)
        self.stage, self.start = z.new_empty(count, m), z.clone()
        self.rows = [(self.scaled[:, s : s + 1, :s], self.K[:, :s]) for s in range(STAGES)]
        self.last = self.scaled[:, STAGES:]
        self.stage3, self.start3 = self.stage[:, None, :], self.start[:, None, :]
        self.new_slope = z.new_empty(count, m)
        self.at = system.bind(self.stage)
        self.out = [system.bind(self.K[:, s]) for s in range(STAGES)]
        self.new_out = system.bind(self.new_slope)

    def stages(self, system: System, h: Tensor) -> Tensor:
        """Step and error estimates (case, 3, m) from the start, whose slope is in ``K[:, 0]``."""
        if self.quick is not None:
            self.quick(self.start, h, self.K, self.move)
            return self.move
        torch.mul(h[:, None, None], self.table, out=self.scaled)
        for s in range(1, STAGES):
            coefficients, slopes = self.rows[s]
            torch.baddbmm(self.start3, coefficients, slopes, out=self.stage3)
            system.slope(self.at, self.out[s])
        return torch.bmm(self.last, self.K, out=self.move)


class Probe:
    """Steps of a batch of cases from where they start, z (case, m), to wherever one wants to look."""

    def __init__(self, system: System, z: Tensor) -> None:
        self.system, self.work = system, _Workspace(system, z)
        self.work.stage.copy_(z)
        system.slope(self.work.at, self.work.out[0])

    def slope(self, h: Tensor) -> Tensor:
        """The slope (case, m) after a step h (case,); the system is left there."""
        work = self.work
        torch.add(work.start, work.stages(self.system, h)[:, 0], out=work.stage)
        self.system.slope(work.at, work.new_out)
        return work.new_slope


def integrate(
    system: System,
    z: Tensor,
    scale: Tensor,
    tolerance: Tensor,
    max_steps: int,
    horizon: Tensor | None = None,
    group: int = 1,
    quick: Stages | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Follow the flow from z (case, m) until ``system.watch`` says each case is done.

    Args:
        scale: (case,), size of z that errors are relative to.
        tolerance: (case,), local error allowed, relative to the scale.
        max_steps: steps tried before a case is given up.
        horizon: (case,), times at which cases arrive whatever they watch.
        group: so many consecutive cases are kept together.
        quick: takes the stages of a step in place of calls of ``system.slope``.

    Returns:
        the ends (case, m), how each case ended (int64 codes), steps tried (case,).
    """
    end, code = z.clone(), torch.zeros(len(z), dtype=torch.int64, device=z.device)
    steps = torch.full((len(z),), float(max_steps), dtype=z.dtype, device=z.device)
    alive = torch.arange(len(z), device=z.device)
    running = torch.ones(len(z), dtype=torch.bool, device=z.device)
    t = torch.zeros_like(steps)
    allowed = tolerance * scale

    work = _Workspace(system, z, quick)
    work.stage.copy_(z)
    system.slope(work.at, work.out[0])
    speed = torch.linalg.vector_norm(work.K[:, 0], dim=1)
    h = torch.where(speed > 0, 0.01 * scale / speed, 1.0).clamp_max(LONGEST)
    previous = torch.full_like(h, 1e-4)
    horizon = torch.full_like(t, torch.inf) if horizon is None else horizon
    h = torch.minimum(h, horizon)
    state = system.watch(work.start, t, work.K[:, 0], running, torch.zeros_like(h), work.start)

    for tried in range(max_steps + 1):
        done = state != RUNNING
        if tried == max_steps:
            state = torch.where(done, state, EXHAUSTED)
            done = torch.ones_like(done)
        new = done & running
        if bool(new.any()):
            end[alive[new]], code[alive[new]], steps[alive[new]] = work.start[new], state[new], float(tried)
            running = running & ~new
            if not bool(running.any()):
                break
            index = survivors(running, group)
            if index is not None:
                system.keep(index)
                first, start = work.K[index, 0], work.start[index]
                work = _Workspace(system, start, quick)
                work.K[:, 0] = first
                alive, running, t, h = alive[index], running[index], t[index], h[index]
                allowed, previous, state, horizon = allowed[index], previous[index], state[index], horizon[index]
        h, previous, state = _advance(system, work, h, t, previous, allowed, running, state)
        left = horizon - t
        state = torch.where((left <= 1e-14 * t) & (state == RUNNING), ARRIVED, state)
        h = torch.minimum(h, left)
    return end, code, steps


def _advance(
    system: System,
    work: _Workspace,
    h: Tensor,
    t: Tensor,
    previous: Tensor,
    allowed: Tensor,
    running: Tensor,
    state: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Try one step of every case, in place; the next step sizes, errors and states."""
    move = work.stages(system, h)
    size = torch.linalg.vector_norm(move[:, 1:], dim=2)
    fifth, third = size[:, 0], size[:, 1]
    error = fifth * fifth / torch.sqrt(fifth * fifth + 0.01 * third * third).clamp_min(1e-300) / allowed
    finite = torch.isfinite(error)
    accepted = (error <= 1) & running
    torch.add(work.start, move[:, 0], out=work.stage)
    system.slope(work.at, work.new_out)
    moved = accepted[:, None]
    end, slope = torch.where(moved, work.stage, work.start), torch.where(moved, work.new_slope, work.K[:, 0])
    t += torch.where(accepted, h, 0.0)

    found = system.watch(end, t, slope, accepted, h, work.start)
    work.start.copy_(end)
    work.K[:, 0] = slope
    state = torch.where(accepted, found, state)
    # Proportional-integral control; it avoids the rejections of a stiff tail.
    error = error.clamp_min(1e-12)
    factor = 0.9 * power(error, -0.095) * power(previous, 0.04)
    factor = torch.where(accepted, factor.clamp(0.3, 6.0), (0.9 * power(error, -0.125)).clamp(0.1, 0.9))
    factor = torch.where(finite, factor, 0.1)
    previous = torch.where(accepted, error, previous)
    h = (h * factor).clamp_max(LONGEST)
    state = torch.where((h < 1e-15 * t) | ~(h > 1e-300), NOT_FINITE, state)
    return h, previous, state
