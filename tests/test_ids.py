"""Setting ids: they say everything, survive a round trip, and refuse what was tampered with."""

from __future__ import annotations

import base64
import hashlib
import json
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftproofs import ids
from ftproofs.errors import UsageError
from ftproofs.ids import SettingId, decode, encode
from ftproofs.names import complete
from ftproofs.settings import Setting

CODE = hashlib.sha256(b"code").hexdigest()
SETTING = Setting.of(
    "deep-linear.finetune",
    complete("deep-linear.finetune", {"n": 20, "d": 40, "theta": 0.7853981633974483, "L": 3}),
    root=7,
    stage="confirm",
    index=12,
)


def make(setting: Setting = SETTING, **changes: object) -> str:
    return encode(setting, **({"engine": "flow", "method": 0, "batch": 64, "dtype": "float64", "code": CODE} | changes))


def forge(content: object, *, raw: bytes | None = None) -> str:
    """An id with a right checksum around arbitrary content."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=ids._DICTIONARY)
    packed = packer.compress(json.dumps(content).encode() if raw is None else raw) + packer.flush()
    check = hashlib.sha256(packed).digest()[: ids.CHECKSUM_BYTES]
    return "ft1-" + base64.b32encode(check + packed).decode().rstrip("=").lower()


def content_of(**changes: object) -> dict[str, object]:
    content: dict[str, object] = {
        "experiment": SETTING.experiment,
        "parameters": SETTING.parameters,
        "root": 0,
        "stage": "explore",
        "index": 0,
        "engine": "flow",
        "method": 0,
        "batch": 1,
        "dtype": "float64",
        "code": CODE,
    }
    return content | changes


def refused(text: str) -> str:
    with pytest.raises(UsageError, match=r"^FT506: setting id is not valid") as info:
        decode(text)
    assert info.value.exit_status == 2
    return info.value.message


def test_an_id_is_a_short_word() -> None:
    text = make()
    assert text.startswith("ft1-")
    assert text == text.lower()
    assert text[4:].isalnum()
    assert len(text) < 260


def test_the_forged_content_of_the_other_tests_is_otherwise_accepted() -> None:
    assert decode(forge(content_of())).setting.parameters == SETTING.parameters


values = st.floats(min_value=1e-300, max_value=1e300)


@given(
    theta=st.floats(0, 3.141592653589793),
    source=values,
    target=values,
    sigma=st.floats(0, 1e300),
    n=st.integers(1, 10**6),
    root=st.integers(0, 2**64 - 1),
    index=st.integers(0, 2**62),
    batch=st.integers(1, ids.MAX_BATCH),
    method=st.integers(0, 3),
)
def test_every_number_comes_back_exactly(
    theta: float, source: float, target: float, sigma: float, n: int, root: int, index: int, batch: int, method: int
) -> None:
    given_values = {"n": n, "d": 9, "theta": theta, "source_norm": source, "target_norm": target, "sigma": sigma}
    setting = Setting.of("linear.finetune", complete("linear.finetune", given_values), root=root, index=index)
    text = encode(setting, engine="solver", method=method, batch=batch, dtype="float64", code=CODE)
    assert decode(text) == SettingId(setting, "solver", method, batch, "float64", CODE)
    assert decode(f"  {text}\n").setting == setting
    assert all(type(a) is type(b) for a, b in zip(decode(text).setting.values, setting.values, strict=True))


def test_settings_that_differ_have_ids_that_differ() -> None:
    other = Setting.of(SETTING.experiment, SETTING.parameters | {"sigma": 5e-324}, root=7, stage="confirm", index=12)
    texts = {make(), make(other), make(engine="reduced"), make(method=1), make(batch=63), make(code=CODE[::-1])}
    assert len(texts) == 6


def test_every_mistyped_letter_is_refused() -> None:
    text = make()
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    for position in range(4, len(text)):
        letter = alphabet[(alphabet.index(text[position]) + 1 + position) % 32]
        if letter != text[position]:
            refused(text[:position] + letter + text[position + 1 :])


@pytest.mark.parametrize(
    "text",
    ["", "ft1-", "ft2-abc", "ft1-a", "ft1-!!!!", "ft1-" + "a" * 3000, "ft1-\N{LATIN SMALL LETTER SHARP S}", "x" * 50],
)
def test_what_is_no_id_is_refused(text: str) -> None:
    refused(text)


@pytest.mark.parametrize("cut", [1, 2, 7, 40])
def test_a_cut_id_is_refused(cut: int) -> None:
    refused(make()[:-cut])


def test_two_swapped_letters_are_refused() -> None:
    text = make()
    where = next(i for i in range(10, len(text) - 1) if text[i] != text[i + 1])
    refused(text[:where] + text[where + 1] + text[where] + text[where + 2 :])


@given(st.binary(max_size=200))
def test_random_content_with_a_right_checksum_is_refused(raw: bytes) -> None:
    refused(forge(None, raw=raw))


def test_an_id_that_expands_without_end_is_never_expanded() -> None:
    text = forge(None, raw=b"0" * 500_000)
    assert len(text) < ids.MAX_TEXT
    tracemalloc.start()
    try:
        assert "expand" in refused(text)
        assert tracemalloc.get_traced_memory()[1] < 100_000  # a fifth of what it expands to
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "changes",
    [
        {"extra": 1},
        {"experiment": "os.system"},
        {"experiment": 3},
        {"experiment": None},
        {"engine": "sgd"},
        {"engine": ["flow"]},
        {"batch": 0},
        {"batch": ids.MAX_BATCH + 1},
        {"batch": True},
        {"batch": 1.0},
        {"root": -1},
        {"root": 2**64},
        {"index": -1},
        {"method": 99},
        {"stage": "\u202e"},
        {"stage": "a\x1b[2J"},
        {"parameters": []},
        {"parameters": {}},
        {"parameters": SETTING.parameters | {"n": True}},
        {"parameters": SETTING.parameters | {"n": -3}},
        {"parameters": SETTING.parameters | {"n": 20.0}},
        {"parameters": SETTING.parameters | {"theta": 4}},
        {"parameters": SETTING.parameters | {"theta": [1]}},
        {"parameters": SETTING.parameters | {"sigma": float("inf")}},
        {"parameters": SETTING.parameters | {"sigma": float("nan")}},
        {"parameters": SETTING.parameters | {"gamma": 0.5}},
        {"parameters": SETTING.parameters | {"slope": 0.5}},
        {"parameters": SETTING.parameters | {"spectrum": "flat"}},
        {"parameters": {k: v for k, v in SETTING.parameters.items() if k != "sigma"}},
    ],
)
def test_content_that_is_no_setting_is_refused(changes: dict[str, object]) -> None:
    refused(forge(content_of(**changes)))


def test_huge_integers_are_refused() -> None:
    text = json.dumps(content_of()).replace('"index": 0', '"index": ' + "9" * 400)
    refused(forge(None, raw=text.encode()))


PUBLISHED = (
    "ft1-gyg3cj7ivxkdwdqcgegelun5kbjtq4p4zfzjzd5fgsgdierfpntwq2fqiyqldbl3tzpeiq24zmalkpaj3w5u32eyaat5sydhcc3dmkwdnt"
    "e5lccjaqfljhravmf6i5sodmiylk3zwosxz3uguhnvr62rojwyptpfpzn742xtsptno7d7oejclle2dcyuukmkagnvypz64xyqi"
)


def test_an_id_published_today_is_read_tomorrow() -> None:
    """The compression dictionary is part of the format; changing it would orphan every published id."""
    assert decode(PUBLISHED) == SettingId(SETTING, "flow", 0, 64, "float64", CODE)
