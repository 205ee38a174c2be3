"""A feed that has lost its readers is not fetched until it has a reader again."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from factories import make_feed, make_lifestream, make_subscription
from feedserver.django import FeedServerTestCase
from lifestream.models import Feed, Lifestream, Subscription
from lifestream.refresh import refresh
from lifestream.storage import fanout
from served import START, Clock, feed


@pytest.mark.usefixtures("shared_parsers")
class Readers(FeedServerTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        self.feedserver.add("/feed", feed())
        self.feed = make_feed(self.get_url("/feed"), next_fetch=START, created=START)
        self.main = make_lifestream("main")
        self.subscription = make_subscription(self.feed, self.main)

    def asked(self) -> int:
        """Move the clock by a day, refresh in each possible way, and return how many requests there have been."""
        self.clock.move(days=1)
        for options in ({}, {"early": True}, {"feeds": [self.feed.pk], "early": True}):
            refresh(clock=self.clock, **options)
        return len(self.feedserver.requests)

    def test_a_feed_whose_last_subscriber_left_is_not_fetched(self) -> None:
        other = make_subscription(self.feed)
        self.subscription.delete()
        assert self.asked() > 0
        other.delete()
        before = len(self.feedserver.requests)
        assert self.asked() == before
        self.feed.refresh_from_db()
        assert (self.feed.status, self.feed.health) == ("idle", "idle")

    @pytest.mark.slow
    def test_a_new_subscription_makes_an_idle_feed_active_and_keeps_its_next_fetch(self) -> None:
        refresh(clock=self.clock)
        self.subscription.delete()
        fanout.subscribe(make_lifestream(), self.feed)
        self.feed.refresh_from_db()
        assert (self.feed.status, self.feed.next_fetch) == ("active", START + timedelta(hours=1))
        assert self.asked() > 1

    def test_a_feed_that_all_subscribers_paused_is_not_fetched_until_one_resumes(self) -> None:
        other = make_subscription(self.feed)
        for each in (self.subscription, other):
            each.paused = True
            each.save()
        assert self.asked() == 0
        other.paused = False
        other.save()
        assert self.asked() > 0

    def test_deleting_a_lifestream_makes_its_feeds_idle(self) -> None:
        self.main.delete()
        assert self.asked() == 0
        make_subscription(self.feed, make_lifestream("again"))
        Lifestream.objects.filter(slug="again").delete()
        assert self.asked() == 0

    def test_pausing_and_resuming_in_the_admin_changes_the_status(self) -> None:
        self.client.force_login(User.objects.create_superuser("root"))
        for action, status in (("pause", "idle"), ("resume", "active")):
            chosen = {"action": action, "_selected_action": [self.subscription.pk]}
            self.client.post("/admin/lifestream/subscription/", chosen)
            self.feed.refresh_from_db()
            assert self.feed.status == status

    def test_a_paused_or_gone_feed_is_not_activated_by_a_subscription(self) -> None:
        for status in (Feed.Status.PAUSED, Feed.Status.GONE):
            Feed.objects.update(status=status)
            Subscription.objects.all().delete()
            make_subscription(self.feed)
            self.feed.refresh_from_db()
            assert self.feed.status == status

    def test_why_reports_that_nobody_subscribes(self) -> None:
        self.subscription.delete()
        out = StringIO()
        call_command("why", self.feed.url, stdout=out)
        assert "Next fetch: none, since nobody subscribes to it, or all who do have paused it\n" in out.getvalue()


@pytest.mark.django_db
def test_a_feed_that_was_never_subscribed_to_is_fetched_like_any_other() -> None:
    assert make_feed() in Feed.objects.due(START)
