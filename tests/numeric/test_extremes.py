"""The split inputs' extremes, the worst direction outside the span, and the localised radius, by NumPy's own routes."""

import math

import numpy as np
import pytest
import torch

from ftproofs.names import complete
from ftproofs.numeric import experiments, solvers, tasks
from ftproofs.settings import Block, Setting

SPECTRA = (
    {"spectrum": "power-law", "alpha": 1.5},
    {"spectrum": "spiked", "spikes": 4, "spike_ratio": 30.0},
    {"spectrum": "isotropic"},
)


def draws(count=5, engine="solver", method=0, **given):
    given = {"n": 12, "d": 30, "theta": 1.1, "target_norm": 1.6} | given
    values = complete("linear.bounds", given)
    return Block(tuple(Setting.of("linear.bounds", values, index=i) for i in range(count)), engine, method)


def parts(block):
    task = tasks.draw(block.settings)
    return tuple(x.numpy() for x in (task.X, task.spectrum, task.target - task.source))


@pytest.mark.parametrize("spectrum", SPECTRA)
@pytest.mark.parametrize("split", [0, 1, 5, 12])
def test_the_split_is_what_its_words_say(spectrum, split):
    block = draws(split=split, **spectrum)
    found = experiments.run(block)
    for case, (X, l, delta) in enumerate(zip(*parts(block), strict=True)):
        white = X[:, :split] / np.sqrt(l[:split])
        ratio = np.linalg.norm(X[:, split:], 2) / np.linalg.svd(white, compute_uv=False)[-1] if split else 0.0
        head, tail = delta[:split], delta[split:]
        expected = {
            "split_ratio": ratio,
            "tail_eigenvalue": l[split],
            "tail_trace": l[split:].sum(),
            "tail_square": (l[split:] ** 2).sum(),
            "tail_fourth": (l[split:] ** 4).sum(),
            "tail_delta_norm": np.linalg.norm(tail),
            "head_delta_norm": np.linalg.norm(head),
            "white_head_delta_norm": np.linalg.norm(head / np.sqrt(l[:split])),
            "sigma_head_delta_norm": np.linalg.norm(head * np.sqrt(l[:split])),
        }
        for name, value in expected.items():
            distance = abs(found.values[name][case] - value)
            assert distance <= found.bounds[name][case] + 1e-13 * value, name
            assert found.bounds[name][case] <= 1e-8 * max(value, 1), name


@pytest.mark.parametrize("spectrum", SPECTRA)
@pytest.mark.parametrize(("n", "method"), [(12, 0), (12, 1), (29, 0), (30, 0)])
def test_the_worst_direction(spectrum, n, method):
    block = draws(n=n, method=method, **spectrum)
    found = experiments.run(block)
    for case, (X, l, delta) in enumerate(zip(*parts(block), strict=True)):
        outside = np.eye(30) - np.linalg.pinv(X) @ X if n < 30 else np.zeros((30, 30))
        form = outside @ np.diag(l) @ outside
        assert found.values["worst_perp_risk"][case] == pytest.approx(np.linalg.eigvalsh(form)[-1], rel=1e-8, abs=1e-12)
        v = outside @ delta
        centred = v @ (np.diag(l) - X.T @ X / n) @ v
        assert found.values["centred_delta_risk"][case] == pytest.approx(centred, rel=1e-9, abs=1e-12)
        if n < 30:
            worst = found.values["worst_perp_risk"][case]
            assert found.values["risk"][case] <= worst * found.values["perp_delta_norm"][case] ** 2 * (1 + 1e-9)


def test_a_case_does_not_depend_on_its_neighbours():
    values = [complete("linear.bounds", {"n": 8, "d": 20, "theta": 1.0, "split": 3} | s) for s in SPECTRA]
    settings = tuple(Setting.of("linear.bounds", p, index=i) for i, p in enumerate(values * 2))
    together = experiments.run(Block(settings, "solver"))
    for i in range(len(SPECTRA)):
        alone = experiments.run(Block((settings[i], settings[i]), "solver"))
        for name in experiments.experiment("linear.bounds").measurements:
            if name in together.values:
                assert together.values[name][i].tobytes() == alone.values[name][0].tobytes(), name


def test_as_many_leading_directions_as_samples_bound_nothing():
    assert np.isinf(experiments.run(draws(2, split=13)).values["split_ratio"]).all()


@pytest.mark.parametrize(
    "spectrum", [np.arange(1.0, 40) ** -2, np.ones(7), np.array([1e8, 1.0, 1e-8]), np.arange(9.0, 1, -1)]
)
def test_the_localised_radius_solves_its_equation(spectrum):
    for gap in (0.01, 0.7, 1.0, math.sqrt(len(spectrum)), math.sqrt(2 * len(spectrum)) * 0.999):
        squared = solvers.localisation(spectrum, gap)
        assert 2 * np.minimum(spectrum / squared, 1).sum() == pytest.approx(gap**2, rel=1e-12)
    assert solvers.localisation(spectrum, 0.0) == math.inf
    assert math.isnan(solvers.localisation(spectrum, 2.0 * len(spectrum)))


def test_the_localised_bound_is_read_at_the_settings_deviation():
    l = np.arange(1.0, 31) ** -1.5
    for t in (0.5, 2.0, 3.0, 4.0):
        rows = experiments.run(draws(2, deviation=t, **SPECTRA[0]))
        gap = 12 / math.sqrt(13) - t
        found, bound = rows.values["localised_bound"], rows.bounds["localised_bound"]
        if gap <= 0:
            assert np.isinf(found).all()
            continue
        assert 2 * np.minimum(l / found[0], 1).sum() == pytest.approx(gap**2, rel=1e-12)
        assert (bound < 1e-11 * found).all()


def test_trained_networks_read_the_same_task():
    trained, solved = (experiments.run(draws(3, engine, split=4, **SPECTRA[1])) for engine in ("descent", "solver"))
    assert trained.status == ("ok",) * 3
    for name in ("split_ratio", "worst_perp_risk", "localised_bound"):
        assert torch.equal(torch.from_numpy(trained.values[name]), torch.from_numpy(solved.values[name]))
    assert trained.values["risk"] == pytest.approx(solved.values["risk"], rel=1e-6)
