"""The files of a reader under check, whatever it has made: deep folders, links, pipes, and very many or large files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedserver.check import reader_files
from feedserver.check.reader_files import ReaderFiles, TooMuch, copy_tree, remove_tree

DEPTH = 1050  # more than Python's recursion limit
NAME = "d" * 200  # a path of DEPTH names is longer than any system allows

linking = pytest.mark.skipif(os.name == "nt", reason="links and pipes as POSIX has them")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    (path / "file").write_text("x")
    (path / "below" / "it").mkdir(parents=True)
    (path / "below" / "it" / "inner").write_text("yy")
    return path


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder with DEPTH folders, each in the one before, and a file in the last one."""
    top = tmp_path / "deep"
    top.mkdir()
    before = Path.cwd()
    os.chdir(top)
    try:
        for _ in range(DEPTH):
            os.mkdir(NAME)  # noqa: PTH102 - relative: no system has paths that long
            os.chdir(NAME)
        Path("last").write_text("x")
    finally:
        os.chdir(before)
    yield top
    remove_tree(top)


def names(files: ReaderFiles) -> set[str]:
    return {path.name for path in files.paths()}


def test_all_files_are_found_and_read(home: Path) -> None:
    files = ReaderFiles(home, home)
    assert {path.relative_to(home).as_posix(): files.read(path) for path in files.paths()} == {
        "file": b"x",
        "below/it/inner": b"yy",
    }


def test_a_single_file_may_be_the_state(home: Path) -> None:
    files = ReaderFiles(home / "file", home)
    assert [files.read(path) for path in files.paths()] == [b"x"]


def test_a_state_that_does_not_exist_has_no_files(home: Path) -> None:
    assert names(ReaderFiles(home / "none", home)) == set()


@linking
def test_neither_links_nor_pipes_are_followed_or_opened(home: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (home / "link").symlink_to(tmp_path / "secret")
    (home / "folder").symlink_to(tmp_path)
    (home / "loop").symlink_to("loop")
    os.mkfifo(home / "pipe")
    files = ReaderFiles(home, home)
    assert names(files) == {"file", "inner"}
    (home / "file").unlink()
    os.mkfifo(home / "file")  # after it was listed as a file
    with pytest.raises(OSError, match="not a regular file"):
        files.read(home / "file")
    inner = home / "below" / "it" / "inner"
    inner.unlink()
    inner.symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="a link leads out of the folder"):
        files.read(inner)


@linking
@pytest.mark.parametrize("state", ["data", "data/below", "."])
def test_a_link_that_leads_the_state_out_of_home_is_refused(home: Path, tmp_path: Path, state: str) -> None:
    (tmp_path / "elsewhere" / "below").mkdir(parents=True)
    if state == ".":
        home.rename(tmp_path / "moved")
        home.symlink_to(tmp_path / "elsewhere")
    else:
        (home / "data").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TooMuch, match=r"^a link leads from .* out of the reader's HOME$"):
        ReaderFiles(home / state, home)


@linking
def test_a_state_outside_of_home_may_be_a_link(home: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "store").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    files = ReaderFiles(tmp_path / "link", home)
    assert [files.read(path) for path in files.paths()] == [b"x"]


def test_files_are_looked_at_up_to_limits_of_size_and_number(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_files, "LARGEST_STATE", 2)
    files = ReaderFiles(home, home)
    assert files.read(home / "file") == b"x"
    with pytest.raises(TooMuch, match=r"^there are more than 0 MiB in "):
        files.read(home / "below" / "it" / "inner")

    monkeypatch.setattr(reader_files, "LARGEST_FILE", 1)
    assert ReaderFiles(home, home).read(home / "below" / "it" / "inner") == b""

    monkeypatch.setattr(reader_files, "MOST_FILES", 3)
    with pytest.raises(TooMuch, match=r"^there are more than 3 files and folders in "):
        list(ReaderFiles(home, home).paths())


@linking
@pytest.mark.slow
def test_very_deep_folders_can_be_searched_and_removed_but_not_copied(deep: Path, tmp_path: Path) -> None:
    (deep / "z").write_text("x")
    assert names(ReaderFiles(deep, deep)) == {"z"}  # the path of the last one is too long for the system
    with pytest.raises(OSError, match=r"nested too deeply|name too long"):
        copy_tree(deep, tmp_path / "copy")
    for made in (deep, tmp_path / "copy"):
        remove_tree(made)
        assert not made.exists()


@linking
def test_a_folder_that_nobody_may_enter_is_removed_too(home: Path) -> None:
    (home / "below").chmod(0)
    remove_tree(home)
    assert not home.exists()


@linking
def test_a_home_in_a_folder_that_nobody_may_enter_has_no_files_and_is_left(home: Path) -> None:
    is_root = os.geteuid() == 0
    home.parent.chmod(0)
    if is_root:  # who may enter any folder
        os.seteuid(65534)
    try:
        ReaderFiles(home, home).move_times(0, 60)
        assert names(ReaderFiles(home, home)) == set()
        remove_tree(home)
    finally:
        if is_root:
            os.seteuid(0)
        home.parent.chmod(0o700)
    assert (home / "file").exists()


@linking
def test_of_a_link_in_place_of_a_folder_only_the_link_is_removed(home: Path, tmp_path: Path) -> None:
    for name in ("link", "link to a file"):
        link = tmp_path / name
        link.symlink_to(home if name == "link" else home / "file")
        remove_tree(link)
        assert not link.is_symlink()
    assert (home / "below" / "it" / "inner").read_text() == "yy"


@linking
def test_a_copy_has_no_pipes(home: Path, tmp_path: Path) -> None:
    os.mkfifo(home / "below" / "pipe")
    (home / "link").symlink_to("/nowhere")
    copy_tree(home, tmp_path / "copy")
    assert sorted(path.name for path in (tmp_path / "copy").rglob("*")) == ["below", "file", "inner", "it", "link"]
