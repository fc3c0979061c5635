"""The exact reduction: the flow of ``mu = int rho dt`` alone, as many numbers as samples.

By claims 1.3 and 1.4 of the handbook ``beta = c sinh(phi + 2 X' mu)`` all along, so ``mu' = y - X beta(mu)``: the
gradient flow of a strictly concave function, whose Jacobian ``-K = -X diag(D) X'`` is at hand.  It is stiff where the
scales are small; Rodas5P (Steinebach, BIT 63:27, 2023: a Rosenbrock method, L-stable, of order 5) takes steps that do
not care.  The limit depends on no path, only on where mu' = 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ftproofs.numeric.diagonal.arrival import Arrival
from ftproofs.numeric.diagonal.ended import Ended
from ftproofs.numeric.diagonal.finish import compare, finish
from ftproofs.numeric.diagonal.network import Weights
from ftproofs.numeric.diagonal.record import Record
from ftproofs.numeric.diagonal.regression import Regression
from ftproofs.numeric.elementwise import cosh, power, sinh
from ftproofs.numeric.training import flow
from ftproofs.numeric.training.batching import survivors
from ftproofs.numeric.training.result import AIM

#: Errors of the phases 2 X' mu allowed in a step: the result's, and of the run it is compared with.
TOLERANCES = (1e-7, 1e-5)

MAX_STEPS = 5000

GAMMA = 0.21193756319429014
_A: tuple[tuple[float, ...], ...] = (
    (3.0,),
    (2.849394379747939, 0.45842242204463923),
    (-6.954028509809101, 2.489845061869568, -10.358996098473584),
    (2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641),
    (-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946),
)
_C: tuple[tuple[float, ...], ...] = (
    (-14.155112264123755,),
    (-17.97296035885952, -2.859693295451294),
    (147.12150275711716, -1.41221402718213, 71.68940251302358),
    (165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306),
    (24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471),
    (
        30.91273214028599,
        -3.1208243349937974,
        77.79954646070892,
        34.28646028294783,
        -19.097331116725623,
        -28.087943162872662,
    ),
    (
        37.80277123390563,
        -3.2571969029072276,
        112.26918849496327,
        66.9347231244047,
        -40.06618937091002,
        -54.66780262877968,
        -9.48861652309627,
    ),
)
#: Every stage after the sixth stands at the one before plus its increment.
_A = (*_A, (*_A[-1], 1.0), (*_A[-1], 1.0, 1.0))


class Reduced:
    """The flow of (mu, E) for rows of a batch; mu (row, n), E (row,) with ``E' = |rho|^2``."""

    def __init__(self, problem: Regression, start: Weights) -> None:
        self.problem, self.start = problem, start
        self.scale, self.phase = start.scale, start.phase

    def select(self, index: Tensor) -> Reduced:
        """Some rows only."""
        return Reduced(self.problem.select(index), self.start.select(index))

    def look(self, mu: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """beta, D (row, d) and rho (row, n) at mu."""
        s = self.problem.pull(mu)
        if self.start.frozen:
            D = 2 * self.scale
            beta = self.scale * self.phase + D * s
        else:
            u = self.phase + 2 * s
            beta, D = self.scale * sinh(u), 2 * self.scale * cosh(u)
        return beta, D, self.problem.residual(beta)

    def curvature(self, D: Tensor) -> Tensor:
        """K, (row, n, n); of the identity design its diagonal (row, n)."""
        if self.problem.X is None:
            return D
        half = self.problem.X * D.sqrt()[:, None, :]
        return torch.bmm(half, half.mT)

    def step(self, mu: Tensor, h: Tensor, D: Tensor, rho: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Changes of mu and E in a step h (row,), and the estimates of their errors."""
        K = self.curvature(D)
        shift = 1 / (GAMMA * h)
        diagonal = self.problem.X is None
        if diagonal:
            base = shift[:, None] + K
            push = K * rho
        else:
            L = torch.linalg.cholesky_ex(K + shift[:, None, None] * torch.eye(K.shape[1]).to(K))[0]
            push = torch.bmm(K, rho[:, :, None])[:, :, 0]
        ks: list[Tensor] = []
        es: list[Tensor] = []
        now = rho
        for stage in range(8):
            if stage:
                a = _A[stage - 1]
                now = self.look(mu + sum(w * k for w, k in zip(a, ks, strict=False)))[2]
            right, energy = now, now.square().sum(dim=1)
            if stage:
                c = _C[stage - 1]
                right = right + sum(w * k for w, k in zip(c, ks, strict=True)) / h[:, None]
                energy = energy + sum(w * e for w, e in zip(c, es, strict=True)) / h
            k = right / base if diagonal else torch.cholesky_solve(right[:, :, None], L)[:, :, 0]
            # E' depends on mu alone, with the gradient -2 K rho.
            es.append((energy - 2 * (push * k).sum(dim=1)) / shift)
            ks.append(k)
        weights = (*_A[-1], 1.0)
        change = sum(w * k for w, k in zip(weights, ks, strict=True))
        gain = sum(w * e for w, e in zip(weights, es, strict=True))
        return change, gain, ks[-1], es[-1]  # type: ignore[return-value]


def train_reduced(
    problem: Regression,
    starts: Sequence[Weights],
    unit: Tensor,
    *,
    max_steps: int = MAX_STEPS,
    aim: float = AIM,
    tolerances: tuple[float, float] = TOLERANCES,
) -> list[Ended]:
    """The reduced flow from several starts of every case, each to its limit; parameters as `train.train_flow`."""
    copies, device = 2 * len(starts), unit.device
    rows = Weights.woven([start for start in starts for _ in range(2)])
    index = torch.arange(len(unit), device=device).repeat_interleave(copies)
    repeated = problem.select(index)
    tolerance = torch.tensor(tolerances, dtype=unit.dtype, device=device).repeat(len(index) // 2)
    jump = not rows.frozen
    arrival = Arrival((aim * unit)[index], 1, jump=jump, frozen=rows.frozen)
    record = Record(repeated, rows, 1)
    mu, energy, code, steps = _integrate(Reduced(repeated, rows), arrival, record, tolerance, max_steps)
    weights = rows.turned(repeated.pull(mu))
    ended = finish(repeated, rows, weights, mu, energy, record, code, steps, jump=jump)
    return compare(ended, code, unit, len(starts), exact=True)


def _integrate(
    system: Reduced, arrival: Arrival, record: Record, tolerance: Tensor, max_steps: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """mu, E, codes of `flow` and steps tried of every row."""
    count, _ = system.problem.y.shape
    mu, energy = torch.zeros_like(system.problem.y), torch.zeros_like(tolerance)
    end, total = mu.clone(), energy.clone()
    code = torch.full((count,), flow.EXHAUSTED, dtype=torch.int64, device=mu.device)
    steps = torch.full_like(energy, float(max_steps))
    alive = torch.arange(count, device=mu.device)
    running, moved = (torch.ones_like(energy, dtype=torch.bool) for _ in range(2))
    t, previous = torch.zeros_like(energy), torch.full_like(energy, 1e-4)
    beta, D, rho = system.look(mu)
    h = 0.05 / (2 * system.problem.pull(rho).abs().amax(dim=1)).clamp_min(1e-300)
    for tried in range(max_steps + 1):
        fall = (D * system.problem.pull(rho).square()).sum(dim=1)
        record.see(alive, moved & running, t, rho, fall, beta)
        state = arrival.state(system.problem, moved & running, D, rho, fall)
        state = torch.where(record.fallen(alive), state, flow.RUNNING)
        lost = ~torch.isfinite(fall) | ~(h > 1e-300)
        state = torch.where(lost, flow.NOT_FINITE, state)
        new = running & (state != flow.RUNNING)
        if tried == max_steps:
            new = running
            state = torch.where(state == flow.RUNNING, flow.EXHAUSTED, state)
        if bool(new.any()):
            end[alive[new]], total[alive[new]] = mu[new], energy[new]
            code[alive[new]], steps[alive[new]] = state[new], float(tried)
            running = running & ~new
            if not bool(running.any()):
                break
            index = survivors(running)
            if index is not None:
                arrival.keep(index)
                system = system.select(index)
                mu, energy, alive, running = mu[index], energy[index], alive[index], running[index]
                t, h, previous, tolerance = t[index], h[index], previous[index], tolerance[index]
                beta, D, rho = beta[index], D[index], rho[index]
                record.attend(alive)
        change, gain, error, _ = system.step(mu, h, D, rho)
        size = 2 * system.problem.pull(error).abs().amax(dim=1) / tolerance
        found = system.look(mu + change)
        moved = (size <= 1) & torch.isfinite(found[2]).all(dim=1)
        keep = moved[:, None]
        mu, energy = torch.where(keep, mu + change, mu), torch.where(moved, energy + gain, energy)
        beta, D, rho = (torch.where(keep, a, b) for a, b in zip(found, (beta, D, rho), strict=True))
        t = torch.where(moved, t + h, t)
        size = torch.where(torch.isfinite(size), size.clamp_min(1e-10), 1e10)
        factor = 0.9 * power(size, -0.16) * power(previous, 0.04)
        factor = torch.where(moved, factor.clamp(0.3, 5.0), (0.9 * power(size, -0.2)).clamp(0.1, 0.8))
        previous = torch.where(moved, size, previous)
        h = h * factor
    return end, total, code, steps
