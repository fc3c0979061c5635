"""The resolution, spectral sums and teachers turned into eigen-directions."""

import math

import numpy as np
import pytest
import torch

from ftproofs.errors import UsageError
from ftproofs.names import complete
from ftproofs.numeric import experiments, solvers, tasks
from ftproofs.settings import Block, Setting

SPECTRA = ({"spectrum": "power-law", "alpha": 1.5}, {"spectrum": "spiked", "spikes": 4, "spike_ratio": 30.0})


def parameters(direction, *, n=20, d=48, theta=1.1, **more):
    given = {"n": n, "d": d, "theta": theta, "source_norm": 0.7, "target_norm": 1.6, "direction": direction}
    return complete("linear.finetune", given | more)


def draws(p, count, engine="solver"):
    return Block(tuple(Setting.of("linear.finetune", p, index=i) for i in range(count)), engine)


@pytest.mark.parametrize(
    "spectrum", [np.arange(1.0, 40) ** -2, np.ones(7), np.array([1e8, 1.0, 1e-8]), np.arange(2, 9.0)]
)
def test_the_resolution_solves_its_equation(spectrum):
    for n in range(1, len(spectrum)):
        k = solvers.resolution(spectrum, n)
        assert (spectrum / (spectrum + k)).sum() == pytest.approx(n, rel=1e-12)
    assert solvers.resolution(spectrum, len(spectrum)) == 0


@pytest.mark.parametrize("theta", [0.0, 0.4, 2.0, math.pi])
@pytest.mark.parametrize("more", SPECTRA)
@pytest.mark.parametrize("direction", ["top", "resolution", "tail"])
def test_teachers_keep_norms_and_angle_and_differ_where_asked(direction, more, theta):
    p = parameters(direction, theta=theta, **more)
    task = tasks.draw(draws(p, 6).settings)
    source, target = task.source.numpy(), task.target.numpy()
    assert np.linalg.norm(source, axis=1) == pytest.approx(0.7, rel=1e-13)
    assert np.linalg.norm(target, axis=1) == pytest.approx(1.6, rel=1e-13)
    assert (source * target).sum(axis=1) == pytest.approx(0.7 * 1.6 * math.cos(theta), abs=1e-13)
    indices = tasks.band(p, task.spectrum[0].numpy())
    assert len(indices) == 6
    outside = np.delete(target - source, indices, axis=1)
    assert np.abs(outside).max() < 1e-14
    assert len(np.unique(source[:, indices[0]])) == 6


def test_bands():
    spectrum = np.arange(1.0, 49) ** -1.5
    p = parameters("top", spectrum="power-law", alpha=1.5)
    assert list(tasks.band(p, spectrum)) == [0, 1, 2, 3, 4, 5]
    assert list(tasks.band(p | {"direction": "tail"}, spectrum)) == [42, 43, 44, 45, 46, 47]
    near = tasks.band(p | {"direction": "resolution"}, spectrum)
    k = solvers.resolution(spectrum, 20)
    assert spectrum[near].min() < k < spectrum[near].max()
    with pytest.raises(UsageError, match="n < d"):
        tasks.band(p | {"direction": "resolution", "n": 48}, spectrum)


def test_teachers_without_a_difference_stay_as_they_are():
    p = parameters("top", theta=0.0, source_norm=1.5, target_norm=1.5)
    task = tasks.draw(draws(p, 3).settings)
    assert torch.equal(task.source, task.target)
    assert bool((task.source.abs() > 0).all())


@pytest.mark.parametrize("direction", ["uniform", "top"])
def test_spectral_sums_are_what_their_words_say(direction):
    p = parameters(direction, spectrum="power-law", alpha=0.8)
    rows = experiments.run(draws(p, 4))
    task = tasks.draw(rows.block.settings)
    l, source, target = (x.numpy() for x in (task.spectrum, task.source, task.target))
    k = rows.values["kappa"][:, None]
    pairs = {"source": source**2, "target": target**2, "product": source * target, "delta": (target - source) ** 2}
    for name, product in pairs.items():
        assert rows.values[f"shrunk_{name}"] == pytest.approx((product / (l + k)).sum(axis=1), rel=1e-12)
        assert rows.values[f"resolved_{name}"] == pytest.approx((l * product / (l + k) ** 2).sum(axis=1), rel=1e-12)
    assert rows.values["df2"] == pytest.approx(((l / (l + k)) ** 2).sum(axis=1), rel=1e-12)
    assert rows.values["fitted_target"] == pytest.approx((l * target**2 / (l + k)).sum(axis=1), rel=1e-12)
    assert rows.values["kappa_bound"] == pytest.approx(l.sum(axis=1) / 20, rel=1e-13)
    assert (rows.values["kappa"] < rows.values["kappa_bound"]).all()
    assert rows.values["start_risk"] == pytest.approx((l * (target - source) ** 2).sum(axis=1), rel=1e-12)
    X = task.X.numpy()
    inverse = np.linalg.inv(X @ X.transpose(0, 2, 1))
    assert rows.values["pinv_trace"] == pytest.approx(np.trace(inverse, axis1=1, axis2=2), rel=1e-9)
    outside = np.eye(48) - X.transpose(0, 2, 1) @ inverse @ X
    assert rows.values["perp_product"] == pytest.approx(np.einsum("ci,cij,cj->c", source, outside, target), rel=1e-9)
    for name in ("kappa", "df2", "resolved_product", "perp_product"):
        assert (rows.bounds[name] < 1e-9).all()


def test_more_samples_than_dimensions_resolve_everything():
    rows = experiments.run(draws(parameters("uniform", n=60, d=20), 2))
    assert (rows.values["kappa"] == 0).all()
    assert rows.values["df2"] == pytest.approx(20, rel=1e-14)


def test_the_batched_projection_is_that_of_single_vectors():
    task = tasks.draw(draws(parameters("uniform"), 3).settings)
    design = solvers.factorise(task.X)
    inside, outside = design.split(task.source, task.target)
    for i, vector in enumerate((task.source, task.target)):
        assert torch.allclose(inside[i], design.inside(vector), rtol=1e-13, atol=1e-14)
        assert torch.allclose(outside[i], design.outside(vector), rtol=1e-13, atol=1e-14)
    tall = solvers.factorise(tasks.draw(draws(parameters("uniform", n=60, d=20), 2).settings).X)
    assert bool((tall.split(torch.ones(2, 20, dtype=torch.float64))[1][0] == 0).all())
