"""The log of fetches: a line for each fetch that found something, and one line for consecutive equal results."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings

from factories import NOW, draft, make_feed, prepared, result
from lifestream.entry import ParsedFeed
from lifestream.fetcher.outcomes import Failed, Fetched, Gone, NotModified, Outcome
from lifestream.models import Feed, Fetch
from lifestream.plugins.item_pipeline import PluginProblem, Prepared
from lifestream.scheduler.jobs import Stored
from lifestream.scheduler.schedule import Next
from lifestream.storage.writer import store

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
URL = "https://example.com/feed"


def keep(feed: Feed, outcome: Outcome, **fields: Any) -> Stored:
    """Store a result of *feed*, and reload *feed* from the database."""
    [stored] = store([result(feed, outcome, **fields)], NOW)
    feed.refresh_from_db()
    return stored


class TestLog:
    @pytest.mark.parametrize(
        ("outcome", "named", "status", "message"),
        [
            (NotModified(URL, duration=0.5), "not modified", 304, ""),
            (Gone(URL, duration=0.5), "gone", 410, ""),
            (Failed("timeout", "too slow", duration=0.5), "failed", None, "too slow"),
            (Failed("status", "500", status=500, duration=0.5), "failed", 500, "500"),
            (Fetched(URL, b"", duration=0.5, size=7), "unchanged", 200, ""),
        ],
    )
    def test_every_fetch_is_logged(self, outcome: Outcome, named: str, status: int | None, message: str) -> None:
        stored = keep(make_feed(URL), outcome, started=NOW - HOUR)
        line = Fetch.objects.get()
        assert (line.started, line.duration) == (NOW - HOUR, 0.5)
        assert (line.outcome, line.status, line.message) == (named, status, message)
        assert line.size == (7 if isinstance(outcome, Fetched) else 0)
        assert (stored.outcome, stored.message) == (named, message)

    def test_a_line_counts_new_and_changed_items(self) -> None:
        feed = make_feed(URL)
        keep(feed, Fetched(URL, b""), prepared=prepared(draft("1", "A"), draft("2", "B")))
        keep(feed, Fetched(URL, b""), prepared=prepared(draft("1", "A!"), draft("2", "B")))
        lines = Fetch.objects.order_by("pk").values_list("outcome", "new", "changed")
        assert list(lines) == [("new", 2, 0), ("changed", 0, 1)]

    def test_problems_of_the_document_are_logged_in_at_most_2000_characters(self) -> None:
        problem = PluginProblem("github", "process", "A", "KeyError: 'x'")
        keep(
            make_feed(URL),
            Fetched(URL, b""),
            prepared=Prepared(ParsedFeed(complaint="not well-formed \x00"), problems=(problem,) * 1000),
        )
        message = Fetch.objects.get().message
        assert message.startswith("not well-formed; plugin github: process failed on 'A', which is left out: KeyError")
        assert len(message) == 2000

    @pytest.mark.slow
    def test_the_latest_fifty_lines_of_each_feed_are_kept(self) -> None:
        feeds = [make_feed(), make_feed()]
        lengths = set()
        for hour in range(53):
            started = NOW + hour * HOUR
            failed = Failed("status", f"trouble {hour}")
            store([result(feed, failed, started=started) for feed in feeds], NOW)
            lengths |= {feed.fetches.count() for feed in feeds}
        assert lengths == set(range(1, 51))
        latest = [NOW + hour * HOUR for hour in reversed(range(3, 53))]
        assert all([line.started for line in feed.fetches.all()] == latest for feed in feeds)

    def test_a_log_that_is_already_too_long_is_cut_when_the_next_line_is_written(self) -> None:
        feed, sibling = make_feed(URL), make_feed()
        lines = [
            Fetch(feed=each, started=NOW - hour * HOUR, outcome="new") for hour in range(60) for each in (feed, sibling)
        ]
        Fetch.objects.bulk_create(lines)
        keep(feed, NotModified(URL))
        assert (feed.fetches.count(), sibling.fetches.count()) == (50, 60)
        assert feed.fetches.latest("pk").outcome == "not modified"

    def test_the_same_outcome_extends_the_last_line(self) -> None:
        feed, sibling = make_feed(URL), make_feed()
        times = [NOW + hour * HOUR for hour in range(3)]
        for time in times:
            keep(feed, NotModified(URL, duration=0.25), started=time, next=Next(time + HOUR, f"at {time:%H}"))
            keep(sibling, NotModified(sibling.url), started=time)
        line = feed.fetches.get()
        assert (line.started, line.latest, line.count) == (times[0], times[2], 3)
        assert (line.duration, line.next_fetch, line.reason) == (0.25, times[2] + HOUR, "at 14")
        assert sibling.fetches.get().count == 3

    def test_another_outcome_begins_a_new_line(self) -> None:
        feed = make_feed(URL)
        outcomes: list[Outcome] = [
            Fetched(URL, b""),
            NotModified(URL),
            Failed("status", "500", status=500),
            Failed("status", "503", status=503),
            Failed("timeout", "too slow"),
            Failed("timeout", "too slow"),
            NotModified(URL),
        ]
        for outcome in outcomes:
            keep(feed, outcome)
        assert list(feed.fetches.order_by("pk").values_list("status", "count")) == [
            (200, 1), (304, 1), (500, 1), (503, 1), (None, 2), (304, 1)
        ]  # fmt: skip

    def test_fetches_that_found_something_each_have_a_line(self) -> None:
        feed = make_feed(URL)
        for title in ("A", "B"):
            keep(feed, Fetched(URL, b""), prepared=prepared(draft(title, title)))
        assert list(feed.fetches.values_list("new", "count")) == [(1, 1), (1, 1)]


@pytest.mark.django_db
def test_a_setting_says_how_many_lines_are_kept() -> None:
    feed = make_feed()
    with override_settings(LIFESTREAM_KEEP_FETCHES=2):
        for hour in range(4):
            store([result(feed, Failed("status", f"trouble {hour}"), started=NOW + hour * HOUR)], NOW)
    assert [line.started for line in feed.fetches.all()] == [NOW + 3 * HOUR, NOW + 2 * HOUR]
