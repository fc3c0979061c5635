import math

import numpy as np
import pytest
import torch
from problems import batch, fixed_draws  # noqa: F401
from scipy.integrate import solve_ivp

from ftproofs.numeric import networks
from ftproofs.numeric.training.bounds import Span, linear_bound, norm, path_bounds
from ftproofs.numeric.training.deep_linear import factors, tail_jump
from ftproofs.numeric.training.problem import Problem


def test_span_of_designs():
    for n, d in ((3, 8), (8, 3), (5, 5)):
        task, _ = batch("linear.finetune", 6, n=n, d=d)
        span = Span.of(task.X)
        z = torch.randn(6, d, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        for i, X in enumerate(task.X.numpy()):
            s = np.linalg.svd(X, compute_uv=False)
            assert s[-1] * (1 - 1e-12) <= float(span.smallest[i]) <= s[-1]
            outside = z[i].numpy() - np.linalg.pinv(X) @ X @ z[i].numpy()
            assert np.allclose(span.outside(z)[i].numpy(), outside if n < d else 0, atol=1e-12)


def test_linear_bound_is_reached_along_the_smallest_singular_direction():
    task, _ = batch("linear.finetune", 4, n=5, d=9)
    Vh = torch.linalg.svd(task.X, full_matrices=False).Vh
    limit = (
        task.source
        + torch.linalg.lstsq(task.X, (task.y[:, :, None] - task.X @ task.source[:, :, None])).solution[:, :, 0]
    )
    theta = limit + 0.01 * Vh[:, -1]
    bound, drift = linear_bound(Span.of(task.X), task.X, task.y, theta, task.source)
    assert torch.allclose(bound, torch.full_like(bound, 0.01), rtol=1e-9)
    assert (bound >= 0.01 * (1 - 1e-14)).all()
    assert float(drift.max()) < 1e-13


def test_linear_bound_counts_what_left_the_span():
    task, _ = batch("linear.finetune", 4, n=5, d=9)
    limit = (
        task.source
        + torch.linalg.lstsq(task.X, (task.y[:, :, None] - task.X @ task.source[:, :, None])).solution[:, :, 0]
    )
    span = Span.of(task.X)
    away = span.outside(task.target[:, :, None])[:, :, 0]
    bound, drift = linear_bound(span, task.X, task.y, limit + away, task.source)
    assert torch.allclose(drift, norm(away), rtol=1e-12)
    assert (bound >= norm(away)).all()


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_constants_of_the_quadratic_bound(depth):
    """|d beta/dZ - d beta/dZ'| <= (L-1) M^(L-2) |Z - Z'|, sigma_min >= |W_2 .. W_L|, on random weights."""
    rng = np.random.default_rng(depth)
    d, h = 4, 3

    def jacobian(W):
        columns = []
        for j in range(depth):
            left = np.linalg.multi_dot([np.eye(d), np.eye(d), *W[:j]])
            right = np.linalg.multi_dot([*W[j + 1 :], np.eye(1), np.eye(1)])
            columns.append(np.einsum("ia,b->iab", left, right[:, 0]).reshape(d, -1))
        return np.concatenate(columns, axis=1)

    shapes = [(d, h)] + [(h, h)] * (depth - 2) + [(h, 1)]
    closest = 0.0
    for trial in range(300):
        W = [rng.standard_normal(s) for s in shapes]
        if trial % 3 == 0:  # rank one, where the constant is nearly reached
            q = [rng.standard_normal((s[0], 1)) for s in shapes] + [np.ones((1, 1))]
            W = [q[j] @ q[j + 1].T / np.linalg.norm(q[j]) / np.linalg.norm(q[j + 1]) for j in range(depth)]
        step = [1e-3 * rng.standard_normal(s) for s in shapes]
        if trial % 3 == 0:
            step = [1e-3 * w for w in W]
        V = [w + e for w, e in zip(W, step, strict=True)]
        M = max(max(np.linalg.norm(w), np.linalg.norm(v)) for w, v in zip(W, V, strict=True))
        moved = math.sqrt(sum(np.sum(e**2) for e in step))
        change = np.linalg.norm(jacobian(W) - jacobian(V), 2)
        limit = (depth - 1) * M ** (depth - 2) * moved
        assert change <= limit * (1 + 1e-12)
        closest = max(closest, change / limit)
        tail = np.linalg.multi_dot([*W[1:], np.eye(1), np.eye(1)])
        assert np.linalg.svd(jacobian(W), compute_uv=False)[-1] >= np.linalg.norm(tail) * (1 - 1e-12)
    assert closest > 0.9


@pytest.mark.parametrize(("depth", "width"), [(2, 1), (2, 4), (3, 1), (3, 4), (4, 2)])
def test_the_jump_is_the_minimum_norm_gauss_newton_step(depth, width):
    task, parameters = batch("deep-linear.finetune", 3, n=4, d=7, L=depth, width=width)
    weights = networks.finetuning_start(task, parameters)
    problem = Problem.of(task)
    jump, missed = tail_jump(problem, weights)
    _, _, gram = factors(problem, weights)
    assert float(missed.max()) < 1e-12
    for i in range(3):
        own = [W[i : i + 1] for W in weights]

        def residual(*W, X=task.X[i], y=task.y[i]):
            return X @ networks.predictor(list(W))[0] - y

        J = torch.cat(
            [b.reshape(4, -1) for b in torch.autograd.functional.jacobian(residual, tuple(own))], dim=1
        ).numpy()
        assert np.allclose(J @ J.T, gram[i].numpy())
        expected = -np.linalg.pinv(J) @ residual(*own).numpy()
        assert np.allclose(np.concatenate([D[i].numpy().ravel() for D in jump]), expected, atol=1e-12)


def flow_limit(X, y, weights, rtol=1e-12):
    """The end of the gradient flow of these weights, by LSODA until nothing is left, as a list of layers."""
    shapes = [W.shape for W in weights]
    sizes = np.cumsum([0] + [W.size for W in weights])

    def split(z):
        return [z[a:b].reshape(s) for a, b, s in zip(sizes[:-1], sizes[1:], shapes, strict=True)]

    def slope(_, z):
        W = split(z)
        tails = [np.ones((1, 1))]
        for w in W[::-1]:
            tails.insert(0, w @ tails[0])
        back = -X.T @ (X @ tails[0] - y[:, None]) / len(y)
        out = []
        for w, tail in zip(W, tails[1:], strict=True):
            out.append((back @ tail.T).ravel())
            back = w.T @ back
        return np.concatenate(out)

    z = np.concatenate([W.ravel() for W in weights])
    s = np.linalg.svd(X, compute_uv=False)[-1]
    for _ in range(60):
        W = split(z)
        tails = np.linalg.multi_dot([*W[1:], np.eye(1), np.eye(1)])
        rate = s**2 * np.sum(tails**2) / len(y)
        z = solve_ivp(slope, (0, 3 / rate), z, method="LSODA", rtol=rtol, atol=1e-14).y[:, -1]
        W = split(z)
        beta = np.linalg.multi_dot([*W, np.eye(1), np.eye(1)])[:, 0]
        if np.linalg.norm(X @ beta - y) < 1e-11 * s:
            break
    return beta


@pytest.mark.parametrize(("depth", "width"), [(2, 1), (3, 1), (3, 3), (4, 2)])
def test_bounds_hold_near_and_far_for_weights_of_any_kind(depth, width):
    """From generic weights (neither balanced nor rank one), at residuals from 1 down to 1e-5."""
    rng = np.random.default_rng(10 * depth + width)
    plain_tight, finite = [], 0
    for trial in range(12):
        n, d = 3, 5
        X = rng.standard_normal((n, d))
        shapes = [(d, width)] + [(width, width)] * (depth - 2) + [(width, 1)]
        W = [rng.standard_normal(s) / max(s) ** 0.25 for s in shapes]
        beta = np.linalg.multi_dot([*W, np.eye(1), np.eye(1)])[:, 0]
        y = X @ beta + 10 ** rng.uniform(-5, -0.5) * rng.standard_normal(n)
        tail = np.linalg.multi_dot([*W[1:], np.eye(1), np.eye(1)])
        tensors = [torch.tensor(w)[None] for w in W]
        problem = Problem(
            torch.tensor(X)[None], torch.tensor(y)[None], n, torch.zeros(1).double(), Span.of(torch.tensor(X)[None])
        )
        plain, jumped = path_bounds(
            depth,
            torch.tensor([np.linalg.norm(X @ beta - y)]),
            problem.span.smallest,
            torch.tensor([np.linalg.norm(tail)]),
            torch.tensor([max(np.linalg.norm(w) for w in W)]),
        )
        if not math.isfinite(float(plain)):
            continue
        finite += 1
        limit = flow_limit(X, y, W)
        jump, _ = tail_jump(problem, tensors)
        landed = networks.predictor([w + D for w, D in zip(tensors, jump, strict=True)])[0].numpy()
        # The reference itself is good to about 1e-10.
        assert np.linalg.norm(beta - limit) <= float(plain) + 1e-10, trial
        assert np.linalg.norm(landed - limit) <= float(jumped) + 1e-10, trial
        plain_tight.append(np.linalg.norm(beta - limit) / float(plain))
    assert finite >= 4
    assert max(plain_tight) > 0.02
