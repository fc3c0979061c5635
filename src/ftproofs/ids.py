"""Setting ids: everything a training needs, in one word that can be pasted.

``ft1-`` + base32 of a checksum and the compressed canonical JSON.  An id comes
from anywhere, so reading one trusts nothing: length, checksum, expanded size,
keys, types and ranges are checked before anything else sees it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from dataclasses import dataclass
from typing import Any, NoReturn

from ftproofs.errors import FTError, UsageError
from ftproofs.names import EXPERIMENTS, complete
from ftproofs.settings import Setting

PREFIX = "ft1-"
MAX_TEXT = 2000
MAX_CONTENT = 8192
MAX_BATCH = 1 << 20
MAX_DIGITS = 60
CHECKSUM_BYTES = 5

#: Texts that ids are made of; part of the format, so this never changes under ``ft1-``.
_DICTIONARY = (
    b'"stage":"pilot""stage":"fresh""stage":"shrink""stage":"confirm""stage":"explore"'
    b'"weight_decay":0.0"init_scale":"imbalance":1.0"optimizer":"momentum""optimizer":"flow""steps":2000"step":0.5'
    b'"experiment":"linear.scratch""experiment":"linear.stability""experiment":"linear.finetune"'
    b'"experiment":"deep-linear.finetune"'
    b'{"batch":64,"code":"","dtype":"float64","engine":"solver","engine":"descent","engine":"reduced","engine":"flow",'
    b'"experiment":"","index":0,"method":0,"parameters":{"L":2,"alpha":1.0,"d":40,"imbalance":1.0,"inputs":"gaussian",'
    b'"n":20,"optimizer":"","sigma":0.0,"source_norm":1.0,"spectrum":"power-law","spectrum":"isotropic",'
    b'"spike_ratio":10.0,"spikes":3,"target_norm":1.0,"theta":0.0,"width":1},"root":0,"stage":"'
)

_KEYS = frozenset(
    ("experiment", "parameters", "root", "stage", "index", "engine", "method", "batch", "dtype", "code"),
)


@dataclass(frozen=True, slots=True)
class SettingId:
    """What an id says: a setting and how it was trained.

    ``batch`` is the number of cases it was trained with, ``code`` the hash of the
    code that did it.
    """

    setting: Setting
    engine: str
    method: int
    batch: int
    dtype: str
    code: str


def encode(setting: Setting, *, engine: str, method: int, batch: int, dtype: str, code: str) -> str:
    """The id of a setting, as trained by an engine in a batch of that size."""
    content = {
        "experiment": setting.experiment,
        "parameters": setting.parameters,
        "root": setting.root,
        "stage": setting.stage,
        "index": setting.index,
        "engine": engine,
        "method": method,
        "batch": batch,
        "dtype": dtype,
        "code": code,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=_DICTIONARY)
    packed = compressor.compress(text.encode()) + compressor.flush()
    return PREFIX + _base32(_checksum(packed) + packed)


def decode(text: str) -> SettingId:
    """Read an id back.

    Raises:
        UsageError: FT506 when it is mistyped, cut or made up; FT302-FT304 when it
            is whole but names what does not exist.
    """
    packed = _unwrap(text.strip())
    content = _expand(packed)
    setting = _setting(content)
    if setting.experiment not in EXPERIMENTS:
        _refuse("it names an unknown experiment")
    try:
        parameters = complete(setting.experiment, setting.parameters)
    except FTError as error:
        _refuse(error.message)
    if (
        Setting.of(setting.experiment, parameters).canonical()
        != Setting(setting.experiment, setting.values).canonical()
    ):
        _refuse("its parameters are not complete")
    engine = content["engine"]
    if engine not in (*EXPERIMENTS[setting.experiment].engines, "solver", "law"):
        _refuse("it names an unknown engine")
    return SettingId(setting, engine, content["method"], content["batch"], content["dtype"], content["code"])


def _unwrap(text: str) -> bytes:
    """The compressed content of an id whose checksum is right."""
    if len(text) > MAX_TEXT:
        _refuse(f"longer than {MAX_TEXT} characters")
    if not text.startswith(PREFIX):
        _refuse(f"it does not begin with {PREFIX}")
    body = text.removeprefix(PREFIX)
    try:
        raw = base64.b32decode(body.upper() + "=" * (-len(body) % 8))
    except ValueError:
        _refuse("checksum")
    check, packed = raw[:CHECKSUM_BYTES], raw[CHECKSUM_BYTES:]
    # Spare bits of the last letter would let two spellings pass: only the canonical one does.
    if _base32(raw) != body or check != _checksum(packed):
        _refuse("checksum")
    return packed


def _expand(packed: bytes) -> dict[str, Any]:
    """The content, expanded to at most `MAX_CONTENT` bytes, with the keys and types it must have."""
    expander = zlib.decompressobj(-15, zdict=_DICTIONARY)
    try:
        raw = expander.decompress(packed, MAX_CONTENT)
        if expander.unconsumed_tail or not expander.eof or expander.unused_data:
            _refuse("it expands too far or not at all")
        content = json.loads(raw, parse_int=_integer)
    except (zlib.error, ValueError, RecursionError):
        _refuse("it does not expand")
    if not isinstance(content, dict) or content.keys() != _KEYS:
        _refuse("its content is not that of a setting")
    return content


def _setting(content: dict[str, Any]) -> Setting:
    texts = ("experiment", "stage", "engine", "dtype", "code")
    limits = {"root": 2**64, "index": 2**63, "method": 16, "batch": MAX_BATCH + 1}
    parameters = content["parameters"]
    well_formed = (
        all(isinstance(content[key], str) and content[key].isascii() and content[key].isprintable() for key in texts)
        and all(type(content[key]) is int and 0 <= content[key] < limit for key, limit in limits.items())
        and content["batch"] >= 1
        and isinstance(parameters, dict)
        and all(type(value) in (int, float, str) for value in parameters.values())
    )
    if not well_formed:
        _refuse("its content is not that of a setting")
    return Setting.of(
        content["experiment"], parameters, root=content["root"], stage=content["stage"], index=content["index"]
    )


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError("too many digits")
    return int(text)


def _checksum(packed: bytes) -> bytes:
    return hashlib.sha256(packed).digest()[:CHECKSUM_BYTES]


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()


def _refuse(why: str) -> NoReturn:
    raise UsageError("FT506", f"setting id is not valid ({why})")
