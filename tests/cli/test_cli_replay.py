"""``replay``: an id alone gives the bits its row has."""

from __future__ import annotations

from typing import Any

import pytest
from cli_helpers import SETTING, document, one_line

from ftproofs.ids import encode
from ftproofs.names import complete
from ftproofs.settings import Setting
from ftproofs.verdict import as_json


@pytest.mark.parametrize(
    ("experiment", "engine", "method"),
    [
        ("linear.finetune", "descent", 0),
        ("linear.finetune", "descent", 1),
        ("linear.finetune", "solver", 0),
        ("linear.stability", "descent", 0),
        ("deep-linear.finetune", "flow", 0),
        ("deep-linear.finetune", "reduced", 0),
        ("deep-linear.finetune", "solver", 1),
        ("deep-linear.finetune", "law", 0),
    ],
)
def test_replay_gives_the_bits_the_row_has(run: Any, experiment: str, engine: str, method: int) -> None:
    from ftproofs.numeric import experiments
    from ftproofs.numeric.seeds import code_hash
    from ftproofs.settings import Block

    given = {"n": 7, "d": 16, "theta": 1.0, "sigma": 0.5, "source_norm": 1.25}
    settings = tuple(
        Setting.of(
            experiment, complete(experiment, given | {"target_norm": norm}), root=3, stage="confirm", index=index
        )
        for index, norm in enumerate((0.5, 2.0, 1.0, 1.5))
    )
    rows = experiments.run(Block(settings, engine, method))
    for case in (0, 2):
        text = encode(settings[case], engine=engine, method=method, batch=4, dtype="float64", code=code_hash())
        status, out, err = run("replay", text, "--json")
        assert (status, err) == (0, "")
        found = document("replay", out)
        assert found["status"] == rows.status[case]
        assert found["setting"] == settings[case].parameters
        for group, arrays in (("value", rows.values), ("bound", rows.bounds)):
            bits = {name: as_json(float(array[case])) for name, array in arrays.items()}
            assert {name: reading[group] for name, reading in found["measurements"].items()} == bits
    table = run("replay", text)[1]
    assert repr(float(rows.values["fit_gap"][case])) in table


@pytest.mark.parametrize(
    ("experiment", "given"),
    [
        ("deep-linear.pretrain", {"d": 5, "width": 3, "init_scale": 0.1}),
        ("transfer.finetune", {"n": 4, "d": 9, "theta": 1.0, "gamma_s": 0.5}),
    ],
)
def test_every_pipeline_replays(run: Any, experiment: str, given: dict[str, Any]) -> None:
    """Also one without samples, and one with source samples."""
    from ftproofs.names import EXPERIMENTS
    from ftproofs.numeric import experiments
    from ftproofs.numeric.seeds import code_hash
    from ftproofs.settings import Block

    setting = Setting.of(experiment, complete(experiment, given))
    engine = EXPERIMENTS[experiment].engines[0]
    rows = experiments.run(Block((setting,) * 2, engine))
    text = encode(setting, engine=engine, method=0, batch=2, dtype="float64", code=code_hash())
    status, out, err = run("replay", text, "--json")
    assert (status, err) == (0, "")
    found = document("replay", out)["measurements"]
    assert {name: reading["value"] for name, reading in found.items()} == {
        name: as_json(float(array[0])) for name, array in rows.values.items()
    }


def test_an_id_of_other_code_is_refused_unless_allowed(run: Any) -> None:
    other = encode(SETTING, engine="descent", method=0, batch=4, dtype="float64", code="0" * 64)
    status, _, err = run("replay", other)
    assert status == 2
    one_line(err, "FT505")
    assert run("replay", other, "--allow-version")[0] == 0


def test_an_id_that_asks_for_all_the_memory_is_refused(run: Any) -> None:
    from ftproofs.numeric.seeds import code_hash

    source = complete("transfer.linear", {"n": 4, "d": 1000, "theta": 1.0, "gamma_s": 1e6})
    for huge in (
        Setting.of("linear.finetune", SETTING.parameters | {"n": 10**9, "d": 10**9}),
        Setting.of("transfer.linear", source),
    ):
        text = encode(huge, engine="descent", method=0, batch=1, dtype="float64", code=code_hash())
        status, _, err = run("replay", text)
        assert status == 75
        one_line(err, "FT212")
