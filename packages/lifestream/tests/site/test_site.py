"""The bundled site and its command, run as people run it: in processes of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from feedserver import FeedServer, Response
from own_site import PATIENCE, command, command_in_new_process, environment
from programs import Program, lifestream
from served import feed, page, rss

printed: list[str] = []


@contextmanager
def running(*arguments: str, folder: Path, **more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a `lifestream` command that serves; add its line with its address to `printed`; yield process and address."""
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
                printed.append(line)
                yield process, found[1]
                break
        else:
            raise AssertionError(f"it ended without an address: {process.communicate()[1]}")
    finally:
        timer.cancel()
        process.kill()
        process.communicate()


def make_due(home: Path) -> None:
    """Make the feeds of the site in *home* due."""
    with closing(sqlite3.connect(home / "lifestream.sqlite3", isolation_level=None)) as database:
        database.execute("UPDATE lifestream_feed SET next_fetch = '2020-01-01 00:00:00'")


def get(url: str) -> tuple[str, Any]:
    """Return the body and the headers that *url* is answered with."""
    with urllib.request.urlopen(url, timeout=PATIENCE) as response:
        return response.read().decode(), response.headers


def send(client: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Submit the form at *path*, and return the page that follows."""
    client.get(path)
    return client.post(path, data={"csrfmiddlewaretoken": client.cookies["csrftoken"], **fields})


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


class TestCommand:
    @pytest.mark.slow
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

    @pytest.mark.slow
    def test_several_first_commands_at_once_make_one_database(self, tmp_path: Path) -> None:
        with ThreadPoolExecutor(3) as pool:
            done = list(pool.map(lambda _: command_in_new_process("update_feeds", folder=tmp_path), range(3)))
        assert [(each.returncode, each.stderr) for each in done] == [(0, "")] * 3
        assert all(each.stdout.startswith("There are no active feeds; add one with add_feed URL.\n") for each in done)

    @pytest.mark.slow
    def test_a_refusal_is_a_sentence_and_an_exit_status(self, site_home: Path, server: FeedServer) -> None:
        server.add("/page", page("no feed"))
        for path in ("/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml", "/feed.json"):
            server.add(f"/page{path}", Response(status=404))
        done = command("add_feed", server.url("/page"), folder=site_home)
        assert done.returncode == 1
        assert done.stderr.startswith(f"CommandError: {server.url('/page')} is no feed")
        assert "Traceback" not in done.stderr

    @pytest.mark.slow
    def test_the_guard_is_on_unless_a_network_is_allowed(self, site_home: Path, server: FeedServer) -> None:
        done = command("add_feed", server.url("/feed"), folder=site_home, LIFESTREAM_ALLOWED_NETWORKS="")
        assert done.returncode == 1
        assert "127.0.0.1 is a loopback address" in done.stderr
        assert server.requests == []

    @pytest.mark.slow
    def test_update_feeds_exits_with_1_if_all_feeds_failed_and_with_0_if_none_is_due(
        self, site_home: Path, server: FeedServer
    ) -> None:
        server.add("/feed", feed(), Response(status=500))
        command("add_feed", server.url("/feed"), folder=site_home)
        assert command("update_feeds", folder=site_home).returncode == 0
        done = command("update_feeds", "--all", folder=site_home)
        assert done.returncode == 1
        assert "1 feed asked, 0 new, 0 changed, 1 failed." in done.stdout

    @pytest.mark.slow
    def test_an_unknown_network_is_an_error_that_names_it(self, site_home: Path) -> None:
        done = command("add_feed", "http://a.example/", folder=site_home, LIFESTREAM_ALLOWED_NETWORKS="home")
        assert done.returncode == 1
        assert "LIFESTREAM_ALLOWED_NETWORKS" in done.stderr
        assert "'home'" in done.stderr

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("url", "words"),
        [
            ("postgresql://ada:secret@127.0.0.1:1/x", "The database that DATABASE_URL names can't be used: "),
            ("postgresql://ada:sec/ret@127.0.0.1/x", "DATABASE_URL is no address of a database: write it like "),
            ("nonsense", "DATABASE_URL is no address of a database: write it like "),
        ],
    )
    def test_an_invalid_database_url_is_an_error_without_its_password(
        self, tmp_path: Path, url: str, words: str
    ) -> None:
        done = command("update_feeds", folder=tmp_path, DATABASE_URL=url)
        assert done.returncode == 1
        assert done.stderr.startswith(words)
        assert "sec" not in done.stderr

    @pytest.mark.slow
    def test_a_database_that_cannot_be_opened_is_an_error_that_names_its_folder(self, tmp_path: Path) -> None:
        (tmp_path / "lifestream.sqlite3").mkdir()
        done = command("update_feeds", folder=tmp_path)
        assert (done.returncode, done.stderr) == (
            1,
            "The database in the folder LIFESTREAM_HOME can't be used: unable to open database file\n",
        )

    @pytest.mark.slow
    def test_the_error_of_an_unreachable_database_names_the_setting_even_if_it_is_in_a_file(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "lifestream.toml").write_text('DATABASE_URL = "postgresql://ada@127.0.0.1:1/x"')
        done = command("update_feeds", folder=tmp_path)
        assert done.returncode == 1
        assert done.stderr.startswith("The database that DATABASE_URL names can't be used: ")

    @pytest.mark.slow
    def test_models_and_migrations_agree_and_djangos_checks_find_nothing(self, tmp_path: Path) -> None:
        done = command("makemigrations", "--check", "--dry-run", folder=tmp_path)  # it runs all checks before
        assert (done.returncode, done.stdout, done.stderr) == (0, "No changes detected\n", "")


class TestServing:
    @pytest.mark.slow
    def test_pages_are_served_under_the_policy_and_feeds_updated_in_the_background(
        self, site_home: Path, server: FeedServer
    ) -> None:
        server.add("/feed", feed(("one",)), feed(("one", "two")))
        command("add_feed", server.url("/feed"), folder=site_home)
        make_due(site_home)
        with running("serve", "127.0.0.1:0", folder=site_home) as (_, address):
            assert "feeds are updated in the background" in printed[-1]
            body, headers = get(f"{address}main/")
            style, style_headers = get(f"{address}static/lifestream/theme.css")
            server.wait_for("/feed", count=2, timeout=PATIENCE)
        assert "http://example.org/one" in body
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "{" in style
        assert style_headers["Content-Type"].startswith("text/css")

    @pytest.mark.slow
    def test_serve_can_run_without_fetching(self, site_home: Path) -> None:
        with running("serve", "0", "--no-update", folder=site_home) as (process, address):
            assert address.startswith("http://127.0.0.1:")
            assert "feeds are not updated by this process" in printed[-1]
            process.terminate()
            _, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, errors) == (0, "")

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no signal by which a process can end in order")
    @pytest.mark.slow
    def test_a_signal_ends_serving_cleanly_though_a_server_keeps_it_waiting(
        self, site_home: Path, server: FeedServer
    ) -> None:
        server.add("/feed", feed(), Response(rss("late"), delay=300))
        command("add_feed", server.url("/feed"), folder=site_home)
        make_due(site_home)
        for count, number in enumerate((signal.SIGTERM, signal.SIGINT), start=2):
            with running("serve", "127.0.0.1:0", folder=site_home) as (process, _):
                server.wait_for("/feed", count=count, timeout=PATIENCE)
                process.send_signal(number)
                _, errors = process.communicate(timeout=PATIENCE)
            assert (process.returncode, errors) == (0, ""), number
            with closing(sqlite3.connect(site_home / "lifestream.sqlite3")) as database:
                [(token, due)] = database.execute("SELECT claim_token, next_fetch FROM lifestream_feed").fetchall()
            assert token == "", number
            assert due.startswith("2020-01-01"), number

    @pytest.mark.slow
    def test_a_port_that_is_taken_is_an_error_that_names_it(self, site_home: Path, server: FeedServer) -> None:
        done = command("serve", f"127.0.0.1:{server.port}", folder=site_home)
        assert done.returncode == 1
        assert done.stderr.startswith(f"CommandError: 127.0.0.1:{server.port} can't be served: ")

    @pytest.mark.slow
    def test_an_invalid_address_is_an_error_that_names_it(self, site_home: Path) -> None:
        done = command("serve", "256.1.1.1:8000", folder=site_home)
        assert (done.returncode, done.stderr) == (1, "CommandError: 256.1.1.1:8000 can't be served: no such address\n")

    @pytest.mark.slow
    def test_a_form_that_is_too_large_is_one_line_of_the_log(self, site_home: Path) -> None:
        with running("serve", "127.0.0.1:0", "--no-update", folder=site_home) as (process, address):
            cookie = {"Cookie": f"csrftoken={'x' * 32}"}
            answer = httpx.post(f"{address}/admin/login/", data={"username": "x" * 2**20}, headers=cookie)
            assert answer.status_code == 413
            process.terminate()
            _, log = process.communicate(timeout=PATIENCE)
        assert len([line for line in log.splitlines() if "RequestDataTooBig" in line]) == 1
        assert "Traceback" not in log

    @pytest.mark.slow
    def test_with_a_broker_the_updating_is_left_to_its_workers(self, site_home: Path) -> None:
        with running("serve", "127.0.0.1:0", folder=site_home, CELERY_BROKER_URL="redis://127.0.0.1:1/0"):
            assert "feeds are not updated by this process" in printed[-1]


class TestDemo:
    @pytest.mark.slow
    def test_the_demo_imports_its_feeds_prints_the_table_and_leaves_nothing_behind(self, tmp_path: Path) -> None:
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

    @pytest.mark.slow
    @pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM")
    def test_a_demo_that_is_ended_while_it_starts_deletes_its_folder(self, tmp_path: Path) -> None:
        with Program(lifestream("demo"), environment(tmp_path / "home", TMPDIR=str(tmp_path))) as demo:
            deadline = time.monotonic() + PATIENCE
            while not list(tmp_path.glob("*/lifestream.sqlite3")):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            assert demo.output == ""  # its tables are being made
            assert demo.terminate() == 0
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.slow
    def test_the_demo_serves_a_timeline_and_adds_what_its_owner_enters_until_it_is_ended(
        self, tmp_path: Path, server: FeedServer
    ) -> None:
        server.add("/feed", feed())
        with running("demo", folder=tmp_path) as (process, address):
            assert process.stdout is not None
            password = process.stdout.readline().split()[-1]
            body, _ = get(f"{address}demo/")
            feed_json = json.loads(get(f"{address}demo/feed.json")[0])
            with httpx.Client(base_url=address, timeout=PATIENCE, follow_redirects=True) as owner:
                send(owner, "account/login/", username="demo", password=password)
                noted = send(owner, "demo/manage/add/", do="add", addresses=server.url("/feed"))
                server.wait_for("/feed", timeout=PATIENCE)
            assert "1 feed is still to come." in noted.text
            process.terminate()
            process.communicate(timeout=PATIENCE)
        assert "Demo" in body
        assert len(feed_json["items"]) >= 10
        if os.name == "posix":
            assert process.returncode == 0
