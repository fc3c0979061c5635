"""numeric/loops/spectral.py: the flow through eigen-channels, against the one that torch follows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from problems import batch, same_bits, scatter

from ftproofs.numeric.gram import gram
from ftproofs.numeric.loops import spectral as loops
from ftproofs.numeric.training import compiled
from ftproofs.numeric.training.bounds import norm
from ftproofs.numeric.training.result import Trained, scale
from ftproofs.numeric.training.spectral import NODES, Eigen, collocation, responses, train_spectral

EXPERIMENT = "deep-linear.finetune"


def drawn(depth: int, n: int, d: int, count: int = 6, seed: int = 0):
    rng = np.random.default_rng(seed)
    return batch(EXPERIMENT, count, n=n, d=d, L=depth, **scatter(rng, count))


def fit(task, parameters, depth: int, **options) -> Trained:
    eigen = Eigen.of(task.X, task.y, gram(task.X))
    return train_spectral(eigen, task.source, depth, scale(task, parameters), **options)


def both(monkeypatch: pytest.MonkeyPatch, task, parameters, depth: int, **options) -> tuple[Trained, Trained]:
    ours = fit(task, parameters, depth, **options)
    with monkeypatch.context() as patch:
        patch.setattr(compiled, "integrates", lambda alpha: False)
        return ours, fit(task, parameters, depth, **options)


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 7])
@pytest.mark.parametrize(("n", "d"), [(1, 4), (6, 30), (45, 50), (130, 400)])
def test_it_ends_where_torch_does(depth: int, n: int, d: int, monkeypatch: pytest.MonkeyPatch) -> None:
    task, parameters = drawn(depth, n, d)
    ours, theirs = both(monkeypatch, task, parameters, depth)
    assert ours.status == theirs.status == ("ok",) * 6
    gap, radius = norm(ours.beta - theirs.beta), ours.bound + ours.integration + theirs.bound + theirs.integration
    assert (gap <= radius).all()
    # The same equations, solved to rounding times the squared condition number.
    assert (gap <= 1e-11 * norm(task.target)).all()
    # Rounding may turn the last look at the bound.
    assert float((ours.steps - theirs.steps).abs().max()) <= 1
    torch.testing.assert_close(ours.bound, theirs.bound, rtol=0.05, atol=1e-11)


@pytest.mark.parametrize("options", [{"max_steps": 0}, {"max_steps": 4}, {"rate": 0.0, "max_steps": 20}, {"rate": 5.0}])
@pytest.mark.parametrize("depth", [1, 3])
def test_so_it_does_where_it_is_stopped(depth: int, options: dict[str, float], monkeypatch: pytest.MonkeyPatch) -> None:
    task, parameters = drawn(depth, 12, 40)
    ours, theirs = both(monkeypatch, task, parameters, depth, **options)
    assert ours.status == theirs.status
    assert torch.equal(ours.steps, theirs.steps)
    # On its way a network is where its steps end, whose lengths follow the rounding of a small coefficient.
    torch.testing.assert_close(ours.beta, theirs.beta, rtol=0, atol=1e-8)


def test_networks_that_torch_gives_up_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starts far too long or short, and designs that are nearly singular."""
    task, parameters = drawn(3, 8, 12, count=4)
    task.source[0] *= 1e60
    task.source[1] *= 1e-60
    task.X[2, 0] = task.X[2, 1] * (1 + 1e-9)
    ours, theirs = both(monkeypatch, task, parameters, 3, max_steps=40)
    assert [a == "ok" for a in ours.status] == [a == "ok" for a in theirs.status]
    assert ours.status[3] == "ok"


def test_a_network_does_not_depend_on_its_neighbours() -> None:
    """Places are handed on as networks arrive: all orders and numbers of cases give a case the same bits."""
    task, parameters = drawn(3, 21, 40, count=19, seed=3)
    eigen = Eigen.of(task.X, task.y, gram(task.X))
    unit = scale(task, parameters)
    one = torch.ones_like(unit)
    rules = compiled.Rules(4.0, 0.2, 1e-9, 8, 500)

    def ends(index: list[int]) -> tuple[torch.Tensor, ...]:
        s, b = eigen.s[index], eigen.b[index]
        cases = (s, b, 0.1 * b, one[index], 0.01 / s[:, -1] ** 2, 1e-10 * unit[index], 1e-5 * one[index])
        return compiled.integrate(cases, 3, 1.0, rules, responses(NODES))

    whole = ends(list(range(19)))
    assert whole[2].all()
    assert len(set(whole[3].tolist())) > 1
    for some in ([0], [7, 3], [18, 2, 2, 11, 5, 6, 9, 14, 0, 1], list(range(18, -1, -1))):
        for part, expected in zip(ends(some), whole, strict=True):
            assert same_bits(part, expected[some])


@pytest.mark.parametrize("depth", [1, 2])
def test_designs_that_cases_share_are_factorised_once(depth: int) -> None:
    designs, _ = drawn(depth, 15, 40, count=3)
    task, parameters = drawn(depth, 15, 40, count=12, seed=1)
    X = designs.X.repeat_interleave(4, dim=0)
    y = torch.bmm(X, task.target[:, :, None])[:, :, 0]
    unit = scale(task, parameters)
    apart = train_spectral(Eigen.of(X, y, gram(X)), task.source, depth, unit)
    together = train_spectral(Eigen.of(designs.X, y, gram(designs.X), shared=4), task.source, depth, unit)
    assert together.status == apart.status == ("ok",) * 12
    for name in ("beta", "bound", "integration"):
        torch.testing.assert_close(getattr(together, name), getattr(apart, name), rtol=1e-2, atol=1e-12)
    torch.testing.assert_close(together.beta, apart.beta, rtol=0, atol=1e-12)


def test_responses_are_those_of_the_collocation() -> None:
    real, imaginary, scheme, parts, series = responses(NODES)
    A, L = scheme.reshape(NODES, NODES), parts.reshape(NODES, NODES, NODES)
    assert NODES == loops.NODES
    np.testing.assert_array_equal(A, collocation(NODES).matrix.numpy())
    for h, x in ((0.3, 0.0), (1.0, 0.7), (2.0, 1e4)):
        waves = []
        for l in real + 1j * imaginary:
            wave = h * l / (1 + x * l)
            waves += [wave.real] if l.imag == 0 else [wave.real, wave.imag]
        exact = h * A @ np.linalg.inv(np.eye(NODES) + x * A)
        np.testing.assert_allclose(np.einsum("irj,r->ij", L, waves), exact, rtol=0, atol=1e-11 * np.abs(exact).max())
    values = np.random.default_rng(0).standard_normal(NODES)
    expected = collocation(NODES).legendre.numpy() @ values
    np.testing.assert_allclose(series.reshape(2, NODES) @ values, expected[[0, -1]], rtol=1e-13)


def test_torch_follows_what_is_elsewhere() -> None:
    alpha = torch.zeros(2, 8, dtype=torch.float64)
    assert compiled.integrates(alpha)
    assert not compiled.integrates(alpha.float())
    assert not compiled.integrates(alpha.to("meta"))
