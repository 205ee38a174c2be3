"""The `lifestream` command: its subcommands make the tables that they need, and import and check little if nothing is
due.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import get_commands

from lifestream.site import cli
from programs import PATIENCE, environment, lifestream, run

pytestmark = pytest.mark.slow

OURS = sorted(name for name, app in get_commands().items() if app == "lifestream")


def test_each_of_our_commands_is_listed_as_needing_tables_except_the_demo_and_those_that_need_none() -> None:
    assert {*OURS} - {"demo", "config", "doctor"} - cli._NEEDS_NO_HOME == cli._NEEDS_TABLES - {"createsuperuser"}


def test_a_command_works_on_an_empty_folder(tmp_path: Path) -> None:
    done = run(tmp_path / "new", "export_opml")
    assert (done.returncode, done.stderr) == (0, "")
    assert "<title>Lifestream</title>" in done.stdout
    assert (tmp_path / "new" / "lifestream.sqlite3").exists()


@pytest.mark.parametrize(
    ("arguments", "printed"), [(["update_feeds", "--verbosity", "0"], ""), (["rebuild_search"], "Indexed 0 items.\n")]
)
def test_a_command_works_without_feeds(site_home: Path, arguments: list[str], printed: str) -> None:
    done = run(site_home, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, printed, "")


def test_the_command_why_is_an_error_for_an_unknown_feed(site_home: Path) -> None:
    done = run(site_home, "why", "https://blog.example/feed")
    assert done.returncode == 1
    assert done.stderr == "CommandError: there is no feed https://blog.example/feed; add it with add_feed\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of open files to lower")
@pytest.mark.parametrize(
    ("files", "command", "told"),
    [
        (6, "status", "No command can run: this process may open no more files: raise the limit (ulimit -n, "),
        pytest.param(
            9,
            "demo",
            "CommandError: The command can't go on: this process may open no more files: raise the limit (ul",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_command_with_few_files_says_what_it_lacks(site_home: Path, files: int, command: str, told: str) -> None:
    done = _run_with_files(files, site_home, command)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith(told)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of open files to lower")
def test_a_command_that_lacks_files_to_create_the_tables_says_so(tmp_path: Path) -> None:
    done = _run_with_files(7, tmp_path, "status")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("No command can run: this process may open no more files: raise the limit (ulimit -n")
    assert done.stderr.count("\n") == 1


def _run_with_files(files: int, home: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run *command* in a process that may have *files* files open, with the three standard streams."""
    return subprocess.run(
        ["sh", "-c", f'ulimit -n {files} && exec "$@"', "sh", *lifestream(command)],
        env=environment(home),
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_database_that_may_not_grow_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 100 && exec "$@"', "sh", *lifestream("status")],
        env=environment(tmp_path, PYTHONDONTWRITEBYTECODE="1"),  # no half a file of Python's cache
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("The database in the folder LIFESTREAM_HOME can't be used: disk I/O error; ")
    assert done.stderr.endswith(" that a quota or a limit on the size of files (ulimit -f) leaves room\n")


def test_help_needs_no_database(tmp_path: Path) -> None:
    done = run(tmp_path / "new", "add_feed", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: lifestream add_feed")
    assert not (tmp_path / "new" / "lifestream.sqlite3").exists()


def test_an_unknown_command_is_an_error_that_names_it(tmp_path: Path) -> None:
    done = run(tmp_path, "upgrade_feeds")
    assert done.returncode == 1
    assert done.stderr.startswith("Unknown command: 'upgrade_feeds'")


COLLECTED = """
import gc
from lifestream.site import cli
cli._set_up()
print(gc.isenabled(), gc.get_freeze_count() > 10_000, gc.get_threshold()[0])
"""


def test_garbage_is_collected_seldom_and_not_among_imported_modules(site_home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COLLECTED],
        env=environment(site_home) | {"DJANGO_SETTINGS_MODULE": "lifestream.site.settings"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.stdout == "True True 10000\n", done.stderr


IMPORTED = """
import sys
from lifestream.site.cli import main
main(["lifestream", "update_feeds"])
print(*sys.modules)
"""
UNNEEDED = {
    "aiohttp", "attr", "celery", "cryptography", "feedparser", "feedserver", "multidict", "nh3", "requests", "rich",
    "uvloop", "whitenoise", "yarl",
}  # fmt: skip
"""Packages that a command which has nothing to do must not import."""
UNNEEDED_OF_OURS = {
    "admin", "content.sanitizer", "content.tokenizer", "fetcher.fetch", "fetcher.redirects", "migrations.0001_initial",
    "parser", "plugins", "refresh.work_loop", "scheduler.schedule", "storage.writer", "urls", "web.timeline",
    "web.views",
}  # fmt: skip
FEED = """
from datetime import UTC, datetime
from lifestream.models import Feed
Feed.objects.create(url="https://blog.example/feed", title="Blog", next_fetch=datetime(9998, 1, 1, tzinfo=UTC))
"""


@pytest.fixture(scope="module")
def _home_with_a_feed(_site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("with_a_feed") / "home"
    shutil.copytree(_site, home)
    assert run(home, "shell", "--command", FEED).returncode == 0
    return home


@pytest.fixture
def home(request: pytest.FixtureRequest, site_home: Path) -> Path:
    """Return a home with tables, and with what the test's parameter names: "no feed", or one "due" or "not due"."""
    if request.param == "not due":
        shutil.rmtree(site_home)
        shutil.copytree(request.getfixturevalue("_home_with_a_feed"), site_home)
    elif request.param == "due":
        assert run(site_home, "shell", "--command", FEED.replace("9998", "2001")).returncode == 0
    return site_home


@pytest.mark.parametrize(
    ("home", "printed"),
    [("no feed", "There are no active feeds"), ("not due", "Nothing is due. The next is Blog")],
    indirect=["home"],
)
def test_a_command_that_finds_nothing_due_imports_nothing_that_fetches(home: Path, printed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED],
        env=environment(home),
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
def test_a_migration_that_the_database_lacks_is_applied(site_home: Path, lacking: str) -> None:
    complete = migrations_of(site_home)
    last = max(name for app, name in complete if app == lacking)
    before = max(name for app, name in complete if app == lacking and name != last)
    assert run(site_home, "migrate", "--verbosity", "0", lacking, before).returncode == 0
    assert migrations_of(site_home) == complete - {(lacking, last)}

    done = run(site_home, "update_feeds")

    assert (done.returncode, done.stderr) == (0, "")
    assert migrations_of(site_home) == complete


def migrations_of(home: Path) -> set[tuple[str, str]]:
    """Return the applied migrations by app and name."""
    with closing(sqlite3.connect(home / "lifestream.sqlite3")) as database:
        return set(database.execute("SELECT app, name FROM django_migrations"))


@pytest.mark.parametrize(("home", "returncode"), [("no feed", 0), ("not due", 0), ("due", 1)], indirect=["home"])
def test_plugins_are_checked_only_if_a_feed_is_due(tmp_path: Path, home: Path, returncode: int) -> None:
    (tmp_path / "wrong.py").write_text(
        'from lifestream.site.settings import *\nLIFESTREAM_PLUGINS = ["wrong.Missing"]\n', encoding="utf-8"
    )

    done = run(home, "update_feeds", DJANGO_SETTINGS_MODULE="wrong", PYTHONPATH=str(tmp_path))

    assert done.returncode == returncode
    assert ("lifestream.E004" in done.stderr) == bool(returncode)


def test_a_setting_that_is_wrong_is_reported_though_nothing_is_due(tmp_path: Path, site_home: Path) -> None:
    (tmp_path / "wrong.py").write_text(
        'from lifestream.site.settings import *\nLIFESTREAM_TIMEOUT = "long"\n', encoding="utf-8"
    )

    done = run(site_home, "update_feeds", DJANGO_SETTINGS_MODULE="wrong", PYTHONPATH=str(tmp_path))

    assert done.returncode == 1
    assert "(lifestream.E002) LIFESTREAM_TIMEOUT is 'long'" in done.stderr
