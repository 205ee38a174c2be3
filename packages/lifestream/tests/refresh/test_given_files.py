"""Files of every kind are read within bounds, and the others are read after one that cannot be read."""

from __future__ import annotations

import os
import select
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.test import override_settings

from lifestream.refresh.documents import read_documents
from lifestream.refresh.given_files import read_file

RSS = b"<rss version='2.0'><channel><title>one</title></channel></rss>"

pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no such files")


def test_a_file_is_read_up_to_its_maximum(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 10_000)
    assert read_file(str(path), 10_000_000, 0.0) == path.read_bytes()
    assert read_file(str(path), 1_500_000, 0.0) == path.read_bytes()[:1_500_000]
    assert read_file(str(path), 0, 0.0) == b""


@pipes
def test_an_endless_file_is_read_up_to_the_maximum_and_an_empty_one_is_empty() -> None:
    assert read_file("/dev/zero", 3_000_000, 30.0) == bytes(3_000_000)
    assert read_file(os.devnull, 10, 30.0) == b""


@pipes
def test_a_pipe_that_is_written_to_in_parts_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)

    was_read = threading.Semaphore(0)

    def write() -> None:
        with path.open("wb", buffering=0) as file:
            for part in (RSS[:10], RSS[10:20], RSS[20:]):
                was_read.acquire(timeout=30)
                file.write(part)

    def clock() -> float:
        """Return the time, as `read_file` asks for it at its start and after each piece."""
        was_read.release()
        return time.monotonic()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert read_file(str(path), 10_000, 30.0, clock) == RSS
    finally:
        writer.join(30)


@pipes
def test_a_pipe_that_never_ends_is_given_up_after_ten_times_the_patience(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    seconds = iter(range(0, 1_000_000, 20))

    def write() -> None:
        with suppress(BrokenPipeError), path.open("wb", buffering=0) as file:
            while True:
                file.write(b"x")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with pytest.raises(TimeoutError) as told:
            read_file(str(path), 1 << 40, 30.0, clock=lambda: next(seconds))
    finally:
        writer.join(30)
    assert told.value.strerror == "it was not at its end after 300 s (10 times LIFESTREAM_TIMEOUT)"
    assert next(seconds) == 340  # so the clock had last shown 320 s, the first time above 300


@pipes
def test_a_device_that_counts_as_ready_and_has_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    # A terminal or a log of the kernel may do that. Here, an empty pipe stands for it.
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    seconds = iter(range(0, 1_000_000, 20))
    ready = SimpleNamespace(register=lambda *_: None, poll=lambda _: [(reader, select.POLLIN)])
    monkeypatch.setattr(select, "poll", lambda: ready)
    monkeypatch.setattr(os, "open", lambda *_: os.dup(reader))
    try:
        with pytest.raises(TimeoutError) as told:
            read_file("device", 10, 30.0, clock=lambda: next(seconds))
    finally:
        os.close(reader)
        os.close(writer)
    assert told.value.strerror == "nothing came from it for 30 s (LIFESTREAM_TIMEOUT)"


@pytest.mark.slow
@pipes
@pytest.mark.usefixtures("shared_parsers")
@override_settings(LIFESTREAM_TIMEOUT=0.01)
def test_a_pipe_that_nobody_writes_to_is_reported_and_the_other_documents_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "feed").write_bytes(RSS)
    names = [str(tmp_path / name) for name in ("feed", "pipe", "feed")]
    before, pipe, after = read_documents(names)
    assert before.prepared is not None and after.prepared is not None
    assert pipe.error == "nothing came from it for 0.01 s (LIFESTREAM_TIMEOUT)"
