"""Two layers whose balance is off: the oracle's endpoint against training, and when it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from problems import batch, deep_limit, distance, fixed_draws  # noqa: F401

from ftproofs.errors import UsageError
from ftproofs.numeric import experiments, solvers
from ftproofs.numeric.training import train
from ftproofs.settings import Block

EXPERIMENT = "deep-linear.finetune"


@pytest.mark.parametrize("engine", ["flow", "reduced"])
@pytest.mark.parametrize("imbalance", [0.6, 1.0, 1.4, 3.0])
def test_the_unbalanced_law_is_where_training_ends(imbalance, engine):
    angles = [0.1, 0.3, 0.5, 0.7] if imbalance < 1 else [0.2, 1.0, 2.0, 3.0]
    task, parameters = batch(
        EXPERIMENT,
        4,
        n=6,
        d=12,
        L=2,
        width=2,
        imbalance=imbalance,
        theta=angles,
        source_norm=1.2,
        target_norm=1.0,
        sigma=0.1,
    )
    trained = train(task, experiment=EXPERIMENT, parameters=parameters, engine=engine)
    design = solvers.factorise(task.X)
    readout = task.source.new_full((4,), imbalance * 1.2**0.5)
    limit = solvers.unbalanced_endpoint(design, task.y, task.image(task.source), task.source, readout).numpy()
    radius = (trained.bound + trained.integration).numpy()
    assert trained.status == ("ok",) * 4
    assert (distance(trained.beta, limit) <= radius + 1e-13).all()
    if imbalance == 1:
        assert np.abs(limit - deep_limit(task, 2)).max() < 1e-13
    else:
        assert (distance(trained.beta, deep_limit(task, 2)) > 1e3 * radius).all()


def test_a_readout_that_crosses_zero_is_refused_by_the_oracle_and_seen_in_training():
    task, _ = batch(EXPERIMENT, 2, n=10, d=20, L=2, imbalance=0.3, theta=2.4, source_norm=1.0, sigma=0.0)
    with pytest.raises(UsageError) as refused:
        experiments.run(Block(task.settings, "solver"))
    assert refused.value.code == "FT308"
    rows = experiments.run(Block(task.settings, "reduced"))
    assert rows.status == ("ok", "ok")
    assert (rows.values["perp_alignment"] < -0.999999).any()
