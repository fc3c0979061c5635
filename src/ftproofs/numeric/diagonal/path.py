"""Gradient flow of a diagonal network's raw weights, with the integrals that go along.

The state of a case is ``(w_+, v_+, w_-, v_-, mu, E)``: ``w_+' = g v_+``, ``v_+' = g w_+``, ``w_-' = -g v_-``,
``v_-' = -g w_-`` with ``g = X' rho``; ``mu' = rho``, ``E' = |rho|^2``.  Several copies of a case (two tolerances, two
starts) stand next to one another and read its design once.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ftproofs.numeric.diagonal.arrival import Arrival
from ftproofs.numeric.diagonal.network import Weights
from ftproofs.numeric.diagonal.record import Record
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.training import flow

Views = tuple[Tensor, ...]


class Path:
    """The flow of ``copies`` starts of every case; rows are ordered case by case.

    Args:
        problem: the cases' regressions.
        start: (row, d) weights, ``copies`` rows for every case.
        target: (row,), the bound at which a row has arrived.
        jump: whether a Newton step is still to come at the end.
        rate: factor on the flow's speed.
    """

    def __init__(
        self, problem: Regression, start: Weights, copies: int, target: Tensor, *, jump: bool, rate: float = 1.0
    ) -> None:
        self.copies, self.rate, self.frozen, self.whole = copies, rate, start.frozen, problem
        self.arrival = Arrival(target, copies, jump=jump, frozen=start.frozen)
        rows, self.d = start.wp.shape
        self.n = problem.y.shape[1]
        self.record = Record(problem, start, copies)
        self.attend(torch.arange(rows, device=target.device))

    def pack(self, start: Weights) -> Tensor:
        """The state (row, 4 d + n + 1) at the start."""
        extra = torch.zeros(len(start.wp), self.n + 1, dtype=start.wp.dtype, device=start.wp.device)
        return torch.cat([*start.tensors(), extra], dim=1)

    def bind(self, z: Tensor) -> Views:
        return torch.split(z, [self.d] * 4 + [self.n, 1], dim=1)

    def unpack(self, z: Tensor) -> tuple[Weights, Tensor, Tensor]:
        """Weights, mu (row, n) and E (row,) of a state."""
        wp, vp, wm, vm, mu, energy = self.bind(z)
        return Weights(wp, vp, wm, vm, self.frozen), mu, energy[:, 0]

    def attend(self, rows: Tensor) -> None:
        """Work on these rows of the whole batch from now on: whole cases."""
        self.rows = rows
        cases = rows[:: self.copies] // self.copies
        self.problem = self.whole.select(cases)
        self.record.attend(cases)
        self.y = self.problem.y[:, None, :].expand(-1, self.copies, -1)

    def keep(self, index: Tensor) -> None:
        self.arrival.keep(index)
        self.attend(self.rows[index])

    def residual(self, beta: Tensor) -> Tensor:
        """``y - X beta``, (row, n)."""
        if self.problem.X is None:
            return (self.y - beta.view(-1, self.copies, self.d)).view(-1, self.n)
        wide = beta.view(-1, self.copies, self.d)
        return torch.baddbmm(self.y, wide, self.problem.X.mT, alpha=-1).view(-1, self.n)

    def pull(self, rho: Tensor) -> Tensor:
        """``X' rho``, (row, d)."""
        if self.problem.X is None:
            return rho
        return torch.bmm(rho.view(-1, self.copies, self.n), self.problem.X).view(-1, self.d)

    def slope(self, at: object, out: object) -> None:
        """The right-hand side of the module's docstring."""
        assert isinstance(at, tuple)
        assert isinstance(out, tuple)
        wp, vp, wm, vm, _, _ = at
        beta = wp * vp
        beta.addcmul_(wm, vm, value=-1)
        rho = self.residual(beta)
        g = self.pull(rho)
        self.beta, self.rho, self.g = beta, rho, g
        if self.rate != 1.0:
            g = self.rate * g
        self._turn(g, at, out)
        torch.mul(rho, self.rate, out=out[4])
        torch.mul((rho * rho).sum(dim=1, keepdim=True), self.rate, out=out[5])

    def _turn(self, g: Tensor, at: Views, out: Views) -> None:
        wp, vp, wm, vm, _, _ = at
        if self.frozen:
            out[0].zero_()
            out[2].zero_()
        else:
            torch.mul(g, vp, out=out[0])
            torch.mul(g, vm, out=out[2]).neg_()
        torch.mul(g, wp, out=out[1])
        torch.mul(g, wm, out=out[3]).neg_()

    def watch(self, z: Tensor, t: Tensor, slope: Tensor, moved: Tensor, h: Tensor, begin: Tensor) -> Tensor:
        weights, _, _ = self.unpack(z)
        # The slope was taken at the step's end; where the step was refused nothing is recorded.
        speed = weights.speed
        fall = (speed * self.g * self.g).sum(dim=1)
        self.record.see(self.rows, moved, self.rate * t, self.rho, fall, self.beta)
        state = self.arrival.state(self.problem, moved, speed, self.rho, fall)
        return torch.where(self.record.fallen(self.rows), state, flow.RUNNING)


class AutogradPath(Path):
    """The same flow, its slopes by automatic differentiation of the loss."""

    def slope(self, at: object, out: object) -> None:
        """Minus the gradient of the loss in each vector."""
        assert isinstance(at, tuple)
        assert isinstance(out, tuple)
        leaves = [z.detach().clone().requires_grad_() for z in at[:4]]
        trained = leaves[1::2] if self.frozen else leaves
        beta = leaves[0] * leaves[1] - leaves[2] * leaves[3]
        rho = self.residual(beta)
        slopes = torch.autograd.grad(rho.square().sum() / 2, trained)
        for part in out[:4]:
            part.zero_()
        for part, slope in zip(out[1:4:2] if self.frozen else out[:4], slopes, strict=True):
            torch.mul(slope, -self.rate, out=part)
        self.beta, self.rho = beta.detach(), rho.detach()
        self.g = self.pull(self.rho)
        torch.mul(self.rho, self.rate, out=out[4])
        torch.mul(self.rho.square().sum(dim=1, keepdim=True), self.rate, out=out[5])
