"""A-posteriori bounds on the distance from where training stands to where it ends.

Conventions: the loss is ``|X beta - y|^2 / (2 n)``, ``r = X beta - y``, ``s_min`` the
smallest nonzero singular value of a design of full rank, ``u`` the unit roundoff.

**Linear regression.**  The limit is the point of ``theta_S + row(X)`` where the gradient
vanishes.  Inside the span the distance is at most ``|r| / s_min`` (n <= d) or
``|X' r| / s_min^2`` (n > d); outside it is the drift ``|P_perp (theta - theta_S)|``.

**Depth L, gradient flow of all weights Z** (n <= d; n > d is first reduced to n = d).
Write ``beta(Z) = W_1 ... W_L``, ``G = P d(beta)/dZ``, ``xi = X^+ r``, ``C = X'X / n``, so that
``Z' = -G' C xi``.  Since ``d(beta)/dZ [d(beta)/dZ]' >= |W_2 ... W_L|^2 I``, the smallest
singular value of G onto row(X) is at least ``g(Z) = |W_2 ... W_L|``, and
``d|r|/dt <= -s_min g |Z'|``: the path that is left has a length of at most
``rho = |r| / (s_min g)``, g being the least ``g(Z)`` on the ball of radius rho around Z.
On a ball where all ``|W_j| <= M``, beta is multilinear, so ``d(beta)/dZ`` has the
Lipschitz constant ``K = (L-1) M^(L-2)`` and beta itself ``sqrt(L) M^(L-1)``.

*Without a jump* ``|beta - beta_inf| <= sqrt(L) M^(L-1) rho``.

*With the jump* ``D0 = -J^+ r``, ``J = X d(beta)/dZ`` (so ``D0 = -G^+ xi``): let
``D = Z_inf - Z = -int G(t)' C xi dt``.  At arc length l, ``|G(t) - G| <= K l`` and
``|C xi| dt <= dl / g``; hence the part of D outside row(G) is at most ``K rho^2 / (2 g)``.
Because ``0 = xi + G D + e``, ``|e| <= K rho^2 / 2``, the part inside differs from D0
by at most ``K rho^2 / (2 g)``.  Together ``|D - D0| <= K rho^2 / (sqrt(2) g)``: quadratic
in the residual, and times the Lipschitz constant of beta a bound on the predictor.

*The radius.*  g(Z) has the Lipschitz constant K as well (at most), so ``g = (g_0 + sqrt(g_0^2 -
4 K |r| / s_min)) / 2`` is consistent whenever the root is real, with M taken
on the larger ball of radius ``2 |r| / (s_min g_0)``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ftproofs.numeric.elementwise import hypot, power

UNIT = 2.0**-53


def norm(z: Tensor) -> Tensor:
    """Euclidean norm of each case: (case, ...) to (case,)."""
    return torch.linalg.vector_norm(z.flatten(1), dim=1)


@dataclass(frozen=True)
class Span:
    """A batch of designs' extreme singular values and row space.

    ``largest``, ``smallest`` (a lower bound, rounding included) and ``frobenius`` have shape
    (case,); ``basis`` (case, d, n) has orthonormal columns, None where the span is everything.
    """

    largest: Tensor
    smallest: Tensor
    frobenius: Tensor
    basis: Tensor | None

    @classmethod
    def of(cls, X: Tensor) -> Span:
        """The span of the rows of X (case, n, d)."""
        n, d = X.shape[1:]
        values = torch.linalg.svdvals(X)
        largest = values[:, 0]
        smallest = (values[:, -1] - 4 * (n + d) * UNIT * largest).clamp_min(0.0)
        basis = torch.linalg.qr(X.mT).Q if n < d else None
        return cls(largest, smallest, torch.linalg.matrix_norm(X), basis)

    def outside(self, z: Tensor) -> Tensor:
        """P_perp z for z of shape (case, d, k)."""
        if self.basis is None:
            return torch.zeros_like(z)
        once = z - torch.bmm(self.basis, torch.bmm(self.basis.mT, z))
        return once - torch.bmm(self.basis, torch.bmm(self.basis.mT, once))

    def tilt(self) -> Tensor:
        """By how much rounding can tilt the computed span (case,): a norm error relative to the vector."""
        if self.basis is None:
            return torch.zeros_like(self.largest)
        n, d = self.basis.shape[2], self.basis.shape[1]
        return (n + d) * UNIT * (1 + self.frobenius / self.smallest)

    def select(self, index: Tensor) -> Span:
        """The same for some cases only."""
        basis = None if self.basis is None else self.basis[index]
        return Span(self.largest[index], self.smallest[index], self.frobenius[index], basis)


def residual_rounding(span: Span, size: Tensor, y: Tensor, n: int, d: int) -> Tensor:
    """Rounding of ``X beta - y`` computed in float64, for ``|beta| <= size`` (case,)."""
    return (max(n, d) + 2) * UNIT * (span.frobenius * size + norm(y))


def linear_distance(span: Span, X: Tensor, y: Tensor, theta: Tensor) -> tuple[Tensor, Tensor]:
    """Distance to the limit inside the span, and its part due to rounding; each (case,).

    Args:
        X: (case, n, d); y: (case, n); theta: (case, d).
    """
    n, d = X.shape[1:]
    residual = torch.bmm(X, theta[:, :, None])[:, :, 0] - y
    floor = residual_rounding(span, norm(theta), y, n, d)
    if n <= d:
        return (norm(residual) + floor) / span.smallest, floor / span.smallest
    gradient = norm(torch.bmm(X.mT, residual[:, :, None]))
    floor = span.frobenius * (floor + (n + 2) * UNIT * norm(residual))
    return (gradient + floor) / span.smallest**2, floor / span.smallest**2


def linear_bound(span: Span, X: Tensor, y: Tensor, theta: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
    """Bound on ``|theta - theta_inf|`` and the measured drift outside the span; each (case,)."""
    inside, _ = linear_distance(span, X, y, theta)
    moved = theta - start
    drift = norm(span.outside(moved[:, :, None]))
    return hypot(inside, drift + span.tilt() * norm(moved)), drift


def path_bounds(depth: int, residual: Tensor, smallest: Tensor, gain: Tensor, largest: Tensor) -> tuple[Tensor, Tensor]:
    """Bounds on ``|beta - beta_inf|`` without and with the tail jump (module docstring); inf where there is none.

    Args:
        depth: L.
        residual: (case,) upper bound of ``|X beta - y|``.
        smallest: (case,) lower bound of s_min(X).
        gain: (case,) ``|W_2 ... W_L|``.
        largest: (case,) ``max_j |W_j|``.
    """
    push = residual / smallest
    M = largest + 2 * push / gain
    K = (depth - 1) * power(M, max(depth - 2, 0))
    square = gain**2 - 4 * K * push
    g = (gain + square.clamp_min(0.0).sqrt()) / 2
    rho = push / g
    lipschitz = math.sqrt(depth) * power(M, depth - 1)
    plain, jumped = lipschitz * rho, lipschitz * K * rho**2 / (math.sqrt(2) * g)
    proper = square > 0
    infinite = torch.full_like(plain, torch.inf)
    return torch.where(proper, plain, infinite), torch.where(proper, jumped, infinite)
