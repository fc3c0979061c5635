"""The oracle: where diagonal training ends, by Newton's method on the dual problem (handbook claim 2.3).

The limit minimises ``D_Q(beta, beta(0))`` over the interpolators, so ``beta = c sinh(phi + 2 X' mu)`` with
``phi = asinh(beta(0)/c)`` and mu the maximiser of the strictly concave

    mu'y - sum_i (c_i/2) (cosh(phi_i + 2 (X' mu)_i) - cosh(phi_i)),

whose gradient is ``y - X beta`` and whose Hessian is ``-K``, ``K = X diag(D) X'``, ``D = 2 c cosh(phi + 2 X' mu)``.

The certificate: along a step the Hessian changes by a factor of at most ``exp(2 max_i |(X' step)_i|)``, so that the
residual's norm l in the metric K^-1 and ``k^2 = max_i x_i' K^-1 x_i`` bound the distance of mu from the maximiser in
the metric K by ``-ln(1 - 2 k l) / (2 k)`` whenever ``2 k l < 1``, and the
predictor's by ``sqrt(max D) exp(e)`` times that, ``e = -ln(1 - 2 k l)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ftproofs.numeric.elementwise import cosh, sinh
from ftproofs.numeric.training.batching import survivors

MAX_ITERATIONS = 400
#: No step moves a phase by more than this: the exponentials stay where they mean something.
LONGEST = 3.0
UNIT = 2.0**-53
#: A full step that moves no phase by more than this is the last: its error is quadratic.
SETTLED = 1e-8
#: A certificate above this, relative to the larger of |beta| and |y|, is no solution.
ACCEPT = 1e-7
#: Designs with more numbers than this are left to torch, whose products of matrices are quicker there.
LARGEST = 1 << 17


@dataclass(frozen=True)
class Solution:
    """Where training ends: beta (case, d), mu (case, n); ``bound``, ``mu_bound`` (case,) on their distances from it.

    ``status`` is ``ok`` or ``not-converged``; ``iterations`` (case,) counts Newton steps.
    """

    beta: Tensor
    mu: Tensor
    bound: Tensor
    mu_bound: Tensor
    status: tuple[str, ...]
    iterations: Tensor


def solve(
    X: Tensor,
    y: Tensor,
    scale: Tensor,
    phase: Tensor | None = None,
    ridge: Tensor | None = None,
    method: int = 0,
    engine: str = "",
) -> Solution:
    """The minimum-Q interpolator of each case; with a ridge the minimum of ``|y - X beta|^2 / 2 + ridge D_Q``.

    Args:
        X: (case, n, d), n <= d, full rank; y: (case, n).
        scale: (case, d), c > 0.
        phase: (case, d), asinh(beta(0)/c); 0 if not given.
        ridge: (case,), its gradient term is ``-ridge mu``; 0 if not given.
        method: 1 takes Newton's steps by orthogonal factors of the weighted design, 0 by Cholesky's of its Gram matrix.
        engine: ``torch`` never takes the compiled loop; otherwise moderate designs on the CPU do, without method 1.
    """
    count = len(y)
    if method == 0 and engine != "torch" and compiles(X, X[0].numel()):
        return _compiled(X, y, scale, phase, ridge)
    if count == 1:
        twice = torch.zeros(2, dtype=torch.int64, device=y.device)
        phase, ridge = (None if part is None else part[twice] for part in (phase, ridge))
        return _first(solve(X[twice], y[twice], scale[twice], phase, ridge, method, engine))
    system = whole = _System(
        X,
        y,
        scale,
        torch.zeros_like(scale) if phase is None else phase,
        torch.zeros_like(y[:, 0]) if ridge is None else ridge,
        method,
    )
    mu = torch.zeros_like(y)
    iterations = torch.full_like(y[:, 0], float(MAX_ITERATIONS))
    alive = torch.arange(count, device=y.device)
    at, running = mu, torch.ones_like(iterations, dtype=torch.bool)
    for t in range(MAX_ITERATIONS):
        at, arrived = system.step(at)
        new = running & (arrived | ~torch.isfinite(at).all(dim=1))
        if bool(new.any()):
            mu[alive[new]], iterations[alive[new]] = at[new], t + 1.0
            running = running & ~new
            if not bool(running.any()):
                break
            index = survivors(running)
            if index is not None:
                system, at = system.select(index), at[index]
                alive, running = alive[index], running[index]
    mu[alive[running]] = at[running]
    return whole.certified(mu, iterations)


@dataclass(frozen=True)
class _System:
    """The dual problem of a batch."""

    X: Tensor
    y: Tensor
    scale: Tensor
    phase: Tensor
    ridge: Tensor
    method: int = 0

    def select(self, index: Tensor) -> _System:
        X, y, scale, phase, ridge = (z[index] for z in (self.X, self.y, self.scale, self.phase, self.ridge))
        return _System(X, y, scale, phase, ridge, self.method)

    def beta(self, mu: Tensor) -> tuple[Tensor, Tensor]:
        """``c sinh u`` and ``u = phi + 2 X' mu``, each (case, d)."""
        u = torch.baddbmm(self.phase[:, :, None], self.X.mT, mu[:, :, None], alpha=2)[:, :, 0]
        return self.scale * sinh(u), u

    def gradient(self, mu: Tensor, beta: Tensor) -> Tensor:
        """``y - X beta - ridge mu``, (case, n)."""
        return torch.baddbmm(self.y[:, :, None], self.X, beta[:, :, None], alpha=-1)[:, :, 0] - self.ridge[:, None] * mu

    def factor(self, u: Tensor) -> Tensor:
        """A lower triangular L with ``L L' = X diag(2 c cosh u) X' + ridge I``, (case, n, n)."""
        half = self.X * (2 * self.scale * cosh(u)).sqrt()[:, None, :]
        if self.method == 1:
            extra = torch.diag_embed(self.ridge.sqrt()[:, None].expand(-1, half.shape[1]))
            return torch.linalg.qr(torch.cat([half, extra], dim=2).mT, mode="r").R.mT
        K = torch.bmm(half, half.mT)
        K.diagonal(dim1=1, dim2=2).add_(self.ridge[:, None])
        return torch.linalg.cholesky_ex(K)[0]

    def step(self, mu: Tensor) -> tuple[Tensor, Tensor]:
        """One damped Newton step, and whether it was the last that matters (case,)."""
        beta, u = self.beta(mu)
        gradient = self.gradient(mu, beta)
        newton = torch.cholesky_solve(gradient[:, :, None], self.factor(u))
        move = 2 * torch.bmm(self.X.mT, newton)[:, :, 0]
        longest = move.abs().amax(dim=1).clamp_min(1e-300)
        # The derivative along the step stays positive up to a = ln(1 + e)/e: safe, but short.
        safe = torch.log1p(longest) / longest
        bold = (LONGEST / longest).clamp_max(1.0)
        slope = (gradient * newton[:, :, 0]).sum(dim=1)
        tried = u + bold[:, None] * move
        # cosh(u + m) - cosh(u) = 2 sinh(u + m/2) sinh(m/2): no cancellation for small moves.
        middle, half = (u + tried) / 2, (tried - u) / 2
        fall = (self.scale * sinh(middle) * sinh(half)).sum(dim=1)
        moved = bold[:, None] * newton[:, :, 0]
        gain = (moved * (self.y - self.ridge[:, None] * (mu + moved / 2))).sum(dim=1) - fall
        good = gain >= 0.25 * bold * slope
        a = torch.where(good | (longest < 1e-3), bold, safe)
        return mu + a[:, None] * newton[:, :, 0], longest <= SETTLED

    def certified(self, mu: Tensor, iterations: Tensor) -> Solution:
        """The solution at mu with its certificate."""
        beta, u = self.beta(mu)
        L = self.factor(u)
        gradient = self.gradient(mu, beta)
        n, d = self.X.shape[1:]
        eye = torch.eye(n, dtype=mu.dtype, device=mu.device).expand_as(L)
        inverse = torch.linalg.solve_triangular(L, eye, upper=False)
        norm = torch.linalg.vector_norm
        D = 2 * self.scale * cosh(u)
        # Rounding of X' mu, carried to beta by D, and of the residual.
        absolute = self.X.abs()
        inner = 2 * torch.bmm(absolute.mT, mu.abs()[:, :, None])[:, :, 0]
        spread = UNIT * (D * ((n + 2) * inner + 4 * self.phase.abs()) + 8 * beta.abs())
        terms = (d + 4) * UNIT * beta.abs() + spread
        rounding = norm(torch.bmm(absolute, terms[:, :, None])[:, :, 0], dim=1) + 4 * UNIT * norm(self.y, dim=1)
        whitened = torch.bmm(inverse, gradient[:, :, None])[:, :, 0]
        decrement = 1.01 * (norm(whitened, dim=1) + norm(inverse, dim=(1, 2)) * rounding)
        reach = torch.bmm(inverse, self.X).square().sum(dim=1).amax(dim=1).sqrt()
        fastest = D.amax(dim=1)
        bound, _ = newton_bounds(decrement, reach, fastest)
        # bound >= sqrt(max D) times mu's distance in the norm of K.
        mu_bound = norm(inverse, dim=(1, 2)) * bound / fastest.sqrt()
        return _judged(self.y, beta, mu, bound + norm(spread, dim=1), mu_bound, iterations)


def _judged(y: Tensor, beta: Tensor, mu: Tensor, bound: Tensor, mu_bound: Tensor, iterations: Tensor) -> Solution:
    """The solution, ``ok`` where its certificate says so."""
    norm = torch.linalg.vector_norm
    bound = torch.where(torch.isfinite(bound), bound, torch.inf)
    good = bound <= ACCEPT * torch.maximum(norm(beta, dim=1), norm(y, dim=1)).clamp_min(1e-300)
    good = good | (norm(y, dim=1) + norm(beta, dim=1) == 0)
    status = tuple("ok" if g else "not-converged" for g in good.tolist())
    return Solution(beta, mu, bound, mu_bound, status, iterations)


def compiles(like: Tensor, size: int) -> bool:
    """Whether problems whose designs have so many numbers are left to the loops of `numeric.loops`.

    That depends on the problem's own size and the device, never on its neighbours: rows replay on the same machine
    whatever they are measured with.
    """
    return like.device.type == "cpu" and like.dtype == torch.float64 and size <= LARGEST


def _compiled(X: Tensor, y: Tensor, scale: Tensor, phase: Tensor | None, ridge: Tensor | None) -> Solution:
    from ftproofs.numeric.loops.dual import solved

    phase = torch.zeros_like(scale) if phase is None else phase
    ridge = torch.zeros_like(y[:, 0]) if ridge is None else ridge
    arrays = (np.ascontiguousarray(z.numpy()) for z in (X, y, scale, phase, ridge))
    beta, mu, bounds, iterations = (torch.from_numpy(z) for z in solved(*arrays))
    return _judged(y, beta, mu, bounds[:, 0], bounds[:, 1], iterations)


def newton_bounds(decrement: Tensor, reach: Tensor, fastest: Tensor) -> tuple[Tensor, Tensor]:
    """Bounds on the predictor's distance from the limit before and after one full Newton step; inf where none.

    Args:
        decrement: (case,), l, the residual in the norm of K^-1.
        reach: (case,), k, ``k^2 = max_i x_i' K^-1 x_i``.
        fastest: (case,), max_i D_i.
    """
    share = 2 * reach * decrement
    e = -torch.log1p(-share.clamp_max(1 - 1e-12))
    distance = e / (2 * reach.clamp_min(1e-300))
    before = (fastest * torch.exp(2 * e)).sqrt() * torch.maximum(distance, decrement)
    # |K^-1 (Kbar - K)| <= (exp(e) - 1)/e - 1, Kbar the Hessian's mean on the way to the limit.
    change = torch.where(e > 1e-5, torch.expm1(e) / e.clamp_min(1e-300) - 1, 0.51 * e)
    # The predictor moves by the mean of D along a way that may overshoot by as much.
    after = (fastest * torch.exp(2 * e)).sqrt() * change * torch.maximum(distance, decrement)
    proper = share < 0.9
    infinite = torch.full_like(before, torch.inf)
    return torch.where(proper, before, infinite), torch.where(proper, after, infinite)


def _first(both: Solution) -> Solution:
    arrays = (both.beta, both.mu, both.bound, both.mu_bound)
    beta, mu, bound, mu_bound = (z[:1] for z in arrays)
    return Solution(beta, mu, bound, mu_bound, both.status[:1], both.iterations[:1])
