"""A refresh that is killed at any stage, or whose database is full, locked or gone, loses and duplicates nothing.

Real processes are killed (see `dying`), and the next refresh continues from the state that they left: an hour later,
when their leases have ended. A crash may repeat a request, never an item.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

import dying
from factories import make_feed, make_lifestream, make_subscription
from feedserver import FeedServer, Request, Response, broken
from feedserver.faults import Stall
from lifestream.models import Feed, Fetch, Host, Item, Post, Subscription, fulltext
from lifestream.refresh import opml, refresh
from lifestream.storage.bulk_subscriptions import CHUNK

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_parsers")]

PATIENCE = 120
ENTRIES = 2 * dying.CHUNK + 7
LARGE = 200
HOUR = timedelta(hours=1)
on_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="SQLite alone has this limit")
on_postgresql = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="only PostgreSQL has a server that can end a connection"
)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer(strict=False) as server:  # the icons that are looked for don't exist
        yield server


@pytest.fixture(autouse=True)
def empty_index() -> None:
    """Empty the index: it is no table of a model, so it may have entries that other tests have left."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM lifestream_search")


def later(hours: float = 1) -> Callable[[], datetime]:
    now = timezone.now() + hours * HOUR
    return lambda: now


def document(count: int, text: str = "searchable") -> Response:
    """Return a feed of *count* entries, each with a tag and a *text*."""
    items = "".join(
        f"<item><title>Entry {number}</title><guid isPermaLink='false'>{number}</guid><category>tag {number % 3}"
        f"</category><link>http://example.org/{number}</link><description>{text}</description></item>"
        for number in range(count)
    )
    body = f"<rss version='2.0'><channel><title>A feed</title>{items}</channel></rss>"
    return Response(body, headers={"Content-Type": "application/rss+xml", "ETag": '"1"'})


def due_feed(server: FeedServer, path: str, *answers: Any) -> Feed:
    server.add(path, *answers)
    feed = make_feed(server.url(path), next_fetch=timezone.now() - HOUR)
    make_subscription(feed)
    return feed


def assert_whole(count: int) -> None:
    """Assert that there are *count* items, each with one post, one tag and one entry in the index."""
    assert Item.objects.count() == Item.objects.values("guid").distinct().count() == count
    assert Post.objects.count() == Post.objects.values("item").distinct().count() == count
    links = Item.tags.through.objects
    assert links.count() == links.values("item").distinct().count() == count
    assert fulltext.matching(Item.objects.all(), "searchable").count() == count
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM lifestream_search")
        assert cursor.fetchone() == (count,)


def assert_validators_are_not_ahead() -> None:
    feed = Feed.objects.get()
    if feed.etag or feed.body_hash or feed.last_fetch:
        assert_whole(ENTRIES)


@pytest.mark.slow
class TestKilled:
    @pytest.mark.parametrize("place", dying.PLACES)
    def test_the_next_refresh_loses_nothing_and_repeats_nothing(self, server: FeedServer, place: str) -> None:
        due_feed(server, "/feed", document(ENTRIES))

        process = dying.start(place)
        dying.go(process)
        _, errors = dying.end(process, PATIENCE)
        assert process.returncode != 0, f"it was not killed {place}: {errors}"
        assert "Traceback" not in errors
        assert_validators_are_not_ahead()

        report = refresh(clock=later())
        assert [row.failed for row in report.rows] == [False]
        assert_whole(ENTRIES)
        assert Feed.objects.get().etag == '"1"'

        refresh(clock=later(48))
        assert_whole(ENTRIES)
        assert server.requests[-1].headers["If-None-Match"] == '"1"'
        assert Fetch.objects.latest("pk").outcome == "not modified"

    def test_a_kill_while_the_answer_arrives_loses_nothing(self, server: FeedServer) -> None:
        whole = document(ENTRIES)
        due_feed(server, "/feed", broken(whole, Stall(after=10_000)), whole)

        process = dying.start()
        dying.go(process)
        server.wait_for("/feed", timeout=PATIENCE)
        process.kill()
        dying.end(process, PATIENCE)
        assert Item.objects.count() == 0
        assert_validators_are_not_ahead()

        refresh(clock=later())
        assert_whole(ENTRIES)

    def test_the_feed_is_not_requested_again_until_its_lease_ends(self, server: FeedServer) -> None:
        due_feed(server, "/feed", document(3))
        process = dying.start("after the claim")
        dying.go(process)
        dying.end(process, PATIENCE)

        assert refresh().rows == ()
        assert len(server.requests) == 0
        assert [row.new for row in refresh(clock=later()).rows] == [3]

    def test_an_interruption_before_any_statement_loses_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # Interrupts each statement of a whole import in turn, in this process. What isn't committed is rolled back, as
        # in a crash.
        from factories import NOW, draft, prepared, result
        from lifestream.fetcher.outcomes import Fetched
        from lifestream.storage.writer import store

        monkeypatch.setattr("lifestream.storage.item_import.CHUNK", dying.CHUNK)
        monkeypatch.setattr("lifestream.storage.writer.CHUNK", dying.CHUNK)
        feed = make_feed()
        make_subscription(feed)
        drafts = [draft(f"{n}", f"Entry {n}", text="searchable", tags=(f"{n % 3}",)) for n in range(ENTRIES)]

        def importing() -> None:
            store([result(feed, Fetched(feed.url, b"", headers={"etag": '"1"'}), prepared=prepared(*drafts))], NOW)

        interrupted = 0
        while True:
            left = interrupted

            def cut(execute: Any, *args: Any) -> Any:
                nonlocal left
                if left == 0:
                    raise KeyboardInterrupt
                left -= 1
                return execute(*args)

            try:
                with connection.execute_wrapper(cut):
                    importing()
            except KeyboardInterrupt:
                interrupted += 1
                assert_validators_are_not_ahead()
            else:
                break
        assert interrupted > 10
        assert_whole(ENTRIES)
        assert Fetch.objects.count() == 1


@pytest.mark.slow
def test_concurrent_processes_make_one_request_for_each_feed_and_duplicate_nothing(server: FeedServer) -> None:
    count = 30
    for number in range(count):
        feed = due_feed(server, f"/{number}", document(2))
        host, _ = Host.objects.get_or_create(
            name=f"host{number % 10}"
        )  # hosts that differ for claims, though not for requests
        Feed.objects.filter(pk=feed.pk).update(host=host)
    processes = [dying.start() for _ in range(3)]
    for process in processes:
        dying.go(process)
    outputs = [dying.end(process, PATIENCE) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    asked = [int(out.split()[0]) for out, _ in outputs]
    assert sum(asked) == count, outputs
    assert sorted(request.path for request in server.requests) == sorted(f"/{number}" for number in range(count))
    assert Item.objects.count() == Post.objects.count() == 2 * count
    assert Fetch.objects.count() == count
    assert not Feed.objects.exclude(claim_token="").exists()


class TestADatabaseInTrouble:
    @pytest.mark.slow
    @on_sqlite
    def test_a_full_database_stores_what_fits_and_the_rest_next_time(
        self, server: FeedServer, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        large = due_feed(server, "/large", document(LARGE, "searchable " * 300))
        for number in range(3):
            due_feed(server, f"/{number}", document(2))
        with limited(pages=60), pytest.raises(SystemExit) as ended:
            call_command("update_feeds")
        assert ended.value.code == 1
        printed = capsys.readouterr().out
        assert "4 feeds asked, 6 new, 0 changed, 1 failed, 1 not stored." in printed
        remedy = "its disk is full: free some space, then update again: nothing is lost"
        assert remedy in caplog.text
        assert "database or disk is full" in caplog.text
        large.refresh_from_db()
        assert (large.etag, large.claim_token) == ("", ""), "the feed is still due"

        report = refresh(clock=timezone.now)
        assert [row.new for row in report.rows] == [LARGE]
        assert Item.objects.count() == Post.objects.count() == LARGE + 6

    @pytest.mark.slow
    def test_a_locked_database_is_reported_with_the_remedy_and_nothing_is_lost(
        self, server: FeedServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        lock = Lock()

        def answer(request: Request) -> Response:
            lock.take()
            return document(5)

        due_feed(server, "/feed", answer, document(5))
        with impatient(), caplog.at_level("DEBUG", "lifestream"):
            report = refresh()
            lock.release()
        assert (report.unstored, report.all_failed) == (1, True)
        assert "it is locked by another program: end that one's transaction" in report.rows[0].message
        assert report.rows[0].message in caplog.text
        assert "stay claimed until their leases end" in caplog.text
        assert Item.objects.count() == 0

        assert [row.new for row in refresh(clock=later()).rows] == [5]
        assert_whole(5)

    def test_a_database_that_is_locked_from_the_start_ends_the_command_with_the_remedy(
        self, server: FeedServer
    ) -> None:
        due_feed(server, "/feed", document(5))
        lock = Lock()
        lock.take()
        try:
            with impatient(), pytest.raises(CommandError) as raised:
                call_command("update_feeds")
        finally:
            lock.release()
        assert "it is locked by another program: end that one's transaction" in str(raised.value)
        assert len(server.requests) == 0

    @pytest.mark.slow
    @on_sqlite
    def test_a_list_whose_import_ends_with_a_full_disk_is_imported_by_running_the_command_again(
        self, tmp_path: Path
    ) -> None:
        make_lifestream()
        count = 2 * CHUNK
        listed = tmp_path / "feeds.opml"
        listed.write_bytes(
            opml.render("Feeds", [opml.Outline(f"https://blog{number}.example/feed") for number in range(count)])
        )
        with limited(pages=120), pytest.raises(CommandError, match=r"; its disk is full: free some space, then run th"):
            call_command("import_opml", "--no-update", str(listed))
        assert Subscription.objects.count() == CHUNK, "the first chunk is kept"

        call_command("import_opml", "--no-update", str(listed))
        assert Subscription.objects.count() == count

    @on_postgresql
    @pytest.mark.postgres
    def test_a_broken_connection_is_replaced_by_a_new_one(
        self, server: FeedServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        import psycopg

        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            ours = cursor.fetchone()[0]

        def answer(request: Request) -> Response:
            with psycopg.connect(postgresql_url(), autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s)", [ours])
            return document(5)

        due_feed(server, "/feed", answer)
        assert [row.new for row in refresh().rows] == [5]
        assert "terminating connection" in caplog.text
        assert_whole(5)


@contextmanager
def limited(pages: int) -> Iterator[None]:
    """Let SQLite's file grow by at most this number of pages in the block, as if the disk were full then."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # otherwise, SQLite would use free pages that other tests have left
        cursor.execute("PRAGMA page_count")
        has = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {has + pages}")
        try:
            yield
        finally:
            cursor.execute("PRAGMA max_page_count = 1073741823")


@contextmanager
def impatient() -> Iterator[None]:
    """Let the connection of this process wait only 50 ms for a lock in the block."""
    sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 50" if sqlite else "SET lock_timeout = '50ms'")
        try:
            yield
        finally:
            cursor.execute("PRAGMA busy_timeout = 20000" if sqlite else "SET lock_timeout = 0")


class Lock:
    """A transaction of another connection, which locks the database until it is released: on PostgreSQL, the tables of
    feeds and hosts.
    """

    def __init__(self) -> None:
        self._connection: Any
        if connection.vendor == "sqlite":
            name = str(connection.settings_dict["NAME"])
            self._connection = sqlite3.connect(name, isolation_level=None, check_same_thread=False)
            self._statement = "BEGIN IMMEDIATE"
        else:
            import psycopg

            self._connection = psycopg.connect(postgresql_url())
            self._statement = "LOCK TABLE lifestream_feed, lifestream_host IN EXCLUSIVE MODE"

    def take(self) -> None:
        self._connection.execute(self._statement)

    def release(self) -> None:
        self._connection.rollback()
        self._connection.close()


def postgresql_url() -> str:
    return "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
