"""What a training engine hands back, and how exact it has to be."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import torch
from torch import Tensor

from ftproofs.names import Value
from ftproofs.numeric.tasks import Task

#: Training goes on until the bound is this small, relative to the smaller teacher norm ...
AIM = 1e-10
#: ... and a case whose bound ends above this did not converge.
ACCEPT = 1e-9

OK, SADDLE, NOT_CONVERGED, DIVERGED = "ok", "saddle", "not-converged", "diverged"


@dataclass(frozen=True)
class Trained:
    """Where a batch of trainings ended; arrays are float64 with the case first.

    ``beta`` (case, d) is at most ``bound + integration`` (case,) from the limit that training
    approaches.  ``bound`` is rigorous: the tail that was not trained, and rounding.
    ``integration`` is an estimate, 10 times the difference between two tolerances (or two
    step sizes), and 0 where the limit does not depend on the path.  ``status`` is
    ``ok``, ``saddle``, ``not-converged`` or ``diverged``.  ``drift`` (case,) is how far conserved
    quantities moved.  ``trajectory`` maps measurements over time to value and bound.
    """

    beta: Tensor
    bound: Tensor
    integration: Tensor
    status: tuple[str, ...]
    steps: Tensor
    drift: Tensor
    trajectory: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)
    flags: tuple[str, ...] = ()

    def first(self, count: int) -> Trained:
        """The first cases only."""
        cut = {f.name: getattr(self, f.name)[:count] for f in fields(self) if f.name not in ("trajectory", "flags")}
        trajectory = {name: (value[:count], bound[:count]) for name, (value, bound) in self.trajectory.items()}
        return replace(self, **cut, trajectory=trajectory)


def scale(task: Task, parameters: list[dict[str, Value]]) -> Tensor:
    """The norm to which a case's errors are relative, (case,): the smaller teacher's."""
    norms = [min(float(p[k]) for k in ("source_norm", "target_norm") if k in p) for p in parameters]
    return torch.tensor(norms, dtype=task.X.dtype, device=task.X.device)
