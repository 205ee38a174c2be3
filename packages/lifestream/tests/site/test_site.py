"""The bundled site and its command, run as people run it: in processes of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from feedserver import FeedServer, Response
from lifestream.site.home import PrivateConnection, home, keep_private, secret_key
from lifestream.site.policy import header
from own_site import PATIENCE, command, environment
from served import feed, page, rss

said: list[str] = []


@contextmanager
def running(*arguments: str, folder: Path, **more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A `lifestream` command that serves, and the address that it prints; what else it says there is in `said`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lifestream", *arguments],
        env=environment(folder, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    timer = threading.Timer(PATIENCE, process.kill)
    timer.start()
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"is at (http://\S+)", line):
                said.append(line)
                yield process, found[1]
                break
        else:
            raise AssertionError(f"it ended without an address: {process.communicate()[1]}")
    finally:
        timer.cancel()
        process.kill()
        process.communicate()


def get(url: str) -> tuple[str, Any]:
    """The body and the headers that *url* is answered with."""
    with urllib.request.urlopen(url, timeout=PATIENCE) as response:
        return response.read().decode(), response.headers


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


class TestHome:
    def test_the_folder_that_is_named_is_made_for_its_owner_only(self, tmp_path: Path) -> None:
        folder = home({"LIFESTREAM_HOME": str(tmp_path / "a" / "b")})
        assert folder == tmp_path / "a" / "b"
        if os.name == "posix":
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_without_a_name_it_is_in_the_users_own(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Path, "home", lambda: tmp_path)
        assert home({}) == tmp_path / ".lifestream"

    def test_a_file_in_its_place_is_an_error_that_names_it(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(
            SystemExit, match=rf"^LIFESTREAM_HOME is {re.escape(str(tmp_path / 'file'))}, which is no folder"
        ):
            home({"LIFESTREAM_HOME": str(tmp_path / "file")})

    def test_a_secret_key_that_cannot_be_kept_is_an_error_that_names_it(self, tmp_path: Path) -> None:
        with pytest.raises(SystemExit, match=rf"^The secret key can't be kept in {re.escape(str(tmp_path))}.*gone"):
            secret_key(tmp_path / "gone")

    def test_the_secret_key_is_made_once_for_all_that_ask_at_once(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(16) as pool:
            keys = set(pool.map(lambda _: secret_key(tmp_path), range(64)))
        assert len(keys) == 1
        assert len(keys.pop()) >= 50
        assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]

    def test_the_secret_key_is_for_its_owner_only(self, tmp_path: Path) -> None:
        secret_key(tmp_path)
        if os.name == "posix":
            assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600

    def test_a_file_system_without_links_will_do(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise PermissionError("no links here")

        monkeypatch.setattr(os, "link", refuse)
        assert secret_key(tmp_path) == secret_key(tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


@pytest.mark.skipif(os.name != "posix", reason="on Windows files have the access list of their folder")
class TestPrivateFiles:
    def test_the_database_and_what_lies_beside_it_is_for_its_owner_only(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o755)  # a folder that was there before
        assert command("migrate", "--verbosity=0", folder=tmp_path).returncode == 0
        database = tmp_path / "lifestream.sqlite3"
        with sqlite3.connect(database) as connection:
            connection.execute("UPDATE django_content_type SET model = model")
            connection.commit()
            modes = {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in tmp_path.iterdir()}
        connection.close()
        assert {"lifestream.sqlite3", "lifestream.sqlite3-wal", "lifestream.sqlite3-shm"} <= set(modes)
        assert set(modes.values()) == {"0o600"}, modes

    def test_what_others_could_read_is_narrowed(self, tmp_path: Path) -> None:
        database = tmp_path / "lifestream.sqlite3"
        names = ("", "-wal", "-shm", "-journal")
        for suffix in names:
            (tmp_path / f"{database.name}{suffix}").touch(0o666)
            (tmp_path / f"{database.name}{suffix}").chmod(0o664)
        keep_private(database)
        for suffix in names:
            assert stat.S_IMODE((tmp_path / f"{database.name}{suffix}").stat().st_mode) == 0o600
        secret_key(tmp_path)
        (tmp_path / "secret_key").chmod(0o644)  # as a backup brings it back
        secret_key(tmp_path)
        assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600

    def test_a_rollback_journal_has_the_mode_of_its_database(self, tmp_path: Path) -> None:
        database = tmp_path / "a.sqlite3"
        keep_private(database)
        with sqlite3.connect(database, isolation_level=None) as connection:
            connection.execute("CREATE TABLE t (x)")
            connection.execute("BEGIN")
            connection.execute("INSERT INTO t VALUES (1)")
            assert stat.S_IMODE((tmp_path / "a.sqlite3-journal").stat().st_mode) == 0o600
            connection.execute("ROLLBACK")
        connection.close()

    def test_a_database_of_another_folder_is_as_private(self, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere.sqlite3"
        done = command("migrate", "--verbosity=0", folder=tmp_path / "home", DATABASE_URL=f"sqlite:///{elsewhere}")
        assert done.returncode == 0, done.stderr
        assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o600

    @pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
    @pytest.mark.parametrize("named", ["{}", "file:{}", "file://{}", "file://localhost{}?cache=private#x", "a link"])
    @pytest.mark.parametrize("there", [False, True])
    def test_however_a_database_is_named_it_is_private(
        self, tmp_path: Path, named: str, umask: int, there: bool
    ) -> None:
        database = tmp_path / "a b.sqlite3"
        files = [database.with_name(f"{database.name}{suffix}") for suffix in ("", "-wal", "-shm")]
        if there:
            with sqlite3.connect(database) as first:
                first.execute("PRAGMA journal_mode=WAL")
            first.close()
            for file in files:
                file.touch()
                file.chmod(0o666)
        name = named.format(database if "file" not in named else quote(str(database)))
        if named == "a link":
            (tmp_path / "link").symlink_to(database)  # that leads to nothing yet, unless it is there
            name = str(tmp_path / "link")
        before = os.umask(umask)
        try:
            with sqlite3.connect(name, uri=True, factory=PrivateConnection) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("CREATE TABLE t (x)")
                connection.commit()
                modes = {file.name: oct(stat.S_IMODE(file.stat().st_mode)) for file in files}
            connection.close()
        finally:
            os.umask(before)
        assert set(modes.values()) == {"0o600"}, modes

    @pytest.mark.parametrize("name", [":memory:", "", "file::memory:", "file:x?mode=memory&cache=shared"])
    def test_a_database_in_memory_has_no_file(self, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        sqlite3.connect(name, uri=True, factory=PrivateConnection).close()
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(("umask", "mode"), [(0o000, 0o755), (0o002, 0o755), (0o077, 0o700)])
    def test_nobody_else_may_put_another_folder_in_its_place(self, tmp_path: Path, umask: int, mode: int) -> None:
        before = os.umask(umask)
        try:
            made = home({"LIFESTREAM_HOME": str(tmp_path / "a" / "b" / "c")})
        finally:
            os.umask(before)
        assert [stat.S_IMODE(each.stat().st_mode) for each in (made, made.parent, made.parent.parent)] == [
            0o700, mode, mode,
        ]  # fmt: skip

    def test_what_cannot_be_narrowed_is_told_with_the_remedy(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        database = tmp_path / "a.sqlite3"
        database.touch()
        database.chmod(0o644)
        monkeypatch.setattr(Path, "chmod", refuse)
        with pytest.warns(UserWarning, match=r"a\.sqlite3 can be read by others .* run: chmod go= /.*a\.sqlite3$"):
            keep_private(database)

    def test_a_folder_that_is_missing_is_for_sqlite_to_tell(self, tmp_path: Path) -> None:
        keep_private(tmp_path / "gone" / "a.sqlite3")
        assert list(tmp_path.iterdir()) == []


def test_a_policy_is_written_as_a_header() -> None:
    assert header({"default-src": ["'none'"], "img-src": ["'self'", "https:"]}) == (
        "default-src 'none'; img-src 'self' https:"
    )


class TestCommand:
    def test_a_newcomers_first_command_makes_the_database_and_the_lifestream(
        self, tmp_path: Path, server: FeedServer
    ) -> None:
        server.add("/feed", feed())
        done = command("add_feed", server.url("/feed"), folder=tmp_path / "new")
        assert (done.returncode, done.stderr) == (0, "")
        assert "It is in the lifestream 'main', with 2 items." in done.stdout
        with sqlite3.connect(tmp_path / "new" / "lifestream.sqlite3") as database:
            assert database.execute("SELECT title FROM lifestream_item ORDER BY title").fetchall() == [
                ("one",),
                ("two",),
            ]
        database.close()
        assert len(server.requests) == 1

    def test_several_first_commands_at_once_make_one_database(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(4) as pool:
            done = list(pool.map(lambda _: command("update_feeds", folder=tmp_path), range(4)))
        assert [(each.returncode, each.stderr) for each in done] == [(0, "")] * 4

    def test_a_refusal_is_a_sentence_and_an_exit_status(self, tmp_path: Path, server: FeedServer) -> None:
        server.add("/page", page("no feed"))
        for path in ("/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml", "/feed.json"):
            server.add(f"/page{path}", Response(status=404))
        done = command("add_feed", server.url("/page"), folder=tmp_path)
        assert done.returncode == 1
        assert done.stderr.startswith(f"CommandError: {server.url('/page')} is no feed")
        assert "Traceback" not in done.stderr

    def test_the_guard_is_on_unless_a_network_is_opened(self, tmp_path: Path, server: FeedServer) -> None:
        done = command("add_feed", server.url("/feed"), folder=tmp_path, LIFESTREAM_ALLOWED_NETWORKS="")
        assert done.returncode == 1
        assert "127.0.0.1 is a loopback address" in done.stderr
        assert server.requests == []

    def test_all_failed_is_an_exit_status_of_1_and_nothing_due_one_of_0(
        self, tmp_path: Path, server: FeedServer
    ) -> None:
        server.add("/feed", feed(), Response(status=500))
        command("add_feed", server.url("/feed"), folder=tmp_path)
        assert command("update_feeds", folder=tmp_path).returncode == 0
        done = command("update_feeds", "--all", folder=tmp_path)
        assert done.returncode == 1
        assert "1 feed asked, 0 new, 0 changed, 1 failed." in done.stdout

    def test_an_unknown_network_is_an_error_that_names_it(self, tmp_path: Path) -> None:
        done = command("add_feed", "http://a.example/", folder=tmp_path, LIFESTREAM_ALLOWED_NETWORKS="home")
        assert done.returncode == 1
        assert "LIFESTREAM_ALLOWED_NETWORKS" in done.stderr
        assert "'home'" in done.stderr

    @pytest.mark.parametrize(
        ("url", "words"),
        [
            ("postgresql://ada:secret@127.0.0.1:1/x", "The database that DATABASE_URL names can't be used: "),
            ("postgresql://ada:sec/ret@127.0.0.1/x", "DATABASE_URL is no address of a database: write it like "),
            ("nonsense", "DATABASE_URL is no address of a database: write it like "),
        ],
    )
    def test_a_database_that_is_none_is_an_error_without_its_password(
        self, tmp_path: Path, url: str, words: str
    ) -> None:
        done = command("update_feeds", folder=tmp_path, DATABASE_URL=url)
        assert done.returncode == 1
        assert done.stderr.startswith(words)
        assert "sec" not in done.stderr

    def test_a_database_that_cannot_be_opened_is_an_error_that_names_its_folder(self, tmp_path: Path) -> None:
        (tmp_path / "lifestream.sqlite3").mkdir()
        done = command("update_feeds", folder=tmp_path)
        assert (done.returncode, done.stderr) == (
            1,
            "The database in the folder LIFESTREAM_HOME can't be used: unable to open database file\n",
        )

    def test_djangos_own_checks_find_nothing(self, tmp_path: Path) -> None:
        done = command("check", "--deploy", "--fail-level", "ERROR", folder=tmp_path)
        assert done.returncode == 0, done.stderr

    def test_models_and_migrations_agree(self, tmp_path: Path) -> None:
        assert command("makemigrations", "--check", "--dry-run", folder=tmp_path).returncode == 0

    def test_without_celery_nothing_of_it_is_imported(self, tmp_path: Path) -> None:
        program = "import sys; sys.argv[1:] = ['update_feeds']; from lifestream.site.cli import main; main(); "
        done = subprocess.run(
            [sys.executable, "-c", f"{program}print('celery' in sys.modules, 'feedserver' in sys.modules)"],
            env=environment(tmp_path),
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=True,
        )
        assert done.stdout.endswith("False False\n")


class TestServing:
    def test_pages_and_static_files_are_served_under_the_policy(self, tmp_path: Path, server: FeedServer) -> None:
        server.add("/feed", feed())
        command("add_feed", server.url("/feed"), folder=tmp_path)
        with running("serve", "127.0.0.1:0", folder=tmp_path) as (_, address):
            body, headers = get(f"{address}main/")
            style, style_headers = get(f"{address}static/lifestream/theme.css")
        assert "http://example.org/one" in body
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "{" in style
        assert style_headers["Content-Type"].startswith("text/css")

    def test_feeds_are_updated_in_the_background(self, tmp_path: Path, server: FeedServer) -> None:
        server.add("/feed", feed(("one",)), feed(("one", "two")))
        command("add_feed", server.url("/feed"), folder=tmp_path)
        with sqlite3.connect(tmp_path / "lifestream.sqlite3") as database:
            database.execute("UPDATE lifestream_feed SET next_fetch = '2020-01-01 00:00:00'")
        database.close()
        with running("serve", "127.0.0.1:0", folder=tmp_path):
            server.wait_for("/feed", count=2, timeout=PATIENCE)

    def test_it_can_serve_and_fetch_nothing(self, tmp_path: Path) -> None:
        with running("serve", "0", "--no-update", folder=tmp_path) as (process, address):
            assert address.startswith("http://127.0.0.1:")
            process.terminate()
            out, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, out, errors) == (0, "", "")

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no signal that a process can end by in order")
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_ends_it_cleanly_though_a_server_keeps_it_waiting(
        self, tmp_path: Path, server: FeedServer, number: signal.Signals
    ) -> None:
        server.add("/feed", feed(), Response(rss("late"), delay=300))
        command("add_feed", server.url("/feed"), folder=tmp_path)
        with sqlite3.connect(tmp_path / "lifestream.sqlite3") as database:
            database.execute("UPDATE lifestream_feed SET next_fetch = '2020-01-01 00:00:00'")
        database.close()
        with running("serve", "127.0.0.1:0", folder=tmp_path) as (process, _):
            server.wait_for("/feed", count=2, timeout=PATIENCE)
            process.send_signal(number)
            _, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, errors) == (0, "")
        with sqlite3.connect(tmp_path / "lifestream.sqlite3") as database:
            [(token, due)] = database.execute("SELECT claim_token, next_fetch FROM lifestream_feed").fetchall()
        database.close()
        assert token == ""
        assert due.startswith("2020-01-01")

    def test_a_port_that_is_taken_is_an_error_that_names_it(self, tmp_path: Path, server: FeedServer) -> None:
        done = command("serve", f"127.0.0.1:{server.port}", folder=tmp_path)
        assert done.returncode == 1
        assert done.stderr.startswith(f"CommandError: 127.0.0.1:{server.port} can't be served: ")

    def test_an_address_that_is_none_is_an_error_that_names_it(self, tmp_path: Path) -> None:
        done = command("serve", "256.1.1.1:8000", folder=tmp_path)
        assert (done.returncode, done.stderr) == (1, "CommandError: 256.1.1.1:8000 can't be served: no such address\n")

    @pytest.mark.parametrize(
        ("broker", "words"),
        [
            ("", "feeds are updated in the background"),
            ("redis://127.0.0.1:1/0", "feeds are not updated by this process"),
        ],
    )
    def test_with_a_broker_the_updating_is_left_to_its_workers(self, tmp_path: Path, broker: str, words: str) -> None:
        with running("serve", "127.0.0.1:0", folder=tmp_path, CELERY_BROKER_URL=broker):
            assert words in said[-1]


class TestDemo:
    def test_it_imports_its_feeds_prints_the_table_and_leaves_nothing_behind(self, tmp_path: Path) -> None:
        temporary = tmp_path / "temporary"
        temporary.mkdir()
        done = command("demo", "--no-serve", folder=tmp_path / "mine", TMPDIR=str(temporary), TEMP=str(temporary))
        assert (done.returncode, done.stderr) == (0, "")
        lines = done.stdout.splitlines()
        count = int(re.fullmatch(r"Importing (\d+) sample feeds from http://127.*", lines[0])[1])  # type: ignore[index]
        assert count >= 10
        assert lines[1].startswith("Feed ")
        assert re.fullmatch(rf"{count} feeds asked, \d+ new, 0 changed, 0 failed\.", lines[-1])
        assert not (tmp_path / "mine").exists()
        assert list(temporary.iterdir()) == []

    def test_it_serves_a_timeline_until_it_is_ended(self, tmp_path: Path) -> None:
        with running("demo", folder=tmp_path) as (process, address):
            body, _ = get(f"{address}demo/")
            feed_json = json.loads(get(f"{address}demo/feed.json")[0])
            process.terminate()
            process.communicate(timeout=PATIENCE)
        assert "Demo" in body
        assert len(feed_json["items"]) >= 10
        if os.name == "posix":
            assert process.returncode == 0
