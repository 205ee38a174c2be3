"""The action that updates feeds now."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from factories import make_lifestream
from feedserver import Response, gone
from feedserver.django import FeedServerTransactionTestCase
from lifestream.models import Feed, Fetch, Lifestream, ReadingRequest, Subscription
from lifestream.refresh import refresh

FEED = """<rss version="2.0"><channel><title>Small Hours</title><link>https://small-hours.example/</link>
<item><title>Fences</title><link>https://small-hours.example/1</link><guid>1</guid></item>
<item><title>Cakes</title><link>https://small-hours.example/2</link><guid>2</guid></item></channel></rss>"""
RSS = Response(body=FEED, headers={"Content-Type": "application/rss+xml"})


@pytest.mark.usefixtures("shared_parsers")
class UpdatingNow(FeedServerTransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(User.objects.create_superuser("root"))
        self.main = make_lifestream("main")

    def site(self, path: str) -> Subscription:
        """Return a subscription to a feed that was fetched an hour ago, and is due in nine."""
        now, hour = timezone.now(), timedelta(hours=1)
        feed = Feed.objects.create(
            url=self.get_url(path), title=path, last_fetch=now - hour, next_fetch=now + 9 * hour, next_reason="our own"
        )
        return Subscription.objects.create(lifestream=self.main, feed=feed)

    def update(self, model: str, *keys: int) -> str:
        """Choose to update the rows *keys* now. Return the page that follows, before anything is fetched."""
        data = {"action": "update_now", "_selected_action": list(keys)}
        requests = len(self.feedserver.requests)
        answer = self.client.post(f"/admin/lifestream/{model}/", data, follow=True)
        assert len(self.feedserver.requests) == requests, "no request waits for a feed"
        return answer.content.decode()

    @pytest.mark.slow
    def test_chosen_feeds_are_fetched_before_their_time_and_shown_as_they_come(self) -> None:
        self.feedserver.add("/good", RSS)
        self.feedserver.add("/bad", Response(status=500))
        page = self.update("feed", self.site("/good").feed_id, self.site("/bad").feed_id)
        assert "2 feeds are on their way" in page and page.count("on its way") == 2
        assert self.client.get("/admin/lifestream/feed/updates/")["Refresh"] == "2"

        refresh()
        answer = self.client.get("/admin/lifestream/feed/updates/")
        page = answer.content.decode()
        assert "All is here: 2 new posts." in page and "500" in page and "on its way" not in page
        assert not answer.has_header("Refresh")

    def test_a_page_for_which_nothing_is_fetched_has_a_note_and_stops_refreshing(self) -> None:
        self.update("feed", self.site("/good").feed_id)
        session = self.client.session
        session["lifestream_updates"] |= {"since": (timezone.now() - timedelta(hours=1)).isoformat()}
        session.save()
        answer = self.client.get("/admin/lifestream/feed/updates/")
        assert "Some feeds are still waiting" in answer.content.decode() and not answer.has_header("Refresh")

    def test_a_subscription_is_updated_through_its_feed(self) -> None:
        self.feedserver.add("/good", RSS)
        assert "1 feed is on its way" in self.update("subscription", self.site("/good").pk)
        refresh()
        assert "2 new posts" in self.client.get("/admin/lifestream/subscription/updates/").content.decode()

    def test_of_very_many_feeds_the_page_shows_some_and_the_number_of_the_others(self) -> None:
        sites = [self.site(f"/{number}") for number in range(4)]
        with mock.patch("lifestream.admin.updating.SHOWN", 2):
            page = self.update("feed", *(site.feed_id for site in sites))
        assert page.count("on its way") == 2 and "2 more are fetched, too" in page

    def test_a_paused_feed_is_left_alone(self) -> None:
        site = self.site("/good")
        Feed.objects.update(status="paused")
        assert "1 was left alone" in self.update("feed", site.feed_id)
        refresh()
        assert list(self.feedserver.requests) == []

    def test_the_page_waits_for_no_feed_that_was_left_alone(self) -> None:
        self.feedserver.add("/good", RSS)
        good, asked = self.site("/good"), self.site("/asked")
        Feed.objects.filter(pk=asked.feed_id).update(not_before=timezone.now() + timedelta(hours=2))
        page = self.update("feed", asked.feed_id, good.feed_id)
        assert "1 was left alone" in page and page.count("on its way") == 2 and "/asked" not in page
        refresh()
        answer = self.client.get("/admin/lifestream/feed/updates/")
        assert "All is here: 2 new posts." in answer.content.decode() and not answer.has_header("Refresh")

    @pytest.mark.slow
    def test_the_page_takes_as_many_queries_for_many_feeds_as_for_one(self) -> None:
        taken = []
        for number in (1, 9):
            feeds = [self.site(f"/{number}/{each}").feed for each in range(number)]
            self.update("feed", *(feed.pk for feed in feeds))
            for feed in feeds:
                Fetch.objects.create(feed=feed, started=timezone.now(), outcome="new", new=1)
            Feed.objects.update(last_fetch=timezone.now())
            with CaptureQueriesContext(connection) as queries:
                page = self.client.get("/admin/lifestream/feed/updates/").content.decode()
            assert f"All is here: {number} new post" in page
            taken.append(len(queries))
        assert taken[0] == taken[1]

    def test_a_feed_that_is_gone_is_reported(self) -> None:
        self.feedserver.add("/gone", gone())
        self.update("feed", self.site("/gone").feed_id)
        refresh()
        assert "is-gone" in self.client.get("/admin/lifestream/feed/updates/").content.decode()
        assert Feed.objects.get().status == "gone"
        assert "is-gone" in self.client.get("/admin/lifestream/feed/").content.decode()

    def test_users_who_may_only_look_cause_no_requests(self) -> None:
        looker = User.objects.create_user("looker", is_staff=True)
        looker.user_permissions.set(
            Permission.objects.filter(content_type__app_label="lifestream", codename__startswith="view_")
        )
        Lifestream.objects.update(owner=looker)
        self.client.force_login(looker)
        site = self.site("/good")

        self.update("feed", site.feed_id)
        self.update("subscription", site.pk)
        address = f"/admin/lifestream/feed/{site.feed_id}/read/"
        assert self.client.post(address).status_code == 403
        assert self.client.get(address).status_code == 200
        refresh()
        assert list(self.feedserver.requests) == [] and not ReadingRequest.objects.exists()

        looker.user_permissions.add(Permission.objects.get(codename="change_subscription"))
        self.feedserver.add("/good", RSS)
        assert self.client.post(address).status_code == 302
        assert ReadingRequest.objects.get().feed == site.feed
