"""Files for results: written whole or not at all, and never over something else."""

from __future__ import annotations

import errno
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ftproofs.errors import FTError, ResourceError, UsageError
from ftproofs.verdict import as_json

_OURS = re.compile(rb'\s*\{\s*"format": \d')


def dumps(document: Mapping[str, Any]) -> str:
    """JSON text of a document; infinities and NaN become strings."""
    return json.dumps(as_json(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def check_target(path: Path) -> None:
    """Fail now rather than after the work, if results could not be written there.

    Raises:
        UsageError: FT401 the path is a link or a file that is no result of this
            program; FT402 it is a folder, its folder is missing or not writable.
    """
    try:
        if path.is_symlink():
            raise UsageError("FT401", f"refusing to overwrite {path}: it is a link")
        if path.is_dir():
            raise UsageError("FT402", f"cannot write {path}: it is a folder")
        if path.exists() and not (path.is_file() and _is_ours(path)):
            raise UsageError("FT401", f"refusing to overwrite {path}: it holds no results of ftproofs")
        if not path.parent.is_dir():
            raise UsageError("FT402", f"cannot write {path}: no folder {path.parent}")
        if not os.access(path.parent, os.W_OK):
            raise UsageError("FT402", f"cannot write {path}: permission denied (nothing was changed)")
    except FTError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
        raise _refused(path, error) from None


def write(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document atomically: readers see the old file or the new one, also after a crash.

    Raises:
        UsageError: FT401, FT402 as for `check_target`.
        ResourceError: FT404 disk full; the old file is still there.
    """
    write_lines(path, [dumps(document)])


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write lines, each with its end, as `write` does; they need not fit into memory together."""
    check_target(path)
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
        temporary = None
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except FTError:  # of whoever makes the lines
        raise
    except (OSError, ValueError) as error:
        raise _refused(path, error) from None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(200)
    return not head.strip() or _OURS.match(head) is not None


def _refused(path: Path, error: OSError | ValueError) -> FTError:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ResourceError("FT404", f"disk full while writing {path}; the earlier file is unchanged")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return UsageError("FT402", f"cannot write {path}: {reason} (nothing was changed)")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
