"""Gradient flow of a rank-one network through its eigen-channels, with fewer samples than dimensions.

The exact reduction of `reduced`, in the time ``tau`` with ``n dtau = m^(2L-2) dt``, which leaves the path as
it is and makes the channels linear but for one number, ``p = m^(1-L)``::

    alpha_i' = -sigma_i^2 alpha_i + sigma_i b_i p,   m' = (sum_i alpha_i alpha_i') / m,   b = U'y

Collocation at the Radau nodes (Hairer and Wanner, *Solving Ordinary Differential Equations II*, 2nd ed.,
IV.5) turns a step into as many equations for m at the nodes as there are nodes, whatever the number
of samples; they are solved by Newton's method.  The method is stiffly accurate and L-stable, so the
number of steps grows with the logarithm of the condition number.  Steps are chosen so that the last
Legendre coefficient of m is small.  That ``m^2 - |alpha|^2`` is conserved is not used: how far it drifts
tells how exact the integration was.  sigma and U come from the eigenvalues of ``X X'``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.polynomial import legendre
from torch import Tensor

from ftproofs.numeric.elementwise import hypot, power
from ftproofs.numeric.gram import by_case, by_design
from ftproofs.numeric.training import compiled
from ftproofs.numeric.training.batching import survivors
from ftproofs.numeric.training.bounds import UNIT, norm, path_bounds
from ftproofs.numeric.training.problem import INTEGRATION_FLAG, SAFETY
from ftproofs.numeric.training.result import ACCEPT, AIM, DIVERGED, NOT_CONVERGED, OK, Trained

NODES = 7

#: Size allowed to the last of m's Legendre coefficients on a step, relative to the first: the result's, and the
#: one it is compared with.
TOLERANCES = (1e-5, 1e-4)

MAX_STEPS = 2000

#: The first step in units of the fastest channel's time, and the most a step may grow by.
FIRST, GROWTH, SHRINK = 1e-2, 4.0, 0.2

#: Newton's method ends when m moves by less, relative to its size; it converges quadratically.
STILL, NEWTON = 1e-9, 8


@dataclass(frozen=True)
class Collocation:
    """Radau collocation with its matrix diagonalised, ``A = T diag(l) T^-1``; of complex pairs one, counted twice.

    ``matrix`` (s, s) is A, ``values`` (k,) complex l, ``out`` (s, k) T, ``into`` (k, s) T^-1, ``ones`` (k,) its row
    sums, ``legendre`` (s, s) from values at the nodes to Legendre coefficients on the step.
    """

    matrix: Tensor
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
    matrix = integrals @ np.linalg.inv(basis)
    values, T = np.linalg.eig(matrix)
    inverse = np.linalg.inv(T)
    upper = values.imag >= -1e-12
    T = T * np.where(values.imag > 1e-12, 2.0, 1.0)
    chosen = (matrix, values[upper], T[:, upper], inverse[upper], inverse[upper].sum(axis=1), np.linalg.inv(basis))
    return Collocation(*(torch.from_numpy(np.ascontiguousarray(a)) for a in chosen))


@cache
def responses(nodes: int) -> tuple[np.ndarray, ...]:
    """What `loops.spectral` takes of the collocation, flat arrays.

    The eigenvalues' real and imaginary parts, one of each pair and real ones first; the matrix (node, node); the
    matrices L_r (node, r, node) with ``h A (1 + x A)^-1 = sum_r e_r(x) L_r``, where the e_r are the real and imaginary
    parts of ``h l / (1 + x l)``; and what makes the first and last Legendre coefficient of values at the nodes
    (2, node).
    """
    method = collocation(nodes)
    values, out, into = (z.numpy() for z in (method.values, method.out, method.into))
    order = sorted(range(len(values)), key=lambda k: abs(values[k].imag) > 1e-12)
    parts = []
    for k in order:
        dyad = np.outer(out[:, k], into[k])
        parts += [dyad.real] if abs(values[k].imag) <= 1e-12 else [dyad.real, -dyad.imag]
    arrays = (values[order].real, values[order].imag, method.matrix.numpy(), np.stack(parts, axis=1))
    series = method.legendre.numpy()[[0, -1]]
    return tuple(np.ascontiguousarray(z).reshape(-1) for z in (*arrays, series))


@dataclass(frozen=True)
class Channels:
    """sigma and b = U'y (case, n)."""

    s: Tensor
    b: Tensor

    def select(self, index: Tensor) -> Channels:
        """Some cases only."""
        return Channels(self.s[index], self.b[index])


@dataclass(frozen=True)
class State:
    """The network: alpha (case, n), and the length m (case,) of each other layer."""

    alpha: Tensor
    m: Tensor

    def select(self, index: Tensor) -> State:
        """Some cases only."""
        return State(self.alpha[index], self.m[index])


def _apply(z: Tensor, matrix: Tensor) -> Tensor:
    """``z M`` for z (case, j, k), a matrix product for each case: its bits do not depend on the batch."""
    return torch.bmm(z, matrix.expand(len(z), *matrix.shape))


def advance(
    channels: Channels, state: State, h: Tensor, depth: int, method: Collocation
) -> tuple[State, Tensor, Tensor]:
    """One step h (case,) of ``tau``.

    Returns where it ends, the last Legendre coefficient of m relative to the first, and whether Newton's
    method converged; (case,).
    """
    s, b, alpha, start = channels.s, channels.b, state.alpha, state.m[:, None]
    first = power(start, 1 - depth)
    sb = s * b
    # How far the nodes are from alpha is linear in p; written with the residual, little is rounded near the end.
    fading = h[:, None, None] * method.values / (1 + (h[:, None] * s**2)[:, :, None] * method.values)
    begin = (fading * method.ones) * (-s * (s * alpha - b * first))[:, :, None]
    drive = fading * sb[:, :, None]
    scheme = h[:, None, None] * method.matrix
    eye = torch.eye(method.matrix.shape[0], dtype=h.dtype, device=h.device)
    m = start.repeat(1, len(eye))
    moving = torch.ones_like(h, dtype=torch.bool)

    def force(m: Tensor) -> Tensor:
        return _apply((power(m, 1 - depth) - first)[:, None, :].to(drive.dtype), method.into.mT)

    for _ in range(NEWTON if depth > 1 else 0):
        stages = alpha[:, :, None] + _apply(begin + drive * force(m), method.out.mT).real
        weighted = (s**2)[:, :, None] * stages
        square, product = (weighted * stages).sum(dim=1), (sb[:, :, None] * stages).sum(dim=1)
        # m' = product / m^L - square / m, and its derivatives in m and, through p, in alpha.
        inverse = power(m, -depth)
        speed = product * inverse - square / m
        direct = square / m**2 - depth * product * inverse / m
        pull = (sb[:, :, None] * inverse[:, None, :] - 2 * weighted / m[:, None, :]).mT
        through = _apply(torch.bmm(pull.to(drive.dtype), drive) * method.out, method.into).real
        slope = through * ((1 - depth) * inverse)[:, None, :] + torch.diag_embed(direct)
        missed = (m - start)[:, :, None] - torch.bmm(scheme, speed[:, :, None])
        change = torch.linalg.solve_ex(eye - torch.bmm(scheme, slope), missed).result[:, :, 0]
        # A case that has converged stays: its bits must not depend on its neighbours.
        m = torch.where(moving[:, None], m - change, m)
        moving = moving & ~((change.abs() / start).amax(dim=1) <= STILL)
        if not bool(moving.any()):
            break
    end = alpha + _apply(begin + drive * force(m), method.out[-1][:, None])[:, :, 0].real
    series = _apply(m[:, None, :], method.legendre.mT)[:, 0]
    rough = series[:, -1].abs() / series[:, 0].abs()
    converged = torch.isfinite(rough) & (m > 0).all(dim=1) & (~moving if depth > 1 else moving)
    return State(end, m[:, -1]), rough, converged


def integrate(
    channels: Channels, state: State, depth: int, rate: float, target: Tensor, tolerance: Tensor, max_steps: int
) -> tuple[State, Tensor, Tensor]:
    """Follow the flow until the predictor's distance to the limit is within the target (case,), rounding apart.

    Returns the ends, whether each arrived, and steps tried (case,).
    """
    if compiled.integrates(state.alpha):
        return _compiled(channels, state, depth, rate, target, tolerance, max_steps)
    method = Collocation(*(getattr(collocation(NODES), k).to(target.device) for k in Collocation.__dataclass_fields__))
    end, arrived = State(state.alpha.clone(), state.m.clone()), torch.zeros_like(target, dtype=torch.bool)
    steps, alive = torch.full_like(target, float(max_steps)), torch.arange(len(target), device=target.device)
    h = FIRST / channels.s.amax(dim=1) ** 2
    for tried in range(max_steps + 1):
        done = _distance(channels, state, depth) <= target
        new = done & ~arrived[alive]
        end.alpha[alive], end.m[alive], steps[alive[new]] = state.alpha, state.m, float(tried)
        arrived[alive[new]] = True
        if tried == max_steps or bool(done.all()):
            break
        index = survivors(~done)
        if index is not None:
            channels, state, h, alive = channels.select(index), state.select(index), h[index], alive[index]
            target, tolerance, done = target[index], tolerance[index], done[index]
        moved, rough, converged = advance(channels, state, rate * h, depth, method)
        accepted = converged & (rough <= tolerance) & ~done
        state = State(torch.where(accepted[:, None], moved.alpha, state.alpha), torch.where(accepted, moved.m, state.m))
        factor = 0.8 * power(tolerance / rough.clamp_min(1e-300), 1 / (NODES - 1))
        h = h * torch.where(converged, factor.clamp(SHRINK, GROWTH), SHRINK)
    return end, arrived, steps


def _compiled(
    channels: Channels, state: State, depth: int, rate: float, target: Tensor, tolerance: Tensor, max_steps: int
) -> tuple[State, Tensor, Tensor]:
    """The same by the compiled loop, network by network."""
    begin = FIRST / channels.s.amax(dim=1) ** 2
    cases = (channels.s, channels.b, state.alpha, state.m, begin, target, tolerance)
    rules = compiled.Rules(GROWTH, SHRINK, STILL, NEWTON, max_steps)
    alpha, m, arrived, steps = compiled.integrate(cases, depth, rate, rules, responses(NODES))
    return State(alpha, m), arrived, steps


def _distance(channels: Channels, state: State, depth: int) -> Tensor:
    """Bound on the predictor's distance to the limit, (case,), rounding apart."""
    gain = power(state.m, depth - 1)
    residual = norm(gain[:, None] * channels.s * state.alpha - channels.b)
    return path_bounds(depth, residual, channels.s.amin(dim=1), gain, state.m)[0]


@dataclass(frozen=True)
class Eigen:
    """A batch of tasks with fewer samples than dimensions, and the eigenbasis of their Gram matrices.

    X (design, n, d), ``U`` (design, n, n), ``s`` (design, n) the singular values of X, increasing, ``wide`` (design,)
    the Frobenius norm of X; y and ``b = U'y`` (case, n).  A design is that of ``shared`` cases, one after the other.
    """

    X: Tensor
    y: Tensor
    U: Tensor
    s: Tensor
    b: Tensor
    wide: Tensor
    shared: int = 1

    @classmethod
    def of(cls, X: Tensor, y: Tensor, gram: Tensor, shared: int = 1) -> Eigen:
        """The eigenbasis of ``X X'`` (design, n, n)."""
        values, U = torch.linalg.eigh(gram)
        s = values.clamp_min(1e-300).sqrt()
        b = by_case(torch.bmm(U.mT, by_design(y[:, :, None], shared)), shared)[:, :, 0]
        return cls(X, y, U, s, b, torch.linalg.matrix_norm(X), shared)

    def each(self, numbers: Tensor) -> Tensor:
        """Numbers of designs (design, ...) as those of their cases."""
        return numbers if self.shared == 1 else numbers.repeat_interleave(self.shared, dim=0)

    def seen(self, vectors: Tensor) -> Tensor:
        """``X z`` (case, n, k) for z (case, d, k)."""
        return by_case(torch.bmm(self.X, by_design(vectors, self.shared)), self.shared)

    def out(self, channels: Tensor) -> Tensor:
        """``V z`` (case, d, k) for z (case, n, k), with V = X'U/s."""
        return by_case(self._out(by_design(channels, self.shared)), self.shared)

    def split(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Of a vector (case, d), its channels (case, n) and its part outside the span (case, d)."""
        if not bool(source.any()):
            return torch.zeros_like(self.b), source
        together = by_design(source[:, :, None], self.shared)
        inside = self._into(together)
        across = together - self._out(inside)
        across = across - self._out(self._into(across))
        return by_case(inside, self.shared)[:, :, 0], by_case(across, self.shared)[:, :, 0]

    def _into(self, vectors: Tensor) -> Tensor:
        return torch.bmm(self.U.mT, torch.bmm(self.X, vectors)) / self.s[:, :, None]

    def _out(self, channels: Tensor) -> Tensor:
        rows = torch.bmm(self.U, channels / self.s[:, :, None])
        return torch.bmm(rows.mT, self.X).mT


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
    s, wide, length = eigen.each(eigen.s), eigen.each(eigen.wide), norm(source)
    # At 1 where there is no source and nothing to divide.
    m = power(torch.where(length > 0, length, 1.0), 1 / depth)
    seen, across = eigen.split(source)
    start = power(m, depth - 1)
    alpha, across = seen / start[:, None], across / start[:, None]
    channels, state = Channels(s, eigen.b), State(alpha, m)
    twice = torch.arange(count, device=unit.device).repeat(2)
    tolerance = torch.tensor(TOLERANCES, dtype=unit.dtype, device=unit.device).repeat_interleave(count)
    end, arrived, steps = integrate(
        channels.select(twice), state.select(twice), depth, rate, AIM * unit[twice], tolerance, max_steps
    )

    gain = power(end.m, depth - 1)
    gain, other = gain[:count, None], gain[count:, None]
    inside = gain * end.alpha[:count]
    beta = eigen.out(inside[:, :, None])[:, :, 0] + gain * across
    # The basis is orthonormal: how far two ends are apart is seen in the channels and outside the span.
    gap = hypot(norm(inside - other * end.alpha[count:]), (gain - other)[:, 0].abs() * norm(across))
    seen_again = eigen.seen(torch.stack([beta, across], dim=2))
    residual = norm(seen_again[:, :, 0] - eigen.y)
    floor = 2 * (max(n, d) + 2) * UNIT * (wide * norm(beta) + norm(eigen.y))
    squared = (s[:, -1] / s[:, 0]) ** 2
    smallest = s[:, 0] * (1 - 4 * (n + d) * UNIT * squared).clamp_min(0.0)
    # The first layer's length is m only as far as balance has been conserved.
    first = torch.sqrt(end.alpha[:count].square().sum(dim=1) + across.square().sum(dim=1))
    largest = torch.maximum(first, end.m[:count])
    bound = path_bounds(depth, residual + floor, smallest, gain[:, 0], largest)[0]
    least = path_bounds(depth, 2 * floor, smallest, gain[:, 0], largest)[0]
    # The eigenbasis of X X' is exact to rounding times the squared condition number.
    integration = (n + d) * UNIT * squared * (norm(beta) + length) + (SAFETY * gap if depth > 1 else 0.0)
    finite = torch.isfinite(beta).all(dim=1)
    good = arrived[:count] & arrived[count:] & (bound <= torch.maximum(ACCEPT * unit, least))
    status = tuple(
        OK if g else NOT_CONVERGED if f else DIVERGED for g, f in zip(good.tolist(), finite.tolist(), strict=True)
    )
    unbalanced = (first**2 - end.m[:count] ** 2).abs() / (2 * m**2) if depth > 1 else torch.zeros_like(m)
    drift = torch.maximum(unbalanced, norm(seen_again[:, :, 1]) / wide)
    return Trained(beta, bound, integration, status, steps[:count], drift, {}, (INTEGRATION_FLAG,))
