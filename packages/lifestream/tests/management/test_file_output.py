"""Files of commands: what fails halfway leaves no trace, and what is there keeps its owner, its mode and its links."""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest

from lifestream.management.file_output import write_file
from lifestream.terminal import visible_json

on_posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes and no pipes with names")


def failing() -> Iterator[bytes]:
    yield b"half of it" * 10_000
    raise KeyboardInterrupt


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    file = tmp_path / "out"
    for content in (b"one", b"another, which is longer", b"two"):
        write_file(file, [content[:2], content[2:]])
        assert file.read_bytes() == content
    assert list(tmp_path.iterdir()) == [file]


def test_if_the_pieces_fail_an_existing_file_stays_and_no_new_one_is_left(tmp_path: Path) -> None:
    existing = tmp_path / "existing"
    existing.write_bytes(b"as before")
    for file in (existing, tmp_path / "new"):
        with pytest.raises(KeyboardInterrupt):
            write_file(file, failing())
    assert list(tmp_path.iterdir()) == [existing]
    assert existing.read_bytes() == b"as before"


def test_if_the_disk_is_full_at_the_end_an_existing_file_stays(tmp_path: Path) -> None:
    existing = tmp_path / "existing"
    existing.write_bytes(b"as before")
    with mock.patch("os.fsync", side_effect=OSError(28, "No space left on device")), pytest.raises(OSError, match="No"):
        write_file(existing, [b"new"])
    assert list(tmp_path.iterdir()) == [existing]
    assert existing.read_bytes() == b"as before"


@on_posix
def test_a_new_file_has_the_mode_of_the_umask_and_an_existing_one_keeps_its_own(tmp_path: Path) -> None:
    new, existing = tmp_path / "new", tmp_path / "existing"
    existing.write_bytes(b"")
    existing.chmod(0o664)
    before = os.umask(0o027)
    try:
        write_file(new, [b"1"])
        write_file(existing, [b"1"])
    finally:
        os.umask(before)
    assert [stat.S_IMODE(file.stat().st_mode) for file in (new, existing)] == [0o640, 0o664]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root alone can give a file away")
def test_an_existing_file_keeps_its_owner(tmp_path: Path) -> None:
    existing = tmp_path / "existing"
    existing.write_bytes(b"")
    os.chown(existing, 54_321, 54_322)
    write_file(existing, [b"1"])
    assert (existing.stat().st_uid, existing.stat().st_gid) == (54_321, 54_322)
    assert existing.read_bytes() == b"1"


@on_posix
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    link.symlink_to(target)
    for content in (b"1", b"2"):
        write_file(link, [content])
        assert link.is_symlink()
        assert target.read_bytes() == content


@on_posix
def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_file(pipe, [b"1", b"2"])
    reader.join()
    assert read == [b"12"]
    assert pipe.is_fifo()


@on_posix
def test_a_pipe_without_a_name_is_written_to_by_its_number() -> None:
    reading, writing = os.pipe()
    write_file(f"/dev/fd/{writing}", [b"1", b"2"])
    assert os.read(reading, 100) == b"12"
    os.close(reading)
    os.close(writing)


@on_posix
@pytest.mark.parametrize(
    ("options", "written"),
    [((), b"<a>\\u202e\\x9b</a>"), ((visible_json,), b"<a>\\u202e\\u009b</a>")],
)
def test_a_terminal_gets_characters_that_control_it_as_escapes(
    options: tuple[Callable[[str], str], ...], written: bytes
) -> None:
    terminal, named = os.openpty()
    write_file(os.ttyname(named), ["<a>\u202e".encode(), "\x9b</a>".encode()], *options)
    assert os.read(terminal, 100) == written
    os.close(named)
    os.close(terminal)


@on_posix
@pytest.mark.parametrize("call", ["open", "fchmod"])
def test_an_existing_file_is_overwritten_if_no_file_can_be_made_to_replace_it(tmp_path: Path, call: str) -> None:
    existing = tmp_path / "existing"
    existing.write_bytes(b"as before")
    real = os.open

    def refused(path: int | Path, flags: int, mode: int = 0o777) -> int:
        if isinstance(path, int) or flags & os.O_EXCL:
            raise PermissionError(13, "Permission denied")
        return real(path, flags, mode)

    with mock.patch(f"os.{call}", refused):
        write_file(existing, [b"new"])
    assert existing.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [existing]


def test_a_file_that_may_not_be_written_is_not_replaced(tmp_path: Path) -> None:
    existing = tmp_path / "existing"
    existing.write_bytes(b"as before")
    real = os.open

    def refused(path: Path, flags: int, mode: int = 0o777) -> int:
        if path == existing:
            raise PermissionError(13, "Permission denied")  # not by its mode, which means nothing to root
        return real(path, flags, mode)

    with mock.patch("os.open", refused), pytest.raises(PermissionError):
        write_file(existing, [b"new"])
    assert existing.read_bytes() == b"as before"


def test_a_folder_and_a_file_in_a_missing_folder_are_refused(tmp_path: Path) -> None:
    for file, named in ((tmp_path, tmp_path.name), (tmp_path / "nowhere" / "out", "nowhere")):
        with pytest.raises(OSError, match=named):
            write_file(file, [b"new"])
    assert list(tmp_path.iterdir()) == []
