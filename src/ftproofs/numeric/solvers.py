"""Independent oracles for where training ends.

They solve for the limit instead of training towards it, share no function with
the training engines, and never pose as training: their rows carry the engine
name ``solver``.  Two factorisations (QR and SVD) stand in for one another when a
finding is confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import elementwise
from torch import Tensor


@dataclass(frozen=True)
class Design:
    """A factorised batch of designs of full rank ``r = min(n, d)``.

    ``basis`` (case, d, r) has orthonormal columns spanning the rows' span, ``pinv``
    (case, d, n) is the Moore-Penrose inverse, ``condition`` (case,) an upper bound
    on the condition number (Frobenius norms), float64.
    """

    basis: Tensor
    pinv: Tensor
    condition: Tensor

    def inside(self, vector: Tensor) -> Tensor:
        """P z for z of shape (case, d)."""
        return torch.einsum("cdr,cr->cd", self.basis, torch.einsum("cdr,cd->cr", self.basis, vector))

    def outside(self, vector: Tensor) -> Tensor:
        """(I - P) z, projected twice so that its error is relative to its own size."""
        if self.basis.shape[1] == self.basis.shape[2]:
            return torch.zeros_like(vector)
        once = vector - self.inside(vector)
        return once - self.inside(once)

    def fit(self, labels: Tensor) -> Tensor:
        """X^+ y for y of shape (case, n)."""
        return torch.einsum("cdn,cn->cd", self.pinv, labels)


def factorise(X: Tensor, *, method: int = 0) -> Design:
    """The design's row space and pseudo-inverse; by QR (method 0) or SVD (method 1).

    Args:
        X: (case, n, d), float64, full rank.
    """
    n, d = X.shape[1:]
    if method == 1:
        U, s, Vh = torch.linalg.svd(X, full_matrices=False)
        basis = Vh.mT
        pinv = (basis / s[:, None, :]) @ U.mT
    elif n <= d:
        basis, R = torch.linalg.qr(X.mT)
        # X = R' Q', so X^+ = Q R^-T: solve Z R' = Q.
        pinv = torch.linalg.solve_triangular(R.mT, basis, upper=False, left=False)
    else:
        Q, R = torch.linalg.qr(X)
        pinv = torch.linalg.solve_triangular(R, Q.mT, upper=True)
        basis = torch.eye(d, dtype=X.dtype, device=X.device).expand(X.shape[0], d, d)
    condition = torch.linalg.matrix_norm(X) * torch.linalg.matrix_norm(pinv)
    return Design(basis, pinv, condition)


def linear_endpoint(design: Design, X: Tensor, y: Tensor, source: Tensor) -> Tensor:
    """The fit nearest to the source, theta_S + X^+ (y - X theta_S), shape (case, d)."""
    return source + design.fit(y - torch.einsum("cnd,cd->cn", X, source))


def deep_linear_endpoint(design: Design, y: Tensor, source: Tensor, depth: int) -> Tensor:
    """The limit of gradient flow of a balanced depth-L network, shape (case, d).

    Inside the span the minimum-norm fit; outside c times the source's part, with c
    from the squared norm N of the limit: ``1 = A^2/N + b^2 s^(-2(L-1)/L) N^(-1/L)``
    has one root since its right side falls from infinity to 0 (handbook A6).
    """
    inside, outside = design.fit(y), design.outside(source)
    if depth == 1:
        return inside + outside
    with np.errstate(divide="ignore"):
        log_A, log_b, log_s = (
            np.log(torch.linalg.vector_norm(z, dim=1).cpu().numpy()) for z in (inside, outside, source)
        )

    def excess(x: np.ndarray, log_A: np.ndarray, log_b: np.ndarray, log_s: np.ndarray) -> np.ndarray:
        return np.logaddexp(2 * log_A - x, 2 * log_b - 2 * (depth - 1) / depth * log_s - x / depth)

    # Each term alone is at most 1 at the root and one of them at least 1/2.
    from_b = depth * (2 * log_b - 2 * (depth - 1) / depth * log_s)
    low = np.maximum(2 * log_A, from_b) - 1e-9
    high = np.maximum(2 * log_A + np.log(2), from_b + depth * np.log(2)) + 1e-9
    found = elementwise.find_root(excess, (low, high), args=(log_A, log_b, log_s))
    factor = np.exp((depth - 1) / depth * (found.x / 2 - log_s))
    scale = torch.as_tensor(np.where(np.isfinite(factor), factor, 0.0), dtype=source.dtype, device=source.device)
    return inside + scale[:, None] * outside
