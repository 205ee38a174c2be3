"""Standard output whose reader has gone."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator

import pytest

from feedserver.cli import main
from feedserver.standard_output import show


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.TextIOWrapper]:
    """Standard output that is a pipe which nobody reads: what `head` leaves when it has enough."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        yield stream


def test_what_nobody_reads_is_lost(unread: io.TextIOWrapper) -> None:
    for _ in range(2):
        show("x" * 100_000, unread)
    unread.flush()  # as Python does at its end


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["serve", "--help"], ["check", "--help"]])
def test_the_command_says_nothing_of_it(arguments: list[str], unread: io.TextIOWrapper) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code in (0, None)
    unread.flush()
