"""A folder of files, written without leaving it and without touching what is not ours to replace."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from ftproofs.errors import FTError, ResourceError, UsageError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


def check_folder(out: Path, names: Mapping[str, str | bytes] | list[str], *, force: bool) -> None:
    """Fail now if those files could not be written below ``out``.

    Raises:
        UsageError: FT401 something is in the way (``force`` lets regular files be
            replaced, never links); FT402 not writable; FT403 a name that leaves ``out``.
    """
    for name in names:
        _parts(name)
    try:
        _check(out, list(names), force=force)
    except FTError:
        raise
    except (OSError, ValueError) as error:
        raise _refused(out, error) from None


def _check(out: Path, names: list[str], *, force: bool) -> None:
    for folder in {out, *((out / name).parent for name in names)}:
        if folder.is_symlink():
            raise UsageError("FT401", f"refusing to write into {folder}: it is a link")
        if folder.exists() and not folder.is_dir():
            raise UsageError("FT402", f"cannot write {folder}: it is no folder")
        nearest = next(parent for parent in (folder, *folder.absolute().parents) if os.path.lexists(parent))
        if not nearest.is_dir():
            raise UsageError("FT402", f"cannot write {folder}: {nearest} is no folder")
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise UsageError("FT402", f"cannot write {folder}: permission denied (nothing was changed)")
    for name in names:
        path = out / name
        if not os.path.lexists(path):
            continue
        if not stat.S_ISREG(path.lstat().st_mode):
            raise UsageError("FT401", f"refusing to overwrite {path}: it is no regular file")
        if not force:
            raise UsageError("FT401", f"refusing to overwrite {path}; --force replaces it")


def write_folder(out: Path, files: Mapping[str, str | bytes], *, force: bool) -> None:
    """Write the files below ``out``, each whole or not at all, links never followed.

    Raises:
        UsageError: FT401, FT402, FT403 as for `check_folder`.
        ResourceError: FT404 disk full; files not yet replaced are unchanged.
    """
    check_folder(out, files, force=force)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with _opened(os.open(out, _FOLDER)) as top:
            for name, text in files.items():
                *folders, last = _parts(name)
                with _descended(top, folders) as folder:
                    _replace(folder, last, text.encode() if isinstance(text, str) else text, force=force)
                    os.fsync(folder)
    except FileExistsError as error:
        raise UsageError(
            "FT401", f"refusing to overwrite {out / str(error.filename or '')}: it just appeared"
        ) from None
    except (OSError, ValueError) as error:
        raise _refused(out, error) from None


def _parts(name: str) -> tuple[str, ...]:
    parts = PurePosixPath(name).parts
    if not parts or PurePosixPath(name).is_absolute() or any(part in ("..", ".") or "\\" in part for part in parts):
        raise UsageError("FT403", f"output path {name!r:.80} leaves the output directory")
    return parts


@contextmanager
def _opened(folder: int) -> Iterator[int]:
    try:
        yield folder
    finally:
        os.close(folder)


@contextmanager
def _descended(top: int, folders: list[str]) -> Iterator[int]:
    here = os.dup(top)
    try:
        for name in folders:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=here)
            below = os.open(name, _FOLDER, dir_fd=here)
            os.close(here)
            here = below
        yield here
    finally:
        os.close(here)


def _replace(folder: int, name: str, content: bytes, *, force: bool) -> None:
    temporary = f".{name}.{secrets.token_hex(8)}"
    file = os.open(temporary, _NEW, 0o666, dir_fd=folder)
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        if force or not _linked(folder, temporary, name):
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)


def _linked(folder: int, temporary: str, name: str) -> bool:
    """Give the file its name unless the name is taken (FileExistsError); False where there are no hard links."""
    try:
        os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EOPNOTSUPP):
            return False
        raise
    return True


def _refused(out: Path, error: OSError | ValueError) -> FTError:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ResourceError("FT404", f"disk full while writing {out}; files not yet written are unchanged")
    if isinstance(error, OSError) and error.errno in (errno.ELOOP, errno.ENOTDIR):
        return UsageError("FT401", f"refusing to write through a link below {out}")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return UsageError("FT402", f"cannot write {out}: {reason}")
