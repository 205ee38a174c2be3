"""When a feed is due next, and why."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lifestream.entry import Rhythm
from lifestream.fetcher.cache_lifetime import Freshness
from lifestream.fetcher.outcomes import Failed, Fetched, Gone, NotModified, Outcome
from lifestream.message import Message
from lifestream.scheduler.publication_rate import Pace
from lifestream.scheduler.schedule import (
    History,
    Limits,
    Next,
    Terms,
    candidates_as_json,
    candidates_from_json,
    decide,
    pauses_host,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)  # a Sunday
HOUR = 3600.0
DAY = 86400.0
LIMITS = Limits(min_interval=HOUR, max_interval=7 * DAY, slow_interval=7 * DAY)


def fetched(**headers: str) -> Fetched:
    return Fetched("http://example.org/feed", b"", headers={k.replace("_", "-"): v for k, v in headers.items()})


def not_modified(**headers: str) -> NotModified:
    return NotModified("http://example.org/feed", headers={k.replace("_", "-"): v for k, v in headers.items()})


def failed(status: int | None = 500, **headers: str) -> Failed:
    named = {k.replace("_", "-"): v for k, v in headers.items()}
    return Failed("status", f"the server answered {status}", status=status, headers=named)


def wait(due: Next) -> float:
    assert due.at is not None
    return (due.at - NOW).total_seconds()


@pytest.mark.parametrize(
    ("outcome", "rhythm", "seconds", "reason"),
    [
        (fetched(), None, HOUR, "our own interval of 1 hour"),
        (fetched(cache_control="max-age=7200"), None, 2 * HOUR, "max-age of the last answer: 2 hours"),
        (
            fetched(cache_control="max-age=7200", age="600"),
            None,
            6600,
            "max-age of the last answer: 1 hour 50 minutes",
        ),
        (fetched(cache_control="max-age=0"), None, HOUR, "our own interval of 1 hour"),
        (fetched(cache_control="max-age=60"), None, HOUR, "our own interval of 1 hour"),
        (
            fetched(cache_control="max-age=315360000"),
            None,
            7 * DAY,
            "max-age of the last answer: 3650 days, capped at 7 days",
        ),
        (
            fetched(expires="Sun, 01 Mar 2026 15:00:00 GMT"),
            None,
            3 * HOUR,
            "Expires of the last answer: 3 hours",
        ),
        (fetched(expires="0"), None, HOUR, "our own interval of 1 hour"),
        (fetched(retry_after="10800"), None, 3 * HOUR, "Retry-After: 3 hours"),
        (fetched(), Rhythm(ttl=4 * 3600), 4 * HOUR, "the feed's ttl: 4 hours"),
        (fetched(), Rhythm(ttl=60), HOUR, "our own interval of 1 hour"),
        (fetched(), Rhythm(update_interval=86400), DAY, "the feed's update period: 1 day"),
        (fetched(cache_control="max-age=7200"), Rhythm(ttl=4 * 3600), 4 * HOUR, "the feed's ttl: 4 hours"),
        (fetched(), Rhythm(skip_hours=frozenset({13, 14})), 3 * HOUR, "the feed's skipHours"),
        (fetched(), Rhythm(skip_days=frozenset({6})), 12 * HOUR, "the feed's skipDays"),
        (
            fetched(),
            Rhythm(skip_days=frozenset({6, 0}), skip_hours=frozenset({0})),
            37 * HOUR,
            "the feed's skipDays",
        ),
        (fetched(), Rhythm(skip_hours=frozenset(range(24))), HOUR, "our own interval of 1 hour"),
        (not_modified(), None, HOUR, "our own interval of 1 hour"),
        (not_modified(cache_control="max-age=7200"), None, 2 * HOUR, "max-age of the last answer: 2 hours"),
        (failed(), None, HOUR, "1 error in a row, 1 hour apart"),
        (failed(404), None, HOUR, "1 error in a row, 1 hour apart"),
        (failed(429), None, HOUR, "1 error in a row, 1 hour apart"),
        (failed(429, retry_after="7200"), None, 2 * HOUR, "Retry-After: 2 hours"),
        (failed(503, retry_after="Sun, 01 Mar 2026 14:00:00 GMT"), None, 2 * HOUR, "Retry-After: 2 hours"),
        (failed(503, retry_after="60"), None, HOUR, "our own interval of 1 hour"),
        (
            failed(503, retry_after="99999999"),
            None,
            30 * DAY,
            "Retry-After: 1157 days 9 hours, capped at 30 days",
        ),
    ],
)
def test_a_feed_is_due_at_the_latest_of_the_requested_times(
    outcome: Outcome, rhythm: Rhythm | None, seconds: float, reason: str
) -> None:
    due = decide(outcome, History(), NOW, LIMITS, rhythm)
    assert (wait(due), due.reason) == (seconds, reason)
    assert (due.candidates[-1].at, due.candidates[-1].reason) == (due.at, reason)
    assert [each.at for each in due.candidates] == sorted(each.at for each in due.candidates)


def published(**ago: float) -> Pace:
    """Return the pace of a feed with three entries, the oldest of which was published *ago*."""
    return Pace(3, NOW - timedelta(**ago))


@pytest.mark.parametrize(
    ("pace", "seconds", "reason"),
    [
        (published(hours=1), HOUR, "our own interval of 1 hour"),
        (published(days=1), HOUR, "our own interval of 1 hour"),
        (published(days=3), 3 * HOUR, "the feed publishes once a day: 3 hours"),
        (published(days=10.5), 10.5 * HOUR, "the feed publishes twice a week: 10 hours 30 minutes"),
        (published(days=90), 90 * HOUR, "the feed publishes once a month: 3 days 18 hours"),
        (published(days=9000), 7 * DAY, "the feed publishes less than once a year: 7 days"),
    ],
)
def test_our_own_interval_follows_the_pace_of_the_feed_within_bounds(pace: Pace, seconds: float, reason: str) -> None:
    due = decide(fetched(), History(), NOW, LIMITS, pace=pace)
    assert (wait(due), due.reason, due.not_before) == (seconds, reason, None)


def test_a_feed_that_publishes_seldom_is_fetched_at_the_slow_interval() -> None:
    due = decide(fetched(), History(), NOW, Limits(HOUR, 7 * DAY, DAY), pace=published(days=90))
    assert (wait(due), due.reason) == (DAY, "the feed publishes once a month: 1 day")


def test_a_304_keeps_the_pace_and_the_interval_of_a_silent_feed_grows() -> None:
    first = decide(fetched(), History(), NOW, LIMITS, pace=published(days=3))
    later = NOW + timedelta(days=3)
    second = decide(not_modified(), History(terms=first.terms), later, LIMITS)
    assert second.at == later + timedelta(hours=6)


def test_the_intervals_of_server_and_feed_are_a_minimum_for_any_pace() -> None:
    due = decide(fetched(cache_control="max-age=21600"), History(), NOW, LIMITS, Rhythm(ttl=60), published(days=3))
    assert (wait(due), due.reason) == (6 * HOUR, "max-age of the last answer: 6 hours")
    assert [(each.at, each.reason) for each in due.candidates] == [
        (NOW + timedelta(seconds=60), "the feed's ttl: 60 seconds"),
        (NOW + timedelta(hours=3), "the feed publishes once a day: 3 hours"),
        (NOW + timedelta(hours=6), "max-age of the last answer: 6 hours"),
    ]


class TestSpread:
    LIMITS = Limits(HOUR, 7 * DAY, DAY, jitter=0.1)

    def decided(self, feed: str, outcome: Outcome, now: datetime = NOW, rhythm: Rhythm | None = None) -> Next:
        return decide(outcome, History(feed=feed), now, self.LIMITS, rhythm)

    def test_feeds_that_were_fetched_together_are_due_at_different_times(self) -> None:
        waits = [wait(self.decided(f"http://example.org/{number}", fetched())) for number in range(1000)]
        assert min(waits) >= HOUR
        assert max(waits) < 1.1 * HOUR
        minutes = Counter(int(seconds // 60) for seconds in waits)
        assert len(minutes) == 6
        assert max(minutes.values()) < 250

    def test_the_spread_is_the_same_for_the_same_feed_and_time_and_differs_for_others(self) -> None:
        one = self.decided("http://example.org/", fetched())
        assert one == self.decided("http://example.org/", fetched())
        assert one.at != self.decided("http://example.org/x", fetched()).at
        after = self.decided("http://example.org/", fetched(), NOW + timedelta(seconds=1))
        assert after.at is not None and one.at is not None
        assert after.at - one.at != timedelta(seconds=1)

    def test_the_spread_is_added_to_the_requested_time_and_is_no_minimum_itself(self) -> None:
        for number in range(50):
            due = self.decided(f"{number}", failed(429, retry_after="7200"))
            assert 2 * HOUR <= wait(due) < 2 * HOUR + 360
            assert due.not_before == due.host_pause == NOW + timedelta(hours=2)
            assert due.reason == "Retry-After: 2 hours"
            assert due.candidates[-1].reason.endswith(" more, so that feeds don't come all at once")

    def test_the_spread_never_leads_into_a_skipped_hour(self) -> None:
        rhythm = Rhythm(skip_hours=frozenset({13, 14}))
        for number in range(50):
            due = self.decided(f"{number}", fetched(), NOW - timedelta(minutes=3), rhythm)
            assert due.at is not None
            assert due.at.hour in (12, 15)

    def test_the_spread_of_a_long_interval_is_at_most_half_an_hour(self) -> None:
        waits = [wait(decide(failed(), History(9, feed=f"{n}"), NOW, self.LIMITS)) for n in range(100)]
        assert min(waits) >= 7 * DAY and max(waits) < 7 * DAY + 1800


def test_a_pause_may_be_for_the_refused_feed_alone() -> None:
    due = decide(failed(429, retry_after="7200"), History(), NOW, Limits(HOUR, DAY, DAY, pauses_hosts=False))
    assert (due.host_pause, due.not_before) == (None, NOW + timedelta(hours=2))


def test_candidates_are_unchanged_after_they_were_stored_as_json() -> None:
    candidates = decide(fetched(cache_control="max-age=7200"), History(), NOW, LIMITS).candidates
    assert len(candidates) == 2
    found = candidates_from_json(json.loads(json.dumps(candidates_as_json(candidates))))
    assert found == candidates
    assert all(isinstance(each.reason, Message) for each in found)


@pytest.mark.parametrize(
    "column", [None, 5, float("nan"), "x", [5], [["x", "y"]], [["2026-03-01", "y"]], [["2026-03-01T12:00:00+00:00", 5]]]
)
def test_candidates_that_were_damaged_by_hand_count_as_none(column: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert candidates_from_json(column) == ()
    assert "the stored times of a feed can't be read" in caplog.text


def test_a_304_without_freshness_keeps_the_terms_of_the_answer_that_it_confirms() -> None:
    first = decide(fetched(cache_control="max-age=7200"), History(), NOW, LIMITS, Rhythm(ttl=5 * 3600))
    second = decide(not_modified(), History(terms=first.terms), NOW, LIMITS)
    assert (wait(second), second.reason) == (5 * HOUR, "the feed's ttl: 5 hours")
    assert second.terms == first.terms


def test_a_304_with_a_new_max_age_replaces_the_old_one() -> None:
    first = decide(fetched(cache_control="max-age=36000"), History(), NOW, LIMITS)
    second = decide(not_modified(cache_control="max-age=7200"), History(terms=first.terms), NOW, LIMITS)
    assert wait(second) == 2 * HOUR


def test_a_200_without_freshness_replaces_the_terms_of_the_previous_answer() -> None:
    first = decide(fetched(cache_control="max-age=36000"), History(), NOW, LIMITS, Rhythm(ttl=36000))
    second = decide(fetched(), History(terms=first.terms), NOW, LIMITS, Rhythm())
    assert wait(second) == HOUR


def test_the_interval_after_errors_grows_up_to_the_longest_and_the_feed_is_never_given_up() -> None:
    history, gaps = History(), []
    for _ in range(40):
        due = decide(failed(), history, NOW, LIMITS)
        gaps.append(wait(due))
        history = History(due.failures, due.terms)
    assert gaps[:4] == [HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR]
    assert all(earlier <= later for earlier, later in itertools.pairwise(gaps))
    assert gaps[-1] == 7 * DAY


def test_the_reason_counts_the_errors() -> None:
    assert decide(failed(), History(failures=3), NOW, LIMITS).reason == "4 errors in a row, 8 hours apart"


def test_a_success_ends_the_row_of_errors() -> None:
    assert decide(not_modified(), History(failures=7), NOW, LIMITS).failures == 0


def test_an_error_forgets_neither_freshness_nor_rhythm() -> None:
    terms = Terms(Freshness(7200, "max-age"), Rhythm(ttl=7200))
    assert decide(failed(), History(terms=terms), NOW, LIMITS).terms == terms


@pytest.mark.parametrize(
    ("outcome", "rhythm", "seconds", "reason"),
    [
        (failed(), Rhythm(ttl=3 * 3600), 3 * HOUR, "the feed's ttl: 3 hours"),
        (failed(), Rhythm(update_interval=86400), DAY, "the feed's update period: 1 day"),
        (failed(), Rhythm(ttl=60), HOUR, "1 error in a row, 1 hour apart"),
        (failed(503, retry_after="7200"), Rhythm(ttl=3 * 3600), 3 * HOUR, "the feed's ttl: 3 hours"),
        (failed(503, retry_after="14400"), Rhythm(ttl=3 * 3600), 4 * HOUR, "Retry-After: 4 hours"),
        (failed(), Rhythm(ttl=10**8), 7 * DAY, "the feed's ttl: 1157 days 9 hours, capped at 7 days"),
        (failed(), Rhythm(skip_hours=frozenset({13, 14})), 3 * HOUR, "the feed's skipHours"),
    ],
)
def test_the_rhythm_of_a_feed_counts_after_an_error_too(
    outcome: Outcome, rhythm: Rhythm, seconds: float, reason: str
) -> None:
    due = decide(outcome, History(terms=Terms(Freshness(36000, "max-age"), rhythm)), NOW, LIMITS)
    assert (wait(due), due.reason) == (seconds, reason)


@pytest.mark.parametrize("rhythm", [Rhythm(ttl=10 * 3600), Rhythm(skip_hours=frozenset({13, 14}))])
def test_the_rhythm_of_one_feed_is_no_pause_of_its_host(rhythm: Rhythm) -> None:
    history = History(terms=Terms(rhythm=rhythm))
    for answer, seconds in ((failed(429), 3600), (failed(429, retry_after="5400"), 5400)):
        assert decide(answer, history, NOW, LIMITS).host_pause == NOW + timedelta(seconds=seconds)


def test_after_410_a_feed_is_never_due_again() -> None:
    due = decide(Gone("http://example.org/feed"), History(), NOW, LIMITS)
    assert (due.at, due.reason) == (None, "410 Gone: it is not fetched again")


@pytest.mark.parametrize(
    ("outcome", "rhythm", "seconds"),
    [
        (fetched(), None, None),
        (failed(), None, None),
        (fetched(cache_control="max-age=0"), None, None),
        (fetched(cache_control="max-age=60"), None, 60),
        (fetched(cache_control="max-age=7200"), None, 7200),
        (fetched(), Rhythm(ttl=600), 600),
        (failed(429, retry_after="60"), None, 60),
        (fetched(), Rhythm(skip_hours=frozenset({13})), None),
        (fetched(cache_control="max-age=60"), Rhythm(skip_hours=frozenset({13})), 60),
        (fetched(), Rhythm(ttl=7200, skip_hours=frozenset({14})), 3 * 3600),
    ],
)
def test_server_and_feed_alone_determine_not_before(
    outcome: Outcome, rhythm: Rhythm | None, seconds: float | None
) -> None:
    expected = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert decide(outcome, History(), NOW, LIMITS, rhythm).not_before == expected


@pytest.mark.parametrize(
    ("outcome", "seconds"),
    [
        (failed(429, retry_after="7200"), 7200),
        (failed(429, retry_after="60"), 60),
        (failed(429), HOUR),
        (failed(503, retry_after="7200"), 7200),
        (failed(503), None),
        (failed(500, retry_after="7200"), None),
        (fetched(), None),
    ],
)
def test_any_429_and_a_503_with_retry_after_pause_the_whole_host(outcome: Outcome, seconds: float | None) -> None:
    expected = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert decide(outcome, History(failures=5), NOW, LIMITS).host_pause == expected


@pytest.mark.parametrize(
    "terms",
    [
        Terms(),
        Terms(Freshness(7200.0, "Expires")),
        Terms(Freshness(0.0, "max-age"), Rhythm(60, 3600, frozenset({0, 23}), frozenset({6}))),
        Terms(pace=Pace(7, datetime(2026, 2, 1, 12, 30, 15, 250_000, tzinfo=UTC))),
    ],
)
def test_terms_are_unchanged_after_they_were_stored_as_json(terms: Terms) -> None:
    assert Terms.from_json(json.loads(json.dumps(terms.as_json()))) == terms


@pytest.mark.parametrize(
    "column",
    [
        *(None, 5, [1], {"fresh": 5}, {"fresh": [1, 2, 3, 4, 5, 6]}, {"skip_hours": 5}, {"skip_days": [[]]}),
        *({"ttl": "x"}, {"ttl": float("inf")}, {"update_interval": [1]}, {"fresh": ["x", "y"]}, {"pace": [None, 5]}),
        *({"pace": {"a": 1}}, {"pace": [7]}, {"pace": [7, "x"]}, {"pace": [7, 1e300]}, {"pace": [7, float("nan")]}),
    ],
    ids=repr,
)
def test_terms_that_were_damaged_by_hand_count_as_none(column: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert Terms.from_json(column) == Terms()
    assert "the stored terms of a feed can't be read" in caplog.text


def test_empty_terms_are_an_empty_object() -> None:
    assert Terms().as_json() == {}


def test_a_fetch_is_delayed_by_at_most_half_an_hour() -> None:
    """The spread of this URL at this time is nearly the maximum."""
    limits = Limits(DAY, 7 * DAY, DAY, jitter=1)
    due = decide(fetched(), History(feed="http://example.org/25770"), NOW, limits)
    assert 1799.9 < wait(due) - DAY <= 1800
    hourly = Limits(HOUR, 7 * DAY, DAY, jitter=0.5)
    assert wait(decide(fetched(), History(feed="http://example.org/25770"), NOW, hourly)) - HOUR > 1799.9


def reasons(due: Next) -> list[str]:
    return [candidate.reason for candidate in due.candidates]


def test_an_hour_that_is_skipped_ends_at_the_full_hour() -> None:
    now = datetime(2026, 3, 1, 11, 25, 13, 7, tzinfo=UTC)
    due = decide(fetched(), History(), now, LIMITS, Rhythm(skip_hours=frozenset({12})))
    assert due.at == datetime(2026, 3, 1, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize("hour", [0, 11, 12, 13, 23])
def test_the_one_hour_of_the_week_that_is_not_skipped_is_found(hour: int) -> None:
    """The hours of a week are tried: that in which the feed would be due, and the 167 hours after it."""
    for day in range(7):
        rhythm = Rhythm(skip_hours=frozenset(range(24)) - {hour}, skip_days=frozenset(range(7)) - {day})
        due = decide(fetched(), History(), NOW, LIMITS, rhythm).at
        assert due is not None
        assert (due.weekday(), due.hour, due.minute) == (day, hour, 0)
        assert NOW + timedelta(hours=1) <= due < NOW + timedelta(days=7, hours=1)


def test_a_success_resets_the_count_of_errors_and_410_keeps_the_history() -> None:
    history = History(3, Terms(rhythm=Rhythm(ttl=7200)))
    assert decide(fetched(), history, NOW, LIMITS).failures == 0
    assert decide(not_modified(), history, NOW, LIMITS).failures == 0
    gone = decide(Gone("http://example.org/feed"), history, NOW, LIMITS)
    assert (gone.at, gone.failures, gone.terms) == (None, 3, history.terms)


def test_nothing_but_a_429_or_a_503_with_retry_after_pauses_the_host() -> None:
    assert not pauses_host(fetched(retry_after="60"))
    assert not pauses_host(not_modified(retry_after="60"))
    assert not pauses_host(failed(503))
    assert not pauses_host(failed(500, retry_after="60"))
    assert pauses_host(failed(503, retry_after="60"))
    assert pauses_host(failed(429))


@pytest.mark.parametrize(
    ("max_age", "words"),
    [
        ("0", ["our own interval of 1 hour"]),
        ("1", ["max-age of the last answer: 1 second", "our own interval of 1 hour"]),
        ("3600", ["max-age of the last answer: 1 hour", "our own interval of 1 hour"]),
        ("3601", ["our own interval of 1 hour", "max-age of the last answer: 1 hour 1 second"]),
    ],
)
def test_all_candidates_are_reported_in_the_order_of_their_times(max_age: str, words: list[str]) -> None:
    due = decide(fetched(cache_control=f"max-age={max_age}"), History(), NOW, LIMITS)
    assert reasons(due) == words
    assert due.reason == words[-1]


@pytest.mark.parametrize(("seconds", "not_before"), [("0", None), ("1", NOW + timedelta(seconds=1))])
def test_a_retry_after_of_zero_asks_for_no_pause(seconds: str, not_before: datetime | None) -> None:
    assert decide(fetched(retry_after=seconds), History(), NOW, LIMITS).not_before == not_before


def test_only_intervals_above_the_longest_are_capped() -> None:
    for seconds, words in ((7 * 86400, "7 days"), (7 * 86400 + 1, "7 days 1 second, capped at 7 days")):
        due = decide(fetched(cache_control=f"max-age={seconds}"), History(), NOW, LIMITS)
        assert (wait(due), due.reason) == (7 * DAY, f"max-age of the last answer: {words}")


def test_candidates_are_stored_to_the_second() -> None:
    due = decide(fetched(), History(), NOW + timedelta(microseconds=5), LIMITS)
    [[at, _]] = candidates_as_json(due.candidates)
    assert at == "2026-03-01T13:00:00+00:00"


def test_the_longest_pause_is_a_setting() -> None:
    limits = replace(LIMITS, max_pause=2 * DAY)
    for outcome in (failed(429, retry_after="99999999"), fetched(retry_after="99999999")):
        assert wait(decide(outcome, History(), NOW, limits)) == 2 * DAY
    assert decide(failed(429, retry_after="99999999"), History(), NOW, limits).host_pause == NOW + timedelta(days=2)
