"""From a path to a checked TOML document; nothing in it is believed yet."""

from __future__ import annotations

import os
import re
import stat
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftproofs.claimfile.places import Places, depth, places
from ftproofs.errors import FileError, FTError

MAX_BYTES = 256 * 1024
MAX_CLAIMS = 500
MAX_DEPTH = 16
FORMAT = 1


class Decimal(str):
    """A decimal as it was written: claims hold exact rationals, never floats."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A TOML document with its file's name and the lines of its keys."""

    file: str
    data: dict[str, Any]
    places: Places

    def error(self, code: str, message: str, claim: int = -1, key: str = "") -> FileError:
        """The error about a claim's key."""
        field = f"{key}: " if key else ""
        return FileError(self.file, self.places.line(claim, key), code, field + message)

    def at(self, error: FTError, claim: int = -1, key: str = "") -> FileError:
        """An error met while reading a claim's key, with its place."""
        found = self.error(error.code, error.message, claim, key)
        found.exit_status = error.exit_status
        return found


def load(path: Path) -> bytes:
    """The bytes of a claim file.

    Raises:
        FileError: FT229 no such file; FT228 a folder, a device, a pipe, or a link that
            leaves its folder; FT222 too large; FT402 not readable.
    """
    name = str(path)
    try:
        if not os.path.lexists(path):
            raise FileError(name, 1, "FT229", "no such file")
        folder = path.parent.resolve()
        if path.is_symlink() and folder not in path.resolve().parents:
            raise FileError(name, 1, "FT228", "not a regular file: a link that leaves its folder")
        # Without blocking: a pipe with no writer must not hang the reader.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileError(name, 1, "FT228", "not a regular file")
            content = file.read(MAX_BYTES + 1)
    except FTError:
        raise
    except IsADirectoryError:
        raise FileError(name, 1, "FT228", "not a regular file: a folder") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise FileError(name, 1, "FT228", f"cannot be read: {reason}") from None
    if len(content) > MAX_BYTES:
        raise FileError(name, 1, "FT222", f"file larger than {MAX_BYTES // 1024} KiB")
    return content


def parse(content: bytes, file: str) -> Document:
    """The document, its text and its structure checked; values are read later.

    Raises:
        FileError: FT220 a key or table given twice, FT221 nesting, FT222 size, FT223
            encoding, FT224 a control character, FT227 not TOML, FT230 too many claims.
    """
    if len(content) > MAX_BYTES:
        raise FileError(file, 1, "FT222", f"file larger than {MAX_BYTES // 1024} KiB")
    text = _decoded(content, file)
    if depth(text) > MAX_DEPTH:
        raise FileError(file, 1, "FT221", f"nesting deeper than {MAX_DEPTH}")
    found = places(text)
    if len(found.claims) > MAX_CLAIMS:
        raise FileError(file, found.claims[MAX_CLAIMS], "FT230", f"more than {MAX_CLAIMS} claims")
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(str(error), found, file) from None
    except (RecursionError, ValueError) as error:
        raise FileError(file, 1, "FT227", f"not TOML (line 1): {error}; YAML is never loaded") from None
    document = Document(file, data, found)
    for claim, key, value in _strings(data):
        odd = next((c for c in value if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co")), None)
        if odd is not None:
            raise document.error("FT224", f"{key or 'a key'} contains control character U+{ord(odd):04X}", claim, key)
    return document


def _decoded(content: bytes, file: str) -> str:
    nul = content.find(b"\0")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where, byte = error.start, content[error.start]
        raise FileError(file, 1, "FT223", f"file is not plain UTF-8 (byte 0x{byte:02x} at offset {where})") from None
    if nul >= 0:
        line = content.count(b"\n", 0, nul) + 1
        raise FileError(file, line, "FT223", f"file is not plain UTF-8 (byte 0x00 at offset {nul})")
    return text


def _not_toml(message: str, found: Places, file: str) -> FileError:
    if found.repeated and re.search(r"overwrite|twice|already|declare", message):
        line, key = found.repeated[0]
        return FileError(file, line, "FT220", f"line {line}: duplicate key {key!r:.60}")
    where = re.search(r"at line (\d+)", message)
    line = int(where.group(1)) if where else 1
    reason = message.partition(" (at ")[0]
    return FileError(file, line, "FT227", f"not TOML (line {line}): {reason}; YAML is never loaded")


def _strings(data: dict[str, Any]) -> Iterator[tuple[int, str, str]]:
    """Every key and string of the document with its claim and dotted key."""
    claims = data.get("claim")
    for key, value in data.items():
        yield -1, "", key
        if key != "claim" or not isinstance(claims, list):
            yield from ((-1, where, text) for where, text in _inside(value, key))
    for number, claim in enumerate(claims if isinstance(claims, list) else ()):
        yield from ((number, where, text) for where, text in _inside(claim, ""))


def _inside(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, list):
        for item in value:
            yield from _inside(item, key)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield key, name
            yield from _inside(item, f"{key}.{name}" if key else name)
