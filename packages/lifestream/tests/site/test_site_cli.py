"""The `lifestream` command on an empty folder: whatever is typed first finds a database that is ready."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands

from lifestream.site import cli
from programs import PATIENCE, environment, run

OURS = sorted(name for name, app in get_commands().items() if app == "lifestream")


def test_each_command_of_ours_gets_its_tables_but_the_demo_which_brings_its_own_and_those_that_need_none() -> None:
    assert {*OURS} - {"demo", "config", "doctor"} - cli._NEEDS_NO_HOME == cli._NEEDS_TABLES - {"createsuperuser"}


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


IMPORTED = """
import sys
from lifestream.site.cli import main
main(["lifestream", "update_feeds"])
print(*sys.modules)
"""
UNNEEDED = {
    "aiohttp", "attr", "celery", "cryptography", "feedparser", "multidict", "nh3", "requests", "rich",
    "tinycss2", "uvloop", "whitenoise", "yarl",
}  # fmt: skip
"""Packages that a command which has nothing to do must not wait for."""
UNNEEDED_OF_OURS = {
    "admin", "content.sanitizer", "content.tokenizer", "fetcher.fetch", "fetcher.redirects", "migrations.0001_initial",
    "parser", "plugins", "refresh.work_loop", "scheduler.schedule", "storage.writer", "urls", "web",
}  # fmt: skip
FEED = """
from datetime import UTC, datetime
from lifestream.models import Feed
Feed.objects.create(url="https://blog.example/feed", title="Blog", next_fetch=datetime(9998, 1, 1, tzinfo=UTC))
"""


@pytest.mark.parametrize(
    ("feed", "printed"), [("", "There are no feeds yet"), (FEED, "Nothing is due. The next is Blog")]
)
def test_a_command_that_finds_nothing_due_imports_nothing_that_fetches(tmp_path: Path, feed: str, printed: str) -> None:
    assert run(tmp_path, "update_feeds").returncode == 0  # this one makes the tables
    if feed:
        assert run(tmp_path, "shell", "--command", feed).returncode == 0

    done = subprocess.run(
        [sys.executable, "-c", IMPORTED],
        env=environment(tmp_path),
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=True,
    )

    assert done.stdout.startswith(printed)
    modules = set(done.stdout.split())
    assert "lifestream.refresh.pipeline" in modules
    assert modules & UNNEEDED == set()
    assert modules & {f"lifestream.{name}" for name in UNNEEDED_OF_OURS} == set()
    assert modules & {"django.db.migrations.executor", "django.contrib.auth.forms"} == set()


@pytest.mark.parametrize("lacking", ["lifestream", "auth"])
def test_a_migration_that_the_database_lacks_is_made_up_for(tmp_path: Path, lacking: str) -> None:
    last = {"lifestream": "0008", "auth": "0011"}[lacking]
    assert run(tmp_path, "migrate", "--verbosity", "0", lacking, last).returncode == 0

    done = run(tmp_path, "update_feeds")

    assert (done.returncode, done.stderr) == (0, "")
    assert "[ ]" not in run(tmp_path, "showmigrations").stdout


@pytest.mark.parametrize(
    ("feed", "returncode"), [("", 0), (FEED, 0), (FEED.replace("9998", "2001"), 1)], ids=["no feed", "not due", "due"]
)
def test_plugins_are_checked_once_a_feed_is_due(tmp_path: Path, feed: str, returncode: int) -> None:
    (tmp_path / "wrong.py").write_text(
        'from lifestream.site.settings import *\nLIFESTREAM_PLUGINS = ["wrong.Missing"]\n', encoding="utf-8"
    )
    if feed:
        assert run(tmp_path, "update_feeds").returncode == 0
        assert run(tmp_path, "shell", "--command", feed).returncode == 0

    done = run(tmp_path, "update_feeds", DJANGO_SETTINGS_MODULE="wrong", PYTHONPATH=str(tmp_path))

    assert done.returncode == returncode
    assert ("lifestream.E004" in done.stderr) == bool(returncode)


def test_a_setting_that_is_wrong_is_told_though_nothing_is_due(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(
        'from lifestream.site.settings import *\nLIFESTREAM_TIMEOUT = "long"\n', encoding="utf-8"
    )

    done = run(tmp_path, "update_feeds", DJANGO_SETTINGS_MODULE="wrong", PYTHONPATH=str(tmp_path))

    assert done.returncode == 1
    assert "(lifestream.E002) LIFESTREAM_TIMEOUT is 'long'" in done.stderr
