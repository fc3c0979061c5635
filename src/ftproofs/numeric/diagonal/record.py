"""What happens along a training: extremes over time of the loss and of the optimality of the path."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ftproofs.numeric.diagonal.network import Weights
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.training.bounds import norm

#: The rate of decay is looked at until the loss has fallen by this.
FALLEN = 1e-8

#: Of the size of a network, ``|z|^2 + |y|``, squared: a loss that is rounding.
NOTHING = 1e-26

#: Points inside each step at which the interpolated loss is looked at.
INSIDE = 8

#: Halvings of an interval that find a crossing to the last bits.
HALVINGS = 50


class Record:
    """Extremes over the accepted steps of every row of a batch, (row,) each.

    Between two steps ``ln L`` is interpolated by the cubic that has the values and slopes at both ends.
    """

    def __init__(self, problem: Regression, start: Weights, copies: int) -> None:
        rows = len(start.wp)
        self.copies = copies
        new = start.wp.new_full
        self.loss_time, self.loss_time_gap = new((rows,), 0.0), new((rows,), 0.0)
        self.decay, self.decay_gap = new((rows,), torch.inf), new((rows,), 0.0)
        self.kkt = new((rows,), 0.0)
        self.initial = new((rows,), torch.nan)
        squares = torch.stack([z.square().sum(dim=1) for z in start.tensors()]).sum(dim=0)
        self.nothing = torch.log(NOTHING * (squares + norm(problem.y).repeat_interleave(copies)) ** 2)
        self.last: tuple[Tensor, Tensor, Tensor] = (new((rows,), 0.0), new((rows,), 0.0), new((rows,), 0.0))
        self.start = start
        square = problem.X is None or problem.X.shape[1] == problem.X.shape[2]
        self.whole = None if square or problem.X is None else torch.linalg.qr(problem.X.mT).Q
        self.attend(torch.arange(rows // copies, device=start.wp.device))

    def attend(self, cases: Tensor) -> None:
        """Work on these cases of the whole batch from now on."""
        rows = (cases[:, None] * self.copies + torch.arange(self.copies, device=cases.device)).flatten()
        self.basis = None if self.whole is None else self.whole[cases]
        self.own = self.start.select(rows)
        self.own_scale, self.own_phase = self.own.scale, self.own.phase

    def see(self, rows: Tensor, moved: Tensor, t: Tensor, rho: Tensor, fall: Tensor, beta: Tensor) -> None:
        """The rows that moved stand at time t with residual rho (row, n), ``L' = -fall`` and predictor beta."""
        if self.basis is not None:
            z = beta / self.own_scale
            angle = ((z if self.own.frozen else torch.asinh(z)) - self.own_phase) / 2
            wide = angle.view(-1, self.copies, angle.shape[1])
            outside = wide - torch.bmm(torch.bmm(wide, self.basis), self.basis.mT)
            gap = norm(outside.view_as(angle))
            self.kkt[rows] = torch.where(moved, torch.maximum(self.kkt[rows], gap), self.kkt[rows])
        index = rows[moved]
        if len(index):
            loss = rho[moved].square().sum(dim=1) / 2
            fresh = torch.isnan(self.initial[index])
            self.initial[index] = torch.where(fresh, loss, self.initial[index])
            self._steps(index, t[moved], loss, fall[moved])

    def fallen(self, rows: Tensor) -> Tensor:
        """Whether the rows' loss has fallen so far that their mean rate of decay is known, or is rounding; (row,).

        A training that ended before, since its loss was small from the beginning, would have a rate of its own.
        """
        floor = torch.log(self.initial[rows].clamp_min(1e-300)) + math.log(FALLEN)
        return self.last[1][rows] <= torch.maximum(floor, self.nothing[rows])

    def _steps(self, index: Tensor, t: Tensor, loss: Tensor, fall: Tensor) -> None:
        log = torch.log(loss.clamp_min(1e-300))
        slope = -fall / loss.clamp_min(1e-300)
        before = tuple(part[index] for part in self.last)
        for part, value in zip(self.last, (t, log, slope), strict=True):
            part[index] = value
        h = t - before[0]
        moved = h > 0
        first = torch.log(self.initial[index].clamp_min(1e-300))
        share = torch.linspace(0, 1, INSIDE + 2, dtype=t.dtype, device=t.device)[1:]
        u, H = share[None, :], torch.where(moved, h, 1.0)[:, None]
        l0, l1 = before[1][:, None], log[:, None]
        m0, m1 = before[2][:, None] * H, slope[:, None] * H
        cubic = _cubic(u, l0, m0, l1, m1)
        # The cubic's error, judged by how far it leaves the quadratic through the same ends.
        loose = (m0 + m1 - 2 * (l1 - l0)).abs().amax(dim=1) / 8
        when = before[0][:, None] + u * H
        product = torch.where(moved[:, None], when * torch.exp(cubic), 0.0)
        top = product.amax(dim=1)
        higher = top > self.loss_time[index]
        ends = torch.maximum(when[:, -1] * loss, before[0] * torch.exp(before[1]))
        self.loss_time_gap[index] = torch.where(
            higher,
            torch.minimum(loose * top, (top - ends).clamp_min(0) + 0.01 * loose * top),
            self.loss_time_gap[index],
        )
        self.loss_time[index] = torch.maximum(top, self.loss_time[index])
        rate, last = self._rates(u, (l0, m0, l1, m1), before[0], h, first, moved)
        start = torch.where(before[0] == 0, -before[2], torch.inf)
        least = torch.minimum(rate.amin(dim=1), torch.where(moved & (self.initial[index] > 0), start, torch.inf))
        lower = least < self.decay[index]
        gap = torch.minimum(loose / t.clamp_min(1e-300), (last - least).clamp_min(0) + 0.01 * loose / t)
        gap = torch.where(least == start, 0.0, gap)
        self.decay_gap[index] = torch.where(lower & torch.isfinite(gap), gap, self.decay_gap[index])
        self.decay[index] = torch.minimum(least, self.decay[index])

    @staticmethod
    def _rates(
        u: Tensor, ends: tuple[Tensor, ...], begin: Tensor, h: Tensor, first: Tensor, moved: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mean rates of decay since the start (row, point), infinite where the loss has fallen far, and the last."""
        floor = first[:, None] + math.log(FALLEN)
        cubic = _cubic(u, *ends)
        counts = (moved[:, None] & (ends[0] > floor)) & (cubic >= floor).cummin(dim=1).values
        rate = torch.where(
            counts, (first[:, None] - cubic) / (begin[:, None] + u * h[:, None]).clamp_min(1e-300), torch.inf
        )
        crossed = moved & (ends[0] > floor)[:, 0] & ~counts[:, -1]
        if not bool(crossed.any()):
            return rate, rate[:, -1]
        # There the loss has fallen far enough, and counts no more.
        high = u[0][counts.sum(dim=1).clamp_max(u.shape[1] - 1)][:, None]
        low = high - u[:, :1]
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            above = _cubic(middle, *ends) > floor
            low, high = torch.where(above, middle, low), torch.where(above, high, middle)
        end = -math.log(FALLEN) / (begin + high[:, 0] * h).clamp_min(1e-300)
        last = torch.where(crossed, end, rate[:, -1])
        return torch.cat([rate, last[:, None]], dim=1), last


def _cubic(u: Tensor, l0: Tensor, m0: Tensor, l1: Tensor, m1: Tensor) -> Tensor:
    """The cubic with values l0, l1 and slopes m0, m1 at 0 and 1, at u."""
    return l0 * (1 + 2 * u) * (1 - u) ** 2 + m0 * u * (1 - u) ** 2 + l1 * u * u * (3 - 2 * u) + m1 * u * u * (u - 1)
