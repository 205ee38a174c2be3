"""What a fetch changes in a feed: its validators, and when it is due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from factories import NOW, make_feed, prepared, result
from lifestream.fetcher.cache_lifetime import Freshness
from lifestream.fetcher.outcomes import Failed, Fetched, Gone, NotModified, Outcome
from lifestream.models import Feed, Fetch, Host
from lifestream.scheduler.jobs import Stored
from lifestream.scheduler.schedule import Next, Terms
from lifestream.storage.writer import store

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
URL = "https://example.com/feed"


def keep(feed: Feed, outcome: Outcome, **fields: Any) -> Stored:
    """Store a result of *feed*, and reload *feed* from the database."""
    [stored] = store([result(feed, outcome, **fields)], NOW)
    feed.refresh_from_db()
    return stored


class TestValidators:
    def test_the_validators_of_a_200_replace_all_stored_ones(self) -> None:
        feed = make_feed(URL, etag='"old"', last_modified="yesterday", body_hash="old")
        keep(feed, Fetched(URL, b"", headers={"etag": 'W/"new"'}), body_hash="new", prepared=prepared())
        assert (feed.etag, feed.last_modified, feed.body_hash) == ('W/"new"', "", "new")

    def test_a_304_changes_only_the_validators_that_it_has(self) -> None:
        feed = make_feed(URL, etag='"old"', last_modified="yesterday", body_hash="hash")
        keep(feed, NotModified(URL, headers={"etag": '"new"'}))
        assert (feed.etag, feed.last_modified, feed.body_hash) == ('"new"', "yesterday", "hash")
        keep(feed, NotModified(URL, headers={"last-modified": "today"}))
        assert (feed.etag, feed.last_modified, feed.body_hash) == ('"new"', "today", "hash")

    @pytest.mark.parametrize(
        "outcome",
        [
            Failed("parse", "no feed", status=200),
            Failed("connection", "it broke off", headers={"etag": '"new"', "last-modified": "today"}),
            Failed("status", "500", status=500, headers={"etag": '"old"', "last-modified": "yesterday"}),
            Gone(URL),
        ],
    )
    def test_a_410_and_an_unreadable_document_without_its_validators_change_no_validator(
        self, outcome: Outcome
    ) -> None:
        feed = make_feed(URL, etag='"old"', last_modified="yesterday", body_hash="hash")
        keep(feed, outcome)
        assert (feed.etag, feed.last_modified, feed.body_hash) == ('"old"', "yesterday", "hash")

    def test_a_validator_that_cannot_be_sent_back_unchanged_is_not_stored(self) -> None:
        feed = make_feed(URL)
        keep(feed, Fetched(URL, b"", headers={"etag": '"\udc80"', "last-modified": "today"}), prepared=prepared())
        assert (feed.etag, feed.last_modified) == ("", "today")

    def test_a_validator_that_servers_would_refuse_for_its_length_is_not_kept(self) -> None:
        feed = make_feed(URL, etag='"old"')
        keep(feed, Fetched(URL, b"", headers={"etag": "x" * 4097, "last-modified": "x" * 4096}), prepared=prepared())
        assert (feed.etag, feed.last_modified) == ("", "x" * 4096)

    def test_an_unchanged_body_changes_nothing_but_the_validators(self) -> None:
        feed = make_feed(URL, title="Title")
        stored = keep(feed, Fetched(URL, b"", headers={"etag": '"2"'}), body_hash="hash")
        assert (stored.outcome, stored.new, feed.etag, feed.title) == ("unchanged", 0, '"2"', "Title")


class TestSchedule:
    def test_the_next_fetch_and_its_reason_are_stored(self) -> None:
        feed = make_feed(URL)
        terms = Terms(Freshness(7200.0, "max-age"))
        due = Next(NOW + 2 * HOUR, "max-age of the last answer", NOW + HOUR, failures=0, terms=terms)
        keep(feed, NotModified(URL), next=due)
        assert (feed.next_fetch, feed.next_reason) == (NOW + 2 * HOUR, "max-age of the last answer")
        assert (feed.not_before, Terms.from_json(feed.terms)) == (NOW + HOUR, terms)
        assert (feed.last_fetch, feed.last_success, feed.last_status) == (NOW, NOW, "not modified")
        assert (feed.claim_token, feed.claimed_until, feed.health) == ("", None, "ok")

    def test_a_failure_is_counted_and_reported_and_a_success_resets_it(self) -> None:
        feed = make_feed(URL, last_success=NOW - HOUR)
        keep(feed, Failed("dns", "no such host"), next=Next(NOW + HOUR, "1 error in a row", failures=1))
        assert (feed.failures, feed.last_error, feed.last_success) == (1, "no such host", NOW - HOUR)
        assert (feed.health, feed.status) == ("failing", "active")
        keep(feed, NotModified(URL))
        assert (feed.failures, feed.last_error, feed.health) == (0, "", "ok")

    def test_a_410_ends_the_polling(self) -> None:
        feed = make_feed(URL)
        stored = keep(feed, Gone(URL), next=Next(None, "410 Gone: it is not fetched again"))
        assert (stored.outcome, feed.status, feed.health) == ("gone", "gone", "gone")
        assert (Fetch.objects.get().next_fetch, feed.next_reason) == (None, "410 Gone: it is not fetched again")
        assert not Feed.objects.due(NOW + 1000 * HOUR).exists()

    def test_a_pause_of_the_host_holds_for_all_its_feeds_and_is_never_shortened(self) -> None:
        feed = make_feed(URL)
        sibling = make_feed("https://example.com/other")
        for pause in (2 * HOUR, HOUR):
            keep(
                feed, Failed("status", "429", status=429), next=Next(NOW + pause, "Retry-After", host_pause=NOW + pause)
            )
        assert Host.objects.get(name="example.com").not_before == NOW + 2 * HOUR
        assert not Feed.objects.due(NOW + HOUR).exists()
        assert sibling in Feed.objects.due(NOW + 2 * HOUR)
        both = [
            result(each, Failed("status", "429", status=429), next=Next(NOW + pause, "", host_pause=NOW + pause))
            for each, pause in ((feed, 4 * HOUR), (sibling, 3 * HOUR))
        ]
        store(both, NOW)
        assert Host.objects.get(name="example.com").not_before == NOW + 4 * HOUR

    def test_a_feed_paused_meanwhile_stays_paused(self) -> None:
        feed = make_feed(URL)
        late = result(feed, NotModified(URL))
        Feed.objects.update(status="paused")
        store([late], NOW)
        feed.refresh_from_db()
        assert feed.status == "paused"
