"""The loop of a refresh releases its claims, however it ends, and an error with one feed stops no other.

`test_pipeline` tests the results of a refresh.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import override_settings
from pytest_django import Settings

from factories import make_feed
from feedserver import FeedServer, Response
from lifestream.models import Feed, Item
from lifestream.refresh import refresh
from lifestream.refresh.decider import Decider
from lifestream.refresh.refresh_report import FeedReport, Report
from lifestream.refresh.work_loop import work
from lifestream.scheduler.due_queue import Intake
from lifestream.scheduler.jobs import Answer, Result
from lifestream.storage.item_import import Chunk, Import
from served import START, Clock, rss

pytestmark = pytest.mark.django_db


def held() -> int:
    return Feed.objects.exclude(claim_token="").count()


def test_claims_are_released_if_a_wrong_setting_prevents_the_fetch() -> None:
    make_feed("https://blog.example/feed", next_fetch=START)

    with override_settings(LIFESTREAM_ALLOWED_NETWORKS="none"), pytest.raises(ImproperlyConfigured):
        refresh(clock=Clock())

    assert held() == 0


@pytest.mark.slow
def test_the_first_claims_are_released_if_the_work_is_stopped_before_their_fetch() -> None:
    feed = make_feed("http://127.0.0.1:9/feed", next_fetch=START)
    stopping = threading.Event()
    clock = Clock()
    intake = Intake(None, clock, early=False)
    first = intake.take()
    assert held() == 1
    stopping.set()

    report = work(intake, first, clock=clock, stopping=stopping)

    assert held() == 0
    assert report.skipped + len(report.rows) == 1
    assert {row.feed for row in report.rows} <= {feed.pk}


def test_nothing_is_claimed_if_the_refresh_is_stopped_before_it_begins() -> None:
    make_feed("https://blog.example/feed", next_fetch=START)
    stopping = threading.Event()
    stopping.set()

    assert refresh(clock=Clock(), stopping=stopping) == Report()
    assert held() == 0


@pytest.mark.slow
@pytest.mark.parametrize(("feeds", "starts"), [(49, False), (50, True)])
def test_a_parser_is_started_at_once_if_feeds_are_so_many_that_some_will_have_changed(feeds: int, starts: bool) -> None:
    for number in range(feeds):
        make_feed(f"http://127.0.2.{number}:9/feed", next_fetch=START, body_hash="known")
    started: list[bool] = []
    before = set(threading.enumerate())  # another test's parsers may be among them

    def look(_: FeedReport) -> None:
        started.append(any(thread.name == "parser-1" for thread in {*threading.enumerate()} - before))

    refresh(clock=Clock(), progress=look)

    assert started == [starts] * feeds


class TestAnUnforeseenErrorWithOneFeed:
    """The other feeds are stored. The feed itself is due later, as after any failure, except if the error comes from
    this machine: then it stays due.
    """

    @pytest.fixture(autouse=True)
    def three_feeds(self, feedserver: FeedServer, settings: Settings) -> None:
        settings.LIFESTREAM_ALLOWED_NETWORKS = ["127.0.0.0/8"]
        for name in ("one", "two", "three"):
            feedserver.add(f"/{name}", Response(rss(name)))
            make_feed(feedserver.url(f"/{name}"), next_fetch=START)

    def refreshed(self) -> Feed:
        report = refresh(clock=Clock())
        assert sorted(row.outcome for row in report.rows) == ["failed", "new", "new"]
        assert {item.title for item in Item.objects.all()} == {"one", "three"}
        assert held() == 0
        return Feed.objects.get(url__endswith="/two")

    @pytest.mark.slow
    @pytest.mark.parametrize("error", [KeyError("x"), StopIteration("x"), RecursionError("x")], ids=repr)
    def test_in_the_decision_about_its_next_fetch(self, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
        decide = Decider.result

        def fail(self: Decider, answer: Answer) -> Result:
            if answer.claim.url.endswith("/two"):
                raise error
            return decide(self, answer)

        monkeypatch.setattr(Decider, "result", fail)
        feed = self.refreshed()
        assert (feed.failures, feed.next_fetch > START) == (1, True)
        assert type(error).__name__ in feed.last_error

    def fail_at_matching(self, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
        read = Import.read

        def fail(self: Import, *args: Any) -> Chunk:
            chunk = read(self, *args)
            if self.result.claim.url.endswith("/two"):
                raise error
            return chunk

        monkeypatch.setattr(Import, "read", fail)

    @pytest.mark.slow
    @pytest.mark.parametrize("error", [KeyError("x"), StopIteration("x"), RecursionError("x")], ids=repr)
    def test_in_the_matching_of_its_entries(self, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fail_at_matching(error, monkeypatch)
        feed = self.refreshed()
        assert (feed.failures, feed.next_fetch > START) == (1, True)
        assert type(error).__name__ in feed.last_error

    @pytest.mark.slow
    @pytest.mark.parametrize("error", [OSError(5, "Input/output error"), MemoryError()], ids=repr)
    def test_that_comes_from_this_machine_is_no_failure_of_the_feed(
        self, error: Exception, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.fail_at_matching(error, monkeypatch)
        feed = self.refreshed()
        assert (feed.failures, feed.next_fetch, feed.last_error) == (0, START, "")

    @pytest.mark.slow
    def test_that_the_driver_of_the_database_raises_is_no_failure_of_the_feed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        driver: Any = connection
        self.fail_at_matching(driver.Database.OperationalError("gone"), monkeypatch)
        feed = self.refreshed()
        assert (feed.failures, feed.next_fetch, feed.last_error) == (0, START, "")
