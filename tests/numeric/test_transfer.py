"""The transfer experiments: pairing, oracles, replay, statuses."""

import math

import numpy as np
import pytest
from problems import fixed_draws  # noqa: F401
from transfers import agree, rows, same_rows, settings

from ftproofs.errors import UsageError
from ftproofs.names import EXPERIMENTS, complete, source_samples
from ftproofs.numeric import experiments
from ftproofs.settings import Block

TRANSFER = ("transfer.scratch", "transfer.linear", "transfer.finetune")
READ = ("risk", "scratch_risk", "transfer_gain", "beta_norm", "par_beta_norm", "perp_beta_norm", "fit_gap")
SOURCES = ({}, {"gamma_s": 0.4, "sigma_s": 0.2}, {"gamma_s": 1.7, "sigma_s": 0.5})


def test_every_engine_measures_everything_with_a_bound():
    for name in TRANSFER:
        for engine in (*EXPERIMENTS[name].engines, "solver"):
            found = rows(name, engine, {}, {"theta": 0.2})
            assert found.status == ("ok", "ok")
            for k in EXPERIMENTS[name].measurements:
                assert np.isfinite(found.values[k]).all(), (name, engine, k)
                assert (found.bounds[k] >= 0).all()
                assert np.isfinite(found.bounds[k]).all(), (name, engine, k)


def test_the_three_experiments_are_paired_on_the_same_data():
    found = {name: rows(name, EXPERIMENTS[name].engines[0], *SOURCES) for name in TRANSFER}
    scratch = found["transfer.scratch"].values
    for name in TRANSFER:
        values = found[name].values
        assert (values["scratch_risk"] == scratch["risk"]).all()
        assert (values["min_norm"] == scratch["min_norm"]).all()
        np.testing.assert_array_equal(values["transfer_gain"], values["scratch_risk"] - values["risk"])
    assert (scratch["transfer_gain"] == 0).all()
    assert (found["transfer.linear"].values["start_norm"] == found["transfer.finetune"].values["start_norm"]).all()


@pytest.mark.parametrize(("n", "d"), [(14, 30), (30, 14)])
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("engine", ["flow", "reduced"])
def test_finetuning_ends_where_the_oracle_says(engine, depth, n, d):
    changes = [source | {"n": n, "d": d, "L": depth} for source in SOURCES]
    trained, solved = rows("transfer.finetune", engine, *changes), rows("transfer.finetune", "solver", *changes)
    assert trained.status == ("ok",) * 3
    assert agree(trained, solved, READ) < 1e-8
    assert max(trained.bounds[k].max() for k in READ) < 1e-7
    if n < d and depth > 1:
        wrong = rows("transfer.finetune", "solver", *(c | {"L": depth + 1} for c in changes))
        # Other parameters are other data, so only what is not random can be compared: the ratio's law.
        assert (np.abs(trained.values["perp_ratio"] - 1) > 1e-4).all()
        assert not np.allclose(wrong.values["risk"], trained.values["risk"])


@pytest.mark.parametrize("engine", ["flow", "reduced"])
def test_the_perpendicular_ratio_solves_the_depths_own_equation(engine):
    for depth in (2, 3, 5):
        values = rows("transfer.finetune", engine, *({"L": depth} | s for s in SOURCES)).values
        c, A, b, s = (values[k] for k in ("perp_ratio", "min_norm", "perp_source_norm", "start_norm"))
        np.testing.assert_allclose(c ** (2 * depth / (depth - 1)) * s**2, A**2 + c**2 * b**2, rtol=1e-8)
        wrong = c ** (2 * (depth + 1) / depth) * s**2 - A**2 - c**2 * b**2
        assert (np.abs(wrong) > 1e-3).any()


def test_the_readout_ends_where_the_oracle_says():
    changes = [s | {"L": depth, "ridge": r} for s in SOURCES for depth in (2, 3) for r in (0.0, 0.1)]
    for depth in (2, 3):
        some = [c for c in changes if c["L"] == depth]
        trained, solved = rows("transfer.linear", "descent", *some), rows("transfer.linear", "solver", *some)
        again = rows("transfer.linear", "descent", *some, method=1)
        assert trained.status == again.status == ("ok",) * len(some)
        assert agree(trained, solved, (*READ, "along_source")) < 1e-8
        assert agree(trained, again, (*READ, "along_source")) < 1e-8
        v, n = trained.values, trained.block.settings[0].parameters["n"]
        norm = v["start_norm"] ** (2 * (depth - 1) / depth)
        ridge = np.array([c["ridge"] for c in some])
        assert n == 14
        for found in (trained, solved):
            floor = (0.8 * np.sin(1.0)) ** 2
            for case, change in enumerate(some):
                if "gamma_s" not in change:  # the start is the source itself
                    assert found.values["excess_risk"][case] == pytest.approx(found.values["risk"][case] - floor)
            assert (found.values["excess_risk"] <= found.values["risk"] + found.bounds["risk"]).all()
        np.testing.assert_allclose(v["along_source"], v["feature_product"] / (v["feature_energy"] + ridge / norm))
        # Features of another norm would feel another ridge.
        assert (
            np.abs(v["along_source"] - v["feature_product"] / (v["feature_energy"] + ridge))[ridge > 0] > 1e-4
        ).all()


def test_the_mean_risk_of_linear_transfer():
    """Handbook B3 at (n, theta, sigma) = (5, .6, .3): .45510."""
    base = {"n": 5, "d": 8, "theta": 0.6, "sigma": 0.3}
    found = rows("transfer.linear", "solver", *([{}] * 20_000), base=base).values["risk"]
    error = found.std() / math.sqrt(len(found))
    floor = math.sin(0.6) ** 2
    assert abs(found.mean() - (floor + (0.09 + floor) / 3)) < 4 * error
    assert abs(found.mean() - (floor + (0.09 + floor) / 4)) > 8 * error


def test_source_samples_have_the_size_and_noise_asked_for():
    """Handbook B6: the norm of the minimum-norm fit of the source data, and its product with the target."""
    for gamma_s, sigma_s in ((0.5, 0.4), (2.0, 0.4)):
        base = {"n": 5, "d": 40, "theta": 1.0, "gamma_s": gamma_s, "sigma_s": sigma_s}
        found = rows("transfer.finetune", "solver", *([{}] * 2000), base=base).values
        n, d = source_samples(complete("transfer.finetune", base)), 40
        assert n == gamma_s * d
        noise = sigma_s**2 * (n / (d - n - 1) if n < d else d / (n - d - 1))
        for value, mean in (
            (found["start_norm"] ** 2, min(gamma_s, 1.0) + noise),
            (found["start_product"], min(gamma_s, 1.0) * math.cos(1.0)),
        ):
            assert abs(value.mean() - mean) < 4.5 * value.std() / math.sqrt(len(value))


MIXED = (
    {},
    {"gamma_s": 0.4, "sigma_s": 0.2},
    {"gamma_s": 1.7},
    {"init_scale": 0.01},
    {"gamma_s": 0.4, "init_scale": 0.02, "theta": 2.0},
    {"theta": 0.3},
)


@pytest.mark.parametrize(
    ("name", "engine"),
    [
        ("transfer.finetune", "flow"),
        ("transfer.finetune", "reduced"),
        ("transfer.finetune", "solver"),
        ("transfer.linear", "descent"),
        ("transfer.scratch", "descent"),
    ],
)
def test_rows_replay_alone_bit_for_bit(name, engine, monkeypatch):
    chosen = settings(name, *(c | {"width": 3, "ridge": 0.05} for c in MIXED))
    if engine in ("reduced", "solver"):
        chosen = tuple(s for s in chosen if s.parameters["init_scale"] == 0)
    together = experiments.run(Block(chosen, engine))
    assert set(together.status) == {"ok"}
    # Pieces of a large block, too.
    monkeypatch.setattr("ftproofs.numeric.transfer.PIECE", 1)
    pieces = experiments.run(Block(chosen, engine))
    for i, setting in enumerate(chosen):
        assert same_rows(together, i, experiments.run(Block((setting,), engine)), 0), (name, engine, i)
        assert same_rows(together, i, pieces, i)


def test_full_networks_from_smaller_starts_come_nearer_to_the_law():
    """Handbook section 5, item 1; the law is that of the limit of small starts."""
    gaps = []
    for scale in (3e-2, 3e-3, 3e-4):
        change = {"init_scale": scale, "width": 6}
        values = rows("transfer.finetune", "flow", change, change, change).values
        c, A, b, s = (values[k] for k in ("perp_ratio", "min_norm", "perp_source_norm", "start_norm"))
        gaps.append(np.abs(c**4 * s**2 - A**2 - c**2 * b**2).max())
        assert (np.abs(values["perp_alignment"] - 1) < 10 * scale).all()
    assert gaps[0] > 5 * gaps[1] > 25 * gaps[2]


def test_ridgeless_features_of_a_finite_start_interpolate():
    """Handbook B2, the order of limits: no floor without a ridge, the rank-one floor between the two scales."""
    wide = {"n": 10, "d": 20, "width": 15, "init_scale": 0.02}
    free = rows("transfer.linear", "descent", wide | {"ridge": 0.0})
    held = rows("transfer.linear", "descent", wide | {"ridge": 0.05})
    assert free.status == held.status == ("ok",)
    assert free.values["train_loss"][0] < 1e-12
    assert held.values["train_loss"][0] > 1e-3
    assert held.values["feature_ratio"][0] < 0.2


def test_scratch_from_a_small_start_comes_near_the_minimum_norm_fit():
    found = rows("transfer.scratch", "flow", {"init_scale": 1e-3, "width": 4}, {"init_scale": 1e-3, "width": 4})
    assert found.status == ("ok", "ok")
    assert (found.values["fit_gap"] <= found.bounds["fit_gap"]).all()
    assert (found.values["perp_beta_norm"] < 0.02).all()


def test_what_did_not_converge_has_no_number(monkeypatch):
    monkeypatch.setattr(
        "ftproofs.numeric.training.spectral.train_spectral.__kwdefaults__", {"rate": 1.0, "max_steps": 3}
    )
    found = rows("transfer.finetune", "reduced", {}, {})
    assert found.status == ("not-converged",) * 2
    assert np.isnan(found.values["risk"]).all()
    assert np.isinf(found.bounds["risk"]).all()


def test_source_training_that_does_not_converge_is_told(monkeypatch):
    monkeypatch.setattr("ftproofs.numeric.pretraining.LINEAR_STEPS", 8)
    found = rows("transfer.finetune", "reduced", {"gamma_s": 0.5}, {})
    assert found.status == ("not-converged", "ok")
    assert np.isnan(found.values["risk"][0])


@pytest.mark.parametrize(
    ("name", "engine", "change", "code"),
    [
        ("transfer.linear", "descent", {"L": 1}, "FT305"),
        ("transfer.finetune", "reduced", {"init_scale": 0.1}, "FT308"),
        ("transfer.finetune", "solver", {"init_scale": 0.1}, "FT308"),
        ("transfer.finetune", "flow", {"gamma_s": -1.0}, "FT304"),
        ("transfer.finetune", "flow", {"gamma_s": "many"}, "FT304"),
        ("transfer.finetune", "flow", {"sigma": math.inf}, "FT304"),
        ("transfer.linear", "flow", {}, "FT308"),
    ],
)
def test_bad_input_is_told(name, engine, change, code):
    with pytest.raises(UsageError) as caught:
        rows(name, engine, change)
    assert caught.value.code == code


def test_an_infinite_source_is_written_one_way():
    for value in ("oo", "inf", math.inf):
        assert complete("transfer.finetune", {"n": 2, "d": 4, "theta": 1, "gamma_s": value})["gamma_s"] == "inf"
    assert source_samples({"gamma_s": "inf", "d": 9}) is None
    assert source_samples({"gamma_s": 0.01, "d": 9}) == 1
