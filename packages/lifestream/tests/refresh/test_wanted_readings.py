"""Requests to see how a feed is read: the process that updates feeds reads it, in the language of the request."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import override_settings
from django.utils import timezone

from factories import make_lifestream
from feedserver import Response
from feedserver.django import FeedServerTransactionTestCase
from lifestream.conf import settings
from lifestream.models import Feed, Lifestream, ReadingRequest, Subscription
from lifestream.refresh import wakeup
from lifestream.refresh.reading_facts import Fact
from lifestream.refresh.wanted_readings import (
    AGAIN,
    LONGEST,
    MOST_CHARACTERS,
    MOST_ITEMS,
    MOST_OPEN,
    ReadingResult,
    has_many_open,
    note,
    read_wanted,
)
from lifestream.scheduler import leases
from lifestream.tasks import update_feeds
from served import feed, rss


@pytest.mark.usefixtures("shared_parsers")
class WantedReadings(FeedServerTransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        later = timezone.now() + timedelta(hours=9)
        self.feed = Feed.objects.create(url=self.get_url("/feed"), next_fetch=later)
        Subscription.objects.create(lifestream=make_lifestream("main"), feed=self.feed)
        self.feedserver.add("/feed", feed(["one"]))
        self.passed = timedelta()

    def read_later(self, turn: float | None = None) -> int:
        """Move the time on by two minutes, and return how many requests are answered then."""
        self.passed += timedelta(minutes=2)
        return read_wanted(clock=lambda: timezone.now() + self.passed, turn=turn)

    def found(self) -> list[ReadingResult]:
        return [ReadingResult.from_json(each.found) for each in ReadingRequest.objects.order_by("pk") if each.read]

    def test_a_feed_is_read_once_for_each_language(self) -> None:
        now = timezone.now()
        for language in ("en", "de", "en"):
            note(self.feed, language, now)
        assert [self.read_later() for _ in range(3)] == [1, 1, 0]
        english, german = self.found()
        assert [fact.value for fact in english.facts if fact.label == "items"] == ["1"]
        assert [fact.label for fact in german.facts] != [fact.label for fact in english.facts]
        assert len(german.items) == 1 and not german.error and not german.more

    def test_a_repeated_request_is_answered_by_another_reading(self) -> None:
        note(self.feed, "en", timezone.now())
        read_wanted()
        note(self.feed, "en", timezone.now())
        assert self.found() == []
        assert self.read_later() == 1 and len(self.found()) == 1

    def test_a_request_that_is_repeated_during_its_reading_is_answered_by_another_one(self) -> None:
        note(self.feed, "en", timezone.now())
        repeated: list[bool] = []

        def clock() -> datetime:
            if not repeated and ReadingRequest.objects.exclude(claimed_until=None).exists():
                repeated.append(True)
                note(self.feed, "en", timezone.now())
            return timezone.now()

        assert read_wanted(clock=clock, turn=0) == 1
        assert repeated and self.found() == []
        assert self.read_later() == 1 and len(self.found()) == 1

    def test_a_feed_that_was_fetched_a_moment_ago_is_read_a_minute_later(self) -> None:
        now = timezone.now()
        Feed.objects.update(last_fetch=now - timedelta(seconds=1))
        note(self.feed, "en", now)
        assert read_wanted() == 0 and not list(self.feedserver.requests)
        assert read_wanted(clock=lambda: now + timedelta(minutes=1)) == 1

    @override_settings(LIFESTREAM_LEASE=2)
    def test_a_request_that_waits_is_not_taken_again_at_once_where_leases_are_short(self) -> None:
        now = timezone.now()
        Feed.objects.update(last_fetch=now - timedelta(seconds=1))
        note(self.feed, "en", now)
        stopping, times = threading.Event(), iter([now] * 20)

        def clock() -> datetime:
            time = next(times, None)
            if time is None:
                stopping.set()
            return time or now

        assert read_wanted(stopping, clock=clock) == 0
        assert not stopping.is_set()

    def test_requests_left_at_the_end_of_a_turn_are_answered_in_order_in_the_next_turns(self) -> None:
        now = timezone.now()
        note(self.feed, "de", now)
        note(self.feed, "en", now + timedelta(seconds=1))
        note(self.feed, "de", now + timedelta(seconds=2))  # once more
        with wakeup.awaited() as woken:
            assert self.read_later(turn=0) == 1
            assert woken.is_set()
            assert [each.language for each in ReadingRequest.objects.exclude(read=None)] == ["en"]
            assert self.read_later(turn=0) == 1
            woken.clear()
            assert self.read_later(turn=0) == 0 and not woken.is_set()

    def test_a_user_has_many_open_requests_from_the_maximum_on(self) -> None:
        owner = User.objects.create_user("owner")
        Lifestream.objects.update(owner=owner)
        for number in range(MOST_OPEN):
            assert not has_many_open(owner.pk)
            note(self.feed, f"x-{number}", timezone.now())
        assert has_many_open(owner.pk)
        assert not has_many_open(User.objects.create_user("other").pk)
        ReadingRequest.objects.filter(language="x-0").update(read=timezone.now())
        assert not has_many_open(owner.pk)

    @pytest.mark.slow
    def test_the_stored_reading_of_a_large_feed_is_bounded(self) -> None:
        link = f"https://a.example/{'l' * 3000}"
        item = f"<item><title>{'t' * 1500}</title><link>{link}</link><guid>%d</guid></item>"
        body = rss().replace("</channel>", "".join(item % number for number in range(250)) + "</channel>")
        self.feedserver.add("/feed", Response(body, headers={"Content-Type": "application/rss+xml"}))
        note(self.feed, "en", timezone.now())
        read_wanted()
        [found] = self.found()
        assert MOST_CHARACTERS / 2 < len(found.as_json()) < MOST_CHARACTERS * 1.2
        assert 10 < len(found.items) < MOST_ITEMS
        assert [fact.value for fact in found.facts if fact.label == "items"] == [str(len(found.items) + found.more)]
        texts = [text for title, facts in found.items for text in (title, *(fact.value for fact in facts))]
        assert max(map(len, texts)) == LONGEST
        assert any(len(fact.value) == LONGEST for _, facts in found.items for fact in facts)

    def test_a_request_that_a_worker_did_not_finish_is_taken_over_after_a_lease(self) -> None:
        now = timezone.now()
        note(self.feed, "en", now)
        ReadingRequest.objects.update(claimed_until=now + timedelta(seconds=settings.lease))
        assert read_wanted() == 0
        later = now + timedelta(seconds=settings.lease + 1)
        assert read_wanted(clock=lambda: later) == 1

    def test_a_request_is_taken_over_now_if_the_clock_of_the_worker_that_claimed_it_was_ahead(self) -> None:
        note(self.feed, "en", timezone.now())
        ReadingRequest.objects.update(claimed_until=timezone.now() + timedelta(days=30))
        assert read_wanted() == 1

    def test_a_stopping_process_reads_nothing_and_old_readings_are_deleted(self) -> None:
        note(self.feed, "en", timezone.now())
        stopping = threading.Event()
        stopping.set()
        assert read_wanted(stopping) == 0
        read_wanted()
        later = timezone.now() + timedelta(days=8)
        assert read_wanted(clock=lambda: later) == 0 and not ReadingRequest.objects.exists()

    def test_a_request_whose_reading_was_stopped_stays_open(self) -> None:
        note(self.feed, "en", timezone.now())
        stopping = threading.Event()

        def clock() -> datetime:
            if ReadingRequest.objects.exclude(claimed_until=None).exists():
                stopping.set()
            return timezone.now()

        assert read_wanted(stopping, clock=clock) == 0
        assert stopping.is_set() and self.found() == []
        assert read_wanted(clock=lambda: timezone.now() + 2 * AGAIN) == 1 and not self.found()[0].error

    def test_a_feed_whose_host_another_worker_holds_is_read_later(self) -> None:
        note(self.feed, "en", timezone.now())
        Feed.objects.update(next_fetch=timezone.now())
        assert leases.claim(timezone.now(), 1)
        assert read_wanted() == 0 and self.found() == []
        later = timezone.now() + timedelta(seconds=settings.lease + 1)
        assert read_wanted(clock=lambda: later) == 1 and not self.found()[0].error

    def test_the_command_and_the_task_answer_requests(self) -> None:
        for update in (lambda: call_command("update_feeds", verbosity=0), update_feeds):
            Feed.objects.update(last_fetch=None)
            note(self.feed, "en", timezone.now())
            update()
            assert len(self.found()) == 1


def test_a_reading_is_the_same_after_it_was_stored() -> None:
    facts = (Fact("label", "a\0b\ud800", "bad", "aside"), Fact("other", ""))
    found = ReadingResult("", facts, (("title", facts), ("", ())), 3)
    text = found.as_json()
    assert ReadingResult.from_json(text) == found and text.isascii() and "\0" not in text
