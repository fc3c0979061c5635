"""Projections through the Gram matrix: the quick route for many large designs that are far from square.

Its rounding goes with the square of the condition number, which it says; isotropic inputs only.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

#: ``(sqrt(n) + sqrt(d))^2 / |n - d|``, the usual condition number, up to which the Gram matrix will do.
LIMIT = 100.0

#: Nearer to square than this, single designs are singular far more often than the usual one tells.
DISTANCE = 5


def suits(n: int, d: int) -> bool:
    """Whether designs of that shape are far enough from square; a matter of the shape alone."""
    return abs(n - d) >= DISTANCE and (n**0.5 + d**0.5) ** 2 <= LIMIT * abs(n - d)


def gram(X: Tensor) -> Tensor:
    """The smaller of ``X X'`` and ``X'X``, (case, min(n, d), min(n, d))."""
    return torch.bmm(X, X.mT) if X.shape[1] <= X.shape[2] else torch.bmm(X.mT, X)


def by_design(vectors: Tensor, shared: int) -> Tensor:
    """(case, size, count) as (design, size, cases of the design times count), each design that of so many cases."""
    if shared == 1:
        return vectors
    grouped = vectors.unflatten(0, (-1, shared)).transpose(1, 2)
    return grouped.flatten(2)


def by_case(vectors: Tensor, shared: int) -> Tensor:
    """The other way round."""
    if shared == 1:
        return vectors
    return vectors.unflatten(2, (shared, -1)).transpose(1, 2).flatten(0, 1)


@dataclass(frozen=True)
class GramDesign:
    """A batch of designs X (case, n, d) with the Cholesky factor of their Gram matrices; as `solvers.Design`.

    With ``shared`` above 1 the first axis of X and of the factor counts designs, each that of so many cases.

    ``condition`` (case,) bounds the squared condition number (Frobenius norms), ``inverse_trace`` (case,) is the
    trace of the Gram matrix's inverse.
    """

    X: Tensor
    factor: Tensor
    condition: Tensor
    inverse_trace: Tensor
    shared: int = 1

    @classmethod
    def of(cls, X: Tensor, matrix: Tensor | None = None, shared: int = 1) -> GramDesign:
        """The design, its Gram matrix being at hand or not."""
        matrix = gram(X) if matrix is None else matrix
        factor = torch.linalg.cholesky(matrix)
        inverse = torch.cholesky_inverse(factor)
        condition = torch.linalg.matrix_norm(matrix) * torch.linalg.matrix_norm(inverse)
        trace = inverse.diagonal(dim1=1, dim2=2).sum(dim=1)
        if shared > 1:
            condition, trace = condition.repeat_interleave(shared), trace.repeat_interleave(shared)
        return cls(X, factor, condition, trace, shared)

    def _fit(self, labels: Tensor) -> Tensor:
        if self.X.shape[1] <= self.X.shape[2]:
            return torch.bmm(torch.cholesky_solve(labels, self.factor).mT, self.X).mT
        return torch.cholesky_solve(torch.bmm(self.X.mT, labels), self.factor)

    def fit(self, labels: Tensor) -> Tensor:
        """X^+ y for y of shape (case, n)."""
        return by_case(self._fit(by_design(labels[:, :, None], self.shared)), self.shared)[:, :, 0]

    def split(self, *vectors: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """The parts inside and outside the rows' span of vectors (case, d)."""
        if self.X.shape[1] >= self.X.shape[2]:
            return vectors, tuple(map(torch.zeros_like, vectors))
        together = by_design(torch.stack(vectors, dim=2), self.shared)
        # Twice, so that the error outside is relative to what lies there.
        outside = together - self._fit(torch.bmm(self.X, together))
        outside = outside - self._fit(torch.bmm(self.X, outside))
        inside, outside = by_case(together - outside, self.shared), by_case(outside, self.shared)
        return inside.unbind(dim=2), outside.unbind(dim=2)

    def outside(self, vector: Tensor) -> Tensor:
        """(I - P) z for z (case, d)."""
        return self.split(vector)[1][0]

    def traces(self, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        """Traces of ``X^+' Sigma X^+`` and of ``X^+' X^+``, (case,).

        Raises:
            ValueError: Sigma is not the identity.
        """
        if not bool((spectrum == 1).all()):
            raise ValueError("the Gram matrix knows isotropic inputs only")
        return self.inverse_trace, self.inverse_trace
