"""The admin's page that shows what is read of a feed. A request only notes that this is wanted; the updater fetches the
feed.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from factories import make_lifestream
from feedserver import Response
from feedserver.django import FeedServerTransactionTestCase
from lifestream.models import Feed, Host, Item, Lifestream, ReadingRequest, Subscription
from lifestream.refresh.wanted_readings import MOST_OPEN, note, read_wanted

FEED = """<rss version="2.0"><channel><title>Small&nbsp;Hours</title><link>https://small-hours.example/</link>
<item><title>Fences &lt;b&gt;</title><link>https://small-hours.example/1</link><guid>1</guid>
<pubDate>Mon, 25 May 2020 12:30:00 +0200</pubDate>
<description>&lt;p onclick="x()"&gt;Wood&lt;/p&gt;</description></item>
</channel></rss>"""


@pytest.mark.usefixtures("shared_parsers")
class WhatIsRead(FeedServerTransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(User.objects.create_superuser("root"))
        self.feed = Feed.objects.create(url=self.get_url("/feed"), next_fetch=timezone.now() + timedelta(hours=9))
        Subscription.objects.create(lifestream=make_lifestream("main"), feed=self.feed)
        self.address = f"/admin/lifestream/feed/{self.feed.pk}/read/"

    def shown(self) -> str:
        """Return the page after the button was pressed and the feed was read, with its white space collapsed."""
        Feed.objects.update(last_fetch=None)  # a feed is not fetched again within a minute
        before = len(self.feedserver.requests)
        answer = self.client.post(self.address, follow=True)
        assert (answer.status_code, answer["Refresh"]) == (200, "2")
        self.assertContains(answer, "It is on its way.")
        assert len(self.feedserver.requests) == before, "no request of a browser waits for a feed"
        assert read_wanted() == 1
        answer = self.client.get(self.address)
        assert "Refresh" not in answer
        return " ".join(answer.content.decode().split())

    @pytest.mark.slow
    def test_a_feed_is_fetched_whole_and_what_is_read_of_it_is_shown(self) -> None:
        self.feedserver.add("/feed", Response(FEED, headers={"ETag": '"v1"', "Content-Type": "text/xml"}))
        assert self.address in self.client.get(f"/admin/lifestream/feed/{self.feed.pk}/change/").content.decode()
        assert "lifestream-read" not in self.client.get(self.address).content.decode()
        for times in (1, 2):  # the second time it is unchanged
            page = self.shown()
            assert len(self.feedserver.requests) == times
            assert "If-None-Match" not in self.feedserver.requests[-1].headers
            for text in (
                "RSS 2.0",
                ": undefined entity; mended, nothing is lost",
                "1. Fences &lt;b&gt;",
                "2020-05-25 10:30:00 UTC",
                "from Mon, 25 May 2020 12:30:00 +0200 (RFC 822)",
                "p onclick",
                "Wood (11 characters of HTML)",
            ):
                assert text in page, text
        assert Item.objects.get().title == "Fences <b>"
        self.feed.refresh_from_db()
        assert self.feed.etag == '"v1"'

    @pytest.mark.slow
    def test_why_a_feed_cannot_be_read_is_shown(self) -> None:
        self.feedserver.add("/feed", Response("<html>no"))
        assert "it is a web page (HTML), not a feed" in self.shown()

    def test_a_feed_is_left_alone_for_as_long_as_its_server_asked(self) -> None:
        later = timezone.now() + timedelta(hours=1)
        Feed.objects.update(not_before=later)
        Host.objects.update(not_before=later)
        assert "It was left alone" in self.shown()
        assert not list(self.feedserver.requests)

    def test_a_page_stops_waiting_after_ten_minutes_and_has_a_note_about_it(self) -> None:
        self.client.post(self.address)
        ReadingRequest.objects.update(wanted=timezone.now() - timedelta(minutes=9))
        assert "Refresh" in self.client.get(self.address)
        ReadingRequest.objects.update(wanted=timezone.now() - timedelta(minutes=11))
        answer = self.client.get(self.address)
        assert "Refresh" not in answer
        self.assertContains(answer, "Nothing has fetched it.")
        self.assertContains(answer, 'type="submit"')

    def test_only_those_who_may_see_a_feed_may_read_it(self) -> None:
        self.client.force_login(User.objects.create_user("other", is_staff=True))
        assert self.client.get(self.address).status_code in (403, 404)
        assert self.client.post(self.address).status_code in (403, 404)
        assert not ReadingRequest.objects.exists()
        assert not list(self.feedserver.requests)

    def test_a_user_cannot_fill_the_queue(self) -> None:
        user = User.objects.get(username="root")
        Lifestream.objects.update(owner=user)
        for number in range(MOST_OPEN):
            note(self.feed, f"x-{number}", timezone.now())
        answer = self.client.post(self.address, follow=True)
        self.assertContains(
            answer, "Many of your feeds are already waiting to be read; try again once some of them have been read."
        )
        assert ReadingRequest.objects.count() == MOST_OPEN
        ReadingRequest.objects.filter(language="x-0").delete()
        assert "It is on its way." in self.client.post(self.address, follow=True).content.decode()
