"""The exact reduction of balanced rank-one networks: as many channels as samples, coupled by one number.

Rank one stays rank one and balanced layers stay equally long, so the network is
``beta = m^(L-1) w`` with ``w`` in ``w(0) + row(X)``.  With ``X = U S V'`` and ``alpha = V' w``::

    r = m^(L-1) S alpha - U' y,   alpha' = -m^(L-1) S r / n,   m' = -m^(L-2) alpha' S r / n

(in the last one alpha' is a transpose).  At L = 2 the two layers need not be balanced.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ftproofs.names import Value
from ftproofs.numeric import networks
from ftproofs.numeric.elementwise import power
from ftproofs.numeric.tasks import Task
from ftproofs.numeric.training import flow
from ftproofs.numeric.training.bounds import UNIT, Span, norm, path_bounds, residual_rounding
from ftproofs.numeric.training.deep_linear import MAX_STEPS, TAIL_TOLERANCES, TOLERANCES
from ftproofs.numeric.training.problem import VANISHED, compare
from ftproofs.numeric.training.result import ACCEPT, AIM, Trained, scale
from ftproofs.numeric.training.trajectory import Point, Trajectory


@dataclass
class Channels:
    """A design's channels: singular values s (case, k), directions V (case, d, k), labels b = U'y (case, k);
    what is fixed: ``outside`` (case, d) the part of w outside the span; ``rounding`` (case,) of a residual."""

    s: Tensor
    V: Tensor
    b: Tensor
    outside: Tensor
    smallest: Tensor
    rounding: Tensor
    source_norm: Tensor
    target: Tensor

    def select(self, index: Tensor) -> Channels:
        """Some cases only."""
        return Channels(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


class Reduced:
    """The flow of ``z = (alpha, m)``, (case, k + 1)."""

    def __init__(
        self, channels: Channels, samples: int, depth: int, rate: float, trajectory: Trajectory | None
    ) -> None:
        self.whole, self.samples, self.depth, self.rate = channels, samples, depth, rate
        self.trajectory = trajectory
        self.attend(torch.arange(len(channels.s), device=channels.s.device))

    def bind(self, z: Tensor) -> Tensor:
        return z

    def attend(self, cases: Tensor) -> None:
        """Work on these cases of the whole batch from now on."""
        self.cases, self.channels = cases, self.whole.select(cases)

    def keep(self, index: Tensor) -> None:
        self.attend(self.cases[index])
        if self.trajectory is not None:
            self.trajectory.keep(index)

    def slope(self, at: object, out: object) -> None:
        """The right-hand side of the module's docstring."""
        assert isinstance(at, Tensor)
        assert isinstance(out, Tensor)
        L, c = self.depth, self.channels
        alpha, m = at[:, :-1], at[:, -1:]
        gain = power(m, L - 1)
        self.at, self.residual = at, gain * c.s * alpha - c.b
        force = (-self.rate / self.samples) * c.s * self.residual
        torch.mul(gain, force, out=out[:, :-1])
        if L > 1:
            torch.mul(power(m, L - 2), (alpha * force).sum(dim=1, keepdim=True), out=out[:, -1:])
        else:
            out[:, -1:] = 0.0

    def look(self, slope: Tensor) -> Point:
        """The network where the last slope was taken."""
        L, alpha, m = self.depth, self.at[:, :-1], self.at[:, -1:]
        w = torch.bmm(self.channels.V, alpha[:, :, None]) + self.channels.outside[:, :, None]
        gain = power(m, L - 1)
        beta = gain[:, :, None] * w
        inward = (alpha * slope[:, :-1]).sum(dim=1)
        growth = gain[:, 0] ** 2 * inward
        if L > 1:
            square = w.square().sum(dim=(1, 2))
            growth = growth + (L - 1) * (power(m, 2 * L - 3) * slope[:, -1:])[:, 0] * square
        # The number m stands for L - 1 equal layers.
        speed = slope[:, :-1].square().sum(dim=1) + (L - 1) * slope[:, -1].square()
        return Point(beta, norm(beta), growth, w, norm(self.residual), speed)

    def watch(self, z: Tensor, t: Tensor, slope: Tensor, moved: Tensor, h: Tensor, begin: Tensor) -> Tensor:
        point = self.look(slope)
        m = self.at[:, -1].abs()
        largest = torch.maximum(norm(point.first), m) if self.depth > 1 else norm(point.first)
        upper = point.residual + self.channels.rounding
        if self.trajectory is not None:
            self.trajectory.record(moved, t, h, point, begin)
        plain, jumped = path_bounds(self.depth, upper, self.channels.smallest, power(m, self.depth - 1), largest)
        near = plain if self.depth == 1 else jumped
        state = torch.where(near <= self.channels.target, flow.ARRIVED, flow.RUNNING)
        if self.depth > 1:
            small = VANISHED * self.channels.source_norm
            gone = (point.size <= small) & (largest <= 2 * power(small, 1 / self.depth)) & (point.growth <= 0)
            state = torch.where(gone & (state == flow.RUNNING), flow.AT_SADDLE, state)
        return state

    def jump(self, z: Tensor, channels: Channels) -> tuple[Tensor, Tensor]:
        """The min-norm Gauss-Newton step (case, k + 1), and ``J J'`` (case, k, k): a diagonal and one dyad."""
        L, alpha, m = self.depth, z[:, :-1], z[:, -1:]
        gain = power(m, L - 1)
        diagonal = (gain * channels.s) ** 2
        dyad = math.sqrt(L - 1) * power(m, max(L - 2, 0)) * channels.s * alpha
        residual = gain * channels.s * alpha - channels.b
        a, b = residual / diagonal, dyad / diagonal
        share = (dyad * a).sum(dim=1, keepdim=True) / (1 + (dyad * b).sum(dim=1, keepdim=True))
        weight = b * share - a
        common = power(m, max(L - 2, 0)) * (channels.s * alpha * weight).sum(dim=1, keepdim=True)
        step = torch.cat([gain * channels.s * weight, common if L > 1 else torch.zeros_like(m)], dim=1)
        return step, torch.diag_embed(diagonal) + dyad[:, :, None] * dyad[:, None, :]


def train_reduced(
    task: Task,
    parameters: list[dict[str, Value]],
    *,
    rate: float = 1.0,
    max_steps: int | None = None,
    aim: float = AIM,
    weights: list[Tensor] | None = None,
) -> Trained:
    """Gradient flow of a rank-one network through its reduction, certified as the raw flow is.

    ``weights`` is another start of width one, whose predictor is the task's source; nothing is measured
    along the way then.
    """
    count, (n, d) = len(task), task.X.shape[1:]
    depth = int(parameters[0]["L"])
    recorded = weights is None
    if weights is None:
        weights = networks.finetuning_start(task, [{**p, "width": 1} for p in parameters])
    unit = scale(task, parameters)
    w = weights[0][:, :, 0]
    m = weights[-1][:, 0, 0] if depth > 1 else torch.ones_like(unit)
    span = Span.of(task.X)
    U, s, Vh = torch.linalg.svd(task.X, full_matrices=False)
    b = torch.bmm(U.mT, task.y[:, :, None])
    rounding = 4 * residual_rounding(span, norm(task.source) + norm(task.target), task.y, n, d)
    rest = (task.y[:, :, None] - torch.bmm(U, b)).square().sum(dim=(1, 2))
    rest = torch.where(rest <= rounding**2, 0.0, rest)
    alpha = torch.bmm(Vh, w[:, :, None])[:, :, 0]
    outside = span.outside(w[:, :, None])[:, :, 0]
    source_norm = norm(task.source)
    jump = depth > 1
    if not jump:
        aim = max(aim, ACCEPT / 2)
    channels = Channels(s, Vh.mT, b[:, :, 0], outside, span.smallest, rounding, source_norm, aim * unit)
    twice = torch.arange(count, device=unit.device).repeat(2)
    both = channels.select(twice)
    initial = (s * torch.bmm(Vh, task.source[:, :, None])[:, :, 0] - b[:, :, 0]).square().sum(dim=1) + rest
    trajectory = (
        None
        if not recorded
        else Trajectory(
            span.select(twice),
            w[twice][:, :, None],
            task.source[twice],
            depth,
            rest=rest[twice],
            samples=n,
            initial=initial[twice],
            rounding=rounding[twice],
            speed=rate,
        )
    )
    system = Reduced(both, n, depth, rate, trajectory)
    start = torch.cat([alpha, m[:, None]], dim=1)
    pair = TOLERANCES if jump else TAIL_TOLERANCES
    tolerance = torch.tensor(pair, dtype=unit.dtype, device=unit.device).repeat_interleave(count)
    z, code, steps = flow.integrate(
        system, start[twice], norm(start)[twice], tolerance, MAX_STEPS if max_steps is None else max_steps
    )

    arrived, at_saddle = code == flow.ARRIVED, code == flow.AT_SADDLE
    step, _ = system.jump(z, both)
    end = torch.where(arrived[:, None], z + step, z) if jump else z
    beta, first = _predictor(end, both, depth)
    bound = _bound(z, both, depth, jump, arrived)
    # The basis V is exact to a few units; it turns with the condition number.
    bound = bound + (n + d) * UNIT * (span.frobenius / span.smallest)[twice] * (norm(beta) + norm(task.source)[twice])
    bound = torch.where(at_saddle, norm(beta), bound)
    if trajectory is not None:
        _, gram = system.jump(end, both)
        least = torch.linalg.eigvalsh(torch.where(torch.isfinite(gram), gram, 0.0))[:, 0].clamp_min(0).sqrt()
        trajectory.refine(system)
        trajectory.finish(beta, first, least, arrived, at_saddle)
    before, after = norm(w) ** 2 - m**2, norm(first[:count]) ** 2 - end[:count, -1] ** 2
    drift = (after - before).abs() / (norm(w) ** 2 + m**2) if depth > 1 else torch.zeros_like(unit)
    return compare(beta, bound, code, steps, unit, drift, trajectory, depth)


def _predictor(z: Tensor, channels: Channels, depth: int) -> tuple[Tensor, Tensor]:
    """beta (case, d) and the first layer (case, d, 1)."""
    w = torch.bmm(channels.V, z[:, :-1, None]) + channels.outside[:, :, None]
    return power(z[:, -1:], depth - 1) * w[:, :, 0], w


def _bound(z: Tensor, channels: Channels, depth: int, jump: bool, arrived: Tensor) -> Tensor:
    """`bounds.path_bounds` where the flow stopped, with the rounding of the residual."""
    _, w = _predictor(z, channels, depth)
    m = z[:, -1].abs()
    largest = torch.maximum(norm(w), m) if depth > 1 else norm(w)
    gain = power(m, depth - 1)
    residual = norm(power(z[:, -1:], depth - 1) * channels.s * z[:, :-1] - channels.b) + channels.rounding
    plain, jumped = path_bounds(depth, residual, channels.smallest, gain, largest)
    if not jump:
        return plain
    lipschitz = math.sqrt(depth) * power(largest + 2 * residual / channels.smallest / gain, depth - 1)
    return torch.where(arrived, jumped + lipschitz * channels.rounding / (channels.smallest * gain), plain)
