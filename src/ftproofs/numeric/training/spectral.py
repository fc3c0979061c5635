"""Gradient flow of a rank-one network through its eigen-channels, with fewer samples than dimensions.

The exact reduction of `reduced` with two things more.  Balance is conserved, so the length m of the
other layers follows from the first one, ``m^2 = q + |alpha|^2`` with q the squared length of its part
outside the span; and in the time ``tau`` with ``n dtau = m^(2L-2) dt``, which leaves the path as it is,
the flow is linear but for one number, ``p = m^(1-L)``::

    alpha_i' = -sigma_i^2 alpha_i + sigma_i (U'y)_i p

Collocation at the Radau nodes (Hairer and Wanner, *Solving Ordinary Differential Equations II*, 2nd ed.,
IV.5) turns a step into as many equations for p at the nodes as there are nodes, whatever the number
of samples; they are solved by Newton's method.  The method is stiffly accurate and L-stable, so the
number of steps grows with the logarithm of the condition number.  Steps are chosen so that the last
Legendre coefficient of p is small.  sigma and U come from the eigenvalues of ``X X'``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.polynomial import legendre
from torch import Tensor

from ftproofs.numeric.elementwise import power, whole_power
from ftproofs.numeric.tasks import Task
from ftproofs.numeric.training.batching import survivors
from ftproofs.numeric.training.bounds import UNIT, norm, path_bounds
from ftproofs.numeric.training.problem import INTEGRATION_FLAG, SAFETY
from ftproofs.numeric.training.result import ACCEPT, AIM, DIVERGED, NOT_CONVERGED, OK, Trained

NODES = 7

#: Size allowed to the last of p's Legendre coefficients on a step, relative to the first: the result's, and the
#: one it is compared with.
TOLERANCES = (1e-5, 1e-4)

MAX_STEPS = 2000

#: The first step in units of the fastest channel's time, and the most a step may grow by.
FIRST, GROWTH, SHRINK = 1e-2, 4.0, 0.2

#: Newton's method ends when p moves by less, relative to its size; it converges quadratically.
STILL, NEWTON = 1e-9, 8


@dataclass(frozen=True)
class Collocation:
    """Radau collocation with its matrix diagonalised, ``A = T diag(l) T^-1``; of complex pairs one, counted twice.

    ``values`` (k,) complex l, ``out`` (s, k) T, ``into`` (k, s) T^-1, ``ones`` (k,) its row sums, ``legendre`` (s, s)
    from values at the nodes to Legendre coefficients on the step.
    """

    values: Tensor
    out: Tensor
    into: Tensor
    ones: Tensor
    legendre: Tensor


@cache
def collocation(nodes: int) -> Collocation:
    """The Radau IIA method with that many nodes, the last one at the step's end; of order 2 nodes - 1."""
    coefficients = np.zeros(nodes + 1)
    coefficients[-2:] = 1, -1
    x = np.sort(legendre.legroots(coefficients).real)
    x[-1] = 1.0
    basis = legendre.legvander(x, nodes - 1)
    integrals = np.stack([legendre.legval(x, legendre.legint(row, lbnd=-1)) for row in np.eye(nodes)], axis=1) / 2
    values, T = np.linalg.eig(integrals @ np.linalg.inv(basis))
    inverse = np.linalg.inv(T)
    upper = values.imag >= -1e-12
    T = T * np.where(values.imag > 1e-12, 2.0, 1.0)
    chosen = (values[upper], T[:, upper], inverse[upper], inverse[upper].sum(axis=1), np.linalg.inv(basis))
    return Collocation(*(torch.from_numpy(np.ascontiguousarray(a)) for a in chosen))


@dataclass(frozen=True)
class Channels:
    """sigma, b = U'y (case, n); outside: q (case,)."""

    s: Tensor
    b: Tensor
    outside: Tensor

    def select(self, index: Tensor) -> Channels:
        """Some cases only."""
        return Channels(self.s[index], self.b[index], self.outside[index])

    def gain(self, alpha: Tensor, depth: int) -> Tensor:
        """``m^(L-1)``, (case,)."""
        return whole_power((self.outside + alpha.square().sum(dim=1)).sqrt(), depth - 1)

    def residual(self, alpha: Tensor, depth: int) -> Tensor:
        """Norm of the residual on the data, (case,)."""
        return norm(self.gain(alpha, depth)[:, None] * self.s * alpha - self.b)


def _apply(z: Tensor, matrix: Tensor) -> Tensor:
    """``z M`` for z (case, j, k), a matrix product for each case: its bits do not depend on the batch."""
    return torch.bmm(z, matrix.expand(len(z), *matrix.shape))


def advance(
    channels: Channels, alpha: Tensor, h: Tensor, depth: int, method: Collocation
) -> tuple[Tensor, Tensor, Tensor]:
    """One step h (case,) of ``tau``.

    Returns alpha at its end (case, n), the last Legendre coefficient relative to the first, and whether
    Newton's method converged; (case,).
    """
    p = (1 / channels.gain(alpha, depth))[:, None].repeat(1, method.legendre.shape[0])
    fading = 1 / (1 + (h[:, None] * channels.s**2)[:, :, None] * method.values)
    begin = fading * alpha[:, :, None] * method.ones
    drive = fading * (channels.s * channels.b)[:, :, None]
    weights = h[:, None] * method.values
    eye = torch.eye(p.shape[1], dtype=p.dtype, device=p.device)
    moving = torch.ones_like(h, dtype=torch.bool)

    def force(p: Tensor) -> Tensor:
        return _apply(p[:, None, :].to(drive.dtype), method.into.mT) * weights[:, None, :]

    for _ in range(NEWTON):
        stages = _apply(begin + drive * force(p), method.out.mT).real
        square = channels.outside[:, None] + stages.square().sum(dim=1)
        pull = torch.bmm(stages.mT.to(drive.dtype), drive)
        slope = _apply(pull * method.out * weights[:, None, :], method.into).real
        inverse = 1 / whole_power(square.sqrt(), depth - 1)
        matrix = eye + ((depth - 1) * inverse / square)[:, :, None] * slope
        change = torch.linalg.solve_ex(matrix, p - inverse).result
        # A case that has converged stays: its bits must not depend on its neighbours.
        p = torch.where(moving[:, None], p - change, p)
        moving = moving & ~((change.abs() / p.abs()).amax(dim=1) <= STILL)
        if not bool(moving.any()):
            break
    end = _apply(begin + drive * force(p), method.out[-1][:, None])[:, :, 0].real
    series = _apply(p[:, None, :], method.legendre.mT)[:, 0]
    rough = series[:, -1].abs() / series[:, 0].abs()
    return end, rough, ~moving & torch.isfinite(rough)


def integrate(
    channels: Channels, alpha: Tensor, depth: int, rate: float, target: Tensor, tolerance: Tensor, max_steps: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Follow the flow from alpha (case, n) until the residual's bound is within the target (case,), or at rounding.

    Returns the ends (case, n), whether each arrived, and steps tried (case,).
    """
    method = Collocation(*(getattr(collocation(NODES), k).to(alpha.device) for k in Collocation.__dataclass_fields__))
    end, arrived = alpha.clone(), torch.zeros_like(target, dtype=torch.bool)
    steps, alive = torch.full_like(target, float(max_steps)), torch.arange(len(alpha), device=alpha.device)
    h = FIRST / channels.s.amax(dim=1) ** 2
    for tried in range(max_steps + 1):
        done = _distance(channels, alpha, depth) <= target
        new = done & ~arrived[alive]
        end[alive], steps[alive[new]] = alpha, float(tried)
        arrived[alive[new]] = True
        if tried == max_steps or bool(done.all()):
            break
        index = survivors(~done)
        if index is not None:
            channels, alpha, h, alive = channels.select(index), alpha[index], h[index], alive[index]
            target, tolerance, done = target[index], tolerance[index], done[index]
        moved, rough, converged = advance(channels, alpha, rate * h, depth, method)
        accepted = converged & (rough <= tolerance) & ~done
        alpha = torch.where(accepted[:, None], moved, alpha)
        factor = 0.8 * power(tolerance / rough.clamp_min(1e-300), 1 / (NODES - 1))
        h = h * torch.where(converged, factor.clamp(SHRINK, GROWTH), SHRINK)
    return end, arrived, steps


def _distance(channels: Channels, alpha: Tensor, depth: int) -> Tensor:
    """Bound on the predictor's distance to the limit, (case,), rounding apart."""
    gain = channels.gain(alpha, depth)
    largest = power(gain, 1 / max(depth - 1, 1))
    return path_bounds(depth, channels.residual(alpha, depth), channels.s.amin(dim=1), gain, largest)[0]


@dataclass(frozen=True)
class Eigen:
    """A batch of tasks with fewer samples than dimensions, and the eigenbasis of their Gram matrices.

    ``U`` (case, n, n), ``s`` (case, n) the singular values of X, increasing, ``b = U'y`` (case, n), ``wide`` (case,)
    the Frobenius norm of X.
    """

    X: Tensor
    y: Tensor
    U: Tensor
    s: Tensor
    b: Tensor
    wide: Tensor

    @classmethod
    def of(cls, task: Task, gram: Tensor) -> Eigen:
        """The eigenbasis of ``X X'`` (case, n, n)."""
        values, U = torch.linalg.eigh(gram)
        s = values.clamp_min(1e-300).sqrt()
        b = torch.bmm(U.mT, task.y[:, :, None])[:, :, 0]
        return cls(task.X, task.y, U, s, b, torch.linalg.matrix_norm(task.X))

    def into(self, vectors: Tensor) -> Tensor:
        """``V'z`` (case, n, k) for z (case, d, k), with V = X'U/s."""
        return torch.bmm(self.U.mT, torch.bmm(self.X, vectors)) / self.s[:, :, None]

    def out(self, channels: Tensor) -> Tensor:
        """``V z`` (case, d, k) for z (case, n, k)."""
        rows = torch.bmm(self.U, channels / self.s[:, :, None])
        return torch.bmm(rows.mT, self.X).mT

    def split(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Of a vector (case, d), its channels (case, n) and its part outside the span (case, d)."""
        if not bool(source.any()):
            return torch.zeros_like(self.b), source
        seen = self.into(source[:, :, None])
        across = source[:, :, None] - self.out(seen)
        across = across - self.out(self.into(across))
        return seen[:, :, 0], across[:, :, 0]


def train_spectral(
    eigen: Eigen, source: Tensor, depth: int, unit: Tensor, *, rate: float = 1.0, max_steps: int = MAX_STEPS
) -> Trained:
    """Gradient flow of balanced layers of rank one whose predictor is the source (case, d), certified.

    Depth 1 is linear regression from the source.  The bound takes the residual on the data themselves, so
    that an inexact eigenbasis cannot hide; what it does to the path is estimated with the integration.

    Args:
        unit: (case,), the norm that errors are relative to.
        rate: factor on the flow's speed; 0 trains nothing.
        max_steps: steps after which a case is given up.
    """
    count, (n, d) = len(source), eigen.X.shape[1:]
    s, length = eigen.s, norm(source)
    # The norm of the layers after the first; at 1 where there is no source and nothing to divide.
    start = power(torch.where(length > 0, length, 1.0), (depth - 1) / depth)
    seen, across = eigen.split(source)
    alpha, across = seen / start[:, None], across / start[:, None]
    channels = Channels(s, eigen.b, norm(across) ** 2)
    twice = torch.arange(count, device=unit.device).repeat(2)
    tolerance = torch.tensor(TOLERANCES, dtype=unit.dtype, device=unit.device).repeat_interleave(count)
    end, arrived, steps = integrate(
        channels.select(twice), alpha[twice], depth, rate, AIM * unit[twice], tolerance, max_steps
    )

    tight, loose = end[:count], end[count:]
    gain, other = channels.gain(tight, depth), channels.gain(loose, depth)
    inside = eigen.out(torch.stack([gain[:, None] * tight, other[:, None] * loose], dim=2))
    beta = inside[:, :, 0] + gain[:, None] * across
    gap = norm(beta - inside[:, :, 1] - other[:, None] * across)
    seen_again = torch.bmm(eigen.X, torch.stack([beta, across], dim=2))
    residual = norm(seen_again[:, :, 0] - eigen.y)
    floor = 2 * (max(n, d) + 2) * UNIT * (eigen.wide * norm(beta) + norm(eigen.y))
    squared = (s[:, -1] / s[:, 0]) ** 2
    smallest = s[:, 0] * (1 - 4 * (n + d) * UNIT * squared).clamp_min(0.0)
    largest = power(gain, 1 / max(depth - 1, 1))
    bound = path_bounds(depth, residual + floor, smallest, gain, largest)[0]
    least = path_bounds(depth, 2 * floor, smallest, gain, largest)[0]
    # The eigenbasis of X X' is exact to rounding times the squared condition number.
    integration = (n + d) * UNIT * squared * (norm(beta) + length) + (SAFETY * gap if depth > 1 else 0.0)
    finite = torch.isfinite(beta).all(dim=1)
    good = arrived[:count] & arrived[count:] & (bound <= torch.maximum(ACCEPT * unit, least))
    status = tuple(
        OK if g else NOT_CONVERGED if f else DIVERGED for g, f in zip(good.tolist(), finite.tolist(), strict=True)
    )
    # Balance is built in; what could drift is orthogonality to the span.
    drift = norm(seen_again[:, :, 1]) / eigen.wide
    return Trained(beta, bound, integration, status, steps[:count], drift, {}, (INTEGRATION_FLAG,))
