from dataclasses import replace

import numpy as np
import pytest
import torch

from ftproofs.errors import UsageError
from ftproofs.numeric import seeds
from ftproofs.numeric.device import resolve_device
from ftproofs.settings import Setting

SETTING = Setting.of("linear.finetune", {"n": 3, "d": 5, "theta": 1.0}, root=7, stage="explore", index=2)


def draws(setting: Setting, stream: seeds.Stream = "data") -> tuple[float, ...]:
    return tuple(seeds.generator(setting, stream).standard_normal(4))


def test_a_setting_draws_the_same_again_in_any_order():
    other = replace(SETTING, index=9)
    first = draws(SETTING), draws(other)
    assert (draws(other), draws(SETTING)) == first[::-1]


def test_everything_that_names_a_setting_changes_its_draws():
    values = Setting.of("linear.finetune", {"n": 3, "d": 5, "theta": 1.5}, root=7, stage="explore", index=2)
    others = [
        replace(SETTING, experiment="linear.stability"),
        replace(SETTING, root=8),
        replace(SETTING, stage="confirm"),
        replace(SETTING, index=3),
        values,
    ]
    streams = [draws(SETTING, stream) for stream in ("start", "order", "mode")]
    seen = {draws(SETTING), *map(draws, others), *streams}
    assert len(seen) == 1 + len(others) + len(streams)


def test_the_generator_is_philox_seeded_as_documented(monkeypatch):
    import hashlib
    import json
    import struct

    monkeypatch.setattr(seeds, "code_hash", lambda: "0" * 64)
    seeds._prefix.cache_clear()
    content = ["linear.finetune", "0" * 64, dict(SETTING.values), "explore"]
    text = json.dumps(content, sort_keys=True, separators=(",", ":")) + "|2"
    key = struct.unpack("<4I", hashlib.sha256(text.encode()).digest()[:16])
    expected = np.random.Generator(np.random.Philox(np.random.SeedSequence(7, spawn_key=key))).standard_normal(4)
    found = draws(SETTING)
    seeds._prefix.cache_clear()
    assert found == tuple(expected)


def test_the_code_hash_follows_the_sources(monkeypatch, tmp_path):
    import shutil
    from pathlib import Path

    source = Path(seeds.__file__).parent
    shutil.copytree(source, tmp_path / "ftproofs" / "numeric", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(source.parent / "names", tmp_path / "ftproofs" / "names")
    copy = tmp_path / "ftproofs" / "numeric"
    monkeypatch.setattr(seeds, "__file__", str(copy / "seeds.py"))

    def recomputed() -> str:
        return seeds.code_hash.__wrapped__()

    assert recomputed() == seeds.code_hash()
    (copy / "statistics.py").write_text("changed")
    assert recomputed() == seeds.code_hash()
    (copy / "training" / "flow.py").write_text("changed")
    changed = recomputed()
    assert changed != seeds.code_hash()
    (tmp_path / "ftproofs" / "names" / "kinds.py").write_text("changed")
    assert recomputed() not in (changed, seeds.code_hash())


def test_devices():
    assert resolve_device("cpu") == "cpu"
    assert resolve_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize("name", ["cuda:99", "gpu", "cuda:x", "cpu:0", "cuda:", ""])
def test_a_device_that_is_not_there(name):
    with pytest.raises(UsageError) as caught:
        resolve_device(name)
    assert caught.value.code == "FT307"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_cuda_without_a_device():
    with pytest.raises(UsageError, match="FT307"):
        resolve_device("cuda")
