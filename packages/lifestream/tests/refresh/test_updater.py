"""The thread of a server that updates feeds: it continues after failures, and ends when `stop` is called."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from factories import make_feed, make_lifestream
from feedserver import Request, Response
from feedserver.django import FeedServerTransactionTestCase
from lifestream.fetcher.shortage import Shortage
from lifestream.models import Feed, Item
from lifestream.refresh import additions, icon_finder, updater, wakeup
from lifestream.refresh.refresh_report import Report
from lifestream.refresh.updater import Updater
from served import feed, page

PATIENCE = 120.0  # seconds; only a failing test waits so long
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10"


@contextmanager
def running(interval: float = 3600.0) -> Iterator[Updater]:
    """Yield a running updater, which ends with the block."""
    updater = Updater(interval)
    updater.start()
    try:
        yield updater
    finally:
        assert updater.stop(PATIENCE)


@pytest.mark.usefixtures("shared_parsers")
class UpdaterTest(FeedServerTransactionTestCase):
    def test_it_fetches_due_feeds_and_then_looks_for_icons(self) -> None:
        self.feedserver.add("/feed", feed(["one"]))
        self.feedserver.add("/", page('<link rel="icon" href="/a.png">'))
        self.feedserver.add("/a.png", Response(PNG))
        row = make_feed(self.get_url("/feed"))
        looked = threading.Event()

        def find_icons() -> int:
            Feed.objects.update(site_url=self.get_url("/"))  # the feed names example.org as its site
            found = icon_finder.find_icons()
            looked.set()
            return found

        with mock.patch.object(updater, "find_icons", find_icons), running():
            assert looked.wait(PATIENCE)
        assert Item.objects.get().title == "one"
        row.refresh_from_db()
        assert bytes(row.icon) == PNG

    def test_feeds_are_fetched_while_many_addresses_wait_to_be_added(self) -> None:
        paths = ["/new/1", "/due", "/new/2"]
        for path in paths:
            self.feedserver.add(path, feed([path]))
        make_feed(self.get_url("/due"))
        additions.note(make_lifestream("main"), [self.get_url("/new/1"), self.get_url("/new/2")])
        with mock.patch.object(additions, "TURN", 0.0), running():
            self.feedserver.wait_for("/new/2", count=1, timeout=PATIENCE)
        assert [request.path for request in self.feedserver.requests if request.path in paths] == paths

    def test_it_looks_for_due_feeds_again_after_its_interval(self) -> None:
        self.feedserver.add("/feed", feed(["one"]), feed(["one", "two"]))
        make_feed(self.get_url("/feed"))
        looks = threading.Semaphore(0)

        def find_icons() -> int:
            Feed.objects.update(next_fetch=timezone.now(), not_before=None)
            looks.release()
            return 0

        with mock.patch.object(updater, "find_icons", find_icons), running(interval=0.01):
            assert looks.acquire(timeout=PATIENCE)
            assert looks.acquire(timeout=PATIENCE)
        assert sorted(Item.objects.values_list("title", flat=True)) == ["one", "two"]

    def test_it_looks_again_before_its_interval_only_if_it_is_woken(self) -> None:
        looks = threading.Semaphore(0)

        def refresh(*, stopping: threading.Event) -> Report:
            looks.release()
            return Report()

        with mock.patch.object(updater, "refresh", refresh), running():
            assert looks.acquire(timeout=PATIENCE)
            wakeup.send()
            assert looks.acquire(timeout=PATIENCE)
            assert not looks.acquire(timeout=0.05)

    def test_a_refresh_that_fails_is_logged_and_the_next_one_tried(self) -> None:
        tried = threading.Event()

        def refresh(*, stopping: threading.Event) -> Report:
            if not attempts:
                attempts.append("failed")
                raise OperationalError("the database is locked")
            tried.set()
            return Report()

        attempts: list[str] = []
        with (
            mock.patch.object(updater, "refresh", refresh),
            self.assertLogs(updater.log, "ERROR") as logged,
            running(interval=0.01),
        ):
            assert tried.wait(PATIENCE)
        [message] = logged.output
        assert "the feeds could not be updated; the next try is in 0.01 s" in message
        assert "the database is locked" in message

    def test_an_error_in_the_search_for_icons_is_logged_and_stops_nothing(self) -> None:
        self.feedserver.add("/feed", feed(["one"]), feed(["one", "two"]))
        make_feed(self.get_url("/feed"))
        looks = threading.Semaphore(0)

        def find_icons() -> int:
            Feed.objects.update(next_fetch=timezone.now(), not_before=None)
            looks.release()
            raise OperationalError("the database is locked")

        with (
            mock.patch.object(updater, "find_icons", find_icons),
            self.assertLogs(updater.log, "ERROR") as logged,
            running(interval=0.01),
        ):
            assert looks.acquire(timeout=PATIENCE)
            assert looks.acquire(timeout=PATIENCE)
        assert "the icons of sites could not be looked for" in logged.output[0]
        assert Item.objects.count() == 2

    def test_a_shortage_is_one_line_with_the_remedy(self) -> None:
        """For example, if no thread can be started to send the weekly mail."""
        ended = threading.Event()
        short = RuntimeError("can't start new thread")

        def daily(_stopping: threading.Event) -> str:
            ended.set()
            raise short

        with (
            mock.patch.object(updater, "refresh", side_effect=short),
            mock.patch.object(updater, "_SOON", 0.0),
            self.assertLogs(updater.log) as logged,
        ):
            thread = Updater(3600.0, daily=daily)
            thread.start()
            assert ended.wait(PATIENCE)
            assert thread.stop(PATIENCE)
        assert logged.output == [
            f"WARNING:{updater.log.name}:{what}: {Shortage.THREADS.value}"
            for what in (
                "the feeds could not be updated; the next try is in 3600 s",
                "the daily work was not done to its end; the next try is tomorrow",
            )
        ]

    def test_an_outage_of_the_database_is_reported_once_though_all_work_fails(self) -> None:
        looks = threading.Semaphore(0)
        is_down = True

        def add_wanted(_stopping: threading.Event) -> int:
            if is_down:
                looks.release()
            return read_wanted(_stopping)

        def read_wanted(_stopping: threading.Event) -> int:
            if is_down:
                raise OperationalError("connection refused") from ConnectionRefusedError()
            return 0

        def refresh(*, stopping: threading.Event) -> Report:
            if is_down:
                raise OperationalError("connection refused") from ConnectionRefusedError()
            looks.release()
            return Report()

        with (
            mock.patch.object(updater, "add_wanted", add_wanted),
            mock.patch.object(updater, "read_wanted", read_wanted),
            mock.patch.object(updater, "refresh", refresh),
            self.assertLogs("lifestream", "WARNING") as logged,
            running(interval=0.01),
        ):
            for _ in range(3):
                assert looks.acquire(timeout=PATIENCE)
            is_down = False
            while looks.acquire(timeout=0):
                pass
            assert looks.acquire(timeout=PATIENCE)
            assert looks.acquire(timeout=PATIENCE)
        began, ended = logged.output
        assert "not all addresses could be looked at" in began
        assert "connection refused" in began
        assert "Traceback" not in began
        assert "the database answers again" in ended

    def test_after_a_connection_breaks_the_next_query_succeeds(self) -> None:
        found: list[int] = []
        looked = threading.Event()

        def add_wanted(_stopping: threading.Event) -> int:
            connection.ensure_connection()
            connection.connection.close()  # as if the server had closed it
            return Feed.objects.count()

        def read_wanted(_stopping: threading.Event) -> int:
            try:
                found.append(Feed.objects.count())
            finally:
                looked.set()
            return 0

        with (
            mock.patch.object(updater, "add_wanted", add_wanted),
            mock.patch.object(updater, "read_wanted", read_wanted),
            self.assertLogs("lifestream", "ERROR") as logged,
            running(),
        ):
            assert looked.wait(PATIENCE)
        [message] = logged.output
        assert "not all addresses could be looked at" in message
        assert found == [0]

    @pytest.mark.slow
    def test_stop_gives_up_running_fetches_and_their_feeds_stay_due(self) -> None:
        answering = threading.Event()
        self.addCleanup(answering.set)

        def answer(_request: Request) -> Response:
            answering.wait(PATIENCE)
            return feed(["late"])

        self.feedserver.add("/feed", answer)
        row = make_feed(self.get_url("/feed"))
        due = row.next_fetch
        with running() as updater:
            self.feedserver.wait_for("/feed", timeout=PATIENCE)
            assert updater.stop(PATIENCE)
        row.refresh_from_db()
        assert (row.claim_token, row.next_fetch, row.last_fetch) == ("", due, None)
        assert Item.objects.count() == 0

    def test_stop_returns_whether_the_thread_ended_in_time(self) -> None:
        begun, ending = threading.Event(), threading.Event()

        def refresh(*, stopping: threading.Event) -> Report:
            begun.set()
            ending.wait(PATIENCE)
            return Report()

        with mock.patch.object(updater, "refresh", refresh), running() as running_updater:
            assert begun.wait(PATIENCE)
            assert not running_updater.stop(timeout=0)
            ending.set()
