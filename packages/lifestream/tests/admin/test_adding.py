"""The form that adds a feed: it is fetched once, and errors stand at the address."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from factories import make_lifestream
from feedserver import Response
from feedserver.django import FeedServerTransactionTestCase
from lifestream.models import Feed, Item, Subscription

ADD = "/admin/lifestream/subscription/add/"
FEED = """<rss version="2.0"><channel><title>Small Hours</title><link>https://small-hours.example/</link>
<item><title>Fences</title><link>https://small-hours.example/1</link><guid>1</guid></item>
<item><title>Cakes</title><link>https://small-hours.example/2</link><guid>2</guid></item></channel></rss>"""
RSS = Response(body=FEED, headers={"Content-Type": "application/rss+xml"})
UNTITLED = Response(
    body=FEED.replace("<title>Small Hours</title>", ""), headers={"Content-Type": "application/rss+xml"}
)
PAGE = Response(
    body='<html><head><link rel="alternate" type="application/rss+xml" href="/feed"></head></html>',
    headers={"Content-Type": "text/html"},
)


@pytest.mark.usefixtures("shared_parsers")
class AddingAFeed(FeedServerTransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.user = User.objects.create_superuser("root")
        self.client.force_login(self.user)
        self.main = make_lifestream("main", title="Harbour Planet")

    def add(self, url: str, **fields: str) -> str:
        data = {"url": url, "lifestream": str(self.main.pk), "name": "", "folder": "", **fields}
        return self.client.post(ADD, data, follow=True).content.decode()

    def test_a_feed_is_fetched_once_and_shown_with_what_was_found(self) -> None:
        self.feedserver.add("/feed", RSS)
        page = self.add(self.get_url("/feed"), folder="Code")
        assert "Found “Small Hours”" in page
        assert "2 items, site small-hours.example." in page
        assert len(self.feedserver.requests) == 1
        subscription = Subscription.objects.get()
        assert (subscription.display_name, subscription.folder) == ("Small Hours", "Code")
        assert Item.objects.count() == 2
        self.assertContains(self.client.get("/main/"), "Fences")

    def test_the_feed_of_a_page_is_found(self) -> None:
        self.feedserver.add("/", PAGE)
        self.feedserver.add("/feed", RSS)
        page = self.add(self.get_url("/"))
        assert f"Found “Small Hours” at {self.get_url('/feed')}, which {self.get_url('/')} names" in page

    def test_what_is_no_feed_is_refused_at_the_address(self) -> None:
        self.feedserver.add("/", PAGE)
        self.feedserver.add("/feed", Response(body="just words", headers={"Content-Type": "text/plain"}))
        page = self.add(self.get_url("/"))
        assert "errorlist" in page
        assert "is no feed" in page
        assert not Feed.objects.exists()

    def test_a_server_that_fails_is_told_at_the_address(self) -> None:
        self.feedserver.add("/feed", Response(status=500))
        page = self.add(self.get_url("/feed"))
        assert "errorlist" in page
        assert "500" in page

    def test_a_feed_without_a_title_needs_a_name(self) -> None:
        self.feedserver.add("/feed", UNTITLED)
        page = self.add(self.get_url("/feed"))
        assert "give it a name" in page
        assert not Feed.objects.exists()
        self.add(self.get_url("/feed"), name="My feed")
        assert Subscription.objects.get().display_name == "My feed"

    def test_a_feed_that_is_there_already_is_told_and_not_fetched(self) -> None:
        self.feedserver.add("/feed", RSS)
        self.add(self.get_url("/feed"))
        page = self.add(self.get_url("/feed"))
        assert "This lifestream has “Small Hours” already." in page
        assert (len(self.feedserver.requests), Subscription.objects.count()) == (1, 1)

    def test_a_feed_with_a_login_is_shown_without_it(self) -> None:
        self.feedserver.add("/feed", RSS)
        url = self.get_url("/feed").replace("://", "://name:opensesame@")
        page = self.add(url)
        assert "Found “Small Hours”" in page
        assert "opensesame" not in page
        history = self.client.get(f"/admin/lifestream/subscription/{Subscription.objects.get().pk}/history/")
        self.assertNotContains(history, "opensesame")
        self.assertNotContains(self.client.get("/admin/"), "opensesame")
        assert Feed.objects.get().is_private

    def test_an_address_that_is_none_is_refused_without_a_request(self) -> None:
        for url in ("javascript:alert(1)", "file:///etc/passwd", "ftp://a.example/feed", "http://"):
            assert "errorlist" in self.add(url)
        assert list(self.feedserver.requests) == []
