"""The action that updates feeds now."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from factories import make_lifestream
from feedserver import Response, gone
from feedserver.django import FeedServerTransactionTestCase
from lifestream.models import Feed, Lifestream, Subscription

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
        feed = Feed.objects.create(
            url=self.get_url(path), title=path, next_fetch=timezone.now() + timedelta(hours=9), next_reason="our own"
        )
        return Subscription.objects.create(lifestream=self.main, feed=feed)

    def update(self, model: str, *keys: int) -> str:
        data = {"action": "update_now", "_selected_action": list(keys)}
        return self.client.post(f"/admin/lifestream/{model}/", data, follow=True).content.decode()

    def test_what_is_chosen_is_fetched_before_its_time(self) -> None:
        self.feedserver.add("/good", RSS)
        self.feedserver.add("/bad", Response(status=500))
        page = self.update("feed", self.site("/good").feed_id, self.site("/bad").feed_id)
        assert "2 feeds asked, 2 new, 0 changed, 1 failed" in page
        assert "/bad: " in page

    def test_a_subscription_is_updated_through_its_feed(self) -> None:
        self.feedserver.add("/good", RSS)
        assert "1 feed asked, 2 new" in self.update("subscription", self.site("/good").pk)

    def test_a_paused_feed_is_left_alone(self) -> None:
        site = self.site("/good")
        Feed.objects.update(status="paused")
        assert "1 was left alone" in self.update("feed", site.feed_id)
        assert list(self.feedserver.requests) == []

    def test_a_feed_that_is_gone_is_told(self) -> None:
        self.feedserver.add("/gone", gone())
        self.update("feed", self.site("/gone").feed_id)
        assert Feed.objects.get().status == "gone"
        assert "is-gone" in self.client.get("/admin/lifestream/feed/").content.decode()

    def test_who_may_only_look_sends_no_requests(self) -> None:
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
        assert list(self.feedserver.requests) == []

        looker.user_permissions.add(Permission.objects.get(codename="change_subscription"))
        self.feedserver.add("/good", RSS)
        assert self.client.post(address).status_code == 200
        assert len(self.feedserver.requests) == 1
