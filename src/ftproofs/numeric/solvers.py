"""Independent oracles for where training ends.

They solve for the limit instead of training towards it, share no function with
the training engines, and never pose as training: their rows carry the engine
name ``solver``.  Two factorisations (QR and SVD) stand in for one another when a
finding is confirmed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from scipy.optimize import elementwise, linprog
from torch import Tensor

from ftproofs.errors import UsageError
from ftproofs.numeric.elementwise import power
from ftproofs.numeric.gram import GramDesign


@dataclass(frozen=True)
class Design:
    """A factorised batch of designs of full rank ``r = min(n, d)``.

    ``basis`` (case, d, r) has orthonormal columns spanning the rows' span, ``pinv``
    (case, d, n) is the Moore-Penrose inverse, ``condition`` (case,) an upper bound
    on the condition number (Frobenius norms), float64.

    With ``shared`` above 1 the first axis of ``basis`` and ``pinv`` counts designs, each that
    of so many consecutive cases; vectors have a row for every case.
    """

    basis: Tensor
    pinv: Tensor
    condition: Tensor
    shared: int = 1

    def inside(self, vector: Tensor) -> Tensor:
        """P z for z of shape (case, d)."""
        if self.shared == 1:
            return torch.einsum("cdr,cr->cd", self.basis, torch.einsum("cdr,cd->cr", self.basis, vector))
        return self.split(vector)[0][0]

    def outside(self, vector: Tensor) -> Tensor:
        """(I - P) z, projected twice so that its error is relative to its own size."""
        if self.basis.shape[1] == self.basis.shape[2]:
            return torch.zeros_like(vector)
        if self.shared > 1:
            return self.split(vector)[1][0]
        once = vector - self.inside(vector)
        return once - self.inside(once)

    def split(self, *vectors: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """The parts inside and outside of several vectors (case, d): as `inside` and `outside`, read once for all."""
        count, (designs, d) = len(vectors), self.basis.shape[:2]
        together = torch.stack(vectors, dim=2)
        if self.shared > 1:
            together = together.reshape(designs, self.shared, d, count).transpose(1, 2).reshape(designs, d, -1)
        inside = self.basis @ (self.basis.mT @ together)
        if self.basis.shape[1] == self.basis.shape[2]:
            outside = torch.zeros_like(together)
        else:
            once = together - inside
            outside = once - self.basis @ (self.basis.mT @ once)
        if self.shared > 1:
            inside, outside = (
                z.reshape(designs, d, self.shared, count).transpose(1, 2).reshape(-1, d, count)
                for z in (inside, outside)
            )
        return inside.unbind(dim=2), outside.unbind(dim=2)

    def fit(self, labels: Tensor) -> Tensor:
        """X^+ y for y of shape (case, n)."""
        if self.shared == 1:
            return torch.einsum("cdn,cn->cd", self.pinv, labels)
        grouped = labels.reshape(len(self.pinv), self.shared, -1)
        return (grouped @ self.pinv.mT).reshape(len(labels), -1)

    def traces(self, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        """Traces of ``X^+' Sigma X^+`` for Sigma = diag(spectrum), (case, d), and of ``X^+' X^+``; (case,)."""
        squares = self.pinv.square().sum(dim=2)  # (design, d)
        traces = (spectrum[:: self.shared] * squares).sum(dim=1), squares.sum(dim=1)
        weighted, plain = (x.repeat_interleave(self.shared) if self.shared > 1 else x for x in traces)
        return weighted, plain


def factorise(X: Tensor, *, method: int = 0, shared: int = 1) -> Design:
    """The design's row space and pseudo-inverse; by QR (method 0) or SVD (method 1).

    Args:
        X: (case, n, d), float64, full rank; one for ``shared`` consecutive cases.
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
    return Design(basis, pinv, condition.repeat_interleave(shared) if shared > 1 else condition, shared)


def linear_endpoint(design: Design, residual: Tensor, source: Tensor) -> Tensor:
    """The fit nearest to the source, theta_S + X^+ (y - X theta_S), shape (case, d).

    Args:
        residual: y - X theta_S, (case, n).
    """
    return source + design.fit(residual)


def deep_linear_endpoint(design: Design | GramDesign, y: Tensor, source: Tensor, depth: int) -> Tensor:
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


def line_endpoint(X: Tensor, y: Tensor, source: Tensor, *, alone: bool) -> Tensor:
    """The best multiple ``z theta_S`` for the training loss, (case, d); never a negative one unless ``alone``.

    What is left to train beside frozen first layers moves z: one layer (``alone``) freely, several
    aligned ones as a product of lengths, which keeps its sign and stops at 0 (handbook A9).
    """
    line = torch.einsum("cnd,cd->cn", X, source)
    z = (line * y).sum(dim=1) / line.square().sum(dim=1)
    return (z if alone else z.clamp_min(0.0))[:, None] * source


def rank_one_ridge(predicted: Tensor, y: Tensor, source: Tensor, ridge: Tensor, depth: int) -> Tensor:
    """The readout alone on balanced features of rank one: the best multiple of the source, shape (case, d).

    With ``u`` the source's direction, ``z = X u`` and features of norm ``F = |source|^((L-1)/L)``, the
    multiple of u is ``z'y / (z'z + n ridge / F^2)`` (handbook B3).

    Args:
        predicted: X theta_S, (case, n).
        ridge: (case,).
    """
    length = torch.linalg.vector_norm(source, dim=1)
    u, z = source / length[:, None], predicted / length[:, None]
    penalty = z.shape[1] * ridge * power(length, -2 * (depth - 1) / depth)
    return ((z * y).sum(dim=1) / (z.square().sum(dim=1) + penalty))[:, None] * u


def ridge_endpoint(X: Tensor, y: Tensor, anchor: Tensor, ridge: Tensor, *, method: int = 0, shared: int = 1) -> Tensor:
    """``anchor + (X'X + n ridge)^-1 X'(y - X anchor)``, shape (case, d).

    By a Cholesky factor of the smaller side, or by an SVD (method 1).

    Args:
        X: (design, n, d), one for ``shared`` consecutive cases, which have one ridge.
        ridge: (case,); at 0 the design has full rank.
    """
    n, d = X.shape[1:]
    grouped = anchor.reshape(len(X), shared, d).mT
    residual = y.reshape(len(X), shared, n).mT - X @ grouped
    ridge = ridge[::shared]
    if method == 1:
        U, s, Vh = torch.linalg.svd(X, full_matrices=False)
        share = s / (s**2 + n * ridge[:, None])
        moved = Vh.mT @ (share[:, :, None] * (U.mT @ residual))
    else:
        small = min(n, d)
        gram = X @ X.mT if n <= d else X.mT @ X
        gram = gram + n * ridge[:, None, None] * torch.eye(small, dtype=X.dtype, device=X.device)
        factor = torch.linalg.cholesky(gram)
        right = residual if n <= d else X.mT @ residual
        solved = torch.cholesky_solve(right, factor)
        moved = X.mT @ solved if n <= d else solved
    return anchor + moved.mT.reshape(anchor.shape)


def unbalanced_endpoint(design: Design, y: Tensor, predicted: Tensor, source: Tensor, readout: Tensor) -> Tensor:
    """The limit of gradient flow of two aligned layers that start as ``theta_S / a_0`` and ``a_0``, shape (case, d).

    The final readout a solves ``a^2 - A^2/a^2 = q``, so ``a^2 = A exp(asinh(q / (2 A)))``, with
    ``q = a_0^2 - |P theta_S|^2 / a_0^2`` (handbook A8).  It is positive where q > 0, as it
    would vanish only at a squared norm q below zero, and where the loss starts below its value at 0.

    Args:
        predicted: X theta_S, (case, n).
        readout: (case,), a_0 > 0.

    Raises:
        UsageError: FT308 a case whose readout may change its sign.
    """
    inside, outside = design.fit(y), design.outside(source)
    A = torch.linalg.vector_norm(inside, dim=1)
    q = readout**2 - torch.linalg.vector_norm(design.inside(source), dim=1) ** 2 / readout**2
    falls = torch.linalg.vector_norm(predicted - y, dim=1) < torch.linalg.vector_norm(y, dim=1)
    if not bool(((q > 0) | falls).all()):
        raise UsageError("FT308", "the oracle does not know the sign of the final readout (imbalance too far below 1)")
    squared = torch.where(A > 0, A * torch.exp(torch.asinh(q / (2 * A))), q.clamp_min(0.0))
    return inside + (squared.sqrt() / readout)[:, None] * outside


def resolution(spectrum: np.ndarray, n: int) -> float:
    """The root kappa of ``sum_i l_i/(l_i + kappa) = n`` over positive eigenvalues, shape (d,); 0 for n >= d."""
    return _resolution(np.ascontiguousarray(spectrum, dtype=np.float64).tobytes(), n)


@lru_cache(maxsize=256)
def _resolution(values: bytes, n: int) -> float:
    spectrum = np.frombuffer(values)
    room = (len(spectrum) - n) / n
    if room <= 0:
        return 0.0
    # l/(l + kappa) is concave in l: the root lies between the values at the least and at the mean eigenvalue.
    low, high = math.log(spectrum.min() * room) - 1e-9, math.log(spectrum.mean() * room) + 1e-9
    found = elementwise.find_root(
        lambda x: (spectrum / (spectrum + np.exp(x)[..., None])).sum(axis=-1) - n, (low, high)
    )
    return math.exp(float(found.x))


def localisation(spectrum: np.ndarray, gap: float) -> float:
    """The root r^2 of ``2 sum_i min(l_i/r^2, 1) = gap^2``, positive eigenvalues of shape (d,).

    Infinite for gap <= 0, NaN for gap^2 >= 2 d, where there is no root.  In 1/r^2 the left
    side is piecewise linear, with a corner at every 1/l_i.
    """
    if gap <= 0:
        return math.inf
    if gap**2 >= 2 * len(spectrum):
        return math.nan
    corners = np.unique(1 / spectrum)
    heights = np.array([2 * np.minimum(spectrum * u, 1.0).sum() for u in corners])
    return 1 / float(np.interp(gap**2, np.r_[0.0, heights], np.r_[0.0, corners]))


def weighted_l1_fit(X: np.ndarray, y: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, float, float]:
    """A fit b and bounds of ``min sum_i w_i |b_i|`` over the interpolators ``X b = y`` (weighted basis pursuit).

    Args:
        X, y: shapes (n, d) and (n,), of full row rank n <= d.
        weights: shape (d,), positive.

    A linear program, solved by HiGHS; the bounds are the dual's value, made feasible, and that of b, which attains the
    least norm up to their distance.  b and the lower one are NaN and the upper one infinite where nothing is found.
    """
    found = linprog(np.r_[weights, weights], A_eq=np.c_[X, -X], b_eq=y, method="highs")
    if not found.success:
        return np.full_like(weights, math.nan), math.nan, math.inf
    d = X.shape[1]
    b = found.x[:d] - found.x[d:]
    b = b + np.linalg.pinv(X) @ (y - X @ b)
    upper = float((weights * np.abs(b)).sum())
    dual = np.asarray(found.eqlin.marginals)
    slopes = np.abs(X.T @ dual)
    with np.errstate(divide="ignore", invalid="ignore"):
        shrink = min(1.0, float(np.where(slopes > weights, weights / slopes, 1.0).min()))
    lower = shrink * float(y @ dual)
    rounding = 64 * d * np.finfo(float).eps * upper
    return b, lower - rounding, upper + rounding


def pooled_least_squares(X: Tensor, y: Tensor, *, method: int = 0) -> Tensor:
    """Least squares on all clients' data together, (case, d): what FedAvg is often said to converge to.

    Args:
        X: (case, client, n, d), with at least d samples in all; y: (case, client, n).
    """
    count, clients, n, d = X.shape
    return factorise(X.reshape(count, clients * n, d), method=method).fit(y.reshape(count, clients * n))


def fedavg_endpoint(X: Tensor, y: Tensor, rate: Tensor, local_steps: int, *, method: int = 0) -> Tensor:
    """The fixed point of FedAvg with that many local gradient steps, (case, d), by one linear system.

    A client's K steps from b end at ``b + F_i (c_i - S_i b)`` with ``S_i = X_i'X_i/n``, ``c_i = X_i'y_i/n`` and
    ``F_i = sum_{j<K} eta (I - eta S_i)^j``, so that the means over clients solve ``mean(F_i S_i) b = mean(F_i c_i)``.
    With F_i summed term by term, or in the eigenvectors of S_i (method 1).  With one step
    F_i is the step size, and drops out: there are the normal equations of all samples.

    Args:
        X: (case, client, n, d); y: (case, client, n); rate: (case,).
    """
    n, d = X.shape[2:]
    if local_steps == 1 and method == 0:
        pooled = X.flatten(1, 2)
        return torch.linalg.solve(pooled.mT @ pooled, pooled.mT @ y.flatten(1)[..., None])[:, :, 0]
    S, c = X.mT @ X / n, (X.mT @ y[..., None]) / n
    eta = rate[:, None, None, None]
    if method == 1:
        values, V = torch.linalg.eigh(S)
        values = values.clamp_min(0.0)[..., None]
        shrunk = power(1 - eta * values, local_steps)
        share = 1 - shrunk
        filtered = torch.where(values > 0, share / torch.where(values > 0, values, 1.0), eta * local_steps)
        matrix, right = V @ (share * V.mT), V @ (filtered * (V.mT @ c))
    else:
        kept = torch.eye(d, dtype=X.dtype, device=X.device) - eta * S
        term = total = eta * torch.eye(d, dtype=X.dtype, device=X.device).expand_as(S)
        for _ in range(local_steps - 1):
            term = term @ kept
            total = total + term
        matrix, right = total @ S, total @ c
    return torch.linalg.solve(matrix.mean(dim=1), right.mean(dim=1))[:, :, 0]
