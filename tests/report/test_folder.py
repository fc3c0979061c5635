"""A folder of files: refused before anything is written, never through a link, never out of the folder."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ftproofs.errors import ResourceError, UsageError
from ftproofs.report import folder as module
from ftproofs.report.folder import check_folder, write_folder

FILES = {"main.tex": "a", "claims/x.tex": "b"}


def tree(root: Path) -> dict[str, str]:
    return {str(p.relative_to(root)): p.read_text() for p in sorted(root.rglob("*")) if p.is_file()}


def test_files_are_written_below_a_new_folder(tmp_path: Path) -> None:
    write_folder(tmp_path / "a" / "b", FILES, force=False)
    assert tree(tmp_path / "a" / "b") == {"claims/x.tex": "b", "main.tex": "a"}


def test_what_is_there_is_replaced_only_by_force(tmp_path: Path) -> None:
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims" / "x.tex").write_text("mine")
    with pytest.raises(UsageError, match=r"FT401: refusing to overwrite .*x\.tex; --force"):
        write_folder(tmp_path, FILES, force=False)
    assert tree(tmp_path) == {"claims/x.tex": "mine"}
    (tmp_path / "other.tex").write_text("kept")
    write_folder(tmp_path, FILES, force=True)
    assert tree(tmp_path) == {"claims/x.tex": "b", "main.tex": "a", "other.tex": "kept"}


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", ".", "..", "a\\b"])
def test_no_name_leaves_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="FT403"):
        write_folder(tmp_path / "out", {"main.tex": "a", name: "b"}, force=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("link", ["", "claims", "main.tex"])
@pytest.mark.parametrize("force", [False, True])
def test_links_are_refused(tmp_path: Path, link: str, force: bool) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "main.tex").write_text("mine")
    out = tmp_path / "out"
    if link:
        out.mkdir()
    target = elsewhere / "main.tex" if link.endswith(".tex") else elsewhere
    (out / link if link else out).symlink_to(target)
    with pytest.raises(UsageError, match="FT401"):
        write_folder(out, FILES, force=force)
    assert tree(elsewhere) == {"main.tex": "mine"}


def test_a_link_that_appears_after_the_check_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (elsewhere / "x.tex").write_text("mine")
    (out / "claims").symlink_to(elsewhere)
    monkeypatch.setattr(module, "check_folder", lambda *a, **k: None)
    with pytest.raises(UsageError, match="FT401"):
        write_folder(out, {"claims/x.tex": "b"}, force=True)
    assert tree(elsewhere) == {"x.tex": "mine"}
    (out / "claims").unlink()
    (out / "main.tex").symlink_to(elsewhere / "x.tex")
    write_folder(out, {"main.tex": "a"}, force=True)  # the link itself is replaced
    assert tree(elsewhere) == {"x.tex": "mine"}
    with pytest.raises(UsageError, match="FT401"):
        write_folder(out, {"main.tex": "c"}, force=False)
    assert (out / "main.tex").read_text() == "a"


def test_a_file_in_the_folders_place(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(UsageError, match="FT402"):
        check_folder(tmp_path / "out", FILES, force=True)


@pytest.mark.parametrize("nth", range(1, 6))
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_failing_sync_leaves_old_or_new_files_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int, code: int
) -> None:
    write_folder(tmp_path, FILES, force=False)
    calls = 0
    real = os.fsync

    def failing(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == nth:
            raise OSError(code, os.strerror(code))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    new = {name: text * 2 for name, text in FILES.items()}
    if nth <= 4:  # two files, and their folders
        with pytest.raises((UsageError, ResourceError), match="FT404" if code == errno.ENOSPC else "FT402"):
            write_folder(tmp_path, new, force=True)
    else:
        write_folder(tmp_path, new, force=True)
        assert tree(tmp_path) == new
    left = tree(tmp_path)
    assert set(left) == set(FILES)
    assert all(left[name] in (FILES[name], new[name]) for name in FILES)
