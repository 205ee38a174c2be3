"""The `lifestream` command on an empty folder: whatever is typed first finds a database that is ready."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import get_commands

from lifestream.site import cli
from programs import run

OURS = sorted(name for name, app in get_commands().items() if app == "lifestream")


def test_each_command_of_ours_gets_its_tables_but_the_demo_which_brings_its_own() -> None:
    assert {*OURS} - {"demo"} == cli._NEEDS_TABLES - {"createsuperuser"}


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["update_feeds"], "There are no feeds yet; add one with add_feed URL.\n"),
        (["update_feeds", "--verbosity", "0"], ""),
        (["rebuild_search"], "Indexed 0 items.\n"),
        (["export_opml"], "<title>Lifestream</title>"),
    ],
    ids=" ".join,
)
def test_a_command_works_on_an_empty_folder(tmp_path: Path, arguments: list[str], printed: str) -> None:
    done = run(tmp_path / "new", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert printed in done.stdout if printed else done.stdout == ""
    assert (tmp_path / "new" / "lifestream.sqlite3").exists()


def test_why_of_a_feed_that_there_is_not_is_an_error(tmp_path: Path) -> None:
    done = run(tmp_path / "new", "why", "https://blog.example/feed")
    assert done.returncode == 1
    assert done.stderr == "CommandError: there is no feed https://blog.example/feed; add it with add_feed\n"


def test_help_needs_no_database(tmp_path: Path) -> None:
    done = run(tmp_path / "new", "add_feed", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: lifestream add_feed")
    assert not (tmp_path / "new" / "lifestream.sqlite3").exists()


def test_a_command_that_there_is_not_is_an_error_that_names_it(tmp_path: Path) -> None:
    done = run(tmp_path, "upgrade_feeds")
    assert done.returncode == 1
    assert done.stderr.startswith("Unknown command: 'upgrade_feeds'")
