"""The dual oracle of diagonal networks: against a general optimizer, its certificate, its range."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from ftproofs.numeric.diagonal import dual


def problem(seed: int, count: int, n: int, d: int, scale: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((count, n, d)) / np.sqrt(n)
    beta = np.where(rng.uniform(size=(count, d)) < 0.2, 2 * rng.standard_normal((count, d)), 0.0)
    y = np.einsum("cnd,cd->cn", X, beta) + 0.1 * rng.standard_normal((count, n))
    C = scale * np.exp(rng.uniform(-1, 1, (count, d)))
    return torch.tensor(X), torch.tensor(y), torch.tensor(C)


@pytest.mark.parametrize("start", [False, True])
def test_it_is_the_minimum_of_the_bregman_divergence(start: bool) -> None:
    X, y, C = problem(1, 3, 4, 9, 0.5)
    phase = torch.linspace(-1, 1, 9).double().expand(3, 9) if start else torch.zeros(3, 9).double()
    found = dual.solve(X, y, C, phase)
    for i in range(3):
        c, phi, A, b = (z[i].numpy() for z in (C, phase, X, y))

        def divergence(x: np.ndarray, c: np.ndarray = c, phi: np.ndarray = phi) -> float:
            return float(np.sum(c - np.hypot(c, x) + x * (np.arcsinh(x / c) - phi)) / 2)

        reference = minimize(
            divergence,
            np.linalg.lstsq(A, b, rcond=None)[0],
            constraints={"type": "eq", "fun": lambda x, A=A, b=b: A @ x - b},
            method="SLSQP",
            options={"ftol": 1e-15, "maxiter": 500},
        )
        assert reference.success
        assert np.allclose(found.beta[i].numpy(), reference.x, atol=2e-6)
        assert divergence(found.beta[i].numpy()) <= divergence(reference.x) + 1e-12


@pytest.mark.parametrize("engine", ["", "torch"])
@pytest.mark.parametrize("scale", [1e-100, 1e-30, 1e-8, 1e-3, 1.0, 1e8])
def test_from_tiny_to_huge_scales(scale: float, engine: str) -> None:
    X, y, C = problem(2, 8, 20, 50, scale)
    found = dual.solve(X, y, C, engine=engine)
    assert found.status == ("ok",) * 8
    assert float((y - torch.einsum("cnd,cd->cn", X, found.beta)).abs().max()) < 1e-10
    u = torch.asinh(found.beta / C) / 2
    assert float((u - torch.einsum("cnd,cn->cd", X, found.mu)).abs().max()) < 1e-8 * float(u.abs().max())


def test_a_wrong_scale_is_another_solution() -> None:
    X, y, C = problem(3, 4, 10, 30, 0.1)
    a, b = dual.solve(X, y, C), dual.solve(X, y, 2 * C)
    assert (torch.linalg.vector_norm(a.beta - b.beta, dim=1) > 1e6 * (a.bound + b.bound)).all()


def test_the_certificate_covers_points_that_are_no_solution() -> None:
    X, y, C = problem(4, 40, 6, 15, 0.2)
    found = dual.solve(X, y, C)
    rng = torch.Generator().manual_seed(0)
    size = 10 ** torch.empty(40, dtype=torch.float64).uniform_(-9, 0.5, generator=rng)
    mu = found.mu + size[:, None] * torch.randn(found.mu.shape, generator=rng, dtype=torch.float64)
    zero = torch.zeros_like(C)
    moved = dual._System(X, y, C, zero, zero[:, 0]).certified(mu, found.iterations)
    error = torch.linalg.vector_norm(moved.beta - found.beta, dim=1)
    finite = torch.isfinite(moved.bound)
    assert 10 < int(finite.sum()) < 40
    assert (error <= moved.bound + found.bound)[finite].all()
    assert float((error / moved.bound)[finite].max()) > 0.05
    assert "not-converged" in moved.status


def test_a_ridge_and_no_neighbours() -> None:
    X, y, C = problem(5, 6, 10, 30, 0.1)
    ridge = torch.full_like(y[:, 0], 0.3)
    found = dual.solve(X, y, C, ridge=ridge)
    rho = y - torch.einsum("cnd,cd->cn", X, found.beta)
    assert torch.allclose(rho, 0.3 * found.mu, atol=1e-12)
    alone = dual.solve(X[2:3], y[2:3], C[2:3], ridge=ridge[2:3])
    assert alone.beta.numpy().tobytes() == found.beta[2:3].numpy().tobytes()


def test_both_factorisations_end_together() -> None:
    """The method that confirms takes its steps by orthogonal factors; neighbours do not matter."""
    X, y, C = problem(7, 6, 9, 20, 0.05)
    ridge = torch.tensor([0.0, 0.1, 3.0]).to(y)[torch.arange(len(y)) % 3]
    first, second = (dual.solve(X, y, C, ridge=ridge, method=method) for method in (0, 1))
    assert set(first.status + second.status) == {"ok"}
    apart = torch.linalg.vector_norm(first.beta - second.beta, dim=1)
    assert (apart <= first.bound + second.bound).all()
    assert (apart > 0).any()
    alone = dual.solve(X[1:2], y[1:2], C[1:2], ridge=ridge[1:2], method=1)
    assert torch.equal(alone.beta, second.beta[1:2])


@pytest.mark.parametrize(("n", "d"), [(1, 1), (1, 4), (3, 3), (4, 9), (5, 11), (6, 14), (7, 7), (16, 37)])
@pytest.mark.parametrize("scale", [1e-9, 0.05, 30.0])
def test_the_compiled_loop_ends_where_torch_ends(n: int, d: int, scale: float) -> None:
    X, y, C = problem(n + d, 5, n, d, scale)
    phase = torch.linspace(-2, 2, 5 * d).to(y).reshape(5, d)
    ridge = torch.tensor([0.0, 0.0, 1e-3, 0.5, 4.0]).to(y)
    fast, slow = (dual.solve(X, y, C, phase, ridge, engine=engine) for engine in ("", "torch"))
    assert set(fast.status + slow.status) == {"ok"}
    norm = torch.linalg.vector_norm
    assert (norm(fast.beta - slow.beta, dim=1) <= fast.bound + slow.bound).all()
    assert (norm(fast.mu - slow.mu, dim=1) <= fast.mu_bound + slow.mu_bound).all()
    # Certificates are the same but for rounding, of which they mostly consist.
    for a, b in ((fast.bound, slow.bound), (fast.mu_bound, slow.mu_bound)):
        assert (a <= 3 * b + 1e-15).all()
        assert (b <= 3 * a + 1e-15).all()


def test_no_solution_is_said_to_be_none_by_the_loop_too() -> None:
    X, y, C = problem(9, 4, 3, 8, 0.3)
    X[1, 2], y[1, 2], y[3, 0] = X[1, 1], 1 + y[1, 1], torch.nan  # contradictory labels; labels that are no numbers
    found = dual.solve(X, y, C)
    assert found.status == ("ok", "not-converged", "ok", "not-converged")
    assert torch.isinf(found.bound[[1, 3]]).all()
    clean = dual.solve(X[[0, 2]], y[[0, 2]], C[[0, 2]])
    assert torch.equal(clean.beta, found.beta[[0, 2]])
    none = torch.zeros_like(y)
    assert (dual.solve(X[:1], none[:1], C[:1]).beta == 0).all()
