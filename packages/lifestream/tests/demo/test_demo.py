"""What the command `lifestream demo` leaves behind: nothing."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from programs import PATIENCE, Program, environment, lifestream


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM")
def test_a_demo_that_is_ended_while_it_starts_deletes_its_folder(tmp_path: Path) -> None:
    with Program(lifestream("demo"), environment(tmp_path / "home", TMPDIR=str(tmp_path))) as demo:
        deadline = time.monotonic() + PATIENCE
        while not list(tmp_path.glob("*/lifestream.sqlite3")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert demo.output == ""  # its tables are just being made
        assert demo.terminate() == 0
    assert list(tmp_path.iterdir()) == []
