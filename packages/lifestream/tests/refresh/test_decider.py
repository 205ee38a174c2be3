"""The decision after a fetch: the schedule uses the values of the feed, of its document, and of the settings."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from factories import draft, prepared
from lifestream.entry import Flaw, Rhythm
from lifestream.fetcher.outcomes import Failed, Fetched, Gone, NotModified, Outcome
from lifestream.parser.errors import ParseError
from lifestream.plugins.item_pipeline import Prepared
from lifestream.refresh.decider import Decider, reading_failure
from lifestream.scheduler.jobs import Answer, Claimed
from lifestream.scheduler.publication_rate import Pace
from lifestream.scheduler.schedule import Next, Terms

URL = "https://feed.example/atom.xml"
NOW = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
HOUR, DAY = 3600, 86400
DAILY = Pace(3, NOW - timedelta(days=3))
SLOW = Rhythm(ttl=5 * HOUR)
CUT_OFF = Flaw("no element found", 1, 1)


@pytest.fixture(autouse=True)
def intervals(settings: Settings) -> None:
    settings.LIFESTREAM_MIN_INTERVAL, settings.LIFESTREAM_MAX_INTERVAL = HOUR, 7 * DAY
    settings.LIFESTREAM_SLOW_INTERVAL, settings.LIFESTREAM_JITTER = DAY, 0
    settings.LIFESTREAM_PUBLIC_URL, settings.LIFESTREAM_PUSH_POLL_INTERVAL = "https://planet.example", 12 * HOUR


def claim(terms: Terms | None = None, **fields: Any) -> Claimed:
    return Claimed(
        1, "t" * 32, NOW + timedelta(hours=1), URL, "feed.example", terms=(terms or Terms()).as_json(), **fields
    )


def decided(claim: Claimed, outcome: Outcome | None = None, document: Prepared | None = None) -> Next:
    decider = Decider(lambda: NOW)
    return decider.result(Answer(claim, outcome or Fetched(URL, b""), NOW, document)).next


def wait(due: Next) -> float:
    assert due.at is not None
    return (due.at - NOW).total_seconds()


class TestADocument:
    def test_decides_how_often_its_feed_is_fetched(self) -> None:
        entries = [draft(str(day), published=NOW - timedelta(days=day)) for day in (1, 2, 3)]
        due = decided(claim(), document=prepared(*entries, rhythm=SLOW))
        assert (wait(due), due.terms.rhythm, due.terms.pace) == (5 * HOUR, SLOW, DAILY)
        assert wait(decided(claim(), document=prepared(*entries))) == 3 * HOUR

    def test_that_is_unchanged_keeps_the_terms(self) -> None:
        before = Terms(rhythm=SLOW, pace=DAILY)
        for outcome in (Fetched(URL, b""), NotModified(URL)):
            due = decided(claim(before), outcome)
            assert (wait(due), due.terms.rhythm, due.terms.pace) == (5 * HOUR, SLOW, DAILY)

    def test_that_is_whole_replaces_all_terms(self) -> None:
        due = decided(claim(Terms(rhythm=SLOW, pace=DAILY)), document=prepared())
        assert (wait(due), due.terms.rhythm, due.terms.pace) == (HOUR, Rhythm(), None)

    def test_that_is_truncated_keeps_the_terms_that_it_lacks(self) -> None:
        due = decided(claim(Terms(rhythm=SLOW, pace=DAILY)), document=prepared(flaw=CUT_OFF))
        assert (due.terms.rhythm, due.terms.pace) == (SLOW, DAILY)
        document = prepared(draft("1", published=NOW - timedelta(days=1)), rhythm=SLOW, flaw=CUT_OFF)
        due = decided(claim(), document=document)
        assert (due.terms.rhythm, due.terms.pace) == (SLOW, Pace(1, NOW - timedelta(days=1)))


class TestFailures:
    def test_double_the_interval(self) -> None:
        due = decided(claim(failures=2), Failed("status", "500", URL, status=500))
        assert (wait(due), due.failures) == (4 * HOUR, 3)

    def test_with_410_end_all_requests(self) -> None:
        assert decided(claim(), Gone(URL)).at is None

    def test_by_an_error_of_our_own_count_and_are_spread_like_others(self, settings: Settings) -> None:
        settings.LIFESTREAM_JITTER = 1
        answer = Answer(claim(failures=2), Fetched(URL, b"", status=203), NOW - timedelta(seconds=1))
        result = Decider(lambda: NOW).failure(answer, LookupError("odd"))
        like = decided(claim(failures=2), Failed("status", "500", URL, status=500))
        assert result.outcome == Failed("internal", "LookupError: odd", URL, 203)
        assert (result.claim, result.started) == (answer.claim, answer.started)
        assert (result.next.at, result.next.failures) == (like.at, 3)
        assert wait(like) > 4 * HOUR


class TestOptions:
    """What an operator has set for one feed replaces the settings."""

    def test_an_interval_applies_whether_the_feed_publishes_often_seldom_or_never(self) -> None:
        every_3_hours = {"interval": 3 * HOUR}
        hourly, seldom = Pace(3, NOW - timedelta(hours=3)), Pace(3, NOW - timedelta(days=60))
        for pace in (None, hourly, seldom):
            assert wait(decided(claim(Terms(pace=pace), options=every_3_hours))) == 3 * HOUR

    def test_an_interval_stays_within_the_bounds_of_the_settings(self) -> None:
        assert wait(decided(claim(options={"interval": HOUR / 2}))) == HOUR
        assert wait(decided(claim(options={"interval": 8 * DAY}))) == 7 * DAY

    def test_an_answer_through_the_own_proxy_of_a_feed_pauses_no_other_feed(self) -> None:
        busy = Failed("status", "429", URL, status=429, headers={"retry-after": "7200"})
        assert decided(claim(), busy).host_pause is not None
        assert decided(claim(options={"proxy": "sealed"}), busy).host_pause is None


class TestBehindAHub:
    """A hub that announces new entries makes most requests unnecessary, unless fetches fail or it has stopped."""

    def test_a_feed_is_fetched_at_the_interval_of_the_setting(self) -> None:
        due = decided(claim(push_until=NOW + timedelta(seconds=1)))
        assert wait(due) == 12 * HOUR
        assert due.reason == "our own interval of 12 hours, beside what its hub pushes"

    def test_a_feed_that_asks_for_a_longer_interval_gets_it_up_to_the_maximum(self, settings: Settings) -> None:
        seldom = Terms(rhythm=Rhythm(ttl=5 * DAY))
        assert wait(decided(claim(seldom, push_until=NOW + timedelta(days=1)))) == 5 * DAY
        settings.LIFESTREAM_MAX_INTERVAL = 2 * DAY
        assert wait(decided(claim(seldom, push_until=NOW + timedelta(days=1)))) == 2 * DAY

    def test_a_feed_is_never_fetched_more_often_than_without_a_hub(self, settings: Settings) -> None:
        settings.LIFESTREAM_PUSH_POLL_INTERVAL, settings.LIFESTREAM_MIN_INTERVAL = HOUR, 6 * HOUR
        assert wait(decided(claim(push_until=NOW + timedelta(days=1)))) == 6 * HOUR

    def test_the_interval_may_be_longer_than_the_longest_without_a_hub(self, settings: Settings) -> None:
        settings.LIFESTREAM_PUSH_POLL_INTERVAL, settings.LIFESTREAM_MAX_INTERVAL = 2 * DAY, DAY
        seldom = Terms(rhythm=Rhythm(ttl=5 * DAY))
        due = decided(claim(seldom, push_until=NOW + timedelta(days=1)))
        assert (wait(due), due.not_before) == (2 * DAY, NOW + timedelta(days=1))

    @pytest.mark.parametrize("until", [None, NOW, NOW - timedelta(seconds=1)])
    def test_a_feed_whose_hub_has_stopped_is_fetched_as_without_a_hub(self, until: datetime | None) -> None:
        due = decided(claim(push_until=until))
        assert (wait(due), due.reason) == (HOUR, "our own interval of 1 hour")

    def test_a_site_that_hubs_cannot_reach_does_not_rely_on_them(self, settings: Settings) -> None:
        settings.LIFESTREAM_PUBLIC_URL = ""
        assert wait(decided(claim(push_until=NOW + timedelta(days=1)))) == HOUR

    def test_after_a_failure_a_feed_is_fetched_again_as_soon_as_without_a_hub(self) -> None:
        broken = Failed("status", "500", URL, status=500)
        assert wait(decided(claim(push_until=NOW + timedelta(days=1)), broken)) == HOUR


def test_a_result_contains_the_answer_that_it_was_made_from() -> None:
    held, outcome, document = claim(), Fetched(URL, b""), prepared(draft("1"))
    result = Decider(lambda: NOW).result(Answer(held, outcome, NOW - timedelta(seconds=5), document, "abc"))
    assert (result.claim, result.outcome, result.prepared, result.body_hash) == (held, outcome, document, "abc")
    assert result.started == NOW - timedelta(seconds=5)


class TestABodyThatCannotBeRead:
    OUTCOME = Fetched(URL, b"<rss", status=203, headers={"retry-after": "60"}, duration=2.5)

    def test_is_a_failure_of_the_answer_that_it_came_with(self, caplog: pytest.LogCaptureFixture) -> None:
        failed = reading_failure(self.OUTCOME, ParseError("it is no feed"))
        assert failed == Failed("parse", "it is no feed", URL, 203, {"retry-after": "60"}, 2.5)
        assert not caplog.records  # an error in a feed is not logged

    def test_is_logged_with_its_traceback_if_the_error_was_not_foreseen(self, caplog: pytest.LogCaptureFixture) -> None:
        error = LookupError("no such thing")
        with caplog.at_level(logging.ERROR):
            failed = reading_failure(self.OUTCOME, error)
        assert (failed.kind, failed.message) == ("internal", "LookupError: no such thing")
        [record] = caplog.records
        assert record.getMessage() == f"reading {URL} failed with an unexpected error"
        assert record.exc_info is not None and record.exc_info[1] is error
