"""The loop of a refresh releases its claims, however it ends. `test_pipeline` tests the results of a refresh."""

from __future__ import annotations

import threading

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from factories import make_feed
from lifestream.models import Feed
from lifestream.refresh import refresh
from lifestream.refresh.refresh_report import FeedReport, Report
from lifestream.refresh.work_loop import work
from lifestream.scheduler.due_queue import Intake
from served import START, Clock

pytestmark = pytest.mark.django_db


def held() -> int:
    return Feed.objects.exclude(claim_token="").count()


def test_claims_are_released_if_a_wrong_setting_prevents_the_fetch() -> None:
    make_feed("https://blog.example/feed", next_fetch=START)

    with override_settings(LIFESTREAM_ALLOWED_NETWORKS="none"), pytest.raises(ImproperlyConfigured):
        refresh(clock=Clock())

    assert held() == 0


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
