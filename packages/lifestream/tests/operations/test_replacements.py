"""Lost feeds are looked for on the pages of their sites."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

import pytest
from django.test import override_settings
from django.utils import timezone

from factories import make_feed, make_subscription
from feedserver import Pattern, Response
from feedserver.django import FeedServerTestCase
from lifestream.fetcher.shortage import Shortage, ShortOf
from lifestream.models import Feed, Fetch
from lifestream.operations.replacements import look_for_replacements
from lifestream.operations.troubles import troubles
from lifestream.storage.feed_options import FeedOptions
from relay import relay
from served import feed, page

NOW = timezone.now()
DAY = timedelta(days=1)


@pytest.mark.usefixtures("shared_parsers")
class ReplacementsTest(FeedServerTestCase):
    def lost(self, *, days: int = 8, status: int = 404) -> Feed:
        row = make_feed(self.get_url("/old.xml"), site_url=self.get_url("/"), failures=9, last_success=NOW - days * DAY)
        make_subscription(row)
        Fetch.objects.create(feed=row, started=NOW, outcome="failed", status=status)
        return row

    def test_a_feed_that_the_site_names_is_stored_and_reported(self) -> None:
        self.feedserver.add("/", page('<link rel="alternate" type="application/rss+xml" href="/new.xml">'))
        self.feedserver.add("/new.xml", feed(["one"]))
        self.lost()
        assert look_for_replacements(NOW) == 1
        [trouble] = troubles(NOW)
        assert trouble.replacement == self.get_url("/new.xml")

    def test_a_site_that_names_no_feed_is_requested_again_in_a_week(self) -> None:
        self.feedserver.add("/", page("<p>nothing</p>"))
        self.feedserver.add(Pattern("/<place>"), Response(status=404))
        row = self.lost(status=200)
        assert look_for_replacements(NOW) == 0
        asked = len(self.feedserver.requests)
        assert asked > 0
        assert look_for_replacements(NOW + 6 * DAY) == 0
        assert len(self.feedserver.requests) == asked
        look_for_replacements(NOW + 7 * DAY)
        assert len(self.feedserver.requests) > asked
        row.refresh_from_db()
        assert row.replacement == ""

    def test_a_shortage_of_this_machine_leaves_what_was_found_and_the_time_of_the_next_search(self) -> None:
        row = self.lost()
        Feed.objects.filter(pk=row.pk).update(replacement="https://new.example/feed", replacement_checked=NOW - 8 * DAY)
        with (
            mock.patch("lifestream.refresh.scout.require_files", side_effect=ShortOf(Shortage.FILES)),
            self.assertLogs("lifestream.operations.replacements", "WARNING") as logged,
        ):
            assert look_for_replacements(NOW) == 0
        assert Shortage.FILES.value in logged.output[0]
        row.refresh_from_db()
        assert (row.replacement, row.replacement_checked) == ("https://new.example/feed", NOW - 8 * DAY)

    def test_no_replacement_is_looked_for_after_short_failures_or_server_errors(self) -> None:
        self.feedserver.add("/", Response(b""))
        row = self.lost(days=3)
        assert look_for_replacements(NOW) == 0
        row.delete()
        self.lost(status=500)
        assert look_for_replacements(NOW) == 0
        assert self.feedserver.requests == []

    def test_a_site_is_requested_through_the_proxy_of_its_feed(self) -> None:
        self.feedserver.add("/", page('<link rel="alternate" type="application/rss+xml" href="/new.xml">'))
        self.feedserver.add("/new.xml", feed(["one"]))
        row = self.lost()
        with relay((self.feedserver.host, self.feedserver.port)) as proxy:
            for address, asked in ((f"http://{proxy.address}", 2), ("direct", 0)):
                options = FeedOptions(proxy=address).as_json()
                Feed.objects.filter(pk=row.pk).update(options=options, replacement_checked=None)
                proxy.asked.clear()
                assert look_for_replacements(NOW) == 1
                assert len(proxy.asked) == asked

    def test_a_site_is_not_requested_if_its_proxy_was_sealed_with_a_lost_key(self) -> None:
        row = self.lost()
        with override_settings(SECRET_KEY="another"):
            options = FeedOptions(proxy="http://127.0.0.1:1").as_json()
        Feed.objects.filter(pk=row.pk).update(options=options)
        assert look_for_replacements(NOW) == 0
        assert self.feedserver.requests == []

    def test_a_site_is_not_requested_if_the_options_of_its_feed_are_damaged(self) -> None:
        row = self.lost()
        for options in ({"proxy": 5}, ["x"]):
            Feed.objects.filter(pk=row.pk).update(options=options, replacement_checked=None)
            assert look_for_replacements(NOW) == 0
            row.refresh_from_db()
            assert row.replacement_checked == NOW, "it would keep other feeds from being searched for"
        assert self.feedserver.requests == []
