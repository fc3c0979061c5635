"""CIFAR-100's files: those of its own making are read, whatever else a pickle may ask for is not."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

from ftproofs.cli import main
from ftproofs.cli.trending import on_images
from ftproofs.errors import UsageError
from ftproofs.names import complete
from ftproofs.numeric import experiments
from ftproofs.numeric.trends import cifar, images
from ftproofs.settings import Block, Setting

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (6, 3072), dtype=np.uint8)
LABELS = [0, 19, 3, 3, 7, 11]


def old_pickle(pixels: np.ndarray, labels: list[int]) -> bytes:
    """As the data set's own files were written: protocol 2 of Python 2, text as bytes."""

    def text(word: bytes) -> bytes:
        return b"U" + bytes([len(word)]) + word

    kind = b"cnumpy\ndtype\n" + text(b"u1") + b"K\x00K\x01\x87R(K\x03" + text(b"|") + b"NNN" + 2 * b"J\xff\xff\xff\xff"
    shape = b"J" + struct.pack("<i", len(pixels)) + b"M\x00\x0c\x86"
    content = b"T" + struct.pack("<i", pixels.size) + pixels.tobytes()
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text(b"b") + b"\x87R"
    array += b"(K\x01" + shape + kind + b"K\x00tb" + b"\x89" + content + b"tb"
    classes = b"](" + b"".join(b"K" + bytes([x]) for x in labels) + b"e"
    names = text(b"filenames") + b"](" + b"".join(text(b"a.png") for _ in labels) + b"e"
    return b"\x80\x02}(" + text(b"data") + array + text(b"coarse_labels") + classes + names + b"u."


def new_pickle(**changes: object) -> bytes:
    """The same written today."""
    content: dict[bytes, object] = {b"data": PIXELS, b"coarse_labels": LABELS, b"batch_label": b"training batch 1 of 1"}
    return pickle.dumps(content | {key.encode(): value for key, value in changes.items()}, protocol=2)


@pytest.mark.parametrize("content", [old_pickle(PIXELS, LABELS), new_pickle()])
def test_its_own_files_are_read(content: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    (folder / "train").write_bytes(content)
    for path in (folder, folder / "train"):
        X, classes = cifar.load(path)
        assert X.shape == (6, 192)
        assert classes.tolist() == LABELS
        assert (X**2).sum(axis=1).mean() == pytest.approx(1)
    # The first number is the mean of the upper left block of the first colour, up to centring and scale.
    first = PIXELS.reshape(6, 3, 32, 32)[:, 0, :4, :4].mean(axis=(1, 2))
    assert np.corrcoef(first, X[:, 0])[0, 1] == pytest.approx(1)


def test_the_hand_made_pickle_is_one() -> None:
    found = pickle.loads(old_pickle(PIXELS, LABELS), encoding="bytes")  # made here
    assert (found[b"data"] == PIXELS).all()
    assert found[b"coarse_labels"] == LABELS


class Calls:
    """Has a file made when it is unpickled."""

    def __init__(self, function: object, *given: object) -> None:
        self.given = function, given

    def __reduce__(self) -> tuple[object, ...]:
        return self.given


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    import os
    import subprocess

    mark = tmp_path / "mark"
    for harm in (
        Calls(os.mkdir, str(mark)),
        Calls(eval, f"open({str(mark)!r}, 'w')"),
        Calls(subprocess.run, ["touch", str(mark)]),
        Calls(np.fromfile, "/dev/null"),
    ):
        for content in (pickle.dumps(harm), new_pickle(filenames=[harm])):
            with pytest.raises(UsageError, match=r"FT314.*asks for"):
                cifar.read(content, "x")
    assert not mark.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x02",
        b"GIF89a",
        pickle.dumps([1, 2]),
        pickle.dumps({b"data": 1}),
        new_pickle()[:-20],
        b"cnumpy\nndarray\n(K\x05tR.",
        b"\x80\x02P1\n.",
    ],
)
def test_what_is_damaged_is_said_to_be(content: bytes) -> None:
    with pytest.raises(UsageError, match="FT314"):
        cifar.read(content, "x")


@pytest.mark.parametrize(
    "changes",
    [
        {"data": PIXELS.astype(np.int64)},
        {"data": PIXELS[:, :100]},
        {"data": np.asfortranarray(PIXELS)},
        {"data": PIXELS.astype(object)},
        {"data": [1, 2]},
        {"coarse_labels": [0] * 5},
        {"coarse_labels": [0, 1, 2, 3, 4, 20]},
        {"coarse_labels": ["0"] * 6},
        {"data": np.zeros_like(PIXELS)},
    ],
)
def test_contents_that_do_not_fit_are_refused(changes: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "train").write_bytes(new_pickle(**changes))
    with pytest.raises(UsageError, match="FT314"):
        cifar.load(tmp_path)


def test_trends_train_on_what_was_loaded() -> None:
    X = RNG.standard_normal((1700, 12)) / 12**0.5
    key = images.register(X, RNG.integers(0, 20, 1700))
    values = complete("trends.images", {"samples": 4, "pretrained": "no", "data_key": key})
    found = experiments.run(Block((Setting.of("trends.images", values),), "descent"))
    assert found.status == ("ok",)
    claims = on_images(key)
    assert [claim.id for claim in claims] == [
        "images-first-layer-movement",
        "images-large-first-layer",
        "images-small-first-layer",
    ]
    assert all(claim.domain["data_key"].values == (key,) for claim in claims)
    other = images.register(X[::-1].copy(), RNG.integers(0, 20, 1700))
    assert other != key
    with pytest.raises(UsageError, match=r"FT314.*not loaded"):
        images.registered(12345)
    with pytest.raises(UsageError, match=r"FT314.*1628"):
        images.register(X[:100], np.zeros(100, dtype=np.int64))


def test_the_command_refuses_what_is_no_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "train").write_bytes(new_pickle())
    for path, says in ((tmp_path / "none", "no file"), (tmp_path, "1628 images")):
        assert main(["trends", "--data", str(path)]) == 2
        assert says in capsys.readouterr().err
