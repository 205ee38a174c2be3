"""Standard output that is closed, whose reader has gone, whose disk is full, or whose encoding lacks characters."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedserver.cli import main
from feedserver.screen import Screen
from feedserver.standard_output import show


@pytest.fixture
def unread() -> Iterator[io.TextIOWrapper]:
    """Yield a pipe that nobody reads, as standard output is after `head` has read enough."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        yield stream


def test_output_that_nobody_reads_is_lost(unread: io.TextIOWrapper) -> None:
    for length in (100_000, 1):  # more than a buffer takes, and less
        show("x" * length, unread)
    unread.flush()  # as Python does at its end


def test_a_character_that_the_encoding_lacks_is_written_as_an_escape() -> None:
    """Python encodes what goes to a pipe or a file in the code page of Windows."""
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="cp1252", newline="")
    show("✗ V1   must   Grüße\n", stream)
    assert written.getvalue() == b"\\u2717 V1   must   Gr\xfc\xdfe\n"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["serve", "--help"], ["check", "--help"]])
def test_the_command_does_not_report_output_that_nobody_reads(
    arguments: list[str],
    unread: io.TextIOWrapper,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stdout", unread)  # not in a fixture: pytest replaces it before the test begins
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code in (0, None)
    unread.flush()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("arguments", [["--version"], ["check", "--help"], ["record"]])
def test_the_command_runs_where_the_standard_streams_are_closed(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python has None in place of a stream that was closed before Python began, such as by `2>&-` in a shell."""
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.close()
    assert ended.value.code == (2 if arguments == ["record"] else 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no file that is always full")
def test_a_full_disk_is_reported_once_and_ends_no_server() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as stream:
        with pytest.raises(OSError, match="No space left"):
            show("a report", stream)
        stream.flush()  # as Python does at its end
    with Path("/dev/full").open("w", encoding="utf-8") as stream:
        Screen(stream).show("a request")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no file that is always full")
@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_output_that_cannot_be_printed_is_reported_in_one_line(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with pytest.raises(SystemExit) as ended:
            main(arguments)
    assert ended.value.code == 2
    printed = capfd.readouterr().err
    assert printed.startswith("feedserver: this cannot be printed: ") and printed.count("\n") == 1
