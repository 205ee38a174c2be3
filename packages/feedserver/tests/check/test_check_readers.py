"""The readers whose commands are known: a run accepts them, and what a reader needs is named where it is missing."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from feedserver.check.commands import CommandAdapter, Commands
from feedserver.check.readers import READERS, KnownReader
from feedserver.check.scenarios import SCENARIOS


@pytest.mark.parametrize("name", READERS)
def test_a_run_accepts_the_commands_of_a_known_reader_and_the_scenarios_that_it_runs_alone(name: str) -> None:
    reader = READERS[name]
    CommandAdapter(reader.commands, name=reader.title, kind=reader.kind).close()

    assert reader.commands.version, "a report says which version was judged"
    assert set(reader.alone) <= {scenario.id for scenario in SCENARIOS}


def test_a_missing_program_or_package_is_named() -> None:
    commands = Commands(poll="x {url}")

    assert KnownReader("A", "no-such-program", commands).missing() == "the program no-such-program"
    assert KnownReader("A", "", commands, package="no_such_package").missing() == "the Python package no_such_package"
    assert KnownReader("A", "", commands, package="feedserver").missing() == ""


@pytest.mark.skipif(os.name == "nt", reason="its command is written for a POSIX shell")
def test_a_database_with_bytes_that_are_no_utf_8_is_listed(tmp_path: Path) -> None:
    (tmp_path / ".newsboat").mkdir()
    with closing(sqlite3.connect(tmp_path / ".newsboat/cache.db")) as database, database:
        database.execute("CREATE TABLE rss_item (title, url, author, content, pubDate, enclosure_url)")
        database.execute("INSERT INTO rss_item VALUES ('a', 'b', 'c', CAST(X'61FF' AS TEXT), 1, 'd')")

    command = READERS["newsboat"].commands.list.replace("{home}", str(tmp_path))
    listed = subprocess.run(command, shell=True, check=True, capture_output=True, encoding="utf-8").stdout

    expected = {"title": "a", "link": "b", "author": "c", "content": "a\ufffd", "date": 1, "enclosure": "d"}
    assert json.loads(listed) == expected
